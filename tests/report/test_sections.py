import re
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from lockstep.metrics.summary import summarise
from lockstep.report.reading import read
from lockstep.report.sections.settings import rule_settings
from lockstep.report.text import page
from tests.report.results import (
    config_of,
    decisions_of,
    facts_of,
    made,
    names,
    trades_of,
    without_trades,
)

TWO = np.array([[100.0, -50.0], [-300.0, 20.0], [150.0, 30.5]])


def section(result, title):
    text = page(read(result, summarise(result)))
    return text.split(f"--- {title}")[1].split("\n--- ")[0]


def flat(result, title):
    return " ".join(section(result, title).split())


def row(result, title, name):
    """Return the cells of a table's row."""
    line = next(li for li in section(result, title).split("\n") if li.startswith(f"  {name} "))
    return line.split()[1:]


def numbers(cells):
    return [Decimal(cell.replace(",", "")) for cell in cells]


def two(**changes):
    return made(2, 3, pnl=TWO, **changes)


def test_the_asset_table_gives_weight_trades_and_net_pnl_and_adds_up():
    title = "ASSETS IN THE ACCOUNT"
    assert row(two(), title, "ASSET00")[:4] == ["50.00", "50.00", "50.00", "3"]
    assert row(two(), title, "ASSET00")[-2:] == ["-300.00", "-50.00"]
    assert row(two(), title, "ASSET01")[-2:] == ["-50.00", "0.50"]
    assert row(two(), title, "TOTAL")[-2:] == ["-300.00", "-49.50"]


@pytest.mark.parametrize("title", ["ASSETS IN THE ACCOUNT", "WHERE THE MONEY WENT"])
def test_printed_rows_add_up_to_the_printed_total_to_the_cent(title):
    pnl = np.random.default_rng(3).normal(0, 100, (10, 7))
    body = section(made(7, 10, pnl=pnl), title)
    rows = {line.split()[0]: line.split()[1:] for line in body.split("\n") if line.startswith("  ")}
    last = {name: Decimal(cells[-1].replace(",", "")) for name, cells in rows.items() if (
        name.startswith("ASSET0") or name in ("(rounding)", "TOTAL"))}  # fmt: skip
    total = last.pop("TOTAL")
    assert sum(last.values()) == total
    assert float(total) == pytest.approx(pnl.sum(), abs=0.005)


def test_costs_lead_from_gross_to_net_in_every_row():
    # three trades an asset, each 2.00 spread, 1.00 slippage, 0.50 commission, -0.25 swap
    title = "WHERE THE MONEY WENT"
    assert row(two(), title, "ASSET00") == ["-38.75", "6.00", "3.00", "1.50", "-0.75", "-50.00"]
    gross, spread, slippage, commission, swap, net = numbers(row(two(), title, "TOTAL"))
    assert gross - spread - slippage - commission + swap == net == Decimal("-49.50")
    assert "Costs and swap took 0.02% of the capital" in section(two(), title)


def test_a_loss_the_broker_bore_has_a_row_of_its_own():
    result = two()
    equity = result.equity.copy()
    equity.loc[equity.index[-1], ["reserve", "total"]] += 10.0
    decisions = decisions_of(("2025-01-08T23:00", "D", "", "broker_loss", -10.0, 0.0, "."))
    lent = made(2, 3, pnl=TWO, equity=equity, decisions=decisions)
    assert row(lent, "ASSETS IN THE ACCOUNT", "broker")[-1] == "10.00"
    assert row(lent, "ASSETS IN THE ACCOUNT", "TOTAL")[-1] == "-39.50"
    assert row(lent, "WHERE THE MONEY WENT", "reserve")[-2:] == ["10.00", "10.00"]
    assert row(lent, "WHERE THE MONEY WENT", "TOTAL")[-2:] == ["10.00", "-39.50"]


