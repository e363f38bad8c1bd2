"""Pictures of faces photographed again, simulated: a print on paper and a phone's screen, before a camera.

What a simulation cannot show: real printers, real screens, cut-out and bent prints, masks. It tells whether the
networks react to margins, dots, moire and lost contrast, and nothing about an attacker who tries.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]
FRAME_PX = (480, 640)


def printed(face: Picture, chance: np.random.Generator) -> Picture:
    """A colour print with white margins, held a little askew: dots, flat blacks, a warm cast, camera blur and noise."""
    sheet = cv2.resize(face, (300, 300), interpolation=cv2.INTER_AREA).astype(np.float32)
    dots = chance.normal(0, 10, sheet.shape[:2])[:, :, None]
    sheet = 38 + 0.70 * sheet + cv2.GaussianBlur(dots, (0, 0), 0.7)[:, :, None] * 2
    sheet = cv2.copyMakeBorder(sheet, 18, 18, 18, 18, cv2.BORDER_CONSTANT, value=(225, 228, 230))
    sheet *= np.array([0.90, 0.97, 1.02], np.float32)
    return _seen(sheet, chance, blur_px=0.9)


def on_a_screen(face: Picture, chance: np.random.Generator) -> Picture:
    """A phone held up: its black edge, its pixels against those of the camera, a reflection, more blue."""
    side = 900
    shown = cv2.resize(face, (side, side)).astype(np.float32)
    columns = np.arange(side) % 3
    for colour in range(3):
        shown[:, :, colour] *= np.where(columns == 2 - colour, 1.5, 0.75)[None, :]
    shown *= np.where(np.arange(side) % 3 == 0, 0.8, 1.0)[:, None, None]
    shown = cv2.warpAffine(shown, cv2.getRotationMatrix2D((side / 2, side / 2), 1.7, 1.0), (side, side))
    shown = cv2.resize(shown, (310, 310), interpolation=cv2.INTER_LINEAR)  # no area filter: that is where moire is from
    rows, across = np.mgrid[0:310, 0:310]
    shown += 40 * np.exp(-((rows - 60) ** 2 + (across - 240) ** 2) / 4000)[:, :, None]
    shown *= np.array([1.10, 1.0, 0.94], np.float32)
    return _seen(
        cv2.copyMakeBorder(shown, 40, 40, 14, 14, cv2.BORDER_CONSTANT, value=(12, 12, 12)), chance, blur_px=0.6
    )


def _seen(thing: NDArray[np.float32], chance: np.random.Generator, blur_px: float) -> Picture:
    """Something flat in front of a camera: perspective, a dim room behind, blur, noise, JPEG."""
    high, wide = thing.shape[:2]
    corners = np.array([[0, 0], [wide, 0], [wide, high], [0, high]], np.float32)
    middle = np.array([(FRAME_PX[1] - wide) / 2, (FRAME_PX[0] - high) / 2], np.float32)
    moved = corners + middle + chance.normal(0, 8, corners.shape).astype(np.float32)
    frame = cv2.GaussianBlur(chance.normal(95, 60, (*FRAME_PX, 3)), (0, 0), 25) + np.array([0.0, 4.0, 8.0])
    warp = cv2.getPerspectiveTransform(corners, moved)
    seen = cv2.warpPerspective(thing, warp, FRAME_PX[::-1])
    mask = cv2.warpPerspective(np.ones(thing.shape[:2], np.float32), warp, FRAME_PX[::-1])[:, :, None]
    frame = cv2.GaussianBlur(frame * (1 - mask) + seen * mask, (0, 0), blur_px) + chance.normal(0, 3, frame.shape)
    packed = cv2.imencode(".jpg", np.clip(frame, 0, 255).astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 85])[1]
    return np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
