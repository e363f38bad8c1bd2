"""Does arrival matter? The same facts in another order of arrival must give the same orders, byte for byte.

Every event is handed over again with a delay of its own, drawn up to just below the ordering window, so that none is
late, and the clock ticks at other moments. Must not: change what an event says or when it was captured.
"""

from __future__ import annotations

from edge import config
from tests.bench.carts.orders import Case, check, digest
from tests.bench.carts.play import Played
from tests.bench.carts.tape import Tape


def case_of(name: str, tape: Tape, played: Played) -> Case:
    """A played visit as a case that the core alone can play again."""
    return Case(
        name=name,
        layout=config.to_layout(tape.config),
        events=tuple(played.events),
        end_ns=played.end_ns,
        lived="" if played.late else digest(played.commands),
    )


def different(tape: Tape, played: Played, times: int) -> list[str]:
    """Ways of arrival whose orders differ from those of arrival in order; `times` of them are drawn."""
    return check(case_of(f"seed {tape.seed}", tape, played), times).differing
