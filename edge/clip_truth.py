"""A hand-made truth of a clip becomes truth.json. Must not: guess; what is not in the file is left open.

Taken over: `events` of type take and put, `visits`, `counts`. Times are seconds, or frames over `fps`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from edge.core.errors import BadInput
from edge.form_problems import form_problems, listed
from edge.truth import FORMAT, Change, Count, Truth, Visit, check


class ClipEvent(msgspec.Struct, kw_only=True):
    """One row of `events`; only take and put are kept. A joint place is written `left+middle`."""

    type: str
    t: float | None = None
    frame: int | None = None
    slot: str | None = None
    sku: str | None = None


class ClipVisit(msgspec.Struct, kw_only=True):
    """One row of `visits`."""

    visit: int | str
    first_visible: float
    last_visible: float | None = None


class ClipCount(msgspec.Struct, kw_only=True):
    """One row of `counts`."""

    people: Annotated[int, msgspec.Meta(ge=0)]
    t: float | None = None
    frame: int | None = None
    also_accept: list[int] = []


class ClipTruth(msgspec.Struct, kw_only=True):
    """The parts of a hand-made truth that are taken over; other keys are for people."""

    file: str | None = None
    fps: Annotated[float, msgspec.Meta(gt=0)] | None = None
    events: list[ClipEvent] = []
    visits: list[ClipVisit] = []
    counts: list[ClipCount] = []


def convert(path: Path, clips: Mapping[str, Path], skus: Mapping[str, str]) -> Truth:
    """Read a hand-made truth. `clips` are camera -> clip of the import, `skus` slot -> product of the planogram.

    Raises BadInput with the place inside the file.
    """
    try:
        raw = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise BadInput(str(path), f"cannot be read ({error.strerror}); give the path of a truth file") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(str(path), f"is not the truth of a clip: {error}; write JSON in UTF-8") from None
    problems = list(form_problems(raw, ClipTruth))
    if problems:
        raise BadInput(str(path), f"is not the truth of a clip: {listed(problems)}")
    found = msgspec.convert(raw, ClipTruth)
    camera = _camera(path, found, clips) if found.counts else ""
    changes = [change for number, row in enumerate(found.events) for change in _changes(path, found, row, number, skus)]
    visits = [
        Visit(visit=str(row.visit), entered_s=row.first_visible, left_s=row.last_visible, items={})
        for row in found.visits
    ]
    counts = [
        Count(
            t_s=_seconds(path, found, row, "counts", number),
            camera=camera,
            people=row.people,
            also_accept=tuple(row.also_accept),
        )
        for number, row in enumerate(found.counts)
    ]
    return check(Truth(format=FORMAT, visits=tuple(visits), events=tuple(changes), counts=tuple(counts)), str(path))


def _changes(path: Path, found: ClipTruth, row: ClipEvent, number: int, skus: Mapping[str, str]) -> Iterator[Change]:
    """One change a slot; rows about hands have none."""
    if row.type not in ("take", "put"):
        return
    t_s = _seconds(path, found, row, "events", number)
    kind: Literal["take", "put"] = "take" if row.type == "take" else "put"
    for slot in row.slot.split("+") if row.slot else [None]:
        yield Change(t_s=t_s, kind=kind, sku=row.sku or skus.get(slot or ""), slot=slot)


def _seconds(path: Path, found: ClipTruth, row: ClipEvent | ClipCount, table: str, number: int) -> float:
    if row.t is not None:
        return row.t
    if row.frame is None or found.fps is None:
        raise BadInput(str(path), f"$.{table}[{number}] has no time; give `t`, or `frame` and the file's `fps`")
    return row.frame / found.fps


def _camera(path: Path, found: ClipTruth, clips: Mapping[str, Path]) -> str:
    """The camera that the counts are of: the one whose clip the file names, or the only one."""
    named = [camera for camera, clip in clips.items() if clip.name == found.file]
    if len(named) == 1 or len(clips) == 1:
        return (named or list(clips))[0]
    raise BadInput(str(path), f'does not say which of {", ".join(clips)} it counts; give the clip\'s name as "file"')
