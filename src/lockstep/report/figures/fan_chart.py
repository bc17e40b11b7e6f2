"""fan_chart: where a simulation's paths lie over time and at their end, and how deep they fell."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.distribution import LEVELS, rank_of
from lockstep.report.canvas import (
    DPI,
    dress,
    legend,
    money_ticks,
    plain_latin,
    png_of,
)
from lockstep.report.looks import COLOURS
from lockstep.report.wording import count, money, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = (14.0, 9.0)
#: One hue, darker towards the middle: the bands are told apart without colour vision.
_BANDS = (("1% to 99%", "#DCE9F5"), ("5% to 95%", "#AFCFE8"), ("25% to 75%", "#6BA6D3"))
_MEDIAN, _OBSERVED, _LIMIT, _LABELS = "#08306B", COLOURS[1], "black", "#C0392B"
#: A fan that ends wider than this, from its lowest band to its highest, gets a logarithmic axis.
_WIDE = 10.0
_BINS = 60
_NO_CENTS = 1e7
#: Most points of the curve of drawdowns.
_POINTS = 1_500


@dataclass(frozen=True, slots=True)
class Fan:
    """What is drawn. Money in account currency.

    Parameters
    ----------
    title, subtitle : str
        Above the picture.
    labels : sequence of str
        What stands above every number, a short text each.
    currency : str
        Account currency.
    day : str
        What one day of a path is, in the plural: "trading days".
    days : ndarray of int64, shape (n_points,)
        Days after the start; the first is 0.
    bands : ndarray, shape (n_levels, n_points)
        Equity at the percentiles `lockstep.metrics.distribution.LEVELS`, ascending.
    observed : ndarray, shape (n_marks,)
        Equity of the run itself from day 0 on, a mark a day.
    final, max_drawdown : ndarray, shape (n_paths,)
        Equity at the end; largest drawdown (fraction).
    limit : float or None
        Drawdown of the breaker.
    """

    title: str
    subtitle: str
    labels: Sequence[str]
    currency: str
    day: str
    days: Ints
    bands: Array
    observed: Array
    final: Array
    max_drawdown: Array
    limit: float | None

    @property
    def covers(self) -> bool:
        """True if the run lasted as long as a path, so that the two compare."""
        return len(self.observed) > int(self.days[-1])


def png(fan: Fan) -> bytes:
    """Return the picture; the same fan makes the same bytes."""
    from matplotlib import style

    with style.context("default"):
        return png_of(draw(fan))


def draw(fan: Fan) -> Figure:
    """Return the figure, ready to be saved."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=INCHES, dpi=DPI)
    FigureCanvasAgg(figure)
    _titles(figure, fan)
    grid = figure.add_gridspec(
        2, 2, width_ratios=(5.0, 1.0), height_ratios=(2.0, 1.0), hspace=0.28, wspace=0.03,
        left=0.075, right=0.76, top=0.85, bottom=0.065,
    )  # fmt: skip
    paths = figure.add_subplot(grid[0, 0])
    ends = figure.add_subplot(grid[0, 1], sharey=paths)
    falls = figure.add_subplot(grid[1, :])
    handles = _paths(paths, fan)
    _ends(ends, fan)
    legend(ends, *handles, title=f"equity after {count(fan.days[-1])} days")
    _falls(falls, fan)
    figure.align_ylabels((paths, falls))
    return figure


def _titles(figure: Figure, fan: Fan) -> None:
    left = 0.075
    figure.text(left, 0.965, plain_latin(plain(fan.title)), fontsize=15, fontweight="bold",
                va="center", parse_math=False)  # fmt: skip
    figure.text(left, 0.938, plain_latin(plain(fan.subtitle)), fontsize=9, va="center",
                parse_math=False)  # fmt: skip
    said = textwrap.wrap("  |  ".join(map(plain, fan.labels)), 165)
    if len(said) > 2:
        said = [said[0], f"{said[1][:160]} ..."]
    for line, height in zip(said, (0.915, 0.895)):
        figure.text(left, height, plain_latin(line), fontsize=9, va="center", parse_math=False,
                    color=_LABELS, fontweight="bold")  # fmt: skip


