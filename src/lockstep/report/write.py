"""Write what people read of a run: report.txt, .html and .pdf, metrics.json and the figures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lockstep.core.bars import Bars
from lockstep.core.files import write_bytes, write_text
from lockstep.core.result import RunResult
from lockstep.core.tables import write_csv
from lockstep.metrics.matching import matches
from lockstep.metrics.summary import summarise
from lockstep.metrics.undefined import Undefined
from lockstep.report.canvas import drawn, pictures, png_of
from lockstep.report.figures.price import file_of, of_asset
from lockstep.report.html import Shown, html
from lockstep.report.pdf import Document
from lockstep.report.reading import Reading, read
from lockstep.report.text import body, joined, verdict

#: What a report consists of, beside its figures.
PAGES = ("metrics.json", "report.txt", "report.html", "report.pdf", "solo/ledger.csv")
FIGURES = "figures"


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
        The run's directory; it is made if need be. ``report.txt``, ``report.html``,
        ``report.pdf``, ``metrics.json``, ``solo/ledger.csv`` and ``figures/<name>.png`` are
        replaced, each whole or not at all; the same result makes the same bytes.
    bars : mapping of str to Bars or str, optional
        Bars by symbol, for figures of prices, or why there are none.

    Returns
    -------
    dict
        The content of metrics.json.
    """
    root = Path(directory)
    matched = matches(result)
    metrics = summarise(result, matched)
    text = json.dumps(metrics, indent=2, allow_nan=False, ensure_ascii=False)
    write_text(root / "metrics.json", f"{text}\n")
    if not isinstance(matched, Undefined):
        write_csv(matched, root / "solo" / "ledger.csv")
    _write_pages(read(result, metrics, bars), root)
    return metrics


def write_prices(
    result: RunResult,
    metrics: Mapping[str, Any],
    directory: str | Path,
    bars: Mapping[str, Bars | str],
) -> None:
    """Write ``figures/price_<symbol>.png`` for every asset of `bars`.

    Parameters
    ----------
    result : RunResult
        Its portfolio was played.
    metrics : mapping
        What `write` returned.
    directory : path
        The run's directory.
    bars : mapping of str to Bars or str
        Bars by symbol, or why there are none: the figure then says so.
    """
    from matplotlib import style

    reading = read(result, metrics, bars)
    with style.context("default"):
        for symbol in sorted(bars):
            png = png_of(of_asset(reading, symbol))
            write_bytes(Path(directory) / FIGURES / file_of(symbol), png)


def _write_pages(reading: Reading, root: Path) -> None:
    """Write the pages; the text is put into words once, each figure is drawn once."""
    first, rest = verdict(reading), body(reading)
    write_text(root / "report.txt", joined([*first, *rest]))
    shown, pages = _figures(reading, (first, rest))
    for one in shown:
        write_bytes(root / FIGURES / f"{one.name}.png", one.png)
    for name in {name for name, _ in pictures()} - {one.name for one in shown}:
        (root / FIGURES / f"{name}.png").unlink(missing_ok=True)  # of another version
    write_text(root / "report.html", html(reading, first, rest, shown))
    write_bytes(root / "report.pdf", pages)


def _figures(reading: Reading, text: tuple[list[str], list[str]]) -> tuple[list[Shown], bytes]:
    """Return every figure as it is saved, and report.pdf: pages of text, then the figures."""
    from matplotlib import style

    shown: list[Shown] = []
    # Whatever the caller's matplotlib is set to, saving included.
    with style.context("default"), Document(str(reading.facts.get("run_id", ""))) as document:
        document.write(*text)
        for name, picture in pictures():
            figure = drawn(picture, reading)
            if figure is not None:
                shown.append(Shown(name, picture.title, png_of(figure)))
                document.draw(figure)
    return shown, document.content
