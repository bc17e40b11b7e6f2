"""weights.png: how the account was shared out, and how much of it each rebalance moved."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.registry import figures
from lockstep.metrics.panel import nanoseconds
from lockstep.report.canvas import (
    GREY,
    blank,
    date_axis,
    dates,
    dress,
    legend,
    margins,
    percent_ticks,
)
from lockstep.report.figures._stack import Layer, layers_of, stack
from lockstep.report.looks import COLOURS, looks_of
from lockstep.report.reading import Reading
from lockstep.report.wording import count, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@figures("weights")
@dataclass(frozen=True, slots=True)
class Weights:
    """Sleeve targets as steps on top of each other, the reserve last; turnover below."""

    order: ClassVar[int] = 80
    title: ClassVar[str] = "Weights over time"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None where nothing is shared out."""
        aligned, table = reading.panel, reading.result.weights
        if aligned is None or len(table) == 0:
            return None
        if len(aligned.symbols) == 1 and np.all(aligned.weights == 1.0):
            return None  # one asset, all of the account, always
        model = plain(reading.settings.get("allocation", "")).replace("_", " ")
        figure = blank(reading, f"Weights over time{f': {model}' if model else ''}")
        rows = nanoseconds(table.index)
        rebalanced = len(rows) > 1
        heights = (3.2, 1.0) if rebalanced else (1.0,)
        grid = figure.add_gridspec(
            len(heights), 1, height_ratios=heights, hspace=0.14, **margins(figure)
        )
        top = figure.add_subplot(grid[0])
        reserve = (
            table["reserve"].to_numpy(dtype=np.float64)
            if "reserve" in table
            else 1.0 - aligned.weights.sum(axis=1)
        )
        looks = looks_of(reading.symbols)
        layers = layers_of(aligned.symbols, aligned.weights, reserve=reserve, looks=looks)
        _shares(top, layers, np.append(rows, max(aligned.account.time[-1], rows[-1])))
        if rebalanced:
            bottom = figure.add_subplot(grid[1], sharex=top)
            _turnover(bottom, np.column_stack([aligned.weights, reserve]), rows, reading)
            date_axis(bottom, (top,))
            figure.align_ylabels((top, bottom))
        else:
            date_axis(top)
        return figure


def _shares(axes: Axes, layers: list[Layer], edges: Ints) -> None:
    dress(axes, "Targets: share of the account that each asset trades with", "% of equity")
    stack(axes, dates(edges), layers, step="post")
    percent_ticks(axes.yaxis)


def _turnover(axes: Axes, weights: Array, rows: Ints, reading: Reading) -> None:
    """Draw how far the targets moved at each rebalance: half the sum of absolute changes."""
    moved = 50.0 * np.abs(np.diff(weights, axis=0)).sum(axis=1)
    dress(axes, "How far each rebalance moved the targets", "% of equity")
    x = dates(rows[1:])
    bars = axes.vlines(x, 0.0, moved, color=COLOURS[0], linewidth=2.5)
    axes.plot(x, moved, linestyle="none", marker="o", markersize=4, color=COLOURS[0])
    mean = axes.axhline(float(moved.mean()), color=GREY, linewidth=1.1, linestyle="--")
    axes.set_ylim(bottom=0.0, top=1.12 * float(moved.max()) or 1.0)
    percent_ticks(axes.yaxis)
    every = plain(reading.settings.get("rebalance", ""))
    labels = [
        f"rebalances {f'({every}) ' if every else ''}{count(len(moved))}",
        f"mean {percent(float(moved.mean()) / 100.0)}, most {percent(float(moved.max()) / 100.0)}",
    ]
    legend(axes, [bars, mean], labels, title="half the sum of changes")
