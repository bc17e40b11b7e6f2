"""assets.png: what each asset added to the account, a panel each, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from lockstep.core.bars import Array
from lockstep.core.registry import figures
from lockstep.metrics.panel import Panel
from lockstep.report.canvas import (
    DPI,
    GAIN,
    LOSS,
    blank,
    date_axis,
    dates,
    dress,
    line,
    margins,
    money_ticks,
    note,
    short,
    span_of_time,
    thinned,
)
from lockstep.report.coverage import hatch_absent
from lockstep.report.reading import Reading
from lockstep.report.wording import brief, counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most panels; of more assets, the best and the worst.
MOST_PANELS = 60
#: Panels per row, by the number of assets it serves.
_ROWS = ((2, 1), (4, 2), (15, 3), (24, 4), (40, 5), (MOST_PANELS, 6))
_WIDTH, _LEFT, _RIGHT, _GAP = 14.0, 1.05, 0.4, 0.42


@figures("assets")
@dataclass(frozen=True, slots=True)
class Assets:
    """Small multiples: cumulative net P&L of each asset on the same two axes."""

    order: ClassVar[int] = 40
    title: ClassVar[str] = "Each asset in the account"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved."""
        aligned = reading.panel
        if aligned is None or not aligned.symbols:
            return None
        curves = _ordered(aligned)
        shown = _shown(curves)
        across = next(columns for most, columns in _ROWS if len(shown) <= most)
        down = -(-len(shown) // across)
        high = 1.55 + down * max(1.35, min(7.0 / down, 3.6))
        figure = blank(reading, "What each asset added to the account", (_WIDTH, high))
        grid = figure.add_gridspec(
            down, across, hspace=0.34, wspace=_GAP * across / (_WIDTH - _LEFT - _RIGHT),
            **margins(figure, left=_LEFT, right=_RIGHT, below=0.8),
        )  # fmt: skip
        panels: list[Axes] = []
        for position, (symbol, added) in enumerate(shown):
            first = panels[0] if panels else None
            axes = figure.add_subplot(grid[position // across, position % across],
                                      sharex=first, sharey=first)  # fmt: skip
            _one(axes, aligned, reading, symbol, added, across)
            panels.append(axes)
        hatched = hatch_absent(dict(zip((symbol for symbol, _ in shown), panels)), reading)
        span_of_time(panels[0], aligned.account.time)
        _axes(panels, across, reading.currency)
        note(figure, _said(len(curves), len(shown), reading, hatched=hatched))
        return figure


def _ordered(aligned: Panel) -> list[tuple[str, Array]]:
    """Return (symbol, cumulative P&L after each step), the best last value first."""
    initial = aligned.account.initial
    curves = [
        (symbol, aligned.contribution(asset).equity - initial)
        for asset, symbol in enumerate(aligned.symbols)
    ]
    return sorted(curves, key=lambda item: (-float(item[1][-1]), item[0]))


def _shown(curves: list[tuple[str, Array]]) -> list[tuple[str, Array]]:
    half = MOST_PANELS // 2
    return curves if len(curves) <= MOST_PANELS else [*curves[:half], *curves[-half:]]


def _said(count: int, shown: int, reading: Reading, *, hatched: bool) -> str:
    said = (
        f"Cumulative net P&L in {reading.currency}, open positions marked, cash moved between "
        "assets left out; all panels share both axes, best asset first."
    )
    if hatched:
        said += " Hatched: before the asset's data begin or after they end."
    if shown < count:
        said += f" The best and the worst {shown // 2} of {count} assets."
    return said


def _one(
    axes: Axes, aligned: Panel, reading: Reading, symbol: str, added: Array, across: int
) -> None:
    time = aligned.account.time
    dress(axes, "", "")
    buckets = int(_WIDTH / across * DPI / 2)
    at = thinned(added, buckets)
    when, values = dates(time[at]), added[at]
    colour = GAIN if added[-1] >= 0.0 else LOSS
    axes.axhline(0.0, color="#555555", linewidth=0.8)
    axes.fill_between(when, values, 0.0, color=colour, alpha=0.16, linewidth=0.0)
    line(axes, time, added, buckets, color=colour, linewidth=1.1)
    size = 9.5 if across <= 3 else 8.5 if across <= 4 else 7.5
    axes.set_title(short(symbol, 14 if across <= 4 else 10), loc="left", fontsize=size,
                   fontweight="bold", pad=3, parse_math=False)  # fmt: skip
    said = brief(float(added[-1]))
    if across <= 4:
        said += f" \N{MIDDLE DOT} {counted(reading.count('assets', symbol, 'trades'), 'trade')}"
    axes.set_title(said, loc="right", fontsize=size - 0.5, color=colour, pad=3)
    axes.tick_params(labelsize=8 if across <= 4 else 7)


def _axes(panels: Sequence[Axes], across: int, currency: str) -> None:
    """Label the left column and whatever has nothing below it."""
    from matplotlib.ticker import MaxNLocator

    first = panels[0]
    first.yaxis.set_major_locator(MaxNLocator(4 if len(panels) > 4 else 8))
    low, high = first.get_ylim()
    first.set_ylim(min(low, 0.0), max(high, 0.0))
    inner = panels[: max(len(panels) - across, 0)]
    date_axis(first, inner[1:], ticks=(5, 10) if across == 1 else (3, 7))
    for axes in panels[1:]:
        axes.xaxis.get_offset_text().set_fontsize(7)
    if inner:
        first.tick_params(labelbottom=False)
        first.xaxis.get_offset_text().set_visible(False)
    first.set_ylabel(currency, fontsize=9, parse_math=False)
    money_ticks(first)
    for position, axes in enumerate(panels):
        if position % across:
            axes.tick_params(labelleft=False)
        else:
            axes.set_ylabel(first.get_ylabel(), fontsize=8.5, parse_math=False)
