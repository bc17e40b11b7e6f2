"""What a walk-forward says of itself: the content of walkforward.json."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import trading_days
from lockstep.engine.tables import ledger_table
from lockstep.metrics import returns as growth
from lockstep.metrics import walkforward as kept
from lockstep.metrics.drawdown import max_drawdown
from lockstep.metrics.returns import daily_returns
from lockstep.metrics.undefined import Measure, Undefined
from lockstep.research.cpcv import Crossed
from lockstep.research.refit import Fit
from lockstep.research.walkforward import Record, Refitted, WalkForward, WalkForwardAnalyzer

Numbers = dict[str, Any]
_NO_TRADE = Undefined("no asset was chosen in this window")
_NO_HINDSIGHT = Undefined("the choice of hindsight was not asked for")


def numbers(walk: WalkForward, made_by: WalkForwardAnalyzer) -> Numbers:
    """Return the content of walkforward.json, without what is known of the run and of luck.

    Parameters
    ----------
    walk : WalkForward
        What was found.
    made_by : WalkForwardAnalyzer
        How.

    Returns
    -------
    dict
        Sharpe ratios are yearly, from daily marks; returns and drawdowns are fractions. What is
        undefined is None, with its reason in ``undefined`` by dotted path.
    """
    borders = _borders(walk, made_by)
    earned = _by_asset(walk, borders)
    spans = _spans(walk, made_by)
    windows = [{**_window(walk, k, borders, earned[k]), **spans[k]} for k in range(len(spans))]
    inside = sharpes_inside(walk)
    outside = [window["out_of_sample"]["sharpe"] for window in windows]
    whole = _account(walk)
    plain: Numbers = {
        "settings": settings(made_by),
        "trials": walk.trials,
        "symbols": list(walk.symbols),
        "in_sample": {"median_sharpe": kept.middle(inside)},
        "out_of_sample": whole,
        "degradation": _degradation(kept.middle(inside), whole["sharpe"]),
        "consistency": _consistency(windows, inside, outside),
        "efficiency": _efficiency(walk, borders),
        "selection": _selection(walk),
        "parameters": _parameters(walk),
        "hindsight": _hindsight(walk),
        "judged": {
            symbol: {
                "study": trial.study,
                "best_trial": trial.number,
                "best_params": dict(trial.parameters),
            }
            for symbol, trial in walk.judged.items()
        },
        "windows": windows,
        "notices": _notices(walk),
    }
    return without_undefined(plain)


def settings(made_by: WalkForwardAnalyzer) -> Numbers:
    """Return how a walk-forward was made."""
    tuning, plot, account = made_by.tuning, made_by.plot, made_by.portfolio
    return {
        **dataclasses.asdict(plot),
        "objective": tuning.objective,
        **dataclasses.asdict(tuning.constraints),
        "method": tuning.method,
        "trials_a_window": tuning.trials,
        "seed": tuning.seed,
        "select": tuning.select,
        "assets": tuning.assets,
        "most_assets": tuning.most,
        "fewest_days": tuning.fewest_days,
        "allocation": account.allocation,
        "rebalance": account.rebalance,
        "max_asset_weight": account.max_asset_weight,
        "rules": list(account.risk) if made_by.rules else [],
        "capital": account.capital,
        "currency": account.currency,
    }


def without_undefined(plain: Numbers) -> Numbers:
    """Return plain JSON data: every `Undefined` becomes None, its reason stands by its path."""
    undefined: dict[str, str] = {}
    return {**_settled(plain, "", undefined), "undefined": undefined}


# Windows --------------------------------------------------------------------------------------


def _borders(walk: WalkForward, made_by: WalkForwardAnalyzer) -> Ints:
    """Return the first trading day of each window, and the day after the last one."""
    begins = np.array([one.choice.window.begin for one in walk.windows], dtype=np.int64)
    days = trading_days(begins, made_by.stitcher.weekend_days)
    return np.append(days, walk.outside.days[-1] + 1)


def _spans(walk: WalkForward, made_by: WalkForwardAnalyzer) -> list[dict[str, list[str]]]:
    """Return the first and last trading day of each window's two parts; data may begin later."""
    found = []
    for one in walk.windows:
        window = one.choice.window
        labels = [window.in_sample, window.until - 1, window.begin, window.end - 1]
        days = trading_days(np.array(labels, dtype=np.int64), made_by.stitcher.weekend_days)
        named = [_day(int(day)) for day in days]
        found.append({"in_sample_days": named[:2], "out_of_sample_days": named[2:]})
    return found


