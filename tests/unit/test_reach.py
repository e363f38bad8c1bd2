"""Whose hand it was: places are judged along the shelf, in depth and in height; who was unseen by where they can be."""

from __future__ import annotations

from functools import cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import Person, PointMm, TracksSeen
from edge.core.grip import Moment
from edge.core.layout import Policy
from edge.core.planogram import direction
from edge.core.reach import BY_DISTANCE, IN_REACH_MNAT, LEFT_MNAT, OUT_OF_REACH_MNAT, UNSEEN_MNAT, ratio_mnat
from edge.core.target import Target, distance_h, front_of, offset_h
from edge.core.tracks import Tracks
from edge.core.trails import Trail
from edge.core.visits import State, Visit
from tests.unit.core_shop import MS, Feeder, S

TARGET = Target((2_000, 2_000, 1_000), (1_024, 0), 100)
GRIP: PointMm = (2_000, 1_885, 1_095)  # before the middle of the shelf, above its board
BODY = (2_000, 1_400)
FAR_BODY = (9_000, 1_400)
HIP: PointMm = (2_250, 1_400, 800)
OTHER_HIP: PointMm = (1_750, 1_400, 800)
MOMENT = Moment(1_050 * MS, 1_050 * MS, True)


@cache
def policy() -> Policy:
    return Feeder().layout.policy


Hands = dict[int, PointMm | tuple[PointMm, ...]]  # one, or several, by ms


def ratio(
    hands: Hands,
    bodies: dict[int, tuple[int, int]] | None = None,
    moment: Moment | None = None,
    left_ms: int | None = None,
) -> int:
    """Ratio of one visit whose track `a` showed these hands and bodies, by ms; the change is at 1,000 to 1,300 ms."""
    tracks = Tracks()
    places = bodies if bodies is not None else dict.fromkeys(range(0, 2_400, 100), BODY)
    for at_ms in sorted({*hands, *places}):
        found = hands.get(at_ms, ())
        seen = found if not found or isinstance(found[0], tuple) else (found,)
        people = (Person(track="a", place_mm=places.get(at_ms), hands_mm=seen),)  # type: ignore[arg-type]
        tracks.see(TracksSeen(captured_ns=at_ms * MS, source="t", people=people))
    left_ns = left_ms * MS if left_ms is not None else None
    visit = Visit(
        id="v", shopper="s", method="qr", gate="g", state=State.INSIDE, opened_ns=0, tracks=["a"], left_ns=left_ns
    )
    return ratio_mnat(visit, tracks, TARGET, 400 * MS, 1_450 * MS, policy(), moment)


def still(hand: PointMm | tuple[PointMm, ...]) -> Hands:
    return dict.fromkeys(range(0, 2_400, 100), hand)


def takes(hand: PointMm, leaves_ms: int = 1_200, then: PointMm = HIP) -> Hands:
    """A hand that rests somewhere until it leaves."""
    return {at_ms: hand if at_ms <= leaves_ms else then for at_ms in range(0, 2_400, 100)}


def test_a_farther_hand_is_never_likelier() -> None:
    assert all(left[0] < right[0] and left[1] >= right[1] for left, right in pairwise(BY_DISTANCE))


def test_a_hand_at_the_grip_is_worth_much_and_one_beside_little() -> None:
    assert ratio(still(GRIP)) > 4_500
    assert ratio(still((2_200, *GRIP[1:]))) < 0
    assert ratio(still((2_000, GRIP[1], 1_400))) < 0


def test_depth_says_less_than_the_place_along_the_shelf() -> None:
    along, depth = ratio(still((2_130, *GRIP[1:]))), ratio(still((2_000, GRIP[1] - 130, GRIP[2])))
    assert along < depth


def test_a_hand_that_points_from_the_front_is_less_likely_than_one_that_grips() -> None:
    assert ratio(still((2_000, 1_730, 1_095))) < ratio(still((2_000, 1_860, 1_095)))


