"""Whether the best of many trials is better than nothing, given that it is the best of many."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array
from lockstep.metrics.resampling import STATIONARY, Blocks, best_length, streams
from lockstep.metrics.undefined import ROUNDING, Undefined

#: Resamples of the usual test: a p-value of 0.05 is then known to about 0.005.
RESAMPLES = 2_000
#: Fewer days leave a bootstrap too little to draw.
FEWEST_DAYS = 30
#: Numbers worked on at a time: 16 MB.
_CHUNK = 2_000_000


@dataclass(frozen=True, slots=True)
class RealityCheck:
    """Probabilities of a best at least as good as the one seen, if no trial had any skill.

    Parameters
    ----------
    consistent : float
        Hansen's p-value: trials that are clearly worse than nothing are not held against the best.
    lower, upper : float
        Its bounds: losers count as nothing, or as if they broke even. ``lower <= consistent <=
        upper``.
    white : float
        White's p-value: as `upper`, of mean returns that are not divided by their errors.
    best : int
        Column with the largest ratio of mean to standard error.
    statistic : float
        That ratio, or 0 if it is negative.
    block_days : float
        Mean length of the blocks that were drawn.
    resamples : int
        How many were drawn.
    """

    consistent: float
    lower: float
    upper: float
    white: float
    best: int
    statistic: float
    block_days: float
    resamples: int


def superior_predictive_ability(
    returns: Array, *, block_days: float | None = None, resamples: int = RESAMPLES, seed: int = 0
) -> RealityCheck | Undefined:
    """Return the tests of White and of Hansen by the stationary bootstrap.

    The hypothesis is that no trial has a mean return above 0. Days are drawn again in blocks, the
    same for all trials, so that what they have in common is kept.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_trials)
        Daily returns, or what they are above a benchmark's (fraction).
    block_days : float, optional
        Mean length of blocks; left out it is `block_length`.
    resamples : int
        Draws, 1 or more.
    seed : int
        Of the draws (PCG64).

    Returns
    -------
    RealityCheck or Undefined
        p-values are ``(1 + hits) / (1 + resamples)``: never 0. Trials that never move are left
        out.

    References
    ----------
    White (2000), "A Reality Check for Data Snooping"; Hansen (2005), "A Test for Superior
    Predictive Ability"; Politis, Romano (1994), "The Stationary Bootstrap".
    """
    days = len(returns)
    if days < FEWEST_DAYS:
        return Undefined(f"fewer than {FEWEST_DAYS} trading days to be drawn again")
    moving = np.flatnonzero(np.ptp(returns, axis=0) > ROUNDING)
    if not len(moving):
        return Undefined("no trial's daily returns vary")
    field = returns[:, moving]
    length = block_length(field) if block_days is None else block_days
    means = field.mean(axis=0)
    errors = np.sqrt(_long_run_variance(field - means, 1.0 / length) / days)
    ratios = means / errors
    best = int(np.argmax(ratios))
    seen = _Seen(max(float(ratios[best]), 0.0), max(float(means.max()), 0.0))
    hits = _hits(field, errors, seen, _Draws(length, resamples, seed))
    lower, consistent, upper, white = ((1.0 + hits) / (1.0 + resamples)).tolist()
    return RealityCheck(
        consistent, lower, upper, white, int(moving[best]), seen.ratio, length, resamples
    )


def block_length(returns: Array) -> float:
    """Return the mean block length for a field of trials: that of its typical and its best trial.

    Parameters
    ----------
    returns : ndarray, shape (n_days, n_trials)
        Daily returns that vary (fraction).

    Returns
    -------
    float
        The larger of `metrics.resampling.best_length` of the field's mean and of the trial with
        the best ratio of mean to deviation.
    """
    best = int(np.argmax(returns.mean(axis=0) / returns.std(axis=0)))
    return max(best_length(one, STATIONARY) for one in (returns.mean(axis=1), returns[:, best]))


@dataclass(frozen=True, slots=True)
class _Seen:
    """The best ratio of mean to error, and the best mean; 0 if there is none above."""

    ratio: float
    mean: float


@dataclass(frozen=True, slots=True)
class _Draws:
    """How resamples are drawn."""

    length: float
    count: int
    seed: int

    def means(self, field: Array) -> list[Array]:
        """Return chunks of resampled means, shape (n_some, n_trials) each."""
        days, trials = field.shape
        dice = streams(self.seed)
        size = max(1, _CHUNK // max(days, trials))
        chunks = []
        for at in range(0, self.count, size):
            paths = min(size, self.count - at)
            rows = Blocks(STATIONARY, self.length).drawn(dice, paths, days, days)
            rows += np.arange(paths)[:, None] * days
            times = np.bincount(rows.ravel(), minlength=paths * days).reshape(paths, days)
            chunks.append((times / days) @ field)
        return chunks


def _hits(field: Array, errors: Array, seen: _Seen, draws: _Draws) -> Array:
    """Return how many resamples reach what was seen: lower, consistent, upper and White's."""
    means = field.mean(axis=0)
    # Hansen's threshold: a mean this far below 0 cannot be luck in the long run
    poor = means < -errors * math.sqrt(2.0 * math.log(math.log(len(field))))
    centres = (np.maximum(means, 0.0), np.where(poor, 0.0, means), means)
    hits = np.zeros(4)
    for drawn in draws.means(field):
        for at, centre in enumerate(centres):
            found = np.maximum(((drawn - centre) / errors).max(axis=1), 0.0)
            hits[at] += np.count_nonzero(found >= seen.ratio)
        plain = np.maximum((drawn - means).max(axis=1), 0.0)
        hits[3] += np.count_nonzero(plain >= seen.mean)
    return hits


def _long_run_variance(centred: Array, chance: float) -> Array:
    """Return the variance of sqrt(n) times a mean under the stationary bootstrap, by trial.

    Parameters
    ----------
    centred : ndarray, shape (n_days, n_trials)
        Returns less their mean.
    chance : float
        Of a new block on each day, 1 / mean length.

    References
    ----------
    Politis, Romano (1994), lemma 1, in its form around the circle of days: ``C(0) + 2 sum of
    (1 - i/n) (1 - q)^i C(i)``, with C the circular autocovariances.
    """
    days = len(centred)
    lags = np.arange(1, days)
    weights = (1.0 - lags / days) * (1.0 - chance) ** lags
    size = max(1, _CHUNK // days)
    parts = []
    for at in range(0, centred.shape[1], size):
        power = np.abs(np.fft.rfft(centred[:, at : at + size], axis=0)) ** 2
        circular = np.fft.irfft(power, n=days, axis=0) / days
        parts.append(circular[0] + 2.0 * (weights @ circular[1:]))
    return np.concatenate(parts)
