"""What a shelf camera cannot see is found by packs and boards alone."""

from __future__ import annotations

import copy

from edge.core.errors import BadInput
from edge.simulation.play import simulate
from edge.simulation.rendering import gl
from edge.simulation.stage import Move
from tests.bench.vision.rendered_cases import Case, scenario_of
from tests.bench.vision.rendered_visible import pixels_of
from tests.conftest import lacking


def test_a_pack_behind_others_under_a_board_is_not_seen_and_the_first_one_is() -> None:
    try:
        gl.open_context().release()
    except BadInput as error:
        lacking(str(error))
    scenario = scenario_of(Case("one-take"), 1)
    found = simulate(scenario, 0)
    facing = max((row for row in found.plan.facings if row.shelf == 1), key=lambda row: row.stock)
    stock = sorted(pack.number for pack in found.happened.packs if pack.home == facing.id)
    moved = copy.deepcopy(found.happened)
    moved.moves = [
        Move(at_s, number, facing.id, "hand:A:0", "A") for at_s, number in ((2.0, stock[-1]), (3.0, stock[0]))
    ]
    seen = pixels_of(scenario, 0, 1, found._replace(happened=moved))
    assert seen[2.0, "take", facing.id] == 0
    assert seen[3.0, "take", facing.id] > 100