def test_signals_are_the_sum_of_those_taken_and_those_refused():
    counts = {
        "ASSET00": {"in_position": 4, "blocked_breaker": 2, "leverage_cap": 3},
        "ASSET01": {"expired": 1},
    }
    result = two(facts=facts_of(names(2), 3, counts=counts))
    title = "ENTRIES: TAKEN, REFUSED, CUT"
    # signals, taken, in position, breaker, expired; a cut entry is still taken
    assert row(result, title, "ASSET00") == ["9", "3", "4", "2", "0"]
    assert row(result, title, "ASSET01") == ["4", "3", "0", "0", "1"]
    assert row(result, title, "TOTAL") == ["13", "6", "4", "2", "1"]


def test_the_size_table_counts_links_and_factors_of_the_trades_taken():
    trades = trades_of(TWO, names(2), risk_asked=1000.0, factor_correlation_scaling=1.0)
    trades.loc[0, "links"] = "leverage_cap margin_cut"
    trades.loc[[0, 2], "factor_correlation_scaling"] = [0.5, 0.25]
    body = section(two(trades=trades), "ENTRIES: TAKEN, REFUSED, CUT").split("taken/")[1]
    cells = next(line for line in body.split("\n") if line.startswith("  ASSET00")).split()
    assert cells[1:7] == ["3", "1", "1", "2", "0.375", "50.00"]


def test_diversification_names_the_highest_pair_and_whom_the_fall_came_from():
    body = flat(two(), "DIVERSIFICATION")
    assert "2 equal strangers would have 1.41" in body
    assert "Highest pair ASSET00 and ASSET01: " in flat(made(2, 40), "DIVERSIFICATION")
    # the fall of day two: -300 of ASSET00, +20 of ASSET01
    assert row(two(), "DIVERSIFICATION", "ASSET00")[-1] == "-300.00"
    assert row(two(), "DIVERSIFICATION", "ASSET01")[-1] == "20.00"
    assert row(two(), "DIVERSIFICATION", "TOTAL")[-1] == "-280.00"


def test_the_ambiguous_interval_is_given_with_its_label():
    trades = trades_of(TWO, names(2))
    trades.loc[0, ["ambiguous", "pnl_target_first"]] = [True, 400.0]
    body = section(two(trades=trades), "AMBIGUOUS BARS")
    assert re.search(r"stop first +-49\.50 +-0\.05", body)
    assert re.search(r"target first +\+250\.50 +0\.25", body)
    assert "1 exit happened on a bar" in body
    assert "Static:" in body


def test_exact_reruns_stand_in_the_place_of_prices_that_change_nothing_else():
    trades = trades_of(TWO, names(2))
    trades.loc[0, ["ambiguous", "pnl_target_first"]] = [True, 400.0]
    net = {"stop_first": -49.5, "target_first": 312.25, "nearest_to_open": 90.0}
    facts = facts_of(names(2), 3) | {"ambiguous": {"method": "exact", **net}}
    body = section(two(trades=trades, facts=facts), "AMBIGUOUS BARS")
    assert re.search(r"stop first \(chosen\) +-49\.50 +-0\.05", body)
    assert re.search(r"target first +\+312\.25 +0\.31", body)
    assert re.search(r"nearest to open +\+90\.00 +0\.09", body)
    assert "Exact:" in body
    assert "Static:" not in body


def test_solo_runs_are_tabled_without_a_total():
    body = section(two(), "SOLO RUNS")
    assert re.search(r"ASSET00 +-50\.00 +-0\.05", body)
    assert "TOTAL" not in body


def test_a_long_weight_schedule_is_shortened_in_the_middle():
    result = made(2, 40)
    index = result.equity.index[:: 24 * 2][:20]
    weights = pd.DataFrame([[0.5, 0.5, -2e-16]] * 20, index=index)
    weights.columns = [*names(2), "reserve"]
    body = section(made(2, 40, weights=weights), "WEIGHTS")
    assert "... 8 more" in body
    assert len(re.findall(r"2025-\d\d-\d\d|start", body)) == 12
    assert re.search(r"start +50\.00 +50\.00 +0\.00\n", body)


