"""Reads the weights of a PyTorch file of the older form, without PyTorch and without running anything in it.

The file is five pickles (magic number, version, machine, state dict, names of storages), then each storage: an int64
count and its values (torch.save before release 1.6). Must not: make any object but tensors.
"""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput

MAGIC: Final = 0x1950A86A20F9469CFC6C
KINDS: Final = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}
COUNT_BYTES: Final = 8


def read_tensors(data: bytes, name: str) -> dict[str, NDArray[Any]]:
    """Tensors by name. Raises BadInput for anything but such a file; `name` is what the error calls it."""
    stream = io.BytesIO(data)
    try:
        magic, _, _ = (_Plain(stream).load() for _ in range(3))
        if magic != MAGIC:
            raise ValueError("not made by torch.save")
        state: dict[str, Any] = _Plain(stream).load()
        kinds = {key: kind for (kind, key), _, _, _ in state.values()}
        storages = {key: _values(stream, kinds[key]) for key in _Plain(stream).load()}
        return {tensor: _view(storages[key], *place) for tensor, ((_, key), *place) in state.items()}
    except (ValueError, TypeError, LookupError, AttributeError, EOFError, pickle.UnpicklingError) as error:
        raise BadInput(name, f"is not a PyTorch file that can be read ({error}); fetch it anew") from None


class _Plain(pickle.Unpickler):
    """Loads what a state dict consists of; every other class is refused before it is made."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return lambda storage, offset, size, stride, *_: (storage, offset, size, stride)
        if module == "torch" and name in KINDS:
            return KINDS[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place among weights")

    def persistent_load(self, pid: Any) -> tuple[Any, str]:
        _, kind, key, *_ = pid
        return kind, key


def _values(stream: io.BytesIO, kind: np.dtype[Any]) -> NDArray[Any]:
    count = int.from_bytes(stream.read(COUNT_BYTES), "little")
    data = stream.read(count * kind.itemsize)
    if len(data) != count * kind.itemsize:
        raise EOFError("it is cut")
    return np.frombuffer(data, kind)


def _view(values: NDArray[Any], offset: int, size: tuple[int, ...], stride: tuple[int, ...]) -> NDArray[Any]:
    """A tensor as its storage has it: strides count values and need not be those of a packed array."""
    last = offset + sum((side - 1) * step for side, step in zip(size, stride, strict=True))
    if min(offset, *stride, *size, 0) < 0 or last >= len(values):
        raise ValueError("a tensor reaches beyond its storage")
    return np.lib.stride_tricks.as_strided(values[offset:], size, [step * values.itemsize for step in stride])
