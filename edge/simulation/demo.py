"""Builds the recording of the bundled shop from its scenario: raw streams, pictures, store.toml, truth, whom to enrol.

Shelves are filmed by the rendered shop (extra `render`); the gate is drawn, with a portrait, because a rendered figure
has no face. What the box itself would say (events of the senses, decisions) is left out: the demo makes it anew each
time. The same code gives the same streams, configuration and truth everywhere; the clips depend on the encoder and
the OpenGL driver. Must not: know how a recording is stored; the recorder is handed in.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from edge.core.events import Event, TagRead, TracksSeen
from edge.core.signals import PlateSamples, Signal
from edge.simulation.drawn_gate import PORTRAIT, GateScene, Shown
from edge.simulation.film import Pixels, film
from edge.simulation.gate_events import CAMERA
from edge.simulation.play import Simulated, chance, simulate
from edge.simulation.players import due_ns
from edge.simulation.rendering.visit_film import RenderedVisit
from edge.simulation.scenario import Scenario, load

SCENARIO: Final = Path(__file__).with_name("demo.yaml")
SEED: Final = 11
LENGTH_S: Final = 44.0
SHOW_S, DOOR_S = 2.4, 1.1  # a credential is shown that long; from then to the first step inside
TOKEN: Final = "muin:demo-guest-7Q4K"  # what the code at the gate says
FACE, GUEST = "astronaut", "guest"
STARTED_AT: Final = "2026-04-17T09:00:00.000Z"
SHELF_CRF, GATE_CRF = 27, 29
NS = 1_000_000_000
NOTE: Final = """\
# The bundled shop, played again and again by `muin demo`. Everything in this folder but its README.md was made by
# `python -m edge.commands.build_demo --out FOLDER` from edge/simulation/demo.yaml.
"""
GATE_PACE: Final = """
[faces]
look_every_ms = 400
"""
Reading: TypeAlias = PlateSamples | TracksSeen | TagRead


class Recorder(Protocol):
    """What writes a recording (edge.recorder.Recorder)."""

    def write(self, item: Event | Signal) -> None: ...

    def video_path(self, camera: str) -> Path: ...

    def close(self) -> None: ...


class OpenRecorder(Protocol):
    """How a recording is begun."""

    def __call__(self, folder: Path, *, store_id: str, config_text: str, started_at: str) -> Recorder: ...


class DemoDay:
    """The bundled day before it is written."""

    def __init__(self) -> None:
        self.scenario: Scenario = load(SCENARIO)
        self.found: Simulated = simulate(self.scenario, SEED)
        self.visit = RenderedVisit(self.scenario, SEED, self.found)
        self.config_text = NOTE + self.visit.config_text + GATE_PACE

    def readings(self) -> list[Reading]:
        """What all devices but cameras and the gate say, each complete before the end of the recording."""
        items = [item for _, item in self.found.readings if isinstance(item, PlateSamples | TracksSeen | TagRead)]
        return [item for item in items if due_ns(item) <= LENGTH_S * NS]

    def gate(self) -> GateScene:
        """The gate camera: everybody shows a credential just before they come in."""
        shown = []
        for name, body in self.found.happened.bodies.items():
            to_s = body.enters_s - DOOR_S
            shown.append(Shown(self.scenario.shoppers[name].credential, to_s - SHOW_S, to_s))
        return GateScene(shown, TOKEN, chance(self.scenario, SEED, "pictures gate"))

    def pictures(self) -> dict[str, tuple[Callable[[float], Pixels], int]]:
        """Camera -> what draws its picture, and how strongly its clip is packed. Raises BadInput without OpenGL."""
        shelves = {name: (draw, SHELF_CRF) for name, draw in self.visit.cameras()}
        return {**shelves, CAMERA: (self.gate().picture, GATE_CRF)}


def build_demo(folder: Path, open_recorder: OpenRecorder, say: Callable[[str], None] = lambda text: None) -> None:
    """Write the whole recording into a new folder. `say` is told what is being done."""
    day = DemoDay()
    pictures = day.pictures()
    recorder = open_recorder(folder, store_id=day.scenario.store.id, config_text=day.config_text, started_at=STARTED_AT)
    items: list[Event | Signal] = [*day.readings()]
    for name, (draw, crf) in pictures.items():
        say(f"drawing {name}")
        items += film(recorder.video_path(name), name, draw, LENGTH_S, crf)
    for item in sorted(items, key=lambda item: (item.captured_ns, item.source)):
        recorder.write(item)
    recorder.close()
    say("writing truth and enrolment")
    (folder / "truth.json").write_text(json.dumps(day.found.truth, indent=1) + "\n", encoding="utf-8")
    _enrolment(folder / "enrol")


def _enrolment(folder: Path) -> None:
    """Whom the shop knows: a picture for the face, the text of the code for the guest."""
    folder.mkdir()
    GateScene.enrolment().save(folder / f"{FACE}.jpg", quality=93)
    shutil.copyfile(PORTRAIT.with_name("README.md"), folder / "README.md")
    (folder / "faces.csv").write_text(f"path,identity\n{FACE}.jpg,{FACE}\n", encoding="utf-8")
    (folder / "codes.csv").write_text(f"text,identity\n{TOKEN},{GUEST}\n", encoding="utf-8")
