"""Plays a recording for `replay` and `score`: finds its configuration, builds the senses, gives the orders.

Must not: build a sense whose input the recording does not hold, or read truth.json.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, Literal

from edge import config as configuration
from edge.config import StoreConfig
from edge.core.commands import Command
from edge.core.errors import BadInput
from edge.core.ports import PictureSense, SampleSense
from edge.replay import Recording, lived_until_ns, run_events, run_sensors

Start = Literal["sensors", "events"]


def open_recording(folder: Path) -> Recording:
    """Open it and say on stderr what a person should know about it."""
    recording = Recording.open(folder)
    for note in recording.notes:
        print(f"muin: {folder}: {note}", file=sys.stderr)
    return recording


def config_of(recording: Recording, file: Path | None, overrides: dict[str, Any]) -> StoreConfig:
    """The configuration in force: that of the recording or `file`, with --set on top."""
    if file is not None:
        return configuration.load(file, overrides)
    return configuration.parse(recording.config_text, str(recording.folder / "store.toml"), overrides)


def play(recording: Recording, config: StoreConfig, start: Start | None) -> list[Command]:
    """The core's orders; from the sensors where raw streams exist, unless told otherwise."""
    layout = configuration.to_layout(config)
    if start == "sensors" and not recording.has_raw():
        raise BadInput(str(recording.folder), "has no raw streams; use --from events")
    if start == "events" or not recording.has_raw():
        return run_events(layout, recording.events(), lived_until_ns(recording, layout))
    before = len(recording.notes)
    _, commands = run_sensors(recording, layout, sample_senses(recording, config), picture_senses(recording, config))
    for note in recording.notes[before:]:
        print(f"muin: {recording.folder}: {note}", file=sys.stderr)
    return commands


def sample_senses(recording: Recording, config: StoreConfig) -> dict[str, SampleSense]:
    """One step filter a gondola, where samples were recorded."""
    if not recording.counts["plates"]:
        return {}
    from devices.shelf_scale.steps import StepFilter

    gondolas = sorted({plate.gondola for plate in config.plate})
    return {gondola: StepFilter.from_config(config.scales, config.plate) for gondola in gondolas}


def picture_senses(recording: Recording, config: StoreConfig) -> dict[str, PictureSense]:
    """The senses of the cameras whose video was recorded. A gate's credentials come from its recorded events."""
    present = recording.videos() if recording.counts["frame"] else {}
    found: dict[str, PictureSense] = {}
    for camera in config.camera:
        if camera.id not in present:
            continue
        if camera.role == "shelf" and any(slot.camera == camera.id for slot in config.slot):
            from vision.slots import SlotWatch

            found[camera.id] = SlotWatch.from_config(config, camera.id)
        elif camera.role == "floor":
            from vision.floor import FloorWatch

            found[camera.id] = FloorWatch.from_config(config, camera.id)
    return found