def test_a_hand_that_trembles_about_the_grip_is_at_the_grip() -> None:
    shaken = {at_ms: (2_000 + (70 if at_ms % 200 else -70), *GRIP[1:]) for at_ms in range(0, 2_400, 100)}
    assert ratio(shaken) > 4_400 > ratio(still((2_070, *GRIP[1:])))


def test_two_who_reach_side_by_side_are_told_apart_by_the_moment() -> None:
    first, second = takes(GRIP, 1_200), takes((2_040, *GRIP[1:]), 500)
    assert ratio(first, moment=MOMENT) - ratio(second, moment=MOMENT) > ratio(first) - ratio(second) + 2_000


def test_a_hand_that_leaves_with_the_pack_is_worth_as_much_as_a_hand_can() -> None:
    assert ratio(takes(GRIP), moment=MOMENT) > 5_000
    assert ratio(takes((2_200, *GRIP[1:])), moment=MOMENT) < 0
    assert ratio(takes((2_000, GRIP[1], 1_800)), moment=MOMENT) < 0


def test_both_hands_seen_elsewhere_leave_much_less_open_than_one_that_was_not_seen() -> None:
    one, both = ratio(still(HIP), moment=MOMENT), ratio(still((HIP, OTHER_HIP)), moment=MOMENT)
    assert both + 3_000 < one < 0


def test_hands_elsewhere_of_a_body_out_of_reach_leave_less_open_than_of_one_at_the_shelf() -> None:
    away: PointMm = (2_250, 750, 800)
    near, beyond, far = (
        ratio(still(away), dict.fromkeys(range(0, 2_400, 100), body), MOMENT)
        for body in ((2_000, 1_060), (2_000, 1_040), FAR_BODY)
    )
    assert near > beyond + 2_000
    assert beyond > far


def test_who_went_out_before_and_is_only_waited_for_did_nothing() -> None:
    assert ratio(takes(GRIP), moment=MOMENT, left_ms=-601) == LEFT_MNAT  # the span begins at 400 ms
    assert ratio(takes(GRIP), left_ms=-601) == LEFT_MNAT
    assert ratio(takes(GRIP), moment=MOMENT, left_ms=-600) == ratio(takes(GRIP), moment=MOMENT)


def test_of_a_body_not_seen_in_that_moment_hands_before_and_after_say_nothing() -> None:
    hands: Hands = {200: GRIP, 300: GRIP, 1_700: GRIP}
    near, far = dict.fromkeys((200, 300, 1_700), BODY), dict.fromkeys((200, 300, 1_700), FAR_BODY)
    assert ratio(hands, near, MOMENT) == IN_REACH_MNAT
    assert ratio(hands, far, MOMENT) == OUT_OF_REACH_MNAT
    assert ratio({}, {}, MOMENT) == UNSEEN_MNAT


def test_a_tracker_that_tells_hands_alone_is_believed_as_well() -> None:
    assert ratio(takes(GRIP), {}, MOMENT) > 5_000
    assert ratio(still((8_750, 1_400, 800)), {}, MOMENT) < -4_000


def test_where_no_hand_was_seen_the_body_speaks() -> None:
    near = ratio({}, moment=MOMENT)
    assert near == ratio({}) > 0
    assert ratio({}, dict.fromkeys(range(0, 2_400, 100), FAR_BODY), MOMENT) < -5_000


@given(
    axis=st.integers(0, 2),
    side=st.sampled_from([-1, 1]),
    one=st.integers(0, 900),
    other=st.integers(0, 900),
    timed=st.booleans(),
    two=st.booleans(),
)
def test_the_ratio_never_rises_with_distance(
    axis: int, side: int, one: int, other: int, timed: bool, two: bool
) -> None:
    found = []
    for off in sorted((one, other)):
        x, y, z = (place + side * off * (number == axis) for number, place in enumerate(GRIP))
        hands = ((x, y, z), (2_000, 500, 700)) if two else ((x, y, z),)
        found.append(ratio(still(hands), moment=MOMENT if timed else None))
    assert found[0] >= found[1]
    assert [type(value) for value in found] == [int, int]


