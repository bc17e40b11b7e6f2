"""margin.png: how far the account stood from a stop-out, and what its margin was used for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.registry import figures
from lockstep.metrics.panel import nanoseconds
from lockstep.report.canvas import (
    GREY,
    WARNING,
    blank,
    date_axis,
    dates,
    dress,
    instead,
    legend,
    margins,
    money_ticks,
)
from lockstep.report.coverage import hatch
from lockstep.report.figures._buckets import Buckets, stepped
from lockstep.report.looks import COLOURS
from lockstep.report.reading import Reading
from lockstep.report.wording import count, day, money, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Where equity equals used margin, no free margin is left: nothing new can be opened.
_CALL = 1.0
_LEVEL, _BAND, _CALLED = "#08306B", "#DCE9F5", "#E69F00"
#: A level at or below this is drawn here; the legend says what it was.
_FLOOR_PCT = 5.0


@figures("margin")
@dataclass(frozen=True, slots=True)
class Margin:
    """Three panels on one time axis: margin level, margin used, open positions."""

    order: ClassVar[int] = 70
    title: ClassVar[str] = "Margin level, margin used and open positions"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None without a portfolio."""
        account = reading.result.account
        if reading.panel is None or "margin_level" not in account:
            return None
        subject = "Margin: how far the account stood from a stop-out"
        figure = blank(reading, subject)
        level = account["margin_level"].to_numpy(dtype=np.float64)
        if not np.any(np.isfinite(level)):
            return instead(figure, "No position was open at any step, so no margin was used.")
        buckets = Buckets.of(reading.panel.account.time)
        below = [name for name in ("used_margin", "open_positions") if name in account]
        heights = (2.6, *(1.3 for _ in below))
        grid = figure.add_gridspec(
            len(heights), 1, height_ratios=heights, hspace=0.17, **margins(figure)
        )
        top = figure.add_subplot(grid[0])
        _level(top, level, buckets, reading)
        others = [figure.add_subplot(grid[1 + at], sharex=top) for at in range(len(below))]
        for axes, name in zip(others, below, strict=True):
            values = account[name].to_numpy(dtype=np.float64)
            (_used if name == "used_margin" else _positions)(axes, values, buckets, reading)
        column = [top, *others]
        hatch(column, reading)
        date_axis(column[-1], tuple(column[:-1]))
        figure.align_ylabels(column)
        return figure


def _level(axes: Axes, level: Array, buckets: Buckets, reading: Reading) -> None:
    """Draw the margin level on a logarithmic axis, with the levels that matter."""
    is_shared = reading.settings.get("margin", "pooled") == "pooled"
    whose = "Margin level" if is_shared else "Margin level of the most strained sleeve"
    dress(axes, f"{whose}: equity in % of the margin in use", "% (logarithmic)")
    low, high = buckets.lowest(100.0 * level), buckets.highest(100.0 * level)
    shown = np.maximum(low, _FLOOR_PCT)
    top = 1.6 * max(float(np.nanmax(shown)), 200.0)
    band = axes.fill_between(
        buckets.x, stepped(shown), stepped(np.clip(high, _FLOOR_PCT, top)), step="post",
        color=_BAND, linewidth=0.0,
    )  # fmt: skip
    handles: list[Any] = axes.step(
        buckets.x, stepped(shown), where="post", color=_LEVEL, linewidth=1.0
    )
    handles.append(band)
    labels = [f"lowest of {buckets.length}", "lowest to highest"]
    for marked in (_lowest(axes, level, reading), *_limits(axes, reading), *_events(axes, reading)):
        handles.append(marked[0])
        labels.append(marked[1])
    _percent_axis(axes, float(np.nanmin(shown)), top, _stop_out(reading))
    legend(axes, handles, labels, title="margin level")


def _stop_out(reading: Reading) -> float:
    return float(reading.settings.get("stop_out_level", 0.5))


