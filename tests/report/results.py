"""Results of any number of assets, made by hand so that every table agrees with the others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.result import LEDGER_TERMS, RunResult

CAPITAL = 100_000.0
FIRST = np.datetime64("2025-01-06T00:00", "ns")
STEPS_A_DAY = 24
TRADE_DEFAULTS: dict[str, Any] = {
    "side": "long",
    "lots": 0.5,
    "units": 50_000.0,
    "entry_price": 1.1,
    "stop_price": 1.09,
    "target_price": 1.12,
    "exit_price": 1.12,
    "exit_reason": "target",
    "exit_level": 1.12,
    "ambiguous": False,
    "bars_held": 1,
    "risk_amount": 500.0,
    "risk_asked": 500.0,
    "spread_cost": 2.0,
    "slippage_cost": 1.0,
    "commission": 0.5,
    "swap": -0.25,
    "rate_entry": 1.0,
    "rate_exit": 1.0,
    "mae": 0.25,
    "mfe": 2.0,
    "weight": 0.5,
    "links": "",
}


def names(count: int) -> list[str]:
    return [f"ASSET{index:02d}" for index in range(count)]


def days_of(count: int, days: int, seed: int = 7) -> np.ndarray:
    """Return P&L of each day and asset, whole cents."""
    return np.round(np.random.default_rng(seed).normal(0.0, 300.0, (days, count)), 2)


def clock_of(days: int) -> pd.DatetimeIndex:
    hours = [
        FIRST + np.timedelta64(day, "D") + np.timedelta64(hour, "h")
        for day in range(days)
        for hour in range(STEPS_A_DAY)
    ]
    return pd.DatetimeIndex(np.array(hours), name="time").as_unit("ns")


def trades_of(pnl: np.ndarray, symbols: list[str], **columns: Any) -> pd.DataFrame:
    """Return one trade per day and asset, which earns that day's P&L."""
    rows = []
    for day, row in enumerate(pnl):
        for symbol, net in zip(symbols, row):
            entry = FIRST + np.timedelta64(day, "D") + np.timedelta64(10, "h")
            rows.append(
                TRADE_DEFAULTS
                | {
                    "trade_id": len(rows) + 1,
                    "asset": symbol,
                    "signal_time": entry - np.timedelta64(1, "h"),
                    "entry_time": entry,
                    "exit_time": entry + np.timedelta64(1, "h"),
                    "r_multiple": net / 500.0,
                    "gross_pnl": net + 3.75,
                    "net_pnl": net,
                    "pnl_stop_first": net,
                    "pnl_target_first": net,
                }
                | columns
            )
    table = pd.DataFrame(rows, columns=None if rows else [*TRADE_DEFAULTS, *_KEYS])
    for name in ("signal_time", "entry_time", "exit_time"):
        table[name] = table[name].to_numpy().astype("datetime64[ns]")
    return table


_KEYS = [
    "trade_id",
    "asset",
    "signal_time",
    "entry_time",
    "exit_time",
    "r_multiple",
    "gross_pnl",
    "net_pnl",
    "pnl_stop_first",
    "pnl_target_first",
]


def ledger_of(pnl: np.ndarray, symbols: list[str]) -> pd.DataFrame:
    still = dict.fromkeys(LEDGER_TERMS, 0.0)
    rows = []
    for day, row in enumerate(pnl):
        date = (FIRST + np.timedelta64(day, "D")).astype("datetime64[D]").astype("datetime64[ns]")
        for symbol, net in zip([*symbols, "reserve"], [*row, 0.0]):
            rows.append(
                {"day": date, "asset": symbol, "equity_change": net, **still, "price_pnl": net}
            )
    return pd.DataFrame(rows)


def decisions_of(*rows: tuple[str, str, str, str, float, float, str]) -> pd.DataFrame:
    columns = ["time", "stage", "asset", "code", "before", "after", "sentence"]
    table = pd.DataFrame(list(rows), columns=columns)
    table["time"] = pd.to_datetime(table["time"]).astype("datetime64[ns]")
    return table


def config_of(**portfolio: Any) -> dict[str, Any]:
    settings = {
        "capital": CAPITAL,
        "currency": "USD",
        "margin": "pooled",
        "on_short_margin": "cut",
        "stop_out_level": 0.5,
        "risk_per_trade": 0.01,
        "size_on": "sleeve",
        "leverage_cap": 10.0,
        "entry_valid_minutes": 60,
        "ambiguous_bar": "stop_first",
        "cooldown_bars": 0,
        "session_filter": "note",
        "allocation": "equal_weight",
        "rebalance": "monthly",
        "min_history": 20,
        "max_asset_weight": 1.0,
        "risk": {"breaker": {"limit": 0.25}},
        "on_asset_error": "fail",
        "range": "union",
        "seed": 7,
    }
    return {"portfolio": settings | portfolio, "assets": {}, "origin": ["assets.json"]}


