"""The solo-portfolio ledger: every solo trade finds its place, and the money adds up."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as draw

from lockstep.core.codes import DECISIONS, LINKS
from lockstep.core.result import RunResult
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.matching import STATUSES, Row, ledger_totals, solo_ledger
from tests.engine.markets import asset_configs, market, pairs_of, portfolio

HOUR = pd.Timedelta(hours=1).as_unit("ns")
FIRST = pd.Timestamp("2025-01-06").as_unit("ns")


def deal(signal: int = 0, leave: int = 3, **changes: Any) -> dict[str, Any]:
    """Return a trade decided at hour `signal` and closed at hour `leave`."""
    return {
        "trade_id": 1,
        "asset": "A",
        "side": "long",
        "signal_time": FIRST + signal * HOUR,
        "entry_time": FIRST + (signal + 1) * HOUR,
        "exit_time": FIRST + leave * HOUR,
        "exit_reason": "target",
        "lots": 1.0,
        "net_pnl": 100.0,
        "links": "",
    } | changes


def table(deals: list[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(
        deals, columns=list(dict.fromkeys([*deal(), *(k for d in deals for k in d)]))
    )


def result(
    solo: list[dict[str, Any]],
    own: list[dict[str, Any]],
    refused: list[tuple[int, str, str]] | None = None,
    **changes: Any,
) -> RunResult:
    """Return a run whose sleeve holds 250 of the 1000 that its solo run holds."""
    clock = pd.date_range(FIRST, periods=40, freq="h", name="time").as_unit("ns")
    decisions = pd.DataFrame(
        [(FIRST + hour * HOUR, asset, code) for hour, asset, code in refused or []],
        columns=["time", "asset", "code"],
    )
    facts = {"capital": 1000.0, "rules": ["net_exposure", "gross_exposure"], **changes}
    nothing = pd.DataFrame()
    equity = pd.DataFrame({"A": 250.0, "B": 500.0, "reserve": 250.0, "total": 1000.0}, index=clock)
    config = {"portfolio": {"size_on": changes.get("size_on", "sleeve")}}
    solos = pd.DataFrame({"A": 1000.0, "B": 1000.0}, index=clock)
    return RunResult(
        facts, config, equity, table(own), decisions, nothing, nothing, nothing, table(solo), solos
    )


def only(made: RunResult) -> Row:
    rows = list(solo_ledger(made).itertuples(index=False))
    assert len(rows) == 1
    return rows[0]  # type: ignore[return-value]


# What became of it --------------------------------------------------------------------------


def test_a_trade_at_the_sleeves_share_of_the_solo_size_is_taken() -> None:
    row = only(result([deal()], [deal(trade_id=7, lots=0.24, net_pnl=24.0)]))
    assert (row.status, row.reason, row.trade_id) == ("taken", "", 7)
    assert (row.size_factor, row.sleeve_factor, row.rules_factor) == (0.24, 0.25, 1.0)
    assert row.other_factor == pytest.approx(0.96)  # 0.25 lots floored to 0.24
    assert (row.at_sleeve, row.effect) == (25.0, -1.0)


def test_a_factor_of_a_rule_resizes_and_stands_apart_from_the_sleeves_share() -> None:
    own = deal(lots=0.1, net_pnl=10.0, factor_drawdown_scaling=0.4, factor_correlation_scaling=1.0)
    row = only(result([deal()], [own]))
    assert (row.status, row.reason) == ("resized", "drawdown_scaling")
    assert (row.sleeve_factor, row.rules_factor) == (0.25, 0.4)
    assert row.other_factor == pytest.approx(1.0)
    assert row.effect == -15.0


def test_two_factors_share_one_reason() -> None:
    own = deal(factor_drawdown_scaling=0.4, factor_correlation_scaling=0.5)
    assert only(result([deal()], [own])).reason == "correlation_scaling+drawdown_scaling"


@pytest.mark.parametrize(
    ("solo", "own", "status", "reason"),
    [
        ("leverage_cap", "leverage_cap", "taken", ""),
        ("", "gross_exposure", "resized", "gross_exposure"),
        ("", "net_exposure gross_exposure", "resized", "gross_exposure"),
        ("", "leverage_cap margin_cut", "resized", "margin_cut"),
        ("margin_cut", "", "resized", "solo_margin_cut"),
        ("max_lot", "leverage_cap", "resized", "solo_max_lot"),
        ("max_lot", "max_lot", "resized", "max_lot"),
        ("leverage_cap", float("nan"), "taken", ""),
    ],
)
def test_the_last_link_that_cut_made_the_size(
    solo: str, own: str, status: str, reason: str
) -> None:
    row = only(result([deal(links=solo)], [deal(links=own)]))
    assert (row.status, row.reason) == (status, reason)


def test_a_factor_behind_which_the_leverage_cap_cut_changed_nothing() -> None:
    own = deal(lots=0.25, links="leverage_cap", factor_drawdown_scaling=0.9)
    assert only(result([deal(links="leverage_cap")], [own])).status == "taken"


@pytest.mark.parametrize(
    ("solo", "own", "reason"),
    [
        ("target", "breaker", "breaker"),
        ("target", "stop_out", "stop_out"),
        ("stop_out", "target", "solo_stop_out"),
        ("target", "signal", "other_exit"),
    ],
)
def test_another_exit_changes_a_trade_and_says_who_forced_it(
    solo: str, own: str, reason: str
) -> None:
    row = only(
        result([deal(exit_reason=solo)], [deal(leave=2, exit_reason=own, lots=0.25, net_pnl=-9.0)])
    )
    assert (row.status, row.reason, row.effect) == ("changed", reason, -34.0)


@pytest.mark.parametrize("code", ["blocked_breaker", "min_lot", "rule_block", "blocked_halts"])
def test_a_decision_at_the_signal_blocks(code: str) -> None:
    row = only(result([deal()], [], [(0, "A", code), (0, "B", "blocked_no_rate")]))
    assert (row.status, row.reason) == ("blocked", code)
    assert (row.solo_net_pnl, row.at_sleeve, row.effect) == (100.0, 25.0, -25.0)
    assert np.isnan(row.net_pnl)
    assert row.trade_id is pd.NA


@pytest.mark.parametrize("code", ["no_margin", "cancelled_breaker", "stop_inside_spread"])
def test_a_decision_up_to_the_entry_blocks_but_not_one_of_the_signals_own_step(code: str) -> None:
    assert only(result([deal()], [], [(1, "A", code)])).reason == code
    assert only(result([deal()], [], [(0, "A", code)])).reason == "not_asked"
    assert only(result([deal()], [], [(2, "A", code)])).reason == "not_asked"


def test_what_only_notes_or_cuts_blocks_nothing() -> None:
    made = result([deal()], [], [(0, "A", "leverage_cap"), (0, "A", "correlation_unknown")])
    assert (only(made).status, only(made).reason) == ("changed", "not_asked")


def test_a_position_still_open_from_another_entry_stands_in_the_way() -> None:
    rows = solo_ledger(result([deal(3, 6)], [deal(1, 5, trade_id=9, net_pnl=4.0)]))
    changed, new = rows.sort_values("status").itertuples(index=False)
    assert (changed.status, changed.reason, changed.held_by) == ("changed", "in_position", 9)
    assert (new.status, new.reason, new.trade_id) == ("new", "solo_refused", 9)
    assert (changed.effect, new.effect) == (-25.0, 4.0)


def test_a_position_closed_on_the_bar_of_the_signal_is_not_in_the_way() -> None:
    rows = solo_ledger(result([deal(3, 6)], [deal(1, 3, trade_id=9)]))
    assert "in_position" not in set(rows["reason"])


def test_a_portfolio_trade_while_the_solo_run_was_busy_is_new() -> None:
    rows = solo_ledger(
        result([deal(0, 6)], [deal(2, 4, trade_id=2)], [(0, "A", "blocked_daily_loss")])
    )
    assert sorted(zip(rows["status"], rows["reason"])) == [
        ("blocked", "blocked_daily_loss"),
        ("new", "solo_in_position"),
    ]


def test_the_other_side_of_the_same_bar_is_another_trade() -> None:
    rows = solo_ledger(result([deal()], [deal(side="short")]))
    assert sorted(rows["status"]) == ["changed", "new"]


@pytest.mark.parametrize("fact", ["left_out", "failed"])
def test_an_asset_outside_the_portfolio_has_no_share_and_no_effect(fact: str) -> None:
    row = only(result([deal(asset="C")], [], **{fact: {"C": "why"}}))
    assert (row.status, row.reason) == ("blocked", fact)
    assert (row.sleeve_factor, row.at_sleeve, row.effect) == (0.0, 0.0, 0.0)


def test_sizes_on_the_account_are_shares_of_the_whole_account() -> None:
    row = only(result([deal()], [deal(lots=0.9)], size_on="account"))
    assert (row.sleeve_factor, row.status) == (1.0, "taken")


def test_without_a_trade_the_ledger_is_empty_and_its_totals_are_zero() -> None:
    totals = ledger_totals(solo_ledger(result([], [])))
    assert totals["assets"] == {}
    assert totals["total"]["solo_trades"] == totals["total"]["portfolio_pnl"] == 0


# In sum -------------------------------------------------------------------------------------


def holds_together(made: RunResult) -> dict[str, Any]:
    rows = solo_ledger(made)
    totals = ledger_totals(rows)
    for asset, block in [("", totals["total"]), *totals["assets"].items()]:
        solo, own = (
            frame if not asset else frame[frame["asset"] == asset]
            for frame in (made.solo_trades, made.trades)
        )
        assert sum(block[s] for s in STATUSES if s != "new") == block["solo_trades"] == len(solo)
        assert block["portfolio_trades"] == len(own)
        for status, reasons in block["reasons"].items():
            assert sum(one["trades"] for one in reasons.values()) == block[status]
        assert block["portfolio_pnl"] == pytest.approx(own["net_pnl"].sum(), abs=1e-6)
        together = block["at_sleeve_pnl"] + sum(block["effects"].values())
        assert together == pytest.approx(block["portfolio_pnl"], abs=1e-6)
    assert rows["solo_trade_id"].dropna().is_unique
    assert rows["trade_id"].dropna().is_unique
    return totals


_DEALS = draw.lists(
    draw.tuples(
        draw.sampled_from("AB"),
        draw.sampled_from(["long", "short"]),
        draw.integers(0, 30),
        draw.integers(1, 5),
        draw.sampled_from(["target", "stop_out", "breaker"]),
        draw.sampled_from(["", *LINKS]),
        draw.floats(-500, 500),
    ),
    max_size=12,
    unique_by=lambda one: one[:3],
)


def deals_of(drawn: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    return [
        deal(
            at, at + held, trade_id=number, asset=asset, side=side, exit_reason=why, links=link,
            net_pnl=net,
        )
        for number, (asset, side, at, held, why, link, net) in enumerate(drawn, 1)
    ]  # fmt: skip


@settings(max_examples=60)
@given(
    _DEALS,
    _DEALS,
    draw.lists(
        draw.tuples(draw.integers(0, 30), draw.sampled_from("AB"), draw.sampled_from(DECISIONS)),
        max_size=10,
    ),
)
def test_whatever_happened_every_trade_is_counted_once_and_the_money_adds_up(
    solo: list[Any], own: list[Any], refused: list[tuple[int, str, str]]
) -> None:
    if solo and own:
        holds_together(result(deals_of(solo), deals_of(own), refused))


@cache
def played(short_margin: str = "cut", **account: str) -> RunResult:
    symbols = ("BTCUSD", "EURUSD", "GBPUSD", "XAUUSD")
    bars = market(symbols, 5, 30)
    risk = {
        "breaker": {"limit": 0.02, "resume": "days", "resume_days": 2},
        "drawdown_scaling": {"start_at": 0.005, "end_at": 0.02},
        "max_positions": {"limit": 2},
        "gross_exposure": {"limit": 3.0},
    }
    config = portfolio(
        allocation="equal_weight",
        risk=risk,
        on_short_margin=short_margin,
        rebalance="weekly",
        **account,
    )
    configs = asset_configs(symbols, stop_multiplier=0.5, reward_risk=1.5)
    return PortfolioBacktester(configs, config, player="kernel").run(bars, pairs_of(bars))


@pytest.mark.parametrize("margin", ["cut", "reject"])
def test_a_played_portfolio_adds_up_and_knows_a_reason_for_everything(margin: str) -> None:
    made = played(margin)
    totals = holds_together(made)["total"]
    assert {"blocked_breaker", "blocked_max_positions"} <= set(totals["reasons"]["blocked"])
    assert any("drawdown_scaling" in reason for reason in totals["reasons"]["resized"])
    assert "not_asked" not in totals["reasons"]["changed"]  # its strategies are signals
    assert all(totals[status] for status in STATUSES)


@pytest.mark.parametrize("account", [{}, {"size_on": "account"}, {"margin": "segregated"}], ids=str)
def test_the_sleeves_share_is_that_of_the_risk_asked_for_before_the_rules(
    account: dict[str, str],
) -> None:
    made = played(**account)
    holds_together(made)
    rows = solo_ledger(made).dropna(subset=["solo_trade_id", "trade_id"])
    solo = made.solo_trades.set_index("trade_id")["risk_asked"].loc[rows["solo_trade_id"]]
    own = made.trades.set_index("trade_id")["risk_asked"].loc[rows["trade_id"]]
    asked = own.to_numpy() / rows["rules_factor"].to_numpy() / solo.to_numpy()
    assert rows["sleeve_factor"].to_numpy() == pytest.approx(asked, rel=1e-12)


def test_the_same_run_makes_the_same_rows_in_any_order_of_its_trades() -> None:
    made = played()
    mixed = RunResult(
        made.facts, made.config, made.equity, made.trades.iloc[::-1], made.decisions.iloc[::-1],
        made.weights, made.ledger, made.account, made.solo_trades.iloc[::-1], made.solo_equity,
    )  # fmt: skip
    pd.testing.assert_frame_equal(solo_ledger(made), solo_ledger(mixed))
