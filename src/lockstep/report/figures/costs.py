"""costs.png: from what prices made to what was left, and where the costs came from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd

from lockstep.core.bars import Array
from lockstep.core.registry import figures
from lockstep.report.canvas import (
    GAIN,
    GREY,
    LOSS,
    blank,
    dress,
    instead,
    legend,
    margins,
    money_ticks,
    named_ticks,
    plain_latin,
)
from lockstep.report.looks import COLOURS
from lockstep.report.reading import Reading
from lockstep.report.wording import count, money, multiple, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most assets with a bar of their own; the rest are put together.
_ROWS = 30
#: Column of the trades, its name, and how it enters net P&L.
_KINDS = (
    ("spread_cost", "spread", -1.0),
    ("slippage_cost", "slippage", -1.0),
    ("commission", "commission", -1.0),
    ("swap", "swap", 1.0),
)
_LOOKS = (COLOURS[1], COLOURS[5], COLOURS[7], COLOURS[3])
_TOTAL = "#444444"


@figures("costs")
@dataclass(frozen=True, slots=True)
class Costs:
    """A waterfall from gross to net P&L, and the costs of each asset."""

    order: ClassVar[int] = 120
    title: ClassVar[str] = "Costs: from gross to net P&L"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None without a portfolio."""
        if reading.panel is None:
            return None
        trades = reading.result.trades
        if len(trades) == 0:
            figure = blank(reading, "Costs: from gross to net P&L")
            return instead(figure, "No trade was closed: there were no costs.")
        rows = _by_asset(trades)
        height = float(np.clip(6.2 + 0.24 * len(rows), 8.0, 14.0))
        figure = blank(reading, "Costs: from gross to net P&L", (14.0, height))
        lower = max(1.4, 0.5 + 0.24 * len(rows))
        grid = figure.add_gridspec(
            2, 1, height_ratios=(height - 2.6 - lower, lower), hspace=1.9 / height,
            **margins(figure, left=1.25),
        )  # fmt: skip
        _waterfall(figure.add_subplot(grid[0]), trades, reading)
        _assets(figure.add_subplot(grid[1]), rows, reading)
        return figure


def _steps(trades: pd.DataFrame, reading: Reading) -> list[tuple[str, float]]:
    """Return what is added to nothing, one after another, until net P&L is reached."""
    parts = [("gross", float(trades["gross_pnl"].sum()))]
    parts += [(name, sign * float(trades[column].sum())) for column, name, sign in _KINDS]
    borne = float(reading.value("portfolio", "broker_loss") or 0.0)
    return [*parts, ("broker bore", borne)] if borne else parts


def _waterfall(axes: Axes, trades: pd.DataFrame, reading: Reading) -> None:
    """Draw each part from where the one before it ended."""
    parts = _steps(trades, reading)
    amounts = np.array([amount for _, amount in parts])
    ends = np.cumsum(amounts)
    starts = ends - amounts
    net = float(ends[-1])
    dress(axes, "All trades: gross P&L (mid price to mid price), costs, net P&L", reading.currency)
    colours = [_TOTAL, *(LOSS if amount < 0.0 else GAIN for amount in amounts[1:]), _TOTAL]
    lows = np.append(np.minimum(starts, ends), min(0.0, net))
    tall = np.append(np.abs(amounts), abs(net))
    x = np.arange(len(parts) + 1)
    axes.bar(x, tall, bottom=lows, width=0.6, color=colours, zorder=3)
    axes.axhline(0.0, color="black", linewidth=0.9, zorder=4)
    axes.hlines(ends, x[:-1], x[1:], color=GREY, linewidth=1.0, linestyle=":", zorder=2)
    low, high = min(0.0, float(lows.min())), max(0.0, float((lows + tall).max()))
    room = 0.2 * (high - low) or 1.0
    axes.set_ylim(low - (0.05 * room if low < 0.0 else 0.0), high + room)
    axes.set_xlim(-0.6, len(parts) + 0.6)
    axes.set_xticks(x, [*(name for name, _ in parts), "net"], fontsize=10)
    money_ticks(axes)
    per_trade = 1.0 / len(trades)
    for at, amount in enumerate([*amounts, net]):
        said = f"{signed(amount)}\n{signed(amount * per_trade)} a trade"
        axes.text(at, lows[at] + tall[at] + 0.02 * (high - low), said, ha="center", va="bottom",
                  fontsize=8.5, zorder=5,
                  bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.0})  # fmt: skip
    _verdict(axes, trades, parts)


