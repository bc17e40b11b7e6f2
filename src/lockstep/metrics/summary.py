"""metrics.json: every number of a run, derived from its primitives."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array
from lockstep.core.result import RunResult
from lockstep.metrics import returns as growth
from lockstep.metrics.attribution import attribution
from lockstep.metrics.blocks import Block, counts, performance, rows_of, trading
from lockstep.metrics.comparison import naive_solo_pnl, weighted_solo_pnl, weights_in_force
from lockstep.metrics.coverage import coverage
from lockstep.metrics.diversification import together
from lockstep.metrics.doctor.table import findings
from lockstep.metrics.effects import counterfactual_effects
from lockstep.metrics.frontier import frontier
from lockstep.metrics.matching import ledger_totals, matches
from lockstep.metrics.panel import Curve, Panel, on_days, panel, solo_curves
from lockstep.metrics.risk import (
    correlation,
    diversification_ratio,
    risk_contributions,
    volatility_reduction,
)
from lockstep.metrics.trades import smallest_of
from lockstep.metrics.undefined import NOT_PLAYED, ROUNDING, Measure, Undefined


def summarise(result: RunResult, matched: pd.DataFrame | Undefined | None = None) -> dict[str, Any]:
    """Return every number of a run, ready for JSON.

    Parameters
    ----------
    result : RunResult
        What the run left behind. Without a step in its equity table (the portfolio was not
        played), only the solo runs are summarised.
    matched : DataFrame or Undefined, optional
        `lockstep.metrics.matching.matches` of the same result, if it is known already.

    Returns
    -------
    dict
        ``portfolio`` and ``assets`` (by symbol) with the keys of docs/metrics.md, ``solo`` (by
        symbol: each asset alone with the full capital), ``diversification``, ``coverage`` (who had
        data when), ``attribution`` and ``frontier`` (docs/attribution.md), ``solo_ledger`` (what
        became of the solo trades), ``counterfactuals`` (by risk rule), ``findings`` (of the
        doctor), and ``undefined``: the reason for each None, by dotted path. Fractions, account
        currency and calendar days; no NaN and no infinity.

    Raises
    ------
    DataError
        If the tables do not belong to one run.
    """
    solo = solo_curves(result)
    tree: dict[str, Any] = {"portfolio": {}, "assets": {}, "solo": {}, "diversification": {}}
    tree["solo"] = {symbol: _solo(result, symbol, curve) for symbol, curve in solo.items()}
    tree |= {"coverage": NOT_PLAYED, "attribution": NOT_PLAYED, "frontier": NOT_PLAYED}
    if len(result.equity):
        table = panel(result)
        daily = growth.contributions(table.pnl, table.account.marks, table.account.initial)
        tree["portfolio"] = _portfolio(result, table, solo)
        tree["assets"] = _assets(result, table, daily)
        tree["diversification"] = _diversification(table, daily, tree, solo)
        tree["diversification"] |= together(result, table, daily, solo, tree)
        tree["coverage"] = coverage(result, table)
        tree["attribution"] = attribution(result, table, daily)
        tree["frontier"] = frontier(result, table, solo)
    fates = matches(result) if matched is None else matched
    tree["solo_ledger"] = fates if isinstance(fates, Undefined) else ledger_totals(fates)
    tree["counterfactuals"] = _counterfactuals(result, tree["portfolio"])
    undefined: dict[str, str] = {}
    settled = {key: _settled(value, key, undefined) for key, value in tree.items()}
    if not len(result.equity):
        undefined["portfolio"] = NOT_PLAYED.reason
    settled["findings"] = _settled(findings(result, settled), "findings", undefined)
    return {**settled, "undefined": undefined}


def _counterfactuals(result: RunResult, portfolio: Block) -> Block | Undefined:
    if not len(result.equity):
        return NOT_PLAYED
    return counterfactual_effects(result.facts, portfolio)


def _portfolio(result: RunResult, table: Panel, solo: dict[str, Curve]) -> Block:
    account = table.account
    decisions = result.decisions
    return {
        **performance(account, growth.daily_returns(account.marks, account.initial)),
        **_solo_pnl(table, solo),
        **trading(result.trades, account),
        "min_margin_level": smallest_of(
            result.account["margin_level"].to_numpy(dtype=np.float64), "no margin was ever used"
        ),
        "stop_outs": _closed_by(result.trades, "stop_out"),
        "breaker_trips": _decided(decisions, "breaker_trip"),
        "broker_loss": _broker_loss(decisions),
        "reserve_share": _reserve_share(table),
        "ambiguous_reruns": _reruns(result.facts),
        "decisions": counts(decisions["code"].astype(str).tolist() if len(decisions) else []),
        "counts": _added(result.facts.get("counts", {})),
    }


def _reruns(facts: Mapping[str, Any]) -> Measure | dict[str, float]:
    """Return the net P&L of exact re-runs under each rule for ambiguous bars."""
    found = dict(facts.get("ambiguous") or {})
    if found.pop("method", "static") != "exact":
        return Undefined("only the compiled player runs again under every rule")
    return found


def _reserve_share(table: Panel) -> Measure:
    """Return the mean share of equity that no sleeve holds."""
    marks = table.account.marks
    share = _mean(table.reserve / np.where(marks > 0.0, marks, np.nan))
    # Targets that sum to 1 leave a reserve of rounding, whose sign would read as debt.
    return 0.0 if isinstance(share, float) and abs(share) <= ROUNDING else share


def _assets(result: RunResult, table: Panel, daily: Array | Undefined) -> dict[str, Block]:
    shares = _risk_shares(daily, len(table.symbols))
    in_force = weights_in_force(table.account.days, table.weight_days, table.weights)
    return {
        symbol: {
            **_asset(result, table, asset, daily),
            "risk_share": shares[asset],
            "weight_start": float(table.weights[0, asset]),
            "weight_mean": _mean(in_force[:, asset]),
            "weight_end": float(table.weights[-1, asset]),
        }
        for asset, symbol in enumerate(table.symbols)
    }


def _asset(result: RunResult, table: Panel, asset: int, daily: Array | Undefined) -> Block:
    symbol = table.symbols[asset]
    own = rows_of(result.trades, symbol)
    decisions = rows_of(result.decisions, symbol)
    own_daily = daily if isinstance(daily, Undefined) else daily[:, asset]
    return {
        **performance(table.contribution(asset), own_daily),
        "initial_equity": table.start(asset),
        "final_equity": float(table.sleeves[-1, asset]),
        "net_pnl": math.fsum(table.pnl[:, asset]),
        "transfers": math.fsum(table.transfers[:, asset]),
        **trading(own, table.account),
        "min_margin_level": Undefined("the margin level belongs to the account, not to an asset"),
        "stop_outs": _closed_by(own, "stop_out"),
        "breaker_trips": Undefined("the breaker watches the account, not an asset"),
        "decisions": counts(decisions["code"].astype(str).tolist() if len(decisions) else []),
        "counts": dict(result.facts.get("counts", {}).get(symbol, {})),
    }


def _solo(result: RunResult, symbol: str, curve: Curve) -> Block:
    daily = growth.daily_returns(curve.marks, curve.initial)
    return {**performance(curve, daily), **trading(rows_of(result.solo_trades, symbol), curve)}


def _solo_pnl(table: Panel, solo: dict[str, Curve]) -> dict[str, Measure]:
    """Return what adding up the solo runs would promise, weighted and naive."""
    if not solo:
        none = Undefined("the run has no solo runs")
        return {"weighted_solo_pnl": none, "naive_solo_pnl": none}
    gains = {s: np.diff(c.marks, prepend=c.initial) for s, c in solo.items()}
    days, pnl = on_days(solo, gains, 0.0)
    in_force = weights_in_force(days, table.weight_days, table.weights)
    held = np.zeros((len(days), len(solo)))
    for column, symbol in enumerate(solo):
        if symbol in table.symbols:
            held[:, column] = in_force[:, table.symbols.index(symbol)]
    return {
        "weighted_solo_pnl": weighted_solo_pnl(held, pnl),
        "naive_solo_pnl": naive_solo_pnl(pnl),
    }


def _diversification(
    table: Panel, daily: Array | Undefined, tree: dict[str, Any], solo: dict[str, Curve]
) -> Block:
    average = _weighted_volatility(table, tree)
    volatility: Measure = tree["portfolio"]["volatility"]
    return {
        "ratio": _ratio(daily),
        "weighted_solo_volatility": average,
        "volatility_reduction": volatility_reduction(volatility, average),
        **_correlations(solo),
    }


def _ratio(daily: Array | Undefined) -> Measure:
    if isinstance(daily, Undefined):
        return daily
    if len(daily) < 2:
        return Undefined("fewer than two trading days")
    return diversification_ratio(np.ones(daily.shape[1]), _covariance(daily))


def _risk_shares(daily: Array | Undefined, count: int) -> list[Measure]:
    """Return each asset's Euler share of the account's variance; the shares sum to 1."""
    if isinstance(daily, Undefined):
        return [daily] * count
    if len(daily) < 2:
        return [Undefined("fewer than two trading days")] * count
    covariance, whole = _covariance(daily), np.ones(count)
    if math.sqrt(max(0.0, float(whole @ covariance @ whole))) <= ROUNDING:
        return [Undefined("the account's daily returns do not vary")] * count
    return [float(share) for share in risk_contributions(whole, covariance)]


def _weighted_volatility(table: Panel, tree: dict[str, Any]) -> Measure:
    """Return the sum of mean weight times yearly solo volatility."""
    total = 0.0
    for symbol in table.symbols:
        weight = tree["assets"][symbol]["weight_mean"]
        if weight == 0.0:
            continue
        alone = tree["solo"].get(symbol, {}).get("volatility", Undefined("it was not run"))
        if isinstance(alone, Undefined):
            return Undefined(f"the solo volatility of {symbol} is undefined: {alone.reason}")
        total += weight * alone
    return total


def _correlations(solo: dict[str, Curve]) -> Block:
    """Return the correlation of the solo runs' daily returns, and its mean over pairs."""
    daily = {s: growth.daily_returns(c.marks, c.initial) for s, c in solo.items()}
    defined = {s: r for s, r in daily.items() if not isinstance(r, Undefined)}
    symbols = list(defined)
    _, table = on_days({s: solo[s] for s in symbols}, defined, float("nan"))
    matrix = correlation(table)
    pairs = matrix[np.triu_indices(len(symbols), 1)]
    known = pairs[np.isfinite(pairs)]
    reason = "fewer than two common days, or one of the two never moved"
    nested = {
        one: {
            other: float(matrix[i, j]) if np.isfinite(matrix[i, j]) else Undefined(reason)
            for j, other in enumerate(symbols)
        }
        for i, one in enumerate(symbols)
    }
    mean = (
        float(np.mean(known))
        if len(known)
        else Undefined("no two solo runs have days in common on which both move")
    )
    return {"mean_correlation": mean, "correlation": nested}


