"""Questions to the account: how near was it to its end, and did its rules do their work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from lockstep.metrics.doctor.finding import (
    ENOUGH_DAYS,
    HIGH,
    HOUR_NS,
    LOW,
    MATERIAL,
    MEDIUM,
    Case,
    Finding,
    numbers,
)
from lockstep.metrics.panel import nanoseconds

#: Equity over used margin below which a common day may end in a stop-out.
MARGIN_LEVEL = 1.5
#: Below this the account cannot open anything, and many brokers call for money.
MARGIN_CALL = 1.0
#: A fall of the equity that few live through without stopping.
DEEP = 0.30
#: Gains beyond which their size says nothing more.
MOST_GAIN = 100.0
#: Part of its capital whose loss leaves a solo run nothing to trade with.
WIPED_OUT = 0.90
#: Correlation of two solo runs unless the run has a limit of its own.
CORRELATION = 0.8
#: Median of the risk taken over the risk asked, below which sizes are not what was tested.
TAKEN_TO_ASKED = 0.5
#: Share of entries that were too small to be made.
TOO_SMALL_SHARE = 0.10
#: Share of the capital that no sleeve holds, on average.
UNUSED_SHARE = 0.20


def low_margin(case: Case) -> Iterator[Finding]:
    """Yield a finding if the margin level came near a stop-out."""
    level = case.value("portfolio", "min_margin_level")
    whose = "of a sleeve " if _setting(case, "margin") == "segregated" else ""
    if level is not None and level < MARGIN_LEVEL:
        yield Finding(
            HIGH if level < MARGIN_CALL else MEDIUM,
            level,
            "ratio",
            f"The margin level {whose}fell to {level:.1%}; below {MARGIN_LEVEL:.0%} one bad day "
            "may bring a stop-out.",
            "Lower risk_per_trade or leverage_cap, or limit gross exposure.",
            size=MARGIN_LEVEL / max(level, 0.01),
        )


def stop_outs(case: Case) -> Iterator[Finding]:
    """Yield a finding if the broker closed positions."""
    closed = int(case.value("portfolio", "stop_outs") or 0)
    if closed:
        trades = case.result.trades
        lost = float(numbers(trades[trades["exit_reason"] == "stop_out"], "net_pnl").sum())
        yield Finding(
            HIGH,
            closed,
            "trades",
            f"The broker closed {closed} {'position' if closed == 1 else 'positions'} for lack "
            f"of margin, for {lost:,.2f} {case.currency}.",
            "No plan survives its broker's stop-out: cut risk until there is none.",
            size=float(closed),
        )


def broker_loss(case: Case) -> Iterator[Finding]:
    """Yield a finding if the account ended in debt."""
    lost = float(case.value("portfolio", "broker_loss") or 0.0)
    if lost > 0.0:
        yield Finding(
            HIGH,
            lost,
            case.currency,
            f"The account owed {lost:,.2f} {case.currency} and was ended; a live broker may claim "
            "it.",
            "Cut leverage: a gap took more than there was.",
            size=float("inf"),
        )


def breaker_stuck(case: Case) -> Iterator[Finding]:
    """Yield a finding if the breaker tripped and trading never began again."""
    trip = case.stopped_for_good
    if trip is None:
        return
    idle = float(np.mean(nanoseconds(case.result.equity.index) > trip))
    yield Finding(
        HIGH,
        idle,
        "fraction",
        f"The breaker tripped on {np.datetime64(trip, 'ns').astype('datetime64[D]')} "
        f"and never let trading begin again: nothing was opened in the last {idle:.1%} of the run.",
        "Judge the part before; give the breaker a way to resume, or run with less risk.",
        size=1.0 + idle,
    )


def daily_losses(case: Case) -> Iterator[Finding]:
    """Yield a finding if the daily loss limit was reached."""
    trips = len(case.times("daily_loss_trip"))
    if trips:
        yield Finding(
            MEDIUM,
            trips,
            "days",
            f"The daily loss limit was reached on {trips} {'day' if trips == 1 else 'days'}.",
            "A funded account would be lost at the first: cut risk, or correlated positions.",
            size=float(trips),
        )


def deep_drawdown(case: Case) -> Iterator[Finding]:
    """Yield a finding if the equity fell far."""
    depth = case.value("portfolio", "max_drawdown")
    if depth is not None and depth > DEEP:
        yield Finding(
            HIGH,
            depth,
            "fraction",
            f"The equity fell {depth:.2%} below its peak; {_back(depth)} is needed to make that "
            "good.",
            "Scale risk down until the worst fall is one you would sit through.",
            size=depth / DEEP,
        )


def _back(depth: float) -> str:
    """Return the gain that undoes a fall."""
    gain = 1.0 / max(1.0 - depth, 1e-9) - 1.0
    return f"{gain:,.0%}" if gain < MOST_GAIN else f"more than {MOST_GAIN:,.0%}"


def wiped_out(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset that alone, with the full capital, lost nearly all of it."""
    for symbol, block in sorted((case.metrics.get("solo") or {}).items()):
        lost = -float(block["total_return"] or 0.0)
        if lost < WIPED_OUT:
            continue
        closed = int(block["exits"].get("stop_out", 0))
        closings = f"{closed:,} of its trades" if closed != 1 else "1 of its trades"
        by = f", {closings} closed by the broker" if closed else ""
        yield Finding(
            HIGH,
            lost,
            "fraction",
            f"Alone, {symbol} lost {lost:.2%} of the full capital{by}; it held less than "
            f"{1 - WIPED_OUT:.0%} of it from {_below(case, symbol, 1 - WIPED_OUT)} on. Sums of "
            "solo runs, and weights learned from them, rest on that ruin.",
            "Cut its risk per trade or the leverage cap until it survives alone, or leave it out.",
            size=lost / WIPED_OUT,
            asset=symbol,
        )


