"""portfolio_summary.txt: tiers by a rule anyone can apply, the honest P&L beside the naive sum."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.report.layout import WIDTH
from lockstep.report.summary_page import page, tier

GOOD = {
    "net_pnl": 1000.0,
    "sharpe": 1.5,
    "max_drawdown": 0.1,
    "win_rate": 0.5,
    "trades": 80,
    "trials": 100,
    "quartiles": {"net_pnl": [-50.0, 200.0, 400.0], "sharpe": [-0.1, 0.4, 0.8]},
    "deflated_sharpe": 0.97,
    "probability_of_overfitting": 0.1,
    "plateau_fall": 0.2,
    "walk_forward": None,
}
WALK = {
    "id": "20260104-090000-5e6f7a8b", "strategy": "mean_reversion", "start": "2025-03-01",
    "end": "2025-06-30", "days": 104, "net_pnl": 250.0, "sharpe": 0.4, "trades": 31, "windows": 4,
    "windows_traded": 3, "others": 2, "objective": "sharpe", "method": "random",
    "trials_a_window": 50, "in_sample_months": 2, "out_of_sample_months": 1, "capital": 5_000.0,
    "currency": "EUR",
}  # fmt: skip
LOST = "the walk-forward lost on days that its choices had not seen"


def with_middle(value, **changes):
    return {**GOOD, "quartiles": {"net_pnl": [-1.0, value, 1.0]}, **changes}


@pytest.mark.parametrize(
    ("performance", "expected"),
    [
        (GOOD, (1, "")),
        ({**GOOD, "walk_forward": WALK}, (1, "")),
        ({**GOOD, "walk_forward": {**WALK, "sharpe": None, "net_pnl": 0.0}}, (1, "")),
        ({**GOOD, "deflated_sharpe": 0.9}, (2, "deflated Sharpe ratio 90.00%")),
        ({**GOOD, "deflated_sharpe": None}, (2, "deflated Sharpe ratio not measured")),
        ({**GOOD, "probability_of_overfitting": 0.6}, (2, "PBO 60.00%")),
        ({**GOOD, "plateau_fall": 0.51}, (2, "loss beside the chosen 51.00%")),
        (with_middle(0.0), (2, "the median trial made no money")),
        (
            with_middle(-5.0, deflated_sharpe=0.4),
            (3, "the median trial made no money, and luck is enough to explain the best"),
        ),
        ({**GOOD, "walk_forward": {**WALK, "sharpe": 0.0}}, (3, LOST)),
        ({**GOOD, "walk_forward": {**WALK, "net_pnl": -0.01}}, (3, LOST)),
        ({**GOOD, "walk_forward": {**WALK, "sharpe": None, "net_pnl": -1e5}}, (3, LOST)),
        ({**GOOD, "net_pnl": 0.0}, (3, "the chosen made no money")),
        ({}, (3, "nothing was measured")),
    ],
)
def test_a_tier_follows_its_rule_and_says_what_is_wanting(performance, expected):
    assert tier(performance) == expected


@given(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(-1e4, 1e4))
def test_more_evidence_never_means_a_worse_tier(sure, more, middle):
    low, high = sorted((sure, more))
    weak = tier(with_middle(middle, deflated_sharpe=low))[0]
    assert tier(with_middle(middle, deflated_sharpe=high))[0] <= weak


def numbers(**changes):
    found = {
        "preference": "balanced",
        "file": "best_configs_balanced.json",
        "optimization_id": "20260105-101500-1a2b3c4d",
        "currency": "USD",
        "capital": 100_000.0,
        "labels": ["SYNTHETIC"],
        "luck": None,
        "replaced": {},
        "assets": {
            "EURUSD_5m": {"performance": GOOD, "now": True},
            "AUDUSD_5m": {"performance": {"net_pnl": -5.0}, "now": True},
            "OLD_5m": {"performance": with_middle(-5.0), "now": False},
        },
        "total": {
            "assets": ["AUDUSD", "EURUSD"],
            "net_pnl": 300.0,
            "naive_pnl": 995.0,
            "sharpe": 0.7,
            "max_drawdown": 0.05,
            "trades": 120,
            "start": "2025-01-01",
            "end": "2025-06-30",
            "allocation": "equal_weight",
        },
    }
    return {**found, **changes}


def flat(text):
    return " ".join(text.split())


def test_the_honest_pnl_stands_beside_the_naive_sum_with_what_lies_between():
    said = flat(page(numbers()))
    assert "Honest P&L +300.00 USD: Sharpe ratio 0.70, max drawdown 5.00%, 120 trades" in said
    assert "Naive sum +995.00 USD: the 2 searches added up" in said
    assert "+695.00 USD: the capital lent 2 times over" in said
    assert max(map(len, page(numbers()).splitlines())) <= WIDTH


def test_the_middle_of_all_trials_stands_beside_the_chosen():
    row = next(line for line in page(numbers()).splitlines() if line.startswith("  EURUSD_5m"))
    assert row.split()[:7] == ["EURUSD_5m", "1", "100", "1,000", "-50", "200", "400"]


def test_assets_are_listed_by_tier_and_what_is_missing_is_a_dash():
    text = page(numbers())
    rows = [line.split() for line in text.splitlines() if "_5m" in line and "-" in line]
    assert [row[0] for row in rows[:3]] == ["EURUSD_5m", "OLD_5m", "AUDUSD_5m"]
    assert "-: not measured." in text
    assert "Tier 1 EURUSD_5m" in flat(text)


def test_assets_of_earlier_searches_are_named_and_not_in_the_account():
    assert "OLD_5m: tuned by an earlier search" in flat(page(numbers()))


def test_an_account_that_was_not_played_says_why():
    said = flat(page(numbers(total=None, no_total="nothing was chosen")))
    assert "Not played: nothing was chosen." in said


def test_a_page_without_any_asset_is_a_page():
    assert "No asset is tuned." in page(numbers(assets={}, total=None, no_total="-"))


def test_what_walk_forwards_made_is_told_as_what_choosing_made_not_these_parameters():
    found = numbers()
    found["assets"]["EURUSD_5m"]["performance"] = {**GOOD, "walk_forward": WALK}
    text = page(found)
    row = next(line for line in text.splitlines() if "3 of 4" in line)
    assert row.split() == [
        "EURUSD_5m", "2025-03-01", "2025-06-30", "3", "of", "4", "31", "250", "EUR", "0.40", "2",
    ]  # fmt: skip
    said = flat(text)
    assert "It tells what CHOOSING made, anew in every window" in said
    assert f"{WALK['id']} (EURUSD_5m): chosen by random search for sharpe, at most 50" in said
    assert "trials a window of 2 months, traded 1 month, with 5,000 EUR." in said
    assert max(map(len, text.splitlines())) <= WIDTH


def test_without_a_walk_forward_it_says_that_nothing_was_measured():
    assert "Not measured: no walk-forward of these results traded a tuned asset" in flat(
        page(numbers())
    )


def test_blocks_that_were_replaced_are_told_with_both_scores_and_whether_they_compare():
    was = {
        "optimization_id": "20260101-000000-00000000", "score": 1.25, "trials": 400,
        "select": "best", "start": "2024-01-01T00:00:00", "end": "2025-01-01T00:00:00",
        "comparable": False,
    }  # fmt: skip
    hand_made = {**dict.fromkeys(was), "comparable": False}
    replaced = {
        "balanced": {"EURUSD_5m": {**GOOD, "score": 0.8, "replaced": was}},
        "pnl": {"EURUSD_5m": {**GOOD, "score": 5e3, "replaced": {**was, "comparable": True}},
                "OLD_5m": {**GOOD, "score": 7.0, "replaced": hand_made}},
    }  # fmt: skip
    text = page(numbers(replaced=replaced))
    rows = [one.split() for one in text[text.index("SEARCH REPLACED") :].splitlines()]
    assert ["balanced", "EURUSD_5m", "1.25", "0.8", "400", "100", "2024-01-01", "2024-12-31",
            "no"] in rows  # fmt: skip
    assert ["pnl", "EURUSD_5m", "1.25", "5,000", "400", "100", "2024-01-01", "2024-12-31",
            "yes"] in rows  # fmt: skip
    assert ["pnl", "OLD_5m", "-", "7", "-", "100", "-", "-", "no"] in rows
    assert "What was replaced came from 20260101-000000-00000000 and no search." in flat(text)
    assert "WHAT THIS SEARCH REPLACED" not in page(numbers())
    assert max(map(len, text.splitlines())) <= WIDTH
