"""Opens a resolved ONNX network: who computes is chosen at run time, and its tensors are compared with the manifest.

Must not: fall back without saying so (`Network.provider` is what really computes), or know what the numbers mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.models.form import CURE, check_form
from vision.models.manifest import Form, Shape
from vision.models.places import Found, ModelBad, Place

# What onnxruntime calls those who compute, quickest first. The runtime that is installed says which of them it offers.
PROVIDERS: Final = {
    "tensorrt": "TensorrtExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "cpu": "CPUExecutionProvider",
}
TYPES: Final = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int64)": "int64",
}


class Network:
    """An open network. One instance per thread of work; each camera has a process of its own."""

    def __init__(self, session: Any, place: Place, missed: str = "") -> None:
        self.session = session
        self.path = place.path
        self.inputs: tuple[str, ...] = tuple(item.name for item in session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(item.name for item in session.get_outputs())
        self.input_shapes: tuple[Shape, ...] = tuple(_shape(item) for item in session.get_inputs())
        self.output_shapes: tuple[Shape, ...] = tuple(_shape(item) for item in session.get_outputs())
        self._missed = missed

    @property
    def provider(self) -> str:
        """Who computes: tensorrt, cuda or cpu."""
        first = self.session.get_providers()[0]
        return next((name for name, long in PROVIDERS.items() if long == first), str(first))

    def run(self, *arrays: NDArray[Any]) -> list[NDArray[Any]]:
        """Outputs in the order of the manifest, for inputs in its order. Names are the file's own business."""
        answer = self.session.run(None, dict(zip(self.inputs, arrays, strict=True)))
        return [np.asarray(item) for item in answer]

    def describe(self) -> str:
        """File and provider, for people who install a shop."""
        return f"{self.path.name} (onnxruntime, {self.provider}{self._missed})"


def open_network(found: Found, part: str = "", threads: int = 1) -> Network:
    """Open one file. One thread by default, because several cameras share few cores.

    Raises ModelBad for a file that onnxruntime refuses or whose tensors are not those that its users count on.
    """
    place = found.of(part)
    providers, missed = choose_providers(found.provider, available_providers())
    network = Network(_session(place.path, providers, threads), place, missed)
    check_form(place, _forms(network.session.get_inputs()), _forms(network.session.get_outputs()))
    return network


def available_providers() -> list[str]:
    """Short names of what the installed onnxruntime offers, quickest first."""
    import onnxruntime

    offered = set(onnxruntime.get_available_providers())
    return [name for name, long in PROVIDERS.items() if long in offered]


def runtime_version() -> str:
    """The release of onnxruntime that is installed."""
    import onnxruntime

    return str(onnxruntime.__version__)


def choose_providers(wanted: str, offered: list[str]) -> tuple[list[str], str]:
    """Providers to try in order, the CPU last, and a remark where the wish cannot be met."""
    if wanted == "auto":
        return list(dict.fromkeys([*offered, "cpu"])), ""
    missed = "" if wanted in offered or wanted == "cpu" else f"; {wanted} is not offered by this onnxruntime"
    return list(dict.fromkeys([*([wanted] if wanted in offered else []), "cpu"])), missed


def _forms(items: Sequence[Any]) -> list[Form]:
    return [Form(name=item.name, type=TYPES.get(item.type, item.type), shape=_shape(item)) for item in items]


def _shape(item: Any) -> Shape:
    """Sides of a tensor; one that the file leaves free is a word."""
    return tuple(side if isinstance(side, int) else str(side) for side in item.shape)


def _session(path: Path, providers: list[str], threads: int) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    refused = (errors.Fail, errors.InvalidGraph, errors.InvalidProtobuf, errors.NoSuchFile, errors.RuntimeException)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            path.read_bytes(), options, providers=[PROVIDERS[name] for name in providers]
        )
    except (OSError, *refused, errors.InvalidArgument, errors.NotImplemented) as error:
        reason = str(error).splitlines()[0]
        raise ModelBad(str(path), f"is not a usable ONNX file ({reason}); {CURE}") from None
