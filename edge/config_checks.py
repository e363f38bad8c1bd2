"""What no single table of a store.toml shows: names that lead nowhere, things used twice, shapes and numbers that
cannot be.

Works on the raw document, so that all problems come out at once, those of broken tables too. Must not: read a file.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

Problem = tuple[str, str]  # place, and what is wrong with its cure

LARGEST: Final = 10**12  # keeps sums of money, milligrams and nanoseconds inside 64 bits
DEEPEST: Final = 8
LARGEST_PX: Final = 100_000
IDS: Final = (
    ("product", "sku"),
    *((table, "id") for table in ("camera", "slot", "line", "plate", "scale", "door", "turnstile", "rfid_reader")),
)
LINKS: Final = (
    ("slot", "camera", "camera"),
    ("slot", "sku", "product"),
    ("slot", "plates", "plate"),
    ("line", "camera", "camera"),
    ("plate", "skus", "product"),
    ("door", "cameras", "camera"),
    ("turnstile", "cameras", "camera"),
)
ON_A_PORT: Final = ("scale", "door", "turnstile")


def problems_of(raw: dict[str, Any]) -> list[Problem]:
    """Every problem between the tables of a store.toml, as read by tomllib."""
    checks = (_numbers, _twice, _links, _gates, _tags, _places, _ports, _files, _slots, _judges, _lines, _floor)
    return [problem for check in checks for problem in check(raw)]


def _rows(raw: dict[str, Any], table: str) -> list[dict[str, Any]]:
    rows = raw.get(table, [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _texts(value: Any) -> list[str]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)]


def _numbers(value: Any, place: str = "", depth: int = 0) -> Iterator[Problem]:
    """Numbers that cannot be meant, wherever they stand."""
    if isinstance(value, dict | list) and depth == DEEPEST:
        yield place, "is nested too deeply; no key of a store.toml is"
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _numbers(each, f"{place}.{key}" if place else str(key), depth + 1)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            yield from _numbers(each, f"{place}[{number}]", depth + 1)
    elif isinstance(value, int | float) and not abs(value) <= LARGEST:  # nor is nan
        yield place, f"{str(value)[:30]} is not a number that can be meant; correct it"


def _twice(raw: dict[str, Any]) -> Iterator[Problem]:
    seen: dict[tuple[str, str], str] = {}
    for table, key in IDS:
        space = "gate" if table in ("door", "turnstile") else table  # a grant goes to the gate of that name
        for number, row in enumerate(_rows(raw, table)):
            for value in _texts(row.get(key)):
                place = f"{table}[{number}].{key}"
                first = seen.setdefault((space, value), place)
                if first != place:
                    yield place, f"{value!r} is used twice, see {first}; give each its own"


def _links(raw: dict[str, Any]) -> Iterator[Problem]:
    ids = {table: {row.get(key) for row in _rows(raw, table) if isinstance(row.get(key), str)} for table, key in IDS}
    for table, key, target in LINKS:
        for number, row in enumerate(_rows(raw, table)):
            for value in _texts(row.get(key)):
                if value not in ids[target]:
                    text = f"{value!r} is not a [[{target}]] of this file; add it or correct the name"
                    yield f"{table}[{number}].{key}", text


def _gates(raw: dict[str, Any]) -> Iterator[Problem]:
    """A line counts bodies at a door or at a turnstile."""
    gates = {row.get("id") for table in ("door", "turnstile") for row in _rows(raw, table) if _texts(row.get("id"))}
    for number, row in enumerate(_rows(raw, "line")):
        gate = row.get("gate")
        if isinstance(gate, str) and gate not in gates:
            text = f"{gate!r} is not a [[door]] or [[turnstile]] of this file; add it or correct the name"
            yield f"line[{number}].gate", text


def _tags(raw: dict[str, Any]) -> Iterator[Problem]:
    owners: dict[str, str] = {}
    for number, row in enumerate(_rows(raw, "product")):
        tags, place = row.get("epc") or [], f"product[{number}].epc"
        for epc in [tags] if isinstance(tags, str) else tags if isinstance(tags, list) else []:
            if not isinstance(epc, str) or not epc or any(c not in "0123456789abcdefABCDEF" for c in epc):
                yield place, f"{epc!r} is not hexadecimal; give the EPC as hex digits"
            elif owners.setdefault(epc.upper(), str(row.get("sku"))) != str(row.get("sku")):
                yield place, f"{epc!r} is already the tag of {owners[epc.upper()]!r}"


def _places(raw: dict[str, Any]) -> Iterator[Problem]:
    """Two load cells cannot be at one place; places that are left out are not known."""
    used: dict[tuple[Any, ...], str] = {}
    for number, row in enumerate(_rows(raw, "plate")):
        key = (row.get("gondola", "g1"), row.get("shelf", 0), row.get("index"))
        if not isinstance(key[2], int) or not isinstance(key[0], str) or not isinstance(key[1], int):
            continue
        first = used.setdefault(key, str(row.get("id")))
        if first != str(row.get("id")):
            text = f"plate {first!r} is already at index {key[2]} of shelf {key[1]} of gondola {key[0]}; correct one"
            yield f"plate[{number}].index", text
    scales: dict[str, str] = {}
    for number, row in enumerate(_rows(raw, "scale")):
        gondola, name = row.get("gondola"), str(row.get("id"))
        if isinstance(gondola, str) and scales.setdefault(gondola, name) != name:
            text = f"scale {scales[gondola]!r} already weighs gondola {gondola}; each gondola has one"
            yield f"scale[{number}].gondola", text


def _ports(raw: dict[str, Any]) -> Iterator[Problem]:
    used: dict[str, str] = {}
    for table in ON_A_PORT:
        for number, row in enumerate(_rows(raw, table)):
            for port in _texts(row.get("port")):
                place = f"{table}[{number}].port"
                if used.setdefault(port, place) != place:
                    yield place, f"{port!r} is used twice, see {used[port]}; each device has its own port"


def _files(raw: dict[str, Any]) -> Iterator[Problem]:
    table = raw.get("ledger")
    if not isinstance(table, dict):
        return
    for key in ("path", "key_file"):
        if table.get(key) == "":
            yield f"ledger.{key}", "is empty; give a file name, or leave it out"
    path, key_file = table.get("path", "ledger.db"), table.get("key_file", "ledger.key")
    if path == key_file:
        yield "ledger.key_file", f"{key_file!r} is the ledger itself; give the key a file of its own"


def _slots(raw: dict[str, Any]) -> Iterator[Problem]:
    """A slot needs exactly one shape that encloses something, and plates side by side on one gondola."""
    gondola_of = {
        row.get("id"): row.get("gondola", "g1") for row in _rows(raw, "plate") if isinstance(row.get("id"), str)
    }
    for number, row in enumerate(_rows(raw, "slot")):
        place, box, polygon = f"slot[{number}]", row.get("box_px"), row.get("polygon_px")
        if (box is None) == (polygon is None):
            yield place, "give either box_px = [left, top, right, bottom] or polygon_px = [[x, y], ...]"
        if box is not None and _is_point(box, 4) and (box[0] >= box[2] or box[1] >= box[3]):
            text = f"{box} is empty; it is [left, top, right, bottom] with left < right and top < bottom"
            yield f"{place}.box_px", text
        if isinstance(polygon, list) and len(polygon) < 3:
            yield f"{place}.polygon_px", "needs at least three corners"
        elif isinstance(polygon, list) and all(_is_point(corner, 2) for corner in polygon) and not _area(polygon):
            yield f"{place}.polygon_px", f"{polygon} encloses nothing; give its corners in the order round it"
        for corner in [box, *(polygon if isinstance(polygon, list) else ())]:
            if isinstance(corner, list) and any(isinstance(n, int) and abs(n) > LARGEST_PX for n in corner):
                yield place, f"{corner} lies outside of any picture; corners are in pixels"
        yield from _plates(f"{place}.plates", _texts(row.get("plates", [])), gondola_of)


def _judges(raw: dict[str, Any]) -> Iterator[Problem]:
    """What a camera cannot judge needs a scale below it or tags on its goods."""
    tagged = {sku for row in _rows(raw, "product") if row.get("epc") for sku in _texts(row.get("sku"))}
    for number, row in enumerate(_rows(raw, "slot")):
        if row.get("judged_by") == "others" and not row.get("plates") and not tagged & set(_texts(row.get("sku"))):
            text = '"others" are missing: name the plates below it, or give its product tags (epc)'
            yield f"slot[{number}].judged_by", text


def _plates(place: str, names: list[str], gondola_of: dict[Any, Any]) -> Iterator[Problem]:
    yield from (
        (place, f"names {name!r} twice; once is enough") for name in sorted(set(names)) if names.count(name) > 1
    )
    gondolas = {str(gondola_of[name]) for name in names if name in gondola_of}
    if len(gondolas) > 1:
        yield place, f"spans plates of two gondolas ({', '.join(sorted(gondolas))}); a facing stands on one"


def _lines(raw: dict[str, Any]) -> Iterator[Problem]:
    for number, row in enumerate(_rows(raw, "line")):
        if row.get("from_px") is not None and row.get("from_px") == row.get("to_px"):
            yield f"line[{number}].to_px", f"{row['to_px']} is from_px again; a line needs two ends"


def _floor(raw: dict[str, Any]) -> Iterator[Problem]:
    store = raw.get("store")
    box = store.get("floor_mm") if isinstance(store, dict) else None
    if box is not None and _is_point(box, 4) and (box[0] >= box[2] or box[1] >= box[3]):
        yield "store.floor_mm", f"{box} is empty; it is [x0, y0, x1, y1] with x0 < x1 and y0 < y1"
    for number, row in enumerate(_rows(raw, "camera")):
        points = row.get("floor_points")
        if isinstance(points, list) and 0 < len(points) < 4:
            text = "needs four points or more, [x px, y px, x mm, y mm] each, no three of them in one line"
            yield f"camera[{number}].floor_points", text


def _is_point(value: Any, length: int) -> bool:
    return isinstance(value, list) and len(value) == length and all(isinstance(edge, int) for edge in value)


def _area(corners: list[list[int]]) -> int:
    """Twice the signed area (shoelace formula); 0 where all corners lie on one line."""
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise([*corners, corners[0]]))