def _verdict(axes: Axes, trades: pd.DataFrame, parts: list[tuple[str, float]]) -> None:
    """Say beside the waterfall what the costs took."""
    gross = parts[0][1]
    paid = -sum(amount for name, amount in parts[1:] if name != "broker bore")
    in_r = _in_r(trades)
    lines = [
        f"trades      {count(len(trades)):>14}",
        f"gross       {signed(gross):>14}",
        f"all costs   {signed(-paid):>14}",
        f"  in R a trade {multiple(-in_r.mean()):>11}" if len(in_r) else "",
        f"net         {signed(sum(amount for _, amount in parts)):>14}",
        "",
        f"costs took {100.0 * paid / gross:,.1f}% of gross" if gross > 0.0 and paid > 0.0 else "",
        "gross was no gain before any cost" if gross <= 0.0 else "",
    ]
    axes.text(1.012, 1.0, "\n".join(line for line in lines if line), va="top", fontsize=8,
              family="monospace", transform=axes.transAxes, parse_math=False,
              linespacing=1.6)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """Costs of one asset, money; a credit is negative. In R: of each trade, over its risk."""

    name: str
    costs: Array
    in_r: Array


def _by_asset(trades: pd.DataFrame) -> list[_Row]:
    """Return a row per asset, the most expensive first; many assets end in one row of others."""
    rows = []
    for symbol, own in trades.groupby(trades["asset"].astype(str)):
        costs = np.array([-sign * float(own[column].sum()) for column, _, sign in _KINDS])
        rows.append(_Row(str(symbol), costs, _in_r(own)))
    rows.sort(key=lambda row: (-float(row.costs.sum()), row.name))
    rest = rows[_ROWS:]
    if not rest:
        return rows
    others = _Row(
        f"{len(rest)} others",
        np.sum([row.costs for row in rest], axis=0),
        np.concatenate([row.in_r for row in rest]),
    )
    return [*rows[:_ROWS], others]


def _in_r(trades: pd.DataFrame) -> Array:
    """Return what each trade with a known risk paid, in multiples of it; a credit is negative.

    Their mean, and not the ratio of the sums, is what leads from the mean R before costs to the
    expectancy in R.
    """
    risk = trades["risk_amount"].to_numpy(dtype=np.float64)
    paid = sum(-sign * trades[column].to_numpy(dtype=np.float64) for column, _, sign in _KINDS)
    return np.asarray(paid / np.where(risk > 0.0, risk, np.nan))[risk > 0.0]


def _assets(axes: Axes, rows: list[_Row], reading: Reading) -> None:
    """Draw stacked costs of each asset; a swap that was earned stands left of zero."""
    dress(axes, "Costs by asset", "")
    axes.set_xlabel(f"{reading.currency}; earned swap stands left of zero", fontsize=9)
    at = np.arange(len(rows))
    right, left = np.zeros(len(rows)), np.zeros(len(rows))
    handles: list[Any] = []
    labels = []
    for kind, ((_, name, _), colour) in enumerate(zip(_KINDS, _LOOKS, strict=True)):
        paid = np.array([row.costs[kind] for row in rows])
        if not np.any(paid):
            continue
        start = np.where(paid >= 0.0, right, left)
        handles.append(axes.barh(at, paid, left=start, height=0.7, color=colour))
        labels.append(f"{name:<10} {signed(-float(paid.sum())):>14}")
        right, left = right + np.maximum(paid, 0.0), left + np.minimum(paid, 0.0)
    axes.axvline(0.0, color="black", linewidth=0.9)
    widest = float(right.max() - left.min()) or 1.0
    axes.set_xlim(float(left.min()) - 0.02 * widest * bool(left.min()),
                  float(right.max()) + 0.26 * widest)  # fmt: skip
    axes.set_ylim(len(rows) - 0.4, -0.6)
    named_ticks(axes.yaxis, [row.name for row in rows], size=8.5 if len(rows) <= 20 else 7.5)
    money_ticks(axes, across=True)
    for place, row in enumerate(rows):
        in_r = f", {multiple(row.in_r.mean())} R a trade" if len(row.in_r) else ""
        said = plain_latin(f"{money(row.costs.sum())}{in_r}")
        axes.text(right[place] + 0.008 * widest, place, said, va="center", fontsize=7.5)
    if handles:
        legend(axes, handles, labels, title=f"in net P&L, {reading.currency}")
