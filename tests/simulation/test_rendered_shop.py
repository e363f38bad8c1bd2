"""The rendered shop: packs stand where the world has them, arms reach hands, and vision finds a filmed take."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from edge.commands import evaluate, simulate
from edge.core.errors import BadInput
from edge.simulation.play import Simulated, chance
from edge.simulation.play import simulate as play
from edge.simulation.rendering import gl
from edge.simulation.rendering.eyes import HEIGHT_PX, WIDTH_PX, shelf_eye
from edge.simulation.rendering.figure import joint, pose_at
from edge.simulation.rendering.floor_view import floor_eye, seen_boxes
from edge.simulation.rendering.pack_looks import draw_looks
from edge.simulation.rendering.slot_outlines import seen_into_mm, slot_polygons
from edge.simulation.rendering.staging import Staging
from edge.simulation.rendering.standing import Standing
from edge.simulation.scenario import Scenario, parse
from tests.conftest import lacking

ONE_TAKE = """
name: filmed-take
class: easy
store: {plan: aisle, planogram: 1}
shoppers: {A: {}}
things: {a: {shelf: high}}
do: [{who: A, pick: a}, {who: A, leave: gate}]
expect: {carts: {A: {a: 1}}}
"""
PUT_ELSEWHERE = """
name: filmed-misplaced
class: misplaced
store: {plan: aisle, planogram: 1}
shoppers: {A: {}, B: {enters: 3}}
things: {a: any, b: any, c: {shelf: low}}
do:
  - {who: A, pick: a, n: 2}
  - {who: B, pick: c}
  - {who: A, put: a, at: b}
  - {who: B, put: c}
  - {who: all, leave: gate}
