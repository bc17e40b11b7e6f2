"""Each rule and limit in a played portfolio where it binds: size before, size after, the sentence.

The world is flat at 1.0: a lot is worth 100,000, one times the account. EURUSD is long one lot
from bar 1; GBPUSD asks for one lot at the close of bar 3.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from lockstep.core.codes import DECISIONS, EXIT_REASONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.records import Trade
from lockstep.engine.played import Played
from lockstep.engine.tables import decisions_table
from lockstep.risk.asset_exposure import AssetExposure
from lockstep.risk.breaker import Breaker
from lockstep.risk.correlation_scaling import CorrelationScaling
from lockstep.risk.currency_exposure import CurrencyExposure
from lockstep.risk.daily_loss import DailyLoss
from lockstep.risk.drawdown_scaling import DrawdownScaling
from lockstep.risk.gross_exposure import GrossExposure
from lockstep.risk.halts import Halts
from lockstep.risk.max_positions import MaxPositions
from lockstep.risk.net_exposure import NetExposure
from tests.kit import NAN, asset, flat_rows, make_bars, plan_of, play_checked, unit

TERMS: dict[str, Any] = {"size_on_account": True, "leverage_cap": 50.0}
SECOND = {"bar": 3, "side": 1, "stop": 0.01}
Rules = tuple[tuple[str, Any], ...]


def first(closes: Sequence[float] = (1.0,) * 9) -> AssetPlan:
    """Return EURUSD, long one lot from bar 1, its stop far away below a margin of risk."""
    rows = [(c, c, c, c) for c in closes]
    return asset(unit("EURUSD"), make_bars("EURUSD", rows), [{"bar": 0, "side": 1, "stop": 0.01}])


def second(entry: dict[str, Any] | None = None, **changes: Any) -> AssetPlan:
    """Return GBPUSD, whose entry is sized at the close of bar 3."""
    bars = make_bars("GBPUSD", flat_rows(1.0, 9))
    return asset(unit("GBPUSD", **changes), bars, [SECOND | (entry or {})])


def play(rules: Rules, *assets: AssetPlan, **terms: Any) -> tuple[RunPlan, Played]:
    plan = plan_of(*(assets or (first(), second())), rules=rules, **TERMS | terms)
    return plan, play_checked(plan)


def of(plan: RunPlan, played: Played, symbol: str) -> list[Trade]:
    return [t for t in played.trades if plan.symbols[t.asset] == symbol]


def decided(plan: RunPlan, played: Played, code: str) -> list[tuple[Any, ...]]:
    """Return (step, stage, symbol, before, after) of every decision with a code."""
    names = (*plan.symbols, "")
    return [
        (d.step, d.stage, names[d.asset], d.before, d.after)
        for d in played.decisions
        if DECISIONS[d.code] == code
    ]


def sentence(plan: RunPlan, played: Played, code: str) -> str:
    table = decisions_table(plan, played)
    return str(table.loc[table["code"] == code, "sentence"].iloc[0])


def test_without_rules_the_second_entry_is_one_lot() -> None:
    plan, played = play(())
    assert [t.lots for t in of(plan, played, "GBPUSD")] == pytest.approx([1.0])
    assert [DECISIONS[d.code] for d in played.decisions] == []


@pytest.mark.parametrize(
    "name, rule, lots",
    [
        # 1.4 x 100,000 less the lot of EURUSD leaves 40,000
        ("gross_exposure", GrossExposure(limit=1.4), 0.4),
        ("net_exposure", NetExposure(limit=1.3), 0.3),
        # both are short of the dollar: 100,000 of 120,000 are taken
        ("currency_exposure", CurrencyExposure(limit=1.2), 0.2),
        # its own notional only: EURUSD takes nothing from it
        ("asset_exposure", AssetExposure(limit=0.6), 0.6),
    ],
)
def test_a_limit_cuts_an_entry_to_the_room_left(name: str, rule: Any, lots: float) -> None:
    # With asset_exposure EURUSD itself is cut too, so its own lot is asked at 0.6 as well.
    plan, played = play(((name, rule),))
    (trade,) = of(plan, played, "GBPUSD")
    assert trade.lots == pytest.approx(lots)
    step, stage, symbol, before, after = decided(plan, played, name)[-1]
    assert (step, stage, symbol) == (3, "E", "GBPUSD")
    assert (before, after) == pytest.approx((1.0, lots))
    said = sentence(plan, played, name)
    assert f"was cut from 1 to {lots:g} lots by the limit on" in said


def test_without_room_for_a_minimum_lot_there_is_no_trade_and_both_links_are_recorded() -> None:
    plan, played = play((("gross_exposure", GrossExposure(limit=1.005)),))
    assert of(plan, played, "GBPUSD") == []
    assert decided(plan, played, "gross_exposure")[0][3:] == pytest.approx((1.0, 0.005))
    (refused,) = decided(plan, played, "min_lot")
    assert refused[:3] == (3, "E", "GBPUSD")
    assert refused[3:] == pytest.approx((0.005, 0.0))
    assert sentence(plan, played, "min_lot") == (
        "An entry of GBPUSD was refused: 0.005 lots are below the minimum."
    )


def test_an_exceeded_limit_leaves_room_of_zero_and_forces_no_exit() -> None:
    """EURUSD grows above the limit after it was opened: GBPUSD gets nothing, EURUSD stays."""
    rules = (("gross_exposure", GrossExposure(limit=1.05)),)
    closes = (1.0, 1.0, 1.0, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2)
    plan, played = play(rules, first(closes), second(), risk_fraction=0.01)
    # equity 120,000, room 126,000 - 120,000 = 6,000: 0.06 lots of the 1.2 asked
    assert [t.lots for t in of(plan, played, "GBPUSD")] == pytest.approx([0.06])
    (held,) = of(plan, played, "EURUSD")
    assert EXIT_REASONS[held.exit_reason] == "data_end"


def test_net_exposure_gives_a_short_more_room_and_gross_does_not() -> None:
    short = second({"side": -1})
    plan, played = play((("net_exposure", NetExposure(limit=0.5)),), first(), short)
    # EURUSD itself was cut to half a lot: 50,000 - (-1)(50,000) = 100,000 are left for a short
    assert [t.lots for t in of(plan, played, "GBPUSD")] == pytest.approx([1.0])
    plan, played = play((("gross_exposure", GrossExposure(limit=0.5)),), first(), short)
    assert of(plan, played, "GBPUSD") == []


def test_a_limit_counts_what_was_queued_earlier_in_the_same_step() -> None:
    """Two entries of one moment: the stronger is sized first and takes the room."""
    bars = [make_bars(s, flat_rows(1.0, 6)) for s in ("EURUSD", "GBPUSD")]
    weak = asset(unit("EURUSD"), bars[0], [{"bar": 1, "side": 1, "stop": 0.01, "strength": 0.3}])
    strong = asset(unit("GBPUSD"), bars[1], [{"bar": 1, "side": 1, "stop": 0.01, "strength": 0.7}])
    for name, rule in (
        ("gross_exposure", GrossExposure(limit=1.25)),
        ("net_exposure", NetExposure(limit=1.25)),
        ("currency_exposure", CurrencyExposure(limit=1.25)),
    ):
        plan, played = play(((name, rule),), weak, strong)
        assert [t.lots for t in of(plan, played, "GBPUSD")] == pytest.approx([1.0])
        assert [t.lots for t in of(plan, played, "EURUSD")] == pytest.approx([0.25])


def test_currency_exposure_is_per_currency_signed_and_for_fx_only() -> None:
    """Long USDJPY takes its dollars back from long EURUSD; gold has no currency exposure."""
    rules = (("currency_exposure", CurrencyExposure(limit=1.0)),)
    bars = make_bars("USDJPY", flat_rows(1.0, 9))
    helps = asset(unit("USDJPY"), bars, [SECOND])
    plan, played = play(rules, first(), helps)
    # Dollar: 100,000 - (+1)(-100,000) = 200,000 of room; yen: 100,000.
    assert [t.lots for t in of(plan, played, "USDJPY")] == pytest.approx([1.0])
    plan, played = play(rules, first(), second())
    assert of(plan, played, "GBPUSD") == []
    gold = unit("XAUUSD", asset_class="metal", base="XAU", quote="USD")
    plan, played = play(
        rules, first(), asset(gold, make_bars("XAUUSD", flat_rows(1.0, 9)), [SECOND])
    )
    assert [t.lots for t in of(plan, played, "XAUUSD")] == pytest.approx([1.0])


def test_max_positions_blocks_what_exceeds_it_open_or_queued() -> None:
    plan, played = play((("max_positions", MaxPositions(limit=1)),))
    assert of(plan, played, "GBPUSD") == []
    assert decided(plan, played, "blocked_max_positions") == [(3, "E", "GBPUSD", 1.0, 1.0)]
    assert sentence(plan, played, "blocked_max_positions") == (
        "An entry of GBPUSD was blocked: 1 positions are open or queued, the limit is 1."
    )
    together = [
        asset(unit(s), make_bars(s, flat_rows(1.0, 5)), [{"bar": 0, "side": 1, "stop": 0.01}])
        for s in ("EURUSD", "GBPUSD", "NZDUSD")
    ]
    plan, played = play((("max_positions", MaxPositions(limit=2)),), *together)
    assert [plan.symbols[t.asset] for t in played.trades] == ["EURUSD", "GBPUSD"]
    assert decided(plan, played, "blocked_max_positions") == [(0, "E", "NZDUSD", 2.0, 2.0)]


@pytest.mark.parametrize(
    "span, traded",
    [
        (("2025-01-15T00:15", "2025-01-15T00:20"), False),  # bar 3 is labelled 00:15
        (("2025-01-15T00:10", "2025-01-15T00:15"), True),  # the end is not part of the halt
        (("2025-01-15T00:20", "2025-01-15T01:00"), True),  # the fill may lie in a halt
    ],
)
def test_halts_block_entries_decided_on_bars_labelled_within(
    span: tuple[str, str], traded: bool
) -> None:
    plan, played = play((("halts", Halts(spans=(span,))),))
    assert len(of(plan, played, "GBPUSD")) == int(traded)
    assert len(decided(plan, played, "blocked_halts")) == int(not traded)
    if not traded:
        assert sentence(plan, played, "blocked_halts") == (
            "An entry of GBPUSD was blocked: trading is halted at this time."
        )
    (held,) = of(plan, played, "EURUSD")
    assert EXIT_REASONS[held.exit_reason] == "data_end"


FALL = (1.0, 1.0, 1.0, 0.992, 0.992, 0.992, 0.992, 0.992, 0.992)  # 800 below 100,000 at bar 3


def test_daily_loss_blocks_entries_but_not_positions_by_default() -> None:
    plan, played = play((("daily_loss", DailyLoss(limit=0.008)),), first(FALL), second())
    assert of(plan, played, "GBPUSD") == []
    (trip,) = decided(plan, played, "daily_loss_trip")
    assert trip[:3] == (3, "D", "")
    assert trip[3:] == pytest.approx((0.008, 0.008))
    assert [d[:3] for d in decided(plan, played, "blocked_daily_loss")] == [(3, "E", "GBPUSD")]
    assert sentence(plan, played, "daily_loss_trip").startswith("The day's loss of 0.80% reached")
    (held,) = of(plan, played, "EURUSD")
    assert EXIT_REASONS[held.exit_reason] == "data_end"


def test_daily_loss_flattens_at_the_next_open_if_asked() -> None:
    rule = DailyLoss(limit=0.008, effect="flatten")
    plan, played = play((("daily_loss", rule),), first(FALL), second())
    (left,) = of(plan, played, "EURUSD")
    assert (EXIT_REASONS[left.exit_reason], left.exit_bar) == ("daily_loss", 4)
    assert of(plan, played, "GBPUSD") == []


def test_a_daily_loss_ends_with_the_trading_day_and_counts_from_its_last_mark() -> None:
    """The day ends at 17:00 New York, 22:00 UTC; the next day starts from 99,200."""
    start = 1_736_978_100_000_000_000  # 2025-01-15 21:55 UTC, minus three bars
    start -= 3 * 300_000_000_000
    closes = (1.0, 1.0, 1.0, 0.992, 0.9920, 0.9860, 0.9840, 0.9840, 0.9840)
    rows = [(c, c, c, c) for c in closes]
    falls = asset(
        unit("EURUSD"),
        make_bars("EURUSD", rows, start=start),
        [{"bar": 0, "side": 1, "stop": 0.05}],
    )
    signals = [{"bar": b, "side": 1, "stop": 0.01} for b in (3, 4)]
    other = asset(unit("GBPUSD"), make_bars("GBPUSD", flat_rows(1.0, 9), start=start), signals)
    plan, played = play((("daily_loss", DailyLoss(limit=0.008)),), falls, other, risk_fraction=0.05)
    assert [d[:2] for d in decided(plan, played, "daily_loss_trip")] == [(3, "D"), (6, "D")]
    (reset,) = decided(plan, played, "daily_loss_reset")
    assert reset[0] == 4
    # 98,400 is 1 % below 100,000 but 0.806 % below the day's start at 99,200; 98,600 is 0.605 %.
    assert decided(plan, played, "daily_loss_trip")[1][3] == pytest.approx(1 - 98_400 / 99_200)
    assert [t.signal_bar for t in of(plan, played, "GBPUSD")] == [4]


def test_a_loss_in_the_first_step_of_a_day_counts_against_the_mark_before_it() -> None:
    """900 are lost between the last bar of Wednesday and the close of Thursday's first."""
    start = int(np.datetime64("2025-01-15T21:40", "ns").astype(np.int64))
    closes = (1.0, 1.0, 1.0, 1.0, 0.991, 0.991)
    bars = make_bars("EURUSD", [(c, c, c, c) for c in closes], start=start)
    falls = asset(unit("EURUSD"), bars, [{"bar": 0, "side": 1, "stop": 0.01}])
    plan, played = play((("daily_loss", DailyLoss(limit=0.008)),), falls)
    (trip,) = decided(plan, played, "daily_loss_trip")
    assert trip[:2] == (4, "D")
    assert trip[3] == pytest.approx(0.009)


