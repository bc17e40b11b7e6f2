import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from lockstep.metrics.summary import summarise
from lockstep.report.layout import WIDTH
from lockstep.report.reading import read
from lockstep.report.sections.why import Why
from lockstep.report.text import page
from tests.report.results import (
    config_of,
    decisions_of,
    facts_of,
    made,
    names,
    partial,
    trades_of,
    without_trades,
)

TWO = np.array([[100.0, -50.0], [-300.0, 20.0], [150.0, 30.5]])


def said(result):
    """Return the page on one line, so that wrapping does not matter."""
    return " ".join(page(read(result, summarise(result))).split())


def section(result, title):
    text = page(read(result, summarise(result)))
    return text.split(f"--- {title}")[1].split("\n--- ")[0]


def two(**changes):
    return made(2, 3, pnl=TWO, **changes)


@pytest.mark.parametrize("result", [made(1), made(15), made(40, 5), without_trades(), partial()])
def test_no_line_leaves_the_page_and_no_number_is_nan_infinite_or_negative_zero(result):
    text = page(read(result, summarise(result)))
    assert max(map(len, text.split("\n"))) <= WIDTH
    assert not re.search(r"\b(nan|inf|NaN|None)\b|-0\.0+(?![0-9])", text)
    assert text == text.rstrip("\n") + "\n"


def test_every_mark_of_an_undefined_number_has_its_reason_in_the_same_part():
    text = page(read(without_trades(), summarise(without_trades())))
    parts = re.split(r"\n--- ", text)
    for part in parts:
        marks = set(re.findall(r"n/a\[(\d+)\]", part))
        reasons = set(re.findall(r"^  \[(\d+)\] \S", part, flags=re.MULTILINE))
        assert marks == reasons
    assert "n/a[" in text


def test_page_one_gives_the_three_results_in_money_and_of_capital():
    result = two()
    text = page(read(result, summarise(result)))
    # 100 - 300 + 150 - 50 + 20 + 30.5; each solo run earns the same at weight one half
    assert re.search(r"The portfolio: .*every rule +-49\.50 +-0\.05%", text)
    assert re.search(r"each at its weight +-24\.75 +-0\.02%", text)
    assert re.search(r"full capital \(naive\) +-49\.50 +-0\.05%", text)
    assert "24.75 USD less than its solo runs at their weights, with 6 trades against 6" in said(
        result
    )


def test_page_one_fits_sixty_lines_for_fifteen_assets():
    result = made(15)
    text = page(read(result, summarise(result)))
    assert text.split("--- WHY PORTFOLIO AND SOLO")[0].count("\n") <= 60


def test_key_figures_date_the_drawdown_and_the_worst_day():
    text = said(two())
    # equity 100,050 after day one, 99,770 at the bottom: 280 of 100,050
    assert re.search(
        r"0\.28%( \(-280\.00 USD\))?: peak 2025-01-07 11:00, bottom 2025-01-07 12:00, not recov",
        text,
    )
    assert "-0.28% of equity on 2025-01-07" in text


def test_a_drawdown_that_healed_says_when():
    healed = made(1, 3, pnl=np.array([[100.0], [-50.0], [60.0]]))
    assert "recovered 2025-01-08" in said(healed)


def test_a_fall_from_the_start_has_the_capital_as_its_peak():
    falling = made(1, 2, pnl=np.array([[-40.0], [-60.0]]))
    assert re.search(
        r"0\.10%( \(-100\.00 USD\))?: peak 2025-01-06 \d\d:00, bottom 2025-01-07 12:00",
        said(falling),
    )


def test_labels_stand_in_the_box_with_their_meaning():
    labels = [
        "SYNTHETIC",
        "in-sample selection: ASSET00",
        "preset: balanced",
        "DEGRADED: without X",
    ]
    box = said(two(facts=facts_of(names(2), 3, labels=labels))).split("Net P&L after all")[0]
    assert "SYNTHETIC - the prices are generated" in box
    assert "IN-SAMPLE SELECTION: ASSET00 - these assets' parameters were tuned on dates" in box
    assert "preset: balanced" in box
    assert "DEGRADED: without X - an asset failed" in box


