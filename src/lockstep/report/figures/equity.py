"""equity.png: the account, what each asset added to it, and how far below its peak it stood."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.registry import figures
from lockstep.core.result import RunResult
from lockstep.metrics.drawdown import drawdowns
from lockstep.metrics.panel import Panel, nanoseconds, panel
from lockstep.report.canvas import (
    DPI,
    dress,
    legend,
    look_of,
    money_ticks,
    plain_latin,
    png_of,
    thinned,
)
from lockstep.report.reading import Reading, read
from lockstep.report.wording import money, percent, plain, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = (14.0, 9.0)
LEFT, RIGHT, TOP, BOTTOM = 0.075, 0.795, 0.875, 0.06
#: Pixels across an axes: one bucket of a long series each.
PIXELS = int((RIGHT - LEFT) * INCHES[0] * DPI)
#: Most assets the legend names; of more, the best and the worst.
MOST_NAMED = 32
_TRIP, _RESUME, _STOP_OUT, _REBALANCE = "#C0392B", "#2E8B57", "#7B1FA2", "#555555"


@figures("equity")
@dataclass(frozen=True, slots=True)
class Equity:
    """Three panels on one time axis: equity, contributions, drawdown."""

    def png(self, result: RunResult, metrics: Mapping[str, Any]) -> bytes:
        """Return the picture; the same result makes the same bytes."""
        from matplotlib import style

        with style.context("default"):
            return png_of(self.draw(result, metrics))

    def draw(self, result: RunResult, metrics: Mapping[str, Any]) -> Figure:
        """Return the figure, ready to be saved."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        figure = Figure(figsize=INCHES, dpi=DPI)
        FigureCanvasAgg(figure)
        reading = read(result, metrics)
        _titles(figure, reading)
        if len(result.equity) == 0:
            _nothing(figure, reading)
            return figure
        grid = figure.add_gridspec(
            3, 1, height_ratios=(3.0, 3.0, 1.7), hspace=0.16,
            left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM,
        )  # fmt: skip
        top = figure.add_subplot(grid[0])
        middle = figure.add_subplot(grid[1], sharex=top)
        bottom = figure.add_subplot(grid[2], sharex=top)
        aligned = panel(result)
        events = _events(reading)
        _equity(top, aligned, reading, events)
        _contributions(middle, aligned, reading)
        _drawdown(bottom, aligned, reading)
        for axes in (top, middle, bottom):
            _mark(axes, events, aligned.account.time)
        _time_axis(bottom, (top, middle))
        figure.align_ylabels((top, middle, bottom))
        return figure


@dataclass(frozen=True, slots=True)
class _Events:
    """Moments to mark, ns."""

    trips: Ints
    resumes: Ints
    stop_outs: Ints
    rebalances: Ints


def _events(reading: Reading) -> _Events:
    def moments(code: str) -> Ints:
        rows = reading.decided(code)
        return nanoseconds(rows["time"]) if len(rows) else np.empty(0, dtype=np.int64)

    return _Events(
        trips=moments("breaker_trip"),
        resumes=moments("breaker_resume"),
        stop_outs=moments("stop_out"),
        rebalances=nanoseconds(reading.result.weights.index[1:]),
    )


def _dates(time: Ints) -> Array:
    """Return ns as matplotlib's days."""
    from matplotlib.dates import date2num

    moments = time.astype("datetime64[ns]")
    return np.asarray(date2num(moments), dtype=np.float64)  # type: ignore[no-untyped-call]


def _titles(figure: Figure, reading: Reading) -> None:
    facts = reading.facts
    count = len(reading.symbols)
    subject = (
        f"{count} asset{'s' if count != 1 else ''} in one account" if count else "no portfolio"
    )
    figure.text(LEFT, 0.965, f"Lockstep: {subject}", fontsize=15, fontweight="bold", va="center")
    run = f"run {facts.get('run_id', '(unsaved)')}  |  {facts.get('timeframe', '')} bars, UTC"
    labels = [] if reading.is_played else ["PARTIAL: no portfolio"]
    labels += [plain(label) for label in facts.get("labels") or ()]
    figure.text(LEFT, 0.938, plain_latin(plain(run)), fontsize=9, va="center", parse_math=False)
    said = textwrap.wrap("  |  ".join(labels), 150)
    if len(said) > 1:
        said = [f"{said[0][:145]} ..."]
    figure.text(
        LEFT, 0.917, plain_latin("".join(said)), fontsize=9, va="center", parse_math=False,
        color=_TRIP, fontweight="bold",
    )  # fmt: skip


def _nothing(figure: Figure, reading: Reading) -> None:
    failed = ", ".join(sorted(reading.facts.get("failed") or {}))
    why = f"\n{failed} failed; see report.txt." if failed else "\nThe clock has no step."
    said = textwrap.fill(plain_latin(plain(why)), 90)
    figure.text(0.5, 0.5, f"No portfolio was played.\n{said}", fontsize=14, ha="center",
                va="center", parse_math=False)  # fmt: skip


def _line(axes: Axes, time: Ints, values: Array, **look: Any) -> Any:
    at = thinned(values, PIXELS)
    return axes.plot(_dates(time[at]), values[at], **look)[0]


