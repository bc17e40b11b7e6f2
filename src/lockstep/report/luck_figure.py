"""luck.png: the field, what luck would show, what was chosen, and what choosing was worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array
from lockstep.report.canvas import (
    GAIN,
    GREY,
    LOSS,
    dress,
    headed,
    instead,
    legend,
    margins,
    named_ticks,
    percent_ticks,
    png_of,
)
from lockstep.report.looks import COLOURS
from lockstep.report.luck import NAMES
from lockstep.report.wording import count, counted, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Height of a row of one asset, inches, and most assets that are shown.
_ROW, MOST = 0.32, 40
_CHOSEN, _HURDLE = COLOURS[1], "black"
_BINS = 41
#: Most points of a cloud, taken evenly.
_POINTS = 4_000


@dataclass(frozen=True, slots=True)
class Row:
    """One asset of the picture. Sharpe ratios a year.

    Parameters
    ----------
    asset : str
        Its name.
    field : ndarray, shape (n_trials,)
        Of all different trials.
    chosen, hurdle : float or None
        Of the chosen, and what the best would show by luck.
    """

    asset: str
    field: Array
    chosen: float | None
    hurdle: float | None


@dataclass(frozen=True, slots=True)
class Picture:
    """What is drawn.

    Parameters
    ----------
    said : str
        What it was made of.
    labels : sequence of str
        What a reader must know before any number.
    rows : sequence of Row
        By asset.
    ranks : ndarray, shape (n_splits,)
        Relative rank of the chosen on the other half, of all assets, in (0, 1).
    inside, outside : ndarray, shape (n_splits,)
        Sharpe ratios a year of the chosen on its half and on the other, of all assets.
    pbo : float or None
        Mean over assets.
    """

    said: str
    labels: Sequence[str]
    rows: Sequence[Row]
    ranks: Array
    inside: Array
    outside: Array
    pbo: float | None


def picture(numbers: Mapping[str, Any], arrays: Mapping[str, Any]) -> Picture:
    """Return what is drawn of a verdict.

    Parameters
    ----------
    numbers : mapping
        The content of ``luck.json``.
    arrays : mapping
        ``fields`` by asset, ``ranks``, ``inside`` and ``outside`` of `Picture`.
    """
    found = numbers["verdict"]
    rows = [
        Row(asset, arrays["fields"][asset], block["sharpe"], block.get("hurdle_sharpe"))
        for asset, block in numbers["by_asset"].items()
    ]
    made = counted(found["trials"], "trial")
    searches = ", ".join(numbers.get("searches", ())) or "(unsaved)"
    return Picture(
        said=f"{searches}  |  {made}, about {count(round(found['effective_trials']))} independent",
        labels=[NAMES[found["level"]], *numbers.get("labels", ())],
        rows=rows,
        ranks=arrays["ranks"],
        inside=arrays["inside"],
        outside=arrays["outside"],
        pbo=found["pbo"],
    )


def png(picture: Picture) -> bytes:
    """Return the picture; the same numbers make the same bytes."""
    from matplotlib import style

    with style.context("default"):
        return png_of(draw(picture))


def draw(picture: Picture) -> Figure:
    """Return the figure, ready to be saved."""
    rows = [row for row in picture.rows if len(row.field)][:MOST]
    top = max(2.2, 0.9 + _ROW * len(rows))
    figure = headed(
        "Lockstep: skill, or the best of many", picture.said, picture.labels, (14.0, top + 6.1)
    )
    if not rows:
        return instead(figure, "No trial moved: there is nothing to judge.")
    grid = figure.add_gridspec(
        2, 2, height_ratios=(top, 3.6), hspace=0.9 / (0.5 * (top + 3.6)), wspace=0.2,
        **margins(figure, left=1.35, right=2.3, below=0.7),
    )  # fmt: skip
    _fields(figure.add_subplot(grid[0, :]), rows)
    ranks, cloud = figure.add_subplot(grid[1, 0]), figure.add_subplot(grid[1, 1])
    _ranks(ranks, picture)
    _cloud(cloud, picture)
    return figure


def _fields(axes: Axes, rows: Sequence[Row]) -> None:
    """Draw each asset's trials as a cloud, its middle half as a bar, hurdle and chosen on it."""
    dress(axes, "All trials, their best by luck, and the chosen: Sharpe ratio a year", "")
    for at, row in enumerate(rows):
        shown = np.sort(row.field)[:: max(1, len(row.field) // _POINTS)]
        jitter = 0.25 * np.sin(np.arange(len(shown)) * 2.399963)  # evenly spread, never drawn
        low, high = np.percentile(row.field, (25, 75))
        axes.plot([low, high], [at, at], color=GAIN, linewidth=5.0, alpha=0.35)
        axes.plot(shown, at + jitter, ".", color=GREY, markersize=2.5, alpha=0.5)
        if row.hurdle is not None:
            axes.plot([row.hurdle] * 2, [at - 0.38, at + 0.38], color=_HURDLE, linewidth=2.0)
        if row.chosen is not None:
            axes.plot(row.chosen, at, "D", color=_CHOSEN, markersize=7.0)
    axes.axvline(0.0, color=GREY, linewidth=0.8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.margins(x=0.03)  # the chosen is often the last of all
    percent_ticks(axes.xaxis)
    named_ticks(axes.yaxis, [row.asset for row in rows])
    legend(axes, _handles(), ["a trial", "their middle half", "best by luck", "chosen"])


def _handles() -> list[Any]:
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], color=GREY, marker=".", linestyle=""),
        Line2D([], [], color=GAIN, linewidth=5.0, alpha=0.35),
        Line2D([], [], color=_HURDLE, marker="|", markersize=11, markeredgewidth=2, linestyle=""),
        Line2D([], [], color=_CHOSEN, marker="D", linestyle=""),
    ]


