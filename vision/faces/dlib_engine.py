"""The default face engine: dlib's ResNet templates through the `face_recognition` package.

Installs from the package index alone. Must not: load the package before an engine is opened (it costs seconds and
100 MB), or let its `quit()` end our process.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

from edge.config import Models
from edge.core.errors import BadInput
from vision.faces import blazeface, hog
from vision.faces.face import as_box
from vision.faces.matching import Impostors
from vision.faces.quality import Picture, Quality, Template, turn_of
from vision.faces.stages import Box, StagedEngine
from vision.models import Found, ModelBad, resolve

KIND = "dlib-resnet-v1-128"
FIVE = 5
PROBE = np.zeros((150, 150, 3), np.uint8)  # any picture: it is asked only how many points come back
# The square boxes of these detectors against YuNet's of the same 151 portraits: width, height, and how much higher.
SHAPE_HOG, SHAPE_BLAZEFACE, RAISED = (0.91, 1.26), (0.85, 1.17), -0.077
NOSE_DEPTH = 0.3  # the foot of the nose stands out less than its tip; in eye distances
Posed: TypeAlias = tuple[Picture, Any]  # the turned and scaled RGB view, and dlib's five points in it


class DlibEngine(StagedEngine[hog.Found, Posed]):
    """HOG (or BlazeFace where its weights are) + 5-point alignment + 128 numbers; Euclidean distance."""

    name = "dlib"

    def __init__(
        self, max_distance: float, impostors: Impostors, quality: Quality, models: Models, problem: str = ""
    ) -> None:
        """Raises BadInput where the package, or a file of its networks, cannot be used."""
        self._package = _package()
        found = resolve("dlib_faces", models)
        self._points, self._encoder = _networks(found, self._package)
        self.kind = f"{KIND}-{found.finger_print}" if found.own else KIND
        self._blazeface, self._why_not, spoiled = blazeface.open_detector(models)
        super().__init__(quality, "; ".join(text for text in (problem, spoiled) if text))
        self.max_distance, self.impostors = max_distance, impostors

    def distances(self, template: Template, others: Template) -> Template:
        """Euclidean distances."""
        return np.asarray(np.linalg.norm(others - template, axis=1), dtype=np.float32)

    def merged(self, templates: Sequence[Template]) -> Template:
        """Their mean."""
        return np.asarray(np.mean(np.stack(templates), axis=0), dtype=np.float32)

    def describe(self) -> str:
        """Which networks are in use."""
        detector = "MediaPipe BlazeFace" if self._blazeface else f"dlib HOG ({self._why_not})"
        return f"dlib ResNet templates (face_recognition), faces found by {detector}"

    def close(self) -> None:
        """Free the MediaPipe detector, if any."""
        if self._blazeface:
            self._blazeface.close()

    def _find(self, picture: Picture) -> list[hog.Found]:
        return self._blazeface.find(picture) if self._blazeface else hog.find(self._package.face_detector, picture)

    def _box(self, found: hog.Found) -> Box:
        return found.box_px

    def _head(self, found: hog.Found) -> Box:
        left, top, right, bottom = found.box_px
        wide, high = SHAPE_BLAZEFACE if self._blazeface else SHAPE_HOG
        x, y, half = (left + right) / 2, (top + bottom) / 2 + RAISED * (right - left), (right - left) / 2
        return as_box(x - wide * half, y - high * half, x + wide * half, y + high * half)

    def _lean_deg(self, found: hog.Found) -> float:
        return found.lean_deg

    def _align(self, picture: Picture, found: hog.Found) -> tuple[Posed, float]:
        """As face_encodings(model="small") does: five points, from which dlib cuts its own aligned chip."""
        left, top, right, bottom = found.view_box
        box = self._package._css_to_rect((top, right, bottom, left))
        shape = self._points(found.view, box)
        points = np.array([(shape.part(n).x, shape.part(n).y) for n in range(5)], np.float64)
        # the corners of the eye on the right of the picture, those of the left one, and the foot of the nose
        return (found.view, shape), turn_of(points[2:4].mean(axis=0), points[0:2].mean(axis=0), points[4], NOSE_DEPTH)

    def _embed(self, posed: Posed) -> Template:
        view, shape = posed
        return np.asarray(self._encoder.compute_face_descriptor(view, shape, 1), dtype=np.float32)


def _networks(found: Found, package: Any) -> tuple[Any, Any]:
    """The five points and the template: the package has opened its own, an operator's are opened here."""
    if not found.own:
        return package.pose_predictor_5_point, package.face_encoder
    import dlib

    opened = []
    for part, kind in (("five_points", dlib.shape_predictor), ("template", dlib.face_recognition_model_v1)):
        try:
            opened.append(kind(str(found.of(part).path)))
        except RuntimeError as error:
            text = f"is no file that dlib can use here ({error}); correct it under [[models.own]]"
            raise ModelBad(str(found.of(part).path), text) from None
    points, encoder = opened
    shape = points(PROBE, dlib.rectangle(30, 30, 120, 120))
    if shape.num_parts != FIVE:
        text = f"finds {shape.num_parts} points, wanted {FIVE}; correct it under [[models.own]]"
        raise ModelBad(str(found.of("five_points").path), text)
    return points, encoder


def _package() -> Any:
    """`face_recognition.api`; it prints and calls quit() where its model package cannot be imported."""
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.simplefilter("ignore")  # it asks pkg_resources for the place of its files
            import face_recognition.api as package
    except (ImportError, SystemExit, NameError, RuntimeError) as error:
        cure = "install the pinned requirements again (face-recognition, face-recognition-models, setuptools<82)"
        raise BadInput("faces.engine", f"the face_recognition package cannot be loaded ({error!r}); {cure}") from None
    return package
