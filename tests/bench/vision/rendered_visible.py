"""Which takes and puts of a rendered clip a shelf camera could see at all, by a picture of numbers instead of colours.

The shelf is drawn just before and just after each of them with nobody in view, every pack in a colour that is its
number. Where not one pixel differs, packs and boards hide the change from the camera. Must not: know what was told.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.simulation.play import Simulated, chance, simulate
from edge.simulation.rendering import gl, shaders
from edge.simulation.rendering.eyes import HEIGHT_PX, WIDTH_PX, Eye
from edge.simulation.rendering.furniture import Row
from edge.simulation.rendering.pack_art import draw_art
from edge.simulation.rendering.pack_looks import Form, draw_looks
from edge.simulation.rendering.shelf_view import Draughtsman
from edge.simulation.rendering.staging import Staging
from edge.simulation.rendering.visit_film import RenderedVisit
from edge.simulation.scenario import Scenario
from tests.bench.vision.rendered_cases import Case, scenario_of

Numbers: TypeAlias = NDArray[np.int64]
Changes: TypeAlias = dict[tuple[float, str, str], int]  # (s, kind, slot) -> pixels of 640 x 360 that differ
A_MOMENT_S = 1e-6
NUMBER = """
#version 330
in vec3 place; in vec3 normal; in vec3 uv; in float material; in float gloss; in vec3 lid; in vec3 plain;
out vec4 colour;
void main() { colour = vec4(plain, 1.0); }
"""


def seen_pixels(case: Case, planogram: int, seed: int) -> Changes:
    """How much of each change of a clip its camera could see."""
    scenario = scenario_of(case, planogram)
    return pixels_of(scenario, seed, planogram, simulate(scenario, seed))


def pixels_of(scenario: Scenario, seed: int, planogram: int, found: Simulated) -> Changes:
    """The same, of a world that was played."""
    looks = draw_looks(found.plan, planogram)
    staging = Staging(found.happened, looks, lambda purpose: chance(scenario, seed, purpose))
    eyes = RenderedVisit(scenario, seed, found).eyes
    tools = Draughtsman(gl.open_context(), [draw_art(look) for look in list(looks.values())[:1]], 1.0)
    shelf = NumberedShelf(tools, staging)
    changes: Changes = {}
    for move in found.happened.moves:
        kind, slot = ("take", move.giver) if move.giver in found.plan.facing else ("put", move.taker)
        if move.empty or move.who is None or slot not in found.plan.facing:
            continue
        eye = eyes[f"cam-{found.plan.facing[slot].gondola.id}"]
        before, after = (shelf.drawn(eye, move.at_s + shift) for shift in (-A_MOMENT_S, A_MOMENT_S))
        changes[round(move.at_s, 2), kind, slot] = int(np.count_nonzero(before != after))
    return changes


class NumberedShelf:
    """Draws the shelf with each pack in the colour of its number; furniture is 0."""

    def __init__(self, tools: Draughtsman, staging: Staging) -> None:
        self._tools, self._staging = tools, staging
        context = tools.context
        self._program = context.program(vertex_shader=shaders.PACK_VERTEX, fragment_shader=NUMBER)
        size = (WIDTH_PX, HEIGHT_PX)
        self._target = context.framebuffer([context.texture(size, 4)], context.depth_texture(size))

    def drawn(self, eye: Eye, at_s: float) -> Numbers:
        """Pack numbers, one more than in the world, shape [360, 640]."""
        context: Any = self._tools.context
        context.enable(context.DEPTH_TEST)
        self._target.use()
        self._target.clear(depth=1.0)
        camera = (eye.projection() @ eye.view()).astype(np.float32)
        self._program["camera"].write(camera.T.tobytes())
        self._tools.packs(self._program, self._rows(at_s))
        read = np.frombuffer(self._target.read(components=3), np.uint8).reshape(HEIGHT_PX, WIDTH_PX, 3)
        return read[::-1].astype(np.int64) @ np.array([1, 256, 65_536])

    def _rows(self, at_s: float) -> dict[Form, list[Row]]:
        found = self._staging.empty_shelf()
        found["box"] = [[*row[:-3], 0.0, 0.0, 0.0] for row in found["box"]]
        for number, (form, row) in self._staging.packs(at_s).items():
            parts = [(number + 1) // 256**place % 256 / 255 for place in range(3)]
            found[form].append([*row[:-3], *parts])
        return found
