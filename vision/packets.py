"""Copies a camera's packets, undecoded, into a fragmented mp4 that survives a power cut.

Time stamps in the file count 1/90000 s of the run's time line, so that a worker that was started again may go
on with the same file. Must not: decode or encode anything.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error

from edge.core.errors import BadInput
from vision.cameras import TIME_BASE_HZ, to_ticks

# Fragments of about a second, absolute times (no edit list): what was flushed is readable without an end.
OPTIONS = {
    "movflags": "empty_moov+default_base_moof+frag_keyframe+frag_discont",
    "use_editlist": "0",
    "avoid_negative_ts": "disabled",
    "frag_duration": "1000000",
    "flush_packets": "1",
    "video_track_timescale": str(TIME_BASE_HZ),
}


class PacketFile:
    """One mp4 being written (a vision.cameras.PacketKeeper). Raises OSError when the disk is full."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sink: _Sink | None = None
        self._container: Any = None
        self._stream: Any = None
        self._last_dts = -(2**62)

    def keep(self, packet: Any, at_ns: Callable[[int], int]) -> None:
        """Copy one packet; `at_ns` turns its time stamps into run time. The first must be a key picture."""
        if self._container is None:
            if not packet.is_keyframe:
                return
            self._begin(packet.stream)
        dts = to_ticks(at_ns(packet.dts))
        if dts <= self._last_dts:
            return
        copy = av.Packet(bytes(packet))
        copy.pts = to_ticks(at_ns(packet.dts if packet.pts is None else packet.pts))
        copy.dts, self._last_dts = dts, dts
        copy.time_base = Fraction(1, TIME_BASE_HZ)
        copy.is_keyframe = packet.is_keyframe
        copy.stream = self._stream
        self._container.mux(copy)

    def close(self) -> None:
        """Finish the file. A second call does nothing."""
        if self._container is not None and self._sink is not None:
            self._container.close()
            self._sink.close()
        self._container = None

    def _begin(self, template: Any) -> None:
        whole = whole_boxes(self._path)
        self._sink = _Sink(self._path, whole)
        try:
            self._container = av.open(self._sink, "w", format="mp4", options=OPTIONS)
            self._stream = self._container.add_stream_from_template(template)
            self._stream.time_base = Fraction(1, TIME_BASE_HZ)
            self._container.start_encoding()
        except (av.error.FFmpegError, ValueError) as error:
            raise BadInput(str(self._path), f"cannot be recorded as mp4 ({error}); set the camera to H.264") from None
        self._sink.header = False


class UntilFull:
    """Keeps packets until the disk refuses: `on_lost` is told once why, and the camera goes on unrecorded."""

    def __init__(self, path: Path, on_lost: Callable[[str], None]) -> None:
        self._path = path
        self._file: PacketFile | None = PacketFile(path)
        self._on_lost = on_lost

    def keep(self, packet: Any, at_ns: Callable[[int], int]) -> None:
        """As PacketFile.keep, but a full disk is no error."""
        try:
            if self._file is not None:
                self._file.keep(packet, at_ns)
        except OSError as error:
            self._lose(error)

    def close(self) -> None:
        """As PacketFile.close."""
        try:
            if self._file is not None:
                self._file.close()
        except OSError as error:
            self._lose(error)

    def _lose(self, error: OSError) -> None:
        self._file = None
        self._on_lost(f"{self._path}: nothing more is recorded ({error.strerror}); free space on its disk")


class _Sink(io.RawIOBase):
    """The file below the muxer: goes on after what is whole, and is on the disk about once a second."""

    SYNC_BYTES = 200_000

    def __init__(self, path: Path, whole: int) -> None:
        super().__init__()
        self._file = path.open("r+b" if whole else "wb", buffering=0)
        self._file.truncate(whole)
        self._file.seek(whole)
        self._unsynced = 0
        self._drop_header = whole > 0
        self.header = True

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        view = memoryview(data)
        if self.header and self._drop_header:
            return len(view)
        self._unsynced += len(view)
        done = 0
        while done < len(view):
            done += self._file.write(view[done:])
        if self._unsynced > self.SYNC_BYTES or bytes(view[4:8]) == b"moof":
            os.fdatasync(self._file.fileno())
            self._unsynced = 0
        return len(view)

    def close(self) -> None:
        if not self._file.closed:
            self._file.close()
        super().close()


def whole_boxes(path: Path) -> int:
    """Length of the part of an mp4 that ends with a whole fragment; 0 where there is no such file or no header."""
    if not path.is_file():
        return 0
    size, at, whole, kinds = path.stat().st_size, 0, 0, set()
    with path.open("rb") as file:
        while at + 8 <= size:
            file.seek(at)
            head = file.read(16)
            length, kind = int.from_bytes(head[:4], "big"), head[4:8]
            if length == 1 and len(head) == 16:
                length = int.from_bytes(head[8:16], "big")
            if length < 8 or at + length > size:
                break
            at += length
            kinds.add(kind)
            if kind != b"moof":  # a fragment is whole with its data
                whole = at
    return whole if b"moov" in kinds else 0