def test_drawdown_scales_the_size_and_stores_the_factor_with_the_trade() -> None:
    # EURUSD loses 800 of 100,000: 0.8 % lies 3/4 of the way from 0.2 % to 1 %: 1 - 0.8 x 3/4
    rule = DrawdownScaling(start_at=0.002, end_at=0.01, floor=0.2)
    plan, played = play((("drawdown_scaling", rule),), first(FALL), second())
    (trade,) = of(plan, played, "GBPUSD")
    assert trade.factors == pytest.approx((0.4,))
    assert trade.lots == pytest.approx(0.39)  # 992 x 0.4 / 1,000 = 0.3968, floored to 0.39
    assert trade.risk_asked == pytest.approx(396.8)
    assert decided(plan, played, "drawdown_scaling") == [
        (3, "E", "GBPUSD", 1.0, pytest.approx(0.4))
    ]
    assert sentence(plan, played, "drawdown_scaling") == (
        "An entry of GBPUSD was scaled by 0.400: the account is in drawdown."
    )
    assert played.drawdown_factor[:4] == pytest.approx([1.0, 1.0, 1.0, 0.4])


def test_the_drawdown_factor_falls_at_once_and_rises_in_steps_of_a_twentieth() -> None:
    """Equity by bar in thousandths below the peak: 0, 0, 4, 5, 4.7, 4.6, 1 -> factors by hand."""
    closes = (1.0, 1.0, 0.996, 0.995, 0.9953, 0.9954, 0.9990, 1.0)
    rule = DrawdownScaling(start_at=0.002, end_at=0.01, floor=0.2)
    _, played = play((("drawdown_scaling", rule),), first(closes))
    # raw = 1 - 0.1 per thousandth beyond two: .8, .7, .73 (+.03: stays), .74 (stays), 1, 1
    assert played.drawdown_factor == pytest.approx([1.0, 1.0, 0.8, 0.7, 0.7, 0.7, 1.0, 1.0])


