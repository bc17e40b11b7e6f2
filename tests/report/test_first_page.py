"""The verdict: derived from metrics.json, facts and settings alone, and short enough to be read."""

import dataclasses
import re

import numpy as np
import pandas as pd
import pytest

from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.report.first_page import LEAST, LINES, first_page, found
from lockstep.report.headlines import missing_assets
from lockstep.report.reading import Reading, read
from lockstep.report.text import page
from tests.report.results import config_of, facts_of, made, names, partial, without_trades

RESULTS = [made(1), made(1, 1), made(15), made(40, 5), without_trades()]


def findings(count):
    return [
        {
            "code": f"few_trades_{at // 2}",
            "severity": "high" if at == 0 else "low",
            "asset": f"ASSET{at:02d}",
            "value": 7.0,
            "unit": "trades",
            "sentence": f"ASSET{at:02d} made 7 trades.",
            "advice": "Wait for thirty.",
        }
        for at in range(count)
    ]


def with_findings(count):
    result = made(3)
    return read(result, summarise(result) | {"findings": findings(count)})


@pytest.mark.parametrize("result", RESULTS)
def test_every_number_of_page_one_is_derived_from_metrics_facts_and_settings(result):
    metrics = summarise(result)
    tables = {f.name: pd.DataFrame() for f in dataclasses.fields(RunResult)}
    bare = RunResult(**(tables | {"facts": result.facts, "config": result.config}))
    assert first_page(Reading(bare, metrics)) == first_page(read(result, metrics))


@pytest.mark.parametrize("result", RESULTS)
def test_page_one_answers_what_it_made_what_it_risked_and_what_would_have_hurt(result):
    text = "\n".join(first_page(read(result, summarise(result))))
    titles = re.findall(r"^--- ([A-Z ]+) -", text, flags=re.MULTILINE)
    assert titles == ["WHAT IT MADE", "WHAT IT RISKED", "WHAT WOULD HAVE HURT"] + (
        ["WHAT THE DOCTOR FOUND"] if "findings" in summarise(result) else []
    )
    assert text.count("\n") < LINES


def test_the_page_speaks_the_numbers_of_the_json():
    result = made(4, 60)
    portfolio = summarise(result)["portfolio"]
    text = " ".join(" ".join(first_page(read(result, summarise(result)))).split())
    assert f"{portfolio['max_drawdown']:.2%} of the peak" in text
    assert f"{portfolio['win_rate']:.2%} won" in text
    low, high = portfolio["win_rate_low"], portfolio["win_rate_high"]
    assert f"(95% interval {low * 100:.2f} to {high:.2%})" in text
    assert f"lost {portfolio['var_95']:.2%} of equity or more (VaR 95)" in text
    assert f"{portfolio['worst_day']:.2%} of equity on {portfolio['worst_day_date'][:10]}" in text


def test_footnotes_stand_under_the_part_whose_numbers_they_explain():
    text = "\n".join(first_page(read(without_trades(), summarise(without_trades()))))
    for part in text.split("\n--- ")[1:]:
        marks = set(re.findall(r"n/a\[(\d+)\]", part))
        assert marks == set(re.findall(r"^  \[(\d+)\] \S", part, flags=re.MULTILINE))
    assert "n/a[1]" in text


def test_the_doctor_is_left_out_where_nobody_was_asked_and_heard_where_he_found_nothing():
    asked = with_findings(0)
    assert "  Nothing: no check of the doctor had anything to say." in found(asked, 10)
    nobody = dataclasses.replace(
        asked, metrics={k: v for k, v in asked.metrics.items() if k != "findings"}
    )
    assert found(nobody, 10) == []


def test_findings_come_worst_first_with_what_to_do_and_fill_the_page():
    lines = found(with_findings(2), 10)
    assert lines[2:] == [
        "  HIGH    ASSET00 made 7 trades. Wait for thirty.",
        "  LOW     ASSET01 made 7 trades. Wait for thirty.",
    ]
    many = first_page(with_findings(80))
    assert len(many) == LINES
    assert re.fullmatch(r"  \.\.\. and \d+ findings more, further down\.", many[-1])


