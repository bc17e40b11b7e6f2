"""price.png: prices of the busiest weeks with entries, exits, stops and targets."""

from __future__ import annotations

import hashlib
import re
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.calendar import DAY_NS, trading_days
from lockstep.core.registry import figures
from lockstep.core.result import RunResult
from lockstep.metrics.panel import nanoseconds
from lockstep.report.canvas import (
    GAIN,
    INCHES,
    LOSS,
    blank,
    date_axis,
    dates,
    dress,
    instead,
    legend,
    margins,
    note,
    plain_latin,
    short,
)
from lockstep.report.reading import Reading
from lockstep.report.wording import count, counted, multiple, plain, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Weeks shown of one asset alone.
_WEEKS = 3
#: Exits that happen at the opening quote; the others happen later in the bar.
_AT_OPEN = frozenset({"gap_stop", "gap_target", "signal", "time", "breaker", "daily_loss"})
_RISING, _FALLING, _WICK = "#A8A8A8", "#5E5E5E", "#8E8E8E"
#: How far stops and targets may widen the axis, in heights of the prices themselves.
_ROOM = 0.5
_ENTRY: dict[str, Any] = {
    "linestyle": "none",
    "color": "white",
    "markeredgecolor": "black",
    "markeredgewidth": 1.1,
    "markersize": 7,
}
_LEVEL: dict[str, Any] = {"linewidth": 1.0, "linestyle": (0, (3, 1.5))}
_SAFE = re.compile(r"[A-Za-z0-9_.-]{1,64}")


