"""W: fifteen currency pairs, Bollinger and RSI mean reversion with ATR stop and target.

The same work is written for every peer: entry at the next open, stop 1.5 ATR and target 2 ATR live
from the entry bar, stop first, 1 % of 100,000 at risk but at most 30 times the equity, half a
basis point a side, one position an asset. Prices revert mildly, so that W about breaks even; its
profit says nothing about markets.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from bench import ALL_RULES
from lockstep.config.models import PortfolioConfig
from lockstep.core.bars import MINUTE_NS
from lockstep.core.instrument import Instrument
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.signals import Signals
from lockstep.engine.plan import _entry_rows, nights_of, plan_run, rules_of, spread_of, terms_of
from lockstep.engine.weights import Schedule
from lockstep.indicators.rolling import bollinger
from lockstep.indicators.smoothing import atr, rsi

LEVELS = (1.10, 1.27, 0.66, 0.61, 1.35, 0.88, 0.86, 0.95, 1.63, 1.92, 1.08, 0.90, 1.48, 1.61, 1.88)
START = 1_420_070_400_000_000_000  # Thursday 2015-01-01


def prices(n_assets: int, n_bars: int) -> np.ndarray:
    """Return open, high, low, close, shape (n_assets, 4, n_bars)."""
    from scipy.signal import lfilter

    columns = np.empty((n_assets, 4, n_bars))
    for asset in range(n_assets):
        random = np.random.default_rng([17, asset])
        volatility = 0.0003 * np.exp(lfilter([0.02], [1, -0.998], random.standard_normal(n_bars)))
        lasting = np.cumsum(0.8 * volatility * random.standard_normal(n_bars))
        passing = lfilter([1], [1, -0.944], 0.6 * volatility * random.standard_normal(n_bars))
        close = lasting + passing
        opening = np.concatenate([[0.0], close[:-1]])
        reach = volatility * np.abs(random.standard_normal((2, n_bars)))
        high = np.maximum(opening, close) + reach[0]
        low = np.minimum(opening, close) - reach[1]
        columns[asset] = LEVELS[asset % 15] * np.exp(np.stack([opening, high, low, close]))
    return columns


def signals(columns: np.ndarray) -> Signals:
    """Return W's signals of one asset from its (4, n_bars) prices."""
    _, high, low, close = columns
    band, strength, reach = bollinger(close, 20, 2.0), rsi(close, 14), atr(high, low, close, 14)
    long = (close < band.lower) & (strength < 30.0)
    short = (close > band.upper) & (strength > 70.0)
    side = long.astype(np.int8) - short.astype(np.int8)
    return Signals(side=side, stop_distance=1.5 * reach, target_distance=2.0 * reach)


def plan(columns: np.ndarray, rules: dict[str, Any] | None = None) -> RunPlan:
    """Return the plan of W: 100,000 an asset, each in a sleeve of its own, all rules loose."""
    n_assets, _, n_bars = columns.shape
    time = START + np.arange(n_bars) * 5 * MINUTE_NS
    assets = []
    for index in range(n_assets):
        unit = Instrument(
            f"W{index:03}",
            "fx",
            f"A{index:02}",
            "USD",
            1.0,
            1 / 500,
            lot_step=1e-6,
            min_lot=1e-6,
            max_lot=1e12,
            commission_rate=0.00005,
        )
        opening, high, low, close = (np.ascontiguousarray(row) for row in columns[index])
        ones = np.ones(n_bars)
        assets.append(
            AssetPlan(
                unit,
                5 * MINUTE_NS,
                time,
                np.arange(n_bars, dtype=np.int32),
                opening,
                high,
                low,
                close,
                spread_of(unit, time, 5 * MINUTE_NS),
                np.zeros(n_bars),
                ones,
                ones,
                nights_of(unit, time),
                np.empty(0, dtype=np.int8),
                _entry_rows(signals(columns[index])),
            )
        )
    chosen = PortfolioConfig(
        capital=100_000.0 * n_assets,
        leverage_cap=30.0,
        risk=ALL_RULES if rules is None else rules,
    )
    share = np.full(n_assets, 1 / n_assets)
    return plan_run(
        assets,
        terms_of(chosen),
        rules=rules_of(chosen),
        weekend_days=True,
        schedule=Schedule(share, np.empty(0, dtype=np.int64), np.empty((0, n_assets))),
    )


def saved(n_assets: int, n_bars: int) -> tuple[Path, np.ndarray]:
    """Return prices, and the file in which a peer's own Python finds them."""
    import tempfile

    columns = prices(n_assets, n_bars)
    path = Path(tempfile.gettempdir()) / f"lockstep-w-{n_assets}-{n_bars}.npy"
    np.save(path, columns)
    return path, columns
