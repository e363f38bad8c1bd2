"""The drawn gate camera: a bright entrance, somebody who shows a face, somebody who shows a code.

The face is a portrait in the public domain (portraits/README.md), cut out of its background. Must not: be looked
at by the product; it only looks like an entrance. Pictures are RGB uint8, while they are put together float32.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from edge.simulation.film import Pixels

Picture: TypeAlias = NDArray[np.float32]  # with an alpha plane where it is laid over another, 0..1
WIDTH, HEIGHT = 640, 480
PORTRAIT = Path(__file__).parent / "portraits" / "eileen-collins.jpg"
NOISE, GAIN_SWING = 0.008, 0.01
WALK_UP_S = 0.45
BUST_ROWS, BUST_SIZE = 336, 1.48  # how much of the portrait stands at the gate, and how near
COAT, SKIN = (46, 70, 108), (168, 116, 84)

HEAD = (118, 0, 336, 232)  # the head in the portrait, for enrolment: left, top, right, bottom

# Outlines in the portrait (512 x 512): where its person may be, surely is, and surely is not.
MAYBE = (
    (148, 110), (165, 30), (225, 8), (285, 25), (308, 90), (300, 140), (310, 220), (360, 270), (370, 350),
    (512, 345), (512, 512), (12, 512), (14, 390), (35, 280), (110, 220), (120, 170), (160, 140),
)  # fmt: skip
SURE = (
    ((185, 60), (270, 60), (270, 140), (230, 180), (190, 140)),
    ((128, 195), (150, 160), (190, 150), (250, 175), (298, 225), (298, 268), (220, 290), (150, 260)),
    ((70, 300), (130, 250), (290, 270), (330, 330), (340, 420), (320, 511), (40, 511)),
    ((330, 400), (400, 365), (470, 390), (490, 511), (300, 511)),
)
NEVER = ((452, 335), (512, 335), (512, 512), (506, 512), (499, 440), (474, 385))


@dataclass(frozen=True)
class Shown:
    """Somebody stands at the gate and shows a credential: `face`, else a code."""

    how: str
    from_s: float
    to_s: float


class GateScene:
    """Draws the gate camera's picture at any moment. `code` is what a shown code says."""

    def __init__(self, shown: Sequence[Shown], code: str, rng: np.random.Generator) -> None:
        self._shown, self._code, self._rng = shown, code, rng

    def picture(self, at_s: float) -> Pixels:
        """What the camera gives at a moment: uint8 [480, 640, 3], RGB, with the noise of the camera."""
        canvas = self._entrance.copy()
        for shown in self._shown:
            if shown.from_s <= at_s < shown.to_s + WALK_UP_S:
                self._stand(canvas, shown, at_s)
        gain = 1 + GAIN_SWING * np.sin(2 * np.pi * at_s / 5.1)
        grain = self._rng.normal(0, NOISE, canvas.shape).astype(np.float32)
        return np.asarray(np.clip(canvas * np.float32(gain) + grain, 0, 1) * 255, np.uint8)

    def _stand(self, canvas: Picture, shown: Shown, at_s: float) -> None:
        """Walks up from the left, sways a little, walks on to the right."""
        sprite = self._face if shown.how == "face" else self._guest
        come = min(1.0, (at_s - shown.from_s) / WALK_UP_S)
        go = max(0.0, (at_s - shown.to_s) / WALK_UP_S)
        size = 0.82 + 0.13 * come + 0.012 * np.sin(2 * np.pi * at_s / 1.7)
        sway = 7 * np.sin(2 * np.pi * at_s / 2.3) + 3 * np.sin(2 * np.pi * at_s / 0.9)
        x = WIDTH * (0.47 - 0.75 * (1 - come) ** 2 + 0.85 * go**2) + sway
        tilt = 1.6 * np.sin(2 * np.pi * at_s / 1.9)
        height, width = sprite.shape[:2]
        turn = cv2.getRotationMatrix2D((width / 2, height), float(tilt), float(size))
        turn[:, 2] += (x - width / 2, HEIGHT + 14 - height)
        moved = cv2.warpAffine(sprite * sprite[..., 3:], turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
        alpha = cv2.warpAffine(sprite[..., 3], turn, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR)
        layer = np.dstack([moved[..., :3] / np.maximum(alpha, 1e-3)[..., None], alpha])
        _shadow(canvas, layer, 26, 14, 0.30, 16)
        _paste(canvas, layer, 0, 0)

    @staticmethod
    def enrolment() -> Image.Image:
        """The picture by which the shop knows the face: the head of the portrait alone, twice its size."""
        head = Image.open(PORTRAIT).convert("RGB").crop(HEAD)
        return head.resize((head.width * 2, head.height * 2), Image.Resampling.LANCZOS)

    @cached_property
    def _entrance(self) -> Picture:
        sharp = 2
        image = Image.new("RGB", (WIDTH * sharp, HEIGHT * sharp), (196, 200, 198))
        pen = ImageDraw.Draw(image)

        def block(x0: float, y0: float, x1: float, y1: float, fill: tuple[int, int, int], radius: int = 0) -> None:
            pen.rounded_rectangle((x0 * sharp, y0 * sharp, x1 * sharp, y1 * sharp), radius * sharp, fill=fill)

        block(0, 400, 640, 480, (150, 146, 138))
        for step in range(9):  # floor boards run to the middle
            pen.line(
                ((320 + (step - 4) * 30) * 2, 800, (320 + (step - 4) * 150) * 2, 960), fill=(132, 128, 120), width=3
            )
        block(0, 394, 640, 402, (236, 236, 232))
        for left, right in ((30, 182), (188, 340)):  # a glass front with the street behind it
            block(left, 40, right, 396, (72, 78, 84))
            block(left + 8, 48, right - 8, 390, (206, 222, 230))
            block(left + 8, 250, right - 8, 390, (178, 188, 186))
            block(left + 20, 160, left + 62, 252, (188, 176, 164))
            block(left + 66, 120, right - 20, 252, (172, 180, 190))
            pen.polygon(
                [((left + 40) * 2, 96), ((left + 80) * 2, 96), ((left + 40) * 2, 780), ((left + 8) * 2, 780)],
                fill=(224, 236, 240),
            )
        block(176, 190, 183, 270, (210, 212, 214), 3)
        block(430, 70, 604, 210, (28, 60, 66), 10)
        for text, y, size in (
            ("CORNER SHOP", 104, 20),
            ("Look at the camera", 146, 14),
            ("or show your code", 170, 14),
        ):
            font = ImageFont.load_default(size * sharp)
            pen.text((517 * sharp, y * sharp), text, font=font, fill=(236, 242, 236), anchor="mm")
        block(560, 300, 600, 400, (96, 108, 96), 6)
        for angle in range(-70, 71, 20):
            tip = (580 + 1.5 * angle * 0.5, 232 + abs(angle) * 0.5)
            pen.line((580 * 2, 304 * 2, tip[0] * 2, tip[1] * 2), fill=(64, 118, 66), width=12)
        small = image.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
        wall = np.asarray(small, np.float32) / np.float32(255)
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
        fall = 1.06 - 0.22 * np.hypot((columns - 230) / WIDTH, (rows - 150) / HEIGHT)
        return np.asarray(cv2.GaussianBlur(wall * fall[..., None], (0, 0), 1.6), np.float32)

    @cached_property
    def _face(self) -> Picture:
        """The person of the portrait with an alpha plane."""
        portrait = np.asarray(Image.open(PORTRAIT).convert("RGB"), np.uint8)
        mask = np.full(portrait.shape[:2], cv2.GC_BGD, np.uint8)
        for corners, kind in ((MAYBE, cv2.GC_PR_FGD), *((part, cv2.GC_FGD) for part in SURE), (NEVER, cv2.GC_BGD)):
            cv2.fillPoly(mask, [np.array(corners, np.int32)], kind)
        cv2.setRNGSeed(1)
        cv2.grabCut(portrait, mask, (0, 0, 1, 1), np.zeros((1, 65)), np.zeros((1, 65)), 5, cv2.GC_INIT_WITH_MASK)
        person = np.isin(mask, (cv2.GC_FGD, cv2.GC_PR_FGD)).astype(np.uint8) * 255
        opened = cv2.morphologyEx(person, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
        soft = cv2.GaussianBlur(cv2.erode(opened, np.ones((2, 2), np.uint8)), (0, 0), 1.1)
        picture = portrait.astype(np.float32) / 255
        person_rgba = np.dstack([picture * 0.94, soft.astype(np.float32) / 255])[:BUST_ROWS]
        size = (round(512 * BUST_SIZE), round(BUST_ROWS * BUST_SIZE))
        return np.asarray(cv2.resize(person_rgba, size, interpolation=cv2.INTER_CUBIC).clip(0, 1), np.float32)

    @cached_property
    def _guest(self) -> Picture:
        """A drawn person who holds a telephone with a code in front of the face."""
        import zxingcpp

        sharp = 2
        image = Image.new("RGBA", (512 * sharp, 512 * sharp), (0, 0, 0, 0))
        pen = ImageDraw.Draw(image)

        def oval(x0: int, y0: int, x1: int, y1: int, fill: tuple[int, int, int]) -> None:
            pen.ellipse((x0 * sharp, y0 * sharp, x1 * sharp, y1 * sharp), fill=(*fill, 255))

        def block(x0: int, y0: int, x1: int, y1: int, fill: tuple[int, int, int], radius: int) -> None:
            pen.rounded_rectangle((x0 * sharp, y0 * sharp, x1 * sharp, y1 * sharp), radius * sharp, fill=(*fill, 255))

        block(70, 300, 442, 700, COAT, 110)
        block(216, 220, 296, 330, SKIN, 30)
        pen.polygon([(400, 610), (512, 720), (624, 610)], fill=(214, 216, 210, 255))
        for x in (156, 336):
            oval(x, 130, x + 24, 184, SKIN)
        oval(166, 40, 346, 270, SKIN)
        pen.pieslice((156 * 2, 14 * 2, 356 * 2, 230 * 2), 178, 362, fill=(38, 30, 28, 255))
        block(330, 330, 420, 520, tuple(part - 10 for part in COAT), 44)  # type: ignore[arg-type]
        oval(306, 330, 396, 462, tuple(part - 14 for part in SKIN))  # type: ignore[arg-type]
        block(170, 108, 352, 402, (24, 26, 30), 22)
        block(178, 122, 344, 388, (246, 247, 248), 10)
        for number in range(4):
            block(341, 268 + 29 * number, 364, 292 + 29 * number, SKIN, 11)
        code = zxingcpp.create_barcode(self._code, zxingcpp.BarcodeFormat.QRCode).to_image(scale=1)
        modules = Image.fromarray(np.array(code)).convert("RGB")
        side = 160 * sharp // modules.width * modules.width
        image.paste(modules.resize((side, side), Image.Resampling.NEAREST), (261 * sharp - side // 2, 152 * sharp))
        font = ImageFont.load_default(17 * sharp)
        pen.text((254 * sharp, 350 * sharp), "My shopping code", font=font, fill=(60, 66, 72, 255), anchor="mm")
        small = image.resize((512, 512), Image.Resampling.LANCZOS)
        return np.asarray(small, np.float32) / np.float32(255)


def _paste(canvas: Picture, sprite: Picture, left: int, top: int) -> None:
    """Lay a sprite over the canvas; what sticks out is cut off."""
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(canvas.shape[1], left + sprite.shape[1]), min(canvas.shape[0], top + sprite.shape[0])
    part = sprite[y1 - top : y2 - top, x1 - left : x2 - left]
    alpha = np.clip(part[..., 3:], 0, 1)
    canvas[y1:y2, x1:x2] = canvas[y1:y2, x1:x2] * (1 - alpha) + part[..., :3] * alpha


def _shadow(canvas: Picture, sprite: Picture, left: int, top: int, depth: float, radius: int) -> None:
    """A soft shadow of a sprite."""
    margin = 3 * radius
    alpha = np.pad(np.clip(sprite[..., 3], 0, 1), margin)
    soft = Image.fromarray((alpha * 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius))
    dark = np.zeros((*alpha.shape, 4), np.float32)
    dark[..., 3] = np.asarray(soft, np.float32) / np.float32(255) * np.float32(depth)
    _paste(canvas, dark, left - margin, top - margin)