def test_findings_of_one_kind_are_one_finding_that_names_the_others():
    lines = found(with_findings(4), 10)
    assert lines[-1] == "  LOW     ASSET02 made 7 trades. Wait for thirty. Likewise: ASSET03."


def test_findings_never_vanish_from_a_crowded_page():
    lines = found(with_findings(9), -5)
    assert len(lines) == LEAST
    assert lines[-1] == "  ... and 5 findings more, further down."


@pytest.mark.parametrize(
    ("why", "said"),
    [
        ("it broke", "FAILED A: it broke. It was dropped"),
        ("A: it broke.", "FAILED A: it broke. It was dropped"),
        ("A: why?", "FAILED A: why? It was dropped"),
    ],
)
def test_a_failed_asset_is_named_once_and_its_sentence_ends(why, said):
    facts = facts_of(names(2), 3, failed={"A": why}, on_asset_error="drop")
    result = made(2, 3, facts=facts)
    assert missing_assets(read(result, summarise(result)))[0].startswith(said)


def test_one_asset_is_not_called_assets():
    one = page(read(made(1), summarise(made(1))))
    assert "UTC (bars by their open), 1 asset " in one
    assert not re.search(r"\b1 assets\b", one + page(read(partial(), summarise(partial()))))


def flat(result):
    return " ".join(" ".join(first_page(read(result, summarise(result)))).split())


def test_the_sums_over_one_solo_run_are_that_run_told_once():
    text = flat(made(1))
    assert "Its solo run, without portfolio rules" in text
    assert "added up" not in text
    assert flat(made(2)).count("Its solo runs added up") == 2


def test_a_quantile_that_few_days_do_not_have_is_no_loss_of_nothing():
    assert "Bad days VaR 95 n/a[1], CVaR 95 n/a[1]; VaR 99 n/a[2]" in flat(made(2, 5))
    month = flat(made(2, 40))
    assert "of equity or more (VaR 95)" in month
    assert "(CVaR 95); VaR 99 n/a[" in month
    assert "lost n/a" not in month


def test_a_segregated_margin_level_is_that_of_any_sleeve():
    apart = made(2, config=config_of(margin="segregated"))
    assert "500.00% at the lowest of any sleeve (stop-out" in flat(apart)
    assert "500.00% at the lowest (stop-out" in flat(made(2))


def judged(sharpe, above, **facts):
    result = made(2, facts=facts_of(names(2), 20, **facts))
    metrics = summarise(result)
    metrics["portfolio"] |= {"sharpe": sharpe, "probabilistic_sharpe_adjusted": above}
    return " ".join(" ".join(first_page(read(result, metrics))).split())


TRUE = "that the true Sharpe ratio is"
COUNTED = "(autocorrelation of days counted)"


@pytest.mark.parametrize(
    ("sharpe", "above", "said"),
    [
        (1.0, 0.95, f"more than luck, if nothing was chosen by these dates: 95.00% {TRUE} above 0"),
        (1.0, 0.62, f"cannot be told from luck: 62.00% {TRUE} above 0 {COUNTED}; 95.00% is the"),
        (0.0, 0.5, f"cannot be told from bad luck: 50.00% {TRUE} below 0"),
        (-1.0, 0.3, f"cannot be told from bad luck: 70.00% {TRUE} below 0"),
        (-3.0, 1e-9, f"more than bad luck: more than 99.90% {TRUE} below 0"),
    ],
)
def test_page_one_says_whether_chance_alone_explains_the_result(sharpe, above, said):
    assert f"Skill or luck {said}" in judged(sharpe, above)


def test_a_gain_of_tuned_parameters_is_not_called_skill():
    tuned = {"labels": ["in-sample selection: ASSET00"]}
    told = f"had nothing been tuned: 99.00% {TRUE} above 0 {COUNTED}. PARAMETERS WERE TUNED ON"
    assert told in judged(1.0, 0.99, **tuned)
    assert "more than bad luck" in judged(-1.0, 0.01, **tuned)


