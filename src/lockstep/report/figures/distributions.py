"""distributions.png: what single trades made, in R, by holding time, by exit and at their best."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from lockstep.core.bars import Array
from lockstep.core.calendar import HOUR_NS
from lockstep.core.registry import figures
from lockstep.metrics.blocks import numbers
from lockstep.metrics.panel import nanoseconds
from lockstep.report.canvas import (
    GAIN,
    GREY,
    LOSS,
    blank,
    dress,
    instead,
    margins,
    money_ticks,
    named_ticks,
    percent_ticks,
)
from lockstep.report.reading import Reading
from lockstep.report.wording import count, counted, multiple, percent, signed, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Bins of the R histogram lie on multiples of this, so that zero is an edge.
_BIN_R = 0.1
_MOST_BINS = 80
#: Classes of holding time, each with about as many trades.
_CLASSES = 8
#: Most points of the scatter: beyond that, every n-th trade by exit time.
_POINTS = 6_000
#: R by which rounding lets a trade that ended at its target miss it.
_ROUNDING = 1e-6
_INK = "#222222"


@figures("distributions")
@dataclass(frozen=True, slots=True)
class Distributions:
    """Four panels: R, net P&L by holding time, MAE against MFE, net P&L by exit reason."""

    order: ClassVar[int] = 100
    title: ClassVar[str] = "Trades: R, holding time, MAE and MFE, exits"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None without a portfolio."""
        if reading.panel is None:
            return None
        trades = reading.result.trades
        figure = blank(reading, f"What single trades made: {counted(len(trades), 'trade')}")
        if len(trades) == 0:
            return instead(figure, "No trade was closed.")
        grid = figure.add_gridspec(
            2, 2, hspace=0.42, wspace=0.2, **margins(figure, right=0.4, top=1.5, below=0.62)
        )
        panels = [figure.add_subplot(grid[at]) for at in range(4)]
        _r_multiples(panels[0], trades)
        _holding(panels[1], trades, reading)
        _excursions(panels[2], trades, reading)
        _exits(panels[3], trades, reading)
        return figure


def _key(axes: Axes, handles: list[Any], labels: list[str]) -> None:
    """Explain what is drawn in a line between title and axes, where no data is."""
    drawn = axes.legend(
        handles, labels, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=len(handles),
        frameon=False, fontsize=8, borderaxespad=0.1, handlelength=1.6, columnspacing=1.2,
        handletextpad=0.5,
    )  # fmt: skip
    for text in drawn.get_texts():
        text.set_parse_math(False)
    axes.set_title(axes.get_title(loc="left"), loc="left", fontsize=10, fontweight="bold", pad=21)


def _r_multiples(axes: Axes, trades: pd.DataFrame) -> None:
    """Draw how many trades made how many R; what lies far out is counted in the last bins."""
    from matplotlib.patches import Patch
    from matplotlib.ticker import FuncFormatter

    r = numbers(trades, "r_multiple")
    r = r[np.isfinite(r)]
    dress(axes, "R: net P&L in multiples of the initial risk", "trades")
    axes.set_xlabel("R", fontsize=9)
    percent_ticks(axes.xaxis)
    if len(r) == 0:
        _nothing(axes, "No trade states its risk.")
        return
    edges = _edges(r)
    inside = np.clip(r, edges[0] + 1e-9, edges[-1] - 1e-9)
    number, _ = np.histogram(inside, bins=edges)
    colours = [GAIN if low >= -1e-9 else LOSS for low in edges[:-1]]
    axes.bar(edges[:-1], number, width=np.diff(edges), align="edge", color=colours,
             edgecolor="white", linewidth=0.3)  # fmt: skip
    mean, median = float(r.mean()), float(np.median(r))
    solid = axes.axvline(mean, color=_INK, linewidth=1.6)
    dashed = axes.axvline(median, color=_INK, linewidth=1.3, linestyle=(0, (4, 2)))
    axes.set_ylim(0.0, 1.05 * float(number.max()))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    share = float(np.mean(r > 0.0))
    beyond = int(np.sum((r < edges[0] - _ROUNDING) | (r > edges[-1] + _ROUNDING)))
    _key(
        axes,
        [Patch(color=GAIN), solid, dashed],
        [
            f"made money {percent(share)}",
            f"mean {multiple(mean)} R",
            f"median {multiple(median)} R",
        ],
    )
    if beyond:
        axes.set_xlabel(f"R ({count(beyond)} further out stand in the outermost bins)", fontsize=9)


