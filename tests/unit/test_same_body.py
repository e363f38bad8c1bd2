"""Several cameras, one body: made-up walks whose answer is known, and what must never change."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import Event, LineCrossed, Person, ShelfReached, TracksSeen
from edge.core.same_body import SameBody, alike_ppm
from tests.unit.core_shop import SHOP, Feeder, S

Place = tuple[int, int]
ANNA, BERT = bytes([100, 10, 0, 5]), bytes([0, 10, 100, 250])


def frame(
    at_s: float, source: str, people: dict[str, Place | None], looks: dict[str, bytes] | None = None
) -> TracksSeen:
    found = tuple(Person(track=t, place_mm=p, look=(looks or {}).get(t, b"")) for t, p in people.items())
    return TracksSeen(captured_ns=round(at_s * S), source=source, people=found)


def names(event: Event | None) -> dict[str, Place | None]:
    return {person.track: person.place_mm for person in event.people} if isinstance(event, TracksSeen) else {}


places = st.none() | st.tuples(st.integers(0, 9000), st.integers(0, 9000))
frames = st.lists(st.dictionaries(st.sampled_from("abcd"), places, max_size=4), max_size=60)


@given(frames)
def test_one_tracker_alone_is_not_touched(seen: list[dict[str, Place | None]]) -> None:
    bodies = SameBody()
    for number, people in enumerate(seen):
        event = frame(number / 10, "tracker", people, dict.fromkeys("abcd", ANNA))
        assert bodies.rename(event) == event


@given(
    st.lists(
        st.tuples(st.sampled_from(["left", "right", "shelf"]), st.dictionaries(st.sampled_from("abc"), places)),
        max_size=80,
    )
)
def test_no_body_is_in_one_picture_twice(seen: list[tuple[str, dict[str, Place | None]]]) -> None:
    bodies = SameBody(["shelf"])
    for number, (source, people) in enumerate(seen):
        own = {f"{source}-{track}": place for track, place in people.items()}
        told = bodies.rename(frame(number / 20, source, own))
        if isinstance(told, TracksSeen):
            assert len({person.track for person in told.people}) == len(told.people)


def walk(count: int, seconds: float, seed: int) -> set[str]:
    """Everybody walks about in view of two cameras 50 ms apart that measure with 100 mm of error; all names told."""
    chance = random.Random(seed)
    bodies, told = SameBody(), set[str]()
    spots = {number: [1500.0 + 2500 * number, 2000.0] for number in range(count)}
    for step in range(round(seconds * 10)):
        for spot in spots.values():
            spot[1] += chance.uniform(-60, 90)
        for source, delay_s in (("left", 0.0), ("right", 0.05)):
            people: dict[str, Place | None] = {
                f"{source}-{n}": (round(x + chance.gauss(0, 100)), round(y + chance.gauss(0, 100)))
                for n, (x, y) in spots.items()
            }
            told |= set(names(bodies.rename(frame(step / 10 + delay_s, source, people))))
    return told


@pytest.mark.parametrize("seed", range(5))
def test_who_is_seen_by_two_cameras_is_one_body(seed: int) -> None:
    assert len(walk(3, 8, seed)) == 3


def test_who_walks_from_one_camera_to_the_next_keeps_the_name() -> None:
    bodies, told = SameBody(), []
    for step in range(60):
        at_mm = (100 * step, 1000)
        if step < 40:
            told.append(bodies.rename(frame(step / 10, "left", {"left-1": at_mm})))
        if step >= 30:
            told.append(bodies.rename(frame(step / 10 + 0.03, "right", {"right-7": at_mm})))
    assert set().union(*map(names, told)) == {"left-1"}
    assert names(told[-1]) == {"left-1": (5900, 1000)}


@pytest.mark.parametrize(("look", "name"), [(ANNA, "left-1"), (BERT, "right-7")])
def test_who_was_out_of_sight_between_cameras_is_known_by_the_look(look: bytes, name: str) -> None:
    bodies = SameBody()
    for step in range(10):
        bodies.rename(frame(step / 10, "left", {"left-1": (1000, 1000)}, {"left-1": ANNA}))
    told = [bodies.rename(frame(4 + n / 10, "right", {"right-7": (4000, 1000)}, {"right-7": look})) for n in range(12)]
    assert set(names(told[-1])) == {name}


def test_nobody_walks_ten_metres_in_a_second() -> None:
    bodies = SameBody()
    for step in range(10):
        bodies.rename(frame(step / 10, "left", {"left-1": (0, 0)}, {"left-1": ANNA}))
    told = [bodies.rename(frame(2 + n / 10, "right", {"r": (10_000, 0)}, {"r": ANNA})) for n in range(12)]
    assert set(names(told[-1])) == {"r"}


def test_a_shelf_camera_joins_bodies_and_never_begins_one() -> None:
    bodies = SameBody(["shelf"])
    alone = [bodies.rename(frame(n / 10, "shelf", {"shelf-1": (1000, 1000)})) for n in range(30)]
    assert alone == [None] * 30
    for step in range(30, 40):
        bodies.rename(frame(step / 10, "floor", {"floor-1": (1000, 1100)}))
        told = bodies.rename(frame(step / 10 + 0.02, "shelf", {"shelf-1": (1000, 1000)}))
    assert set(names(told)) == {"floor-1"}
    reach = ShelfReached(
        captured_ns=4 * S, source="shelf", camera="shelf", slot="s", began_ns=0, ended_ns=1, track="shelf-1"
    )
    found = bodies.rename(reach)
    assert isinstance(found, ShelfReached)
    assert found.track == "floor-1"


def test_a_reach_of_a_body_that_nobody_knows_is_nobodys() -> None:
    reach = ShelfReached(
        captured_ns=S, source="shelf", camera="shelf", slot="s", began_ns=0, ended_ns=1, track="shelf-9"
    )
    found = SameBody(["shelf"]).rename(reach)
    assert isinstance(found, ShelfReached)
    assert found.track is None


def test_two_who_were_taken_for_one_are_parted_when_they_part() -> None:
    bodies, told = SameBody(), set[str]()
    for step in range(60):
        apart = 0 if step < 20 else 200 * (step - 20)
        told |= set(names(bodies.rename(frame(step / 10, "left", {"left-1": (1000, 1000)}))))
        told |= set(names(bodies.rename(frame(step / 10 + 0.02, "right", {"right-1": (1000 + apart, 1000)}))))
    assert told == {"left-1", "right-1"}


def test_a_line_is_crossed_under_the_shops_name() -> None:
    bodies = SameBody()
    for step in range(10):
        bodies.rename(frame(step / 10, "left", {"left-1": (1000, 1000)}))
        bodies.rename(frame(step / 10 + 0.02, "right", {"right-1": (1050, 1000)}))
    crossed = bodies.rename(LineCrossed(captured_ns=S, source="right", line="door", track="right-1", direction="out"))
    assert isinstance(crossed, LineCrossed)
    assert crossed.track == "left-1"


@given(st.binary(min_size=1, max_size=20))
def test_a_look_is_like_itself(look: bytes) -> None:
    assert alike_ppm(look, look) in (0, 999_999, 1_000_000)
    assert alike_ppm(look, look + b"\x01") == 0


def test_one_shopper_before_two_cameras_is_one_visit_and_no_alarm() -> None:
    shop = Feeder(SHOP)
    shop.shows(0.5, "anna")
    for step in range(6, 90):
        spot = (1500 + 20 * step, 500 + 10 * step)
        shop.feed(frame(step / 10, "left", {"left-1": spot}))
        shop.feed(frame(step / 10 + 0.04, "right", {"right-4": (spot[0] + 90, spot[1] - 60)}))
    for step in range(90, 250):
        shop.feed(frame(step / 10, "left", {}))
    shop.tick(30 * S)
    assert [bill.shopper for bill in shop.bills()] == ["anna"]
    assert not [order for order in shop.orders if getattr(order, "alarm", "") == "tailgate"]


def test_two_bodies_on_one_credential_are_told_as_tailgating() -> None:
    shop = Feeder(SHOP)
    shop.shows(0.5, "anna")
    for step in range(6, 90):
        shop.feed(frame(step / 10, "left", {"left-1": (1500, 600 + 9 * step), "left-2": (1500, 100 + 9 * step)}))
    shop.tick(10 * S)
    assert [getattr(order, "alarm", "") for order in shop.orders].count("tailgate") == 1
