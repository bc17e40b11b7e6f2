"""Laws of one position that must hold whatever the market does and whatever is asked for."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lockstep.core.codes import DECISIONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.records import Trade
from lockstep.core.signals import EXIT_LONG, EXIT_SHORT
from lockstep.engine.played import Played
from tests.engine.hands import scripted
from tests.engine.single import Row, plan_one, reason
from tests.kit import NAN, plan_of, play_checked, unit

#: One step of the market, as a factor of the last price: calm, flat, or out of its mind.
STEPS = st.one_of(
    st.just(1.0),
    st.floats(0.997, 1.003),
    st.floats(0.98, 1.02),
    st.sampled_from([0.3, 0.6, 0.9, 1.1, 1.7, 3.0]),
)
REACHES = st.one_of(st.just(0.0), st.floats(0.0, 0.004), st.sampled_from([0.05, 0.5]))
DISTANCES = st.sampled_from([0.0002, 0.001, 0.004, 0.02, 0.3, 2.0])
OFF = st.just(NAN)


@st.composite
def markets(draw: st.DrawFn) -> tuple[list[Row], list[int]]:
    """Return rows and labels: gaps in price, gaps in time, flat bars."""
    rows, label, labels, price = [], 0, [], 1.0
    for _ in range(draw(st.integers(3, 22))):
        opened = min(max(price * draw(STEPS), 1e-3), 1e3)
        price = min(max(opened * draw(STEPS), 1e-3), 1e3)
        high = max(opened, price) * (1.0 + draw(REACHES))
        low = min(opened, price) * (1.0 - draw(REACHES))
        rows.append((opened, high, low, price))
        labels.append(label)
        label += draw(st.sampled_from([1, 1, 1, 1, 1, 2, 13, 14, 290, 900]))
    return rows, labels


@st.composite
def requests(draw: st.DrawFn, n_bars: int) -> list[dict[str, Any]]:
    """Return entry rows, at most one a bar, valid and invalid."""
    bars = draw(st.lists(st.integers(0, n_bars - 1), unique=True, max_size=n_bars))
    return [
        {
            "bar": bar,
            "side": draw(st.sampled_from([1, -1])),
            "stop": draw(st.sampled_from([0.004, 0.001, 0.02, 0.05, 0.3, 0.9, 0.0002, 2.0, NAN])),
            "target": draw(st.one_of(OFF, DISTANCES)),
            "max_bars": draw(st.sampled_from([0, 0, 1, 2, 5])),
            "trail_trigger": draw(st.one_of(OFF, DISTANCES)),
            "trail_distance": draw(DISTANCES),
            "be_trigger": draw(st.one_of(OFF, DISTANCES)),
            "be_offset": draw(st.sampled_from([0.0, 0.0001])),
        }
        for bar in bars
    ]


INSTRUMENTS = st.builds(
    unit,
    spread=st.sampled_from([(0.0,), (0.0001,), (0.003,)]),
    slippage=st.sampled_from([0.0, 0.0002]),
    slippage_bps=st.sampled_from([0.0, 2.0]),
    commission_rate=st.sampled_from([0.0, 0.0001]),
    commission_per_lot=st.sampled_from([0.0, 4.0]),
    swap_long=st.sampled_from([0.0, -0.05]),
    swap_short=st.sampled_from([0.0, 0.03]),
    margin_rate=st.sampled_from([1.0, 0.2, 1 / 30, 1 / 500]),
    contract_size=st.sampled_from([100_000.0, 1.0]),
    max_lot=st.sampled_from([1e9, 1e9, 3.0]),
    stops_level=st.sampled_from([0.0, 0.001]),
    always_open=st.booleans(),
)
TERMS = st.fixed_dictionaries(
    {
        "risk_fraction": st.sampled_from([0.01, 0.001, 0.2, 1.0, 5.0]),
        "leverage_cap": st.sampled_from([10.0, 1.0, 400.0]),
        "pooled": st.booleans(),
        "reject_short_margin": st.booleans(),
        "ambiguous_bar": st.sampled_from(["stop_first", "target_first", "nearest_to_open"]),
        "cooldown_bars": st.sampled_from([0, 0, 2]),
    }
)


@st.composite
def worlds(draw: st.DrawFn) -> tuple[RunPlan, list[dict[str, Any]]]:
    """Return a plan of one asset, and its entry rows."""
    rows, labels = draw(markets())
    n = len(rows)
    entries = draw(requests(n))
    drift = st.lists(st.sampled_from([0.99, 1.0, 1.0, 1.01]), min_size=2 * n, max_size=2 * n)
    rates = 0.8 * np.cumprod(draw(drift))
    unknown = draw(st.integers(0, 2))
    rates[: 2 * unknown] = np.nan
    masks = st.dictionaries(st.integers(0, n - 1), st.sampled_from([EXIT_LONG, EXIT_SHORT, 3]))
    plan = plan_one(
        rows,
        entries,
        instrument=draw(INSTRUMENTS),
        exits=draw(masks) or None,
        rate=rates[0::2].copy(),
        rate_close=rates[1::2].copy(),
        labels=labels,
        **draw(TERMS),
    )
    return plan, entries


def slip(price: float, plan: AssetPlan) -> float:
    unit = plan.instrument
    return unit.slippage + price * unit.slippage_bps / 10_000.0


def exit_side(plan: AssetPlan, trade: Trade, column: str, bar: int) -> float:
    """Return the exit-side quote of a bar: bid for a long, ask for a short."""
    return float(getattr(plan, column)[bar] + (plan.spread[bar] if trade.side < 0 else 0.0))


def check_entry(plan: AssetPlan, trade: Trade, equity_before: float) -> None:
    i, unit_ = trade.entry_bar, plan.instrument
    assert i == trade.signal_bar + 1
    late = plan.time[i] - plan.time[trade.signal_bar] - plan.timeframe
    assert late <= 3_600_000_000_000
    bid, spread = plan.bid_open[i], plan.spread[i]
    paid = bid + spread if trade.side > 0 else bid
    fill = paid + trade.side * slip(paid, plan)
    assert trade.entry_price == pytest.approx(fill, rel=1e-12)
    quote = exit_side(plan, trade, "bid_open", i)
    assert trade.side * (quote - trade.stop_price) >= unit_.stops_level
    assert trade.lots >= unit_.min_lot * (1 - 1e-9)
    assert trade.lots / unit_.lot_step == pytest.approx(round(trade.lots / unit_.lot_step))
    units, rate = trade.lots * unit_.contract_size, plan.rate_open[i]
    tied = units * rate * ((bid + spread / 2) * unit_.margin_rate + abs(fill - quote))
    commission = unit_.commission_rate * units * fill * rate
    commission += unit_.commission_per_lot * trade.lots
    assert tied + commission <= equity_before * (1 + 1e-9)


def check_exit(plan: AssetPlan, trade: Trade) -> None:
    i, side = trade.exit_bar, trade.side
    opened, closed = (exit_side(plan, trade, name, i) for name in ("bid_open", "bid_close"))
    low, high = (exit_side(plan, trade, name, i) for name in ("bid_low", "bid_high"))
    level, price = trade.exit_level, trade.exit_price
    kind = reason(trade)
    if kind == "stop":
        assert low <= level <= high
        assert side * (opened - level) > 0 or i == trade.entry_bar
        assert price == pytest.approx(level - side * slip(level, plan), rel=1e-12)
    elif kind == "target":
        assert low <= level <= high
        assert price == level
    elif kind == "gap_stop":
        assert side * (level - opened) >= 0
        assert price == pytest.approx(opened - side * slip(opened, plan), rel=1e-12)
    elif kind == "gap_target":
        assert side * (opened - level) >= 0
        assert price == opened
    elif kind in ("signal", "time"):
        assert i > trade.entry_bar
        assert price == pytest.approx(opened - side * slip(opened, plan), rel=1e-12)
    else:
        assert kind in ("stop_out", "data_end")
        assert price == pytest.approx(closed - side * slip(closed, plan), rel=1e-12)
    if not math.isnan(level) and kind in ("stop", "gap_stop"):
        assert side * (level - trade.stop_price) >= 0  # a stop only ever tightens


def check_account(plan: RunPlan, played: Played) -> None:
    assert np.isfinite(played.equity).all()
    assert np.isfinite(played.used_margin).all()
    assert (played.used_margin >= 0.0).all()
    # stopped out while open, lifted to zero by the broker when flat: never below zero
    assert (played.equity[:, 0] + played.reserve >= -1e-6).all()
    assert played.used_margin[-1] == 0.0


@settings(max_examples=200)
@given(worlds())
def test_whatever_happens_the_account_adds_up_and_fills_are_possible(
    world: tuple[RunPlan, list[dict[str, Any]]],
) -> None:
    plan, _ = world
    played = play_checked(plan)
    check_account(plan, played)
    asset = plan.assets[0]
    last_exit = -1
    for trade in played.trades:
        assert trade.entry_bar > last_exit  # decided at the exit bar's close at the earliest
        check_entry(asset, trade, played.equity[trade.signal_bar, 0])
        check_exit(asset, trade)
        last_exit = trade.exit_bar
    asked = len(asset.entries.bar)
    entries = [d for d in played.decisions if d.stage in "BE" and blocks(d.code)]
    assert asked == len(played.trades) + len(entries) + int(played.in_position[0])


def blocks(code: int) -> bool:
    """Return True for a decision that ends an entry (cuts and flags do not)."""
    name = DECISIONS[code]
    cut = ("margin_cut", "leverage_cap", "max_lot")
    return (name not in cut and not name.startswith("cancelled")) or name == "cancelled_data_end"


@settings(max_examples=100)
@given(worlds())
def test_by_hand_and_by_signals_are_one_account(
    world: tuple[RunPlan, list[dict[str, Any]]],
) -> None:
    plan, entries = world
    asset = plan.assets[0]
    off = ("trail_trigger", "be_trigger")
    plain = asset.entries._replace(**{name: np.full(len(entries), NAN) for name in off})
    by_signal = play_checked(one(plan, dataclasses.replace(asset, entries=plain)))
    script = {}
    masks = asset.exit if len(asset.exit) else np.zeros(len(asset), dtype=np.int8)
    wanted = {entry["bar"]: entry for entry in entries}
    for bar in range(len(asset)):
        script[bar] = act(int(masks[bar]), wanted.get(bar))
    hand = scripted([(1.0, 1.0, 1.0, 1.0)], script)
    by_hand = play_checked(
        one(plan, dataclasses.replace(asset, custom=hand.custom, entries=hand.entries))
    )
    assert repr(by_hand.trades) == repr(by_signal.trades)
    assert repr(by_hand.decisions) == repr(by_signal.decisions)
    assert np.array_equal(by_hand.equity, by_signal.equity)
    assert np.array_equal(by_hand.in_position, by_signal.in_position)


def one(plan: RunPlan, asset: AssetPlan) -> RunPlan:
    return plan_of(asset, **dataclasses.asdict(plan.terms))


def act(mask: int, entry: dict[str, Any] | None) -> Any:
    """Return what a hand-written strategy does at one bar to say what the signals say."""

    def at_close(strategy: Any) -> None:
        size = strategy.position.size
        if size and mask & (EXIT_LONG if size > 0 else EXIT_SHORT):
            strategy.leave()
        if entry is not None:
            target = None if math.isnan(entry["target"]) else entry["target"]
            strategy.enter(entry["side"], entry["stop"], target, max_bars=entry["max_bars"])

    return at_close
