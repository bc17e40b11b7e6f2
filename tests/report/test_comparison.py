"""A comparison in words and pictures: every number from comparison.json, every gap explained."""

import dataclasses
import json

import numpy as np
import pytest

from lockstep.core.errors import UsageError
from lockstep.metrics.panel import Curve
from lockstep.metrics.side_by_side import drawdowns
from lockstep.report.comparison import body, chance, sentence, verdict
from lockstep.report.layout import WIDTH
from lockstep.report.sides import PairTest, Side, compared
from lockstep.report.studies.comparison import written
from lockstep.report.studies.overlay import Overlay, differences
from tests.report.png import ink, size_of

DAYS = np.arange(20_000, 20_300)
QUICK = PairTest(seed=1, resamples=99)


def side(number, *, drift=0.0, days=DAYS, **changes):
    daily = np.random.default_rng(number).normal(drift, 0.01, len(days))
    marks = 1000.0 * np.cumprod(1.0 + daily)
    curve = Curve(1000.0, days * 86_400_000_000_000, marks, days, marks)
    facts = {
        "run_id": f"2026010{number}-101500-1a2b3c4d",
        "labels": [],
        "currency": "USD",
        "capital": 1000.0,
        "timeframe": "1h",
        "symbols": ["AAA", "BBB"],
        "sources": {"AAA": {"sha256": "ab"}},
        **changes.pop("facts", {}),
    }
    metrics = {
        "portfolio": {"net_pnl": float(marks[-1] - 1000.0), "trades": 7, "profit_factor": None},
        "undefined": {"portfolio.profit_factor": "no losing trade"},
        **changes.pop("metrics", {}),
    }
    return Side(f"what {number}", False, curve, facts, {"allocation": "equal_weight"}, metrics)


def text(numbers):
    return "\n".join([*verdict(numbers), *body(numbers)])


def flat(numbers):
    return " ".join(text(numbers).split())


def test_the_page_says_which_days_are_compared_and_which_run_is_which():
    numbers, _ = compared([side(1), side(2, days=DAYS[50:])], QUICK, "name")
    said = flat(numbers)
    assert "250 trading days; no other day counts" in said
    assert "50 days of A" in said
    assert "A run 20260101-101500-1a2b3c4d" in said
    assert max(map(len, text(numbers).splitlines())) <= WIDTH


def test_the_numbers_are_json_and_the_page_holds_every_reason():
    numbers, _ = compared([side(1), side(2)], QUICK, "name")
    assert json.loads(json.dumps(numbers, allow_nan=False)) == numbers
    assert numbers["undefined"]["runs.0.whole.profit_factor"] == "no losing trade"
    assert "] no losing trade" in text(numbers)
    assert "] the run did not measure it" in text(numbers)


def test_a_difference_that_chance_explains_is_called_no_evidence():
    numbers, _ = compared([side(1), side(2)], QUICK, "name")
    assert "this is no evidence that" in sentence(numbers["pairs"][0], numbers)


def test_a_difference_beyond_chance_names_the_better_run_first():
    numbers, _ = compared([side(1), side(2, drift=0.005)], QUICK, "name")
    said = sentence(numbers["pairs"][0], numbers)
    assert said.startswith("B has a Sharpe ratio ")
    assert said.endswith("on these days B was better, beyond luck.")
    assert "after correction" not in said


def test_of_three_runs_the_correction_is_told():
    numbers, _ = compared([side(1), side(2), side(3)], QUICK, "name")
    assert "after correction for all pairs" in sentence(numbers["pairs"][0], numbers)


def test_two_losing_runs_are_no_choice():
    numbers, _ = compared([side(1, drift=-0.002), side(2, drift=-0.006)], QUICK, "name")
    assert "so A is no choice either" in sentence(numbers["pairs"][0], numbers)


def test_the_t_test_is_labelled_as_wrong():
    numbers, _ = compared([side(1), side(2)], QUICK, "name")
    assert "(wrong)" in text(numbers)
    assert "t-test: WRONG HERE" in text(numbers)


def test_labels_other_data_other_money_and_a_tripped_breaker_are_told():
    tuned = {"labels": ["in-sample selection: AAA"], "currency": "EUR", "sources": {"AAA": {}}}
    other = side(2, facts=tuned, metrics={"portfolio": {"breaker_trips": 2}})
    numbers, _ = compared([side(1), other], QUICK, "name")
    said = flat(numbers)
    assert "(B)" in said
    assert "different account currencies" in said
    assert "Not the same bars in all runs: AAA." in said
    assert "Parameters of B were tuned on dates of the run" in said
    assert "The breaker tripped in B" in said


def test_a_picture_says_which_runs_a_label_is_of():
    both = side(1, facts={"labels": ["SYNTHETIC"]})
    one = side(2, facts={"labels": ["SYNTHETIC", "OUT-OF-SAMPLE (walk-forward)"]})
    numbers, common = compared([both, one], QUICK, "name")
    overlay = Overlay(numbers, common.days, common.index, drawdowns(common))
    assert overlay.labels == ["SYNTHETIC", "OUT-OF-SAMPLE (walk-forward): B"]


def test_runs_without_common_days_show_only_what_each_is():
    numbers, common = compared([side(1), side(2, days=DAYS + 5000)], QUICK, "name")
    assert common is None
    assert "Nothing: the runs share no stretch of days" in flat(numbers)
    assert "EACH RUN AS A WHOLE" in text(numbers)
    assert set(written(numbers, None)) == {"comparison.html", "comparison.pdf"}


def test_a_block_too_long_for_the_common_days_is_refused():
    with pytest.raises(UsageError, match=r"--block-days 40 is too long for 300 common days"):
        compared([side(1), side(2)], dataclasses.replace(QUICK, block_days=40), "name")


def test_no_interval_ends_on_an_axis():
    numbers, common = compared([side(n) for n in range(3)], QUICK, "n")
    figure = differences(Overlay(numbers, common.days, common.index, drawdowns(common)))
    low, high = figure.axes[0].get_xlim()
    assert low < min(row["low"] for row in numbers["pairs"])
    assert high > max(row["high"] for row in numbers["pairs"])


@pytest.mark.parametrize("count", [2, 7])
def test_the_pictures_are_drawn_and_are_the_same_each_time(count):
    numbers, common = compared([side(n, drift=0.01 * (n == 1)) for n in range(count)], QUICK, "n")
    overlay = Overlay(numbers, common.days, common.index, drawdowns(common))
    files = written(numbers, overlay)
    assert set(files) == {
        "figures/curves.png",
        "figures/differences.png",
        "comparison.html",
        "comparison.pdf",
    }
    assert size_of(files["figures/curves.png"]) == (2100, 1350)
    assert min(ink(files[name]) for name in files if name.endswith("png")) > 0.005
    if count == 2:
        assert written(numbers, overlay) == files
    assert b"<script>" in files["comparison.html"]
    assert files["comparison.pdf"].startswith(b"%PDF")


def test_a_p_value_is_never_zero():
    assert chance(0.0002) == "< 0.001"
    assert chance(0.0444) == "0.044"


def test_money_names_its_currency_and_that_it_differs_if_it_does():
    same, _ = compared([side(1), side(2)], QUICK, "name")
    assert "Net P&L, USD" in text(same)
    apart, _ = compared([side(1), side(2, facts={"currency": "EUR"})], QUICK, "name")
    assert "Net P&L, its currency" in text(apart)
