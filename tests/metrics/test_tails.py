import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.metrics import tails
from lockstep.metrics.undefined import Undefined

#: -10 %, -9 %, ... 10 %: 21 days, so that the 5 % quantile stands on the second day exactly.
LADDER = np.arange(-10, 11) / 100
RETURNS = st.lists(st.floats(-0.5, 0.5), min_size=100, max_size=150).map(np.array)


def test_value_at_risk_is_the_loss_at_its_place_among_the_sorted_days():
    # Place (21 - 1) x 5 % = 1: the second worst day. 101 days: place 1 of 1 %, 5 of 5 %.
    assert tails.value_at_risk(LADDER, 0.05) == pytest.approx(0.09, abs=1e-15)
    percent = np.arange(-50, 51) / 100
    assert tails.value_at_risk(percent, 0.01) == pytest.approx(0.49, abs=1e-15)
    assert tails.value_at_risk(percent, 0.05) == pytest.approx(0.45, abs=1e-15)


def test_between_two_days_the_quantile_is_interpolated():
    # 20 days: place 19 x 5 % = 0.95 between -10 % and -9 %.
    assert tails.value_at_risk(LADDER[:-1], 0.05) == pytest.approx(0.0905, abs=1e-15)


def test_the_loss_beyond_is_the_mean_of_the_days_up_to_that_place():
    assert tails.conditional_value_at_risk(LADDER, 0.05) == pytest.approx(0.095, abs=1e-15)
    assert tails.conditional_value_at_risk(LADDER[:-1], 0.05) == pytest.approx(0.10, abs=1e-15)


def test_if_even_the_bad_days_gain_the_value_at_risk_is_negative():
    assert tails.value_at_risk(np.full(20, 0.01), 0.05) == -0.01
    assert tails.conditional_value_at_risk(np.full(20, 0.01), 0.05) == pytest.approx(-0.01)


def test_a_flat_curve_risks_zero_and_not_minus_zero():
    for measure in (tails.value_at_risk, tails.conditional_value_at_risk):
        assert str(measure(np.zeros(20), 0.05)) == "0.0"


@pytest.mark.parametrize("measure", [tails.value_at_risk, tails.conditional_value_at_risk])
@pytest.mark.parametrize(
    ("days", "tail", "reason"),
    [
        (0, 0.05, "fewer than 20 trading days: none of them is the worst 5%"),
        (19, 0.05, "fewer than 20 trading days: none of them is the worst 5%"),
        (99, 0.01, "fewer than 100 trading days: none of them is the worst 1%"),
    ],
)
def test_a_tail_of_less_than_one_day_is_undefined(measure, days, tail, reason):
    assert measure(np.zeros(days), tail) == Undefined(reason)
    assert isinstance(measure(np.zeros(100), tail), float)


def test_the_tail_ratio_sets_good_days_against_bad_ones():
    assert tails.tail_ratio(LADDER) == pytest.approx(1.0, abs=1e-12)
    assert tails.tail_ratio(np.where(LADDER > 0, 2 * LADDER, LADDER)) == pytest.approx(2.0)
    assert tails.tail_ratio(np.zeros(20)) == Undefined("one day in twenty did not lose")
    assert isinstance(tails.tail_ratio(LADDER[:19]), Undefined)


def test_the_shape_of_three_days_is_worked_by_hand():
    # -1, -1, 2: mean 0; second moment 2, third 2, fourth 6.
    values = np.array([-0.01, -0.01, 0.02])
    assert tails.skewness(values) == pytest.approx(2 / 2**1.5, rel=1e-12)
    assert tails.kurtosis(values) == pytest.approx(6 / 4, rel=1e-12)


@pytest.mark.parametrize("measure", [tails.skewness, tails.kurtosis])
def test_too_few_or_equal_returns_have_no_shape(measure):
    assert measure(np.array([0.01])) == Undefined("fewer than two trading days")
    assert measure(np.full(9, 0.01)) == Undefined("the daily returns do not vary")


def test_the_best_and_the_worst_day_carry_their_dates_and_the_first_of_equals_wins():
    days = np.array([0, 1, 19783])
    assert tails.best_day(days, np.array([0.01, -0.01, 0.02])) == (0.02, "2024-03-01")
    assert tails.worst_day(days, np.array([0.01, -0.01, -0.01])) == (-0.01, "1970-01-02")
    assert tails.best_day(days[:0], np.empty(0)) == (tails.NO_DAY, tails.NO_DAY)


@settings(max_examples=60)
@given(RETURNS)
def test_the_loss_beyond_is_never_less_than_the_value_at_risk(returns):
    for tail in (0.05, 0.01):
        beyond = tails.conditional_value_at_risk(returns, tail)
        assert beyond >= tails.value_at_risk(returns, tail) - 1e-12
    assert tails.value_at_risk(returns, 0.01) >= tails.value_at_risk(returns, 0.05)


@settings(max_examples=60)
@given(RETURNS, st.sampled_from([0.25, 0.5, 2.0, 4.0]))
def test_leverage_multiplies_the_tails_and_leaves_the_shape(returns, leverage):
    for tail in (0.05, 0.01):
        risk = tails.value_at_risk(returns, tail)
        assert tails.value_at_risk(leverage * returns, tail) == pytest.approx(leverage * risk)
    assert tails.skewness(leverage * returns) == tails.skewness(returns)
    assert tails.kurtosis(leverage * returns) == tails.kurtosis(returns)
