"""Small worlds for tests: instruments, bars written by hand, plans with given signals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lockstep.core.bars import MINUTE_NS, Bars
from lockstep.core.instrument import Instrument
from lockstep.core.plan import AccountTerms, AssetPlan, EntryRows, RunPlan
from lockstep.engine.cerebro.player import play
from lockstep.engine.identities import check_identities
from lockstep.engine.plan import nights_of, plan_run, spread_of
from lockstep.engine.played import Played
from lockstep.engine.weights import Schedule
from lockstep.ledger.prices import bid_of

FIVE_MINUTES = 5 * MINUTE_NS
#: Wednesday 2025-01-15 00:00 UTC.
START = 1_736_899_200_000_000_000
NAN = float("nan")


def unit(symbol: str = "EURUSD", **changes: Any) -> Instrument:
    """Return an FX instrument without costs: 100,000 a lot, margin 1:30, quoted on the bid."""
    base: dict[str, Any] = {
        "symbol": symbol,
        "asset_class": "fx",
        "base": symbol[:3],
        "quote": symbol[3:6],
        "contract_size": 100_000.0,
        "margin_rate": 1 / 30,
    }
    return Instrument(**(base | changes))


def make_bars(
    symbol: str,
    rows: Sequence[tuple[float, float, float, float]],
    *,
    start: int = START,
    timeframe: int = FIVE_MINUTES,
    labels: Sequence[int] | None = None,
) -> Bars:
    """Return bars from (open, high, low, close) rows; `labels` are bar numbers, with gaps."""
    prices = np.asarray(rows, dtype=np.float64)
    numbers = np.arange(len(rows)) if labels is None else np.asarray(labels)
    time = start + numbers.astype(np.int64) * timeframe
    columns = [np.ascontiguousarray(prices[:, i]) for i in range(4)]
    return Bars(symbol, timeframe, time, *columns, np.zeros(len(rows)))


def flat_rows(price: float, count: int) -> list[tuple[float, float, float, float]]:
    """Return rows of an unmoving price."""
    return [(price, price, price, price)] * count


def entry_rows(entries: Sequence[Mapping[str, Any]]) -> EntryRows:
    """Return entry rows from dicts with bar, side, stop and optional fields of EntryRows."""
    entries = sorted(entries, key=lambda e: e["bar"])

    def column(name: str, missing: float) -> np.ndarray:
        return np.array([float(e.get(name, missing)) for e in entries])

    return EntryRows(
        bar=column("bar", 0).astype(np.int32),
        side=column("side", 1).astype(np.int8),
        stop_distance=column("stop", NAN),
        target_distance=column("target", NAN),
        strength=column("strength", 1.0),
        max_bars=column("max_bars", 0).astype(np.int32),
        trail_trigger=column("trail_trigger", NAN),
        trail_distance=column("trail_distance", NAN),
        be_trigger=column("be_trigger", NAN),
        be_offset=column("be_offset", NAN),
    )


def asset(
    instrument: Instrument,
    bars: Bars,
    entries: Sequence[Mapping[str, Any]] = (),
    *,
    exits: Mapping[int, int] | None = None,
    rate: float | np.ndarray = 1.0,
    rate_close: float | np.ndarray | None = None,
) -> AssetPlan:
    """Return the plan of one asset whose signals are given.

    `rate` is the conversion rate at the open (and the close unless `rate_close` is given).
    """
    n = len(bars)
    spread = spread_of(instrument, bars.time, bars.timeframe)
    quotes_bid = instrument.quote_side == "bid"
    bids = [bid_of(p, spread, quotes_bid) for p in (bars.open, bars.high, bars.low, bars.close)]
    mask = np.zeros(n if exits else 0, dtype=np.int8)
    for bar, bits in (exits or {}).items():
        mask[bar] = bits
    at_close = rate if rate_close is None else rate_close
    return AssetPlan(
        instrument,
        bars.timeframe,
        bars.time,
        np.arange(n, dtype=np.int32),
        *bids,
        spread,
        bars.volume,
        np.broadcast_to(np.asarray(rate, dtype=np.float64), n).copy(),
        np.broadcast_to(np.asarray(at_close, dtype=np.float64), n).copy(),
        nights_of(instrument, bars.time),
        mask,
        entry_rows(entries),
    )


def plan_of(
    *assets: AssetPlan,
    rules: tuple[tuple[str, Any], ...] = (),
    weights: Sequence[float] | None = None,
    rebalances: Mapping[int, Sequence[float]] | None = None,
    weekend_days: bool = False,
    **terms: Any,
) -> RunPlan:
    """Return a run plan: equal initial weights unless given, in the order of sorted symbols.

    `rebalances` maps a trading day (days since 1970) to the weights of its first step.
    """
    initial = np.full(len(assets), 1 / len(assets)) if weights is None else np.asarray(weights)
    rebalances = rebalances or {}
    schedule = Schedule(
        np.asarray(initial, dtype=np.float64),
        np.array(sorted(rebalances), dtype=np.int64),
        np.array([rebalances[d] for d in sorted(rebalances)]).reshape(-1, len(assets)),
    )
    return plan_run(
        assets, AccountTerms(**terms), rules=rules, weekend_days=weekend_days, schedule=schedule
    )


def play_checked(plan: RunPlan, **options: Any) -> Played:
    """Play a plan and check every identity."""
    played = play(plan, **options)
    check_identities(plan, played)
    return played
