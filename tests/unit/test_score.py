"""Scores worked out by hand, and the assignment against every possible one."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.matching import best_pairs
from edge.score import match, score_case, summary
from edge.truth import Truth, Visit


def truth(name: str, items: dict[str, int], *, tracks: tuple[str, ...] = (), at: tuple[float, float | None]) -> Visit:
    return Visit(visit=name, tracks=tracks, entered_s=at[0], left_s=at[1], items=items)


def bill(
    items: dict[str, int],
    *,
    tracks: tuple[str, ...] = (),
    at: tuple[float, float | None],
    review: dict[str, int] | None = None,
) -> dict[str, Any]:
    lines = [{"sku": sku, "quantity": n, "status": "charged"} for sku, n in items.items()]
    lines += [{"sku": sku, "quantity": n, "status": "review"} for sku, n in (review or {}).items()]
    return {"tracks": list(tracks), "entered_s": at[0], "left_s": at[1], "lines": lines}


def scored(known: list[Visit], visits: list[dict[str, Any]], end_s: float = 100.0) -> dict[str, Any]:
    return score_case("c", Truth(format=1, visits=tuple(known)), {"visits": visits, "alarms": []}, end_s)


def test_all_right() -> None:
    case = scored([truth("A", {"a": 2}, at=(0, 10))], [bill({"a": 2}, at=(0.5, 9))])
    assert case == {
        "case": "c",
        "precision": 1.0,
        "recall": 1.0,
        "f1": 1.0,
        "exact": True,
        "overcharged_items": 0,
        "review_lines": 0,
    }


def test_one_false_and_one_missed() -> None:
    # charged a, a, b; owed a, c: right 1 of 3 charged and of 2 owed; over: one a and the b
    case = scored([truth("A", {"a": 1, "c": 1}, at=(0, 10))], [bill({"a": 2, "b": 1}, at=(0, 10))])
    assert (case["precision"], case["recall"]) == (pytest.approx(1 / 3), pytest.approx(1 / 2))
    assert case["f1"] == pytest.approx(0.4)
    assert (case["exact"], case["overcharged_items"]) == (False, 2)


def test_a_line_in_review_is_a_miss_and_never_an_overcharge() -> None:
    case = scored([truth("A", {"a": 1}, at=(0, 10))], [bill({}, review={"a": 1, "b": 3}, at=(0, 10))])
    assert (case["precision"], case["recall"], case["f1"]) == (1.0, 0.0, 0.0)
    assert (case["exact"], case["overcharged_items"], case["review_lines"]) == (False, 0, 2)


def test_right_items_with_a_line_in_review_are_not_exact() -> None:
    case = scored([truth("A", {"a": 1}, at=(0, 10))], [bill({"a": 1}, review={"a": 1}, at=(0, 10))])
    assert (case["f1"], case["exact"]) == (1.0, False)


def test_nothing_owed_and_nothing_charged() -> None:
    case = scored([truth("A", {}, at=(0, 10))], [])
    assert (case["precision"], case["recall"], case["f1"], case["exact"]) == (1.0, 1.0, 1.0, True)
    assert scored([], [])["exact"] is True


def test_charges_of_an_unmatched_visit_are_all_false() -> None:
    case = scored([truth("A", {"a": 1}, at=(0, 10))], [bill({"a": 1}, at=(0, 10)), bill({"a": 2}, at=(50, 60))])
    assert (case["precision"], case["recall"]) == (pytest.approx(1 / 3), 1.0)
    assert (case["exact"], case["overcharged_items"]) == (False, 2)


def test_the_right_items_on_the_wrong_person_are_wrong() -> None:
    known = [truth("A", {"a": 1}, tracks=("1",), at=(0, 10)), truth("B", {"b": 1}, tracks=("2",), at=(0, 10))]
    case = scored(known, [bill({"b": 1}, tracks=("1",), at=(0, 10)), bill({"a": 1}, tracks=("2",), at=(0, 10))])
    assert (case["precision"], case["recall"], case["f1"], case["overcharged_items"]) == (0.0, 0.0, 0.0, 2)


def test_named_tracks_decide_over_time() -> None:
    known = [truth("A", {"a": 1}, tracks=("1", "2"), at=(0, 10))]
    visits = [bill({}, tracks=("9",), at=(0, 10)), bill({"a": 1}, tracks=("2",), at=(9, 10))]
    assert match(known, visits, 100) == [(0, 1)]


def test_a_named_track_that_nobody_has_matches_nobody() -> None:
    case = scored([truth("A", {"a": 1}, tracks=("1",), at=(0, 10))], [bill({"a": 1}, tracks=("2",), at=(0, 10))])
    assert (case["recall"], case["overcharged_items"]) == (0.0, 1)


def test_more_shared_tracks_win_even_against_a_longer_stay() -> None:
    known = [truth("A", {}, tracks=("1", "2", "3"), at=(0, 100))]
    visits = [bill({}, tracks=("1",), at=(0, 100)), bill({}, tracks=("2", "3"), at=(1, 2))]
    assert match(known, visits, 100) == [(0, 1)]


def test_an_open_end_is_the_end_of_the_recording() -> None:
    known = [truth("A", {}, at=(5, None)), truth("B", {}, at=(0, 4))]
    visits = [bill({}, at=(0, 6)), bill({}, at=(20, None))]
    assert match(known, visits, 30) == [(0, 1), (1, 0)]
    assert match(known, visits, 20) == [(1, 0)]  # the second replayed visit has no length left


def test_the_best_sum_beats_the_best_first_pair() -> None:
    # overlap of A with x is longest (10), but A-y and B-x together give more than A-x alone
    known = [truth("A", {}, at=(0, 20)), truth("B", {}, at=(0, 9))]
    visits = [bill({}, at=(0, 10)), bill({}, at=(12, 20))]
    assert match(known, visits, 20) == [(0, 1), (1, 0)]


def test_summary_pools_as_promised() -> None:
    one = scored([truth("A", {"a": 1}, at=(0, 10))], [bill({"a": 1}, at=(0, 10))])
    two = scored([truth("A", {"a": 1}, at=(0, 10))], [bill({"b": 1}, review={"a": 1}, at=(0, 10))])
    document = summary([one, two], lines=3)
    assert document["mean_f1"] == 0.5
    assert document["exact_rate"] == 0.5
    assert document["overcharged_items"] == 1
    assert document["review_rate"] == pytest.approx(1 / 3)
    assert summary([one], lines=0)["review_rate"] == 0.0


WEIGHTS = st.dictionaries(st.tuples(st.integers(0, 4), st.integers(0, 4)), st.integers(-3, 30), max_size=20)


@given(WEIGHTS)
def test_no_other_assignment_is_better(weights: dict[tuple[int, int], int]) -> None:
    pairs = best_pairs(weights)
    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(weights[pair] > 0 for pair in pairs)
    best = max(sum(max(0, weights.get(pair, 0)) for pair in enumerate(order)) for order in permutations(range(5)))
    assert sum(weights[pair] for pair in pairs) == best
