"""Curves of several runs laid over each other, and their differences with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.report.canvas import (
    GREY,
    date_axis,
    dress,
    headed,
    legend,
    line,
    margins,
    named_ticks,
    note,
    percent_ticks,
    short,
    span_of_time,
)
from lockstep.report.comparison import LEVEL, chance
from lockstep.report.looks import look_of
from lockstep.report.wording import count, percent, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Curves whose ends are further apart than this get a logarithmic axis.
_WIDE = 10.0
#: Pairs that have room.
MOST_PAIRS = 45
_SURE, _OPEN = "#0072B2", "#888888"


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn of a comparison.

    Parameters
    ----------
    numbers : mapping
        The content of ``comparison.json``.
    days : ndarray of int64, shape (n_days,)
        Common trading days, as days since 1970-01-01.
    index : ndarray, shape (n_days + 1, n_runs)
        Equity, 100 before the first day.
    falls : ndarray, shape (n_days + 1, n_runs)
        Drawdown, positive fractions.
    """

    numbers: Mapping[str, Any]
    days: Ints
    index: Array
    falls: Array

    @property
    def labels(self) -> list[str]:
        """What a reader must know of the runs; of which ones, if not of all."""
        runs: Sequence[Mapping[str, Any]] = self.numbers["runs"]
        found = []
        for label in dict.fromkeys(str(label) for run in runs for label in run["labels"]):
            having = [str(run["letter"]) for run in runs if label in run["labels"]]
            found.append(label if len(having) == len(runs) else f"{label}: {', '.join(having)}")
        return found

    @property
    def said(self) -> str:
        """What was compared, in a line."""
        common = self.numbers["common"]
        return (
            f"comparison {self.numbers['comparison_id']}  |  {count(common['days'])} common "
            f"trading days, {common['first']} to {common['last']}"
        )


def curves(overlay: Overlay) -> Figure:
    """Return equity from the same start, and drawdowns below it, on one time axis."""
    figure = headed("Equity from the same start, and drawdowns", overlay.said, overlay.labels)
    grid = figure.add_gridspec(
        2, 1, height_ratios=(2.2, 1.0), hspace=0.14, **margins(figure, right=3.6, below=0.8)
    )
    top = figure.add_subplot(grid[0])
    bottom = figure.add_subplot(grid[1], sharex=top)
    time = np.concatenate([overlay.days[:1] - 1, overlay.days]) * DAY_NS
    runs = overlay.numbers["runs"]
    _equity(top, overlay, time, runs)
    _falls(bottom, overlay, time, runs)
    span_of_time(bottom, time)
    date_axis(bottom, (top,))
    figure.align_ylabels((top, bottom))
    note(figure, "Marks of the common trading days. Whatever happened on other days lies between "
         "two marks; drawdowns inside a day are not seen here.")  # fmt: skip
    return figure


def _equity(axes: Axes, overlay: Overlay, time: Ints, runs: Sequence[Mapping[str, Any]]) -> None:
    dress(axes, "Equity, 100 before the first common day", "index")
    axes.axhline(100.0, color=GREY, linewidth=0.9, linestyle=":")
    drawn = []
    for at, run in enumerate(runs):
        values = overlay.index[:, at]
        curve = line(axes, time, values, **look_of(at).line, linewidth=1.3)
        told = f"{run['letter']} {values[-1]:9.2f} {short(run['run_id'], 28)}"
        drawn.append((float(values[-1]), curve, told))
    if overlay.index.min() > 0.0 and overlay.index.max() > _WIDE * overlay.index.min():
        axes.set_yscale("log")
    drawn.sort(key=lambda item: -item[0])
    legend(axes, [curve for _, curve, _ in drawn], [told for *_, told in drawn], "last")


def _falls(axes: Axes, overlay: Overlay, time: Ints, runs: Sequence[Mapping[str, Any]]) -> None:
    dress(axes, "Drawdown below each curve's own peak", "%")
    handles, told = [], []
    for at, run in enumerate(runs):
        below = -100.0 * overlay.falls[:, at]
        handles.append(line(axes, time, below, **look_of(at).line, linewidth=1.0))
        told.append(f"{run['letter']} {percent(float(overlay.falls[:, at].max())):>8}")
    percent_ticks(axes.yaxis)
    axes.set_ylim(top=0.0, bottom=min(-108.0 * float(overlay.falls.max()), -0.5))
    legend(axes, handles, told, "deepest")


def differences(overlay: Overlay) -> Figure | None:
    """Return the difference of Sharpe ratios of each pair with its interval; None without any."""
    rows = [row for row in overlay.numbers["pairs"] if row["p_value"] is not None]
    if not rows:
        return None
    rows = sorted(rows, key=lambda row: row["p_value"])[:MOST_PAIRS]
    size = (14.0, 2.6 + 0.3 * len(rows))
    figure = headed("Differences of Sharpe ratios", overlay.said, overlay.labels, size)
    axes = figure.add_subplot(
        figure.add_gridspec(1, 1, **margins(figure, right=4.2, below=1.05))[0]
    )
    dress(axes, "First less second, a year, with 95% intervals", "")
    axes.axvline(0.0, color="black", linewidth=0.9)
    for at, row in enumerate(rows):
        colour = _SURE if row["holm"] <= LEVEL else _OPEN
        axes.plot([row["low"], row["high"]], [at, at], color=colour, linewidth=2.0)
        axes.plot([row["difference"]], [at], marker="o", markersize=5, color=colour)
        told = (f"p {chance(row['p_value'])}, Holm {chance(row['holm'])}, "
                f"BH {chance(row['benjamini_hochberg'])}")  # fmt: skip
        axes.text(1.02, at, told, transform=axes.get_yaxis_transform(), va="center", fontsize=8.5,
                  family="monospace")  # fmt: skip
    named_ticks(axes.yaxis, [f"{row['first']} - {row['second']}" for row in rows], letters=20)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("difference of Sharpe ratios, a year", fontsize=9)
    percent_ticks(axes.xaxis)
    axes.margins(x=0.03)  # the end of an interval is no axis
    level = ratio(LEVEL)
    note(figure, f"Blue: told apart from chance at {level} after Holm's correction for all pairs; "
         "grey: not. Studentised circular block bootstrap (Ledoit, Wolf 2008).")  # fmt: skip
    return figure
