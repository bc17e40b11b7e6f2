"""A RunResult as aligned arrays: the clock, the trading days, and P&L without transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS, trading_days
from lockstep.core.errors import DataError
from lockstep.core.result import RunResult, day_marks


@dataclass(frozen=True, slots=True)
class Curve:
    """One equity curve.

    Parameters
    ----------
    initial : float
        Equity before the first step (account currency).
    time : ndarray of int64, shape (n_steps,)
        Labels of the steps, ns.
    equity : ndarray, shape (n_steps,)
        Equity after each step.
    days : ndarray of int64, shape (n_days,)
        Trading days, as days since 1970-01-01.
    marks : ndarray, shape (n_days,)
        Equity after each trading day's last step.
    """

    initial: float
    time: Ints
    equity: Array
    days: Ints
    marks: Array

    @property
    def final(self) -> float:
        """The last equity, or the initial one if there is no step."""
        return float(self.equity[-1]) if len(self.equity) else self.initial


@dataclass(frozen=True, slots=True)
class Panel:
    """The portfolio's arrays. Money in account currency.

    Parameters
    ----------
    symbols : tuple of str
        The assets in play, in the order of every column.
    account : Curve
        The account.
    sleeves : ndarray, shape (n_steps, n_assets)
        Sleeve equity after each step, transfers included.
    reserve : ndarray, shape (n_days,)
        Reserve after each trading day's last step.
    pnl : ndarray, shape (n_days, n_assets)
        P&L of each asset and trading day, transfers left out.
    transfers : ndarray, shape (n_days, n_assets)
        Cash moved into each sleeve, negative out of it.
    weights : ndarray, shape (n_rows, n_assets)
        Sleeve targets: the start, then each rebalance.
    weight_days, weight_steps : ndarray of int64, shape (n_rows,)
        Trading day, and step of the clock, of each row.
    first_steps : ndarray of int64, shape (n_days,)
        First step of each trading day.
    """

    symbols: tuple[str, ...]
    account: Curve
    sleeves: Array
    reserve: Array
    pnl: Array
    transfers: Array
    weights: Array
    weight_days: Ints
    weight_steps: Ints
    first_steps: Ints

    def start(self, asset: int) -> float:
        """Return the sleeve's target before the first step."""
        return float(self.weights[0, asset]) * self.account.initial

    def contribution(self, asset: int) -> Curve:
        """Return the account as if this asset alone had earned anything in it.

        The initial account equity plus the asset's cumulative P&L: cash moved between sleeves is
        neither a gain nor a drawdown.
        """
        moved = np.zeros(len(self.account.time))
        for day in np.flatnonzero(self.transfers[:, asset]):
            moved[self._step_of_transfer(int(day))] += self.transfers[day, asset]
        base = self.account.initial - self.start(asset)
        equity = self.sleeves[:, asset] - np.cumsum(moved) + base
        marks = self.account.initial + np.cumsum(self.pnl[:, asset])
        return Curve(self.account.initial, self.account.time, equity, self.account.days, marks)

    def _step_of_transfer(self, day: int) -> int:
        """Return the step of the rebalance in a trading day, else the day's first step."""
        row = np.flatnonzero(self.weight_days[1:] == self.account.days[day])
        return int(self.weight_steps[1 + row[-1]]) if len(row) else int(self.first_steps[day])


def panel(result: RunResult) -> Panel:
    """Return the aligned arrays of a run that was played.

    Raises
    ------
    DataError
        If the ledger speaks of an asset or a trading day that the clock does not have.
    """
    weekend_days = bool(result.facts["weekend_days"])
    symbols = tuple(sorted(result.symbols))
    time = nanoseconds(result.equity.index)
    step_days = trading_days(time, weekend_days)
    total = result.equity["total"].to_numpy(dtype=np.float64)
    days, marks = day_marks(step_days, total)
    _, reserve = day_marks(step_days, result.equity["reserve"].to_numpy(dtype=np.float64))
    change, transfers = _ledger(result.ledger, symbols, days)
    weight_time = nanoseconds(result.weights.index)
    steps = np.clip(np.searchsorted(time, weight_time), 0, max(len(time) - 1, 0))
    return Panel(
        symbols=symbols,
        account=Curve(float(result.facts["capital"]), time, total, days, marks),
        sleeves=result.equity[list(symbols)].to_numpy(dtype=np.float64),
        reserve=reserve,
        pnl=change - transfers,
        transfers=transfers,
        weights=result.weights[list(symbols)].to_numpy(dtype=np.float64),
        weight_days=trading_days(weight_time, weekend_days),
        weight_steps=steps.astype(np.int64),
        first_steps=np.searchsorted(step_days, days).astype(np.int64),
    )


