"""drawdowns.png: the five worst drawdowns on the equity line, and which assets made the worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.registry import figures
from lockstep.metrics.drawdown import Drawdown, worst_drawdowns
from lockstep.metrics.panel import Curve
from lockstep.metrics.undefined import Undefined
from lockstep.report.canvas import (
    GAIN,
    GREY,
    LOSS,
    blank,
    date_axis,
    dates,
    dress,
    instead,
    line,
    margins,
    money_ticks,
    named_ticks,
    note,
    percent_ticks,
    short,
    span_of_time,
)
from lockstep.report.looks import COLOURS
from lockstep.report.reading import Fall, Reading
from lockstep.report.wording import days, percent, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most bars; of more assets, those that moved the most money, and all others together.
MOST_BARS = 40
#: Most bars that have room for their name across.
MOST_FLAT = 8
#: Most bars that have room for their share.
MOST_SHARES = 16
_INCHES = (14.0, 10.0)


@figures("drawdowns")
@dataclass(frozen=True, slots=True)
class Drawdowns:
    """Equity, a row for each drawdown from peak to recovery, the assets in the worst."""

    order: ClassVar[int] = 20
    title: ClassVar[str] = "Anatomy of the drawdowns"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved."""
        if reading.panel is None:
            return None
        account, fall = reading.panel.account, reading.fall
        figure = blank(reading, "The worst drawdowns and who made them", _INCHES)
        worst = worst_drawdowns(account.time, account.equity, account.initial)
        if isinstance(worst, Undefined):
            return instead(figure, f"There are no drawdowns: {worst.reason}.")
        if not worst or fall is None:
            return instead(figure, "The account never stood below its peak.")
        upright = max(len(short(name)) for name in fall.parts) if len(fall.parts) > MOST_FLAT else 0
        where = margins(figure, below=0.95 + 0.08 * upright)
        height = where["top"] - where["bottom"]
        middle = where["bottom"] + 0.36 * height
        upper = figure.add_gridspec(
            2, 1, height_ratios=(2.5, 1.7), hspace=0.14, **{**where, "bottom": middle}
        )
        top = figure.add_subplot(upper[0])
        rows = figure.add_subplot(upper[1], sharex=top)
        lower = figure.add_gridspec(1, 1, **{**where, "top": middle - 0.09 * height})
        bars = figure.add_subplot(lower[0])
        _equity(top, account, worst, reading.currency)
        _rows(rows, account, worst)
        span_of_time(rows, account.time)
        date_axis(rows, (top,))
        _assets(bars, fall, reading)
        note(figure, _said(fall, reading.currency))
        return figure


def _said(fall: Fall, currency: str) -> str:
    return (
        f"Drawdowns are measured at every step of the clock, the capital being the first peak. In "
        f"the worst the account lost {signed(fall.money)} {currency}; 100% is all of it, and an "
        "asset below zero lost money while it lasted."
    )


def _equity(axes: Axes, account: Curve, worst: Sequence[Drawdown], currency: str) -> None:
    dress(axes, "Account equity, the worst drawdowns shaded", currency)
    for rank, one in enumerate(worst):
        start, _, end = _moments(one, account)
        axes.axvspan(start, end, color=COLOURS[rank], alpha=0.16, linewidth=0.0, zorder=0)
    line(axes, account.time, account.equity, color="black", linewidth=1.3, zorder=5)
    for rank, one in enumerate(worst):
        low = account.equity[np.searchsorted(account.time, one.valley)]
        axes.plot([_moments(one, account)[1]], [low], marker="v", markersize=7, zorder=6,
                  color=COLOURS[rank], markeredgecolor="white", clip_on=False)  # fmt: skip
    money_ticks(axes)


