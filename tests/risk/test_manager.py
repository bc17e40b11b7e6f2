from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from lockstep.core.codes import CODE, DECISIONS
from lockstep.core.errors import ConfigError
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.risk.breaker import Breaker
from lockstep.risk.correlation_scaling import CorrelationScaling
from lockstep.risk.currency_exposure import CurrencyExposure
from lockstep.risk.daily_loss import DailyLoss
from lockstep.risk.drawdown_scaling import DrawdownScaling
from lockstep.risk.gross_exposure import GrossExposure
from lockstep.risk.halts import Halts
from lockstep.risk.manager import (
    ACCOUNT_SENTENCES,
    PortfolioRiskManager,
    in_order,
    render,
    sentences,
)
from lockstep.risk.max_positions import MaxPositions
from lockstep.risk.net_exposure import NetExposure
from lockstep.risk.rule import Guard, Verdict
from tests.risk.states import LONG, at, state_of

NAN = float("nan")
ALL_DAY = Halts((("2025-01-15", "2025-01-16"),))


def every_rule() -> tuple[tuple[str, Any], ...]:
    return in_order([(name, risk_rules.get(name)()) for name in risk_rules.names()])


# Order ----------------------------------------------------------------------------------------


def test_rules_act_in_the_documented_precedence_whatever_their_order_in_a_config() -> None:
    expected = [
        "breaker",
        "daily_loss",
        "halts",
        "max_positions",
        "gross_exposure",
        "net_exposure",
        "currency_exposure",
        "asset_exposure",
        "drawdown_scaling",
        "correlation_scaling",
    ]
    assert [name for name, _ in every_rule()] == expected
    assert [name for name, _ in in_order(reversed(every_rule()))] == expected


def test_rules_of_one_precedence_follow_their_names() -> None:
    @dataclass(frozen=True)
    class Own:
        precedence: ClassVar[int] = 10
        sentences: ClassVar[dict[str, str]] = {}

        def start(self) -> Guard:
            return Guard()

    named = [("zebra", Own()), ("breaker", Breaker()), ("aardvark", Own())]
    assert [name for name, _ in in_order(named)] == ["aardvark", "breaker", "zebra"]


def test_drawdown_scaling_ends_where_the_breaker_trips_unless_it_says_so() -> None:
    rules = dict(in_order([("drawdown_scaling", DrawdownScaling()), ("breaker", Breaker(0.2))]))
    assert rules["drawdown_scaling"] == DrawdownScaling(0.10, 0.20, 0.25)
    stated = DrawdownScaling(0.10, 0.15, 0.25)
    assert (
        dict(in_order([("drawdown_scaling", stated), ("breaker", Breaker(0.2))]))[
            "drawdown_scaling"
        ]
        is stated
    )


def test_drawdown_scaling_without_an_end_needs_a_breaker() -> None:
    with pytest.raises(ConfigError, match=r"drawdown_scaling\.end_at is missing and there is no b"):
        in_order([("drawdown_scaling", DrawdownScaling())])
    with pytest.raises(ConfigError, match=r"start_at is 0\.3; expected below the breaker's limit"):
        in_order([("drawdown_scaling", DrawdownScaling(0.3)), ("breaker", Breaker(0.25))])
    with pytest.raises(ConfigError, match=r"start_at is 0\.25; expected below the breaker's limit"):
        in_order([("drawdown_scaling", DrawdownScaling(0.25)), ("breaker", Breaker(0.25))])


# What it asks -----------------------------------------------------------------------------------


def test_the_first_rule_in_precedence_gives_the_reason_of_a_block() -> None:
    rules = in_order(
        [("halts", ALL_DAY), ("breaker", Breaker()), ("max_positions", MaxPositions(1))]
    )
    manager = PortfolioRiskManager(rules)
    state = state_of("EURUSD", "GBPUSD", side=[0, 1])
    blocked = manager.block(state, LONG)
    assert blocked is not None
    assert blocked.code == CODE["blocked_halts"]
    assert [v.code for v in manager.step(at(state, 70_000.0))] == [CODE["breaker_trip"]]
    blocked = manager.block(state, LONG)
    assert blocked is not None
    assert blocked.code == CODE["blocked_breaker"]


def test_without_a_reason_nothing_is_blocked() -> None:
    manager = PortfolioRiskManager(every_rule())
    assert manager.step(state_of("EURUSD")) == []
    assert manager.block(state_of("EURUSD"), LONG) is None


def test_breaker_and_daily_loss_speak_in_one_step_in_that_order() -> None:
    rules = in_order([("daily_loss", DailyLoss(0.05)), ("breaker", Breaker(0.25))])
    verdicts = PortfolioRiskManager(rules).step(at(state_of("EURUSD"), 75_000.0))
    assert [v.code for v in verdicts] == [CODE["breaker_trip"], CODE["daily_loss_trip"]]


def test_factors_come_one_a_scaling_rule_under_its_name() -> None:
    rules = in_order(
        [
            ("correlation_scaling", CorrelationScaling(0.8, 0.0)),
            ("drawdown_scaling", DrawdownScaling(0.10, 0.20, 0.25)),
            ("breaker", Breaker()),
        ]
    )
    manager = PortfolioRiskManager(rules)
    assert manager.factor_names == ("drawdown_scaling", "correlation_scaling")
    state = state_of("EURUSD", "GBPUSD", side=[0, 1], known={(0, 1): (0.9, 60)})
    manager.step(at(state, 85_000.0))
    factors, verdicts = manager.factors(state, LONG)
    assert factors == pytest.approx((0.625, 0.5))
    assert [DECISIONS[v.code] for v in verdicts] == ["drawdown_scaling", "correlation_scaling"]


