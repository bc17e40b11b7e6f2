"""Mixes of assets, and the best of them in hindsight: the efficient frontier."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array
from lockstep.metrics.equal_risk import equal_risk
from lockstep.metrics.quadratic import TOLERANCE, Program, Solution, minimise
from lockstep.metrics.risk import risk_contributions
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

#: Points from the smallest variance to the largest return.
POINTS = 25
#: Means, and sums of caps, that differ by less are the same (fraction of the largest).
_SAME = 1e-12
#: Width of the interval that holds the largest Sharpe ratio (fraction of the frontier's).
_NARROW = 1e-10
#: How far from equal weights towards a corner a mean may lie.
_INSIDE = 1.0 - 1e-9
#: A variance below this part of its terms' sizes is their rounding.
_CANCELLED = 64 * float(np.finfo(np.float64).eps)


@dataclass(frozen=True, slots=True)
class Mix:
    """Weights, and what they would have returned and risked.

    Parameters
    ----------
    weights : ndarray, shape (n_assets,)
        Fractions; what is missing to 1 is cash that earns nothing.
    mean, deviation : float
        Arithmetic mean and standard deviation (n - 1) of the daily returns (fraction).
    """

    weights: Array
    mean: float
    deviation: float

    @property
    def sharpe(self) -> Measure:
        """Mean over deviation, a day."""
        if self.deviation <= ROUNDING:
            return Undefined("the daily returns of this mix do not vary")
        return self.mean / self.deviation


@dataclass(frozen=True, slots=True)
class Frontier:
    """The set of mixes without cash: weights from 0 to a cap that sum to 1.

    Parameters
    ----------
    means : ndarray, shape (n_assets,)
        Mean of the daily returns (fraction).
    covariance : ndarray, shape (n_assets, n_assets)
        Their covariance (fraction**2); it may be singular.
    cap : float
        Largest weight, 1 for none; ``n_assets * cap`` must be at least 1 (see `is_feasible`).
    """

    means: Array
    covariance: Array
    cap: float

    def mix(self, weights: Array) -> Mix:
        """Return weights with the mean and the deviation they would have had."""
        variance = float(weights @ self.covariance @ weights)
        gross = float(np.abs(weights) @ np.abs(self.covariance) @ np.abs(weights))
        # What is left where parts cancel is their rounding.
        deviation = math.sqrt(variance) if variance > _CANCELLED * gross else 0.0
        return Mix(weights, float(weights @ self.means), deviation)

    def points(self) -> list[Mix] | Undefined:
        """Return up to `POINTS` mixes of the smallest variance for their mean.

        Returns
        -------
        list of Mix, or Undefined
            Evenly spaced in the mean, from the smallest variance of all to the largest mean; one
            mix if these are the same. Undefined if a point misses the optimality conditions.
        """
        ends = self._ends()
        if isinstance(ends, Undefined):
            return ends
        bottom, top = ends
        if top.mean - bottom.mean <= _SAME * self._scale:
            return [bottom]
        found = [bottom]
        for mean in np.linspace(bottom.mean, top.mean, POINTS)[1:-1]:
            solved = self.at(float(mean))
            if isinstance(solved, Undefined):
                return solved
            found.append(solved[0])
        return [*found, top]

    def at(self, mean: float) -> tuple[Mix, float] | Undefined:
        """Return the mix of the smallest variance with a given mean, and the price of the mean.

        Parameters
        ----------
        mean : float
            Between the smallest and the largest mean that any mix has; one within 1e-9 of them
            is moved inside.

        Returns
        -------
        (Mix, float) or Undefined
            The price is half the change of the variance per change of the mean (fraction).
        """
        even = np.full(len(self.means), 1.0 / len(self.means))
        far = self._greedy(-self.means if mean > float(even @ self.means) else self.means)
        span = float(far @ self.means - even @ self.means)
        part = min((mean - float(even @ self.means)) / span, _INSIDE)
        start = (1.0 - part) * even + part * far
        rows = np.vstack([np.ones(len(self.means)), self.means / self._scale])
        solution = self._solved(rows, rows @ start, start)
        if isinstance(solution, Undefined):
            return solution
        price = float(solution.prices[1]) * self._risk / self._scale
        return self.mix(solution.x), price

    def largest_sharpe(self, points: list[Mix]) -> Mix | Undefined:
        """Return the mix of the largest Sharpe ratio.

        Parameters
        ----------
        points : list of Mix
            Of this frontier, see `points`.

        Notes
        -----
        Along the frontier ``d(m / s) / dm = (s^2 - m p) / s^3`` with m the mean, s the deviation
        and p the price of the mean: it changes sign once. The interval around the best point is
        halved until it is narrow. That sign tells where it ends, not the largest ratio met on the
        way: near its top the ratio is flat, and its rounding hides eight digits of the weights.
        """
        if points[-1].mean <= 0.0:
            return Undefined("no mix of the assets had a positive mean return")
        ratios = [mix.sharpe for mix in points]
        if any(isinstance(ratio, Undefined) for ratio in ratios):
            return Undefined("some mix of the assets did not vary, so no ratio is the largest")
        best = int(np.argmax(np.array(ratios, dtype=np.float64)))
        low = points[max(best - 1, 0)].mean
        high = points[min(best + 1, len(points) - 1)].mean
        last = points[best]
        while high - low > _NARROW * (points[-1].mean - points[0].mean):
            middle = (low + high) / 2.0
            solved = self.at(middle)
            if isinstance(solved, Undefined):
                return solved
            last, price = solved
            rising = last.deviation * last.deviation > last.mean * price
            low, high = (middle, high) if rising else (low, middle)
        # At an end of the frontier, or where its slope jumps, the point itself may be the top.
        return max(points[best], last, key=_ratio)

    def equal_risk(self) -> Mix | Undefined:
        """Return the mix in which each asset carries the same share of the variance, in the cap.

        Returns
        -------
        Mix or Undefined
            Weights above the cap are moved to the nearest weights within it (see `within_cap`).
        """
        sigma = np.sqrt(np.diag(self.covariance))
        correlation = self.covariance / np.outer(sigma, sigma)
        exposure = equal_risk(correlation)
        if not (np.all(np.isfinite(exposure)) and np.all(exposure > 0.0)):
            return Undefined("no long mix carries equal risk: the assets hedge one another")
        try:
            shares = risk_contributions(exposure, correlation)
        except ValueError:
            return Undefined("no long mix carries equal risk: the assets hedge one another")
        error = float(np.max(np.abs(shares * len(shares) - 1.0)))
        if not error < TOLERANCE:
            return Undefined(f"equal risk was missed by {error:.0e} of a share")
        weights = exposure / sigma
        return self.mix(within_cap(weights / np.sum(weights), self.cap))

    @property
    def _scale(self) -> float:
        """Return what means are measured against."""
        return float(np.max(np.abs(self.means))) or 1.0

    @property
    def _risk(self) -> float:
        """Return what covariances are measured against."""
        return float(np.mean(np.diag(self.covariance))) or 1.0

    def _ends(self) -> tuple[Mix, Mix] | Undefined:
        """Return the mixes of the smallest variance and of the largest mean."""
        count = len(self.means)
        if count * self.cap <= 1.0 + _SAME:
            only = self.mix(np.full(count, 1.0 / count))
            return only, only
        bottom, top = self._smallest_variance(), self._largest_mean()
        if isinstance(bottom, Undefined):
            return bottom
        return top if isinstance(top, Undefined) else (bottom, top)

    def _smallest_variance(self) -> Mix | Undefined:
        """Return the mix of the smallest variance; under a singular covariance, one of them."""
        count = len(self.means)
        even = np.full(count, 1.0 / count)
        first = self._solved(np.ones((1, count)), np.ones(1), even)
        if isinstance(first, Undefined):
            return first
        return self.mix(first.x)

    def _largest_mean(self) -> Mix | Undefined:
        """Return the mix of the largest mean; of several, the one with the smallest variance."""
        weights = self._greedy(-self.means)
        last = float(np.min(self.means[weights > _SAME]))
        tied = np.abs(self.means - last) <= _SAME * self._scale
        budget = float(np.sum(weights[tied]))
        size = int(np.sum(tied))
        if size < 2 or budget >= size * self.cap - _SAME:
            return self.mix(weights)
        fixed = np.where(tied, 0.0, weights)
        pull = (self.covariance @ fixed)[tied] / self._risk
        solution = minimise(
            Program(
                self.covariance[np.ix_(tied, tied)] / self._risk,
                pull,
                np.ones((1, size)),
                np.array([budget]),
                self.cap,
                np.full(size, budget / size),
            )
        )
        if not solution.error < TOLERANCE:
            return _missed(solution.error)
        fixed[tied] = solution.x
        return self.mix(fixed)

    def _solved(self, rows: Array, targets: Array, start: Array) -> Solution | Undefined:
        """Return the weights of the smallest variance under equalities, or by how much not."""
        quadratic, none = self.covariance / self._risk, np.zeros(len(self.means))
        solution = minimise(Program(quadratic, none, rows, targets, self.cap, start))
        return solution if solution.error < TOLERANCE else _missed(solution.error)

    def _greedy(self, order_by: Array) -> Array:
        """Return full caps in ascending order of a key, until the weights sum to 1."""
        weights, left = np.zeros(len(self.means)), 1.0
        for asset in np.argsort(order_by, kind="stable"):
            weights[asset] = min(self.cap, left)
            left -= weights[asset]
        return weights


def is_feasible(count: int, cap: float) -> bool:
    """Return True if so many weights up to a cap can sum to 1."""
    return count * cap >= 1.0 - _SAME


def within_cap(weights: Array, cap: float) -> Array:
    """Return the nearest weights from 0 to a cap that sum to 1 (Euclidean).

    Parameters
    ----------
    weights : ndarray, shape (n_assets,)
        Any finite numbers.
    cap : float
        Largest weight, at least 1 / n_assets.

    Returns
    -------
    ndarray, shape (n_assets,)
        ``clip(w - t, 0, cap)`` with the t that makes the sum 1.

    References
    ----------
    Wang, Lu (2015), "Projection onto the capped simplex".

    Examples
    --------
    What exceeds the cap goes to the others in equal parts, until they too are full:

    >>> within_cap(np.array([0.8, 0.2, 0.0]), 0.5).round(12).tolist()
    [0.5, 0.35, 0.15]
    """
    breaks = np.sort(np.concatenate([weights, weights - cap]))
    sums = np.array([float(np.sum(np.clip(weights - t, 0.0, cap))) for t in breaks])
    right = min(int(np.searchsorted(-sums, -1.0)), len(breaks) - 1)
    left = max(right - 1, 0)
    fall = sums[left] - sums[right]
    part = (sums[left] - 1.0) / fall if fall > 0.0 else 0.0
    shift = breaks[left] + part * (breaks[right] - breaks[left])
    return np.asarray(np.clip(weights - shift, 0.0, cap), dtype=np.float64)


def _ratio(mix: Mix) -> float:
    ratio = mix.sharpe
    return -math.inf if isinstance(ratio, Undefined) else ratio


def _missed(error: float) -> Undefined:
    return Undefined(f"a mix misses the conditions of an optimum by {error:.0e}")
