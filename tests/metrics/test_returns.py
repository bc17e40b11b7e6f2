import warnings
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics import returns as growth
from lockstep.metrics.undefined import Undefined

RANDOM = np.random.default_rng(5).normal(0.0006, 0.01, 300)


@pytest.fixture(scope="module")
def empyrical():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("empyrical")


def test_daily_returns_start_from_the_initial_equity():
    assert growth.daily_returns(np.array([110.0, 99.0]), 100.0) == pytest.approx([0.1, -0.1])


def test_a_day_that_begins_without_equity_leaves_the_returns_undefined():
    assert isinstance(growth.daily_returns(np.array([0.0, 0.0]), 100.0), Undefined)
    assert growth.daily_returns(np.array([50.0, 0.0]), 100.0) == pytest.approx([-0.5, -1.0])


def test_contributions_of_assets_add_up_to_the_accounts_return():
    pnl = np.array([[5.0, 5.0], [-20.0, 9.0]])
    marks = np.array([110.0, 99.0])
    parts = growth.contributions(pnl, marks, 100.0)
    assert parts == pytest.approx(np.array([[0.05, 0.05], [-20 / 110, 9 / 110]]), rel=1e-12)
    assert parts.sum(axis=1) == pytest.approx(growth.daily_returns(marks, 100.0), rel=1e-12)


def test_five_days_a_week_are_about_261_days_a_year_and_seven_are_365():
    every = np.arange(19723, 19723 + 3653)
    working = every[(every + 3) % 7 < 5]
    assert growth.days_per_year(every) == 365.25
    assert growth.days_per_year(working) == pytest.approx(365.25 * 5 / 7, rel=1e-3)
    assert growth.years(every) == pytest.approx(10.0, abs=0.002)


def test_doubling_in_two_years_is_41_percent_a_year():
    assert growth.cagr(100.0, 200.0, 2.0) == pytest.approx(sqrt(2) - 1, rel=1e-14)


@pytest.mark.parametrize(
    ("initial", "final", "span", "reason"),
    [
        (100.0, -1.0, 1.0, "below zero"),
        (0.0, 1.0, 1.0, "no initial equity"),
        (100.0, 100.0, 0.0, "no trading day"),
        (1.0, 2.0, 1 / 365.25, "too short"),
    ],
)
def test_growth_without_a_meaning_is_undefined_with_its_reason(initial, final, span, reason):
    assert reason in growth.cagr(initial, final, span).reason


def test_losing_everything_is_minus_100_percent():
    assert growth.cagr(100.0, 0.0, 3.0) == -1.0
    assert growth.total_return(100.0, 0.0) == -1.0


def test_ratios_are_worked_by_hand_on_two_days():
    # Returns 3 % and -1 %: mean 1 %, deviation 2 % sqrt(2), downside 1 % / sqrt(2), 4 days a year.
    values = np.array([0.03, -0.01])
    assert growth.volatility(values, 4.0) == pytest.approx(0.04 * sqrt(2), rel=1e-12)
    assert growth.sharpe(values, 4.0) == pytest.approx(1 / sqrt(2), rel=1e-12)
    assert growth.sortino(values, 4.0) == pytest.approx(2 * sqrt(2), rel=1e-12)


@pytest.mark.parametrize("per_year", [252.0, 260.9, 365.25])
def test_ratios_agree_with_empyrical(empyrical, per_year):
    assert growth.volatility(RANDOM, per_year) == pytest.approx(
        empyrical.annual_volatility(RANDOM, annualization=per_year), rel=1e-12
    )
    assert growth.sharpe(RANDOM, per_year) == pytest.approx(
        empyrical.sharpe_ratio(RANDOM, annualization=per_year), rel=1e-12
    )
    assert growth.sortino(RANDOM, per_year) == pytest.approx(
        empyrical.sortino_ratio(RANDOM, annualization=per_year), rel=1e-12
    )


def test_growth_agrees_with_empyrical(empyrical):
    final = float(np.prod(1 + RANDOM))
    expected = empyrical.cagr(RANDOM, annualization=252)
    assert growth.cagr(1.0, final, 300 / 252) == pytest.approx(expected, rel=1e-12)


def test_returns_that_differ_by_rounding_only_have_no_sharpe_ratio():
    marks = 100.0 * 1.001 ** np.arange(1, 200)
    daily = growth.daily_returns(marks, 100.0)
    assert daily.std() > 0.0
    assert growth.sharpe(daily, 252.0) == Undefined("the daily returns do not vary")


@pytest.mark.parametrize("ratio", [growth.volatility, growth.sharpe, growth.sortino])
def test_one_day_is_too_few_for_a_ratio(ratio):
    assert ratio(np.array([0.01]), 252.0) == Undefined("fewer than two trading days")


def test_no_losing_day_leaves_sortino_undefined():
    assert growth.sortino(np.array([0.01, 0.0]), 252.0) == Undefined("no losing day")


def test_calmar_divides_growth_by_the_worst_drawdown_and_passes_reasons_on():
    assert growth.calmar(0.2, 0.1) == 2.0
    assert growth.calmar(0.2, 0.0) == Undefined("no drawdown")
    assert growth.calmar(Undefined("why"), 0.1) == Undefined("why")
    assert growth.calmar(0.2, Undefined("why")) == Undefined("why")


