import re

import numpy as np

from lockstep.metrics.summary import summarise
from lockstep.report.reading import read
from lockstep.report.sections.solo_statistics import SoloStatistics
from lockstep.report.sections.statistics import GROUPS, Statistics
from lockstep.report.text import section_lines
from tests.report.results import made, partial, without_trades

STATISTICS = [one for group in GROUPS for one in group]


def lines_of(result, section=Statistics):
    return section_lines(section(), read(result, summarise(result)))


def account_of(lines):
    """Return the table of the account: name -> (cell, unit); names in order, some twice."""
    start = next(at for at, line in enumerate(lines) if line.startswith("  statistic"))
    rows = lines[start + 2 : lines.index("", start)]
    return [tuple(re.split(r"  +", line.strip(), maxsplit=2)) for line in rows]


def tables_of(lines, symbol):
    """Return the cells of an asset in all tables, one after the other."""
    return [cell for line in lines if line.startswith(f"  {symbol} ") for cell in line.split()[1:]]


def test_every_statistic_of_the_account_has_a_value_and_a_unit():
    rows = account_of(lines_of(made(2, 120)))
    assert [row[0] for row in rows] == [one.name.strip() for one in STATISTICS]
    assert all(len(row) == 3 and row[1] and row[2] for row in rows)


def test_the_numbers_are_those_of_metrics_json():
    result = made(2, 120)
    block = summarise(result)["portfolio"]
    cells = dict(zip((one.key for one in STATISTICS), account_of(lines_of(result))))
    assert cells["var_95"][1:] == (f"{block['var_95'] * 100:.3f}", "% of equity a day")
    assert cells["omega"][1] == f"{block['omega']:.2f}"
    assert cells["average_loss"][1:] == (f"{block['average_loss']:.2f}", "USD a trade")
    assert cells["r_distribution.p95"][1:] == (f"{block['r_distribution']['p95']:.2f}", "R")
    assert cells["max_drawdown_valley"][1] == block["max_drawdown_valley"][:16].replace("T", " ")
    assert cells["longest_winning_streak"][1:] == (str(block["longest_winning_streak"]), "trades")
    assert cells["exposure"][1] == f"{block['exposure'] * 100:.2f}"


def test_each_asset_and_the_account_stand_in_every_table():
    lines = lines_of(made(3, 120))
    expected = sum(1 for one in STATISTICS if one.head)
    for name in ("ASSET00", "ASSET01", "ASSET02", "ACCOUNT"):
        assert len(tables_of(lines, name)) == expected


def test_solo_runs_have_the_same_columns_and_no_account():
    lines = lines_of(made(2, 120), SoloStatistics)
    expected = sum(1 for one in STATISTICS if one.head)
    assert len(tables_of(lines, "ASSET01")) == expected
    assert not any("ACCOUNT " in line for line in lines[2:])


def test_the_worst_drawdowns_are_ranked_with_their_dates():
    pnl = np.array([[100.0], [-500.0], [600.0], [-900.0], [100.0]])
    lines = lines_of(made(1, 5, pnl=pnl))
    rows = [re.split(r"  +", line.strip()) for line in lines if re.match(r"  \d  ", line)]
    assert [row[:2] for row in rows] == [["1", "0.90"], ["2", "0.50"]]
    assert rows[1][2:] == ["2025-01-07 11:00", "2025-01-07 12:00", "2025-01-08 12:00", "1.0"]
    assert rows[0][2] == "2025-01-09 11:00"
    assert re.fullmatch(r"n/a\[\d+\]", rows[0][4])


def test_an_undefined_number_is_marked_and_its_reason_stands_below_once():
    lines = lines_of(made(2, 15))
    cells = dict(zip((one.key for one in STATISTICS), account_of(lines)))
    mark = cells["var_95"][1]
    reason = "fewer than 20 trading days: none of them is the worst 5%"
    assert mark == cells["cvar_95"][1]
    assert [line for line in lines if reason in line] == [f"  {mark[3:]} {reason}"]
    assert "not recovered by the end of the run" in "\n".join(lines)


def test_without_a_trade_every_statistic_of_trades_says_so():
    lines = lines_of(without_trades())
    cells = dict(zip((one.key for one in STATISTICS), account_of(lines)))
    mark = cells["win_rate"][1]
    assert f"  {mark[3:]} no trade" in lines
    for key in ("expectancy", "r_distribution.p50", "exit_efficiency", "holding_hours_mean"):
        assert cells[key][1] == mark
    assert cells["exposure"][1] == "0.00"
    assert "  The account never stood below its peak." in lines


def test_a_short_record_gives_its_reasons():
    lines = lines_of(made(1, 1))
    cells = dict(zip((one.key for one in STATISTICS), account_of(lines)))
    mark = cells["sharpe_autocorrelation_adjusted"][1]
    assert mark == cells["sharpe_autocorrelation_lags"][1]
    assert f"  {mark[3:]} fewer than 30 trading days" in lines


def test_if_the_portfolio_was_not_played_the_solo_runs_keep_their_statistics_and_notes():
    result = partial()
    assert lines_of(result) == []
    lines = lines_of(result, SoloStatistics)
    assert tables_of(lines, "ASSET00")
    assert any("VaR and CVaR: historical" in line for line in lines)
