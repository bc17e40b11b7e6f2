from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.metrics import trial_clusters
from lockstep.metrics.luck import expected_maximum_sharpe
from lockstep.metrics.trial_clusters import effective_trials, equivalent


def families(kinds, size, alike, shared=0.0, days=400, seed=1):
    """Return trials in families: within one pairs correlate by `alike`, all share `shared`."""
    dice = np.random.default_rng(seed)
    family = np.repeat(dice.normal(size=(days, kinds)), size, axis=1)
    own = dice.normal(size=(days, kinds * size))
    apart = sqrt(alike) * family + sqrt(1 - alike) * own
    return sqrt(shared) * dice.normal(size=(days, 1)) + sqrt(1 - shared) * apart


def simulated_best(returns, draws=2000):
    """Return the expected best ratio of trials without skill, in units of its own deviation."""
    scaled = (returns - returns.mean(axis=0)) / returns.std(axis=0) / sqrt(len(returns))
    drawn = np.random.default_rng(9).normal(size=(draws, len(returns))) @ scaled
    return drawn.max(axis=1).mean()


@pytest.mark.parametrize(
    ("kinds", "size", "alike", "shared"),
    [(100, 1, 0.0, 0.0), (5, 20, 0.9, 0.0), (5, 20, 0.99, 0.0), (1, 300, 0.5, 0.0),
     (1, 100, 0.9, 0.0), (10, 30, 0.8, 0.3), (10, 40, 0.95, 0.0)],
)  # fmt: skip
def test_the_effective_number_has_the_expected_best_of_the_correlated_trials(
    kinds, size, alike, shared
):
    returns = families(kinds, size, alike, shared)
    found = expected_maximum_sharpe(effective_trials(returns).number, 1.0)
    assert simulated_best(returns) - 0.15 < found < simulated_best(returns) + 0.35


@pytest.mark.parametrize("kinds", [3, 8])
def test_kinds_that_are_there_are_found(kinds):
    found = effective_trials(families(kinds, 12, 0.9))
    assert found.clusters == kinds
    assert found.labels.tolist() == np.repeat(np.arange(kinds), 12).tolist()
    assert found.silhouette > 0.5


def test_strangers_stay_nearly_as_many_as_they_are():
    found = effective_trials(families(60, 1, 0.0))
    assert 50 < found.number <= 60
    assert found.silhouette < 0.1


def test_two_trials_are_compared_without_clusters():
    returns = families(2, 1, 0.0)
    assert effective_trials(returns).number == 2.0
    assert effective_trials(returns[:, :1]).number == 1.0
    assert effective_trials(returns[:, :0]).number == 0.0


def test_silhouettes_are_those_of_the_definition():
    returns = families(4, 5, 0.7, days=60)
    found = effective_trials(returns)
    distance = np.sqrt((1 - np.clip(np.corrcoef(returns.T), -1, 1)) / 2)
    scores = []
    for at, label in enumerate(found.labels):
        own = found.labels == label
        means = [
            distance[at, found.labels == k].mean() for k in range(found.clusters) if k != label
        ]
        a = distance[at, own].sum() / max(own.sum() - 1, 1)
        nearest = min(means)
        scores.append(0.0 if own.sum() == 1 else (nearest - a) / max(a, nearest))
    assert found.silhouette == pytest.approx(np.mean(scores), rel=1e-7)


def test_many_trials_are_clustered_in_parts_that_count_as_strangers(monkeypatch):
    returns = families(1, 40, 0.9)
    halves = [effective_trials(returns[:, :20]), effective_trials(returns[:, 20:])]
    monkeypatch.setattr(trial_clusters, "MOST", 20)
    found = effective_trials(returns)
    assert found.number == pytest.approx(halves[0].number + halves[1].number)
    assert found.clusters == halves[0].clusters + halves[1].clusters
    assert found.labels.max() + 1 == found.clusters


def test_the_same_returns_give_the_same_answer_whatever_their_scale():
    returns = families(6, 9, 0.6)
    first, again = effective_trials(returns), effective_trials(returns * 8.0)
    assert first.number == again.number
    assert first.labels.tolist() == again.labels.tolist()


@given(st.floats(1.0, 1e5), st.floats(0.0, 1.0))
def test_correlated_trials_are_one_at_least_and_no_more_than_they_are(trials, correlation):
    assert 1.0 <= equivalent(trials, correlation) <= trials


def test_the_best_of_equally_correlated_trials_is_that_of_theory():
    # m numbers sqrt(r) Z + sqrt(1 - r) X_i: the best is expected at sqrt(1 - r) E(m)
    found = equivalent(500.0, 0.6)
    assert expected_maximum_sharpe(found, 1.0) == pytest.approx(
        sqrt(0.4) * expected_maximum_sharpe(500, 1.0), rel=1e-12
    )
    assert equivalent(500.0, 0.0) == 500.0
    assert equivalent(500.0, 1.0) == pytest.approx(1.0)
