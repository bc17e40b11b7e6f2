"""report.html: the lines of report.txt as one self-contained page, with every figure."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.report.blocks import (
    Block,
    Box,
    Heading,
    Items,
    Pairs,
    Paragraph,
    Table,
    blocks_of,
)
from lockstep.report.reading import Reading
from lockstep.report.templating import image, marked, rendered, table_view
from lockstep.report.trade_list import trade_list

#: What a reader may want to open beside the page.
FILES = (
    "report.txt",
    "report.pdf",
    "metrics.json",
    "trades.csv",
    "decisions.csv",
    "weights.csv",
    "config.json",
    "facts.json",
    "manifest.json",
)
_NOTE = re.compile(r"\[(\d+)\]")
_SEVERITIES = frozenset({"high", "medium", "low"})


@dataclass(frozen=True, slots=True)
class Shown:
    """A figure as it was saved.

    Parameters
    ----------
    name : str
        Its file name without the ending.
    title : str
        What it shows.
    png : bytes
        The picture.
    """

    name: str
    title: str
    png: bytes

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        width, height = struct.unpack(">II", self.png[16:24])
        return width, height


def html(
    reading: Reading, verdict: Sequence[str], body: Sequence[str], figures: Sequence[Shown]
) -> str:
    """Return report.html.

    Parameters
    ----------
    reading : Reading
        Names the run, and holds its trades.
    verdict, body : sequence of str
        Page one and the sections, as they stand in report.txt: the numbers are the same strings.
    figures : sequence of Shown
        They stand between the two.
    """
    run = str(reading.facts.get("run_id", "(unsaved)"))
    return page(f"Run {run}", verdict, [*body, *trade_list(reading)], figures, FILES)


def page(
    title: str,
    verdict: Sequence[str],
    body: Sequence[str],
    figures: Sequence[Shown],
    files: Sequence[str],
) -> str:
    """Return lines of text and figures as one self-contained page.

    Parameters
    ----------
    title : str
        Of the window.
    verdict, body : sequence of str
        What stands above the figures, a box first, and what stands below them.
    figures : sequence of Shown
        They stand between the two.
    files : sequence of str
        Names of the files beside the page that a reader may open.
    """
    box = next(block for block in blocks_of(verdict) if isinstance(block, Box))
    cut = box.lines.index("---") if "---" in box.lines else len(box.lines)
    return rendered(
        "report.html",
        title=title,
        head=box.lines[:cut],
        labels=box.lines[cut + 1 :],
        verdict=_parts(verdict, "verdict-"),
        body=_parts(body),
        figures=[_figure(one) for one in figures],
        files=files,
    )


def _figure(one: Shown) -> dict[str, Any]:
    width, height = one.size
    return {
        "name": one.name,
        "title": one.title,
        "data": image(one.png),
        "width": width,
        "height": height,
    }


def _parts(lines: Iterable[str], prefix: str = "") -> list[dict[str, Any]]:
    """Return the parts that headings begin; what stands before the first is its own part."""
    parts: list[tuple[str, list[Block | str]]] = []
    for block in blocks_of(lines):
        if isinstance(block, Heading):
            parts.append((block.title, []))
        elif not isinstance(block, Box):
            if not parts:
                parts.append(("NOTES", []))
            parts[-1][1].append(block)
    return [_part(title, blocks, prefix) for title, blocks in parts]


def _part(title: str, blocks: Sequence[Block | str], prefix: str) -> dict[str, Any]:
    anchor = prefix + re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")
    reasons = {
        found.group(1): block.text
        for block in blocks
        if isinstance(block, Paragraph) and (found := _NOTE.fullmatch(block.first))
    }
    views: list[dict[str, Any]] = []
    for block in blocks:
        view = _view(block, reasons, anchor)
        if views and view["kind"] in ("bullets", "notes") and views[-1]["kind"] == view["kind"]:
            views[-1]["entries"] += view["entries"]
        else:
            views.append(view)
    return {"title": title, "anchor": anchor, "views": views}


def _view(block: Block | str, reasons: dict[str, str], anchor: str) -> dict[str, Any]:
    """Return a block for the templates, its text escaped and its missing numbers explained."""

    def shown(text: str) -> Any:
        return marked(text, reasons, anchor)

    if isinstance(block, Table):
        return table_view(block, reasons, anchor)
    if isinstance(block, Pairs):
        entries = [(shown(name), shown(value)) for name, value in block.items]
        return {"kind": "pairs", "entries": entries}
    if isinstance(block, Items):
        return {"kind": "items", "entries": [shown(item) for item in block.items]}
    if isinstance(block, Paragraph):
        return _paragraph(block, shown(block.text), anchor)
    return {"kind": "loose", "text": block if isinstance(block, str) else ""}


def _paragraph(block: Paragraph, text: Any, anchor: str) -> dict[str, Any]:
    number = _NOTE.fullmatch(block.first)
    if number:
        note = {"number": number.group(1), "anchor": f"{anchor}-{number.group(1)}", "text": text}
        return {"kind": "notes", "entries": [note]}
    if block.first == "-":
        return {"kind": "bullets", "entries": [text]}
    severity = block.first.lower()
    if severity in _SEVERITIES:
        return {"kind": "finding", "severity": severity, "first": block.first, "text": text}
    return {"kind": "paragraph", "first": block.first, "text": text}
