"""Small quadratic programs with bounds, judged by their optimality conditions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array

#: Largest accepted violation of an optimality condition, relative to the size of the problem.
TOLERANCE = 1e-8
_CONVERGED = 1e-12
#: Mean product of distance and multiplier at which a coordinate at a bound and one near it are
#: told apart, relative to the size of the problem.
_CLOSED = 1e-18
_MOST_STEPS = 100
#: How far an iterate may go towards a bound in one step.
_SHORT_OF_BOUND = 0.995
#: A corrected step must leave at most this part of the gap; else one that aims at this part
#: of it is taken.
_ENOUGH, _CENTRED = 0.5, 0.3


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
        The same upper bound for every x, > 0.
    start : ndarray, shape (n,)
        A point that satisfies the equalities, strictly between the bounds.
    """

    quadratic: Array
    linear: Array
    equalities: Array
    targets: Array
    upper: float
    start: Array


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
    point = _interior(program)
    rough = Solution(point.x, point.prices, optimality_error(program, point.x, point.prices))
    fine = _polished(program, point)
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
        to the largest entry of its kind; infinite where x or the prices are no numbers.
    """
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(prices))):
        return float("inf")
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
    entries = np.concatenate([program.quadratic.ravel(), program.linear])
    return float(np.max(np.abs(entries))) or 1.0


@dataclass(frozen=True, slots=True)
class _Point:
    """An iterate: distances to both bounds, their multipliers, and the prices.

    The room below the upper bound is kept beside x: ``upper - x`` loses it to rounding.
    """

    x: Array
    room: Array
    lower: Array
    above: Array
    prices: Array

    @property
    def gap(self) -> float:
        """The mean product of the distance to a bound and its multiplier."""
        return float(self.x @ self.lower + self.room @ self.above) / (2 * len(self.x))

    def towards(self, change: _Point) -> _Point:
        """Return the point one step ahead, or as much of the step as stays off every bound."""
        pairs = (
            (self.x, change.x),
            (self.room, change.room),
            (self.lower, change.lower),
            (self.above, change.above),
        )
        length = min(1.0, _SHORT_OF_BOUND * min(_furthest(*pair) for pair in pairs))
        x, room, lower, above = (old + length * new for old, new in pairs)
        return _Point(x, room, lower, above, self.prices + length * change.prices)


def _interior(program: Program) -> _Point:
    """Return a point inside the bounds from which the optimum's bounds can be read off."""
    size, x, room = _size(program), program.start, program.upper - program.start
    centre = size * float(np.min(np.minimum(x, room)))
    point = _Point(x, room, centre / x, centre / room, np.zeros(len(program.targets)))
    for _ in range(_MOST_STEPS):
        if point.gap < _CLOSED * size:
            break
        ahead = _step(program, point)
        if ahead is None:
            break
        point = ahead
    return point


def _step(program: Program, at: _Point) -> _Point | None:
    """Return the next iterate; None if the system has no solution in double precision."""
    rows, count = program.equalities, len(at.x)
    hessian = program.quadratic + np.diag(at.lower / at.x + at.above / at.room)
    system = np.block([[hessian, -rows.T], [rows, np.zeros((len(rows), len(rows)))]])
    try:
        inverse = np.linalg.inv(system)
    except np.linalg.LinAlgError:
        return None
    slope = program.quadratic @ at.x + program.linear - rows.T @ at.prices
    dual, primal = slope - at.lower + at.above, rows @ at.x - program.targets

    def change(to_lower: Array, to_above: Array) -> _Point:
        """Solve for products of distance and multiplier that move by the given amounts."""
        right = to_lower / at.x - to_above / at.room - dual
        found = inverse @ np.concatenate([right, -primal])
        dx = found[:count]
        lower = (to_lower - at.lower * dx) / at.x
        above = (to_above + at.above * dx) / at.room
        return _Point(dx, -dx, lower, above, found[count:])

    low, high = at.x * at.lower, at.room * at.above
    guess = change(-low, -high)
    centre = (at.towards(guess).gap / at.gap) ** 3 * at.gap
    bent = centre - guess.x * guess.lower, centre - guess.room * guess.above
    corrected = at.towards(change(bent[0] - low, bent[1] - high))
    if corrected.gap <= _ENOUGH * at.gap:
        return corrected
    # The correction may lead in circles; a step towards the centre of the path does not.
    return at.towards(change(_CENTRED * at.gap - low, _CENTRED * at.gap - high))


def _furthest(values: Array, change: Array) -> float:
    """Return the step at which the first of the values reaches zero."""
    falling = change < 0.0
    return float(np.min(-values[falling] / change[falling])) if np.any(falling) else np.inf


def _polished(program: Program, point: _Point) -> Solution:
    """Return the point with the bounds that hold taken literally and the rest solved for."""
    size = _size(program)
    at_zero = point.x * size < point.lower
    at_top = point.room * size < point.above
    free = ~(at_zero | at_top)
    exact = np.where(at_top, program.upper, 0.0)
    rows = program.equalities
    if np.any(free):
        inside = program.quadratic[np.ix_(free, free)]
        zeros = np.zeros((len(rows), len(rows)))
        system = np.block([[inside / size, -rows[:, free].T], [rows[:, free], zeros]])
        fixed = program.quadratic[free] @ exact + program.linear[free]
        right = np.concatenate([-fixed / size, program.targets - rows @ exact])
        start = np.concatenate([point.x[free], np.zeros(len(rows))])
        found = np.linalg.lstsq(system, right - system @ start, rcond=1e-13)[0] + start
        exact[free] = found[: int(np.sum(free))]
        prices = found[int(np.sum(free)) :] * size
    else:
        slope = program.quadratic @ exact + program.linear
        prices = np.linalg.lstsq(rows.T, slope, rcond=None)[0]
    return Solution(exact, prices, optimality_error(program, exact, prices))
