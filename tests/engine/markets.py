"""Random-walk markets of several assets: calendars, currencies and costs as a broker has them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Bars, Ints
from lockstep.core.calendar import HOUR_NS, NEW_YORK
from lockstep.core.instrument import Instrument
from lockstep.core.plan import AssetPlan
from lockstep.data.rates import Pair, pair_from_bars
from lockstep.engine.plan import plan_asset
from tests.kit import entry_rows

#: Monday 2025-02-24 00:00 UTC: two weeks before New York's clocks change.
MONDAY = 1_740_355_200_000_000_000

_FX: dict[str, Any] = {
    "asset_class": "fx",
    "contract_size": 100_000.0,
    "margin_rate": 1 / 30,
    "spread": (0.0001,),
    "slippage": 0.00002,
    "commission_per_lot": 3.5,
    "swap_long": -0.02,
    "swap_short": 0.005,
}
_YEN = {"spread": (0.012,), "slippage": 0.002, "point": 0.001}

UNITS = {
    unit.symbol: unit
    for unit in (
        Instrument(
            symbol="BTCUSD",
            asset_class="crypto",
            base="BTC",
            quote="USD",
            contract_size=1.0,
            margin_rate=0.5,
            quote_side="last",
            spread=(20.0,),
            slippage_bps=1.0,
            commission_rate=0.0005,
            swap_long=-0.15,
            swap_short=-0.05,
            swap_basis=365.0,
            triple_day=-1,
            always_open=True,
        ),
        Instrument(symbol="EURGBP", base="EUR", quote="GBP", **_FX),
        Instrument(
            symbol="EURUSD",
            base="EUR",
            quote="USD",
            **_FX | {"spread": tuple(0.00008 + 0.00001 * (h % 5) for h in range(24))},
        ),
        Instrument(symbol="GBPUSD", base="GBP", quote="USD", **_FX),
        Instrument(symbol="USDJPY", base="USD", quote="JPY", **_FX | _YEN),
        Instrument(
            symbol="XAUUSD",
            asset_class="metal",
            base="XAU",
            quote="USD",
            contract_size=100.0,
            margin_rate=0.05,
            quote_side="mid",
            spread=(0.3,),
            slippage=0.05,
            swap_unit="points",
            swap_long=-12.0,
            swap_short=4.0,
            point=0.01,
        ),
    )
}
#: First price, and the standard deviation of an hourly log return.
_WALKS = {
    "BTCUSD": (60_000.0, 0.006),
    "EURGBP": (0.85, 0.0008),
    "EURUSD": (1.1, 0.001),
    "GBPUSD": (1.3, 0.0011),
    "USDJPY": (150.0, 0.0011),
    "XAUUSD": (2_000.0, 0.002),
}
SYMBOLS = tuple(UNITS)


def labels(unit: Instrument, start: int, end: int, timeframe: int = HOUR_NS) -> Ints:
    """Return the labels at which a market is open: all, or the New York week (metals: breaks)."""
    every = np.arange(start, end, timeframe, dtype=np.int64)
    if unit.always_open:
        return every
    local = pd.DatetimeIndex(every).tz_localize("UTC").tz_convert(NEW_YORK)
    weekday, hour = np.asarray(local.day_of_week), np.asarray(local.hour)
    shut = (weekday == 5) | ((weekday == 4) & (hour >= 17)) | ((weekday == 6) & (hour < 17))
    if unit.asset_class == "metal":
        shut |= hour == 17
    return every[~shut]


def random_bars(
    symbol: str, seed: int, days: int, *, timeframe: int = HOUR_NS, start: int = MONDAY
) -> Bars:
    """Return a seeded walk of one of `UNITS` over calendar days, with jumps between its bars."""
    unit, (price, sigma) = UNITS[symbol], _WALKS[symbol]
    rng = np.random.default_rng([seed, sorted(UNITS).index(symbol)])
    time = labels(unit, start, start + days * 24 * HOUR_NS, timeframe)
    n = len(time)
    scale = sigma * np.sqrt(timeframe / HOUR_NS)
    shocks = rng.normal(0.0, scale / 2, (n, 5)) * np.where(rng.random((n, 1)) < 0.02, 4.0, 1.0)
    path = price * np.exp(np.cumsum(shocks.ravel())).reshape(n, 5)
    path = np.round(path / unit.tick) * unit.tick
    columns = (path[:, 0], path.max(axis=1), path.min(axis=1), path[:, -1])
    volume = rng.integers(1, 100, n).astype(float)
    return Bars(symbol, timeframe, time, *(c.copy() for c in columns), volume)


def market(
    symbols: Sequence[str], seed: int, days: int, *, timeframe: int = HOUR_NS
) -> dict[str, Bars]:
    """Return the bars of several assets on one grid."""
    return {symbol: random_bars(symbol, seed, days, timeframe=timeframe) for symbol in symbols}


def pairs_of(bars: dict[str, Bars]) -> tuple[Pair, ...]:
    """Return the conversion pairs that the bars of a market give."""
    return tuple(pair_from_bars(UNITS[s].base, UNITS[s].quote, data) for s, data in bars.items())


def asset_configs(symbols: Sequence[str], **parameters: Any) -> list[AssetConfig]:
    """Return the configuration of assets that follow hourly breakouts."""
    given = {"entry_period": 12, "exit_period": 6, "atr_period": 10} | parameters
    return [
        AssetConfig(
            symbol=symbol,
            timeframe="1h",
            instrument=UNITS[symbol],
            strategy="breakout",
            parameters=given,
        )
        for symbol in symbols
    ]


def portfolio(**given: Any) -> PortfolioConfig:
    """Return a portfolio configuration of hourly bars without a cap on weights."""
    return PortfolioConfig(**{"timeframe": "1h", "max_asset_weight": 1.0} | given)


def random_entries(bars: Bars, seed: int, *, every: int = 8) -> list[dict[str, Any]]:
    """Return a stream of entries with random sides, distances, strengths, exits and trailing."""
    sigma = _WALKS[bars.symbol][1]
    rng = np.random.default_rng([seed, 1, sorted(UNITS).index(bars.symbol)])
    entries = []
    for bar in np.flatnonzero(rng.random(len(bars)) < 1 / every):
        stop = float(bars.close[bar]) * sigma * rng.uniform(1.0, 6.0)
        entry: dict[str, Any] = {
            "bar": int(bar),
            "side": int(rng.choice([-1, 1])),
            "stop": float("nan") if rng.random() < 0.03 else stop,
            "strength": float(rng.choice([0.0, 0.5, 1.0, rng.random()])),
        }
        if rng.random() < 0.6:
            entry["target"] = stop * rng.uniform(0.5, 2.0)
        if "target" not in entry or rng.random() < 0.3:
            entry["max_bars"] = int(rng.integers(1, 30))
        if rng.random() < 0.3:
            entry |= {"trail_trigger": stop / 2, "trail_distance": stop / 2}
        if rng.random() < 0.3:
            entry |= {"be_trigger": stop / 3, "be_offset": stop / 10}
        entries.append(entry)
    return entries


def random_assets(
    bars: dict[str, Bars],
    seed: int,
    *,
    every: int = 8,
    pairs: Sequence[Pair] = (),
    currency: str = "USD",
) -> list[AssetPlan]:
    """Return the plans of a market whose entries and exits are random streams."""
    known = (*pairs_of(bars), *pairs)
    plans = []
    for config in asset_configs(sorted(bars)):
        data = bars[config.symbol]
        plan, _ = plan_asset(config, data, account_currency=currency, pairs=known, constants={})
        rng = np.random.default_rng([seed, 2, sorted(UNITS).index(config.symbol)])
        leave = np.where(rng.random(len(data)) < 0.03, rng.integers(1, 4, len(data)), 0)
        plans.append(
            dataclasses.replace(
                plan,
                entries=entry_rows(random_entries(data, seed, every=every)),
                exit=leave.astype(np.int8),
            )
        )
    return plans
