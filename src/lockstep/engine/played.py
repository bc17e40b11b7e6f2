"""Played: the primitives either player returns, before they become tables."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.core.bars import Array
from lockstep.core.plan import Int32s
from lockstep.core.records import Decision, Trade


@dataclass(frozen=True, slots=True)
class Played:
    """What happened when a plan was played.

    Parameters
    ----------
    trades : list of Trade
        By exit step, then asset.
    decisions : list of Decision
        By step, stage, asset, code.
    equity : ndarray, shape (n_steps, n_assets)
        Sleeve equity after each step, account currency.
    account_equity, reserve, used_margin, margin_level, drawdown_factor : ndarray, shape (n_steps,)
        The account's own equity, reserve and used margin after each step; margin level as tested in
        stage D (NaN: no margin used); the factor of drawdown scaling.
    terms : ndarray, shape (n_days, n_assets + 1, n_terms)
        Terms of the daily identity (`result.LEDGER_TERMS`); the last row of assets is the reserve.
    in_position : ndarray of int32, shape (n_assets,)
        Signals that came while a position was open or an entry queued.
    end_adjustment : ndarray, shape (n_assets,)
        What closing at the data's end changed after the last mark: not fed to allocation.
    least_free : float
        Smallest free margin that an accepted entry left, account currency; infinite without one.
    factor_names : tuple of str
        Names of the size factors, in the order of `Trade.factors`.
    """

    trades: list[Trade]
    decisions: list[Decision]
    equity: Array
    account_equity: Array
    reserve: Array
    used_margin: Array
    margin_level: Array
    drawdown_factor: Array
    terms: Array
    in_position: Int32s
    end_adjustment: Array
    least_free: float
    factor_names: tuple[str, ...]
