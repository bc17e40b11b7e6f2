from math import sqrt

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lockstep.metrics.mixes import POINTS, Frontier, is_feasible, within_cap
from lockstep.metrics.undefined import Undefined

#: Two assets, uncorrelated: s^2 = 1 and 4, m = 1 and 3 (in a thousandth).
TWO = Frontier(np.array([0.001, 0.003]), np.diag([1e-6, 4e-6]), 1.0)


def random_space(seed, count, days, cap=1.0):
    rng = np.random.default_rng(seed)
    common = rng.normal(0.0, 0.01, (days, 1)) * rng.uniform(0.0, 1.5, count)
    returns = common + rng.normal(0.0005, 0.01, (days, count)) * rng.uniform(0.1, 3.0, count)
    covariance = np.cov(returns, rowvar=False).reshape(count, count)
    return Frontier(returns.mean(axis=0), covariance, max(cap, 1.2 / count if count > 1 else 1.0))


def test_the_frontier_of_two_assets_is_the_closed_form():
    points = TWO.points()
    # Smallest variance: weights 1/s^2 = 4 : 1, mean 1.4, variance 0.8; largest mean: all in two.
    assert len(points) == POINTS
    assert points[0].weights == pytest.approx([0.8, 0.2], abs=1e-12)
    assert points[0].deviation == pytest.approx(sqrt(0.8e-6), rel=1e-12)
    assert points[-1].weights.tolist() == [0.0, 1.0]
    for mix in points:
        second = (mix.mean - 0.001) / 0.002
        variance = (1 - second) ** 2 * 1e-6 + second**2 * 4e-6
        assert mix.deviation == pytest.approx(sqrt(variance), rel=1e-10)
    means = np.array([mix.mean for mix in points])
    assert np.diff(means) == pytest.approx(np.full(POINTS - 1, 0.0016 / (POINTS - 1)), rel=1e-9)


def test_the_largest_sharpe_ratio_inside_the_bounds_is_the_tangency_portfolio():
    # w ~ C^-1 m = (1 / 1, 3 / 4): 4/7 and 3/7.
    found = TWO.largest_sharpe(TWO.points())
    assert found.weights == pytest.approx([4 / 7, 3 / 7], abs=1e-9)
    covariance = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]]) * 1e-5
    means = np.array([0.002, 0.0015, 0.001])
    tangent = np.linalg.solve(covariance, means)
    space = Frontier(means, covariance, 1.0)
    assert space.largest_sharpe(space.points()).weights == pytest.approx(
        tangent / tangent.sum(), abs=1e-8
    )


def test_the_smallest_variance_inside_the_bounds_is_the_closed_form():
    covariance = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 2.0]]) * 1e-5
    inverse = np.linalg.solve(covariance, np.ones(3))
    space = Frontier(np.array([0.002, 0.0015, 0.001]), covariance, 1.0)
    assert space.points()[0].weights == pytest.approx(inverse / inverse.sum(), abs=1e-12)


def test_the_price_of_the_mean_is_half_the_slope_of_the_variance():
    mix, price = TWO.at(0.002)
    above, _ = TWO.at(0.002 + 1e-7)
    below, _ = TWO.at(0.002 - 1e-7)
    slope = (above.deviation**2 - below.deviation**2) / 2e-7
    assert price == pytest.approx(slope / 2, rel=1e-6)
    assert mix.weights == pytest.approx([0.5, 0.5], abs=1e-12)


@settings(max_examples=25)
@given(
    st.integers(0, 2**32 - 1), st.integers(2, 30), st.integers(3, 120), st.sampled_from([1.0, 0.3])
)
def test_random_mixes_never_beat_the_frontier(seed, count, days, cap):
    space = random_space(seed, count, days, cap)
    points = space.points()
    assert not isinstance(points, Undefined)
    best = space.largest_sharpe(points)
    rng = np.random.default_rng(seed)
    raw = rng.dirichlet(np.full(count, 0.5), 20)
    for weights in (within_cap(row, space.cap) for row in raw):
        mix = space.mix(weights)
        assert mix.deviation >= points[0].deviation - 1e-12
        assert mix.mean <= points[-1].mean + 1e-15
        if not isinstance(best, Undefined) and mix.deviation > 1e-9:
            assert mix.sharpe <= best.sharpe * (1 + 1e-9) + 1e-12
    weights = within_cap(raw[0], space.cap)
    target = space.mix(weights)
    assume(points[0].mean < target.mean < points[-1].mean)
    assert target.deviation >= space.at(target.mean)[0].deviation - 1e-12


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(3, 120), st.sampled_from([1.0, 0.3])
)
def test_every_point_is_a_mix_within_the_bounds_and_the_curve_is_convex(seed, count, days, cap):
    space = random_space(seed, count, days, cap)
    points = space.points()
    for mix in points:
        assert mix.weights.sum() == pytest.approx(1.0, abs=1e-12)
        assert np.all(mix.weights >= -1e-12) and np.all(mix.weights <= space.cap + 1e-12)
    deviations = np.array([mix.deviation for mix in points])
    assert np.all(np.diff(deviations) >= -1e-12)
    if len(points) > 2:
        assert np.all(np.diff(deviations, 2) >= -1e-10)


