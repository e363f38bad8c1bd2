"""What both forms of the demo share: the bundled shop, its readings, and the people it knows.

Must not: run anything.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Final

from edge import config
from edge.recording import Recording

SHOP: Final = Path(__file__).resolve().parents[1] / "demo_shop"
LOOP_NS: Final = 46_000_000_000  # the bundled day, and time for its last visit to settle
CONSENT_TEXT: Final = "demo-1"
RETAIN_UNTIL: Final = "2099-12-31"


def shop_text() -> str:
    """The store.toml of the bundled shop."""
    return (SHOP / "store.toml").read_text(encoding="utf-8")


def shop_config(overrides: list[str]) -> config.StoreConfig:
    """The bundled shop, with --set on top."""
    return config.load(SHOP / "store.toml", config.parse_set(overrides))


def readings() -> list[object]:
    """Everything that the devices of the bundled day said (pictures are in the clips)."""
    day = Recording.open(SHOP)
    return [*day.events(), *(signal for signal in day.signals())]


def clips() -> dict[str, Path]:
    """Clip of each camera."""
    return Recording.open(SHOP).videos()


def started_wall_ns() -> int:
    """Wall clock at the start of the bundled day; `--once` runs on it, so that nothing depends on today."""
    from datetime import datetime

    started = json.loads((SHOP / "manifest.json").read_text(encoding="utf-8"))["started_at"]
    return round(datetime.fromisoformat(started).timestamp()) * 1_000_000_000


def introduce(state: Path, found: config.StoreConfig, given_at: str) -> None:
    """Enrol the people of the bundled shop in the gallery of a state folder; done once, a restart is quick."""
    mark = state / "introduced"
    if mark.exists() and mark.read_text(encoding="utf-8") == found.faces.engine:
        return
    from vision.codes import token_of
    from vision.enrolment import templates_of
    from vision.face_records import Consent
    from vision.faces.engines import open_engine
    from vision.gallery import Gallery

    gallery = Gallery(state)
    for row in _rows("codes.csv"):
        gallery.issue_code(row["identity"], None, token=token_of(row["text"]) or row["text"])
    engine = open_engine(found.faces, found.models)
    consent = Consent(text_version=CONSENT_TEXT, given_at=given_at, retain_until=RETAIN_UNTIL)
    for row in _rows("faces.csv"):
        rows = [(engine.kind, template) for template in templates_of(engine, SHOP / "enrol" / row["path"])]
        gallery.enrol(row["identity"], rows, consent)
    mark.write_text(found.faces.engine, encoding="utf-8")


def _rows(name: str) -> list[dict[str, str]]:
    with (SHOP / "enrol" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
