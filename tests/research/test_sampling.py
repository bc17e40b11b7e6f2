import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.core.errors import ConfigError
from lockstep.research.sampling import grid, sobol
from lockstep.research.space import Dimension, Space


def cube(*sizes):
    return Space(tuple(Dimension(f"p{i}", tuple(range(n))) for i, n in enumerate(sizes)))


def always(point):
    return True


def values(points):
    return [tuple(point.values()) for point in points]


def test_a_grid_holds_every_point_once_in_order():
    assert values(grid(cube(2, 3), None, 0, always)) == list(itertools.product(range(2), range(3)))


def test_points_that_the_strategy_refuses_are_left_out():
    points = grid(cube(3, 3), None, 0, lambda point: point["p0"] <= point["p1"])
    assert values(points) == [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]


def test_an_absurd_grid_is_refused_with_its_size_unless_trials_cap_it():
    space = cube(30, 30, 30)
    with pytest.raises(ConfigError, match=r"27,000 points \(30 p0 x 30 p1 x 30 p2\)"):
        grid(space, None, 0, always)
    thinned = values(grid(space, 50, 0, always))
    assert len(set(thinned)) == 50
    assert thinned == sorted(thinned)


@given(st.integers(2, 6), st.integers(2, 6), st.integers(1, 50), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_sobol_points_are_distinct_and_as_many_as_asked_or_there_are(a, b, count, seed):
    points = values(sobol(cube(a, b), count, seed, always))
    assert len(points) == len(set(points)) == min(count, a * b)


def test_a_longer_sobol_search_begins_with_a_shorter_one():
    space = cube(9, 9, 9)
    assert sobol(space, 60, 5, always)[:20] == sobol(space, 20, 5, always)
    assert sobol(space, 20, 5, always) != sobol(space, 20, 6, always)


def test_sobol_points_fill_the_space_more_evenly_than_chance():
    points = sobol(cube(64), 32, 1, always)
    quarters = [sum(point["p0"] // 16 == k for point in points) for k in range(4)]
    assert quarters == [8, 8, 8, 8]