def _rows(axes: Axes, account: Curve, worst: Sequence[Drawdown]) -> None:
    dress(axes, "From peak to valley (dark) and back to the peak (pale)", "rank")
    for rank, one in enumerate(worst):
        start, valley, end = _moments(one, account)
        colour = COLOURS[rank]
        axes.barh(rank, end - valley, left=valley, height=0.62, color=colour, alpha=0.35)
        axes.barh(rank, valley - start, left=start, height=0.62, color=colour)
        axes.plot([valley], [rank], marker="v", color=colour, markersize=7,
                  markeredgecolor="white", clip_on=False)  # fmt: skip
        for above, text, look in zip((5.5, -5.5), _words(one), ("black", "#555555")):
            axes.annotate(text, (1.012, rank), xycoords=axes.get_yaxis_transform(),
                          xytext=(0.0, above), textcoords="offset points", va="center",
                          fontsize=7.2, family="monospace", color=look)  # fmt: skip
    axes.set_yticks(range(len(worst)), [str(rank + 1) for rank in range(len(worst))])
    axes.set_ylim(max(len(worst), 3) - 0.5, -0.5)
    axes.grid(False, axis="y")


def _moments(one: Drawdown, account: Curve) -> Array:
    """Return start, valley and end as matplotlib's days."""
    end = int(account.time[-1]) if one.recovery is None else one.recovery
    return dates(np.array([one.start, one.valley, end], dtype=np.int64))


def _words(one: Drawdown) -> tuple[str, str]:
    back = "not recovered" if one.recovery is None else _day(one.recovery)
    return (
        f"{percent(one.depth)} deep, {days(one.days)} days",
        f"{_day(one.start)} > {_day(one.valley)} > {back}",
    )


def _day(moment: int) -> str:
    return str(np.datetime64(moment, "ns").astype("datetime64[D]"))


def _assets(axes: Axes, fall: Fall, reading: Reading) -> None:
    parts = _largest(fall.parts)
    names, amounts = [name for name, _ in parts], [amount for _, amount in parts]
    title = f"P&L of each asset in the worst: {_day(fall.start)} to {_day(fall.bottom)}"
    dress(axes, title, reading.currency)
    colours = [GAIN if amount >= 0.0 else LOSS for amount in amounts]
    places = np.arange(len(amounts))
    axes.bar(places, amounts, width=min(0.7, 0.1 * len(amounts)), color=colours)
    axes.axhline(0.0, color=GREY, linewidth=0.9)
    axes.set_xlim(-0.6, len(amounts) - 0.4)
    axes.margins(y=0.14)
    axes.grid(False, axis="x")
    axes.tick_params(axis="x", length=0)
    named_ticks(axes.xaxis, names, size=8.5 if len(names) <= 30 else 7.0)
    for label in axes.get_xticklabels():
        label.set_rotation(90 if len(names) > MOST_FLAT else 0)
    if len(names) <= MOST_SHARES:
        for place, amount in enumerate(amounts):
            axes.annotate(f"{100.0 * amount / fall.money:.1f}%", (place, amount), fontsize=8,
                          xytext=(0, 3 if amount >= 0.0 else -3), textcoords="offset points",
                          ha="center", va="bottom" if amount >= 0.0 else "top")  # fmt: skip
    money_ticks(axes)
    _shares(axes, fall.money)


def _shares(axes: Axes, whole: float) -> None:
    """Draw the same scale as per cent of the whole fall on the right."""

    def share_of(amount: Any) -> Any:
        return 100.0 * amount / whole

    def amount_of(share: Any) -> Any:
        return share * whole / 100.0

    other = axes.secondary_yaxis("right", functions=(share_of, amount_of))
    other.set_ylabel("% of the fall", fontsize=9)
    percent_ticks(other.yaxis)
    other.tick_params(labelsize=8.5)
    other.spines["right"].set_color(GREY)


def _largest(parts: dict[str, float]) -> list[tuple[str, float]]:
    """Return (asset, P&L), the largest loss first; of many, the smallest put together."""
    ranked = sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0]))
    shown, rest = ranked[:MOST_BARS], ranked[MOST_BARS:]
    ordered = sorted(shown, key=lambda item: (item[1], item[0]))
    if rest:
        ordered.append((f"{len(rest)} others", sum(amount for _, amount in rest)))
    return ordered
