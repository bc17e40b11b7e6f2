"""The plan: signals, spreads, nights, rates and grid of one asset, the clock of all."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from lockstep.config.models import AssetConfig
from lockstep.core.bars import MINUTE_NS, Bars
from lockstep.core.calendar import HOUR_NS
from lockstep.core.errors import ConfigError, DataError
from lockstep.core.instrument import Instrument
from lockstep.core.signals import Signals
from lockstep.data.rates import Pair
from lockstep.engine.plan import (
    check_grid,
    has_weekend_days,
    nights_of,
    plan_asset,
    plan_run,
    rules_of,
    spread_of,
    terms_of,
    union_clock,
)
from lockstep.engine.weights import Schedule
from lockstep.risk.correlation_scaling import CorrelationScaling
from lockstep.strategies.breakout import BreakoutStrategy
from tests.engine.markets import UNITS, asset_configs, market, portfolio, random_bars
from tests.kit import asset, flat_rows, make_bars, plan_of, unit


def ns(text: str) -> int:
    return int(pd.Timestamp(text).as_unit("ns").value)


def times(*texts: str) -> np.ndarray:
    return np.array([ns(text) for text in texts], dtype=np.int64)


def planned(config: AssetConfig, bars: Bars, **given: Any) -> Any:
    terms: dict[str, Any] = {"account_currency": "USD", "pairs": (), "constants": {}}
    return plan_asset(config, bars, **terms | given)


# Spread ----------------------------------------------------------------------------------------


def test_a_spread_table_is_read_by_the_hour_of_its_zone_across_a_change_of_clocks() -> None:
    table = tuple(float(hour) for hour in range(24))
    new_york = unit(spread=table)
    labels = times("2025-03-07T15:00", "2025-03-07T15:55", "2025-03-10T15:00", "2025-03-10T15:05")
    # 15:00 UTC is 10:00 in New York before the clocks change on March 9th, 11:00 after.
    assert spread_of(new_york, labels, 5 * MINUTE_NS).tolist() == [10.0, 10.0, 11.0, 11.0]
    london = unit(spread=table, session_zone="Europe/London")
    assert spread_of(london, labels, 5 * MINUTE_NS).tolist() == [15.0] * 4


def test_above_hourly_bars_the_mean_of_the_table_applies() -> None:
    table = tuple(float(hour) for hour in range(24))
    labels = ns("2025-03-03") + 4 * HOUR_NS * np.arange(5)
    assert spread_of(unit(spread=table), labels, 4 * HOUR_NS).tolist() == [11.5] * 5
    assert spread_of(unit(spread=(0.25,)), labels, 4 * HOUR_NS).tolist() == [0.25] * 5


# Nights ----------------------------------------------------------------------------------------


def test_nights_count_every_rollover_between_two_bars_and_three_on_the_triple_day() -> None:
    """17:00 New York is 22:00 UTC in winter. From Tuesday to the Tuesday after: 1 + 3 + 1 + 1."""
    labels = times(
        "2025-01-14T21:55",  # Tuesday, before the rollover
        "2025-01-14T22:00",  # at it: it lies in (previous label, label]
        "2025-01-15T22:00",  # Wednesday's: three nights
        "2025-01-17T21:55",  # Thursday's
        "2025-01-19T22:00",  # Friday's; Saturday's and Sunday's count nothing
        "2025-01-21T12:00",  # Monday's
    )
    assert nights_of(unit(), labels).tolist() == [0, 1, 3, 1, 1, 1]
    friday = unit("US500", triple_day=4)
    assert nights_of(friday, labels).tolist() == [0, 1, 1, 1, 3, 1]
    assert nights_of(UNITS["BTCUSD"], labels).tolist() == [0, 1, 1, 1, 3, 1]


def test_nights_follow_new_yorks_clock_when_europe_has_not_changed_yet() -> None:
    """From March 9th to 30th 2025 the rollover is at 21:00 UTC, an hour earlier than before."""
    before = times("2025-03-06T20:55", "2025-03-06T21:00", "2025-03-06T22:00")
    after = times("2025-03-11T20:55", "2025-03-11T21:00", "2025-03-11T22:00")
    assert nights_of(unit(), before).tolist() == [0, 0, 1]
    assert nights_of(unit(), after).tolist() == [0, 1, 0]
    autumn = times("2025-10-30T20:55", "2025-10-30T21:00", "2025-11-04T21:00", "2025-11-04T22:00")
    # Thursday, Friday and (after the change on November 2nd) Monday in one hole, then Tuesday.
    assert nights_of(unit(), autumn).tolist() == [0, 1, 2, 1]


def test_the_first_bar_has_no_night_behind_it() -> None:
    assert nights_of(unit(), times("2025-01-15T22:00")).tolist() == [0]


# Signals ---------------------------------------------------------------------------------------


class Scripted(BreakoutStrategy):
    """A strategy whose signals are given."""

    given: Signals

    def signals(self, bars: Bars, indicators: dict[str, np.ndarray]) -> Signals:
        return type(self).given


def with_signals(monkeypatch: pytest.MonkeyPatch, signals: Signals, n: int = 4) -> Any:
    monkeypatch.setattr(Scripted, "given", signals, raising=False)
    monkeypatch.setattr(
        "lockstep.engine.said.strategies", type("Room", (), {"get": lambda self, name: Scripted})()
    )
    (config,) = asset_configs(["GBPUSD"])
    plan, _ = planned(config, make_bars("GBPUSD", flat_rows(1.0, n)))
    return plan


def test_entries_are_the_bars_with_a_side_and_missing_columns_are_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    side = np.array([0, 1, -1, 1], dtype=np.int8)
    stop = np.array([0.1, 0.2, np.nan, 0.4])
    strength = np.array([1.0, 3.0, np.nan, -1.0])
    plan = with_signals(monkeypatch, Signals(side, stop, strength=strength))
    rows = plan.entries
    assert rows.bar.tolist() == [1, 2, 3]
    assert rows.side.tolist() == [1, -1, 1]
    assert np.array_equal(rows.stop_distance, [0.2, np.nan, 0.4], equal_nan=True)
    assert rows.strength.tolist() == [1.0, 0.0, 0.0]  # into [0, 1]; NaN is 0
    assert rows.max_bars.tolist() == [0, 0, 0]
    for name in ("target_distance", "trail_trigger", "trail_distance", "be_trigger", "be_offset"):
        assert np.isnan(getattr(rows, name)).all()
    assert len(plan.exit) == 0


def test_without_strength_every_entry_is_of_full_strength(monkeypatch: pytest.MonkeyPatch) -> None:
    signals = Signals(np.array([0, 1, 0, -1], dtype=np.int8), np.full(4, 0.1))
    assert with_signals(monkeypatch, signals).entries.strength.tolist() == [1.0, 1.0]


def test_signals_that_do_not_match_the_bars_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Signals(np.zeros(3, dtype=np.int8), np.full(3, 0.1))
    with pytest.raises(ConfigError, match="gave 3 signals for 4 bars; expected one per bar"):
        with_signals(monkeypatch, short)


def test_wrong_parameters_are_refused_naming_the_asset() -> None:
    (config,) = asset_configs(["GBPUSD"], entry_perid=12)
    with pytest.raises(ConfigError, match=r"GBPUSD.parameters: entry_perid is unknown; did you"):
        planned(config, random_bars("GBPUSD", 1, 3))


# Prices and rates ------------------------------------------------------------------------------


@pytest.mark.parametrize("side, bid", [("bid", 1.0), ("mid", 0.95), ("last", 0.95)])
def test_bids_lie_half_a_spread_below_mid_and_last_quotes(side: str, bid: float) -> None:
    (config,) = asset_configs(["GBPUSD"])
    quoted = dataclasses.replace(config.instrument, quote_side=side, spread=(0.1,))
    plan, _ = planned(
        config.model_copy(update={"instrument": quoted}), make_bars("GBPUSD", flat_rows(1.0, 3))
    )
    for name in ("bid_open", "bid_high", "bid_low", "bid_close"):
        assert getattr(plan, name).tolist() == pytest.approx([bid] * 3)


def test_rates_are_known_at_the_open_and_after_the_close_and_never_earlier() -> None:
    """A pair known half an hour into each hour: the open sees the one before."""
    (config,) = asset_configs(["EURGBP"])
    bars = make_bars("EURGBP", flat_rows(0.85, 3), timeframe=HOUR_NS)
    known = bars.time + 30 * MINUTE_NS
    pair = Pair("GBP", "USD", known, np.array([1.2, 1.3, 1.4]))
    plan, _ = planned(config, bars, pairs=(pair,))
    assert np.array_equal(plan.rate_open, [np.nan, 1.2, 1.3], equal_nan=True)
    assert plan.rate_close.tolist() == [1.2, 1.3, 1.4]


def test_a_hand_written_strategy_is_named_in_the_plan_and_sees_prices_as_quoted() -> None:
    (config,) = asset_configs(["GBPUSD"])
    custom = config.model_copy(
        update={"strategy": "tests.engine.failing:BreaksLate", "parameters": {"bar": 7}}
    )
    plan, notes = planned(custom, make_bars("GBPUSD", flat_rows(1.0, 3)), folders=("mine",))
    assert (plan.custom.path, plan.custom.parameters) == (custom.strategy, {"bar": 7})
    assert plan.custom.folders == ("mine",)
    assert notes == ()
    assert [column.tolist() for column in plan.quoted] == [[1.0] * 3] * 4
    assert len(plan.entries.bar) == 0


# The run ---------------------------------------------------------------------------------------


def test_the_terms_of_the_account_are_those_of_the_configuration() -> None:
    terms = terms_of(
        portfolio(
            capital=5_000.0,
            currency="EUR",
            margin="segregated",
            on_short_margin="reject",
            stop_out_level=0.3,
            risk_per_trade=0.02,
            size_on="account",
            leverage_cap=3.0,
            entry_valid_minutes=7.5,
            ambiguous_bar="nearest_to_open",
            cooldown_bars=2,
        )
    )
    assert dataclasses.astuple(terms) == (
        *(5_000.0, "EUR", False, True, 0.3, 0.02, True, 3.0),
        *(450_000_000_000, "nearest_to_open", 2),
    )


def test_rules_come_in_their_order_of_precedence_whatever_the_configuration_says() -> None:
    names = ("max_positions", "halts", "correlation_scaling", "daily_loss", "gross_exposure")
    given: dict[str, dict[str, Any]] = {name: {} for name in (*names, "breaker")}
    order = [name for name, _ in rules_of(portfolio(risk=given))]
    assert order == [
        "breaker",
        "daily_loss",
        "halts",
        "max_positions",
        "gross_exposure",
        "correlation_scaling",
    ]


def test_a_wrong_rule_is_refused_naming_its_place() -> None:
    with pytest.raises(ConfigError, match=r"portfolio.risk.breaker: limit is 2; expected a number"):
        rules_of(portfolio(risk={"breaker": {"limit": 2.0}}))


def test_the_clock_is_the_sorted_union_and_each_asset_knows_its_steps() -> None:
    late = asset(unit("EURUSD"), make_bars("EURUSD", flat_rows(1.0, 3), labels=[1, 4, 6]))
    early = asset(unit("AUDUSD"), make_bars("AUDUSD", flat_rows(1.0, 3), labels=[0, 1, 5]))
    plan = plan_of(late, early)
    assert plan.symbols == ("AUDUSD", "EURUSD")
    assert ((plan.clock - plan.clock[0]) // (5 * MINUTE_NS)).tolist() == [0, 1, 4, 5, 6]
    assert [a.step.tolist() for a in plan.assets] == [[0, 1, 3], [1, 2, 4]]


def test_grids_are_compared_modulo_the_timeframe() -> None:
    base = asset(unit("AUDUSD"), make_bars("AUDUSD", flat_rows(1.0, 3)))
    shifted = make_bars("EURUSD", flat_rows(1.0, 3), labels=[400, 401, 402])
    check_grid([base, asset(unit("EURUSD"), shifted)])
    off = dataclasses.replace(shifted, time=shifted.time + MINUTE_NS)
    with pytest.raises(DataError, match=r"EURUSD and AUDUSD do not lie on one grid.* 60 s"):
        check_grid([base, asset(unit("EURUSD"), off)])
    with pytest.raises(DataError, match="EURUSD has no bars in the run's range"):
        check_grid([base, asset(unit("EURUSD"), off.cut(slice(0, 0)))])


def test_correlations_are_computed_only_if_a_rule_asks_for_them() -> None:
    assets = [asset(unit(s), make_bars(s, flat_rows(1.0, 3))) for s in ("AUDUSD", "EURUSD")]
    rules = (("correlation_scaling", CorrelationScaling()),)
    terms = terms_of(portfolio())
    for chosen, given, shape in (
        (assets, (), (0, 0, 0)),
        (assets, rules, (1, 2, 2)),
        (assets[:1], rules, (1, 1, 1)),
    ):
        n = len(chosen)
        equal = Schedule(np.full(n, 1 / n), np.empty(0, dtype=np.int64), np.empty((0, n)))
        plan = plan_run(chosen, terms, rules=given, weekend_days=False, schedule=equal)
        assert plan.correlation.shape == plan.observations.shape == shape


def test_only_a_market_around_the_clock_makes_weekends_days() -> None:
    plans = {
        symbol: asset(unit_, make_bars(symbol, flat_rows(1.0, 2)))
        for symbol, unit_ in UNITS.items()
        if isinstance(unit_, Instrument)
    }
    assert has_weekend_days(plans.values())
    assert not has_weekend_days(p for s, p in plans.items() if s != "BTCUSD")


def test_a_generated_market_has_the_calendars_it_claims() -> None:
    bars = market(["BTCUSD", "EURUSD", "XAUUSD"], 1, 21)
    assert len(bars["BTCUSD"]) == 21 * 24
    # The first Friday 17:00 New York is 22:00 UTC, after March 9th the week ends at 21:00.
    hours = {s: pd.DatetimeIndex(b.time).tz_localize("UTC") for s, b in bars.items()}
    local = hours["EURUSD"].tz_convert("America/New_York")
    assert not (local.day_of_week == 5).any()
    assert local[local.day_of_week == 4].hour.max() == 16
    assert local[local.day_of_week == 6].hour.min() == 17
    metal = hours["XAUUSD"].tz_convert("America/New_York")
    assert 17 not in metal.hour


def test_the_clock_is_the_sorted_union_of_all_labels() -> None:
    labels = [np.array(one, dtype=np.int64) for one in ([1, 4, 9], [4], [2, 4, 10])]
    assert union_clock(labels).tolist() == [1, 2, 4, 9, 10]
    assert union_clock(labels[1:2]).tolist() == [4]
    assert union_clock(labels).dtype == np.int64
