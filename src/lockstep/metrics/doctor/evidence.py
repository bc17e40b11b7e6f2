"""Questions to the evidence: whether there is enough, and how much hangs on strokes of luck."""

from __future__ import annotations

import math
from collections.abc import Iterator

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
from lockstep.metrics.trades import win_rate_interval
from lockstep.metrics.undefined import Undefined

#: Share of the net profit that one trade may make.
ONE_TRADE_SHARE = 0.40
#: Share of the net profit that trades closed on ambiguous bars, or at the data's end, may make.
AMBIGUOUS_SHARE = 0.20
OPEN_END_SHARE = 0.20
#: A yearly Sharpe ratio beyond which an error is likelier than skill.
SHARPE_LIMIT = 4.0
#: Trades below which an average says little.
FEW_TRADES = 30
#: Days without an entry that count as idle, if they are also this many times the mean gap.
IDLE_DAYS, IDLE_TIMES = 30.0, 10.0
#: Probability that the true Sharpe ratio is above 0, below which it is not proven.
PROVEN = 0.95


def one_trade(case: Case) -> Iterator[Finding]:
    """Yield a finding if one trade made much of the profit."""
    best, net = case.value("portfolio", "best_trade"), case.value("portfolio", "net_pnl")
    if best is not None and net > 0.0 and best / net > ONE_TRADE_SHARE:
        trades = case.result.trades
        asset = str(trades["asset"].iloc[int(np.argmax(numbers(trades, "net_pnl")))])
        yield Finding(
            HIGH,
            best / net,
            "fraction",
            f"One trade of {asset} made {best:,.2f} of {net:,.2f} {case.currency} net profit "
            f"({best / net:.1%}).",
            "Judge the result without it; a strategy does not live on one trade.",
            size=best / net / ONE_TRADE_SHARE,
            asset=asset,
        )


def one_asset(case: Case) -> Iterator[Finding]:
    """Yield a finding if the other assets together earned nothing."""
    made = {s: float(case.value("assets", s, "net_pnl")) for s in case.symbols}
    net = math.fsum(made.values())
    if len(made) < 2 or net <= 0.0:
        return
    asset = max(made, key=lambda symbol: (made[symbol], symbol))
    if made[asset] >= net:
        yield Finding(
            MEDIUM,
            made[asset] / net,
            "fraction",
            f"{asset} made all of the profit ({made[asset]:,.2f} of {net:,.2f} {case.currency}): "
            f"the other {len(made) - 1} together made {net - made[asset]:,.2f}.",
            f"Ask whether this is a portfolio, or {asset} with ballast.",
            size=made[asset] / net,
            asset=asset,
        )


def ambiguous_profit(case: Case) -> Iterator[Finding]:
    """Yield a finding if much of the profit was closed on ambiguous bars."""
    net, trades = case.value("portfolio", "net_pnl"), case.result.trades
    if not len(trades) or net <= 0.0:
        return
    made = math.fsum(numbers(trades, "net_pnl")[numbers(trades, "ambiguous") > 0.0])
    if made / net > AMBIGUOUS_SHARE:
        yield Finding(
            MEDIUM,
            made / net,
            "fraction",
            f"{made / net:.1%} of the net profit was closed on bars that touched both stop and "
            "target; which came first is an assumption.",
            "Test with finer bars, or believe the stop_first result.",
            size=made / net / AMBIGUOUS_SHARE,
        )


def ambiguous_sign(case: Case) -> Iterator[Finding]:
    """Yield a finding if profit or loss depends on the rule for ambiguous bars."""
    low, high = _readings(case)
    if low < 0.0 < high:
        yield Finding(
            HIGH,
            high - low,
            case.currency,
            f"Whether the run wins or loses depends on how ambiguous bars are read: net P&L "
            f"{low:,.2f} to {high:,.2f} {case.currency}.",
            "Test with finer bars before anything else.",
        )


def ambiguous_width(case: Case) -> Iterator[Finding]:
    """Yield a finding if the rule for ambiguous bars moves much of the result, not its sign."""
    low, high = _readings(case)
    net, width = abs(float(case.value("portfolio", "net_pnl"))), high - low
    least = MATERIAL * float(case.facts["capital"])
    if not low < 0.0 < high and width > max(AMBIGUOUS_SHARE * net, least):
        yield Finding(
            MEDIUM,
            width,
            case.currency,
            f"How ambiguous bars are read moves the net P&L from {low:,.2f} to {high:,.2f} "
            f"{case.currency}; which is true, the bars do not say.",
            "Test with finer bars, or believe the stop_first result.",
            size=width / max(AMBIGUOUS_SHARE * net, least),
        )


def _readings(case: Case) -> tuple[float, float]:
    """Return the lowest and highest net P&L under the rules for ambiguous bars, as far as known."""
    exact = case.value("portfolio", "ambiguous_reruns") or {}
    answers = [float(net) for net in exact.values() if net is not None]
    answers = answers or list(case.value("portfolio", "ambiguous_pnl_interval") or (0.0,))
    return min(answers), max(answers)


