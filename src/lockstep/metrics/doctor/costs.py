"""Questions to the costs: what spread, swap and weekend gaps leave of the edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lockstep.metrics.doctor.finding import (
    HIGH,
    HOUR_NS,
    MEDIUM,
    Case,
    Finding,
    numbers,
    whose,
)
from lockstep.metrics.panel import nanoseconds

#: Share of the P&L before costs that one kind of cost may take.
COST_SHARE = 0.30
#: Loss in R at the first quote after a weekend that no longer is the risk agreed upon.
GAP_LOSS_R = 1.2
#: Hours between two bars that hold a weekend.
_WEEKEND_HOURS = 40.0
_COSTS = ("spread_cost", "slippage_cost", "commission")


def free_trading(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset that trades without any cost."""
    for symbol in case.symbols:
        block = case.metrics["assets"][symbol]
        if block["trades"] and not any(block[name] for name in _COSTS):
            yield Finding(
                HIGH,
                block["trades"],
                "trades",
                f"{symbol} traded {block['trades']} times without spread, slippage or commission.",
                "Give its instrument the costs of your broker.",
                size=float(block["trades"]),
                asset=symbol,
            )


def edge_eaten(case: Case) -> Iterator[Finding]:
    """Yield a finding for the account and each asset whose edge ends at its costs."""
    for symbol, block in case.blocks:
        gross, net = block["gross_pnl"], _after_costs(block)
        if gross > 0.0 >= net:
            share = (gross - net) / gross
            yield Finding(
                MEDIUM if symbol else HIGH,
                share,
                "fraction",
                f"Before costs the trades of {whose(symbol)} made {gross:,.2f} {case.currency}, "
                f"after them {net:,.2f}: costs took {share:.1%} of the edge.",
                "Trade less often or for more; check the spread of the instrument.",
                size=share,
                asset=symbol,
            )


def no_edge(case: Case) -> Iterator[Finding]:
    """Yield a finding for the account and each asset whose trades lost before any cost.

    `edge_eaten` asks what costs left of a gain; where there was none, it has nothing to say.
    """
    capital = float(case.facts["capital"])
    for symbol, block in case.blocks:
        gross, net = float(block["gross_pnl"]), _after_costs(block)
        if block["trades"] and gross <= 0.0:
            yield Finding(
                MEDIUM if symbol else HIGH,
                gross,
                case.currency,
                f"Even before costs the trades of {whose(symbol)} made {gross:,.2f} "
                f"{case.currency}, after them {net:,.2f}: no gain was there for costs to take.",
                "Cheaper trading will not save it: change the strategy, or leave it out.",
                size=max(1.0, -100.0 * net / capital),  # per cent of the capital lost
                asset=symbol,
            )


def _after_costs(block: Mapping[str, Any]) -> float:
    return float(block["gross_pnl"] - sum(block[name] for name in _COSTS) + block["swap"])


def spread_eats(case: Case) -> Iterator[Finding]:
    """Yield a finding for the account and each asset whose spread takes much of the profit."""
    yield from _eaten(case, "spread", {s: b["spread_cost"] for s, b in case.blocks})


def swap_eats(case: Case) -> Iterator[Finding]:
    """Yield a finding for the account and each asset whose swap takes much of the profit."""
    yield from _eaten(case, "swap", {s: -b["swap"] for s, b in case.blocks})


def _eaten(case: Case, name: str, paid: Mapping[str, float]) -> Iterator[Finding]:
    remedy = {
        "spread": "Larger targets, fewer trades, hours of narrow spreads, or another broker.",
        "swap": "Hold for less long, or only to the side that is paid for.",
    }
    for symbol, block in case.blocks:
        gross = block["gross_pnl"]
        if gross > 0.0 and paid[symbol] / gross > COST_SHARE:
            share = paid[symbol] / gross
            yield Finding(
                MEDIUM,
                share,
                "fraction",
                f"The {name} took {share:.1%} of what the trades of {whose(symbol)} made before "
                f"costs ({paid[symbol]:,.2f} of {gross:,.2f} {case.currency}).",
                remedy[name],
                size=share / COST_SHARE,
                asset=symbol,
            )


def weekend_gaps(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset that lost more than agreed at an open after a weekend."""
    for symbol in case.symbols:
        trades, bars = case.trades_of(symbol), case.bars_of(symbol)
        if not len(trades) or len(bars) < 2:
            continue
        leave = np.searchsorted(bars, nanoseconds(trades["exit_time"]))
        before = bars[np.maximum(leave, 1) - 1]
        hours = (nanoseconds(trades["exit_time"]) - before) / HOUR_NS
        gapped = (trades["exit_reason"] == "gap_stop").to_numpy() & (hours >= _WEEKEND_HOURS)
        lost = -numbers(trades, "r_multiple")
        hit = gapped & (lost > GAP_LOSS_R)
        if hit.any():
            money = float(numbers(trades, "net_pnl")[hit].sum())
            worst, count = float(lost[hit].max()), int(hit.sum())
            yield Finding(
                MEDIUM,
                worst,
                "R",
                f"{symbol} opened beyond the stop after a weekend in {count} "
                f"{'trade' if count == 1 else 'trades'}: {money:,.2f} {case.currency}, the worst "
                f"-{worst:.2f} R.",
                "Be flat before the weekend, or size for the gap: a stop does not hold there.",
                size=worst / GAP_LOSS_R,
                asset=symbol,
            )
