"""All that one grasp can have been in one story: takes, puts, exchanges, a leaning hand, or nothing.

Must not: look at tracks or levels (shelves.py gathers what is asked), or change a story.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from edge.core import exchanges, options
from edge.core.evidence import Grasp
from edge.core.exchanges import Apart, InARow
from edge.core.hypotheses import Option, Story
from edge.core.layout import Product
from edge.core.options import Doer, Known

BOTH_HANDS_MNAT: Final = -4_500  # the same person at two plates in one moment, where somebody else has a hand there


class Asked(NamedTuple):
    """One grasp and what is known about it in every story alike. `home` belongs there, `strays` can have been put
    there; `alike` are its takes as of `options.from_home`; `others` are grasps of the same moment elsewhere; `row` is
    known where it was two takes; `laid` and `exchanged` fill up with what the stories before were told."""

    grasp: Grasp
    home: list[Product]
    everything: dict[str, Product]
    strays: list[Product]
    noise_mg: int
    doers: list[Doer]
    is_small: bool
    alike: list[Option]
    apart: Apart | None
    others: list[str]
    row: InARow | None
    laid: Known
    exchanged: Known


def ways(asked: Asked, story: Story) -> list[Option]:
    """Every option of the grasp in this story."""
    grasp, plate = asked.grasp, asked.grasp.main_plate
    about = (story, asked.home, asked.everything)
    both = exchanges.one_change(*about, -grasp.delta_mg, asked.noise_mg, asked.doers, asked.exchanged)
    if asked.row is not None:
        both += exchanges.in_a_row(asked.home, asked.row, asked.noise_mg)
    if asked.apart is not None:
        both += exchanges.felt_apart(*about, asked.apart, asked.noise_mg)
    if asked.is_small:
        leaning = options.leaning(story, plate, grasp.delta_mg, [row for row in asked.doers if row.ratio_mnat > 0])
        return [*(leaning or [options.nothing(grasp.delta_mg, asked.noise_mg)]), *both]
    if grasp.delta_mg > 0:
        both += exchanges.while_refilling(asked.home, grasp.delta_mg, asked.noise_mg, asked.doers)
        found = options.puts(
            story, plate, asked.home, asked.everything, grasp.delta_mg, asked.noise_mg, asked.doers, asked.laid
        )
        return both + (exchanges.not_of_one_thing(found) if asked.apart is not None else found)
    found = options.takes(
        story, plate, asked.home, asked.strays, -grasp.delta_mg, asked.noise_mg, asked.doers, asked.alike
    )
    return _one_at_a_time(asked, story, both + found)


def _one_at_a_time(asked: Asked, story: Story, found: list[Option]) -> list[Option]:
    """Who did something elsewhere in the same moment hardly did this too."""
    if not asked.others:
        return found
    busy = {move.visit for other in asked.others for move in story.trace.get(other, [])}
    return [
        option._replace(log_mnat=option.log_mnat + BOTH_HANDS_MNAT)
        if any(move.visit in busy for move in option.moves)
        else option
        for option in found
    ]
