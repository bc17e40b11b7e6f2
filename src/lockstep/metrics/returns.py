"""Growth, and growth per risk, from daily marks. Never from raw bars."""

from __future__ import annotations

import math

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.undefined import NO_DRAWDOWN, ROUNDING, Measure, Undefined

DAYS_PER_YEAR = 365.25
#: Largest logarithm of a yearly growth factor that is still worth a number.
_LARGEST_LOG = 50.0
#: Days below which autocorrelations say nothing: their standard error is 1 / sqrt(n).
FEWEST_FOR_AUTOCORRELATION = 30


def daily_returns(marks: Array, initial: float) -> Array | Undefined:
    """Return the change of equity per trading day as a fraction of the equity before it.

    Parameters
    ----------
    marks : ndarray, shape (n_days,)
        Equity after each trading day's last step (account currency).
    initial : float
        Equity before the first day.

    Returns
    -------
    ndarray, shape (n_days,), or Undefined
        ``E_t / E_(t-1) - 1``; undefined if some day began without equity.
    """
    before = previous_marks(marks, initial)
    if isinstance(before, Undefined):
        return before
    return np.asarray((marks - before) / before, dtype=np.float64)


def contributions(pnl: Array, marks: Array, initial: float) -> Array | Undefined:
    """Return each asset's daily P&L as a fraction of the account's equity the day before.

    Parameters
    ----------
    pnl : ndarray, shape (n_days, n_assets)
        P&L of each asset per trading day, transfers left out (account currency).
    marks : ndarray, shape (n_days,)
        Account equity after each trading day.
    initial : float
        Account equity before the first day.

    Returns
    -------
    ndarray, shape (n_days, n_assets), or Undefined
        The rows add up to the account's daily returns: a sleeve's own return would jump whenever
        cash is moved.
    """
    before = previous_marks(marks, initial)
    if isinstance(before, Undefined):
        return before
    return np.asarray(pnl / before[:, None], dtype=np.float64)


def previous_marks(marks: Array, initial: float) -> Array | Undefined:
    """Return the equity with which each day began, shape (n_days,), if it was always positive."""
    before = np.concatenate([[initial], marks[:-1]]) if len(marks) else np.empty(0)
    if np.any(before <= 0.0):
        return Undefined("the equity fell to zero or below before the last day")
    return before


def years(days: Ints) -> float:
    """Return the span of the trading days, the first and the last included, in years.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Days since 1970-01-01, ascending.
    """
    return float(days[-1] - days[0] + 1) / DAYS_PER_YEAR if len(days) else 0.0


def days_per_year(days: Ints) -> float:
    """Return the number of trading days per year observed in the data: days / span in years.

    About 261 for markets that shut at weekends, 365.25 for those that do not.
    """
    return len(days) / years(days) if len(days) else 0.0


def total_return(initial: float, final: float) -> Measure:
    """Return ``final / initial - 1`` (fraction of the initial equity)."""
    if initial <= 0.0:
        return Undefined("there was no initial equity")
    return final / initial - 1.0


def cagr(initial: float, final: float, span: float) -> Measure:
    """Return the compound annual growth rate.

    Parameters
    ----------
    initial, final : float
        Equity before the first and after the last day (account currency).
    span : float
        Years between, see `years`.

    Returns
    -------
    float or Undefined
        ``(final / initial)^(1 / span) - 1`` (fraction per year); -1 if nothing is left.
    """
    if initial <= 0.0:
        return Undefined("there was no initial equity")
    if final < 0.0:
        return Undefined("the final equity is below zero, which no growth rate reaches")
    if span <= 0.0:
        return Undefined("there is no trading day")
    if final == 0.0:
        return -1.0
    log = math.log(final / initial) / span
    if log > _LARGEST_LOG:
        return Undefined("the span is too short to be stretched to a year")
    return math.expm1(log)


def volatility(returns: Array, per_year: float) -> Measure:
    """Return the standard deviation of daily returns, annualised.

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction).
    per_year : float
        Trading days per year, see `days_per_year`.

    Returns
    -------
    float or Undefined
        ``std(returns, n - 1) * sqrt(per_year)`` (fraction per square root of a year); 0 for a flat
        curve.
    """
    if len(returns) < 2:
        return Undefined("fewer than two trading days")
    return float(np.std(returns, ddof=1)) * math.sqrt(per_year)


def sharpe(returns: Array, per_year: float) -> Measure:
    """Return the annualised Sharpe ratio against cash that earns nothing.

    Returns
    -------
    float or Undefined
        ``mean / std(n - 1) * sqrt(per_year)``.

    References
    ----------
    Sharpe (1994), "The Sharpe Ratio".
    """
    daily = daily_sharpe(returns)
    return daily if isinstance(daily, Undefined) else daily * math.sqrt(per_year)


def sortino(returns: Array, per_year: float) -> Measure:
    """Return the annualised Sortino ratio with a target of zero.

    Returns
    -------
    float or Undefined
        ``mean / sqrt(sum(min(r, 0)^2) / n) * sqrt(per_year)``; n counts every day, the winning
        ones too.

    References
    ----------
    Sortino, Price (1994), "Performance Measurement in a Downside Risk Framework".
    """
    if len(returns) < 2:
        return Undefined("fewer than two trading days")
    downside = float(np.sqrt(np.mean(np.minimum(returns, 0.0) ** 2)))
    if downside <= ROUNDING:
        return Undefined("no losing day")
    return float(np.mean(returns)) / downside * math.sqrt(per_year)


