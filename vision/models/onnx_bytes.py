"""Writes the few parts of an ONNX file that a plain convolutional network needs, always to the same bytes.

Field numbers after onnx.proto (ONNX IR 9), wire form after the protocol buffers encoding. The bytes must not depend on
the release of a library, because the manifest pins their SHA-256. Must not: know which network is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

IR_VERSION: Final = 9
OPSET: Final = 17
FLOAT, INT, INTS = 1, 2, 7  # TensorProto.FLOAT, AttributeProto.INT and INTS


def node(kind: str, inputs: Sequence[str], output: str, **attributes: int | Sequence[int]) -> bytes:
    """One operation; attributes in the order of their names."""
    names = b"".join(_text(1, name) for name in inputs)
    pairs = b"".join(_block(5, _attribute(name, attributes[name])) for name in sorted(attributes))
    return names + _text(2, output) + _text(4, kind) + pairs


def constant(name: str, values: NDArray[Any]) -> bytes:
    """A float32 tensor."""
    sides = b"".join(_number(1, side) for side in values.shape)
    return sides + _number(2, FLOAT) + _text(8, name) + _block(9, np.ascontiguousarray(values, "<f4").tobytes())


def model(
    name: str,
    nodes: Sequence[bytes],
    constants: Sequence[bytes],
    source: tuple[str, Sequence[int | str]],
    result: tuple[str, Sequence[int | str]],
) -> bytes:
    """The whole file; `source` and `result` are name and shape of the one input and the one output."""
    graph = b"".join(_block(1, item) for item in nodes) + _text(2, name)
    graph += b"".join(_block(5, item) for item in constants)
    graph += _block(11, _value(*source)) + _block(12, _value(*result))
    return _number(1, IR_VERSION) + _block(7, graph) + _block(8, _text(1, "") + _number(2, OPSET))


def _value(name: str, shape: Sequence[int | str]) -> bytes:
    sides = b"".join(_block(1, _text(2, side) if isinstance(side, str) else _number(1, side)) for side in shape)
    return _text(1, name) + _block(2, _block(1, _number(1, FLOAT) + _block(2, sides)))


def _attribute(name: str, value: int | Sequence[int]) -> bytes:
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, INT)
    return _text(1, name) + b"".join(_number(8, item) for item in value) + _number(20, INTS)


def _text(field: int, text: str) -> bytes:
    return _block(field, text.encode())


def _block(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)
