"""Draws what a shelf camera sees: the shelf once for each stock, then people, what they hold, and their shadows.

Must not: know a scenario, or add what the camera's electronics do (exposure.py does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.simulation.rendering import meshes, shaders
from edge.simulation.rendering.eyes import HEIGHT_PX, WIDTH_PX, Eye, looking, perspective
from edge.simulation.rendering.furniture import Row
from edge.simulation.rendering.pack_art import Art
from edge.simulation.rendering.pack_looks import FORMS, Form

SIZE = (WIDTH_PX, HEIGHT_PX)
FOLD = 2  # the shelf is drawn this many times finer each way
SHELF_SHADOW_PX, PEOPLE_SHADOW_PX = 1024, 384
MOST_BODIES = 6
AMBIENT, KEY = (0.56, 0.57, 0.58), (0.46, 0.45, 0.42)  # many tubes: much light from all around
LENS_BLUR_PX = 0.65
PACK_LAYOUT = "3f 3f 3f 3f 3f/i"
PACK_FIELDS = ("at", "size", "turn_sheet_gloss", "accent", "ground")
LIMB_LAYOUT = "4f 4f 4f 4f/i"
LIMB_FIELDS = ("one", "two", "side_flat", "dye")
Matrix: TypeAlias = NDArray[np.float64]
Picture: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True)
class Light:
    """Light of the moment, and what the camera makes of it: `white` are its gains for red, green and blue."""

    ambient: float = 1.0
    key: float = 1.0
    white: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass
class Someone:
    """A person to draw: limbs, what they hold (rows by form), and where they stand (x, y, height, width share)."""

    limbs: NDArray[np.float32]
    held: dict[Form, list[Row]]
    stands: tuple[float, float, float, float]


class Draughtsman:
    """Programs and shapes that all cameras of a shop share. `context` is from gl.open_context."""

    def __init__(self, context: Any, art: Sequence[Art], shelf_depth_mm: float) -> None:
        self.context = context
        self.layers = context.program(vertex_shader=shaders.PACK_VERTEX, fragment_shader=shaders.PACK_LAYERS)
        self.forward = context.program(vertex_shader=shaders.PACK_VERTEX, fragment_shader=shaders.PACK_FORWARD)
        self.pack_depth = context.program(vertex_shader=shaders.PACK_VERTEX, fragment_shader=shaders.DEPTH_ONLY)
        self.limbs = context.program(vertex_shader=shaders.LIMB_VERTEX, fragment_shader=shaders.LIMB_FORWARD)
        self.limb_depth = context.program(vertex_shader=shaders.LIMB_VERTEX, fragment_shader=shaders.DEPTH_ONLY)
        self.resolve = context.program(vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.RESOLVE)
        self.compose = context.program(vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.COMPOSE)
        self.shapes = {form: context.buffer(meshes.PACKS[form]().tobytes()) for form in FORMS}
        self.limb = context.buffer(meshes.limb().tobytes())
        self.corners = context.buffer(np.array([-1, -1, 1, -1, -1, 1, 1, 1], np.float32).tobytes())
        self.art = self._sheets(art)
        _give(self.layers, shelf_depth=shelf_depth_mm)

    def _sheets(self, art: Sequence[Art]) -> Any:
        height, width = art[0].shape[:2]
        found = self.context.texture_array((width, height, len(art)), 3, np.stack(art).tobytes())
        found.build_mipmaps()
        found.filter = (self.context.LINEAR_MIPMAP_LINEAR, self.context.LINEAR)
        return found

    def packs(self, program: Any, rows: dict[Form, list[Row]]) -> None:
        """Draw boxes, tins and so on."""
        for form, instances in rows.items():
            if instances:
                data = self.context.buffer(np.array(instances, np.float32).tobytes())
                shape = (self.shapes[form], "3f 3f 2f 1f", "in_place", "in_normal", "in_uv", "in_material")
                self._instanced(program, shape, (data, PACK_LAYOUT, *PACK_FIELDS), len(instances))
                data.release()

    def people(self, program: Any, limbs: NDArray[np.float32]) -> None:
        """Draw rounded limbs."""
        if len(limbs):
            data = self.context.buffer(limbs.tobytes())
            self._instanced(program, (self.limb, "3f", "in_limb"), (data, LIMB_LAYOUT, *LIMB_FIELDS), len(limbs))
            data.release()

    def _instanced(self, program: Any, shape: tuple[Any, ...], instances: tuple[Any, ...], count: int) -> None:
        array = self.context.vertex_array(program, [_bound(program, shape), _bound(program, instances)])
        array.render(instances=count)
        array.release()

    def screen(self, program: Any) -> None:
        """Run a program over the whole target."""
        array = self.context.vertex_array(program, [(self.corners, "2f", "in_corner")])
        array.render(mode=self.context.TRIANGLE_STRIP)
        array.release()


def _bound(program: Any, content: tuple[Any, ...]) -> tuple[Any, ...]:
    """A buffer's fields without those that the compiler dropped: they become padding."""
    buffer, layout, *names = content
    divisor = "/i" if layout.endswith("/i") else ""
    kinds = layout.removesuffix("/i").split(" ")
    kept, parts = [], []
    for kind, name in zip(kinds, names, strict=True):
        if name in program:
            kept.append(name)
            parts.append(kind)
        else:
            parts.append(f"{4 * int(kind[:-1])}x")
    return (buffer, " ".join(parts) + divisor, *kept)


