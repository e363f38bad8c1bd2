"""Plays a recording for `replay` and `score`: finds its configuration, builds the senses, gives the orders.

Must not: build a sense whose input the recording does not hold, or read truth.json.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from edge import config as configuration
from edge.config import StoreConfig
from edge.core.commands import Command
from edge.core.errors import BadInput
from edge.core.ports import SampleSense
from edge.recording_gaps import gaps
from edge.replay import Recording, lived_until_ns, run_events, run_sensors

if TYPE_CHECKING:
    from vision.senses import SeeingSense

Start = Literal["sensors", "events"]


def open_recording(folder: Path) -> Recording:
    """Open it and say on stderr what a person should know about it."""
    recording = Recording.open(folder)
    _tell(recording, 0)
    return recording


def config_of(recording: Recording, file: Path | None, overrides: dict[str, Any]) -> StoreConfig:
    """The configuration in force: that of the recording or `file`, with --set on top."""
    if file is not None:
        return configuration.load(file, overrides)
    return configuration.parse(recording.config_text, str(recording.folder / "store.toml"), overrides)


def play(recording: Recording, config: StoreConfig, start: Start | None) -> list[Command]:
    """The core's orders; from the sensors where raw streams exist, unless told otherwise."""
    tell_gaps(recording, config)
    layout = configuration.to_layout(config)
    if start == "sensors" and not recording.has_raw():
        raise BadInput(str(recording.folder), "has no raw streams; use --from events")
    if start == "events" or not recording.has_raw():
        return run_events(layout, recording.events(), lived_until_ns(recording, layout))
    before = len(recording.notes)
    _, commands = run_sensors(
        recording, layout, sample_senses(recording, config), picture_senses(recording, config), eyes(recording, config)
    )
    _tell(recording, before)
    return commands


def tell_gaps(recording: Recording, config: StoreConfig) -> None:
    """Note and say on stderr which streams of the shop the recording does not hold."""
    before = len(recording.notes)
    recording.notes += gaps(recording, config)
    _tell(recording, before)


def with_notices(document: dict[str, Any], recording: Recording) -> dict[str, Any]:
    """The document, with the key `notices` where there is something to know about the recording."""
    return {**document, "notices": recording.notes} if recording.notes else document


def _tell(recording: Recording, first: int) -> None:
    for note in recording.notes[first:]:
        print(f"muin: {recording.folder}: {note}", file=sys.stderr)


def sample_senses(recording: Recording, config: StoreConfig) -> dict[str, SampleSense]:
    """One step filter a gondola, where samples of it were recorded."""
    if not recording.counts["plates"]:
        return {}
    from devices.shelf_scale.steps import StepFilter

    gondolas = sorted({plate.gondola for plate in config.plate if ("PlateSamples", plate.id) in recording.told})
    return {gondola: StepFilter.from_config(config.scales, config.plate) for gondola in gondolas}


def picture_senses(recording: Recording, config: StoreConfig) -> dict[str, SeeingSense]:
    """The senses of the cameras whose video was recorded. A gate's credentials come from its recorded events."""
    from vision.senses import make_sense

    slots = {slot.camera for slot in config.slot}
    wanted = [row.id for row in config.camera if row.role == "floor" or (row.role == "shelf" and row.id in slots)]
    return {name: make_sense(config, name) for name in wanted if name in _shown(recording)}


def eyes(recording: Recording, config: StoreConfig) -> dict[str, SeeingSense]:
    """The other cameras whose video was recorded: only how well they see is asked."""
    from vision.senses import eye_only

    slots = {slot.camera for slot in config.slot}
    others = [row.id for row in config.camera if row.role == "gate" or (row.role == "shelf" and row.id not in slots)]
    return {name: eye_only(config, name) for name in others if name in _shown(recording)}


def _shown(recording: Recording) -> set[str]:
    present = recording.videos() if recording.counts["frame"] else {}
    return {name for name in present if ("VideoFrame", name) in recording.told}
