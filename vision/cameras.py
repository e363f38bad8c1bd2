"""Pictures from a file, an RTSP camera or a local (V4L2) one, all of one shape, with true time stamps.

A file is a world that goes on by itself: its loop began at a given run time, and who opens it late sees what
is shown now. Must not: judge a picture, read a clock, or hide that something was lost.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol

import av
import av.error
import numpy as np

from edge.core.errors import BadInput
from edge.core.ports import Now
from vision.planes import Picture

OPEN_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 5.0
LATE_NS = 400_000_000  # an older picture is dropped, so that the watch keeps up with the world
CUT_NS = 700_000_000
BAD_PACKETS = 25  # in a row; fewer are a hiccup of the line
LEAK = 0.002  # how fast the least delay of a live stream is forgotten, so that clock drift is followed
JUMP_NS = 2_000_000_000
TIME_BASE_HZ = 90_000  # of recorded video

Wait = Callable[[int], bool]  # wait(nanoseconds) -> True when the work should end


@dataclass(frozen=True)
class Shot:
    """One picture. `pts` counts 1/90000 s of the run's time line, as in the recorded file; `loop` counts seams."""

    picture: Picture
    captured_ns: int
    loop: int

    @property
    def pts(self) -> int:
        """Time stamp in the recorded video."""
        return to_ticks(self.captured_ns)


class PacketKeeper(Protocol):
    """Somebody who wants the packets as the camera sent them."""

    def keep(self, packet: Any, at_ns: Callable[[int], int]) -> None: ...


def to_ticks(at_ns: int) -> int:
    """Run time as counts of 1/90000 s, the clock of video."""
    return round(Fraction(at_ns * TIME_BASE_HZ, 1_000_000_000))


def is_file(url: str) -> bool:
    """Whether a url is a plain file: no scheme, not a device."""
    return "://" not in url and not url.startswith("/dev/")