def test_who_was_out_of_sight_is_judged_by_where_they_can_have_been() -> None:
    near = {100: BODY, 2_300: BODY}
    far = {100: FAR_BODY, 2_300: FAR_BODY}
    assert ratio({}, near) > ratio({}, far)
    assert ratio({}, far) < -3_000


def test_a_hand_that_was_not_seen_all_the_time_is_not_excluded() -> None:
    away: PointMm = (2_900, 1_400, 900)
    seen = ratio(still(away))
    gap = ratio({at_ms: hand for at_ms, hand in still(away).items() if not 600 <= at_ms <= 1_300})
    assert seen < gap < 0


@given(
    x=st.integers(-400, 400),
    y=st.integers(-400, 400),
    z=st.integers(-200, 400),
    corner=st.tuples(st.integers(-9_000, 9_000), st.integers(-9_000, 9_000)),
)
def test_a_turned_and_moved_shop_gives_the_same_distance(x: int, y: int, z: int, corner: tuple[int, int]) -> None:
    straight = distance_h((2_000 + x, 2_000 + y, 1_000 + z), TARGET, 110)
    turned = Target((corner[0], corner[1], 1_000), (0, 1_024), 100)
    assert distance_h((corner[0] - y, corner[1] + x, 1_000 + z), turned, 110) == pytest.approx(straight, abs=3)


def test_a_distance_is_the_length_of_its_parts() -> None:
    assert offset_h(GRIP, TARGET, 110, 1) == (0, 0, 0)
    assert offset_h((2_052, 1_885 - 80, 1_095 + 70), TARGET, 110, 1) == (100, 100, 100)
    assert distance_h((2_052, 1_885 - 80, 1_095 + 70), TARGET, 110, 1) == 173


def test_the_front_of_a_shelf_is_where_the_body_stands() -> None:
    sides = []
    for place in (BODY, (2_000, 2_600), None):
        trail = Trail(0)
        trail.add(0, Person(track="a", place_mm=place, hands_mm=()))
        sides.append(front_of(trail, TARGET, 0))
    assert sides == [1, -1, 0]


def test_a_shelf_of_one_plate_judges_in_all_directions_alike() -> None:
    alone = TARGET._replace(along=None)
    assert distance_h((2_100, 2_000, 1_095), alone, 110) == distance_h((2_000, 2_100, 1_095), alone, 110)


def test_the_target_lies_between_what_changed_and_the_middle_of_the_facing() -> None:
    text = "[store]\nid = 't'\ncurrency = 'KRW'\n[[product]]\nsku = 'a'\nname = 'A'\nweight_mg = 100000\n"
    for index in (1, 2, 3):
        text += f"[[plate]]\nid = 'p{index}'\nindex = {index}\nskus = ['a']\nposition_mm = [{index * 100}, 500, 900]\n"
    planogram = Feeder(text.replace("'", '"')).store._shop.planogram
    target = planogram.target_of(["p1"])
    assert target == Target((150, 500, 900), (1_024, 0), 300)


def test_no_direction_without_a_way() -> None:
    assert direction((1, 1, 1), (1, 1, 5)) is None
    assert direction((0, 0, 0), (0, 5 * S // S, 0)) == (0, 1_024)


def test_frames_that_come_late_are_remembered_in_their_place() -> None:
    tracks = Tracks()
    for at_ms in (0, 100, 500, 200, 400, 300):
        people = (Person(track="a", place_mm=(at_ms, 0), hands_mm=(GRIP,)),)
        tracks.see(TracksSeen(captured_ns=at_ms * MS, source="t", people=people))
    trail = tracks.trails["a"]
    assert [spot.at_ns // MS for spot in trail.spots] == [0, 100, 200, 300, 400, 500]
    assert trail.last_ns == 500 * MS
    assert trail.last_place() == (500, 0)
    assert set(trail.smooth_hands(0, 500 * MS)) == {GRIP}