def too_good(case: Case) -> Iterator[Finding]:
    """Yield a finding for each Sharpe ratio that is too good to be true.

    That of a few days is neither good nor bad: `short_sample` speaks of them.
    """
    rooms = {"": ("portfolio",)} | {s: ("solo", s) for s in sorted(case.metrics.get("solo") or {})}
    for symbol, room in rooms.items():
        sharpe, days = case.value(*room, "sharpe"), case.value(*room, "trading_days")
        if sharpe is not None and sharpe > SHARPE_LIMIT and days >= ENOUGH_DAYS:
            yield Finding(
                MEDIUM if symbol else HIGH,
                sharpe,
                "ratio",
                f"The Sharpe ratio of {f'the solo run of {symbol}' if symbol else 'the account'} "
                f"is {sharpe:.2f} a year: few funds have ever kept one above 2.",
                "Look for a view of the future, missing costs, or prices nobody could trade at "
                "(main.py audit).",
                size=sharpe / SHARPE_LIMIT,
                asset=symbol,
            )


def few_trades(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset with few trades."""
    for symbol in case.symbols:
        count = int(case.value("assets", symbol, "trades"))
        if count < FEW_TRADES:
            yield Finding(
                MEDIUM,
                count,
                "trades",
                f"{symbol} made {count} {'trade' if count == 1 else 'trades'}; below {FEW_TRADES} "
                "an average is chance."
                if count
                else f"{symbol} made no trade: nothing can be said of its strategy.",
                "Lengthen the history, or leave its numbers out of the judgement.",
                size=FEW_TRADES / max(count, 1),
                asset=symbol,
            )


def uncertain_wins(case: Case) -> Iterator[Finding]:
    """Yield a finding if chance alone could lift or sink the win rate past break-even."""
    net = numbers(case.result.trades, "net_pnl")
    won, lost = net[net > 0.0], net[net <= 0.0]
    low, high = win_rate_interval(net)
    if not len(won) or not math.fsum(lost) < 0.0:
        return
    if isinstance(low, Undefined) or isinstance(high, Undefined):
        return
    even, rate = float(-lost.mean() / (won.mean() - lost.mean())), len(won) / len(net)
    if low <= even <= high:
        yield Finding(
            LOW,
            rate,
            "fraction",
            f"{rate:.1%} of the trades won; with these wins and losses {even:.1%} breaks even, "
            f"which lies inside the 95% interval of {low:.1%} to {high:.1%}.",
            "More trades are needed to tell an edge from chance.",
        )


def unproven(case: Case) -> Iterator[Finding]:
    """Yield a finding if a positive Sharpe ratio could well be none."""
    sharpe = case.value("portfolio", "sharpe")
    careful, plain = (
        case.value("portfolio", f"probabilistic_sharpe{form}") for form in ("_adjusted", "")
    )
    proof = plain if careful is None else careful
    if sharpe is not None and proof is not None and sharpe > 0.0 and proof < PROVEN:
        yield Finding(
            LOW,
            proof,
            "probability",
            f"The Sharpe ratio of {sharpe:.2f} is above 0 with a probability of {proof:.1%} only; "
            f"{PROVEN:.0%} is the least one asks.",
            "Lengthen the history; do not raise the stake.",
            size=PROVEN / max(proof, 0.01),
        )


def idle(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset that stopped trading for long, and no breaker says why."""
    trip = case.stopped_for_good
    stopped = 2**62 if trip is None else trip
    for symbol in case.symbols:
        trades, bars = case.trades_of(symbol), case.bars_of(symbol)
        if len(trades) < 2 or len(bars) < 2:
            continue
        entries = np.sort(nanoseconds(trades["entry_time"]))
        last = max(min(int(bars[-1]), stopped), int(entries[-1]))
        gaps = np.diff(np.concatenate([bars[:1], entries, [last]])) / (24 * HOUR_NS)
        longest, mean = float(gaps.max()), float(gaps.mean())
        if longest > IDLE_DAYS and longest > IDLE_TIMES * mean:
            yield Finding(
                LOW,
                longest,
                "days",
                f"{symbol} opened nothing for {longest:,.0f} days; it opens a trade every "
                f"{mean:,.1f} days on average.",
                "See what happened then: data, breaker, a weight of 0, or a market it cannot read.",
                size=longest / IDLE_DAYS,
                asset=symbol,
            )


def open_at_end(case: Case) -> Iterator[Finding]:
    """Yield a finding if trades that only the data's end closed make much of the result."""
    net, trades = case.value("portfolio", "net_pnl"), case.result.trades
    if not len(trades) or net == 0.0:
        return
    left = math.fsum(trades.loc[trades["exit_reason"] == "data_end", "net_pnl"])
    share = abs(left / net)
    if share > OPEN_END_SHARE:
        yield Finding(
            LOW,
            share,
            "fraction",
            f"Trades that were still open when the data ended made {left:,.2f} of {net:,.2f} "
            f"{case.currency} net P&L.",
            "Their exits are the data's, not the strategy's: judge the result without them.",
            size=share / OPEN_END_SHARE,
        )


def backfired(case: Case) -> Iterator[Finding]:
    """Yield a finding for each rule without which there was more money and less drawdown."""
    told: set[tuple[float, float]] = set()
    for rule, effect in (case.metrics.get("counterfactuals") or {}).items():
        money, fall = effect.get("final_equity_effect"), effect.get("max_drawdown_effect")
        if money is None or fall is None or not (money < 0.0 < fall) or (money, fall) in told:
            continue
        told.add((money, fall))  # all rules together are no news where only one of them acted
        name = "the rules together" if rule == "all_rules" else f"the rule {rule.replace('_', ' ')}"
        yield Finding(
            LOW,
            money,
            case.currency,
            f"Without {name} the account would have ended {-money:,.2f} {case.currency} richer "
            f"and fallen {fall:.2%} of its peak less.",
            "One path proves nothing against a rule: see other orders of its days "
            "(main.py montecarlo).",
            size=1.0 + fall,
        )
