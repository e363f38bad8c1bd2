"""Goods that passed unseen: who lays down what another one holds, two at one plate, and words about who has gone."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.core import events, hypotheses, options, sight_options
from edge.core.chance import ONE, weight
from edge.core.hypotheses import GONE, LOOSE, Move, Option, Story
from edge.core.layout import Product
from edge.core.options import BOTH_THERE, Doer
from edge.core.shelves import _agrees
from edge.core.visits import State, Visit
from tests.unit.core_shop import MS, Feeder, S

TEA = Product(sku="tea", name="Tea", weight_mg=520_000)
GUM = Product(sku="gum", name="Gum", weight_mg=40_000)
GOODS = {"tea": TEA, "gum": GUM}
FELT = 533_000
ANN_HOLDS = Story(weight=ONE, carts={"ann": {"tea": 1}}, packs={"ann": {"tea": (FELT,)}})
P1, NEAR_P1, GATE = (2_000, 2_000, 1_000), (2_120, 2_000, 1_000), (1_500, -600, 1_000)


def doer(name: str, ratio: int = 4_000, pays: bool = True, there: int = -30_000) -> Doer:
    visit = Visit(id=name, shopper=name, method="qr", gate="g", state=State.INSIDE, opened_ns=0)
    return Doer(visit, ratio, pays, there)


def puts(weight_mg: int, doers: list[Doer], home: Product = TEA, story: Story = ANN_HOLDS) -> list[Option]:
    return options.puts(story, "p", [home], GOODS, weight_mg, 800, doers, {})


def best(found: list[Option]) -> Option:
    return max(found, key=lambda option: option.log_mnat)


def passed(found: list[Option]) -> list[Option]:
    return [option for option in found if option.moves == (Move("ann", "tea", -1),)]


def test_who_lays_down_a_pack_that_weighs_like_another_ones_got_it_from_them() -> None:
    found = best(puts(FELT + 200, [doer("bob")]))
    assert found.moves == (Move("ann", "tea", -1),)
    assert found.felt_mg == FELT + 200
    assert hypotheses.tell(ANN_HOLDS, "g", "p", found).held("ann") == {}


def test_a_pack_of_another_weight_did_not_pass_between_them() -> None:
    other = puts(FELT - 25_000, [doer("bob")])
    assert best(other).moves == ()
    like = max(option.log_mnat for option in passed(puts(FELT, [doer("bob")])))
    assert all(option.log_mnat < like - 4_000 for option in passed(other))


def test_where_who_holds_the_pack_is_there_nobody_thinks_of_one_to_whom_it_passed() -> None:
    assert len(passed(puts(FELT, [doer("ann"), doer("bob")]))) == 1


def test_nothing_passes_from_somebody_to_themselves() -> None:
    assert len(passed(puts(FELT - 25_000, [doer("ann")]))) == 1


def test_staff_and_who_was_hardly_there_lay_down_no_others_pack() -> None:
    assert passed(puts(FELT, [doer("bob", pays=False)])) == []
    assert passed(puts(FELT, [doer("bob", BOTH_THERE - 1)])) == []
    assert passed(puts(FELT, [doer("bob", BOTH_THERE)])) != []


def test_a_pack_that_passed_and_stands_at_a_wrong_place_is_a_stray_there() -> None:
    found = best(puts(FELT, [doer("bob")], GUM))
    assert found.moves == (Move("ann", "tea", -1),)
    after = hypotheses.tell(ANN_HOLDS, "g", "p", found)
    assert after.strays == {"p": {"tea": 1}}
    assert after.packs["@p"] == {"tea": (FELT,)}


def test_what_lay_on_the_floor_may_be_put_back_by_anybody() -> None:
    story = Story(weight=ONE, carts={LOOSE: {"tea": 1}}, packs={LOOSE: {"tea": (FELT,)}})
    assert best(puts(FELT, [doer("bob")], story=story)).moves == (Move(LOOSE, "tea", -1),)


@given(holder=st.sampled_from(["ann", "bob", LOOSE]), held=st.integers(0, 2), felt=st.integers(300_000, 1_200_000))
def test_nobody_gives_more_than_the_story_says(holder: str, held: int, felt: int) -> None:
    story = Story(weight=ONE, carts={holder: {"tea": held}} if held else {})
    for option in puts(felt, [doer("ann"), doer("bob")], story=story):
        assert sum(-move.quantity for move in option.moves) <= held
        assert all(move.visit == holder for move in option.moves)
        assert type(option.log_mnat) is int


def test_two_at_one_plate_are_likelier_the_longer_it_moved() -> None:
    found = [options.split_mnat(ms * MS) for ms in (0, 200, 400, 600, 800, 5_000)]
    assert found == sorted(found)
    assert found[0] < found[-1] <= 0


def test_of_a_change_that_two_made_neither_kept_the_moment() -> None:
    """Bob left at another moment, but his hand was there."""
    doers = [doer("ann"), doer("bob", -4_000, there=4_000)]
    two = [option for option in options.from_home([TEA], 1_040_000, 800, doers) if len(option.moves) == 2]
    assert {move.visit for option in two for move in option.moves} == {"ann", "bob"}
    away = [doer("ann"), doer("bob", -4_000, there=-4_000)]
    assert not any(len(option.moves) == 2 for option in options.from_home([TEA], 1_040_000, 800, away))


def test_a_camera_that_named_the_product_hardly_mistook_the_slot() -> None:
    beside = [("gum", [doer("bob")])]

    def of_gum(said: str | None) -> int:
        found = sight_options.seen_by_camera([("tea", 0)], 1, True, ANN_HOLDS, [doer("ann")], beside, said)
        return max(option.log_mnat for option in found if option.moves == (Move("bob", "gum", 1),))

    assert of_gum(None) == of_gum("gum") == of_gum("tea") - sight_options.NAMED_OTHERWISE


def seen(sku: str | None) -> events.ShelfChanged:
    return events.ShelfChanged(
        captured_ns=S, source="cam", camera="cam", slot="s1", change="take", began_ns=0, ended_ns=S, sku=sku
    )


def test_a_camera_agrees_with_the_product_that_it_named() -> None:
    def says(sku: str | None, *moved: str, beside: frozenset[str] = frozenset()) -> int:
        return _agrees(seen(sku), "tea", set(moved), set(beside))

    assert says(None, "tea") == says("tea", "tea") == says("gum", "gum")
    assert says("gum", "gum") > says("gum", "tea") > says("gum", "twin")
    assert says(None, "tea") > says(None, "gum") > says(None) > says("tea", "gum")
    assert says(None, "gum", beside=frozenset({"gum"})) < says(None)


def test_a_trace_remembers_that_somebody_took_it_who_has_gone() -> None:
    moves = (Move("ann", "tea", 1), Move("bob", "gum", 1))
    story = hypotheses.tell(hypotheses.begin()[0], "g", "p", Option(moves, 0))
    after = hypotheses.forget([story], "ann")[0]
    assert after.trace == {"g": [Move(GONE, "tea", 1), Move("bob", "gum", 1)]}
    assert after.carts == {"bob": {"gum": 1}}
    assert story.trace == {"g": list(moves)}


def test_of_stories_that_become_one_the_likelier_trace_is_kept() -> None:
    took = hypotheses.tell(hypotheses.begin()[0], "g", "p", Option((Move("ann", "tea", 1),), 0))
    nothing = hypotheses.tell(hypotheses.begin()[0], "g", "p", Option((), -2_000))
    for stories in ([nothing, took], [took, nothing]):
        merged = hypotheses.forget(stories, "ann")
        assert [(story.carts, story.trace) for story in merged] == [({}, {"g": [Move(GONE, "tea", 1)]})]


def two_at_the_shelf() -> Feeder:
    """Ann and Bob both had a hand at the tea when one was lifted at 5 s; Ann's was the nearer one. Then she leaves."""
    feeder = Feeder()
    feeder.shows(0.5, "ann")
    feeder.walk(1, 2, a=P1)
    feeder.shows(2, "bob")
    feeder.walk(2.6, 5, a=P1, b=NEAR_P1)
    feeder.step(5.0, "p1", -520)
    feeder.walk(5, 7, a=P1, b=NEAR_P1)
    feeder.walk(7, 8, a=GATE, b=NEAR_P1)
    feeder.walk(8, 22, b=NEAR_P1)
    return feeder


