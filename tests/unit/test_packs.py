"""Which pack it is: felt weights follow their packs, and tell a pack again when it is put back or lifted once more."""

from __future__ import annotations

import math
from copy import deepcopy

from hypothesis import given
from hypothesis import strategies as st

from edge.core import hypotheses, options, weighing
from edge.core.chance import ONE, ln_mnat
from edge.core.hypotheses import GONE, LOOSE, Move, Option, Story, tell
from edge.core.layout import Product
from edge.core.options import Doer
from edge.core.packs import KEPT, Packs, follow, known, on_plate
from edge.core.visits import State, Visit

TEA, TWIN = (Product(sku=sku, name=sku, weight_mg=grams * 1_000) for sku, grams in (("tea", 520), ("twin", 521)))
GOODS = {"tea": TEA, "twin": TWIN}
FELT = 533_000  # one tea that is heavier than the list says
NO_STRAY = ("", 0)


def doer(name: str, ratio: int = 4_000) -> Doer:
    visit = Visit(id=name, shopper=name, method="qr", gate="g", state=State.INSIDE, opened_ns=0)
    return Doer(visit, ratio, pays=True)


def take(story: Story, weight_mg: int, plate: str = "p1", home: Product = TEA, who: str = "ann") -> Story:
    return tell(story, "g", plate, likeliest_take(story, weight_mg, plate, home, who))


def likeliest_take(story: Story, weight_mg: int, plate: str, home: Product, who: str) -> Option:
    strays = [product for product in GOODS.values() if product is not home]
    found = options.takes(story, plate, [home], strays, weight_mg, 800, [doer(who)])
    return max(found, key=lambda option: option.log_mnat)


def puts(story: Story, weight_mg: int, plate: str = "p1", home: Product = TEA) -> list[Option]:
    return options.puts(story, plate, [home], GOODS, weight_mg, 800, [doer("ann")], {})


def put(story: Story, weight_mg: int, plate: str, home: Product = TEA) -> Story:
    return tell(story, "g", plate, max(puts(story, weight_mg, plate, home), key=lambda option: option.log_mnat))


def start() -> Story:
    return hypotheses.begin()[0]


def test_a_pack_that_was_lifted_is_remembered_by_what_the_scale_felt() -> None:
    assert known(take(start(), FELT).packs, "ann", "tea") == (FELT,)


def test_two_packs_lifted_at_once_are_not_told_apart() -> None:
    assert likeliest_take(start(), 1_040_000, "p1", TEA, "ann").felt_mg == 0
    both = take(start(), 1_040_000)
    assert both.held("ann") == {"tea": 2}
    assert known(both.packs, "ann", "tea") == ()
    assert follow({}, "p1", (Move("ann", "tea", 2),), NO_STRAY, FELT) == {}


def test_take_put_elsewhere_and_take_again_keeps_the_weight() -> None:
    put_down = put(take(start(), FELT), FELT + 300, "p3", TWIN)
    assert put_down.strays == {"p3": {"tea": 1}}
    assert known(put_down.packs, "ann", "tea") == ()
    assert known(put_down.packs, on_plate("p3"), "tea") == (FELT + 300,)
    again = take(put_down, FELT, "p3", TWIN, "bob")
    assert again.held("bob") == {"tea": 1}
    assert known(again.packs, "bob", "tea") == (FELT,)
    assert known(again.packs, on_plate("p3"), "tea") == ()


def test_a_pack_keeps_its_weight_where_the_scale_did_not_feel_it_alone() -> None:
    laid = follow({"ann": {"tea": (FELT,)}}, "p3", (Move("ann", "tea", -1),), ("tea", 1), 0)
    assert known(laid, on_plate("p3"), "tea") == (FELT,)
    lifted = follow(laid, "p3", (Move("bob", "tea", 1),), ("tea", -1), 0)
    assert known(lifted, "bob", "tea") == (FELT,)


def test_a_pack_that_stands_where_it_belongs_is_stock_again() -> None:
    home = put(take(start(), FELT), FELT, "p1")
    assert home.held("ann") == {}
    assert not any(rows for holder in home.packs.values() for rows in holder.values())
    assert known(follow(home.packs, "p1", (Move("bob", "tea", 1),), NO_STRAY, 0), "bob", "tea") == ()


