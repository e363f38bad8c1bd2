"""Scenarios: all of the library can be played, broken ones tell every problem, truth comes from the world alone."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge import config, truth
from edge.config import ConfigError
from edge.core.events import HealthChanged, RunStarted, ShelfChanged, TagRead, TracksSeen
from edge.core.signals import PlateSamples
from edge.simulation.acting import play
from edge.simulation.plan import draw_plan
from edge.simulation.play import chance, simulate
from edge.simulation.scenario import Scenario, library, parse, paths
from edge.simulation.stage import Happened

LIBRARY = {row.name: row for row in library()}
NAMES = sorted(LIBRARY)

PRINT_HASH = """
import hashlib, json, msgspec
from edge.simulation.play import simulate
from edge.simulation.scenario import library
digest = hashlib.sha256()
for row in library():
    if row.name in ("busy-five", "hand-over", "late-and-doubled"):
        found = simulate(row, 3)
        digest.update(found.config_text.encode() + json.dumps(found.truth).encode())
        for due, item in found.readings:
            digest.update(str(due).encode() + msgspec.json.encode(item))
print(digest.hexdigest())
"""

BROKEN = """
name: broken one
class: c
colour: red
store:
  products: [{sku: tea, weight_g: -5}, {sku: tea, weight_g: 10}]
  facings:
    - {sku: tea, plates: [g1-s1-p1, g2-s1-p1]}
    - {sku: coffee, plates: [g1-s1-p1]}
shoppers: {A: {group: Z}, B: {}}
things: {a: {same_weight_as: q}, b: {same_plate_as: a}}
do:
  - {who: A, pick: c, t: soon}
  - {who: X, pick: a, put: a}
  - {who: A, put: b}
  - {who: A, leave: gate}
  - {who: A, pick: a}
