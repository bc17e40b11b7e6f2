"""Recursive indicators: bit for bit as backtrader's, and as TA-Lib's once its seed is forgotten."""

from __future__ import annotations

import backtrader as bt
import numpy as np
import pandas as pd
import pytest
import talib
from hypothesis import given, settings
from hypothesis import strategies as draw

from lockstep.indicators.smoothing import adx, atr, ema, rsi, true_range, wilder_mean
from tests.strategies.markets import random_bars

law = settings(max_examples=40, deadline=None, derandomize=True)
#: A market that moves from its first bar: backtrader and TA-Lib mishandle a dead start.
BARS = random_bars(seed=22, n_bars=1500, volume="all")


class Recorder(bt.Strategy):
    params = (("make", None),)

    def __init__(self) -> None:
        self.line = self.p.make(self.data)


def backtraders(make: object) -> np.ndarray:
    """Return the values of backtrader's own indicator over BARS, NaN in its warm-up."""
    frame = pd.DataFrame(
        {"open": BARS.open, "high": BARS.high, "low": BARS.low, "close": BARS.close},
        index=pd.DatetimeIndex(BARS.time),
    )
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(bt.feeds.PandasData(dataname=frame))
    cerebro.addstrategy(Recorder, make=make)
    (strategy,) = cerebro.run()
    return np.array(strategy.line.array)


def assert_same_bits(ours: np.ndarray, theirs: np.ndarray, first: int) -> None:
    assert len(ours) == len(theirs)
    assert np.isnan(ours[:first]).all()
    assert ours[first:].tobytes() == theirs[first:].tobytes()


@pytest.mark.parametrize("period", [2, 14, 37])
def test_atr_has_the_bits_of_backtraders(period: int) -> None:
    theirs = backtraders(lambda data: bt.indicators.ATR(data, period=period))
    assert_same_bits(atr(BARS.high, BARS.low, BARS.close, period), theirs, period)


@pytest.mark.parametrize("period", [14, 37])
def test_rsi_has_the_bits_of_backtraders(period: int) -> None:
    theirs = backtraders(lambda data: bt.indicators.RSI_Safe(data.close, period=period))
    assert_same_bits(rsi(BARS.close, period), theirs, period)


@pytest.mark.parametrize("period", [14, 37])
def test_adx_has_the_bits_of_backtraders(period: int) -> None:
    theirs = backtraders(lambda data: bt.indicators.ADX(data, period=period))
    assert_same_bits(adx(BARS.high, BARS.low, BARS.close, period), theirs, 2 * period - 1)


@pytest.mark.parametrize("period", [1, 14, 200])
def test_ema_has_the_bits_of_backtraders(period: int) -> None:
    theirs = backtraders(lambda data: bt.indicators.EMA(data.close, period=period))
    assert_same_bits(ema(BARS.close, period), theirs, period - 1)


def test_values_agree_with_talib_to_rounding() -> None:
    high, low, close = BARS.high, BARS.low, BARS.close
    close_to = {"rtol": 0, "atol": 1e-10}
    np.testing.assert_allclose(ema(close, 20), talib.EMA(close, 20), **close_to)
    np.testing.assert_allclose(rsi(close, 14), talib.RSI(close, 14), **close_to)
    np.testing.assert_allclose(
        atr(high, low, close, 14), talib.ATR(high, low, close, 14), **close_to
    )
    np.testing.assert_allclose(
        true_range(high, low, close), talib.TRANGE(high, low, close), **close_to
    )


def test_adx_agrees_with_talib_once_the_seed_is_forgotten() -> None:
    # TA-Lib seeds the smoothed movements with one value fewer and forgets it by 13/14 a bar.
    ours = adx(BARS.high, BARS.low, BARS.close, 14)
    theirs = talib.ADX(BARS.high, BARS.low, BARS.close, 14)
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(theirs))
    np.testing.assert_allclose(ours[500:], theirs[500:], rtol=0, atol=1e-10)


def test_rsi_by_hand() -> None:
    # Changes +1 -1 | +2: gains (1+0)/2 = 0.5, then 0.5/2 + 2/2 = 1.25; losses 0.5, then 0.25.
    values = rsi(np.array([10.0, 11.0, 10.0, 12.0]), 2)
    np.testing.assert_array_equal(values, [np.nan, np.nan, 50.0, 100 - 100 / 6])


def test_rsi_of_a_market_that_only_rises_is_100_and_of_a_dead_one_50() -> None:
    assert rsi(np.arange(1.0, 30.0), 14)[-1] == 100.0
    assert rsi(np.full(30, 5.0), 14)[-1] == 50.0
    assert rsi(np.arange(30.0, 1.0, -1.0), 14)[-1] == 0.0


def test_true_range_reaches_over_a_gap() -> None:
    high, low, close = np.array([5.0, 9.0]), np.array([4.0, 8.0]), np.array([4.5, 8.5])
    np.testing.assert_array_equal(true_range(high, low, close), [np.nan, 4.5])


def test_atr_by_hand() -> None:
    high, low = np.array([2.0, 3.0, 4.0, 8.0]), np.array([1.0, 1.0, 2.0, 4.0])
    values = atr(high, low, low.copy(), 2)  # ranges 2, 3 | 6: seed 2.5, then 2.5/2 + 6/2
    np.testing.assert_array_equal(values, [np.nan, np.nan, 2.5, 4.25])


def test_adx_of_a_steady_trend_is_100_and_of_a_dead_market_0() -> None:
    climb = np.arange(1.0, 60.0)
    assert adx(climb + 0.5, climb - 0.5, climb, 14)[-1] == 100.0
    dead = np.full(60, 3.0)
    assert adx(dead, dead, dead, 14)[-1] == 0.0


def test_leading_missing_values_delay_the_seed() -> None:
    values = np.array([np.nan, np.nan, 1.0, 3.0, 8.0])
    np.testing.assert_array_equal(wilder_mean(values, 2), [np.nan] * 3 + [2.0, 5.0])


@law
@given(
    seed=draw.integers(0, 10_000),
    n_bars=draw.integers(0, 120),
    period=draw.integers(1, 30),
    data=draw.data(),
)
def test_cutting_the_bars_changes_no_bit_before_the_cut(
    seed: int, n_bars: int, period: int, data: draw.DataObject
) -> None:
    bars = random_bars(seed=seed, n_bars=n_bars, wild=50.0)
    cut = data.draw(draw.integers(0, n_bars))
    for indicator in (ema, wilder_mean, rsi):
        part = indicator(bars.close[:cut], period)
        assert part.tobytes() == indicator(bars.close, period)[:cut].tobytes()
    columns = (bars.high, bars.low, bars.close)
    for ranged in (atr, adx):
        part = ranged(*(column[:cut] for column in columns), period)
        assert part.tobytes() == ranged(*columns, period)[:cut].tobytes()


@pytest.mark.parametrize("indicator", [ema, wilder_mean, rsi])
def test_a_period_of_no_bars_is_refused(indicator: object) -> None:
    with pytest.raises(ValueError, match="period is 0; expected at least 1 bar"):
        indicator(np.ones(5), 0)


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(ValueError, match="expected one value per bar"):
        atr(np.ones(3), np.ones(2), np.ones(3), 1)


def test_read_only_and_strided_input_give_the_same_bits() -> None:
    close = BARS.close.copy()
    close.flags.writeable = False
    strided = np.repeat(BARS.close, 2)[::2]
    assert ema(close, 9).tobytes() == ema(strided, 9).tobytes() == ema(BARS.close, 9).tobytes()
