import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics.quadratic import TOLERANCE, Program, minimise, optimality_error

EYE = np.eye(2)


def program(quadratic, linear, upper=1.0, start=None):
    count = len(linear)
    even = np.full(count, 1.0 / count) if start is None else np.asarray(start)
    return Program(
        np.asarray(quadratic, dtype=float),
        np.asarray(linear, dtype=float),
        np.ones((1, count)),
        np.ones(1),
        upper,
        even,
    )


def test_a_minimum_inside_the_bounds_is_the_one_of_the_linear_system():
    # x'Dx / 2 with sum 1 is least at x = (1/d) / sum(1/d).
    solved = minimise(program(np.diag([1.0, 2.0, 4.0]), np.zeros(3)))
    assert solved.x == pytest.approx(np.array([4, 2, 1]) / 7, abs=1e-14)
    assert solved.prices == pytest.approx([4 / 7], abs=1e-14)
    assert solved.error < 1e-14


def test_coordinates_at_their_bounds_lie_on_them_exactly():
    # The pull of 3 is worth more than any variance: the first is full, the second empty.
    solved = minimise(program(np.eye(3), [-3.0, 3.0, 0.0], upper=0.75))
    assert solved.x[0] == 0.75
    assert solved.x[1] == 0.0
    assert solved.x[2] == pytest.approx(0.25, abs=1e-15)


def test_a_singular_program_has_a_solution_too():
    solved = minimise(program(np.ones((2, 2)), np.zeros(2)))
    assert solved.error < TOLERANCE
    assert solved.x.sum() == pytest.approx(1.0, abs=1e-14)


@pytest.mark.parametrize(
    ("x", "price", "expected"),
    [
        ([0.5, 0.5], 0.5, 0.0),
        ([0.5, 0.5], 0.0, 0.5),  # the gradient is 0.5 everywhere and no price pays for it
        ([0.25, 0.75], 0.5, 0.25),  # off by 0.25 in each gradient
        ([0.5, 0.25], 0.5, 0.25),  # a quarter of the sum is missing
        ([-0.5, 1.5], 0.5, 1.0),  # both bounds left by a half, and the gradient by one
        ([np.nan, 0.5], 0.5, np.inf),
    ],
)
def test_the_violation_of_an_optimum_is_worked_by_hand(x, price, expected):
    asked = program(EYE, np.zeros(2))
    assert optimality_error(asked, np.array(x), np.array([price])) == pytest.approx(expected)


def test_a_gradient_that_pushes_against_a_bound_is_no_violation():
    asked = program(EYE, [0.0, 5.0])
    assert optimality_error(asked, np.array([1.0, 0.0]), np.array([1.0])) == 0.0
    assert optimality_error(asked, np.array([0.0, 1.0]), np.array([6.0])) > 0.1


@given(
    st.integers(2, 30),
    st.integers(2, 60),
    st.sampled_from([1.0, 0.3, 0.0]),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.01, 0.5, 0.99]),
)
def test_random_programs_are_solved_to_rounding_also_near_a_corner(count, days, cap, seed, near):
    rng = np.random.default_rng(seed)
    upper = max(cap, 1.05 / count)
    returns = rng.normal(0.0, 1.0, (days, count)) * rng.uniform(0.1, 10.0, count)
    returns[:, 0] = returns[:, -1]  # twins: the covariance is singular
    quadratic = np.cov(returns, rowvar=False)
    quadratic /= np.mean(np.diag(quadratic))
    means = rng.normal(0.0, 1.0, count)
    far, left = np.zeros(count), 1.0
    for asset in np.argsort(-means):
        far[asset] = min(upper, left)
        left -= far[asset]
    start = (1.0 - near) / count + near * far
    rows = np.vstack([np.ones(count), means])
    solved = minimise(Program(quadratic, np.zeros(count), rows, rows @ start, upper, start))
    assert solved.error < 1e-10
    assert solved.x @ quadratic @ solved.x <= start @ quadratic @ start + 1e-12
