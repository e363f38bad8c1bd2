"""The step filter on made signals of many weights; the real plates are in tests/replay/test_real_plates.py."""

from __future__ import annotations

import dataclasses

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.shelf_scale.steps import StepFilter
from edge import config
from edge.core.errors import BadInput
from edge.core.events import WeightStep
from tests.unit.plate_signals import PLACES, PLATES, Shelf, run, steadies, steps

P = "g1-s1-p3"
NEXT = "g1-s1-p4"
weights = st.floats(20, 3000).map(lambda grams: round(grams, 1))
seeds = st.integers(0, 10_000)


@dataclasses.dataclass
class Span:
    """When a change happened, seconds."""

    began: float
    ended: float


def seconds(step: WeightStep) -> Span:
    return Span(step.began_ns / 1e9, step.ended_ns / 1e9)


def close_to(step: WeightStep, grams: float) -> bool:
    return abs(step.delta_mg / 1000 - grams) <= max(4.0, 0.015 * abs(grams))


@settings(max_examples=25, deadline=None)
@given(weights, st.sampled_from([1, -1]), seeds, st.floats(0.3, 2.0), st.floats(-1, 1))
def test_a_quick_change_is_one_step_at_its_time(grams: float, sign: int, seed: int, sigma: float, drift: float) -> None:
    shelf = Shelf(8, seed, sigma)
    for plate in PLATES:
        shelf.drift(plate, drift)
    shelf.move(P, 4.0, sign * grams)
    (step,) = steps(run(shelf.blocks()))
    assert step.plate == P
    assert close_to(step, sign * grams)
    assert 3.8 <= seconds(step).began <= 4.05
    assert 4.05 <= seconds(step).ended <= 4.3
    assert step.captured_ns >= step.ended_ns


@pytest.mark.parametrize("ramp_s", [0.3, 0.4, 0.5, 0.7, 1.0])
@pytest.mark.parametrize("began_s", [4.0, 4.013, 4.026, 4.039])
def test_an_even_lift_is_read_when_it_is_over(began_s: float, ramp_s: float) -> None:
    shelf = Shelf(8, 1, 0.3)
    shelf.move(P, began_s, -1350.0, ramp_s)
    (step,) = steps(run(shelf.blocks()))
    assert abs(step.delta_mg + 1_350_000) < 3_000


@settings(max_examples=25, deadline=None)
@given(weights, seeds, st.floats(50, 400), st.floats(0.15, 0.8))
def test_a_press_before_a_lift_makes_no_step_of_its_own(grams: float, seed: int, press: float, for_s: float) -> None:
    shelf = Shelf(8, seed)
    shelf.press(P, 4.0 - for_s, press, for_s)
    shelf.move(P, 4.0, -grams)
    (step,) = steps(run(shelf.blocks()))
    assert close_to(step, -grams)
    assert 3.75 <= seconds(step).began <= 4.05
    assert 4.0 <= seconds(step).ended <= 4.3


@settings(max_examples=15, deadline=None)
@given(seeds, st.floats(50, 400), st.floats(0.15, 0.8))
def test_a_press_alone_is_nothing(seed: int, press: float, for_s: float) -> None:
    shelf = Shelf(8, seed)
    shelf.press(P, 4.0, press, for_s)
    assert steps(run(shelf.blocks())) == []


@settings(max_examples=20, deadline=None)
@given(st.floats(60, 1500), seeds, st.floats(1.0, 1.3))
def test_what_is_put_down_and_lifted_again_at_once_is_two_steps(grams: float, seed: int, for_s: float) -> None:
    shelf = Shelf(9, seed)
    shelf.move(P, 4.0, grams)
    shelf.move(P, 4.0 + for_s, -grams)
    put, lift = steps(run(shelf.blocks()), P)
    assert close_to(put, grams)
    assert close_to(lift, -grams)
    assert abs(seconds(put).ended - 4.1) <= 0.3
    assert abs(seconds(lift).began - 4.0 - for_s) <= 0.3
    assert put.captured_ns < lift.captured_ns


def test_a_plate_that_a_heavy_put_beside_it_bends_for_a_second_tells_nothing() -> None:
    shelf = Shelf(9, 3)
    shelf.move(P, 4.0, 1_500.0)
    shelf.move(P, 5.1, -1_500.0)
    beside = P[:-1] + str(int(P[-1]) + 1)
    shelf.move(beside, 4.0, 45.0)
    shelf.move(beside, 5.1, -45.0)
    assert steps(run(shelf.blocks()), beside) == []


