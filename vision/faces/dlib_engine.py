"""The default face engine: dlib's ResNet templates through the `face_recognition` package.

Installs from the package index alone. Must not: load the package before an engine is opened (it costs seconds and
100 MB), or let its `quit()` end our process.
"""

from __future__ import annotations

import contextlib
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from edge.core.errors import BadInput
from vision.faces import blazeface, hog
from vision.faces.face import Face, Picture, Quality, Template, sharpness

KIND = "dlib-resnet-v1-128"


class DlibEngine:
    """HOG (or BlazeFace where its weights are) + 5-point alignment + 128 numbers; Euclidean distance."""

    name = "dlib"
    kind = KIND

    def __init__(self, max_distance: float, quality: Quality, models: Path | None = None) -> None:
        self.max_distance = max_distance
        self._quality = quality
        self._package = _package()
        self._blazeface, self._why_not = blazeface.open_detector(models)

    def faces(self, picture: Picture) -> list[Face]:
        """All faces of a BGR picture, left to right."""
        found = self._blazeface.find(picture) if self._blazeface else hog.find(self._package.face_detector, picture)
        return [self._face(picture, one) for one in sorted(found, key=lambda one: one.box_px)]

    def distances(self, template: Template, others: Template) -> Template:
        """Euclidean distances."""
        return np.asarray(np.linalg.norm(others - template, axis=1), dtype=np.float32)

    def describe(self) -> str:
        """Which networks are in use."""
        detector = "MediaPipe BlazeFace" if self._blazeface else f"dlib HOG ({self._why_not})"
        return f"dlib ResNet templates (face_recognition), faces found by {detector}"

    def close(self) -> None:
        """Free the MediaPipe detector, if any."""
        if self._blazeface:
            self._blazeface.close()

    def _face(self, picture: Picture, found: hog.Found) -> Face:
        clear = sharpness(picture, found.box_px)
        flaw = self._quality.flaw(found.box_px[2] - found.box_px[0], clear)
        if flaw:
            return Face(found.box_px, clear, flaw)
        left, top, right, bottom = found.view_box
        codes = self._package.face_encodings(found.view, [(top, right, bottom, left)], 1, "small")
        return Face(found.box_px, clear, "", np.asarray(codes[0], dtype=np.float32))


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
