"""TFLite files for MediaPipe: their tensors compared with the manifest, and the bundle that MediaPipe Tasks opens.

Field numbers after TensorFlow Lite's schema.fbs. Must not: run a network (MediaPipe does), or change a byte of one.
"""

from __future__ import annotations

import io
import struct
import zipfile
from typing import Final

from flatbuffers.number_types import Int32Flags, UOffsetTFlags
from flatbuffers.table import Table

from vision.models.form import CURE, check_form
from vision.models.manifest import Form
from vision.models.places import Found, ModelBad

MAGIC: Final = b"TFL3"
TYPES: Final = {0: "float32", 1: "float16", 2: "int32", 3: "uint8", 4: "int64", 9: "int8"}
HAND_PARTS: Final = {"hand_detector.tflite": "palm_full", "hand_landmarks_detector.tflite": "landmarks_full"}


def model_bytes(found: Found, part: str = "") -> bytes:
    """The content of one file. Raises ModelBad where its tensors are not those that its users count on."""
    place = found.of(part)
    try:
        data = place.path.read_bytes()
    except OSError as error:
        raise ModelBad(str(place.path), f"cannot be read ({error.strerror}); correct its rights") from None
    try:
        inputs, outputs = forms(data)
    except ValueError as error:
        raise ModelBad(str(place.path), f"is not a usable TFLite file: {error}; {CURE}") from None
    check_form(place, inputs, outputs)
    return data


def hand_task(found: Found) -> bytes:
    """`mediapipe_hands` as the one buffer that MediaPipe Tasks' HandLandmarker takes: both files, not compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as bundle:
        for name, part in HAND_PARTS.items():
            bundle.writestr(zipfile.ZipInfo(name), model_bytes(found, part))
    return buffer.getvalue()


def forms(data: bytes) -> tuple[list[Form], list[Form]]:
    """Inputs and outputs of the first subgraph. Raises ValueError for what is no TFLite file."""
    if data[4:8] != MAGIC:
        raise ValueError("it does not begin like a TFLite file")
    try:
        start = struct.unpack_from("<I", data)[0]
        [graph, *_] = _tables(Table(data, start), 2)
        tensors = _tables(graph, 0)
        inputs, outputs = ([_form(tensors[number]) for number in _numbers(graph, field)] for field in (1, 2))
    except (struct.error, IndexError, ValueError, TypeError) as error:
        raise ValueError(f"it cannot be read ({error})") from None
    return inputs, outputs


def _form(tensor: Table) -> Form:
    place = tensor.Offset(4 + 2 * 1)
    kind = tensor.Bytes[tensor.Pos + place] if place else 0
    return Form(name=_name(tensor), type=TYPES.get(kind, str(kind)), shape=tuple(_numbers(tensor, 0)))


def _name(tensor: Table) -> str:
    place = tensor.Offset(4 + 2 * 3)
    return tensor.String(tensor.Pos + place).decode() if place else ""


def _tables(owner: Table, field: int) -> list[Table]:
    """The tables of a vector field."""
    place = owner.Offset(4 + 2 * field)
    if not place:
        return []
    first, count = owner.Vector(place), owner.VectorLen(place)
    size = UOffsetTFlags.bytewidth
    return [Table(owner.Bytes, owner.Indirect(first + number * size)) for number in range(count)]


def _numbers(owner: Table, field: int) -> list[int]:
    """The int32 values of a vector field."""
    place = owner.Offset(4 + 2 * field)
    if not place:
        return []
    first, count = owner.Vector(place), owner.VectorLen(place)
    return [int(owner.Get(Int32Flags, first + number * Int32Flags.bytewidth)) for number in range(count)]
