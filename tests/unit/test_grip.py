"""Whose hand gripped: it rested at the place in that moment, left a take with it and came to a put just before."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core import chance, grip, packs, reach, target
from edge.core.events import Person, PointMm
from edge.core.grip import Grip, Moment, are_accounted, by_hand_mnat, look_up, measure, moment_of
from edge.core.target import Target
from edge.core.trails import Trail
from tests.unit.core_shop import MS

TARGET = Target((2_000, 2_000, 1_000), (1_024, 0), 100)
GRIP: PointMm = (2_000, 1_885, 1_095)  # before the middle of the shelf, above its board
BODY = (2_000, 1_400)
HIP: PointMm = (2_250, 1_400, 800)
OTHER_HIP: PointMm = (1_750, 1_400, 800)
TAKE, PUT = Moment(1_500 * MS, 1_500 * MS, True), Moment(1_500 * MS, 1_500 * MS, False)
FRAMES = range(0, 3_600, 100)
LEAVES_MS, COMES_MS = 1_600, 1_200  # the last, and the first sighting of who did it at 1,500 ms
COSTS = [
    grip.ALONG, grip.IN_DEPTH, grip.IN_HEIGHT, grip.LEFT_EARLY, grip.LEFT_LATE, grip.CAME_EARLY, grip.CAME_LATE,
]  # fmt: skip

Hands = dict[int, tuple[PointMm, ...]]  # by ms


def trail_of(hands: Hands, body: tuple[int, int] = BODY) -> Trail:
    """A body that stands still and shows these hands, told in the order given."""
    trail = Trail(min(hands) * MS)
    for at_ms, seen in hands.items():
        trail.add(at_ms * MS, Person(track="a", place_mm=body, hands_mm=seen))
    return trail


def rests(from_ms: int, to_ms: int, place: PointMm = GRIP, else_at: tuple[PointMm, ...] = (HIP,)) -> Hands:
    """One hand that is at a place from its first sighting there to the last, and elsewhere before and after."""
    return {at_ms: (place,) if from_ms <= at_ms <= to_ms else else_at for at_ms in FRAMES}


def ratio(hands: Hands, moment: Moment) -> int:
    found = by_hand_mnat(trail_of(hands), TARGET, moment, 110)
    assert found is not None
    return found


def off_ms(hands: Hands, moment: Moment) -> int | None:
    found = measure(trail_of(hands), TARGET, moment, 110)
    assert found is not None
    return found.off_ms


def test_who_leaves_with_a_take_is_likelier_than_who_stays_or_left_before() -> None:
    on_time, early, stays = (ratio(rests(800, to_ms), TAKE) for to_ms in (LEAVES_MS, 1_200, 9_000))
    assert on_time == grip.BEST_MNAT
    assert on_time > early + 2_000
    assert on_time > stays + 2_000


def test_who_comes_just_before_a_put_is_likelier_than_who_was_there_or_comes_after() -> None:
    on_time, early, late = (ratio(rests(from_ms, 1_900), PUT) for from_ms in (COMES_MS, 600, 1_600))
    assert on_time == grip.BEST_MNAT
    assert on_time > early + 1_500
    assert on_time > late + 1_500
    assert on_time > ratio(rests(0, 9_000), PUT)


@pytest.mark.parametrize(
    ("hands", "moment", "table"),
    [
        (rests(600, 1_300), TAKE, grip.LEFT_EARLY),
        (rests(600, 2_000), TAKE, grip.LEFT_LATE),
        (rests(1_000, 2_200), PUT, grip.CAME_EARLY),
        (rests(1_500, 2_200), PUT, grip.CAME_LATE),
    ],
)
def test_each_way_to_miss_the_moment_has_its_own_cost(
    hands: Hands, moment: Moment, table: tuple[tuple[int, int], ...]
) -> None:
    off = off_ms(hands, moment)
    assert off is not None
    assert (off < 0) == (table in (grip.LEFT_EARLY, grip.CAME_EARLY))
    assert 100 < abs(off) < 400
    assert ratio(hands, moment) == grip.BEST_MNAT + look_up(table, abs(off)) < grip.BEST_MNAT


def test_when_one_who_takes_came_and_one_who_puts_leaves_says_nothing() -> None:
    assert ratio(rests(800, LEAVES_MS), TAKE) == ratio(rests(400, LEAVES_MS), TAKE)
    assert ratio(rests(COMES_MS, 1_900), PUT) == ratio(rests(COMES_MS, 2_600), PUT)


def test_a_hand_unseen_in_that_moment_counts_where_it_was_just_before_and_after() -> None:
    hands = rests(700, LEAVES_MS)
    gap: Hands = {at_ms: () if 1_000 <= at_ms < 1_500 else seen for at_ms, seen in hands.items()}
    found = measure(trail_of(gap), TARGET, TAKE, 110)
    assert found is not None
    assert found.offset == (0, 0, 0)
    assert ratio(gap, TAKE) == ratio(hands, TAKE)


def test_a_hand_that_nobody_saw_says_nothing() -> None:
    assert measure(trail_of(dict.fromkeys(FRAMES, ())), TARGET, TAKE, 110) is None
    assert by_hand_mnat(trail_of({0: (GRIP,), 3_500: (GRIP,)}), TARGET, TAKE, 110) is None


def both_until(to_ms: int, then: tuple[PointMm, ...]) -> Hands:
    return {at_ms: (GRIP, HIP) if at_ms <= to_ms else then for at_ms in FRAMES}


def test_one_hand_that_hangs_elsewhere_does_not_say_that_the_other_left() -> None:
    assert off_ms(both_until(1_100, (HIP,)), TAKE) is None
    left = off_ms(both_until(1_100, (HIP, OTHER_HIP)), TAKE)
    assert left is not None
    assert left < -400
    assert ratio(both_until(1_100, (HIP,)), TAKE) > ratio(both_until(1_100, (HIP, OTHER_HIP)), TAKE)


def test_of_a_tracker_that_shows_one_hand_the_hand_itself_has_left() -> None:
    left = off_ms(rests(800, 1_100), TAKE)
    assert left is not None
    assert left < -400


def test_a_hand_that_is_away_in_one_frame_only_has_not_left() -> None:
    jumps: Hands = {**rests(800, LEAVES_MS), 1_200: (HIP,)}
    assert off_ms(jumps, TAKE) == off_ms(rests(800, LEAVES_MS), TAKE)


def test_not_to_be_seen_leaving_costs_less_than_to_stay() -> None:
    unseen = {at_ms: seen for at_ms, seen in rests(800, 9_000).items() if at_ms <= 1_400}
    assert off_ms(unseen, TAKE) is None
    assert ratio(rests(800, LEAVES_MS), TAKE) > ratio(unseen, TAKE) > ratio(rests(800, 9_000), TAKE)


def test_a_hand_lost_soon_after_the_moment_may_have_left_in_time() -> None:
    lost = {at_ms: seen for at_ms, seen in rests(800, 9_000).items() if at_ms <= 1_800}
    assert off_ms(lost, TAKE) is None
    assert off_ms({**lost, 1_900: (GRIP,), 2_000: (GRIP,)}, TAKE) == 2_000 - 1_500 - 170


def test_hands_are_accounted_for_where_both_were_seen_twice() -> None:
    two: Hands = {1_100: (HIP, OTHER_HIP), 1_200: (HIP,), 1_300: (HIP, OTHER_HIP), 1_400: ()}
    assert are_accounted(trail_of(two), TAKE)
    assert not are_accounted(trail_of({**two, 1_300: (HIP,)}), TAKE)
    assert not are_accounted(trail_of({at_ms + 1_000: seen for at_ms, seen in two.items()}), TAKE)


def test_a_slow_change_leaves_its_moment_open() -> None:
    assert moment_of(1_000 * MS, 1_400 * MS, True) == Moment(1_150 * MS, 1_150 * MS, True)
    assert moment_of(1_000 * MS, 1_400 * MS, False) == Moment(1_000 * MS, 1_000 * MS, False)
    assert moment_of(1_000 * MS, 3_000 * MS, True) == Moment(1_000 * MS, 2_750 * MS, True)
    slow = Moment(1_000 * MS, 2_000 * MS, True)
    assert off_ms(rests(800, LEAVES_MS), slow) == off_ms(rests(800, 1_300), slow) == 0


def test_of_a_change_shorter_than_a_plate_needs_to_settle_the_moment_reaches_to_its_begin() -> None:
    assert moment_of(1_000 * MS, 1_100 * MS, True) == Moment(850 * MS, 1_000 * MS, True)
    assert off_ms(rests(700, 1_100), moment_of(1_000 * MS, 1_100 * MS, True)) == 0


@given(began=st.integers(0, 10**12), span=st.integers(0, 10**10), taken=st.booleans())
def test_a_moment_never_ends_before_it_begins(began: int, span: int, taken: bool) -> None:
    found = moment_of(began, began + span, taken)
    assert found.first_ns <= began <= found.last_ns or found.first_ns == found.last_ns > began
    assert found.last_ns == (max(began, began + span - grip.SETTLE_NS) if taken or span > grip.QUICK_NS else began)


@pytest.mark.parametrize("table", COSTS)
def test_a_cost_begins_at_nothing_and_only_grows(table: tuple[tuple[int, int], ...]) -> None:
    assert table[0][1] == 0
    assert all(left[0] < right[0] and left[1] > right[1] for left, right in pairwise(table))


@given(st.sampled_from(COSTS), st.integers(0, 1_200), st.integers(0, 1_200))
def test_a_table_is_linear_between_its_rows_and_flat_beyond(table: tuple[tuple[int, int], ...], a: int, b: int) -> None:
    near, far = sorted((a, b))
    assert look_up(table, near) >= look_up(table, far)
    assert table[0][1] >= look_up(table, near) >= look_up(table, far) >= table[-1][1]
    assert all(look_up(table, at) == value for at, value in table)
    assert look_up(table, -1) == table[0][1]


def test_both_hands_elsewhere_leave_less_open_than_one_and_a_far_body_less_than_a_near_one() -> None:
    for near in (True, False):
        assert grip.ELSEWHERE[near, False] > grip.ELSEWHERE[near, True]
    for both in (True, False):
        assert grip.ELSEWHERE[True, both] > grip.ELSEWHERE[False, both]


OFF = st.integers(0, 900)


@given(axis=st.integers(0, 2), side=st.sampled_from([-1, 1]), one=OFF, other=OFF, taken=st.booleans())
def test_a_hand_that_rests_farther_off_is_never_likelier(
    axis: int, side: int, one: int, other: int, taken: bool
) -> None:
    moment = TAKE if taken else PUT
    near, far = (
        ratio(dict.fromkeys(FRAMES, (tuple(GRIP[i] + side * off * (i == axis) for i in range(3)),)), moment)  # type: ignore[arg-type]
        for off in sorted((one, other))
    )
    assert near >= far


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_hand_is_off_to_either_side_alike(axis: int) -> None:
    def shifted(off: int) -> int:
        x, y, z = (place + off * (number == axis) for number, place in enumerate(GRIP))
        return ratio(dict.fromkeys(FRAMES, ((x, y, z),)), TAKE)

    assert shifted(0) > shifted(260) + 2_000
    assert shifted(260) == shifted(-260)


@given(one=st.integers(0, 3_000), other=st.integers(0, 3_000), phase=st.integers(0, 99))
def test_a_hand_that_leaves_farther_from_the_moment_is_never_likelier(one: int, other: int, phase: int) -> None:
    def leaves(at_ms: int) -> int:
        seen: Hands = {tick + phase: (GRIP,) if tick + phase <= at_ms else (HIP,) for tick in FRAMES}
        return ratio(seen, TAKE)

    early = sorted(min(at_ms, 1_700) for at_ms in (one, other))
    late = sorted(max(at_ms, 1_700) for at_ms in (one, other))
    assert leaves(early[0]) <= leaves(early[1])
    assert leaves(late[0]) >= leaves(late[1])


@given(one=st.integers(400, 1_700), other=st.integers(400, 1_700), phase=st.integers(0, 99))
def test_a_hand_that_comes_farther_from_the_moment_is_never_likelier(one: int, other: int, phase: int) -> None:
    def comes(at_ms: int) -> int:
        seen: Hands = {tick + phase: (GRIP,) if tick + phase >= at_ms else (HIP,) for tick in FRAMES}
        return ratio(seen, PUT)

    early = sorted(min(at_ms, 1_180) for at_ms in (one, other))
    late = sorted(max(at_ms, 1_180) for at_ms in (one, other))
    assert comes(early[0]) <= comes(early[1])
    assert comes(late[0]) >= comes(late[1])


PLACES = st.tuples(st.integers(-300, 300), st.integers(-250, 250), st.integers(-200, 300))
CORNERS = st.tuples(st.integers(-9_000, 9_000), st.integers(-9_000, 9_000), st.integers(0, 2_000))


def about(place: PointMm, corner: PointMm, turned: bool) -> PointMm:
    """A place by its way from the middle of the facing, in a shop that was moved, or turned as well."""
    x, y, z = place
    return (corner[0] - y, corner[1] + x, corner[2] + z) if turned else (corner[0] + x, corner[1] + y, corner[2] + z)


def measured(place: PointMm, until_ms: int, taken: bool, corner: PointMm, turned: bool = False) -> Grip:
    hand, away = about(place, corner, turned), about((700, -600, -200), corner, turned)
    body = about((0, -600, 0), corner, turned)
    trail = trail_of(rests(until_ms - 600, until_ms, hand, (away,)), body[:2])
    found = measure(trail, Target(corner, (0, 1_024) if turned else (1_024, 0), 100), TAKE if taken else PUT, 110)
    assert found is not None
    return found


@given(place=PLACES, until_ms=st.integers(1_100, 2_400), taken=st.booleans(), corner=CORNERS)
def test_a_moved_and_turned_shop_gives_the_same_measure(
    place: PointMm, until_ms: int, taken: bool, corner: PointMm
) -> None:
    here = measured(place, until_ms, taken, (2_000, 2_000, 1_000))
    assert measured(place, until_ms, taken, corner) == here
    turned = measured(place, until_ms, taken, corner, turned=True)
    assert turned.offset == pytest.approx(here.offset, abs=3)
    assert turned.off_ms == (None if here.off_ms is None else pytest.approx(here.off_ms, abs=3))


@given(seed=st.randoms(use_true_random=False), until_ms=st.integers(900, 2_400), taken=st.booleans())
def test_frames_that_come_late_change_nothing(seed: Random, until_ms: int, taken: bool) -> None:
    hands = rests(until_ms - 600, until_ms)
    order = sorted(hands)
    seed.shuffle(order)
    moment = TAKE if taken else PUT
    late = measure(trail_of({at_ms: hands[at_ms] for at_ms in order}), TARGET, moment, 110)
    assert late == measure(trail_of(hands), TARGET, moment, 110)


@given(place=PLACES, until_ms=st.integers(600, 2_900), taken=st.booleans(), sigma=st.integers(30, 300))
def test_everything_measured_is_a_whole_number(place: PointMm, until_ms: int, taken: bool, sigma: int) -> None:
    trail = trail_of(rests(until_ms - 700, until_ms, about(place, TARGET.place_mm, False)))
    moment = TAKE if taken else PUT
    found = measure(trail, TARGET, moment, sigma)
    assert found is not None
    assert [type(off) for off in found.offset] == [int, int, int]
    assert type(found.off_ms) in (int, type(None))
    assert type(by_hand_mnat(trail, TARGET, moment, sigma)) is int


@pytest.mark.parametrize("module", [chance, grip, packs, reach, target])
def test_no_float_takes_part(module: object) -> None:
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Div)
        assert not (isinstance(node, ast.Constant) and isinstance(node.value, float))


@pytest.mark.parametrize("sigma", [55, 110, 220])
def test_a_coarser_tracker_forgives_more(sigma: int) -> None:
    beside = trail_of(rests(800, LEAVES_MS, (2_000 + sigma, *GRIP[1:])))
    found = measure(beside, TARGET, TAKE, sigma)
    assert found is not None
    assert found.offset == (110 * 100 // 52, 0, 0)
