"""Runs without a risk rule: what they are compared with, and when they are not played."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from lockstep.core.errors import AssetError
from lockstep.core.result import RunResult
from lockstep.engine import counterfactual
from lockstep.engine.counterfactual import counterfactuals, without_rules
from lockstep.engine.plan import rules_of
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.risk.drawdown_scaling import DrawdownScaling
from tests.engine.markets import asset_configs, market, pairs_of, portfolio
from tests.kit import asset, flat_rows, make_bars, plan_of, unit

SYMBOLS = ("BTCUSD", "EURUSD", "XAUUSD")
RULES: dict[str, dict[str, Any]] = {
    "breaker": {"limit": 0.02, "resume": "days", "resume_days": 2},
    "drawdown_scaling": {"start_at": 0.005, "end_at": 0.02},
    "max_positions": {"limit": 1},
}
NUMBERS = ("final_equity", "max_drawdown", "trades")


@cache
def run(*rules: str, player: str = "kernel", asked: bool | None = None) -> RunResult:
    bars = market(SYMBOLS, 5, 30)
    risk = {name: RULES[name] for name in rules}
    config = portfolio(
        allocation="inverse_volatility", rebalance="weekly", min_history=5, risk=risk
    )
    configs = asset_configs(SYMBOLS, stop_multiplier=0.5, reward_risk=1.5)
    made = PortfolioBacktester(configs, config, player=player)
    return made.run(bars, pairs_of(bars), counterfactual=asked)


def outcome(result: RunResult) -> dict[str, Any]:
    total = result.equity["total"]
    peak = total.cummax().clip(lower=result.facts["capital"])
    return {
        "final_equity": total.iloc[-1],
        "max_drawdown": float((1.0 - total / peak).max()),
        "trades": len(result.trades),
    }


@pytest.mark.parametrize("rule", RULES)
def test_the_run_without_a_rule_is_the_run_that_never_had_it(rule: str) -> None:
    found = run(*RULES).facts["counterfactuals"]["runs"][rule]
    others = [name for name in RULES if name != rule]
    assert found == outcome(run(*others))
    assert found != outcome(run(*RULES))


def test_without_all_rules_is_the_run_that_has_none() -> None:
    assert run(*RULES).facts["counterfactuals"]["runs"]["all_rules"] == outcome(run())


def test_one_rule_alone_has_no_second_row_for_all_of_them() -> None:
    assert list(run("max_positions").facts["counterfactuals"]["runs"]) == ["max_positions"]


def test_the_cerebro_player_makes_the_same_runs_where_it_is_asked_to() -> None:
    asked = run(*RULES, player="cerebro", asked=True).facts["counterfactuals"]
    assert asked == run(*RULES).facts["counterfactuals"]


@pytest.mark.parametrize(
    ("rules", "player", "asked", "why"),
    [
        (("max_positions",), "cerebro", None, "only the compiled player plays"),
        (("max_positions",), "kernel", False, "were not asked for"),
        ((), "kernel", True, "has no risk rule"),
    ],
)
def test_where_none_is_played_the_facts_say_why(
    rules: tuple[str, ...], player: str, asked: bool | None, why: str
) -> None:
    facts = run(*rules, player=player, asked=asked).facts["counterfactuals"]
    assert why in facts["skipped"]
    assert facts["runs"] == {}


def test_the_other_rules_keep_what_they_took_from_the_rule_left_out() -> None:
    settings = portfolio(risk={"breaker": {"limit": 0.06}, "drawdown_scaling": {}})
    bars = make_bars("EURUSD", flat_rows(1.1, 3))
    plan = plan_of(asset(unit(), bars), rules=rules_of(settings))
    left = dict(without_rules(plan)["breaker"].rules)
    assert left == {"drawdown_scaling": DrawdownScaling(start_at=0.024, end_at=0.06)}


def test_a_strategy_that_fails_without_the_rule_is_told_and_the_others_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    played = counterfactual.play

    def fails_without_a_breaker(plan: Any, player: str, **_: Any) -> Any:
        if "breaker" not in dict(plan.rules):
            raise AssetError("EURUSD: met what the breaker kept from it", symbol="EURUSD")
        return played(plan, player)

    settings = portfolio(risk={"breaker": {"limit": 0.2}, "max_positions": {"limit": 1}})
    bars = make_bars("EURUSD", flat_rows(1.1, 3))
    plan = plan_of(asset(unit(), bars), rules=rules_of(settings))
    monkeypatch.setattr(counterfactual, "play", fails_without_a_breaker)
    runs = counterfactuals(plan, "kernel")["runs"]
    assert runs["breaker"] == {"failed": "EURUSD: met what the breaker kept from it"}
    assert runs["max_positions"] == {"final_equity": 1e5, "max_drawdown": 0.0, "trades": 0}
