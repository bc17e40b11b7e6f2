"""exposure.png: how much the account had in the market, all in all and in each currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.registry import figures
from lockstep.report.canvas import (
    DIVERGING,
    GREY,
    WARNING,
    blank,
    date_axis,
    dress,
    instead,
    legend,
    margins,
    named_ticks,
)
from lockstep.report.coverage import hatch
from lockstep.report.figures._buckets import Buckets, stepped
from lockstep.report.looks import COLOURS
from lockstep.report.reading import Reading
from lockstep.report.wording import ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PREFIX = "exposure_"
#: Most currencies that get a row; of more, those that were held most.
_ROWS = 20
_GROSS, _NET = "#B8B8B8", COLOURS[0]
_UNIT = "times equity"
#: Points of a key of colours, if values lie below it and above it.
_EXTEND: dict[tuple[bool, bool], Literal["neither", "min", "max", "both"]] = {
    (False, False): "neither", (True, False): "min", (False, True): "max", (True, True): "both",
}  # fmt: skip


@figures("exposure")
@dataclass(frozen=True, slots=True)
class Exposure:
    """Gross and net notional over time, and a row for each currency, in multiples of equity."""

    order: ClassVar[int] = 75
    title: ClassVar[str] = "Exposure: gross, net and by currency"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None without a portfolio."""
        account = reading.result.account
        if reading.panel is None or not {"gross", "net"} <= set(account.columns):
            return None
        subject = "Exposure: how much was in the market, in multiples of equity"
        figure = blank(reading, subject)
        gross, net = (_multiples(reading, name) for name in ("gross", "net"))
        if not np.any(gross > 0.0):
            return instead(figure, "No position was open at any step: nothing was in the market.")
        buckets = Buckets.of(reading.panel.account.time)
        rows = _currencies(reading)
        heights = (1.5, 1.5, 0.4 + 0.28 * len(rows)) if rows else (1.5, 1.5)
        grid = figure.add_gridspec(
            len(heights), 1, height_ratios=heights, hspace=0.2, **margins(figure)
        )
        top = figure.add_subplot(grid[0])
        column = [top, *(figure.add_subplot(grid[at], sharex=top) for at in range(1, len(heights)))]
        _gross(column[0], gross, buckets, reading)
        _net(column[1], net, buckets, reading)
        if rows:
            _by_currency(column[2], rows, buckets, reading)
        hatch(column[:2], reading)
        room = 0.005 * (buckets.x[-1] - buckets.x[0])
        top.set_xlim(buckets.x[0] - room, buckets.x[-1] + room)
        date_axis(column[-1], tuple(column[:-1]))
        figure.align_ylabels(column[:2])
        return figure


def _multiples(reading: Reading, name: str) -> Array:
    """Return a column of the account in multiples of equity; 0 where there is no equity."""
    assert reading.panel is not None
    equity = reading.panel.account.equity
    values = reading.result.account[name].to_numpy(dtype=np.float64)
    whole = equity > 0.0
    multiples: Array = np.divide(values, equity, out=np.zeros(len(values)), where=whole)
    return multiples


def _currencies(reading: Reading) -> list[tuple[str, Array]]:
    """Return currencies ever held, net, those of the largest exposure if there are many."""
    names = [str(c) for c in reading.result.account.columns if str(c).startswith(_PREFIX)]
    rows = [(name.removeprefix(_PREFIX), _multiples(reading, name)) for name in sorted(names)]
    held = [(float(np.abs(values).max()), name, values) for name, values in rows]
    held = sorted((row for row in held if row[0] > 0.0), key=lambda row: (-row[0], row[1]))
    return [(name, values) for _, name, values in sorted(held[:_ROWS], key=lambda row: row[1])]


def _limit_of(reading: Reading, rule: str) -> float | None:
    settings = (reading.settings.get("risk") or {}).get(rule)
    limit = settings.get("limit") if isinstance(settings, dict) else None
    return None if limit is None else float(limit)


def _gross(axes: Axes, gross: Array, buckets: Buckets, reading: Reading) -> None:
    dress(axes, f"Gross: long and short together, highest of each {buckets.length}", _UNIT)
    highest = stepped(buckets.highest(gross))
    area = axes.fill_between(
        buckets.x, highest, 0.0, step="post", color=_GROSS, alpha=0.75, linewidth=0.0
    )
    mean = float(gross.mean())
    handles: list[Any] = [area, axes.axhline(mean, color=GREY, linewidth=1.1, linestyle="--")]
    labels = [f"highest {ratio(gross.max()):>6} x", f"mean    {ratio(mean):>6} x"]
    limit = _limit_of(reading, "gross_exposure")
    if limit is not None:
        handles.append(axes.axhline(limit, color=WARNING, linewidth=1.6))
        labels.append(f"limit   {ratio(limit):>6} x, for entries")
    axes.set_ylim(bottom=0.0)
    legend(axes, handles, labels, title="gross / equity")


