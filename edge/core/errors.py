"""The one error that means "what you gave me is not usable": a place, what is wrong, and the cure.

Must not: be raised for our own mistakes; those stay tracebacks so that they are seen.
"""

from __future__ import annotations


class BadInput(Exception):
    """Input from outside that cannot be used. Commands print it on stderr and exit 2; adapters raise an alarm."""

    def __init__(self, place: str, text: str) -> None:
        self.place = place
        self.text = text
        super().__init__(f"{place}: {text}")
