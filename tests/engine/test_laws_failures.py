"""What a failing asset, a stated half and an empty schedule do to a portfolio."""

from __future__ import annotations

import errno
from typing import Any

import numpy as np
import pytest

from lockstep.core.bars import Bars
from lockstep.core.calendar import HOUR_NS
from lockstep.core.errors import ConfigError, IdentityError, StorageError, failure_of
from lockstep.core.result import RunResult
from lockstep.core.signals import Signals
from lockstep.engine.cerebro.account import Account
from lockstep.engine.cerebro.strategy import LockstepStrategy
from lockstep.engine.plan import spread_of
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.strategies.breakout import BreakoutStrategy
from tests.engine import failing
from tests.engine.markets import MONDAY, asset_configs, market, portfolio
from tests.kit import asset, flat_rows, make_bars, plan_of, play_checked, unit

LATE = ("GBPUSD", "tests.engine.failing:BreaksLate")


def run(
    symbols: list[str], config: Any, replace: tuple[str, str] | None = None, days: int = 28
) -> RunResult:
    configs = asset_configs(symbols)
    if replace:
        symbol, path = replace
        change = {"strategy": path, "parameters": {}}
        configs = [c.model_copy(update=change) if c.symbol == symbol else c for c in configs]
    return PortfolioBacktester(configs, config).run(market(symbols, 1, days))


def fixed(**fractions: float) -> Any:
    return portfolio(allocation="fixed", allocation_parameters={"fractions": fractions})


@pytest.mark.parametrize("symbols", [["EURUSD", "GBPUSD"], ["EURUSD"]])
def test_a_stated_half_is_a_half_even_if_nothing_else_is_traded(symbols: list[str]) -> None:
    weights = run(symbols, fixed(EURUSD=0.5)).weights
    assert weights["EURUSD"].tolist()[0] == 0.5
    assert weights["reserve"].tolist()[0] == 0.5


def test_the_share_of_a_failed_asset_stays_in_cash_through_every_rebalance() -> None:
    config = portfolio(on_asset_error="cash", rebalance="weekly")
    weights = run(["EURUSD", "GBPUSD", "XAUUSD"], config, LATE).weights
    assert len(weights) > 2
    assert weights["reserve"].tolist() == pytest.approx([1 / 3] * len(weights))


def test_a_failed_asset_in_cash_does_not_keep_a_model_from_acting_once() -> None:
    config = portfolio(
        on_asset_error="cash", rebalance="none", allocation="inverse_volatility", min_history=5
    )
    assert len(run(["EURUSD", "GBPUSD", "XAUUSD"], config, LATE).weights) == 2


def test_a_signal_strategy_that_raises_is_a_failing_asset_and_the_others_are_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = BreakoutStrategy.signals

    def wrong(self: BreakoutStrategy, bars: Bars, indicators: dict[str, Any]) -> Signals:
        if bars.symbol == "GBPUSD":
            raise ValueError("no data today")
        return right(self, bars, indicators)

    monkeypatch.setattr(BreakoutStrategy, "signals", wrong)
    result = run(["EURUSD", "GBPUSD"], portfolio())
    assert list(result.facts["failed"]) == ["GBPUSD"]
    assert "ValueError: no data today" in result.facts["failed"]["GBPUSD"]
    assert result.facts["status"] == "partial"
    assert list(result.solo_equity.columns) == ["EURUSD"]


class OnlyTogether(LockstepStrategy):
    """Breaks once its sleeve holds less than the full capital: never in its solo run."""

    def next(self) -> None:
        if self.broker.getvalue() < 99_999:
            raise ValueError("too poor")


@pytest.mark.parametrize(("mode", "status"), [("fail", "partial"), ("drop", "complete")])
def test_an_asset_that_fails_only_in_the_portfolio_does_not_lose_the_solo_runs(
    mode: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(failing, "OnlyTogether", OnlyTogether, raising=False)
    wrong = ("GBPUSD", "tests.engine.failing:OnlyTogether")
    result = run(["EURUSD", "GBPUSD"], portfolio(on_asset_error=mode), wrong, days=5)
    assert list(result.facts["failed"]) == ["GBPUSD"]
    assert result.facts["status"] == status
    assert "EURUSD" in result.solo_equity.columns


def test_the_spread_of_a_bar_does_not_depend_on_later_bars() -> None:
    hours = MONDAY + np.array([4 * 24 + 20, 6 * 24 + 22, 6 * 24 + 23]) * HOUR_NS
    table = unit(spread=tuple(float(hour) for hour in range(24)))
    assert spread_of(table, hours[:2], HOUR_NS)[0] == spread_of(table, hours, HOUR_NS)[0]


def test_a_schedule_without_any_weight_says_so() -> None:
    with pytest.raises(ConfigError, match="every weight is zero"):
        run(["EURUSD", "GBPUSD"], portfolio(allocation="fixed"))


def test_an_account_that_does_not_sum_up_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    right = Account._sums

    def drifting(self: Account) -> None:
        right(self)
        self.equity += 5.0

    monkeypatch.setattr(Account, "_sums", drifting)
    bars = make_bars("EURUSD", flat_rows(1.1, 5))
    with pytest.raises(IdentityError, match="sleeves and reserve sum to"):
        play_checked(plan_of(asset(unit(), bars)))


def test_an_interruption_is_never_taken_for_a_failing_asset() -> None:
    """Compiled code turns Ctrl-C into a SystemError that the interruption caused."""
    wrapped = SystemError("returned a result with an exception set")
    wrapped.__cause__ = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        failure_of("EURUSD", wrapped)


def test_a_failure_names_the_line_it_came_from() -> None:
    try:
        int("seven")
    except ValueError as error:
        failure = failure_of("EURUSD", error)
    assert "ValueError" in str(failure)
    assert "(test_laws_failures.py:" in str(failure)
    assert failure.symbol == "EURUSD"


def test_a_full_disk_is_never_taken_for_a_failing_asset() -> None:
    """What is compiled for a strategy is written to the user's cache."""
    full = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(StorageError, match=r"no room for compiled code.*of EURUSD.*No space left"):
        failure_of("EURUSD", full)
