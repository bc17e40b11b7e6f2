"""Bars for tests of strategies: drawn at random, or written by hand."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import MINUTE_NS, TIMEFRAMES, Bars

MONDAY = 1_483_315_200_000_000_000  # 2017-01-02 00:00 UTC, ns


def random_bars(
    seed: int, n_bars: int, timeframe: str = "5m", volume: str = "some", wild: float = 1.0
) -> Bars:
    """Return a seeded random walk with gaps in time, jumps and flat stretches.

    `volume` is 'all', 'some' (a third of the bars have none) or 'none'.
    """
    rng = np.random.default_rng(seed)
    length = TIMEFRAMES[timeframe]
    steps = np.where(rng.random(n_bars) < 0.02, rng.integers(2, 300, n_bars), 1)
    shocks = rng.normal(0.0, 1e-4 * wild, n_bars) * np.where(rng.random(n_bars) < 0.01, 8.0, 1.0)
    flat = np.repeat(rng.random(n_bars // 25 + 1) < 0.1, 25)[:n_bars]
    shocks[flat] = 0.0
    close = np.round(1.1 * np.exp(np.cumsum(shocks)), 5)
    opened = np.concatenate(([1.1], close[:-1]))[:n_bars]
    reach = np.where(flat, 0.0, np.abs(rng.normal(0.0, 5e-5, (2, n_bars))))
    high = np.round(np.maximum(opened, close) + reach[0], 5)
    low = np.round(np.minimum(opened, close) - reach[1], 5)
    traded = rng.integers(1, 500, n_bars).astype(float)
    if volume == "some":
        traded[rng.random(n_bars) < 1 / 3] = 0.0
    elif volume == "none":
        traded[:] = 0.0
    time = MONDAY + length * np.cumsum(steps).astype(np.int64)
    return Bars("EURUSD", length, time, opened, high, low, close, traded)


def bars_of(close: list[float], reach: float = 0.0, minutes: int = 5, start: int = MONDAY) -> Bars:
    """Return bars with the given closes; each opens at its close and reaches `reach` each way."""
    prices = np.array(close, dtype=np.float64)
    length = minutes * MINUTE_NS
    time = start + length * np.arange(len(prices), dtype=np.int64)
    return Bars(
        symbol="EURUSD",
        timeframe=length,
        time=time,
        open=prices.copy(),
        high=prices + reach,
        low=prices - reach,
        close=prices,
        volume=np.zeros(len(prices)),
    )
