"""Runs a recording through the core at full speed: from its events, or from its raw sensor streams.

Must not: import a sense or a device (they are handed in), read a clock, or read truth.json.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import heappop, heappush, merge
from typing import Any, Final, NamedTuple

import msgspec

from edge.core import events
from edge.core.commands import Command
from edge.core.errors import BadInput
from edge.core.events import Event
from edge.core.layout import Layout
from edge.core.ports import PictureSense, SampleSense
from edge.core.signals import PlateSamples, Signal
from edge.core.store import Store
from edge.recorded_video import Pictures
from edge.recording import Recording

__all__ = ["DERIVED_FROM", "Recording", "lived_until_ns", "run_events", "run_sensors", "verify"]

# Which recorded events a sense makes again, and which sense: the others are taken from the recording.
DERIVED_FROM: Final[Mapping[type[events.Base], tuple[str, Callable[[Any, Mapping[str, str]], str]]]] = {
    events.WeightStep: ("plates", lambda event, gondolas: gondolas.get(event.plate, event.source)),
    events.PlateSteady: ("plates", lambda event, gondolas: gondolas.get(event.plate, event.source)),
    events.ShelfChanged: ("frame", lambda event, _: str(event.camera)),
    events.ShelfReached: ("frame", lambda event, _: str(event.camera)),
    events.CredentialShown: ("frame", lambda event, _: str(event.source)),
    events.ClaimMade: ("frame", lambda event, _: str(event.source)),
    events.TracksSeen: ("frame", lambda event, _: str(event.source)),
    events.LineCrossed: ("frame", lambda event, _: str(event.source)),
    events.PassageCounted: ("frame", lambda event, _: str(event.source)),
    events.HealthChanged: ("eye", lambda event, _: str(event.device) if event.cause else ""),
}


def run_events(layout: Layout, recorded: Iterable[Event], until_ns: int = 0) -> list[Command]:
    """The core's orders for these events. `until_ns`: how long the run is known to have gone on after them."""
    played = _play(layout, recorded, until_ns)
    return [*played.body, *played.later, *played.finish]


def verify(recording: Recording, layout: Layout) -> tuple[bool, list[Command]]:
    """Whether the recorded events give the recorded commands, byte for byte; and the commands that they give.

    A run that was stopped while somebody was inside has recorded no end of it; one that lost its power may lack
    the orders of its last second. Neither makes them differ. Raises BadInput where no commands were recorded.
    """
    recorded = [msgspec.json.encode(command) for command in recording.commands()]
    if not recorded:
        raise BadInput(str(recording.folder), "holds no commands to compare with; it was imported, not run")
    played = _play(layout, recording.events(), lived_until_ns(recording, layout))
    whole = [*played.body, *played.later, *played.finish]
    written = [msgspec.json.encode(command) for command in whole]
    stopped = len(written) - len(played.finish)
    least = len(played.body) if recording.sealed else 0
    equal = recorded == written or (least <= len(recorded) <= stopped and recorded == written[: len(recorded)])
    return equal, whole


class _Played(NamedTuple):
    body: list[Command]  # by the recorded events
    later: list[Command]  # by the time that passed after the last event
    finish: list[Command]  # by the end of the recording


def _play(layout: Layout, recorded: Iterable[Event], until_ns: int) -> _Played:
    store = Store(layout)
    body: list[Command] = []
    for event in _stamped(recorded):
        body += store.handle(event)
    return _Played(body, *_end(store, until_ns))


def lived_until_ns(recording: Recording, layout: Layout) -> int:
    """The last moment the recorded run is known to have lived: its last fact, or the tick behind its last order."""
    orders = [command.issued_ns + layout.policy.ordering_window_ns for command in recording.commands()]
    return max([recording.end_ns, *orders])


def run_sensors(
    recording: Recording,
    layout: Layout,
    sample_senses: Mapping[str, SampleSense],
    picture_senses: Mapping[str, PictureSense],
    eyes: Mapping[str, PictureSense] | None = None,
) -> tuple[list[Event], list[Command]]:
    """Events made anew from the raw streams (with the recorded ones that no sense here can make), and the orders.

    Senses are keyed by gondola and by camera; `eyes` tell only of the health of cameras that have no sense here.
    Everything enters at the moment at which it was complete: a
    block of samples at its last sample, a picture at its exposure, a recorded event when it was received.
    """
    run = _SensorRun(recording, layout, sample_senses, picture_senses, eyes or {})
    store = Store(layout)
    made: list[Event] = []
    found: list[Command] = []
    for number, (at_ns, event) in enumerate(run.events(), 1):
        stamped = msgspec.structs.replace(event, seq=number, received_ns=max(at_ns, event.captured_ns))
        made.append(stamped)
        found += store.handle(stamped)
    later, finish = _end(store, lived_until_ns(recording, layout))
    return made, [*found, *later, *finish]


def _end(store: Store, until_ns: int) -> tuple[list[Command], list[Command]]:
    later = store.handle(events.Tick(captured_ns=until_ns, source="replay"))
    return list(later), list(store.finish())


