"""Shapes of unit size as triangles: packs, furniture, and the rounded limb that people are built of.

A vertex is (x, y, z, nx, ny, nz, u, v, material): the shape stands on z = 0, its front looks along -y.
Must not: know colours or places.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from edge.simulation.rendering.pack_looks import Form

Mesh: TypeAlias = NDArray[np.float32]
PRINTED, PLAIN, METAL, LID = 0.0, 1.0, 2.0, 3.0
SIDES, LIMB_SIDES, LIMB_RINGS = 18, 12, 9


def box() -> Mesh:
    """A carton: printed front and back, the ground colour on its sides, top and bottom."""
    rows: list[list[float]] = []
    faces = [  # normal, first edge, second edge, u0, u1, material
        ((0, -1, 0), (1, 0, 0), (0, 0, 1), 0.0, 0.5, PRINTED),
        ((0, 1, 0), (-1, 0, 0), (0, 0, 1), 0.5, 1.0, PRINTED),
        ((1, 0, 0), (0, 1, 0), (0, 0, 1), 0.0, 0.5, PLAIN),
        ((-1, 0, 0), (0, -1, 0), (0, 0, 1), 0.0, 0.5, PLAIN),
        ((0, 0, 1), (1, 0, 0), (0, 1, 0), 0.0, 0.5, PLAIN),
        ((0, 0, -1), (1, 0, 0), (0, -1, 0), 0.0, 0.5, PLAIN),
    ]
    for normal, across, up, u0, u1, material in faces:
        n, a, b = np.array(normal, float), np.array(across, float), np.array(up, float)
        corners = []
        for s, t in ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)):
            spot = n * 0.5 + a * s + b * t + np.array([0, 0, 0.5])
            corners.append([*spot, *normal, u0 + (s + 0.5) * (u1 - u0), 0.5 - t, material])
        rows += [corners[k] for k in (0, 1, 2, 0, 2, 3)]
    return np.array(rows, np.float32)


def _grid(spots: NDArray[np.float64], uv: NDArray[np.float64], material: NDArray[np.float64]) -> Mesh:
    """Triangles of a grid [rows, columns, 3] with smooth normals."""
    down = np.gradient(spots, axis=0)
    across = np.gradient(spots, axis=1)
    normal = np.cross(across, down)
    normal /= np.maximum(np.linalg.norm(normal, axis=2, keepdims=True), 1e-9)
    full = np.concatenate([spots, normal, uv, material[..., None]], axis=2)
    a, b, c, d = full[:-1, :-1], full[:-1, 1:], full[1:, 1:], full[1:, :-1]
    return np.stack([a, d, c, a, c, b], axis=2).reshape(-1, 9).astype(np.float32)


def lathe(profile: list[tuple[float, float, float]]) -> Mesh:
    """A body of revolution from rows (radius, height, material), top to bottom, closed at the top."""
    rows = [(0.001, profile[0][1], profile[0][2]), *profile]
    angles = np.linspace(0, 2 * np.pi, SIDES + 1)
    radius = np.array([row[0] for row in rows])[:, None]
    height = np.array([row[1] for row in rows])[:, None] * np.ones_like(angles)[None]
    # u runs to the right when seen from the front (-y); its first quarter is the middle of the printed front
    x, y = radius * -np.cos(angles) * 1.0, radius * -np.sin(angles)
    spots = np.stack([x, y, height], axis=2)
    u = np.broadcast_to(angles / (2 * np.pi), height.shape)
    uv = np.stack([u, 1 - height], axis=2)
    material = np.array([row[2] for row in rows])[:, None] * np.ones_like(angles)[None]
    return _grid(spots, uv, material)


def can() -> Mesh:
    """A tin."""
    return lathe(
        [(0.40, 1.0, METAL), (0.43, 0.98, METAL), (0.5, 0.94, PRINTED), (0.5, 0.03, PRINTED), (0.45, 0, METAL)]
    )


def bottle() -> Mesh:
    """A bottle with a cap."""
    return lathe(
        [
            (0.17, 1.0, LID), (0.18, 0.99, LID), (0.18, 0.92, LID), (0.15, 0.91, PLAIN), (0.17, 0.83, PLAIN),
            (0.40, 0.70, PLAIN), (0.5, 0.60, PRINTED), (0.5, 0.06, PRINTED), (0.46, 0.0, PLAIN),
        ]
    )  # fmt: skip


def jar() -> Mesh:
    """A glass with a lid."""
    return lathe(
        [(0.42, 1.0, LID), (0.45, 0.98, LID), (0.45, 0.85, LID), (0.41, 0.84, PLAIN), (0.5, 0.76, PRINTED),
         (0.5, 0.06, PRINTED), (0.45, 0.0, PLAIN)]
    )  # fmt: skip


def bag() -> Mesh:
    """A pillow with sealed ends."""
    u, v = np.meshgrid(np.linspace(0, 1, 9), np.linspace(0, 1, 10))
    swell = np.sin(np.pi * np.clip(v, 0.03, 0.97)) ** 0.5 * np.sin(np.pi * np.clip(u, 0.02, 0.98)) ** 0.4
    sheets = []
    for side, u0 in ((-1, 0.0), (1, 0.5)):
        x = (u - 0.5) * (0.94 + 0.06 * np.cos(2 * np.pi * v)) * -side
        spots = np.stack([x, side * 0.5 * swell, 1 - v], axis=2)
        uv = np.stack([u0 + u * 0.5, v], axis=2)
        sheets.append(_grid(spots, uv, np.zeros_like(u)))
    return np.concatenate(sheets)


def limb() -> Mesh:
    """A rounded rod for the limb shader: x, y = direction on its section, z = -1..2 (below 0 and above 1: the caps)."""
    turns = np.linspace(0, 2 * np.pi, LIMB_SIDES + 1)
    caps = np.linspace(0, 1, LIMB_RINGS // 2 + 1)
    along = np.concatenate([-1 + caps, 1 + caps])
    rows = []
    for first, second in pairwise(along):
        for one, other in pairwise(turns):
            quad = [(one, first), (other, first), (other, second), (one, second)]
            rows += [[np.cos(quad[k][0]), np.sin(quad[k][0]), quad[k][1]] for k in (0, 1, 2, 0, 2, 3)]
    return np.array(rows, np.float32)


PACKS: dict[Form, Callable[[], Mesh]] = {"box": box, "can": can, "bottle": bottle, "bag": bag, "jar": jar}
