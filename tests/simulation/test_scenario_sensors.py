"""Simulated tracker and portal: they see what the world shows them, with the noise that their models name."""

from __future__ import annotations

import numpy as np
import pytest

from edge.simulation.play import Simulated, simulate
from edge.simulation.scenario import library
from edge.simulation.stage import OUT, Happened
from edge.simulation.tag_portal import PortalModel, read_tags
from edge.simulation.tracking import TrackModel, track

NS = 1_000_000_000
LIBRARY = {row.name: row for row in library()}
STEADY = TrackModel(place_mm=30, hand_mm=20, missed=0.1, lost_every_s=1e9, swap=0.0)


@pytest.fixture(scope="module")
def visit() -> Simulated:
    return simulate(LIBRARY["put-back-own"], 3)


def test_the_tracker_sees_whoever_is_inside_and_nobody_else(visit: Simulated) -> None:
    happened = visit.happened
    seen = track(happened, np.random.default_rng(1), STEADY, hands=True)
    for frame, _ in seen.frames:
        at_s = frame.captured_ns / NS
        inside = [name for name, body in happened.bodies.items() if body.enters_s <= at_s <= body.leaves_s]
        assert [person.track for person in frame.people] == [name for who in inside for name in seen.names[who]]
    assert any(not frame.people for frame, _ in seen.frames)


def test_tracker_noise_is_what_its_model_says(visit: Simulated) -> None:
    body = visit.happened.bodies["A"]
    errors, hands, sightings = [], 0, 0
    for seed in range(20):
        for frame, _ in track(visit.happened, np.random.default_rng(seed), STEADY, hands=True).frames:
            for person in frame.people:
                assert person.place_mm is not None
                errors.append(np.array(person.place_mm) - body.places(np.array([frame.captured_ns / NS]))[0])
                hands += len(person.hands_mm)
                sightings += 1
    assert float(np.std(errors)) == pytest.approx(STEADY.place_mm, rel=0.1)
    assert 1 - hands / (2 * sightings) == pytest.approx(STEADY.missed, abs=0.03)


def test_hands_are_at_the_shelf_when_goods_move(visit: Simulated) -> None:
    frames = [frame for frame, _ in track(visit.happened, np.random.default_rng(1), STEADY, hands=True).frames]
    for move in visit.happened.moves:
        facing = visit.plan.facing.get(move.giver) or visit.plan.facing.get(move.taker)
        if facing is None:
            continue
        near = [frame for frame in frames if abs(frame.captured_ns / NS - move.at_s) < 0.2]
        hands = [np.array(hand) for frame in near for person in frame.people for hand in person.hands_mm]
        spot = np.array([*facing.front(), facing.height_mm])
        assert min(float(np.linalg.norm(hand - spot)) for hand in hands) < 350


def carried(happened: Happened) -> set[str]:
    return {pack.epc for pack in happened.packs if pack.place.startswith(OUT)}


def test_tags_that_leave_are_read_strongly_and_what_stays_on_the_shelf_weakly() -> None:
    ours, strays = [], []
    for seed in range(10):
        happened = simulate(LIBRARY["tags-only"], seed).happened
        reads = read_tags(happened, np.random.default_rng(seed), PortalModel(dead=0.0))
        assert {read.epc for read in reads} & carried(happened), "what left was not read at all"
        ours += [read.rssi_cdbm for read in reads if read.epc in carried(happened)]
        strays += [read.rssi_cdbm for read in reads if read.epc not in carried(happened)]
    assert len(ours) > 5 * len(strays)
    assert np.median(ours) > np.median(strays) + 500
