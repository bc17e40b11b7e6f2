"""Sampling: the points of a space in the order in which a search without memory tries them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lockstep.core.errors import ConfigError
from lockstep.research.space import Space

#: A grid of more points is refused unless the number of trials caps it.
MOST_POINTS = 20_000
#: Sobol numbers are drawn in blocks of this many, a power of 2, which keeps them balanced.
_BLOCK = 1024
#: Blocks without a new point after which the rest of a small space is taken in grid order.
_PATIENCE = 64

Valid = Callable[[Mapping[str, Any]], bool]


def grid(space: Space, most: int | None, seed: int, is_valid: Valid) -> list[dict[str, Any]]:
    """Return the points of the full grid, or of a subset of it that fills it evenly.

    Parameters
    ----------
    space : Space
        What may be tried.
    most : int or None
        Most points; a larger grid is thinned to its first `most` Sobol points. None is all.
    seed : int
        Of the scrambled Sobol sequence.
    is_valid : callable
        False for a point that the strategy refuses; it is left out.

    Returns
    -------
    list of dict
        In the order of `Space.points`.

    Raises
    ------
    ConfigError
        If the grid is absurdly large and no number of trials caps it.
    """
    if most is not None and most < space.size:
        chosen = {tuple(point.values()) for point in sobol(space, most, seed, is_valid)}
        if space.size <= MOST_POINTS:
            return [point for point in space.points() if tuple(point.values()) in chosen]
        order = sorted(chosen, key=lambda values: _place(space, values))
        return [dict(zip(space.names, values)) for values in order]
    if space.size > MOST_POINTS:
        shape = " x ".join(f"{len(one.levels)} {one.name}" for one in space.dimensions)
        raise ConfigError(
            f"the grid has {space.size:,} points ({shape}), more than {MOST_POINTS:,}. Cap it by "
            "--trials, narrow the ranges, or choose the method random or bayesian."
        )
    return [point for point in space.points() if is_valid(point)]


def _place(space: Space, values: tuple[Any, ...]) -> tuple[int, ...]:
    return tuple(one.levels.index(value) for one, value in zip(space.dimensions, values))


def sobol(space: Space, count: int, seed: int, is_valid: Valid) -> list[dict[str, Any]]:
    """Return distinct points by a scrambled Sobol sequence; fewer if there are no more.

    The first points do not depend on `count`: a longer search begins with a shorter one's.

    References
    ----------
    Sobol (1967); Owen (1998), "Scrambling Sobol' and Niederreiter-Xing Points".
    """
    from scipy.stats import qmc

    shape = np.array(space.shape)
    engine = qmc.Sobol(len(shape), scramble=True, rng=np.random.default_rng(seed))
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    seen: set[tuple[int, ...]] = set()
    idle = 0
    while len(found) < count and len(seen) < space.size and idle < _PATIENCE:
        before = len(seen)
        for at in np.minimum((engine.random(_BLOCK) * shape).astype(np.int64), shape - 1):
            key = tuple(at.tolist())
            if key not in seen:
                seen.add(key)
                point = space.point(key)
                if is_valid(point):
                    found[key] = point
        idle = idle + 1 if len(seen) == before else 0
    if len(found) < count and space.size <= MOST_POINTS:  # the last few, which are rarely met
        for at in np.ndindex(space.shape):
            if at not in seen and is_valid(point := space.point(at)):
                found[at] = point
    return list(found.values())[:count]
