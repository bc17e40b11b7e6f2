import numpy as np
import pytest

from lockstep.metrics.luck import deflated_sharpe
from lockstep.metrics.reality_check import (
    _long_run_variance,
    block_length,
    superior_predictive_ability,
)
from lockstep.metrics.resampling import STATIONARY, Blocks, best_length, streams
from lockstep.metrics.undefined import Undefined


def noise(seed, days=250, count=15, edge=0.0):
    dice = np.random.default_rng(seed)
    returns = 0.01 * (dice.normal(size=(days, count)) + 0.5 * dice.normal(size=(days, 1)))
    returns[:, 4] += edge
    return returns


def rejections(edge, rounds=150):
    found = [
        superior_predictive_ability(noise(seed, edge=edge), resamples=199, seed=seed)
        for seed in range(rounds)
    ]
    return {
        name: np.mean([getattr(one, name) <= 0.05 for one in found])
        for name in ("lower", "consistent", "upper", "white")
    }


def test_noise_is_rejected_about_as_often_as_the_level_says():
    for name, rate in rejections(0.0).items():
        assert 0.0 < rate <= 0.1, name


def test_a_planted_edge_is_found():
    for name, rate in rejections(0.0035).items():
        assert rate > 0.8, name
    assert superior_predictive_ability(noise(1, edge=0.0035)).best == 4


def test_the_bounds_stand_on_their_sides():
    for seed in range(20):
        found = superior_predictive_ability(noise(seed) - 0.0005, resamples=99)
        assert found.lower <= found.consistent <= found.upper


def test_clear_losers_are_not_held_against_the_best():
    field = noise(3, edge=0.002)
    losers = noise(4, count=200) - 0.01
    among = superior_predictive_ability(np.column_stack([field, losers]), block_days=1.0)
    alone = superior_predictive_ability(field, block_days=1.0)
    assert among.consistent == pytest.approx(alone.consistent, abs=1e-12)
    assert among.upper > among.consistent + 0.05


def test_a_field_without_any_gain_proves_nothing():
    found = superior_predictive_ability(noise(5) - 0.01)
    assert (found.statistic, found.lower, found.consistent, found.white) == (0.0, 1.0, 1.0, 1.0)


@pytest.mark.parametrize(
    ("seed", "lower", "consistent", "upper", "white"),
    [
        (0, 0.0550, 0.0757, 0.0810, 0.1628),
        (1, 0.3797, 0.4873, 0.5208, 0.4485),
        (2, 0.0095, 0.0138, 0.0140, 0.0300),
        (3, 0.1250, 0.1757, 0.1898, 0.1725),
    ],
)
def test_p_values_are_those_of_another_implementation(seed, lower, consistent, upper, white):
    # arch 8.0.0, SPA(0, -x, block_size=4, reps=4000, bootstrap="stationary", studentize=False,
    # seed=1): of x divided by its standard errors, and of x itself for White. Drawn otherwise, a
    # p-value of 0.5 differs by 0.011 in the standard deviation.
    dice = np.random.default_rng(seed)
    field = 0.01 * (dice.normal(size=(300, 15)) + 0.5 * dice.normal(size=(300, 1)))
    field[:, 3] += 0.0012
    field[:, 8] -= 0.003
    found = superior_predictive_ability(field, block_days=4.0, resamples=4000, seed=1)
    assert (found.lower, found.consistent, found.upper, found.white) == pytest.approx(
        (lower, consistent, upper, white), abs=0.025
    )


def test_the_scale_of_a_trial_matters_to_white_only():
    field = noise(6, edge=0.002)
    scaled = field * np.where(np.arange(15) == 9, 32.0, 1.0)
    first, second = (superior_predictive_ability(x, block_days=2.0) for x in (field, scaled))
    assert second.consistent == first.consistent
    assert second.statistic == pytest.approx(first.statistic, rel=1e-12)
    assert second.white > first.white + 0.1


def test_of_one_trial_it_is_a_plain_test_of_the_mean():
    one = noise(7, count=5, edge=0.002)[:, 4:]
    found = superior_predictive_ability(one, block_days=1.0, resamples=20_000)
    ratio = one.mean() / one.std() * np.sqrt(len(one))
    assert found.statistic == pytest.approx(ratio)
    assert found.consistent == pytest.approx(1 - deflated_sharpe(one[:, 0], 1), abs=0.01)


@pytest.mark.parametrize("length", [1.0, 4.0, 15.0])
def test_errors_are_those_of_the_resampled_means(length):
    series = np.cumsum(np.random.default_rng(8).normal(size=(90, 3)), axis=0)
    series[:, 0] = np.diff(series[:, 0], prepend=0.0)
    centred = series - series.mean(axis=0)
    rows = Blocks(STATIONARY, length).drawn(streams(1), 20_000, 90, 90)
    drawn = centred[rows].mean(axis=1) * np.sqrt(90)
    found = _long_run_variance(centred, 1.0 / length)
    assert found == pytest.approx(drawn.var(axis=0), rel=0.05)
    if length == 1.0:
        assert found == pytest.approx(centred.var(axis=0))


def test_blocks_are_those_of_the_field_or_of_its_best():
    field = noise(9)
    assert block_length(field[:, :1]) == best_length(field[:, 0], STATIONARY)
    trend = 0.02 * np.sin(np.arange(250) / 8.0) + 0.01
    assert block_length(np.column_stack([field, trend])) == pytest.approx(
        max(best_length(trend, STATIONARY), best_length(
            np.column_stack([field, trend]).mean(axis=1), STATIONARY))
    )  # fmt: skip


def test_the_same_seed_draws_the_same_and_still_trials_are_left_out():
    field = noise(10, edge=0.002)
    padded = np.column_stack([np.zeros(250), field])
    first, second = (
        superior_predictive_ability(field, seed=3),
        superior_predictive_ability(padded, seed=3),
    )
    assert second.best == first.best + 1
    assert (second.consistent, second.white) == (first.consistent, first.white)
    other = superior_predictive_ability(field, seed=4)
    assert other.consistent != first.consistent
    assert other.consistent == pytest.approx(first.consistent, abs=0.03)


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (noise(0, days=29), "fewer than 30 trading days to be drawn again"),
        (np.zeros((50, 3)), "no trial's daily returns vary"),
        (np.empty((50, 0)), "no trial's daily returns vary"),
    ],
)
def test_too_little_leaves_it_undefined(returns, reason):
    assert superior_predictive_ability(returns) == Undefined(reason)
