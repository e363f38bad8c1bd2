"""Boxes in a picture and how they lie to one another. Must not: know what is inside."""

from __future__ import annotations

from typing import TypeAlias

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom in pixels


def area(box: Box) -> float:
    """Pixels; 0 for a box that is inside out."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def common(first: Box, second: Box) -> float:
    """Pixels in both."""
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    return max(0.0, width) * max(0.0, height)


def overlap(first: Box, second: Box) -> float:
    """Intersection over union, 0 to 1."""
    both = common(first, second)
    union = area(first) + area(second) - both
    return both / union if union > 0 else 0.0


def covered(box: Box, other: Box) -> float:
    """Which share of the smaller one lies in the larger one, 0 to 1."""
    least = min(area(box), area(other))
    return common(box, other) / least if least > 0 else 0.0


def middle(box: Box) -> tuple[float, float]:
    """Centre of a box."""
    return ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)


def feet(box: Box) -> tuple[float, float]:
    """Where a body stands: middle of the lower edge."""
    return ((box[0] + box[2]) / 2, box[3])


def apart(first: Box, second: Box) -> float:
    """Distance of the middles in heights of the higher one; infinite where one is more than twice as high."""
    heights = (first[3] - first[1], second[3] - second[1])
    if min(heights) <= 0 or max(heights) > 2 * min(heights):
        return float("inf")
    (x0, y0), (x1, y1) = middle(first), middle(second)
    return float(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5 / max(heights))
