"""The margin pool: who is opened first, what it costs, whom the broker closes, who stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from lockstep.core.codes import DECISIONS, EXIT_REASONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.engine.kernel.player import play as play_kernel
from lockstep.engine.played import Played
from lockstep.research.parity import first_difference
from tests.kit import asset, make_bars, plan_of, play_checked, unit

#: A lot at 1.0 is worth 100,000 and ties up 10,000; a stop half a point away is never reached.
TENTH: dict[str, Any] = {"margin_rate": 0.1}
WIDE = {"bar": 0, "side": 1, "stop": 0.5}
#: Two lots an entry: 100,000 x 1.0 / (0.5 x 100,000).
TERMS: dict[str, Any] = {"size_on_account": True, "risk_fraction": 1.0, "leverage_cap": 50.0}


def closes(
    symbol: str,
    values: Sequence[float],
    entries: Sequence[Mapping[str, Any]] = (WIDE,),
    *,
    labels: Sequence[int] | None = None,
    **changes: Any,
) -> AssetPlan:
    """Return an asset of the given closes; each bar opens and stays at its close."""
    bars = make_bars(symbol, [(c, c, c, c) for c in values], labels=labels)
    return asset(unit(symbol, **TENTH | changes), bars, entries)


def play(*assets: AssetPlan, **terms: Any) -> tuple[RunPlan, Played]:
    plan = plan_of(*assets, **TERMS | terms)
    return plan, play_checked(plan)


def story(plan: RunPlan, played: Played) -> list[tuple[int, str, str]]:
    """Return (step, code, symbol) of every decision in the order they are recorded."""
    names = (*plan.symbols, "")
    return [(d.step, DECISIONS[d.code], names[d.asset]) for d in played.decisions]


def exits(plan: RunPlan, played: Played) -> dict[str, tuple[str, int]]:
    """Return (reason, step) by which each asset's first position ended."""
    found: dict[str, tuple[str, int]] = {}
    for trade in played.trades:
        symbol = plan.symbols[trade.asset]
        step = int(plan.assets[trade.asset].step[trade.exit_bar])
        found.setdefault(symbol, (EXIT_REASONS[trade.exit_reason], step))
    return found


# Stop-out --------------------------------------------------------------------------------------


def crash() -> list[AssetPlan]:
    """Return three longs of two lots; at bar 3 they stand at -20,000, -50,000 and -20,000."""
    return [
        closes("AUDUSD", (1.0, 1.0, 1.0, 0.9, 0.9, 0.9)),
        closes("EURUSD", (1.0, 1.0, 1.0, 0.75, 0.75, 0.75)),
        closes("NZDUSD", (1.0, 1.0, 1.0, 0.9, 0.9, 0.9)),
    ]


def test_a_pooled_stop_out_closes_the_smallest_open_profit_first_and_ties_by_symbol() -> None:
    plan, played = play(*crash())
    # Equity 10,000. Used 18,000 + 15,000 + 18,000: EURUSD goes. Used 36,000: still below half;
    # AUDUSD and NZDUSD tie at -20,000: AUDUSD goes. Used 18,000: 10,000 is above half of it.
    assert exits(plan, played) == {
        "AUDUSD": ("stop_out", 3),
        "EURUSD": ("stop_out", 3),
        "NZDUSD": ("data_end", 5),
    }
    levels = {
        plan.symbols[d.asset]: (d.before, d.after)
        for d in played.decisions
        if DECISIONS[d.code] == "stop_out"
    }
    assert levels["EURUSD"] == pytest.approx((10 / 51, 10 / 36))
    assert levels["AUDUSD"] == pytest.approx((10 / 36, 10 / 18))
    assert played.margin_level[3] == pytest.approx(10 / 51)  # as the broker tests it
    assert played.margin_level[4] == pytest.approx(10 / 18)
    assert played.used_margin[3:5] == pytest.approx([18_000.0, 18_000.0])


def test_a_stop_out_pays_slippage_and_commission_at_the_closing_exit_quote() -> None:
    costs = {"slippage": 0.001, "commission_per_lot": 5.0}
    falls = closes("EURUSD", (1.0, 1.0, 0.52, 0.52), **costs)
    plan, played = play(falls, weights=[1.0])
    (trade,) = played.trades
    assert exits(plan, played) == {"EURUSD": ("stop_out", 2)}
    assert trade.entry_price == pytest.approx(1.001)
    assert trade.exit_price == pytest.approx(0.519)
    assert trade.commission == pytest.approx(20.0)
    assert trade.net_pnl == pytest.approx((0.519 - 1.001) * 200_000 - 20.0)


