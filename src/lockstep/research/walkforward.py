"""WalkForwardAnalyzer: choose on what is past, trade what follows, again and again."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.core.errors import ConfigError, DataError
from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Progress, Silent
from lockstep.core.result import day_marks
from lockstep.core.trial import Trial
from lockstep.data.rates import Pair
from lockstep.engine.apart import Call
from lockstep.engine.elsewhere import cluster
from lockstep.engine.identities import account_equity, check_identities
from lockstep.engine.outcome import Solo
from lockstep.engine.plan import own_pairs
from lockstep.engine.played import Played
from lockstep.engine.players import play
from lockstep.metrics.returns import daily_returns
from lockstep.metrics.undefined import Undefined
from lockstep.research.cpcv import Crossed, Folds, crossed
from lockstep.research.far import fit_far
from lockstep.research.processes import each_process
from lockstep.research.refit import Fit, History, Tuning, fit, most_wanted
from lockstep.research.stitch import Choice, Stitcher, weigh
from lockstep.research.windows import Plot, Window, span

TASK = "windows"


@dataclass(frozen=True, slots=True)
class Record:
    """One curve of the account.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Trading days, as days since 1970-01-01.
    marks : ndarray, shape (n_days,)
        Equity after each.
    daily : ndarray, shape (n_days,)
        Return of each day; empty if the equity reached zero.
    """

    days: Ints
    marks: Array
    daily: Array

    @classmethod
    def of(cls, plan: RunPlan, played: Played) -> Record:
        """Keep what a play made, after checking its identities."""
        check_identities(plan, played)
        _, marks = day_marks(plan.day, account_equity(played))
        daily = daily_returns(marks, plan.terms.capital)
        return cls(plan.days, marks, np.empty(0) if isinstance(daily, Undefined) else daily)

    def between(self, first: int, end: int) -> Array:
        """Return the daily returns of trading days with first <= day < end."""
        if not len(self.daily):
            return self.daily
        return self.daily[(self.days >= first) & (self.days < end)]


@dataclass(frozen=True, slots=True)
class Refitted:
    """One window: what every asset's search found, and what trades with which weights.

    Parameters
    ----------
    fits : mapping of str to Fit
        By asset, sorted.
    choice : Choice
        What trades.
    inside : Record or None
        The same parameters and weights played in one account on the bars they were chosen on;
        None if nothing trades.
    """

    fits: Mapping[str, Fit]
    choice: Choice
    inside: Record | None


@dataclass(frozen=True, slots=True)
class WalkForward:
    """What a walk-forward made.

    Parameters
    ----------
    symbols : tuple of str
        All assets, sorted.
    windows : tuple of Refitted
        In the order of time.
    plan, played
        The one continuous account, out of sample.
    outside : Record
        Its curve.
    solos : mapping of str to Solo
        Each asset that ever trades, alone with the full capital, out of sample.
    hindsight : Refitted or None
        The naive answer: parameters and weights chosen on the very span they are then shown on.
    """

    symbols: tuple[str, ...]
    windows: tuple[Refitted, ...]
    plan: RunPlan
    played: Played
    outside: Record
    solos: Mapping[str, Solo]
    hindsight: Refitted | None = None

    @property
    def trials(self) -> int:
        """Trials of all windows that were not repetitions; hindsight's are not among them."""
        return sum(one.paid for window in self.windows for one in window.fits.values())

    @property
    def judged(self) -> dict[str, Trial]:
        """Choices that are put to the test of luck, by asset: hindsight's, else the last ones."""
        last = self.hindsight or self.windows[-1]
        chosen = {symbol: one.chosen for symbol, one in last.fits.items() if one.chosen is not None}
        return {symbol: trial for symbol, trial in chosen.items() if len(trial.daily)}

    @property
    def weights(self) -> Array:
        """Sleeve targets, shape (n_windows, n_assets)."""
        return np.array([window.choice.weights for window in self.windows])


