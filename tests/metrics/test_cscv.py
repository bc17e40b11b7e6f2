import itertools
import statistics
from math import comb, log, sqrt

import numpy as np
import pytest

from lockstep.metrics.cscv import blocks_for, distinct, probability_of_overfitting
from lockstep.metrics.undefined import Undefined

#: Two days a block: a gain of 1 a day in the mean, a loss of 1, a gain of a half; deviations of 1.
UP, DOWN, HALF = (2.0, 0.0), (0.0, -2.0), (1.5, -0.5)


def trials(*columns):
    return np.array([[day for block in blocks for day in block] for blocks in columns]).T


def noise(seed, days=320, count=20, edge=0.0):
    returns = np.random.default_rng(seed).normal(0.0, 0.01, (days, count))
    returns[:, 0] += edge
    return returns


def test_four_blocks_and_three_trials_by_hand():
    # A gains in blocks 1 and 2 and loses in 3 and 4, B the other way, C always gains a half. Every
    # half has 4 days of deviation sqrt(4/3): ratios are mean sqrt(3)/2. By {1, 2} A is chosen at
    # sqrt(3)/2, and is last of three on {3, 4} at minus that: w = 1/4. By {3, 4} it is B, alike.
    # By the four mixed halves A and B break even, and C is chosen at sqrt(3)/4, first of three on
    # the other half: w = 3/4. The line runs through (2, -2) and (1, 1), times sqrt(3)/4.
    returns = trials([UP, UP, DOWN, DOWN], [DOWN, DOWN, UP, UP], [HALF] * 4)
    found = probability_of_overfitting(returns, blocks=4)
    assert found.splits == comb(4, 2)
    assert np.sort(found.logits) == pytest.approx([log(1 / 3)] * 2 + [log(3)] * 4)
    assert sorted(found.chosen.tolist()) == [0, 1, 2, 2, 2, 2]
    assert np.sort(found.in_sample) == pytest.approx([sqrt(3) / 4] * 4 + [sqrt(3) / 2] * 2)
    assert found.probability == pytest.approx(1 / 3)
    assert found.loss == pytest.approx(1 / 3)
    assert found.slope == pytest.approx(-3.0)
    assert found.intercept == pytest.approx(sqrt(3))


