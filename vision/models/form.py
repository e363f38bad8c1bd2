"""Compares the tensors of a file with those that its users count on. Must not: open a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vision.models.manifest import Form, Shape
from vision.models.places import ModelBad, Place

CURE: Final = "put the right file there (`muin models pull`)"


def check_form(place: Place, inputs: Sequence[Form], outputs: Sequence[Form]) -> None:
    """An operator's own file may have the wider `own_shape`; names are the file's own business. Raises ModelBad."""
    sides = (("input", place.file.inputs, inputs), ("output", place.file.outputs, outputs))
    for side, wanted, found in sides:
        if len(wanted) != len(found):
            raise ModelBad(str(place.path), f"has {len(found)} {side}s, wanted {len(wanted)}: another network; {CURE}")
        for want, have in zip(wanted, found, strict=True):
            shape = want.shape if place.whose != "own" else want.own_shape or want.shape
            if have.type != want.type or not fits(have.shape, shape):
                text = f"{side} {have.name} is {have.type} {list(have.shape)}, wanted {want.type} {list(shape)}"
                raise ModelBad(str(place.path), f"{text}: another network; {CURE}")


def fits(found: Shape, wanted: Shape) -> bool:
    """Whether a file's shape can take what its users give it.

    The same rank, equal where a number is wanted, and one number where one word stands twice. What the file leaves free
    fits everything.
    """
    if len(found) != len(wanted):
        return False
    fixed = [(want, have) for want, have in zip(wanted, found, strict=True) if isinstance(have, int)]
    words = dict(fixed)
    return all(have == (want if isinstance(want, int) else words[want]) for want, have in fixed)
