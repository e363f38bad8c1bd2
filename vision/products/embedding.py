"""A product's picture as a vector: by networks where their weights are, by colour and texture where there is none.

Vectors of two embedders, or of two sets of weights, must never be compared: `kind` names both. Must not: know any
product, or keep a picture.
"""

from __future__ import annotations

from typing import Any, Final, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.config import Models
from edge.core.errors import BadInput
from vision.models import Found, ModelAbsent, ModelBad, Network, open_network, resolve

Picture = NDArray[np.uint8]
Vector = NDArray[np.float32]

LITES: Final = (("efficientnet_lite0", 1.0, 224), ("efficientnet_lite2", 1.2, 260))  # model, depth, side
LOOKS: Final = ((1.0, False), (0.75, True), (0.55, False))  # share of the picture about its middle, mirrored or not
CUT: Final = "efficientnet_lite0_feat"
CUT_SIDE, CUT_ROWS = 224, 4
HUES, TONES, BANDS = 12, 6, 3
HOG_SIZE: Final = (48, 72)


class Embedder(Protocol):
    """Pictures uint8 [h, w, 3] BGR of any size become one float32 vector each. `spans` are the parts of a vector."""

    kind: str
    widths: tuple[int, ...]

    def embed(self, picture: Picture) -> Vector:
        """The vector of one picture, float32 [sum(widths)]; each part has length 1."""

    def describe(self) -> str:
        """How it works, for people."""


def open_embedder(models: Models) -> Embedder:
    """The best embedder that this box has files for. Raises ModelBad for a file that is there but damaged."""
    try:
        return LiteEmbedder([resolve(name, models) for name, _, _ in LITES])
    except ModelAbsent:
        pass
    try:
        return CutEmbedder(resolve(CUT, models))
    except ModelAbsent:
        return ColourTexture()


class LiteEmbedder:
    """Features of several layers of EfficientNet-Lite 0 and 2, of three looks at the picture, each nearer."""

    def __init__(self, founds: list[Found], threads: int = 1) -> None:
        from vision.models.torch_file import read_tensors
        from vision.products.efficientnet_lite import build

        self.networks: list[tuple[Network, int]] = []
        widths: list[int] = []
        for found, (_, depth, side) in zip(founds, LITES, strict=True):
            try:
                built = build(read_tensors(found.path.read_bytes(), str(found.path)), depth, side)
            except (KeyError, ValueError) as error:
                raise ModelBad(
                    str(found.path), f"has the weights of another network ({error}); pull it again"
                ) from None
            self.networks.append((open_network(found, threads=threads, built=built.content), side))
            widths += built.widths
        self.widths = tuple(widths)
        self.kind = "lite02-" + "-".join(found.finger_print for found in founds)

    def embed(self, picture: Picture) -> Vector:
        """Mean of the features of all looks, square root of each number (fewer peaks), each part to length 1."""
        parts = [network.run(looks(picture, side))[0].mean(axis=0) for network, side in self.networks]
        return unit_parts(signed_root(np.concatenate(parts)), self.widths)

    def describe(self) -> str:
        """Which networks, on what."""
        return f"EfficientNet-Lite 0 and 2 ({self.networks[0][0].provider}), {sum(self.widths)} numbers a picture"


class CutEmbedder:
    """EfficientNet-Lite0 cut after block 13, pooled over a 2 x 2 grid: one file of a models folder."""

    def __init__(self, found: Found, threads: int = 1) -> None:
        self.network = open_network(found, threads=threads)
        channels = self.network.output_shapes[0][1]
        self.widths: tuple[int, ...] = (int(channels),) * 4
        self.kind = f"cut-{found.finger_print}"

    def embed(self, picture: Picture) -> Vector:
        """Mean of each quarter of the grid, each to length 1."""
        grid = self.network.run(looks(picture, CUT_SIDE, LOOKS[:1]))[0][0]
        halves = (slice(None, CUT_ROWS), slice(CUT_ROWS, None))
        cells = [grid[:, rows, columns].mean(axis=(1, 2)) for rows in halves for columns in halves]
        return unit_parts(np.concatenate(cells).astype(np.float32), self.widths)

    def describe(self) -> str:
        """Which file, on what, and what is missing for more."""
        names = ", ".join(name for name, _, _ in LITES)
        return f"{self.network.describe()}; less exact than {names} together (`muin models pull` says what is missing)"


class ColourTexture:
    """No network: colours in three bands from top to bottom, and edge directions (HOG)."""

    kind = "colour-texture-1"

    def __init__(self) -> None:
        cell = (8, 8)
        self._hog = cv2.HOGDescriptor(HOG_SIZE, (16, 16), cell, cell, 9)
        self.widths: tuple[int, ...] = (BANDS * HUES * TONES * TONES, int(self._hog.getDescriptorSize()))

    def embed(self, picture: Picture) -> Vector:
        """Square root of the histogram's shares (Hellinger), and HOG."""
        small = cv2.resize(picture, HOG_SIZE, interpolation=cv2.INTER_AREA)
        tones = cv2.cvtColor(small, cv2.COLOR_BGR2HSV)
        ranges = [0, 180, 0, 256, 0, 256]
        bands = np.array_split(tones, BANDS)
        counts = [cv2.calcHist([band], [0, 1, 2], None, [HUES, TONES, TONES], ranges).ravel() for band in bands]
        edges = np.asarray(self._hog.compute(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)), np.float32).ravel()
        return unit_parts(np.concatenate([np.sqrt(np.concatenate(counts)), edges]).astype(np.float32), self.widths)

    def describe(self) -> str:
        """What it is, and the cure."""
        return (
            "colour and texture, no network: much less exact; install the pinned requirements "
            "or run `muin models pull` for the networks"
        )


def looks(picture: Picture, side: int, chosen: tuple[tuple[float, bool], ...] = LOOKS) -> NDArray[np.float32]:
    """Network input float32 [n, 3, side, side]: looks at a picture, RGB, (x - 127) / 128."""
    return np.stack([_look(picture, side, share, mirrored) for share, mirrored in chosen])


def _look(picture: Picture, side: int, share: float, mirrored: bool) -> NDArray[np.float32]:
    height, width = (max(1, round(size * share)) for size in picture.shape[:2])
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    part = picture[top : top + height, left : left + width]
    shrinks = min(height, width) >= side
    sized = cv2.resize(part, (side, side), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    channels = (sized[:, ::-1] if mirrored else sized)[:, :, ::-1].transpose(2, 0, 1)
    return np.asarray(np.subtract(channels, 127, dtype=np.float32) / 128, np.float32)


def signed_root(values: NDArray[Any]) -> Vector:
    """sign(x) * sqrt(|x|) ("power normalisation", Perronnin et al. 2010)."""
    return np.asarray(np.sign(values) * np.sqrt(np.abs(values)), np.float32)


def unit_parts(vector: Vector, widths: tuple[int, ...]) -> Vector:
    """Each part of a vector divided by its length."""
    parts = np.split(vector, np.cumsum(widths)[:-1])
    unit = [part / max(float(np.linalg.norm(part)), 1e-6) for part in parts]
    return np.asarray(np.concatenate(unit), np.float32)


def missing(models: Models) -> str:
    """Why the best embedder cannot be had, with the cure; empty where it can."""
    reasons = []
    for name, _, _ in LITES:
        try:
            resolve(name, models)
        except BadInput as error:
            reasons.append(str(error))
    return "; ".join(reasons)
