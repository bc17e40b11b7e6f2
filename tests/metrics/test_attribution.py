import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.metrics import returns as growth
from lockstep.metrics.attribution import TERMS, attribution, grouped
from lockstep.metrics.panel import panel
from lockstep.metrics.summary import summarise
from lockstep.metrics.undefined import Undefined
from tests.metrics import samples
from tests.metrics.random_runs import CAPITAL, random_run


@pytest.fixture(scope="module")
def numbers():
    return summarise(samples.run())["attribution"]


def whole_of(result):
    table = panel(result)
    daily = growth.contributions(table.pnl, table.account.marks, table.account.initial)
    return attribution(result, table, daily)


def net(groups):
    return {name: group["net_pnl"] for name, group in groups.items()}


def test_trades_are_grouped_by_reason_side_hour_and_weekday_by_hand(numbers):
    # Exits: A Monday 15:00 (5), B Tuesday 15:00 (-10), A Thursday 10:00 (35), B Thursday 15:00 (0).
    assert net(numbers["by_exit_reason"]) == {"signal": 0.0, "stop_out": -10.0, "target": 40.0}
    assert net(numbers["by_hour"]) == {"10": 35.0, "15": -5.0}
    assert net(numbers["by_weekday"]) == {"Monday": 5.0, "Tuesday": -10.0, "Thursday": 35.0}
    assert net(numbers["by_entry_hour"]) == {"10": 30.0, "15": 0.0}
    assert list(numbers["by_entry_weekday"]) == ["Monday", "Tuesday", "Wednesday"]
    target = numbers["by_exit_reason"]["target"]
    assert (target["trades"], target["win_rate"], target["average_trade"]) == (2, 1.0, 20.0)
    assert (target["expectancy_r"], target["gross_pnl"]) == (2.0, 43.75)
    assert numbers["by_hour"]["15"]["profit_factor"] == 0.5


def test_a_group_without_a_loser_has_no_profit_factor_and_says_why():
    result = summarise(samples.run())
    assert result["attribution"]["by_exit_reason"]["target"]["profit_factor"] is None
    reason = result["undefined"]["attribution.by_exit_reason.target.profit_factor"]
    assert reason == "no losing trade"


def test_the_account_is_told_from_equity_from_assets_and_from_trades(numbers):
    assert numbers["total"] == {
        "net_pnl": 30.0,
        "assets": 30.0,
        "trades": 30.0,
        "broker_loss": 0.0,
        "outside_trades": 0.0,
    }
    a, b = numbers["by_asset"]["A"], numbers["by_asset"]["B"]
    assert (a["net_pnl"], a["contribution"], a["trades"], a["win_rate"]) == (40.0, 0.04, 2, 1.0)
    assert (b["net_pnl"], b["contribution"], b["closed_pnl"]) == (-10.0, -0.01, -10.0)


def test_a_month_takes_the_money_of_its_days_and_what_is_open_is_carried_over():
    days = ["2024-01-30", "2024-01-31", "2024-02-01", "2024-02-02"]
    numbers = [int(np.datetime64(day).astype("int64")) for day in days]
    clock = pd.DatetimeIndex([f"{d} {h}:00" for d in days for h in (10, 15)], name="time")
    clock = clock.as_unit("ns")
    ledger, trades = samples.ledger(), samples.trades()
    ledger["day"] = np.tile(numbers, 3)
    # The second loses 10 in January and is closed in February.
    trades["entry_time"], trades["exit_time"] = clock[[0, 2, 4, 5]], clock[[1, 4, 6, 7]]
    trades["net_pnl"] = [5.0, -10.0, 45.0, -10.0]
    result = samples.run(
        equity=samples.equity().set_axis(clock),
        ledger=ledger,
        trades=trades,
        weights=samples.weights().set_axis(clock[[0, 4]]),
    )
    months = whole_of(result)["by_month"]
    assert list(months) == ["2024-01", "2024-02"]
    january, february = months.values()
    assert (january["net_pnl"], january["days"], january["trades"]) == (-5.0, 2, 1)
    assert january["return"] == pytest.approx(-0.005, abs=1e-15)
    assert (january["closed_pnl"], january["carried"]) == (5.0, -10.0)
    assert (february["net_pnl"], february["closed_pnl"], february["carried"]) == (35.0, 25.0, 10.0)
    assert february["return"] == pytest.approx(35 / 995, rel=1e-15)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 70))
def test_every_split_of_a_random_run_adds_up_to_the_whole(seed, count, days):
    result = random_run(seed, count, days)
    found = whole_of(result)
    total = result.equity["total"].iloc[-1] - CAPITAL
    near = pytest.approx(total, abs=1e-9 * CAPITAL)
    trades = pytest.approx(result.trades["net_pnl"].sum(), abs=1e-9 * CAPITAL)
    lent = found["total"]["broker_loss"]
    assert math.fsum(net(found["by_month"]).values()) == near
    assert math.fsum(net(found["by_asset"]).values()) + lent == near
    assert found["costs"]["total"]["net_pnl"] == near
    assert found["total"]["outside_trades"] == pytest.approx(0.0, abs=1e-9 * CAPITAL)
    for key in ("exit_reason", "side", "hour", "weekday", "entry_hour", "entry_weekday"):
        groups = found[f"by_{key}"]
        assert math.fsum(net(groups).values()) == trades
        assert sum(group["trades"] for group in groups.values()) == len(result.trades)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 70))
