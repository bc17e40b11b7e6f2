"""Write what people read of a run: report.txt, metrics.json and the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lockstep.core.bars import Bars
from lockstep.core.files import write_bytes
from lockstep.core.result import RunResult
from lockstep.core.tables import write_csv
from lockstep.metrics.matching import solo_ledger
from lockstep.metrics.summary import summarise
from lockstep.report.canvas import drawn, pictures, png_of
from lockstep.report.reading import read
from lockstep.report.text import page


def write(
    result: RunResult,
    directory: str | Path,
    bars: Mapping[str, Bars | str] | None = None,
) -> dict[str, Any]:
    """Write the report of a result into its directory.

    Parameters
    ----------
    result : RunResult
        Just played, or loaded back.
    directory : path
        The run's directory; it is made if need be. ``report.txt``, ``metrics.json``,
        ``solo/ledger.csv`` and ``figures/<name>.png`` are replaced, each whole or not at all; the
        same result makes the same bytes.
    bars : mapping of str to Bars or str, optional
        Bars by symbol, for figures of prices, or why there are none.

    Returns
    -------
    dict
        The content of metrics.json.
    """
    root = Path(directory)
    metrics = summarise(result)
    text = json.dumps(metrics, indent=2, allow_nan=False, ensure_ascii=False)
    write_bytes(root / "metrics.json", f"{text}\n".encode())
    if metrics.get("solo_ledger"):
        write_csv(solo_ledger(result), root / "solo" / "ledger.csv")
    reading = read(result, metrics, bars)
    write_bytes(root / "report.txt", page(reading).encode())
    for name, picture in pictures():
        figure = drawn(picture, reading)
        if figure is not None:
            write_bytes(root / "figures" / f"{name}.png", png_of(figure))
    return metrics
