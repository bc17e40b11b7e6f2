"""Why the portfolio made something else than its solo runs added up, in a trader's words."""

from __future__ import annotations

import math

from lockstep.report.reading import Reading
from lockstep.report.wording import (
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

LIMITS = ("gross_exposure", "net_exposure", "currency_exposure", "asset_exposure", "rule_limit")
#: Ways to be refused by a rule or by the state of the account, as solo runs are not.
BLOCKS = ("blocked_daily_loss", "blocked_halts", "blocked_max_positions", "rule_block")


def differences(reading: Reading) -> list[str]:
    """Return the sentences, the most general first; none if there are no solo runs."""
    weighted = reading.value("portfolio", "weighted_solo_pnl")
    naive = reading.value("portfolio", "naive_solo_pnl")
    if weighted is None or naive is None:
        return []
    said = [_naive(reading, naive), _gap(reading, weighted)]
    if _is_nothing(_difference(reading, weighted)):
        return said
    said += [
        sentence
        for sentence in (
            _full_size(reading),
            _breaker(reading),
            _stop_outs(reading),
            _blocked(reading),
            _scaled(reading),
            _limits(reading),
            _margin(reading),
            _small(reading),
            _compounding(reading),
        )
        if sentence
    ]
    return [*said, _alike(reading)]


def _naive(reading: Reading, naive: float) -> str:
    n = len(reading.metrics["solo"])
    if n == 1:
        return "With one asset the naive and the weighted sum are one and the same solo run."
    capital = money(reading.number("portfolio", "initial_equity"))
    share = reading.value("portfolio", "reserve_share")
    reserve = f", and {percent(share)} of it, the reserve, is lent to none" if share else ""
    return (
        f"The naive sum ({signed(naive)}) lends the same {capital} {reading.currency} to {n} "
        f"assets at once. No account can: at their weights they share it once{reserve}."
    )


def _difference(reading: Reading, weighted: float) -> float:
    return reading.number("portfolio", "net_pnl") - weighted


def _is_nothing(amount: float) -> bool:
    return abs(amount) < 0.005


def _gap(reading: Reading, weighted: float) -> str:
    gap = _difference(reading, weighted)
    trades = reading.count("portfolio", "trades")
    alone = sum(reading.count("solo", symbol, "trades") for symbol in reading.metrics["solo"])
    if _is_nothing(gap):
        return (
            f"The portfolio made what its solo runs make at their weights "
            f"({counted(trades, 'trade')} here, {count(alone)} in the solo runs)."
        )
    return (
        f"The portfolio made {money(abs(gap))} {reading.currency} "
        f"{'more' if gap > 0 else 'less'} than its solo runs at their weights, with "
        f"{counted(trades, 'trade')} against {count(alone)}. Between the two stand:"
    )


def _breaker(reading: Reading) -> str:
    trips = reading.decided("breaker_trip")
    if not len(trips):
        return ""
    closed = reading.count("portfolio", "exits", "breaker")
    blocked = reading.count("portfolio", "counts", "blocked_breaker")
    held = float(reading.result.account["breaker"].mean())
    return (
        f"Breaker: tripped {times(len(trips))}, first at {moment(trips['time'].iloc[0])}"
        f"; it closed {counted(closed, 'position')} and refused "
        f"{counted(blocked, 'entry signal')}. Trading stood still for {percent(held)} of the clock."
    )


def _stop_outs(reading: Reading) -> str:
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


def _blocked(reading: Reading) -> str:
    parts = [
        f"{REFUSED[code].replace('-|', '').replace('|', ' ')} {count(number)}"
        for code in BLOCKS
        if (number := reading.count("portfolio", "counts", code))
    ]
    return f"Entry signals blocked by rules: {listed(parts)}." if parts else ""


def _scaled(reading: Reading) -> str:
    trades = reading.result.trades
    parts = []
    for column in (name for name in trades.columns if name.startswith("factor_")):
        below = trades[column][trades[column] < 1.0]
        if len(below):
            parts.append(
                f"{words(column.removeprefix('factor_'))} shrank {count(len(below))} of "
                f"{counted(len(trades), 'trade')} to {percent(float(below.mean()))} of their size "
                "on average"
            )
    return f"Shared risk: {listed(parts)}." if parts else ""


def _limits(reading: Reading) -> str:
    parts = [
        f"{words(code)} cut {counted(number, 'trade')}"
        for code in LIMITS
        if (number := reading.count("portfolio", "links", code))
    ]
    return f"Limits: {listed(parts)}." if parts else ""


def _margin(reading: Reading) -> str:
    cut = reading.count("portfolio", "links", "margin_cut")
    refused = reading.count("portfolio", "counts", "no_margin")
    alone = sum(reading.count("solo", s, "links", "margin_cut") for s in reading.metrics["solo"])
    if not cut and not refused and not alone:
        return ""
    pool = "sleeves share one pool of it"
    if reading.settings.get("margin") == "segregated":
        pool = "each sleeve has only its own"
    return (
        f"Free margin: here, where {pool}, it cut {counted(cut, 'trade')} and refused "
        f"{count(refused)}; in the solo runs, each with an account of its own, it cut "
        f"{count(alone)}."
    )


def _small(reading: Reading) -> str:
    refused = reading.count("portfolio", "counts", "min_lot")
    if not refused:
        return ""
    return (
        f"Small sleeves: {counted(refused, 'entry', 'entries')} came out below the minimum lot; a "
        "solo run sizes on more money."
    )


def _compounding(reading: Reading) -> str:
    rebalances = max(0, len(reading.result.weights) - 1)
    ends = [reading.value("solo", symbol, "final_equity") for symbol in reading.metrics["solo"]]
    if len(ends) < 2 and not rebalances:
        return ""
    said = "Compounding: "
    if rebalances:
        received = (amount for amount in reading.result.ledger["transfers"] if amount > 0.0)
        said += (
            f"{counted(rebalances, 'rebalance')} moved {money(math.fsum(received))} "
            f"{reading.currency} between sleeves and reserve, so that one asset's result changes "
            "the next trades of all. "
        )
    return (
        f"{said}A solo run grows on its own result only: they end with {money(min(ends))} to "
        f"{money(max(ends))} {reading.currency} where each began with the full capital."
    )


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


def _full_size(reading: Reading) -> str:
    if reading.settings.get("size_on") != "account" or len(reading.symbols) < 2:
        return ""
    return (
        "Sizes: size_on is account, so weights do not make trades smaller; each is sized like a "
        "trade of a solo run, and the naive sum is the nearer comparison."
    )
