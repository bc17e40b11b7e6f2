"""Small portfolios to audit: hourly walks of a few assets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lockstep.config.models import AssetConfig
from lockstep.research.subject import Subject
from tests.engine.markets import UNITS, asset_configs, market, pairs_of, portfolio

TRIO = ("BTCUSD", "EURUSD", "XAUUSD")


def subject(
    symbols: Sequence[str] = TRIO,
    *,
    days: int = 70,
    seed: int = 3,
    strategy: str = "breakout",
    parameters: dict[str, Any] | None = None,
    **settings: Any,
) -> Subject:
    """Return a portfolio that is rebalanced weekly, in which one strategy trades all assets."""
    bars = market(symbols, seed, days)
    given = {"allocation": "inverse_volatility", "rebalance": "weekly", "min_history": 5}
    configs = asset_configs(symbols)
    if strategy != "breakout" or parameters is not None:
        configs = [
            AssetConfig(
                symbol=symbol,
                timeframe="1h",
                instrument=UNITS[symbol],
                strategy=strategy,
                parameters=parameters or {},
            )
            for symbol in symbols
        ]
    return Subject(configs, portfolio(**given | settings), bars, pairs_of(bars))
