"""Windowed indicators: values by hand, independent oracles, and no look ahead."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as draw

from lockstep.indicators.rolling import (
    bollinger,
    donchian,
    moments,
    percent_rank,
    rolling_std,
    sma,
)

law = settings(max_examples=40, deadline=None, derandomize=True)
series = draw.lists(draw.floats(0.5, 2e4), max_size=60).map(np.array)


def walk(n: int = 3000, seed: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.round(1.1 * np.exp(np.cumsum(rng.normal(0, 3e-4, n))), 5)


def test_mean_and_deviation_by_hand() -> None:
    mean, std = moments(np.array([2.0, 4.0, 4.0, 4.0, 5.0, 5.0, 7.0, 9.0]), 8)
    assert np.isnan(mean[:7]).all()
    assert (mean[7], std[7]) == (5.0, 2.0)


def test_the_mean_moves_with_its_window() -> None:
    np.testing.assert_array_equal(sma(np.array([1.0, 3.0, 8.0]), 2), [np.nan, 2.0, 5.5])


def test_a_flat_window_has_exactly_its_price_and_no_deviation() -> None:
    flat = np.full(100, 1.10007)
    mean, std = moments(flat, 49)
    assert (mean[48:] == 1.10007).all()
    assert (std[48:] == 0.0).all()


def test_a_small_deviation_at_a_large_price_does_not_cancel() -> None:
    values = 1e9 + np.array([0.0, 1.0] * 10)
    assert rolling_std(values, 20)[-1] == 0.5


def test_values_agree_with_talib() -> None:
    close = walk()
    upper, middle, lower = talib.BBANDS(close, timeperiod=20, nbdevup=2, nbdevdn=2)
    bands = bollinger(close, 20, 2.0)
    np.testing.assert_allclose(bands.middle, middle, rtol=0, atol=1e-10)
    # TA-Lib takes the variance as E[x^2] - E[x]^2, which leaves an error near 1e-8 in its root.
    np.testing.assert_allclose(bands.upper, upper, rtol=0, atol=1e-7)
    np.testing.assert_allclose(bands.lower, lower, rtol=0, atol=1e-7)


def test_deviations_agree_with_numpy_window_by_window() -> None:
    close = walk(500)
    windows = np.lib.stride_tricks.sliding_window_view(close, 33)
    mean, std = moments(close, 33)
    np.testing.assert_allclose(mean[32:], windows.mean(axis=1), rtol=1e-14)
    np.testing.assert_allclose(std[32:], windows.std(axis=1), rtol=1e-9)


def test_a_missing_value_is_missing_as_long_as_it_is_in_the_window() -> None:
    values = np.array([1.0, 2.0, np.nan, 4.0, 6.0, 8.0])
    np.testing.assert_array_equal(sma(values, 2), [np.nan, 1.5, np.nan, np.nan, 5.0, 7.0])
    np.testing.assert_array_equal(percent_rank(values, 2), [np.nan, 1, np.nan, np.nan, 1, 1])
    upper = donchian(values, values, 2).upper
    np.testing.assert_array_equal(upper, [np.nan, np.nan, 2.0, np.nan, np.nan, 6.0])


def test_rank_counts_the_lower_values_and_half_of_the_equal_ones() -> None:
    rank = percent_rank(np.array([1.0, 2.0, 3.0, 4.0, 3.0]), 5)
    assert rank[4] == 2.5 / 4  # 1 and 2 below, one equal 3, 4 above
    assert percent_rank(np.full(10, 7.0), 5)[-1] == 0.5
    assert percent_rank(np.arange(10.0), 5)[-1] == 1.0
    assert percent_rank(-np.arange(10.0), 5)[-1] == 0.0


def test_rank_agrees_with_pandas() -> None:
    values = np.round(walk(800), 3)  # rounded, so that there are ties
    expected = (pd.Series(values).rolling(50).rank() - 1) / 49
    np.testing.assert_allclose(percent_rank(values, 50), expected, rtol=1e-14)


def test_the_channel_leaves_the_current_bar_out() -> None:
    lower, upper = donchian(np.array([3.0, 5, 4, 9, 2]), np.array([1.0, 2, 0, 8, 1]), 2)
    np.testing.assert_array_equal(upper, [np.nan, np.nan, 5, 5, 9])
    np.testing.assert_array_equal(lower, [np.nan, np.nan, 1, 0, 0])


def test_the_channel_agrees_with_talib_a_bar_later() -> None:
    high, low = walk(seed=1) + 0.001, walk(seed=1) - 0.001
    lower, upper = donchian(high, low, 48)
    np.testing.assert_array_equal(upper[1:], talib.MAX(high, 48)[:-1])
    np.testing.assert_array_equal(lower[1:], talib.MIN(low, 48)[:-1])


@law
@given(values=series, period=draw.integers(2, 20), data=draw.data())
def test_cutting_the_series_changes_no_bit_before_the_cut(
    values: np.ndarray, period: int, data: draw.DataObject
) -> None:
    cut = data.draw(draw.integers(0, len(values)))
    short = values[:cut]
    whole = (*moments(values, period), percent_rank(values, period))
    part = (*moments(short, period), percent_rank(short, period))
    whole += tuple(donchian(values, values, period))
    part += tuple(donchian(short, short, period))
    for before, after in zip(part, whole):
        assert before.tobytes() == after[:cut].tobytes()


@law
@given(values=series, period=draw.integers(2, 20), data=draw.data())
def test_a_window_does_not_know_what_came_before_it(
    values: np.ndarray, period: int, data: draw.DataObject
) -> None:
    start = data.draw(draw.integers(0, len(values)))
    late = moments(values[start:].copy(), period)
    for tail, whole in zip(late, moments(values, period)):
        assert tail[period - 1 :].tobytes() == whole[start:][period - 1 :].tobytes()


def test_long_series_cross_the_blocks_without_a_seam() -> None:
    close = walk(3 * 512 + 17)
    whole = moments(close, 20)
    for cut in (511, 512, 531, 532, 1043, 1100):
        for before, after in zip(moments(close[:cut], 20), whole):
            assert before.tobytes() == after[:cut].tobytes()


@pytest.mark.parametrize("length", [0, 1, 4])
def test_a_series_shorter_than_the_window_is_all_missing(length: int) -> None:
    values = np.ones(length)
    results = (*moments(values, 5), percent_rank(values, 5), *donchian(values, values, 5))
    assert all(r.shape == (length,) and np.isnan(r).all() for r in results)


def test_a_period_of_no_bars_is_refused() -> None:
    with pytest.raises(ValueError, match="period is 0; expected at least 1 bar"):
        sma(np.ones(3), 0)
    with pytest.raises(ValueError, match="period is 1; expected at least 2 bars to rank"):
        percent_rank(np.ones(3), 1)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match=r"shapes \[\(2,\), \(3,\)\]; expected one value per bar"):
        donchian(np.ones(3), np.ones(2), 1)
