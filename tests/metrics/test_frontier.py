from math import sqrt

import numpy as np
import pandas as pd
import pytest

from lockstep.metrics.summary import summarise
from tests.metrics import samples

DAYS = 40
CLOCK = pd.date_range("2024-01-01", periods=DAYS, freq="D", name="time").as_unit("ns")


def run_with(solo, weights=None, cap=None):
    """Return a flat account whose solo runs have the given daily returns (a NaN: no bar yet)."""
    symbols = list(solo)
    weights = weights or {symbol: 1.0 / len(symbols) for symbol in symbols}
    equity = pd.DataFrame(dict.fromkeys(symbols, 0.0), index=CLOCK)
    for symbol in symbols:
        equity[symbol] = 1000.0 * weights[symbol]
    equity["reserve"] = 1000.0 - equity[symbols].sum(axis=1)
    equity["total"] = 1000.0
    rows = pd.DataFrame([weights], index=CLOCK[:1])
    curves = {
        s: 1000.0 * np.where(np.isnan(r), np.nan, np.cumprod(1.0 + np.nan_to_num(r)))
        for s, r in solo.items()
    }
    return samples.run(
        facts=samples.run().facts | {"weekend_days": True, "symbols": symbols},
        equity=equity,
        ledger=samples.ledger().iloc[:0],
        trades=samples.trades().iloc[:0],
        solo_trades=samples.trades().iloc[:0],
        decisions=samples.decisions().iloc[:0],
        weights=rows.assign(reserve=1.0 - rows.sum(axis=1)),
        account=pd.DataFrame({"margin_level": np.full(DAYS, np.nan)}, index=CLOCK),
        solo_equity=pd.DataFrame(curves, index=CLOCK),
        config={"portfolio": {} if cap is None else {"max_asset_weight": cap}},
    )


def frontier_of(*args, **options):
    result = summarise(run_with(*args, **options))
    return result["frontier"], result["undefined"]


def noise(seed, mean=0.001, scale=0.01):
    return np.random.default_rng(seed).normal(mean, scale, DAYS)


def test_points_and_marks_are_the_solo_returns_at_yearly_scale():
    solo = {"A": noise(1), "B": noise(2, 0.002, 0.02)}
    found, _ = frontier_of(solo, weights={"A": 0.5, "B": 0.3})
    assert found["label"] == "a description of the past, not advice"
    assert (found["symbols"], found["days"], found["cap"]) == (["A", "B"], DAYS, 1.0)
    assert len(found["points"]) == 25
    returns = np.column_stack(list(solo.values()))
    for name, weights in (("run_weights", [0.5, 0.3]), ("equal_weight", [0.5, 0.5])):
        mark, daily = found["marks"][name], returns @ weights
        assert mark["return"] == pytest.approx(daily.mean() * 365.25, rel=1e-10)
        assert mark["volatility"] == pytest.approx(daily.std(ddof=1) * sqrt(365.25), rel=1e-10)
        assert mark["sharpe"] == pytest.approx(mark["return"] / mark["volatility"], rel=1e-12)
        assert list(mark["weights"].values()) == pytest.approx(weights, abs=1e-15)
    assert found["marks"]["run_weights"]["invested"] == pytest.approx(0.8)
    ratios = [point["return"] / point["volatility"] for point in found["points"]]
    assert found["marks"]["max_sharpe"]["sharpe"] >= max(ratios) - 1e-12
    assert found["marks"]["min_variance"]["volatility"] == found["points"][0]["volatility"]


def test_only_days_that_all_solo_runs_have_count():
    late = noise(2)
    late[:15] = np.nan
    found, _ = frontier_of({"A": noise(1), "B": late})
    assert found["days"] == 25
    early = late.copy()
    early[:25] = np.nan
    found, why = frontier_of({"A": noise(1), "B": early})
    assert found is None
    assert why["frontier"] == "the solo runs have 15 common days; 20 needed"


def test_an_asset_that_never_moved_is_left_out_and_named():
    found, _ = frontier_of({"A": noise(1), "B": np.zeros(DAYS), "C": noise(3)})
    assert found["symbols"] == ["A", "C"]
    assert found["left_out"] == {"B": "its solo run did not move"}
    nothing, why = frontier_of({"A": np.zeros(DAYS)})
    assert nothing is None and why["frontier"] == "no asset has a solo run that moved"


def test_the_cap_of_the_run_holds_in_every_mix_and_may_leave_none():
    solo = {name: noise(seed) for seed, name in enumerate("ABCD")}
    found, _ = frontier_of(solo, cap=0.3)
    assert max(max(point["weights"].values()) for point in found["points"]) <= 0.3 + 1e-12
    assert max(found["marks"]["max_sharpe"]["weights"].values()) <= 0.3 + 1e-12
    nothing, why = frontier_of(solo, cap=0.2)
    assert nothing is None
    assert why["frontier"].startswith("4 assets of at most 20% each hold 80% of the account")


def test_one_asset_ignores_the_cap_as_the_run_does():
    found, _ = frontier_of({"A": noise(1)}, cap=0.3)
    assert [point["weights"] for point in found["points"]] == [{"A": 1.0}]


def test_more_assets_than_days_are_solved_too():
    found, _ = frontier_of({f"S{i:02d}": noise(i) for i in range(60)})
    assert len(found["points"]) == 25
    assert all(sum(p["weights"].values()) == pytest.approx(1.0) for p in found["points"])


def test_no_mix_has_the_largest_ratio_where_none_earned():
    found, why = frontier_of({"A": noise(1, -0.01), "B": noise(2, -0.01)})
    assert found["marks"]["max_sharpe"] is None
    reason = why["frontier.marks.max_sharpe"]
    assert reason == "no mix of the assets had a positive mean return"
