from __future__ import annotations

import dataclasses
from functools import cache
from typing import Any

import numpy as np
import pytest

from lockstep.core.audit import Audit
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.research import audit_costs as room
from lockstep.research.audit_costs import KINDS, Costs, audit_costs, scaled
from tests.research.subjects import subject

TRIO = ("BTCUSD", "EURUSD", "XAUUSD")


@cache
def audit() -> Audit:
    return audit_costs(subject(TRIO, days=42))


def row(kind: str, multiple: float) -> dict[str, Any]:
    rows = audit().tables[0].to_plain()
    return next(r for r in rows if (r["costs"], r["multiple"]) == (kind, multiple))


def run_with(**changes: Any) -> RunResult:
    """Run the same portfolio with instruments changed where they are configured."""
    given = subject(TRIO, days=42)
    configs = [
        asset.model_copy(update={"instrument": dataclasses.replace(asset.instrument, **changes)})
        for asset in given.assets
    ]
    changed = dataclasses.replace(given, assets=configs)
    return changed.backtester().run(given.bars, given.pairs)


def test_every_kind_and_all_of_them_are_played_at_four_multiples() -> None:
    rows = audit().tables[0].to_plain()
    assert [(r["costs"], r["multiple"]) for r in rows] == [
        (kind, multiple) for kind in (*KINDS, "all") for multiple in (0.0, 1.0, 2.0, 3.0)
    ]
    assert not audit().judges


def test_once_the_costs_is_the_run_itself_to_the_bit() -> None:
    plain = run_with()
    numbers = summarise(plain)["portfolio"]
    for kind in (*KINDS, "all"):
        found = row(kind, 1.0)
        assert found["final_equity"] == plain.equity["total"].iloc[-1]
        assert found["sharpe"] == pytest.approx(numbers["sharpe"], rel=1e-12)
        assert found["max_drawdown"] == pytest.approx(numbers["max_drawdown"], rel=1e-12)
        assert found["trades"] == numbers["trades"]
        paid = sum(numbers[name] for name in ("spread_cost", "slippage_cost", "commission"))
        assert found["paid"] == pytest.approx(paid - numbers["swap"], rel=1e-9)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("slippage", {"slippage": 0.0, "slippage_bps": 0.0}),
        ("swap", {"swap_long": 0.0, "swap_short": 0.0}),
        ("commission", {"commission_rate": 0.0, "commission_per_lot": 0.0}),
    ],
)
def test_without_a_cost_is_the_run_of_a_configuration_without_it(
    kind: str, changes: dict[str, float]
) -> None:
    plain = run_with(**changes)
    assert row(kind, 0.0)["final_equity"] == plain.equity["total"].iloc[-1]
    assert row(kind, 0.0)["final_equity"] != row(kind, 1.0)["final_equity"]


def test_a_spread_widens_the_ask_of_a_bid_and_both_sides_of_a_mid() -> None:
    given = subject(TRIO, days=5)
    prepared = given.backtester().prepare(given.bars, given.pairs)
    wide = scaled(prepared, Costs(spread=3.0))
    quoted = {asset.symbol: asset.instrument.quote_side for asset in prepared.assets}
    assert quoted == {"BTCUSD": "last", "EURUSD": "bid", "XAUUSD": "mid"}
    for before, after in zip(prepared.assets, wide.assets):
        close = given.bars[after.symbol].close
        assert np.array_equal(after.spread, 3.0 * before.spread)
        assert after.instrument.spread == tuple(3.0 * s for s in before.instrument.spread)
        if quoted[after.symbol] == "bid":
            assert after.bid_close is before.bid_close
        else:
            assert np.array_equal(after.bid_close, close - after.spread / 2.0)
        assert after.rate_close is before.rate_close
        assert after.entries is before.entries


def test_costs_are_scaled_in_every_form_an_instrument_has() -> None:
    given = subject(TRIO, days=5)
    prepared = given.backtester().prepare(given.bars, given.pairs)
    unit = scaled(prepared, Costs(slippage=2, swap=3, commission=0)).assets[0].instrument
    base = prepared.assets[0].instrument
    assert (unit.slippage_bps, unit.slippage) == (2 * base.slippage_bps, 0.0)
    assert (unit.swap_long, unit.swap_short) == (3 * base.swap_long, 3 * base.swap_short)
    assert (unit.commission_rate, unit.commission_per_lot) == (0.0, 0.0)
    assert unit.spread == base.spread


def with_net(monkeypatch: pytest.MonkeyPatch, net_of: Any) -> room.BreakEven:
    monkeypatch.setattr(room, "_net", lambda plays, multiple: net_of(multiple))
    plays = room._Plays(subject(["EURUSD"], days=5))
    return room._break_even(plays)


@pytest.mark.parametrize(
    ("net_of", "multiple", "words"),
    [
        (lambda m: 100.0 - 40.0 * m, 2.5, "Net P&L is zero at 2.5 times all costs; 1 is as"),
        (lambda m: 100.0 - 400.0 * m, 0.25, "at 0.25 times all costs; the configured costs are"),
        (lambda m: 100.0 - 10.0 * m, 10.0, "zero at 10 times"),
        (lambda m: -5.0 - m, None, "No break-even: without any costs it loses 5.00 USD."),
        (lambda m: 100.0 - m, None, "No break-even: still a profit at 10 times all costs."),
        # the first crossing counts, though it pays again beyond
        (lambda m: 5.0 if m < 1.25 or m > 2.5 else -5.0, 1.25, "zero at 1.25 times"),
    ],
)
def test_the_break_even_is_where_a_profit_first_ends(
    monkeypatch: pytest.MonkeyPatch, net_of: Any, multiple: float | None, words: str
) -> None:
    even = with_net(monkeypatch, net_of)
    assert words in even.sentence
    assert even.multiple == (None if multiple is None else pytest.approx(multiple, abs=0.011))


def test_the_break_even_of_a_real_portfolio_leaves_next_to_nothing() -> None:
    given = subject(TRIO, days=42, seed=4)
    multiple = audit_costs(given).tables[1].to_plain()[0]["multiple"]
    assert 2.0 < multiple < 3.0
    plays = room._Plays(given)
    below, above = (
        plays.at(room._costs("all", m))[0].net_pnl for m in (multiple - 0.02, multiple + 0.02)
    )
    assert below > 0.0 >= above


def test_nothing_is_played_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    plays = room._Plays(subject(["EURUSD"], days=14))
    first = plays.at(Costs(), Costs(), Costs(spread=2.0))
    assert first[0] is first[1]
    monkeypatch.setattr(room, "measure_many", lambda plans, *_, **__: [] if not plans else 1 / 0)
    assert plays.at(Costs())[0] is first[0]


def test_a_number_that_does_not_exist_is_none_with_its_reason() -> None:
    quiet = subject(["EURUSD"], days=14, parameters={"entry_period": 4000, "exit_period": 2})
    found = audit_costs(quiet)
    assert all(r["sharpe"] is None for r in found.tables[0].to_plain())
    assert found.tables[0].notes == ("No sharpe: the daily returns do not vary.",)
    assert found.verdict == "No break-even: without any costs it makes nothing."
