"""Small quadratic programs with bounds, judged by their optimality conditions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array

#: Largest accepted violation of an optimality condition, relative to the size of the problem.
TOLERANCE = 1e-8
_CONVERGED = 1e-12
_MOST_STEPS = 100
#: How far an iterate may go towards a bound in one step.
_SHORT_OF_BOUND = 0.995


@dataclass(frozen=True, slots=True)
class Program:
    """Minimise ``x' Q x / 2 + c' x`` subject to ``A x = b`` and ``0 <= x <= upper``.

    Parameters
    ----------
    quadratic : ndarray, shape (n, n)
        Q, symmetric and positive semidefinite; it may be singular.
    linear : ndarray, shape (n,)
        c.
    equalities : ndarray, shape (m, n)
        A, of full row rank.
    targets : ndarray, shape (m,)
        b.
    upper : float
        The same upper bound for every x, > 0. Some x strictly between the bounds must satisfy
        the equalities.
    """

    quadratic: Array
    linear: Array
    equalities: Array
    targets: Array
    upper: float


@dataclass(frozen=True, slots=True)
class Solution:
    """A point, the prices of its equalities, and how far it is from being optimal.

    Parameters
    ----------
    x : ndarray, shape (n,)
        The point; coordinates at a bound lie on it exactly.
    prices : ndarray, shape (m,)
        Multipliers y with ``Q x + c = A' y`` wherever x is strictly between its bounds.
    error : float
        See `optimality_error`; a solution is one if this is below `TOLERANCE`.
    """

    x: Array
    prices: Array
    error: float


def minimise(program: Program) -> Solution:
    """Return the minimum of a convex program, with the violation of its optimality conditions.

    Notes
    -----
    A primal-dual interior point method (Mehrotra's predictor and corrector) finds which bounds
    hold; the linear system of the remaining coordinates then gives the point to the last digits.
    Whoever asks must look at `Solution.error`: no opinion of the solver about itself is passed on.

    References
    ----------
    Mehrotra (1992), "On the Implementation of a Primal-Dual Interior Point Method"; Nocedal,
    Wright (2006), "Numerical Optimization", algorithm 16.4.
    """
    x, prices, lower, above = _interior(program)
    rough = Solution(x, prices, optimality_error(program, x, prices))
    fine = _polished(program, x, lower, above)
    return fine if fine.error <= max(rough.error, _CONVERGED) else rough


def optimality_error(program: Program, x: Array, prices: Array) -> float:
    """Return the largest violation of the conditions of Karush, Kuhn and Tucker.

    Parameters
    ----------
    program : Program
        What was to be solved.
    x : ndarray, shape (n,)
        A point.
    prices : ndarray, shape (m,)
        Multipliers of the equalities.

    Returns
    -------
    float
        The maximum of: equalities missed, bounds left, and the gradient ``Q x + c - A' y`` where
        no bound excuses it (pushing against a bound within `TOLERANCE` is excused), each relative
        to the largest entry of its kind.
    """
    slope = program.quadratic @ x + program.linear - program.equalities.T @ prices
    at_zero, at_top = x <= TOLERANCE, x >= program.upper - TOLERANCE
    unexcused = np.where(at_zero, np.minimum(slope, 0.0), slope)
    unexcused = np.where(at_top, np.maximum(unexcused, 0.0), unexcused)
    outside = np.maximum(np.maximum(-x, x - program.upper), 0.0)
    missed = program.equalities @ x - program.targets
    return max(
        float(np.max(np.abs(unexcused))) / _size(program),
        float(np.max(outside)) / program.upper,
        float(np.max(np.abs(missed) / np.maximum(1.0, np.abs(program.targets)))),
    )


def _size(program: Program) -> float:
    """Return what a gradient is measured against."""
    return max(float(np.max(np.abs(program.quadratic))), float(np.max(np.abs(program.linear)))) or 1


def _interior(program: Program) -> tuple[Array, Array, Array, Array]:
    """Return the point, the prices, and the multipliers of the lower and the upper bounds."""
    count, size = len(program.linear), _size(program)
    x = np.full(count, min(1.0 / count, program.upper / 2.0))
    prices = np.zeros(len(program.targets))
    lower, above = np.full(count, size), np.full(count, size)
    for _ in range(_MOST_STEPS):
        room = program.upper - x
        dual = (
            program.quadratic @ x + program.linear - program.equalities.T @ prices - lower + above
        )
        primal = program.equalities @ x - program.targets
        gap = float(x @ lower + room @ above) / (2 * count)
        if max(float(np.max(np.abs(dual))) / size, float(np.max(np.abs(primal)))) < _CONVERGED and (
            gap < _CONVERGED * size
        ):
            break
        moved = _step(program, (x, prices, lower, above), (dual, primal), gap)
        if moved is None:
            break
        x, prices, lower, above = moved
    return x, prices, lower, above


_Point = tuple[Array, Array, Array, Array]


def _step(
    program: Program, point: _Point, residuals: tuple[Array, Array], gap: float
) -> _Point | None:
    """Return the next iterate; None if the system has no solution in double precision."""
    x, prices, lower, above = point
    room, count = program.upper - x, len(x)
    hessian = program.quadratic + np.diag(lower / x + above / room)
    rows = program.equalities
    system = np.block([[hessian, -rows.T], [rows, np.zeros((len(rows), len(rows)))]])
    try:
        factor = np.linalg.inv(system)
    except np.linalg.LinAlgError:
        return None

    def direction(to_lower: Array, to_above: Array) -> _Point:
        """Solve for products of multipliers and distances moved by the given amounts."""
        right = -residuals[0] + to_lower / x - to_above / room
        found = factor @ np.concatenate([right, -residuals[1]])
        dx = found[:count]
        d_lower = (to_lower - lower * dx) / x
        return dx, found[count:], d_lower, (to_above + above * dx) / room

    dx, _, d_lower, d_above = direction(-x * lower, -room * above)
    length = min(_reach(x, dx), _reach(room, -dx), _reach(lower, d_lower), _reach(above, d_above))
    ahead = (x + length * dx) @ (lower + length * d_lower)
    ahead += (room - length * dx) @ (above + length * d_above)
    centre = (float(ahead) / (2 * count) / gap) ** 3 * gap
    dx, d_prices, d_lower, d_above = direction(
        centre - x * lower - dx * d_lower, centre - room * above + dx * d_above
    )
    length = _SHORT_OF_BOUND * min(
        _reach(x, dx), _reach(room, -dx), _reach(lower, d_lower), _reach(above, d_above)
    )
    length = min(1.0, length)
    return (
        x + length * dx,
        prices + length * d_prices,
        lower + length * d_lower,
        above + length * d_above,
    )


def _reach(values: Array, change: Array) -> float:
    """Return the largest step in (0, 1/short of bound] that keeps the values positive."""
    falling = change < 0.0
    furthest = float(np.min(-values[falling] / change[falling])) if np.any(falling) else np.inf
    return min(1.0 / _SHORT_OF_BOUND, furthest)


def _polished(program: Program, x: Array, lower: Array, above: Array) -> Solution:
    """Return the point with the bounds that hold taken literally and the rest solved for."""
    size = _size(program)
    at_zero = x * size < lower
    at_top = (program.upper - x) * size < above
    free = ~(at_zero | at_top)
    exact = np.where(at_top, program.upper, 0.0)
    rows = program.equalities
    if np.any(free):
        inside = program.quadratic[np.ix_(free, free)]
        zeros = np.zeros((len(rows), len(rows)))
        system = np.block([[inside / size, -rows[:, free].T], [rows[:, free], zeros]])
        fixed = program.quadratic[free] @ exact + program.linear[free]
        right = np.concatenate([-fixed / size, program.targets - rows @ exact])
        start = np.concatenate([x[free], np.zeros(len(rows))])
        found = np.linalg.lstsq(system, right - system @ start, rcond=1e-13)[0] + start
        exact[free] = found[: int(np.sum(free))]
        prices = found[int(np.sum(free)) :] * size
    else:
        slope = program.quadratic @ exact + program.linear
        prices = np.linalg.lstsq(rows.T, slope, rcond=None)[0]
    return Solution(exact, prices, optimality_error(program, exact, prices))
