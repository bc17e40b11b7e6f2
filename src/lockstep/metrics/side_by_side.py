"""Runs side by side: the same days for all, and which differences are more than chance."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.metrics import drawdown as falls
from lockstep.metrics import returns as growth
from lockstep.metrics.confidence import probabilistic_sharpe
from lockstep.metrics.false_discovery import benjamini_hochberg, holm
from lockstep.metrics.panel import Curve
from lockstep.metrics.sharpe_difference import (
    RESAMPLES,
    SharpeDifference,
    paired_t_test,
    sharpe_difference,
)
from lockstep.metrics.undefined import Measure, Undefined

#: What every curve is worth before the first common day.
START = 100.0
_SAME_DAYS = Undefined("fewer than two common days")


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Equity curves on the trading days they share.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Common trading days, as days since 1970-01-01.
    index : ndarray, shape (n_days + 1, n_runs)
        Equity at the daily marks; the first row is `START`, each curve before the first day.
    daily : ndarray, shape (n_days, n_runs)
        Return from one common day to the next; days that others lack are part of it.
    """

    days: Ints
    index: Array
    daily: Array

    @property
    def years(self) -> float:
        """Span of the days in years."""
        return growth.years(self.days)

    @property
    def per_year(self) -> float:
        """Common days per year."""
        return growth.days_per_year(self.days)


def side_by_side(curves: Sequence[Curve]) -> SideBySide | Undefined:
    """Return curves on their common days, each as if it had begun with the same money.

    A curve begins with its mark before the first common day, or its initial equity. Between two
    common days lies one return, whatever other days a run has had between them.

    Parameters
    ----------
    curves : sequence of Curve
        Two or more accounts; currencies may differ, for only fractions are compared.

    Returns
    -------
    SideBySide or Undefined
        Undefined if there are fewer than two common days, or an account was at zero on one.
    """
    days = curves[0].days
    for curve in curves[1:]:
        days = np.intersect1d(days, curve.days, assume_unique=True)
    if len(days) < 2:
        return _SAME_DAYS
    columns = []
    for curve in curves:
        at = np.searchsorted(curve.days, days)
        before = curve.initial if at[0] == 0 else curve.marks[at[0] - 1]
        columns.append(np.concatenate([[before], curve.marks[at]]))
    equity = np.column_stack(columns)
    if np.any(equity[:-1] <= 0.0):
        return Undefined("an account was at zero or below on a common day")
    return SideBySide(days, START * equity / equity[0], equity[1:] / equity[:-1] - 1.0)


def statistics(common: SideBySide, run: int) -> dict[str, Measure]:
    """Return growth and risk of one run on the common days, from daily marks.

    Parameters
    ----------
    common : SideBySide
        The runs.
    run : int
        Which one.

    Returns
    -------
    dict
        ``total_return, cagr, volatility, sharpe, sharpe_autocorrelation_adjusted, sortino,
        probabilistic_sharpe, max_drawdown, calmar, worst_day``; fractions, a year.
    """
    daily, last = common.daily[:, run], float(common.index[-1, run])
    rate = growth.cagr(START, last, common.years)
    worst = falls.max_drawdown(common.index[1:, run], START)
    return {
        "total_return": growth.total_return(START, last),
        "cagr": rate,
        "volatility": growth.volatility(daily, common.per_year),
        "sharpe": growth.sharpe(daily, common.per_year),
        "sharpe_autocorrelation_adjusted": growth.sharpe_autocorrelation_adjusted(
            daily, common.per_year
        ),
        "sortino": growth.sortino(daily, common.per_year),
        "probabilistic_sharpe": probabilistic_sharpe(daily),
        "max_drawdown": worst,
        "calmar": growth.calmar(rate, worst),
        "worst_day": float(np.min(daily)),
    }


def drawdowns(common: SideBySide) -> Array:
    """Return each curve's loss from its peak so far, shape (n_days + 1, n_runs), fractions."""
    columns = range(common.index.shape[1])
    return np.column_stack([falls.drawdowns(common.index[:, run], START) for run in columns])


def pairs(
    common: SideBySide, *, seed: int, block: int | None = None, resamples: int = RESAMPLES
) -> list[dict[str, Any]]:
    """Return a test of every pair of runs, corrected for their number.

    Parameters
    ----------
    common : SideBySide
        The runs.
    seed, block, resamples
        As `metrics.sharpe_difference.sharpe_difference` takes them; every pair draws its own.

    Returns
    -------
    list of dict
        In the order of the runs: ``first, second`` (positions), ``difference, standard_error,
        low, high`` (Sharpe ratio a year), ``p_value, p_value_asymptotic``, ``holm`` and
        ``benjamini_hochberg`` (adjusted over the pairs that could be tested), ``t_test``,
        ``correlation``, ``block, block_chosen, resamples, days``; what cannot be had is
        `Undefined`.
    """
    rows = []
    for number, (one, other) in enumerate(itertools.combinations(range(common.daily.shape[1]), 2)):
        series = common.daily[:, one], common.daily[:, other]
        found = sharpe_difference(*series, seed=seed + number, block=block, resamples=resamples)
        rows.append(
            {
                "first": one,
                "second": other,
                **_tested(found, common.per_year),
                "t_test": paired_t_test(*series),
                "correlation": _correlation(*series),
            }
        )
    known = [row for row in rows if not isinstance(row["p_value"], Undefined)]
    p_values = np.array([row["p_value"] for row in known])
    for name, adjust in (("holm", holm), ("benjamini_hochberg", benjamini_hochberg)):
        for row, value in zip(known, adjust(p_values)):
            row[name] = float(value)
    return rows


_TESTED = (
    "difference", "standard_error", "low", "high", "p_value", "p_value_asymptotic", "block",
    "block_chosen", "resamples", "days", "holm", "benjamini_hochberg",
)  # fmt: skip


def _tested(found: SharpeDifference | Undefined, per_year: float) -> dict[str, Any]:
    if isinstance(found, Undefined):
        return dict.fromkeys(_TESTED, found)
    to_a_year = math.sqrt(per_year)
    return {
        "difference": found.difference * to_a_year,
        "standard_error": found.standard_error * to_a_year,
        "low": found.low * to_a_year,
        "high": found.high * to_a_year,
        "p_value": found.p_value,
        "p_value_asymptotic": found.p_value_asymptotic,
        "block": found.block,
        "block_chosen": found.block_chosen,
        "resamples": found.resamples,
        "days": found.days,
    }


def _correlation(first: Array, second: Array) -> Measure:
    if min(float(np.std(first)), float(np.std(second))) <= 0.0:
        return Undefined("the returns of one of the two do not vary")
    return float(np.corrcoef(first, second)[0, 1])


def settled(value: Any, path: str, undefined: dict[str, str]) -> Any:
    """Return plain JSON data; each `Undefined` becomes None and leaves its reason at its path."""
    if isinstance(value, Mapping):
        return {key: settled(item, f"{path}.{key}", undefined) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [settled(item, f"{path}.{at}", undefined) for at, item in enumerate(value)]
    if isinstance(value, Undefined):
        undefined[path.lstrip(".")] = value.reason
        return None
    return value.item() if isinstance(value, np.generic) else value


def iso_day(day: int) -> str:
    """Return a trading day as an ISO date."""
    return str(np.datetime64(int(day) * DAY_NS, "ns").astype("datetime64[D]"))
