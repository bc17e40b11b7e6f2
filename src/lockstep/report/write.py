"""Write what people read of a run: report.txt, metrics.json and the figures."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lockstep.core.bars import Bars
from lockstep.core.result import RunResult
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
        The run's directory; it is made if need be. ``report.txt``, ``metrics.json`` and
        ``figures/<name>.png`` are replaced, each whole or not at all; the same result makes the
        same bytes.
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
    _replace(root / "metrics.json", f"{text}\n".encode())
    reading = read(result, metrics, bars)
    _replace(root / "report.txt", page(reading).encode())
    for name, picture in pictures():
        figure = drawn(picture, reading)
        if figure is not None:
            _replace(root / "figures" / f"{name}.png", png_of(figure))
    return metrics


def _replace(path: Path, content: bytes) -> None:
    """Put content in the place of a file in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
