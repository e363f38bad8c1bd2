"""Opens the face engine that a shop is configured for.

Must not: fall back silently. "auto" means ONNX where its weights are, else dlib; `describe()` says which it became.
"""

from __future__ import annotations

from pathlib import Path

from edge.config import Faces
from edge.core.errors import BadInput
from vision.faces.face import FaceEngine, Quality


def open_engine(faces: Faces, models: Path | None = None) -> FaceEngine:
    """The engine of `[faces]`; `models` is the folder with optional weights. Raises BadInput with the cure."""
    from vision.faces import onnx_engine

    quality = Quality(faces.min_face_px, faces.min_sharpness)
    if faces.engine == "onnx" and not onnx_engine.present(models):
        wanted = f"{onnx_engine.DETECTOR} and {onnx_engine.EMBEDDER}"
        where = f"not in {models}" if models else "not given ([models] folder is not set)"
        raise BadInput("faces.engine", f'"onnx" needs {wanted}, {where}; add them or set faces.engine = "dlib"')
    if models and faces.engine != "dlib" and onnx_engine.present(models):
        return onnx_engine.OnnxEngine(faces.min_cosine, quality, models)
    from vision.faces.dlib_engine import DlibEngine

    return DlibEngine(faces.max_distance, quality, models)