def facts_of(symbols: list[str], days: int, **changes: Any) -> dict[str, Any]:
    last = str(clock_of(days)[-1].isoformat()) + "Z"
    ranges = {s: {"first": str(FIRST)[:19] + "Z", "last": last, "bars": days * 24} for s in symbols}
    facts = {
        "run_id": "20250301-120000-1a2b3c4d",
        "status": "complete",
        "player": "cerebro",
        "capital": CAPITAL,
        "currency": "USD",
        "timeframe": "1h",
        "symbols": symbols,
        "configured": symbols,
        "labels": [],
        "failed": {},
        "on_asset_error": "fail",
        "left_out": [],
        "weekend_days": True,
        "rules": ["breaker"],
        "notes": {symbol: [] for symbol in symbols},
        "ranges": ranges,
        "sources": {symbol: {"file": f"{symbol}.csv", "sha256": "ab" * 32} for symbol in symbols},
        "counts": {symbol: {"in_position": 2} for symbol in symbols},
        "weight_notes": [],
    }
    return facts | changes


def made(count: int = 2, days: int = 20, **changes: Any) -> RunResult:
    """Return a complete run of `count` assets of equal weight; `changes` replace whole fields.

    The P&L of a day stands in the account from 12:00. Days end at 17:00 New York: the labels of
    a run of hourly bars from Monday 00:00 UTC fall on trading days of their own by 24 h.
    """
    symbols = names(count)
    pnl = days_of(count, days) if "pnl" not in changes else changes.pop("pnl")
    clock = clock_of(days)
    paid = np.repeat(np.cumsum(pnl, axis=0), STEPS_A_DAY, axis=0)
    before = np.vstack([np.zeros((1, count)), np.cumsum(pnl, axis=0)[:-1]]) if days else pnl
    morning = np.repeat(before, STEPS_A_DAY, axis=0)
    is_morning = (np.arange(len(clock)) % STEPS_A_DAY < 12)[:, None]
    equity = pd.DataFrame(
        CAPITAL / count + np.where(is_morning, morning, paid), index=clock, columns=symbols
    )
    solo = equity + CAPITAL - CAPITAL / count
    equity["reserve"] = 0.0
    equity["total"] = equity[symbols].sum(axis=1)
    weights = pd.DataFrame([[1 / count] * count + [0.0]], index=clock[:1])
    weights.columns = [*symbols, "reserve"]
    level = np.full(len(clock), np.nan)
    level[10:] = 5.0
    trades = trades_of(pnl, symbols)
    parts: dict[str, Any] = {
        "facts": facts_of(symbols, days),
        "config": config_of(),
        "equity": equity,
        "trades": trades,
        "decisions": decisions_of(),
        "weights": weights,
        "ledger": ledger_of(pnl, symbols),
        "account": pd.DataFrame({"margin_level": level, "breaker": False}, index=clock),
        "solo_trades": trades,
        "solo_equity": solo,
    }
    return RunResult(**(parts | changes))


def without_trades(count: int = 2) -> RunResult:
    """Return a run in which nothing happened."""
    days = 5
    empty = trades_of(np.zeros((0, count)), names(count))
    flat = made(count, days, pnl=np.zeros((days, count)))
    account = flat.account.assign(margin_level=np.nan)
    return made(
        count,
        days,
        pnl=np.zeros((days, count)),
        trades=empty,
        solo_trades=empty,
        account=account,
        facts=facts_of(names(count), days, counts={}),
    )


def partial(failed: str = "ASSET01", why: str = "division by zero\nin next()") -> RunResult:
    """Return what is left when one of three assets failed."""
    whole = made(3)
    empty = pd.DataFrame(index=pd.DatetimeIndex([], name="time"))
    facts = facts_of(names(3), 20, status="partial", failed={failed: why}, counts={})
    facts["symbols"] = []
    return RunResult(
        facts=facts,
        config=config_of(),
        equity=empty,
        trades=pd.DataFrame(),
        decisions=pd.DataFrame(),
        weights=empty,
        ledger=pd.DataFrame(),
        account=empty,
        solo_trades=whole.solo_trades[whole.solo_trades["asset"] != failed],
        solo_equity=whole.solo_equity.drop(columns=failed),
    )
