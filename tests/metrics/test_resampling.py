"""Blocks: every row equally likely, neighbours kept, lengths as asked, seeds repeatable."""

import math

import numpy as np
import pytest

from lockstep.metrics.resampling import (
    CIRCULAR,
    SCHEMES,
    STATIONARY,
    Blocks,
    best_length,
    streams,
    windows,
)


def follows(index, rows):
    """Tell which draws are the row after the one before, the first after the last included."""
    return index[:, 1:] == (index[:, :-1] + 1) % rows


def test_circular_blocks_are_runs_of_equal_length():
    index = Blocks(CIRCULAR, 4.0).drawn(streams(1), paths=50, horizon=10, rows=7)
    inside = np.arange(1, 10) % 4 != 0
    assert follows(index, 7)[:, inside].all()
    # a block begins anywhere: next to the end of the one before in 1 of 7
    assert follows(index, 7)[:, ~inside].mean() == pytest.approx(1 / 7, abs=0.1)


def test_stationary_blocks_go_on_as_often_as_their_mean_length_says():
    index = Blocks(STATIONARY, 5.0).drawn(streams(2), paths=400, horizon=500, rows=1000)
    # 4 of 5 days go on, and 1 of 1000 new blocks begins where the last one ended
    assert follows(index, 1000).mean() == pytest.approx(0.8 + 0.2 / 1000, abs=0.003)


def test_lengths_of_stationary_blocks_are_geometric():
    index = Blocks(STATIONARY, 3.0).drawn(streams(3), paths=1, horizon=200_000, rows=10_000)
    ends = np.flatnonzero(~follows(index, 10_000)[0])
    lengths = np.diff(ends)
    for length in (1, 2, 3, 4):
        expected = (1 / 3) * (2 / 3) ** (length - 1)
        assert np.mean(lengths == length) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_row_is_equally_likely_on_every_day(scheme):
    index = Blocks(scheme, 6.0).drawn(streams(4), paths=20_000, horizon=9, rows=5)
    for day in (0, 4, 8):
        assert np.bincount(index[:, day], minlength=5) / 20_000 == pytest.approx(0.2, abs=0.015)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_blocks_of_one_row_are_independent_draws(scheme):
    index = Blocks(scheme, 1.0).drawn(streams(5), paths=2000, horizon=20, rows=50)
    assert follows(index, 50).mean() == pytest.approx(1 / 50, abs=0.005)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_first_paths_of_many_are_the_paths_of_few(scheme):
    blocks = Blocks(scheme, 3.0)
    once = blocks.drawn(streams(6), paths=30, horizon=11, rows=17)
    dice = streams(6)
    parts = [blocks.drawn(dice, paths=count, horizon=11, rows=17) for count in (7, 1, 22)]
    assert np.array_equal(once, np.concatenate(parts))
    assert not np.array_equal(once, blocks.drawn(streams(7), paths=30, horizon=11, rows=17))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_shuffle_takes_every_row_once_and_keeps_blocks_together(scheme):
    index = Blocks(scheme, 4.0).shuffled(streams(8), paths=500, rows=40)
    assert np.array_equal(np.sort(index, axis=1), np.tile(np.arange(40), (500, 1)))
    kept = (np.diff(index, axis=1) == 1).mean()
    # 3 of 4 neighbours are in one block; few blocks fall beside their own neighbour by chance
    assert kept == pytest.approx(0.75, abs=0.04)


def test_circular_shuffles_cut_at_a_random_offset():
    index = Blocks(CIRCULAR, 5.0).shuffled(streams(9), paths=5000, rows=20)
    is_cut = np.zeros(20)
    for path in index:
        place = np.argsort(path)
        is_cut[1:] += np.diff(place) != 1
    # each border is cut in 1 of 5 paths, less the blocks that land side by side again
    assert is_cut[1:] / 5000 == pytest.approx(np.full(19, 0.2), abs=0.06)


def test_windows_are_every_stretch_that_fits():
    assert windows(4, 3, wrap=False).tolist() == [[0, 1, 2], [1, 2, 3]]
    assert windows(4, 3, wrap=True).tolist() == [[0, 1, 2], [1, 2, 3], [2, 3, 0], [3, 0, 1]]
    assert windows(2, 5, wrap=True).tolist() == [[0, 1, 0, 1, 0], [1, 0, 1, 0, 1]]


def autoregression(rho, n, seed):
    noise = np.random.default_rng(seed).normal(size=n)
    values = np.empty(n)
    values[0] = noise[0] / math.sqrt(1 - rho * rho)
    for at in range(1, n):
        values[at] = rho * values[at - 1] + noise[at]
    return values


@pytest.mark.parametrize("rho", [0.3, 0.5, 0.7, -0.5])
def test_the_best_length_of_an_autoregression_is_that_of_theory(rho):
    # covariances s rho^|k|: G / g(0) = 2 rho / (1 - rho^2), so the length is
    # (2 rho / (1 - rho^2))^(2/3) n^(1/3), and (3/2)^(1/3) times that for equal blocks
    n = 20_000
    theory = (2 * abs(rho) / (1 - rho * rho)) ** (2 / 3) * n ** (1 / 3)
    found = [best_length(autoregression(rho, n, seed), STATIONARY) for seed in range(5)]
    assert np.median(found) == pytest.approx(theory, rel=0.15)
    circular = [best_length(autoregression(rho, n, seed), CIRCULAR) for seed in range(5)]
    assert np.median(circular) == pytest.approx(1.5 ** (1 / 3) * theory, rel=0.15)


def test_the_best_length_of_six_values_by_hand():
    values = np.array([1.0, 2.0, 1.0, -1.0, -2.0, -1.0])
    # R(0) = 12/6 = 2; R(1) = (2 + 2 - 1 + 2 + 2)/6 = 7/6. n = 6 leaves 5 lags, none of them below
    # the threshold five in a row after lag 0: 2 sqrt(log10(6) / 6) = 0.72 > |R(k)| / R(0) for
    # every k (7/12; -1/6; -1/2; -1/3; -1/12), so they all count as none and M = 2: lag 1 weighs
    # 1, lag 2 weighs 0. g(0) = 2 + 2 x 7/6 = 13/3, G = 2 x 7/6 = 7/3.
    # Length = (2 (7/3)^2 / (2 (13/3)^2))^(1/3) 6^(1/3) = (49/169 x 6)^(1/3) = 1.2026.
    assert best_length(values, STATIONARY) == pytest.approx((49 / 169 * 6) ** (1 / 3), rel=1e-12)
    # (3/2)^(1/3) times as long is 1.377: one whole row
    assert best_length(values, CIRCULAR) == 1.0


def test_strangers_need_no_blocks_and_trends_long_ones():
    lengths = [
        best_length(np.random.default_rng(seed).normal(size=800), STATIONARY) for seed in range(9)
    ]
    assert np.median(lengths) < 3.0
    assert best_length(np.arange(400.0), STATIONARY) > 30.0
    # a third of the rows is the most: 10 of 30
    assert best_length(np.arange(30.0) % 4, CIRCULAR) == 10.0


def test_a_series_that_does_not_vary_has_blocks_of_one_row():
    assert best_length(np.full(50, 0.01), STATIONARY) == 1.0
