"""The bundled recording: current, sealed, small, and seen by the real senses exactly as its truth says."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from devices.shelf_scale.steps import StepFilter
from edge import config
from edge.commands import build_demo
from edge.core.errors import BadInput
from edge.core.events import CredentialShown, ShelfChanged, TagRead, TracksSeen, WeightStep
from edge.core.signals import PlateSamples, VideoFrame
from edge.recorded_video import Pictures
from edge.recording import Recording
from edge.simulation.demo import DemoDay
from edge.simulation.rendering import gl
from tests.conftest import lacking

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "edge" / "demo_shop"
NS = 1_000_000_000
MAX_BYTES = 4_000_000
CAMERAS = ("cam-g1", "cam-g2", "gatecam")


@pytest.fixture(scope="module")
def recording() -> Recording:
    return Recording.open(BUNDLE)


@pytest.fixture(scope="module")
def store(recording: Recording) -> config.StoreConfig:
    return config.parse(recording.config_text)


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((BUNDLE / "truth.json").read_text())
    return found


def pictures(recording: Recording, camera: str, spans_s: list[tuple[float, float]]) -> Iterator[tuple[Any, int]]:
    """Pictures of a camera in some spans of time, with the time of each."""
    clip = Pictures(recording.videos()[camera])
    frames = [item for item in recording.signals() if isinstance(item, VideoFrame) and item.camera == camera]
    for frame in frames:
        if any(begin <= frame.captured_ns / NS < end for begin, end in spans_s):
            picture = clip.at(frame.pts)
            assert picture is not None, f"no picture for {frame}"
            yield picture, frame.captured_ns
    clip.close()


@pytest.fixture(scope="module")
def day() -> DemoDay:
    return DemoDay()


def test_the_bundle_is_what_the_scenario_makes_today(recording: Recording, day: DemoDay) -> None:
    assert recording.sealed, recording.notes
    made = sorted(day.readings(), key=lambda item: (item.captured_ns, item.source))
    said = [*recording.signals(), *recording.events()]
    for kind in (PlateSamples, TracksSeen, TagRead):
        assert [i for i in said if isinstance(i, kind)] == [i for i in made if isinstance(i, kind)]
    assert recording.config_text == day.config_text
    assert json.loads((BUNDLE / "truth.json").read_text()) == day.found.truth


def test_the_clips_show_what_the_scenario_renders_today(recording: Recording, day: DemoDay) -> None:
    try:
        gl.open_context().release()
    except BadInput as error:
        lacking(str(error))
    reach = day.found.happened.bodies["A"].reaches[0]
    moments = [0.0, round(reach.there_s, 1), 30.0]
    for camera, (draw, _) in day.pictures().items():
        spans = [(at_s - 0.01, at_s + 0.01) for at_s in moments]
        for (picture, _), at_s in zip(pictures(recording, camera, spans), moments, strict=True):
            apart = np.abs(picture[..., ::-1].astype(np.int16) - draw(at_s).astype(np.int16))
            smooth = cv2.blur(apart.astype(np.float32), (8, 8))
            assert float(apart.mean()) < 5, f"{camera} at {at_s} s"
            assert float(np.quantile(smooth, 0.999)) < 25, f"{camera} at {at_s} s"


def test_the_bundle_holds_only_what_devices_said(recording: Recording) -> None:
    assert {type(event) for event in recording.events()} == {TracksSeen, TagRead}
    assert list(recording.commands()) == []
    assert sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file()) < MAX_BYTES
    frames = [item for item in recording.signals() if isinstance(item, VideoFrame)]
    for camera in CAMERAS:
        assert [f.captured_ns for f in frames if f.camera == camera] == [k * NS // 10 for k in range(440)]


def test_somebody_takes_and_somebody_puts_back(truth: dict[str, Any]) -> None:
    said = {(event["kind"], event["visit"]) for event in truth["events"]}
    assert said == {("take", "A"), ("take", "B"), ("put", "B")}
    assert all(visit["items"] for visit in truth["visits"])


def test_scales_feel_what_truth_says(recording: Recording, store: config.StoreConfig, truth: dict[str, Any]) -> None:
    filters = {
        gondola: StepFilter.from_config(store.scales, [row for row in store.plate if row.gondola == gondola])
        for gondola in ("g1", "g2")
    }
    found = []
    for item in recording.signals():
        if isinstance(item, PlateSamples):
            found += filters[item.plates[0][:2]].feed(item)
    found += [event for sense in filters.values() for event in sense.flush()]
    steps = sorted((e for e in found if isinstance(e, WeightStep)), key=lambda step: step.began_ns)
    weights = {product.sku: product.weight_mg for product in store.product}
    plates = {slot.id: slot.plates[0] for slot in store.slot}
    for event in truth["events"]:
        weight = (1 if event["kind"] == "put" else -1) * event["quantity"] * (weights[event["sku"]] or 0)
        here = [step for step in steps if step.plate == plates[event["slot"]]]
        near = [step for step in here if abs(step.ended_ns / NS - event["t_s"]) < 0.9]
        assert sum(step.delta_mg for step in near) == pytest.approx(weight, rel=0.05, abs=5_000), event


def test_the_shelf_cameras_see_what_truth_says(
    recording: Recording, store: config.StoreConfig, truth: dict[str, Any]
) -> None:
    from vision.slots import SlotWatch

    found = []
    for camera in CAMERAS[:2]:
        watch = SlotWatch.from_config(store, camera)
        events = [
            event for picture, at_ns in pictures(recording, camera, [(0, 44)]) for event in watch.see(picture, at_ns)
        ]
        found += [event for event in [*events, *watch.flush()] if isinstance(event, ShelfChanged)]
    expected = sorted((event["slot"], event["kind"]) for event in truth["events"])
    assert sorted((event.slot, event.change) for event in found) == expected


def test_the_gate_knows_both_shoppers(
    recording: Recording, store: config.StoreConfig, truth: dict[str, Any], tmp_path: Path
) -> None:
    from vision.codes import token_of
    from vision.face_records import Consent
    from vision.faces.engines import open_engine
    from vision.gallery import Gallery
    from vision.gate import GateWatch

    engine = open_engine(store.faces)
    faces = engine.faces(np.asarray(cv2.imread(str(BUNDLE / "enrol" / "astronaut.jpg")), np.uint8))
    assert len(faces) == 1, "the enrolment picture shows one person"
    template = faces[0].template
    assert template is not None
    gallery = Gallery(tmp_path)
    day = "2026-12-31"
    consent = Consent(text_version="1", given_at="2026-04-17T08:00:00Z", retain_until=day)
    gallery.enrol("astronaut", [(engine.kind, template)], consent)
    text, shopper = (BUNDLE / "enrol" / "codes.csv").read_text().splitlines()[1].split(",")
    gallery.issue_code(shopper, None, token=token_of(text))
    opened = int(datetime.datetime(2026, 4, 17, tzinfo=datetime.UTC).timestamp()) * NS
    watch = GateWatch.from_config(store, "gatecam", gallery, opened)
    events = []
    spans = [(visit["entered_s"] - 4.0, visit["entered_s"]) for visit in truth["visits"]]
    for picture, at_ns in pictures(recording, "gatecam", spans):
        events += watch.see(picture, at_ns)
    shown = [(e.method, e.shopper) for e in events if isinstance(e, CredentialShown)]
    assert shown == [("face", "astronaut"), ("qr", "guest")]


def test_tags_leave_with_who_took_them(recording: Recording, store: config.StoreConfig, truth: dict[str, Any]) -> None:
    prefixes = {str(row.epc): row.sku for row in store.product if row.epc}
    for visit in truth["visits"]:
        left_ns = visit["left_s"] * NS
        near = [e for e in recording.events() if isinstance(e, TagRead) and abs(left_ns - e.captured_ns) < 2 * NS]
        counts = Counter(read.epc for read in near)
        skus = Counter(
            next(sku for prefix, sku in prefixes.items() if epc.startswith(prefix))
            for epc, count in counts.items() if count > 2  # the stock on the shelves answers now and then
        )  # fmt: skip
        assert dict(skus) == visit["items"]


def test_a_folder_in_use_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("kept")
    done = subprocess.run(
        [sys.executable, "-m", "edge.commands.build_demo", "--out", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "already there" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_without_the_extra_the_cure_is_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "moderngl", None)
    monkeypatch.setattr(sys, "argv", ["build_demo", "--out", str(tmp_path / "new")])
    with pytest.raises(SystemExit) as ended:
        build_demo.main()
    assert ended.value.code == 2
    assert "pip install 'muin[render]'" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