def test_of_several_packs_the_one_that_weighs_like_it_goes() -> None:
    packs: Packs = {"ann": {"tea": (510_000, FELT, 521_000)}}
    assert known(follow(packs, "p1", (Move("ann", "tea", -1),), NO_STRAY, 532_000), "ann", "tea") == (510_000, 521_000)
    assert known(follow(packs, "p1", (Move("ann", "tea", -1),), NO_STRAY, 0), "ann", "tea") == (510_000, FELT)


def test_an_exchange_does_not_give_the_weight_of_what_was_laid_down_to_what_was_taken() -> None:
    moves = (Move("ann", "tea", -1), Move("bob", "twin", 1))
    found = follow({"ann": {"tea": (FELT,)}}, "p3", moves, ("tea", 1), 0)
    assert known(found, "bob", "twin") == ()
    assert known(found, on_plate("p3"), "tea") == (FELT,)


def test_a_pack_passed_from_hand_to_hand_keeps_its_weight() -> None:
    passed = tell(take(start(), FELT), "h", "", Option((Move("ann", "tea", -1), Move("bob", "tea", 1)), 0))
    assert known(passed.packs, "ann", "tea") == ()
    assert known(passed.packs, "bob", "tea") == (FELT,)
    dropped = tell(passed, "f", "", Option((Move("bob", "tea", -1), Move(LOOSE, "tea", 1)), 0))
    assert known(dropped.packs, LOOSE, "tea") == (FELT,)


def test_a_put_of_another_weight_is_less_likely_than_of_the_pack_that_was_lifted() -> None:
    story = take(start(), FELT)

    def fit(weight_mg: int) -> int:
        return max(o.log_mnat for o in puts(story, weight_mg) if o.moves == (Move("ann", "tea", -1),))

    assert fit(FELT) > fit(FELT + 12_000) + 2_000
    assert fit(FELT) > fit(TEA.weight_mg or 0) + 2_000  # though that is what the list says


def test_where_one_piece_was_never_felt_the_list_counts_as_well() -> None:
    def fit(held: int) -> int:
        packs: Packs = {"ann": {"tea": (FELT,)}}
        found = weighing.weigh_packs(Story(weight=ONE, packs=packs), "ann", [TEA], {"tea": held}, 520_000, 800)
        return max(item.log_mnat for item in found if item.parts == (("tea", 1),))

    assert fit(2) > fit(1) + 2_000


def test_a_misplaced_pack_is_told_from_stock_of_nearly_the_same_weight() -> None:
    story = put(take(start(), FELT), FELT, "p3", TWIN)
    assert likeliest_take(story, FELT - 400, "p3", TWIN, "bob").moves == (Move("bob", "tea", 1),)
    assert likeliest_take(story, 521_000, "p3", TWIN, "bob").moves == (Move("bob", "twin", 1),)


def test_when_a_visit_is_over_its_weights_are_forgotten() -> None:
    story = Story(weight=ONE, packs={"ann": {"tea": (FELT,)}, "bob": {"tea": (520_000,)}})
    assert hypotheses.forget([story], "ann")[0].packs == {"bob": {"tea": (520_000,)}}


WHO, SKU = st.sampled_from(["ann", "bob", LOOSE]), st.sampled_from(["tea", "twin"])
FELT_MG = st.one_of(st.just(0), st.integers(500_000, 540_000))
TAKES = st.tuples(st.just("take"), WHO, WHO, SKU, st.integers(1, 3), FELT_MG)
OTHERS = st.tuples(st.sampled_from(["put", "misplace", "unstray", "pass"]), WHO, WHO, SKU, st.just(1), FELT_MG)


def happen(story: Story, kind: str, who: str, other: str, sku: str, quantity: int, felt_mg: int) -> Story:
    """One interaction, if it can happen in this story."""
    stray, plate = NO_STRAY, "p1"
    if kind == "take":
        moves, felt_mg = (Move(who, sku, quantity),), felt_mg if quantity == 1 else 0
    elif kind == "unstray":
        moves, stray, plate = (Move(who, sku, 1),), (sku, -1), "p9"
    elif kind == "pass":
        moves, plate, felt_mg = (Move(who, sku, -1), Move(other, sku, 1)), "", 0
    else:
        moves, stray, plate = (Move(who, sku, -1),), ((sku, 1) if kind == "misplace" else NO_STRAY), "p9"
    has = story.strays.get("p9", {}) if kind == "unstray" else story.held(who)
    if (kind != "take" and not has.get(sku)) or (kind == "pass" and who == other):
        return story
    return tell(story, "g", plate, Option(moves, 0, stray, felt_mg=felt_mg))