def test_fallbacks_of_the_allocation_model_stand_under_the_weights():
    notes = [f"Note {n}." for n in range(8)]
    body = section(two(facts=facts_of(names(2), 3, weight_notes=notes)), "WEIGHTS")
    assert "- Note 4." in body
    assert "Note 5." not in body
    assert "and 3 more such notes" in body


def test_best_and_worst_trades_are_told_in_full():
    trades = trades_of(TWO, names(2))
    trades.loc[2, ["links", "ambiguous"]] = ["leverage_cap", True]
    trades["factor_drawdown_scaling"] = [1.0, 1.0, 0.5, 1.0, 1.0, 1.0]
    body = flat(two(trades=trades), "BEST AND WORST TRADES")
    assert "Best #5 ASSET00 long 0.5 lots (50,000 units): +150.00 USD, 0.300 R" in body
    assert "Worst #3 ASSET00 long 0.5 lots (50,000 units): -300.00 USD, -0.600 R" in body
    assert (
        "signal 2025-01-07 09:00; entry 2025-01-07 10:00 at 1.1; exit 2025-01-07 11:00 at 1.12 "
        "(target, ambiguous bar), 1 bar"
    ) in body
    assert (
        "gross -296.25 - spread 2.00 - slippage 1.00 - commission 0.50 + swap -0.25 = net -300.00 "
        "USD"
    ) in body
    assert "factors: drawdown scaling 0.500; cut by leverage cap" in body


def test_no_trade_stands_among_both_the_best_and_the_worst():
    winners = made(1, 2, pnl=np.array([[10.0], [20.0]]))
    assert "Worst: no losing trade." in section(winners, "BEST AND WORST TRADES")


def test_a_trade_without_a_target_says_so():
    trades = trades_of(TWO, names(2), target_price=np.nan, exit_level=np.nan)
    assert "target n/a" in flat(two(trades=trades), "BEST AND WORST TRADES")


def test_rule_parameters_carry_their_units():
    risk = {
        "breaker": {"limit": 0.25, "effect": "flatten", "resume": "days", "resume_days": 3.0},
        "drawdown_scaling": {"start_at": 0.1, "end_at": 0.0},
        "gross_exposure": {"limit": 8.0},
        "max_positions": {"limit": 5},
        "halts": {},
    }
    facts = facts_of(names(2), 3, rules=list(risk))
    body = flat(two(config=config_of(risk=risk), facts=facts), "ACCOUNT AND RISK SETTINGS")
    assert "limit 25.00%, effect flatten, resumes after 3 days" in body
    assert "start at 10.00%, end at the breaker's limit" in body
    assert "limit 8 x equity" in body
    assert "limit 5 positions" in body
    assert "Rule halts at its defaults" in body


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"resume": "never", "resume_days": 0.0, "resume_drawdown": 0.0}, "never resumes"),
        ({"resume": "next_month"}, "resumes next month"),
        ({"resume": "recovers", "resume_drawdown": 0.02}, "resumes at a drawdown of 2.00%"),
    ],
)
def test_of_a_breakers_ways_to_resume_only_the_one_that_acts_is_told(given, said):
    assert rule_settings("breaker", {"limit": 0.1, **given}) == f"limit 10.00%, {said}"
    assert rule_settings("my_rule", {"resume_after": 3}) == "resume after 3"


def test_halts_are_told_as_spans_of_time():
    given = {"spans": [["2018-03-01", "2018-03-15"], ["2018-06-20T12:00", "2018-06-21T12:00"]]}
    assert rule_settings("halts", given) == (
        "nothing is entered from 2018-03-01 to 2018-03-15 and 2018-06-20T12:00 to 2018-06-21T12:00"
    )
    assert rule_settings("halts", {"spans": []}) == "no span is set"


