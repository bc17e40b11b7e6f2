"""From all trials of a search to a verdict: skill, or the best of many."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.trial import Trial
from lockstep.metrics import cscv, reality_check
from lockstep.metrics.confidence import probabilistic_sharpe
from lockstep.metrics.cscv import Overfitting, probability_of_overfitting
from lockstep.metrics.luck import (
    deflated_sharpe,
    expected_maximum_sharpe,
    luck_variance,
    minimum_track_record_length,
)
from lockstep.metrics.reality_check import RealityCheck, superior_predictive_ability
from lockstep.metrics.returns import daily_sharpe
from lockstep.metrics.undefined import Measure, Undefined
from lockstep.research.objectives import Constraints, objective, ranked
from lockstep.research.trial_fields import BESIDE, Field, Tally, fields_of, repeated

_NO_CHOICE = Undefined("no trial may be chosen: none keeps the limits of the search")


@dataclass(frozen=True, slots=True)
class LuckTest:
    """How trials are put to the test.

    Parameters
    ----------
    goal : str
        Objective that chose (`research.objectives.OBJECTIVES`), where no choice is given.
    constraints : Constraints
        What a trial must keep to be chosen. Trials with fewer than `min_trades` take no part in
        the tests of choosing; those that fell deeper than `max_drawdown` do, for leaving out who
        lost would use what nobody knew before.
    resamples : int
        Of the reality check.
    seed : int
        Of its draws.
    """

    goal: str = "sharpe"
    constraints: Constraints = field(default_factory=Constraints)
    resamples: int = reality_check.RESAMPLES
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """A record of days.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Trading days, as days since 1970-01-01, ascending.
    daily : ndarray, shape (n_days,)
        Return of each day (fraction); empty if the equity reached zero.
    """

    days: Ints
    daily: Array

    @property
    def is_ruined(self) -> bool:
        """True if there were days, but no equity on some of them."""
        return len(self.daily) < len(self.days)


@dataclass(frozen=True, slots=True)
class Deflation:
    """A Sharpe ratio against what the best of the trials would show by luck. Ratios are per day.

    Parameters
    ----------
    probability : float or Undefined
        The deflated Sharpe ratio: how sure it is that the true ratio is above `hurdle`.
    hurdle : float
        Expected best of the effective trials without any skill, their spread that of luck.
    by_spread, hurdle_by_spread : float or Undefined
        The same with the spread that the trials' own ratios show, as the paper has it: it also
        counts what differs by skill, or by costs.
    days_needed : float or Undefined
        Record after which `probability` would be 95 %, trading days.
    """

    probability: Measure
    hurdle: float
    by_spread: Measure
    hurdle_by_spread: Measure
    days_needed: Measure


@dataclass(frozen=True, slots=True)
class Judged:
    """One asset: what was chosen, and every test of it.

    Parameters
    ----------
    asset : str
        Whose strategy was tried.
    chosen : Trial or Undefined
        What was chosen.
    days : ndarray of int64, shape (n_days,)
        The days it was chosen on.
    tally : Tally
        All trials of the asset, those on other days included.
    ratios : ndarray, shape (n_trials,)
        Sharpe ratio per day of the different trials on these days.
    middle : float or Undefined
        Median ratio of those that the search proposed: points tried beside the best lie where it
        is good, and say nothing of what such parameters make without choosing.
    deflation : Deflation or Undefined
        Of the chosen.
    overfitting : Overfitting or Undefined
        Of choosing the best Sharpe ratio.
    reality : RealityCheck or Undefined
        Of the best against doing nothing.
    against_field : RealityCheck or Undefined
        Of the best against the mean of all.
    """

    asset: str
    chosen: Trial | Undefined
    days: Ints
    tally: Tally
    ratios: Array
    middle: Measure
    deflation: Deflation | Undefined
    overfitting: Overfitting | Undefined
    reality: RealityCheck | Undefined
    against_field: RealityCheck | Undefined

    @property
    def record(self) -> Record | None:
        """The days of the chosen; None if nothing was."""
        if isinstance(self.chosen, Undefined) or not len(self.chosen.daily):
            return None
        return Record(self.chosen.days, self.chosen.daily)


@dataclass(frozen=True, slots=True)
class Mixed:
    """The chosen of all assets at equal weights, and what luck alone would have made of them.

    Parameters
    ----------
    record : Record
        Mean of the assets' returns on every day of any of them; one without the day made 0.
    hurdle : float or Undefined
        Sharpe ratio per day of such a mix if every asset's best were luck.
    probability : float or Undefined
        How sure it is that the true ratio is above.
    """

    record: Record
    hurdle: Measure
    probability: Measure


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the tests found, over all assets and sweeps.

    Parameters
    ----------
    assets : tuple of Judged
        By name.
    mixed : Mixed or Undefined
        All chosen together; of one asset it is the asset.
    unseen : Record or None
        Days that no choice had seen; None if there are none.
    test : LuckTest
        How it was tested.
    promised : float, Undefined or None
        Sharpe ratio a year that what traded on the unseen days had shown in sample; None if it is
        that of `mixed`.
    """

    assets: tuple[Judged, ...]
    mixed: Mixed | Undefined
    unseen: Record | None
    test: LuckTest
    promised: Measure | None = None

    @property
    def tally(self) -> Tally:
        """All trials of all assets."""
        return sum((one.tally for one in self.assets), Tally())