def _covariance(daily: Array) -> Array:
    return np.atleast_2d(np.cov(daily, rowvar=False, ddof=1)).astype(np.float64)


def _closed_by(trades: pd.DataFrame, reason: str) -> int:
    return int((trades["exit_reason"] == reason).sum()) if len(trades) else 0


def _decided(decisions: pd.DataFrame, code: str) -> int:
    return int((decisions["code"] == code).sum()) if len(decisions) else 0


def _broker_loss(decisions: pd.DataFrame) -> float:
    """Return the debts the broker forgave: each lifted a balance from below zero."""
    if len(decisions) == 0:
        return 0.0
    rows = decisions[decisions["code"] == "broker_loss"]
    return math.fsum(rows["after"].astype(float)) - math.fsum(rows["before"].astype(float))


def _mean(values: Array) -> Measure:
    finite = values[np.isfinite(values)]
    return float(np.mean(finite)) if len(finite) else Undefined("there is no trading day")


def _added(by_asset: dict[str, dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for own in by_asset.values():
        for code, number in own.items():
            total[code] = total.get(code, 0) + int(number)
    return dict(sorted(total.items()))


def _settled(value: Any, path: str, undefined: dict[str, str]) -> Any:
    """Return plain JSON data; each None leaves its reason in `undefined` under its path."""
    if isinstance(value, dict):
        return {key: _settled(item, f"{path}.{key}", undefined) for key, item in value.items()}
    if isinstance(value, list):
        return [_settled(item, f"{path}.{i}", undefined) for i, item in enumerate(value)]
    if isinstance(value, Undefined):
        undefined[path] = value.reason
        return None
    if isinstance(value, bool | int | str | np.integer):
        return int(value) if isinstance(value, np.integer) else value
    number = float(value)
    if math.isfinite(number):
        return number
    undefined[path] = f"the tables of the run give {number}, which is no number"
    return None
