"""From what was played to the tables of a RunResult."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
from lockstep.core.codes import DECISIONS, EXIT_REASONS, LINKS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.records import Trade
from lockstep.core.result import LEDGER_TERMS
from lockstep.engine.identities import account_equity, daily_equity
from lockstep.engine.played import Played
from lockstep.risk.manager import render, sentences


def moments(time: Ints) -> pd.DatetimeIndex:
    """Return ns since 1970 as a UTC-naive index named ``time``."""
    return pd.DatetimeIndex(time.astype("datetime64[ns]"), name="time")


def trades_table(plan: RunPlan, played: Played) -> pd.DataFrame:
    """Return a row per trade, in the order of their exits."""
    rows = [_trade_row(plan.assets[t.asset], t, played.factor_names) for t in played.trades]
    columns = list(_trade_row_names(played.factor_names))
    table = pd.DataFrame(rows, columns=columns)
    table.insert(0, "trade_id", np.arange(1, len(table) + 1))
    for name in ("signal_time", "entry_time", "exit_time"):
        table[name] = table[name].astype("int64").to_numpy().astype("datetime64[ns]")
    return table


def _trade_row_names(factors: Sequence[str]) -> tuple[str, ...]:
    head = (
        "asset side lots units signal_time entry_time entry_price stop_price target_price "
        "exit_time exit_price exit_reason exit_level ambiguous bars_held risk_amount risk_asked "
        "r_multiple gross_pnl spread_cost slippage_cost commission swap net_pnl rate_entry "
        "rate_exit mae mfe weight links pnl_stop_first pnl_target_first"
    )
    return (*head.split(), *(f"factor_{name}" for name in factors))


def _trade_row(asset: AssetPlan, trade: Trade, factors: Sequence[str]) -> tuple[Any, ...]:
    mae, mfe = excursions(asset, trade)
    links = [name for bit, name in enumerate(LINKS) if trade.links >> bit & 1]
    return (
        asset.symbol,
        "long" if trade.side > 0 else "short",
        trade.lots,
        trade.lots * asset.instrument.contract_size,
        int(asset.time[trade.signal_bar]),
        int(asset.time[trade.entry_bar]),
        trade.entry_price,
        trade.stop_price,
        trade.target_price,
        int(asset.time[trade.exit_bar]),
        trade.exit_price,
        EXIT_REASONS[trade.exit_reason],
        trade.exit_level,
        trade.ambiguous,
        trade.bars_held,
        trade.risk_amount,
        trade.risk_asked,
        trade.net_pnl / trade.risk_amount,
        trade.gross_pnl,
        trade.spread_cost,
        trade.slippage_cost,
        trade.commission,
        trade.swap,
        trade.net_pnl,
        trade.rate_entry,
        trade.rate_exit,
        mae,
        mfe,
        trade.weight,
        " ".join(links),
        *trade.interval,
        *trade.factors,
    )


def excursions(asset: AssetPlan, trade: Trade) -> tuple[float, float]:
    """Return (MAE, MFE) in R, both >= 0, on exit-side quotes.

    Bars before the exit bar count in full, the exit bar with its opening quote and the exit price;
    an exit at the close (stop-out, end of data) follows a whole bar, which counts in full.
    """
    closing = trade.exit_reason in (EXIT_REASONS.index("stop_out"), EXIT_REASONS.index("data_end"))
    at_close = closing and trade.bars_held == trade.exit_bar - trade.entry_bar + 1
    whole = slice(trade.entry_bar, trade.exit_bar + 1 if at_close else trade.exit_bar)
    shift = asset.spread[whole] if trade.side < 0 else 0.0
    low = asset.bid_low[whole] + shift
    high = asset.bid_high[whole] + shift
    opening = asset.bid_open[trade.exit_bar]
    if trade.side < 0:
        opening += asset.spread[trade.exit_bar]
    seen = [opening, trade.exit_price]
    lowest = min(float(low.min()), *seen) if len(low) else min(seen)
    highest = max(float(high.max()), *seen) if len(high) else max(seen)
    fill, stop = trade.entry_price, trade.stop_price
    risk = abs(fill - stop)
    adverse, favourable = (fill - lowest, highest - fill)
    if trade.side < 0:
        adverse, favourable = (highest - fill, fill - lowest)
    return max(0.0, adverse) / risk, max(0.0, favourable) / risk


def decisions_table(plan: RunPlan, played: Played) -> pd.DataFrame:
    """Return a row per decision, with the sentence that says what it was."""
    templates = sentences(plan.rules)
    names = (*plan.symbols, "account")
    said = {
        (0 if row < 0 else int(plan.rebalance_steps[row]), asset, code): sentence
        for row, asset, code, _, _, sentence in plan.weight_notes
    }
    rows = []
    for d in played.decisions:
        code = DECISIONS[d.code]
        sentence = said.get((d.step, d.asset, d.code)) or render(
            templates[code], names[d.asset], d.before, d.after
        )
        asset = plan.symbols[d.asset] if d.asset >= 0 else ""
        rows.append((int(plan.clock[d.step]), d.stage, asset, code, d.before, d.after, sentence))
    columns = ["time", "stage", "asset", "code", "before", "after", "sentence"]
    table = pd.DataFrame(rows, columns=columns)
    table["time"] = table["time"].astype("int64").to_numpy().astype("datetime64[ns]")
    return table


def equity_table(plan: RunPlan, played: Played) -> pd.DataFrame:
    """Return equity after every step: a column per asset, then reserve and total."""
    table = pd.DataFrame(played.equity, index=moments(plan.clock), columns=list(plan.symbols))
    table["reserve"] = played.reserve
    table["total"] = account_equity(played)
    return table


def weights_table(plan: RunPlan) -> pd.DataFrame:
    """Return the sleeve targets: a row for the start and one for each rebalance."""
    steps = np.concatenate([[0], plan.rebalance_steps]).astype(np.int64)
    values = np.vstack([plan.initial_weights, plan.weights])
    table = pd.DataFrame(values, index=moments(plan.clock[steps]), columns=list(plan.symbols))
    rest = 1.0 - values.sum(axis=1)
    table["reserve"] = np.where(np.abs(rest) < 1e-12, 0.0, rest)
    return table


def ledger_table(plan: RunPlan, played: Played) -> pd.DataFrame:
    """Return the daily identity: a row per trading day and asset (the reserve last)."""
    change = np.diff(daily_equity(plan, played), axis=0)
    n_days, n_columns = change.shape
    table = pd.DataFrame(
        {
            "day": np.repeat(plan.days.astype("datetime64[D]").astype("datetime64[ns]"), n_columns),
            "asset": [*plan.symbols, "reserve"] * n_days,
            "equity_change": change.ravel(),
        }
    )
    for index, term in enumerate(LEDGER_TERMS):
        table[term] = played.terms[:, :, index].ravel()
    return table


def account_table(plan: RunPlan, played: Played) -> pd.DataFrame:
    """Return the account after every step: margin, exposure, drawdown, what the rules hold."""
    exposure = exposures(plan, played.trades)
    total = account_equity(played)
    peak = np.maximum.accumulate(np.concatenate([[plan.terms.capital], total]))[1:]
    table = pd.DataFrame(index=moments(plan.clock))
    table["used_margin"] = played.used_margin
    table["margin_level"] = played.margin_level
    table["gross"] = np.abs(exposure).sum(axis=1)
    table["net"] = exposure.sum(axis=1)
    for currency, signs in currency_signs(plan).items():
        table[f"exposure_{currency}"] = exposure @ signs
    table["drawdown"] = 1.0 - total / peak
    table["drawdown_factor"] = played.drawdown_factor
    table["breaker"] = _between(plan, played, "breaker_trip", "breaker_resume")
    table["daily_loss"] = _between(plan, played, "daily_loss_trip", "daily_loss_reset")
    table["open_positions"] = (exposure != 0.0).sum(axis=1).astype(np.int16)
    return table


def exposures(plan: RunPlan, trades: Sequence[Trade]) -> Array:
    """Return the signed notional of every asset after each step, shape (n_steps, n_assets)."""
    table = np.zeros((len(plan.clock), len(plan.assets)))
    owned: list[list[Trade]] = [[] for _ in plan.assets]
    for trade in trades:
        owned[trade.asset].append(trade)
    for index, asset in enumerate(plan.assets):
        units = np.zeros(len(asset))
        for trade in owned[index]:
            held = slice(trade.entry_bar, trade.exit_bar)
            units[held] = trade.side * (trade.lots * asset.instrument.contract_size)
        mid = (asset.bid_close + (asset.bid_close + asset.spread)) / 2.0
        own = np.where(units == 0.0, 0.0, units * mid * np.nan_to_num(asset.rate_close))
        last = np.searchsorted(asset.step, np.arange(len(plan.clock)), side="right") - 1
        table[:, index] = np.where(last >= 0, own[np.maximum(last, 0)], 0.0)
    return table


def currency_signs(plan: RunPlan) -> dict[str, Array]:
    """Return, per currency of the FX pairs, the sign each asset's exposure counts with."""
    pairs = [(a.instrument.asset_class == "fx", a.instrument) for a in plan.assets]
    currencies = sorted({c for fx, unit in pairs if fx for c in (unit.base, unit.quote)})
    return {
        currency: np.array(
            [
                fx * (float(unit.base == currency) - float(unit.quote == currency))
                for fx, unit in pairs
            ]
        )
        for currency in currencies
    }


def _between(plan: RunPlan, played: Played, on: str, off: str) -> np.ndarray:
    state = np.zeros(len(plan.clock), dtype=np.int8)
    codes = {DECISIONS.index(on): 1, DECISIONS.index(off): 0}
    for decision in played.decisions:
        if decision.code in codes:
            state[decision.step :] = codes[decision.code]
    return state.astype(bool)
