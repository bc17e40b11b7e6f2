from math import sqrt
from statistics import NormalDist

import numpy as np
import pytest

from lockstep.metrics import confidence
from lockstep.metrics.tails import kurtosis, skewness
from lockstep.metrics.undefined import Undefined


def test_the_probability_of_skill_is_the_published_example():
    # Bailey and Lopez de Prado (2012): 24 monthly returns, Sharpe 0.458, skewness -2.448,
    # kurtosis 10.164: 0.913; with normal returns 0.982.
    fat = confidence.probability_above(0.0, 0.458, 24, skewness=-2.448, kurtosis=10.164)
    normal = confidence.probability_above(0.0, 0.458, 24, skewness=0.0, kurtosis=3.0)
    assert fat == pytest.approx(0.913, abs=5e-4)
    assert normal == pytest.approx(0.982, abs=5e-4)


def test_symmetric_returns_around_zero_have_an_even_chance_of_skill():
    values = np.array([0.01, -0.01, 0.02, -0.02])
    assert confidence.probabilistic_sharpe(values) == pytest.approx(0.5, abs=1e-12)


@pytest.mark.parametrize(
    ("periods", "skew", "kurt", "years"),
    [(252, 0.0, 3.0, 2.73), (52, 0.0, 3.0, 2.83), (12, 0.0, 3.0, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_the_record_needed_is_the_published_example(periods, skew, kurt, years):
    # Bailey and Lopez de Prado (2012): years until a ratio of 2 a year is above 1 at 95 %,
    # from daily, weekly and monthly normal returns, and from monthly ones of hedge funds.
    found = confidence.record_needed(
        1 / sqrt(periods), 2 / sqrt(periods), skewness=skew, kurtosis=kurt
    )
    assert found / periods == pytest.approx(years, abs=5e-3)


def test_at_the_length_of_the_record_needed_the_probability_is_95_percent():
    values = np.random.default_rng(8).normal(0.002, 0.01, 100)
    days = confidence.min_track_record(values)
    ratio = float(values.mean() / values.std(ddof=1))
    shape = {"skewness": skewness(values), "kurtosis": kurtosis(values)}
    assert confidence.probability_above(0.0, ratio, days, **shape) == pytest.approx(0.95, abs=1e-12)
    assert (confidence.probabilistic_sharpe(values) >= 0.95) == (days <= 100)


def test_without_a_gain_no_record_shows_skill():
    reason = "the Sharpe ratio is not above 0: no record would show it"
    assert confidence.min_track_record(np.array([0.01, -0.02, 0.0])) == Undefined(reason)
    assert confidence.min_track_record(np.array([0.01, -0.01])) == Undefined(reason)


@pytest.mark.parametrize("measure", [confidence.probabilistic_sharpe, confidence.min_track_record])
@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "fewer than two trading days"),
        ([0.01], "fewer than two trading days"),
        ([0.0] * 5, "the daily returns do not vary"),
        ([0.01] * 50, "the daily returns do not vary"),
    ],
)
def test_too_few_or_equal_returns_leave_skill_undefined(measure, values, reason):
    assert measure(np.array(values)) == Undefined(reason)


def test_two_valued_returns_can_have_no_variance_of_the_ratio():
    # 1 - g3 SR + (g4 - 1)/4 SR^2 with g3 = 2, g4 = 5 and SR = 1 is 1 - 2 + 1 = 0.
    shape = {"skewness": 2.0, "kurtosis": 5.0}
    reason = "the returns take too few values to tell chance from skill"
    assert confidence.probability_above(0.0, 1.0, 10, **shape) == Undefined(reason)
    assert confidence.record_needed(0.0, 1.0, **shape) == Undefined(reason)


def test_gains_that_follow_gains_shrink_the_score_by_the_factor_of_lo():
    # AR(1) with rho 0.5, eta(q) / sqrt(q) of the sample autocorrelations used.
    noise = np.random.default_rng(5).normal(0.0, 0.01, 400)
    values = np.array(
        [sum(0.5**k * noise[t - k] for k in range(min(t + 1, 20))) for t in range(400)]
    )
    values += 0.002
    ratio = values.mean() / values.std(ddof=1)
    centred = values - values.mean()
    rho = [(centred[k:] @ centred[:-k]) / (centred @ centred) for k in range(1, 6)]  # 4 * 4^(2/9)
    inflated = 1 + 2 * sum((1 - k / 260) * r for k, r in enumerate(rho, start=1))
    spread = 1 - skewness(values) * ratio + (kurtosis(values) - 1) / 4 * ratio**2
    score = ratio * sqrt(399) / sqrt(spread) / sqrt(inflated)
    found = confidence.probabilistic_sharpe_adjusted(values, 260.0)
    assert inflated > 1.5
    assert found == pytest.approx(NormalDist().cdf(score), abs=1e-12)
    assert found < confidence.probabilistic_sharpe(values)


def test_days_that_undo_one_another_make_a_record_no_surer():
    values = np.tile([0.011, -0.01], 100)
    values[::7] += 0.001
    plain = confidence.probabilistic_sharpe(values)
    assert confidence.probabilistic_sharpe_adjusted(values, 260.0) == plain


def test_a_month_of_days_is_too_short_for_the_careful_probability():
    values = np.random.default_rng(5).normal(0.0, 0.01, 30)
    assert isinstance(confidence.probabilistic_sharpe_adjusted(values, 260.0), float)
    few = confidence.probabilistic_sharpe_adjusted(values[:29], 260.0)
    assert few == Undefined("fewer than 30 trading days")
    flat = confidence.probabilistic_sharpe_adjusted(np.zeros(40), 260.0)
    assert flat == Undefined("the daily returns do not vary")
