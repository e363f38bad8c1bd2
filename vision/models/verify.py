"""One file of a model against the manifest: its SHA-256, and, where our runtime opens it, its tensors.

Must not: change a file, or stop at the first that is wrong.
"""

from __future__ import annotations

from typing import Any

from edge.config import Models
from edge.core.errors import BadInput
from vision.models.manifest import Model, ModelFile
from vision.models.network import open_network
from vision.models.places import Found, ModelAbsent, verified
from vision.models.tflite import model_bytes


def check(model: Model, file: ModelFile, settings: Models) -> dict[str, Any]:
    """A row for people: state is ok, absent or failed."""
    row: dict[str, Any] = {"model": model.name, "part": file.part, "file": file.file, "path": None, "own": False}
    try:
        place = verified(model, file, settings)
        row |= {"path": str(place.path), "own": place.whose == "own"}
        detail = "the SHA-256 is right"
        if model.runtime == "onnx":
            network = open_network(Found(model, {file.part: place}, settings.provider, settings.folder), file.part)
            detail += f"; opens: {network.describe()}"
        elif model.runtime == "tflite":
            model_bytes(Found(model, {file.part: place}), file.part)
            detail += "; its tensors as well"
    except ModelAbsent as error:
        return row | {"state": "absent", "detail": str(error)}
    except BadInput as error:
        return row | {"state": "failed", "detail": str(error)}
    return row | {"state": "ok", "detail": detail}