def calmar(growth: Measure, worst_drawdown: Measure) -> Measure:
    """Return the compound annual growth rate over the maximum drawdown.

    Parameters
    ----------
    growth : float or Undefined
        See `cagr`.
    worst_drawdown : float or Undefined
        Maximum drawdown, a positive fraction.

    References
    ----------
    Young (1991), "Calmar Ratio: A Smoother Tool"; here over the whole run.
    """
    return _over(growth, worst_drawdown)


def ulcer_performance_index(growth: Measure, ulcer: Measure) -> Measure:
    """Return the compound annual growth rate over the Ulcer index, against idle cash.

    Parameters
    ----------
    growth : float or Undefined
        See `cagr`.
    ulcer : float or Undefined
        See `lockstep.metrics.drawdown.ulcer_index`, a positive fraction.

    References
    ----------
    Martin, McCann (1989), "The Investor's Guide to Fidelity Funds".
    """
    return _over(growth, ulcer)


def omega(returns: Array) -> Measure:
    """Return the Omega ratio of daily returns at a threshold of zero.

    Returns
    -------
    float or Undefined
        ``sum(max(r, 0)) / sum(max(-r, 0))``, no unit and not annualised: above 1 the days that
        gained outweigh those that lost.

    References
    ----------
    Keating, Shadwick (2002), "A Universal Performance Measure".
    """
    if len(returns) < 2:
        return Undefined("fewer than two trading days")
    lost = -float(np.sum(returns[returns < 0.0]))
    if lost <= ROUNDING:
        return Undefined("no losing day")
    return float(np.sum(returns[returns > 0.0])) / lost


def autocorrelations(returns: Array, lags: int) -> Array:
    """Return the sample autocorrelations of lags 1 to `lags`, shape (lags,).

    Parameters
    ----------
    returns : ndarray, shape (n_days,)
        Daily returns (fraction) that vary.
    lags : int
        At most n_days - 1.

    Returns
    -------
    ndarray, shape (lags,)
        ``sum((r_t - m)(r_(t-k) - m)) / sum((r_t - m)^2)`` over all t that have both.
    """
    centred = returns - np.mean(returns)
    whole = float(centred @ centred)
    return np.array([float(centred[k:] @ centred[:-k]) / whole for k in range(1, lags + 1)])


def autocorrelation_lags(days: int) -> int:
    """Return how many autocorrelations a record of so many days supports.

    ``floor(4 (n / 100)^(2/9))``: 4 for 100 days, 6 for 1,000. Longer lags are noise: all of them
    together always sum to -1/2, whatever the returns.

    References
    ----------
    Newey, West (1994), "Automatic Lag Selection in Covariance Matrix Estimation".
    """
    return math.floor(4.0 * math.pow(days / 100.0, 2.0 / 9.0))


def time_aggregation(correlations: Array, periods: float) -> Measure:
    """Return the factor from a Sharpe ratio per day to one per year.

    Parameters
    ----------
    correlations : ndarray, shape (n_lags,)
        Autocorrelations of lags 1, 2, ...; beyond the last they are taken as 0.
    periods : float
        Days per year, q.

    Returns
    -------
    float or Undefined
        ``eta(q) = q / sqrt(q + 2 sum over k < q of (q - k) rho_k)``: the square root of q if
        nothing is correlated, less if gains follow gains.

    References
    ----------
    Lo (2002), "The Statistics of Sharpe Ratios".
    """
    lags = np.arange(1, len(correlations) + 1)
    inside = lags < periods
    variance = periods + 2.0 * float((periods - lags[inside]) @ correlations[inside])
    if variance <= ROUNDING * periods:
        return Undefined("the returns cancel one another within days: a year would have no risk")
    return periods / math.sqrt(variance)


def sharpe_autocorrelation_adjusted(returns: Array, per_year: float) -> Measure:
    """Return the annualised Sharpe ratio, corrected for the autocorrelation of daily returns.

    Returns
    -------
    float or Undefined
        ``mean / std(n - 1) * eta(per_year)``, see `time_aggregation`, with
        `autocorrelation_lags` lags: what `sharpe` overstates when gains follow gains and losses
        losses.
    """
    daily = daily_sharpe(returns)
    if isinstance(daily, Undefined):
        return daily
    if len(returns) < FEWEST_FOR_AUTOCORRELATION:
        return Undefined(f"fewer than {FEWEST_FOR_AUTOCORRELATION} trading days")
    found = autocorrelations(returns, autocorrelation_lags(len(returns)))
    factor = time_aggregation(found, per_year)
    return factor if isinstance(factor, Undefined) else daily * factor


def daily_sharpe(returns: Array) -> Measure:
    """Return the Sharpe ratio per day, ``mean / std(n - 1)``: not annualised."""
    if len(returns) < 2:
        return Undefined("fewer than two trading days")
    deviation = float(np.std(returns, ddof=1))
    if deviation <= ROUNDING:
        return Undefined("the daily returns do not vary")
    return float(np.mean(returns)) / deviation


def _over(growth: Measure, drawdown: Measure) -> Measure:
    if isinstance(growth, Undefined):
        return growth
    if isinstance(drawdown, Undefined):
        return drawdown
    if drawdown <= ROUNDING:
        return NO_DRAWDOWN
    return growth / drawdown