def test_in_a_stop_out_step_queued_entries_are_cancelled_and_nothing_is_sized() -> None:
    """EURCHF's entry waits for its next bar; GBPUSD asks in the very step."""
    waiting = closes("EURCHF", flat(4), [{"bar": 2, "side": 1, "stop": 0.5}], labels=(0, 1, 2, 5))
    asking = closes("GBPUSD", flat(6), [{"bar": b, "side": 1, "stop": 5.0} for b in (3, 4)])
    plan, played = play(*crash(), waiting, asking)
    told = story(plan, played)
    assert (3, "cancelled_stop_out", "EURCHF") in told
    assert (3, "blocked_stop_out", "GBPUSD") in told
    assert "EURCHF" not in exits(plan, played)
    # One step later it is sized again, and finds no free margin: 10,000 less 18,000.
    assert [item for item in told if item[0] > 3] == [(5, "no_margin", "GBPUSD")]


def flat(count: int) -> tuple[float, ...]:
    return (1.0,) * count


def test_a_shut_position_is_flagged_and_leaves_at_its_own_next_open() -> None:
    """EURUSD falls while NZDUSD is shut: closing EURUSD alone does not restore the level."""
    shut = closes("NZDUSD", (1.0, 1.0, 0.95, 0.97), labels=(0, 1, 5, 6))
    falls = closes("EURUSD", (1.0, 1.0, 1.0, 0.54, 0.54, 0.54, 0.54))
    plan, played = play(falls, shut)
    # Equity 8,000 (-92,000 of EURUSD); NZDUSD's last mark ties up 20,000.
    assert exits(plan, played) == {"EURUSD": ("stop_out", 3), "NZDUSD": ("stop_out", 5)}
    told = [item for item in story(plan, played) if "stop_out" in item[1]]
    assert told == [(3, "stop_out", "EURUSD"), (3, "stop_out_flag", "NZDUSD")]
    flagged = next(d for d in played.decisions if DECISIONS[d.code] == "stop_out_flag")
    assert flagged.before == pytest.approx(8 / 20)
    (left,) = [t for t in played.trades if plan.symbols[t.asset] == "NZDUSD"]
    assert left.exit_price == pytest.approx(0.95)


def test_nothing_is_sized_while_a_flagged_position_waits_for_its_market() -> None:
    """The level stays below half at bar 4, though nothing moves there: GBPUSD is not sized."""
    shut = closes("NZDUSD", flat(4), labels=(0, 1, 5, 6))
    falls = closes("EURUSD", (1.0, 1.0, 1.0, 0.54, 0.54, 0.54, 0.54))
    asks = closes("GBPUSD", flat(7), [{"bar": 4, "side": 1, "stop": 0.5}])
    plan, played = play(falls, asks, shut)
    assert (4, "blocked_stop_out", "GBPUSD") in story(plan, played)
    assert "GBPUSD" not in exits(plan, played)


def test_a_level_that_recovers_before_the_next_open_clears_the_flag() -> None:
    """GBPUSD opens before NZDUSD with a gain that restores the level: NZDUSD stays open."""
    later = closes("NZDUSD", (1.0, 1.0, 1.0, 1.0), labels=(0, 1, 7, 8))
    sooner = closes("GBPUSD", (1.0, 1.0, 1.3, 1.3), labels=(0, 1, 5, 6))
    falls = closes("EURUSD", (1.0, 1.0, 1.0, 0.54, 0.54, 0.54, 0.54))
    plan, played = play(falls, sooner, later)
    assert exits(plan, played) == {
        "EURUSD": ("stop_out", 3),
        "GBPUSD": ("stop_out", 5),
        "NZDUSD": ("data_end", 8),
    }
    assert (5, "stop_out_clear", "NZDUSD") in story(plan, played)


def test_a_segregated_stop_out_reaches_only_its_own_sleeve() -> None:
    """The pool would have carried AUDUSD; its own sleeve of 50,000 does not."""
    falls = closes("AUDUSD", (1.0, 1.0, 1.0, 0.79, 0.79, 0.79))
    stays = closes("EURUSD", (1.0, 1.0, 1.0, 0.98, 0.98, 0.98))
    terms = {"size_on_account": False, "risk_fraction": 2.0}
    plan, played = play(falls, stays, pooled=False, **terms)
    # AUDUSD: 50,000 - 42,000 = 8,000; used 2 x 7,900 = 15,800: level 0.506. Not yet.
    assert exits(plan, played)["AUDUSD"] == ("data_end", 5)
    falls = closes("AUDUSD", (1.0, 1.0, 1.0, 0.78, 0.78, 0.78))
    plan, played = play(falls, stays, pooled=False, **terms)
    # 50,000 - 44,000 = 6,000 against 15,600.
    assert exits(plan, played) == {"AUDUSD": ("stop_out", 3), "EURUSD": ("data_end", 5)}
    plan, played = play(falls, stays, pooled=True, **terms)
    assert exits(plan, played)["AUDUSD"] == ("data_end", 5)


