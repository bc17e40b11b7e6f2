from math import sqrt

import numpy as np
import pytest

from lockstep.metrics import trades as deals
from lockstep.metrics.undefined import Undefined

NET = np.array([20.0, -10.0, -5.0, 0.0, 10.0])
NONE = np.empty(0)


def test_a_trade_that_breaks_even_is_no_win():
    assert deals.win_rate(NET) == 0.4


def test_profit_factor_is_what_was_won_over_what_was_lost():
    assert deals.profit_factor(NET) == 2.0
    assert deals.profit_factor(np.array([-1.0])) == 0.0
    assert deals.profit_factor(np.array([1.0, 0.0])) == Undefined("no losing trade")


def test_expectancy_and_quality_are_measured_in_r():
    # R 2, -1, 2, -1: mean 0.5, deviation sqrt(4 * 2.25 / 3) = sqrt(3); sqrt(4) * 0.5 / sqrt(3).
    multiples = np.array([2.0, -1.0, 2.0, -1.0])
    assert deals.expectancy_r(multiples) == 0.5
    assert deals.sqn(multiples) == pytest.approx(1 / sqrt(3), rel=1e-12)


def test_quality_needs_two_different_trades():
    assert deals.sqn(np.array([1.0])) == Undefined("fewer than two trades")
    assert deals.sqn(np.array([1.0, 1.0])) == Undefined("every trade has the same R multiple")


def test_best_worst_and_average_trade():
    assert deals.best_trade(NET) == 20.0
    assert deals.worst_trade(NET) == -10.0
    assert deals.average_trade(NET) == 3.0


def test_a_losing_streak_ends_with_a_trade_that_does_not_lose():
    assert deals.longest_losing_streak(np.array([-1.0, -1.0, 0.0, -1.0, 2.0])) == 2
    assert deals.longest_losing_streak(NONE) == 0


@pytest.mark.parametrize(
    "metric",
    [
        deals.win_rate,
        deals.profit_factor,
        deals.expectancy_r,
        deals.average_trade,
        deals.best_trade,
        deals.worst_trade,
    ],
)
def test_without_a_trade_there_is_no_number(metric):
    assert metric(NONE) == Undefined("no trade")


def test_equity_before_an_entry_does_not_know_the_entry_bar():
    time, equity = np.array([10, 20, 30]), np.array([101.0, 102.0, 103.0])
    entries = np.array([10, 20, 25, 40])
    assert deals.equity_before(entries, time, equity, 100.0).tolist() == [
        100.0,
        101.0,
        102.0,
        103.0,
    ]


def test_median_and_extremes_skip_what_is_unknown():
    values = np.array([3.0, np.nan, 1.0, np.inf, 2.0])
    assert deals.median_of(values, "x") == 2.0
    assert deals.largest_of(values, "x") == 3.0
    assert deals.smallest_of(values, "x") == 1.0
    assert deals.median_of(np.array([np.nan]), "nothing known") == Undefined("nothing known")
