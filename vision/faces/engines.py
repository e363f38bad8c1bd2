"""Opens the face engine that a shop is configured for, and the liveness networks where they are.

Must not: fall back silently. "auto" means ONNX where its weights are, else dlib; `describe()` says which it became.
"""

from __future__ import annotations

from pathlib import Path

from edge.config import Faces, Models
from edge.core.errors import BadInput
from vision.faces.face import FaceEngine
from vision.faces.liveness import Liveness
from vision.faces.matching import Impostors, Rule
from vision.faces.quality import Quality
from vision.models import ModelAbsent, ModelBad
from vision.models.places import as_settings


def open_engine(faces: Faces, models: Models | Path | str | None = None, make_do: bool = False) -> FaceEngine:
    """The engine of `[faces]`; `models` is [models] or its folder. Raises BadInput with the cure.

    `make_do`: where weights are there but cannot be used, "auto" goes on with dlib and the engine's `problem` says so.
    A gate does; who enrols people would put them into the wrong engine.
    """
    settings, problem = as_settings(models), ""
    quality = Quality(
        faces.min_face_px, faces.min_sharpness, faces.max_turn_deg, faces.min_light, faces.max_clipped_pct
    )
    if faces.engine != "dlib":
        from vision.faces.onnx_engine import OnnxEngine

        try:
            return OnnxEngine(faces.min_cosine, Impostors(*faces.impostors_onnx), quality, settings)
        except ModelAbsent as error:
            if faces.engine == "onnx":
                raise BadInput("faces.engine", f'"onnx" cannot work: {error}; or set faces.engine = "dlib"') from None
        except ModelBad as error:
            if faces.engine == "onnx" or not make_do:
                raise
            problem = str(error)
    from vision.faces.dlib_engine import DlibEngine

    return DlibEngine(faces.max_distance, Impostors(*faces.impostors_dlib), quality, settings, problem)


def open_liveness(faces: Faces, models: Models | Path | str | None = None) -> Liveness | None:
    """The liveness networks; None where they are off, or not on this box while the shop only wants them noted.

    Raises BadInput where `faces.liveness = "refuse"` asks for them and they are not there.
    """
    if faces.liveness == "off":
        return None
    try:
        return Liveness(as_settings(models))
    except ModelAbsent as error:
        if faces.liveness == "note":
            return None
        text = f'"refuse" cannot work, so no face opens and codes do: {error}; or set faces.liveness = "note"'
        raise BadInput("faces.liveness", text) from None


def rule_of(engine: FaceEngine, faces: Faces) -> Rule:
    """The rule of `[faces]` for the distances of this engine."""
    return Rule(engine.max_distance, faces.min_margin, engine.impostors, faces.wrong_name_chance)