def _give(program: Any, **values: Any) -> None:
    """Set uniforms; what the compiler dropped is not missed."""
    for name, value in values.items():
        if name in program:
            if isinstance(value, np.ndarray):
                program[name].write(
                    value.astype(np.float32).T.tobytes() if value.ndim == 2 else value.astype(np.float32).tobytes()
                )
            else:
                program[name].value = value


class ShelfView:
    """One camera. `key_place` is where its ceiling light hangs."""

    def __init__(
        self, tools: Draughtsman, eye: Eye, key_place: tuple[float, float, float], aim: tuple[float, float, float]
    ) -> None:
        self._tools, self._eye = tools, eye
        context = tools.context
        self._camera = eye.projection() @ eye.view()
        place, target = np.array(key_place), np.array(aim)
        self._key = perspective(95.0, 1.0, 300.0, 4_500.0) @ looking(place, target - place)
        self._key_place = key_place
        big = (WIDTH_PX * FOLD, HEIGHT_PX * FOLD)
        self._big = context.framebuffer(
            [context.texture(big, 4, dtype="f2") for _ in range(2)], context.depth_texture(big)
        )
        self._layers = context.framebuffer(
            [context.texture(SIZE, 4, dtype="f2") for _ in range(2)], context.depth_texture(SIZE)
        )
        self._scene = context.framebuffer([context.texture(SIZE, 4)], context.depth_texture(SIZE))
        self._shelf_shadow = context.framebuffer(depth_attachment=context.depth_texture((SHELF_SHADOW_PX,) * 2))
        self._people_shadow = context.framebuffer(depth_attachment=context.depth_texture((PEOPLE_SHADOW_PX,) * 2))
        for target_map in (self._shelf_shadow, self._people_shadow):
            target_map.depth_attachment.compare_func = "<="
            target_map.depth_attachment.filter = (context.LINEAR, context.LINEAR)
        for framebuffer in (self._big, self._layers):
            framebuffer.depth_attachment.compare_func = ""
            framebuffer.depth_attachment.filter = (context.NEAREST, context.NEAREST)

    def stock(self, rows: dict[Form, list[Row]]) -> None:
        """Draw the shelf with what stands on it; it stays until the next call."""
        tools, context = self._tools, self._tools.context
        context.enable(context.DEPTH_TEST)
        self._shelf_shadow.use()
        self._shelf_shadow.clear(depth=1.0)
        _give(tools.pack_depth, camera=self._key)
        tools.packs(tools.pack_depth, rows)
        self._big.use()
        self._big.clear(depth=1.0)
        _give(tools.layers, camera=self._camera, key_matrix=self._key, shelf_shadow=1, art=0, **self._light_places())
        tools.art.use(0)
        self._shelf_shadow.depth_attachment.use(1)
        tools.packs(tools.layers, rows)
        self._layers.use()
        context.enable(context.DEPTH_TEST)
        self._layers.clear(depth=1.0)
        _give(tools.resolve, ambient_big=0, key_big=1, depth_big=2, fold=(FOLD, FOLD))
        for unit, texture in enumerate((*self._big.color_attachments, self._big.depth_attachment)):
            texture.use(unit)
        tools.screen(tools.resolve)

    def _light_places(self) -> dict[str, Any]:
        return {
            "key_place": self._key_place,
            "ambient_colour": AMBIENT,
            "key_colour": KEY,
            "eye": self._eye.place,
        }

    def picture(self, people: Sequence[Someone], light: Light) -> Picture:
        """The shelf with people before it, uint8 [360, 640, 3] RGB, without noise."""
        tools = self._tools
        if people:
            self._people_shadow.use()
            self._people_shadow.clear(depth=1.0)
            _give(tools.limb_depth, camera=self._key)
            _give(tools.pack_depth, camera=self._key)
            for someone in people:
                tools.people(tools.limb_depth, someone.limbs)
                tools.packs(tools.pack_depth, someone.held)
        self._scene.use()
        self._scene.clear(depth=1.0)
        self._compose(people, light)
        gains = {"ambient_gain": light.ambient, "key_gain": light.key, "white": light.white}
        _give(tools.limbs, camera=self._camera, **self._light_places(), **gains)
        _give(tools.forward, camera=self._camera, art=0, **self._light_places(), **gains)
        tools.art.use(0)
        for someone in people:
            tools.people(tools.limbs, someone.limbs)
            tools.packs(tools.forward, someone.held)
        data = np.frombuffer(self._scene.read(components=3), np.uint8)
        upright = data.reshape(HEIGHT_PX, WIDTH_PX, 3)[::-1]
        return np.asarray(cv2.GaussianBlur(upright, (3, 3), LENS_BLUR_PX), np.uint8)

    def _compose(self, people: Sequence[Someone], light: Light) -> None:
        tools = self._tools
        bodies = np.zeros((MOST_BODIES, 4), np.float32)
        for number, someone in enumerate(people[:MOST_BODIES]):
            bodies[number] = someone.stands
        _give(
            tools.compose, ambient_layer=0, key_layer=1, depth_layer=2, people_shadow=3,
            key_matrix=self._key, back=np.linalg.inv(self._camera), white=light.white,
            ambient_gain=light.ambient, key_gain=light.key, body_count=min(len(people), MOST_BODIES),
        )  # fmt: skip
        if "bodies" in tools.compose:
            tools.compose["bodies"].write(bodies.tobytes())
        for unit, texture in enumerate((*self._layers.color_attachments, self._layers.depth_attachment)):
            texture.use(unit)
        self._people_shadow.depth_attachment.use(3)
        tools.screen(tools.compose)