@figures("price")
@dataclass(frozen=True, slots=True)
class Price:
    """The busiest week of the assets that made and lost most; of one asset, three weeks."""

    order: ClassVar[int] = 140
    title: ClassVar[str] = "Prices and trades of the busiest weeks"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None if no bars were asked for."""
        symbols = subjects(reading.result)
        if reading.panel is None or not symbols or not set(symbols) & set(reading.bars):
            return None
        if len(symbols) == 1:
            return of_asset(reading, symbols[0])
        figure = blank(reading, "Busiest week of the assets that made most and least")
        panels = [(symbol, _busiest(reading, symbol, 1)[0]) for symbol in symbols]
        _draw(figure, panels, reading)
        return figure


def subjects(result: RunResult) -> list[str]:
    """Return the assets whose bars the figure needs: those that made most and least.

    Parameters
    ----------
    result : RunResult
        Of a portfolio, a run of one asset, or a run without trades.

    Returns
    -------
    list of str
        By net P&L of the trades, the best first; one asset if only one traded; none if none did.
    """
    trades = result.trades
    if len(trades) == 0:
        return []
    made = trades.groupby(trades["asset"].astype(str), sort=True)["net_pnl"].sum()
    made = made.sort_values(ascending=False, kind="stable")
    names = [str(name) for name in made.index]
    return names if len(names) < 2 else [names[0], names[-1]]


def of_asset(reading: Reading, symbol: str) -> Figure:
    """Return the figure of one asset: its busiest weeks, in the order of time.

    Parameters
    ----------
    reading : Reading
        Its `bars` hold the asset's bars, or why there are none: the figure then says so.
    symbol : str
        Any asset of the run.
    """
    subject = f"{short(symbol, 32)}: prices and trades of the busiest weeks"
    bars = reading.bars.get(symbol, "no bars were asked for.")
    weeks = _busiest(reading, symbol, _WEEKS)
    if not isinstance(bars, Bars):
        return instead(blank(reading, subject), f"Prices cannot be shown: {bars}")
    if not weeks:
        return instead(blank(reading, subject), "The asset has no trades.")
    height = (INCHES[1] - 1.67) * len(weeks) / 2 + 1.9 if len(weeks) > 1 else 7.0
    figure = blank(reading, subject, (INCHES[0], height))
    _draw(figure, [(symbol, week) for week in weeks], reading)
    return figure


def file_of(symbol: str) -> str:
    """Return a safe file name for the figure of one asset, another one for each asset.

    Examples
    --------
    >>> file_of("EURUSD")
    'price_EURUSD.png'
    """
    if _SAFE.fullmatch(symbol):
        return f"price_{symbol}.png"
    mark = hashlib.sha256(symbol.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    kept = re.sub(r"[^A-Za-z0-9_.-]+", "_", symbol)[:40]
    return f"price_{kept}_{mark}.png"


def _week_of(time: Ints, reading: Reading) -> Ints:
    """Return the week of trading days, Monday first, of each label."""
    return (trading_days(time, bool(reading.facts.get("weekend_days"))) + 3) // 7


def _busiest(reading: Reading, symbol: str, most: int) -> list[int]:
    """Return the weeks with the most entries, at most so many, in the order of time."""
    trades = reading.trades_of(symbol)
    if len(trades) == 0:
        return []
    weeks, entries = np.unique(
        _week_of(nanoseconds(trades["entry_time"]), reading), return_counts=True
    )
    order = np.lexsort((weeks, -entries))[:most]
    return sorted(int(week) for week in weeks[order])


def _draw(figure: Figure, panels: list[tuple[str, int]], reading: Reading) -> None:
    grid = figure.add_gridspec(len(panels), 1, hspace=0.32, **margins(figure, below=0.8))
    for at, (symbol, week) in enumerate(panels):
        axes = figure.add_subplot(grid[at])
        bars = reading.bars.get(symbol, "no bars were asked for.")
        shown = _within(bars, week, reading) if isinstance(bars, Bars) else None
        if shown is None or not isinstance(bars, Bars):
            _absent(axes, symbol, week, "no bar lies in that week." if shown is None
                    and isinstance(bars, Bars) else str(bars))  # fmt: skip
            continue
        _week(axes, shown, week, reading)
    note(
        figure,
        "Bars as the data quote them; fills include spread and slippage, so they may lie beyond "
        "the bars. A level is drawn from the entry to the exit.",
    )


def _absent(axes: Axes, symbol: str, week: int, why: str) -> None:
    """Say in the place of a panel why there are no prices."""
    axes.set_title(f"{short(symbol, 32)}, week of {_monday(week)}", loc="left", fontsize=10,
                   fontweight="bold", pad=5)  # fmt: skip
    axes.set_xticks([])
    axes.set_yticks([])
    said = textwrap.fill(plain_latin(plain(f"Prices cannot be shown: {why}")), 90)
    axes.text(0.5, 0.5, said, transform=axes.transAxes, ha="center", va="center", fontsize=11,
              parse_math=False)  # fmt: skip


def _monday(week: int) -> str:
    return str(np.datetime64(7 * week - 3, "D"))


def _within(bars: Bars, week: int, reading: Reading) -> Bars | None:
    """Return the bars of one week of trading days; None if there are none."""
    start = (7 * week - 3) * DAY_NS
    near = bars.between(start - 2 * DAY_NS, start + 9 * DAY_NS)
    if len(near) == 0:
        return None
    rows = np.flatnonzero(_week_of(near.time, reading) == week)
    return near.cut(slice(int(rows[0]), int(rows[-1]) + 1)) if len(rows) else None


def _week(axes: Axes, bars: Bars, week: int, reading: Reading) -> None:
    """Draw one week of an asset."""
    trades = reading.trades_of(bars.symbol)
    entered, left = (nanoseconds(trades[name]) for name in ("entry_time", "exit_time"))
    first, end = int(bars.time[0]), int(bars.time[-1]) + bars.timeframe
    shown = trades[(entered < end) & (left >= first)]
    own = trades[(entered >= first) & (entered < end)]
    entries = counted(len(own), "entry", "entries")
    title = f"{short(bars.symbol, 32)}, week of {_monday(week)}: {entries}"
    dress(axes, title, _quote(bars.symbol, reading))
    edges = dates(np.array([first, end]))
    room = 0.01 * (edges[1] - edges[0])
    axes.set_xlim(edges[0] - room, edges[1] + room)
    _candles(axes, bars)
    _levels(axes, bars, shown)
    handles, labels = _trades(axes, bars, shown)
    _price_ticks(axes)
    date_axis(axes)
    legend(axes, handles, labels, title="trades")
    axes.text(1.012, 0.02, "\n".join(_sums(own, reading)), transform=axes.transAxes, va="bottom",
              family="monospace", fontsize=7.5, parse_math=False, linespacing=1.5)  # fmt: skip


def _quote(symbol: str, reading: Reading) -> str:
    """Return what the price is in, if the configuration says so."""
    assets = reading.result.config.get("assets") or {}
    key = f"{symbol}_{reading.facts.get('timeframe', '')}"
    asset = assets.get(key) or assets.get(symbol) or {}
    instrument = asset.get("instrument") if isinstance(asset, dict) else None
    quote = instrument.get("quote") if isinstance(instrument, dict) else None
    return f"price, {plain_latin(plain(quote))[:12]}" if quote else "price"


def _price_ticks(axes: Axes) -> None:
    """Label prices in full: neither powers of ten nor an offset."""
    from matplotlib.ticker import ScalarFormatter

    plain_numbers = ScalarFormatter(useOffset=False)
    plain_numbers.set_scientific(False)
    axes.yaxis.set_major_formatter(plain_numbers)


def _candles(axes: Axes, bars: Bars) -> None:
    """Draw every bar: a thin line from low to high, a thick one from open to close."""
    x = dates(bars.time + bars.timeframe // 2)
    low, high = axes.get_xlim()
    inches = (INCHES[0] - 3.92) * (bars.timeframe / DAY_NS) / (high - low)
    body = float(np.clip(0.7 * 72.0 * inches, 0.5, 6.0))
    axes.vlines(x, bars.low, bars.high, color=_WICK, linewidth=min(0.6, body), zorder=1)
    colours = np.where(bars.close >= bars.open, _RISING, _FALLING)
    axes.vlines(x, np.minimum(bars.open, bars.close), np.maximum(bars.open, bars.close),
                colors=colours.tolist(), linewidth=body, zorder=2)  # fmt: skip


def _levels(axes: Axes, bars: Bars, trades: pd.DataFrame) -> None:
    """Draw stops and targets while they were live, and fit the axis to what matters."""
    start, end = _moments(trades, bars.timeframe)
    low, high = float(bars.low.min()), float(bars.high.max())
    room = _ROOM * (high - low) or 0.01 * abs(high) or 1.0
    bottom, top = low, high
    for column, colour in (("stop_price", LOSS), ("target_price", GAIN)):
        level = trades[column].to_numpy(dtype=np.float64)
        known = np.isfinite(level)
        axes.hlines(level[known], start[known], end[known], color=colour, zorder=3, **_LEVEL)
        near = level[known & (level > low - room) & (level < high + room)]
        bottom, top = min([bottom, *near]), max([top, *near])
    margin = 0.04 * (top - bottom) or 0.01 * abs(top) or 1.0
    axes.set_ylim(bottom - margin, top + margin)


def _moments(trades: pd.DataFrame, timeframe: int) -> tuple[Array, Array]:
    """Return entry and exit as matplotlib's days; an exit inside a bar stands in its middle."""
    inside = ~trades["exit_reason"].astype(str).isin(_AT_OPEN).to_numpy(dtype=np.bool_)
    entry = nanoseconds(trades["entry_time"])
    left = nanoseconds(trades["exit_time"]) + np.where(inside, timeframe // 2, 0)
    return dates(entry), dates(left)


def _trades(axes: Axes, bars: Bars, trades: pd.DataFrame) -> tuple[list[Any], list[str]]:
    """Draw entries, exits and what joins them; return keys and labels."""
    from matplotlib.collections import LineCollection
    from matplotlib.lines import Line2D

    start, end = _moments(trades, bars.timeframe)
    bought, sold = (
        trades[name].to_numpy(dtype=np.float64) for name in ("entry_price", "exit_price")
    )
    won = trades["net_pnl"].to_numpy(dtype=np.float64) > 0.0
    colours = np.where(won, GAIN, LOSS)
    ways = np.stack([np.column_stack([start, bought]), np.column_stack([end, sold])], axis=1)
    axes.add_collection(
        LineCollection(list(ways), colors=colours.tolist(), linewidths=1.5, zorder=4),
        autolim=False,
    )
    is_long = (trades["side"].astype(str) == "long").to_numpy(dtype=np.bool_)
    for at, marker in ((is_long, "^"), (~is_long, "v")):
        axes.plot(start[at], bought[at], marker=marker, zorder=6, **_ENTRY)
    for at, colour, marker in ((won, GAIN, "o"), (~won, LOSS, "X")):
        axes.plot(end[at], sold[at], linestyle="none", marker=marker, markersize=6, color=colour,
                  markeredgecolor="white", markeredgewidth=0.6, zorder=5)  # fmt: skip
    keys: list[tuple[Any, str]] = [
        (Line2D([], [], marker="^", **_ENTRY), "long entry"),
        (Line2D([], [], marker="v", **_ENTRY), "short entry"),
        (Line2D([], [], marker="o", color=GAIN), "exit with a gain"),
        (Line2D([], [], marker="X", color=LOSS), "exit with a loss"),
        (Line2D([], [], color=GAIN, **_LEVEL), "target"),
        (Line2D([], [], color=LOSS, **_LEVEL), "stop, as set at entry"),
    ]
    return [key for key, _ in keys], [label for _, label in keys]


def _sums(own: pd.DataFrame, reading: Reading) -> list[str]:
    """Return what the trades entered in the week made."""
    net = own["net_pnl"].to_numpy(dtype=np.float64)
    r = own["r_multiple"].to_numpy(dtype=np.float64)
    r = r[np.isfinite(r)]
    return [
        f"won {count((net > 0.0).sum())}, lost {count((net <= 0.0).sum())}",
        f"net P&L {signed(net.sum())} {plain_latin(plain(reading.currency))}",
        *([f"mean    {multiple(r.mean())} R"] if len(r) else []),
    ]
