"""A small result of two assets and three steps, with every awkward value a table may hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.result import LEDGER_TERMS, RunResult

CLOCK = pd.DatetimeIndex(
    np.array(["2025-01-02T10:00", "2025-01-02T10:05", "2025-03-31T23:55"], dtype="datetime64[ns]"),
    name="time",
)


def trades() -> pd.DataFrame:
    """Return two closed trades; the first has no target and bound no link."""
    return pd.DataFrame(
        {
            "trade_id": [1, 2],
            "asset": ["AUDUSD", "BTCUSDT"],
            "side": ["long", "short"],
            "lots": [0.1 + 0.2, 1e-7],
            "signal_time": CLOCK[[0, 0]].to_numpy(),
            "entry_time": CLOCK[[1, 1]].to_numpy(),
            "target_price": [np.nan, 1 / 3],
            "exit_time": CLOCK[[1, 2]].to_numpy(),
            "exit_reason": ["stop", "data_end"],
            "ambiguous": [True, False],
            "bars_held": [1, 2],
            "net_pnl": [-100.0, 5e-324],
            "links": ["", "max_lot margin_cut"],
            "factor_drawdown_scaling": [1.0, 0.25],
        }
    )


def decisions(sentence: str = "An entry of AUDUSD was blocked, as it says.") -> pd.DataFrame:
    """Return two decisions, one of an asset and one of the account."""
    return pd.DataFrame(
        {
            "time": CLOCK[[0, 2]].to_numpy(),
            "stage": ["E", "D"],
            "asset": ["AUDUSD", "account"],
            "code": ["min_lot", "breaker_trip"],
            "before": [0.004, np.nan],
            "after": [0.0, np.inf],
            "sentence": [sentence, 'The "breaker"\ntripped.'],
        }
    )


def result(**changes: Any) -> RunResult:
    """Return the result; `changes` replace whole fields."""
    equity = pd.DataFrame(
        {"AUDUSD": [1.0, 2.0, 1 / 3], "BTCUSDT": 0.1, "reserve": 0.0, "total": [1.1, 2.1, 0.4]},
        index=CLOCK,
    )
    ledger = pd.DataFrame(
        {"day": CLOCK[[0]].to_numpy(), "asset": ["AUDUSD"], "equity_change": [0.5]}
        | {term: [0.1] for term in LEDGER_TERMS}
    )
    account = pd.DataFrame(
        {"used_margin": [0.0, 1.0, 2.0], "margin_level": [np.nan, 3.0, np.inf], "breaker": False},
        index=CLOCK,
    )
    fields: dict[str, Any] = {
        "facts": {"status": "complete", "symbols": ["AUDUSD", "BTCUSDT"], "sources": {"A": {}}},
        "config": {"portfolio": {"capital": 100000.0}, "assets": {}},
        "equity": equity,
        "trades": trades(),
        "decisions": decisions(),
        "weights": equity.iloc[:2].drop(columns="total"),
        "ledger": ledger,
        "account": account,
        "solo_trades": trades().iloc[:1],
        "solo_equity": equity[["AUDUSD"]].where(equity["AUDUSD"] > 1.0),
    }
    return RunResult(**{**fields, **changes})
