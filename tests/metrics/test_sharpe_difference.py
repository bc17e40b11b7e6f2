import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.metrics.returns import daily_sharpe
from lockstep.metrics.sharpe_difference import (
    FEWEST_DAYS,
    paired_t_test,
    sharpe_difference,
    standard_error,
)
from lockstep.metrics.undefined import Undefined
from tests.metrics.published_returns import hedge_funds


def pairs(seed, days, *, carry=0.0, edge=0.0, tied=0.5):
    """Return two series of equal Sharpe ratio but for `edge`, tied to each other and to yesterday.

    The second one moves twice as much, which no Sharpe ratio sees.
    """
    drawn = np.random.default_rng(seed).standard_normal((days + 50, 2))
    drawn[:, 1] = tied * drawn[:, 0] + math.sqrt(1.0 - tied**2) * drawn[:, 1]
    for day in range(1, len(drawn)):
        drawn[day] += carry * drawn[day - 1]
    spread = 1.0 / math.sqrt(1.0 - carry**2)
    return 0.01 * (drawn[50:] + spread * (0.05 + np.array([edge, 0.0]))) * [1.0, 2.0]


def test_the_published_example_of_ledoit_and_wolf_is_met():
    # Their programs give the ratios 1.014228 and 1.460547, a prewhitened standard error of
    # 0.3872694 and p = 0.249; the paper's bootstrap says 0.294.
    first, second = hedge_funds().T
    found = sharpe_difference(first, second, seed=1, block=4)
    assert found.difference == pytest.approx(-0.4463183, abs=5e-8)
    assert found.standard_error == pytest.approx(0.3872694, abs=5e-8)
    assert found.p_value_asymptotic == pytest.approx(0.2491259, abs=5e-7)
    assert found.p_value == pytest.approx(0.294, abs=0.02)


def test_equal_ratios_of_returns_that_follow_each_other_are_told_apart_once_in_twenty():
    told = [
        sharpe_difference(*pairs(seed, 300, carry=0.2).T, seed=seed, resamples=199).p_value <= 0.05
        for seed in range(300)
    ]
    # 15 expected, standard deviation 3.8
    assert 5 <= sum(told) <= 28


def test_a_real_difference_is_found():
    told = [
        sharpe_difference(*pairs(seed, 1000, edge=0.12).T, seed=seed, resamples=199).p_value <= 0.05
        for seed in range(40)
    ]
    assert sum(told) >= 34


def test_the_interval_holds_zero_just_where_the_test_does_not_reject():
    for seed in range(30):
        found = sharpe_difference(*pairs(seed, 200, edge=0.15).T, seed=seed, resamples=199)
        if abs(found.p_value - 0.05) > 0.011:
            assert (found.low <= 0.0 <= found.high) is (found.p_value > 0.05)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.1, 10.0), st.floats(0.1, 10.0))
def test_leverage_changes_next_to_nothing_and_the_order_only_the_sign(seed, one, other):
    first, second = pairs(seed, 120).T
    plain = sharpe_difference(first, second, seed=3, block=4, resamples=99)
    scaled = sharpe_difference(one * first, other * second, seed=3, block=4, resamples=99)
    turned = sharpe_difference(second, first, seed=3, block=4, resamples=99)
    assert scaled.difference == pytest.approx(plain.difference)
    # the automatic bandwidth weighs the columns by their size (Andrews 1991)
    assert scaled.p_value == pytest.approx(plain.p_value, abs=0.15)
    assert turned.p_value == plain.p_value
    assert turned.difference == -plain.difference
    assert (turned.low, turned.high) == pytest.approx((-plain.high, -plain.low))


def test_the_same_seed_draws_the_same():
    first, second = pairs(5, 200).T
    again = [sharpe_difference(first, second, seed=9, resamples=99) for _ in range(2)]
    assert again[0] == again[1]
    assert again[0].difference == daily_sharpe(first) - daily_sharpe(second)


def test_without_dependence_the_standard_error_is_that_of_jobson_korkie_and_memmel():
    # 2 - 2 rho + (SR1^2 + SR2^2 - 2 SR1 SR2 rho^2) / 2, over n (Memmel 2003), for normal returns
    series = pairs(1, 40_000)
    rho = float(np.corrcoef(series.T)[0, 1])
    one, other = (daily_sharpe(column) for column in series.T)
    variance = 2 - 2 * rho + (one**2 + other**2 - 2 * one * other * rho**2) / 2
    assert standard_error(series) == pytest.approx(math.sqrt(variance / 40_000), rel=0.02)


def test_blocks_grow_where_gains_follow_gains():
    calm = sharpe_difference(*pairs(2, 800).T, seed=1, resamples=9)
    sticky = sharpe_difference(*pairs(2, 800, carry=0.6).T, seed=1, resamples=9)
    assert calm.block < sticky.block
    assert sticky.block_chosen


@pytest.mark.parametrize(
    ("first", "second", "why"),
    [
        (np.arange(59.0), -np.arange(59.0), f"fewer than {FEWEST_DAYS} common days"),
        (np.zeros(80), np.arange(80.0), "the daily returns do not vary"),
        (np.arange(80.0), np.arange(80.0), "the two Sharpe ratios move as one: nothing random"),
        (np.arange(80.0), 2 * np.arange(80.0), "the two Sharpe ratios move as one: nothing random"),
    ],
)
def test_what_cannot_be_tested_says_why(first, second, why):
    found = sharpe_difference(first, second, seed=1)
    assert isinstance(found, Undefined)
    assert found.reason.startswith(why)


def test_series_of_other_days_and_blocks_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="80 and 79 days; expected the same days"):
        sharpe_difference(np.arange(80.0), np.arange(79.0), seed=1)
    with pytest.raises(ValueError, match=r"block is 20; expected 1 to 12 days"):
        sharpe_difference(*pairs(1, 120).T, seed=1, block=20)


def test_the_plain_t_test_is_students():
    # differences 1, 2, 3: t = 2 / (1 / sqrt 3) = 3.4641, 2 degrees: p = 0.07418
    assert paired_t_test(np.array([2.0, 4.0, 6.0]), np.array([1.0, 2.0, 3.0])) == pytest.approx(
        0.0741799, abs=1e-6
    )
    assert paired_t_test(np.array([1.0]), np.array([2.0])) == Undefined(
        "fewer than two common days"
    )
    assert paired_t_test(np.ones(5), np.zeros(5)) == Undefined(
        "the daily returns differ by nothing that varies"
    )