@settings(max_examples=15, deadline=None)
@given(weights, seeds, st.floats(0.15, 0.3))
def test_a_plate_that_settles_slowly_gives_the_whole_weight(grams: float, seed: int, tau_s: float) -> None:
    shelf = Shelf(9, seed)
    shelf.settle(P, 4.0, -grams, tau_s)
    (step,) = steps(run(shelf.blocks()))
    assert close_to(step, -grams)


@settings(max_examples=15, deadline=None)
@given(st.floats(100, 3000), seeds, st.floats(1, 6))
def test_a_slow_lift_is_one_step_from_beginning_to_end(grams: float, seed: int, lift_s: float) -> None:
    shelf = Shelf(14, seed)
    shelf.move(P, 4.0, -grams, lift_s)
    (step,) = steps(run(shelf.blocks()))
    assert close_to(step, -grams)
    slack = 0.2 + 0.15 * lift_s
    assert abs(seconds(step).began - 4.0) <= slack
    assert abs(seconds(step).ended - 4.0 - lift_s) <= slack


@settings(max_examples=20, deadline=None)
@given(weights, weights, seeds, st.floats(0.15, 3.0))
def test_two_takes_in_a_row_keep_the_sum(first: float, second: float, seed: int, apart_s: float) -> None:
    shelf = Shelf(11, seed)
    shelf.move(P, 4.0, -first)
    shelf.move(P, 4.0 + apart_s, -second)
    found = steps(run(shelf.blocks()), P)
    assert len(found) in (1, 2)
    assert abs(sum(step.delta_mg for step in found) / 1000 + first + second) <= max(6.0, 0.02 * (first + second))


@settings(max_examples=20, deadline=None)
@given(seeds, st.floats(10, 120), st.floats(4, 12))
def test_walking_past_sells_nothing(seed: int, peak: float, hz: float) -> None:
    shelf = Shelf(14, seed)
    for plate in PLATES:
        shelf.shake(plate, 3.0, 8.0, peak * shelf.random.uniform(0.3, 1), hz)
    assert steps(run(shelf.blocks())) == []


@settings(max_examples=15, deadline=None)
@given(weights, seeds, st.floats(10, 120))
def test_a_lift_while_the_shelf_shakes_is_one_step(grams: float, seed: int, peak: float) -> None:
    shelf = Shelf(14, seed)
    for plate in PLATES:
        shelf.shake(plate, 3.0, 5.0, peak)
    shelf.move(P, 5.0, -grams)
    (step,) = steps(run(shelf.blocks()))
    assert abs(step.delta_mg / 1000 + grams) <= max(6.0, 0.03 * grams)
    if grams > peak:  # a smaller one drowns in the shaking: its weight is found, its moment is not
        assert seconds(step).began - 0.2 <= 5.0 <= seconds(step).ended + 0.2


@settings(max_examples=15, deadline=None)
@given(st.floats(300, 3000), seeds, st.floats(-0.03, 0.03))
def test_a_bending_shelf_is_not_a_step(grams: float, seed: int, part: float) -> None:
    shelf = Shelf(9, seed)
    shelf.move(P, 4.0, -grams)
    for index in (1, 2, 4, 5):
        shelf.move(f"g1-s1-p{index}", 4.0, -grams * part)
    assert [step.plate for step in steps(run(shelf.blocks()))] == [P]


@settings(max_examples=10, deadline=None)
@given(seeds, st.floats(100, 3000), st.floats(-0.04, 0.04), st.floats(0, 60))
def test_reported_levels_change_by_reported_steps_alone(seed: int, grams: float, part: float, peak: float) -> None:
    shelf = Shelf(24, seed)
    for plate in (P, NEXT):
        shelf.shake(plate, 3.0, 4.0, peak)
        shelf.move(plate, 5.0, -grams * (part if plate == NEXT else 1))
    shelf.column(P)[900:1200] = shelf.column(NEXT)[900:1200] = np.nan  # a gap does not unbend the shelf
    found = run(shelf.blocks())
    for plate in (P, NEXT):
        levels = steadies(found, plate)
        told = sum(step.delta_mg for step in steps(found, plate))
        assert len(levels) >= 2
        assert all(abs(levels[0].level_mg + told - later.level_mg) < 9_000 for later in levels[1:])


