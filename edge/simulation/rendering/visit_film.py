"""Films a simulated visit: one clip for each shelf camera, and the store.toml whose slots fit the pictures.

The world is the one that the other sensors were simulated from. Must not: change what happened, or let a camera's
events be simulated as well (what a picture shows is for the box to find out).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from edge.core.errors import BadInput
from edge.core.events import Event, ShelfChanged, ShelfReached
from edge.core.signals import Signal, VideoFrame
from edge.simulation.film import film
from edge.simulation.plan import DEPTH_MM, Gondola
from edge.simulation.play import Simulated, chance, clock_offset_ns
from edge.simulation.rendering import gl
from edge.simulation.rendering.exposure import BEGIN_S, Exposure, Noise, Picture
from edge.simulation.rendering.eyes import HEIGHT_PX, WIDTH_PX, Eye, shelf_eye
from edge.simulation.rendering.pack_art import draw_art
from edge.simulation.rendering.pack_looks import draw_looks, printed_name
from edge.simulation.rendering.shelf_view import Draughtsman, Light, ShelfView
from edge.simulation.rendering.slot_outlines import slot_polygons
from edge.simulation.rendering.staging import Staging
from edge.simulation.scenario import Fault, Scenario
from edge.simulation.store_config import config_text

Shown: TypeAlias = tuple[int, Event | Signal]  # due_ns, what is recorded
CRF, PRESET = 24, "veryfast"
LAMP_OUT_MM, LAMP_HIGH_MM = 1_500.0, 2_900.0
EMPTY_S = 4.0  # the shop is filmed that long after the last one left
LATE_S = 0.06  # from the exposure of a picture to its arrival at the box
NEAR_MM = 1_700.0  # who is farther from a gondola neither hides nor shades it
LEAST_LIGHT_STEP = 0.004


class RenderedVisit:
    """The pictures of one simulated visit. Raises BadInput where nothing can be drawn here, with the cure."""

    def __init__(self, scenario: Scenario, seed: int, found: Simulated) -> None:
        if "cameras" not in scenario.sensors:
            raise BadInput(f"{scenario.name}: sensors", "has no cameras to film with; add `cameras`")
        self._scenario, self._seed, self._found = scenario, seed, found
        plan = found.plan
        shop = seed if scenario.store.planogram is None else scenario.store.planogram
        self._looks = draw_looks(plan, shop)
        hung = np.random.Generator(np.random.PCG64([shop, zlib.crc32(b"cameras")]))
        self.eyes = {f"cam-{unit.id}": shelf_eye(unit, hung) for unit in plan.gondolas}
        self.slots_px = slot_polygons(plan, self.eyes, self._looks, hung)
        printed = {sku: printed_name(look) for sku, look in self._looks.items()}
        self.config_text = config_text(scenario, plan, self.slots_px, printed)
        self._staging = Staging(found.happened, self._looks, lambda purpose: chance(scenario, seed, purpose))

    def film(self, path_of: Callable[[str], Path]) -> list[Shown]:
        """Write the clips; returns all that was recorded, by due time: from the devices, and the index of the clips."""
        shown: list[Shown] = [
            (due_ns, item) for due_ns, item in self._found.readings if not isinstance(item, ShelfChanged | ShelfReached)
        ]
        bodies = self._found.happened.bodies.values()
        length_s = min(self._found.happened.length_s, max(body.leaves_s for body in bodies) + EMPTY_S)
        for name, picture in self.cameras():
            index = film(path_of(name), name, picture, length_s, CRF, PRESET)
            offset_ns = clock_offset_ns(self._scenario, chance(self._scenario, self._seed, f"clock {name}"))
            shown += [self._indexed(frame, offset_ns) for frame in index if not self._gone(frame)]
        return sorted(shown, key=lambda row: row[0])

    def stills(self, at_s: float) -> dict[str, Picture]:
        """What every camera gives at a moment, RGB uint8 [360, 640, 3]: the stocked shop before anybody came."""
        return {name: pictures[0] for name, pictures in self.series([at_s]).items()}

    def series(self, times_s: Sequence[float]) -> dict[str, list[Picture]]:
        """The same at several moments, in time order."""
        return {name: [picture(at_s) for at_s in times_s] for name, picture in self.cameras()}

    def cameras(self) -> Iterator[tuple[str, Callable[[float], Picture]]]:
        """Name of every shelf camera, and what draws its picture at a moment; moments rise from call to call."""
        tools = Draughtsman(gl.open_context(), [draw_art(look) for look in self._looks.values()], DEPTH_MM)
        for gondola in self._found.plan.gondolas:
            eye = self.eyes[f"cam-{gondola.id}"]
            yield eye.id, _Camera(tools, self._staging, gondola, eye, self._scenario, self._seed).picture

    def _indexed(self, frame: VideoFrame, offset_ns: int) -> Shown:
        shifted = VideoFrame(
            captured_ns=max(1, frame.captured_ns + offset_ns), source=frame.source, camera=frame.camera, pts=frame.pts
        )
        return frame.captured_ns + round(LATE_S * 1e9), shifted

    def _gone(self, frame: VideoFrame) -> bool:
        return any(
            fault.kind in ("gone", "dead") and hits(fault, frame.captured_ns / 1e9) for fault in self._scenario.faults
        )


def hits(fault: Fault, at_s: float) -> bool:
    """Whether a fault of the cameras holds at a moment."""
    since = at_s - BEGIN_S
    return fault.device == "cameras" and fault.t <= since and (fault.until is None or since < fault.until)


class _Camera:
    """One shelf camera while the clip is drawn, in time order."""

    def __init__(
        self, tools: Draughtsman, staging: Staging, gondola: Gondola, eye: Eye, scenario: Scenario, seed: int
    ) -> None:
        self._staging, self._gondola, self._scenario = staging, gondola, scenario
        self._eye = eye
        middle = gondola.plates * gondola.pitch_mm / 2
        lamp = (*gondola.point(middle, -LAMP_OUT_MM), LAMP_HIGH_MM)
        self._view = ShelfView(tools, eye, lamp, (*gondola.point(middle, 120.0), 750.0))
        rng = chance(scenario, seed, f"pictures {eye.id}")
        weather = chance(scenario, seed, "weather")  # all cameras of a shop see the same light
        self._light = Exposure(scenario.light, weather, staging.happened.length_s)
        self._noise = Noise((HEIGHT_PX, WIDTH_PX), rng)
        self._stock: object = None
        self._still: tuple[Light, Picture] | None = None

    def picture(self, at_s: float) -> Picture:
        """What the camera gives at a moment."""
        if any(fault.kind == "black" and hits(fault, at_s) for fault in self._scenario.faults):
            return self._noise.on(np.zeros((HEIGHT_PX, WIDTH_PX, 3), np.uint8))
        stock = self._staging.state(at_s)
        if stock != self._stock:
            self._view.stock(self._staging.shelf(at_s))
            self._stock, self._still = stock, None
        light = self._light.at(at_s)
        people = self._staging.people(at_s, self._near)
        drawn = self._view.picture(people, light) if people else self._unpeopled(light)
        return self._noise.on(drawn)

    def _near(self, x: float, y: float) -> bool:
        width = self._gondola.plates * self._gondola.pitch_mm
        left, right = self._gondola.point(0, 0)[0], self._gondola.point(width, 0)[0]
        if left - NEAR_MM < x < right + NEAR_MM and y > -NEAR_MM - 300:
            return True
        spots = self._eye.pixels(np.array([(x, y, z) for z in (0.0, 900.0, 1_700.0)]))
        inside = (spots > -150) & (spots < np.array([WIDTH_PX + 150, HEIGHT_PX + 150]))
        return bool(inside.all(axis=1).any())

    def _unpeopled(self, light: Light) -> Picture:
        """Nobody is near: the last such picture in the light of now."""
        if self._still is None or _apart(self._still[0], light) > LEAST_LIGHT_STEP:
            plain = Light(light.ambient, light.key)
            self._still = (plain, self._view.picture([], plain))
        levels = np.arange(256) / 255.0
        table = np.stack([255 * np.clip(levels**2.2 * gain, 0, 1) ** (1 / 2.2) for gain in light.white], axis=1)
        bytes_of = np.round(table).astype(np.uint8)
        return np.stack([bytes_of[:, k][self._still[1][..., k]] for k in range(3)], axis=2)


def _apart(one: Light, other: Light) -> float:
    return max(abs(one.ambient - other.ambient), abs(one.key - other.key))