def _percent_axis(axes: Axes, lowest: float, top: float, stop_out: float) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.set_ylim(0.8 * min(lowest, 100.0 * stop_out), top)
    axes.axhspan(axes.get_ylim()[0], 100.0 * stop_out, color=WARNING, alpha=0.10, linewidth=0.0)
    axes.yaxis.set_major_locator(LogLocator(base=10.0, subs=(1.0, 2.0, 5.0), numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _lowest(axes: Axes, level: Array, reading: Reading) -> tuple[Any, str]:
    """Mark the moment at which the account stood nearest to a stop-out."""
    assert reading.panel is not None
    at = int(np.nanargmin(level))
    time = reading.panel.account.time
    (mark,) = axes.plot(
        dates(time[at : at + 1]), [max(100.0 * level[at], _FLOOR_PCT)], linestyle="none",
        marker="v", markersize=7, color=WARNING, zorder=6, clip_on=False,
    )  # fmt: skip
    return mark, f"lowest {percent(level[at])}, {day(np.datetime64(int(time[at]), 'ns'))}"


def _limits(axes: Axes, reading: Reading) -> list[tuple[Any, str]]:
    """Draw the stop-out level, and the level at which nothing new can be opened."""
    stop_out = _stop_out(reading)
    marked: list[tuple[Any, str]] = [
        (
            axes.axhline(100.0 * _CALL, color=_CALLED, linewidth=1.5, linestyle="--"),
            f"margin call {percent(_CALL)}: none free",
        ),
        (
            axes.axhline(100.0 * stop_out, color=WARNING, linewidth=1.8),
            f"stop-out below {percent(stop_out)}",
        ),
    ]
    return marked


def _events(axes: Axes, reading: Reading) -> list[tuple[Any, str]]:
    """Mark stop-outs, and entries that free margin cut or refused."""
    kinds: tuple[tuple[tuple[str, ...], str, dict[str, Any]], ...] = (
        (("stop_out",), "stop-outs", {"marker": "X", "color": "#7B1FA2", "markersize": 7}),
        (
            ("no_margin", "margin_cut"),
            "entries cut or refused",
            {"marker": "|", "color": "black", "markersize": 8},
        ),
    )
    marked = []
    for codes, name, look in kinds:
        rows = reading.decided(*codes)
        if len(rows):
            moments = np.unique(nanoseconds(rows["time"]))
            (mark,) = axes.plot(
                dates(moments), np.full(len(moments), 0.04), linestyle="none", zorder=7,
                transform=axes.get_xaxis_transform(), **look,
            )  # fmt: skip
            marked.append((mark, f"{name}: {count(len(rows))}"))
    return marked


def _used(axes: Axes, used: Array, buckets: Buckets, reading: Reading) -> None:
    dress(axes, f"Margin in use, highest of each {buckets.length}", reading.currency)
    highest = stepped(buckets.highest(used))
    area = axes.fill_between(
        buckets.x, highest, 0.0, step="post", color=COLOURS[4], alpha=0.55, linewidth=0.0
    )
    axes.step(buckets.x, highest, where="post", color=COLOURS[0], linewidth=0.7)
    mean = axes.axhline(float(used.mean()), color=GREY, linewidth=1.1, linestyle="--")
    axes.set_ylim(0.0, 1.08 * float(used.max()) or 1.0)
    money_ticks(axes)
    labels = [f"highest {money(float(used.max()))}", f"mean    {money(float(used.mean()))}"]
    legend(axes, [area, mean], labels, title=f"margin in use, {reading.currency}")


def _positions(axes: Axes, held: Array, buckets: Buckets, reading: Reading) -> None:
    from matplotlib.ticker import MaxNLocator

    dress(axes, f"Open positions, most of each {buckets.length}", "positions")
    highest = stepped(buckets.highest(held))
    area = axes.fill_between(
        buckets.x, highest, 0.0, step="post", color="#BDBDBD", alpha=0.7, linewidth=0.0
    )
    handles: list[Any] = [area]
    labels = [f"most {count(held.max())}, mean {held.mean():.1f}"]
    rule = (reading.settings.get("risk") or {}).get("max_positions")
    if isinstance(rule, dict) and "limit" in rule:
        handles.append(axes.axhline(rule["limit"], color=WARNING, linewidth=1.5))
        labels.append(f"limit {count(rule['limit'])}")
    axes.set_ylim(bottom=0.0)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, nbins=5))
    legend(axes, handles, labels, title="positions at one time")
