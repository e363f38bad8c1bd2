"""Opens the face engine that a shop is configured for.

Must not: fall back silently. "auto" means ONNX where its weights are, else dlib; `describe()` says which it became.
"""

from __future__ import annotations

from pathlib import Path

from edge.config import Faces
from edge.core.errors import BadInput
from vision.faces.face import FaceEngine
from vision.faces.matching import Impostors, Rule
from vision.faces.quality import Quality


def open_engine(faces: Faces, models: Path | None = None) -> FaceEngine:
    """The engine of `[faces]`; `models` is the folder with optional weights. Raises BadInput with the cure."""
    from vision.faces import onnx_engine

    quality = Quality(
        faces.min_face_px, faces.min_sharpness, faces.max_turn_deg, faces.min_light, faces.max_clipped_pct
    )
    if faces.engine == "onnx" and not onnx_engine.present(models):
        wanted = f"{onnx_engine.DETECTOR} and {onnx_engine.EMBEDDER}"
        where = f"not in {models}" if models else "not given ([models] folder is not set)"
        raise BadInput("faces.engine", f'"onnx" needs {wanted}, {where}; add them or set faces.engine = "dlib"')
    if models and faces.engine != "dlib" and onnx_engine.present(models):
        return onnx_engine.OnnxEngine(faces.min_cosine, Impostors(*faces.impostors_onnx), quality, models)
    from vision.faces.dlib_engine import DlibEngine

    return DlibEngine(faces.max_distance, Impostors(*faces.impostors_dlib), quality, models)


def rule_of(engine: FaceEngine, faces: Faces) -> Rule:
    """The rule of `[faces]` for the distances of this engine."""
    return Rule(engine.max_distance, faces.min_margin, engine.impostors, faces.wrong_name_chance)