def counts(story: Story) -> dict[str, dict[str, int]]:
    return {**story.carts, **{on_plate(plate): here for plate, here in story.strays.items()}}


@given(st.lists(st.one_of(TAKES, OTHERS), max_size=40))
def test_no_more_weights_are_known_than_pieces_are_held(rows: list[tuple[str, str, str, str, int, int]]) -> None:
    story = start()
    for row in rows:
        before = deepcopy(story.packs)
        told = happen(story, *row)
        assert story.packs == before  # other stories share them
        story = told
        for holder, skus in story.packs.items():
            for sku, felt in skus.items():
                assert len(felt) <= min(KEPT, counts(story).get(holder, {}).get(sku, 0))
                assert all(type(mg) is int and mg > 0 for mg in felt)


@given(felt=st.lists(st.integers(500_000, 540_000), min_size=1, max_size=3 * KEPT))
def test_only_the_newest_weights_are_kept(felt: list[int]) -> None:
    packs: Packs = {}
    for weight_mg in felt:
        packs = follow(packs, "p1", (Move("ann", "tea", 1),), NO_STRAY, weight_mg)
    assert packs == {"ann": {"tea": tuple(felt[-KEPT:])}}


@given(st.lists(st.tuples(SKU, st.integers(-1, 1)), max_size=4), FELT_MG)
def test_a_move_makes_no_holder_of_anybody_else(rows: list[tuple[str, int]], felt_mg: int) -> None:
    packs: Packs = {"ann": {"tea": (FELT,)}}
    moves = tuple(Move("bob", sku, count) for sku, count in rows)
    found = follow(packs, "p1", moves, NO_STRAY, felt_mg)
    assert set(found) <= {"ann", "bob"}
    assert found["ann"] == packs["ann"]


@given(st.one_of(st.integers(1, 100_000), st.integers(1, 10**30)))
def test_the_logarithm_is_near_enough(value: int) -> None:
    assert type(ln_mnat(value)) is int
    assert abs(ln_mnat(value) - 1_000 * math.log(value)) < 70


@given(st.integers(1, 10**15), st.integers(0, 10**9))
def test_the_logarithm_never_falls(value: int, more: int) -> None:
    assert ln_mnat(value) <= ln_mnat(value + 1) <= ln_mnat(value + 1 + more)


def test_the_logarithm_grows_from_row_to_row_of_its_table() -> None:
    found = [ln_mnat(value) for value in range(1, 5_000)]
    assert found == sorted(found)
    assert len(set(found[15:32])) == 17
    just_below = [(17 << shift) - 1 for shift in range(100)]
    assert all(abs(ln_mnat(value) - 1_000 * math.log(value)) < 70 for value in just_below)


def test_of_two_feelings_of_one_pack_either_can_have_been_off() -> None:
    story = Story(weight=ONE, carts={"ann": {"tea": 1}}, packs={"ann": {"tea": (520_000,)}})
    found = {row.parts: row.log_mnat for row in weighing.weigh_packs(story, "ann", [TEA], {"tea": 1}, 550_000, 800)}
    once = weighing.normal_weight_mnat(30_000, weighing.felt_variance(520_000), 800)
    assert found[(("tea", 1),)] - once == weighing.ODD_AGAIN - weighing.ODD_STEP


def test_stories_that_agree_on_a_cart_but_not_on_its_packs_are_asked_apart() -> None:
    stories = [
        Story(weight=ONE, carts={"ann": {"tea": 1}}, packs={"ann": {"tea": (grams_mg,)}})
        for grams_mg in (FELT, 505_000)
    ]
    shared: options.Known = {}
    together = [options.puts(story, "p1", [TEA], GOODS, FELT, 800, [doer("ann")], shared) for story in stories]
    assert together == [puts(story, FELT) for story in stories]
    assert together[0] != together[1]
    assert len(shared) == 2


def test_what_nobody_took_is_in_no_cart() -> None:
    story = tell(Story(weight=ONE), "g", "p1", Option((Move(GONE, "tea", 1),), 0, felt_mg=FELT))
    assert (story.carts, story.packs) == ({}, {})
    assert story.trace == {"g": [Move(GONE, "tea", 1)]}
