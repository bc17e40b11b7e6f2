"""Paths worked by hand: compounding, drawdown, water, breaker, ruin, and what each asset added."""

import numpy as np
import pytest

from lockstep.ledger.rules import breaker_trips
from lockstep.metrics.resampling import Blocks, streams
from lockstep.research.paths import curve, fan_points, follow
from lockstep.research.rows import Rows


def rows_of(*returns):
    table = np.array(returns, dtype=np.float64)
    if table.ndim == 1:
        table = table[:, None]
    names = tuple("ABCDEFGH"[: table.shape[1]])
    return Rows(names, np.arange(len(table)), table, 1000.0, 1000.0)


def paths_of(rows, *orders, limit=None):
    index = np.array(orders)
    return follow(
        rows,
        lambda first, count: index[first : first + count],
        len(index),
        horizon=index.shape[1],
        limit=limit,
    )


def test_equity_compounds_what_all_assets_add():
    rows = rows_of([0.10, 0.10], [-0.30, -0.20], [0.05, -0.05])
    found = paths_of(rows, [0, 1, 2], [1, 0, 0])
    assert found.fan[:, 0] == pytest.approx([1.0, 1.2, 0.6, 0.6])
    assert found.fan[:, 1] == pytest.approx([1.0, 0.5, 0.6, 0.72])
    assert found.ends.final == pytest.approx([0.6, 0.72])
    assert found.ends.lowest == pytest.approx([0.6, 0.5])
    assert found.ends.max_drawdown == pytest.approx([0.5, 0.5])
    assert (len(found), found.halted, found.tripped.tolist()) == (2, None, [False, False])


def test_what_each_asset_added_is_weighted_by_the_equity_before_the_day():
    rows = rows_of([0.10, 0.10], [-0.30, -0.20])
    # A: 1 x 0.1 - 1.2 x 0.3 = -0.26; B: 1 x 0.1 - 1.2 x 0.2 = -0.14; together 0.6 - 1
    # reversed, A: -0.3 + 0.5 x 0.1 = -0.25; B: -0.2 + 0.5 x 0.1 = -0.15
    found = paths_of(rows, [0, 1], [1, 0])
    assert found.contributions == pytest.approx(np.array([[-0.26, -0.14], [-0.25, -0.15]]))


def test_contributions_add_up_to_the_return_of_every_path():
    returns = np.random.default_rng(1).normal(0.0005, 0.01, (120, 7))
    rows = Rows(tuple("ABCDEFG"), np.arange(120), returns, 1.0, 1.0)
    dice, blocks = streams(3), Blocks("stationary", 4.0)
    found = follow(rows, lambda _, n: blocks.drawn(dice, n, 150, 120), 500, horizon=150)
    total = found.contributions.sum(axis=1)
    assert total == pytest.approx(found.ends.final - 1.0, abs=1e-12)


@pytest.mark.parametrize(
    ("returns", "longest", "share"),
    [
        ([0.1, 0.1, 0.1, 0.1], 0, 0.0),
        ([0.0, 0.0, 0.0, 0.0], 0, 0.0),  # flat is not under water
        ([0.1, -0.5, 0.5, 1.0], 3, 0.5),  # peak at mark 1, above it at mark 4
        ([-0.5, 1.0, -0.5, 0.1], 2, 0.75),  # twice two days: back exactly, and to the end
        ([-0.1, -0.1, -0.1, -0.1], 4, 1.0),  # from the start to the end
    ],
)
def test_time_under_water_runs_from_a_peak_to_the_mark_that_reaches_it(returns, longest, share):
    found = paths_of(rows_of(*returns), range(4))
    assert found.longest_under_water.tolist() == [longest]
    assert found.share_under_water == pytest.approx([share])


def test_a_breaker_stops_a_path_at_the_first_mark_that_reached_its_limit():
    rows = rows_of(0.25, -0.24, 0.6, -0.5)
    # 1.25, 0.95 (24 % down: trips), 1.52, 0.76 (50 % down)
    found = paths_of(rows, [0, 1, 2, 3], [0, 2, 0, 2], limit=0.2)
    assert found.tripped.tolist() == [True, False]
    assert found.halted.final == pytest.approx([0.95, 4.0])
    assert found.halted.max_drawdown == pytest.approx([0.24, 0.0])
    assert found.halted.lowest == pytest.approx([0.95, 1.0])
    assert found.ends.final == pytest.approx([0.76, 4.0])
    assert found.ends.max_drawdown == pytest.approx([0.5, 0.0])


def test_a_breaker_that_trips_late_leaves_the_loss_beyond_its_limit():
    found = paths_of(rows_of(-0.4, 0.5), [0, 1], limit=0.25)
    assert found.halted.final == pytest.approx([0.6])
    assert found.halted.max_drawdown == pytest.approx([0.4])


def test_a_path_trips_where_the_rule_of_the_account_would():
    returns = np.random.default_rng(4).normal(0.0, 0.02, 60)
    rows = rows_of(*returns)
    orders = Blocks("stationary", 3.0).drawn(streams(1), 80, 60, 60)
    found = paths_of(rows, *orders, limit=0.15)
    for path, order in enumerate(orders):
        equity = curve((1.0 + returns[order])[None])[0]
        drawdown = 1.0 - equity / np.maximum.accumulate(equity)
        assert found.tripped[path] == any(breaker_trips(x, 0.15) for x in drawdown.tolist())
    assert 0 < found.tripped.sum() < 80


def test_an_account_wiped_out_stays_at_nothing_and_owes_nothing():
    found = paths_of(rows_of([-0.8, -0.5], [0.5, 0.5]), [0, 1], [1, 0])
    assert found.ends.final.tolist() == [0.0, 0.0]
    assert found.ends.lowest.tolist() == [0.0, 0.0]
    assert found.ends.max_drawdown.tolist() == [1.0, 1.0]
    # what was lost on the day itself is the assets', whoever bears it; later days add nothing
    assert found.contributions == pytest.approx(np.array([[-0.8, -0.5], [-1.1, -0.5]]))


@pytest.mark.parametrize("cells", [1, 40, 10**7])
def test_the_size_of_a_chunk_changes_no_bit(monkeypatch, cells):
    returns = np.random.default_rng(2).normal(0.0, 0.01, (50, 3))
    rows = Rows(("A", "B", "C"), np.arange(50), returns, 1.0, 1.0)

    def simulated():
        dice, blocks = streams(5), Blocks("stationary", 4.0)
        return follow(rows, lambda _, n: blocks.drawn(dice, n, 20, 50), 33, horizon=20, limit=0.03)

    usual = simulated()
    monkeypatch.setattr("lockstep.research.paths.CHUNK_CELLS", cells)
    other = simulated()
    for name in ("tripped", "longest_under_water", "share_under_water", "fan"):
        assert np.array_equal(getattr(usual, name), getattr(other, name)), name
    for name in ("final", "lowest", "max_drawdown"):
        assert np.array_equal(getattr(usual.ends, name), getattr(other.ends, name)), name
        assert np.array_equal(getattr(usual.halted, name), getattr(other.halted, name)), name
    assert other.contributions == pytest.approx(usual.contributions, abs=1e-15)


def test_a_short_fan_keeps_every_day_and_a_long_one_its_ends():
    assert fan_points(3).tolist() == [0, 1, 2, 3]
    long = fan_points(2000)
    assert (len(long), long[0], long[-1]) == (256, 0, 2000)
    assert np.diff(long).min() >= 7 and np.diff(long).max() <= 8