def test_a_segregated_stop_out_cancels_no_entry_of_another_sleeve() -> None:
    falls = closes("AUDUSD", (1.0, 1.0, 1.0, 0.7, 0.7, 0.7))
    asks = closes("EURUSD", flat(6), [{"bar": 3, "side": 1, "stop": 0.5}])
    terms = {"size_on_account": False, "risk_fraction": 2.0, "pooled": False}
    plan, played = play(falls, asks, **terms)
    assert exits(plan, played) == {"AUDUSD": ("stop_out", 3), "EURUSD": ("data_end", 5)}


# Ruin ------------------------------------------------------------------------------------------


def test_a_gap_below_zero_is_the_brokers_loss_and_ends_trading() -> None:
    """Two lots gap from 1.0 to 0.3 through the stop at 0.5: -140,000 of 100,000."""
    gap = closes("EURUSD", (1.0, 1.0, 0.3, 0.3, 0.3))
    asks = closes("GBPUSD", flat(5), [{"bar": 2, "side": 1, "stop": 0.5}])
    plan, played = play(gap, asks)
    assert exits(plan, played) == {"EURUSD": ("gap_stop", 2)}
    assert story(plan, played) == [(2, "broker_loss", ""), (2, "blocked_ruined", "GBPUSD")]
    total = played.equity.sum(axis=1) + played.reserve
    assert total == pytest.approx([100_000.0, 100_000.0, 0.0, 0.0, 0.0], abs=1e-6)
    assert played.terms[0, -1, 7] == pytest.approx(40_000.0)


def test_a_segregated_ruin_lifts_the_sleeve_and_leaves_the_others_trading() -> None:
    gap = closes("EURUSD", (1.0, 1.0, 0.3, 0.3, 0.3), [WIDE, {"bar": 3, "side": 1, "stop": 0.5}])
    asks = closes("GBPUSD", flat(5), [{"bar": 2, "side": 1, "stop": 0.5}])
    plan, played = play(gap, asks, pooled=False, size_on_account=False)
    assert story(plan, played) == [(2, "broker_loss", "EURUSD"), (3, "blocked_ruined", "EURUSD")]
    assert played.equity[-1] == pytest.approx([0.0, 50_000.0], abs=1e-6)
    assert exits(plan, played)["GBPUSD"] == ("data_end", 4)


# The check at the opening ----------------------------------------------------------------------


def rivals(strengths: tuple[float, float]) -> list[AssetPlan]:
    """Return two entries of one and a half lots each; half of their notional is margin."""
    return [
        closes(
            symbol,
            flat(5),
            [{"bar": 1, "side": 1, "stop": 0.01, "strength": strength}],
            margin_rate=0.5,
        )
        for symbol, strength in zip(("EURUSD", "GBPUSD"), strengths)
    ]


@pytest.mark.parametrize(
    "strengths, lots",
    [
        ((0.4, 0.9), {"GBPUSD": 1.5, "EURUSD": 0.5}),
        ((0.9, 0.4), {"EURUSD": 1.5, "GBPUSD": 0.5}),
        ((0.7, 0.7), {"EURUSD": 1.5, "GBPUSD": 0.5}),  # a tie goes by symbol
    ],
)
def test_free_margin_goes_to_the_stronger_entry_then_by_symbol(
    strengths: tuple[float, float], lots: dict[str, float]
) -> None:
    plan, played = play(*rivals(strengths), risk_fraction=0.015)
    assert {plan.symbols[t.asset]: t.lots for t in played.trades} == pytest.approx(lots)
    weaker = min(lots, key=lots.__getitem__)
    (cut,) = played.decisions
    assert (cut.stage, DECISIONS[cut.code], plan.symbols[cut.asset]) == ("B", "margin_cut", weaker)
    assert (cut.before, cut.after) == pytest.approx((1.5, 0.5))


