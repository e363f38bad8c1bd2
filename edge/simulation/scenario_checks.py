"""Everything that can be wrong with a scenario and that no single key shows. Works on the raw file, so that one
wrong key does not hide the others. Must not: raise; it tells places and cures.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from edge.simulation.scenario import SENSORS, VERBS

Problem = tuple[str, str]
PLATE = re.compile(r"^g([0-9]{1,6})-s([0-9]{1,6})-p([0-9]{1,6})$")
THING_LINKS = ("same_weight_as", "neighbour_of", "same_plate_as", "far_from")
LARGEST_PLAN = (20, 12, 60)  # gondolas, shelves, plates of a shelf
ANYWHERE = ("anywhere",)


def explain(item: Any) -> Problem:
    """A pydantic error as place and cure."""
    place = ""
    for step in item["loc"]:
        place += f"[{step}]" if isinstance(step, int) else (f".{step}" if place else str(step))
    if item["type"] == "extra_forbidden":
        return place, "is not a known key; check the spelling"
    if item["type"] == "missing":
        return place, "is missing; add it"
    got = item.get("input")
    shown = "" if isinstance(got, dict | list) else f" (got {got!r})"
    return place, f"{item['msg'].removeprefix('Value error, ')}{shown}"


def problems_of(raw: dict[str, Any]) -> list[Problem]:
    """All problems between the parts of a scenario."""
    people, things = _named(raw, "shoppers"), _named(raw, "things")
    found = [*_people(people), *_things(raw, things), *_store(_table(raw, "store"))]
    found += [*_steps(raw, people, things), *_goods(raw, people), *_expected(raw, people, things)]
    for number, fault in enumerate(_rows(raw, "faults")):
        found += _known(f"faults[{number}].thing", fault.get("thing"), things, "things")
        begins, ends = fault.get("t", 0.0), fault.get("until")
        if isinstance(begins, int | float) and isinstance(ends, int | float) and ends < begins:
            found.append((f"faults[{number}].until", f"{ends} is before its t {begins}; correct one of them"))
    sensors = raw.get("sensors", SENSORS)
    if isinstance(sensors, list) and "hands" in sensors and "tracks" not in sensors:
        found.append(("sensors", "hands come from the tracker; add tracks or leave hands out"))
    return found


def _table(raw: dict[str, Any], key: str) -> dict[str, Any]:
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def _rows(raw: dict[str, Any], key: str) -> list[dict[str, Any]]:
    value = raw.get(key)
    return [_scalars(row) for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _named(raw: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: _scalars(row) if isinstance(row, dict) else row for name, row in _table(raw, key).items()}


def _scalars(row: dict[str, Any]) -> dict[str, Any]:
    """Without lists and tables where a name or number belongs: that is told by the form, and they cannot be keys."""
    return {
        key: value for key, value in row.items() if key in ("plates", "weight_g") or not isinstance(value, dict | list)
    }


def _known(place: str, name: Any, table: dict[str, Any], called: str) -> list[Problem]:
    if not isinstance(name, str) or name in table:  # what is no name at all, the form of the scenario tells
        return []
    return [(place, f"{name!r} is not one of the {called} ({', '.join(map(str, table)) or 'none'}); correct it")]


def _people(people: dict[str, Any]) -> Iterator[Problem]:
    for name, row in people.items():
        payer = row.get("group") if isinstance(row, dict) else None
        yield from _known(f"shoppers.{name}.group", payer, people, "shoppers")
        head = people.get(payer) if payer is not None else None
        if payer == name or (isinstance(head, dict) and head.get("group") is not None):
            yield f"shoppers.{name}.group", "must be somebody who pays; name the one at the head of the group"


def _things(raw: dict[str, Any], things: dict[str, Any]) -> Iterator[Problem]:
    per_plate = _table(raw, "store").get("per_plate", 0)
    skus = {row.get("sku") for row in _rows(_table(raw, "store"), "facings")}
    seen: set[str] = set()
    for name, row in things.items():
        if isinstance(row, dict):
            for link in THING_LINKS:
                yield from _known(f"things.{name}.{link}", row.get(link), things, "things")
                if row.get(link) in things and row[link] not in seen:
                    yield f"things.{name}.{link}", f"{row[link]!r} must stand above {name!r} in the list; reorder them"
            if row.get("same_plate_as") is not None and isinstance(per_plate, int) and per_plate < 2:
                yield f"things.{name}.same_plate_as", "needs plates that facings share; set store.per_plate to 2 or 3"
            if row.get("sku") is not None and row["sku"] not in skus:
                yield (
                    f"things.{name}.sku",
                    f"{row['sku']!r} stands on no facing of store.facings; add one or correct it",
                )
            weight_g = row.get("weight_g")
            if isinstance(weight_g, list) and _falls(weight_g):
                yield f"things.{name}.weight_g", f"{weight_g} falls; it is [lightest, heaviest]"
        seen.add(name)


def _falls(pair: list[Any]) -> bool:
    return len(pair) == 2 and all(isinstance(each, int | float) for each in pair) and pair[0] > pair[1]


def _store(store: dict[str, Any]) -> Iterator[Problem]:
    skus = [row.get("sku") for row in _rows(store, "products")]
    for sku, count in Counter(skus).items():
        if count > 1:
            yield "store.products", f"{sku!r} is there {count} times; keep one row"
    used: dict[str, int] = {}
    for number, row in enumerate(_rows(store, "facings")):
        place = f"store.facings[{number}]"
        if row.get("sku") not in skus:
            yield f"{place}.sku", f"{row.get('sku')!r} is not one of store.products; add it or correct the name"
        plates = row.get("plates")
        if isinstance(plates, list):
            yield from _plates(f"{place}.plates", [str(plate) for plate in plates], used, number)


def _plates(place: str, plates: list[str], used: dict[str, int], number: int) -> Iterator[Problem]:
    keys = []
    for plate in plates:
        match = PLATE.match(plate)
        if match is None:
            yield place, f"{plate!r} is not a plate; write gondola, shelf and plate as g1-s2-p3"
        elif not all(0 < int(part) <= most for part, most in zip(match.groups(), LARGEST_PLAN, strict=True)):
            yield place, f"{plate} is in no shop that can be drawn; numbers go from g1-s1-p1 to g20-s12-p60"
        else:
            keys.append(tuple(int(part) for part in match.groups()))
        if plate in used:
            yield place, f"{plate} is used twice (by facings {used[plate]} and {number}); give each its own plates"
        used[plate] = number
    if len({key[0] for key in keys}) > 1:
        yield place, "spans plates of two gondolas; a facing stands on one"
    elif len({key[1] for key in keys}) > 1:
        yield place, "spans plates of two shelves; a facing stands on one"
    elif keys and max(keys)[2] - min(keys)[2] >= len(set(keys)):
        yield place, "leaves plates out; a facing stands on plates side by side"


def _steps(raw: dict[str, Any], people: dict[str, Any], things: dict[str, Any]) -> Iterator[Problem]:
    for number, row in enumerate(_rows(raw, "do")):
        place = f"do[{number}]"
        if row.get("who") != "all":
            yield from _known(f"{place}.who", row.get("who"), people, "shoppers")
        verbs = [verb for verb in VERBS if row.get(verb) is not None]
        if len(verbs) != 1:
            yield place, f"has {len(verbs)} verbs ({', '.join(verbs) or 'none'}); give one of {', '.join(VERBS)}"
        for verb in verbs:
            if verb not in ("stay", "leave") and row[verb] not in ANYWHERE:
                yield from _known(f"{place}.{verb}", row[verb], things, "things")
        for key in ("from", "at"):
            yield from _known(f"{place}.{key}", row.get(key), things, "things")
        yield from _known(f"{place}.to", row.get("to"), people, "shoppers")
        if row.get("give") is not None and row.get("to") in (None, row.get("who")):
            yield f"{place}.to", "give needs another person to give it to; add to: NAME"
        if row.get("with") is not None and number == 0:
            yield f"{place}.with", "there is no step before; leave it out"
        t = row.get("t")
        if isinstance(t, str) and not re.match(r"^\+[0-9]{1,3}(\.[0-9]{1,6})?$", t):
            yield f"{place}.t", f"{t!r} is no time; write seconds (6.5) or seconds after the step before (+2)"


def _goods(raw: dict[str, Any], people: dict[str, Any]) -> Iterator[Problem]:
    """Nobody can put down what they do not hold, or act after they left."""
    held: Counter[tuple[str, str]] = Counter()
    floor: Counter[str] = Counter()
    gone: set[str] = set()
    for number, row in enumerate(_rows(raw, "do")):
        place, n, who = f"do[{number}]", row.get("n", 1), row.get("who")
        doers = list(people) if who == "all" else [str(who)]
        n = n if isinstance(n, int) else 1
        for name in doers:
            if name in gone and who != "all":
                yield place, f"{name} has left already; remove the step or move it up"
            for verb in ("put", "give", "drop", "eat"):
                thing = row.get(verb)
                if thing is not None and held[name, thing] < n:
                    yield (
                        f"{place}.{verb}",
                        f"{name} holds {held[name, thing]} of {thing!r} here, not {n}; pick it first",
                    )
                if thing is not None and verb != "eat":
                    held[name, thing] -= n
            if row.get("pick") is not None:
                held[name, row["pick"]] += n
            if row.get("give") is not None:
                held[str(row.get("to")), row["give"]] += n
            if row.get("drop") is not None:
                floor[row["drop"]] += n
            if row.get("lift") is not None:
                if floor[row["lift"]] < n:
                    yield f"{place}.lift", f"no {row['lift']!r} lies on the floor; drop it first"
                floor[row["lift"]] -= n
                held[name, row["lift"]] += n
            if row.get("leave") is not None:
                gone.add(name)
    for name in people:
        if name not in gone:
            yield "do", f"{name} never leaves; end with {{who: {name}, leave: gate}}"


def _expected(raw: dict[str, Any], people: dict[str, Any], things: dict[str, Any]) -> Iterator[Problem]:
    for payer, cart in _table(_table(raw, "expect"), "carts").items():
        yield from _known(f"expect.carts.{payer}", payer, people, "shoppers")
        if isinstance(people.get(payer), dict) and people[payer].get("group") is not None:
            yield f"expect.carts.{payer}", "is in a group and pays nothing; name the payer"
        for thing in cart if isinstance(cart, dict) else ():
            yield from _known(f"expect.carts.{payer}.{thing}", thing, things, "things")