def test_a_small_take_on_another_shelf_or_later_is_no_bending() -> None:
    shelf = Shelf(12)
    shelf.move(P, 4.0, -1000)
    shelf.move("g1-s2-p3", 4.0, -30)
    shelf.move(NEXT, 7.0, -30)
    assert {step.plate for step in steps(run(shelf.blocks()))} == {P, "g1-s2-p3", NEXT}


@settings(max_examples=15, deadline=None)
@given(st.floats(120, 3000), st.floats(0.15, 0.85), seeds)
def test_a_product_on_two_plates_makes_two_steps(grams: float, part: float, seed: int) -> None:
    shelf = Shelf(9, seed)
    shelf.move(P, 4.0, -grams * part)
    shelf.move(NEXT, 4.0, -grams * (1 - part))
    found = steps(run(shelf.blocks()))
    assert {step.plate for step in found} == {P, NEXT}
    assert abs(sum(step.delta_mg for step in found) / 1000 + grams) <= max(6.0, 0.02 * grams)


def test_a_noisy_plate_beside_a_quiet_one() -> None:
    shelf = Shelf(20, sigma=0.5)
    shelf.column(NEXT)[:] += shelf.random.normal(0, 8, len(shelf.time))
    shelf.move(P, 12.0, -20)
    shelf.move(NEXT, 15.0, -200)
    found = steps(run(shelf.blocks()))
    assert [step.plate for step in found] == [P, NEXT]
    assert found[1].noise_mg > 2 * found[0].noise_mg


def test_single_spikes_are_nothing() -> None:
    shelf = Shelf(10)
    shelf.column(P)[::37] += 3000
    assert steps(run(shelf.blocks())) == []


def test_every_plate_reports_once_after_start_and_then_once_a_minute() -> None:
    found = steadies(run(Shelf(130).blocks()), P)
    assert [round(event.captured_ns / 1e9) for event in found] == [1, 61, 121]


def test_a_plate_that_gives_no_value_is_silent_and_hurts_nobody() -> None:
    shelf = Shelf(8)
    shelf.column("g1-s1-p1")[:] = np.nan
    shelf.move(P, 4.0, -300)
    found = run(shelf.blocks())
    assert [step.plate for step in steps(found)] == [P]
    assert steadies(found, "g1-s1-p1") == []


def test_a_change_in_a_short_dropout_is_still_a_step() -> None:
    shelf = Shelf(10)
    shelf.move(P, 4.0, -300)
    shelf.column(P)[round(3.8 * 60) : round(4.4 * 60)] = np.nan
    (step,) = steps(run(shelf.blocks()))
    assert close_to(step, -300)


def test_a_change_in_a_long_dropout_is_a_new_level_and_no_step() -> None:
    shelf = Shelf(14)
    before = shelf.column(P)[:60].mean()
    shelf.move(P, 5.0, -300)
    shelf.column(P)[4 * 60 : 8 * 60] = np.nan
    found = run(shelf.blocks())
    assert steps(found) == []
    first, second = steadies(found, P)
    assert abs(first.level_mg / 1000 - before) < 3
    assert abs((second.level_mg - first.level_mg) / 1000 + 300) < 3
    assert len(steadies(found, NEXT)) == 1


def test_lost_blocks_short_and_long() -> None:
    shelf = Shelf(16)
    shelf.move(P, 4.0, -300)
    shelf.move(NEXT, 9.0, -500)
    blocks = [b for b in shelf.blocks() if not (3.9e9 < b.captured_ns < 4.3e9 or 8e9 < b.captured_ns < 11e9)]
    found = run(blocks)
    assert [step.plate for step in steps(found)] == [P]  # 0.4 s lost: still a step
    levels = [event.level_mg / 1000 for event in steadies(found, NEXT)]
    assert len(levels) == 3  # start, after the short gap, after the long one
    assert abs(levels[-1] - levels[0] + 500) < 4


def test_late_and_double_blocks_change_nothing() -> None:
    shelf = Shelf(10)
    shelf.move(P, 4.0, -300)
    blocks = shelf.blocks()
    doubled = [block for block in blocks for _ in range(2)]
    late = [*blocks[:30], blocks[10], *blocks[30:]]
    assert run(doubled) == run(blocks) == run(late)