def _net(axes: Axes, net: Array, buckets: Buckets, reading: Reading) -> None:
    dress(axes, f"Net: long less short, lowest to highest of each {buckets.length}", _UNIT)
    low, high = buckets.lowest(net), buckets.highest(net)
    band = axes.fill_between(
        buckets.x, stepped(low), stepped(high), step="post", color=COLOURS[4], alpha=0.6,
        linewidth=0.0,
    )  # fmt: skip
    handles: list[Any] = [band]
    handles += axes.step(
        buckets.x, stepped(buckets.mean(net)), where="post", color=_NET, linewidth=0.9
    )
    axes.axhline(0.0, color="black", linewidth=0.8)
    labels = [f"from {net.min():+.2f} to {net.max():+.2f} x", f"mean of each {buckets.length}"]
    limit = _limit_of(reading, "net_exposure")
    if limit is not None:
        handles += [axes.axhline(at, color=WARNING, linewidth=1.6) for at in (limit, -limit)][:1]
        labels.append(f"limit {ratio(limit)} x, for entries")
    legend(axes, handles, labels, title="net / equity")


def _by_currency(
    axes: Axes, rows: list[tuple[str, Array]], buckets: Buckets, reading: Reading
) -> None:
    """Draw a row per currency: long blue, short red, the deeper the larger."""
    means = np.array([buckets.mean(values) for _, values in rows])
    deepest = float(np.percentile(np.abs(means), 99.5)) or float(np.abs(means).max()) or 1.0
    dress(axes, f"FX pairs, net in each currency: mean of each {buckets.length}", "")
    axes.grid(visible=False)
    mesh = axes.pcolormesh(
        buckets.x, np.arange(len(rows) + 1) - 0.5, means, cmap=DIVERGING, vmin=-deepest,
        vmax=deepest, rasterized=True,
    )  # fmt: skip
    axes.set_ylim(len(rows) - 0.5, -0.5)
    named_ticks(axes.yaxis, [name for name, _ in rows], size=9.0 if len(rows) < 14 else 7.5)
    for between in range(1, len(rows)):
        axes.axhline(between - 0.5, color="white", linewidth=1.5)
    _extremes(axes, rows, _limit_of(reading, "currency_exposure"))
    _key(axes, mesh)


def _extremes(axes: Axes, rows: list[tuple[str, Array]], limit: float | None) -> None:
    """Write beside each row how far the exposure went at any step."""
    look: dict[str, Any] = {"family": "monospace", "fontsize": 7.5, "va": "center"}
    across = axes.get_yaxis_transform()
    for at, (_, values) in enumerate(rows):
        said = f"{values.min():+8.2f} {values.max():+8.2f}"
        axes.text(1.01, at, said, transform=across, parse_math=False, **look)
    for points, head in ((17.0, "most extreme"), (5.0, "   short     long")):
        axes.text(1.01, 1.0, head, transform=_above(axes, points), parse_math=False,
                  **{**look, "va": "bottom"})  # fmt: skip
    if limit is not None:
        axes.set_title(
            f"{axes.get_title(loc='left')}; limit {ratio(limit)} x, for entries", loc="left",
            fontsize=10, fontweight="bold", pad=5,
        )  # fmt: skip


def _above(axes: Axes, points: float) -> Any:
    """Return the coordinates of the axes, moved up by so many points."""
    from matplotlib.transforms import ScaledTranslation

    figure = axes.figure
    return axes.transAxes + ScaledTranslation(0.0, points / 72.0, figure.dpi_scale_trans)


def _key(axes: Axes, mesh: Any) -> None:
    """Explain the colours, to the right of the rows."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    place = axes.inset_axes((1.175, 0.0, 0.012, 1.0))
    beyond = (float(mesh.get_array().min()) < mesh.norm.vmin,
              float(mesh.get_array().max()) > mesh.norm.vmax)  # fmt: skip
    bar = axes.figure.colorbar(mesh, cax=place, extend=_EXTEND[beyond])
    bar.ax.yaxis.set_major_locator(MaxNLocator(nbins=4))
    bar.ax.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{value:+g}" if value else "0")
    )
    bar.ax.tick_params(labelsize=7.5)
    bar.set_label("times equity:\nshort (red), long (blue)", fontsize=7.5)
    bar.outline.set_visible(False)
