"""rolling.png: Sharpe ratio, volatility and correlation of the last 63 trading days, day by day."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.core.registry import figures
from lockstep.metrics.panel import on_days, solo_curves
from lockstep.metrics.returns import daily_returns, days_per_year
from lockstep.metrics.rolling import rolling_correlation, rolling_sharpe, rolling_volatility
from lockstep.metrics.undefined import Undefined
from lockstep.report.canvas import (
    GREY,
    blank,
    date_axis,
    dates,
    dress,
    instead,
    legend,
    margins,
    note,
    percent_ticks,
)
from lockstep.report.coverage import hatch
from lockstep.report.looks import COLOURS
from lockstep.report.reading import Reading
from lockstep.report.wording import counted, percent, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Trading days in a window: a quarter of a year of markets that shut at weekends.
WINDOW = 63
#: Two-sided 95 % of a normal distribution.
_CHANCE = 1.96
_BAND = (10.0, 90.0)
_INCHES = (14.0, 9.0)


@figures("rolling")
@dataclass(frozen=True, slots=True)
class Rolling:
    """Panels on one time axis, the last for several assets; all look back over one window."""

    order: ClassVar[int] = 60
    title: ClassVar[str] = "Rolling Sharpe ratio, volatility and correlation"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved."""
        aligned = reading.panel
        if aligned is None:
            return None
        subject = f"The last {WINDOW} trading days, day by day"
        figure = blank(reading, subject, _INCHES)
        account = aligned.account
        returns = daily_returns(account.marks, account.initial)
        if isinstance(returns, Undefined):
            return instead(figure, f"There are no daily returns: {returns.reason}.")
        if len(returns) < WINDOW:
            have = counted(len(returns), "trading day")
            return instead(figure, f"One window takes {WINDOW} trading days; the run has {have}.")
        count = 3 if len(aligned.symbols) > 1 else 2
        grid = figure.add_gridspec(count, 1, hspace=0.18, **margins(figure, below=0.85))
        top = figure.add_subplot(grid[0])
        column = [top, *(figure.add_subplot(grid[at], sharex=top) for at in range(1, count))]
        time = account.days[WINDOW - 1 :]
        per_year = days_per_year(account.days)
        _sharpe(top, time, rolling_sharpe(returns, WINDOW, per_year), reading, per_year)
        _volatility(column[1], time, rolling_volatility(returns, WINDOW, per_year), reading)
        if count > 2:
            _correlation(column[2], reading)
        hatch(column, reading)
        first, last = _moments(account.days[[0, -1]])
        top.set_xlim(first - 0.005 * (last - first), last + 0.005 * (last - first))
        date_axis(column[-1], tuple(column[:-1]))
        figure.align_ylabels(column)
        note(figure, _said(reading))
        return figure


def _said(reading: Reading) -> str:
    weekends = " (Saturdays and Sundays count)" if reading.facts.get("weekend_days") else ""
    return (
        f"Each value is measured on the {WINDOW} trading days{weekends} that end there, from daily "
        "marks, annualised by the trading days a year has in this run. Windows overlap: "
        "neighbouring values share most of their days."
    )


def _moments(days: Ints) -> Array:
    return dates(days * DAY_NS)


def _plotted(axes: Axes, days: Ints, values: Array, colour: str) -> Any:
    """Draw a line; a lonely value gets a point, which a line cannot show."""
    lonely = "o" if np.count_nonzero(np.isfinite(values)) == 1 else ""
    return axes.plot(_moments(days), values, color=colour, linewidth=1.4, marker=lonely)[0]


def _level(axes: Axes, value: float) -> Any:
    return axes.axhline(value, color="black", linewidth=1.0, linestyle=(0, (5, 1.5)), zorder=3)


def _sharpe(axes: Axes, days: Ints, values: Array, reading: Reading, per_year: float) -> None:
    from matplotlib.patches import Patch

    dress(axes, "Sharpe ratio of the account", "annualised, no unit")
    chance = _CHANCE * math.sqrt(per_year / WINDOW)
    axes.axhspan(-chance, chance, color="#EDEDED", linewidth=0.0, zorder=0)
    axes.axhline(0.0, color=GREY, linewidth=0.9)
    handles = [_plotted(axes, days, values, COLOURS[0]), Patch(color="#EDEDED")]
    labels = [
        _ends("Sharpe", values, ratio),
        f"no edge: 95% within \N{PLUS-MINUS SIGN}{ratio(chance)}",
    ]
    whole = reading.value("portfolio", "sharpe")
    if whole is not None:
        handles.insert(1, _level(axes, whole))
        labels.insert(1, f"whole run {ratio(whole)}")
    legend(axes, handles, labels)


def _volatility(axes: Axes, days: Ints, values: Array, reading: Reading) -> None:
    dress(axes, "Volatility of the account", "% a year")
    handles = [_plotted(axes, days, 100.0 * values, COLOURS[1])]
    labels = [_ends("volatility", values, percent)]
    whole = reading.value("portfolio", "volatility")
    if whole is not None:
        handles.append(_level(axes, 100.0 * whole))
        labels.append(f"whole run {percent(whole)}")
    axes.set_ylim(bottom=0.0)
    percent_ticks(axes.yaxis)
    legend(axes, handles, labels)


def _correlation(axes: Axes, reading: Reading) -> None:
    dress(axes, "Correlation between assets: daily returns of the solo runs", "no unit")
    axes.set_ylim(-1.0, 1.0)
    axes.axhline(0.0, color=GREY, linewidth=0.9)
    days, table = _solo_returns(reading)
    found = rolling_correlation(table, WINDOW, _BAND)
    if not np.isfinite(found).any():
        axes.text(0.5, 0.7, "No window has two assets that both move on all of its days.",
                  transform=axes.transAxes, ha="center", va="center", fontsize=10)  # fmt: skip
        return
    own = days[WINDOW - 1 :]
    handles = [_plotted(axes, own, found[:, 0], COLOURS[2])]
    labels = [_ends("mean", found[:, 0], ratio)]
    if table.shape[1] > 2:
        handles.append(axes.fill_between(_moments(own), found[:, 1], found[:, 2], color=COLOURS[2],
                                         alpha=0.18, linewidth=0.0))  # fmt: skip
        labels.append("4 of 5 pairs lie here")
    whole = reading.value("diversification", "mean_correlation")
    if whole is not None:
        handles.append(_level(axes, whole))
        labels.append(f"mean of whole run {ratio(whole)}")
    legend(axes, handles, labels)


def _solo_returns(reading: Reading) -> tuple[Ints, Array]:
    """Return the days and daily returns of the solo runs, shape (n_days, n_assets)."""
    curves = solo_curves(reading.result)
    daily = {s: daily_returns(curve.marks, curve.initial) for s, curve in curves.items()}
    known = {s: own for s, own in daily.items() if not isinstance(own, Undefined)}
    return on_days({s: curves[s] for s in known}, known, float("nan"))


def _ends(name: str, values: Array, show: Any) -> str:
    finite = values[np.isfinite(values)]
    return f"{name}, last {show(float(finite[-1]))}" if len(finite) else f"{name}: none"
