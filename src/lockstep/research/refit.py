"""Refit: the parameters of one asset, chosen on the in-sample bars of one window."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lockstep import __version__
from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Bars, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.core.errors import ConfigError
from lockstep.core.protocols import TrialStore
from lockstep.core.trial import Trial
from lockstep.data.rates import Pair
from lockstep.research.evaluation import Evaluator
from lockstep.research.objectives import Constraints
from lockstep.research.optimizer import Forgetting, ParameterOptimizer
from lockstep.research.search import SELECTIONS as SELECT
from lockstep.research.search import Search
from lockstep.research.space import Space
from lockstep.research.subject import pair_before
from lockstep.research.windows import Window, last_bars_off

#: A space of more points is asked for its look-back at its ends only.
_MOST_POINTS = 512
SELECTIONS = ("profitable", "all")
#: Best trials around which a plateau is looked for.
_CANDIDATES = 5


def configured_space(evaluator: Evaluator) -> Space:
    """Return the grid around the values an asset is configured with."""
    return Space.named("focused", evaluator)


@dataclass(frozen=True, slots=True)
class Tuning:
    """How the parameters of every window are searched, and which assets then trade.

    Parameters
    ----------
    space : callable
        From the evaluator of the in-sample bars to what may be tried.
    objective : str
        A name of `research.objectives.OBJECTIVES`.
    constraints : Constraints
        What a trial must keep to be chosen.
    method, trials, seed
        As `ParameterOptimizer` takes them; every window and asset has the same seed.
    select : str
        ``best`` or ``plateau``, as `Search.best` takes it; a plateau is looked for around the best
        five trials.
    assets : str
        ``profitable``: an asset trades if its chosen trial made money in sample; ``all``: every
        asset with a chosen trial does.
    most : int or None
        At most so many assets a window, those of the largest objective.
    fewest_days : int
        In-sample trading days with bars an asset needs.
    store : TrialStore
        Keeps every trial; what it already holds is not paid for again.
    code : str
        Names the version of the code, so that trials of another are not taken for these.
    """

    space: Callable[[Evaluator], Space] = configured_space
    objective: str = "sharpe"
    constraints: Constraints = field(default_factory=Constraints)
    method: str = "random"
    trials: int | None = 50
    seed: int = 0
    select: str = "best"
    assets: str = "profitable"
    most: int | None = None
    fewest_days: int = 20
    store: TrialStore = field(default_factory=Forgetting)
    code: str = __version__

    def __post_init__(self) -> None:
        """Check what is not checked by the search."""
        if self.assets not in SELECTIONS:
            raise ConfigError(f"assets is {self.assets!r}; expected {' or '.join(SELECTIONS)}.")
        if self.select not in SELECT:
            raise ConfigError(f"select is {self.select!r}; expected {' or '.join(SELECT)}.")
        if self.most is not None and self.most < 1:
            raise ConfigError(f"most is {self.most}; expected 1 or more.")


@dataclass(frozen=True, slots=True)
class Fit:
    """What one asset's search found in one window.

    Parameters
    ----------
    window : int
        Number of the window.
    asset : str
        Symbol.
    until : int
        In-sample bars end before this label, ns: embargo and purge are taken off.
    purge_bars : int
        Bars that were taken off: the longest look-back and the longest holding time.
    trials : tuple of Trial
        All that were made, those beside the best included.
    chosen : Trial or None
        The best that keeps the constraints.
    score : float or None
        Its objective.
    why_not : str
        Why the asset does not trade in this window, in words; empty if it does.
    notices : tuple of str
        What a reader must know of the search.
    """

    window: int
    asset: str
    until: int
    purge_bars: int = 0
    trials: tuple[Trial, ...] = ()
    chosen: Trial | None = None
    score: float | None = None
    why_not: str = ""
    notices: tuple[str, ...] = ()

    @property
    def trades(self) -> bool:
        """True if the asset trades in this window."""
        return not self.why_not

    @property
    def paid(self) -> int:
        """Trials that were not repetitions of another."""
        return sum(trial.duplicate_of is None for trial in self.trials)


@dataclass(frozen=True, slots=True)
class History:
    """All there is of one asset, of which a search sees a part.

    Parameters
    ----------
    asset : AssetConfig
        Instrument, strategy, and the parameters that are not searched.
    portfolio : PortfolioConfig
        The account.
    bars : Bars
        From the beginning of the data.
    pairs : sequence of Pair
        Conversion pairs.
    """

    asset: AssetConfig
    portfolio: PortfolioConfig
    bars: Bars
    pairs: Sequence[Pair] = ()

    def before(self, moment: int) -> History:
        """Return what was complete at a moment, ns."""
        frame = self.bars.timeframe
        known = int(np.searchsorted(self.bars.time + frame, moment, side="right"))
        pairs = [pair_before(pair, moment) for pair in self.pairs]
        return History(self.asset, self.portfolio, self.bars.cut(slice(0, known)), pairs)

    def evaluator(self, start: int) -> Evaluator:
        """Return the player of the asset from a label on; earlier bars warm its indicators up."""
        return Evaluator(self.asset, self.portfolio, self.bars, pairs=self.pairs, start=start)


def fit(history: History, window: Window, tuning: Tuning) -> Fit:
    """Return what the search finds on the in-sample bars of a window.

    Bars and conversion rates from `window.until` on are cut off before anything is asked: the
    search cannot see them, whatever the strategy does.
    """
    symbol = history.asset.symbol
    seen = history.before(window.until)
    if _days(seen.bars.time, window.in_sample) < tuning.fewest_days:
        return _left_out(symbol, window, seen, tuning)
    evaluator = seen.evaluator(window.in_sample)
    space = tuning.space(evaluator)
    purge = longest_lookback(evaluator, space) + longest_holding(evaluator, space)
    until = last_bars_off(seen.bars, window.until, purge)
    seen = seen.before(until)
    if _days(seen.bars.time, window.in_sample) < tuning.fewest_days:
        return _left_out(symbol, window, seen, tuning, purge)
    search = ParameterOptimizer(
        seen.evaluator(window.in_sample),
        space,
        objective=tuning.objective,
        constraints=tuning.constraints,
        method=tuning.method,
        trials=tuning.trials,
        seed=tuning.seed,
        store=tuning.store,
        code=tuning.code,
        candidates=_CANDIDATES if tuning.select == "plateau" else 0,
    ).search()
    return _chosen(search, window, tuning, (until, purge))


def _left_out(symbol: str, window: Window, seen: History, tuning: Tuning, purge: int = 0) -> Fit:
    found = _days(seen.bars.time, window.in_sample)
    why = f"{found} in-sample days with bars; {tuning.fewest_days} are needed"
    return Fit(window.number, symbol, window.until, purge, why_not=why)


def _chosen(search: Search, window: Window, tuning: Tuning, cut: tuple[int, int]) -> Fit:
    chosen = search.best(tuning.select)
    score = search.goals[0].of(chosen) if chosen is not None else None
    why = ""
    if chosen is None:
        failed = sum(not trial.is_complete for trial in search.trials)
        why = f"none of {len(search.trials)} trials could be chosen ({failed} failed)"
    elif tuning.assets == "profitable" and not (chosen.metrics.get("net_pnl") or 0.0) > 0.0:
        why = "the chosen trial made no money in sample"
    return Fit(
        window.number,
        search.asset,
        *cut,
        trials=search.made,
        chosen=chosen,
        score=score,
        why_not=why,
        notices=search.notices,
    )


def most_wanted(fits: Mapping[str, Fit], most: int | None) -> dict[str, Fit]:
    """Return the fits of a window, sorted by symbol; at most `most` of them trade.

    Those of the largest objective stay, ties by symbol.
    """
    trading = [one for one in fits.values() if one.trades]
    order = sorted(trading, key=lambda one: (-_score(one), one.asset))
    left = {one.asset for one in order[most:]} if most is not None else set()
    why = f"not among the {most} assets of the largest objective"
    return {
        symbol: dataclasses.replace(one, why_not=why) if symbol in left else one
        for symbol, one in sorted(fits.items())
    }


def _score(one: Fit) -> float:
    return -math.inf if one.score is None else one.score


def longest_lookback(evaluator: Evaluator, space: Space) -> int:
    """Return the most bars that any point of a space looks back on.

    Every point of a small space is asked; of one with more than 512, its two ends and those of
    each dimension alone, since a look-back grows with its periods. Points that the strategy
    refuses do not count.
    """
    small = space.size <= _MOST_POINTS
    longest = int(evaluator.strategy({}).lookback_bars)
    for point in space.points() if small else _ends(space):
        try:
            found = evaluator.strategy(point).lookback_bars
        except ConfigError:
            continue
        longest = max(longest, int(found))
    return longest


def longest_holding(evaluator: Evaluator, space: Space) -> int:
    """Return the longest time exit of the asset's entries, bars; 0 if none of them has one.

    Asked are the configured parameters and both ends of the space. A position without a time exit
    has no longest holding time: in sample it is closed at the last bar that may be seen, so that
    nothing of a later bar enters its result.
    """
    longest = 0
    for point in ({}, *_corners(space)):
        try:
            rows = evaluator.plan(point).assets[0].entries.max_bars
        except ConfigError:
            continue
        longest = max(longest, int(rows.max(initial=0)))
    return longest


def _corners(space: Space) -> list[dict[str, Any]]:
    return [{one.name: one.levels[end] for one in space.dimensions} for end in (0, -1)]


def _ends(space: Space) -> Iterator[dict[str, Any]]:
    yield from _corners(space)
    yield from ({one.name: level} for one in space.dimensions for level in one.levels)


def _days(time: Ints, start: int) -> int:
    """Return the number of UTC days with bars from a label on."""
    own = time[np.searchsorted(time, start) :]
    return len(np.unique(own // DAY_NS))