def test_months_and_costs_keep_their_identities(seed, count, days):
    found = whole_of(random_run(seed, count, days))
    tables = [*found["by_month"].values(), found["costs"]["total"], found["costs"]["reserve"]]
    tables += found["costs"]["assets"].values()
    for row in tables:
        terms = math.fsum(sign * row[name] for name, sign in TERMS.items())
        assert row["net_pnl"] == pytest.approx(terms, abs=1e-9 * CAPITAL)
    for month in found["by_month"].values():
        parts = month["closed_pnl"] + month["carried"] + month["broker_loss"]
        assert month["net_pnl"] == pytest.approx(parts, abs=1e-9 * CAPITAL)
    carried = math.fsum(month["carried"] for month in found["by_month"].values())
    assert carried == pytest.approx(0.0, abs=1e-9 * CAPITAL)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 6), st.integers(1, 40))
def test_the_makers_of_the_worst_fall_add_up_to_it_across_transfers(seed, count, days):
    fall = whole_of(random_run(seed, count, days))["drawdown"]
    if isinstance(fall, Undefined):
        return
    parts = math.fsum(fall["assets"].values()) + fall["reserve"]
    assert parts == pytest.approx(fall["money"], abs=1e-9 * CAPITAL)
    assert fall["assets"][fall["worst_asset"]] == min(fall["assets"].values())


def test_the_worst_fall_is_worked_by_hand(numbers):
    # From 1010 on Monday 10:00 to 985 on Tuesday 10:00: A 510 -> 505, B 400 -> 380.
    fall = numbers["drawdown"]
    assert fall["depth"] == pytest.approx(25 / 1010, rel=1e-14)
    assert (fall["money"], fall["assets"], fall["reserve"]) == (-25.0, {"A": -5.0, "B": -20.0}, 0.0)
    assert (fall["peak"], fall["valley"]) == ("2024-01-08T10:00:00Z", "2024-01-09T10:00:00Z")
    assert fall["shares"] == {"A": 0.2, "B": 0.8}
    assert fall["worst_asset"] == "B"


def test_a_fall_from_the_capital_itself_has_no_peak_on_the_clock():
    frame = samples.equity()
    frame[["A", "total"]] -= 100.0  # lost before the first step ends, and never made good
    result = summarise(samples.run(equity=frame))
    fall = result["attribution"]["drawdown"]
    assert fall["peak"] is None and fall["valley"] == "2024-01-09T10:00:00Z"
    assert (fall["money"], fall["assets"]) == (-115.0, {"A": -95.0, "B": -20.0})
    assert fall["reserve"] == pytest.approx(0.0, abs=1e-12)
    reason = result["undefined"]["attribution.drawdown.peak"]
    assert reason == "the peak was the capital before the first step"


def test_leaving_an_asset_out_compounds_the_days_of_the_others(numbers):
    a = np.array([5 / 1000, 0.0, 5 / 995, 30 / 1020])
    b = np.array([0.0, -10 / 1005, 20 / 995, -20 / 1020])
    out = numbers["leave_one_out"]
    assert "approximate" in out["label"]
    assert out["whole"]["total_return"] == pytest.approx(0.03, abs=1e-14)
    alone = out["without"]["B"]
    assert alone["total_return"] == pytest.approx(np.prod(1 + a) - 1, abs=1e-14)
    assert alone["sharpe"] == pytest.approx(a.mean() / a.std(ddof=1) * math.sqrt(365.25))
    assert alone["max_drawdown"] == 0.0
    effect = alone["total_return_effect"]
    assert effect == pytest.approx(0.03 - (np.prod(1 + a) - 1), abs=1e-14)
    # Without A: down by 10/1005, up by 20/995, down by 20/1020: the last fall is the deepest.
    assert out["without"]["A"]["max_drawdown"] == pytest.approx(-b[3], rel=1e-12)


def test_without_its_only_asset_an_account_does_nothing():
    found = whole_of(random_run(3, 1, 30))["leave_one_out"]["without"]["S00"]
    assert (found["total_return"], found["max_drawdown"]) == (0.0, 0.0)
    assert found["sharpe"] == Undefined("the daily returns do not vary")
    assert isinstance(found["sharpe_effect"], Undefined)


def test_no_trade_makes_no_group_and_the_months_still_add_up():
    run = samples.run()
    found = whole_of(samples.run(trades=run.trades.iloc[:0]))
    assert found["by_side"] == {} and found["by_hour"] == {}
    assert found["by_month"]["2024-01"]["carried"] == 30.0
    assert found["total"]["outside_trades"] == 30.0
    assert grouped(run.trades.iloc[:0], []) == {}


def test_an_account_that_was_not_played_has_no_attribution():
    result = summarise(samples.run(equity=samples.equity().iloc[:0]))
    assert result["attribution"] is None and result["frontier"] is None
    assert result["undefined"]["attribution"] == "the portfolio was not played"
