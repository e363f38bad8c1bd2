"""Face boxes from MediaPipe's FaceDetector (BlazeFace full range): a cheap first pass where its weights are present.

Must not: be needed. Where the weights or the system libraries of MediaPipe are missing, `open_detector` says why.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from edge.config import Models
from edge.core.errors import BadInput
from vision.faces.face import as_box, turn
from vision.faces.hog import Found
from vision.faces.quality import Picture
from vision.models import ModelAbsent, resolve, tflite
from vision.native_logs import kept_aside

MIN_SCORE = 0.5
CROP_FACTOR = 2.0  # half a face of margin on each side, so that a turned crop still holds the whole face
UPRIGHT_DEG = 12.0
WORK_FACE_PX = 150
WARM_UPS, WARM_UP_PX = 2, 192  # its first runs print their own warnings, so they are made while loading


class BlazeFace:
    """MediaPipe's face detector. Give it back with `close`: its own clean-up fails at interpreter exit."""

    def __init__(self, weights: bytes) -> None:
        from mediapipe.tasks.python import BaseOptions, vision

        options = vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_buffer=weights), min_detection_confidence=MIN_SCORE
        )
        with kept_aside():
            self._detector: Any = vision.FaceDetector.create_from_options(options)
            for _ in range(WARM_UPS):
                self.find(np.zeros((WARM_UP_PX, WARM_UP_PX, 3), np.uint8))

    def find(self, picture: Picture) -> list[Found]:
        """Faces of a BGR picture, each with an upright RGB view of its surroundings."""
        import mediapipe

        rgb = np.ascontiguousarray(picture[:, :, ::-1])
        answer = self._detector.detect(mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=rgb))
        return [_found(rgb, detection) for detection in answer.detections]

    def close(self) -> None:
        """Free the native detector."""
        with kept_aside():
            self._detector.close()


def open_detector(models: Models | Path | str | None) -> tuple[BlazeFace | None, str, str]:
    """The detector, or None with the reason; last, what must be put right: empty where the weights are just absent."""
    try:
        weights = tflite.model_bytes(resolve("mediapipe_face_detection", models))
        return BlazeFace(weights), "", ""
    except ModelAbsent:
        return None, "no BlazeFace weights", ""
    except BadInput as error:
        problem = str(error)
    except (ImportError, OSError) as error:
        problem = f"MediaPipe cannot start ({error}); install libegl1 and libgles2"
    except (RuntimeError, ValueError) as error:
        problem = f"MediaPipe refuses the BlazeFace weights ({error}); pull them again (`muin models pull`)"
    return None, problem, problem


def _found(rgb: Picture, detection: Any) -> Found:
    """Cut the face out and turn it upright: dlib's landmark net loses faces that lean."""
    box = detection.bounding_box
    side = max(box.width, box.height)
    x, y = box.origin_x + box.width / 2, box.origin_y + box.height / 2
    place = as_box(box.origin_x, box.origin_y, box.origin_x + box.width, box.origin_y + box.height)
    crop = _cut(rgb, x, y, side * CROP_FACTOR, min(2.0, WORK_FACE_PX / side))
    lean = _lean_deg(detection.keypoints, rgb.shape[1], rgb.shape[0])
    if abs(lean) > UPRIGHT_DEG:
        crop, _ = turn(crop, lean)
    middle, half = crop.shape[0] / 2, crop.shape[0] / CROP_FACTOR / 2
    inside = as_box(middle - half, middle - half, middle + half, middle + half)
    return Found(place, float(detection.categories[0].score), np.ascontiguousarray(crop), inside, lean)


def _cut(rgb: Picture, x: float, y: float, side: float, scale: float) -> Picture:
    import cv2

    size = max(1, round(side * scale))
    matrix = np.array([[scale, 0.0, size / 2 - x * scale], [0.0, scale, size / 2 - y * scale]])
    cut = cv2.warpAffine(rgb, matrix, (size, size), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cut, dtype=np.uint8)


def _lean_deg(keypoints: Any, width: int, height: int) -> float:
    """Angle of the line between the eyes (the first two key points), in degrees; 0 = level."""
    one, other = sorted(keypoints[:2], key=lambda point: point.x)
    return math.degrees(math.atan2((other.y - one.y) * height, (other.x - one.x) * width))
