"""Plain clips become a recording: packets copied as they are, one index message for each picture.

Must not: re-encode, look at what the pictures show, or accept a clip that is not whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from heapq import merge
from pathlib import Path
from typing import Any, Final

import av
import av.error

from edge.core.errors import BadInput
from edge.core.events import RunStarted
from edge.core.signals import VideoFrame
from edge.recorder import Recorder

FRAGMENTS: Final = {"movflags": "frag_keyframe+empty_moov"}
CURE: Final = "copy it again, or convert it: ffmpeg -i CLIP -an -c:v libx264 NEW.mp4"


def import_clips(
    folder: Path, *, store_id: str, config_text: str, started_at: str, clips: Mapping[str, Path]
) -> dict[str, int]:
    """Write a recording into the empty `folder`; camera -> number of frames.

    Every clip begins at 0 of the recording's time line. Raises BadInput where a clip is missing, cut, damaged,
    empty, or in a form that mp4 cannot hold; `folder` is then to be thrown away.
    """
    recorder = Recorder(folder, store_id=store_id, config_text=config_text, started_at=started_at)
    index: dict[str, list[VideoFrame]] = {}
    for camera, clip in clips.items():
        copy_packets(clip, recorder.video_path(camera))
        index[camera] = _index(clip, recorder.video_path(camera), camera)
    recorder.write(RunStarted(captured_ns=0, source="import", run_id=f"import-{store_id}-{started_at}"))
    for frame in merge(*index.values(), key=lambda entry: entry.captured_ns):
        recorder.write(frame)
    recorder.close()
    return {camera: len(frames) for camera, frames in index.items()}


def copy_packets(clip: Path, target: Path) -> None:
    """Copy the video stream of a clip into fragmented mp4, packet by packet. Raises BadInput."""
    if not clip.is_file():
        raise BadInput(str(clip), "is not there; give the path of a video file")
    if clip.stat().st_size == 0:
        raise BadInput(str(clip), f"is empty; {CURE}")
    try:
        with av.open(str(clip), options={"fflags": "+genpts"}) as source:
            if not source.streams.video:
                raise BadInput(str(clip), "has no video stream; give a clip with pictures")
            stream = source.streams.video[0]
            with av.open(str(target), "w", format="mp4", options=FRAGMENTS) as out:
                copied = _copy(source, stream, out)
            promised = stream.frames
    except (av.error.FFmpegError, ValueError) as error:
        raise BadInput(str(clip), f"cannot be read as video or copied into mp4 ({_reason(error)}); {CURE}") from None
    if copied == 0 or copied < promised:
        raise BadInput(str(clip), f"is cut: {copied} of {promised or 'no'} pictures are there; {CURE}")


def _copy(source: Any, stream: Any, out: Any) -> int:
    target = out.add_stream_from_template(stream)
    count = 0
    for packet in source.demux(stream):
        if packet.dts is not None:  # the last one only says that the stream is over
            packet.stream = target
            out.mux(packet)
            count += 1
    return count


def _index(clip: Path, recorded: Path, camera: str) -> list[VideoFrame]:
    """One entry for each picture, in the order of showing, with the time stamps that the recorded file has."""
    frames: list[VideoFrame] = []
    try:
        with av.open(str(recorded)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            base = stream.time_base
            first: int | None = None
            for frame in container.decode(stream):
                if frame.is_corrupt or frame.pts is None or base is None:
                    raise BadInput(str(clip), f"is damaged at picture {len(frames)}; {CURE}")
                first = frame.pts if first is None else first
                ticks = (frame.pts - first) * base.numerator * 1_000_000_000
                captured_ns = (2 * ticks + base.denominator) // (2 * base.denominator)
                if frames and captured_ns <= frames[-1].captured_ns:
                    raise BadInput(str(clip), f"has time stamps that do not rise at picture {len(frames)}; {CURE}")
                frames.append(VideoFrame(captured_ns=captured_ns, source=camera, camera=camera, pts=frame.pts))
    except av.error.FFmpegError as error:
        raise BadInput(str(clip), f"is damaged after picture {len(frames)} ({_reason(error)}); {CURE}") from None
    if not frames:
        raise BadInput(str(clip), f"has no picture that can be decoded; {CURE}")
    return frames


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