def correlated(rho: float, count: int, rules: Rules, side: int) -> tuple[RunPlan, Played]:
    plan = plan_of(first(), second({"side": side}), rules=rules, **TERMS)
    matrix = np.full((1, 2, 2), rho)
    seen = np.full((1, 2, 2), count, dtype=np.int32)
    plan = dataclasses.replace(plan, correlation=matrix, observations=seen)
    return plan, play_checked(plan)


@pytest.mark.parametrize(
    "rho, side, lots",
    [
        (0.9, 1, 0.5),  # halfway from 0.8 to 1
        (0.9, -1, 1.0),  # a hedge
        (-0.9, -1, 0.5),  # opposite sides of a negative correlation are the same bet
        (-0.9, 1, 1.0),
        (0.8, 1, 1.0),  # up to the maximum nothing happens
    ],
)
def test_correlation_scales_an_entry_that_repeats_an_open_bet(
    rho: float, side: int, lots: float
) -> None:
    rules = (("correlation_scaling", CorrelationScaling(max_asset_correlation=0.8)),)
    plan, played = correlated(rho, 60, rules, side)
    (trade,) = of(plan, played, "GBPUSD")
    assert trade.lots == pytest.approx(lots)
    assert trade.factors == pytest.approx((lots,))
    found = decided(plan, played, "correlation_scaling")
    assert found == ([(3, "E", "GBPUSD", 1.0, pytest.approx(0.5))] if lots < 1 else [])