def _equity(axes: Axes, aligned: Panel, reading: Reading, events: _Events) -> None:
    account, currency = aligned.account, reading.currency
    dress(axes, "Account equity", currency)
    axes.axhline(account.initial, color="#888888", linewidth=0.9, linestyle=":")
    line = _line(axes, account.time, account.equity, color="black", linewidth=1.5, zorder=5)
    money_ticks(axes)
    if len(events.stop_outs):
        at = np.clip(np.searchsorted(account.time, events.stop_outs), 0, len(account.time) - 1)
        axes.plot(_dates(account.time[at]), account.equity[at], linestyle="none", marker="X",
                  markersize=7, color=_STOP_OUT, zorder=6)  # fmt: skip
    legend(axes, *_keys(line, events, aligned.account.initial, account.final, currency))


def _keys(
    line: Any, events: _Events, initial: float, final: float, currency: str
) -> tuple[list[Any], list[str]]:
    """Return handles and labels: only of what is in the picture."""
    from matplotlib.lines import Line2D

    handles = [line, Line2D([], [], color="#888888", linestyle=":", linewidth=0.9)]
    labels = [f"equity, last {money(final)} {currency}", f"capital {money(initial)} {currency}"]
    marks = (
        (events.trips, "breaker trips", {"color": _TRIP, "linewidth": 1.4}),
        (events.resumes, "breaker resumes", {"color": _RESUME, "linestyle": "--"}),
        (events.stop_outs, "stop-outs", {"color": _STOP_OUT, "marker": "X", "linestyle": "none"}),
        (
            events.rebalances,
            "rebalances",
            {"color": _REBALANCE, "marker": "^", "linestyle": "none"},
        ),
    )
    for moments, name, look in marks:
        if len(moments):
            handles.append(Line2D([], [], **look))
            labels.append(f"{name}: {len(moments):,}")
    return handles, labels


def _contributions(axes: Axes, aligned: Panel, reading: Reading) -> None:
    account = aligned.account
    dress(axes, "What each asset added: cumulative net P&L, without transfers", reading.currency)
    axes.axhline(0.0, color="#888888", linewidth=0.9, linestyle=":")
    drawn = []
    for index, symbol in enumerate(aligned.symbols):
        added = aligned.contribution(index).equity - account.initial
        colour, dashes = look_of(index)
        line = _line(axes, account.time, added, color=colour, linestyle=dashes, linewidth=1.1)
        drawn.append((float(added[-1]), symbol, line))
    money_ticks(axes)
    drawn.sort(key=lambda item: (-item[0], item[1]))
    half = MOST_NAMED // 2
    named = drawn if len(drawn) <= MOST_NAMED else [*drawn[:half], *drawn[-half:]]
    wide = max((len(signed(amount)) for amount, *_ in named), default=0)
    labels = [f"{signed(amount).rjust(wide)} {plain_latin(name)[:14]}" for amount, name, _ in named]
    title = f"last P&L, {reading.currency}"
    if len(drawn) > len(named):
        title += f" (best and worst {half} of {len(drawn)})"
    legend(axes, [line for *_, line in named], labels, title)


def _drawdown(axes: Axes, aligned: Panel, reading: Reading) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.ticker import FuncFormatter

    account = aligned.account
    below = -100.0 * drawdowns(account.equity, account.initial)
    dress(axes, "Drawdown below the peak so far", "%")
    at = thinned(below, PIXELS)
    axes.fill_between(_dates(account.time[at]), below[at], 0.0, color="#D98880", linewidth=0.0)
    axes.plot(_dates(account.time[at]), below[at], color="#922B21", linewidth=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value + 0.0:g}"))
    axes.set_ylim(top=0.0, bottom=min(float(below.min()) * 1.08, -0.5))
    fall = reading.fall
    if fall is None:
        return
    day = np.datetime64(fall.bottom, "ns").astype("datetime64[D]")
    axes.plot(_dates(np.array([fall.bottom])), [-100.0 * fall.depth], marker="v", markersize=6,
              color="#922B21", linestyle="none", clip_on=False)  # fmt: skip
    key = Line2D([], [], marker="v", color="#922B21", linestyle="none")
    legend(axes, [key], [f"deepest {percent(fall.depth)}, {day}"])


def _mark(axes: Axes, events: _Events, time: Ints) -> None:
    """Draw when the breaker was tripped, when it resumed, and the rebalances."""
    end = int(time[-1])
    for trip in events.trips.tolist():
        later = events.resumes[events.resumes > trip]
        until = int(later[0]) if len(later) else end
        span = _dates(np.array([trip, until]))
        axes.axvspan(span[0], span[1], color=_TRIP, alpha=0.07, linewidth=0.0, zorder=0)
        axes.axvline(span[0], color=_TRIP, linewidth=1.1, zorder=2)
        if len(later):
            axes.axvline(span[1], color=_RESUME, linewidth=1.1, linestyle="--", zorder=2)
    if len(events.rebalances):
        axes.plot(_dates(events.rebalances), np.full(len(events.rebalances), 0.03), marker="^",
                  markersize=4.5, color=_REBALANCE, linestyle="none",
                  transform=axes.get_xaxis_transform(), zorder=3)  # fmt: skip


def _time_axis(bottom: Axes, others: tuple[Axes, ...]) -> None:
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=5, maxticks=12)  # type: ignore[no-untyped-call]
    bottom.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    bottom.xaxis.set_major_formatter(formatter)
    bottom.xaxis.get_offset_text().set_fontsize(8.5)
    for axes in others:
        axes.tick_params(labelbottom=False)
        axes.xaxis.get_offset_text().set_visible(False)
