"""The doctor: each finding just beyond its threshold, and none just within it."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.core.bars import Bars
from lockstep.core.result import RunResult
from lockstep.data.oddities import oddities
from lockstep.metrics.doctor import account, costs, data, evidence
from lockstep.metrics.doctor.finding import SEVERITIES, Case, Finding
from lockstep.metrics.doctor.table import CHECKS, checks_of, findings
from lockstep.metrics.summary import summarise
from tests.report.results import (
    clock_of,
    decisions_of,
    facts_of,
    made,
    names,
    partial,
    trades_of,
    without_trades,
)

DAYS = 40
PNL = np.where(np.arange(DAYS)[:, None] % 2 == 0, 110.0, -100.0) * np.ones((1, 2))
LOOK = {check.code: check.look for check in CHECKS}
A, B = names(2)
KEYS = ["code", "severity", "asset", "value", "unit", "sentence", "advice"]
#: Fires, does not fire: (result, metrics) of each.
Pair = tuple["Given", "Given"]


@dataclasses.dataclass(frozen=True)
class Given:
    """A result, and what stands in its metrics.json instead of what it says."""

    result: RunResult
    metrics: dict[str, Any]

    def found(self, code: str) -> list[Finding]:
        return list(LOOK[code](Case(self.result, self.metrics)))


@cache
def plain() -> Given:
    result = made(2, DAYS, pnl=PNL)
    return Given(result, summarise(result))


def given(metrics: dict[str, Any] | None = None, **changes: Any) -> Given:
    """Return a run of two assets over 40 days, changed; `metrics` by dotted path."""
    result = made(2, DAYS, pnl=PNL, **changes) if changes else plain().result
    numbers = copy.deepcopy(plain().metrics if not changes else summarise(result))
    for path, value in (metrics or {}).items():
        *way, last = path.split(".")
        node = numbers
        for key in way:
            node = node.setdefault(key, {})
        node[last] = value
    return Given(result, numbers)


def facts(**changes: Any) -> dict[str, Any]:
    return facts_of(names(2), DAYS, **changes)


def by_metric(path: str, beyond: Any, within: Any, **also: Any) -> Callable[[], Pair]:
    """Return a pair that differs in one number."""
    return lambda: (given({path: beyond, **also}), given({path: within, **also}))


def by_facts(beyond: dict[str, Any], within: dict[str, Any]) -> Callable[[], Pair]:
    return lambda: (given(facts=facts(**beyond)), given(facts=facts(**within)))


def by_trades(beyond: dict[str, Any], within: dict[str, Any]) -> Callable[[], Pair]:
    """Return a pair that differs in columns of the first asset's trades."""

    def pair() -> Pair:
        both = []
        for columns in (beyond, within):
            trades = trades_of(PNL, names(2), bars_held=2)
            for name, values in columns.items():
                trades.loc[trades["asset"] == A, name] = values
            both.append(given(trades=trades))
        return both[0], both[1]

    return pair


def ranges(end: str, begin: str = "2025-01-06T00:00:00Z") -> dict[str, Any]:
    last = "2025-02-14T23:00:00Z"
    whole = {"first": "2025-01-06T00:00:00Z", "last": last, "bars": 1}
    return {"ranges": {A: whole, B: {"first": begin, "last": end, "bars": 1}}}


def held(hours: int) -> Given:
    """Return a run in which the first asset's position is open while its bars stay away."""
    clock = clock_of(DAYS)
    solo = pd.DataFrame({A: 1.0, B: 1.0}, index=clock)
    solo.loc[clock[35] : clock[34 + hours - 1], A] = np.nan  # from Tuesday on
    trades = trades_of(PNL, names(2))
    trades.loc[trades.index[2], "exit_time"] = clock[34 + hours]  # entered on Tuesday at 10:00
    return given(solo_equity=solo, trades=trades)


def weekend(r_multiple: float) -> Given:
    """Return a run in which a stop is passed at the first bar after a weekend."""
    clock = clock_of(DAYS)
    solo = pd.DataFrame({A: 1.0, B: 1.0}, index=clock)
    solo.loc[clock[5 * 24] : clock[7 * 24 - 1]] = np.nan
    trades = trades_of(PNL, names(2))
    at = trades.index[8]
    trades.loc[at, "exit_time"] = clock[7 * 24]
    trades.loc[at, "exit_reason"] = "gap_stop"
    trades.loc[at, "r_multiple"] = r_multiple
    return given(solo_equity=solo, trades=trades)