def _edges(r: Array) -> Array:
    """Return bins of equal width on multiples of it, around all but the outermost trades."""
    low, high = (float(p) for p in np.percentile(r, (0.2, 99.8)))
    low, high = min(low, -_BIN_R), max(high, _BIN_R)
    width = _BIN_R
    while (high - low) / width > _MOST_BINS:
        width *= 2.0
    first, last = np.floor(low / width + 1e-9), np.ceil(high / width - 1e-9)
    return np.asarray(np.arange(first, last + 1.0) * width, dtype=np.float64)


def _holding(axes: Axes, trades: pd.DataFrame, reading: Reading) -> None:
    """Draw how net P&L spreads in classes of holding time with as many trades each."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    hours = (nanoseconds(trades["exit_time"]) - nanoseconds(trades["entry_time"])) / HOUR_NS
    net = numbers(trades, "net_pnl")
    dress(axes, "Net P&L by holding time", f"{reading.currency} a trade")
    classes = _classes(hours)
    spans = np.array([np.percentile(net[held], (5, 25, 50, 75, 95)) for _, held in classes])
    means = np.array([net[held].mean() for _, held in classes])
    x = np.arange(len(classes))
    axes.axhline(0.0, color="black", linewidth=0.8)
    axes.vlines(x, spans[:, 0], spans[:, 4], color="#9E9E9E", linewidth=1.4)
    axes.bar(x, spans[:, 3] - spans[:, 1], bottom=spans[:, 1], width=0.62, color="#CFDDEB",
             edgecolor="#7F9DB9", linewidth=0.8)  # fmt: skip
    axes.hlines(spans[:, 2], x - 0.31, x + 0.31, color=_INK, linewidth=1.6)
    axes.scatter(x, means, marker="D", s=30, zorder=5,
                 color=[GAIN if mean >= 0.0 else LOSS for mean in means])  # fmt: skip
    axes.set_xlim(-0.6, len(classes) - 0.4)
    axes.set_xticks(x, [f"{name}\n{count(held.sum())}" for name, held in classes], fontsize=7.5)
    axes.set_xlabel(
        "held, from bar to bar: from, to under; below it the number of trades", fontsize=9
    )
    money_ticks(axes)
    _key(
        axes,
        [
            Line2D([], [], marker="D", linestyle="none", color=GREY),
            Line2D([], [], color=_INK, linewidth=1.6),
            Patch(facecolor="#CFDDEB", edgecolor="#7F9DB9"),
            Line2D([], [], color="#9E9E9E", linewidth=1.4),
        ],
        ["mean", "median", "middle half", "5% to 95%"],
    )


def _classes(hours: Array) -> list[tuple[str, Any]]:
    """Return (name, trades in it) of classes of holding time, shortest first, none empty."""
    cuts = np.unique(np.quantile(hours, np.linspace(0.0, 1.0, _CLASSES + 1), method="nearest"))
    if len(cuts) < 2:
        return [(_span(cuts[0]), np.ones(len(hours), dtype=np.bool_))]
    classes = []
    for at, (low, high) in enumerate(pairwise(cuts)):
        is_last = at == len(cuts) - 2
        held = (hours >= low) & ((hours <= high) if is_last else (hours < high))
        classes.append((f"{_span(low)}-{_span(high)}", held))
    return [(name, held) for name, held in classes if held.any()]


def _span(hours: float) -> str:
    """Return a holding time, short."""
    if hours < 1.0:
        return f"{60.0 * hours:.0f}m"
    if hours < 48.0:
        return f"{hours:.3g}h"
    return f"{hours / 24.0:.3g}d"


def _excursions(axes: Axes, trades: pd.DataFrame, reading: Reading) -> None:
    """Draw each trade where it stood at its worst and at its best, coloured by its end."""
    mae, mfe, net = (numbers(trades, name) for name in ("mae", "mfe", "net_pnl"))
    known = np.isfinite(mae) & np.isfinite(mfe)
    dress(axes, "How far trades went against and for the position", "best moment (MFE), R")
    percent_ticks(axes.xaxis)
    if not known.any():
        _nothing(axes, "No trade has excursions on record.")
        return
    every = max(1, int(np.ceil(known.sum() / _POINTS)))
    mae, mfe, net = (column[known][::every] for column in (mae, mfe, net))
    right, top = (_reach(values) for values in (mae, mfe))
    beyond = int(np.sum((mae > right + _ROUNDING) | (mfe > top + _ROUNDING)))
    further = f" ({count(beyond)} further out stand on the edges)" if beyond else ""
    axes.set_xlabel(f"worst moment (MAE), R{further}", fontsize=9)
    alpha = float(np.clip(60.0 / np.sqrt(len(mae)), 0.15, 0.8))
    handles = []
    for won, colour in ((False, LOSS), (True, GAIN)):
        at = (net > 0.0) == won
        handles.append(
            axes.scatter(
                np.minimum(mae[at], right), np.minimum(mfe[at], top), s=7, color=colour,
                alpha=alpha, linewidths=0.0, rasterized=True,
            )
        )  # fmt: skip
    axes.axvline(1.0, color=GREY, linewidth=1.0, linestyle="--", zorder=1)
    axes.set_xlim(-0.01 * right, 1.03 * right)
    axes.set_ylim(-0.01 * top, 1.04 * top)
    shown = f"; 1 trade in {every} shown" if every > 1 else ""
    _key(
        axes,
        _solid(handles),
        [f"lost{shown}", f"made money; exit efficiency {_efficiency(reading)}"],
    )


def _reach(values: Array) -> float:
    """Return where an axis ends: all but one trade in five hundred, the rest stand on its edge."""
    return max(float(np.percentile(values, 99.8)), 0.1)


def _solid(handles: list[Any]) -> list[Any]:
    """Return keys as dark as a reader needs, not as faint as the points."""
    from matplotlib.lines import Line2D

    return [
        Line2D([], [], marker="o", linestyle="none", color=handle.get_facecolor()[0, :3])
        for handle in handles
    ]


def _efficiency(reading: Reading) -> str:
    """Return where in the range that trades saw they were left: 100% at the best price."""
    efficiency = reading.value("portfolio", "exit_efficiency")
    return "n/a" if efficiency is None else percent(efficiency)


def _exits(axes: Axes, trades: pd.DataFrame, reading: Reading) -> None:
    """Draw what the trades of each exit reason made together."""
    from matplotlib.ticker import MaxNLocator

    groups = trades.groupby(trades["exit_reason"].astype(str))["net_pnl"]
    table = groups.agg(["sum", "count", "mean"]).sort_values("sum", kind="stable")
    sums = table["sum"].to_numpy(dtype=np.float64)
    dress(axes, "", "")
    axes.set_title("Net P&L by exit reason: total, trades, mean", loc="left", fontsize=10,
                   fontweight="bold", pad=21)  # fmt: skip
    at = np.arange(len(table))
    axes.barh(at, sums, height=0.62, color=[GAIN if s >= 0.0 else LOSS for s in sums])
    axes.axvline(0.0, color="black", linewidth=0.8)
    axes.set_xlabel(reading.currency, fontsize=9)
    named_ticks(axes.yaxis, [words(str(name)) for name in table.index])
    _room_opposite(axes, sums)
    axes.set_ylim(-0.6, len(table) - 0.4)
    money_ticks(axes, across=True)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=5))
    for row, (total, number, mean) in enumerate(table.itertuples(index=False)):
        said = f"  {_brief(total)}: {count(number)} x {_brief(mean)}  "
        axes.text(0.0, row, said, fontsize=7.5, va="center", parse_math=False,
                  ha="right" if total >= 0.0 else "left")  # fmt: skip


def _brief(amount: float) -> str:
    """Return money with its sign, in millions or billions where cents say nothing."""
    for unit, name in ((1e9, " bn"), (1e6, " m")):
        if abs(amount) >= unit:
            return f"{signed(amount / unit)}{name}"
    return signed(amount)


def _room_opposite(axes: Axes, sums: Array) -> None:
    """Leave room for words across zero from each bar, where no bar is."""
    low, high = min(0.0, float(sums.min())), max(0.0, float(sums.max()))
    words_wide = 0.75 * max(high, -low) or 1.0
    if np.any(sums >= 0.0):
        low = min(low, -words_wide)
    if np.any(sums < 0.0):
        high = max(high, words_wide)
    axes.set_xlim(1.04 * low, 1.04 * high)


def _nothing(axes: Axes, sentence: str) -> None:
    axes.text(0.5, 0.5, sentence, transform=axes.transAxes, ha="center", va="center", fontsize=10)
