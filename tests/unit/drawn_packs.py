"""Drawn packs with known products: as in a catalogue, and as a shelf camera sees them."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]


def pack(number: int, size: tuple[int, int] = (120, 180)) -> Picture:
    """A pack of product `number`: its own colours, bands and sign. Size is (width, height) in pixels."""
    chance = np.random.default_rng(1000 + number)
    picture = np.full((size[1], size[0], 3), chance.integers(30, 226, 3), np.uint8)
    for _ in range(4):
        colour = tuple(int(value) for value in chance.integers(0, 256, 3))
        x, y = int(chance.integers(0, size[0])), int(chance.integers(0, size[1]))
        if chance.random() < 0.5:
            cv2.circle(picture, (x, y), int(chance.integers(10, 45)), colour, -1)
        else:
            cv2.rectangle(picture, (x - 30, y - 15), (x + 30, y + 15), colour, -1)
    cv2.putText(picture, chr(65 + number % 26) * 2, (15, 110), cv2.FONT_HERSHEY_DUPLEX, 2.2, (255, 255, 255), 4)
    return picture


def on_shelf(picture: Picture, seed: int) -> Picture:
    """The pack as a camera sees it: moved, turned a little, in other light, with noise."""
    chance = np.random.default_rng(seed)
    height, width = picture.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), chance.uniform(-6, 6), chance.uniform(0.92, 1.08))
    turn[:, 2] += chance.uniform(-5, 5, 2)
    seen = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    seen = seen * chance.uniform(0.75, 1.25) * chance.uniform(0.95, 1.05, 3) + chance.normal(0, 4, seen.shape)
    return np.clip(seen, 0, 255).astype(np.uint8)


def write(path: str, picture: Picture) -> None:
    """A picture file; the ending says which kind."""
    assert cv2.imwrite(path, picture)
