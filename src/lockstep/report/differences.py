"""Why the portfolio made something else than its solo runs added up: a bridge that adds up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lockstep.report.layout import Column, cents, table
from lockstep.report.reading import Reading
from lockstep.report.wording import (
    CUT,
    REFUSED,
    count,
    counted,
    listed,
    moment,
    money,
    percent,
    signed,
    times,
    words,
)

#: Reasons of the solo-portfolio ledger that are no decision of a rule.
_REASONS = {
    "in_position": "a position of another entry was still open",
    "not_asked": "the strategy did not ask here",
    "other_exit": "it left otherwise",
    "breaker": "the breaker closed it",
    "daily_loss": "the daily loss limit closed it",
    "stop_out": "the broker closed it",
    "failed": "the asset failed",
    "left_out": "the asset never had a weight",
    "solo_refused": "the solo account refused it",
    "solo_in_position": "the solo run still held another",
    "solo_stop_out": "the broker closed it in the solo run",
    "solo_margin_cut": "margin cut in solo",
    "solo_max_lot": "max lot in solo",
}
#: Status of the ledger -> how a line of the bridge calls it.
_STATUS = {
    "taken": "trades taken as they were, rounded to lots",
    "resized": "trades resized by rules, limits or margin",
    "blocked": "solo trades blocked",
    "changed": "solo trades changed",
    "new": "trades no solo run made",
}


def opening(reading: Reading) -> list[str]:
    """Return what adding up promises and how far the portfolio is from it.

    Nothing if there are no solo runs to compare with.
    """
    weighted = reading.value("portfolio", "weighted_solo_pnl")
    naive = reading.value("portfolio", "naive_solo_pnl")
    if weighted is None or naive is None:
        return []
    return [_naive(reading, naive), _gap(reading, weighted)]


def bridge(reading: Reading) -> list[str]:
    """Return the table from the weighted solo sum to the portfolio, a line for each cause.

    Its cents add up; nothing if there is nothing between the two.
    """
    steps = _steps(reading)
    if not steps:
        return []
    net = reading.number("portfolio", "net_pnl")
    cells, rest, total = cents(list(steps.values()), net)
    names = [*steps, *(["(rounding)"] if rest else []), "the portfolio's net P&L"]
    cells = [*cells, *([rest] if rest else []), total]
    return table(
        [
            Column("from solo runs to the portfolio", names, left=True),
            Column(reading.currency, cells),
        ],
        below=1,
    )


def causes(reading: Reading) -> list[str]:
    """Return a sentence for each line of the bridge that says what was behind it."""
    if not _steps(reading):
        return []
    said = [
        _sized(reading),
        *(_of_status(reading, status) for status in ("resized", "blocked", "changed", "new")),
        _breaker(reading),
        _broker(reading),
        _small(reading),
    ]
    return [*(sentence for sentence in said if sentence), _alike(reading)]


def reason(code: str) -> str:
    """Return a reason of the solo-portfolio ledger in words."""
    return " + ".join(_word(part) for part in code.split("+"))


def _word(code: str) -> str:
    known = _REASONS.get(code) or REFUSED.get(code) or CUT.get(code)
    return (known or words(code)).replace("-|", "").replace("|", " ")


def _naive(reading: Reading, naive: float) -> str:
    n = len(reading.metrics["solo"])
    if n == 1:
        return "With one asset the naive and the weighted sum are one and the same solo run."
    capital = money(reading.number("portfolio", "initial_equity"))
    share = reading.value("portfolio", "reserve_share")
    reserve = (
        f", and {percent(share)} of it, the reserve, is lent to none"
        if share and share >= 5e-5
        else ""
    )
    return (
        f"The naive sum ({signed(naive)}) lends the same {capital} {reading.currency} to {n} "
        f"assets at once. No account can: at their weights they share it once{reserve}."
    )


def _is_nothing(amount: float) -> bool:
    return abs(amount) < 0.005


def _gap(reading: Reading, weighted: float) -> str:
    gap = reading.number("portfolio", "net_pnl") - weighted
    trades = reading.count("portfolio", "trades")
    alone = reading.count("solo_ledger", "total", "solo_trades")
    is_one = len(reading.metrics["solo"]) == 1
    runs = "its solo run" if is_one else "its solo runs at their weights"
    if _is_nothing(gap):
        there = "the solo run" if is_one else "the solo runs"
        return (
            f"The portfolio made what {runs} made ({counted(trades, 'trade')} here, "
            f"{count(alone)} in {there})."
        )
    return (
        f"The portfolio made {money(abs(gap))} {reading.currency} "
        f"{'more' if gap > 0 else 'less'} than {runs}, with "
        f"{counted(trades, 'trade')} against {count(alone)}. Between the two stand:"
    )


def _steps(reading: Reading) -> dict[str, float]:
    """Return the lines of the bridge but its last; nothing if they would all be zero."""
    weighted = reading.value("portfolio", "weighted_solo_pnl")
    total: Mapping[str, Any] | None = reading.value("solo_ledger", "total")
    if weighted is None or total is None:
        return {}
    net = reading.number("portfolio", "net_pnl")
    moves = {"solo trades sized on this account's money": total["at_sleeve_pnl"] - weighted}
    for status, name in _STATUS.items():
        number = total[status]
        moves[f"{count(number)} {name}" if number != 1 else f"1 {_singular(name)}"] = total[
            "effects"
        ][status]
    moves["not in any trade: what the broker bore"] = net - total["portfolio_pnl"]
    kept = {name: amount for name, amount in moves.items() if not _is_nothing(amount)}
    return {"the solo runs at their weights": weighted, **kept} if kept else {}


def _singular(name: str) -> str:
    return name.replace("trades", "trade", 1).replace("they were", "it was")


def _sized(reading: Reading) -> str:
    """Return why the same trades at the sleeves' money are not the weighted sum."""
    on_account = reading.settings.get("size_on") == "account" and len(reading.symbols) > 1
    if on_account:
        return (
            "Sizes: size_on is account, so weights do not make trades smaller; each is sized like "
            "a trade of a solo run, and the naive sum is the nearer comparison."
        )
    ends = [reading.value("solo", symbol, "final_equity") for symbol in reading.metrics["solo"]]
    rebalances = max(0, len(reading.result.weights) - 1)
    if len(ends) < 2:
        return ""
    said, alone = "Compounding: ", "solo runs"
    if rebalances:
        received = (amount for amount in reading.result.ledger["transfers"] if amount > 0.0)
        said += (
            f"{counted(rebalances, 'rebalance')} moved {money(math.fsum(received))} "
            f"{reading.currency} between sleeves and reserve, so that one asset's result changes "
            "the next trades of all. "
        )
        alone = "Solo runs"
    return (
        f"{said}{alone} grow on their own results only: they end with {money(min(ends))} to "
        f"{money(max(ends))} {reading.currency} where each began with the full capital."
    )


