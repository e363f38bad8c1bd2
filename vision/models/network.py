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
ENGINES: Final = "engines"
TYPES: Final = {
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
    "tensor(uint8)": "uint8",
    "tensor(int64)": "int64",
}


class Network:
    """An open network. One instance per thread of work; each camera has a process of its own."""

    def __init__(self, session: Any, place: Place, wanted: str = "auto", tried: Sequence[str] = ("cpu",)) -> None:
        self.session = session
        self.path = place.path
        self.inputs: tuple[str, ...] = tuple(item.name for item in session.get_inputs())
        self.outputs: tuple[str, ...] = tuple(item.name for item in session.get_outputs())
        self.input_shapes: tuple[Shape, ...] = tuple(_shape(item) for item in session.get_inputs())
        self.output_shapes: tuple[Shape, ...] = tuple(_shape(item) for item in session.get_outputs())
        self._wanted, self._tried = wanted, tuple(tried)

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
        """File and provider, for people who install a shop; with the reason where the wish was not met."""
        provider = self.provider
        if self._wanted not in ("auto", *self._tried):
            return f"{self.path.name} (onnxruntime, {provider}; {self._wanted} is not offered by this onnxruntime)"
        if provider != self._tried[0]:
            return f"{self.path.name} (onnxruntime, {provider}; {self._tried[0]} is offered but did not start)"
        return f"{self.path.name} (onnxruntime, {provider})"


def open_network(
    found: Found, part: str = "", threads: int = 1, *, narrow: bool = False, built: bytes | None = None
) -> Network:
    """Open one file. One thread by default, because several cameras share few cores.

    `narrow`: its layers have few channels; onnxruntime's blocked layout would pad them and take longer.
    `built`: the ONNX file that was made in memory of a file of weights alone.

    Raises ModelBad for a file that onnxruntime refuses or whose tensors are not those that its users count on.
    """
    place = found.of(part)
    tried = choose_providers(found.provider, available_providers(), has_engines(found.folder))
    providers = [_with_options(name, found.folder) for name in tried]
    session = _session(place.path, built, providers, threads, narrow)
    check_form(place, _forms(session.get_inputs()), _forms(session.get_outputs()))
    return Network(session, place, found.provider, tried)


def has_engines(folder: str | None) -> bool:
    """Whether TensorRT built something for this box before: it is kept in a folder beside the models."""
    return folder is not None and any(Path(folder, ENGINES).glob("*.engine"))


def _with_options(name: str, folder: str | None) -> tuple[str, dict[str, Any]]:
    """Options of a provider. TensorRT builds for minutes, so what it built is kept."""
    if name != "tensorrt" or folder is None:
        return PROVIDERS[name], {}
    return PROVIDERS[name], {"trt_engine_cache_enable": True, "trt_engine_cache_path": str(Path(folder, ENGINES))}


def available_providers() -> list[str]:
    """Short names of what the installed onnxruntime offers, quickest first."""
    import onnxruntime

    offered = set(onnxruntime.get_available_providers())
    return [name for name, long in PROVIDERS.items() if long in offered]


def runtime_version() -> str:
    """The release of onnxruntime that is installed."""
    import onnxruntime

    return str(onnxruntime.__version__)


def choose_providers(wanted: str, offered: Sequence[str], prepared: bool = False) -> list[str]:
    """Providers to try in order, the CPU last.

    "auto" takes TensorRT only where engines were built before (`prepared`): building takes minutes, and a worker that
    says nothing for so long is started again.
    """
    if wanted == "auto":
        first = [name for name in offered if name != "tensorrt" or prepared]
    else:
        first = [wanted] if wanted in offered else []
    return list(dict.fromkeys([*first, "cpu"]))


def _forms(items: Sequence[Any]) -> list[Form]:
    return [Form(name=item.name, type=TYPES.get(item.type, item.type), shape=_shape(item)) for item in items]


def _shape(item: Any) -> Shape:
    """Sides of a tensor; one that the file leaves free is a word."""
    return tuple(side if isinstance(side, int) else str(side) for side in item.shape)


def _session(
    path: Path, built: bytes | None, providers: list[tuple[str, dict[str, Any]]], threads: int, narrow: bool
) -> Any:
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as errors

    refused = (errors.Fail, errors.InvalidGraph, errors.InvalidProtobuf, errors.NoSuchFile, errors.RuntimeException)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    if narrow:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    try:
        content = path.read_bytes() if built is None else built
        return onnxruntime.InferenceSession(content, options, providers=providers)
    except (OSError, *refused, errors.InvalidArgument, errors.NotImplemented) as error:
        reason = str(error).splitlines()[0]
        raise ModelBad(str(path), f"is not a usable ONNX file ({reason}); {CURE}") from None
