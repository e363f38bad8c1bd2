"""Finds hands in a part of a picture: 21 points each, by MediaPipe where its weights are present.

Must not: be needed, or know what a slot is. Where weights or MediaPipe's system libraries are missing,
`choose_hands` says why and gives a finder that finds nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Models
from edge.core.errors import BadInput
from vision.models import ModelAbsent, resolve, tflite
from vision.native_logs import kept_aside
from vision.planes import Picture

WRIST, MIDDLE_KNUCKLE = 0, 9  # MediaPipe's numbers of the points of a hand
TIPS: Final = (4, 8, 12, 16, 20)
WORK_PX = 400  # a hand must be about an eighth of the part that is looked at
MOST_HANDS = 2
SURE = 0.5
WARM_UPS = 2
Point = tuple[float, float]


@dataclass(frozen=True)
class Hand:
    """One hand: `points` [21, 2] in pixels of the whole picture, wrist first, finger tips at `TIPS`."""

    points: NDArray[np.float32]
    score: float

    @property
    def wrist(self) -> Point:
        """Where the forearm begins."""
        return (float(self.points[WRIST, 0]), float(self.points[WRIST, 1]))

    @property
    def tips(self) -> list[Point]:
        """Ends of the five fingers."""
        return [(float(x), float(y)) for x, y in self.points[list(TIPS)]]

    @property
    def forearm(self) -> Point:
        """Direction from the wrist towards the elbow, length 1: away from the middle knuckle."""
        x, y = self.points[WRIST] - self.points[MIDDLE_KNUCKLE]
        length = max(1e-6, math.hypot(x, y))
        return (float(x) / length, float(y) / length)


class HandFinder(Protocol):
    """Finds hands. `problem` says what could not be used, if anything; one that is not `able` never finds any."""

    able: bool
    problem: str

    def find(self, picture: Picture, part: tuple[int, int, int, int]) -> list[Hand]:
        """Hands in a part [left, top, right, bottom] of a picture, uint8 [h, w, 3] BGR."""
        ...

    def describe(self) -> str:
        """What is used, for people."""
        ...

    def close(self) -> None:
        """The end of a stream: free what is native."""
        ...


class MediaPipeHands:
    """MediaPipe's palm detector and hand landmarks (arXiv 2006.10214)."""

    problem = ""

    def __init__(self, task: bytes) -> None:
        self.able = True
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.HandLandmarkerOptions(
            base_options=BaseOptions(model_asset_buffer=task),
            num_hands=MOST_HANDS,
            min_hand_detection_confidence=SURE,
            min_hand_presence_confidence=SURE,
        )

        class Landmarker(vision.HandLandmarker):  # type: ignore[misc]
            def __del__(self) -> None:
                """MediaPipe's own fails when the interpreter ends, and the system frees everything then."""

        with kept_aside():
            self._landmarker: Any = vision.HandLandmarker.create_from_options(options)
            self._landmarker.__class__ = Landmarker
            for _ in range(WARM_UPS):
                self.find(np.zeros((WORK_PX, WORK_PX, 3), np.uint8), (0, 0, WORK_PX, WORK_PX))

    def find(self, picture: Picture, part: tuple[int, int, int, int]) -> list[Hand]:
        """Hands in a part of a picture; small parts are enlarged."""
        import mediapipe

        left, top, right, bottom = part
        view = picture[top:bottom, left:right]
        if min(view.shape[:2]) < 2:
            return []
        scale = WORK_PX / max(view.shape[:2])
        way = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_AREA
        rgb = np.ascontiguousarray(cv2.resize(view, None, fx=scale, fy=scale, interpolation=way)[:, :, ::-1])
        answer = self._landmarker.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb))
        size = np.array([right - left, bottom - top], np.float32)
        found = []
        for marks, sides in zip(answer.hand_landmarks, answer.handedness, strict=True):
            shares = np.array([[mark.x, mark.y] for mark in marks], np.float32)
            found.append(Hand(shares * size + np.array([left, top], np.float32), float(sides[0].score)))
        return found

    def describe(self) -> str:
        """What is used."""
        return "hands by MediaPipe"

    def close(self) -> None:
        """Free the native part. Nothing is found any more."""
        if self.able:
            self.able = False
            with kept_aside():
                self._landmarker.close()


class NoHands:
    """Nobody looks for hands: a reach is what stood before a slot."""

    def __init__(self, problem: str = "") -> None:
        self.able = False
        self.problem = problem

    def find(self, picture: Picture, part: tuple[int, int, int, int]) -> list[Hand]:
        """None."""
        return []

    def close(self) -> None:
        """Nothing to free."""

    def describe(self) -> str:
        """Why not."""
        return "hands are not looked for (`muin models pull mediapipe_hands` adds them)"


def choose_hands(models: Models | str | None) -> HandFinder:
    """MediaPipe where its weights are; what is there and cannot be used is the `problem`."""
    try:
        return MediaPipeHands(tflite.hand_task(resolve("mediapipe_hands", models, tuple(tflite.HAND_PARTS.values()))))
    except ModelAbsent:
        return NoHands()
    except BadInput as error:
        return NoHands(str(error))
    except (ImportError, OSError) as error:
        return NoHands(f"MediaPipe cannot start ({error}); install libegl1 and libgles2")
    except (RuntimeError, ValueError) as error:
        return NoHands(f"MediaPipe refuses the hand weights ({error}); pull them again (`muin models pull`)")
