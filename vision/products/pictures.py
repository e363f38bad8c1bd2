"""Pictures of products: files read with their flaws named, and the views by which one picture stands for several.

Must not: compare or name anything.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageFile, ImageOps

from edge.core.errors import BadInput
from vision.products.embedding import Picture

LEAST_PX: Final = 16
MOST_PIXELS: Final = 100_000_000
KINDS: Final = ("JPEG", "PNG", "WEBP", "BMP")
CURE: Final = "give a whole JPEG, PNG, WebP or BMP picture of the product"


def read_picture(path: Path) -> Picture:
    """A picture file as uint8 [h, w, 3] BGR, upright as its EXIF says. Raises BadInput with the flaw."""
    try:
        content = path.read_bytes()
    except IsADirectoryError:
        raise BadInput(str(path), f"is a folder; {CURE}") from None
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror}); correct the path") from None
    except ValueError:
        raise BadInput(repr(str(path)), "is not a path; correct it") from None
    return decode(content, str(path))


def decode(content: bytes, place: str) -> Picture:
    """The bytes of a picture file, as `read_picture` gives it. Raises BadInput, also for a picture that is cut."""
    try:
        with warnings.catch_warnings(), _whole_pictures():
            warnings.simplefilter("error")  # Pillow only warns of some damage and of bombs
            with Image.open(io.BytesIO(content), formats=KINDS) as image:
                if image.width * image.height > MOST_PIXELS:
                    raise BadInput(place, f"has {image.width}x{image.height} pixels; scale it down")
                picture = np.asarray(_flat(ImageOps.exif_transpose(image)), np.uint8)
    except (OSError, SyntaxError, ValueError, EOFError, Warning, Image.DecompressionBombError) as error:
        raise BadInput(place, f"is not a whole picture ({_reason(error)}); {CURE}") from None
    if min(picture.shape[:2]) < LEAST_PX:
        size = f"{picture.shape[1]}x{picture.shape[0]}"
        raise BadInput(place, f"is only {size} pixels, {LEAST_PX} are needed on each side; {CURE}")
    return np.ascontiguousarray(picture[:, :, ::-1])


@contextmanager
def _whole_pictures() -> Iterator[None]:
    """Pillow refuses cut pictures, until face_recognition is imported: that allows them for the whole process."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def _flat(image: Image.Image) -> Image.Image:
    """RGB; what shines through is white, as in a catalogue."""
    if "A" not in image.getbands() and "transparency" not in image.info:
        return image.convert("RGB")
    image = image.convert("RGBA")
    ground = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(ground, image).convert("RGB")


def _reason(error: BaseException) -> str:
    text = str(error).split("<")[0].strip().rstrip(":")
    return text or type(error).__name__


def scaled_down(picture: Picture, longest_px: int) -> Picture:
    """The picture with its longer side at most `longest_px`."""
    share = longest_px / max(picture.shape[:2])
    if share >= 1:
        return picture
    size = (max(LEAST_PX, round(picture.shape[1] * share)), max(LEAST_PX, round(picture.shape[0] * share)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)


def views(picture: Picture, count: int) -> Iterator[Picture]:
    """The picture itself, then up to `count` - 1 others as a shelf camera may see it: always the same ones."""
    yield picture
    for number in range(1, count):
        yield _view(picture, np.random.default_rng(number))


def _view(picture: Picture, chance: np.random.Generator) -> Picture:
    """Turned and tilted a little, cut or moved a little, in other light, out of focus."""
    height, width = picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    centre = corners.mean(axis=0)
    angle = np.deg2rad(chance.uniform(-12, 12))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    zoom = chance.uniform(0.75, 1.05)  # the share of the picture that is shown
    tilt = chance.uniform(-0.06, 0.06, (4, 2)) * (width, height)
    shift = chance.uniform(-0.06, 0.06, 2) * (width, height)
    seen = ((corners - centre) * zoom) @ turn.T + centre + shift + tilt
    matrix = cv2.getPerspectiveTransform(seen.astype(np.float32), corners)
    moved = cv2.warpPerspective(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE).astype(np.float32)
    light = chance.uniform(0.65, 1.35) * chance.uniform(0.92, 1.08, 3)
    blurred = cv2.GaussianBlur(moved * light, (0, 0), chance.uniform(0.1, 0.006 * max(width, height) + 0.2))
    return np.asarray(np.clip(blurred, 0, 255), np.uint8)
