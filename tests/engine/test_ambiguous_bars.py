"""What a run says of ambiguous bars: exact re-runs by the compiled player, else priced alone."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from lockstep.core.result import RunResult
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.ledger.exits import AMBIGUOUS_RULES
from tests.engine.markets import asset_configs, market, pairs_of, portfolio

SYMBOLS = ("BTCUSD", "EURUSD", "XAUUSD")
TIGHT: dict[str, Any] = {"stop_multiplier": 0.5, "reward_risk": 1.5}
WIDE: dict[str, Any] = {"stop_multiplier": 20.0}


@cache
def run(rule: str, model: str = "inverse_volatility", player: str = "kernel") -> RunResult:
    return backtest(TIGHT, rule, model, player)


def backtest(parameters: dict[str, Any], rule: str, model: str, player: str) -> RunResult:
    bars = market(SYMBOLS, 5, 30)
    config = portfolio(allocation=model, ambiguous_bar=rule, rebalance="weekly", min_history=5)
    configs = asset_configs(SYMBOLS, **parameters)
    return PortfolioBacktester(configs, config, player=player).run(bars, pairs_of(bars))


def net_pnl(result: RunResult) -> float:
    return float(result.equity["total"].iloc[-1] - result.facts["capital"])


@pytest.mark.parametrize("model", ["inverse_volatility", "equal_weight"])
@pytest.mark.parametrize("rule", AMBIGUOUS_RULES)
def test_each_run_knows_to_the_bit_what_the_other_rules_would_have_made(
    rule: str, model: str
) -> None:
    expected = {other: net_pnl(run(other, model)) for other in AMBIGUOUS_RULES}
    assert run(rule, model).facts["ambiguous"] == {"method": "exact", **expected}


def test_the_runs_compared_differ_by_more_than_their_ambiguous_exits() -> None:
    first, target = run("stop_first"), run("target_first")
    assert first.trades["ambiguous"].sum() >= 4
    assert net_pnl(first) < net_pnl(target)
    static = first.trades["pnl_target_first"].sum()
    assert abs(static - net_pnl(target)) > 1.0
    assert not first.weights.equals(target.weights)


def test_the_cerebro_player_prices_each_exit_alone_and_does_not_know_the_nearest() -> None:
    result = run("stop_first", player="cerebro")
    assert result.facts["ambiguous"] == {
        "method": "static",
        "stop_first": pytest.approx(result.trades["net_pnl"].sum(), abs=1e-6),
        "target_first": pytest.approx(result.trades["pnl_target_first"].sum(), abs=1e-6),
        "nearest_to_open": None,
    }


def test_without_an_ambiguous_exit_every_rule_makes_the_same() -> None:
    result = backtest(WIDE, "target_first", "inverse_volatility", "kernel")
    assert len(result.trades) > 5
    made = net_pnl(result)
    assert result.facts["ambiguous"] == {"method": "exact"} | dict.fromkeys(AMBIGUOUS_RULES, made)
