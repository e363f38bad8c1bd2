"""Builds the ONNX file of EfficientNet-Lite0's first 14 blocks from the published PyTorch weights.

Architecture: Tan and Le 2019 (EfficientNet) without squeeze and excitation, ReLU6, as released for EfficientNet-Lite.
The same weights always give the same bytes: single precision in a fixed order. Must not: train, or choose weights.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge.core.errors import BadInput
from vision.models import onnx_bytes
from vision.models.torch_file import read_tensors

SIDE_PX: Final = 224
STEM: Final = 32
STAGES: Final = (  # blocks, kernel, stride of the first, expansion, channels
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
)
BLOCKS: Final = 14  # deeper ones know ImageNet's classes better, and packs worse
EPSILON: Final = np.float32(1e-3)


def build(weights: bytes, name: str) -> bytes:
    """The ONNX file: `input` [n, 3, 224, 224] to `feat` [n, 192, 7, 7]. Raises BadInput for other weights."""
    return _Builder(read_tensors(weights, name), name).file()


class _Builder:
    def __init__(self, tensors: dict[str, NDArray[Any]], name: str) -> None:
        self._tensors, self._name = tensors, name
        self._nodes: list[bytes] = []
        self._constants = [onnx_bytes.constant("lo", np.zeros(1)), onnx_bytes.constant("hi", np.full(1, 6.0))]
        self._count = 0
        self._side, self._channels = SIDE_PX, 3

    def file(self) -> bytes:
        value = self._relu6(self._convolve("input", "_conv_stem", "_bn0", 3, 2))
        number = 0
        for blocks, kernel, stride, expansion, channels in STAGES:
            for place in range(blocks):
                if number < BLOCKS:
                    value = self._block(value, number, kernel, stride if place == 0 else 1, expansion, channels)
                number += 1
        self._nodes.append(onnx_bytes.node("Identity", [value], "feat"))
        source = ("input", ("n", 3, SIDE_PX, SIDE_PX))
        result = ("feat", ("n", self._channels, self._side, self._side))
        return onnx_bytes.model("efficientnet_lite0_block13", self._nodes, self._constants, source, result)

    def _block(self, value: str, number: int, kernel: int, stride: int, expansion: int, channels: int) -> str:
        """Widen, look around, narrow; the way past it where nothing changes in size."""
        before, name, past = self._channels, f"_blocks.{number}.", value
        if expansion > 1:
            value = self._relu6(self._convolve(value, f"{name}_expand_conv", f"{name}_bn0", 1, 1))
        wide = before * expansion
        value = self._relu6(self._convolve(value, f"{name}_depthwise_conv", f"{name}_bn1", kernel, stride, wide))
        value = self._convolve(value, f"{name}_project_conv", f"{name}_bn2", 1, 1)
        if stride == 1 and before == channels:
            self._nodes.append(onnx_bytes.node("Add", [value, past], f"{value}r"))
            value = f"{value}r"
        return value

    def _convolve(self, value: str, weight: str, norm: str, kernel: int, stride: int, group: int = 1) -> str:
        """A convolution with the batch norm folded in, padded as TensorFlow does: the odd pixel right and below."""
        self._count += 1
        number = self._count
        folded, bias = self._fold(weight, norm)
        self._constants += [onnx_bytes.constant(f"w{number}", folded), onnx_bytes.constant(f"b{number}", bias)]
        side = -(-self._side // stride)
        total = max(0, (side - 1) * stride + kernel - self._side)
        pads = (total // 2, total // 2, total - total // 2, total - total // 2)
        self._side, self._channels = side, len(bias)
        inputs = [value, f"w{number}", f"b{number}"]
        size, steps = (kernel, kernel), (stride, stride)
        self._nodes.append(
            onnx_bytes.node("Conv", inputs, f"t{number}", group=group, kernel_shape=size, pads=pads, strides=steps)
        )
        return f"t{number}"

    def _fold(self, weight: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        parts = ("weight", "bias", "running_mean", "running_var")
        gain, shift, mean, variance = (self._tensor(f"{norm}.{part}") for part in parts)
        scale = np.asarray(gain / np.sqrt(variance + EPSILON), np.float32)
        return self._tensor(f"{weight}.weight") * scale[:, None, None, None], shift - mean * scale

    def _tensor(self, name: str) -> NDArray[np.float32]:
        try:
            return np.asarray(self._tensors[name], np.float32)
        except KeyError:
            raise BadInput(self._name, f"has no {name}: it is not EfficientNet-Lite0") from None

    def _relu6(self, value: str) -> str:
        self._nodes.append(onnx_bytes.node("Clip", [value, "lo", "hi"], f"{value}a"))
        return f"{value}a"
