"""Whose hand it was: places are judged along the shelf, in depth and in height; who was unseen by where they can be."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import Person, PointMm, TracksSeen
from edge.core.layout import Policy
from edge.core.planogram import direction
from edge.core.reach import ALONE, BESIDE, Target, distance_h, ratio_mnat
from edge.core.tracks import Tracks
from edge.core.visits import State, Visit
from tests.unit.core_shop import MS, Feeder, S

TARGET = Target((2_000, 2_000, 1_000), (1_024, 0), 100)
GRIP: PointMm = (2_000, 1_885, 1_095)  # before the middle of the shelf, above its board
BODY = (2_000, 1_400)


def policy() -> Policy:
    return Feeder().layout.policy


def ratio(hands: dict[int, PointMm], bodies: dict[int, tuple[int, int]] | None = None, **more: object) -> int:
    """Ratio of one visit whose track `a` showed these hands and bodies, by ms; the change is at 1,000 to 1,300 ms."""
    tracks = Tracks()
    places = bodies if bodies is not None else dict.fromkeys(range(0, 2_400, 100), BODY)
    for at_ms in sorted({*hands, *places}):
        found = (hands[at_ms],) if at_ms in hands else ()
        people = (Person(track="a", place_mm=places.get(at_ms), hands_mm=found),)
        tracks.see(TracksSeen(captured_ns=at_ms * MS, source="t", people=people))
    visit = Visit(id="v", shopper="s", method="qr", gate="g", state=State.INSIDE, opened_ns=0, tracks=["a"])
    return ratio_mnat(visit, tracks, TARGET, 400 * MS, 1_450 * MS, policy(), **more)  # type: ignore[arg-type]


def still(hand: PointMm) -> dict[int, PointMm]:
    return dict.fromkeys(range(0, 2_400, 100), hand)


@pytest.mark.parametrize("table", [ALONE, BESIDE])
def test_a_farther_hand_is_never_likelier(table: tuple[tuple[int, int], ...]) -> None:
    assert all(left[0] < right[0] and left[1] >= right[1] for left, right in pairwise(table))


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


def test_two_who_reach_side_by_side_are_told_apart_more_sharply() -> None:
    near, off = still(GRIP), still((2_110, *GRIP[1:]))
    assert ratio(near, table=BESIDE) - ratio(off, table=BESIDE) > ratio(near) - ratio(off)


def test_who_was_out_of_sight_is_judged_by_where_they_can_have_been() -> None:
    near = {100: BODY, 2_300: BODY}
    far = {100: (9_000, 1_400), 2_300: (9_000, 1_400)}
    assert ratio({}, near) > ratio({}, far)
    assert ratio({}, far) < -3_000


def test_a_hand_that_was_not_seen_all_the_time_is_not_excluded() -> None:
    away: PointMm = (2_900, 1_400, 900)
    seen = ratio(still(away))
    gap = ratio({at_ms: hand for at_ms, hand in still(away).items() if not 600 <= at_ms <= 1_300})
    assert seen < gap < 0


@given(
    x=st.integers(-400, 400), y=st.integers(-400, 400), z=st.integers(-200, 400),
    corner=st.tuples(st.integers(-9_000, 9_000), st.integers(-9_000, 9_000)),
)  # fmt: skip
def test_a_turned_and_moved_shop_gives_the_same_distance(x: int, y: int, z: int, corner: tuple[int, int]) -> None:
    straight = distance_h((2_000 + x, 2_000 + y, 1_000 + z), TARGET, 110)
    turned = Target((corner[0], corner[1], 1_000), (0, 1_024), 100)
    assert distance_h((corner[0] - y, corner[1] + x, 1_000 + z), turned, 110) == pytest.approx(straight, abs=3)


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
