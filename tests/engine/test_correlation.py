"""What was known of a correlation before each day: by formula, by sample size, by calendar."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from lockstep.core.bars import Array
from lockstep.core.calendar import DAY_NS
from lockstep.core.plan import AssetPlan
from lockstep.engine.correlation import LAST, LEAST, SHRINKAGE, correlation_schedule, daily_closes
from tests.kit import asset, make_bars, unit

#: Monday 2025-01-06 12:00 UTC: one bar a day, well inside its trading day.
NOON = 1_736_164_800_000_000_000


def daily(symbol: str, closes: Array, days: Array | None = None, spread: float = 0.0) -> AssetPlan:
    """Return an asset with one bar at noon of each numbered day."""
    labels = np.arange(len(closes)) if days is None else days
    rows = [(c, c, c, c) for c in closes]
    bars = make_bars(symbol, rows, start=NOON, timeframe=DAY_NS, labels=labels)
    plan = asset(unit(symbol, spread=(spread,)), bars)
    return dataclasses.replace(plan, step=labels.astype(np.int32))


def walks(n: int, rho: float, seed: int = 0) -> tuple[Array, Array]:
    """Return two price paths whose log returns correlate by about rho."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0.0, 0.01, n)
    y = rho * x + np.sqrt(1 - rho * rho) * rng.normal(0.0, 0.01, n)
    return np.exp(np.cumsum(x)), np.exp(np.cumsum(y))


def schedule(first: AssetPlan, second: AssetPlan, n_days: int) -> tuple[Array, np.ndarray]:
    days = np.arange(n_days)
    correlation, observations = correlation_schedule([first, second], days, n_days)
    assert np.array_equal(correlation[:, 0, 1], correlation[:, 1, 0], equal_nan=True)
    assert np.array_equal(observations[:, 0, 1], observations[:, 1, 0])
    return correlation[:, 0, 1], observations[:, 0, 1]


def test_every_day_knows_the_last_sixty_returns_before_it_and_nothing_of_itself() -> None:
    a, b = walks(100, 0.7)
    rho, count = schedule(daily("EURUSD", a), daily("GBPUSD", b), 100)
    x, y = np.diff(np.log(a)), np.diff(np.log(b))
    for day in range(100):
        # Return k ends on day k + 1: before `day` there are day - 1 of them.
        known = slice(max(0, day - 1 - LAST), max(0, day - 1))
        n = known.stop - known.start
        assert count[day] == n
        if n < LEAST:
            assert np.isnan(rho[day])
        else:
            expected = SHRINKAGE * np.corrcoef(x[known], y[known])[0, 1]
            assert rho[day] == pytest.approx(expected, rel=1e-12)
    assert np.isnan(rho[20]) and np.isfinite(rho[21])


def test_a_change_of_today_changes_only_tomorrow() -> None:
    a, b = walks(80, 0.5)
    before, _ = schedule(daily("EURUSD", a), daily("GBPUSD", b), 80)
    a[50:] *= 1.1
    after, _ = schedule(daily("EURUSD", a), daily("GBPUSD", b), 80)
    assert np.array_equal(before[:51], after[:51], equal_nan=True)
    assert before[51] != after[51]


def test_perfect_copies_and_mirrors_are_shrunk_to_nine_tenths() -> None:
    a, _ = walks(40, 0.0)
    same, _ = schedule(daily("EURUSD", a), daily("GBPUSD", a**2), 40)
    mirror, _ = schedule(daily("EURUSD", a), daily("USDCHF", 1 / a), 40)
    assert same[-1] == pytest.approx(0.9)
    assert mirror[-1] == pytest.approx(-0.9)


def test_returns_span_the_days_on_which_both_had_a_bar() -> None:
    """Crypto trades on day 5 and 6 of every week, FX does not: its Friday return meets Monday's."""
    a, b = walks(70, 0.6)
    week = np.arange(70)
    open_days = week[week % 7 < 5]
    rho, count = schedule(daily("BTCUSD", a), daily("EURUSD", b[open_days], open_days), 70)
    x, y = np.diff(np.log(a[open_days])), np.diff(np.log(b[open_days]))
    assert count[-1] == len(open_days) - 1
    expected = SHRINKAGE * np.corrcoef(x, y)[0, 1]
    assert rho[69] == pytest.approx(expected, rel=1e-12)
    # On Sunday nothing has been added since Saturday.
    assert rho[68] == rho[69]


def test_without_variance_the_correlation_is_unknown_but_its_sample_is_counted() -> None:
    a, _ = walks(40, 0.0)
    rho, count = schedule(daily("EURUSD", a), daily("GBPUSD", np.ones(40)), 40)
    assert np.isnan(rho).all()
    assert count[-1] == 38


def test_assets_that_never_meet_know_nothing() -> None:
    a, b = walks(60, 0.9)
    early, late = np.arange(30), np.arange(30, 60)
    rho, count = schedule(daily("EURUSD", a[:30], early), daily("GBPUSD", b[30:], late), 60)
    assert np.isnan(rho).all()
    assert not count.any()


def test_a_daily_close_is_the_mid_of_the_last_bar_of_the_trading_day() -> None:
    rows = [(c, c, c, c) for c in (1.0, 2.0, 3.0, 4.0)]
    bars = make_bars("EURUSD", rows, start=NOON, timeframe=DAY_NS // 4)
    plan = asset(unit("EURUSD", spread=(0.1,)), bars)
    closes = daily_closes(plan, np.array([0, 0, 2, 2]), 4)
    assert closes[[0, 2]] == pytest.approx([2.05, 4.05])
    assert np.isnan(closes[[1, 3]]).all()
