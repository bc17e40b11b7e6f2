"""contributions.png: which asset made the money, and which one carried the risk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from lockstep.core.registry import figures
from lockstep.report.canvas import (
    DPI,
    GAIN,
    GREY,
    LOSS,
    blank,
    dress,
    margins,
    money_ticks,
    named_ticks,
    note,
    percent_ticks,
)
from lockstep.report.reading import Reading
from lockstep.report.wording import percent, signed

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_RISK, _WEIGHT = "#7A7A7A", "#E69F00"
_WIDTH, _ROW = 14.0, 0.3
#: Inches of all rows together, at least, and of a row its bar.
_ROWS, _THICK = 2.6, 0.66


@figures("contributions")
@dataclass(frozen=True, slots=True)
class Contributions:
    """Two rows of bars on one list of assets: money on the left, risk on the right."""

    order: ClassVar[int] = 30
    title: ClassVar[str] = "Money and risk by asset"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved."""
        if not reading.is_played or not reading.symbols:
            return None
        money = {s: reading.number("assets", s, "net_pnl") for s in reading.symbols}
        symbols = sorted(money, key=lambda symbol: (-money[symbol], symbol))
        high = 2.35 + max(_ROW * len(symbols), _ROWS)
        figure = blank(reading, "Who made the money, who carried the risk", (_WIDTH, high))
        grid = figure.add_gridspec(
            1, 2, wspace=0.3, **margins(figure, left=1.45, right=1.3, below=1.0)
        )
        left = figure.add_subplot(grid[0])
        right = figure.add_subplot(grid[1], sharey=left)
        _money(left, reading, [money[symbol] for symbol in symbols])
        _risk(right, reading, symbols)
        named_ticks(left.yaxis, symbols)
        right.tick_params(labelleft=False)
        left.set_ylim(len(symbols) - 0.5, -0.5)
        note(figure, _said(reading, math.fsum(money.values())))
        return figure


def _said(reading: Reading, total: float) -> str:
    said = (
        "Money: net P&L, open positions marked. Risk: each asset's Euler share of the variance of "
        "the account's daily returns; the shares add up to 100%, a hedge has a negative one."
    )
    rest = reading.number("portfolio", "net_pnl") - total
    if abs(rest) >= 0.005:
        said += f" {signed(rest)} {reading.currency} of the account's P&L belong to no asset."
    return said


def _money(axes: Axes, reading: Reading, amounts: Sequence[float]) -> None:
    total = f"{signed(math.fsum(amounts))} {reading.currency}"
    dress(axes, f"Money: net P&L, in all {total}", "")
    rows = np.arange(len(amounts))
    colours = [GAIN if amount >= 0.0 else LOSS for amount in amounts]
    axes.barh(rows, amounts, height=_thick(len(amounts)), color=colours)
    axes.set_xlabel(reading.currency, fontsize=9, parse_math=False)
    money_ticks(axes, across=True)
    _finish(axes, [signed(amount) for amount in amounts])


def _risk(axes: Axes, reading: Reading, symbols: Sequence[str]) -> None:
    shares = [reading.value("assets", symbol, "risk_share") for symbol in symbols]
    if any(share is None for share in shares):
        reasons = reading.metrics.get("undefined", {})
        why = reasons.get(f"assets.{symbols[0]}.risk_share", "they were not measured")
        dress(axes, "Risk: no shares", "")
        axes.set_xticks([])
        axes.text(0.5, 0.5, f"There are no shares of risk:\n{why}.", transform=axes.transAxes,
                  ha="center", va="center", fontsize=10, parse_math=False)  # fmt: skip
        return
    weights = [reading.value("assets", symbol, "weight_mean") for symbol in symbols]
    dress(axes, "Risk: share of the account's variance", "")
    rows = np.arange(len(symbols))
    risk = axes.barh(rows, [100.0 * share for share in shares], height=_thick(len(shares)),
                     color=_RISK)  # fmt: skip
    capital = axes.scatter(
        [math.nan if weight is None else 100.0 * weight for weight in weights], rows, marker="|",
        s=190, linewidths=2.6, color=_WEIGHT, zorder=4,
    )  # fmt: skip
    axes.set_xlabel("%", fontsize=9, loc="left")
    percent_ticks(axes.xaxis)
    axes.legend([risk, capital], ["share of risk", "mean share of capital"], loc="upper right",
                bbox_to_anchor=(1.0, -0.26 / _inches(axes)), ncols=2, frameon=False, fontsize=8,
                borderaxespad=0.0, handlelength=1.4)  # fmt: skip
    _finish(axes, [percent(share) for share in shares])


def _thick(rows: int) -> float:
    """Return how much of its row a bar takes, so that few are as thick as many."""
    return _THICK * min(_ROW * rows / _ROWS, 1.0)


def _inches(axes: Axes) -> float:
    """Return how high the axes are."""
    return float(axes.get_window_extent().height) / DPI


def _finish(axes: Axes, values: Sequence[str]) -> None:
    """Draw the line of zero, and every bar's value in a column of its own."""
    axes.axvline(0.0, color=GREY, linewidth=0.9)
    axes.margins(x=0.04)
    axes.grid(False, axis="y")
    axes.tick_params(axis="y", length=0)
    widest = max(len(value) for value in values)
    for row, value in enumerate(values):
        axes.annotate(value, (1.0, row), xycoords=axes.get_yaxis_transform(), ha="right",
                      va="center", xytext=(8 + 4.9 * widest, 0), textcoords="offset points",
                      fontsize=8, family="monospace", annotation_clip=False)  # fmt: skip