def idle(days: int) -> Given:
    """Return a run whose first asset trades hourly, then not for some days, then once."""
    clock = clock_of(DAYS)
    entries = [*clock[:40], clock[39 + 24 * days]]
    trades = trades_of(np.full((41, 1), 1.0), [A])
    trades["entry_time"] = np.array(entries, dtype="datetime64[ns]")
    solo = pd.DataFrame(1.0, index=clock[: 40 + 24 * days], columns=names(2))
    return given(trades=trades, solo_equity=solo)


def decided(*rows: tuple[str, str]) -> Given:
    return given(decisions=decisions_of(*((at, "D", "", code, 1.0, 1.0, ".") for at, code in rows)))


def lengthened(days: float) -> Given:
    one = given()
    equity = one.result.equity.copy()
    moments = equity.index.to_numpy().copy()
    moments[-1] = moments[0] + np.timedelta64(round(days * 24), "h")
    equity.index = pd.DatetimeIndex(moments, name="time")
    return dataclasses.replace(one, result=dataclasses.replace(one.result, equity=equity))


def costed(**block: float) -> dict[str, float]:
    """Return a block of metrics for both assets and the account."""
    base = {"gross_pnl": 100.0, "spread_cost": 1.0, "slippage_cost": 0.0}
    values = base | {"commission": 0.0, "swap": 0.0} | block
    return {
        f"{room}.{name}": value
        for room in ("portfolio", f"assets.{A}", f"assets.{B}")
        for name, value in values.items()
    }


PAIRS: dict[str, Callable[[], Pair]] = {
    "synthetic": by_facts({"sources": {A: {"sample": "x"}}}, {"sources": {A: {"file": "x"}}}),
    "in_sample": by_facts({"labels": [f"in-sample selection: {A}"]}, {"labels": ["preset: x"]}),
    "failed": by_facts({"failed": {A: "ValueError: x."}}, {"failed": {}}),
    "short_sample": lambda: (lengthened(364.9), lengthened(365)),
    "late_or_early": by_facts(ranges("2025-02-07T21:00:00Z"), ranges("2025-02-07T22:00:00Z")),
    "stale_marks": lambda: (held(37), held(36)),
    "unmoved_prices": lambda: (stale(4), stale(3)),
    "same_bar": by_trades({"bars_held": [1] * 13 + [2] * 27}, {"bars_held": [1] * 12 + [2] * 28}),
    "one_trade": by_metric("portfolio.best_trade", 40.01, 40.0, **{"portfolio.net_pnl": 100.0}),
    "one_asset": by_metric(f"assets.{B}.net_pnl", 0.0, 0.01, **{f"assets.{A}.net_pnl": 9.0}),
    "ambiguous_profit": lambda: (ambiguous(80.0), ambiguous(79.9)),
    "ambiguous_sign": by_metric("portfolio.ambiguous_pnl_interval", [-1.0, 2.0, 2.0], [0, 2, 2]),
    "ambiguous_width": by_metric(
        "portfolio.ambiguous_pnl_interval",
        [-9000.0, -7999.0, -6999.99],
        [-9000.0, -7999.0, -7000.0],
        **{"portfolio.net_pnl": -10_000.0},
    ),
    "open_at_end": lambda: (left_open(80.1), left_open(80.0)),
    "too_good": by_metric("portfolio.sharpe", 4.01, 4.0),
    "unproven": by_metric(
        "portfolio.probabilistic_sharpe_adjusted", 0.949, 0.95, **{"portfolio.sharpe": 1.0}
    ),
    "uncertain_wins": lambda: (wins(40), wins(60)),
    "few_trades": by_metric(f"assets.{A}.trades", 29, 30),
    "idle": lambda: (idle(31), idle(30)),
    "free_trading": lambda: (
        given(costed(spread_cost=0.0)),
        given(costed(spread_cost=0.0, commission=0.01)),
    ),
    "edge_eaten": lambda: (given(costed(spread_cost=100.0)), given(costed(spread_cost=99.9))),
    "no_edge": lambda: (given(costed(gross_pnl=0.0)), given(costed(gross_pnl=0.01))),
    "spread_eats": lambda: (given(costed(spread_cost=30.1)), given(costed(spread_cost=30.0))),
    "swap_eats": lambda: (given(costed(swap=-30.1)), given(costed(swap=-30.0))),
    "weekend_gaps": lambda: (weekend(-1.21), weekend(-1.2)),
    "low_margin": by_metric("portfolio.min_margin_level", 1.49, 1.5),
    "stop_outs": by_metric("portfolio.stop_outs", 1, 0),
    "broker_loss": by_metric("portfolio.broker_loss", 0.01, 0.0),
    "breaker_stuck": lambda: (
        decided(("2025-01-20", "breaker_trip")),
        decided(("2025-01-20", "breaker_trip"), ("2025-01-21", "breaker_resume")),
    ),
    "daily_losses": lambda: (decided(("2025-01-20", "daily_loss_trip")), decided()),
    "deep_drawdown": by_metric("portfolio.max_drawdown", 0.301, 0.30),
    "wiped_out": by_metric(f"solo.{A}.total_return", -0.9, -0.899),
    "correlated": by_metric(f"diversification.correlation.{A}.{B}", 0.81, 0.8),
    "worse_together": by_metric(
        "portfolio.net_pnl", -1.0, 0.0, **{"portfolio.weighted_solo_pnl": 1000.0}
    ),
    "not_as_asked": by_metric("portfolio.risk_taken_to_asked_median", 0.49, 0.5),
    "too_small": by_metric(f"assets.{A}.counts.min_lot", 11, 10, **{f"assets.{A}.trades": 90}),
    "unused_capital": by_metric("portfolio.reserve_share", 0.201, 0.2),
    "backfired": by_metric(
        "counterfactuals",
        {"breaker": {"final_equity_effect": -1.0, "max_drawdown_effect": 0.01}},
        {"breaker": {"final_equity_effect": -1.0, "max_drawdown_effect": 0.0}},
    ),
}  # fmt: skip


