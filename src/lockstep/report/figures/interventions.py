"""interventions.png: when rules and checks stepped in, and what became of the entries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Ints
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
    named_ticks,
)
from lockstep.report.figures._buckets import Buckets, stepped
from lockstep.report.looks import COLOURS
from lockstep.report.reading import Reading
from lockstep.report.wording import CUT, REFUSED, count, counted, day, percent, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: What kind of thing a code is: (name, colour, codes), the gravest first.
_ACCOUNT = (
    "stop_out", "stop_out_flag", "stop_out_clear", "broker_loss", "breaker_trip",
    "breaker_resume", "daily_loss_trip", "daily_loss_reset",
)  # fmt: skip
_SCALED = ("drawdown_scaling", "correlation_scaling", "rule_factor", "correlation_unknown")
_ALLOCATION = ("rebalance", "no_history", "allocation_fallback")
_KINDS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("account", WARNING, _ACCOUNT),
    ("entry refused", COLOURS[1], tuple(code for code in REFUSED if code != "in_position")),
    ("entry cut", COLOURS[5], tuple(CUT)),
    ("entry scaled", COLOURS[0], _SCALED),
    ("allocation", "#777777", _ALLOCATION),
)
_OTHER = ("other", "#222222")
_ROW_INCHES = 0.36
_ENTRIES_INCHES = 2.2
#: Buckets of the rows, and of the bars below them.
_FINE, _COARSE = 260, 60
_TAKEN, _SMALLER, _NOT = "#9ECAE1", COLOURS[5], COLOURS[1]
_BREAKER, _DAILY = WARNING, "#8856A7"


@dataclass(frozen=True, slots=True)
class _Row:
    """Decisions of one code: moments in ns."""

    code: str
    kind: str
    colour: str
    moments: Ints


@figures("interventions")
@dataclass(frozen=True, slots=True)
class Interventions:
    """A row per code on a time line, periods of a tripped rule shaded, entries below."""

    order: ClassVar[int] = 130
    title: ClassVar[str] = "Interventions of rules and checks"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None without a portfolio."""
        if reading.panel is None:
            return None
        rows = _rows(reading.result.decisions)
        subject = f"Rules and checks: {counted(sum(len(r.moments) for r in rows), 'decision')}"
        if not rows:
            return instead(blank(reading, subject), "No rule and no check stepped in.")
        height = max(1.13 + 0.54 + _ROW_INCHES * len(rows) + 0.45 + _ENTRIES_INCHES, 7.0)
        figure = blank(reading, subject, (14.0, height))
        grid = figure.add_gridspec(
            2, 1, height_ratios=(height - 2.12 - _ENTRIES_INCHES, _ENTRIES_INCHES),
            hspace=0.9 / height, **margins(figure, left=1.75),
        )  # fmt: skip
        top = figure.add_subplot(grid[0])
        bottom = figure.add_subplot(grid[1], sharex=top)
        time = reading.panel.account.time
        _lines(top, rows, Buckets.of(time, _FINE), reading)
        _entries(bottom, Buckets.of(time, _COARSE), reading)
        _kinds(bottom, rows)
        edges = dates(np.array([time[0], time[-1]]))
        room = 0.005 * (edges[1] - edges[0]) or 1.0
        top.set_xlim(edges[0] - room, edges[1] + room)
        date_axis(bottom, (top,))
        return figure


def _rows(decisions: pd.DataFrame) -> list[_Row]:
    """Return a row for every code that occurs, the gravest first."""
    if len(decisions) == 0:
        return []
    found = {
        str(code): nanoseconds(times)
        for code, times in decisions.groupby(decisions["code"].astype(str))["time"]
    }
    rows = [
        _Row(code, kind, colour, found.pop(code))
        for kind, colour, codes in _KINDS
        for code in codes
        if code in found
    ]
    return [*rows, *(_Row(code, *_OTHER, found[code]) for code in sorted(found))]


def _lines(axes: Axes, rows: list[_Row], buckets: Buckets, reading: Reading) -> None:
    """Draw in each row how often its code was decided, in the row's own scale."""
    dress(axes, f"When: each row in its own scale, number of each {buckets.length}", "")
    axes.grid(visible=False, axis="y")
    look: dict[str, Any] = {"family": "monospace", "fontsize": 7.5, "va": "center"}
    across = axes.get_yaxis_transform()
    for at, row in enumerate(rows):
        number = buckets.counted(row.moments)
        most = int(number.max())
        tall = 0.84 * number / most
        axes.fill_between(buckets.x, at + 0.42, at + 0.42 - stepped(tall), step="post",
                          color=row.colour, linewidth=0.0, zorder=3)  # fmt: skip
        _needles(axes, at, row, number, buckets)
        axes.axhline(at + 0.42, color="#DDDDDD", linewidth=0.6, zorder=1)
        axes.text(1.008, at + 0.1, f"{count(len(row.moments)):>8}{_peak(most, row):<18}",
                  transform=across, parse_math=False, **look)  # fmt: skip
    named_ticks(axes.yaxis, [words(row.code) for row in rows], letters=24)
    for label, row in zip(axes.get_yticklabels(), rows, strict=True):
        label.set_color(row.colour)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    shaded = _shade(axes, reading)
    if shaded:
        axes.legend(
            [handle for handle, _ in shaded], [label for _, label in shaded], loc="lower right",
            bbox_to_anchor=(1.255, 1.0), ncols=2, frameon=False, fontsize=8, handlelength=1.4,
            columnspacing=1.2, borderaxespad=0.1,
        )  # fmt: skip


