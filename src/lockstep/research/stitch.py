"""Stitch: what was chosen in each window, played out of sample in one continuous account."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lockstep.allocation._schedule import allocate
from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.calendar import DAY_NS, periods, trading_days
from lockstep.core.codes import CODE
from lockstep.core.parameters import build
from lockstep.core.plan import AssetPlan, EntryRows, RunPlan
from lockstep.core.protocols import Strategy
from lockstep.core.registry import allocation, strategies
from lockstep.core.trial import Trial
from lockstep.data.rates import Pair
from lockstep.engine.correlation import correlation_schedule
from lockstep.engine.plan import (
    packed,
    plan_asset,
    plan_run,
    rules_of,
    spoken,
    terms_of,
    union_clock,
)
from lockstep.engine.said import Said
from lockstep.engine.weights import Note, Schedule
from lockstep.research.windows import Window

#: Days before the first window from which correlations are known: 60 common ones, and holidays.
_KNOWN_BEFORE = 120 * DAY_NS


@dataclass(frozen=True, slots=True)
class Choice:
    """What trades in one window.

    Parameters
    ----------
    window : Window
        When.
    parameters : mapping of str to mapping
        The searched parameters of each asset that trades.
    weights : ndarray, shape (n_assets,)
        Sleeve targets, fractions of equity; 0 for assets that do not trade.
    notes : tuple
        (asset index or -1, name of a decision code, before, after, sentence) of the allocation.
    """

    window: Window
    parameters: Mapping[str, Mapping[str, Any]]
    weights: Array
    notes: tuple[tuple[int, str, float, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Stitcher:
    """Turns choices into one plan: entries, exits and weights of each window, one account.

    Parameters
    ----------
    assets : sequence of AssetConfig
        Sorted by symbol.
    portfolio : PortfolioConfig
        The account and its rules.
    bars : mapping of str to Bars
        From the beginning of the data: what lies before a window warms indicators up.
    pairs : sequence of Pair
        Conversion pairs, those of the assets included.
    weekend_days : bool
        Whether Saturday and Sunday are trading days of their own.
    rules : bool
        False drops the portfolio rules.
    """

    assets: Sequence[AssetConfig]
    portfolio: PortfolioConfig
    bars: Mapping[str, Bars]
    pairs: Sequence[Pair] = field(default_factory=tuple)
    weekend_days: bool = False
    rules: bool = True

    @property
    def symbols(self) -> tuple[str, ...]:
        """The assets' names, sorted."""
        return tuple(asset.symbol for asset in self.assets)

    def plan(self, choices: Sequence[Choice]) -> RunPlan:
        """Return the plan of the span of some windows, in the order of time.

        The assets that trade in none of them are left out, unless none ever trades. Positions that
        are open at the end of a window stay, under their own stops, targets and time exits.
        """
        keep = [i for i, s in enumerate(self.symbols) if any(s in c.parameters for c in choices)]
        keep = [i for i in keep or range(len(self.assets)) if self._has_bars(i, choices)]
        plans = [self.asset_plan(self.assets[i], choices) for i in keep]
        rules = rules_of(self.portfolio) if self.rules else ()
        run = plan_run(
            plans,
            terms_of(self.portfolio),
            weekend_days=self.weekend_days,
            schedule=self._schedule(plans, choices).only(keep),
        )
        run = dataclasses.replace(run, rules=rules)
        return self._with_correlations(run, choices[0].window.begin)

    def alone(self, symbol: str, choices: Sequence[Choice]) -> RunPlan:
        """Return the plan of one asset with the full capital, without portfolio rules."""
        asset = self.assets[self.symbols.index(symbol)]
        plan = self.asset_plan(asset, choices)
        return plan_run([plan], terms_of(self.portfolio), weekend_days=self.weekend_days)

    def asset_plan(self, asset: AssetConfig, choices: Sequence[Choice]) -> AssetPlan:
        """Return one asset's bars, costs and rates over all windows, and what it says in each."""
        bars = self.bars[asset.symbol]
        begin, end = choices[0].window.begin, choices[-1].window.end
        quiet, _ = plan_asset(
            asset,
            bars.between(begin, end),
            account_currency=self.portfolio.currency,
            pairs=self.pairs,
            constants=self.portfolio.conversion,
            said=Said(),
        )
        entries, leave = said_in_turn(asset, bars, choices, len(quiet))
        return dataclasses.replace(quiet, entries=entries, exit=leave)

    def _has_bars(self, index: int, choices: Sequence[Choice]) -> bool:
        time = self.bars[self.symbols[index]].time
        limits = [choices[0].window.begin, choices[-1].window.end]
        first, last = np.searchsorted(time, limits)
        return bool(last > first)

    def _schedule(self, plans: Sequence[AssetPlan], choices: Sequence[Choice]) -> Schedule:
        """Return the weights: each window's at its beginning and at every rebalance within it."""
        clock = union_clock([plan.time for plan in plans])
        days = np.unique(trading_days(clock, self.weekend_days))
        begins = np.array([choice.window.begin for choice in choices], dtype=np.int64)
        begin_days = trading_days(begins, self.weekend_days)
        moves = np.asarray(begin_days[1:])
        if self.portfolio.rebalance != "none":
            on = np.flatnonzero(np.diff(periods(days, self.portfolio.rebalance))) + 1
            moves = np.union1d(moves, days[on])
        of_window = np.searchsorted(begin_days, moves, side="right") - 1
        rows = np.array([choices[k].weights for k in of_window]).reshape(-1, len(self.assets))
        return Schedule(choices[0].weights, moves, rows, _notes(choices, begin_days, moves))

    def _with_correlations(self, run: RunPlan, begin: int) -> RunPlan:
        """Return the plan with the correlations that bars before the first window make known."""
        if not any(getattr(rule, "needs_correlation", False) for _, rule in run.rules):
            return run
        n = len(run.assets)
        if n == 1:
            alone = np.full((len(run.days), 1, 1), np.nan)
            none = np.zeros((len(run.days), 1, 1), dtype=np.int32)
            return dataclasses.replace(run, correlation=alone, observations=none)
        earlier = [self._quiet_before(plan, begin) for plan in run.assets]
        clock = union_clock([plan.time for plan in earlier])
        days, day = np.unique(trading_days(clock, self.weekend_days), return_inverse=True)
        _, stepped = packed(earlier, clock)
        correlation, observations = correlation_schedule(stepped, day, len(days))
        own = np.searchsorted(days, run.days)
        return dataclasses.replace(
            run, correlation=correlation[own], observations=observations[own]
        )

    def _quiet_before(self, plan: AssetPlan, begin: int) -> AssetPlan:
        asset = self.assets[self.symbols.index(plan.symbol)]
        bars = self.bars[plan.symbol].between(begin - _KNOWN_BEFORE, int(plan.time[-1]) + 1)
        quiet, _ = plan_asset(
            asset,
            bars,
            account_currency=self.portfolio.currency,
            pairs=self.pairs,
            constants=self.portfolio.conversion,
            said=Said(),
        )
        return quiet


