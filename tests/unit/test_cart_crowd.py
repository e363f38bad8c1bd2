"""The generated shop of the speed benchmark has the size and the rates that it is said to have."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from edge.core.events import TracksSeen, WeightStep
from tests.bench.carts.crowd import Crowd, Rates, facings, shop


def test_size() -> None:
    found = shop()
    shelves = Counter((plate.gondola, plate.shelf) for plate in found.plate)
    assert len(shelves) == 30
    assert set(shelves.values()) == {12}


def test_rates() -> None:
    minutes = [Crowd(Rates()).minute(number) for number in range(3)]
    frames = [event for made in minutes for event in made if isinstance(event, TracksSeen)]
    assert len(frames) == 3 * 60 * 15
    assert max(len(frame.people) for frame in frames) == 20
    assert all(len(person.hands_mm) == 2 for frame in frames for person in frame.people)
    others = sum(map(len, minutes)) - len(frames)
    assert 44 <= others / 180 <= 50


def test_minutes_join_and_are_stamped_in_order() -> None:
    crowd = Crowd(Rates(people=2, frames=1.0))
    made = crowd.minute(0) + crowd.minute(1)
    assert [event.seq for event in made] == list(range(2, len(made) + 2))
    captured = sorted(event.captured_ns for event in made if isinstance(event, TracksSeen))
    assert {later - first for first, later in pairwise(captured)} == {10**9}
    assert all(event.received_ns > event.captured_ns for event in made)
    again = Crowd(Rates(people=2, frames=1.0))
    assert again.minute(0) + again.minute(1) == made


def test_what_is_put_back_was_taken_there_before() -> None:
    crowd, levels = Crowd(Rates(people=5)), Counter[str]()
    pieces = {plate: row for row in facings() for plate in row.plates}
    steps = [event for number in range(4) for event in crowd.minute(number) if isinstance(event, WeightStep)]
    for step in sorted(steps, key=lambda event: event.began_ns):
        assert abs(abs(step.delta_mg) - pieces[step.plate].grams * 500) <= 1
        levels[step.plate] += 1 if step.delta_mg > 0 else -1
    assert any(step.delta_mg > 0 for step in steps)