def test_a_time_line_that_starts_anew_begins_with_new_levels() -> None:
    first, second = Shelf(5, seed=1), Shelf(5, seed=2)
    sense = StepFilter(places=PLACES)
    run(first.blocks(began_ns=100 * 10**9), sense)
    found = run(second.blocks(), sense)
    assert steps(found) == []
    assert len(steadies(found, P)) == 1


def test_other_plates_in_the_stream_begin_with_new_levels() -> None:
    sense = StepFilter(places=PLACES)
    run(Shelf(5, seed=1).blocks(), sense)
    renamed = [
        msgspec.structs.replace(b, plates=tuple(f"x{p}" for p in PLATES)) for b in Shelf(5).blocks(12, 5 * 10**9)
    ]
    assert steps(run(renamed, sense)) == []


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 90), min_size=1, max_size=30), seeds)
def test_how_samples_are_cut_into_blocks_does_not_matter(sizes: list[int], seed: int) -> None:
    shelf = Shelf(8, seed, rate_hz=50.0)  # 20 ms are whole nanoseconds
    shelf.move(P, 3.0, -150)
    shelf.press(NEXT, 4.0, 200, 0.4)
    pieces, first = [], 0
    while first < len(shelf.time):
        last = first + sizes[len(pieces) % len(sizes)]
        pieces.append(shelf.block(first, last))
        first = last
    assert run(pieces) == run(shelf.blocks(10))


def test_a_change_just_before_the_end_is_reported_at_the_end() -> None:
    shelf = Shelf(5)
    shelf.move(P, 4.3, -300)
    sense = StepFilter(places=PLACES)
    before = [event for block in shelf.blocks() for event in sense.feed(block)]
    assert steps(before) == []
    (step,) = steps(sense.flush())
    assert close_to(step, -300)
    assert StepFilter().flush() == []


def test_settings_come_from_the_store_file() -> None:
    text = '[store]\nid = "s"\ncurrency = "EUR"\n[scales]\nmin_step_g = 100.0\n'
    text += "".join(f'[[plate]]\nid = "{name}"\nshelf = {name[4]}\nindex = {name[-1]}\n' for name in PLATES)
    shop = config.parse(text)
    shelf = Shelf(10)
    shelf.move(P, 4.0, -80)
    shelf.move("g1-s2-p1", 6.0, -150)
    found = steps(run(shelf.blocks(), StepFilter.from_config(shop.scales, shop.plate)))
    assert [step.plate for step in found] == ["g1-s2-p1"]


@pytest.mark.parametrize("change", [{"grams": b"\0" * 7}, {"rate_hz": 0.0}, {"rate_hz": float("nan")}, {"plates": ()}])
def test_a_block_that_contradicts_itself_is_named(change: dict[str, object]) -> None:
    block = msgspec.structs.replace(Shelf(1).blocks()[0], **change)
    with pytest.raises(BadInput, match="g1"):
        StepFilter().feed(block)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=True, allow_infinity=True), min_size=120, max_size=120), seeds)
def test_no_number_breaks_it(numbers: list[float], seed: int) -> None:
    shelf = Shelf(12, seed)
    shelf.column(P)[240:360] = numbers
    for event in run(shelf.blocks()):
        assert event.captured_ns <= 12.2e9
        if isinstance(event, WeightStep):
            assert event.plate == P
            assert event.began_ns <= event.ended_ns <= event.captured_ns


@settings(max_examples=20, deadline=None)
@given(st.floats(80, 600), st.floats(80, 600), seeds, st.floats(0.6, 0.9))
def test_a_put_and_another_ones_take_soon_after_are_one_step_that_tells_both(
    laid: float, taken: float, seed: int, apart_s: float
) -> None:
    shelf = Shelf(10, seed)
    shelf.move(P, 4.0, laid)
    shelf.move(P, 4.0 + apart_s, -taken)
    if abs(taken - laid) < 20:
        return
    (step,) = steps(run(shelf.blocks()), P)
    assert close_to(step, laid - taken)
    assert step.rest is not None
    assert abs(step.rest.delta_mg / 1000 - laid) <= max(4.0, 0.04 * min(laid, taken))
    assert abs(step.rest.came_ns[0] / 1e9 - 4.0) <= 0.3
    assert abs(step.rest.went_ns[0] / 1e9 - 4.0 - apart_s) <= 0.3


