"""Asset by asset: what a walk-forward made of each alone, and what it tried on which days."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from lockstep.metrics import returns as growth
from lockstep.metrics.undefined import Undefined
from lockstep.research.judgement import without_undefined
from lockstep.research.refit import Fit
from lockstep.research.trying import key_of
from lockstep.research.walkforward import Refitted, WalkForward, WalkForwardAnalyzer

Numbers = dict[str, Any]


def alone(walk: WalkForward, made_by: WalkForwardAnalyzer) -> Numbers:
    """Return what the windows' choices made of each asset alone, out of sample, by its key.

    The asset has the full capital and no portfolio rules, as in a search. Windows in which it did
    not trade are days without a return. An asset that no window chose is not among them.

    Returns
    -------
    dict
        ``strategy``, ``start`` and ``end`` (first and last trading day), ``days``, ``net_pnl``
        (account currency), ``sharpe`` (per year), ``trades``, ``windows`` and ``windows_traded``.
    """
    traded = [set(one.choice.parameters) for one in walk.windows]
    return {
        asset.key: {
            "strategy": asset.strategy,
            **_made(walk, asset.symbol),
            "windows": len(traded),
            "windows_traded": sum(asset.symbol in one for one in traded),
        }
        for asset in made_by.assets
        if asset.symbol in walk.solos
    }


def _made(walk: WalkForward, symbol: str) -> Numbers:
    solo, capital = walk.solos[symbol], walk.plan.terms.capital
    daily = growth.daily_returns(solo.marks, capital)
    ratio = (
        daily
        if isinstance(daily, Undefined)
        else growth.sharpe(daily, growth.days_per_year(solo.days))
    )
    return without_undefined(
        {
            "start": str(np.datetime64(int(solo.days[0]), "D")),
            "end": str(np.datetime64(int(solo.days[-1]), "D")),
            "days": len(solo.days),
            "net_pnl": float(solo.marks[-1]) - capital,
            "sharpe": ratio,
            "trades": len(solo.trades),
        }
    )


def looks(walk: WalkForward) -> Numbers:
    """Return what was tried of each asset, so that later searches can tell of it.

    Returns
    -------
    dict
        By symbol ``study`` (names the points and what they made: the same walk-forward made again
        has the same), ``data`` (``start`` and ``end``, ISO, UTC: the first day that was searched
        and the end of the last that was traded) and ``trials.made``; hindsight's included.
    """
    every = [*walk.windows, *([walk.hindsight] if walk.hindsight else [])]
    found = {}
    for symbol in walk.symbols:
        made = [(one, one.fits[symbol]) for one in every if one.fits[symbol].trials]
        if made:
            found[symbol] = {
                "study": f"{symbol}-windows-{_points(made)}",
                "data": {
                    "start": _moment(min(_first(one) for one, _ in made)),
                    "end": _moment(walk.windows[-1].choice.window.end),
                },
                "trials": {"made": sum(fit.paid for _, fit in made)},
            }
    return found


def _first(window: Refitted) -> int:
    return window.choice.window.in_sample


def _points(made: list[tuple[Refitted, Fit]]) -> str:
    """Return a hash of every set of parameters, where it was tried and what it made."""
    found = hashlib.sha256()
    for window, fit in made:
        tried = sorted((key_of(trial.parameters), trial.daily.tobytes()) for trial in fit.trials)
        found.update(repr((_first(window), fit.until, tried)).encode())
    return found.hexdigest()[:16]


def _moment(label: int) -> str:
    return str(np.datetime64(label, "ns").astype("datetime64[s]"))
