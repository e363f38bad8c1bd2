"""`muin import ...`: recordings made elsewhere become recordings of ours. One sub-command per form.

Must not: know a form itself (that is edge.nanostore and its neighbours), or leave a half-written recording.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from edge.core.errors import BadInput

if TYPE_CHECKING:
    from edge.nanostore.case import Case

group = typer.Typer(help="Turn recordings made elsewhere into recordings of ours.", no_args_is_help=True)
FOLDER_MODE = 0o755


def register(app: typer.Typer) -> None:
    """Add the group `import` to the table."""
    from edge.commands import import_video

    import_video.register(group)
    app.add_typer(group, name="import")


@group.callback()
def about() -> None:
    """Turn recordings made elsewhere into recordings of ours."""


@contextmanager
def whole_or_nothing(target: Path) -> Iterator[Path]:
    """A folder beside `target` to write into; it becomes `target` at the end, or is gone where anything failed.

    Raises BadInput where `target` is in use or cannot be made.
    """
    if target.exists() and not (target.is_dir() and not any(target.iterdir())):
        raise BadInput(str(target), "is already there; give a new name for the recording, or remove it first")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    except OSError as error:
        raise BadInput(str(target), f"cannot be written ({error.strerror}); choose another place") from None
    try:
        yield fresh
        fresh.chmod(FOLDER_MODE)
        fresh.rename(target)
    except OSError as error:
        raise BadInput(str(target), f"cannot be written ({error.strerror}); free space or choose another") from None
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


@group.command()
def nanostore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="folder of a case, or of many with --all")],
    target: Annotated[Path, typer.Argument(metavar="REC", help="the recording to make; with --all a folder of them")],
    every: Annotated[bool, typer.Option("--all", help="import every case folder under DIR into OUT")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document on stdout")] = False,
) -> None:
    """Import a case in the AutoCheckout form (plate_data, full_targets, planogram, products; .jsonl or .jsonl.gz).

    A truth.json beside the files comes along. Exit 2 where a file is missing, cut, corrupt or empty.
    """
    pairs = _all_cases(source, target) if every else [(source, target)]
    done: list[dict[str, Any]] = []
    failed: list[BadInput] = []
    for folder, recording in pairs:
        try:
            done.append(_import_case(folder, recording))
        except BadInput as error:
            if not every:
                raise
            failed.append(error)  # one broken case does not keep the others out
            print(f"muin: {error}", file=sys.stderr)
    if as_json:
        problems = [{"place": error.place, "text": error.text} for error in failed]
        print(json.dumps({"recordings": done, "problems": problems}))
    else:
        for row in done:
            print(f"{row['recording']}: {row['plate_blocks']} plate blocks, {row['tracker_frames']} tracker frames")
    if failed:
        raise typer.Exit(2)


def _all_cases(source: Path, target: Path) -> list[tuple[Path, Path]]:
    from edge.nanostore.case import is_case

    if not source.is_dir():
        raise BadInput(str(source), "is not a folder; give the folder that holds the cases")
    folders = [folder for folder in sorted({source, *source.rglob("*")}) if folder.is_dir() and is_case(folder)]
    if not folders:
        raise BadInput(str(source), "has no case under it: no folder with plate_data.jsonl or plate_data.jsonl.gz")
    inside = [(folder, folder.relative_to(source)) for folder in folders]
    return [(folder, target / (path if path.parts else folder.resolve().name)) for folder, path in inside]


def _import_case(folder: Path, target: Path) -> dict[str, Any]:
    from edge.nanostore.case import counts, read_case

    case = read_case(folder)
    for notice in case.notices:
        print(f"muin: notice: {notice}", file=sys.stderr)
    with whole_or_nothing(target) as fresh:
        _write(case, folder, fresh)
    return {"case": folder.name, "recording": str(target), **counts(case), "truth": case.truth is not None}


def _write(case: Case, source: Path, folder: Path) -> None:
    from edge import config, truth
    from edge.clock import rfc3339
    from edge.recorder import Recorder

    try:
        config.parse(case.config_text)  # what we made must be a shop that can be run
    except config.ConfigError as error:
        raise BadInput(str(source), f"its products or planogram make no usable shop: {error.problems[0]}") from None
    recorder = Recorder(folder, store_id=case.store_id, config_text=case.config_text, started_at=rfc3339(case.began_ns))
    try:
        for item in case.items:
            recorder.write(item)
    finally:
        recorder.close()
    if case.truth is not None:
        truth.save(folder, case.truth)
