"""Simulated tracker, portal and gate: they see what the world shows them, with the noise their models name."""

from __future__ import annotations

import numpy as np
import pytest

from edge.simulation.demo_shop import SEED, demo_world
from edge.simulation.sensors import TrackerModel, gate_beam, portal, tracker
from edge.simulation.world import BAG, World

NS = 1_000_000_000


@pytest.fixture(scope="module")
def world() -> World:
    return demo_world()


def test_the_tracker_sees_whoever_is_inside_and_nobody_else(world: World) -> None:
    frames = tracker(world, SEED)
    assert len(frames) == 440
    for frame in frames:
        inside = {person.track for person in world.people if person.body.inside(frame.captured_ns / NS)}
        assert {person.track for person in frame.people} == inside
    assert any(not frame.people for frame in frames)


def test_tracker_noise_is_what_its_model_says(world: World) -> None:
    model = TrackerModel(noise_mm=15, wander_mm=30, hand_noise_mm=20, hand_missed=0.1)
    bodies = {person.track: person.body for person in world.people}
    errors, hands, sightings = [], 0, 0
    for seed in range(20):
        for frame in tracker(world, seed, model):
            for person in frame.people:
                assert person.place_mm is not None
                errors.append(np.array(person.place_mm) - bodies[person.track].place(frame.captured_ns / NS))
                hands += len(person.hands_mm)
                sightings += 1
    assert float(np.std(errors)) == pytest.approx(np.hypot(15, 30), rel=0.1)
    assert 1 - hands / (2 * sightings) == pytest.approx(0.1, abs=0.02)


def test_hands_are_at_the_shelf_when_goods_move(world: World) -> None:
    frames = tracker(world, SEED)
    facings = {facing.id: facing for facing in world.shop.facings}
    for move in world.moves:
        facing = facings.get(move.giver) or facings.get(move.taker)
        if facing is None:
            continue
        frame = min(frames, key=lambda frame: abs(frame.captured_ns / NS - move.at_s))
        hands = [np.array(hand) for person in frame.people for hand in person.hands_mm]
        assert min(float(np.linalg.norm(hand - np.array(facing.position_mm))) for hand in hands) < 350


def test_only_carried_tags_are_read_and_most_when_near(world: World) -> None:
    carried = {
        move.taker.removeprefix(BAG): world.goods[move.good].epc
        for move in world.moves
        if move.taker.startswith(BAG) and world.goods[move.good].epc
    }
    reads = [read for seed in range(10) for read in portal(world, seed)]
    epcs = {good.epc for good in world.goods if world.places(world.length_s)[good.number].startswith("out:")}
    assert {read.epc for read in reads} <= epcs
    assert set(carried.values()) <= epcs
    leaves = [person.body.leaves_s for person in world.people]
    last_second = [read for read in reads if any(0 <= left - read.captured_ns / NS < 1 for left in leaves)]
    assert len(last_second) > len(reads) / 2
    near = np.median([read.rssi_cdbm for read in last_second])
    far = np.median([read.rssi_cdbm for read in reads if read not in last_second])
    assert near > far


def test_the_gate_counts_everybody_in_and_out(world: World) -> None:
    beam = gate_beam(world)
    assert [(count.direction, count.total) for count in beam] == [("in", 1), ("out", 1), ("in", 2), ("out", 2)]
    assert [count.captured_ns for count in beam] == sorted(count.captured_ns for count in beam)
