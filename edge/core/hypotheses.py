"""Several stories of the day at once: each says who holds what, and how likely it is beside the others.

A story is never just the last event's best guess: a put-back must be something that somebody holds *in that story*,
a lifted bag must have been laid down in it, and a later camera or tag makes stories likelier or less likely. The
number of stories is bounded (`WIDTH`); what is cut is less likely than `CUT` of the best, or the least likely ones.
Must not: know sensors, or decide what is charged.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from edge.core import packs
from edge.core.chance import ONE, share_ppm, times, weight
from edge.core.packs import Move, Packs

WIDTH: Final = 96
TOLD: Final = 2 * WIDTH  # more than this are not even told: hardly any of them could be kept
CUT: Final = weight(-14_000)
LOOSE: Final = "loose"  # the cart of what lies about inside
GONE: Final = "gone"  # who took it in a move, where nobody was near, or whose visit is over
TRACE_MAX: Final = 24  # decisions a story remembers, so that later evidence can speak about them


class Option(NamedTuple):
    """One explanation of one interaction, in one story.

    `stray` > 0: `sku` now stands on a plate it does not belong to; < 0: it was taken from there. `laid` is the weight
    of a foreign thing that was laid down (> 0) or lifted again (< 0), in mg, and `laid_by` the visit whose it is.
    `felt_mg` is what the scale felt of the one piece that moved; 0 = not known for each piece. `odd` explains little.
    """

    moves: tuple[Move, ...]
    log_mnat: int
    stray: tuple[str, int] = ("", 0)
    laid_mg: int = 0
    laid_by: str = ""
    felt_mg: int = 0
    odd: bool = False


class Story(msgspec.Struct, kw_only=True):
    """One hypothesis. `weight` is relative to the likeliest one, in fixed point; `packs` are weights as felt."""

    weight: int
    carts: dict[str, dict[str, int]] = {}
    strays: dict[str, dict[str, int]] = {}
    laid: dict[str, list[tuple[int, str]]] = {}
    trace: dict[str, list[Move]] = {}
    packs: Packs = {}

    def held(self, visit: str) -> dict[str, int]:
        """What a visit holds in this story."""
        return self.carts.get(visit, {})


CartKey = tuple[str, frozenset[tuple[str, int]], frozenset[tuple[str, tuple[int, ...]]]]
NOTHING: Final[dict[str, Any]] = {}


def cart_key(story: Story, visit: str) -> CartKey:
    """The same for stories that agree on a cart and on the packs in it."""
    cart, felt = story.carts.get(visit, NOTHING), story.packs.get(visit, NOTHING)
    return visit, frozenset(cart.items()), frozenset(felt.items())


def begin() -> list[Story]:
    """One story in which nobody holds anything."""
    return [Story(weight=ONE)]


def tell(story: Story, grasp: str, plate: str, option: Option, top_mnat: int = 0) -> Story:
    """The story with one more interaction in it. `top_mnat` is the likeliest option of all stories."""
    carts, strays, laid = story.carts, story.strays, story.laid
    moves = tuple(move for move in option.moves if move.visit != GONE)
    for move in moves:
        carts = {**carts, move.visit: _changed(carts.get(move.visit, {}), move.sku, move.quantity)}
    sku, count = option.stray
    if count:
        strays = {**strays, plate: _changed(strays.get(plate, {}), sku, count)}
    if option.laid_mg > 0:
        laid = {**laid, plate: [*laid.get(plate, []), (option.laid_mg, option.laid_by)][-8:]}
    elif option.laid_mg < 0:
        rest = [known for known in laid.get(plate, []) if known != (-option.laid_mg, option.laid_by)]
        laid = {**laid, plate: rest}
    trace = {**story.trace, grasp: list(option.moves)}
    if len(trace) > TRACE_MAX:
        del trace[next(iter(trace))]
    return Story(
        weight=times(story.weight, weight(option.log_mnat - top_mnat)),
        carts=carts,
        strays=strays,
        laid=laid,
        trace=trace,
        packs=packs.follow(story.packs, plate, moves, option.stray, option.felt_mg),
    )


def tell_all(stories: list[Story], grasp: str, plate: str, ways: list[list[Option]], top_mnat: int) -> list[Story]:
    """Every story with every one of its options, but for those that are far below the cut before they are told, or
    behind the `TOLD` likeliest."""
    pairs = [
        (times(story.weight, weight(option.log_mnat - top_mnat)), story, option)
        for story, found in zip(stories, ways, strict=True)
        for option in found
    ]
    least = times(max(pair[0] for pair in pairs), CUT)
    if len(pairs) > TOLD:
        least = max(least, sorted((pair[0] for pair in pairs), reverse=True)[TOLD])
    return [tell(story, grasp, plate, option, top_mnat) for likely, story, option in pairs if likely >= least]


def odd_ppm(stories: list[Story], ways: list[list[Option]]) -> int:
    """How likely it is, in all stories together, that it was one of the options that explain little."""
    top_mnat = max(option.log_mnat for found in ways for option in found)
    whole = odd = 0
    for story, found in zip(stories, ways, strict=True):
        for option in found:
            likely = times(story.weight, weight(option.log_mnat - top_mnat))
            whole += likely
            odd += likely if option.odd else 0
    return share_ppm(odd, whole)


def _changed(held: dict[str, int], sku: str, quantity: int) -> dict[str, int]:
    found = {**held, sku: held.get(sku, 0) + quantity}
    if found[sku] <= 0:
        del found[sku]
    return found


def prune(stories: list[Story]) -> list[Story]:
    """Merge stories that agree on everything, scale to the likeliest, cut the unlikely. Order: weight, then facts."""
    merged: dict[bytes, Story] = {}
    for story in stories:
        key = msgspec.json.encode((story.carts, story.strays, story.laid), order="deterministic")
        known = merged.get(key)
        if known is None:
            merged[key] = story
        else:
            likelier = story if story.weight > known.weight else known
            merged[key] = msgspec.structs.replace(likelier, weight=known.weight + story.weight)
    ranked = sorted(merged.items(), key=lambda item: (-item[1].weight, item[0]))[:WIDTH]
    best = ranked[0][1].weight
    if best <= 0:
        return [msgspec.structs.replace(ranked[0][1], weight=ONE)]
    scaled = [msgspec.structs.replace(story, weight=story.weight * ONE // best) for _, story in ranked]
    return [story for story in scaled if story.weight >= CUT]


def speak(stories: list[Story], say: list[int]) -> list[Story]:
    """Later evidence: `say[i]` is its log-likelihood in story i, in thousandths of a nat."""
    top = max(say)
    return prune(
        [
            msgspec.structs.replace(story, weight=times(story.weight, weight(word - top)))
            for story, word in zip(stories, say, strict=True)
        ]
    )


def forget(stories: list[Story], visit: str) -> list[Story]:
    """A visit is over: stories that differed only in its cart become one. That somebody took it is still remembered:
    a camera may speak about it later."""
    changed: dict[int, list[Move]] = {}
    return prune(
        [
            msgspec.structs.replace(
                story,
                carts={name: cart for name, cart in story.carts.items() if name != visit},
                trace={grasp: _without(moves, visit, changed) for grasp, moves in story.trace.items()},
                packs={holder: known for holder, known in story.packs.items() if holder != visit},
            )
            for story in stories
        ]
    )


def forget_goods(stories: list[Story], holder: str, skus: list[str]) -> list[Story]:
    """Stories without these products in one cart; those that differed only in them become one."""
    found = []
    for story in stories:
        left = {sku: count for sku, count in story.held(holder).items() if sku not in skus}
        felt = {sku: known for sku, known in story.packs.get(holder, {}).items() if sku not in skus}
        carts = {name: cart for name, cart in story.carts.items() if name != holder} | ({holder: left} if left else {})
        known = {name: felt for name, felt in story.packs.items() if name != holder} | ({holder: felt} if felt else {})
        found.append(msgspec.structs.replace(story, carts=carts, packs=known))
    return prune(found)


def _without(moves: list[Move], visit: str, changed: dict[int, list[Move]]) -> list[Move]:
    """The moves of one grasp with GONE for a visit. Stories share the lists of what they have in common, so each list
    is looked at once: `changed` holds what became of it."""
    known = changed.get(id(moves))
    if known is None:
        named = any(move.visit == visit for move in moves)
        known = [move._replace(visit=GONE) if move.visit == visit else move for move in moves] if named else moves
        changed[id(moves)] = known
    return known


def at_least_ppm(stories: list[Story], visit: str) -> dict[str, list[int]]:
    """For each product of a visit: probability, in ppm, that it holds at least 1, 2, 3, ... of it."""
    whole = sum(story.weight for story in stories)
    likely: dict[frozenset[tuple[str, int]], int] = {}  # most stories agree on most carts
    for story in stories:
        if cart := story.carts.get(visit):
            agreed = frozenset(cart.items())
            likely[agreed] = likely.get(agreed, 0) + story.weight
    found: dict[str, list[int]] = {}
    for agreed, part in likely.items():
        for sku, count in agreed:
            sums = found.setdefault(sku, [])
            sums += [0] * (count - len(sums))
            for number in range(count):
                sums[number] += part
    return {sku: [part * 1_000_000 // whole for part in sums] for sku, sums in sorted(found.items())}