def test_omega_sets_the_days_that_gained_against_those_that_lost():
    assert growth.omega(np.array([0.01, -0.02, 0.03, -0.01])) == pytest.approx(4 / 3, rel=1e-12)
    assert growth.omega(np.array([-0.01, 0.0])) == 0.0
    assert growth.omega(np.array([0.01, 0.0])) == Undefined("no losing day")
    assert growth.omega(np.array([0.01])) == Undefined("fewer than two trading days")


def test_the_ulcer_performance_index_divides_growth_by_the_ulcer_index():
    assert growth.ulcer_performance_index(0.2, 0.05) == pytest.approx(4.0)
    assert growth.ulcer_performance_index(0.2, 0.0) == Undefined("no drawdown")
    assert growth.ulcer_performance_index(Undefined("why"), 0.1) == Undefined("why")


def test_autocorrelations_are_worked_by_hand():
    # 1, 1, -1, -1: products of lag 1: 1, -1, 1; of lag 2: -1, -1; of lag 3: -1; squares: 4.
    found = growth.autocorrelations(np.array([1.0, 1.0, -1.0, -1.0]), 3)
    assert found.tolist() == [0.25, -0.5, -0.25]


def test_all_autocorrelations_of_a_sample_sum_to_minus_one_half():
    assert growth.autocorrelations(RANDOM, 299).sum() == pytest.approx(-0.5, abs=1e-12)


@pytest.mark.parametrize(("days", "lags"), [(30, 3), (100, 4), (250, 4), (1000, 6), (2500, 8)])
def test_longer_records_support_more_lags(days, lags):
    assert growth.autocorrelation_lags(days) == lags


@pytest.mark.parametrize("rho", [-0.5, -0.2, 0.0, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("periods", [2, 12, 250])
def test_the_yearly_factor_of_a_first_order_process_is_its_closed_form(rho, periods):
    # Lo (2002): sqrt(q) / sqrt(1 + 2 rho / (1 - rho) (1 - (1 - rho^q) / (q (1 - rho)))).
    inside = 1 - (1 - rho**periods) / (periods * (1 - rho))
    expected = sqrt(periods) / sqrt(1 + 2 * rho / (1 - rho) * inside)
    found = growth.time_aggregation(rho ** np.arange(1, periods), periods)
    assert found == pytest.approx(expected, rel=1e-12)


def test_lags_of_a_year_and_more_do_not_enter_the_yearly_factor():
    short = growth.time_aggregation(np.array([0.1, 0.2]), 3.0)
    assert growth.time_aggregation(np.array([0.1, 0.2, 0.9, 0.9]), 3.0) == short
    # 3 / sqrt(3 + 2 (2 x 0.1 + 1 x 0.2))
    assert short == pytest.approx(3 / sqrt(3.8), rel=1e-12)


def test_returns_that_cancel_one_another_leave_no_risk_to_divide_by():
    found = growth.time_aggregation(np.array([-0.9]), 250.0)
    assert "cancel one another" in found.reason


def test_the_adjusted_ratio_is_lower_if_gains_follow_gains_and_higher_if_they_alternate():
    smooth = RANDOM[1:] + 0.3 * RANDOM[:-1]
    rough = RANDOM[1:] - 0.3 * RANDOM[:-1]
    plain, adjusted = growth.sharpe, growth.sharpe_autocorrelation_adjusted
    assert 0.0 < adjusted(smooth, 252.0) < 0.9 * plain(smooth, 252.0)
    assert 0.0 < 1.1 * plain(rough, 252.0) < adjusted(rough, 252.0)


def test_the_adjusted_ratio_is_the_daily_one_times_the_factor_of_its_lags():
    lags = growth.autocorrelations(RANDOM, 5)  # floor(4 x 3^(2/9)) = 5 for 300 days
    expected = RANDOM.mean() / RANDOM.std(ddof=1) * growth.time_aggregation(lags, 252.0)
    found = growth.sharpe_autocorrelation_adjusted(RANDOM, 252.0)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (RANDOM[:1], "fewer than two trading days"),
        (RANDOM[:29], "fewer than 30 trading days"),
        (np.zeros(50), "the daily returns do not vary"),
    ],
)
def test_a_short_or_flat_record_has_no_adjusted_ratio(values, reason):
    assert growth.sharpe_autocorrelation_adjusted(values, 252.0) == Undefined(reason)


@given(
    st.lists(st.floats(-0.2, 0.2), min_size=40, max_size=60).map(np.array),
    st.sampled_from([0.5, 2.0, 8.0]),
)
def test_ratios_do_not_know_leverage(values, leverage):
    for ratio in (growth.sharpe, growth.sortino, growth.sharpe_autocorrelation_adjusted):
        before, after = ratio(values, 261.0), ratio(leverage * values, 261.0)
        if isinstance(before, Undefined) or isinstance(after, Undefined):
            continue  # of returns that are rounding, leverage may make risk
        assert after == pytest.approx(before, rel=1e-12, abs=1e-12)
