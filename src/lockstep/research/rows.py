"""The rows that a simulation draws: what every asset added to one account, day by day."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import trading_days
from lockstep.core.errors import DataError
from lockstep.core.result import RunResult
from lockstep.metrics.panel import nanoseconds, panel
from lockstep.metrics.returns import contributions
from lockstep.metrics.undefined import Undefined

#: Fewer rows say nothing about what might have been.
FEWEST_ROWS = 30
#: Largest difference between the last equity and the rows compounded (fraction of the capital).
_TOLERANCE = 1e-6


@dataclass(frozen=True, slots=True)
class Rows:
    """What each asset added on each day, as a fraction of the account before it.

    Parameters
    ----------
    symbols : tuple of str
        Sorted.
    days : ndarray of int64, shape (n_rows,)
        Trading days, as days since 1970-01-01.
    returns : ndarray, shape (n_rows, n_assets)
        Fractions; a row's sum is the account's return.
    initial, final : float
        Money before the first row and after the last.
    """

    symbols: tuple[str, ...]
    days: Ints
    returns: Array
    initial: float
    final: float

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.days)

    @property
    def growth(self) -> Array:
        """What one unit becomes on each row, >= 0, shape (n_rows,): no account owes money."""
        return np.asarray(np.maximum(1.0 + self.returns.sum(axis=1), 0.0), dtype=np.float64)


def day_rows(result: RunResult) -> Rows:
    """Return a row per trading day, days without a trade included.

    An asset's entry is its P&L of the day, open positions marked and transfers left out, over
    the account's equity at the previous mark.

    Raises
    ------
    DataError
        If there is no portfolio, too little of it, nothing happened in it, its equity was lost
        before its last day, or its tables do not add up.
    """
    _check_played(result)
    aligned = panel(result)
    account = aligned.account
    returns = contributions(aligned.pnl, account.marks, account.initial)
    return _checked(
        Rows(
            symbols=aligned.symbols,
            days=account.days,
            returns=_defined(returns),
            initial=account.initial,
            final=account.final,
        ),
        "trading days",
    )


def trade_rows(result: RunResult) -> Rows:
    """Return a row per trading day on which a trade was closed.

    An asset's entry is the net P&L of its trades closed that day, over the capital and the net
    P&L of every trade closed before. Trades that closed on one day stay together.

    Raises
    ------
    DataError
        As `day_rows`.
    """
    _check_played(result)
    trades = result.trades
    symbols = tuple(sorted(result.symbols))
    if len(trades) == 0:
        raise DataError("the run closed no trade; there is nothing to draw from.")
    closed = trading_days(nanoseconds(trades["exit_time"]), bool(result.facts["weekend_days"]))
    days, row = np.unique(closed, return_inverse=True)
    unknown = set(trades["asset"].astype(str)) - set(symbols)
    if unknown:
        raise DataError(
            f"trades.csv has trades of {min(unknown)}, which is not in the equity table; expected "
            "the files of one and the same run."
        )
    column = np.searchsorted(symbols, trades["asset"].astype(str).to_numpy(dtype=np.str_))
    pnl = np.zeros((len(days), len(symbols)))
    np.add.at(pnl, (row, column), trades["net_pnl"].to_numpy(dtype=np.float64))
    capital = float(result.facts["capital"])
    balance = capital + np.cumsum(pnl.sum(axis=1))
    rows = Rows(
        symbols=symbols,
        days=days,
        returns=_defined(contributions(pnl, balance, capital)),
        initial=capital,
        # what the broker bore is no trade's, and lifts the account to zero at most
        final=max(float(result.equity["total"].iloc[-1]) - _borne(result), 0.0),
    )
    return _checked(rows, "trading days with a closed trade")


def _borne(result: RunResult) -> float:
    """Return the debt the broker bore, account currency."""
    return float(result.ledger["broker_loss"].sum()) if len(result.ledger) else 0.0


def _check_played(result: RunResult) -> None:
    if len(result.equity) == 0:
        raise DataError(
            "the run holds no portfolio, only solo runs; expected a run whose status is complete."
        )


def _defined(returns: Array | Undefined) -> Array:
    if isinstance(returns, Undefined):
        raise DataError(f"{returns.reason}: what came after cannot be put into fractions of it.")
    return returns


def _checked(rows: Rows, noun: str) -> Rows:
    if len(rows) < FEWEST_ROWS:
        raise DataError(
            f"the run has {len(rows)} {noun}; expected at least {FEWEST_ROWS}. Run over more dates."
        )
    if not np.any(rows.returns):
        raise DataError("no day of the run earned or lost anything; there is nothing to draw from.")
    compounded = rows.initial * float(np.prod(rows.growth))
    if abs(compounded - rows.final) > _TOLERANCE * rows.initial:
        raise DataError(
            f"the {noun} compound to {compounded:.2f} but the run ended at {rows.final:.2f}; "
            "expected the files of one and the same run."
        )
    return rows
