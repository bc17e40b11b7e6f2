"""Searches made by hand, of any shape a search may have."""

from __future__ import annotations

import dataclasses

import numpy as np

from lockstep.core.trial import FAILED, Trial
from lockstep.report.studies.study import Axis, Goal, Study

AXES = (
    Axis("period", (10, 20, 30, 40), configured=20),
    Axis("multiplier", (0.5, 1.0, 1.5, 2.0, 2.5), configured=1.5),
    Axis("exit", ("target", "signal"), is_number=False, configured="target"),
)


def trial(number: int, **changes) -> Trial:
    """Return a trial whose Sharpe ratio falls with the distance from (30, 1.0)."""
    drawn = np.random.default_rng(number)
    point = {axis.name: axis.levels[int(drawn.integers(len(axis.levels)))] for axis in AXES}
    ratio = 1.0 - abs(point["period"] - 30) / 20 - abs(point["multiplier"] - 1.0)
    metrics = {
        "sharpe": ratio + float(drawn.normal(0.0, 0.1)),
        "net_pnl": 1000.0 * ratio,
        "max_drawdown": 0.1 + 0.05 * float(drawn.random()),
        "trades": 50.0 if number % 5 else 7.0,
        "profit_factor": None if number % 7 == 0 else 1.2,
        "win_rate": 0.5,
    }
    reasons = {"profit_factor": "no losing trade"} if number % 7 == 0 else {}
    made = Trial(number, "EURUSD", point, metrics=metrics, reasons=reasons, seconds=0.01)
    return dataclasses.replace(made, **changes)


def study(count: int = 60, *, goals: int = 1, **changes) -> Study:
    """Return a search: every 11th trial failed, every 13th repeats the first."""
    trials = []
    for number in range(count):
        one = trial(number)
        if number % 11 == 10:
            one = trial(number, state=FAILED, metrics={}, reasons={}, error="ValueError: no")
        elif number % 13 == 12:
            one = dataclasses.replace(trials[0], number=number, duplicate_of=0, seconds=0.0)
        trials.append(one)
    names = (("sharpe", "per year"), ("net_pnl", "account currency"), ("max_drawdown", "fraction"))
    found = tuple(
        Goal(
            name,
            unit,
            f"the {name}",
            np.array([t.metrics.get(name, np.nan) for t in trials], dtype=float),
        )
        for name, unit in names[:goals]
    )
    allowed = np.array([t.is_complete and t.metrics["trades"] >= 30 for t in trials], dtype=bool)
    scores = np.where(allowed, found[0].scores, -np.inf) if count else np.empty(0)
    chosen = int(np.argmax(scores)) if count and np.isfinite(scores).any() else None
    fields = {
        "name": "20260105-101500-1a2b3c4d",
        "asset": "EURUSD",
        "timeframe": "5m",
        "strategy": "mean_reversion",
        "method": "random",
        "seed": 7,
        "goals": found,
        "axes": AXES,
        "trials": tuple(trials),
        "is_allowed": allowed,
        "chosen": chosen,
        "front": (0, chosen) if goals > 1 and chosen is not None else (),
        "limits": {"min_trades": 30, "max_drawdown": 1.0},
        "data": {
            "start": "2025-01-01T00:00:00Z",
            "end": "2025-06-30T21:00:00Z",
            "bars": 36_000,
            "currency": "USD",
        },
        "plateau": {"score": 0.6, "fall": 0.25, "falls": {"period": 0.4, "multiplier": 0.1}},
    }
    return Study(**{**fields, **changes})
