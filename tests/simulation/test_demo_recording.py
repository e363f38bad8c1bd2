"""The bundled recording: current, sealed, small, and seen by the real senses exactly as its truth says."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from devices.shelf_scale.steps import StepFilter
from edge import config
from edge.core.events import CredentialShown, ShelfChanged, TagRead, TracksSeen, WeightStep
from edge.core.signals import PlateSamples, VideoFrame
from edge.recorded_video import Pictures
from edge.recording import Recording
from edge.simulation import demo_shop
from edge.simulation.demo import NOTE, device_streams
from edge.simulation.drawn import ShelfScene
from edge.simulation.shop import store_text
from edge.simulation.truth import truth_of

ROOT = Path(__file__).resolve().parents[2]
BUNDLE = ROOT / "edge" / "demo_shop"
NS = 1_000_000_000
MAX_BYTES = 3_000_000


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


def test_the_bundle_is_what_the_code_makes_today(recording: Recording) -> None:
    assert recording.sealed, recording.notes
    world = demo_shop.demo_world()
    made = device_streams(world, demo_shop.SEED)
    kept = [item for item in recording.signals() if isinstance(item, PlateSamples)]
    assert kept == sorted((i for i in made if isinstance(i, PlateSamples)), key=lambda i: (i.captured_ns, i.source))
    events = list(recording.events())
    for kind in (TracksSeen, TagRead):
        assert [item for item in events if isinstance(item, kind)] == [item for item in made if isinstance(item, kind)]
    shelf = ShelfScene(world, *demo_shop.WATCHED, seed=demo_shop.SEED)
    assert recording.config_text == store_text(world.shop, shelf.boxes_px(), NOTE)
    assert json.loads((BUNDLE / "truth.json").read_text()) == truth_of(world)


def test_the_bundle_holds_only_what_devices_said(recording: Recording) -> None:
    assert {type(event) for event in recording.events()} == {TracksSeen, TagRead}
    assert list(recording.commands()) == []
    assert sum(path.stat().st_size for path in BUNDLE.rglob("*") if path.is_file()) < MAX_BYTES
    frames = [item for item in recording.signals() if isinstance(item, VideoFrame)]
    for camera in ("shelfcam", "gatecam"):
        assert [f.captured_ns for f in frames if f.camera == camera] == [k * NS // 10 for k in range(440)]


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
    expected: list[tuple[str, int, float]] = []
    for event in truth["events"]:
        plate, sign = plates.get(event["slot"], event["slot"]), 1 if event["kind"] == "put" else -1
        weight = sign * event["quantity"] * (weights[event["sku"]] or 0)
        if expected and expected[-1][0] == plate and event["t_s"] - expected[-1][2] < 0.5:
            weight += expected.pop()[1]  # both hands at once
        expected.append((plate, weight, event["t_s"]))
    assert [step.plate for step in steps] == [plate for plate, _, _ in expected]
    for step, (_, weight, at_s) in zip(steps, expected, strict=True):
        assert step.delta_mg == pytest.approx(weight, rel=0.02, abs=3_000)
        assert step.ended_ns / NS == pytest.approx(at_s, abs=0.4)


def test_the_shelf_camera_sees_what_truth_says(
    recording: Recording, store: config.StoreConfig, truth: dict[str, Any]
) -> None:
    from vision.slots import SlotWatch

    watch = SlotWatch.from_config(store, "shelfcam")
    events = []
    for picture, at_ns in pictures(recording, "shelfcam", [(0, 44)]):
        events += watch.see(picture, at_ns)
    changes = [event for event in [*events, *watch.flush()] if isinstance(event, ShelfChanged)]
    watched = {slot.id for slot in store.slot}
    expected = sorted((e["slot"], e["kind"], e["quantity"]) for e in truth["events"] if e["slot"] in watched)
    assert sorted((event.slot, event.change, event.quantity) for event in changes) == expected


def test_the_gate_knows_both_shoppers(recording: Recording, store: config.StoreConfig, tmp_path: Path) -> None:
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
    for picture, at_ns in pictures(recording, "gatecam", [(0, 4.5), (17, 21)]):
        events += watch.see(picture, at_ns)
    shown = [(e.method, e.shopper) for e in events if isinstance(e, CredentialShown)]
    assert shown == [("face", "astronaut"), ("qr", "guest")]


def test_tags_leave_with_who_took_them(recording: Recording, store: config.StoreConfig, truth: dict[str, Any]) -> None:
    prefixes = {str(row.epc): row.sku for row in store.product if row.epc}
    for visit in truth["visits"]:
        left_ns = visit["left_s"] * NS
        reads = [e for e in recording.events() if isinstance(e, TagRead) and 0 <= left_ns - e.captured_ns < 4 * NS]
        skus: dict[str, set[str]] = {}
        for read in reads:
            sku = next(sku for prefix, sku in prefixes.items() if read.epc.startswith(prefix))
            skus.setdefault(sku, set()).add(read.epc)
        tagged = {sku: count for sku, count in visit["items"].items() if sku in prefixes.values()}
        assert {sku: len(epcs) for sku, epcs in skus.items()} == tagged


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
    assert "not empty" in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
