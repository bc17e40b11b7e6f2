"""One row of the weight schedule: who may take part, what the model says, what the cap leaves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from lockstep.allocation._history import deviation
from lockstep.core.bars import Array
from lockstep.core.market import MarketView, Weights

#: (asset index or -1, name of the decision code, before, after, sentence)
Note = tuple[int, str, float, float, str]

#: Rounding allowed in a sum of weights.
ROUNDING = 1e-12


class AllocationModel(Protocol):
    """What every plug-in of this room offers."""

    #: True if the model estimates from returns: assets without `min_history` days bypass it.
    needs_history: ClassVar[bool]

    def weights(self, view: MarketView) -> Weights:
        """Return a fraction of equity per asset of the view: >= 0, summing to at most 1."""


def allocate(
    model: AllocationModel,
    symbols: Sequence[str],
    returns: Array,
    eligible: npt.NDArray[np.bool_],
    *,
    min_history: int,
    cap: float,
) -> tuple[Array, list[Note]]:
    """Return the sleeve targets of one moment from what was known before it.

    Assets that are not eligible get 0. Of the N eligible ones, those with fewer than `min_history`
    daily returns, or whose returns never vary, get 1/N (a model that needs no history gets every
    eligible asset instead); the model shares the rest among the others. Then `project` applies the
    cap. A run of one asset has no cap. See docs/account.md, section 7.

    Parameters
    ----------
    model : AllocationModel
        A plug-in of this room.
    symbols : sequence of str, length n_assets
        The assets of the run, in any order: the answer is the same for each asset, bit for bit.
    returns : ndarray, shape (n_days, n_assets)
        Per-day returns of the solo runs (fraction), strictly before the moment; NaN before an
        asset's first day. May have no rows.
    eligible : ndarray of bool, shape (n_assets,)
        True for an asset with a bar in the last five trading days.
    min_history : int
        Fewest daily returns on which a model may judge an asset.
    cap : float
        Largest weight, in (0, 1].

    Returns
    -------
    weights : ndarray, shape (n_assets,)
        Fraction of equity, >= 0, summing to at most 1. What is left is reserve.
    notes : list of (asset index or -1, decision code name, before, after, sentence)
        ``no_history`` for each asset that bypassed the model (after is its weight),
        ``allocation_fallback`` where the model could not answer. NaN where there is no number.

    Raises
    ------
    ValueError
        If shapes disagree, returns are infinite, the cap is no fraction, or the model breaks its
        contract.
    """
    _check(symbols, returns, eligible, cap)
    live = [i for i in sorted(range(len(symbols)), key=symbols.__getitem__) if eligible[i]]
    lacks = {i: _lack(returns[:, i], min_history) for i in live} if model.needs_history else {}
    ready = [i for i in live if not lacks.get(i)]
    waiting = [i for i in live if lacks.get(i)]
    weights, fallback = np.zeros(len(symbols)), ""
    weights[waiting] = 1.0 / max(len(live), 1)
    if ready:
        answer = _ask(model, tuple(symbols[i] for i in ready), returns[:, ready])
        weights[ready] = (1.0 - len(waiting) / len(live)) * answer.values
        fallback = answer.fallback
    if len(symbols) > 1:
        weights = project(weights, cap)
    return weights, _notes(symbols, weights, lacks, fallback)


def project(weights: Array, cap: float) -> Array:
    """Return the nearest point of ``{w: sum(w) <= 1, 0 <= w <= cap}`` (Euclidean).

    Parameters
    ----------
    weights : ndarray, shape (n_assets,)
        Any finite numbers.
    cap : float
        Largest weight, > 0.

    Returns
    -------
    ndarray, shape (n_assets,)
        ``clip(w - t, 0, cap)`` with the smallest t >= 0 that brings the sum to at most 1. Weights
        that sum to 1 or less are clipped and nothing else (t = 0): the excess goes to the reserve
        and is never handed to the others, which would lift them above what the model gave.

    References
    ----------
    Wang, Lu (2015), "Projection onto the capped simplex" (the sorted breakpoints).

    Examples
    --------
    0.8 exceeds the cap by 0.4, which becomes reserve:

    >>> project(np.array([0.8, 0.2]), 0.4).tolist()
    [0.4, 0.2]

    Weights that ask for more than there is give up equally:

    >>> project(np.array([0.9, 0.7, 0.1]), 1.0).round(12).tolist()
    [0.6, 0.4, 0.0]
    """
    clipped = np.clip(weights, 0.0, cap)
    if float(np.sum(np.sort(clipped))) <= 1.0 + ROUNDING:
        return clipped
    return np.clip(weights - _shift(weights, cap), 0.0, cap)


def _shift(weights: Array, cap: float) -> float:
    """Return t with sum(clip(w - t, 0, cap)) = 1; the sum falls linearly between breakpoints."""
    breaks = np.unique(np.concatenate([weights, weights - cap]))
    sums = np.array([float(np.sum(np.sort(np.clip(weights - t, 0.0, cap)))) for t in breaks])
    right = int(np.flatnonzero(sums <= 1.0)[0])
    left = right - 1
    slope = (sums[left] - sums[right]) / (breaks[right] - breaks[left])
    return float(breaks[left] + (sums[left] - 1.0) / slope)


def _ask(model: AllocationModel, symbols: tuple[str, ...], returns: Array) -> Weights:
    """Return the model's answer after checking it; the model always sees the same memory layout."""
    view = MarketView(symbols, np.ascontiguousarray(returns))
    answer = model.weights(view)
    values = np.asarray(answer.values, dtype=np.float64)
    name = type(model).__name__
    if values.shape != (len(symbols),):
        raise ValueError(
            f"{name} answered weights of shape {values.shape}; "
            f"expected one for each of {len(symbols)} assets."
        )
    for symbol, value in zip(symbols, values):
        if not (np.isfinite(value) and value >= 0.0):
            raise ValueError(f"{name} gave {symbol} the weight {value:g}; expected 0 or more.")
    total = float(np.sum(values))
    if total > 1.0 + ROUNDING:
        raise ValueError(f"{name} gave weights that sum to {total:.15g}; expected at most 1.")
    return Weights(values, answer.fallback)


