"""`muin score`: replays recordings and compares the bills with their truth. Exit 0 whatever the score."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.truth import Truth


def register(app: typer.Typer) -> None:
    """Add `score` to the table."""
    app.command()(score)


def score(
    paths: Annotated[list[Path], typer.Argument(metavar="REC|DIR...", help="recordings, or folders of recordings")],
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Replay recordings and compare the receipts with their truth.json."""
    from edge import score as scoring

    cases, lines = [], 0
    for name, folder, known in _truths(_recordings(paths)):
        case, count = _case(name, folder, known)
        cases.append(case)
        lines += count
    document = scoring.summary(cases, lines)
    if as_json:
        print(json.dumps(document, ensure_ascii=False))
        return
    print(_table(document))


def _recordings(paths: list[Path]) -> list[tuple[str, Path]]:
    """(case name, folder). Below a DIR those without truth are left out with a notice."""
    from edge.recording_upgrades import MANIFEST, TRUTH

    found: list[tuple[str, Path]] = []
    for path in paths:
        if not path.is_dir():
            raise BadInput(str(path), "is not a folder; give a recording, or a folder with recordings below it")
        if (path / MANIFEST).is_file():
            found.append((path.resolve().name, path))
            continue
        below = sorted(manifest.parent for manifest in path.rglob(MANIFEST))
        for folder in below:
            if (folder / TRUTH).is_file():
                found.append((folder.relative_to(path).as_posix(), folder))
            else:
                print(f"muin: {folder}: has no {TRUTH}, left out", file=sys.stderr)
        if not below:
            raise BadInput(str(path), "holds no recording; give a folder that muin recorded or imported")
    if not found:
        raise BadInput(", ".join(map(str, paths)), "no recording there has a truth.json; there is nothing to score")
    return found


def _truths(recordings: list[tuple[str, Path]]) -> list[tuple[str, Path, Truth]]:
    """Every truth before the first replay, which may take long. Raises BadInput with all that are not usable."""
    from edge import truth

    found: list[tuple[str, Path, Truth]] = []
    broken: list[BadInput] = []
    for name, folder in recordings:
        try:
            found.append((name, folder, truth.load(folder)))
        except BadInput as error:
            broken.append(error)
    for other in broken[1:]:
        print(f"muin: {other}", file=sys.stderr)
    if broken:
        raise broken[0]
    return found


def _case(name: str, folder: Path, known: Truth) -> tuple[dict[str, Any], int]:
    from edge.commands import playback
    from edge.core.receipts import receipts, seconds
    from edge.score import score_case

    recording = playback.open_recording(folder)
    commands = playback.play(recording, playback.config_of(recording, None, {}), None)
    document = receipts(commands, recording.start_ns)
    end_s = seconds(recording.end_ns, recording.start_ns)
    case = playback.with_notices(score_case(name, known, document, end_s), recording)
    return case, sum(len(visit["lines"]) for visit in document["visits"])


def _table(document: dict[str, Any]) -> str:
    rows = [f"{'case':30} {'precision':>9} {'recall':>7} {'f1':>6} {'exact':>6} {'over':>5} {'review':>6}"]
    for case in document["cases"]:
        rows.append(
            f"{case['case']:30} {case['precision']:9.3f} {case['recall']:7.3f} {case['f1']:6.3f} "
            f"{'yes' if case['exact'] else 'no':>6} {case['overcharged_items']:5d} {case['review_lines']:6d}"
        )
    rows.append(
        f"mean f1 {document['mean_f1']:.3f}, exact {document['exact_rate']:.3f}, overcharged items "
        f"{document['overcharged_items']}, lines in review {document['review_rate']:.3f}"
    )
    return "\n".join(rows)
