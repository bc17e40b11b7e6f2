import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics.parameter_importance import MOST_BINS, bins, importance
from lockstep.metrics.undefined import Undefined


def test_a_parameter_that_decides_alone_has_all_of_the_variance():
    groups = np.repeat([0, 1], 10)
    assert importance(groups, groups * 3.0) == 1.0


def test_a_share_worked_by_hand():
    # means 1 and 3, total variance sum 4 * 1 + 4 * 0.25 ... : within 1, all 5, n 4, k 2
    scores = np.array([0.5, 1.5, 2.5, 3.5])
    # within: 0.5 + 0.5 = 1; all: 2.25 + 0.25 + 0.25 + 2.25 = 5; 1 - (1 / 5)(3 / 2) = 0.7
    assert importance(np.array([0, 0, 1, 1]), scores) == pytest.approx(0.7)


def test_random_groups_have_no_importance_on_average():
    drawn = np.random.default_rng(1)
    found = [importance(drawn.integers(0, 8, 60), drawn.normal(size=60)) for _ in range(300)]
    assert np.mean(found) < 0.05


def test_what_cannot_be_measured_says_why():
    assert importance(np.zeros(4, int), np.arange(4.0)) == Undefined("only one value was tried")
    assert importance(np.arange(4), np.arange(4.0)) == Undefined("fewer trials than values")
    assert importance(np.array([0, 0, 1, 1]), np.ones(4)) == Undefined("all scores are the same")


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=200))
def test_groups_are_of_neighbours_and_equal_values_stay_together(numbers):
    values = np.array(numbers, dtype=float)
    groups = bins(values)
    order = np.argsort(values, kind="stable")
    assert np.all(np.diff(groups[order]) >= 0)
    assert set(groups) == set(range(groups.max() + 1))
    assert len(set(groups)) <= max(2, MOST_BINS)
    for value in set(numbers):
        assert len(set(groups[values == value])) == 1
