"""What running the assets together did: correlation when it matters, bets, overlap, currencies."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.result import RunResult
from lockstep.metrics import returns as growth
from lockstep.metrics.blocks import Block
from lockstep.metrics.currencies import currency_exposure
from lockstep.metrics.loss_clusters import loss_clusters
from lockstep.metrics.overlap import overlap
from lockstep.metrics.panel import Curve, Panel, on_days
from lockstep.metrics.risk import correlation, diversification_ratio, risk_contributions
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

#: Part of the account's days that counts as its worst.
WORST = 0.1
#: Principal components whose variances differ by less are tied (fraction of the largest).
_TIED = 1e-9
#: Fewer days say nothing about a correlation among them.
FEWEST_WORST_DAYS = 10


def together(
    result: RunResult,
    table: Panel,
    daily: Array | Undefined,
    solo: Mapping[str, Curve],
    tree: Mapping[str, Any],
) -> Block:
    """Return what the account's assets have and had in common.

    Parameters
    ----------
    result : RunResult
        A run that was played.
    table : Panel
        Its arrays.
    daily : ndarray, shape (n_days, n_assets), or Undefined
        Each asset's daily P&L over the account's equity the day before.
    solo : mapping of str to Curve
        The solo runs.
    tree : mapping
        The summary so far: Sharpe ratios and mean weights.

    Returns
    -------
    dict
        The keys of docs/attribution.md, section "Diversification".
    """
    return {
        **_inside(daily, table.symbols),
        **_worst_days(table, daily, solo),
        "effective_bets": effective_bets(daily),
        **_sharpes(table.symbols, tree),
        "overlap": overlap(result.trades, table.account.time, table.symbols),
        "currency_exposure": currency_exposure(result),
        "loss_clusters": loss_clusters(table),
    }


def effective_bets(daily: Array | Undefined) -> Block | Undefined:
    """Return how many equal, independent bets the account was worth, by three measures.

    Parameters
    ----------
    daily : ndarray, shape (n_days, n_assets), or Undefined
        Each asset's daily contribution to the account's return (fraction); their sum is the
        account.

    Returns
    -------
    dict or Undefined
        ``ratio_squared``: the squared diversification ratio (Choueifaty, Froidure, Reynier 2013);
        ``entropy``: exp of the entropy of the shares of variance of the principal components
        (Meucci 2009); ``risk_shares``: 1 / sum of squared Euler shares of variance (Herfindahl),
        a hedge's negative share counted by its size. Each is 1 if one bet decides everything and
        n for n equal, independent assets.

    Notes
    -----
    They differ where assets are alike: n equal assets of correlation rho carry n equal shares
    (``risk_shares`` is n whatever rho is), are one principal component (``entropy`` is 1 for any
    rho > 0), and have ``ratio_squared = n / (1 + (n - 1) rho)``, which is why the report leads
    with it.

    References
    ----------
    Choueifaty, Froidure, Reynier (2013), "Properties of the Most Diversified Portfolio"; Meucci
    (2009), "Managing Diversification".

    Examples
    --------
    Two independent assets, one twice as volatile: shares of 1/5 and 4/5.

    >>> swings = np.array([[1.0, 2.0], [1.0, -2.0], [-1.0, 2.0], [-1.0, -2.0]])
    >>> bets = effective_bets(swings)
    >>> [round(bets[key], 6) for key in ("ratio_squared", "entropy", "risk_shares")]
    [1.8, 1.649385, 1.470588]
    """
    if isinstance(daily, Undefined):
        return daily
    if len(daily) < 2:
        return Undefined("fewer than two trading days")
    covariance = np.atleast_2d(np.cov(daily, rowvar=False, ddof=1))
    whole = np.ones(len(covariance))
    if math.sqrt(max(0.0, float(np.sum(covariance)))) <= ROUNDING:
        return Undefined("the account's daily returns do not vary")
    ratio = diversification_ratio(whole, covariance)
    shares = np.abs(risk_contributions(whole, covariance))
    shares = shares / np.sum(shares)
    return {
        "ratio_squared": ratio if isinstance(ratio, Undefined) else ratio * ratio,
        "entropy": _entropy_bets(covariance),
        "risk_shares": 1.0 / float(np.sum(shares * shares)),
    }


def _entropy_bets(covariance: Array) -> float:
    """Return exp(entropy) of the principal components' shares of the whole's variance."""
    spectrum, axes = np.linalg.eigh(covariance)
    parts = np.maximum(spectrum, 0.0) * np.sum(axes, axis=0) ** 2
    # Components of the same variance can be turned into one another; each gets an even part.
    tied = np.cumsum(np.diff(spectrum, prepend=spectrum[0]) > _TIED * spectrum[-1])
    parts = (np.bincount(tied, parts) / np.bincount(tied))[tied]
    shares = parts[parts > 0.0] / np.sum(parts)
    return float(np.exp(-np.sum(shares * np.log(shares))))


def _inside(daily: Array | Undefined, symbols: Sequence[str]) -> Block:
    """Return the correlation of the assets' contributions inside the account."""
    if isinstance(daily, Undefined):
        return {"mean_correlation_inside": daily, "correlation_inside": daily}
    mean, nested = nested_correlation(daily, symbols)
    return {"mean_correlation_inside": mean, "correlation_inside": nested}


