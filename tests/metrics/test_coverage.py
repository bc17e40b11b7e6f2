"""Who had data when, and the account over the days on which all had."""

import numpy as np
import pytest

from lockstep.metrics.coverage import lacking_days
from lockstep.metrics.summary import summarise
from tests.report.results import facts_of, made, names

A, B, C = names(3)
#: Each day of the account, each asset: money. Trading days end at 22:00 UTC.
PNL = np.array([[100.0, 0, 0], [0, -300, 0], [50, 0, 50], [0, 200, 0], [0, 0, -400], [10, 0, 0]])


def span(first, last):
    return {"first": f"2025-01-{first:02d}T00:00:00Z", "last": f"2025-01-{last:02d}T21:00:00Z"}


def covered(ranges, pnl=PNL):
    facts = facts_of(names(3), len(pnl), ranges=ranges)
    return summarise(made(3, len(pnl), pnl=pnl, facts=facts))


def test_the_account_is_cut_to_the_days_on_which_all_assets_had_data():
    # A begins a day late, C ends two days early: all three on the 7th to the 10th of 6th to 12th.
    found = covered({A: span(7, 12), B: span(6, 12), C: span(6, 10)})["coverage"]
    assert (found["assets"], found["days"]) == (3, 4)
    assert (found["first_day"], found["last_day"]) == ("2025-01-07", "2025-01-10")
    assert found["share"] == 4 / 7
    rows = [(one["first_day"], one["days"], one["without"]) for one in found["stretches"]]
    assert rows == [("2025-01-06", 1, [A]), ("2025-01-07", 4, []), ("2025-01-11", 2, [C])]
    assert lacking_days(found) == 3
    own = found["account"]
    assert (own["initial_equity"], own["final_equity"]) == (100_100.0, 99_700.0)
    assert own["total_return"] == pytest.approx(-400 / 100_100, abs=1e-15)
    # The peak of its own: 100,100 on the first morning, 99,700 at the bottom.
    assert own["max_drawdown"] == pytest.approx(400 / 100_100, abs=1e-15)
    day = np.array([-300 / 100_100, 100 / 99_800, 200 / 99_900, -400 / 100_100])
    assert own["sharpe"] == pytest.approx(day.mean() / day.std(ddof=1) * np.sqrt(365.25))
    assert (own["trading_days"], own["trades"]) == (4, 12)  # a trade a day and asset
    assert own["win_rate"] == 3 / 12


def test_where_all_have_data_throughout_the_part_is_the_whole():
    metrics = covered(dict.fromkeys(names(3), span(6, 12)))
    found = metrics["coverage"]
    assert (found["assets"], found["share"], lacking_days(found)) == (3, 1.0, 0)
    assert found["account"].items() <= metrics["portfolio"].items()


def test_without_a_day_of_all_the_longest_stretch_of_the_most_counts_and_the_first_of_equals():
    found = covered({A: span(6, 9), B: span(8, 12), C: span(11, 12)})["coverage"]
    assert (found["assets"], found["first_day"], found["last_day"]) == (
        2,
        "2025-01-08",
        "2025-01-09",
    )
    assert lacking_days(found) == 3
    assert [one["assets"] for one in found["stretches"]] == [1, 2, 1, 2]


def test_a_run_that_did_not_record_its_ranges_has_no_coverage_and_says_so():
    metrics = covered({A: span(6, 12)})
    assert metrics["coverage"] is None
    reason = "the run did not record the first and last bar of each asset"
    assert metrics["undefined"]["coverage"] == reason
