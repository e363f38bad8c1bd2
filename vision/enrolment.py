"""From pictures or clips of one person to the templates that are kept of them.

Must not: keep a picture, or guess which of two people is meant.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageFile, UnidentifiedImageError

from edge.core.errors import BadInput
from vision.faces.face import Face, FaceEngine, Picture, Template

CLIP_ENDINGS: Final = (".mp4", ".mkv", ".mov", ".avi", ".webm", ".m4v")
CLIP_LOOKS: Final = 8
LEAST_SIDE_PX: Final = 32
MOST_PIXELS: Final = 64_000_000
WHOLE_SHARE: Final = 0.95  # some files promise a picture more than they hold
BACKGROUND_SHARE: Final = 0.6  # a second face narrower than this share of the first is somebody passing behind


def is_clip(path: Path) -> bool:
    """Whether a path names a video, by its ending."""
    return path.suffix.lower() in CLIP_ENDINGS


def read_picture(path: Path) -> Picture:
    """A still picture as uint8 [height, width, 3], BGR, upright as its EXIF says. Raises BadInput.

    Its size is looked at before it is decoded, and a file that ends too early is refused: OpenCV would show grey.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror}); correct the path") from None
    try:
        with _whole_pictures(), Image.open(io.BytesIO(content)) as still:
            check_size(still.size, str(path))
            still.load()
    except UnidentifiedImageError:
        raise BadInput(str(path), "is not a picture that can be read; give a JPEG or PNG file") from None
    except Image.DecompressionBombError as error:
        raise BadInput(str(path), f"has too many pixels ({error}); scale it down") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise BadInput(str(path), f"is cut or damaged ({error}); copy the picture again") from None
    found = cv2.imdecode(np.frombuffer(content, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise BadInput(str(path), "is not a picture that can be read; give a JPEG or PNG file")
    return np.asarray(found, np.uint8)


@contextmanager
def _whole_pictures() -> Iterator[None]:
    """Pillow refuses cut pictures, until face_recognition is imported: that allows them for the whole process."""
    before = ImageFile.LOAD_TRUNCATED_IMAGES
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    try:
        yield
    finally:
        ImageFile.LOAD_TRUNCATED_IMAGES = before


def check_size(size_px: tuple[int, int], place: str) -> None:
    """Raises BadInput for a (width, height) in which no face can be looked for."""
    width, height = size_px
    if min(size_px) < LEAST_SIDE_PX:
        cure = "give a picture with the whole face, 200 pixels wide or more"
        raise BadInput(place, f"is only {width}x{height} pixels; {cure}")
    if width * height > MOST_PIXELS:
        cure = f"scale it down to {MOST_PIXELS // 1_000_000} million pixels or fewer"
        raise BadInput(place, f"is {width}x{height} pixels; {cure}")


def check_clip(path: Path) -> None:
    """Raises BadInput where there is no file to play."""
    if not path.is_file():
        what = "is not a file" if path.exists() else "there is no such file"
        raise BadInput(str(path), f"{what}; give the path of a video file")


def clip_pictures(path: Path) -> Iterator[tuple[Picture, int]]:
    """Pictures of a clip with their times in ns from its first one. Raises BadInput for what is no whole clip."""
    from vision import cameras

    check_clip(path)
    with cameras.open_container(str(path)) as container:
        promised, seen, first = container.streams.video[0].frames, 0, None
        for frame in cameras.decoded(container, str(path), None, int):
            first = frame.pts if first is None else first
            seen += 1
            yield cameras.to_picture(frame), int((frame.pts - first) * frame.time_base * 1_000_000_000)
    if seen < max(1, WHOLE_SHARE * promised):
        raise BadInput(str(path), f"is cut: {seen} of {promised} pictures can be read; copy the clip again")


def templates_of(engine: FaceEngine, path: Path) -> list[Template]:
    """The template of the one person that a picture or clip shows.

    CLIP_LOOKS looks of a clip become one template: each template more that a stranger is compared with is one more
    chance of a wrong name, and looks of one moment tell hardly more than their mean.
    Raises BadInput where there is no face, none good enough, or where it is not clear whose it is.
    """
    if not is_clip(path):
        return [_template(engine, one_face(engine.faces(read_picture(path)), str(path)), str(path))]
    length = sum(1 for _ in clip_pictures(path))
    step = max(1, length // CLIP_LOOKS)
    chosen = (picture for number, (picture, _) in enumerate(clip_pictures(path)) if number % step == step // 2)
    seen = (faces for faces in map(engine.faces, chosen) if faces)
    templates = [one_face(faces, str(path)).template for faces in seen]
    found = [template for template in templates if template is not None]
    if not found:
        raise BadInput(str(path), "no picture of the clip shows a face that is large and sharp enough; film it nearer")
    check_one_person(engine, found, str(path))
    return [engine.merged(found)]


def one_face(faces: Sequence[Face], place: str) -> Face:
    """The face that a picture is about. Raises BadInput where there is none, or two that could be meant."""
    if not faces:
        raise BadInput(place, "no face found; give a picture with the face upright and in good light")
    first, *others = sorted(faces, key=lambda face: -face.width_px)
    if others and others[0].width_px > BACKGROUND_SHARE * first.width_px:
        raise BadInput(place, f"shows {len(faces)} faces; give a picture of one person")
    return first


def check_one_person(engine: FaceEngine, templates: Sequence[Template], place: str) -> None:
    """Raises BadInput unless all templates hang together: from each to any other by steps within the threshold."""
    rows = np.stack(templates)
    reached, edge = {0}, [0]
    while edge:
        near = np.flatnonzero(engine.distances(rows[edge.pop()], rows) <= engine.max_distance)
        edge += [int(number) for number in near if int(number) not in reached]
        reached |= {int(number) for number in near}
    if len(reached) < len(rows):
        raise BadInput(place, "the faces do not look like one person; use pictures of this shopper only")


def _template(engine: FaceEngine, face: Face, place: str) -> Template:
    if face.template is None:
        raise BadInput(place, f"the face {engine.quality.in_words(face.measures)}")
    return face.template
