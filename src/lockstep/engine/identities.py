"""What must always hold, checked in every run to 1e-9 of capital (docs/account.md, section 8)."""

from __future__ import annotations

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.codes import EXIT_REASONS
from lockstep.core.errors import IdentityError
from lockstep.core.plan import RunPlan
from lockstep.core.records import Trade
from lockstep.core.result import LEDGER_TERMS
from lockstep.engine.played import Played

TOLERANCE = 1e-9
#: Sign of each ledger term in the change of equity.
SIGNS = np.array([1.0, -1.0, -1.0, -1.0, 1.0, 1.0, 1.0, 1.0])
#: Exits that fill at the close of the bar they are decided on.
AT_THE_CLOSE = tuple(EXIT_REASONS.index(name) for name in ("stop_out", "data_end"))


def check_identities(plan: RunPlan, played: Played) -> None:
    """Fail the run if an accounting identity does not hold.

    Raises
    ------
    IdentityError
        Naming the identity, where it breaks and by how much.
    """
    allowed = TOLERANCE * plan.terms.capital
    _check_days(plan, played, allowed)
    _check_trades_sum(plan, played, allowed)
    for trade in played.trades:
        _check_trade(plan, trade, allowed)


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
    if abs(total + losses - change) > allowed * max(1, len(played.trades)) ** 0.5:
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