def stale(bars: int) -> Given:
    note = f"1 stale run of 2 or more identical bars; the longest, {bars} bars, from 2025-01-06."
    return given(facts=facts(notes={A: ["Another note.", note]}))


def ambiguous(money: float) -> Given:
    """Return a run of 400 net profit, of which ambiguous bars made so much and a hundredth."""
    trades = trades_of(PNL, names(2))
    trades["ambiguous"] = [True] + [False] * (len(trades) - 1)
    trades.loc[0, "net_pnl"] = money + 0.01
    return given({"portfolio.net_pnl": 400.0}, trades=trades)


def left_open(money: float) -> Given:
    trades = trades_of(PNL, names(2))
    trades.loc[0, ["net_pnl", "exit_reason"]] = [money, "data_end"]
    return given({"portfolio.net_pnl": -400.0}, trades=trades)


def wins(won: int) -> Given:
    """Return 80 trades, of which some won as much as the others lost."""
    trades = trades_of(PNL, names(2))
    trades["net_pnl"] = [100.0] * won + [-100.0] * (80 - won)
    return given(trades=trades)


def test_every_check_has_its_pair_and_a_name_of_its_own() -> None:
    assert sorted(PAIRS) == sorted(check.code for check in CHECKS)
    assert len(LOOK) == len(CHECKS)


@pytest.mark.parametrize("code", PAIRS)
def test_a_finding_stands_just_beyond_its_threshold_and_not_just_within(code: str) -> None:
    beyond, within = PAIRS[code]()
    fired = beyond.found(code)
    told = [one for one in findings(beyond.result, beyond.metrics) if one["code"] == code]
    assert fired
    assert len(told) == len(fired)
    assert all(list(one) == KEYS for one in told)
    assert within.found(code) == []
    for one in fired:
        assert one.severity in SEVERITIES
        assert one.size >= 1.0
        assert np.isfinite(one.value)
        assert one.sentence.endswith(".")
        assert one.advice[-1] in ".?)"


# Single numbers -----------------------------------------------------------------------------


def test_a_holiday_weekend_is_no_stale_mark_for_an_asset_that_sleeps_at_weekends() -> None:
    clock = clock_of(DAYS)
    weekday = clock.day_of_week
    solo = pd.DataFrame({A: np.where(weekday < 5, 1.0, np.nan), B: 1.0}, index=clock)
    trades = trades_of(PNL, names(2))
    trades.loc[8, "exit_time"] = clock[7 * 24]  # Friday 10:00 to Monday 00:00
    assert given(solo_equity=solo, trades=trades).found("stale_marks") == []
    always = solo.assign(**{A: 1.0})
    always.loc[clock[4 * 24 + 11] : clock[7 * 24 - 1], A] = np.nan
    (one,) = given(solo_equity=always, trades=trades).found("stale_marks")
    assert one.value == pytest.approx(62.0)


