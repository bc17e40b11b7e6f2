"""equity.png: the account, what each asset added to it, and how far below its peak it stood."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lockstep.core.bars import Ints
from lockstep.core.registry import figures
from lockstep.metrics.drawdown import drawdowns
from lockstep.metrics.panel import Panel, nanoseconds
from lockstep.report.canvas import (
    BOTTOM,
    LEFT,
    PIXELS,
    RIGHT,
    TOP,
    WARNING,
    blank,
    date_axis,
    dates,
    dress,
    instead,
    legend,
    line,
    money_ticks,
    percent_ticks,
    short,
    span_of_time,
    thinned,
)
from lockstep.report.coverage import hatch
from lockstep.report.looks import looks_of
from lockstep.report.reading import Reading
from lockstep.report.wording import money, percent, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most assets the legend names; of more, the best and the worst.
MOST_NAMED = 32
_RESUME, _STOP_OUT, _REBALANCE = "#2E8B57", "#7B1FA2", "#555555"


@figures("equity")
@dataclass(frozen=True, slots=True)
class Equity:
    """Three panels on one time axis: equity, contributions, drawdown."""

    order: ClassVar[int] = 10
    title: ClassVar[str] = "Equity, contributions and drawdown"

    def draw(self, reading: Reading) -> Figure:
        """Return the figure, ready to be saved."""
        symbols = reading.symbols
        who = short(symbols[0], 32) if len(symbols) == 1 else f"{len(symbols)} assets"
        figure = blank(
            reading,
            f"Lockstep: {f'{who} in one account' if symbols else 'no portfolio'}",
        )
        aligned = reading.panel
        if aligned is None:
            return instead(figure, f"No portfolio was played.\n{_why(reading)}")
        grid = figure.add_gridspec(
            3, 1, height_ratios=(3.0, 3.0, 1.7), hspace=0.16,
            left=LEFT, right=RIGHT, top=TOP, bottom=BOTTOM,
        )  # fmt: skip
        top = figure.add_subplot(grid[0])
        middle = figure.add_subplot(grid[1], sharex=top)
        bottom = figure.add_subplot(grid[2], sharex=top)
        events = _events(reading)
        _equity(top, aligned, reading, events)
        _contributions(middle, aligned, reading)
        _drawdown(bottom, aligned, reading)
        for axes in (top, middle, bottom):
            _mark(axes, events, aligned.account.time)
        hatch((top, middle, bottom), reading)
        span_of_time(bottom, aligned.account.time)
        date_axis(bottom, (top, middle))
        figure.align_ylabels((top, middle, bottom))
        return figure


def _why(reading: Reading) -> str:
    failed = ", ".join(sorted(reading.facts.get("failed") or {}))
    return f"{failed} failed; see report.txt." if failed else "The clock has no step."


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


def _equity(axes: Axes, aligned: Panel, reading: Reading, events: _Events) -> None:
    account, currency = aligned.account, reading.currency
    dress(axes, "Account equity", currency)
    axes.axhline(account.initial, color="#888888", linewidth=0.9, linestyle=":")
    curve = line(axes, account.time, account.equity, color="black", linewidth=1.5, zorder=5)
    money_ticks(axes)
    if len(events.stop_outs):
        at = np.clip(np.searchsorted(account.time, events.stop_outs), 0, len(account.time) - 1)
        axes.plot(dates(account.time[at]), account.equity[at], linestyle="none", marker="X",
                  markersize=7, color=_STOP_OUT, zorder=6)  # fmt: skip
    legend(axes, *_keys(curve, events, aligned.account.initial, account.final, currency))


def _keys(
    curve: Any, events: _Events, initial: float, final: float, currency: str
) -> tuple[list[Any], list[str]]:
    """Return handles and labels: only of what is in the picture."""
    from matplotlib.lines import Line2D

    handles = [curve, Line2D([], [], color="#888888", linestyle=":", linewidth=0.9)]
    labels = [f"equity, last {money(final)} {currency}", f"capital {money(initial)} {currency}"]
    marks = (
        (events.trips, "breaker trips", {"color": WARNING, "linewidth": 1.4}),
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
    looks = looks_of(reading.symbols)
    drawn = []
    for index, symbol in enumerate(aligned.symbols):
        added = aligned.contribution(index).equity - account.initial
        curve = line(axes, account.time, added, **looks[symbol].line, linewidth=1.1)
        drawn.append((float(added[-1]), symbol, curve))
    money_ticks(axes)
    drawn.sort(key=lambda item: (-item[0], item[1]))
    half = MOST_NAMED // 2
    named = drawn if len(drawn) <= MOST_NAMED else [*drawn[:half], *drawn[-half:]]
    wide = max((len(signed(amount)) for amount, *_ in named), default=0)
    labels = [f"{signed(amount).rjust(wide)} {short(name)}" for amount, name, _ in named]
    title = f"last P&L, {reading.currency}"
    if len(drawn) > len(named):
        title += f" (best and worst {half} of {len(drawn)})"
    legend(axes, [curve for *_, curve in named], labels, title)


def _drawdown(axes: Axes, aligned: Panel, reading: Reading) -> None:
    from matplotlib.lines import Line2D

    account = aligned.account
    below = -100.0 * drawdowns(account.equity, account.initial)
    dress(axes, "Drawdown below the peak so far", "%")
    at = thinned(below, PIXELS)
    axes.fill_between(dates(account.time[at]), below[at], 0.0, color="#D98880", linewidth=0.0)
    axes.plot(dates(account.time[at]), below[at], color="#922B21", linewidth=0.8)
    percent_ticks(axes.yaxis)
    axes.set_ylim(top=0.0, bottom=min(float(below.min()) * 1.08, -0.5))
    fall = reading.fall
    if fall is None:
        return
    day = np.datetime64(fall.bottom, "ns").astype("datetime64[D]")
    axes.plot(dates(np.array([fall.bottom])), [-100.0 * fall.depth], marker="v", markersize=6,
              color="#922B21", linestyle="none", clip_on=False)  # fmt: skip
    key = Line2D([], [], marker="v", color="#922B21", linestyle="none")
    legend(axes, [key], [f"deepest {percent(fall.depth)}, {day}"])


def _mark(axes: Axes, events: _Events, time: Ints) -> None:
    """Draw when the breaker was tripped, when it resumed, and the rebalances."""
    end = int(time[-1])
    for trip in events.trips.tolist():
        later = events.resumes[events.resumes > trip]
        until = int(later[0]) if len(later) else end
        span = dates(np.array([trip, until]))
        axes.axvspan(span[0], span[1], color=WARNING, alpha=0.07, linewidth=0.0, zorder=0)
        axes.axvline(span[0], color=WARNING, linewidth=1.1, zorder=2)
        if len(later):
            axes.axvline(span[1], color=_RESUME, linewidth=1.1, linestyle="--", zorder=2)
    if len(events.rebalances):
        axes.plot(dates(events.rebalances), np.full(len(events.rebalances), 0.03), marker="^",
                  markersize=4.5, color=_REBALANCE, linestyle="none",
                  transform=axes.get_xaxis_transform(), zorder=3)  # fmt: skip
