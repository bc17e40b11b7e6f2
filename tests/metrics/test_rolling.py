import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics import returns as growth
from lockstep.metrics.risk import correlation
from lockstep.metrics.rolling import rolling_correlation, rolling_sharpe, rolling_volatility


def drawn(seed, days, assets):
    return np.random.default_rng(seed).normal(0.0005, 0.01, (days, assets))


@given(st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(0, 40))
def test_each_window_has_the_ratio_and_volatility_of_its_days_alone(seed, window, more):
    returns = drawn(seed, window + more, 1)[:, 0]
    ratios = rolling_sharpe(returns, window, 261.0)
    spreads = rolling_volatility(returns, window, 261.0)
    assert len(ratios) == len(spreads) == more + 1
    for first in (0, more // 2, more):
        part = returns[first : first + window]
        assert ratios[first] == pytest.approx(growth.sharpe(part, 261.0), rel=1e-12)
        assert spreads[first] == pytest.approx(growth.volatility(part, 261.0), rel=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(3, 20))
def test_each_window_has_the_mean_and_extremes_of_its_pairs_alone(seed, assets, window):
    returns = drawn(seed, window + 4, assets)
    table = rolling_correlation(returns, window, (0.0, 100.0))
    assert table.shape == (5, 3)
    pairs = correlation(returns[2 : 2 + window])[np.triu_indices(assets, 1)]
    assert table[2] == pytest.approx([pairs.mean(), pairs.min(), pairs.max()], abs=1e-12)


def test_two_assets_in_step_and_against_each_other_correlate_by_one():
    up = np.array([0.01, -0.02, 0.03, 0.01])
    assert rolling_correlation(np.column_stack([up, 2 * up]), 4, ()) == pytest.approx(1.0)
    assert rolling_correlation(np.column_stack([up, -up]), 4, ()) == pytest.approx(-1.0)


def test_an_asset_with_a_missing_day_or_without_a_move_is_left_out_of_the_window():
    returns = drawn(5, 12, 3)
    whole = rolling_correlation(returns[:, :2], 6, ())
    returns[3, 2] = np.nan
    with_gap = rolling_correlation(returns, 6, ())
    assert with_gap[:4] == pytest.approx(whole[:4])
    assert with_gap[4] != pytest.approx(whole[4])
    returns[:, 2] = 0.0
    assert rolling_correlation(returns, 6, ()) == pytest.approx(whole)


def test_a_window_without_a_pair_has_no_correlation():
    assert np.isnan(rolling_correlation(drawn(1, 9, 1), 5, (50.0,))).all()


def test_a_window_that_does_not_vary_has_no_ratio_and_no_volatility():
    flat = np.zeros(6)
    assert np.isnan(rolling_sharpe(flat, 5, 261.0)).all()
    assert rolling_volatility(flat, 5, 261.0).tolist() == [0.0, 0.0]


def test_fewer_days_than_a_window_make_no_value():
    returns = drawn(1, 4, 2)
    assert rolling_sharpe(returns[:, 0], 5, 261.0).shape == (0,)
    assert rolling_volatility(returns[:, 0], 5, 261.0).shape == (0,)
    assert rolling_correlation(returns, 5, (10.0, 90.0)).shape == (0, 3)


def test_a_window_of_one_day_is_refused():
    with pytest.raises(ValueError, match="window is 1; expected at least 2"):
        rolling_volatility(np.zeros(5), 1, 261.0)