def by_the_book(returns, blocks):
    """Return (w, in sample, out of sample) of every split, one after another, in plain Python."""
    edges = [len(returns) * at // blocks for at in range(blocks + 1)]
    parts = [returns[a:b].T.tolist() for a, b in itertools.pairwise(edges)]
    found = []
    for half in itertools.combinations(range(blocks), blocks // 2):
        both = []
        for chosen in (half, sorted(set(range(blocks)) - set(half))):
            days = [[x for b in chosen for x in parts[b][n]] for n in range(returns.shape[1])]
            both.append([statistics.mean(one) / statistics.stdev(one) for one in days])
        best = both[0].index(max(both[0]))
        rank = sum(one <= both[1][best] for one in both[1])
        found.append((rank / (returns.shape[1] + 1), both[0][best], both[1][best]))
    return found


@pytest.mark.parametrize(("days", "blocks"), [(40, 4), (47, 6), (61, 8)])
def test_all_at_once_is_the_same_as_one_split_after_another(days, blocks):
    returns = noise(1, days, 7)
    found = probability_of_overfitting(returns, blocks=blocks)
    expected = by_the_book(returns, blocks)
    ranks = 1 / (1 + np.exp(-found.logits))
    rows = np.column_stack([ranks, found.in_sample, found.out_of_sample])
    order = np.argsort(rows[:, 1])
    assert rows[order] == pytest.approx(np.array(sorted(expected, key=lambda row: row[1])))


def test_of_pure_noise_the_best_is_as_often_below_the_median_as_above():
    found = [probability_of_overfitting(noise(seed), blocks=10) for seed in range(40)]
    assert np.mean([one.probability for one in found]) == pytest.approx(0.5, abs=0.06)
    assert np.mean([one.loss for one in found]) == pytest.approx(0.5, abs=0.06)
    assert np.mean([one.slope for one in found]) < 0.0


def test_a_planted_edge_stays_the_best():
    found = probability_of_overfitting(noise(2, edge=0.004))
    assert found.splits == comb(16, 8)
    assert found.probability < 0.01
    assert found.loss < 0.01
    assert np.mean(found.chosen == 0) > 0.95


def test_the_scale_of_a_trial_and_copies_of_it_change_nothing():
    returns = noise(3, count=6)
    found = probability_of_overfitting(returns, blocks=8)
    scaled = probability_of_overfitting(returns * np.array([1, 2, 4, 8, 16, 32]), blocks=8)
    doubled = probability_of_overfitting(returns[:, [0, 0, 1, 2, 3, 4, 5, 5]], blocks=8)
    assert scaled.logits.tolist() == found.logits.tolist()
    assert doubled.logits.tolist() == found.logits.tolist()
    assert sorted(set(doubled.chosen.tolist())) == sorted(
        {0: 0, 1: 2, 2: 3, 3: 4, 4: 5, 5: 6}[one] for one in set(found.chosen.tolist())
    )


def test_a_trial_that_stands_still_on_a_sample_is_not_chosen_by_it():
    quiet = [(0.0, 0.0)] * 2 + [UP] * 2
    found = probability_of_overfitting(trials([DOWN] * 4, quiet), blocks=4)
    # only on {1, 2} it stands still: there the loser is chosen, and is last on {3, 4}
    assert sorted(found.chosen.tolist()) == [0, 1, 1, 1, 1, 1]
    # by {3, 4} it is chosen, and is 0 on {1, 2}: better than a loss
    assert found.probability == pytest.approx(1 / 6)


def test_splits_in_which_nothing_moves_are_left_out():
    quiet = [(0.0, 0.0)] * 2
    found = probability_of_overfitting(trials([*quiet, UP, UP], [*quiet, UP, DOWN]), blocks=4)
    assert found.splits == 5


def test_bests_that_are_equal_share_their_rank():
    # three blocks of the same; on each half two trials gain the same
    returns = trials([UP] * 4, [(0.0, 2.0)] * 4, [DOWN] * 4)
    found = probability_of_overfitting(returns, blocks=4)
    assert found.logits == pytest.approx([log(2.5 / 1.5)] * 6)
    assert found.slope == Undefined("the chosen look alike in every split")


@pytest.mark.parametrize(
    ("returns", "reason"),
    [
        (noise(0, days=7), "fewer than 8 trading days: two for each of 4 blocks"),
        (noise(0, count=1), "fewer than two trials that differ: nothing was chosen"),
        (noise(0)[:, [1, 1, 1]], "fewer than two trials that differ: nothing was chosen"),
        (np.zeros((40, 3)), "fewer than two trials that differ: nothing was chosen"),
        (np.empty((40, 0)), "fewer than two trials that differ: nothing was chosen"),
    ],
)
def test_without_a_choice_nothing_can_be_overfit(returns, reason):
    assert probability_of_overfitting(returns, blocks=4) == Undefined(reason)


@pytest.mark.parametrize("blocks", [2, 5, 0])
def test_blocks_that_cannot_be_halved_are_refused(blocks):
    with pytest.raises(ValueError, match=f"{blocks} blocks; expected an even number, 4 or more"):
        probability_of_overfitting(noise(0), blocks=blocks)


@pytest.mark.parametrize(("days", "blocks"), [(40, 4), (59, 4), (60, 6), (159, 14), (9999, 16)])
def test_a_block_has_ten_days_or_more(days, blocks):
    assert blocks_for(days) == blocks


def test_too_short_a_record_is_not_split():
    assert blocks_for(39) == Undefined("fewer than 40 trading days to be split")


def test_what_does_not_move_or_is_a_copy_is_not_distinct():
    moving = noise(0, days=5, count=3)
    returns = np.column_stack([np.zeros(5), moving, moving[:, 1], np.full(5, 0.1)])
    assert distinct(returns).tolist() == [1, 2, 3]
