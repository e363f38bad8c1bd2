"""Reads a recording: checks its seal, tells what is in it, and gives back what was written, in order.

Must not: read truth.json, change a file, or decide anything.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import msgspec

from edge import recording_upgrades as form
from edge.core.commands import Command
from edge.core.errors import BadInput
from edge.core.events import Event
from edge.core.signals import PlateSamples, Signal
from edge.recording_chunks import Block, Chunks, Damaged

RAW = ("plates", "frame")


class Recording:
    """An opened recording. `sealed` = every data file matches its hash; `notes` = what a person should know.

    `start_ns` and `end_ns` are the earliest and latest `captured_ns` of anything in it. `told` counts what is in it by
    (kind of event or signal, the plate, camera or else source that it is about).
    """

    def __init__(self, folder: Path, manifest: form.Manifest, sealed: bool) -> None:
        self.folder = folder
        self.manifest = manifest
        self.sealed = sealed
        self.notes: list[str] = [] if sealed else ["not sealed: the power was cut while recording, or it was edited"]
        self.counts: Counter[str] = Counter()
        self.told: Counter[tuple[str, str]] = Counter()
        self.start_ns = 0
        self.end_ns = 0
        self._read: dict[str, Callable[[bytes], Any]] = form.decoders(manifest.format)
        self._chunks = Chunks(folder / form.DEVICES)
        self._blocks: list[tuple[Block, int | None]] = []  # with the earliest signal in it
        self._survey()

    @classmethod
    def open(cls, folder: Path) -> Recording:
        """Check and survey a recording. Raises BadInput where it is none, was changed, or holds nothing whole."""
        manifest = read_manifest(folder)
        form.check_format(manifest.format, str(folder / form.MANIFEST))
        return cls(folder, manifest, _check_seal(folder, manifest))

    @property
    def config_text(self) -> str:
        """The store.toml in force while recording. Raises BadInput where it is missing."""
        try:
            return (self.folder / form.CONFIG).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            cure = "restore it from a copy; `muin replay` takes another one with --config FILE"
            raise BadInput(str(self.folder / form.CONFIG), f"cannot be read ({error}); {cure}") from None

    def events(self) -> Iterator[Event]:
        """Events in the order in which the core got them."""
        return self._items("events")

    def commands(self) -> Iterator[Command]:
        """Commands in the order in which the core gave them."""
        return self._items("commands")

    def signals(self) -> Iterator[Signal]:
        """Raw samples and frame index entries by captured time. Holds only the chunks that overlap in time."""
        heap: list[tuple[int, int, Signal]] = []
        number = 0
        for block, first_ns in sorted(
            ((block, first) for block, first in self._blocks if first is not None), key=lambda pair: pair[1]
        ):
            while heap and heap[0][0] < first_ns:
                yield heapq.heappop(heap)[2]
            for _, item in self._decode(block, RAW):
                number += 1
                heapq.heappush(heap, (item.captured_ns, block.offset + number, item))
        while heap:
            yield heapq.heappop(heap)[2]

    def has_raw(self) -> bool:
        """Whether a replay can start from the sensors: plate samples, or frames with their video."""
        return self.counts["plates"] > 0 or (self.counts["frame"] > 0 and bool(self.videos()))

    def videos(self) -> dict[str, Path]:
        """Video file of each camera that has one."""
        return {path.stem: path for path in sorted((self.folder / form.VIDEO).glob("*.mp4"))}

    def _items(self, topic: str) -> Iterator[Any]:
        for block, _ in self._blocks:
            for _, item in self._decode(block, (topic,)):
                yield item

    def _decode(self, block: Block, topics: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for topic, data in self._chunks.messages(block):
            if topic not in topics:
                continue
            try:
                item = self._read[topic](data)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                place = f"{self._chunks.path}: {topic}"
                raise BadInput(place, f"a message is not in the form of its schema ({error})") from None
            if item is not None:
                yield topic, item

    def _survey(self) -> None:
        """Read everything once, so that whatever is wrong shows before anything is replayed."""
        times: list[int] = []
        damage = self._chunks.damage
        for block in self._chunks.blocks:
            try:
                found = list(self._decode(block, tuple(form.TOPICS)))
            except Damaged as error:
                damage = str(error)
                break
            self.counts.update(topic for topic, _ in found)
            for topic, item in found:
                if topic != "commands":
                    self.told.update((type(item).__name__, name) for name in _about(item))
            captured = [item.captured_ns for topic, item in found if topic != "commands"]
            times += [min(captured), max(captured)] if captured else []
            raw = [item.captured_ns for topic, item in found if topic in RAW]
            self._blocks.append((block, min(raw) if raw else None))
        if damage:
            self.notes.append(f"{form.DEVICES} is {damage}: what follows is lost")
        if not times:
            raise BadInput(str(self._chunks.path), f"holds nothing whole{f' ({damage})' if damage else ''}")
        self.start_ns, self.end_ns = min(times), max(times)


def _about(item: Event | Signal) -> tuple[str, ...]:
    if isinstance(item, PlateSamples):
        return item.plates
    name = getattr(item, "plate", None) or getattr(item, "camera", None) or item.source
    return (str(name),)


def read_manifest(folder: Path) -> form.Manifest:
    """Raises BadInput where the folder is not a recording."""
    path = folder / form.MANIFEST
    if not path.is_file():
        raise BadInput(str(folder), f"is not a recording (no {form.MANIFEST}); give the folder that muin recorded")
    try:
        return msgspec.json.decode(path.read_bytes(), type=form.Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(str(path), f"is not a manifest ({error}); restore it from a copy") from None


def _check_seal(folder: Path, manifest: form.Manifest) -> bool:
    for name, expected in manifest.files.items():
        parts = PurePosixPath(name).parts
        if expected is None or name == form.TRUTH:
            continue
        if name.startswith("/") or ".." in parts:
            raise BadInput(str(folder / form.MANIFEST), f"names {name!r} outside the recording")
        if not (folder / name).is_file():
            raise BadInput(str(folder / name), "is missing, but the manifest lists it; copy the recording again")
        with (folder / name).open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
        if found != expected.lower():
            cure = "copy it again, or take the hashes out of manifest.json if the change was meant"
            raise BadInput(str(folder / name), f"does not match its hash in the manifest; {cure}")
    present = [form.CONFIG, form.DEVICES, *(f"{form.VIDEO}/{path.name}" for path in (folder / form.VIDEO).glob("*"))]
    return all(manifest.files.get(name) for name in present if (folder / name).exists())
