"""The efficient frontier of the solo runs, with the run's own weights beside it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.result import RunResult
from lockstep.metrics import returns as growth
from lockstep.metrics.blocks import Block
from lockstep.metrics.comparison import weights_in_force
from lockstep.metrics.mixes import Frontier, Mix, is_feasible
from lockstep.metrics.panel import Curve, Panel, on_days
from lockstep.metrics.undefined import ROUNDING, Undefined

LABEL = "a description of the past, not advice"
#: Fewer common days say nothing about a covariance: a month of trading days.
FEWEST_DAYS = 20


@dataclass(frozen=True, slots=True)
class _Sample:
    """Daily solo returns of the assets that moved, on the days all of them have."""

    symbols: list[str]
    days: Ints
    returns: Array

    @property
    def per_year(self) -> float:
        return growth.days_per_year(self.days)


def frontier(result: RunResult, table: Panel, solo: dict[str, Curve]) -> Block | Undefined:
    """Return the efficient frontier of the solo runs' daily returns.

    Parameters
    ----------
    result : RunResult
        The run, for its cap on weights.
    table : Panel
        Its arrays, for the weights that were in force.
    solo : dict of Curve
        The solo runs, by symbol.

    Returns
    -------
    dict or Undefined
        ``label``, ``symbols``, ``left_out`` (symbol: why), ``days``, ``cap``, ``points`` and
        ``marks``, see docs/attribution.md. Returns and volatilities are fractions a year, weights
        fractions; undefined without two assets' worth of days, or under a cap with which no
        weights sum to 1.
    """
    sample, left_out = _sample(table, solo)
    if isinstance(sample, Undefined):
        return sample
    count = len(sample.symbols)
    cap = _cap(result, count)
    if not is_feasible(count, cap):
        return Undefined(
            f"{count} assets of at most {100.0 * cap:.4g}% each hold {100.0 * count * cap:.4g}% of "
            "the account; the frontier needs weights that sum to 100%"
        )
    means = np.mean(sample.returns, axis=0)
    covariance = np.atleast_2d(np.cov(sample.returns, rowvar=False, ddof=1))
    space = Frontier(means, covariance, cap)
    points = space.points()
    if isinstance(points, Undefined):
        return points
    return {
        "label": LABEL,
        "symbols": sample.symbols,
        "left_out": left_out,
        "days": len(sample.days),
        "cap": cap,
        "points": [_point(mix, sample) for mix in points],
        "marks": _marks(space, points, _run_weights(table, sample.symbols), sample),
    }


def _sample(table: Panel, solo: dict[str, Curve]) -> tuple[_Sample | Undefined, dict[str, str]]:
    """Return the common sample, and why assets are not in it."""
    daily, left_out = {}, {}
    for symbol in table.symbols:
        own = _daily(solo.get(symbol))
        if isinstance(own, Undefined):
            left_out[symbol] = own.reason
        else:
            daily[symbol] = own
    if not daily:
        return Undefined("no asset has a solo run that moved"), left_out
    days, returns = on_days({symbol: solo[symbol] for symbol in daily}, daily, math.nan)
    common = np.all(np.isfinite(returns), axis=1)
    if np.count_nonzero(common) < FEWEST_DAYS:
        reason = f"the solo runs have {np.count_nonzero(common)} common days; {FEWEST_DAYS} needed"
        return Undefined(reason), left_out
    still = np.std(returns[common], axis=0, ddof=1) <= ROUNDING
    left_out |= {s: "it did not move on the common days" for s, x in zip(daily, still) if x}
    if np.all(still):
        return Undefined("no asset has a solo run that moved"), left_out
    moving = [symbol for symbol, is_still in zip(daily, still) if not is_still]
    return _Sample(moving, days[common], returns[common][:, ~still]), left_out


def _daily(curve: Curve | None) -> Array | Undefined:
    if curve is None:
        return Undefined("it has no solo run")
    daily = growth.daily_returns(curve.marks, curve.initial)
    if isinstance(daily, Undefined):
        return daily
    if len(daily) < 2 or float(np.std(daily, ddof=1)) <= ROUNDING:
        return Undefined("its solo run did not move")
    return daily


def _cap(result: RunResult, count: int) -> float:
    """Return the run's cap on a weight; a single asset ignores it, as the run does."""
    settings = result.config.get("portfolio", {})
    cap = float(settings.get("max_asset_weight", 1.0))
    return min(1.0, cap) if count > 1 else 1.0


def _run_weights(table: Panel, symbols: list[str]) -> Array:
    """Return the mean over trading days of the weights in force."""
    in_force = weights_in_force(table.account.days, table.weight_days, table.weights)
    return np.array([np.mean(in_force[:, table.symbols.index(symbol)]) for symbol in symbols])


def _marks(space: Frontier, points: list[Mix], run: Array, sample: _Sample) -> Block:
    count = len(sample.symbols)
    mixes: dict[str, Mix | Undefined] = {
        "run_weights": space.mix(run),
        "equal_weight": space.mix(np.full(count, 1.0 / count)),
        "risk_parity": space.equal_risk(),
        "min_variance": points[0],
        "max_sharpe": space.largest_sharpe(points),
    }
    return {
        name: mix if isinstance(mix, Undefined) else _mark(mix, sample)
        for name, mix in mixes.items()
    }


def _mark(mix: Mix, sample: _Sample) -> Block:
    ratio = mix.sharpe
    yearly = ratio if isinstance(ratio, Undefined) else ratio * math.sqrt(sample.per_year)
    return {
        **_point(mix, sample),
        "sharpe": yearly,
        "invested": math.fsum(mix.weights),
    }


def _point(mix: Mix, sample: _Sample) -> Block:
    return {
        "return": mix.mean * sample.per_year,
        "volatility": mix.deviation * math.sqrt(sample.per_year),
        "weights": {symbol: float(weight) for symbol, weight in zip(sample.symbols, mix.weights)},
    }
