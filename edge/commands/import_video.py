"""`muin import video`: plain clips become a recording. A member of the group `import`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.config import StoreConfig


def register(group: typer.Typer) -> None:
    """Add `video` to the group."""
    group.command()(video)


def video(
    bindings: Annotated[list[str], typer.Argument(metavar="CAM=CLIP...", help="which clip a camera shows")],
    target: Annotated[Path, typer.Argument(metavar="REC", help="the recording to make")],
    config: Annotated[Path, typer.Option("--config", help="the store.toml with these cameras")],
    truth: Annotated[Path | None, typer.Option("--truth", help="a hand-made truth of a clip")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Make a recording of plain clips, without encoding them anew. Nothing is left behind where one is not whole."""
    from edge import clip_truth, video_import
    from edge import truth as truths
    from edge.commands.imports import whole_or_nothing
    from edge.config import load

    store = load(config)
    clips = _clips(bindings, store)
    known = clip_truth.convert(truth, clips, {slot.id: slot.sku for slot in store.slot}) if truth else None
    strange = {row.slot for row in known.events} - {slot.id for slot in store.slot} if known else set()
    for name in sorted(name for name in strange if name):
        print(
            f"muin: {truth}: {name!r} is not a [[slot]] of {config}; its events will count as missed", file=sys.stderr
        )
    with whole_or_nothing(target) as folder:
        frames = video_import.import_clips(
            folder,
            store_id=store.store.id,
            config_text=config.read_text(encoding="utf-8"),
            started_at=_started_at(clips),
            clips=clips,
        )
        if known is not None:
            truths.save(folder, known)
    if as_json:
        print(json.dumps({"recording": str(target), "frames": frames, "truth": known is not None}))
        return
    print(f"{target}: " + ", ".join(f"{camera} {count} frames" for camera, count in frames.items()))


def _clips(bindings: list[str], store: StoreConfig) -> dict[str, Path]:
    cameras = [camera.id for camera in store.camera]
    found: dict[str, Path] = {}
    for item in bindings:
        camera, equals, clip = item.partition("=")
        if not equals or not camera or not clip:
            raise BadInput(item, "must look like CAM=CLIP, e.g. shelf=shelf.mp4")
        if camera not in cameras:
            named = ", ".join(cameras) or "none"
            raise BadInput(item, f"{camera!r} is not a camera of the configuration (it has: {named}); add a [[camera]]")
        if camera in found:
            raise BadInput(item, f"{camera!r} has two clips; give one")
        if not Path(clip).is_file():
            raise BadInput(item, f"{clip} is not there; give the path of a video file")
        found[camera] = Path(clip)
    return found


def _started_at(clips: dict[str, Path]) -> str:
    """When the oldest clip was written: the best that a plain file tells."""
    from edge.clock import rfc3339

    return rfc3339(min(clip.stat().st_mtime_ns for clip in clips.values()))
