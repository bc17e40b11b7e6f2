"""report.pdf: the pages of report.txt, then a page for each figure."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from lockstep.report.blocks import Heading, Line, Table
from lockstep.report.canvas import plain_latin

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A4, inches.
PAPER = (8.27, 11.69)
MARGIN = 0.6
#: Points: 100 columns of Courier (0.6 em each) fill the width between the margins.
FONT_SIZE = 8.4
LEADING = 10.6
#: Lines of a page, the footer not counted.
LINES = 70
#: Lines that a heading wants on its page, itself included.
COMPANY = 5
#: Nothing that changes from one drawing to the next.
_METADATA: dict[str, Any] = {"CreationDate": None, "ModDate": None, "Producer": None}


class Document:
    """A PDF in the making. Use it in a ``with`` block, then ask for its `content`.

    Parameters
    ----------
    run : str
        Name of the run, for the footer and the title.
    kind : str
        What it is, if it is no run.
    """

    def __init__(self, run: str, kind: str = "run") -> None:
        from matplotlib.backends.backend_pdf import PdfPages

        self._run = f"{kind} {plain_latin(run)}"
        self._buffer = io.BytesIO()
        title = f"Lockstep {self._run}"
        self._pages = PdfPages(self._buffer, metadata={"Title": title, **_METADATA})

    def __enter__(self) -> Document:
        """Return the document."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the document."""
        self._pages.close()  # type: ignore[no-untyped-call]

    @property
    def content(self) -> bytes:
        """The whole file, once the block is left."""
        return self._buffer.getvalue()

    def write(self, *parts: Sequence[str]) -> None:
        """Add pages of text; each part begins a page."""
        from matplotlib import rc_context

        pages = [page for part in parts for page in paginated(part)]
        for number, page in enumerate(pages, 1):
            footer = f"{self._run}  |  page {number} of {len(pages)} of text; figures follow"
            # Courier is a font that every reader has: a line of it is written as it is, ten times
            # as fast as one whose glyphs are looked up and embedded.
            with rc_context({"pdf.use14corefonts": True}):
                self._pages.savefig(_page(page, footer))  # type: ignore[no-untyped-call]

    def draw(self, figure: Figure) -> None:
        """Add a figure as a page of its own size."""
        self._pages.savefig(figure)  # type: ignore[no-untyped-call]


def paginated(lines: Sequence[str]) -> Iterator[list[str]]:
    """Yield lines page by page; no page begins or ends with a blank line.

    A heading with less than `COMPANY` lines of the page below it begins the next one; a table that
    goes on there begins with its head again.
    """
    page: list[str] = []
    above = _table_heads(lines)
    for at, line in enumerate(lines):
        room = LINES - len(page)
        lonely = _heads(line) and room < min(COMPANY, len(lines) - at)
        if room == 0 or lonely:
            yield _without_blanks(page)
            page = list(above[at])
        if page or line.strip():
            page.append(line)
    if page:
        yield _without_blanks(page)


def _table_heads(lines: Sequence[str]) -> list[list[str]]:
    """Return, for each line, the head of the table of which it is a row; empty for other lines."""
    found: list[list[str]] = []
    head: list[str] = []
    for at, line in enumerate(lines):
        table = _table_of(line)
        if table is None or table is not _table_of(lines[at - 1]) or not lines[at - 1].strip():
            head = []
        is_whole = bool(head) and not head[-1].strip(" -")
        found.append(head if is_whole else [])
        if table is not None and not is_whole:
            head = [*head, line]
    return found


def _table_of(line: str) -> Table | None:
    """Return the table that a line is a part of; blank lines part its blocks."""
    if isinstance(line, Line) and isinstance(line.block, Table) and line.strip():
        return line.block
    return None


def _heads(line: str) -> bool:
    return isinstance(line, Line) and isinstance(line.block, Heading)


def _without_blanks(page: list[str]) -> list[str]:
    while page and not page[-1].strip():
        page = page[:-1]
    return page


def _page(lines: Sequence[str], footer: str) -> Figure:
    from matplotlib.backends.backend_pdf import FigureCanvasPdf
    from matplotlib.figure import Figure

    figure = Figure(figsize=PAPER)
    FigureCanvasPdf(figure)
    look: dict[str, Any] = {
        "family": "Courier",
        "fontsize": FONT_SIZE,
        "va": "baseline",
        "parse_math": False,
    }
    left, top = MARGIN / PAPER[0], 1.0 - (MARGIN + LEADING / 72.0) / PAPER[1]
    for row, line in enumerate(lines):
        if not line.strip():
            continue
        below = row * LEADING / 72.0 / PAPER[1]
        weight = "bold" if _heads(line) else "medium"
        figure.text(left, top - below, plain_latin(line), weight=weight, **look)
    small = look | {"fontsize": 7.0, "weight": "medium", "color": "#57606a"}
    figure.text(left, 0.4 / PAPER[1], footer, **small)
    return figure