def _lack(values: Array, min_history: int) -> str:
    """Return what the model misses about an asset, or an empty string."""
    days = int(np.count_nonzero(np.isfinite(values)))
    least = max(min_history, 2)
    if days < least:
        return f"has {days} of the {least} daily returns a model needs"
    # Squared below, so an exact zero here also covers variances too small for a float.
    if not deviation(values) ** 2 > 0.0:
        return f"returned the same on each of its {days} days"
    return ""


def _notes(
    symbols: Sequence[str], weights: Array, lacks: dict[int, str], fallback: str
) -> list[Note]:
    nothing = float("nan")
    notes: list[Note] = []
    for i, lack in sorted(lacks.items()):
        if lack:
            after = float(weights[i])
            sentence = f"{symbols[i]} {lack}; an equal share stands instead: {after:.2%}."
            notes.append((i, "no_history", nothing, after, sentence))
    if fallback:
        notes.append((-1, "allocation_fallback", nothing, nothing, fallback))
    return notes


def _check(
    symbols: Sequence[str], returns: Array, eligible: npt.NDArray[np.bool_], cap: float
) -> None:
    count = len(symbols)
    if returns.ndim != 2 or returns.shape[1] != count or eligible.shape != (count,):
        raise ValueError(
            f"{count} symbols, returns of shape {returns.shape} and eligible of shape "
            f"{eligible.shape}; expected a column and a flag for each symbol."
        )
    if len(set(symbols)) != count:
        raise ValueError(f"symbols are {list(symbols)}; expected each one once.")
    if not 0.0 < cap <= 1.0:
        raise ValueError(f"cap is {cap:g}; expected a fraction in (0, 1]. Write 0.3 for 30 %.")
    if np.any(np.isinf(returns)):
        raise ValueError("returns hold an infinite value; expected fractions, or NaN for none.")
