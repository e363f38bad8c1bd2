"""Opening ONNX weights of the face networks: one thread, a clear error, and a finger print of the file.

Must not: download anything. The operator may put another file of the same form in the place of ours; templates
carry the finger print, so those of two files are never compared.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from edge.core.errors import BadInput


def open_session(path: Path, inputs: dict[str, int]) -> Any:
    """An onnxruntime session. `inputs` are the input names it must have with their number of dimensions."""
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    cure = 'put the right file there or set faces.engine = "dlib"'
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    refused = (errors.Fail, errors.InvalidGraph, errors.InvalidProtobuf, errors.NoSuchFile, errors.RuntimeException)
    try:
        session = onnxruntime.InferenceSession(path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except (OSError, *refused, errors.InvalidArgument, errors.NotImplemented) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(str(path), f"is not a usable ONNX file ({reason}); {cure}") from None
    found = {item.name: len(item.shape) for item in session.get_inputs()}
    if found != inputs:
        raise BadInput(str(path), f"has the inputs {found}, wanted {inputs}: another network; {cure}")
    return session


def finger_print(path: Path) -> str:
    """The first 8 hex digits of the file's SHA-256."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:8]