def test_the_note_of_unmoving_prices_is_the_one_the_quality_gate_writes() -> None:
    n = 60
    price = np.concatenate([np.linspace(1.0, 1.1, 20), np.full(40, 1.1)])
    time = np.arange(n, dtype=np.int64) * 3_600_000_000_000 + 1_736_121_600_000_000_000
    notes = oddities(Bars(A, 3_600_000_000_000, time, price, price, price, price, np.ones(n)), True)
    (one,) = given(facts=facts(notes={A: list(notes)})).found("unmoved_prices")
    assert one.value >= 40.0


def test_data_that_begin_late_or_end_early_are_one_finding_that_counts_the_days_of_the_fewest() -> (
    None
):
    # 41 trading days end at 22:00 UTC; B lacks the first 8 of them, or the last 10.
    late = given(facts=facts(**ranges("2025-02-14T23:00:00Z", begin="2025-01-14T00:00:00Z")))
    (one,) = late.found("late_or_early")
    assert (one.severity, one.value, one.asset) == ("medium", 8 / 41, B)
    assert one.sentence == (
        "The account was not one portfolio: all 2 assets had data on 33 of 41 trading days, only 1 "
        f"on 8 (19.5%). {B} (8 days) begins late. Figures of the whole run mix them all."
    )
    (early,) = given(facts=facts(**ranges("2025-02-05T21:00:00Z"))).found("late_or_early")
    assert (early.severity, early.value) == ("medium", 10 / 41)
    assert f"{B} (9 days) ends early." in early.sentence


def test_a_late_beginning_that_leaves_nine_tenths_of_the_days_is_only_worth_knowing() -> None:
    begins = {"first": "2025-01-14T00:00:00Z", "last": "2025-04-05T23:00:00Z", "bars": 1}
    whole = begins | {"first": "2025-01-06T00:00:00Z"}
    long = made(2, 90, facts=facts_of(names(2), 90, ranges={A: whole, B: begins}))
    (one,) = Given(long, summarise(long)).found("late_or_early")
    assert (one.severity, one.value) == ("low", 8 / 91)


def test_many_assets_that_end_early_are_named_the_earliest_first_and_counted() -> None:
    last = {0: "02-14T23", 1: "02-01T00", 2: "01-20T00", 3: "02-03T00", 4: "01-30T00"}
    spans = {
        name: {"first": "2025-01-06T00:00:00Z", "last": f"2025-{last[at]}:00:00Z", "bars": 1}
        for at, name in enumerate(names(5))
    }
    result = made(5, DAYS, facts=facts_of(names(5), DAYS, ranges=spans))
    (one,) = Given(result, summarise(result)).found("late_or_early")
    assert "ASSET02 (25 days), ASSET04 (15 days) and 2 more end early. Figures" in one.sentence
    assert one.asset == "ASSET01, ASSET02, ASSET03, ASSET04"
    # 1 asset on 12 days to the end, 2 on 2, 3 on 2, 4 on 10, all 5 on the first 15.
    assert "all 5 assets had data on 15 of 41 trading days, only 1 on 12 (29.3%)" in one.sentence


def test_a_failed_asset_spoils_a_portfolio_only_where_one_was_played() -> None:
    (played,) = given(facts=facts(failed={A: "it broke"})).found("failed")
    assert played.advice.endswith("the result is that of another portfolio.")
    left = partial()
    (alone,) = Given(left, summarise(left)).found("failed")
    assert alone.advice == "Mend it and run again: without it no portfolio was played."


def test_a_gain_that_becomes_a_loss_within_a_hundredth_of_the_capital_is_no_finding() -> None:
    apart = [
        given({"portfolio.net_pnl": -500.0, "portfolio.weighted_solo_pnl": alone})
        for alone in (500.0, 500.01)
    ]
    assert [len(one.found("worse_together")) for one in apart] == [0, 1]


@pytest.mark.parametrize(
    ("depth", "told"),
    [
        (0.5, "50.00% below its peak; 100% is"),
        (0.99985, "99.98% below its peak; more than 10,000%"),
    ],
)
def test_a_fall_of_nearly_everything_is_not_told_as_all_of_it(depth: float, told: str) -> None:
    (one,) = given({"portfolio.max_drawdown": depth}).found("deep_drawdown")
    assert told in one.sentence


