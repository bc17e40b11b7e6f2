"""Objectives: what a search looks for, as one number per trial, and what it must not do."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from lockstep.core.errors import ConfigError
from lockstep.core.parameters import nearest
from lockstep.core.trial import Trial

Metrics = Mapping[str, float | None]

#: Trades from which `balanced` trusts a result in full.
_ENOUGH_TRADES = 100.0
#: Drawdown at which `balanced` gives nothing, fraction.
_RUINOUS = 0.5


@dataclass(frozen=True, slots=True)
class Objective:
    """One number to be made as large as possible.

    Parameters
    ----------
    name : str
        As ``--objective`` takes it.
    unit : str
        What the number is in.
    doc : str
        Its formula in words.
    score : callable
        From the metrics of a trial to the number; None if it is undefined.
    """

    name: str
    unit: str
    doc: str
    score: Callable[[Metrics], float | None]

    def of(self, trial: Trial) -> float | None:
        """Return a trial's score; None if it failed or the score is undefined. 0.0 is a score."""
        if not trial.is_complete:
            return None
        value = self.score(trial.metrics)
        return None if value is None or not math.isfinite(value) else value


def _plain(name: str) -> Callable[[Metrics], float | None]:
    return partial(_metric, name)  # no lambda: searches travel between processes


def _metric(name: str, metrics: Metrics) -> float | None:
    return metrics.get(name)


def _drawdown(metrics: Metrics) -> float | None:
    worst = metrics.get("max_drawdown")
    return None if worst is None else -worst


def balanced(metrics: Metrics) -> float | None:
    """Return the Sharpe ratio, cut for drawdown and for few trades.

    ``sharpe * (1 - min(1, max_drawdown / 0.5)) * min(1, sqrt(trades / 100))`` where the Sharpe
    ratio is positive; a negative one is divided by the cuts' product plus one half instead, so
    that a deeper drawdown never flatters a losing set of parameters.
    """
    ratio, worst = metrics.get("sharpe"), metrics.get("max_drawdown")
    if ratio is None or worst is None:
        return None
    trust = math.sqrt(min(1.0, (metrics.get("trades") or 0.0) / _ENOUGH_TRADES))
    cut = (1.0 - min(1.0, worst / _RUINOUS)) * trust
    return ratio * cut if ratio >= 0.0 else ratio / (0.5 + cut)


OBJECTIVES: dict[str, Objective] = {
    one.name: one
    for one in (
        Objective("sharpe", "per year", "Sharpe ratio of daily returns", _plain("sharpe")),
        Objective("pnl", "account currency", "net P&L", _plain("net_pnl")),
        Objective(
            "drawdown", "fraction of the peak", "maximum drawdown, negative", _drawdown
        ),
        Objective(
            "balanced",
            "per year, cut",
            "Sharpe ratio x (1 - drawdown / 50 %) x sqrt(trades / 100), each factor at most 1",
            balanced,
        ),
        Objective("sortino", "per year", "Sortino ratio of daily returns", _plain("sortino")),
        Objective("calmar", "per year", "CAGR over maximum drawdown", _plain("calmar")),
        Objective("profit_factor", "ratio", "gains over losses", _plain("profit_factor")),
        Objective("sqn", "ratio", "sqrt(trades) x mean R over deviation of R", _plain("sqn")),
    )
}  # fmt: skip


def objective(name: str) -> Objective:
    """Return an objective by name.

    Raises
    ------
    ConfigError
        If there is none; the message lists the choices.
    """
    if name not in OBJECTIVES:
        raise ConfigError(f"objective {name!r} is unknown{nearest(name, list(OBJECTIVES))}")
    return OBJECTIVES[name]


@dataclass(frozen=True, slots=True)
class Constraints:
    """What a trial must keep to be chosen; one that does not is recorded, but never best.

    Parameters
    ----------
    min_trades : int
        Least closed trades.
    max_drawdown : float
        Largest drawdown, fraction of the peak.
    """

    min_trades: int = 30
    max_drawdown: float = 1.0

    def __post_init__(self) -> None:
        """Check the limits."""
        if self.min_trades < 0:
            raise ConfigError(f"min_trades is {self.min_trades}; expected 0 or more.")
        if not 0.0 < self.max_drawdown <= 1.0:
            raise ConfigError(
                f"max_drawdown is {self.max_drawdown:g}; expected a fraction in (0, 1]. "
                "Write 0.3 for 30 %."
            )

    def broken_by(self, metrics: Metrics) -> float:
        """Return by how much a trial breaks the limits, relative to them; 0 if it keeps them."""
        short = max(0.0, self.min_trades - (metrics.get("trades") or 0.0))
        worst = metrics.get("max_drawdown")
        deep = 0.0 if worst is None else max(0.0, worst - self.max_drawdown)
        return short / max(1.0, float(self.min_trades)) + deep / self.max_drawdown


def scores_of(trial: Trial, goals: Sequence[Objective]) -> tuple[float, ...]:
    """Return a trial's scores by all goals; empty if one is undefined, or the trial failed."""
    scores = [goal.of(trial) for goal in goals]
    known = tuple(score for score in scores if score is not None)
    return known if len(known) == len(scores) else ()


def ranked(
    trials: Sequence[Trial], goal: Objective, constraints: Constraints
) -> list[tuple[float, Trial]]:
    """Return (score, trial) of the trials that may be chosen, best first, ties by number."""
    scored = [
        (score, trial)
        for trial in trials
        if (score := goal.of(trial)) is not None and constraints.broken_by(trial.metrics) == 0.0
    ]
    return sorted(scored, key=lambda item: (-item[0], item[1].number))


def front(
    trials: Sequence[Trial], goals: Sequence[Objective], constraints: Constraints
) -> list[Trial]:
    """Return the Pareto front: trials that no other beats in one goal without losing in another.

    Parameters
    ----------
    trials : sequence of Trial
        All of a search.
    goals : sequence of Objective
        Two or more.
    constraints : Constraints
        Trials that break them are left out.

    Returns
    -------
    list of Trial
        By their first goal, best first; of equal scores the first stands.
    """
    known: dict[tuple[float, ...], Trial] = {}
    for trial in sorted(trials, key=lambda one: one.number):
        whole = scores_of(trial, goals)
        if whole and constraints.broken_by(trial.metrics) == 0.0:
            known.setdefault(whole, trial)
    best = [
        scores
        for scores in known
        if not any(
            other != scores and all(a >= b for a, b in zip(other, scores)) for other in known
        )
    ]
    return [known[scores] for scores in sorted(best, reverse=True)]