def _window(walk: WalkForward, at: int, borders: Ints, pnl: Mapping[str, float]) -> Numbers:
    one = walk.windows[at]
    window = one.choice.window
    first, end = int(borders[at]), int(borders[at + 1])
    inside, outside = _inside(one), _outside(walk, first, end)
    return {
        "number": window.number,
        "in_sample_first": _moment(window.in_sample),
        "in_sample_until": _moment(window.until),
        "out_of_sample_first": _moment(window.begin),
        "out_of_sample_until": _moment(window.end),
        "is_whole": window.whole,
        "assets": sorted(one.choice.parameters),
        "weights": dict(zip(walk.symbols, one.choice.weights.tolist())),
        "trials": sum(fit.paid for fit in one.fits.values()),
        "in_sample": inside,
        "out_of_sample": outside,
        "degradation": _degradation(inside["sharpe"], outside["sharpe"]),
        "by_asset": {
            symbol: _fit(fit, walk, (first, end), pnl.get(symbol, 0.0))
            for symbol, fit in one.fits.items()
        },
    }


def sharpes_inside(walk: WalkForward) -> list[Measure]:
    """Return the yearly Sharpe ratio of every window's choice on the days it was made on."""
    return [_inside(window)["sharpe"] for window in walk.windows]


def _inside(one: Refitted) -> Numbers:
    if one.inside is None:
        return {"sharpe": _NO_TRADE, "total_return": _NO_TRADE, "days": 0}
    return _record(one.inside)


def _record(record: Record) -> Numbers:
    daily = record.daily
    return {
        "sharpe": _sharpe(daily, record.days),
        "total_return": float(np.prod(1.0 + daily) - 1.0) if len(daily) else _ruined(),
        "days": len(record.days),
    }


def _outside(walk: WalkForward, first: int, end: int) -> Numbers:
    record, daily = walk.outside, walk.outside.between(first, end)
    own = record.days[(record.days >= first) & (record.days < end)]
    return {
        "sharpe": _sharpe(daily, own),
        "total_return": float(np.prod(1.0 + daily) - 1.0) if len(daily) else _ruined(),
        "days": len(own),
        "trades": sum(first <= day < end for day in _exit_days(walk)),
    }


def _exit_days(walk: WalkForward) -> Ints:
    plan = walk.plan
    steps = [plan.assets[t.asset].step[t.exit_bar] for t in walk.played.trades]
    return plan.days[plan.day[np.asarray(steps, dtype=np.int64)]] if steps else plan.days[:0]


def _by_asset(walk: WalkForward, borders: Ints) -> list[dict[str, float]]:
    """Return what each asset earned in the account in every window, transfers left out."""
    ledger = ledger_table(walk.plan, walk.played)
    day = ledger["day"].to_numpy().astype("datetime64[D]").astype(np.int64)
    pnl = ledger["equity_change"] - ledger["transfers"]
    found = []
    for first, end in pairwise(borders):
        own = (day >= first) & (day < end)
        summed = pnl[own].groupby(ledger["asset"][own]).sum()
        found.append({str(symbol): float(value) for symbol, value in summed.items()})
    return found


def _fit(fit: Fit, walk: WalkForward, days: tuple[int, int], pnl: float) -> Numbers:
    chosen = fit.chosen
    told: Numbers = {
        "trades": fit.trades,
        "why_not": fit.why_not,
        "trials": fit.paid,
        "score": fit.score,
        "until": _moment(fit.until),
        "purge_bars": fit.purge_bars,
        "parameters": dict(chosen.parameters) if chosen else None,
        "in_sample": {
            name: chosen.metrics.get(name) if chosen else None
            for name in ("sharpe", "net_pnl", "max_drawdown", "trades")
        },
        "out_of_sample_pnl": pnl,
    }
    return {**told, "out_of_sample_sharpe": _alone(fit, walk, days)}


def _alone(fit: Fit, walk: WalkForward, days: tuple[int, int]) -> Measure:
    """Return the Sharpe ratio of the asset alone with the full capital, as in sample."""
    if not fit.trades or fit.asset not in walk.solos:
        return Undefined(fit.why_not or "the asset is not in the account")
    solo = walk.solos[fit.asset]
    daily = daily_returns(solo.marks, walk.plan.terms.capital)
    if isinstance(daily, Undefined):
        return daily
    own = (solo.days >= days[0]) & (solo.days < days[1])
    return _sharpe(daily[own], solo.days[own])


def _sharpe(daily: Array, days: Ints) -> Measure:
    if len(days) and not len(daily):
        return _ruined()
    return growth.sharpe(daily, growth.days_per_year(days))


def _ruined() -> Undefined:
    return Undefined("the equity fell to zero or below")


# The whole ------------------------------------------------------------------------------------


def _account(walk: WalkForward) -> Numbers:
    record, capital = walk.outside, walk.plan.terms.capital
    per_year, final = growth.days_per_year(record.days), float(record.marks[-1])
    rate = growth.cagr(capital, final, growth.years(record.days))
    worst = max_drawdown(record.marks, capital)
    return {
        "first_day": _day(int(record.days[0])),
        "last_day": _day(int(record.days[-1])),
        "days": len(record.days),
        "final_equity": final,
        "net_pnl": final - capital,
        "total_return": growth.total_return(capital, final),
        "cagr": rate,
        "volatility": growth.volatility(record.daily, per_year) if len(record.daily) else _ruined(),
        "sharpe": _sharpe(record.daily, record.days),
        "max_drawdown_of_days": worst,
        "calmar_of_days": growth.calmar(rate, worst),
        "trades": len(walk.played.trades),
    }


