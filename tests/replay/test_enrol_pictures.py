"""Real pictures that nobody can be enrolled with: nobody in them, or five people. Said clearly, and nothing is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.commands import people
from edge.core.errors import BadInput

SHOP = '[store]\nid = "s"\ncurrency = "KRW"\n[[camera]]\nid = "gate"\nrole = "gate"\n'
SIDE_PX = 320


def nobody(folder: Path) -> NDArray[Any]:
    """A cabinet with goods."""
    return np.asarray(cv2.imread(str(folder / "shelf/0.jpg"), cv2.IMREAD_COLOR))


def five_people(folder: Path) -> NDArray[Any]:
    """Five portraits side by side, all of one size."""
    paths = sorted((folder / "faces/london").glob("*_neutral.jpg"))[:5]
    return np.hstack([cv2.resize(cv2.imread(str(path), cv2.IMREAD_COLOR), (SIDE_PX, SIDE_PX)) for path in paths])


@pytest.mark.parametrize(
    ("make", "said"),
    [(nobody, "no face found; give a picture with the face upright"), (five_people, "5 faces")],
    ids=["nobody", "five people"],
)
@pytest.mark.parametrize("engine", ["dlib", "onnx"])
def test_a_picture_without_a_face_or_with_five(
    make: Callable[[Path], NDArray[Any]], said: str, engine: str, tmp_path: Path, shared_data: Path, shared_models: Path
) -> None:
    shop, picture = tmp_path / "store.toml", tmp_path / "anna.png"
    shop.write_text(f'{SHOP}[faces]\nengine = "{engine}"\n[models]\nfolder = "{shared_models}"\n')
    cv2.imwrite(str(picture), make(shared_data))
    with pytest.raises(BadInput, match=said) as refused:
        people.enrol(shop, "anna", picture=[picture], consent="v1", retain_until="2999-01-01")
    assert str(picture) in str(refused.value)
    state = tmp_path / "state"
    assert not [path for path in state.rglob("*") if path.is_file() and "faces" in path.parts]
