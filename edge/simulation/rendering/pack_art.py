"""The printed faces of packs: one picture per product, made from shapes and words.

Must not: know shelves or cameras. Pictures are uint8 [HEIGHT_PX, WIDTH_PX, 3], RGB; the left half is the front.
"""

from __future__ import annotations

import colorsys
import zlib
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from edge.simulation.rendering.pack_looks import PackLook

WIDTH_PX, HEIGHT_PX = 256, 192
FRONT_PX = WIDTH_PX // 2
Art: TypeAlias = NDArray[np.uint8]
Colour: TypeAlias = tuple[int, int, int]


def draw_art(look: PackLook) -> Art:
    """The wrapping of a pack: front and back side by side, so that it closes around a can."""
    rng = np.random.Generator(np.random.PCG64(zlib.crc32(f"{look.brand} {look.layout}".encode())))
    sheet = Image.new("RGB", (WIDTH_PX, HEIGHT_PX), _rgb(look.ground))
    pen = ImageDraw.Draw(sheet)
    _design(pen, look, rng)
    _words(pen, look)
    _back(pen, look)
    return np.asarray(sheet, np.uint8)


def _rgb(hsv: tuple[float, float, float], light: float = 1.0) -> Colour:
    red, green, blue = colorsys.hsv_to_rgb(hsv[0], hsv[1], min(1.0, hsv[2] * light))
    return round(255 * red), round(255 * green), round(255 * blue)


def _design(pen: ImageDraw.ImageDraw, look: PackLook, rng: np.random.Generator) -> None:
    """One of six designs; brothers of a brand share it and differ in the accent."""
    w, h, accent, ground = FRONT_PX, HEIGHT_PX, _rgb(look.accent), _rgb(look.ground, 0.72)
    cut = float(rng.uniform(0.45, 0.65))
    if look.layout == 0:
        pen.rectangle((0, h * cut, WIDTH_PX, h), fill=accent)
    elif look.layout == 1:
        pen.ellipse((w * 0.14, h * 0.42, w * 0.86, h * 0.88), fill=accent, outline=ground, width=4)
    elif look.layout == 2:
        for step in range(-4, 14):
            x = step * w * 0.16
            pen.polygon([(x, h), (x + w * 0.07, h), (x + w * 0.35, h * cut), (x + w * 0.28, h * cut)], fill=accent)
    elif look.layout == 3:
        pen.rectangle((0, h * 0.30, WIDTH_PX, h * cut), fill=accent)
        pen.rectangle((0, h * 0.86, WIDTH_PX, h), fill=ground)
    elif look.layout == 4:
        for _ in range(9):
            x, y, r = float(rng.uniform(0, w)), float(rng.uniform(h * 0.4, h)), float(rng.uniform(8, 20))
            pen.ellipse((x - r, y - r, x + r, y + r), fill=accent)
    else:
        pen.polygon([(0, h * 0.95), (w, h * cut), (w, h), (0, h)], fill=accent)
        pen.rectangle((0, 0, WIDTH_PX, h * 0.10), fill=accent)


def _words(pen: ImageDraw.ImageDraw, look: PackLook) -> None:
    ink = (28, 26, 24) if look.ground[2] > 0.7 and look.ground[1] < 0.6 else (250, 248, 240)
    middle = FRONT_PX / 2
    pen.text((middle, HEIGHT_PX * 0.20), look.brand, font=_font(look.brand, FRONT_PX * 0.86), fill=ink, anchor="mm")
    pen.text((middle, HEIGHT_PX * 0.36), look.kind, font=_font(look.kind, FRONT_PX * 0.6), fill=ink, anchor="mm")


def _back(pen: ImageDraw.ImageDraw, look: PackLook) -> None:
    """Small print and a bar code that nobody can read from a ceiling."""
    left = FRONT_PX + 10
    pen.rectangle((left, 20, WIDTH_PX - 10, HEIGHT_PX - 60), fill=(236, 234, 226))
    for line in range(12):
        pen.line((left + 6, 28 + line * 8, WIDTH_PX - 20 - (line * 7) % 25, 28 + line * 8), fill=(90, 88, 84), width=2)
    for number in range(24):
        x = left + 6 + number * 4
        pen.rectangle((x, HEIGHT_PX - 48, x + 1 + (number % 3 == 0), HEIGHT_PX - 18), fill=(18, 18, 18))


def _font(text: str, width: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    font = ImageFont.load_default(20.0)
    return ImageFont.load_default(min(40.0, 20.0 * width / max(1.0, font.getlength(text))))