def test_a_cap_too_small_for_the_number_of_assets_is_said():
    text = said(two(config=config_of(max_asset_weight=0.3)))
    assert "2 ASSETS x A CAP OF 30.00% = 60.00%: at least 40.00% of the equity can never" in text
    assert "A CAP OF" not in said(two(config=config_of(max_asset_weight=0.5)))


def test_a_leverage_cap_that_cut_most_trades_is_said_with_the_risk_that_was_left():
    trades = trades_of(TWO, names(2), links="leverage_cap", risk_asked=1000.0)
    text = said(two(trades=trades))
    assert (
        "THE LEVERAGE CAP CUT MOST TRADES: 6 of 6 (100.00%); the median trade took 50.00%" in text
    )
    assert "MOST TRADES" not in said(two())


def test_a_failed_asset_that_was_dropped_is_named_with_its_reason():
    facts = facts_of(
        names(2),
        3,
        failed={"ASSET09": "no such column\n'x'"},
        on_asset_error="drop",
        configured=[*names(2), "ASSET09"],
        left_out=["ASSET08"],
    )
    text = said(two(facts=facts))
    assert "2 of 3 assets" in text
    assert (
        "FAILED ASSET09: no such column 'x'. It was dropped: the others share its capital." in text
    )
    assert "Left out, for no weight was ever given to them: ASSET08." in text


def test_assets_with_other_ranges_are_pointed_out():
    facts = facts_of(names(2), 3)
    facts["ranges"]["ASSET01"] = facts["ranges"]["ASSET01"] | {"first": "2025-01-07T00:00:00Z"}
    assert "Ranges differ" in said(two(facts=facts))
    assert "Ranges differ" not in said(two())


def tripped(result):
    account = result.account.assign(breaker=np.arange(len(result.account)) >= 36)
    trades = result.trades.assign(factor_drawdown_scaling=[1.0, 1.0, 0.5, 0.25, 1.0, 1.0])
    trades.loc[3, "exit_reason"] = "breaker"
    counts = {"ASSET00": {"blocked_breaker": 30}, "ASSET01": {"blocked_breaker": 5}}
    return dataclasses.replace(
        result,
        account=account,
        trades=trades,
        facts=facts_of(names(2), 3, counts=counts, rules=["breaker", "drawdown_scaling"]),
        decisions=decisions_of(
            ("2025-01-07T12:00", "D", "", "breaker_trip", 0.25, 0.25, "It tripped.")
        ),
    )


def test_the_breaker_and_the_factors_explain_the_gap_with_their_numbers():
    text = said(tripped(two()))
    assert (
        "Breaker: tripped once, at 2025-01-07 12:00; it closed 1 position and refused 35 "
        "entry signals. Nothing was opened for 50.00% of the clock."
    ) in text
    assert "Resized: drawdown scaling: 1 trade (" in text
    assert "Changed: the breaker closed it: 1 trade (" in text


def test_the_rules_section_says_what_each_rule_did_and_when():
    body = section(tripped(two()), "BREAKER AND RULES")
    flat = " ".join(body.split())
    assert "tripped once; never resumed; active for 50.00% of the clock; closed 1 position" in flat
    assert "blocked 35 entry signals" in flat
    assert "shrank 2 of 6 trades: factor 0.375 on average, 0.250 at the lowest" in flat
    assert "2025-01-07 12:00 It tripped." in flat


def test_only_the_first_twenty_dates_are_listed():
    rows = [
        (f"2025-01-{day:02d}T10:00", "D", "", "breaker_trip", 0.1, 0.1, f"Trip {day}.")
        for day in range(1, 26)
    ]
    body = section(two(decisions=decisions_of(*rows)), "BREAKER AND RULES")
    assert "Trip 20." in body
    assert "Trip 21." not in body
    assert "... and 5 more (decisions.csv)" in body


