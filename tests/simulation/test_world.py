"""The simulated world: the same seed gives the same world anywhere, and no pack is ever made or lost."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.simulation.demo import device_streams
from edge.simulation.demo_shop import LENGTH_S, SEED, demo_shop, demo_world
from edge.simulation.plates import PlateRig
from edge.simulation.steps import Come, Hover, Leave, Put, Script, Step, Take
from edge.simulation.truth import truth_of
from edge.simulation.world import OUT, build

ROOT = Path(__file__).resolve().parents[2]
PRINT_DIGEST = """
import hashlib, json, msgspec
from edge.simulation.demo import device_streams
from edge.simulation.demo_shop import SEED, demo_world
from edge.simulation.truth import truth_of
world = demo_world()
digest = hashlib.sha256(json.dumps(truth_of(world)).encode())
for item in device_streams(world, SEED):
    digest.update(msgspec.json.encode(item))
print(digest.hexdigest())
"""
FACINGS = tuple(facing.id for facing in demo_shop().facings)


def digest_with_hash_seed(seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PRINT_DIGEST],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": seed},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    first = digest_with_hash_seed("1")
    assert len(first) == hashlib.sha256().digest_size * 2
    assert digest_with_hash_seed("2") == first


def test_another_seed_gives_another_world() -> None:
    one, other = demo_world(), build(demo_shop(), (), SEED + 1, LENGTH_S)
    assert [good.weight_mg for good in one.goods] != [good.weight_mg for good in other.goods]
    assert device_streams(one, SEED) != device_streams(one, SEED + 1)


@st.composite
def scripts(draw: st.DrawFn) -> tuple[Script, ...]:
    """Two people, one after the other, who take, put back and hover; nobody takes from a facing twice."""
    free = draw(st.permutations(FACINGS))
    found = []
    for number in range(2):
        steps: list[Step] = [Come(at_s=1.0 + 90 * number, show="qr")]
        for pick in range(draw(st.integers(0, 3))):
            facing = free[4 * number + pick]
            steps.append(Take(facings=(facing,)))
            if draw(st.booleans()):
                sku = demo_shop().facing(facing).sku
                steps.append(Put(sku=sku, facing=draw(st.sampled_from(FACINGS))))
        steps.append(Hover(facing=draw(st.sampled_from(FACINGS))))
        found.append(Script(shopper=f"p{number}", track=f"t{number}", steps=(*steps, Leave())))
    return tuple(found)


@settings(max_examples=40, deadline=None)
@given(scripts(), st.integers(0, 2**32))
def test_every_pack_is_in_one_place_and_truth_adds_up(cast: tuple[Script, ...], seed: int) -> None:
    try:
        world = build(demo_shop(), cast, seed, 300.0)
    except ValueError as error:  # a foreign pack stood in front and was taken in its place
        assume("to put back" not in str(error))
        raise
    place = {good.number: good.home for good in world.goods}
    for move in world.moves:
        assert place[move.good] == move.giver, "a pack left a place where it was not"
        place[move.good] = move.taker
    assert len(place) == len(world.goods)
    truth = truth_of(world)
    owed: Counter[str] = Counter()
    for visit in truth["visits"]:
        owed.update(visit["items"])
        prices = {sku: demo_shop().product(sku).price_minor for sku in visit["items"]}
        assert visit["total_minor"] == sum(prices[sku] * count for sku, count in visit["items"].items())
    gone = Counter(world.goods[number].sku for number, where in place.items() if where.startswith(OUT))
    assert owed == gone
    net: Counter[str] = Counter()
    for event in truth["events"]:
        net[event["sku"]] += event["quantity"] if event["kind"] == "take" else -event["quantity"]
    assert +net == owed
    assert min(net.values(), default=0) >= 0


def test_plates_lose_exactly_what_left_the_shop() -> None:
    world = demo_world()
    out_g = sum(
        good.weight_mg for good in world.goods if world.places(LENGTH_S)[good.number].startswith(OUT)
    ) / 1000  # fmt: skip
    change = 0.0
    for gondola in ("g1", "g2"):
        grams = PlateRig(world, gondola, SEED).grams()
        change += float((grams[:60].mean(axis=0) - grams[-60:].mean(axis=0)).sum())
    # 24 plates drift by up to 0.5 g a minute each, and a neighbour feels 2 % of a change
    assert change == pytest.approx(out_g, rel=0.04, abs=5)


def test_what_cannot_be_played_is_refused() -> None:
    def play(*steps: Step) -> None:
        build(demo_shop(), (Script(shopper="p", track="t", steps=steps),), 1, 60.0)

    with pytest.raises(ValueError, match="first step must be Come"):
        play(Leave())
    with pytest.raises(ValueError, match="last step must be Leave"):
        play(Come(at_s=0, show="qr"))
    with pytest.raises(ValueError, match="is empty"):
        play(Come(at_s=0, show="qr"), Take(facings=("g1-s2-f1",)), Take(facings=("g1-s2-f1",)), Leave())
    with pytest.raises(ValueError, match="has no granola"):
        play(Come(at_s=0, show="qr"), Put(sku="granola", facing="g1-s2-f1"), Leave())
    with pytest.raises(ValueError, match="the world lasts"):
        play(Come(at_s=59, show="qr"), Leave())
