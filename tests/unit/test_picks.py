"""Product by weight and person by hand, each with an honest margin."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge import config
from edge.core.layout import Product
from edge.core.picks import Claim, blame, both_ppm, choose, either_ppm, margin_ppm
from edge.core.visits import State, Visit

POLICY = config.to_layout(config.parse('[store]\nid = "t"\ncurrency = "KRW"')).policy
PPM = st.integers(0, 1_000_000)


def product(sku: str, grams: float | None) -> Product:
    return Product(sku=sku, name=sku, weight_mg=None if grams is None else round(grams * 1000))


def visit(name: str) -> Visit:
    return Visit(id=name, shopper=name, method="qr", gate="g", state=State.INSIDE, opened_ns=0)


@given(grams=st.integers(20, 3000), quantity=st.integers(1, 4), error=st.floats(-0.02, 0.02))
def test_one_product_on_the_plate_is_named_with_its_quantity(grams: int, quantity: int, error: float) -> None:
    choice = choose([product("a", grams)], round(grams * quantity * (1 + error) * 1000), 800, POLICY)
    assert choice is not None
    assert choice.parts == (("a", quantity),)


@given(st.integers(50, 2000), st.integers(50, 2000))
def test_the_nearer_weight_wins_and_equal_weights_have_no_margin(one: int, other: int) -> None:
    choice = choose([product("a", one), product("b", other)], one * 1000, 0, POLICY)
    assert choice is not None
    if one == other:
        assert choice.margin_mg == 0
        assert choice.confidence_ppm < POLICY.review_below_ppm
        assert set(choice.alternatives) == {"a", "b"}
    else:
        assert choice.parts == (("a", 1),)


def test_two_products_lifted_at_once_are_two_lines() -> None:
    choice = choose([product("a", 300), product("b", 170)], 470_000, 500, POLICY)
    assert choice is not None
    assert sorted(choice.parts) == [("a", 1), ("b", 1)]


def test_a_plate_that_sells_nothing_explains_nothing() -> None:
    assert choose([], 500_000, 0, POLICY) is None


def test_a_product_without_weight_is_one_at_least() -> None:
    choice = choose([product("a", None)], 500_000, 0, POLICY)
    assert choice is not None
    assert choice.parts == (("a", 1),)


@given(PPM, PPM)
def test_confidences_stay_probabilities(one: int, other: int) -> None:
    assert 0 <= both_ppm(one, other) <= min(one, other)
    assert max(one, other) <= either_ppm(one, other) <= 1_000_000


@given(st.integers(-100, 10_000), st.integers(-100, 10_000), st.integers(1, 1_000))
def test_more_margin_is_never_less_sure(one: int, other: int, limit: int) -> None:
    low, high = sorted((one, other))
    assert margin_ppm(low, limit) <= margin_ppm(high, limit)
    assert margin_ppm(limit - 1, limit) < 800_000 <= margin_ppm(limit, limit)


@given(st.lists(st.integers(0, 3000), min_size=1, max_size=4))
def test_the_nearest_hand_is_blamed_only_within_reach(distances: list[int]) -> None:
    found = sorted(
        (Claim(visit(f"v{k}"), d) for k, d in enumerate(distances)), key=lambda c: (c.distance_mm, c.visit.id)
    )
    guilty = blame(found, False, POLICY)
    if min(distances) > POLICY.reach_mm:
        assert guilty.visit is None
    else:
        assert guilty.visit is found[0].visit
        if len(distances) > 1 and sorted(distances)[1] - min(distances) < POLICY.reach_margin_mm:
            assert guilty.confidence_ppm < POLICY.review_below_ppm


def test_nobody_inside_is_nobody() -> None:
    assert blame([], False, POLICY).visit is None


def test_one_alone_answers_for_what_nobody_saw_and_two_do_not() -> None:
    alone = blame([Claim(visit("a"), None)], True, POLICY)
    assert alone.confidence_ppm >= POLICY.review_below_ppm
    both = blame([Claim(visit("a"), 100), Claim(visit("b"), None)], True, POLICY)
    assert both.confidence_ppm < POLICY.review_below_ppm