def said_in_turn(
    asset: AssetConfig, bars: Bars, choices: Sequence[Choice], count: int
) -> tuple[EntryRows, np.ndarray]:
    """Return the entry rows and exit mask of an asset over all windows.

    Entries are those of the window's own parameters; a window in which the asset does not trade
    has none. Exit signals are those of the window's own parameters, too, and in a window without
    the asset those of the last one that had it: what is still open goes on being watched.

    Parameters
    ----------
    asset : AssetConfig
        Its strategy, and the parameters that are not searched.
    bars : Bars
        From the beginning of the data. Each window asks on the bars before its own end.
    choices : sequence of Choice
        In the order of time.
    count : int
        Bars from the first window's begin to the last one's end.
    """
    origin = int(np.searchsorted(bars.time, choices[0].window.begin))
    rows: list[EntryRows] = []
    leave = np.zeros(count, dtype=np.int8)
    speaking: Strategy | None = None
    for choice in choices:
        chosen = choice.parameters.get(asset.symbol)
        if chosen is not None:
            given = {**asset.parameters, **chosen}
            speaking = build(strategies.get(asset.strategy), given)
        if speaking is None:
            continue
        known = bars.between(0, choice.window.end)
        first = int(np.searchsorted(known.time, choice.window.begin))
        if first == len(known):
            continue
        entries, mask = spoken(speaking.signals(known, speaking.indicators(known)), first)
        if len(mask):
            leave[first - origin : first - origin + len(mask)] = mask
        if chosen is not None:
            rows.append(entries._replace(bar=(entries.bar + (first - origin)).astype(np.int32)))
    joined = [np.concatenate(column) for column in zip(*rows)]
    whole = EntryRows(*joined) if rows else spoken(None)[0]
    return whole, leave if leave.any() else np.empty(0, dtype=np.int8)


def weigh(
    portfolio: PortfolioConfig, symbols: Sequence[str], chosen: Mapping[str, Trial]
) -> tuple[Array, tuple[tuple[int, str, float, float, str], ...]]:
    """Return the weights that the allocation model gives from in-sample returns.

    Parameters
    ----------
    portfolio : PortfolioConfig
        Names the model.
    symbols : sequence of str
        All assets, sorted.
    chosen : mapping of str to Trial
        The trial of each asset that trades; its daily returns are what the model sees.

    Returns
    -------
    weights : ndarray, shape (n_assets,)
        0 for assets that do not trade.
    notes : tuple
        As `allocation._schedule.allocate` gives them.
    """
    if len(symbols) == 1:
        return np.array([1.0 if chosen else 0.0]), ()
    model = build(allocation.get(portfolio.allocation), portfolio.allocation_parameters)
    known = [trial.days for trial in chosen.values() if len(trial.daily)]
    days = np.unique(np.concatenate(known)) if known else np.empty(0, dtype=np.int64)
    returns = np.full((len(days), len(symbols)), np.nan)
    for column, symbol in enumerate(symbols):
        if symbol in chosen and len(chosen[symbol].daily):
            trial = chosen[symbol]
            returns[int(np.searchsorted(days, trial.days[0])) :, column] = 0.0
            returns[np.searchsorted(days, trial.days), column] = trial.daily
    weights, notes = allocate(
        model,
        symbols,
        returns,
        np.array([symbol in chosen for symbol in symbols]),
        min_history=portfolio.min_history,
        cap=portfolio.max_asset_weight,
    )
    return weights, tuple(notes)


def _notes(choices: Sequence[Choice], begin_days: Ints, moves: Ints) -> tuple[Note, ...]:
    notes: list[Note] = []
    for choice, day in zip(choices, begin_days):
        at = int(np.searchsorted(moves, day))
        row = at if at < len(moves) and moves[at] == day else -1
        notes.extend((row, a, CODE[code], before, after, said)
                     for a, code, before, after, said in choice.notes)  # fmt: skip
    return tuple(notes)
