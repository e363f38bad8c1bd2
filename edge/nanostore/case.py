"""One case folder, read whole and checked before anything of it is written."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec

from edge.core.errors import BadInput
from edge.core.events import Event, RunStarted, TracksSeen
from edge.core.signals import PlateSamples, Signal
from edge.nanostore import streams
from edge.nanostore.lines import doubled, find, need
from edge.nanostore.shop import STORE_ID, Shop
from edge.nanostore.truth import Timeline, our_truth, read_truth
from edge.truth import Truth

NEEDED = ("plate_data", "planogram", "products")
FILES = (*NEEDED, "full_targets")


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What a recording of it holds. `truth` None = the case tells none. `notices` are for people."""

    store_id: str
    config_text: str
    began_ns: int
    items: list[Event | Signal]
    truth: Truth | None
    tracker_frames: int
    notices: list[str]


def read_case(folder: Path) -> Case:
    """Read a case folder. Raises BadInput with file and line for anything missing, cut, corrupt or empty.

    Without full_targets there is one visit: a stand-in track without a place, seen from the first sample to the
    last (`streams.stand_in`), so that every change of weight is this one visitor's.
    """
    _check_files(folder)
    shop = Shop(folder)
    blocks = streams.read_blocks(need(folder, "plate_data"))
    seen = find(folder, "full_targets")
    frames = streams.read_frames(seen) if seen else []
    streams.check_span([*blocks, *frames])
    line = _timeline(blocks, frames, seen is None)
    keys = streams.measured(blocks)
    found: list[PlateSamples | TracksSeen] = [
        streams.as_samples(block, keys[block.gondola], line.began_ns) for block in blocks
    ]
    found += [streams.as_tracks(frame, line.began_ns) for frame in frames]
    found += list(streams.stand_in(line.end_ns)) if seen is None else []
    walked = [person.place_mm for frame in frames for person in frame.people if person.place_mm]
    text = shop.as_toml([key for each in keys.values() for key in each], walked)
    truth = read_truth(folder / "truth.json")
    items: list[Event | Signal] = [*streams.by_time(found)]
    start = RunStarted(captured_ns=0, source="import", run_id=_run_id(items, text), wall_ns=line.began_ns)
    return Case(
        store_id=STORE_ID,
        config_text=text,
        began_ns=line.began_ns,
        items=[start, *items],
        truth=our_truth(truth, shop, line) if truth is not None else None,
        tracker_frames=len(frames),
        notices=[*doubled(folder, FILES), *_alone(folder, seen), *shop.notices],
    )


def _check_files(folder: Path) -> None:
    """Raises BadInput with everything that is missing."""
    if not folder.is_dir():
        raise BadInput(str(folder), "is not a folder; give the folder of a case")
    missing = [f"{name}.jsonl" for name in NEEDED if find(folder, name) is None]
    if len(missing) == len(NEEDED) and any(is_case(below) for below in folder.iterdir()):
        raise BadInput(str(folder), "is no case, but holds folders that are; give one of them, or add --all")
    if missing:
        cure = "a case needs it (it may be gzipped, .jsonl.gz)"
        raise BadInput(str(folder / missing[0]), f"is missing{_as_well(missing[1:])}; {cure}")


def _as_well(others: list[str]) -> str:
    return f", and so is {' and '.join(others)}" if others else ""


def _alone(folder: Path, seen: Path | None) -> list[str]:
    return [] if seen else [f"{folder} has no full_targets: whatever moves is booked on one visit"]


def counts(case: Case) -> dict[str, int]:
    """How much of what a case holds, for the person who imports it."""
    blocks = sum(isinstance(item, PlateSamples) for item in case.items)
    return {"plate_blocks": blocks, "tracker_frames": case.tracker_frames}


def is_case(folder: Path) -> bool:
    """True for a folder that has plate data in the form of a case."""
    return find(folder, "plate_data") is not None


def _timeline(blocks: list[streams.Block], frames: list[streams.Frame], alone: bool) -> Timeline:
    plates_ns = min(streams.unix_ns(block.at) for block in blocks)
    began_ns = min([plates_ns, *(streams.unix_ns(frame.at) for frame in frames)])
    end_ns = max(streams.samples_end_ns(block) for block in blocks)
    tracks: dict[str, tuple[int, int]] = {}
    for frame in sorted(frames, key=lambda frame: frame.at):
        for person in frame.people:
            first, _ = tracks.get(person.track, (streams.unix_ns(frame.at), 0))
            tracks[person.track] = (first, streams.unix_ns(frame.at))
    if alone:
        tracks[streams.SHOPPER] = (plates_ns, end_ns)
    stand_in = streams.SHOPPER if alone else None
    return Timeline(began_ns=began_ns, plates_ns=plates_ns, end_ns=end_ns - began_ns, tracks=tracks, stand_in=stand_in)


def _run_id(items: list[Event | Signal], text: str) -> str:
    """The same case gives the same run, and so the same ids, wherever and however packed it lies."""
    digest = hashlib.sha256(text.encode())
    encode = msgspec.json.Encoder().encode
    for item in items:
        digest.update(encode(item))
    return f"import-{digest.hexdigest()[:16]}"