def test_margin_limits_and_small_lots_are_counted_among_the_reasons():
    counts = {"ASSET00": {"no_margin": 3, "min_lot": 1, "blocked_halts": 7}}
    trades = trades_of(TWO, names(2))
    trades["links"] = ["margin_cut net_exposure", "net_exposure", "", "", "", ""]
    kept = trades.iloc[:5]
    refused = decisions_of(
        (str(trades["signal_time"].iloc[5]), "E", "ASSET01", "blocked_halts", 0.0, 0.0, ".")
    )
    facts = facts_of(names(2), 3, counts=counts)
    text = said(two(trades=kept, solo_trades=trades, decisions=refused, facts=facts))
    assert "Resized: free margin: 1 trade (" in text
    assert "; net exposure: 1 trade (" in text
    assert "1 entry signal came out below the minimum lot" in text
    assert "Blocked: trading halt: 1 trade (" in text


def test_stop_outs_are_told_with_what_they_cost():
    trades = trades_of(TWO, names(2))
    trades.loc[2, "exit_reason"] = "stop_out"
    assert "the broker closed 1 position for -300.00 USD" in said(two(trades=trades))


def test_compounding_tells_what_a_rebalance_moved():
    result = two()
    ledger = result.ledger.copy()
    ledger.loc[3, "transfers"], ledger.loc[4, "transfers"] = 40.0, -40.0
    ledger.loc[3, "equity_change"] += 40.0
    ledger.loc[4, "equity_change"] -= 40.0
    weights = pd.concat([result.weights, result.weights])
    weights.index = pd.DatetimeIndex([result.equity.index[0], result.equity.index[30]], name="time")
    text = said(dataclasses.replace(result, ledger=ledger, weights=weights))
    assert "Compounding: 1 rebalance moved 40.00 USD between sleeves and reserve" in text


def test_sizing_on_the_account_is_named_as_a_reason():
    assert "size_on is account, so weights do not make trades smaller" in said(
        two(config=config_of(size_on="account"))
    )


@pytest.mark.parametrize(
    ("size_on", "words"),
    [
        ("account", "Too small an account: 7 entry signals came out below the minimum lot."),
        ("sleeve", "Small sleeves: 7 entry signals came out below the minimum lot; a solo run"),
    ],
)
def test_what_was_too_small_for_the_minimum_lot_is_what_sizes_hang_on(size_on, words):
    facts = facts_of(names(2), 3, counts={"ASSET00": {"min_lot": 7}})
    assert words in said(two(facts=facts, config=config_of(size_on=size_on)))


def test_a_reserve_of_nothing_is_not_told():
    result = two()
    numbers = summarise(result)
    for share, told in ((1e-6, False), (0.001, True)):
        portfolio = numbers["portfolio"] | {"reserve_share": share}
        lines = Why().lines(read(result, numbers | {"portfolio": portfolio}))
        assert ("lent to none" in " ".join(" ".join(lines).split())) == told


def test_a_run_equal_to_its_solo_run_says_so_and_gives_no_other_reason():
    text = said(made(1, 3, pnl=TWO[:, :1]))
    assert "With one asset the naive and the weighted sum are one and the same solo run." in text
    assert "The portfolio made what its solo run made (3 trades here, 3 in the solo run)." in text
    assert "Between the two stand" not in text


def test_a_partial_run_names_the_culprit_and_gives_no_portfolio_number():
    result = partial()
    text = page(read(result, summarise(result)))
    flat = " ".join(text.split())
    assert "PARTIAL: an asset failed; there is no portfolio." in flat
    assert "FAILED ASSET01: division by zero in next()." in flat
    assert "solo runs of ASSET00 and ASSET02" in flat
    assert "SOLO RUNS" in text
    assert "WHAT IT MADE" not in text
    assert "Net P&L after all costs" not in text
    assert "ASSETS IN THE ACCOUNT" not in text


def test_text_from_outside_cannot_break_the_page():
    result = partial(why="x" * 500 + "\n\x1b[2J| +==== |")
    text = page(read(result, summarise(result)))
    assert "\x1b" not in text
    assert max(map(len, text.split("\n"))) <= WIDTH