def test_short_margin_rejects_the_whole_entry_if_the_account_is_told_to() -> None:
    plan, played = play(*rivals((0.4, 0.9)), risk_fraction=0.015, reject_short_margin=True)
    assert {plan.symbols[t.asset]: t.lots for t in played.trades} == pytest.approx({"GBPUSD": 1.5})
    (refused,) = played.decisions
    assert DECISIONS[refused.code] == "no_margin"
    assert (refused.before, refused.after) == pytest.approx((1.5, 0.5))


def test_one_lot_costs_its_margin_its_distance_to_the_exit_quote_and_its_commission() -> None:
    """Bid 1.00, ask 1.01, fill 1.015: 100,000 x (1.005 x 0.5 + 0.015) + 10 = 51,760 a lot."""
    costs = {"margin_rate": 0.5, "spread": (0.01,), "slippage": 0.005, "commission_per_lot": 10.0}
    entry = [{"bar": 1, "side": 1, "stop": 0.02}]
    _, played = play(closes("EURUSD", flat(4), entry, **costs), risk_fraction=0.06)
    (trade,) = played.trades
    assert trade.lots == pytest.approx(1.93)  # 100,000 / 51,760 = 1.932
    cut = next(d for d in played.decisions if DECISIONS[d.code] == "margin_cut")
    assert (cut.before, cut.after) == pytest.approx((3.0, 1.93))
    free = 100_000.0 - trade.lots * 51_760.0
    assert 0.0 <= free < 0.01 * 51_760.0


def holding(bar: tuple[float, float, float, float], labels: Sequence[int]) -> AssetPlan:
    """Return EURUSD long one lot at half margin, and what its fourth bar looks like."""
    rows = [*[(1.0,) * 4] * 3, bar, (1.0,) * 4]
    bars = make_bars("EURUSD", rows, labels=labels)
    return asset(unit("EURUSD", margin_rate=0.5), bars, [{"bar": 0, "side": 1, "stop": 0.5}])


@pytest.mark.parametrize(
    "bar, labels, lots",
    [
        # live: 100,000 - 10,000 of open loss - 45,000 used = 45,000
        ((0.9, 1.0, 0.9, 1.0), (0, 1, 2, 3, 4), 0.9),
        # shut: the last mark, 100,000 - 50,000
        ((0.9, 1.0, 0.9, 1.0), (0, 1, 2, 4, 5), 1.0),
        # nothing of the bar after its opening is known
        ((0.9, 1.4, 0.6, 1.3), (0, 1, 2, 3, 4), 0.9),
    ],
    ids=["live at its opening quote", "shut at its last mark", "blind to high, low and close"],
)
def test_the_opening_snapshot_takes_live_positions_at_the_open_and_shut_ones_at_their_mark(
    bar: tuple[float, float, float, float], labels: tuple[int, ...], lots: float
) -> None:
    asks = closes("GBPUSD", flat(6), [{"bar": 2, "side": 1, "stop": 0.25}], margin_rate=0.5)
    plan = plan_of(
        holding(bar, labels), asks, size_on_account=True, risk_fraction=0.5, leverage_cap=50.0
    )
    played = play_checked(plan)
    (trade,) = [t for t in played.trades if plan.symbols[t.asset] == "GBPUSD"]
    assert trade.lots == pytest.approx(lots)


def test_an_exit_at_the_open_frees_its_margin_for_an_entry_of_the_same_open() -> None:
    leaves = asset(
        unit("NZDUSD", margin_rate=0.9),
        make_bars("NZDUSD", [(c, c, c, c) for c in flat(6)]),
        [{"bar": 0, "side": 1, "stop": 0.5, "max_bars": 2}],
    )
    asks = closes("EURUSD", flat(6), [{"bar": 2, "side": 1, "stop": 0.5}], margin_rate=0.9)
    plan, played = play(leaves, asks, risk_fraction=0.5)
    assert {plan.symbols[t.asset]: t.lots for t in played.trades} == pytest.approx(
        {"NZDUSD": 1.0, "EURUSD": 1.0}
    )
    assert exits(plan, played)["NZDUSD"] == ("time", 3)
    assert played.decisions == []


def test_without_free_margin_nothing_is_bought_at_all() -> None:
    """A loss of 60,000 leaves 40,000 of equity under 40,000 of margin: free margin is zero."""
    falls = closes("EURUSD", (1.0, 1.0, 0.4, 0.4, 0.4), [WIDE | {"stop": 0.9}], margin_rate=1.0)
    asks = closes("GBPUSD", flat(5), [{"bar": 2, "side": 1, "stop": 0.5}])
    plan, played = play(falls, asks, risk_fraction=0.9)
    refused = [d for d in played.decisions if DECISIONS[d.code] == "no_margin"]
    assert [(plan.symbols[d.asset], d.step, d.after) for d in refused] == [("GBPUSD", 3, 0.0)]
    assert "GBPUSD" not in exits(plan, played)


