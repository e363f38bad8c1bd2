"""Figures of `muin evaluate people`: what the floor cameras told of people, against truth.json.

Must not: let truth reach the sense. Where no floor video was recorded, the recorded tracks are judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edge import truth as truths
from edge.body_score import Shown, compare
from edge.commands import playback
from edge.commands.watched import Watched, watch
from edge.core.errors import BadInput
from edge.core.events import Event, TracksSeen

if TYPE_CHECKING:
    from vision.bodies import Body
    from vision.floor import FloorWatch
    from vision.planes import Picture
    from vision.senses import SeeingSense

CHAIN_S = 2.0  # a track that begins this soon after another ended is taken for the same visit
STALE_S = 2.0
HALF_FRAME_S = 0.05


@dataclass
class Span:
    """First and last sight of one track, in s."""

    entered_s: float
    left_s: float


class Overheard:
    """A floor watch whose finder's boxes are kept, so that the baseline gets the same ones."""

    def __init__(self, sense: SeeingSense, watch: FloorWatch) -> None:
        self.sense = sense
        self.heard: list[tuple[int, list[Body]]] = []
        self._found: list[list[Body]] = []
        find = watch.finder.find

        def listen(picture: Picture, at_s: float) -> list[Body]:
            self._found.append(find(picture, at_s))
            return self._found[-1]

        watch.finder.find = listen  # type: ignore[method-assign]

    def see(self, picture: Any, captured_ns: int) -> list[Event]:
        """As the sense, with what its finder found beside it."""
        events = self.sense.see(picture, captured_ns)
        self.heard += [(captured_ns, bodies) for bodies in self._found]
        self._found.clear()
        return events

    def flush(self) -> list[Event]:
        """As the sense."""
        return self.sense.flush()


def evaluate_people(folder: Path, overrides: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The document, and what found the people, in words. Raises BadInput where there is nothing to judge."""
    from vision.floor import FloorWatch

    recording = playback.open_recording(folder)
    config = playback.config_of(recording, None, overrides)
    playback.tell_gaps(recording, config)
    floors = {row.id for row in config.camera if row.role == "floor"}
    senses = playback.picture_senses(recording, config)
    ears = {n: Overheard(s, s.sense) for n, s in senses.items() if n in floors and isinstance(s.sense, FloorWatch)}
    found = watch(recording, ears) if ears else Watched(events=list(recording.events()))
    sights = [event for event in found.events if isinstance(event, TracksSeen)]
    if not sights and not ears:
        raise BadInput(str(folder), "has neither video of a floor camera nor tracks; record or import one of them")
    truth = truths.load(folder) if (folder / truths.NAME).is_file() else truths.NOTHING
    zero_ns, length_s = recording.start_ns, (recording.end_ns - recording.start_ns) / 1e9
    spans = _spans(sights, zero_ns)
    named = compare(truth.bodies, _shown(sights, zero_ns))
    document = {
        "count_mae": _count_error(truth.counts, sights, zero_ns),
        "id_switches": named.switches if named is not None else _switches(truth.visits, spans),
        "tracks": len(spans),
        "mean_track_s": _mean_length(spans),
        "visits": [{"entered_s": span.entered_s, "left_s": span.left_s} for span in chained(spans)],
        "ms_per_frame": found.ms_per_frame(),
        "tracks_per_minute": _per_minute(spans, length_s),
        "identity_kept": named.kept if named is not None else None,
        "baseline": _baseline(ears, truth, zero_ns, length_s) if ears else None,
    }
    return document, [f"{name}: {ear.sense.describe()}" for name, ear in ears.items()]


def _baseline(ears: Mapping[str, Overheard], truth: truths.Truth, zero_ns: int, length_s: float) -> dict[str, Any]:
    """The same figures of the plainest tracker, fed with the same boxes."""
    from edge.commands.baseline_tracks import BaselineTracker

    shown: dict[str, list[Shown]] = {}
    spans: dict[tuple[str, str], Span] = {}
    for camera, ear in ears.items():
        tracker = BaselineTracker()
        for at_ns, bodies in ear.heard:
            at_s = round((at_ns - zero_ns) / 1e9, 3)
            shown.setdefault(camera, []).append(Shown(at_s, tracker.see(bodies, at_ns / 1e9)))
            for name in shown[camera][-1].bodies:
                spans.setdefault((camera, name), Span(at_s, at_s)).left_s = at_s
    named = compare(truth.bodies, shown)
    return {
        "id_switches": named.switches if named is not None else None,
        "tracks": len(spans),
        "mean_track_s": _mean_length(list(spans.values())),
        "tracks_per_minute": _per_minute(list(spans.values()), length_s),
        "identity_kept": named.kept if named is not None else None,
    }


def _shown(sights: Iterable[TracksSeen], zero_ns: int) -> dict[str, list[Shown]]:
    found: dict[str, list[Shown]] = {}
    for sight in sights:
        bodies = {person.track: person.box_px for person in sight.people if person.box_px is not None}
        found.setdefault(sight.source, []).append(Shown((sight.captured_ns - zero_ns) / 1e9, bodies))
    return found


def _mean_length(spans: Sequence[Span]) -> float:
    lengths = [span.left_s - span.entered_s for span in spans]
    return round(sum(lengths) / len(lengths), 3) if lengths else 0.0


def _per_minute(spans: Sequence[Span], length_s: float) -> float | None:
    return round(60 * len(spans) / length_s, 2) if length_s > 0 else None


def _spans(sights: Iterable[TracksSeen], zero_ns: int) -> list[Span]:
    found: dict[tuple[str, str], Span] = {}
    for sight in sights:
        at_s = round((sight.captured_ns - zero_ns) / 1e9, 3)
        for person in sight.people:
            found.setdefault((sight.source, person.track), Span(at_s, at_s)).left_s = at_s
    return sorted(found.values(), key=lambda span: span.entered_s)


def chained(spans: Sequence[Span]) -> list[Span]:
    """Tracks as visits: a track that was lost and soon found again under another name is one visit."""
    visits: list[Span] = []
    for span in spans:
        before = [visit for visit in visits if 0 <= span.entered_s - visit.left_s <= CHAIN_S]
        if before:
            last = max(before, key=lambda visit: visit.left_s)
            last.left_s = max(last.left_s, span.left_s)
        else:
            visits.append(Span(span.entered_s, span.left_s))
    return visits


def _count_error(counts: Sequence[truths.Count], sights: Sequence[TracksSeen], zero_ns: int) -> float | None:
    """Mean absolute error of the number of people, over the labelled moments."""
    errors = []
    for count in counts:
        at_ns = zero_ns + round((count.t_s + HALF_FRAME_S) * 1e9)
        seen = [s for s in sights if s.source == count.camera and 0 <= at_ns - s.captured_ns <= STALE_S * 1e9]
        people = len(max(seen, key=lambda sight: sight.captured_ns).people) if seen else 0
        errors.append(min(abs(people - right) for right in (count.people, *count.also_accept)))
    return round(sum(errors) / len(errors), 4) if errors else None


def _switches(visits: Sequence[truths.Visit], spans: Sequence[Span]) -> int | None:
    """Names beyond the first during each visit; None where visits overlap, as then nobody can say whose they are."""
    known = sorted(visits, key=lambda visit: visit.entered_s)
    ends = [float("inf") if visit.left_s is None else visit.left_s for visit in known]
    if not known or any(end > after.entered_s for end, after in zip(ends, known[1:], strict=False)):
        return None
    return sum(
        max(0, sum(span.entered_s < end and span.left_s > visit.entered_s for span in spans) - 1)
        for visit, end in zip(known, ends, strict=True)
    )
