"""comparison.html, comparison.pdf and the figures of a comparison, each drawn once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from lockstep.report.canvas import png_of
from lockstep.report.comparison import body, verdict
from lockstep.report.html import Shown, page
from lockstep.report.pdf import Document
from lockstep.report.studies.overlay import Overlay, curves, differences

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FIGURES = "figures"
_PICTURES: tuple[tuple[str, str, Callable[[Overlay], Figure | None]], ...] = (
    ("curves", "Equity from the same start, and drawdowns", curves),
    ("differences", "Differences of Sharpe ratios", differences),
)
_FILES = ("comparison.txt", "comparison.pdf", "comparison.json")


def written(numbers: Mapping[str, Any], overlay: Overlay | None) -> dict[str, bytes]:
    """Return the files of a comparison by name, its text and its numbers left out.

    Parameters
    ----------
    numbers : mapping
        The content of ``comparison.json``.
    overlay : Overlay or None
        The curves; None if the runs have no common days, and there is nothing to draw.
    """
    from matplotlib import style

    first, rest = verdict(numbers), body(numbers)
    name = str(numbers["comparison_id"])
    shown: list[Shown] = []
    with style.context("default"), Document(name, "comparison") as document:
        document.write(first, rest)
        for file, title, draw in _PICTURES:
            figure = None if overlay is None else draw(overlay)
            if figure is not None:
                shown.append(Shown(file, title, png_of(figure)))
                document.draw(figure)
    files = {f"{FIGURES}/{one.name}.png": one.png for one in shown}
    markup = page(f"Comparison {name}", first, rest, shown, _FILES)
    return {**files, "comparison.html": markup.encode(), "comparison.pdf": document.content}
