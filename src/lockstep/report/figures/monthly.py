"""monthly.png: the account's return of each month and year, and the money of each month."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

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
    returns : ndarray, shape (n_months,)
        Fraction of the equity a month began with; NaN for one that began with none.
    net_pnl : ndarray, shape (n_months,)
        Change of equity (account currency).
    """

    months: Ints
    returns: Array
    net_pnl: Array

    @property
    def years(self) -> Ints:
        """Years with a trading day, ascending."""
        return np.unique(self.months // 12) + 1970

    def of_year(self, year: int) -> float:
        """Return a year's compounded return (fraction); NaN if one of its months has none."""
        own = self.months // 12 == year - 1970
        return float(np.prod(1.0 + self.returns[own])) - 1.0

    def table(self) -> Array:
        """Return a row a year: twelve months, then the year; NaN where there is no return."""
        cells = np.full((len(self.years), 13), np.nan)
        cells[np.searchsorted(self.years, self.months // 12 + 1970), self.months % 12] = (
            self.returns
        )
        cells[:, 12] = [self.of_year(int(year)) for year in self.years]
        return cells


def months_of(by_month: Mapping[str, Mapping[str, Any]]) -> Months:
    """Return ``attribution.by_month`` of metrics.json as arrays."""
    returns = [block["return"] for block in by_month.values()]
    return Months(
        np.array(list(by_month), dtype="datetime64[M]").astype(np.int64),
        np.array([np.nan if value is None else value for value in returns], dtype=np.float64),
        np.array([block["net_pnl"] for block in by_month.values()], dtype=np.float64),
    )


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
        by_month = months_of(reading.value("attribution", "by_month"))
        table = 0.2 + _ROW * len(by_month.years)
        figure = blank(reading, "Return of each month and year", (_WIDTH, table + _BARS + 2.9))
        grid = figure.add_gridspec(
            2, 1, height_ratios=(table, _BARS), hspace=0.65 / (table / 2 + _BARS / 2),
            **margins(figure, right=0.45, top=1.35, below=0.85),
        )  # fmt: skip
        _table(figure.add_subplot(grid[0]), by_month)
        _bars(figure.add_subplot(grid[1]), by_month, reading)
        note(figure, _said(account, by_month))
        return figure


def _said(account: Curve, by_month: Months) -> str:
    first, last = (str(np.datetime64(int(day), "D")) for day in account.days[[0, -1]])
    said = (
        f"From {counted(len(account.days), 'daily mark')}, {first} to {last}: the first and the "
        "last month may be incomplete. A year's return compounds its months; years are coloured on "
        "a scale of their own. Blue made money, red lost it."
    )
    missing = bool(np.isnan(by_month.returns).any())
    return said + (" n/a: the month began without equity." if missing else "")


def _table(axes: Axes, by_month: Months) -> None:
    cells, years = by_month.table(), by_month.years
    widest, longest = _largest(cells[:, :12]), _largest(cells[:, 12])
    axes.set_title("Return, %", loc="left", fontsize=10, fontweight="bold", pad=22)
    rows = np.arange(len(years) + 1)
    for edges, values, limit in (
        (np.arange(13), cells[:, :12], widest),
        (np.array([12.25, 13.5]), cells[:, 12:], longest),
    ):
        axes.pcolormesh(edges, rows, values, cmap=DIVERGING, vmin=-1.25 * limit,
                        vmax=1.25 * limit, edgecolors="white", linewidth=1.5)  # fmt: skip
    traded = set(zip((by_month.months // 12 + 1970).tolist(), (by_month.months % 12).tolist()))
    for row, column in np.ndindex(cells.shape):
        if column == 12 or (int(years[row]), column) in traded:
            limit = longest if column == 12 else widest
            _number(axes, (12.875 if column == 12 else column + 0.5, row + 0.5),
                    float(cells[row, column]), limit)  # fmt: skip
    axes.set_xticks([*(np.arange(12) + 0.5), 12.875], [*NAMES, "Year"], fontsize=9)
    axes.set_yticks(np.arange(len(years)) + 0.5, [str(year) for year in years], fontsize=9)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.set_ylim(len(years), 0)
    for spine in axes.spines.values():
        spine.set_visible(False)


def _largest(returns: Array) -> float:
    return max(float(np.max(np.abs(returns), initial=0.0, where=np.isfinite(returns))), _PALEST)


def _number(axes: Axes, place: tuple[float, float], value: float, limit: float) -> None:
    axes.text(*place, _cell(value), ha="center", va="center", fontsize=9,
              color="white" if abs(value) > 0.75 * limit else "black",
              fontweight="bold" if place[0] > 12.0 else "normal")  # fmt: skip


def _cell(fraction: float) -> str:
    """Return a return in per cent that fits its cell."""
    if math.isnan(fraction):
        return "n/a"
    value = 100.0 * fraction
    if abs(value) < 1_000.0:
        return points(fraction)
    return f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.1e}"


def _bars(axes: Axes, by_month: Months, reading: Reading) -> None:
    dress(axes, "Net P&L of each month", reading.currency)
    starts = _days(by_month.months)
    widths = _days(by_month.months + 1) - starts
    gained = by_month.net_pnl
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
