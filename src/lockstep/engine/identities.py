"""What must always hold, checked in every run to 1e-9 of capital (docs/account.md, section 8)."""

from __future__ import annotations

import numpy as np

from lockstep.core import codes
from lockstep.core.bars import Array
from lockstep.core.errors import IdentityError
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.records import Trade
from lockstep.core.result import LEDGER_TERMS
from lockstep.engine.played import Played
from lockstep.ledger import prices

TOLERANCE = 1e-9
#: Sign of each ledger term in the change of equity.
SIGNS = np.array([1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0])
#: A price recomputed from the bars may differ by this fraction.
SAME_PRICE = 1e-9


def check_identities(plan: RunPlan, played: Played) -> None:
    """Fail the run if an accounting identity does not hold.

    Raises
    ------
    IdentityError
        Naming the identity, where it breaks and by how much.
    """
    allowed = TOLERANCE * plan.terms.capital
    _check_days(plan, played, allowed)
    _check_steps(played, allowed)
    _check_trades_sum(plan, played, allowed)
    if played.least_free < -allowed:
        raise IdentityError(
            f"an accepted entry left a free margin of {played.least_free:.9g}; expected 0 or more."
        )
    for trade in played.trades:
        _check_trade(plan, trade, allowed)
        check_fills(plan.assets[trade.asset], trade)


def account_equity(played: Played) -> Array:
    """Return the fresh sum after every step: sleeves in order, then the reserve."""
    total = np.zeros(len(played.reserve))
    for column in range(played.equity.shape[1]):
        total = total + played.equity[:, column]
    return total + played.reserve


def _check_steps(played: Played, allowed: float) -> None:
    off = np.abs(account_equity(played) - played.account_equity)
    if not np.all(off <= allowed):
        step = int(np.argmax(np.where(np.isnan(off), np.inf, off)))
        raise IdentityError(
            f"sleeves and reserve sum to {account_equity(played)[step]:.9g} after step {step}, but "
            f"the account says {played.account_equity[step]:.9g}."
        )


def daily_equity(plan: RunPlan, played: Played) -> Array:
    """Return equity after each trading day, shape (n_days + 1, n_assets + 1).

    The first row is the start, the last column the reserve.
    """
    last = np.flatnonzero(np.diff(plan.day, append=plan.day[-1] + 1))
    start = plan.initial_weights * plan.terms.capital
    sleeves = np.vstack([start, played.equity[last]])
    reserve = np.concatenate([[plan.terms.capital - start.sum()], played.reserve[last]])
    return np.column_stack([sleeves, reserve])


def _check_days(plan: RunPlan, played: Played, allowed: float) -> None:
    change = np.diff(daily_equity(plan, played), axis=0)
    explained = played.terms @ SIGNS
    off = np.abs(change - explained)
    if not np.all(off <= allowed):
        day, asset = np.unravel_index(
            int(np.nanargmax(np.where(np.isnan(off), np.inf, off))), off.shape
        )
        name = (*plan.symbols, "reserve")[asset]
        terms = ", ".join(
            f"{term} {value:.9g}" for term, value in zip(LEDGER_TERMS, played.terms[day, asset])
        )
        raise IdentityError(
            f"daily identity broken for {name} on {np.datetime64(int(plan.days[day]), 'D')}: "
            f"equity changed by {change[day, asset]:.9g}, the terms explain "
            f"{explained[day, asset]:.9g} ({terms})."
        )


def _check_trades_sum(plan: RunPlan, played: Played, allowed: float) -> None:
    total = 0.0
    for trade in played.trades:
        total += trade.net_pnl
    losses = float(played.terms[:, :, LEDGER_TERMS.index("broker_loss")].sum())
    end = float(played.equity[-1].sum() + played.reserve[-1])
    change = end - plan.terms.capital
    if abs(total + losses - change) > allowed:
        raise IdentityError(
            f"the trades' net P&L sums to {total:.9g} and the broker's losses to {losses:.9g}, but "
            f"equity changed by {change:.9g}."
        )


def _check_trade(plan: RunPlan, trade: Trade, allowed: float) -> None:
    symbol = plan.symbols[trade.asset]
    costs = trade.spread_cost + trade.slippage_cost + trade.commission
    if abs(trade.gross_pnl - costs + trade.swap - trade.net_pnl) > allowed:
        raise IdentityError(f"a trade of {symbol} does not add up to its net P&L: {trade}.")
    if min(trade.spread_cost, trade.slippage_cost) < -allowed:
        raise IdentityError(f"a trade of {symbol} has a negative cost: {trade}.")
    too_early = trade.entry_bar <= trade.signal_bar or trade.exit_bar < trade.entry_bar
    if too_early:
        raise IdentityError(f"a trade of {symbol} was filled at or before its decision: {trade}.")


def check_fills(asset: AssetPlan, trade: Trade) -> None:
    """Fail the run if a trade was not filled at prices of the asset's own bars.

    An entry fills at the opening quote of its bar. An exit fills at the opening quote, at its
    level (inside the bar's range), or, for a stop-out and the end of data, at the closing quote.
    """
    unit, i = asset.instrument, trade.exit_bar
    bid, spread = asset.bid_open[trade.entry_bar], asset.spread[trade.entry_bar]
    paid = bid + spread if trade.side > 0 else bid
    slip = prices.slip_of(paid, unit.slippage, unit.slippage_bps)
    entry = prices.entry_fill(trade.side, bid, spread, slip)
    wanted = [_exit_price(asset, trade, asset.bid_open[i])]
    if trade.exit_reason in (codes.STOP, codes.TARGET):
        wanted = [_level_price(asset, trade)]
    elif trade.exit_reason == codes.DATA_END:
        wanted = [_exit_price(asset, trade, asset.bid_close[i])]
    elif trade.exit_reason == codes.STOP_OUT_EXIT:
        wanted.append(_exit_price(asset, trade, asset.bid_close[i]))
    if not _same(trade.entry_price, entry) or not any(_same(trade.exit_price, w) for w in wanted):
        raise IdentityError(
            f"a trade of {asset.symbol} was not filled at its own bars' prices: expected {entry:g} "
            f"and {' or '.join(f'{price:g}' for price in wanted)}, got {trade}."
        )


def _same(price: float, other: float) -> bool:
    return abs(price - other) <= SAME_PRICE * abs(other)


def _exit_price(asset: AssetPlan, trade: Trade, bid: float) -> float:
    unit = asset.instrument
    quote = prices.exit_quote(trade.side, bid, asset.spread[trade.exit_bar])
    if trade.exit_reason == codes.GAP_TARGET:
        return float(quote)
    slip = prices.slip_of(quote, unit.slippage, unit.slippage_bps)
    return float(prices.exit_fill(trade.side, quote, slip))


def _level_price(asset: AssetPlan, trade: Trade) -> float:
    unit, i, level = asset.instrument, trade.exit_bar, trade.exit_level
    shift = asset.spread[i] if trade.side < 0 else 0.0
    slack = SAME_PRICE * abs(level)
    if not asset.bid_low[i] + shift - slack <= level <= asset.bid_high[i] + shift + slack:
        raise IdentityError(
            f"a trade of {asset.symbol} left at a level its bar never saw: {trade}."
        )
    if trade.exit_reason == codes.TARGET:
        return level
    slip = prices.slip_of(level, unit.slippage, unit.slippage_bps)
    return float(prices.exit_fill(trade.side, level, slip))
