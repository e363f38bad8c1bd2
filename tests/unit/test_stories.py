"""Stories of the day: exact weights, bounded number, put-backs only of what is held, bills only of what is sure."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from edge.core import bills, chance, hypotheses, options, weighing
from edge.core.chance import ONE
from edge.core.hypotheses import Move, Option, Story
from edge.core.layout import Product
from edge.core.options import Doer
from edge.core.visits import State, Visit

LOG = st.integers(-12_000, 0)


def product(sku: str, grams: float | None) -> Product:
    return Product(sku=sku, name=sku, weight_mg=None if grams is None else round(grams * 1000))


def visit(name: str) -> Visit:
    return Visit(id=name, shopper=name, method="qr", gate="g", state=State.INSIDE, opened_ns=0)


def doer(name: str, ratio: int = 3_000, pays: bool = True) -> Doer:
    return Doer(visit(name), ratio, pays)


@given(st.integers(0, 39_000))
def test_weights_are_the_exponential_to_nine_digits(log: int) -> None:
    assert math.isclose(chance.weight(-log) / ONE, math.exp(-log / 1000), rel_tol=1e-9, abs_tol=1e-15)


@given(LOG, LOG)
def test_weights_multiply_as_logs_add(one: int, other: int) -> None:
    product_of_two = chance.times(chance.weight(one), chance.weight(other))
    assert math.isclose(product_of_two / ONE, chance.weight(one + other) / ONE, rel_tol=1e-6, abs_tol=1e-12)


@given(grams=st.integers(20, 3000), quantity=st.integers(1, 4), error=st.floats(-0.01, 0.01))
def test_one_product_is_named_with_its_quantity(grams: int, quantity: int, error: float) -> None:
    best = weighing.weigh([product("a", grams)], round(grams * quantity * (1 + error) * 1000), 800)[0]
    assert best.parts == (("a", quantity),)


@given(st.integers(50, 2000), st.integers(50, 2000))
def test_the_nearer_weight_is_likelier_and_equal_weights_are_equally_likely(one: int, other: int) -> None:
    found = {
        item.parts: item.log_mnat for item in weighing.weigh([product("a", one), product("b", other)], one * 1000, 500)
    }
    mine, theirs = found[("a", 1),], found.get((("b", 1),), -99_999)
    assert mine >= theirs or abs(one - other) < 40  # of two alike the lighter one is expected more sharply
    assert (mine == theirs) == (one == other) or abs(one - other) < 40


@given(st.lists(st.tuples(LOG, st.sampled_from("xyz"), st.sampled_from("abc"), st.integers(1, 3)), max_size=400))
def test_pruning_bounds_merges_and_keeps_the_likeliest_first(rows: list[tuple[int, str, str, int]]) -> None:
    made = [Story(weight=chance.weight(log), carts={who: {sku: n}}) for log, who, sku, n in rows] + hypotheses.begin()
    kept = hypotheses.prune(made)
    assert len(kept) <= hypotheses.WIDTH
    assert kept[0].weight == ONE
    assert [story.weight for story in kept] == sorted((story.weight for story in kept), reverse=True)
    carts = [str(story.carts) for story in kept]
    assert len(set(carts)) == len(carts)


def test_a_put_back_is_only_of_what_is_held_in_that_story() -> None:
    goods = {"a": product("a", 300), "b": product("b", 300)}
    story = Story(weight=ONE, carts={"v": {"a": 1}})
    found = options.puts(story, "p", [goods["b"]], goods, 300_000, 500, [doer("v")], {})
    given_back = {move for option in found for move in option.moves}
    assert given_back == {Move("v", "a", -1)}


def test_a_misplaced_pack_can_be_taken_from_where_it_was_put() -> None:
    goods = {"a": product("a", 300), "b": product("b", 500)}
    holds = Story(weight=ONE, carts={"v": {"a": 1}})
    put = max(options.puts(holds, "p", [goods["b"]], goods, 300_000, 500, [doer("v")], {}), key=lambda o: o.log_mnat)
    after = hypotheses.tell(holds, "g1", "p", put)
    assert after.strays == {"p": {"a": 1}}
    assert after.held("v") == {}
    take = max(
        options.takes(after, "p", [goods["b"]], [goods["a"]], 300_000, 500, [doer("w")]), key=lambda o: o.log_mnat
    )
    assert take.moves == (Move("w", "a", 1),)
    assert hypotheses.tell(after, "g2", "p", take).strays == {"p": {}}


def test_two_hands_at_one_plate_and_two_packs_gone_may_be_one_each() -> None:
    found = options.takes(hypotheses.begin()[0], "p", [product("a", 300)], [], 600_000, 500, [doer("v"), doer("w")])
    best = max(found, key=lambda option: option.log_mnat)
    assert set(best.moves) == {Move("v", "a", 1), Move("w", "a", 1)}


def test_what_staff_moves_is_on_nobodys_bill() -> None:
    found = options.takes(hypotheses.begin()[0], "p", [product("a", 300)], [], 300_000, 500, [doer("s", pays=False)])
    assert max(found, key=lambda option: option.log_mnat).moves == ()


def test_a_bag_laid_down_is_lifted_again_by_the_same_weight() -> None:
    goods = {"a": product("a", 300)}
    laid = Story(weight=ONE, laid={"p": [(1_800_000, "v")]})
    found = options.takes(laid, "p", [goods["a"]], [], 1_802_000, 500, [doer("v")], {})
    assert max(found, key=lambda option: option.log_mnat).laid_mg == -1_800_000


@given(st.lists(st.tuples(st.integers(-9_000, 0), st.integers(0, 4)), min_size=1, max_size=30))
def test_a_unit_is_charged_only_where_the_stories_are_sure(rows: list[tuple[int, int]]) -> None:
    stories = hypotheses.prune(
        [Story(weight=chance.weight(log), carts={"v": {"a": n}} if n else {}) for log, n in rows]
    )
    limit = 980_000
    whole = sum(story.weight for story in stories)
    for item in bills.items(stories, "v", limit):
        if item.status == "charged":
            sure = sum(s.weight for s in stories if s.held("v").get("a", 0) >= item.quantity)
            assert sure * 1_000_000 // whole >= limit
            assert item.confidence_ppm <= bills.SURE_PPM


def test_later_evidence_turns_the_table() -> None:
    stories = hypotheses.prune(
        [Story(weight=ONE, carts={"v": {"a": 1}}), Story(weight=ONE // 2, carts={"v": {"b": 1}})]
    )
    said = [0 if "b" in story.held("v") else -6_000 for story in stories]
    after = hypotheses.speak(stories, said)
    assert after[0].held("v") == {"b": 1}


def test_forgetting_a_visit_merges_what_differed_only_there() -> None:
    stories = hypotheses.prune([Story(weight=ONE, carts={"v": {"a": n}, "w": {"b": 1}}) for n in (1, 2, 3)])
    assert len(stories) == 3
    left = hypotheses.forget(stories, "v")
    assert [story.carts for story in left] == [{"w": {"b": 1}}]


def test_an_option_tells_its_own_story() -> None:
    story = hypotheses.tell(hypotheses.begin()[0], "g", "p", Option((Move("v", "a", 2),), -500))
    assert story.carts == {"v": {"a": 2}}
    assert story.trace == {"g": [Move("v", "a", 2)]}
    assert story.weight == chance.weight(-500)


def test_a_line_says_what_the_next_best_explanation_was() -> None:
    likely = Story(weight=ONE, carts={"v": {"tea": 1}})
    stories = [likely, Story(weight=ONE // 100, carts={"w": {"tea": 1}}), Story(weight=ONE // 200)]
    assert bills.rival(stories, "v", "tea", 1) == (990_000, "with w")
    assert (
        bills.rival([likely, Story(weight=ONE // 4, carts={"loose": {"tea": 1}})], "v", "tea", 1).instead
        == "left inside"
    )
    assert bills.rival([likely, Story(weight=ONE // 4, carts={"v": {"gum": 1}})], "v", "tea", 1).instead == "it was gum"
    assert bills.rival([likely, Story(weight=ONE // 4)], "v", "tea", 1) == (750_000, "not taken")
    assert bills.rival([likely], "v", "tea", 1) == (1_000_000, "")
