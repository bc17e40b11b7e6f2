"""Write a result to its directory, so that `RunResult.load` gives it back.

The same result makes the same bytes: floats are written so that they round-trip, times in ISO
8601 with Z, parquet without anything that changes from run to run.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from lockstep.core.files import atomic, write_json
from lockstep.core.result import RunResult
from lockstep.core.tables import write_csv


def save(result: RunResult, directory: str | Path) -> None:
    """Write every data file of a result; ``facts.json`` comes last and makes it loadable.

    Parameters
    ----------
    result : RunResult
        What the run left behind.
    directory : path
        The run's directory; it is made if need be.
    """
    root = Path(directory)
    write_csv(result.trades, root / "trades.csv")
    write_csv(result.decisions, root / "decisions.csv")
    write_csv(result.weights.reset_index(), root / "weights.csv")
    write_parquet(result.equity, root / "equity.parquet")
    write_parquet(result.ledger, root / "ledger.parquet")
    write_parquet(result.account, root / "account.parquet")
    write_csv(result.solo_trades, root / "solo" / "trades.csv")
    write_parquet(result.solo_equity, root / "solo" / "equity.parquet")
    write_json(root / "config.json", result.config)
    write_json(root / "facts.json", result.facts)


def write_parquet(table: pd.DataFrame, path: Path) -> None:
    """Write a table with its index, without attributes or an index of row numbers."""
    plain = table.copy(deep=False)
    plain.attrs = {}
    arrow = pa.Table.from_pandas(plain)
    with atomic(path) as part:
        pq.write_table(arrow, part, compression="zstd", version="2.6", write_statistics=False)
