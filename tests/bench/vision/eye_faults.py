"""Faults of a camera's eye of a stated size, put over real pictures. Nothing of it is taken from what is tested."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Spoiler = Callable[[Image], Image]


@dataclass(frozen=True)
class EyeFault:
    """One fault: what it is called (vision.camera_health), its size in words, and what it does to pictures."""

    cause: str
    size: str
    make: Callable[[], Spoiler]
    also: tuple[str, ...] = ()  # other causes that are as true


def covered() -> Spoiler:
    """A hand or tape before the lens: one even, dark surface with sensor noise of sigma 2."""
    random = np.random.default_rng(1)

    def spoil(picture: Image) -> Image:
        high, wide = picture.shape[:2]
        down, across = np.mgrid[0:high, 0:wide]
        light = 1 - 0.4 * (((across - wide / 2) / wide) ** 2 + ((down - high / 2) / high) ** 2)
        return _whole(light[..., None] * np.array((45, 50, 60)) + random.normal(0, 2, picture.shape))

    return spoil


def sprayed(share: float = 0.4, opacity: float = 0.85) -> Spoiler:
    """Paint on `share` of the picture with soft borders; what still shines through is blurred (sigma 8)."""
    field = np.random.default_rng(3).normal(0, 1, (5, 7)).astype(np.float32)

    def spoil(picture: Image) -> Image:
        high, wide = picture.shape[:2]
        drops = cv2.resize(field, (wide, high), interpolation=cv2.INTER_CUBIC)
        cover = np.clip((drops - np.quantile(drops, 1 - share)) * 4 + 0.5, 0, 1)[..., None] * opacity
        paint = 0.4 * cv2.GaussianBlur(picture, (0, 0), 8) + 0.6 * np.array((60, 60, 180))
        return _whole(picture * (1 - cover) + cover * paint)

    return spoil


def frozen() -> Spoiler:
    """The first picture again and again."""
    kept: list[Image] = []

    def spoil(picture: Image) -> Image:
        kept.append(picture) if not kept else None
        return kept[0]

    return spoil


def moved(degrees: float = 2.0) -> Spoiler:
    """The camera turned about its own axis; the border is mirrored."""

    def spoil(picture: Image) -> Image:
        high, wide = picture.shape[:2]
        turn = cv2.getRotationMatrix2D((wide / 2, high / 2), degrees, 1.0)
        return np.asarray(cv2.warpAffine(picture, turn, (wide, high), borderMode=cv2.BORDER_REFLECT), np.uint8)

    return spoil


def blurred(sigma_px: float = 2.0) -> Spoiler:
    """Out of focus as a Gaussian, in pixels of the clip (480 to 768 wide)."""
    return lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma_px), np.uint8)


def dark(gain: float = 0.15) -> Spoiler:
    """Light times `gain`, with sensor noise of sigma 2."""
    random = np.random.default_rng(2)
    return lambda picture: _whole(picture * gain + random.normal(0, 2, picture.shape))


def black() -> Spoiler:
    """A camera that sends black."""
    return lambda picture: np.zeros_like(picture)


def _whole(picture: NDArray[np.floating]) -> Image:
    return np.asarray(np.clip(picture, 0, 255), np.uint8)


FAULTS = (
    EyeFault("covered", "an even surface over all", covered),
    EyeFault("sprayed", "40 % of the picture, 85 % opaque, rest blurred sigma 8", sprayed),
    EyeFault("frozen", "one picture repeated", frozen),
    EyeFault("moved", "2 degrees of roll", moved),
    EyeFault("blurred", "Gaussian, sigma 2 px", blurred),
    EyeFault("dark", "gain 0.15, noise sigma 2", dark),
)
OTHER_SIZES = (
    EyeFault("dark", "black", black, ("covered",)),
    EyeFault("sprayed", "25 % of the picture, 85 % opaque", lambda: sprayed(0.25)),
    EyeFault("moved", "-2 degrees", lambda: moved(-2.0)),
    EyeFault("blurred", "sigma 1.5 px", lambda: blurred(1.5)),
    EyeFault("blurred", "sigma 6 px", lambda: blurred(6.0)),
    EyeFault("dark", "gain 0.2", lambda: dark(0.2)),
)