def test_few_days_or_trades_are_not_judged_and_a_flat_account_is_not_asked():
    assert "Skill or luck cannot be judged: n/a[" in flat(made(2, 20))
    assert "Skill or luck cannot be judged from 29 trades Trades 29," in flat(made(1, 29))
    assert "Skill or luck" not in flat(without_trades())


def test_a_run_measured_before_chance_was_asked_about_is_not_asked_again():
    result = made(2)
    metrics = summarise(result)
    del metrics["portfolio"]["probabilistic_sharpe_adjusted"], metrics["coverage"]
    assert "Skill or luck" not in "\n".join(first_page(read(result, metrics)))


def test_of_assets_that_made_the_same_none_is_best():
    assert "Best / worst asset" not in flat(without_trades())
    assert "Best / worst asset" in flat(made(2))


def test_page_one_tells_the_days_of_all_assets_where_a_tenth_of_the_days_had_fewer():
    ranges = facts_of(names(2), 40)["ranges"]
    late = {"first": "2025-01-12T00:00:00Z", "last": "2025-02-14T23:00:00Z", "bars": 1}
    result = made(2, 40, facts=facts_of(names(2), 40, ranges=ranges | {"ASSET01": late}))
    own = summarise(result)["coverage"]["account"]
    assert (
        f"with all the assets {own['total_return']:.2%} from 2025-01-12 to 2025-02-15, 35 of 41 "
        f"days: all 2 assets had data; Sharpe {own['sharpe']:.2f}, max drawdown "
        f"{own['max_drawdown']:.2%}"
    ) in flat(result)
    assert "with all the assets" not in flat(made(2, 40))


def test_solo_runs_that_were_wiped_out_are_named_on_page_one():
    result = made(5)
    metrics = summarise(result)
    for symbol, made_alone in zip(names(5), (-1.0, -0.9, -0.89, -0.95, -0.96)):
        metrics["solo"][symbol]["total_return"] = made_alone
    text = " ".join(" ".join(first_page(read(result, metrics))).split())
    assert (
        "Wiped out alone ASSET00 -100.00%, ASSET04 -96.00%, ASSET03 -95.00% and 1 more of the full "
        "capital in the solo run"
    ) in text
    assert "Wiped out" not in flat(made(5))


def test_where_hardly_a_day_or_trade_lost_none_is_said_to_have_lost_less_than_nothing():
    gains = np.full((120, 1), 20.0)
    gains[:3] = -10.0
    metrics = summarise(made(1, 120, pnl=gains))
    assert metrics["portfolio"]["var_95"] < 0.0 < metrics["portfolio"]["var_99"]
    text = flat(made(1, 120, pnl=gains))
    assert "Bad days at most one day in 20 lost anything (VaR 95 -0.02%, CVaR 95 0.0" in text
    assert "; one in 100 lost 0.01% or more (VaR 99)" in text
    assert "Worst trades -10.00 USD the worst; at most 3 losses in a row" in text
    won = flat(made(1, 120, pnl=np.full((120, 1), 20.0) + np.arange(120)[:, None]))
    assert "Worst trades no losing trade" in won
    assert "(VaR 95 -0.02%, CVaR 95 -0.02%); VaR 99 -0.0" in won


def test_one_loss_in_a_row_is_a_loss():
    text = flat(made(1, 3, pnl=np.array([[5.0], [-2.0], [5.0]])))
    assert "at most 1 loss in a row" in text


def test_a_run_of_one_bar_is_reported():
    result = made(1, 1)
    cut = {
        "equity": result.equity.iloc[:1],
        "account": result.account.iloc[:1],
        "solo_equity": result.solo_equity.iloc[:1],
        "trades": result.trades.iloc[:0],
        "solo_trades": result.trades.iloc[:0],
    }
    ledger = result.ledger.assign(equity_change=0.0, price_pnl=0.0)
    short = dataclasses.replace(result, ledger=ledger, **cut)
    text = page(read(short, summarise(short)))
    assert "none was taken" in text
    assert not re.search(r"\b(nan|inf|None)\b", text)
