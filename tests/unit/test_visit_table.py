"""The visit table: every state against every stimulus, and the ways through it."""

from __future__ import annotations

from itertools import product

import pytest

from edge.core.visits import OPEN, TABLE, State, Stimulus, Visit


def _visit(state: State) -> Visit:
    return Visit(id="v", shopper="p", method="qr", gate="g", state=state, opened_ns=0)


def test_every_state_knows_every_stimulus() -> None:
    assert set(TABLE) == set(product(State, Stimulus))


@pytest.mark.parametrize("stimulus", list(Stimulus))
@pytest.mark.parametrize("state", [State.CLOSED, State.VOID])
def test_the_end_is_the_end(state: State, stimulus: Stimulus) -> None:
    assert TABLE[state, stimulus] is state


@pytest.mark.parametrize(("state", "stimulus"), list(product(State, Stimulus)))
def test_step_follows_the_table_and_says_whether_it_moved(state: State, stimulus: Stimulus) -> None:
    visit = _visit(state)
    moved = visit.step(stimulus)
    assert visit.state is TABLE[state, stimulus]
    assert moved == (visit.state is not state)


@pytest.mark.parametrize("state", sorted(OPEN))
def test_nobody_is_kept_open_for_ever(state: State) -> None:
    """From each open state some sequence of stimuli ends the visit."""
    reached, frontier = set(), {state}
    while frontier - reached:
        reached |= frontier
        frontier = {TABLE[one, stimulus] for one in reached for stimulus in Stimulus}
    assert reached & {State.CLOSED, State.VOID}


def test_a_refused_passage_never_closes_somebody_inside() -> None:
    assert TABLE[State.INSIDE, Stimulus.REFUSED] is State.INSIDE
    assert TABLE[State.LEAVING, Stimulus.TIMED_OUT] is State.LEAVING
