"""Writes a recording at the live seam: what came in, what went out, and where the pictures are.

Cutting the power loses at most the last second: chunks are closed and synced by stream time, and the manifest
carries no hashes until the end. Must not: read a clock, decide anything, or touch truth.json.

The container is MCAP (https://mcap.dev/spec): zstd chunks with CRC, JSON messages with named schemas.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec
from mcap.writer import CompressionType, Writer

from edge import recording_upgrades as form
from edge.core import commands
from edge.core.commands import Command
from edge.core.errors import BadInput
from edge.core.events import Event
from edge.core.signals import PlateSamples, Signal, VideoFrame

FLUSH_EVERY_NS: Final = 1_000_000_000
SAFE_NAME: Final = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.:+-]*$")


class Recorder:
    """One recording that is being written. `folder` must not exist yet or be empty.

    Raises BadInput where the folder is in use. A full or broken disk raises OSError from any method: what was
    flushed before stays readable.
    """

    def __init__(self, folder: Path, *, store_id: str, config_text: str, started_at: str) -> None:
        self.folder = folder
        self._manifest = form.Manifest(format=form.FORMAT, store_id=store_id, started_at=started_at)
        self._begin_folder(config_text)
        self._file = (folder / form.DEVICES).open("xb")
        self._writer = Writer(self._file, compression=CompressionType.ZSTD)
        self._writer.start(profile="muin", library="muin")
        self._channels = {topic: self._register(topic) for topic in form.TOPICS}
        self._encode = msgspec.json.Encoder().encode
        self._count = 0
        self._flushed_ns: int | None = None
        self._sync()

    def _begin_folder(self, config_text: str) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if any(self.folder.iterdir()):
                raise BadInput(str(self.folder), "is not empty; give a new folder for the recording")
            (self.folder / form.VIDEO).mkdir()
        except (FileExistsError, NotADirectoryError):
            raise BadInput(str(self.folder), "is not a folder; give a new folder for the recording") from None
        except PermissionError as error:
            raise BadInput(str(self.folder), f"cannot be written ({error.strerror}); choose another place") from None
        (self.folder / form.CONFIG).write_text(config_text, encoding="utf-8")
        self._write_manifest()

    def _register(self, topic: str) -> int:
        name, _ = form.TOPICS[topic]
        schema = self._writer.register_schema(name, "jsonschema", form.schema(topic))
        return self._writer.register_channel(topic, "json", schema)

    def write(self, item: Event | Command | Signal) -> None:
        """Append one item; its place in the file is the order in which it was written. What to keep, the inbox says."""
        topic, at_ns = _topic(item)
        self._count += 1
        self._writer.add_message(
            channel_id=self._channels[topic],
            log_time=max(at_ns, 0),
            publish_time=max(at_ns, 0),
            sequence=self._count % 2**32,
            data=self._encode(item),
        )

    def video_path(self, camera: str) -> Path:
        """Where the packets of a camera go, as fragmented mp4. Raises BadInput for an id that is no file name."""
        if not SAFE_NAME.match(camera):
            raise BadInput(camera, "is not usable as a camera id; use letters, digits and _ . : + -")
        return self.folder / form.VIDEO / f"{camera}.mp4"

    def flush_if_due(self, now_ns: int) -> None:
        """Close the chunk and sync it to the disk once a second of `now_ns` (the run's time line)."""
        if self._flushed_ns is None:
            self._flushed_ns = now_ns
        if now_ns - self._flushed_ns >= FLUSH_EVERY_NS:
            self._flushed_ns = now_ns
            self._sync()

    def close(self) -> None:
        """Finish and seal: hashes of all files go into the manifest. A second call does nothing."""
        if self._file.closed:
            return
        self._writer.finish()  # type: ignore[no-untyped-call]
        self._sync()
        self._file.close()
        names = [form.CONFIG, form.DEVICES]
        names += sorted(f"{form.VIDEO}/{path.name}" for path in (self.folder / form.VIDEO).iterdir())
        hashes: dict[str, str | None] = {name: sha256(self.folder / name) for name in names}
        self._manifest = msgspec.structs.replace(self._manifest, files=hashes)
        self._write_manifest()

    def _sync(self) -> None:
        if not self._file.closed:
            self._writer.flush()  # type: ignore[no-untyped-call]
            os.fdatasync(self._file.fileno())

    def _write_manifest(self) -> None:
        target = self.folder / form.MANIFEST
        fresh = target.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(self._manifest), indent=1) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(target)
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


class BestEffort:
    """A recorder whose disk may fill or break: `on_lost` is told once why, and nothing more is recorded.

    A shop that runs must not end because of its recording; what was flushed before stays readable, unsealed.
    """

    def __init__(self, recorder: Recorder, on_lost: Callable[[str], None]) -> None:
        self._recorder: Recorder | None = recorder
        self._folder = recorder.folder
        self._on_lost = on_lost
        self.video_path = recorder.video_path

    def write(self, item: Event | Command | Signal) -> None:
        """As Recorder.write."""
        with self._until_lost() as recorder:
            if recorder is not None:
                recorder.write(item)

    def flush_if_due(self, now_ns: int) -> None:
        """As Recorder.flush_if_due."""
        with self._until_lost() as recorder:
            if recorder is not None:
                recorder.flush_if_due(now_ns)

    def close(self) -> None:
        """As Recorder.close; a recording that was lost stays unsealed."""
        with self._until_lost() as recorder:
            if recorder is not None:
                recorder.close()

    @contextmanager
    def _until_lost(self) -> Iterator[Recorder | None]:
        try:
            yield self._recorder
        except OSError as error:
            self._recorder = None
            self._on_lost(f"{self._folder}: nothing more is recorded ({error.strerror}); free space on its disk")


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _topic(item: Event | Command | Signal) -> tuple[str, int]:
    if isinstance(item, PlateSamples):
        return "plates", item.captured_ns
    if isinstance(item, VideoFrame):
        return "frame", item.captured_ns
    if isinstance(item, commands.Base):
        return "commands", item.issued_ns
    return "events", item.captured_ns
