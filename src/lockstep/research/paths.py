"""Follow the account along many orders of rows at once, and keep what is asked of each path."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Ints
from lockstep.core.protocols import Progress, Silent
from lockstep.research.rows import Rows

#: Cells (paths x days) worked at once: a few arrays of 8 bytes each stay in reach of the caches.
CHUNK_CELLS = 250_000
#: Most points of time at which every path is kept for the fan.
FAN_POINTS = 256

#: From the first path and their number to the rows of these paths, shape (number, horizon).
#: Asked in order, from path 0 on.
Source = Callable[[int, int], Ints]


@dataclass(frozen=True, slots=True)
class Ends:
    """What became of each path. Equities are multiples of the equity at its start.

    Parameters
    ----------
    final, lowest : ndarray, shape (n_paths,)
        Equity at the end, and its lowest at any mark, the start included.
    max_drawdown : ndarray, shape (n_paths,)
        Largest fraction below the highest mark so far, the start included.
    """

    final: Array
    lowest: Array
    max_drawdown: Array


@dataclass(frozen=True, slots=True)
class Paths:
    """Everything kept of a simulation.

    Parameters
    ----------
    ends : Ends
        Every path followed to its end.
    halted : Ends or None
        The same paths if all positions were closed for good at the first mark whose drawdown
        reached the limit; None without a limit.
    tripped : ndarray of bool, shape (n_paths,)
        True where a mark's drawdown reached the limit; all False without one.
    longest_under_water : ndarray of int64, shape (n_paths,)
        Days from a peak to the mark that reached it again, or to the end.
    share_under_water : ndarray, shape (n_paths,)
        Fraction of the marks below the peak so far.
    contributions : ndarray, shape (n_paths, n_assets)
        What each asset added, in multiples of the equity at the start. A row sums to final - 1,
        save that an account wiped out owes nothing beyond its equity.
    fan_days : ndarray of int64, shape (n_points,)
        Days after the start, 0 and the last included.
    fan : ndarray, shape (n_points, n_paths)
        Equity at those days.
    """

    ends: Ends
    halted: Ends | None
    tripped: npt.NDArray[np.bool_]
    longest_under_water: Ints
    share_under_water: Array
    contributions: Array
    fan_days: Ints
    fan: Array

    def __len__(self) -> int:
        """Return the number of paths."""
        return len(self.tripped)


def follow(
    rows: Rows,
    source: Source,
    paths: int,
    *,
    horizon: int,
    limit: float | None = None,
    progress: Progress | None = None,
) -> Paths:
    """Compound drawn rows into paths.

    Parameters
    ----------
    rows : Rows
        What is drawn.
    source : callable
        Draws the next paths.
    paths : int
        How many.
    horizon : int
        Days of a path.
    limit : float, optional
        Drawdown of the breaker.
    progress : Progress, optional
        Told of finished paths.

    Notes
    -----
    The account needs the rows' sums only. What an asset added to a path is exact nevertheless: it
    is the asset's returns weighted by the equity before each day that drew them, and those weights
    are counted per row before they meet the assets.
    """
    shown = progress or Silent()
    shown.start("paths", paths)
    fan_days = fan_points(horizon)
    size = max(CHUNK_CELLS // horizon, 1)
    parts = []
    for first in range(0, paths, size):
        count = min(size, paths - first)
        parts.append(_chunk(rows, source(first, count), fan_days, limit))
        shown.advance("paths", count)
    return _joined(parts)


def fan_points(horizon: int) -> Ints:
    """Return the days of the fan: all of a short horizon, else `FAN_POINTS` spread over it."""
    points = np.linspace(0, horizon, min(horizon + 1, FAN_POINTS))
    return np.unique(np.round(points).astype(np.int64))


def curve(growth: Array) -> Array:
    """Return equity after each mark of paths, the start (1) first.

    Parameters
    ----------
    growth : ndarray, shape (n_paths, horizon)
        What one unit becomes on each day.
    """
    equity = np.ones((len(growth), growth.shape[1] + 1))
    np.cumprod(growth, axis=1, out=equity[:, 1:])
    return equity


def _chunk(rows: Rows, index: Ints, fan_days: Ints, limit: float | None) -> Paths:
    equity = curve(rows.growth[index])
    peak = np.maximum.accumulate(equity, axis=1)
    drawdown = 1.0 - equity / peak
    halted: Ends | None = None
    tripped = np.zeros(len(equity), dtype=np.bool_)
    if limit is not None:
        reached = drawdown >= limit
        tripped = np.asarray(reached.any(axis=1), dtype=np.bool_)
        halted = _halted(equity, drawdown, np.where(tripped, reached.argmax(axis=1), -1))
    longest, wet = _under_water(equity, peak)
    return Paths(
        ends=Ends(equity[:, -1].copy(), equity.min(axis=1), drawdown.max(axis=1)),
        halted=halted,
        tripped=tripped,
        longest_under_water=longest,
        share_under_water=wet,
        contributions=_contributions(rows.returns, index, equity[:, :-1]),
        fan_days=fan_days,
        fan=np.ascontiguousarray(equity[:, fan_days].T),
    )


def _halted(equity: Array, drawdown: Array, at: Ints) -> Ends:
    """Return the ends of paths that stay as they are from mark `at` on (-1: never)."""
    row = np.arange(len(equity))
    lowest = np.minimum.accumulate(equity, axis=1)
    worst = np.maximum.accumulate(drawdown, axis=1)
    return Ends(equity[row, at], lowest[row, at], worst[row, at])


def _under_water(equity: Array, peak: Array) -> tuple[Ints, Array]:
    """Return the longest stretch below a peak in days, and the share of the marks below one."""
    at = np.arange(equity.shape[1])
    is_wet = equity < peak
    dry = np.maximum.accumulate(np.where(is_wet, 0, at), axis=1)
    # A stretch is as long at its last wet mark, and one day longer if the next mark ends it.
    ended = np.zeros_like(is_wet)
    ended[:, 1:] = is_wet[:, :-1] & ~is_wet[:, 1:]
    before = np.concatenate([dry[:, :1], dry[:, :-1]], axis=1)
    spans = np.where(is_wet, at - dry, np.where(ended, at - before, 0))
    return spans.max(axis=1), is_wet[:, 1:].mean(axis=1)


def _contributions(returns: Array, index: Ints, before: Array) -> Array:
    paths, rows = len(index), len(returns)
    cell = index + rows * np.arange(paths)[:, None]
    weight = np.bincount(cell.ravel(), weights=before.ravel(), minlength=paths * rows)
    return np.asarray(weight.reshape(paths, rows) @ returns, dtype=np.float64)


def _joined(parts: list[Paths]) -> Paths:
    halted = [part.halted for part in parts if part.halted is not None]
    return Paths(
        ends=_ends([part.ends for part in parts]),
        halted=_ends(halted) if halted else None,
        tripped=np.concatenate([part.tripped for part in parts]),
        longest_under_water=np.concatenate([part.longest_under_water for part in parts]),
        share_under_water=np.concatenate([part.share_under_water for part in parts]),
        contributions=np.concatenate([part.contributions for part in parts]),
        fan_days=parts[0].fan_days,
        fan=np.concatenate([part.fan for part in parts], axis=1),
    )


def _ends(parts: list[Ends]) -> Ends:
    return Ends(
        np.concatenate([part.final for part in parts]),
        np.concatenate([part.lowest for part in parts]),
        np.concatenate([part.max_drawdown for part in parts]),
    )
