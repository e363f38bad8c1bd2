"""The statistics that the cart benchmark reports: bounds against closed forms, bins, calibration error."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bench.carts.bounds import calibration_error, quantile, reliability, tail, upper_bound


@pytest.mark.parametrize("n", [1, 20, 1_000, 30_000])
def test_nothing_found_has_a_closed_form(n: int) -> None:
    """P(X = 0) = (1 - p)^n = 0.05."""
    assert upper_bound(0, n) == pytest.approx(1 - 0.05 ** (1 / n), rel=1e-9)


def test_nothing_found_is_close_to_three_in_n() -> None:
    assert upper_bound(0, 30_000) * 30_000 == pytest.approx(3.0, abs=0.01)


def test_known_limits() -> None:
    """One-sided 95 % limits of 1 and 3 in 10, from tables of the exact binomial limit."""
    assert upper_bound(1, 10) == pytest.approx(0.3942, abs=5e-5)
    assert upper_bound(3, 10) == pytest.approx(0.6066, abs=5e-5)


def test_ends() -> None:
    assert upper_bound(0, 0) == upper_bound(5, 5) == upper_bound(7, 5) == 1.0


@given(n=st.integers(1, 400), data=st.data())
def test_the_bound_leaves_five_per_cent(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n - 1))
    assert tail(k, n, upper_bound(k, n)) == pytest.approx(0.05, abs=1e-6)
    assert upper_bound(k, n) > k / n


@given(n=st.integers(1, 60), p=st.floats(0.001, 0.999), data=st.data())
def test_tail_is_the_sum_of_its_terms(n: int, p: float, data: st.DataObject) -> None:
    k = data.draw(st.integers(0, n))
    plain = sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) for i in range(k + 1))
    assert tail(k, n, p) == pytest.approx(plain, abs=1e-9)


def test_tail_does_not_overflow() -> None:
    assert 0.0 < tail(500, 100_000, 0.0052) < 0.5


def test_a_line_falls_into_one_bin() -> None:
    bins = reliability([(0.0, True), (0.5, False), (0.999, True), (1.0, True)], edges=(0.0, 0.5, 0.999, 1.0))
    assert [row.lines for row in bins] == [1, 1, 2]
    assert bins[2].said == pytest.approx(0.9995)
    assert (bins[1].right, bins[2].right) == (0.0, 1.0)


def test_calibration_error_is_weighted_by_count() -> None:
    judged = [(0.9, True)] * 9 + [(0.9, False)] + [(0.6, False)] * 10
    assert calibration_error(reliability(judged)) == pytest.approx(0.5 * 0.0 + 0.5 * 0.6)
    assert calibration_error(reliability([])) == 0.0


def test_quantile_is_a_value_that_was_seen() -> None:
    assert quantile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert quantile(list(map(float, range(1, 101))), 0.99) == 99.0
    with pytest.raises(ValueError, match="no values"):
        quantile([], 0.5)