def test_an_asset_without_a_trade_is_not_said_to_have_an_average() -> None:
    said = [
        given({f"assets.{A}.trades": count}).found("few_trades")[0].sentence for count in (0, 1)
    ]
    assert said[0] == f"{A} made no trade: nothing can be said of its strategy."
    assert said[1] == f"{A} made 1 trade; below 30 an average is chance."


@pytest.mark.parametrize(
    ("days", "told"), [(2, "2 days"), (1.5, "36 hours"), (0.0834, "2 hours"), (0.0, "0 hours")]
)
def test_a_run_of_hours_is_not_said_to_cover_no_day(days: float, told: str) -> None:
    (one,) = lengthened(days).found("short_sample")
    assert one.sentence.startswith(f"The run covers {told}: less than a year")


def test_a_solo_run_that_was_wiped_out_is_dated_by_the_day_it_never_came_back_from() -> None:
    clock = clock_of(DAYS)
    solo = pd.DataFrame({A: 100_000.0, B: 100_000.0}, index=clock)
    solo.loc[clock[48] : clock[71], A] = 9_000.0  # a dip on the third day
    solo.loc[clock[120] :, A] = 0.0  # the end on the sixth, 2025-01-11
    trades = trades_of(PNL, names(2))
    trades.loc[trades.index[[0, 2]], "exit_reason"] = "stop_out"
    (one,) = given(solo_equity=solo, solo_trades=trades).found("wiped_out")
    assert (one.severity, one.asset, one.value) == ("high", A, 1.0)
    assert one.sentence.startswith(
        f"Alone, {A} lost 100.00% of the full capital, 2 of its trades closed by the broker; it "
        "held less than 10% of it from 2025-01-11 on."
    )


def test_the_margin_level_below_one_is_worse() -> None:
    severity = [
        given({"portfolio.min_margin_level": level}).found("low_margin")[0].severity
        for level in (1.2, 0.99)
    ]
    assert severity == ["medium", "high"]


def test_the_correlation_limit_is_the_runs_own_where_it_states_one() -> None:
    rule = {"correlation_scaling": {"max_asset_correlation": 0.5}}
    config = {"portfolio": {"risk": rule}}
    path = f"diversification.correlation.{A}.{B}"
    (one,) = given({path: 0.6}, config=config).found("correlated")
    assert (one.asset, one.value) == (f"{A}, {B}", 0.6)
    assert given({path: 0.5}, config=config).found("correlated") == []


@pytest.mark.parametrize(("days", "fires"), [(18, False), (20, True)])
def test_correlations_and_sharpe_ratios_of_a_few_days_find_nothing(days: int, fires: bool) -> None:
    result = made(2, days, pnl=PNL[:days])
    numbers = summarise(result)
    numbers["diversification"]["correlation"] = {A: {B: 1.0}, B: {A: 1.0}}
    numbers["portfolio"]["sharpe"] = numbers["solo"][A]["sharpe"] = 100.0
    case = Case(result, numbers)
    found = [
        (check, one.asset) for check in ("correlated", "too_good") for one in LOOK[check](case)
    ]
    told = [("correlated", f"{A}, {B}"), ("too_good", ""), ("too_good", A)]
    assert found == (told if fires else [])


def test_a_loss_before_costs_is_told_of_the_account_and_of_each_asset() -> None:
    numbers = costed(gross_pnl=-50.0, spread_cost=100.0, swap=-10.0)
    whole, *assets = given(numbers).found("no_edge")
    assert (whole.severity, whole.value, whole.asset) == ("high", -50.0, "")
    assert "made -50.00 USD, after them -160.00" in whole.sentence
    assert [(one.severity, one.asset) for one in assets] == [("medium", A), ("medium", B)]
    assert given(numbers).found("edge_eaten") == []


def test_an_asset_without_trades_is_not_said_to_have_no_edge() -> None:
    numbers = costed(gross_pnl=0.0, spread_cost=0.0, trades=0)
    assert given(numbers).found("no_edge") == []


def test_a_segregated_margin_level_is_called_that_of_a_sleeve() -> None:
    config = {"portfolio": {"margin": "segregated"}}
    (one,) = given({"portfolio.min_margin_level": 1.2}, config=config).found("low_margin")
    assert one.sentence.startswith("The margin level of a sleeve fell to 120.0%")


@pytest.mark.parametrize("basis", ["account", "sleeve"])
def test_what_is_too_small_for_the_minimum_lot_is_what_sizes_hang_on(basis: str) -> None:
    small = {f"assets.{A}.counts.min_lot": 9000, f"assets.{A}.trades": 1}
    (one,) = given(small, config={"portfolio": {"size_on": basis}}).found("too_small")
    assert f"9,000 of 9,001 entries of {A}" in one.sentence
    assert f"the {basis} is too small" in one.sentence