def test_an_unknown_correlation_scales_nothing_and_is_recorded() -> None:
    rules = (("correlation_scaling", CorrelationScaling(max_asset_correlation=0.8)),)
    plan, played = correlated(NAN, 7, rules, 1)
    assert [t.lots for t in of(plan, played, "GBPUSD")] == pytest.approx([1.0])
    assert decided(plan, played, "correlation_unknown") == [(3, "E", "GBPUSD", 7.0, 1.0)]
    assert "7 common days, 20 needed" in sentence(plan, played, "correlation_unknown")


def test_a_correlation_counts_with_entries_queued_earlier_in_the_step() -> None:
    rules = (("correlation_scaling", CorrelationScaling(max_asset_correlation=0.8)),)
    entries = [{"bar": 0, "side": 1, "stop": 0.01}]
    pair = [asset(unit(s), make_bars(s, flat_rows(1.0, 5)), entries) for s in ("EURUSD", "GBPUSD")]
    plan = dataclasses.replace(
        plan_of(*pair, rules=rules, **TERMS),
        correlation=np.full((1, 2, 2), 0.95),
        observations=np.full((1, 2, 2), 60, dtype=np.int32),
    )
    played = play_checked(plan)
    assert [t.lots for t in played.trades] == pytest.approx([1.0, 0.25])


