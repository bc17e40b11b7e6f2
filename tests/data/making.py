"""Small bars for the tests of this room."""

import numpy as np

from lockstep.core.bars import TIMEFRAMES, Bars


def ns(text):
    """Return a UTC time in ns."""
    return int(np.datetime64(text, "ns").astype(np.int64))


def make_bars(count=48, start="2024-03-04T00:00", timeframe="5m", symbol="EURUSD", seed=0):
    """Return well-formed bars without gaps, prices near 1.1 with awkward decimals."""
    length = TIMEFRAMES[timeframe]
    random = np.random.default_rng(seed)
    path = 1.1 * np.exp(np.cumsum(random.normal(0, 1e-4, (count, 4)).ravel())).reshape(count, 4)
    return Bars(
        symbol=symbol,
        timeframe=length,
        time=ns(start) + length * np.arange(count, dtype=np.int64),
        open=path[:, 0].copy(),
        high=path.max(axis=1),
        low=path.min(axis=1),
        close=path[:, -1].copy(),
        volume=np.floor(random.uniform(1, 500, count)),
    )