def verdict(
    trials: Sequence[Trial],
    test: LuckTest | None = None,
    *,
    chosen: Mapping[str, Trial] | None = None,
    unseen: Record | None = None,
    promised: Measure | None = None,
    windows: Collection[str] = (),
) -> Verdict:
    """Return whether what was chosen is better than the luck of many trials.

    Parameters
    ----------
    trials : sequence of Trial
        All of every sweep that led to the choice, of any number of assets and studies. Those of
        an asset are tested together where their days are the same; where it was searched on
        several spans of days, the last one is judged and the others count as trials made.
    test : LuckTest, optional
        How.
    chosen : mapping of str to Trial, optional
        What was chosen, by asset; left out, the best by the goal.
    unseen : Record, optional
        Returns on days that no choice had seen.
    promised : float or Undefined, optional
        Sharpe ratio a year that what traded on those days had shown in sample, if that is not what
        is chosen: a walk-forward chooses anew for every window.
    windows : collection of str, optional
        Studies of the walk-forward that chose: the same parameters in several of its windows are
        one look (`research.trial_fields.repeated`).

    Returns
    -------
    Verdict
        Deterministic: the same trials and settings give the same numbers.
    """
    how = test or LuckTest()
    picked = chosen or {}
    symbols = sorted({trial.asset for trial in trials})
    judged = tuple(
        _judged(_of(symbol, trials, windows, picked.get(symbol)), picked.get(symbol), how)
        for symbol in symbols
    )
    return Verdict(judged, _mixed(judged), unseen, how, promised)


def _of(
    symbol: str, trials: Sequence[Trial], windows: Collection[str], chosen: Trial | None
) -> list[Trial]:
    own = [one for one in trials if one.asset == symbol]
    return repeated(own, windows, None if chosen is None else chosen.days)


def _judged(trials: Sequence[Trial], given: Trial | None, how: LuckTest) -> Judged:
    fields = fields_of(trials)
    chosen = given or _best(fields, how)
    mine = _field_of(fields, chosen)
    tally = sum((one.tally for one in fields), Tally())
    active = mine.returns[:, _active(mine, chosen, how)]
    beyond = active - active.mean(axis=1, keepdims=True) if active.size else active
    return Judged(
        asset=trials[0].asset,
        chosen=chosen or _NO_CHOICE,
        days=mine.days,
        tally=tally,
        ratios=_ratios(mine.returns),
        middle=_middle(mine),
        deflation=_deflated(chosen, tally.effective, mine.returns) if chosen else _NO_CHOICE,
        overfitting=_overfitting(active),
        reality=_checked(active, how),
        against_field=_of_several(beyond, how),
    )


