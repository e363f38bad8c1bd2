"""The drawn shelf camera: one board of a gondola, its packs, and the arms that reach in.

The camera hangs in the header and looks down along the front, so a point further out from the shelf is lower in
the picture. Must not: be looked at by the product; it only looks like a shop. Pictures are RGB float32 0..1.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edge.simulation.bodies import Body, Vector
from edge.simulation.packs import Picture, draw_pack, soft
from edge.simulation.sensors import generator
from edge.simulation.shop import Facing, Product
from edge.simulation.world import World

WIDTH, HEIGHT = 640, 360
PX_PER_MM = 0.5
BOARD_PX = 292  # row of the watched board's front edge
OUT_PX_PER_MM = 1.15  # how much lower a point is for each mm it is further out
RAIL_PX = 26
UPPER_PX = 60  # row of the front edge of the board above
SLEEVES = ((0.86, 0.38, 0.16), (0.20, 0.30, 0.46))
SKIN = ((0.86, 0.66, 0.54), (0.66, 0.46, 0.34))
GAIN_SWING, NOISE = 0.006, 0.008
Pixels = NDArray[np.uint8]


class ShelfScene:
    """Draws the watched board of a world at any moment."""

    def __init__(self, world: World, gondola: str, shelf: int, seed: int) -> None:
        self._world = world
        self._gondola = world.shop.gondola(gondola)
        self._board_mm = self._gondola.boards_mm[shelf - 1]
        self._facings = [facing for facing in world.shop.facings if facing.watched]
        self._rows = {step: self._row(shelf + step) for step in (-1, 0, 1)}
        self._packs = {sku: draw_pack(world.shop.product(sku), PX_PER_MM) for sku in self._skus()}
        self._rng = generator(seed, "shelfcam")
        self._bare = self._backdrop()
        self._stocked: dict[tuple[str, ...], Picture] = {}

    def _skus(self) -> set[str]:
        return {facing.sku for row in self._rows.values() for facing in row}

    def _row(self, shelf: int) -> list[Facing]:
        return [row for row in self._world.shop.facings if row.plate.startswith(f"{self._gondola.id}-s{shelf}-")]

    def boxes_px(self) -> dict[str, tuple[int, int, int, int]]:
        """Where each watched facing is in the picture: left, top, right, bottom."""
        boxes = {}
        half = self._gondola.width_mm / len(self._facings) / 2
        for facing in self._facings:
            middle, height = self._along(facing), self._world.shop.product(facing.sku).size_mm[1]
            left, right = self._column(middle - half) + 3, self._column(middle + half) - 3
            boxes[facing.id] = (round(left), round(BOARD_PX - height * PX_PER_MM - 6), round(right), BOARD_PX)
        return boxes

    def picture(self, at_s: float) -> Pixels:
        """What the camera gives at a moment: uint8 [360, 640, 3], RGB, with the noise of the camera."""
        canvas = self._shelf(at_s).copy()
        held = self._world.held(at_s)
        for number, person in enumerate(self._world.people):
            if person.body.inside(at_s):
                for hand in (0, 1):
                    good = held.get((person.track, hand))
                    pack = self._packs.get(self._world.goods[good].sku) if good is not None else None
                    self._arm(canvas, person.body, hand, at_s, number, pack)
        gain = 1 + GAIN_SWING * np.sin(2 * np.pi * at_s / 7.3) + self._rng.normal(0, 0.001)
        grain = self._rng.normal(0, NOISE, canvas.shape).astype(np.float32)
        return np.asarray(np.clip(canvas * np.float32(gain) + grain, 0, 1) * 255, np.uint8)

    def empty_picture(self) -> Pixels:
        """The watched board without any pack, as an installer takes it once."""
        return np.asarray(np.clip(self._bare, 0, 1) * 255, np.uint8)

    def _along(self, facing: Facing) -> float:
        dx = facing.position_mm[0] - self._gondola.origin_mm[0]
        dy = facing.position_mm[1] - self._gondola.origin_mm[1]
        return float(dx * self._gondola.along[0] + dy * self._gondola.along[1])

    def _column(self, along_mm: float) -> float:
        return WIDTH / 2 + (along_mm - self._gondola.width_mm / 2) * PX_PER_MM

    def _pixel(self, spot: Vector) -> tuple[float, float]:
        """Where a point of the shop is in the picture."""
        dx, dy = spot[0] - self._gondola.origin_mm[0], spot[1] - self._gondola.origin_mm[1]
        along = dx * self._gondola.along[0] + dy * self._gondola.along[1]
        out = max(0.0, float(dx * self._gondola.out[0] + dy * self._gondola.out[1]))
        row = BOARD_PX - (float(spot[2]) - self._board_mm) * PX_PER_MM + out * OUT_PX_PER_MM
        return self._column(float(along)), row

    def _backdrop(self) -> Picture:
        rng = self._rng
        canvas = np.empty((HEIGHT, WIDTH, 3), np.float32)
        rows = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None]
        canvas[:] = (0.50 - 0.16 * np.abs(rows - 0.45))[..., None] * np.array([0.98, 1.0, 1.03], np.float32)
        top = UPPER_PX + RAIL_PX
        shade = np.exp(-np.arange(HEIGHT - top, dtype=np.float32) / 34)
        canvas[top:] *= (1 - 0.62 * shade)[:, None, None]
        for x in (self._column(0) - 6, self._column(self._gondola.width_mm)):  # uprights
            canvas[:, int(x) : int(x) + 6] = np.array([0.62, 0.63, 0.65], np.float32)
        for edge in (UPPER_PX, BOARD_PX):
            canvas[edge - 34 : edge + 1] = (0.60 + 0.22 * np.linspace(0, 1, 35, dtype=np.float32))[:, None, None]
        canvas[BOARD_PX + RAIL_PX :] = np.array([0.13, 0.13, 0.14], np.float32)
        for facing in self._rows[-1]:
            self._pair(canvas, facing, BOARD_PX + RAIL_PX + 12 + self._packs[facing.sku].shape[0], 0.62)
        for facing in self._rows[1]:
            self._pair(canvas, facing, UPPER_PX - 4, 0.96)
        self._rail(canvas, UPPER_PX, self._rows[1])
        self._rail(canvas, BOARD_PX, self._rows[0])
        canvas += cv2.GaussianBlur(rng.normal(0, 0.05, canvas.shape).astype(np.float32), (0, 0), 9)
        return canvas

    def _pair(self, canvas: Picture, facing: Facing, bottom: int, light: float) -> None:
        """Two packs of a facing on a board that nobody takes from in this picture."""
        pack = self._packs[facing.sku]
        for shift in (-77, 77):
            left = self._column(self._along(facing) + shift) - pack.shape[1] / 2
            paste(canvas, pack, left, bottom - pack.shape[0], light)

    def _rail(self, canvas: Picture, edge: int, row: list[Facing]) -> None:
        """The front edge of a board with a price tag for each plate."""
        canvas[edge : edge + RAIL_PX] = (0.90 - 0.12 * np.linspace(0, 1, RAIL_PX, dtype=np.float32))[:, None, None]
        canvas[edge + RAIL_PX : edge + RAIL_PX + 12] *= np.linspace(0.3, 1, 12, dtype=np.float32)[:, None, None]
        for name in sorted({facing.plate for facing in row}):
            here = [facing for facing in row if facing.plate == name]
            label = _price_tag(self._world.shop.product(here[0].sku), self._world.shop.currency)
            left = round(self._column(sum(self._along(facing) for facing in here) / len(here))) - 58
            canvas[edge + 3 : edge + RAIL_PX - 3, left : left + 116] = label

    def _shelf(self, at_s: float) -> Picture:
        """The board with what stands on it now, kept for each stock."""
        places = set(self._world.places(at_s).values())
        key = tuple(facing.id for facing in self._facings if facing.id in places)
        if key not in self._stocked:
            canvas = self._bare.copy()
            for facing in self._facings:
                if facing.id in key:
                    pack = self._packs[facing.sku]
                    left = self._column(self._along(facing)) - pack.shape[1] / 2
                    shadow(canvas, pack, left + 7, BOARD_PX - 4 - pack.shape[0] + 3, 0.45, 5)
                    paste(canvas, pack, left, BOARD_PX - 4 - pack.shape[0], 1.0)
            self._stocked[key] = canvas
        return self._stocked[key]

    def _arm(self, canvas: Picture, body: Body, hand: int, at_s: float, look: int, pack: Picture | None) -> None:
        """A sleeve from below the picture, a hand, and what it holds."""
        grip, shoulder = body.hand(hand, at_s), body.shoulder(hand, at_s)
        tip, root = np.array(self._pixel(grip)), np.array(self._pixel(shoulder))
        if tip[1] > HEIGHT + 60 or not -80 < tip[0] < WIDTH + 80:
            return
        drawn = np.zeros((HEIGHT, WIDTH, 4), np.uint8)  # smooth edges are drawn on bytes only
        _limb(drawn, tip, root, SLEEVES[look % len(SLEEVES)], SKIN[look % len(SKIN)], hand)
        layer = drawn.astype(np.float32) / np.float32(255)
        shadow(canvas, layer, 16, 10, 0.40, 9)
        if pack is not None:
            paste(canvas, pack, tip[0] - pack.shape[1] / 2, tip[1] - pack.shape[0] * 0.55, 1.0)
        paste(canvas, layer, 0, 0, 1.0)


def _price_tag(product: Product, currency: str) -> Picture:
    tag = Image.new("RGB", (116, RAIL_PX - 6), (252, 247, 230))
    pen = ImageDraw.Draw(tag)
    pen.text((5, 6), product.name, font=ImageFont.load_default(8.5), fill=(40, 40, 40), anchor="lm")
    price = f"{product.price_minor:,} {currency}"
    pen.text((5, 15), price, font=ImageFont.load_default(9.5), fill=(190, 25, 20), anchor="lm")
    return np.asarray(tag, np.float32) / np.float32(255)


def _limb(
    layer: Pixels, tip: Vector, root: Vector, sleeve: tuple[float, ...], skin: tuple[float, ...], hand: int
) -> None:
    away = (root - tip) / max(1.0, float(np.linalg.norm(root - tip)))
    side = np.array([-away[1], away[0]])
    cuff, wrist = tip + away * 74, tip + away * 30

    def strip(one: Vector, other: Vector, near: float, far: float, colour: tuple[float, ...]) -> None:
        corners = np.array([one + side * near, one - side * near, other - side * far, other + side * far])
        points = np.round(corners * 16).astype(np.int32)
        cv2.fillConvexPoly(layer, points, _paint(colour), cv2.LINE_AA, 4)

    for share in np.linspace(1, 0, 7):  # a round sleeve: darker to its sides
        tone = tuple(float(part * (1.0 - 0.42 * share)) for part in sleeve)
        strip(cuff, root, 5 + 22 * share, 8 + 34 * share, tone)
    for share in np.linspace(1, 0, 4):
        tone = tuple(float(part * (1.0 - 0.25 * share)) for part in skin)
        strip(wrist, cuff + away * 4, 5 + 12 * share, 6 + 15 * share, tone)
    dark = tuple(part * 0.80 for part in skin)
    palm = tuple(int(part) for part in np.round(tip + away * 14))
    angle = float(np.degrees(np.arctan2(away[1], away[0])))
    cv2.ellipse(layer, palm, (26, 19), angle, 0, 360, _paint(dark), -1, cv2.LINE_AA)
    cv2.ellipse(layer, palm, (23, 16), angle, 0, 360, _paint(skin), -1, cv2.LINE_AA)
    thumb = 1 if hand == 0 else -1
    for number, spread in enumerate((-13, -5, 4, 12)):
        end = tip - away * (17 - abs(spread) * 0.4) + side * spread
        start = tip + away * 8 + side * spread * 0.8
        for width, colour in ((10, dark), (7, skin)):
            _line(layer, start, end, colour, width - (number == 3))
    for width, colour in ((11, dark), (8, skin)):
        _line(layer, tip + away * 18 + side * 14 * thumb, tip - away * 4 + side * 24 * thumb, colour, width)


def _paint(colour: tuple[float, ...]) -> tuple[int, ...]:
    return (*(round(255 * part) for part in colour), 255)


def _line(layer: Pixels, one: Vector, other: Vector, colour: tuple[float, ...], width: int) -> None:
    start, end = (tuple(int(part) for part in np.round(spot)) for spot in (one, other))
    cv2.line(layer, start, end, _paint(colour), width, cv2.LINE_AA)


def paste(canvas: Picture, sprite: Picture, left: float, top: float, light: float) -> None:
    """Lay a sprite over the canvas; what sticks out is cut off."""
    x0, y0 = round(left), round(top)
    x1, y1 = max(0, x0), max(0, y0)
    x2, y2 = min(canvas.shape[1], x0 + sprite.shape[1]), min(canvas.shape[0], y0 + sprite.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    part = sprite[y1 - y0 : y2 - y0, x1 - x0 : x2 - x0]
    alpha = np.clip(part[..., 3:], 0, 1)
    spot = canvas[y1:y2, x1:x2]
    canvas[y1:y2, x1:x2] = spot * (1 - alpha) + part[..., :3] * np.float32(light) * alpha


def shadow(canvas: Picture, sprite: Picture, left: float, top: float, depth: float, radius: float) -> None:
    """A soft shadow of a sprite."""
    margin = round(3 * radius)
    alpha = np.pad(np.clip(sprite[..., 3], 0, 1), margin)
    dark = np.zeros((*alpha.shape, 4), np.float32)
    dark[..., 3] = soft(alpha, radius) * np.float32(depth)
    paste(canvas, dark, left - margin, top - margin, 1.0)