def _ranks(axes: Axes, picture: Picture) -> None:
    """Draw where the best of one half stands on the other."""
    share = "" if picture.pbo is None else f": PBO {percent(picture.pbo)}"
    dress(axes, f"Rank on one half of what was best on the other{share}", "share of splits, %")
    axes.set_xlabel("rank in the field, % (100 = best again)", fontsize=9)
    if not len(picture.ranks):
        _nothing(axes)
        return
    counts, edges = np.histogram(picture.ranks, bins=_BINS - 1, range=(0.0, 1.0))
    tint = [LOSS if edge < 0.5 else GAIN for edge in edges[:-1]]
    axes.bar(100.0 * edges[:-1], 100.0 * counts / len(picture.ranks), width=100.0 / (_BINS - 1),
             align="edge", color=tint)  # fmt: skip
    axes.axvline(50.0, color=_HURDLE, linewidth=1.0)
    axes.set_xlim(0.0, 100.0)


def _cloud(axes: Axes, picture: Picture) -> None:
    """Draw what was promised against what was kept."""
    dress(axes, "Best of one half, and the same on the other half", "on the other half")
    axes.set_xlabel("on the half it was chosen by (Sharpe ratios a year)", fontsize=9)
    if not len(picture.inside):
        _nothing(axes)
        return
    step = max(1, len(picture.inside) // _POINTS)
    inside, outside = picture.inside[::step], picture.outside[::step]
    tint = np.where(outside < 0.0, LOSS, GAIN)
    axes.scatter(inside, outside, s=5, c=tint, alpha=0.4, linewidths=0)
    ends = np.array([min(0.0, inside.min()), inside.max()])
    (line,) = axes.plot(ends, ends, color=_HURDLE, linewidth=1.0, linestyle=(0, (4, 3)))
    axes.axhline(0.0, color=GREY, linewidth=0.8)
    legend(axes, [line], ["as promised"])


def _nothing(axes: Axes) -> None:
    axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", va="center")