@settings(max_examples=20, deadline=None)
@given(st.floats(80, 600), st.floats(80, 600), seeds, st.floats(0.7, 0.9))
def test_two_takes_in_a_row_with_a_hand_that_presses_between_them_are_told_apart(
    first: float, second: float, seed: int, apart_s: float
) -> None:
    shelf = Shelf(10, seed)
    shelf.move(P, 4.0, -first)
    shelf.press(P, 3.8 + apart_s, 60.0, 0.2)
    shelf.move(P, 4.0 + apart_s, -second)
    found = steps(run(shelf.blocks()), P)
    if len(found) == 2:  # the plate stood still long enough to be believed twice
        return
    (step,) = found
    assert close_to(step, -first - second)
    assert step.rest is not None
    assert abs(step.rest.delta_mg / 1000 + first) <= max(4.0, 0.05 * min(first, second))
    assert abs(step.rest.came_ns[0] / 1e9 - 4.0) <= 0.3
    assert abs(step.rest.went_ns[0] / 1e9 - 4.0 - apart_s) <= 0.3


def test_a_slow_lift_that_pauses_on_the_way_tells_no_rest() -> None:
    shelf = Shelf(10, 3)
    shelf.move(P, 4.0, -200, 0.3)
    shelf.move(P, 4.7, -200, 0.3)
    assert all(step.rest is None for step in steps(run(shelf.blocks()), P))


def test_a_lift_by_way_of_nothing_tells_no_rest() -> None:
    shelf = Shelf(10, 3)
    shelf.move(P, 4.0, -400, 3.0)
    (step,) = steps(run(shelf.blocks()), P)
    assert step.rest is None


@settings(max_examples=20, deadline=None)
@given(st.floats(80, 1500), seeds, st.floats(0.5, 0.9))
def test_what_is_lifted_and_laid_down_again_at_once_is_two_steps(grams: float, seed: int, for_s: float) -> None:
    """No hand makes a plate lighter, so a shorter rest will do than for a put."""
    shelf = Shelf(9, seed)
    shelf.move(P, 4.0, -grams)
    shelf.move(P, 4.0 + for_s, grams)
    lift, put = steps(run(shelf.blocks()), P)
    assert close_to(lift, -grams)
    assert close_to(put, grams)
    assert abs(seconds(lift).began - 4.0) <= 0.3
    assert abs(seconds(put).ended - 4.1 - for_s) <= 0.3


# grams at 20 Hz: 630 g go, half a second later 97 g come; the mean of the second in which both happened does not creep
TWO_RESTS = [
    1214, 1218, 1212, 1215, 1216, 1235, 1264, 1297, 1308, 1304, 1280, 1067, 862, 743, 679, 638, 611, 599, 591, 584, 585,
    581, 585, 580, 585, 601, 639, 653, 671, 670, 682, 688, 691, 688, 685, 685, 679, 680, 682, 684, 676, 683, 676, 680,
]  # fmt: skip


def test_a_plate_that_rests_twice_within_a_second_is_not_taken_for_one_that_swings() -> None:
    """The mean of two rests is no level, wherever the bins begin."""
    for late_ms in range(0, 100, 10):
        shelf = Shelf(9, 4)
        seen = np.interp(shelf.time, 4 + late_ms / 1000 + np.arange(len(TWO_RESTS)) / 20, TWO_RESTS)
        shelf.column(P)[:] += seen
        found = steps(run(shelf.blocks()), P)
        assert abs(sum(step.delta_mg for step in found) + 534_000) < 6_000, late_ms


def test_a_level_is_told_again_soon_after_a_step_in_case_its_message_is_lost() -> None:
    shelf = Shelf(8, 2)
    shelf.move(P, 4.0, -500)
    found = run(shelf.blocks())
    (step,) = steps(found, P)
    again = [event for event in steadies(found) if event.plate == P and event.captured_ns > step.captured_ns]
    assert again[0].captured_ns - step.captured_ns <= 500_000_000
    assert abs(again[0].level_mg - step.level_mg) < 2_000
    others = [event for event in steadies(found) if event.plate == NEXT]
    assert len(others) == 1
