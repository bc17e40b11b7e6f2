from decimal import Decimal

import numpy as np
import pytest

from lockstep.core.registry import report_sections
from lockstep.metrics.summary import summarise
from lockstep.report.reading import read
from lockstep.report.text import section_lines
from tests.metrics.random_runs import random_run
from tests.report.results import made, without_trades

TWO = np.array([[100.0, -50.0], [-300.0, 20.0], [150.0, 30.5]])


def lines_of(name, result):
    return section_lines(report_sections.get(name)(), read(result, summarise(result)))


def cells(lines, first, nth=0):
    return [line.split() for line in lines if line.split()[: len(first.split())] == first.split()][
        nth
    ]


def amount(text):
    return Decimal(text.replace(",", ""))


@pytest.mark.parametrize("seed", range(6))
def test_every_printed_column_of_money_adds_up_to_its_total_to_the_cent(seed):
    lines = lines_of("attribution", random_run(seed, 5, 80))
    tables, rows = [], None
    for line in lines:
        if line.startswith("  ---"):
            rows = [] if rows is None else rows
        elif rows is not None and line.startswith("  "):
            rows.append(line)
            if line.startswith("  TOTAL"):
                tables.append(rows)
                rows = None
        elif rows is not None:  # the first goes on below itself, without its totals
            rows = None
    assert len(tables) == 6
    for table in tables[1:4]:  # months, exit reasons, sides: the last column is net P&L
        # A line that ends before the last column has no cell in it: nothing was left over.
        filled = [row for row in table if len(row) == len(table[-1])]
        *parts, total = (amount(row.split()[-1]) for row in filled)
        assert sum(parts) == total


def test_the_months_lead_from_closed_trades_to_the_change_of_equity():
    lines = lines_of("attribution", made(2, 3, pnl=TWO))
    assert cells(lines, "2025-01") == ["2025-01", "4", "-0.05", "6", "-49.50", "0.00", "-49.50"]


def test_the_asset_table_gives_the_effect_of_having_an_asset():
    lines = lines_of("attribution", made(2, 3, pnl=TWO))
    # ASSET01 alone would have made 0.50: having ASSET00 cost 50.00 of 100,000.
    row = cells(lines, "ASSET00")
    assert row[1:5] == ["-50.00", "0.00", "0.00", "-50.00"]
    assert row[6] == "-0.05"
    assert "APPROXIMATE" in " ".join(lines)


def test_exits_and_entries_stand_beside_each_other_by_hour():
    lines = lines_of("attribution", made(2, 3, pnl=TWO))
    assert cells(lines, "10") == ["10", "6", "66.67", "-0.017", "-49.50"]  # entries
    assert cells(lines, "11") == ["11", "6", "66.67", "-0.017", "-49.50"]  # exits


def test_a_broker_loss_has_a_column_and_a_row_of_its_own():
    lines = lines_of("attribution", random_run(1, 2, 60))
    assert cells(lines, "reserve")[1:4] == ["0.00", "0.00", "0.00"]
    assert any("broker" in line for line in lines)


def test_a_run_without_trades_says_so():
    assert "  No trade was taken." in lines_of("attribution", without_trades())


def test_the_frontier_is_labelled_and_each_mix_sums_to_one_hundred():
    lines = lines_of("frontier", made(3, 40))
    assert "A DESCRIPTION OF THE PAST, NOT ADVICE." in " ".join(lines)
    weights = [cells(lines, name)[1:] for name in ("ASSET00", "ASSET01", "ASSET02", "cash")]
    for mix in zip(*weights):
        assert abs(sum(amount(cell) for cell in mix) - 100) <= Decimal("0.02")
    assert len(cells(lines, "Sharpe")) == 6


def test_a_frontier_that_is_undefined_says_why():
    assert lines_of("frontier", made(2, 3))[2] == (
        "  There is none: the solo runs have 4 common days; 20 needed."
    )


def test_diversification_prints_bets_overlap_clusters_and_currencies():
    result = made(3, 120)
    result.account["exposure_EUR"] = 50_000.0
    said = " ".join(" ".join(lines_of("diversification", result)).split())
    assert "equal, independent ones would have removed as much volatility" in said
    assert "positions on average, 3 at most" in said
    assert "on its 12 worst days" in said
    assert "most assets, a day" in said
    assert "EUR 50,000.00 50,000.00" in said


def test_what_the_broker_bore_is_told_in_the_month_it_happened():
    result = random_run(1, 2, 60)
    lent = result.ledger["broker_loss"].sum()
    assert lent > 0.0
    metrics = summarise(result)["attribution"]
    months = metrics["by_month"].values()
    assert sum(month["broker_loss"] for month in months) == pytest.approx(lent, abs=1e-9)