def test_free_margin_of_a_segregated_sleeve_is_its_own() -> None:
    entries = [{"bar": 1, "side": 1, "stop": 0.01}]
    assets = [closes(s, flat(4), entries, margin_rate=0.5) for s in ("EURUSD", "GBPUSD")]
    terms: dict[str, Any] = {"size_on_account": True, "risk_fraction": 0.015, "weights": [0.2, 0.6]}
    _, played = play(*assets, pooled=False, **terms)
    # 20,000 / 50,000 and 60,000 / 50,000; the reserve of 20,000 carries nobody.
    assert [t.lots for t in played.trades] == pytest.approx([0.4, 1.2])
    _, played = play(*assets, pooled=True, **terms)
    assert [t.lots for t in played.trades] == pytest.approx([1.5, 0.5])


def test_the_margin_level_is_no_number_while_nothing_is_open() -> None:
    _, played = play(closes("EURUSD", flat(4), [{"bar": 1, "side": 1, "stop": 0.5}]))
    assert np.isnan(played.margin_level[:2]).all()
    assert played.margin_level[2] == pytest.approx(5.0)
    assert played.used_margin.tolist() == pytest.approx([0.0, 0.0, 20_000.0, 0.0])


def both(plan: RunPlan) -> Played:
    """Play a plan with both players and return what they agree on."""
    played = play_checked(plan)
    assert first_difference(plan, played, play_kernel(plan)) is None
    return played


def falling(symbol: str, *, low: float, bars: int = 400) -> AssetPlan:
    """A long of one position that meets a fall at bar 3, and asks again much later."""
    rows = [(1.1, 1.1, 1.1, 1.1)] * 3 + [(1.1, 1.1, low, low)] + [(low, low, low, low)] * (bars - 4)
    wishes = [{"bar": 0, "stop": 0.9}, {"bar": 300, "stop": 0.5}]
    return asset(unit(symbol), make_bars(symbol, rows), wishes)


RECKLESS = {"risk_fraction": 1.0, "leverage_cap": 29.0}


def calm() -> AssetPlan:
    return asset(unit("GBPUSD"), make_bars("GBPUSD", [(1.3, 1.3, 1.3, 1.3)] * 400))


def test_no_margin_level_is_shown_after_a_stop_out_left_the_account_flat() -> None:
    wishes = [{"bar": 0, "stop": 0.04}]
    rows = [(1.1, 1.1, 1.1, 1.1)] * 3 + [(1.1, 1.1, 1.07, 1.07)] + [(1.07, 1.07, 1.07, 1.07)] * 300
    fall = asset(unit("EURUSD"), make_bars("EURUSD", rows), wishes)
    played = both(plan_of(fall, capital=10_000.0, **RECKLESS))
    assert played.margin_level[3] < 0.5  # as the broker tested it
    assert played.used_margin[3:200].tolist() == [0.0] * 197
    assert np.isnan(played.margin_level[4:200]).all()


def test_a_segregated_level_is_that_of_the_most_strained_sleeve() -> None:
    rows = [(1.1, 1.1, 1.1, 1.1)] * 3 + [(1.1, 1.1, 1.07, 1.07)] + [(1.07, 1.07, 1.07, 1.07)] * 300
    fall = asset(unit("EURUSD"), make_bars("EURUSD", rows), [{"bar": 0, "stop": 0.04}])
    plan = plan_of(fall, calm(), capital=20_000.0, pooled=False, **RECKLESS)
    played = both(plan)
    (stop_out,) = [d for d in played.decisions if DECISIONS[d.code] == "stop_out"]
    assert played.margin_level[stop_out.step] == stop_out.before < 0.5


def test_a_ruined_sleeve_is_not_funded_again() -> None:
    fall = falling("EURUSD", low=0.7)
    terms: dict[str, Any] = {"capital": 20_000.0, "pooled": False, **RECKLESS, "risk_fraction": 9.0}
    days = plan_of(fall, calm()).days
    rebalances = {int(days[1]): [0.5, 0.5]}
    played = both(plan_of(fall, calm(), rebalances=rebalances, **terms))
    assert played.terms[:, 0, 7].sum() > 0.0  # the broker's loss
    assert played.equity[-1, 0] == 0.0
    assert played.equity[-1, 1] == played.reserve[-1] == 5_000.0
    assert "blocked_ruined" in [DECISIONS[d.code] for d in played.decisions if d.step > 250]