def test_one_asset_has_one_mix():
    space = Frontier(np.array([0.001]), np.array([[1e-4]]), 1.0)
    (only,) = space.points()
    assert only.weights.tolist() == [1.0]
    assert space.largest_sharpe([only]).sharpe == pytest.approx(0.1)
    assert space.equal_risk().weights.tolist() == [1.0]


def test_assets_of_one_mean_have_one_efficient_mix():
    space = Frontier(np.array([0.001, 0.001]), np.diag([1e-6, 4e-6]), 1.0)
    (only,) = space.points()
    assert only.weights == pytest.approx([0.8, 0.2], abs=1e-12)


def test_a_cap_that_leaves_no_choice_leaves_equal_weights():
    space = Frontier(np.array([0.001, 0.002, 0.003, 0.004]), np.eye(4) * 1e-6, 0.25)
    (only,) = space.points()
    assert only.weights.tolist() == [0.25] * 4


def test_of_twins_with_the_largest_mean_the_less_volatile_mix_ends_the_frontier():
    covariance = np.diag([1e-6, 1e-6, 3e-6])
    space = Frontier(np.array([0.001, 0.002, 0.002]), covariance, 1.0)
    assert space.points()[-1].weights == pytest.approx([0.0, 0.75, 0.25], abs=1e-12)
    capped = Frontier(np.array([0.003, 0.002, 0.002]), covariance, 0.4)
    # 0.4 is fixed; the rest, 0.6, wants 0.45 : 0.15 and meets the cap.
    assert capped.points()[-1].weights == pytest.approx([0.4, 0.4, 0.2], abs=1e-12)


def test_parts_that_cancel_leave_no_variance_of_rounding():
    swing = np.array([0.01, -0.01, 0.02, -0.02])
    returns = np.column_stack([swing, -swing, -swing + 0.001])
    space = Frontier(returns.mean(axis=0), np.cov(returns, rowvar=False), 1.0)
    points = space.points()
    assert points[0].deviation == 0.0
    assert isinstance(points[0].sharpe, Undefined)
    assert points[-1].weights.tolist() == [0.0, 0.0, 1.0]


def test_no_ratio_is_the_largest_if_nothing_earned_or_something_did_not_vary():
    losing = Frontier(np.array([-0.001, -0.002]), np.eye(2) * 1e-6, 1.0)
    assert losing.largest_sharpe(losing.points()) == Undefined(
        "no mix of the assets had a positive mean return"
    )
    hedge = Frontier(np.array([0.001, 0.002]), np.array([[1.0, -1.0], [-1.0, 1.0]]) * 1e-6, 1.0)
    assert "did not vary" in hedge.largest_sharpe(hedge.points()).reason


def test_equal_risk_is_shared_equally_and_moved_within_the_cap():
    space = Frontier(np.zeros(2), np.diag([1e-6, 9e-6]), 1.0)
    assert space.equal_risk().weights == pytest.approx([0.75, 0.25], abs=1e-12)
    capped = Frontier(np.zeros(2), np.diag([1e-6, 9e-6]), 0.6)
    assert capped.equal_risk().weights == pytest.approx([0.6, 0.4], abs=1e-12)
    hedge = Frontier(np.zeros(2), np.array([[1.0, -1.0], [-1.0, 1.0]]) * 1e-6, 1.0)
    assert isinstance(hedge.equal_risk(), Undefined)


@given(
    st.lists(st.floats(-1.0, 2.0), min_size=1, max_size=12),
    st.floats(0.0, 1.0),
)
def test_weights_within_a_cap_are_the_nearest_ones(values, loose):
    weights = np.array(values)
    cap = 1.0 / len(weights) + loose * (1.0 - 1.0 / len(weights))
    moved = within_cap(weights, cap)
    assert moved.sum() == pytest.approx(1.0, abs=1e-9)
    assert np.all((moved >= 0.0) & (moved <= cap))
    # The nearest point of a convex set: no allowed direction leads closer.
    for corner in (np.full(len(weights), 1.0 / len(weights)), within_cap(-weights, cap)):
        assert (weights - moved) @ (corner - moved) <= 1e-9


def test_caps_that_cannot_sum_to_one_are_told_from_those_that_just_can():
    assert is_feasible(3, 1 / 3) and is_feasible(10, 0.1) and not is_feasible(3, 0.33)
