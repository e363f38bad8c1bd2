"""Shows the recorded pictures of some cameras to their senses, in time order, and says what that cost.

Must not: read truth.json, or run the core.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.clock import cpu_now_ns
from edge.core.errors import BadInput
from edge.core.events import Event
from edge.core.ports import PictureSense
from edge.core.signals import VideoFrame
from edge.recorded_video import Pictures
from edge.recording import Recording


@dataclass
class Watched:
    """What came out: events in the order of the pictures, and CPU time with decoding."""

    events: list[Event] = field(default_factory=list)
    pictures: int = 0
    cpu_ns: int = 0

    def ms_per_frame(self) -> float | None:
        """CPU milliseconds a picture, decoding included; None where there was no picture."""
        return round(self.cpu_ns / self.pictures / 1e6, 3) if self.pictures else None


def watch(recording: Recording, senses: Mapping[str, PictureSense]) -> Watched:
    """Play all cameras that have a sense here. Raises BadInput for damaged video: figures of a part mislead."""
    import cv2

    cv2.setNumThreads(1)  # as in a worker
    videos = recording.videos()
    clips = {name: Pictures(videos[name]) for name in senses if name in videos}
    found = Watched()
    began_ns = cpu_now_ns()
    for signal in recording.signals():
        if not isinstance(signal, VideoFrame) or signal.camera not in clips:
            continue
        picture = clips[signal.camera].at(signal.pts)
        if picture is not None:
            found.pictures += 1
            found.events += senses[signal.camera].see(picture, signal.captured_ns)
    for sense in senses.values():
        found.events += sense.flush()
    found.cpu_ns = cpu_now_ns() - began_ns
    for name, clip in clips.items():
        clip.close()
        if clip.damage:
            raise BadInput(str(videos[name]), f"is {clip.damage}; copy the recording again")
    return found
