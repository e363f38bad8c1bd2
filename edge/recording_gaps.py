"""Says which streams a recording lacks that its shop should have given: people score what is there, and know it.

Must not: refuse anything, or take silence for loss where a device may rightly have nothing to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from edge.config import StoreConfig
from edge.recording import Recording
from edge.recording_upgrades import VIDEO

MOST_NAMED = 5
FRAME = "VideoFrame"
BY_CAMERA = ("ShelfChanged", "ShelfReached", "TracksSeen", "LineCrossed", "CredentialShown")
BY_PLATE = ("PlateSamples", "WeightStep", "PlateSteady")
BY_TRACKER = ("TracksSeen", "LineCrossed", "CredentialShown")


def gaps(recording: Recording, config: StoreConfig) -> list[str]:
    """One sentence for each stream of `config` that the recording does not hold."""
    found = [text for row in config.camera for text in _camera(recording, row.id)]
    found += _gondolas(recording, config)
    found += [
        f"reader {row.id} told nothing: tags are not used"
        for row in config.rfid_reader
        if not _told(recording, ("TagRead", "HealthChanged"), row.id)
    ]
    seen = any(kind in BY_TRACKER for kind, _ in recording.told)
    if not seen and not any(row.role != "shelf" and _told(recording, (FRAME,), row.id) for row in config.camera):
        found.append("nobody was seen in it: it holds no tracks, no crossed lines and no credentials")
    return found


def _told(recording: Recording, kinds: tuple[str, ...], name: str) -> bool:
    return any((kind, name) in recording.told for kind in kinds)


def _camera(recording: Recording, name: str) -> Iterator[str]:
    """Silence is told only where other cameras were filmed: a recording of events alone has none of any camera."""
    pictures, filmed, events = (
        recording.told[FRAME, name],
        name in recording.videos(),
        _told(recording, BY_CAMERA, name),
    )
    instead = "what it told then is used instead" if events else "it is not used"
    if pictures and not filmed:
        yield f"{VIDEO}/{name}.mp4 is missing: none of the {pictures} pictures of camera {name} can be seen; {instead}"
    elif filmed and not pictures:
        yield f"{VIDEO}/{name}.mp4 has no index: when its pictures were taken is not known; {instead}"
    elif not pictures and not events and recording.counts["frame"]:
        yield f"camera {name} gave neither pictures nor events: it is not used"


def _gondolas(recording: Recording, config: StoreConfig) -> Iterator[str]:
    plates: dict[str, list[str]] = {}
    for row in config.plate:
        plates.setdefault(row.gondola, []).append(row.id)
    for gondola, every in plates.items():
        silent = [name for name in every if not _told(recording, BY_PLATE, name)]
        if len(silent) == len(every):
            yield f"the scale of gondola {gondola} gave no samples: its {len(every)} plates are not used"
        elif silent:
            yield f"{len(silent)} of {len(every)} plates of gondola {gondola} gave no samples: {_some(silent)}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:MOST_NAMED]) + (", ..." if len(names) > MOST_NAMED else "")
