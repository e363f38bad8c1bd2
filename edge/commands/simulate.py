"""`muin simulate`: simulated visits with truth, as recordings or as cases in the contest's form.

Must not: know how anything is simulated, or leave a half-written folder.
"""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterable

    from edge.core.events import Event
    from edge.core.signals import Signal
    from edge.recorder import Recorder
    from edge.simulation.play import Simulated
    from edge.simulation.scenario import Scenario

STARTED_AT = "2026-04-17T09:00:00.000Z"


class Form(StrEnum):
    """What is written."""

    OURS = "ours"
    NANOSTORE = "nanostore"


def register(app: typer.Typer) -> None:
    """Add `simulate` to the table."""
    app.command()(simulate)


def simulate(
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="a folder for the visits, one folder each")],
    scenario: Annotated[
        Path | None, typer.Argument(metavar="SCENARIO.yaml", help="left out: scenarios of the library in turn")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="the first seed")] = 0,
    count: Annotated[int, typer.Option("--count", min=1, help="how many seeds, counted up from the first")] = 1,
    render: Annotated[
        bool, typer.Option("--render", help="film the shelf cameras too (extra `render`); slow: see BENCHMARKS.md")
    ] = False,
    form: Annotated[Form, typer.Option("--form", help="recordings of ours, or cases for `muin import`")] = Form.OURS,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Simulate visits: people, shelves and sensors of a drawn shop. Each folder comes with its truth.json."""
    from edge.commands.imports import whole_or_nothing
    from edge.simulation.play import simulate as play

    if render and form is Form.NANOSTORE:
        raise BadInput("--render", "that form has no pictures; leave out --form nanostore")
    write = _write_case if form is Form.NANOSTORE else _write_recording
    done = []
    for number in range(seed, seed + count):
        chosen = _chosen(scenario, number, form)
        found = play(chosen, number)
        folder = out / f"{chosen.name}-{number:04d}"
        with whole_or_nothing(folder) as fresh:
            if render:
                write_rendered(chosen, number, found, fresh)
            else:
                write(found, fresh)
        done.append(_told(chosen, number, folder, found))
    if as_json:
        print(json.dumps({"visits": done}, ensure_ascii=False))
        return
    for row in done:
        print(f"{row['folder']}: {row['class']}, {row['people']} payers, {row['length_s']:.0f} s")


def _chosen(path: Path | None, seed: int, form: Form) -> Scenario:
    """The scenario given, or the one whose turn it is; cases of the contest come from its own scenarios."""
    from edge.simulation.scenario import library, load

    if path is None:
        known = [row for row in library() if form is Form.OURS or _as_contest(row)]
        return known[seed % len(known)]
    found = load(path)
    if form is Form.NANOSTORE and not _as_contest(found):
        text = (
            "that form has plates and a tracker and no more; use `plan: contest` and `sensors: [plates, tracks, hands]`"
        )
        raise BadInput(f"{path}: sensors", text)
    return found


def _as_contest(row: Scenario) -> bool:
    return set(row.sensors) == {"plates", "tracks", "hands"} and row.store.per_plate < 2


def _told(scenario: Scenario, seed: int, folder: Path, found: Simulated) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "scenario": scenario.name,
        "seed": seed,
        "class": found.class_name,
        "inseparable": found.inseparable,
        "people": len(found.truth["visits"]),
        "length_s": round(found.happened.length_s, 1),
    }


def _write_recording(found: Simulated, folder: Path) -> None:
    recorder = _recorder(folder, found.config_text)
    try:
        _record(recorder, found.readings)
    finally:
        recorder.close()
    _write_truth(found, folder)


def write_rendered(scenario: Scenario, seed: int, found: Simulated, folder: Path) -> None:
    """Write a visit into a new folder as a recording in which what the shelf cameras saw is video.

    Raises BadInput where nothing can be drawn on this machine.
    """
    from edge.simulation.rendering.visit_film import RenderedVisit

    visit = RenderedVisit(scenario, seed, found)
    recorder = _recorder(folder, visit.config_text)
    try:
        _record(recorder, visit.film(recorder.video_path))
    finally:
        recorder.close()
    _write_truth(found, folder)


def _recorder(folder: Path, config_text: str) -> Recorder:
    from edge import config
    from edge.recorder import Recorder

    store = config.parse(config_text, "store.toml")
    return Recorder(folder, store_id=store.store.id, config_text=config_text, started_at=STARTED_AT)


def _record(recorder: Recorder, readings: Iterable[tuple[int, Event | Signal]]) -> None:
    import msgspec

    from edge.core.events import Base

    for number, (due_ns, item) in enumerate(readings, 1):
        if isinstance(item, Base):
            item = msgspec.structs.replace(item, seq=number, received_ns=due_ns)
        recorder.write(item)


def _write_truth(found: Simulated, folder: Path) -> None:
    from edge import truth

    truth.save(folder, truth.parse(json.dumps(found.truth).encode(), "truth.json"))


def _write_case(found: Simulated, folder: Path) -> None:
    from edge.simulation.case_form import files_of, truth_of_case

    for name, rows in files_of(found).items():
        with (folder / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    (folder / "truth.json").write_text(json.dumps(truth_of_case(found), indent=1) + "\n", encoding="utf-8")
