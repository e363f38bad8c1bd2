"""Lists of labelled face pictures: CSV files with the columns path,identity.

Must not: open a picture.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from edge.core.errors import BadInput

COLUMNS = {"path", "identity"}
CURE = "give a UTF-8 CSV file with the columns path,identity and at least one row"


@dataclass(frozen=True, slots=True)
class Labelled:
    """One row. `identity` is "" for a stranger; `path` is resolved from the folder of the CSV."""

    path: Path
    identity: str
    place: str


def read(file: Path, strangers: bool) -> list[Labelled]:
    """The rows of a list. Raises BadInput naming file and row; `strangers` says whether identity may be empty."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            table = csv.DictReader(text, skipinitialspace=True)
            if not set(table.fieldnames or ()) >= COLUMNS:
                raise BadInput(str(file), f"has the columns {table.fieldnames or 'none'}; {CURE}")
            rows = [_row(file, number, row, strangers) for number, row in enumerate(table, 2)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(str(file), f"cannot be read as a list ({error}); {CURE}") from None
    if not rows:
        raise BadInput(str(file), f"has no rows; {CURE}")
    return rows


def _row(file: Path, number: int, row: dict[str, str | None], strangers: bool) -> Labelled:
    place = f"{file}:{number}"
    path, identity = (row.get("path") or "").strip(), (row.get("identity") or "").strip()
    if not Path(path).name or "\0" in path:
        raise BadInput(place, "the path is empty or not a path; name a picture, relative to the folder of the list")
    if not identity and not strangers:
        raise BadInput(place, "the identity is empty; who is enrolled needs a name")
    return Labelled(file.parent / path, identity, place)
