"""Whether two Sharpe ratios differ by more than chance, for returns as they are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array
from lockstep.metrics.resampling import CIRCULAR, best_length
from lockstep.metrics.returns import daily_sharpe
from lockstep.metrics.undefined import ROUNDING, Measure, Undefined

#: Draws of the bootstrap: the smallest p-value it can give is 1 / 5000.
RESAMPLES = 4999
#: Days below which the test is not made: there are too few blocks to draw from.
FEWEST_DAYS = 60
#: Blocks that must fit the days.
FEWEST_BLOCKS = 10
#: Largest singular value of the prewhitening matrix (Andrews, Monahan 1992).
_MOST_WHITENED = 0.97
#: Draws that are made at once: bounds the memory.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SharpeDifference:
    """What a test of two Sharpe ratios found. Ratios are per day, not annualised.

    Parameters
    ----------
    difference : float
        First minus second.
    standard_error : float
        Of the difference, robust to autocorrelation, changing variance and fat tails.
    low, high : float
        95 % interval of the true difference, by the bootstrap.
    p_value : float
        Two-sided: how often chance alone shows a difference at least as large, if there is none.
    p_value_asymptotic : float
        The same by the normal distribution instead of the bootstrap; too small in short samples.
    block : int
        Days of a block.
    block_chosen : bool
        True if the data chose it.
    resamples : int
        Draws.
    days : int
        Observations.
    """

    difference: float
    standard_error: float
    low: float
    high: float
    p_value: float
    p_value_asymptotic: float
    block: int
    block_chosen: bool
    resamples: int
    days: int


def sharpe_difference(
    first: Array,
    second: Array,
    *,
    seed: int,
    block: int | None = None,
    resamples: int = RESAMPLES,
) -> SharpeDifference | Undefined:
    """Test whether two series that share their days have the same Sharpe ratio.

    The studentised circular block bootstrap: pairs of days are drawn again in blocks, so that
    what goes together stays together; each draw's difference is divided by its own standard
    error. The data's standard error is a prewhitened kernel estimate (Parzen kernel, automatic
    bandwidth), a draw's is the natural one of its blocks.

    Parameters
    ----------
    first, second : ndarray, shape (n_days,)
        Returns of the same days (fraction).
    seed : int
        Of the draws.
    block : int, optional
        Days of a block. Left out, it is the automatic length for the circular bootstrap
        (`metrics.resampling.best_length`) of the series whose mean is, to first order, the
        difference: its long-run variance is what the blocks have to reproduce.
    resamples : int
        Draws.

    Returns
    -------
    SharpeDifference or Undefined
        Undefined for fewer than `FEWEST_DAYS` days, a series that is flat or flat in one draw of
        twenty, or two series whose Sharpe ratios differ by nothing random (one is a multiple of
        the other).

    Raises
    ------
    ValueError
        If the series differ in length, or the block does not fit ten times.

    References
    ----------
    Ledoit, Wolf (2008), "Robust Performance Hypothesis Testing with the Sharpe Ratio"; Andrews
    (1991), Andrews, Monahan (1992) for the standard error; Goetze, Kuensch (1996) for that of a
    draw; Politis, White (2004) and Patton, Politis, White (2009) for the length of blocks.
    """
    if len(first) != len(second):
        raise ValueError(f"{len(first)} and {len(second)} days; expected the same days.")
    days = len(first)
    if days < FEWEST_DAYS:
        return Undefined(f"fewer than {FEWEST_DAYS} common days")
    ratios = [daily_sharpe(first), daily_sharpe(second)]
    for ratio in ratios:
        if isinstance(ratio, Undefined):
            return ratio
    pair = np.column_stack([first, second])
    moments = np.column_stack([pair, pair**2])
    gradient = _gradient(moments.mean(axis=0))
    influence = (moments - moments.mean(axis=0)) @ gradient
    if float(np.std(influence)) <= 1e-9:
        return Undefined("the two Sharpe ratios move as one: nothing random is left to test")
    if block is not None and not 1 <= block * FEWEST_BLOCKS <= days:
        raise ValueError(f"block is {block}; expected 1 to {days // FEWEST_BLOCKS} days.")
    length = _block(influence) if block is None else block
    error = standard_error(pair)
    gap = float(ratios[0]) - float(ratios[1])  # type: ignore[arg-type]
    drawn = _studentised(moments, length, resamples, seed)
    reach = float(np.quantile(drawn, 0.95, method="higher")) * error
    if not math.isfinite(reach):
        return Undefined("one of the two stands still on too many days to be drawn again")
    return SharpeDifference(
        difference=gap,
        standard_error=error,
        low=gap - reach,
        high=gap + reach,
        p_value=(1 + int(np.count_nonzero(drawn >= abs(gap) / error))) / (resamples + 1),
        p_value_asymptotic=math.erfc(abs(gap) / error / math.sqrt(2.0)),
        block=length,
        block_chosen=block is None,
        resamples=resamples,
        days=days,
    )


def standard_error(pair: Array) -> float:
    """Return the standard error of the difference of two Sharpe ratios per day.

    Parameters
    ----------
    pair : ndarray, shape (n_days, 2)
        Returns.

    Returns
    -------
    float
        ``sqrt(g' Psi g / n)``: g the gradient of the difference in the means and mean squares,
        Psi their long-run covariance, prewhitened by a VAR(1) and estimated with the Parzen
        kernel.

    References
    ----------
    Ledoit, Wolf (2008), section 3.1.
    """
    moments = np.column_stack([pair, pair**2])
    gradient = _gradient(moments.mean(axis=0))
    spread = _long_run_covariance(moments - moments.mean(axis=0))
    return math.sqrt(float(gradient @ spread @ gradient) / len(pair))


def paired_t_test(first: Array, second: Array) -> Measure:
    """Return the two-sided p-value of the plain t-test on the daily differences of returns.

    It asks whether the *means* differ, whatever the risk, and takes days as independent: where
    gains follow gains its p-value is too small. Shown for comparison only.

    Parameters
    ----------
    first, second : ndarray, shape (n_days,)
        Returns of the same days (fraction).

    References
    ----------
    Student (1908), "The Probable Error of a Mean".
    """
    from scipy.special import stdtr

    apart = first - second
    if len(apart) < 2:
        return Undefined("fewer than two common days")
    deviation = float(np.std(apart, ddof=1))
    if deviation <= ROUNDING:
        return Undefined("the daily returns differ by nothing that varies")
    score = float(np.mean(apart)) / deviation * math.sqrt(len(apart))
    return 2.0 * float(stdtr(len(apart) - 1, -abs(score)))


def _block(influence: Array) -> int:
    longest = len(influence) // FEWEST_BLOCKS
    return max(1, min(int(best_length(influence, CIRCULAR)), longest))


def _gradient(means: Array) -> Array:
    """Return the gradient of SR1 - SR2 in (mean 1, mean 2, mean square 1, mean square 2).

    `means` has shape (..., 4), as has the result; a variance of zero gives infinity.
    """
    mean, square = means[..., :2], means[..., 2:]
    with np.errstate(divide="ignore", invalid="ignore"):
        cubed = np.maximum(square - mean**2, 0.0) ** 1.5
        of_mean, of_square = square / cubed, -0.5 * mean / cubed
    sign = np.array([1.0, -1.0])
    return np.concatenate([sign * of_mean, sign * of_square], axis=-1)


def _studentised(moments: Array, block: int, resamples: int, seed: int) -> Array:
    """Return ``|D* - D| / s(D*)`` of each draw, shape (resamples,).

    A draw is `n // block` blocks, each known by its sums; after the last day follows the first.
    """
    n, count = len(moments), len(moments) // block
    around = np.vstack([np.zeros((1, 4)), np.cumsum(np.vstack([moments, moments[:block]]), axis=0)])
    sums = around[block : block + n] - around[:n]
    generator = np.random.Generator(np.random.PCG64(seed))
    centre = _differences(moments.mean(axis=0)[None, :])[0]
    found = []
    for begun in range(0, resamples, _AT_ONCE):
        draws = min(_AT_ONCE, resamples - begun)
        drawn = sums[generator.integers(n, size=(draws, count))]
        means = drawn.sum(axis=1) / (count * block)
        zeta = (drawn - block * means[:, None, :]) / math.sqrt(block)
        # A draw of nothing but equal days has no ratio: it is as far out as can be.
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = np.einsum("dkm,dm->dk", zeta, _gradient(means))
            error = np.sqrt(np.mean(spread**2, axis=1) / (count * block))
            far = np.abs(_differences(means) - centre) / error
        found.append(np.where(np.isfinite(far), far, np.inf))
    return np.concatenate(found)


def _differences(means: Array) -> Array:
    """Return SR1 - SR2 of rows of (mean 1, mean 2, mean square 1, mean square 2)."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = means[:, :2] / np.sqrt(means[:, 2:] - means[:, :2] ** 2)
    return np.asarray(ratios[:, 0] - ratios[:, 1], dtype=np.float64)


def _long_run_covariance(centred: Array) -> Array:
    """Return the long-run covariance of rows, prewhitened by a VAR(1), shape (4, 4)."""
    scale = np.maximum(np.std(centred, axis=0), np.finfo(float).tiny)
    rows = centred / scale  # squares of daily returns are tiny: the regression must not see that
    before, after = rows[:-1], rows[1:]
    fitted = np.linalg.lstsq(before, after, rcond=None)[0].T
    # The singular values are cut in the units of the data, as the reference has it.
    own = np.outer(scale, 1.0 / scale) * fitted
    left, values, right = np.linalg.svd(own)
    own = left @ np.diag(np.minimum(values, _MOST_WHITENED)) @ right
    white = centred[1:] - centred[:-1] @ own.T
    recolour = np.linalg.inv(np.eye(centred.shape[1]) - own)
    return np.asarray(recolour @ _kernel_covariance(white) @ recolour.T)


def _kernel_covariance(rows: Array) -> Array:
    """Return the kernel estimate of the long-run covariance, small-sample factor n / (n - 4)."""
    n = len(rows)
    width = min(2.6614 * (_smoothness(rows) * n) ** 0.2, n - 1.0)
    found = rows.T @ rows / n
    for lag in range(1, math.ceil(width)):
        later = rows[lag:].T @ rows[:-lag] / n
        found += _parzen(lag / width) * (later + later.T)
    return np.asarray(found * n / (n - rows.shape[1]))


def _smoothness(rows: Array) -> float:
    """Return Andrews' alpha(2) from an AR(1) of each column."""
    above = below = 0.0
    for column in rows.T:
        before, after = column[:-1] - column[:-1].mean(), column[1:] - column[1:].mean()
        power = float(before @ before)
        if power <= 0.0:
            continue
        slope = min(float(before @ after) / power, _MOST_WHITENED)
        variance = float(np.mean((after - slope * before) ** 2))
        above += 4.0 * slope**2 * variance**2 / (1.0 - slope) ** 8
        below += variance**2 / (1.0 - slope) ** 4
    return above / below if below > 0.0 else 0.0


def _parzen(at: float) -> float:
    return 1.0 - 6.0 * at**2 + 6.0 * at**3 if at <= 0.5 else 2.0 * (1.0 - at) ** 3
