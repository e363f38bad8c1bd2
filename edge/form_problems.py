"""All places at which a JSON document breaks the form of a Struct; the decoder itself stops at the first.

Must not: know what a form means, or judge a value that has the right type.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

import msgspec

MOST_LISTED: Final = 20


def listed(problems: Sequence[str]) -> str:
    """Problems as one line; beyond the first 20 they are counted."""
    more = len(problems) - MOST_LISTED
    return "; ".join(problems[:MOST_LISTED]) + (f"; and {more} more" if more > 0 else "")


def form_problems(raw: Any, kind: type[msgspec.Struct], place: str = "$") -> Iterator[str]:
    """`place: what is wrong` for each key of `raw` (as decoded from JSON), tables of Structs row by row.

    Keys that the form does not know are ignored, as the decoder does.
    """
    if not isinstance(raw, dict):
        yield f"{place}: Expected `object` with the keys {', '.join(kind.__struct_fields__)}"
        return
    for field in msgspec.structs.fields(kind):
        if field.encode_name in raw:
            yield from _of_value(raw[field.encode_name], field.type, f"{place}.{field.encode_name}")
        elif field.required:
            yield f"{place}.{field.encode_name}: is missing; add it"


def _of_value(value: Any, kind: Any, place: str) -> Iterator[str]:
    row = next((each for each in get_args(kind) if isinstance(each, type) and issubclass(each, msgspec.Struct)), None)
    if row is not None and isinstance(value, list):
        for number, each in enumerate(value):
            yield from form_problems(each, row, f"{place}[{number}]")
        return
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        text, _, inside = str(error).partition(" - at `$")
        yield f"{place}{inside.removesuffix('`')}: {text}"