def _of_status(reading: Reading, status: str) -> str:
    """Return the reasons of one status with their number and what they made or cost here."""
    total = reading.value("solo_ledger", "total")
    reasons = total["reasons"].get(status) or {}
    if not reasons:
        return ""
    ranked = sorted(reasons.items(), key=lambda item: (-item[1]["trades"], item[0]))
    parts = [
        f"{reason(code)}: {counted(one['trades'], 'trade')} ({signed(one['effect'])})"
        for code, one in ranked
    ]
    said = f"{status.capitalize()}: {'; '.join(parts)} {reading.currency}."
    if status == "blocked":
        alone = math.fsum(one["solo_pnl"] for one in reasons.values())
        said += f" At solo size these trades made {signed(alone)} {reading.currency}."
    return said


def _breaker(reading: Reading) -> str:
    trips = reading.decided("breaker_trip")
    if not len(trips):
        return ""
    closed = reading.count("portfolio", "exits", "breaker")
    blocked = reading.count("portfolio", "counts", "blocked_breaker")
    held = float(reading.result.account["breaker"].mean())
    first = "first at" if len(trips) > 1 else "at"
    return (
        f"Breaker: tripped {times(len(trips))}, {first} {moment(trips['time'].iloc[0])}"
        f"; it closed {counted(closed, 'position')} and refused "
        f"{counted(blocked, 'entry signal')}. Nothing was opened for {percent(held)} of the clock."
    )


def _broker(reading: Reading) -> str:
    closed = reading.count("portfolio", "stop_outs")
    lost = float(reading.value("portfolio", "broker_loss") or 0.0)
    parts = []
    if closed:
        trades = reading.result.trades
        pnl = math.fsum(trades.loc[trades["exit_reason"] == "stop_out", "net_pnl"])
        parts.append(
            f"the broker closed {counted(closed, 'position')} for {signed(pnl)} {reading.currency}"
        )
    if lost:
        parts.append(
            f"an account below zero was ended, the broker bearing {money(lost)} {reading.currency}"
        )
    apart = reading.settings.get("margin") == "segregated"
    whose = "Margin of single sleeves" if apart else "Shared margin"
    return f"{whose}: {listed(parts)}." if parts else ""


def _small(reading: Reading) -> str:
    refused = reading.count("portfolio", "counts", "min_lot")
    if not refused:
        return ""
    said = f"{counted(refused, 'entry signal')} came out below the minimum lot"
    if reading.settings.get("size_on") == "account" or len(reading.symbols) < 2:
        return f"Too small an account: {said}."
    return f"Small sleeves: {said}; a solo run sizes on more money."


def _alike(reading: Reading) -> str:
    here, trades = (
        reading.count("portfolio", "links", "leverage_cap"),
        reading.count("portfolio", "trades"),
    )
    cut = f" (it cut {count(here)} of {counted(trades, 'trade')} here)" if here else ""
    return (
        "Spread, slippage, commission, swap and the leverage cap"
        f"{cut} act in the solo runs by the same formulas: by themselves they explain nothing of "
        "the gap."
    )
