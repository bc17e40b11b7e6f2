from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.core.calendar import DAY_NS
from lockstep.metrics.drawdown import (
    Drawdown,
    drawdowns,
    longest_under_water,
    max_drawdown,
    share_under_water,
    ulcer_index,
    worst_drawdowns,
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


def steps(count):
    return np.arange(count) * DAY_NS


def test_a_drawdown_has_a_peak_a_valley_and_a_recovery():
    equity = np.array([110.0, 99.0, 88.0, 105.0, 110.0, 121.0])
    found = worst_drawdowns(steps(6), equity, 100.0)
    assert found == [Drawdown(pytest.approx(0.2), 0, 2 * DAY_NS, 4 * DAY_NS, 4.0)]


def test_the_peak_is_its_last_step_and_the_valley_its_first():
    equity = np.array([110.0, 110.0, 99.0, 99.0, 120.0])
    [found] = worst_drawdowns(steps(5), equity, 100.0)
    assert (found.start, found.valley, found.recovery) == (DAY_NS, 2 * DAY_NS, 4 * DAY_NS)


def test_a_drawdown_that_is_not_recovered_lasts_to_the_end():
    [found] = worst_drawdowns(steps(4), np.array([110.0, 99.0, 88.0, 100.0]), 100.0)
    assert (found.recovery, found.days) == (None, 3.0)


def test_a_fall_from_the_initial_equity_begins_with_the_first_step():
    [found] = worst_drawdowns(steps(3), np.array([90.0, 95.0, 100.0]), 100.0)
    assert (found.start, found.valley, found.recovery) == (0, 0, 2 * DAY_NS)


def test_the_five_deepest_come_first_and_a_fall_inside_a_deeper_one_is_part_of_it():
    # Falls of 1, 6, 3, 5, 2, 4 % from peaks of 100, each recovered; the second in two waves.
    waves = [99, 100, 97, 98, 94, 99, 100, 97, 100, 95, 100, 98, 100, 96, 100]
    found = worst_drawdowns(steps(len(waves)), np.array(waves, dtype=float), 100.0)
    assert [one.depth for one in found] == pytest.approx([0.06, 0.05, 0.04, 0.03, 0.02])
    assert worst_drawdowns(steps(len(waves)), np.array(waves) / 1.0, 100.0, most=1) == found[:1]


def test_equally_deep_drawdowns_stand_in_order_of_time():
    found = worst_drawdowns(steps(4), np.array([90.0, 100.0, 90.0, 100.0]), 100.0)
    assert [one.valley for one in found] == [0, 2 * DAY_NS]


def test_without_a_fall_there_is_no_drawdown_to_name():
    assert worst_drawdowns(steps(2), np.array([100.0, 101.0]), 100.0) == []
    assert worst_drawdowns(steps(0), np.empty(0), 100.0) == []
    reason = Undefined("there was no initial equity")
    assert worst_drawdowns(steps(1), np.array([1.0]), 0.0) == reason
    assert ulcer_index(np.array([1.0]), 0.0) == reason


def test_rounding_is_no_stay_under_water():
    equity = np.array([100.0, 100.0 - 1.5e-14, 100.0 - 3e-14, 100.0])
    assert worst_drawdowns(steps(4), equity, 100.0) == []
    assert longest_under_water(steps(4), equity, 100.0) == 0.0
    assert share_under_water(equity, 100.0) == 0.0


def test_the_ulcer_index_is_worked_by_hand():
    # Drawdowns of 10 %, 1 % and 0.
    found = ulcer_index(np.array([90.0, 99.0, 110.0]), 100.0)
    assert found == pytest.approx(((0.01 + 0.0001) / 3) ** 0.5, rel=1e-12)
    assert ulcer_index(np.array([100.0, 110.0]), 100.0) == 0.0
    assert ulcer_index(np.empty(0), 100.0) == Undefined("there is no trading day")


def test_a_constant_drawdown_is_its_own_ulcer_index():
    assert ulcer_index(np.full(7, 75.0), 100.0) == pytest.approx(0.25, rel=1e-12)


@given(
    st.lists(st.integers(50, 150), min_size=1, max_size=40).map(lambda x: np.array(x, dtype=float)),
    st.sampled_from([0.125, 4.0, 1024.0]),
)
def test_worst_drawdowns_are_ordered_apart_and_the_same_in_any_currency(equity, scale):
    time = steps(len(equity))
    found = worst_drawdowns(time, equity, 100.0, most=100)
    depths = [one.depth for one in found]
    assert depths == sorted(depths, reverse=True)
    assert max_drawdown(equity, 100.0) == (depths[0] if depths else 0.0)
    in_time = sorted(found, key=lambda one: one.start)
    for one, later in pairwise(in_time):
        assert one.recovery is not None and one.recovery <= later.start
    assert all(one.start <= one.valley for one in found)
    longest = longest_under_water(time, equity, 100.0)
    assert longest == max((one.days for one in found), default=0.0)
    assert worst_drawdowns(time, scale * equity, scale * 100.0, most=100) == found
    assert ulcer_index(equity, 100.0) <= max_drawdown(equity, 100.0)
