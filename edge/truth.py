"""truth.json: what really happened in a recording. Read by `score` and `evaluate`, written by importers.

Must not: be imported by anything that decides. Times are seconds since the recording's earliest `captured_ns`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Literal

import msgspec

from edge.core.errors import BadInput
from edge.form_problems import form_problems, listed

FORMAT: Final = 1
NAME: Final = "truth.json"
LONGEST_S: Final = 1e9  # a generation: beyond it a time is a mistake


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all parts."""


class Visit(Part, frozen=True, kw_only=True):
    """One payer's visit. `items` are product -> pieces owed. `tracks` may be empty: nobody noted them."""

    visit: str
    shopper: str | None = None
    tracks: tuple[str, ...] = ()
    entered_s: float
    left_s: float | None = None
    items: dict[str, int]
    total_minor: int | None = None


class Change(Part, frozen=True, kw_only=True):
    """A product left or came to a place on the shelf."""

    t_s: float
    kind: Literal["take", "put"]
    sku: str | None = None
    slot: str | None = None
    quantity: int = 1
    visit: str | None = None


class Count(Part, frozen=True, kw_only=True):
    """How many people a camera shows at a moment; `also_accept` where a person could not say for sure."""

    t_s: float
    camera: str
    people: int
    also_accept: tuple[int, ...] = ()


class Body(Part, frozen=True, kw_only=True):
    """Where one person is in a camera's picture at a moment; `person` is any name that stays theirs."""

    t_s: float
    camera: str
    person: str
    box_px: tuple[float, float, float, float]


class Truth(Part, frozen=True, kw_only=True):
    """The whole file. `visits` has no default: a file that does not say who came would owe nothing by mistake."""

    format: int
    visits: tuple[Visit, ...]
    events: tuple[Change, ...] = ()
    counts: tuple[Count, ...] = ()
    bodies: tuple[Body, ...] = ()


NOTHING: Final = Truth(format=FORMAT, visits=())


def load(recording: Path) -> Truth:
    """The truth of a recording folder. Raises BadInput with the place inside the file."""
    path = recording / NAME
    try:
        text = path.read_bytes()
    except OSError:
        raise BadInput(str(path), "is missing; a recording without truth can be replayed, but not scored") from None
    return parse(text, str(path))


def parse(text: bytes, name: str) -> Truth:
    """Check the content of a truth.json. Raises BadInput with every place inside it that is wrong."""
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(name, f"is not in the form of truth.json: {error}; write JSON in UTF-8") from None
    problems = list(form_problems(raw, Truth))
    if problems:
        raise BadInput(name, f"is not in the form of truth.json: {listed(problems)}")
    return check(msgspec.convert(raw, Truth), name)


def check(found: Truth, name: str) -> Truth:
    """Give it back where it is sound. Raises BadInput with every place inside it that is not."""
    problems = list(_problems(found))
    if problems:
        raise BadInput(name, listed(problems))
    return found


def save(recording: Path, truth: Truth) -> None:
    """Write it into a recording folder, whole or not at all."""
    fresh = recording / f"{NAME}.new"
    parts = msgspec.to_builtins(truth)
    if not truth.bodies:
        del parts["bodies"]  # few recordings have them
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(parts), indent=1) + b"\n")
    fresh.replace(recording / NAME)


def _problems(truth: Truth) -> Iterator[str]:
    if truth.format != FORMAT:
        yield f"$.format: {truth.format} is not known; this muin reads {FORMAT}"
    yield from _doubled(visit.visit for visit in truth.visits)
    for number, visit in enumerate(truth.visits):
        place = f"$.visits[{number}]"
        if visit.left_s is not None and visit.left_s < visit.entered_s:
            yield f"{place}.left_s: {visit.left_s} is before entered_s {visit.entered_s}"
        yield from (f"{place}.items.{sku}: {n} pieces; give 0 or more" for sku, n in visit.items.items() if n < 0)
        if (visit.total_minor or 0) < 0:
            yield f"{place}.total_minor: {visit.total_minor}; give 0 or more"
    known = {visit.visit for visit in truth.visits}
    for number, change in enumerate(truth.events):
        if change.visit is not None and change.visit not in known:
            yield f"$.events[{number}].visit: {change.visit!r} is not one of the visits of this file"
        if change.quantity < 1:
            yield f"$.events[{number}].quantity: {change.quantity}; give 1 or more"
    for place, time_s in _times(truth):
        if not -LONGEST_S <= time_s <= LONGEST_S:
            yield f"{place}: a time is not one of seconds since the recording began (at most {LONGEST_S:.0f})"
    for number, row in enumerate(truth.counts):
        if row.people < 0:
            yield f"$.counts[{number}].people: {row.people}; give 0 or more"
        yield from (f"$.counts[{number}].also_accept: {n}; give 0 or more" for n in row.also_accept if n < 0)
    for number, body in enumerate(truth.bodies):
        left, top, right, bottom = body.box_px
        if not (left < right and top < bottom):
            yield f"$.bodies[{number}].box_px: is empty; it is [left, top, right, bottom]"


def _times(truth: Truth) -> Iterator[tuple[str, float]]:
    for number, visit in enumerate(truth.visits):
        yield f"$.visits[{number}].entered_s", visit.entered_s
        yield f"$.visits[{number}].left_s", visit.left_s or 0.0
    yield from ((f"$.events[{number}].t_s", change.t_s) for number, change in enumerate(truth.events))
    yield from ((f"$.counts[{number}].t_s", count.t_s) for number, count in enumerate(truth.counts))
    yield from ((f"$.bodies[{number}].t_s", body.t_s) for number, body in enumerate(truth.bodies))


def _doubled(names: Iterable[str]) -> Iterator[str]:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            yield f"$.visits: the visit {name!r} is there twice; give each its own name"
        seen.add(name)