def _stamped(recorded: Iterable[Event]) -> Iterator[Event]:
    """Imported events were never received by anybody: they arrive when they happened."""
    now_ns = 0
    for number, event in enumerate(recorded, 1):
        now_ns = max(now_ns, event.received_ns or event.captured_ns)
        if event.seq == 0 and event.received_ns == 0:
            event = msgspec.structs.replace(event, seq=number, received_ns=now_ns)
        yield event


class _SensorRun:
    """One pass over the raw streams of a recording."""

    def __init__(
        self,
        recording: Recording,
        layout: Layout,
        sample_senses: Mapping[str, SampleSense],
        picture_senses: Mapping[str, PictureSense],
        eyes: Mapping[str, PictureSense],
    ) -> None:
        self._recording = recording
        self._samples = sample_senses
        self._pictures = {**eyes, **picture_senses}
        self._gondolas = {plate.id: plate.gondola for plate in layout.plates}
        self._clips = dict(_readable(recording, self._pictures))
        self._speaking = {
            "plates": set(sample_senses),
            "frame": set(self._clips) & set(picture_senses),
            "eye": set(self._clips),
        }
        self._unseen: Counter[str] = Counter()  # pictures of the index that the clip does not hold
        self._refused: dict[str, str] = {}

    def events(self) -> Iterator[tuple[int, Event]]:
        """(time at which it was known, event), times rising."""
        at_ns = 0
        for at_ns, item in merge(self._recorded(), self._ready_signals(), key=lambda pair: pair[0]):
            if isinstance(item, events.Base):
                yield at_ns, item
            else:
                for event in self._sense(at_ns, item):
                    yield at_ns, event
        senses: list[SampleSense | PictureSense] = [*self._samples.values(), *self._pictures.values()]
        for sense in senses:
            for event in sense.flush():
                yield at_ns, event
        for name, clip in self._clips.items():
            if clip.damage:
                self._recording.notes.append(f"video {name} is {clip.damage}")
            if self._unseen[name]:
                every = self._recording.told["VideoFrame", name]
                self._recording.notes.append(f"video {name} lacks {self._unseen[name]} of its {every} pictures")
            clip.close()

    def _recorded(self) -> Iterator[tuple[int, Event | Signal]]:
        now_ns = 0
        for event in self._recording.events():
            now_ns = max(now_ns, event.received_ns or event.captured_ns)
            if not self._made_again(event):
                yield now_ns, event

    def _made_again(self, event: Event) -> bool:
        row = DERIVED_FROM.get(type(event))
        if row is None:
            return False
        stream, name = row
        return name(event, self._gondolas) in self._speaking[stream]

    def _ready_signals(self) -> Iterator[tuple[int, Event | Signal]]:
        """Signals by the time at which they were complete; they begin in order, so few have to wait."""
        waiting: list[tuple[int, int, Signal]] = []
        for number, signal in enumerate(self._recording.signals()):
            while waiting and waiting[0][0] <= signal.captured_ns:
                ready_ns, _, first = heappop(waiting)
                yield ready_ns, first
            heappush(waiting, (_ready_ns(signal), number, signal))
        while waiting:
            ready_ns, _, first = heappop(waiting)
            yield ready_ns, first

    def _sense(self, at_ns: int, signal: Signal) -> list[Event]:
        try:
            found = self._feed(signal)
        except BadInput as error:
            return self._refuse(at_ns, signal.source, error)
        self._refused.pop(signal.source, None)
        return found

    def _feed(self, signal: Signal) -> list[Event]:
        if isinstance(signal, PlateSamples):
            named = self._gondolas.get(signal.plates[0], signal.source) if signal.plates else signal.source
            samples = self._samples.get(named) or self._samples.get(signal.source)
            return samples.feed(signal) if samples is not None else []
        clip = self._clips.get(signal.camera)
        if clip is None:
            return []
        picture = clip.at(signal.pts)
        if picture is None:
            self._unseen[signal.camera] += 1
            return []
        return self._pictures[signal.camera].see(picture, signal.captured_ns)

    def _refuse(self, at_ns: int, source: str, error: BadInput) -> list[Event]:
        """As live: what cannot be used is dropped and told, once until it is well again."""
        if self._refused.get(source) == error.text:
            return []
        self._refused[source] = error.text
        return [events.InputRejected(captured_ns=at_ns, source=source, device=error.place, detail=error.text)]


def _readable(recording: Recording, senses: Mapping[str, PictureSense]) -> Iterator[tuple[str, Pictures]]:
    """The clips that can be looked at; one that cannot (its first second was cut off) is noted and left out."""
    for name, path in recording.videos().items():
        try:
            if name in senses:
                yield name, Pictures(path)
        except BadInput as error:
            recording.notes.append(f"{path.parent.name}/{path.name} {error.text}; the others go on without it")


def _ready_ns(signal: Signal) -> int:
    if not isinstance(signal, PlateSamples) or not signal.plates or signal.rate_hz <= 0:
        return signal.captured_ns
    rows = len(signal.grams) // (4 * len(signal.plates))
    return signal.captured_ns + max(0, round((rows - 1) * 1e9 / signal.rate_hz))