def _paths(axes: Axes, fan: Fan) -> tuple[list[Any], list[str]]:
    """Draw the fan; return handles and labels of everything in it."""
    from matplotlib.patches import Patch

    dress(axes, "Account equity of the paths", fan.currency)
    middle = len(LEVELS) // 2
    handles: list[Any] = []
    labels: list[str] = []
    for at, (name, colour) in enumerate(_BANDS):
        low, high = fan.bands[at], fan.bands[-1 - at]
        axes.fill_between(fan.days, low, high, color=colour, linewidth=0.0)
        handles.append(Patch(color=colour))
        labels.append(f"{name:<10} {_sum(low[-1])} to {_sum(high[-1])}")
    handles += axes.plot(fan.days, fan.bands[middle], color=_MEDIAN, linewidth=1.8)
    labels.append(f"{'median':<10} {_sum(fan.bands[middle][-1])}")
    marks = np.arange(len(fan.observed))
    handles += axes.plot(
        marks, fan.observed, color=_OBSERVED, linewidth=1.3, linestyle=(0, (5, 1.2))
    )
    labels.append(f"{'the run':<10} {_sum(fan.observed[-1])}")
    handles.append(
        axes.axhline(fan.observed[0], color="#666666", linewidth=0.9, linestyle=":", zorder=1)
    )
    labels.append(f"{'start':<10} {_sum(fan.observed[0])}")
    axes.set_xlim(0, fan.days[-1])
    axes.set_xlabel(f"{fan.day} after the start", fontsize=9)
    _money_axis(axes, fan)
    return handles, labels


def _sum(amount: float) -> str:
    """Return money for the legend; of large sums the cents are left out."""
    return money(amount) if abs(amount) < _NO_CENTS else f"{amount:,.0f}"


def _money_axis(axes: Axes, fan: Fan) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    low = min(float(fan.bands.min()), float(fan.observed.min()))
    high = max(float(fan.bands.max()), float(fan.observed.max()))
    if 0.0 < low < high / _WIDE:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(base=10.0, subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.set_ylabel(f"{fan.currency} (logarithmic)")
        axes.set_ylim(low / 1.05, high * 1.05)
    else:
        margin = 0.04 * (high - low) or 1.0
        axes.set_ylim(low - margin, high + margin)
    money_ticks(axes)


def _ends(axes: Axes, fan: Fan) -> None:
    """Draw how many paths end where, on the fan's own axis of money."""
    from matplotlib.ticker import FuncFormatter

    low, high = axes.get_ylim()
    if axes.get_yscale() == "log":
        edges = np.geomspace(low, high, _BINS + 1)
    else:
        edges = np.linspace(low, high, _BINS + 1)
    share, _ = np.histogram(fan.final, bins=edges)
    shares = 100.0 * share / len(fan.final)
    axes.barh(edges[:-1], shares, height=np.diff(edges), align="edge", color=_BANDS[1][1])
    axes.axhline(float(np.median(fan.final)), color=_MEDIAN, linewidth=1.8)
    if fan.covers:
        axes.axhline(fan.observed[-1], color=_OBSERVED, linewidth=1.3, linestyle=(0, (5, 1.2)))
    axes.set_title("At the end", loc="left", fontsize=10, fontweight="bold", pad=5)
    axes.set_xlabel("% of paths", fontsize=9)
    axes.tick_params(labelsize=8.5, labelleft=False)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}" if value else ""))
    axes.set_xlim(left=0.0)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _falls(axes: Axes, fan: Fan) -> None:
    """Draw which share of the paths fell how deep."""
    from matplotlib.ticker import FuncFormatter

    dress(axes, "How many paths fell at least that far", "% of paths")
    depth = np.sort(fan.max_drawdown)
    at = np.unique(np.linspace(0, len(depth) - 1, min(len(depth), _POINTS)).astype(np.int64))
    share = 100.0 * (1.0 - at / len(depth))
    x = np.concatenate([[0.0], 100.0 * depth[at], [100.0 * depth[-1]]])
    y = np.concatenate([[100.0], share, [0.0]])
    handles = axes.plot(x, y, color=_MEDIAN, linewidth=1.8, drawstyle="steps-pre")
    axes.fill_between(x, y, 0.0, color=_BANDS[0][1], linewidth=0.0, step="pre")
    seen = float(np.max(1.0 - fan.observed / np.maximum.accumulate(fan.observed)))
    handles.append(axes.axvline(100.0 * seen, color=_OBSERVED, linewidth=1.3,
                                linestyle=(0, (5, 1.2))))  # fmt: skip
    median, deep = np.percentile(depth, (50, 95))
    rank = f", deeper than {percent(rank_of(seen, depth))}" if fan.covers else ""
    labels = [
        f"half fell {percent(median)}, 1 in 20 {percent(deep)}",
        f"the run {percent(seen)}{rank}",
    ]
    widest = max(float(depth[-1]), seen)
    if fan.limit is not None:
        reached = percent(float(np.mean(depth >= fan.limit)))
        inside = fan.limit <= max(2.0 * widest, 0.02)
        widest = max(widest, fan.limit) if inside else widest
        where = {} if inside else {"visible": False}
        handles.append(axes.axvline(100.0 * fan.limit, color=_LIMIT, linewidth=1.2, **where))
        labels.append(f"breaker {percent(fan.limit)}: {reached} reach it")
    axes.set_xlim(0.0, 103.0 * widest if widest else 1.0)
    axes.set_ylim(0.0, 102.0)
    axes.set_xlabel("max drawdown at daily marks, %", fontsize=9)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value + 0.0:g}"))
    legend(axes, handles, labels, title="max drawdown")