def test_exact_reruns_decide_the_sign_where_there_are_any() -> None:
    one = {"portfolio.ambiguous_pnl_interval": [-1.0, 1.0, 1.0]}
    exact = {"portfolio.ambiguous_reruns": {"stop_first": 3.0, "target_first": 4.0}}
    assert given(one | exact).found("ambiguous_sign") == []
    (found,) = given(one).found("ambiguous_sign")
    assert found.value == 2.0


def test_a_pause_behind_a_breaker_that_never_resumed_is_the_breakers() -> None:
    whole = idle(35)
    trades = whole.result.trades.iloc[:-1]
    alone = dataclasses.replace(whole.result, trades=trades)
    assert Given(alone, whole.metrics).found("idle")
    trip = decisions_of(("2025-01-08", "D", "", "breaker_trip", 1.0, 1.0, "."))
    tripped = dataclasses.replace(alone, decisions=trip)
    assert Given(tripped, whole.metrics).found("idle") == []


def test_break_even_counts_how_much_wins_and_losses_are_worth() -> None:
    trades = trades_of(PNL, names(2))
    trades["net_pnl"] = [300.0] * 20 + [-100.0] * 60  # a quarter won, a quarter is needed
    (one,) = given(trades=trades).found("uncertain_wins")
    assert one.value == 0.25
    assert "25.0% breaks even" in one.sentence


def test_the_threshold_constants_are_those_that_were_asked_for() -> None:
    assert evidence.ONE_TRADE_SHARE == 0.40
    assert evidence.AMBIGUOUS_SHARE == 0.20
    assert evidence.SHARPE_LIMIT == 4.0
    assert evidence.FEW_TRADES == 30
    assert account.MARGIN_LEVEL == 1.5
    assert account.CORRELATION == 0.8
    assert costs.COST_SHARE == 0.30
    assert costs.GAP_LOSS_R == 1.2
    assert data.SHORT_DAYS == 365.0


def test_all_rules_together_are_told_only_if_they_are_not_one_rule_alone() -> None:
    one = {"final_equity_effect": -5.0, "max_drawdown_effect": 0.01}
    same = given({"counterfactuals": {"breaker": one, "all_rules": one}})
    assert ["breaker" in found.sentence for found in same.found("backfired")] == [True]
    more = given(
        {"counterfactuals": {"breaker": one, "all_rules": {**one, "final_equity_effect": -6.0}}}
    )
    assert len(more.found("backfired")) == 2


def test_the_costs_of_an_only_asset_are_the_accounts() -> None:
    result = made(1, DAYS, pnl=PNL[:, :1])
    numbers = copy.deepcopy(summarise(result))
    numbers["portfolio"] |= {"gross_pnl": 1.0, "spread_cost": 0.5}
    numbers["assets"][A] |= {"gross_pnl": 1.0, "spread_cost": 0.5}
    assert [one.asset for one in Given(result, numbers).found("spread_eats")] == [""]


# All together -------------------------------------------------------------------------------


def test_findings_stand_by_severity_then_by_how_far_beyond_then_by_name() -> None:
    one = given({"portfolio.max_drawdown": 0.9, "portfolio.sharpe": 4.4, "portfolio.stop_outs": 2})
    told = findings(one.result, one.metrics)
    ranks = [SEVERITIES.index(f["severity"]) for f in told]
    assert ranks == sorted(ranks)
    high = [f["code"] for f in told if f["severity"] == "high"]
    assert high == ["deep_drawdown", "stop_outs", "too_good"]  # 3 x, 2 x and 1.1 x


@pytest.mark.parametrize("result", [made(1), made(15, 5), without_trades(), partial()])
def test_any_result_can_be_looked_at_and_its_findings_are_in_the_summary(result: RunResult) -> None:
    numbers = summarise(result)
    assert numbers["findings"] == findings(result, numbers)


def test_without_a_portfolio_only_the_data_and_the_solo_runs_are_asked() -> None:
    told = summarise(partial())["findings"]
    assert [one["code"] for one in told if one["severity"] == "high"] == ["failed"]
    assert told[0]["sentence"] == "ASSET01 failed: division by zero in next()."
    assert {check.code for check in checks_of(False)} < {check.code for check in CHECKS}