"""


def visit(text: str, seed: int) -> tuple[Scenario, Simulated]:
    scenario = parse(text, "test")
    return scenario, play(scenario, seed)


@pytest.mark.parametrize("seed", range(4))
def test_packs_stand_where_the_world_has_them_and_not_in_one_another(seed: int) -> None:
    scenario, found = visit(PUT_ELSEWHERE, seed)
    happened = found.happened
    looks = draw_looks(found.plan, 1)
    standing = Standing(happened, looks, chance(scenario, seed, "standing"))
    places = {pack.number: pack.home for pack in happened.packs}
    for at_s in sorted({0.0, *(move.at_s for move in happened.moves)}):
        places |= {move.pack: move.taker for move in happened.moves if move.at_s == at_s}
        spots = standing.at(at_s)
        here = {number: place for number, place in places.items() if place in found.plan.facing}
        assert {number: spot.facing for number, spot in spots.items()} == here
    facing = found.plan.at("b")
    there = [(looks[happened.packs[n].sku].size_mm, spot) for n, spot in spots.items() if spot.facing == facing.id]
    for number, (size, spot) in enumerate(there):
        for other_size, other in there[:number]:
            apart = [abs(spot.along_mm - other.along_mm), abs(spot.into_mm - other.into_mm)]
            if spot.above_mm == other.above_mm == 0:
                assert any(gap > (one + two) / 2 - 12 for gap, one, two in zip(apart, size, other_size, strict=False))


def test_a_named_planogram_is_one_shop_at_every_seed() -> None:
    (_, first), (_, second) = visit(ONE_TAKE, 0), visit(ONE_TAKE, 1)
    assert first.plan.facings == second.plan.facings
    assert [unit.boards_mm for unit in first.plan.gondolas] == [unit.boards_mm for unit in second.plan.gondolas]
    assert len({visit(ONE_TAKE, seed)[1].plan.things["a"] for seed in range(5)}) > 1
    other = visit(ONE_TAKE.replace("planogram: 1", "planogram: 2"), 0)[1]
    assert other.plan.facings != first.plan.facings


def test_every_slot_is_in_the_picture_of_its_camera() -> None:
    _, found = visit(ONE_TAKE, 0)
    rng = np.random.default_rng(1)
    eyes = {f"cam-{unit.id}": shelf_eye(unit, rng) for unit in found.plan.gondolas}
    polygons = slot_polygons(found.plan, eyes, draw_looks(found.plan, 1), rng)
    assert len(polygons) == 48
    for facing, corners in polygons.items():
        middle = np.mean(corners, axis=0)
        unit = found.plan.facing[facing]
        seen = eyes[f"cam-{unit.gondola.id}"].pixels(np.array([(*unit.front(20.0), unit.height_mm + 60.0)]))[0]
        assert np.abs(seen - middle).max() < 40
        assert all(0 <= x <= WIDTH_PX and 0 <= y <= HEIGHT_PX for x, y in corners)


def test_a_slot_is_drawn_round_the_packs_of_all_rows_that_can_be_seen() -> None:
    _, found = visit(ONE_TAKE, 0)
    rng = np.random.default_rng(1)
    eyes = {f"cam-{unit.id}": shelf_eye(unit, rng) for unit in found.plan.gondolas}
    looks = draw_looks(found.plan, 1)
    polygons = slot_polygons(found.plan, eyes, looks, rng)
    standing = Standing(found.happened, looks, rng)
    inside = []
    for number, spot in standing.at(0.0).items():
        unit, tall = found.plan.facing[spot.facing], looks[found.happened.packs[number].sku].size_mm[2]
        eye = eyes[f"cam-{unit.gondola.id}"]
        if spot.into_mm > seen_into_mm(eye, unit, tall - 10):
            continue
        top = np.array([(*unit.gondola.point(spot.along_mm, spot.into_mm), unit.height_mm + tall - 10)])
        pixel = tuple(map(float, eye.pixels(top)[0]))
        inside.append(cv2.pointPolygonTest(np.array(polygons[spot.facing]), pixel, True) > -3)
    assert len(inside) > 100
    assert np.mean(inside) > 0.95  # drawn round the old outline of the first row: less than half


def test_hands_are_where_the_world_has_them_and_an_arm_reaches_them() -> None:
    _, found = visit(ONE_TAKE, 2)
    body = found.happened.bodies["A"]
    reach = body.reaches[0]
    at_s = (reach.there_s + reach.back_s) / 2
    pose = pose_at(body, at_s)
    assert np.linalg.norm(pose.hands[reach.hand] - np.array(reach.point)) < 60
    assert np.linalg.norm(pose.hands[reach.hand] - pose.shoulders[reach.hand]) < 0.40 * body.height_mm


def test_a_floor_camera_has_everybody_in_a_box_but_who_is_hidden() -> None:
    scenario, found = visit(PUT_ELSEWHERE, 1)
    staging = Staging(found.happened, draw_looks(found.plan, 1), lambda what: chance(scenario, 1, what))
    eye = floor_eye(found.plan)
    body = found.happened.bodies["A"]
    at_s = body.reaches[0].there_s
    (someone,) = staging.people(at_s, lambda x, y: True)[:1]
    box = seen_boxes(eye, {"A": someone})["A"]
    pose = pose_at(body, at_s)
    marks = eye.pixels(np.array([*pose.shoulders, pose.hips, *pose.feet, *pose.hands]))
    assert (marks > np.array(box[:2]) - 1).all()
    assert (marks < np.array(box[2:]) + 1).all()
    assert box[3] - box[1] < 1.6 * np.ptp(marks[:, 1])
    behind = replace(someone, stands=(someone.stands[0] + 900, someone.stands[1] + 900, *someone.stands[2:]))
    assert set(seen_boxes(eye, {"behind": behind, "A": someone})) == {"A"}


point = st.tuples(*[st.floats(-800, 800)] * 3).map(np.array)


@given(point, point, st.floats(150, 400), st.floats(150, 400))
def test_an_elbow_keeps_both_bones(one: np.ndarray, two: np.ndarray, first: float, second: float) -> None:
    length = float(np.linalg.norm(two - one))
    bend = joint(one, two, first, second, np.array([0.1, 0.2, -1.0]))
    if abs(first - second) + 1 < length < first + second - 1:
        assert np.linalg.norm(bend - one) == pytest.approx(first, rel=0.02)
        assert np.linalg.norm(bend - two) == pytest.approx(second, rel=0.02)


def run(*words: str) -> tuple[int, str]:
    app = typer.Typer()
    simulate.register(app)
    evaluate.register(app)
    found = CliRunner().invoke(app, list(words))
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found.exit_code, found.stdout


def test_a_filmed_take_is_found_by_the_slot_watch(tmp_path: Path) -> None:
    try:
        gl.open_context().release()
    except BadInput as error:
        lacking(str(error))
    file = tmp_path / "take.yaml"
    file.write_text(ONE_TAKE)
    assert run("simulate", str(file), "--seed", "0", "--render", "--out", str(tmp_path / "out"))[0] == 0
    (folder,) = (tmp_path / "out").iterdir()
    assert {path.name for path in (folder / "video").iterdir()} == {"cam-g1.mp4", "cam-g2.mp4"}
    code, said = run("evaluate", "shelf", str(folder), "--late-s", "20", "--json")
    figures = json.loads(said)
    assert (code, figures["events"], figures["recall"], figures["precision"]) == (0, 1, 1.0, 1.0)


def test_without_the_extra_the_cure_is_told_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "moderngl", None)
    with pytest.raises(BadInput, match=r"pip install 'muin\[render\]'"):
        run("simulate", "--seed", "0", "--render", "--out", str(tmp_path / "out"))
    assert not any((tmp_path / "out").rglob("*.toml"))


def test_without_the_systems_library_its_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moderngl")

    def missing(name: str) -> None:
        raise OSError(name)

    monkeypatch.setattr(gl.ctypes, "CDLL", missing)
    with pytest.raises(BadInput, match="libegl1"):
        gl.open_context()


def test_a_scenario_without_cameras_cannot_be_filmed(tmp_path: Path) -> None:
    file = tmp_path / "blind.yaml"
    file.write_text(ONE_TAKE.replace("shoppers:", "sensors: [plates, tracks, gate]\nshoppers:"))
    with pytest.raises(BadInput, match="no cameras"):
        run("simulate", str(file), "--render", "--out", str(tmp_path / "out"))
