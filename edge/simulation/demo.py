"""Builds the recording of the bundled shop: raw streams and pictures, its store.toml, its truth, whom to enrol.

What the box itself would say (events of the senses, decisions) is left out: the demo makes it anew each time. The
same code gives the same bytes, but for the clips, which depend on the version of the encoder, and the manifest,
which holds their hashes. Must not: know how a recording is stored; the recorder is handed in.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from edge.core.events import Event
from edge.core.signals import PlateSamples, Signal
from edge.simulation import demo_shop
from edge.simulation.drawn import ShelfScene
from edge.simulation.drawn_gate import PORTRAIT, GateScene
from edge.simulation.film import film
from edge.simulation.plates import PlateRig
from edge.simulation.sensors import portal, tracker
from edge.simulation.shop import store_text
from edge.simulation.truth import truth_of
from edge.simulation.world import World

STARTED_AT = "2026-04-17T09:00:00.000Z"
SHELF_CRF, GATE_CRF = 29, 29
NOTE = """The bundled shop. Everything in this folder was made by `python -m edge.commands.build_demo`.
It is played again and again by `muin demo`."""


class Recorder(Protocol):
    """What writes a recording (edge.recorder.Recorder)."""

    def write(self, item: Event | Signal) -> None: ...

    def video_path(self, camera: str) -> Path: ...

    def close(self) -> None: ...


class OpenRecorder(Protocol):
    """How a recording is begun."""

    def __call__(self, folder: Path, *, store_id: str, config_text: str, started_at: str) -> Recorder: ...


def build_demo(folder: Path, open_recorder: OpenRecorder, say: Callable[[str], None] = lambda text: None) -> None:
    """Write the whole recording into a new folder. `say` is told what is being done."""
    world = demo_shop.demo_world()
    shelf = ShelfScene(world, *demo_shop.WATCHED, seed=demo_shop.SEED)
    gate = GateScene(world, demo_shop.TOKEN, demo_shop.SEED)
    text = store_text(world.shop, shelf.boxes_px(), NOTE)
    recorder = open_recorder(folder, store_id=world.shop.store_id, config_text=text, started_at=STARTED_AT)
    say("drawing the shelf camera")
    items: list[Event | Signal] = list(
        film(recorder.video_path("shelfcam"), "shelfcam", shelf.picture, world.length_s, SHELF_CRF)
    )
    say("drawing the gate camera")
    items += film(recorder.video_path("gatecam"), "gatecam", gate.picture, world.length_s, GATE_CRF)
    items += device_streams(world, demo_shop.SEED)
    for item in sorted(items, key=lambda item: (item.captured_ns, item.source)):
        recorder.write(item)
    recorder.close()
    say("writing truth and enrolment")
    (folder / "truth.json").write_text(json.dumps(truth_of(world), indent=1) + "\n", encoding="utf-8")
    _enrolment(folder / "enrol")


def device_streams(world: World, seed: int) -> list[PlateSamples | Event]:
    """What all devices but the cameras say, in no order."""
    found: list[PlateSamples | Event] = []
    for gondola in world.shop.gondolas:
        found += PlateRig(world, gondola.id, seed).blocks()
    return [*found, *tracker(world, seed), *portal(world, seed)]


def _enrolment(folder: Path) -> None:
    """Whom the shop knows: a picture for the face, the text of the code for the guest."""
    folder.mkdir()
    GateScene.enrolment().save(folder / f"{demo_shop.FACE}.jpg", quality=93)
    shutil.copyfile(PORTRAIT.with_name("README.md"), folder / "README.md")
    (folder / "faces.csv").write_text(f"path,identity\n{demo_shop.FACE}.jpg,{demo_shop.FACE}\n", encoding="utf-8")
    (folder / "codes.csv").write_text(f"text,identity\n{demo_shop.TOKEN},{demo_shop.GUEST}\n", encoding="utf-8")
