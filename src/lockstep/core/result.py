"""RunResult: the few primitives from which every number of every report is derived."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import ArrowException

from lockstep.core.errors import DataError
from lockstep.core.files import is_missing, read_object, reason

#: Terms of the daily identity (docs/account.md, section 8), columns of `RunResult.ledger`.
LEDGER_TERMS = (
    "price_pnl",
    "spread",
    "slippage",
    "commission",
    "swap",
    "translation",
    "transfers",
    "broker_loss",
)
#: What a complete run's directory holds; a run is saved with ``facts.json`` last.
FILES = (
    "facts.json",
    "config.json",
    "equity.parquet",
    "trades.csv",
    "decisions.csv",
    "weights.csv",
    "ledger.parquet",
    "account.parquet",
    "solo/trades.csv",
    "solo/equity.parquet",
)
TIME_COLUMNS = ("signal_time", "entry_time", "exit_time")
#: Columns of text, where an empty cell is an empty text.
TEXT_COLUMNS = ("asset", "side", "exit_reason", "links", "stage", "code", "sentence")


@dataclass(frozen=True)
class RunResult:
    """What one run left behind. Times are UTC-naive datetime64[ns]; money in account currency.

    Parameters
    ----------
    facts : dict
        JSON-able facts: ``run_id``, ``status``, ``currency``, ``capital``, ``timeframe``,
        ``symbols``, ``player``, ``labels`` (SYNTHETIC, IN-SAMPLE, ...), ``notes`` per asset,
        ``ranges`` per asset, ``counts`` per asset, ``weights_start``, ``failed`` assets, ...
    config : dict
        The resolved configuration.
    equity : DataFrame, shape (n_steps, n_assets + 2)
        Index ``time`` (the clock); a column per asset (sleeve equity), then ``reserve``, ``total``.
    trades : DataFrame
        A row per closed trade (columns of docs/results.md).
    decisions : DataFrame
        ``time, stage, asset, code, before, after, sentence``.
    weights : DataFrame
        Index ``time``; a column per asset, then ``reserve``; a row for the start and one for each
        rebalance.
    ledger : DataFrame
        ``day, asset, equity_change`` and `LEDGER_TERMS`; a row per asset and trading day.
    account : DataFrame
        Index ``time``; ``used_margin, margin_level, gross, net, exposure_<CUR>, drawdown,
        drawdown_factor, breaker, daily_loss, open_positions``.
    solo_trades, solo_equity : DataFrame
        The solo runs: trades as above; equity with index ``time`` and a column per asset.
    """

    facts: dict[str, Any]
    config: dict[str, Any]
    equity: pd.DataFrame
    trades: pd.DataFrame
    decisions: pd.DataFrame
    weights: pd.DataFrame
    ledger: pd.DataFrame
    account: pd.DataFrame
    solo_trades: pd.DataFrame = field(default_factory=pd.DataFrame)
    solo_equity: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def symbols(self) -> list[str]:
        """The assets in play, sorted."""
        return [str(c) for c in self.equity.columns if c not in ("reserve", "total")]

    @classmethod
    def load(cls, directory: str | Path) -> RunResult:
        """Read a saved run back.

        Raises
        ------
        DataError
            If the directory holds no complete run, or a file of it cannot be read.
        """
        root = Path(directory)
        missing = [name for name in FILES if is_missing(root / name)]
        if missing:
            raise DataError(
                f"{root} holds no complete run: {missing[0]} is missing. "
                "Expected the directory of a finished run."
            )
        return cls(
            facts=read_object(root / "facts.json"),
            config=read_object(root / "config.json"),
            equity=_table(root / "equity.parquet", pd.read_parquet),
            trades=_table(root / "trades.csv", _read_trades),
            decisions=_table(root / "decisions.csv", _read_decisions),
            weights=_table(root / "weights.csv", _read_weights),
            ledger=_table(root / "ledger.parquet", pd.read_parquet),
            account=_table(root / "account.parquet", pd.read_parquet),
            solo_trades=_table(root / "solo" / "trades.csv", _read_trades),
            solo_equity=_table(root / "solo" / "equity.parquet", pd.read_parquet),
        )


def _table(path: Path, read: Callable[[Path], pd.DataFrame]) -> pd.DataFrame:
    try:
        return read(path)
    except (OSError, ValueError, KeyError, ArrowException) as error:
        raise DataError(f"{path} cannot be read ({reason(error)}).") from error


def _read_decisions(path: Path) -> pd.DataFrame:
    return _read_csv(path, ("time",))


def _read_weights(path: Path) -> pd.DataFrame:
    return _read_csv(path, ("time",)).set_index("time")


def _read_trades(path: Path) -> pd.DataFrame:
    return _read_csv(path, TIME_COLUMNS)


def _read_csv(path: Path, times: tuple[str, ...]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(
            path,
            keep_default_na=False,
            na_values=[""],
            dtype=dict.fromkeys((*TEXT_COLUMNS, *times), "str"),
        )
    except pd.errors.EmptyDataError:  # a table without columns: the portfolio was not played
        return pd.DataFrame()
    for column in TEXT_COLUMNS:
        if column in frame:
            frame[column] = frame[column].fillna("")
    for column in times:
        if column in frame:
            moments = pd.to_datetime(frame[column], utc=True, format="ISO8601")
            frame[column] = moments.dt.tz_localize(None).dt.as_unit("ns")
    return frame


def day_marks(clock_days: np.ndarray, equity: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the trading days and the equity after each day's last step.

    Parameters
    ----------
    clock_days : ndarray of int, shape (n_steps,)
        Trading day of every step, ascending.
    equity : ndarray, shape (n_steps,) or (n_steps, n)
        Equity after each step.
    """
    last = np.flatnonzero(np.diff(clock_days, append=clock_days[-1] + 1))
    return clock_days[last], equity[last]
