"""Lines in a floor camera's picture, and who walked over them. Must not: know what lies behind a line."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from edge.config import StoreConfig
from vision.boxes import Box, feet, middle

SLACK = 0.1  # of the picture: a line may end a little beyond its border
SIDE_MARGIN_SHARE = 0.03  # of the body's height: nearer to the line than this is neither side


@dataclass(frozen=True)
class Line:
    """A line in the picture. Walking from `from_px` to `to_px`, the shop lies on the `inside` hand."""

    id: str
    from_px: tuple[int, int]
    to_px: tuple[int, int]
    inside: Literal["left", "right"]
    point: Literal["feet", "head", "middle"] = "feet"
    gate: str | None = None

    @classmethod
    def of(cls, config: StoreConfig, camera_id: str) -> tuple[Line, ...]:
        """The lines of one camera."""
        overhead = any(row.id == camera_id and row.view == "overhead" for row in config.camera)
        usual: Literal["feet", "middle"] = "middle" if overhead else "feet"
        return tuple(
            cls(row.id, row.from_px, row.to_px, row.inside, usual if row.point == "auto" else row.point, row.gate)
            for row in config.line
            if row.camera == camera_id
        )

    def point_of(self, box: Box) -> tuple[float, float]:
        """The point of a body that counts."""
        if self.point == "head":
            return ((box[0] + box[2]) / 2, box[1])
        return middle(box) if self.point == "middle" else feet(box)

    def misfit(self, width_px: int, height_px: int) -> str:
        """What is wrong with the line in pictures of this size, with its cure; empty where it can be crossed."""
        for x, y in (self.from_px, self.to_px):
            if not (-SLACK * width_px <= x <= (1 + SLACK) * width_px and
                    -SLACK * height_px <= y <= (1 + SLACK) * height_px):  # fmt: skip
                return (
                    f"line {self.id}: end {(x, y)} lies outside the picture of {width_px}x{height_px} pixels, so not "
                    "everybody who crosses it is told; draw it in pixels of this camera's picture, or choose the "
                    "stream it was drawn for"
                )
        return ""

    def side(self, point: tuple[float, float]) -> float:
        """Signed distance in pixels, above 0 on the inside (picture y points down)."""
        across, down = self.to_px[0] - self.from_px[0], self.to_px[1] - self.from_px[1]
        area = across * (point[1] - self.from_px[1]) - down * (point[0] - self.from_px[0])
        distance = area / max(1.0, math.hypot(across, down))
        return distance if self.inside == "right" else -distance

    def beside(self, point: tuple[float, float]) -> bool:
        """Whether the point's foot on the line lies between its ends."""
        across, down = self.to_px[0] - self.from_px[0], self.to_px[1] - self.from_px[1]
        along = across * (point[0] - self.from_px[0]) + down * (point[1] - self.from_px[1])
        return 0 <= along <= across**2 + down**2


class Crossing(NamedTuple):
    """Somebody walked over a line."""

    line: Line
    name: str
    direction: Literal["in", "out"]


@dataclass
class LineWatch:
    """On which side of each line everybody was last."""

    lines: tuple[Line, ...]
    _sides: dict[tuple[str, str], bool] = field(default_factory=dict)

    def see(self, bodies: Iterable[tuple[str, Box]]) -> list[Crossing]:
        """The crossings of one picture, of bodies given by name and box."""
        found = [self._cross(line, name, box) for name, box in bodies for line in self.lines]
        return [crossing for crossing in found if crossing is not None]

    def _cross(self, line: Line, name: str, box: Box) -> Crossing | None:
        point = line.point_of(box)
        side = line.side(point)
        if abs(side) < SIDE_MARGIN_SHARE * (box[3] - box[1]):
            return None
        was, self._sides[line.id, name] = self._sides.get((line.id, name)), side > 0
        if was is None or was == (side > 0) or not line.beside(point):
            return None
        return Crossing(line, name, "in" if side > 0 else "out")
