"""Drawn packs: one picture with an alpha plane per product, made from shapes and printed words.

Must not: know shelves or cameras. Pictures here are RGBA float32 0..1, [height, width, 4].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from edge.simulation.shop import Product

Picture = NDArray[np.float32]
INK = (250, 247, 238)

# body colour, second colour, ink, form
LOOKS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int], tuple[int, int, int], str]] = {
    "tea-barley": ((146, 92, 38), (238, 205, 140), (92, 48, 12), "bottle"),
    "crisps-seaweed": ((28, 112, 74), (190, 222, 96), INK, "bag"),
    "cookies-oat": ((206, 62, 44), (250, 226, 170), (120, 30, 20), "box"),
    "latte-matcha": ((226, 230, 206), (104, 152, 64), (52, 84, 30), "can"),
    "water-still": ((176, 212, 232), (40, 104, 176), INK, "bottle"),
    "milk-oat": ((236, 228, 208), (54, 92, 140), (40, 62, 100), "box"),
    "rice-cake": ((244, 240, 228), (214, 120, 60), (150, 70, 30), "bag"),
    "granola": ((226, 160, 46), (92, 52, 26), INK, "box"),
}


def draw_pack(product: Product, px_per_mm: float, sharp: int = 4) -> Picture:
    """One pack seen from the front."""
    width, height = (max(8, round(side * px_per_mm)) for side in product.size_mm)
    body, second, ink, form = LOOKS[product.sku]
    big = Image.new("RGBA", (width * sharp, height * sharp), (0, 0, 0, 0))
    mask = Image.new("L", big.size, 0)
    _silhouette(ImageDraw.Draw(mask), big.size, form)
    face = Image.new("RGB", big.size, body)
    _print(ImageDraw.Draw(face), big.size, product, second, ink, form)
    shaded = _round(np.asarray(face, np.float32) / np.float32(255), form)
    big = Image.fromarray((shaded * 255).astype(np.uint8)).convert("RGBA")
    big.putalpha(mask)
    small = big.resize((width, height), Image.Resampling.LANCZOS)
    return np.asarray(small, np.float32) / np.float32(255)


def _silhouette(pen: ImageDraw.ImageDraw, size: tuple[int, int], form: str) -> None:
    w, h = size
    if form == "bottle":
        pen.rounded_rectangle((0, h * 0.24, w - 1, h - 1), radius=w * 0.13, fill=255)
        pen.polygon([(w * 0.04, h * 0.30), (w * 0.34, h * 0.12), (w * 0.66, h * 0.12), (w * 0.96, h * 0.30)], fill=255)
        pen.rectangle((w * 0.34, h * 0.05, w * 0.66, h * 0.16), fill=255)
        pen.rounded_rectangle((w * 0.30, 0, w * 0.70, h * 0.09), radius=w * 0.05, fill=255)
    elif form == "bag":
        waves = [(w * (0.02 + 0.02 * (step % 2)), h * step / 24) for step in range(25)]
        right = [(w - 1 - x, y) for x, y in reversed(waves)]
        pen.polygon(waves + right, fill=255)
    elif form == "can":
        pen.rounded_rectangle((0, h * 0.03, w - 1, h - 1), radius=w * 0.12, fill=255)
        pen.ellipse((w * 0.04, 0, w * 0.96, h * 0.09), fill=255)
    else:
        pen.rounded_rectangle((0, 0, w - 1, h - 1), radius=w * 0.025, fill=255)


def _print(
    pen: ImageDraw.ImageDraw,
    size: tuple[int, int],
    product: Product,
    second: tuple[int, int, int],
    ink: tuple[int, int, int],
    form: str,
) -> None:
    w, h = size
    if form == "bottle":
        pen.rounded_rectangle((w * 0.30, 0, w * 0.70, h * 0.10), radius=4, fill=second)
        pen.rectangle((0, h * 0.40, w, h * 0.80), fill=second)
    elif form == "bag":
        pen.rectangle((0, 0, w, h * 0.07), fill=tuple(round(part * 0.72) for part in second))
        pen.ellipse((w * 0.12, h * 0.48, w * 0.88, h * 0.92), fill=second)
    elif form == "can":
        pen.rectangle((0, 0, w, h * 0.06), fill=(188, 190, 194))
        pen.rectangle((0, h * 0.38, w, h * 0.74), fill=second)
    else:
        pen.rectangle((0, h * 0.55, w, h), fill=second)
        pen.ellipse((w * 0.22, h * 0.44, w * 0.78, h * 0.76), fill=tuple(round(part * 0.85) for part in second))
    words = product.name.split(" ")
    first, rest = words[0].upper(), " ".join(words[1:]).upper()
    line = {"bottle": 0.49, "bag": 0.24, "can": 0.46, "box": 0.17}[form]
    paper = form in ("bag", "box")
    for text, at, room in ((first, line, 0.84), (rest, line + 0.12, 0.62)):
        if text:
            pen.text((w / 2, h * at), text, font=_fit(text, w * room), fill=INK if paper else ink, anchor="mm")
    for number in range(11):  # a bar code, too small to be read
        x = w * (0.62 + number * 0.025)
        pen.rectangle((x, h * 0.90, x + w * (0.008 + 0.006 * (number % 3 == 0)), h * 0.96), fill=(20, 20, 20))


def _fit(text: str, width: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    size = 8.0
    font = ImageFont.load_default(size)
    return ImageFont.load_default(min(64.0, size * width / max(1.0, font.getlength(text))))


def _round(face: Picture, form: str) -> Picture:
    """Light falls from the upper left: round forms darken to their sides, flat ones a little to the right."""
    across = np.linspace(-1, 1, face.shape[1], dtype=np.float32)
    if form in ("bottle", "can"):
        light = 0.45 + 0.62 * np.sqrt(np.maximum(0, 1 - (across * 0.97 + 0.12) ** 2))
        light += 0.30 * np.exp(-(((across + 0.45) / 0.09) ** 2))
    elif form == "bag":
        light = 0.92 - 0.16 * across**2 + 0.09 * np.sin(across * 9)
    else:
        light = 1.0 - 0.06 * across
    down = np.linspace(1.05, 0.90, face.shape[0], dtype=np.float32)
    return np.asarray(np.clip(face * light[None, :, None] * down[:, None, None], 0, 1), np.float32)


def soft(alpha: Picture, radius: float) -> Picture:
    """An alpha plane blurred into a shadow."""
    image = Image.fromarray((alpha * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    return np.asarray(image, np.float32) / np.float32(255)