def test_factors_multiply_and_the_smallest_room_counts() -> None:
    rules = (
        ("gross_exposure", GrossExposure(limit=1.15)),
        ("asset_exposure", AssetExposure(limit=0.05)),
        ("drawdown_scaling", DrawdownScaling(start_at=0.002, end_at=0.01, floor=0.2)),
        ("correlation_scaling", CorrelationScaling(max_asset_correlation=0.8)),
    )
    plan = plan_of(first(FALL), second(), rules=rules[:1] + rules[2:], **TERMS)
    high = np.full((1, 2, 2), 0.9)
    seen = np.full((1, 2, 2), 60, dtype=np.int32)
    plan = dataclasses.replace(plan, correlation=high, observations=seen)
    played = play_checked(plan)
    (trade,) = of(plan, played, "GBPUSD")
    assert trade.factors == pytest.approx((0.4, 0.5))
    assert trade.risk_asked == pytest.approx(992 * 0.4 * 0.5)
    # room 1.15 x 99,200 - 99,200 = 14,880 of the 19,840 asked
    assert trade.lots == pytest.approx(0.14)
    codes = [DECISIONS[d.code] for d in played.decisions if d.step == 3]
    assert codes == ["gross_exposure", "drawdown_scaling", "correlation_scaling"]


def test_the_leverage_cap_and_the_maximum_lot_are_links_of_every_chain() -> None:
    plan, played = play((), first(), second({"stop": 0.0001}), leverage_cap=2.5)
    (trade,) = of(plan, played, "GBPUSD")
    assert trade.lots == pytest.approx(2.5)
    assert decided(plan, played, "leverage_cap") == [
        (3, "E", "GBPUSD", pytest.approx(100.0), pytest.approx(2.5))
    ]
    plan, played = play((), first(), second({"stop": 0.001}, max_lot=3.0))
    assert [t.lots for t in of(plan, played, "GBPUSD")] == pytest.approx([3.0])
    assert decided(plan, played, "max_lot") == [
        (3, "E", "GBPUSD", pytest.approx(10.0), pytest.approx(3.0))
    ]


def test_the_account_as_basis_ignores_the_weight_and_the_sleeve_does_not() -> None:
    for on_account, lots in ((True, 1.0), (False, 0.3)):
        _, played = play((), second(), weights=[0.3], size_on_account=on_account)
        (trade,) = played.trades
        assert trade.lots == pytest.approx(lots)
        assert trade.risk_amount == pytest.approx(1_000.0 * lots)
        assert trade.weight == 0.3


def test_precedence_names_the_breaker_before_daily_loss_before_halts_before_limits() -> None:
    rules: Rules = (
        ("breaker", Breaker(limit=0.008, effect="block_entries")),
        ("daily_loss", DailyLoss(limit=0.008)),
        ("halts", Halts(spans=(("2025-01-15T00:15", "2025-01-15T00:20"),))),
        ("max_positions", MaxPositions(limit=1)),
    )
    named = ["blocked_breaker", "blocked_daily_loss", "blocked_halts", "blocked_max_positions"]
    for skipped, expected in enumerate(named):
        plan, played = play(rules[skipped:], first(FALL), second())
        blocked = [DECISIONS[d.code] for d in played.decisions if d.stage == "E" and d.step == 3]
        assert blocked == [expected]
        assert of(plan, played, "GBPUSD") == []
