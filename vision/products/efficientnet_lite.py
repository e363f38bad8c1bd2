"""EfficientNet-Lite as a product embedding: from its published weights to a network with the features of all layers.

Structure: Tan and Le 2019 (EfficientNet), with the changes of the Lite family (TensorFlow TPU repository, 2020): no
squeeze-and-excitation, ReLU6, the first and last stage not repeated. Batch norm is folded into the convolutions. What
comes out is, for each of the last four stages, mean and deviation over the picture of every channel, and the mean of
the head: where ImageNet's classes look away (colour, texture, print), earlier layers do not. Must not: train.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vision.models import onnx_bytes

REPEATS: Final = (1, 2, 2, 3, 3, 4, 1)  # of each stage at depth 1
STRIDES: Final = (1, 2, 2, 2, 1, 2, 1)
FIRST_POOLED: Final = 3  # stage, from 0
BATCH_NORM_EPS: Final = 1e-3
Tensors = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Built:
    """An ONNX file: `input` [n, 3, side, side], RGB, (x - 127) / 128, to `features` [n, sum(widths)], all float32."""

    content: bytes
    widths: tuple[int, ...]


def build(weights: Tensors, depth: float, side: int) -> Built:
    """The network for pictures of side x side pixels. Raises KeyError or ValueError for the weights of another one."""
    builder = _Builder(weights, side)
    x = builder.convolution("input", "_conv_stem", "_bn0", stride=2)
    pooled: list[str] = []
    widths: list[int] = []
    for stage, blocks in enumerate(_stages(depth)):
        for number, stride in blocks:
            x = builder.block(x, f"_blocks.{number}.", stride)
        if stage >= FIRST_POOLED:
            pooled += builder.mean_and_deviation(x)
            widths += [builder.channels] * 2
    x = builder.convolution(x, "_conv_head", "_bn1")
    pooled.append(builder.node("ReduceMean", x, axes=[2, 3], keepdims=0))
    widths.append(builder.channels)
    return Built(builder.file(builder.node("Concat", *pooled, axis=1), side, sum(widths)), tuple(widths))


def _stages(depth: float) -> Iterator[list[tuple[int, int]]]:
    """(number, stride) of the blocks of each stage."""
    number = 0
    for stage, (repeats, stride) in enumerate(zip(REPEATS, STRIDES, strict=True)):
        count = repeats if stage in (0, len(REPEATS) - 1) else math.ceil(repeats * depth)
        yield [(number + i, stride if i == 0 else 1) for i in range(count)]
        number += count


class _Builder:
    """Adds the parts of the network one after the other; `channels` is the width of what the last one gave."""

    def __init__(self, weights: Tensors, side: int) -> None:
        self._weights = weights
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._zero, self._six = (self._constant(np.array(limit, np.float32)) for limit in (0, 6))
        self._side, self.channels = side, 3

    def file(self, source: str, side: int, width: int) -> bytes:
        """The whole model with `source` as its output."""
        self._nodes.append(onnx_bytes.node("Identity", [source], "features"))
        given, result = ("input", ("n", 3, side, side)), ("features", ("n", width))
        return onnx_bytes.model("efficientnet_lite_features", self._nodes, self._constants, given, result)

    def node(self, kind: str, *inputs: str, **attributes: int | list[int]) -> str:
        """One operation; returns the name of what comes out."""
        name = f"n{len(self._nodes)}"
        self._nodes.append(onnx_bytes.node(kind, inputs, name, **attributes))
        return name

    def block(self, x: str, name: str, stride: int) -> str:
        """Mobile inverted bottleneck."""
        before, y = self.channels, x
        if f"{name}_expand_conv.weight" in self._weights:
            y = self.convolution(y, f"{name}_expand_conv", f"{name}_bn0")
        wide = self.channels
        y = self.convolution(y, f"{name}_depthwise_conv", f"{name}_bn1", stride, groups=wide)
        y = self.convolution(y, f"{name}_project_conv", f"{name}_bn2", active=False)
        return self.node("Add", x, y) if stride == 1 and self.channels == before else y

    def convolution(self, x: str, name: str, norm: str, stride: int = 1, groups: int = 1, active: bool = True) -> str:
        """A convolution with its batch norm folded in and, if `active`, ReLU6; TensorFlow's "same" padding."""
        kernel, bias = self._folded(name, norm)
        size = kernel.shape[2]
        side = -(-self._side // stride)
        total = max(0, (side - 1) * stride + size - self._side)
        pads = [total // 2, total // 2, total - total // 2, total - total // 2]
        self._side, self.channels = side, len(bias)
        inputs = (x, self._constant(kernel), self._constant(bias))
        x = self.node("Conv", *inputs, group=groups, kernel_shape=[size] * 2, pads=pads, strides=[stride] * 2)
        return self.node("Clip", x, self._zero, self._six) if active else x

    def mean_and_deviation(self, x: str) -> list[str]:
        """Mean and standard deviation over the picture, per channel."""
        off = self.node("Sub", x, self.node("ReduceMean", x, axes=[2, 3], keepdims=1))
        spread = self.node("ReduceMean", self.node("Mul", off, off), axes=[2, 3], keepdims=0)
        return [self.node("ReduceMean", x, axes=[2, 3], keepdims=0), self.node("Sqrt", spread)]

    def _folded(self, name: str, norm: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        get = self._weights
        scale = get[f"{norm}.weight"] / np.sqrt(get[f"{norm}.running_var"] + BATCH_NORM_EPS)
        bias = get[f"{norm}.bias"] - get[f"{norm}.running_mean"] * scale
        kernel = get[f"{name}.weight"] * scale[:, None, None, None]
        return kernel.astype(np.float32), bias.astype(np.float32)

    def _constant(self, values: NDArray[np.float32]) -> str:
        name = f"c{len(self._constants)}"
        self._constants.append(onnx_bytes.constant(name, values))
        return name