def _best(fields: Sequence[Field], how: LuckTest) -> Trial | None:
    found = ranked(fields[-1].trials, objective(how.goal), how.constraints)
    return found[0][1] if found else None


def _field_of(fields: Sequence[Field], chosen: Trial | None) -> Field:
    """Return the trials on the days of the chosen one; the last span if there is none."""
    if chosen is not None:
        for one in fields:
            if np.array_equal(one.days, chosen.days):
                return one
    return fields[-1]


def _active(mine: Field, chosen: Trial | None, how: LuckTest) -> list[int]:
    """Return the columns of trials that trade enough to be chosen, the chosen one included."""
    return [
        at
        for at, one in enumerate(mine.trials)
        if (one.metrics.get("trades") or 0.0) >= how.constraints.min_trades
        or (chosen is not None and np.array_equal(one.daily, chosen.daily))
    ]


def _ratios(returns: Array) -> Array:
    return returns.mean(axis=0) / returns.std(axis=0, ddof=1) if returns.size else np.empty(0)


def _middle(mine: Field) -> Measure:
    proposed = [at for at, one in enumerate(mine.trials) if not one.study.endswith(BESIDE)]
    if not proposed:
        return Undefined("no trial moved")
    return float(np.median(_ratios(mine.returns[:, proposed])))


def _overfitting(returns: Array) -> Overfitting | Undefined:
    blocks = cscv.blocks_for(len(returns))
    if isinstance(blocks, Undefined):
        return blocks
    return probability_of_overfitting(returns, blocks=blocks)


def _checked(returns: Array, how: LuckTest) -> RealityCheck | Undefined:
    return superior_predictive_ability(returns, resamples=how.resamples, seed=how.seed)


def _of_several(beyond: Array, how: LuckTest) -> RealityCheck | Undefined:
    if beyond.shape[1] < 2:
        return Undefined("fewer than two trials that differ: there is no field")
    return _checked(beyond, how)


def _deflated(chosen: Trial, effective: float, returns: Array) -> Deflation | Undefined:
    daily, looks = chosen.daily, max(effective, 1.0)
    luck = luck_variance(len(daily))
    if isinstance(luck, Undefined):
        return luck
    return Deflation(
        probability=deflated_sharpe(daily, looks),
        hurdle=expected_maximum_sharpe(looks, luck),
        days_needed=minimum_track_record_length(daily, looks),
        **_by_spread(daily, looks, _ratios(returns)),
    )


def _by_spread(daily: Array, looks: float, ratios: Array) -> dict[str, Measure]:
    if len(ratios) < 2:
        none = Undefined("fewer than two trials that differ: they have no spread")
        return {"by_spread": none, "hurdle_by_spread": none}
    spread = float(np.var(ratios, ddof=1))
    return {
        "by_spread": deflated_sharpe(daily, looks, spread),
        "hurdle_by_spread": expected_maximum_sharpe(looks, spread),
    }


def _mixed(judged: Sequence[Judged]) -> Mixed | Undefined:
    """Return the chosen at equal weights.

    Luck of one asset is its hurdle times its deviation a day: so much would the best of its
    trials have earned without skill. These earnings add up, whatever the risk of the mix is.
    """
    found = [
        (one.record, one.deflation)
        for one in judged
        if one.record is not None and isinstance(one.deflation, Deflation)
    ]
    if not found:
        return _NO_CHOICE
    days = np.unique(np.concatenate([record.days for record, _ in found]))
    daily, lucky = np.zeros(len(days)), 0.0
    for record, deflation in found:
        daily[np.searchsorted(days, record.days)] += record.daily / len(found)
        earned = deflation.hurdle * float(np.std(record.daily, ddof=1)) * len(record.days)
        lucky += earned / len(found) / len(days)
    mixed = Record(days, daily)
    ratio = daily_sharpe(daily)
    if isinstance(ratio, Undefined):
        return Mixed(mixed, ratio, ratio)
    hurdle = lucky / float(np.std(daily, ddof=1))
    return Mixed(mixed, hurdle, probabilistic_sharpe(daily, hurdle))
