from itertools import groupby
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_a_winning_streak_ends_with_a_trade_that_does_not_win():
    assert deals.longest_winning_streak(np.array([1.0, 2.0, 0.0, 1.0, -2.0])) == 2
    assert deals.longest_winning_streak(np.array([3.0, 1.0, 2.0])) == 3
    assert deals.longest_winning_streak(NONE) == 0


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), max_size=30).map(np.array))
def test_streaks_are_those_of_a_slow_reference_in_both_directions_of_time(net):
    def longest(sign):
        return max((len(list(run)) for key, run in groupby(np.sign(net)) if key == sign), default=0)

    assert deals.longest_winning_streak(net) == longest(1.0)
    assert deals.longest_losing_streak(net) == longest(-1.0)
    assert deals.longest_losing_streak(net[::-1]) == longest(-1.0)
    assert deals.longest_winning_streak(-net) == longest(-1.0)


def test_expectancy_weighs_the_mean_win_and_the_mean_loss():
    assert (deals.average_win(NET), deals.average_loss(NET)) == (15.0, -7.5)
    assert deals.expectancy(NET) == pytest.approx(0.4 * 15.0 + 0.4 * -7.5, rel=1e-12)


def test_without_a_win_or_a_loss_it_has_no_mean():
    assert deals.average_win(np.array([-1.0, 0.0])) == Undefined("no winning trade")
    assert deals.average_loss(np.array([1.0, 0.0])) == Undefined("no losing trade")
    assert deals.expectancy(NONE) == Undefined("no trade")


@pytest.mark.parametrize(
    ("won", "trades", "low", "high"),
    [
        # Newcombe (1998), "Two-sided confidence intervals for the single proportion", method 3
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_of_the_win_rate_is_the_published_one(won, trades, low, high):
    found = deals.win_rate_interval(np.where(np.arange(trades) < won, 1.0, -1.0))
    assert found == pytest.approx((low, high), abs=5e-5)


def test_without_a_trade_the_win_rate_has_no_interval():
    assert deals.win_rate_interval(NONE) == (Undefined("no trade"), Undefined("no trade"))


def test_the_distribution_of_r_is_that_of_a_ladder():
    found = deals.r_distribution(np.arange(101.0)[::-1])
    assert found == {"min": 0, "p05": 5, "p25": 25, "p50": 50, "p75": 75, "p95": 95, "max": 100}
    assert set(deals.r_distribution(NONE).values()) == {Undefined("no trade")}
    assert deals.r_distribution(np.array([1.5]))["p05"] == 1.5
