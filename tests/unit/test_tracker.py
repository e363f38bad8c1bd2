"""Tracks, lines and people finders on made-up boxes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.config import Models, OwnModel, parse
from edge.core.events import Event, HealthChanged, LineCrossed, TracksSeen
from vision.blobs import BlobFinder
from vision.bodies import Body
from vision.boxes import overlap
from vision.floor import FloorWatch
from vision.lines import Line
from vision.people import NetworkFinder, choose_finder, drop_doubles
from vision.planes import Picture
from vision.tracker import Tracker


def body(across: float, down: float, score: float = 0.8, high: float = 100) -> Body:
    return Body((across - high / 5, down - high, across + high / 5, down), score)


class Script:
    """A finder that says what it was told to say."""

    def __init__(self, pictures: list[list[Body]], problem: str = "") -> None:
        self._pictures, self.problem = iter(pictures), problem

    def find(self, picture: Picture, at_s: float) -> list[Body]:
        return next(self._pictures)

    def describe(self) -> str:
        return "script"


def watch(pictures: list[list[Body]], *lines: Line) -> list[Event]:
    floor = FloorWatch("floor", Script(pictures), lines)
    picture = np.zeros((10, 10, 3), np.uint8)
    return [event for n in range(len(pictures)) for event in floor.see(picture, n * 100_000_000)]


def names(events: list[Event]) -> list[set[str]]:
    return [{person.track for person in event.people} for event in events if isinstance(event, TracksSeen)]


def test_two_who_cross_keep_their_names() -> None:
    pictures = [[body(100 + 12 * n, 300), body(400 - 12 * n, 330)] for n in range(30)]
    seen = names(watch(pictures))
    assert len(set().union(*seen)) == 2
    assert all(len(now) == 2 for now in seen)


def test_somebody_hidden_for_a_moment_keeps_the_name() -> None:
    pictures = [[] if 10 <= n < 18 else [body(100 + 10 * n, 300)] for n in range(30)]
    assert len(set().union(*names(watch(pictures)))) == 1


def test_somebody_who_comes_after_another_left_gets_another_name() -> None:
    pictures = [[body(100, 300)]] * 10 + [[]] * 20 + [[body(100, 300)]] * 10
    assert len(set().union(*names(watch(pictures)))) == 2


def test_furniture_that_looks_like_somebody_is_nobody() -> None:
    pictures: list[list[Body]] = [[]] + [[body(100, 300, 0.5)]] * 30
    assert set().union(*names(watch(pictures))) == set()


def test_nobody_is_said_and_repeated() -> None:
    told = names(watch([[]] * 35))
    assert told == [set()] * 4  # at the start, then each second


def test_a_worker_started_later_gives_other_names() -> None:
    first, second = Tracker("floor"), Tracker("floor")
    early = {track.who.name for track in first.see([body(1, 200)], 1.0)}
    late = {track.who.name for track in second.see([body(1, 200)], 9.0)}
    assert early
    assert not early & late


@pytest.mark.parametrize(("inside", "first", "then"), [("right", "in", "out"), ("left", "out", "in")])
def test_lines_tell_in_from_out(inside: str, first: str, then: str) -> None:
    """A line drawn from left to right: walking down the picture goes to its right hand."""
    line = Line("door", (0, 300), (600, 300), inside)  # type: ignore[arg-type]
    downs = [200 + 10 * n for n in range(20)] + [400 - 10 * n for n in range(20)]
    events = watch([[body(300, down)] for down in downs], line)
    assert [event.direction for event in events if isinstance(event, LineCrossed)] == [first, then]


def test_a_line_is_not_crossed_beside_its_ends() -> None:
    line = Line("door", (0, 300), (100, 300), "right")
    events = watch([[body(400, 200 + 10 * n)] for n in range(20)], line)
    assert not [event for event in events if isinstance(event, LineCrossed)]


@given(st.lists(st.floats(-4, 4), min_size=30, max_size=60))
def test_trembling_on_a_line_crosses_nothing(shakes: list[float]) -> None:
    line = Line("door", (0, 300), (600, 300), "right")
    pictures = [[body(300, 250)]] * 5 + [[body(300, 300 + 0.7 * shake)] for shake in shakes]
    assert not [event for event in watch(pictures, line) if isinstance(event, LineCrossed)]


def upright(c: tuple[float, ...]) -> tuple[float, float, float, float]:
    return (min(c[0], c[2]), min(c[1], c[3]), max(c[0], c[2]), max(c[1], c[3]))


boxes = st.tuples(*[st.floats(0, 500)] * 4).map(upright)


@given(boxes, boxes)
def test_overlap_is_a_share_and_the_same_both_ways(
    first: tuple[float, float, float, float], second: tuple[float, float, float, float]
) -> None:
    assert 0 <= overlap(first, second) <= 1 + 1e-9
    assert overlap(first, second) == overlap(second, first)


@given(st.lists(st.tuples(boxes, st.floats(0, 1)).map(lambda pair: Body(*pair)), max_size=12))
def test_doubles_are_dropped_and_the_best_stays(bodies: list[Body]) -> None:
    kept = drop_doubles(bodies)
    assert drop_doubles(kept) == kept
    if bodies:
        assert kept[0].score == max(item.score for item in bodies)


def test_without_weights_blobs_are_used_and_said(tmp_path: Path) -> None:
    assert isinstance(choose_finder(None), BlobFinder)
    assert "no network weights found" in choose_finder(str(tmp_path)).describe()


def test_blobs_find_what_moves_through_an_empty_room() -> None:
    finder, random = BlobFinder(), np.random.default_rng(1)
    found: list[Body] = []
    for number in range(60):
        picture = np.full((240, 320, 3), 130, np.uint8)
        if number >= 30:
            left = 4 * (number - 30)
            picture[80:200, left : left + 40] = (220, 60, 30)
        found = finder.find(np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8), number / 10)
        assert number >= 30 or found == []
    [blob] = found
    assert overlap(blob.box_px, (116, 80, 156, 200)) > 0.5


def test_weights_that_cannot_be_used_give_way_and_are_told_once(tmp_path: Path, shared_models: Path) -> None:
    spoiled = tmp_path / "yolox_nano_416.onnx"
    spoiled.write_bytes(b"no model")
    light = "light_person_192.onnx"
    (tmp_path / light).write_bytes((shared_models / "light_person" / light).read_bytes())
    second = choose_finder(str(tmp_path))
    assert isinstance(second, NetworkFinder)
    assert f"{spoiled}: is cut or not complete" in second.problem
    (tmp_path / light).unlink()
    third = choose_finder(str(tmp_path))
    assert isinstance(third, BlobFinder)
    floor, picture = FloorWatch("floor", third), np.zeros((240, 320, 3), np.uint8)
    told = [event for n in range(9) for event in floor.see(picture, n * 100_000_000)]
    [health] = [event for event in told if isinstance(event, HealthChanged)]
    assert (health.state, health.device) == ("degraded", "floor:people")
    assert "pull it again" in health.detail
    assert "blobs before the empty floor" in health.detail


def test_an_own_network_that_sees_something_else_gives_way(shared_models: Path) -> None:
    path = shared_models / "osnet_x0_25" / "osnet_x0_25_msmt17.onnx"
    own = OwnModel(model="yolox_nano", path=str(path), sha256=hashlib.sha256(path.read_bytes()).hexdigest())
    finder = choose_finder(Models(own=[own]))
    assert isinstance(finder, BlobFinder)
    assert "another network" in finder.problem


def test_lines_come_from_the_configuration() -> None:
    config = parse(
        '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "c"\nrole = "floor"\n[[line]]\nid = "door"\n'
        'camera = "c"\nfrom_px = [0, 5]\nto_px = [9, 5]\ninside = "left"\n'
    )
    assert list(FloorWatch.from_config(config, "c").lines) == [Line("door", (0, 5), (9, 5), "left")]


@pytest.mark.parametrize(("end", "size", "told"), [((320, 200), (240, 320), 0), ((1800, 200), (240, 320), 1)])
def test_a_line_drawn_for_another_picture_is_told_once_and_people_are_followed(
    end: tuple[int, int], size: tuple[int, int], told: int
) -> None:
    floor = FloorWatch("floor", Script([[body(160, 120)] for _ in range(8)]), [Line("door", (0, 200), end, "left")])
    small, large = np.zeros((*size, 3), np.uint8), np.zeros((1080, 1920, 3), np.uint8)
    events = [event for n in range(5) for event in floor.see(small, n * 100_000_000)]
    health = [event for event in events if isinstance(event, HealthChanged)]
    assert [(event.device, event.state) for event in health] == [("floor:lines", "degraded")] * told
    assert all("line door: end (1800, 200) lies outside the picture of 320x240 pixels" in e.detail for e in health)
    assert any(names(events))
    later = [event for n in range(5, 8) for event in floor.see(large, n * 100_000_000)]
    assert [event.state for event in later if isinstance(event, HealthChanged)] == ["ok"] * told