def test_a_rule_is_told_as_it_acted_where_another_gave_it_a_parameter():
    risk = {"breaker": {"limit": 0.04}, "drawdown_scaling": {"start_at": 0.1, "end_at": 0.0}}
    acted = {"drawdown_scaling": {"start_at": 0.016, "end_at": 0.04, "floor": 0.25}}
    facts = facts_of(names(2), 3, rules=list(risk), rule_settings=risk | acted)
    body = flat(two(config=config_of(risk=risk), facts=facts), "ACCOUNT AND RISK SETTINGS")
    assert "Rule drawdown scaling start at 1.60%, end at 4.00%, floor 0.25" in body


def test_data_notes_are_wrapped_under_their_asset():
    facts = facts_of(names(2), 3, notes={"ASSET00": ["A gap " * 30], "ASSET01": []})
    body = section(two(facts=facts), "DATA NOTES")
    assert body.split("\n")[1] == "  ASSET00"
    assert body.split("\n")[3].startswith("    ")
    assert "Nothing to note: ASSET01." in body


def test_provenance_gives_files_hashes_seed_and_command_line():
    facts = facts_of(names(2), 3, argv=["portfolio_main.py", "--seed", "7"])
    facts["versions"] = {"python": "3.11.9", "absent": None}
    facts["sources"]["ASSET01"] = {"sample": "c8c83544c93474c9", "seed": 7}
    body = flat(two(facts=facts), "PROVENANCE")
    assert "Run by python 3.11.9 Player" in body
    assert "Config files assets.json Seed 7" in body
    assert "portfolio_main.py --seed 7" in body
    assert "ASSET00 ASSET00.csv, sha256 abababababab" in body
    assert "ASSET01 sample c8c83544c934, seed 7" in body


def test_assets_that_begin_late_put_the_days_of_all_beside_the_whole_run():
    ranges = facts_of(names(3), 40)["ranges"]
    late = {"first": "2025-01-16T00:00:00Z", "last": "2025-02-14T23:00:00Z", "bars": 1}
    result = made(3, 40, facts=facts_of(names(3), 40, ranges=ranges | {"ASSET01": late}))
    text = flat(result, "ASSETS AND THEIR DATA")
    assert "2025-01-06 2025-01-15 10 24.39 2 ASSET01 2025-01-16 2025-02-15 31 75.61 3 none" in text
    metrics = summarise(result)
    own, whole = metrics["coverage"]["account"], metrics["portfolio"]
    assert f"Sharpe ratio, a year {own['sharpe']:.2f} {whole['sharpe']:.2f}" in text
    assert f"Trades, by exit {30 * 3} {40 * 3}" in text
    assert f"begins with {own['initial_equity']:,.2f} USD and a peak of its own." in text
    assert "peak of its own" not in flat(made(3, 40), "ASSETS AND THEIR DATA")


def test_where_nothing_was_traded_no_table_is_empty_and_no_reason_is_missing():
    empty = without_trades()
    assert flat(empty, "WHAT BECAME OF THE SOLO TRADES").endswith(
        "- No trade was made, neither alone nor in the account."
    )
    text = page(read(empty, summarise(empty)))
    assert "it was not measured" not in text
    assert "] no drawdown" in flat(empty, "WHERE THE P&L CAME FROM")


def test_of_one_asset_nothing_is_said_that_takes_two():
    one = made(1, 40)
    spread = flat(one, "DIVERSIFICATION")
    assert "One asset: nothing is spread, and nobody is there to move with it." in spread
    assert "strangers" not in spread
    assert flat(one, "EFFICIENT FRONTIER").endswith("There is none: one asset has no mix.")
    assert "these runs share nothing" not in flat(one, "SOLO RUNS: EACH ASSET ALONE")
    assert "strangers would have 1.41" in flat(made(2, 40), "DIVERSIFICATION")


def test_pairs_are_named_only_where_there_are_days_to_tell_them_from_chance():
    few, enough = (flat(made(3, days), "DIVERSIFICATION") for days in (18, 19))
    assert "daily returns; 19 trading days cannot tell one from chance (20 are needed)" in few
    assert "Highest pair" not in few
    assert "Highest pair" in enough