expect: {carts: {A: {z: 1}}}
"""


def encoded(name: str, seed: int) -> str:
    found = simulate(LIBRARY[name], seed)
    digest = hashlib.sha256(found.config_text.encode())
    for due, item in found.readings:
        digest.update(str(due).encode() + msgspec.json.encode(item))
    return digest.hexdigest()


def test_the_library_is_large_and_every_file_bears_the_name_of_its_scenario() -> None:
    assert len(LIBRARY) >= 44
    assert [path.stem for path in paths()] == [row.name for row in library()]


@pytest.mark.parametrize("name", NAMES)
def test_a_scenario_gives_a_usable_shop_and_its_expected_carts(name: str) -> None:
    for seed in (0, 16):
        found = simulate(LIBRARY[name], seed)
        store = config.parse(found.config_text)
        known = truth.parse(json.dumps(found.truth).encode(), "truth.json")
        dues = [reading.due_ns for reading in found.readings]
        assert dues == sorted(dues)
        assert isinstance(found.readings[0].item, RunStarted)
        assert {sku for visit in known.visits for sku in visit.items} <= {row.sku for row in store.product}
        expected = LIBRARY[name].expect.carts
        assert {visit.visit: sum(visit.items.values()) for visit in known.visits if visit.visit in expected} == {
            payer: sum(cart.values()) for payer, cart in expected.items()
        }


def test_a_seed_is_a_shop_of_its_own() -> None:
    assert encoded("one-take", 1) == encoded("one-take", 1)
    found = [simulate(LIBRARY["one-take"], seed) for seed in range(8)]
    assert len({row.config_text for row in found}) == 8
    assert len({row.happened.length_s for row in found}) == 8


def test_the_same_seed_gives_the_same_bytes_in_every_process() -> None:
    found = {
        subprocess.run(
            [sys.executable, "-c", PRINT_HASH],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for hash_seed in ("0", "1", "77")
    }
    assert len(found) == 1


def test_a_broken_scenario_tells_all_its_problems_with_place_and_cure() -> None:
    with pytest.raises(ConfigError) as caught:
        parse(BROKEN, "broken.yaml")
    told = dict(caught.value.problems)
    for place in (
        "name", "colour", "store.products[0].weight_g", "store.products", "store.facings[0].plates",
        "store.facings[1].sku", "store.facings[1].plates", "shoppers.A.group", "things.a.same_weight_as",
        "things.b.same_plate_as", "do[0].pick", "do[0].t", "do[1].who", "do[1]", "do[2].put", "do[4]", "do",
        "expect.carts.A.z",
    ):  # fmt: skip
        assert place in told, place
    assert any("two gondolas" in text for _, text in caught.value.problems)
    assert any("used twice" in text for _, text in caught.value.problems)


@pytest.mark.parametrize(
    "text", ["", "[1, 2]", "name: [", "name: x", "\x00", "do: {}", "shoppers: 3\nthings: 4\ndo: [3]"]
)
def test_what_is_no_scenario_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text, "x.yaml")


def test_a_cart_that_the_world_does_not_give_is_refused() -> None:
    wrong = LIBRARY["put-back-own"].model_copy(update={"expect": LIBRARY["one-take"].expect})
    with pytest.raises(Exception, match=r"expect\.carts\.A.*correct the script or the carts"):
        simulate(wrong, 0)


def test_the_truth_does_not_depend_on_what_the_sensors_said() -> None:
    row = LIBRARY["busy-five"]
    blind = row.model_copy(update={"sensors": ["tracks", "gate"]})
    spoiled = row.model_copy(update={"faults": LIBRARY["late-and-doubled"].faults + LIBRARY["messages-lost"].faults})
    carts = [[(v["visit"], v["items"]) for v in simulate(one, 4).truth["visits"]] for one in (row, blind, spoiled)]
    assert carts[0] == carts[1] == carts[2]


def played(name: str, seed: int) -> tuple[Scenario, Happened]:
    row = LIBRARY[name]
    return row, play(row, draw_plan(row, chance(row, seed, "plan")), chance(row, seed, "people"))


@settings(max_examples=40, deadline=None)
@given(name=st.sampled_from(NAMES), seed=st.integers(0, 10_000))
def test_stock_is_conserved_and_weight_goes_with_it(name: str, seed: int) -> None:
    _, happened = played(name, seed)
    happened.check()
    on_shelf = {
        sign: sum(
            happened.packs[move.pack].weight_g
            for move in happened.moves
            if not move.empty and (move.taker if sign > 0 else move.giver) in happened.plan.facing
        )
        for sign in (1, -1)
    }
    foreign = [load.grams for load in happened.loads] if name in ("bag-on-plate", "eaten-empty-back") else None
    if foreign is None:
        assert sum(load.grams for load in happened.loads) == pytest.approx(on_shelf[1] - on_shelf[-1], abs=1e-6)


def test_a_world_that_loses_a_pack_is_noticed() -> None:
    _, happened = played("misplaced-taken", 2)
    happened.check()
    del happened.moves[0]
    with pytest.raises(AssertionError):
        happened.check()


def test_sensors_that_a_shop_lacks_say_nothing() -> None:
    found = simulate(LIBRARY["tags-only"], 0)
    kinds = {type(reading.item) for reading in found.readings}
    assert {TagRead, TracksSeen} <= kinds
    assert not {PlateSamples, ShelfChanged} & kinds
    assert not any(p.hands_mm for r in found.readings if isinstance(r.item, TracksSeen) for p in r.item.people)


def test_a_dead_plate_gives_no_value_and_a_black_camera_is_reported() -> None:
    dead = simulate(LIBRARY["plate-dead"], 1)
    plates = set(dead.plan.at("a").plates)
    for reading in dead.readings:
        if isinstance(reading.item, PlateSamples) and plates & set(reading.item.plates):
            grams = np.frombuffer(reading.item.grams, "<f4").reshape(-1, len(reading.item.plates))
            assert np.isnan(grams).any(axis=0).tolist() == [name in plates for name in reading.item.plates]
    found = [simulate(LIBRARY["camera-black"], seed) for seed in range(6)]
    health = [reading.item for row in found for reading in row.readings if isinstance(reading.item, HealthChanged)]
    assert {item.state for item in health} == {"degraded", "ok"}


def test_the_box_is_down_during_a_power_cut() -> None:
    found = simulate(LIBRARY["power-cut"], 2)
    starts = [reading.item for reading in found.readings if isinstance(reading.item, RunStarted)]
    assert [start.resumed for start in starts] == [False, True]
    down, up = starts[1].down_from_ns, starts[1].captured_ns
    assert up - down == 7_000_000_000
    assert not any(down <= reading.due_ns < up for reading in found.readings)


def test_a_fixed_planogram_is_used(tmp_path: Path) -> None:
    row = parse(
        """
name: fixed
class: c
store:
  products: [{sku: tea, weight_g: 100}, {sku: oil, weight_g: 900, catalogue_g: 800}]
  facings: [{sku: tea, plates: [g1-s1-p1]}, {sku: oil, plates: [g1-s1-p2, g1-s1-p3], stock: 2}]
shoppers: {A: {}}
things: {a: {sku: oil}}
do: [{who: A, pick: a}, {who: A, leave: gate}]
expect: {carts: {A: {a: 1}}}
""",
        "fixed.yaml",
    )
    found = simulate(row, 5)
    assert found.truth["visits"][0]["items"] == {"oil": 1}
    assert {row.sku: row.weight_mg for row in config.parse(found.config_text).product} == {
        "tea": 100_000,
        "oil": 800_000,
    }