def _below(case: Case, symbol: str, share: float) -> str:
    """Return the date since which a solo run's equity never again was above a share of capital."""
    equity = case.result.solo_equity[symbol].dropna()
    above = np.flatnonzero(equity.to_numpy() > share * float(case.facts["capital"]))
    at = min(int(above[-1]) + 1 if len(above) else 0, len(equity) - 1)
    return str(equity.index[at].date())


def correlated(case: Case) -> Iterator[Finding]:
    """Yield a finding for each pair of solo runs that move together."""
    limit = _correlation_limit(case)
    table: dict[str, dict[str, Any]] = case.value("diversification", "correlation") or {}
    for one, row in sorted(table.items()):
        for other, rho in sorted(row.items()):
            if one < other and rho is not None and rho > limit and _enough(case, one, other):
                yield Finding(
                    MEDIUM,
                    rho,
                    "correlation",
                    f"The solo runs of {one} and {other} move together: correlation {rho:.2f}, "
                    f"above {limit:g}.",
                    "Treat them as one bet: drop one, or cap both together.",
                    size=rho / limit if limit > 0.0 else 1.0,
                    asset=f"{one}, {other}",
                )


def _enough(case: Case, one: str, other: str) -> bool:
    """Return whether two assets have bars on days enough to compare their returns."""
    first, second = (np.unique(case.bars_of(symbol) // (24 * HOUR_NS)) for symbol in (one, other))
    return len(np.intersect1d(first, second, assume_unique=True)) >= ENOUGH_DAYS


def _setting(case: Case, name: str) -> Any:
    return case.result.config.get("portfolio", {}).get(name)


def _correlation_limit(case: Case) -> float:
    rule = (_setting(case, "risk") or {}).get("correlation_scaling")
    stated = (rule or {}).get("max_asset_correlation")
    return CORRELATION if stated is None else float(stated)


def not_as_asked(case: Case) -> Iterator[Finding]:
    """Yield a finding if most trades were much smaller than their risk setting."""
    taken = case.value("portfolio", "risk_taken_to_asked_median")
    if taken is not None and taken < TAKEN_TO_ASKED:
        yield Finding(
            MEDIUM,
            taken,
            "fraction",
            f"The median trade took {taken:.1%} of the risk its setting asks for: caps decide "
            "the sizes, not the risk.",
            "Lower risk_per_trade to what is really taken, or widen the stops.",
            size=TAKEN_TO_ASKED / max(taken, 0.001),
        )


def too_small(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset whose money is too small for the minimum lot."""
    basis = "account" if _setting(case, "size_on") == "account" else "sleeve"
    for symbol in case.symbols:
        refused = int(case.value("assets", symbol, "counts", "min_lot") or 0)
        wanted = refused + int(case.value("assets", symbol, "trades"))
        if refused and refused / wanted > TOO_SMALL_SHARE:
            yield Finding(
                MEDIUM,
                refused / wanted,
                "fraction",
                f"{refused:,} of {wanted:,} entries of {symbol} were below the minimum lot and not "
                f"made: the {basis} is too small for its stops.",
                "More capital, fewer assets, or a broker with smaller lots.",
                size=refused / wanted / TOO_SMALL_SHARE,
                asset=symbol,
            )


def unused_capital(case: Case) -> Iterator[Finding]:
    """Yield a finding if much of the capital belongs to no sleeve."""
    share = case.value("portfolio", "reserve_share")
    if share is not None and share > UNUSED_SHARE:
        yield Finding(
            LOW,
            share,
            "fraction",
            f"On average {share:.1%} of the equity belonged to no asset.",
            "Raise max_asset_weight or add assets; or know that the return is on part of the "
            "money.",
            size=share / UNUSED_SHARE,
        )


def worse_together(case: Case) -> Iterator[Finding]:
    """Yield a finding if solo runs that win at their weights lose together."""
    alone = case.value("portfolio", "weighted_solo_pnl")
    net = case.value("portfolio", "net_pnl")
    least = MATERIAL * float(case.facts["capital"])
    if alone is not None and alone > 0.0 > net and alone - net > least:
        yield Finding(
            HIGH,
            net - alone,
            case.currency,
            f"At their weights the solo runs made {alone:,.2f} {case.currency}, together the "
            f"assets lost {-net:,.2f}: what was tuned alone does not hold in one account.",
            "See what became of the solo trades (solo/ledger.csv) before trusting any of them.",
            size=(alone - net) / alone,
        )