@dataclass(frozen=True, slots=True)
class WalkForwardAnalyzer:
    """Re-fits parameters, assets and weights window by window; plays them out of sample.

    In every window each asset's parameters are searched on its in-sample bars alone, assets that
    do not qualify are left out (`Tuning.assets`), and the allocation model weighs the others by
    the in-sample returns of what was chosen. All windows are then played one after another in one
    continuous account, under the portfolio's rules (docs/walkforward.md).

    Parameters
    ----------
    assets : sequence of AssetConfig
        What is traded, by which strategy of signals.
    portfolio : PortfolioConfig
        The account, its allocation and its rules.
    bars : mapping of str to Bars
        One entry per asset.
    pairs : sequence of Pair
        Conversion pairs that the assets do not provide.
    plot : Plot
        How the history is cut.
    tuning : Tuning
        How parameters are searched.
    rules : bool
        False drops the portfolio rules.
    hindsight : bool
        False leaves the naive in-sample curve out.
    jobs : int
        Processes for the searches; inside the block of a cluster (`engine.elsewhere`) they are
        made there.
    progress : Progress
        Told of every finished search.
    """

    assets: Sequence[AssetConfig]
    portfolio: PortfolioConfig
    bars: Mapping[str, Bars]
    pairs: Sequence[Pair] = ()
    plot: Plot = field(default_factory=Plot)
    tuning: Tuning = field(default_factory=Tuning)
    rules: bool = True
    hindsight: bool = True
    jobs: int = 1
    progress: Progress = field(default_factory=Silent)

    def __post_init__(self) -> None:
        """Check what can be checked before the first search."""
        if not self.assets:
            raise ConfigError("assets is empty; expected at least one asset.")
        object.__setattr__(self, "assets", sorted(self.assets, key=lambda one: one.symbol))
        missing = [one.symbol for one in self.assets if not len(self.bars.get(one.symbol, ()))]
        if missing:
            raise DataError(f"no bars for {', '.join(missing)}; expected one entry per asset.")

    @property
    def stitcher(self) -> Stitcher:
        """What turns choices into plans."""
        return Stitcher(
            self.assets,
            self.portfolio,
            self.bars,
            (*own_pairs(self.assets, self.bars), *self.pairs),
            weekend_days=any(asset.instrument.always_open for asset in self.assets),
            rules=self.rules,
        )

    def windows(self) -> tuple[Window, ...]:
        """Return the windows of the data.

        Raises
        ------
        DataError
            If there are fewer than two.
        """
        own = {asset.symbol: self.bars[asset.symbol] for asset in self.assets}
        return self.plot.windows(*span(own), self.stitcher.weekend_days)

    def run(self) -> WalkForward:
        """Search, choose and play.

        Raises
        ------
        ConfigError, DataError
            If it cannot begin.
        """
        windows, stitcher = self.windows(), self.stitcher
        wanted = [*windows, *([_all_of(windows)] if self.hindsight else [])]
        found = self._fits(wanted, stitcher)
        refitted = [self._refitted(window, found[window.number], stitcher) for window in wanted]
        walked = refitted[: len(windows)]
        choices = [one.choice for one in walked]
        plan = stitcher.plan(choices)
        played = play(plan, "kernel")
        return WalkForward(
            symbols=stitcher.symbols,
            windows=tuple(walked),
            plan=plan,
            played=played,
            outside=Record.of(plan, played),
            solos={symbol: _alone(stitcher, symbol, choices) for symbol in plan.symbols},
            hindsight=refitted[-1] if self.hindsight else None,
        )

    def cross_validated(self, folds: Folds) -> Crossed:
        """Search every asset once over all its bars, and cross-validate the choice.

        Parameters
        ----------
        folds : Folds
            How the days are parted; `purge_days` is at least what the longest look-back and the
            longest time exit of any asset make.

        Raises
        ------
        DataError
            If there are too few days, or no trial has returns.
        """
        own = {asset.symbol: self.bars[asset.symbol] for asset in self.assets}
        first, last = span(own)
        end = last + next(iter(own.values())).timeframe
        fits = self._fits([Window(0, first, end, end, end)], self.stitcher)[0]
        purge = max(_purge_days(one, own[symbol]) for symbol, one in fits.items())
        wide = dataclasses.replace(folds, purge_days=max(folds.purge_days, purge))
        return crossed({s: one.trials for s, one in fits.items()}, wide, self.portfolio)

    def _fits(self, windows: Sequence[Window], stitcher: Stitcher) -> dict[int, dict[str, Fit]]:
        histories = [
            History(one, self.portfolio, self.bars[one.symbol], stitcher.pairs)
            for one in stitcher.assets
        ]
        calls = [(history, window) for window in windows for history in histories]
        self.progress.start(TASK, len(calls))
        found: dict[int, dict[str, Fit]] = {window.number: {} for window in windows}
        for one in _each(calls, self.tuning, self.jobs):
            found[one.window][one.asset] = one
            self.progress.advance(TASK)
        return {number: most_wanted(fits, self.tuning.most) for number, fits in found.items()}

    def _refitted(self, window: Window, fits: dict[str, Fit], stitcher: Stitcher) -> Refitted:
        trading = {s: one.chosen for s, one in fits.items() if one.trades and one.chosen}
        weights, notes = weigh(self.portfolio, stitcher.symbols, trading)
        parameters = {symbol: dict(trial.parameters) for symbol, trial in trading.items()}
        choice = Choice(window, parameters, weights, notes)
        inside = _inside(stitcher, choice, fits) if trading else None
        return Refitted(fits, choice, inside)


def _purge_days(one: Fit, bars: Bars) -> int:
    """Return the days that the bars of a purge take, rounded up."""
    a_day = len(bars) / len(np.unique(bars.time // DAY_NS))
    return math.ceil(one.purge_bars / a_day)


def _all_of(windows: Sequence[Window]) -> Window:
    """Return the window of hindsight: chosen on all out-of-sample bars, number 0."""
    begin, end = windows[0].begin, windows[-1].end
    return Window(0, begin, end, begin, end)


def _inside(stitcher: Stitcher, choice: Choice, fits: Mapping[str, Fit]) -> Record:
    """Return the curve of a choice on the bars it was made on, those that were purged left out."""
    window = choice.window
    bars = {symbol: stitcher.bars[symbol].between(0, fits[symbol].until) for symbol in fits}
    seen = dataclasses.replace(stitcher, bars=bars)
    own = dataclasses.replace(window, begin=window.in_sample, end=window.until)
    plan = seen.plan([dataclasses.replace(choice, window=own)])
    return Record.of(plan, play(plan, "kernel"))


def _alone(stitcher: Stitcher, symbol: str, choices: Sequence[Choice]) -> Solo:
    plan = stitcher.alone(symbol, choices)
    played = play(plan, "kernel")
    check_identities(plan, played)
    return Solo.of(plan, played)


def _each(calls: Sequence[tuple[History, Window]], tuning: Tuning, jobs: int) -> Iterator[Fit]:
    """Yield the fits as they come, in any order."""
    if cluster() is not None:
        yield from fit_far(calls, tuning)
        return
    if jobs == 1 or len(calls) == 1:
        yield from (fit(history, window, tuning) for history, window in calls)
        return
    apart = [
        Call(
            f"{history.asset.symbol} in window {window.number}",
            fit,
            (history.before(window.until), window, tuning),
        )
        for history, window in calls
    ]
    yield from each_process(apart, jobs)
