"""The watch of a camera's eye on drawn shelves: what is no fault, what is one, and what it cannot know."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.config import ShelfVision
from edge.core.events import HealthChanged, ShelfChanged
from edge.core.ports import PictureSense
from tests.bench.vision import eye_faults
from tests.unit.shelf_scenes import Act, Shelf
from vision.camera_health.faults import Cause
from vision.camera_health.look import measure
from vision.camera_health.stillness import Stillness
from vision.camera_health.watch import HOLD_NS, HealthWatch, Lasting
from vision.senses import SeeingSense
from vision.slots import SlotWatch

Image = NDArray[np.uint8]
NS = 1_000_000_000
Change = Callable[[float, Image], Image]


@cache
def calm_film() -> list[tuple[Image, int]]:
    """28 s of a shelf at which nothing happens, five pictures a second, drawn once."""
    return list(Shelf(seed=5).pictures(28))[::2]


def shelf_film(length_s: float, change: Change) -> Iterator[tuple[Image, int]]:
    for picture, at_ns in calm_film():
        if at_ns < length_s * NS:
            yield change(at_ns / NS, picture), at_ns


def told(film: Iterable[tuple[Image, int]], watch: HealthWatch | None = None) -> list[tuple[str, str]]:
    watch = watch or HealthWatch("cam")
    return [(event.state, event.cause) for picture, at_ns in film for event in watch.see(picture, at_ns)]


def watch_of(shelf: Shelf) -> SlotWatch:
    return SlotWatch("shelf", shelf.slots(), ShelfVision())


def between(from_s: float, to_s: float, spoil: eye_faults.Spoiler) -> Change:
    return lambda at_s, picture: spoil(picture) if from_s <= at_s < to_s else picture


@pytest.mark.parametrize("fault", eye_faults.FAULTS, ids=lambda fault: fault.cause)
def test_a_fault_begins_and_ends(fault: eye_faults.EyeFault) -> None:
    film = shelf_film(28, between(8, 18, fault.make()))
    assert told(film) == [("ok", "view"), ("degraded", fault.cause), ("ok", fault.cause)]


def test_somebody_close_to_the_lens_for_some_seconds_is_no_fault() -> None:
    def body(at_s: float, picture: Image) -> Image:
        if not 8 <= at_s < 12:
            return picture
        cover = picture.copy()
        left = round(20 + 40 * (at_s - 8))
        cv2.rectangle(cover, (left - 60, 0), (left + 240, 240), (70, 60, 90), -1)
        return np.asarray(cv2.GaussianBlur(cover, (0, 0), 5), np.uint8)

    assert told(shelf_film(24, body)) == [("ok", "view")]


def test_goods_that_go_one_after_another_are_no_fault() -> None:
    acts = [Act(6.0 + 2.5 * number, (number // 4, number % 4)) for number in range(7)]
    shelf = Shelf(seed=7, acts=acts)
    goods = [slot.corners_px for slot in shelf.slots()]
    assert told(shelf.pictures(40), HealthWatch("cam", goods)) == [("ok", "view")]


def test_light_that_halves_is_no_fault() -> None:
    assert told(shelf_film(24, between(8, 24, eye_faults.dark(0.5)))) == [("ok", "view")]


def test_a_camera_that_sends_black_from_the_start_is_told_and_learns_when_there_is_light() -> None:
    film = shelf_film(24, between(0, 10, eye_faults.black()))
    assert told(film) == [("degraded", "dark"), ("ok", "dark"), ("ok", "view")]


def test_an_even_wall_from_the_start_is_told_as_covered() -> None:
    wall = np.random.default_rng(1).normal(120, 2, (80, 240, 320, 3)).astype(np.uint8)
    assert told((picture, number * NS // 10) for number, picture in enumerate(wall)) == [("degraded", "covered")]


def test_a_stream_that_never_moves_is_not_called_frozen() -> None:
    picture, _ = calm_film()[0]
    assert told((picture, number * NS // 5) for number in range(120)) == [("ok", "view")]


def test_a_still_time_that_ended_by_itself_is_a_lesson() -> None:
    stillness, random = Stillness(), np.random.default_rng(2)
    found = []
    picture = random.integers(0, 255, (60, 80, 3), np.uint8)
    for number in range(400):  # 80 s: noise, then still from 10 to 20 s and from 30 to 80 s
        at_s = number / 5
        if not (10 <= at_s < 20 or at_s >= 30):
            picture = random.integers(0, 255, (60, 80, 3), np.uint8)
        if stillness.see(measure(picture, round(at_s * NS)), at_s < 4):
            found.append(at_s)
    first, second = found[0] - 10, next(at_s for at_s in found if at_s > 22) - 30
    assert 4 < first < 8
    assert second > first + 6


def test_a_frozen_camera_behind_a_live_encoder_is_found_and_a_calm_one_is_not(tmp_path: Path) -> None:
    """A key picture every two seconds is encoded anew, frozen or not."""

    def alarms(frozen_from_s: float) -> list[str]:
        spoil, random = eye_faults.frozen(), np.random.default_rng(4)
        base = calm_film()[0][0].astype(np.float64)
        path = tmp_path / f"{frozen_from_s}.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=10)
            stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
            stream.options = {"preset": "veryfast", "crf": "26", "g": "20"}
            for number in range(220):
                picture = np.clip(base + random.normal(0, 0.7, base.shape), 0, 255).astype(np.uint8)
                shown = spoil(picture) if number >= 10 * frozen_from_s else picture
                container.mux(stream.encode(av.VideoFrame.from_ndarray(shown, format="bgr24")))
            container.mux(stream.encode())
        with av.open(str(path)) as container:
            film = [
                (frame.to_ndarray(format="bgr24"), round(float(frame.time or 0) * NS)) for frame in container.decode()
            ]
        return [cause for state, cause in told(film) if state != "ok"]

    assert alarms(10.0) == ["frozen"]
    assert alarms(99.0) == []


def test_another_picture_size_is_learned_anew() -> None:
    watch = HealthWatch("cam")
    told(calm_film()[:30], watch)
    bigger = [(np.asarray(cv2.resize(picture, (480, 360)), np.uint8), at_ns) for picture, at_ns in calm_film()[30:70]]
    assert told(bigger, watch) == [("ok", "view")]


def test_what_cannot_be_judged_is_said() -> None:
    random = np.random.default_rng(3)
    watch = HealthWatch("cam")
    for number in range(60):
        picture = np.full((240, 320, 3), 150, np.float64)
        picture[100:140, 100:140] = 60
        watch.see(np.clip(picture + random.normal(0, 2, picture.shape), 0, 255).astype(np.uint8), number * NS // 10)
    assert "too little structure to notice a movement" in watch.describe()


@given(st.lists(st.tuples(st.integers(100, 900), st.sampled_from([None, "moved", "sprayed"])), max_size=80))
def test_no_alarm_without_six_seconds_of_it(moments: list[tuple[int, Cause | None]]) -> None:
    lasting, at_ns, wrong_ns, before = Lasting(), 0, 0, 0
    for step_ms, cause in moments:
        at_ns += step_ms * 1_000_000
        wrong_ns += (at_ns - before) if cause else 0
        before = at_ns
        if lasting.see(at_ns, cause) is not None:
            assert at_ns >= HOLD_NS - NS // 2
            assert wrong_ns > HOLD_NS // 2


def test_a_shelf_watch_says_nothing_while_its_eye_is_doubted() -> None:
    change = between(8, 16, eye_faults.blurred(3.0))

    def changes(sense: PictureSense) -> list[str]:
        return [
            type(event).__name__ for picture, at_ns in shelf_film(16, change) for event in sense.see(picture, at_ns)
        ]

    assert "ShelfChanged" in changes(watch_of(Shelf(seed=5)))  # without the eye it does: so this can fail
    assert changes(SeeingSense("shelf", HealthWatch("cam"), watch_of(Shelf(seed=5)))) == ["HealthChanged"] * 2


def test_what_was_taken_while_the_camera_was_covered_is_told_with_all_of_that_time() -> None:
    shelf = Shelf(seed=13, acts=[Act(14.0, (0, 1))])
    sense = SeeingSense("shelf", HealthWatch("cam"), watch_of(shelf))
    change = between(8, 20, eye_faults.covered())
    events = [
        event
        for picture, at_ns in shelf.pictures(30)
        for event in sense.see(change(at_ns / NS, picture), at_ns)
        if isinstance(event, ShelfChanged | HealthChanged)
    ]
    assert [event.cause for event in events if isinstance(event, HealthChanged)] == ["view", "covered", "covered"]
    [found] = [event for event in events if isinstance(event, ShelfChanged)]
    assert (found.slot, found.change) == ("0-1", "take")
    assert found.began_ns < 9 * NS
    assert found.ended_ns > 20 * NS


def test_a_gate_goes_on_in_haze_and_stops_when_its_picture_is_old() -> None:
    class Counting:
        shown = 0

        def see(self, picture: Image, captured_ns: int) -> list[HealthChanged]:
            self.shown += 1
            return []

        def flush(self) -> list[HealthChanged]:
            return []

    def shown(spoil: eye_faults.Spoiler) -> int:
        inner = Counting()
        sense = SeeingSense("gate", HealthWatch("cam"), inner)
        for picture, at_ns in shelf_film(20, between(8, 20, spoil)):
            sense.see(picture, at_ns)
        return inner.shown

    assert shown(eye_faults.sprayed()) == 100
    assert shown(eye_faults.frozen()) < 80
