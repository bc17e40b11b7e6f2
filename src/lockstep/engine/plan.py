"""Plan: everything that does not depend on the account's path, computed once and causally."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import MINUTE_NS, Array, Bars, Ints
from lockstep.core.calendar import local_hours, rollovers, trading_days
from lockstep.core.errors import ConfigError, DataError
from lockstep.core.instrument import Instrument
from lockstep.core.parameters import build
from lockstep.core.plan import (
    BAR,
    AccountTerms,
    AssetPlan,
    EntryRows,
    Records,
    RunPlan,
)
from lockstep.core.registry import risk_rules
from lockstep.core.signals import Signals
from lockstep.data.rates import Pair, pair_from_bars, rates_at
from lockstep.engine.correlation import correlation_schedule
from lockstep.engine.said import Said, said_by
from lockstep.engine.weights import Schedule
from lockstep.ledger import money, prices
from lockstep.risk.manager import in_order

_NO_CORRELATION = (np.empty((0, 0, 0)), np.empty((0, 0, 0), dtype=np.int32))


# One asset ----------------------------------------------------------------------------------


def plan_asset(
    asset: AssetConfig,
    bars: Bars,
    *,
    account_currency: str,
    pairs: Sequence[Pair],
    constants: Mapping[str, float],
    folders: Sequence[str] = (),
    said: Said | None = None,
) -> tuple[AssetPlan, tuple[str, ...]]:
    """Return the plan of one asset and its strategy's notes.

    Parameters
    ----------
    asset : AssetConfig
        Instrument, strategy and parameters.
    bars : Bars
        The asset's bars in the run's range.
    account_currency : str
        What its P&L is converted to.
    pairs, constants
        Conversion rates, as `data.rates.rates_at` takes them.
    folders : sequence of str
        Where a hand-written strategy may be imported from.
    said : Said, optional
        What the strategy said, if it has been asked (`said_by`); an empty one plans the asset
        without its strategy, which failed.

    Raises
    ------
    ConfigError, DataError
        If the strategy's parameters are wrong, or no conversion rate leads to the account.
    AssetError
        If the strategy itself fails.
    """
    unit = asset.instrument
    said = said_by(asset, bars, folders) if said is None else said
    signals, custom = said.signals, said.custom
    spread = spread_of(unit, bars.time, bars.timeframe)
    quotes_bid = unit.quote_side == "bid"
    bids = [
        prices.bid_of(price, spread, quotes_bid)
        for price in (bars.open, bars.high, bars.low, bars.close)
    ]
    moments = (bars.time, bars.time + bars.timeframe)
    rate_open, rate_close = (
        rates_at(unit.quote, account_currency, moment, pairs, constants) for moment in moments
    )
    entries, leave = spoken(signals)
    plan = AssetPlan(
        instrument=unit,
        timeframe=bars.timeframe,
        time=bars.time,
        step=np.arange(len(bars), dtype=np.int32),
        bid_open=bids[0],
        bid_high=bids[1],
        bid_low=bids[2],
        bid_close=bids[3],
        spread=spread,
        volume=bars.volume,
        rate_open=rate_open,
        rate_close=rate_close,
        nights=nights_of(unit, bars.time),
        exit=leave,
        entries=entries,
        custom=custom,
        quoted=(bars.open, bars.high, bars.low, bars.close) if custom else None,
    )
    return plan, said.notes


def spread_of(unit: Instrument, time: Ints, timeframe: int) -> Array:
    """Return the full spread of each bar, price units, shape (n_bars,).

    A table holds 24 values by hour of `unit.session_zone`; above 1h bars its mean applies.
    """
    from_table = len(unit.spread) == 24
    if not from_table:
        return np.full(len(time), unit.spread[0])
    if timeframe > 60 * MINUTE_NS:
        return np.full(len(time), sum(unit.spread) / 24.0)
    return np.asarray(unit.spread)[local_hours(time, unit.session_zone)]


def own_pairs(assets: Iterable[AssetConfig], bars: Mapping[str, Bars]) -> list[Pair]:
    """Return the FX pairs and coins of a run as conversion pairs, in the order of the assets."""
    pairs = []
    for asset in assets:
        unit, data = asset.instrument, bars[asset.symbol]
        spread = spread_of(unit, data.time, data.timeframe)
        bid = prices.bid_of(data.close, spread, unit.quote_side == "bid")
        pairs.append(pair_from_bars(unit.base, unit.quote, data, prices.mid_of(bid, spread)))
    return pairs


def nights_of(unit: Instrument, time: Ints) -> np.ndarray:
    """Return the weighted rollovers in (previous label, label] of each bar; 0 for the first."""
    nights = np.zeros(len(time), dtype=np.int32)
    if len(time) < 2:
        return nights
    instants, weekday = rollovers(int(time[0]), int(time[-1]))
    weight = [money.night_weight(int(d), unit.triple_day, unit.always_open) for d in weekday]
    total = np.concatenate([[0], np.cumsum(np.asarray(weight, dtype=np.int64))])
    passed = total[np.searchsorted(instants, time, side="right")]
    nights[1:] = np.diff(passed)
    return nights


def spoken(signals: Signals | None, first: int = 0) -> tuple[EntryRows, np.ndarray]:
    """Return what signals ask of the player: entry rows, and the mask of exits.

    Parameters
    ----------
    signals : Signals or None
        None says nothing.
    first : int
        Signals of earlier bars are left out, and bars are counted from this one.
    """
    return _entry_rows(signals, first), _exit_mask(signals, first)


def _exit_mask(signals: Signals | None, first: int) -> np.ndarray:
    if signals is None or signals.exit is None or not signals.exit[first:].any():
        return np.empty(0, dtype=np.int8)
    return np.ascontiguousarray(signals.exit[first:], dtype=np.int8)


def _entry_rows(signals: Signals | None, first: int) -> EntryRows:
    if signals is None:
        empty = np.empty(0)
        return EntryRows(
            np.empty(0, dtype=np.int32),
            np.empty(0, dtype=np.int8),
            empty,
            empty,
            empty,
            np.empty(0, dtype=np.int32),
            *([empty] * 4),
        )
    bars = first + np.flatnonzero(signals.side[first:])

    def rows(values: np.ndarray | None, missing: float) -> Array:
        if values is None:
            return np.full(len(bars), missing)
        return np.asarray(values[bars], dtype=np.float64)

    strength = np.nan_to_num(rows(signals.strength, 1.0), nan=0.0).clip(0.0, 1.0)
    off = float("nan")
    return EntryRows(
        bar=(bars - first).astype(np.int32),
        side=signals.side[bars].astype(np.int8),
        stop_distance=rows(signals.stop_distance, off),
        target_distance=rows(signals.target_distance, off),
        strength=strength,
        max_bars=rows(signals.max_bars, 0.0).astype(np.int32),
        trail_trigger=rows(signals.trail_trigger, off),
        trail_distance=rows(signals.trail_distance, off),
        be_trigger=rows(signals.be_trigger, off),
        be_offset=rows(signals.be_offset, off),
    )


# The run ------------------------------------------------------------------------------------


def terms_of(portfolio: PortfolioConfig) -> AccountTerms:
    """Return the numbers of the account from its configuration."""
    return AccountTerms(
        capital=portfolio.capital,
        currency=portfolio.currency,
        pooled=portfolio.margin == "pooled",
        reject_short_margin=portfolio.on_short_margin == "reject",
        stop_out_level=portfolio.stop_out_level,
        risk_fraction=portfolio.risk_per_trade,
        size_on_account=portfolio.size_on == "account",
        leverage_cap=portfolio.leverage_cap,
        entry_valid=round(portfolio.entry_valid_minutes * MINUTE_NS),
        ambiguous_bar=portfolio.ambiguous_bar,
        cooldown_bars=portfolio.cooldown_bars,
    )


def rules_of(portfolio: PortfolioConfig) -> tuple[tuple[str, Any], ...]:
    """Return the configured risk rules in order of precedence.

    Raises
    ------
    ConfigError
        Naming the rule and the parameter.
    """
    rules = []
    for name, given in portfolio.risk.items():
        try:
            rules.append((name, build(risk_rules.get(name), given)))
        except ConfigError as error:
            raise ConfigError(f"portfolio.risk.{name}: {error}") from error
    return in_order(rules)


def check_grid(assets: Iterable[AssetPlan]) -> None:
    """Check that all labels lie on one grid.

    Raises
    ------
    DataError
        Naming two assets whose labels do not fit together.
    """
    reference: AssetPlan | None = None
    for asset in assets:
        if len(asset) == 0:
            raise DataError(f"{asset.symbol} has no bars in the run's range.")
        reference = reference or asset
        if asset.timeframe != reference.timeframe:
            raise DataError(
                f"{reference.symbol} has bars of {reference.timeframe // MINUTE_NS} minutes, "
                f"{asset.symbol} of {asset.timeframe // MINUTE_NS}; expected one timeframe a run."
            )
        if (asset.time[0] - reference.time[0]) % asset.timeframe:
            raise DataError(
                f"labels of {asset.symbol} and {reference.symbol} do not lie on one grid: they "
                f"differ by {(asset.time[0] - reference.time[0]) % asset.timeframe / 1e9:g} s "
                "modulo the timeframe. Check the declared time zones."
            )


def has_weekend_days(assets: Iterable[AssetPlan]) -> bool:
    """Return True if a 24/7 asset makes Saturday and Sunday trading days of their own."""
    return any(asset.instrument.always_open for asset in assets)


def plan_run(
    assets: Sequence[AssetPlan],
    terms: AccountTerms,
    *,
    rules: tuple[tuple[str, Any], ...] = (),
    weekend_days: bool,
    schedule: Schedule | None = None,
) -> RunPlan:
    """Return the plan of a run: clock, trading days, weights and correlations.

    Parameters
    ----------
    assets : sequence of AssetPlan
        In any order; the plan sorts them by symbol.
    terms, rules
        The account and its rules.
    weekend_days : bool
        Whether Saturday and Sunday are trading days of their own.
    schedule : Schedule, optional
        The weights; without it the only asset holds all the capital.
    """
    assets = sorted(assets, key=lambda asset: asset.symbol)
    check_grid(assets)
    clock = union_clock([asset.time for asset in assets])
    bars, stepped = packed(assets, clock)
    day_of_step = trading_days(clock, weekend_days)
    days, day = np.unique(day_of_step, return_inverse=True)
    weights = schedule or Schedule.alone()
    steps, targets, notes = weights.on(clock, days, day)
    wanted = any(getattr(rule, "needs_correlation", False) for _, rule in rules)
    correlation, observations = _NO_CORRELATION
    if wanted and len(stepped) > 1:
        correlation, observations = correlation_schedule(stepped, day, len(days))
    elif wanted:
        correlation = np.full((len(days), 1, 1), np.nan)
        observations = np.zeros((len(days), 1, 1), dtype=np.int32)
    return RunPlan(
        assets=stepped,
        terms=terms,
        rules=rules,
        clock=clock,
        day=day.astype(np.int32),
        days=days,
        initial_weights=weights.initial,
        rebalance_steps=steps,
        weights=targets,
        weight_notes=notes,
        correlation=correlation,
        observations=observations,
        bars=bars,
    )


def replan(plan: RunPlan, terms: AccountTerms, schedule: Schedule) -> RunPlan:
    """Return the plan of the same assets under other terms and weights, sharing its arrays."""
    steps, targets, notes = schedule.on(plan.clock, plan.days, plan.day.astype(np.int64))
    return dataclasses.replace(
        plan,
        terms=terms,
        initial_weights=schedule.initial,
        rebalance_steps=steps,
        weights=targets,
        weight_notes=notes,
    )


def union_clock(labels: Sequence[Ints]) -> Ints:
    """Return the sorted union of ascending labels: `np.unique`, ten times as fast."""
    every = np.sort(np.concatenate(labels))
    return np.asarray(every[np.diff(every, prepend=every[0] - 1) != 0])


def packed(assets: Sequence[AssetPlan], clock: Ints) -> tuple[Records, tuple[AssetPlan, ...]]:
    """Return all bars as one array of records, and the assets with their columns as views of it."""
    bars = np.empty(sum(len(asset) for asset in assets), dtype=BAR)
    placed, begin = [], 0
    for asset in assets:
        own = bars[begin : begin + len(asset)]
        for name in BAR.names or ():
            if name != "step":
                own[name] = getattr(asset, name)
        own["step"] = np.searchsorted(clock, asset.time)
        columns: dict[str, Any] = {name: own[name] for name in BAR.names or ()}
        placed.append(dataclasses.replace(asset, **columns))
        begin += len(asset)
    return bars, tuple(placed)