def test_drawdown_scaling_forgets_the_drawdown_in_the_step_the_breaker_resumes() -> None:
    rules = in_order(
        [
            ("breaker", Breaker(0.25, resume="days", resume_days=1)),
            ("drawdown_scaling", DrawdownScaling(0.10, 0.0, 0.25)),
        ]
    )
    manager, state = PortfolioRiskManager(rules), state_of("EURUSD")
    manager.step(at(state, 75_000.0, "2025-01-15T10:00"))
    assert manager.factors(state, LONG)[0] == (0.25,)
    assert manager.is_restless
    manager.step(at(state, 75_000.0, "2025-01-16T10:00"))
    assert manager.factors(state, LONG)[0] == (1.0,)
    assert state.resumed
    manager.step(at(state, 75_000.0, "2025-01-16T10:05"))
    assert not state.resumed
    assert not manager.is_restless


def test_every_limit_gives_its_room_and_unlimited_ones_are_left_out() -> None:
    rules = in_order(
        [
            ("net_exposure", NetExposure(2.0)),
            ("gross_exposure", GrossExposure(5.0)),
            ("currency_exposure", CurrencyExposure(3.0)),
        ]
    )
    manager = PortfolioRiskManager(rules)
    state = state_of("EURUSD", "GBPUSD", exposure=[0.0, 150_000.0])
    assert manager.rooms(state, LONG) == [
        (CODE["gross_exposure"], 350_000.0),
        (CODE["net_exposure"], 50_000.0),
        (CODE["currency_exposure"], 150_000.0),
    ]


def test_a_rule_is_asked_only_for_what_it_does() -> None:
    class Silent(Guard):
        pass

    @dataclass(frozen=True)
    class Nothing:
        precedence: ClassVar[int] = 1
        sentences: ClassVar[dict[str, str]] = {}

        def start(self) -> Guard:
            return Silent()

    manager = PortfolioRiskManager([("nothing", Nothing())])
    assert manager.factor_names == ()
    assert not manager.is_restless
    assert manager.factors(state_of("EURUSD"), LONG) == ((), [])
    assert manager.rooms(state_of("EURUSD"), LONG) == []


def test_what_a_guard_does_not_override_lets_everything_pass() -> None:
    guard, state = Guard(), state_of("EURUSD")
    assert guard.step(state) is None
    assert guard.block(state, LONG) is None
    assert guard.factor(state, LONG) == (1.0, None)
    assert guard.room(state, LONG) == float("inf")


# Sentences --------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", DECISIONS)
def test_every_decision_has_a_sentence_that_reads_with_and_without_numbers(code: str) -> None:
    template = sentences(every_rule())[code]
    for before, after in ((0.25, 0.5), (NAN, NAN), (12_345.678, NAN), (-3.0, 0.0)):
        text = render(template, "EURUSD", before, after)
        assert text.endswith(".")
        assert text[0].isupper()
        assert "nan" not in text.lower().replace("financ", "")
        assert "{" not in text


def test_no_sentence_is_written_for_a_code_that_does_not_exist() -> None:
    assert set(sentences(every_rule())) == set(DECISIONS)


def test_a_sentence_names_the_asset_and_both_numbers() -> None:
    said = render(ACCOUNT_SENTENCES["margin_cut"], "EURUSD", 1.25, 0.5)
    assert said == "The entry of EURUSD was cut from 1.25 to 0.5 lots by free margin."
    table = sentences([("breaker", Breaker())])
    assert render(table["breaker_trip"], "account", 0.2512, 0.25) == (
        "Drawdown 25.12% reached the breaker's limit of 25.00%: entries are blocked."
    )
    assert render(table["breaker_resume"], "account", 100_000.0, 76_000.0) == (
        "The breaker resumes trading; its peak moves from 100,000.00 to 76,000.00."
    )


def test_a_number_that_is_not_there_reads_as_none() -> None:
    said = render(ACCOUNT_SENTENCES["stop_out"], "EURUSD", 0.483, NAN)
    assert said == ("Stop-out: the broker closed EURUSD; the margin level was 48.3%, then none.")


def test_a_users_own_rule_brings_its_own_sentence() -> None:
    class Half(Guard):
        factor_name = "half"

        def factor(self, state: AccountState, entry: Entry) -> tuple[float, Verdict | None]:
            return 0.5, Verdict(CODE["rule_factor"], 1.0, 0.5)

    @dataclass(frozen=True)
    class HalfRule:
        precedence: ClassVar[int] = 85
        sentences: ClassVar[dict[str, str]] = {"rule_factor": "{asset} was halved."}

        def start(self) -> Guard:
            return Half()

    rules = in_order([("half", HalfRule()), ("breaker", Breaker())])
    assert PortfolioRiskManager(rules).factor_names == ("half",)
    assert render(sentences(rules)["rule_factor"], "EURUSD", 1.0, 0.5) == "EURUSD was halved."


def test_the_default_start_of_scaling_fits_a_breaker_that_trips_early() -> None:
    rules = dict(
        in_order([("breaker", Breaker(limit=0.05)), ("drawdown_scaling", DrawdownScaling())])
    )
    assert rules["drawdown_scaling"].start_at == 0.4 * 0.05
    assert rules["drawdown_scaling"].end_at == 0.05