def _needles(axes: Axes, at: int, row: _Row, number: Ints, buckets: Buckets) -> None:
    """Make a lonely decision visible: a needle as thick as an eye needs."""
    lonely = np.flatnonzero(number)
    if len(lonely) <= len(number) // 8:
        x = (buckets.x[lonely] + buckets.x[lonely + 1]) / 2.0
        tall = 0.84 * number[lonely] / number.max()
        axes.vlines(x, at + 0.42 - tall, at + 0.42, color=row.colour, linewidth=2.2, zorder=3)


def _peak(most: int, row: _Row) -> str:
    if len(row.moments) == 1:
        return f", {day(np.datetime64(int(row.moments[0]), 'ns'))}"
    return f", at most {count(most)}"


def _shade(axes: Axes, reading: Reading) -> list[tuple[Any, str]]:
    """Shade where the breaker or the daily loss limit was tripped; return keys and labels."""
    assert reading.panel is not None
    account, time = reading.result.account, reading.panel.account.time
    keys: list[tuple[Any, str]] = []
    for column, colour, name in (
        ("breaker", _BREAKER, "breaker tripped"),
        ("daily_loss", _DAILY, "daily loss tripped"),
    ):
        if column not in account:
            continue
        tripped = account[column].to_numpy(dtype=np.bool_)
        if not tripped.any():
            continue
        patch = None
        for start, end in _spans(tripped):
            x = dates(time[[start, end]])
            patch = axes.axvspan(x[0], x[1], color=colour, alpha=0.16, linewidth=0.4, zorder=0)
        keys.append((patch, f"{name} ({percent(float(tripped.mean()))} of time)"))
    return keys


def _spans(tripped: Any) -> list[tuple[int, int]]:
    """Return (first step, step after the last) of each run of True; the end is the last step."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], tripped, [False]]).astype(np.int8)))
    last = len(tripped) - 1
    return [(int(a), min(int(b), last)) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def _entries(axes: Axes, buckets: Buckets, reading: Reading) -> None:
    """Draw how many entry signals were taken in full, taken smaller, or refused."""
    from matplotlib.lines import Line2D

    trades = reading.result.trades
    entered = nanoseconds(trades["entry_time"]) if len(trades) else np.empty(0, dtype=np.int64)
    smaller = _made_smaller(trades)
    refused = reading.decided(*(code for code in REFUSED if code != "in_position"))
    refusals = nanoseconds(refused["time"]) if len(refused) else np.empty(0, dtype=np.int64)
    dress(axes, f"What became of entry signals, in each {buckets.length}", "entries")
    base: Array = np.zeros(len(buckets.starts))
    handles: list[Any] = []
    labels: list[str] = []
    for name, moments, colour in (
        ("taken in full", entered[~smaller], _TAKEN),
        ("taken smaller", entered[smaller], _SMALLER),
        ("refused", refusals, _NOT),
    ):
        above = base + buckets.counted(moments)
        handles.append(
            axes.fill_between(buckets.x, stepped(base), stepped(above), step="post", color=colour,
                              linewidth=0.0)
        )  # fmt: skip
        labels.append(f"{name:<15} {count(len(moments)):>9}")
        base = above
    waiting = sum(
        reading.count("assets", name, "counts", "in_position") for name in reading.symbols
    )
    handles.append(Line2D([], [], linestyle="none", color=GREY))
    labels.append(f"{'while in trade':<15} {count(waiting):>9}")
    axes.set_ylim(bottom=0.0, top=1.05 * float(base.max()) or 1.0)
    legend(axes, handles, labels, title="entry signals")


def _kinds(axes: Axes, rows: list[_Row]) -> None:
    """Explain the colours of the rows, below what the legend already says."""
    from matplotlib.patches import Patch

    above = axes.get_legend()
    if above is not None:
        axes.add_artist(above)
    kinds = dict.fromkeys((row.kind, row.colour) for row in rows)
    axes.legend(
        [Patch(color=colour) for _, colour in kinds], [kind for kind, _ in kinds],
        title="what a row decided of", loc="lower left", bbox_to_anchor=(1.005, -0.12),
        frameon=False, borderaxespad=0.0, handlelength=2.2, labelspacing=0.35,
        handletextpad=0.5, prop={"family": "monospace", "size": 7.5},
        title_fontproperties={"size": 8}, alignment="left",
    )  # fmt: skip


def _made_smaller(trades: pd.DataFrame) -> Any:
    """Return which trades a link of the size chain or a factor made smaller, shape (n_trades,)."""
    smaller = np.zeros(len(trades), dtype=np.bool_)
    if len(trades) == 0:
        return smaller
    smaller |= (trades["links"].fillna("").astype(str) != "").to_numpy(dtype=np.bool_)
    for column in trades.columns:
        if str(column).startswith("factor_"):
            smaller |= trades[column].to_numpy(dtype=np.float64) < 1.0
    return smaller
