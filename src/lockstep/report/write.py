"""Write what people read of a run: report.txt, metrics.json and the figures."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lockstep.core.registry import figures
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.report.text import page


def write(result: RunResult, directory: str | Path) -> dict[str, Any]:
    """Write the report of a result into its directory.

    Parameters
    ----------
    result : RunResult
        Just played, or loaded back.
    directory : path
        The run's directory; it is made if need be. ``report.txt``, ``metrics.json`` and
        ``figures/<name>.png`` are replaced, each whole or not at all; the same result makes the
        same bytes.

    Returns
    -------
    dict
        The content of metrics.json.
    """
    root = Path(directory)
    metrics = summarise(result)
    text = json.dumps(metrics, indent=2, allow_nan=False, ensure_ascii=False)
    _replace(root / "metrics.json", f"{text}\n".encode())
    _replace(root / "report.txt", page(result, metrics).encode())
    for name in figures.names():
        _replace(root / "figures" / f"{name}.png", figures.get(name)().png(result, metrics))
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