def _degradation(inside: Measure, outside: Measure) -> Numbers:
    return {
        "sharpe": kept.degradation(inside, outside),
        "kept_share": kept.kept_share(inside, outside),
    }


def _consistency(
    windows: Sequence[Numbers], inside: Sequence[Measure], outside: Sequence[Measure]
) -> Numbers:
    made = [window["out_of_sample"]["total_return"] for window in windows]
    return {
        "windows": len(windows),
        "gaining": kept.share_above(made, 0.0),
        "above_in_sample_median": kept.share_above(outside, kept.middle(inside)),
    }


def _efficiency(walk: WalkForward, borders: Ints) -> Measure:
    inside = [np.empty(0) if one.inside is None else one.inside.daily for one in walk.windows]
    spans = pairwise(borders)
    return kept.efficiency(inside, [walk.outside.between(int(a), int(b)) for a, b in spans])


def _selection(walk: WalkForward) -> Numbers:
    chosen = [sorted(one.choice.parameters) for one in walk.windows]
    return {
        "turnover": kept.selection_turnover(chosen),
        "weight_turnover": kept.weight_turnover(walk.weights),
        "share_of_windows": {
            symbol: sum(symbol in one for one in chosen) / len(chosen) for symbol in walk.symbols
        },
    }


def _parameters(walk: WalkForward) -> Numbers:
    """Return each asset's chosen values by window; None where a window chose nothing."""
    return {symbol: _paths([one.fits[symbol] for one in walk.windows]) for symbol in walk.symbols}


def _paths(fits: Sequence[Fit]) -> Numbers:
    given = [dict(fit.chosen.parameters) if fit.chosen else {} for fit in fits]
    names = sorted({name for point in given for name in point})
    return {name: _path([point.get(name) for point in given]) for name in names}


def _path(values: Sequence[Any]) -> Numbers:
    known = [value for value in values if value is not None]
    if any(isinstance(value, str | bool) for value in known):
        return {"path": list(values), "stability": Undefined("the parameter is no number")}
    found = kept.stability(known)
    if isinstance(found, Undefined):
        return {"path": list(values), "stability": found}
    return {"path": list(values), "stability": {**dataclasses.asdict(found), "iqr": found.iqr}}


def _hindsight(walk: WalkForward) -> Numbers:
    found = walk.hindsight
    if found is None:
        return {"sharpe": _NO_HINDSIGHT, "total_return": _NO_HINDSIGHT, "days": 0, "trials": 0}
    trials = sum(fit.paid for fit in found.fits.values())
    return {**_inside(found), "trials": trials, "assets": sorted(found.choice.parameters)}


def _notices(walk: WalkForward) -> list[str]:
    said = [note for one in walk.windows for fit in one.fits.values() for note in fit.notices]
    return sorted(set(said))


# Cross-validation -----------------------------------------------------------------------------


def crossed_numbers(found: Crossed) -> Numbers:
    """Return what cross-validation found, ready for JSON; undefined ratios are None."""
    known = found.known
    trained = [split.trained for split in found.splits]
    none = Undefined("no path has a Sharpe ratio")
    levels = (5, 25, 50, 75, 95)
    plain = {
        **dataclasses.asdict(found.folds),
        "splits": found.folds.splits,
        "paths": found.folds.paths,
        "symbols": list(found.symbols),
        "first_day": _day(int(found.days[0])),
        "last_day": _day(int(found.days[-1])),
        "days": len(found.days),
        "sharpe": list(found.sharpe),
        "median_sharpe": float(np.median(known)) if len(known) else none,
        "quantiles": {
            f"p{level}": float(np.percentile(known, level)) if len(known) else none
            for level in levels
        },
        "share_of_losing_paths": float(np.mean(known <= 0.0)) if len(known) else none,
        "median_training_sharpe": kept.middle(trained),
        "degradation": _degradation(
            kept.middle(trained), float(np.median(known)) if len(known) else none
        ),
    }
    return without_undefined(plain)


def _settled(value: Any, path: str, undefined: dict[str, str]) -> Any:
    if isinstance(value, Undefined):
        undefined[path] = value.reason
        return None
    if isinstance(value, Mapping):
        dot = f"{path}." if path else ""
        return {str(key): _settled(one, f"{dot}{key}", undefined) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(one, f"{path}.{at}", undefined) for at, one in enumerate(value)]
    return value.item() if isinstance(value, np.generic) else value


def _moment(label: int) -> str:
    return pd.Timestamp(label).isoformat() + "Z"


def _day(day: int) -> str:
    return str(np.datetime64(day, "D"))