def solo_curves(result: RunResult) -> dict[str, Curve]:
    """Return the curve of each solo run, from the asset's first step to its last.

    A step without the asset's bar (NaN) keeps the equity before it: a return of 0.
    """
    if len(result.solo_equity) == 0:
        return {}
    time = nanoseconds(result.solo_equity.index)
    step_days = trading_days(time, bool(result.facts["weekend_days"]))
    capital = float(result.facts["capital"])
    curves = {}
    for symbol in sorted(map(str, result.solo_equity.columns)):
        equity = result.solo_equity[symbol].to_numpy(dtype=np.float64)
        known = np.flatnonzero(np.isfinite(equity))
        own = slice(int(known[0]), int(known[-1]) + 1) if len(known) else slice(0, 0)
        filled = _carried(equity[own])
        days, marks = day_marks(step_days[own], filled) if len(known) else (step_days[own], filled)
        curves[symbol] = Curve(capital, time[own], filled, days, marks)
    return curves


def on_days(
    curves: dict[str, Curve], values: dict[str, Array], missing: float
) -> tuple[Ints, Array]:
    """Return daily values of several curves on the union of their days.

    Parameters
    ----------
    curves : dict of Curve
        By symbol.
    values : dict of ndarray, each of shape (n_days of its curve,)
        By the same symbols.
    missing : float
        Stands on days outside a curve's own.

    Returns
    -------
    days : ndarray of int64, shape (n_days,)
    table : ndarray, shape (n_days, n_curves)
        Columns in the order of `curves`.
    """
    every = [curve.days for curve in curves.values()]
    days = np.unique(np.concatenate(every)) if every else np.empty(0, dtype=np.int64)
    table = np.full((len(days), len(curves)), missing)
    for column, (symbol, curve) in enumerate(curves.items()):
        table[np.searchsorted(days, curve.days), column] = values[symbol]
    return days, table


def nanoseconds(moments: pd.Index | pd.Series) -> Ints:
    """Return UTC-naive moments as ns since 1970, shape (n,)."""
    return np.asarray(pd.DatetimeIndex(moments).as_unit("ns").asi8, dtype=np.int64)


def _ledger(ledger: pd.DataFrame, symbols: tuple[str, ...], days: Ints) -> tuple[Array, Array]:
    """Return equity change and transfers, each of shape (n_days, n_assets)."""
    change, transfers = (np.zeros((len(days), len(symbols))) for _ in range(2))
    if len(ledger) == 0:
        return change, transfers
    # The reserve has rows of its own; it mirrors the transfers and is no asset.
    ledger = ledger[ledger["asset"].astype(str) != "reserve"]
    row = _positions(_day_numbers(ledger["day"]).tolist(), days.tolist(), "trading day")
    column = _positions(ledger["asset"].astype(str).tolist(), list(symbols), "asset")
    np.add.at(change, (row, column), ledger["equity_change"].to_numpy(dtype=np.float64))
    np.add.at(transfers, (row, column), ledger["transfers"].to_numpy(dtype=np.float64))
    return change, transfers


def _positions(values: list[Any], known: list[Any], noun: str) -> Ints:
    index = {value: position for position, value in enumerate(known)}
    for value in values:
        if value not in index:
            raise DataError(
                f"the ledger has a row for the {noun} {value}, which is not in the equity table; "
                "expected the files of one and the same run."
            )
    return np.array([index[value] for value in values], dtype=np.int64)


def _day_numbers(day: pd.Series) -> Ints:
    """Return days since 1970-01-01 of a column of dates or of such numbers."""
    if pd.api.types.is_integer_dtype(day):
        return day.to_numpy(dtype=np.int64)
    return nanoseconds(pd.to_datetime(day)) // DAY_NS


def _carried(values: Array) -> Array:
    """Return the values with each NaN replaced by the last number before it."""
    if not np.any(np.isnan(values)):
        return values
    return values[np.maximum.accumulate(np.where(np.isnan(values), 0, np.arange(len(values))))]
