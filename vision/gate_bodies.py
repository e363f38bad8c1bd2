"""A gate camera that counts as well: who shows a code or a face, and how many bodies walk over the gate's lines.

Must not: tell tracks where it does not know places: a body that leaves this picture has not left the shop.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from edge.core.events import Event, TracksSeen
from edge.core.ports import PictureSense
from vision.floor import FloorWatch
from vision.planes import Picture
from vision.stir import Stir


@dataclass
class GateBodies:
    """Both senses of one camera (edge.core.ports.PictureSense). Bodies are followed only while something moves."""

    credentials: PictureSense
    bodies: FloorWatch
    _stir: Stir = field(default_factory=Stir)

    def see(self, picture: Picture, captured_ns: int) -> list[Event]:
        """Look at one picture, uint8 [h, w, 3] BGR."""
        events = self.credentials.see(picture, captured_ns)
        if self._stir.awake(picture, captured_ns):
            events += [event for event in self.bodies.see(picture, captured_ns) if self._of_use(event)]
        return events

    def flush(self) -> list[Event]:
        """What waited at the end of the stream."""
        return [*self.credentials.flush(), *self.bodies.flush()]

    def describe(self) -> str:
        """What both use, for people."""
        said = getattr(self.credentials, "describe", None)
        return "; ".join(text for text in (str(said()) if callable(said) else "", self.bodies.describe()) if text)

    def _of_use(self, event: Event) -> bool:
        return not isinstance(event, TracksSeen) or self.bodies.plane is not None
