"""Lists of labelled product pictures: CSV files with the columns path,sku, every problem of them named at once.

Must not: keep a picture in memory.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge.config import ConfigError
from edge.core.errors import BadInput

COLUMNS: Final = {"path", "sku"}
CURE: Final = "give a UTF-8 CSV file with the columns path,sku and at least one row"
Problems = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Listed:
    """One row; `path` is resolved from the folder of the CSV, `place` is file and line. `sku` "" = none of them."""

    path: Path
    sku: str
    place: str


def read_lists(catalogue: Path, probe: Path) -> tuple[list[Listed], list[Listed]]:
    """(pictures to enrol, pictures to name). In the second a row without sku shows none of the products.

    Raises ConfigError with every problem of both, pictures that cannot be read among them.
    """
    enrolled, problems = _rows(catalogue, strangers=False)
    probes, more = _rows(probe, strangers=True)
    known = {row.sku for row in enrolled}
    if len(known) < 2 and not problems:
        problems.append(
            (str(catalogue), "lists fewer than two products; they are told apart from one another, add more")
        )
    cure = "enrol it in the catalogue list, or leave the sku empty for a product that is not to be known"
    more += [(row.place, f"no such product {row.sku!r}; {cure}") for row in probes if row.sku and row.sku not in known]
    problems += more + _unreadable([*enrolled, *probes])
    if problems:
        raise ConfigError("lists", problems)
    return enrolled, probes


def _rows(file: Path, strangers: bool) -> tuple[list[Listed], Problems]:
    try:
        table = _table(file)
    except BadInput as problem:
        return [], [(problem.place, problem.text)]
    problems: Problems = []
    rows: list[Listed] = []
    seen: dict[Path, str] = {}
    for number, row in table:
        place = f"{file}:{number}"
        path, sku = (row.get("path") or "").strip(), (row.get("sku") or "").strip()
        if not Path(path).name or "\0" in path:
            problems.append((place, "the path is empty or not a path; name a picture, relative to the list's folder"))
            continue
        if not sku and not strangers:
            problems.append((place, "the sku is empty; a picture of the catalogue needs its product"))
        full = file.parent / path
        if full in seen:
            problems.append((place, f"{path} was named before, in {seen[full]}; keep one of the two rows"))
            continue
        seen[full] = f"line {number}"
        rows.append(Listed(full, sku, place))
    return rows, problems


def _table(file: Path) -> list[tuple[int, dict[str, str | None]]]:
    """(line, row) of the whole list. Raises BadInput where it is no such list."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            table = csv.DictReader(text, skipinitialspace=True)
            if not set(table.fieldnames or ()) >= COLUMNS:
                raise BadInput(str(file), f"has the columns {table.fieldnames or 'none'}; {CURE}")
            rows = [(table.line_num, row) for row in table]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise BadInput(str(file), f"cannot be read as a list ({error}); {CURE}") from None
    if not rows:
        raise BadInput(str(file), f"has no rows; {CURE}")
    return rows


def _unreadable(rows: list[Listed]) -> Problems:
    from vision.products.pictures import read_picture

    problems: Problems = []
    for row in rows:
        try:
            read_picture(row.path)
        except BadInput as problem:
            problems.append((row.place, f"{problem.place} {problem.text}"))
    return problems
