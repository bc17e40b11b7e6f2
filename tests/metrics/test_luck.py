from math import e, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics.confidence import (
    min_track_record,
    probabilistic_sharpe,
    probability_above,
)
from lockstep.metrics.luck import (
    deflated_sharpe,
    expected_maximum_sharpe,
    luck_variance,
    minimum_track_record_length,
)
from lockstep.metrics.tails import kurtosis, skewness
from lockstep.metrics.undefined import Undefined


def record(mean=0.001, days=400, seed=3):
    return np.random.default_rng(seed).normal(mean, 0.01, days)


@pytest.mark.parametrize(
    ("trials", "skew", "kurt", "hurdle", "probability"),
    [
        (100, -3.0, 10.0, 0.1132, 0.9004),
        (46, -3.0, 10.0, None, 0.9505),
        (88, 0.0, 3.0, None, 0.9505),
    ],
)
def test_the_deflated_sharpe_is_the_published_example(trials, skew, kurt, hurdle, probability):
    # Bailey and Lopez de Prado (2014), "A numerical example": five years of 250 days, the best of
    # the trials at 2.5 a year, the trials' variance 1/2 a year; with 46 trials, or with normal
    # returns and 88, it would have been significant.
    found = expected_maximum_sharpe(trials, 0.5 / 250)
    if hurdle is not None:
        assert found == pytest.approx(hurdle, abs=5e-5)
    deflated = probability_above(found, 2.5 / sqrt(250), 1250, skewness=skew, kurtosis=kurt)
    assert deflated == pytest.approx(probability, abs=5e-5)


@pytest.mark.parametrize(
    ("trials", "mean"), [(5, 1.16296), (10, 1.53875), (100, 2.50759), (1000, 3.24144)]
)
def test_the_expected_maximum_is_near_that_of_normal_numbers(trials, mean):
    # Exact means of the largest of n normal numbers (Harter 1961).
    assert expected_maximum_sharpe(trials, 1.0) == pytest.approx(mean, rel=0.03)


def test_one_trial_has_nothing_to_beat_and_more_spread_more():
    assert expected_maximum_sharpe(1, 1.0) == 0.0
    assert expected_maximum_sharpe(1.1, 1.0) == 0.0  # the approximation is negative there
    assert expected_maximum_sharpe(7, 0.0) == 0.0
    assert expected_maximum_sharpe(7, 4.0) == 2.0 * expected_maximum_sharpe(7, 1.0)


@pytest.mark.parametrize(("trials", "variance"), [(0.5, 1.0), (5, -1.0)])
def test_less_than_one_trial_or_a_negative_variance_is_refused(trials, variance):
    with pytest.raises(ValueError, match="expected 1 or more, and no less than 0"):
        expected_maximum_sharpe(trials, variance)


def test_the_variance_of_luck_is_that_of_a_ratio_of_zero():
    assert luck_variance(101) == 0.01
    seen = np.random.default_rng(5).standard_t(5, size=(101, 4000))
    ratios = seen.mean(axis=0) / seen.std(axis=0, ddof=1)
    assert ratios.var() == pytest.approx(0.01, rel=0.06)


def test_of_one_trial_nothing_is_deflated():
    values = record()
    assert deflated_sharpe(values, 1) == probabilistic_sharpe(values)
    assert minimum_track_record_length(values, 1) == pytest.approx(min_track_record(values))


def test_the_variance_seen_takes_the_place_of_that_of_luck():
    values = record()
    hurdle = expected_maximum_sharpe(20, 0.004)
    assert deflated_sharpe(values, 20, 0.004) == probabilistic_sharpe(values, hurdle)
    assert deflated_sharpe(values, 20) == deflated_sharpe(values, 20, 1 / 399)


@given(st.floats(1.0, 1e6), st.floats(1.0, 1e3))
def test_more_trials_never_make_a_result_surer(trials, more):
    values = record()
    assert deflated_sharpe(values, trials * more) <= deflated_sharpe(values, trials)
    assert minimum_track_record_length(values, trials * more) >= minimum_track_record_length(
        values, trials
    )


@pytest.mark.parametrize("trials", [1, e, 50, 4000])
def test_at_the_record_needed_the_deflated_sharpe_is_95_percent(trials):
    values = record()
    days = minimum_track_record_length(values, trials)
    ratio = float(values.mean() / values.std(ddof=1))
    shape = {"skewness": skewness(values), "kurtosis": kurtosis(values)}
    hurdle = expected_maximum_sharpe(trials, 1 / (days - 1))
    assert probability_above(hurdle, ratio, days, **shape) == pytest.approx(0.95, abs=1e-12)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "fewer than two trading days"),
        ([0.01], "fewer than two trading days"),
        ([0.01] * 9, "the daily returns do not vary"),
    ],
)
def test_without_returns_that_vary_there_is_nothing_to_deflate(values, reason):
    assert deflated_sharpe(np.array(values), 5) == Undefined(reason)
    assert minimum_track_record_length(np.array(values), 5) == Undefined(reason)


def test_no_record_is_long_enough_for_a_loss():
    reason = "the Sharpe ratio is not above 0: no record would show it"
    assert minimum_track_record_length(-np.abs(record()), 5) == Undefined(reason)


def best_of_noise(seed, trials=60, days=250, shared=0.0):
    dice = np.random.default_rng(seed)
    own = dice.standard_t(6, size=(days, trials))
    noise = sqrt(shared) * dice.standard_t(6, size=(days, 1)) + sqrt(1 - shared) * own
    return noise[:, np.argmax(noise.mean(axis=0) / noise.std(axis=0))]


def test_the_best_of_noise_is_significant_by_itself_and_not_when_deflated():
    plain = [probabilistic_sharpe(best_of_noise(seed)) >= 0.95 for seed in range(200)]
    deflated = [deflated_sharpe(best_of_noise(seed), 60) >= 0.95 for seed in range(200)]
    assert np.mean(plain) > 0.9
    assert np.mean(deflated) <= 0.05