def test_a_camera_that_speaks_after_a_visit_ended_does_not_move_its_line_to_another_one() -> None:
    feeder = two_at_the_shelf()
    assert [bill.shopper for bill in feeder.bills()] == ["ann"]
    shop = feeder.store._shop
    (bob,) = [visit.id for visit in shop.open_visits()]
    before = hypotheses.at_least_ppm(shop.state.stories, bob)["tea"][0]
    assert 20_000 < before < 400_000
    feeder.feed(
        events.ShelfChanged(
            captured_ns=22 * S, source="cam", camera="cam", slot="s1", change="take", began_ns=4 * S, ended_ns=6 * S
        )
    )
    assert abs(hypotheses.at_least_ppm(shop.state.stories, bob)["tea"][0] - before) < 20_000


def test_a_camera_still_tells_which_story_is_true_after_a_visit_ended() -> None:
    took = hypotheses.tell(hypotheses.begin()[0], "g", "p", Option((Move("ann", "tea", 1),), 0))
    other = Story(weight=weight(-500), carts={"bob": {"gum": 1}}, trace={"g": [Move("bob", "gum", 1)]})
    stories = hypotheses.forget([took, other], "ann")
    said = [_agrees(seen("tea"), "tea", {move.sku for move in story.trace["g"]}, set()) for story in stories]
    after = hypotheses.speak(stories, said)
    assert after[0].carts == {}
    assert len(after) == 1 or after[1].weight < ONE // 50


def test_one_pack_is_not_taken_by_two() -> None:
    both = [Doer(doer(name).visit, -5_000, True, 5_000) for name in ("ann", "bob")]
    assert len(best(options.from_home([TEA], 520_000, 800, both)).moves) < 2
    assert len(best(options.from_home([TEA], 1_040_000, 800, both)).moves) == 2
