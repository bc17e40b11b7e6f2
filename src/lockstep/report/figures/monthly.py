"""monthly.png: the account's return of each month and year, and the money of each month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.registry import figures
from lockstep.metrics.panel import Curve
from lockstep.report.canvas import (
    DIVERGING,
    GAIN,
    GREY,
    LOSS,
    blank,
    date_axis,
    dates,
    dress,
    instead,
    margins,
    money_ticks,
    note,
)
from lockstep.report.reading import Reading
from lockstep.report.wording import counted, points

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_WIDTH, _ROW, _BARS = 14.0, 0.45, 3.2
#: Colours of smaller months stay readable if the largest is this much (fraction).
_PALEST = 0.002


@dataclass(frozen=True, slots=True)
class Months:
    """The account by month.

    Parameters
    ----------
    months : ndarray of int64, shape (n_months,)
        Months since 1970-01, ascending: those with a trading day.
    before, after : ndarray, shape (n_months,)
        Account equity at the daily mark before the month and at its last one.
    """

    months: Ints
    before: Array
    after: Array

    @property
    def returns(self) -> Array:
        """Return of each month (fraction); NaN for one that began without equity."""
        result = np.full(len(self.months), np.nan)
        np.divide(self.after - self.before, self.before, out=result, where=self.before > 0.0)
        return result

    def of_year(self, year: int) -> float:
        """Return of a year (fraction), from the mark before its first month to its last mark."""
        own = np.flatnonzero(self.months // 12 == year - 1970)
        before = float(self.before[own[0]])
        return float(self.after[own[-1]]) / before - 1.0 if before > 0.0 else float("nan")


def months_of(account: Curve) -> Months:
    """Return the account by month: a trading day belongs to the month of its date."""
    of_day = account.days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.diff(of_day, append=of_day[-1] + 1))
    after = account.marks[last]
    return Months(of_day[last], np.concatenate([[account.initial], after[:-1]]), after)


@figures("monthly")
@dataclass(frozen=True, slots=True)
class Monthly:
    """A table of months by years in colours, above a bar for the money of each month."""

    order: ClassVar[int] = 50
    title: ClassVar[str] = "Months and years"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved."""
        if reading.panel is None:
            return None
        account = reading.panel.account
        by_month = months_of(account)
        years = np.unique(by_month.months // 12) + 1970
        table = 0.2 + _ROW * len(years)
        figure = blank(reading, "Return of each month and year", (_WIDTH, table + _BARS + 2.9))
        if np.isnan(by_month.returns).any():
            return instead(figure, "A month began without equity: it has no return.")
        grid = figure.add_gridspec(
            2, 1, height_ratios=(table, _BARS), hspace=0.65 / (table / 2 + _BARS / 2),
            **margins(figure, right=0.45, top=1.35, below=0.85),
        )  # fmt: skip
        _table(figure.add_subplot(grid[0]), by_month, years)
        _bars(figure.add_subplot(grid[1]), by_month, reading)
        note(figure, _said(account))
        return figure


def _said(account: Curve) -> str:
    first, last = (str(np.datetime64(int(day), "D")) for day in account.days[[0, -1]])
    return (
        f"From {counted(len(account.days), 'daily mark')}, {first} to {last}: the first and the "
        "last month may be incomplete. A year's return compounds its months; years are coloured on "
        "a scale of their own. Blue made money, red lost it."
    )


def _table(axes: Axes, by_month: Months, years: Ints) -> None:
    cells = np.full((len(years), 13), np.nan)
    cells[np.searchsorted(years, by_month.months // 12 + 1970), by_month.months % 12] = (
        by_month.returns
    )
    cells[:, 12] = [by_month.of_year(int(year)) for year in years]
    widest = max(float(np.nanmax(np.abs(cells[:, :12]))), _PALEST)
    axes.set_title("Return, %", loc="left", fontsize=10, fontweight="bold", pad=22)
    rows = np.arange(len(years) + 1)
    longest = max(float(np.abs(cells[:, 12]).max()), _PALEST)
    for edges, values, limit in (
        (np.arange(13), cells[:, :12], widest),
        (np.array([12.25, 13.5]), cells[:, 12:], longest),
    ):
        axes.pcolormesh(edges, rows, values, cmap=DIVERGING, vmin=-1.25 * limit,
                        vmax=1.25 * limit, edgecolors="white", linewidth=1.5)  # fmt: skip
    for row, values in enumerate(cells):
        for column, value in enumerate(values):
            if np.isnan(value):
                continue
            strong = abs(value) > 0.75 * (longest if column == 12 else widest)
            middle = 12.875 if column == 12 else column + 0.5
            axes.text(middle, row + 0.5, _cell(value), ha="center", va="center", fontsize=9,
                      color="white" if strong else "black",
                      fontweight="bold" if column == 12 else "normal")  # fmt: skip
    axes.set_xticks([*(np.arange(12) + 0.5), 12.875], [*NAMES, "Year"], fontsize=9)
    axes.set_yticks(np.arange(len(years)) + 0.5, [str(year) for year in years], fontsize=9)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_ylim(len(years), 0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _cell(fraction: float) -> str:
    """Return a return in per cent that fits its cell."""
    value = 100.0 * fraction
    if abs(value) < 1_000.0:
        return points(fraction)
    return f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.1e}"


def _bars(axes: Axes, by_month: Months, reading: Reading) -> None:
    dress(axes, "Net P&L of each month", reading.currency)
    starts = _days(by_month.months)
    widths = _days(by_month.months + 1) - starts
    gained = by_month.after - by_month.before
    axes.bar(starts + 0.1 * widths, gained, width=0.8 * widths, align="edge",
             color=[GAIN if amount >= 0.0 else LOSS for amount in gained])  # fmt: skip
    axes.axhline(0.0, color=GREY, linewidth=0.9)
    axes.set_xlim(starts[0] - 2.0, starts[-1] + widths[-1] + 2.0)
    money_ticks(axes)
    date_axis(axes)


def _days(months: Ints) -> Array:
    """Return the first moment of each month as matplotlib's days."""
    first = months.astype("datetime64[M]").astype("datetime64[ns]")
    return dates(first.astype(np.int64))