def _worst_days(table: Panel, daily: Array | Undefined, solo: Mapping[str, Curve]) -> Block:
    """Return both correlations on the worst tenth of the account's days."""
    whole = growth.daily_returns(table.account.marks, table.account.initial)
    count = math.floor(WORST * len(table.account.days) + 1e-9)
    if isinstance(daily, Undefined) or isinstance(whole, Undefined):
        return {"worst_days": daily if isinstance(daily, Undefined) else whole}
    if count < FEWEST_WORST_DAYS:
        return {
            "worst_days": Undefined(
                f"the worst tenth of the run's days has {count}; {FEWEST_WORST_DAYS} are needed"
            )
        }
    worst = np.sort(np.argsort(whole, kind="stable")[:count])
    inside_mean, inside = nested_correlation(daily[worst], table.symbols)
    symbols, returns = _solo_returns(solo, table)
    solo_mean, alone = nested_correlation(returns[worst], symbols)
    return {
        "worst_days": {
            "days": count,
            "best_of_them": float(np.max(whole[worst])),
            "mean_correlation": solo_mean,
            "correlation": alone,
            "mean_correlation_inside": inside_mean,
            "correlation_inside": inside,
        }
    }


def _solo_returns(solo: Mapping[str, Curve], table: Panel) -> tuple[list[str], Array]:
    """Return the solo runs' daily returns on the account's days, NaN where there is none."""
    daily = {s: growth.daily_returns(c.marks, c.initial) for s, c in solo.items()}
    known = {s: r for s, r in daily.items() if not isinstance(r, Undefined)}
    days, returns = on_days({s: solo[s] for s in known}, known, math.nan)
    found = np.full((len(table.account.days), len(known)), math.nan)
    _, ours, theirs = np.intersect1d(table.account.days, days, return_indices=True)
    found[ours] = returns[theirs]
    return list(known), found


def nested_correlation(returns: Array, symbols: Sequence[str]) -> tuple[Measure, Block | Undefined]:
    """Return the mean correlation over pairs, and the correlation by symbol and symbol.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_assets)
        Daily returns, NaN where an asset has none.
    symbols : sequence of str
        The assets.
    """
    if len(symbols) < 2:
        one = Undefined("one asset has nobody to correlate with")
        return one, one
    matrix = correlation(returns)
    known = matrix[np.triu_indices(len(symbols), 1)]
    known = known[np.isfinite(known)]
    reason = Undefined("fewer than two common days, or one of the two never moved")
    if not len(known):
        none = Undefined("no two assets have days in common on which both move")
        return none, none
    nested = {
        one: {other: float(rho) if np.isfinite(rho) else reason for other, rho in zip(symbols, row)}
        for one, row in zip(symbols, matrix)
    }
    return float(np.mean(known)), nested


def _sharpes(symbols: Sequence[str], tree: Mapping[str, Any]) -> dict[str, Measure]:
    """Return the weighted mean of the solo Sharpe ratios, and what the account has above it."""
    average = _weighted_sharpe(symbols, tree)
    own: Measure = tree["portfolio"]["sharpe"]
    gain: Measure
    if isinstance(own, Undefined):
        gain = own
    else:
        gain = average if isinstance(average, Undefined) else own - average
    return {"weighted_solo_sharpe": average, "sharpe_gain": gain}


def _weighted_sharpe(symbols: Sequence[str], tree: Mapping[str, Any]) -> Measure:
    total = weights = 0.0
    for symbol in symbols:
        weight = tree["assets"][symbol]["weight_mean"]
        if weight == 0.0:
            continue
        alone = tree["solo"].get(symbol, {}).get("sharpe", Undefined("it was not run"))
        if isinstance(alone, Undefined):
            return Undefined(f"the solo Sharpe ratio of {symbol} is undefined: {alone.reason}")
        total += weight * alone
        weights += weight
    return total / weights if weights > 0.0 else Undefined("no asset had any weight")
