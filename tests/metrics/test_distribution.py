import numpy as np
import pytest

from lockstep.metrics.distribution import (
    LEVELS,
    expected_shortfall,
    percentiles,
    rank_of,
    share,
)
from lockstep.metrics.undefined import Undefined


def test_percentiles_of_0_to_100_are_the_levels_themselves():
    found = percentiles(np.arange(101.0))
    assert [found[f"p{level}"] for level in LEVELS] == pytest.approx(LEVELS)
    # 0 to n have the sample variance (n + 1)(n + 2) / 12
    assert (found["mean"], found["std"] ** 2) == pytest.approx((50.0, 101 * 102 / 12))


def test_a_single_outcome_has_no_spread():
    assert percentiles(np.array([3.0])) == {
        "mean": 3.0,
        "std": 0.0,
        **{f"p{x}": 3.0 for x in LEVELS},
    }


def test_expected_shortfall_is_the_mean_of_the_lowest_part():
    values = np.array([5.0, -4.0, 1.0, -2.0, 0.0, 3.0, 2.0, 4.0, 6.0, 7.0])
    assert expected_shortfall(values, 0.1) == -4.0
    assert expected_shortfall(values, 0.2) == -3.0
    # 0.29 x 100 is just below 29 in floats: 0 to 28 have the mean 14
    assert expected_shortfall(np.arange(100.0), 0.29) == 14.0


def test_a_tail_of_less_than_one_outcome_has_no_mean():
    found = expected_shortfall(np.arange(19.0), 0.05)
    assert found == Undefined("5% of 19 outcomes is less than one of them")


@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        (0, 20, 0.0, 0.161125),  # z^2 / (n + z^2)
        (20, 20, 0.838875, 1.0),
        (10, 20, 0.299298, 0.700702),
        (1, 10, 0.017876, 0.404150),
    ],
)
def test_the_interval_of_a_share_is_wilsons(hits, total, low, high):
    found = share(np.arange(total) < hits)
    assert found.value == hits / total
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)


def test_a_rank_counts_equal_outcomes_half():
    assert rank_of(2.0, np.array([1.0, 2.0, 2.0, 3.0])) == 0.5
    assert rank_of(0.0, np.array([1.0, 2.0])) == 0.0
    assert rank_of(9.0, np.array([1.0, 2.0])) == 1.0