def open_container(url: str) -> Any:
    """Open a video. Raises BadInput with the reason in words."""
    place = without_password(url)
    if is_file(url) and not Path(url).is_file():
        raise BadInput(place, "there is no such file; correct the camera's url")
    try:
        if url.startswith("/dev/"):
            container = av.open(url, format="v4l2", timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
        else:
            options = {} if is_file(url) else {"analyzeduration": "1000000"}  # microseconds spent on guessing
            options |= {"rtsp_transport": "tcp"} if url.startswith("rtsp") else {}
            container = av.open(url, options=options, timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        cure = "copy the clip again" if is_file(url) else "check cable, address and password of the camera"
        raise BadInput(place, f"cannot be opened as video ({error_text(error)}); {cure}") from None
    if not container.streams.video:
        container.close()
        raise BadInput(place, "has no video stream; give a camera or a clip with pictures")
    return container


def error_text(error: Exception) -> str:
    """The library's reason without its address, which may hold a password."""
    return str(getattr(error, "strerror", None) or type(error).__name__)


def without_password(url: str) -> str:
    """A url that may be shown and logged."""
    scheme, mark, rest = url.partition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}" if mark else url


class ClipWorld:
    """A file played in a loop on the run's time line."""

    def __init__(self, path: str, anchor_ns: int, loop_ns: int, now: Now, wait: Wait) -> None:
        self._path = path
        self._anchor_ns = anchor_ns
        self._loop_ns = loop_ns
        self._now = now
        self._wait = wait

    def shots(self, keeper: PacketKeeper | None = None) -> Iterator[Shot]:
        """Pictures at the moments at which they happen, for ever. Raises BadInput for a cut or broken clip."""
        begin_ns = self._now()
        while True:
            with open_container(self._path) as container:
                length_ns = clip_length_ns(container)
                loop_ns = self._loop_ns or length_ns
                loop = max(0, (begin_ns - self._anchor_ns) // loop_ns)
                zero_ns = self._anchor_ns + loop * loop_ns
                yield from self._one_loop(container, zero_ns, begin_ns, length_ns, int(loop), keeper)
                begin_ns = zero_ns + loop_ns
            if self._wait(begin_ns - self._now()):
                return

    def _one_loop(
        self, container: Any, zero_ns: int, begin_ns: int, length_ns: int, loop: int, keeper: PacketKeeper | None
    ) -> Iterator[Shot]:
        stream = container.streams.video[0]
        first = stream.start_time or 0

        def at_ns(pts: int) -> int:
            return zero_ns + int((pts - first) * stream.time_base * 1_000_000_000)

        if begin_ns > zero_ns:
            container.seek(first + int((begin_ns - zero_ns) / (stream.time_base * 1_000_000_000)), stream=stream)
        end_ns = begin_ns
        for frame in decoded(container, self._path, keeper, at_ns):
            captured_ns = at_ns(frame.pts)
            end_ns = max(end_ns, captured_ns)
            if captured_ns < begin_ns or self._now() - captured_ns > LATE_NS:
                continue
            if self._wait(captured_ns - self._now()):
                return
            yield Shot(to_picture(frame), captured_ns, loop)
        if zero_ns + length_ns - end_ns > CUT_NS:
            lost_s = (end_ns - zero_ns) / 1e9
            raise BadInput(self._path, f"is cut: nothing to be seen after {lost_s:.1f} s; copy the clip again")


class LiveCamera:
    """An RTSP or V4L2 camera. Captured time is the stream's own, tied to the run by the least delay seen."""

    def __init__(self, url: str, now: Now) -> None:
        self._url = url
        self._now = now
        self._tie_ns: float | None = None
        self._last_ns = -1

    def shots(self, keeper: PacketKeeper | None = None) -> Iterator[Shot]:
        """Pictures as they come. Raises BadInput when the camera is gone."""
        with open_container(self._url) as container:
            base = container.streams.video[0].time_base
            for frame in decoded(container, self._url, keeper, lambda pts: self._at_ns(pts, base)):
                captured_ns = self._tie(int(frame.pts * base * 1_000_000_000))
                if captured_ns > self._last_ns and self._now() - captured_ns <= LATE_NS:
                    self._last_ns = captured_ns
                    yield Shot(to_picture(frame), captured_ns, 0)
        raise BadInput(without_password(self._url), "the camera closed the stream; check the camera")

    def _at_ns(self, pts: int, base: Fraction) -> int:
        stream_ns = int(pts * base * 1_000_000_000)
        return stream_ns + int(self._tie_ns if self._tie_ns is not None else self._now() - stream_ns)

    def _tie(self, stream_ns: int) -> int:
        """Run time of a moment of the stream."""
        delay = self._now() - stream_ns
        if self._tie_ns is None or abs(delay - self._tie_ns) > JUMP_NS:
            self._tie_ns = delay
        else:
            self._tie_ns = delay if delay < self._tie_ns else self._tie_ns + LEAK * (delay - self._tie_ns)
        return stream_ns + int(self._tie_ns)


def decoded(container: Any, place: str, keeper: PacketKeeper | None, at_ns: Callable[[int], int]) -> Iterator[Any]:
    """Frames with a time stamp, on one thread; single bad packets are passed over, many are BadInput."""
    stream = container.streams.video[0]
    stream.thread_type = "NONE"
    bad = 0
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets, None)
            frames = packet.decode() if packet is not None else []
        except av.error.InvalidDataError:
            bad += 1
            if bad > BAD_PACKETS:
                raise BadInput(without_password(place), "the pictures are damaged; check the camera or clip") from None
            continue
        except (av.error.FFmpegError, OSError) as error:
            raise BadInput(without_password(place), f"the stream broke off ({error_text(error)})") from None
        if packet is None:
            return
        if keeper is not None and packet.dts is not None and packet.size:
            keeper.keep(packet, at_ns)
        bad = 0 if frames else bad
        yield from (frame for frame in frames if frame.pts is not None)


def to_picture(frame: Any) -> Picture:
    """A decoded frame as uint8 [height, width, 3], BGR."""
    return np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)


def clip_length_ns(container: Any) -> int:
    """Length of a clip as its header says. Raises BadInput where it does not say."""
    stream = container.streams.video[0]
    if stream.duration:
        return int(stream.duration * stream.time_base * 1_000_000_000)
    if container.duration:
        return int(container.duration) * 1000
    raise BadInput(str(container.name), "does not say how long it is; write it anew as mp4")


def open_source(url: str, anchor_ns: int, loop_ns: int, now: Now, wait: Wait) -> ClipWorld | LiveCamera:
    """The right kind of source for a url."""
    return ClipWorld(url, anchor_ns, loop_ns, now, wait) if is_file(url) else LiveCamera(url, now)
