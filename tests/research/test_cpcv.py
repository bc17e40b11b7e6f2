import itertools

import numpy as np
import pytest

from lockstep.core.errors import ConfigError, DataError
from lockstep.core.trial import FAILED, Trial
from lockstep.metrics.undefined import Undefined
from lockstep.research.cpcv import Folds, best_of, crossed
from tests.engine.markets import portfolio

DAYS = np.arange(20_000, 20_120, dtype=np.int64)


def noise(seed: int, count: int, *, edge: float = 0.0, symbol: str = "A") -> list[Trial]:
    rng = np.random.default_rng(seed)
    return [
        Trial(k, symbol, {"k": k}, days=DAYS, daily=rng.normal(edge * (k == 3), 0.01, len(DAYS)))
        for k in range(count)
    ]


def one_asset(trials, **folds):
    return crossed({"A": trials}, Folds(**folds), portfolio())


@pytest.mark.parametrize(("groups", "tested", "splits", "paths"), [
    (6, 2, 15, 5), (10, 2, 45, 9), (5, 1, 5, 1), (8, 4, 70, 35),
])  # fmt: skip
def test_splits_and_paths_are_counted_as_in_the_book(groups, tested, splits, paths):
    folds = Folds(groups, tested)
    assert (folds.splits, folds.paths) == (splits, paths)
    assert folds.paths == folds.splits * tested / groups


def test_training_stops_short_of_every_test_group():
    folds = Folds(4, 2, purge_days=2, embargo_days=3)
    bounds = folds.bounds(40)
    assert bounds.tolist() == [0, 10, 20, 30, 40]
    kept = folds.training(bounds, (1, 3))
    assert np.flatnonzero(kept).tolist() == [*range(8), 25, 26, 27]


def test_every_day_of_a_path_is_tested_by_a_choice_that_did_not_see_it():
    trials = noise(1, 8)
    found = one_asset(trials, groups=5, tested=2, purge_days=1, embargo_days=1)
    bounds = found.folds.bounds(len(DAYS))
    by_group = {g: [s for s in found.splits if g in s.tested] for g in range(5)}
    assert found.paths.shape == (4, len(DAYS))
    for group, path in itertools.product(range(5), range(4)):
        rows = slice(bounds[group], bounds[group + 1])
        split = by_group[group][path]
        expected = split.chosen["A"].daily[rows] if split.chosen else np.zeros(24)
        assert np.array_equal(found.paths[path, rows], expected)


def test_a_choice_is_the_best_of_the_training_days_alone():
    trials = noise(2, 6)
    found = one_asset(trials, groups=4, tested=1, purge_days=2, embargo_days=1)
    bounds = found.folds.bounds(len(DAYS))
    for split in found.splits:
        kept = found.folds.training(bounds, split.tested)
        ratios = [t.daily[kept].mean() / t.daily[kept].std(ddof=1) for t in trials]
        assert max(ratios) > 0.0
        assert split.chosen["A"].number == int(np.argmax(ratios))


def test_test_days_have_no_say_in_the_choice():
    trials = noise(3, 6)
    folds = Folds(4, 1)
    bounds = folds.bounds(len(DAYS))
    spoiled = []
    for trial in trials:
        daily = trial.daily.copy()
        daily[bounds[2] : bounds[3]] = np.linspace(-0.9, 0.9, bounds[3] - bounds[2])
        spoiled.append(Trial(trial.number, "A", {}, days=DAYS, daily=daily))
    before, after = one_asset(trials, groups=4, tested=1), one_asset(spoiled, groups=4, tested=1)
    assert after.splits[2].chosen["A"].number == before.splits[2].chosen["A"].number


def test_an_edge_is_found_on_every_path_and_noise_is_not_on_average():
    planted = one_asset(noise(4, 10, edge=0.012))
    assert {split.chosen["A"].number for split in planted.splits} == {3}
    assert planted.known.min() > 4.0
    middles = [float(np.median(one_asset(noise(seed, 10)).known)) for seed in range(100, 140)]
    assert abs(float(np.mean(middles))) < 0.6  # the standard error of a year's Sharpe over 40 runs
    inside = [s.trained for s in one_asset(noise(100, 10)).splits]
    assert min(inside) > 0.5


def test_a_portfolio_weighs_what_it_chose_by_the_training_days():
    both = {"A": noise(5, 4, edge=0.01), "B": noise(6, 4, edge=0.01, symbol="B")}
    found = crossed(both, Folds(4, 1), portfolio(allocation="inverse_volatility", min_history=5))
    bounds = found.folds.bounds(len(DAYS))
    split = found.splits[0]
    kept = found.folds.training(bounds, split.tested)
    inverse = [1.0 / split.chosen[s].daily[kept].std(ddof=1) for s in ("A", "B")]
    assert split.weights == pytest.approx(np.array(inverse) / sum(inverse))
    rows = slice(bounds[0], bounds[1])
    expected = sum(w * split.chosen[s].daily[rows] for s, w in zip(("A", "B"), split.weights))
    assert found.paths[0, rows] == pytest.approx(expected)


def test_an_asset_that_gained_nothing_in_training_is_left_in_cash():
    losing = [Trial(0, "A", {}, days=DAYS, daily=np.full(len(DAYS), -0.01) + 1e-4 * (DAYS % 2))]
    found = one_asset(losing)
    assert all(split.chosen == {} for split in found.splits)
    assert np.all(found.paths == 0.0)
    assert all(isinstance(ratio, Undefined) for ratio in found.sharpe)


def test_trials_that_failed_or_repeat_others_are_left_out():
    trials = noise(7, 3)
    more = [
        *trials,
        Trial(3, "A", {}, state=FAILED),
        Trial(4, "A", {}, days=DAYS, daily=trials[0].daily, duplicate_of=0),
    ]
    assert np.array_equal(one_asset(more).paths, one_asset(trials).paths)


def test_a_trial_that_hardly_trades_is_not_chosen():
    table = np.zeros((100, 2))
    table[:9, 0] = 0.01
    table[::2, 1] = [0.002, -0.001] * 25
    assert best_of(table) == 1
    assert best_of(table[:, :1]) is None


@pytest.mark.parametrize(("groups", "tested", "said"), [
    (6, 6, "6 of 6 groups cannot be tested"),
    (4, 0, "0 of 4 groups cannot be tested"),
    (20, 10, "make 184,756 splits; expected at most 5,000"),
])  # fmt: skip
def test_impossible_folds_are_refused(groups, tested, said):
    with pytest.raises(ConfigError, match=said):
        Folds(groups, tested)


def test_too_few_days_are_refused():
    with pytest.raises(DataError, match="120 trading days are too few for 13 groups"):
        one_asset(noise(8, 2), groups=13, tested=1)
    with pytest.raises(DataError, match="no trial has daily returns"):
        one_asset([Trial(0, "A", {}, state=FAILED)])
