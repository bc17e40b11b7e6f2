import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.metrics.panel import Curve
from lockstep.metrics.side_by_side import (
    drawdowns,
    pairs,
    settled,
    side_by_side,
    statistics,
)
from lockstep.metrics.undefined import Undefined


def curve(days, marks, initial=1000.0):
    """Return an account that is known at its daily marks only."""
    days, marks = np.asarray(days, dtype=np.int64), np.asarray(marks, dtype=float)
    return Curve(initial, days * 86_400_000_000_000, marks, days, marks)


def walk(seed, days, drift=0.0):
    daily = np.random.default_rng(seed).normal(drift, 0.01, len(days))
    return curve(days, 1000.0 * np.cumprod(1.0 + daily))


def test_only_common_days_count_and_a_return_reaches_from_one_to_the_next():
    # A has a Saturday (day 3) that B lacks, B begins a day earlier.
    one = curve([2, 3, 4], [1100.0, 1210.0, 1331.0])
    other = curve([1, 2, 4], [500.0, 550.0, 495.0], initial=400.0)
    found = side_by_side([one, other])
    assert found.days.tolist() == [2, 4]
    assert found.index[:, 0].tolist() == pytest.approx([100.0, 110.0, 133.1])
    assert found.index[:, 1].tolist() == pytest.approx([100.0, 110.0, 99.0])
    assert found.daily[:, 0].tolist() == pytest.approx([0.1, 0.21])
    assert found.daily[:, 1].tolist() == pytest.approx([0.1, -0.1])


def test_drawdowns_and_statistics_are_those_of_the_common_days():
    found = side_by_side([curve([1, 2, 3], [1100.0, 880.0, 990.0]), curve([1, 2, 3], [1e3] * 3)])
    assert drawdowns(found)[:, 0].tolist() == pytest.approx([0.0, 0.0, 0.2, 0.1])
    told = statistics(found, 0)
    assert told["total_return"] == pytest.approx(-0.01)
    assert told["max_drawdown"] == pytest.approx(0.2)
    assert told["worst_day"] == pytest.approx(-0.2)
    assert statistics(found, 1)["sharpe"] == Undefined("the daily returns do not vary")


def test_runs_without_two_common_days_cannot_be_laid_side_by_side():
    assert side_by_side([curve([1, 2], [1.0, 2.0]), curve([2, 3], [1.0, 2.0])]) == Undefined(
        "fewer than two common days"
    )


def test_an_account_at_zero_cannot_be_laid_side_by_side():
    ruined = curve([1, 2, 3], [500.0, 0.0, 0.0])
    found = side_by_side([ruined, curve([1, 2, 3], [1e3] * 3)])
    assert found == Undefined("an account was at zero or below on a common day")


def test_every_pair_is_tested_and_corrected_for_all_pairs():
    days = np.arange(400)
    found = side_by_side([walk(1, days), walk(2, days), walk(3, days, drift=0.004)])
    rows = pairs(found, seed=1, resamples=199)
    assert [(row["first"], row["second"]) for row in rows] == [(0, 1), (0, 2), (1, 2)]
    for row in rows:
        assert row["p_value"] <= row["benjamini_hochberg"] <= row["holm"] <= 1.0
        assert row["low"] <= row["difference"] <= row["high"]
        assert row["block_chosen"] is True
    ratios = [statistics(found, run)["sharpe"] for run in range(3)]
    assert rows[1]["difference"] == pytest.approx(ratios[0] - ratios[2])
    assert rows[0]["holm"] > 0.05 > rows[1]["holm"]


def test_a_pair_that_cannot_be_tested_leaves_the_correction_of_the_others_alone():
    days = np.arange(200)
    flat = curve(days, np.full(200, 1000.0))
    rows = pairs(side_by_side([walk(1, days), walk(2, days), flat]), seed=1, resamples=99)
    assert rows[0]["holm"] == rows[0]["p_value"]
    assert rows[1]["holm"] == Undefined("the daily returns do not vary")
    assert rows[1]["correlation"] == Undefined("the returns of one of the two do not vary")


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 1000), st.floats(0.001, 1000.0))
def test_the_money_an_account_began_with_does_not_matter(seed, size):
    days = np.arange(80)
    one, other = walk(seed, days), walk(seed + 1, days)
    larger = curve(days, size * one.marks, initial=size * one.initial)
    plain, scaled = side_by_side([one, other]), side_by_side([larger, other])
    assert scaled.index == pytest.approx(plain.index)


def test_what_does_not_exist_becomes_none_and_leaves_its_reason():
    reasons = {}
    value = {"a": [1, Undefined("why")], "b": {"c": np.float64(2.0)}, "d": (None, True)}
    assert settled(value, "", reasons) == {"a": [1, None], "b": {"c": 2.0}, "d": [None, True]}
    assert reasons == {"a.1": "why"}
