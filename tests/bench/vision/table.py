"""A printed section of `make bench-vision`. Whoever measures another stage of vision adds a module with `section`."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Section:
    """One table: a heading, columns, rows of text, and remarks below it."""

    name: str
    columns: list[str]
    rows: list[list[str]]
    notes: list[str] = field(default_factory=list)

    def show(self) -> None:
        """Print it as Markdown."""
        print(f"\n### {self.name}\n\n| {' | '.join(self.columns)} |\n|{'---|' * len(self.columns)}", flush=True)
        for row in self.rows:
            print(f"| {' | '.join(row)} |", flush=True)
        for note in self.notes:
            print(f"({note})", flush=True)
