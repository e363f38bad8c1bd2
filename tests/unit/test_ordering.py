"""Events in the order they happened; deadlines between them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from edge.core.events import PlateSteady
from edge.core.ordering import Timers, Window


def steady(at_ns: int, plate: str, seq: int = 0) -> PlateSteady:
    return PlateSteady(captured_ns=at_ns, source="s", plate=plate, level_mg=1, seq=seq)


@given(st.lists(st.tuples(st.integers(0, 50), st.sampled_from("abc")), max_size=40), st.randoms())
def test_any_arrival_gives_one_order_without_repeats(facts: list[tuple[int, str]], chance: object) -> None:
    def drain(order: list[tuple[int, str]]) -> list[tuple[int, str]]:
        window = Window()
        for seq, (at_ns, plate) in enumerate(order):
            window.push(steady(at_ns, plate, seq))
        found = []
        while window.first_ns() is not None:
            event = window.pop()
            if isinstance(event, PlateSteady):
                found.append((event.captured_ns, event.plate))
        return found

    shuffled = list(facts)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert drain(shuffled) == drain(facts) == sorted(set(facts))


@given(st.lists(st.tuples(st.integers(0, 99), st.sampled_from(["x", "y"]), st.sampled_from("ab")), max_size=30))
def test_a_timer_fires_once_at_its_last_setting(settings: list[tuple[int, str, str]]) -> None:
    timers = Timers()
    for due_ns, name, key in settings:
        timers.set(due_ns, name, key)
    expected = sorted((due, name, key) for (name, key), due in {(n, k): d for d, n, k in settings}.items())
    found = []
    while timers.first_ns() is not None:
        found.append(timers.pop())
    assert found == expected


def test_a_cancelled_timer_is_silent() -> None:
    timers = Timers()
    timers.set(5, "x", "a")
    timers.cancel("x", "a")
    assert timers.first_ns() is None
