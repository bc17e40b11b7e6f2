import numpy as np
import pytest

from lockstep.core.calendar import DAY_NS
from lockstep.metrics.drawdown import (
    drawdowns,
    longest_under_water,
    max_drawdown,
    share_under_water,
)
from lockstep.metrics.undefined import Undefined


def test_the_initial_equity_is_the_first_peak():
    assert drawdowns(np.array([90.0, 120.0, 60.0]), 100.0) == pytest.approx([0.1, 0.0, 0.5])
    assert max_drawdown(np.array([90.0, 95.0]), 100.0) == pytest.approx(0.1, rel=1e-12)


def test_a_rising_curve_has_no_drawdown():
    assert max_drawdown(np.array([101.0, 102.0]), 100.0) == 0.0
    assert max_drawdown(np.empty(0), 100.0) == 0.0


def test_debt_is_a_drawdown_above_one():
    assert max_drawdown(np.array([-20.0]), 100.0) == pytest.approx(1.2, rel=1e-12)


def test_without_initial_equity_there_is_no_fraction():
    assert max_drawdown(np.array([1.0]), 0.0) == Undefined("there was no initial equity")


@pytest.mark.parametrize(
    ("equity", "days"),
    [
        ([101.0, 102.0, 103.0, 104.0], 0.0),  # never below
        ([100.0, 100.0, 100.0, 100.0], 0.0),  # flat is not under water
        ([101.0, 99.0, 100.0, 101.0], 3.0),  # from the peak to the step that reaches it again
        ([101.0, 99.0, 105.0, 104.0], 2.0),  # the longer of two
        ([105.0, 104.0, 103.0, 102.0], 3.0),  # never recovered: until the end
        ([99.0, 98.0, 100.0, 101.0], 2.0),  # below the initial equity from the first step
    ],
)
def test_time_under_water_runs_from_a_peak_to_its_recovery(equity, days):
    time = np.arange(4) * DAY_NS
    assert longest_under_water(time, np.array(equity), 100.0) == days


def test_the_share_under_water_counts_steps():
    assert share_under_water(np.array([101.0, 99.0, 100.0, 101.0]), 100.0) == 0.5
    assert isinstance(share_under_water(np.empty(0), 100.0), Undefined)


def test_the_worst_drawdown_agrees_with_empyrical():
    empyrical = pytest.importorskip("empyrical")
    values = np.random.default_rng(6).normal(0.0, 0.01, 500)
    equity = 100.0 * np.cumprod(1 + values)
    assert max_drawdown(equity, 100.0) == pytest.approx(-empyrical.max_drawdown(values), rel=1e-12)


def test_a_slow_reference_agrees_on_random_curves():
    random = np.random.default_rng(7)
    for _ in range(50):
        equity = 100.0 + np.cumsum(random.integers(-2, 3, 30)).astype(float)
        time = np.cumsum(random.integers(1, 5, 30)) * DAY_NS
        peak, since, longest, wet = 100.0, time[0], 0, False
        for moment, value in zip(time, equity):
            if wet or value < peak:
                longest = max(longest, moment - since)
            wet = value < peak
            if not wet:
                peak, since = value, moment
        assert longest_under_water(time, equity, 100.0) == longest / DAY_NS
