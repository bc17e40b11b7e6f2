"""frontier.png: what mixes of the solo runs would have made, and where the run's weights stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.registry import figures
from lockstep.report.canvas import (
    GREY,
    WARNING,
    blank,
    dress,
    instead,
    margins,
    note,
    percent_ticks,
)
from lockstep.report.figures._stack import layers_of, stack
from lockstep.report.looks import COLOURS, Look, looks_of
from lockstep.report.reading import Reading
from lockstep.report.wording import count, counted, percent, plain, ratio, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Words and marker of each mark; others get the last look. The run's ring hides no other mark.
_RING: dict[str, Any] = {"marker": "o", "markersize": 17, "markerfacecolor": "none",
         "markeredgecolor": WARNING, "markeredgewidth": 2.2}  # fmt: skip
_LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "run_weights": ("run, mean weights", _RING),
    "equal_weight": ("equal weight", {"marker": "o", "color": COLOURS[0]}),
    "risk_parity": ("risk parity", {"marker": "s", "color": COLOURS[2]}),
    "min_variance": ("smallest variance", {"marker": "D", "color": COLOURS[5]}),
    "max_sharpe": ("largest Sharpe", {"marker": "^", "color": COLOURS[3], "markersize": 11}),
}
_MARK: dict[str, Any] = {"markersize": 9, "markeredgecolor": "white", "linestyle": "none"}
_OTHER: dict[str, Any] = {"marker": "P", "color": "#555555"}
#: Height of one label, as a fraction of the axes.
_LABEL = 0.13
_CAVEAT = "A description of the past, not advice."


@figures("frontier")
@dataclass(frozen=True, slots=True)
class Frontier:
    """The efficient frontier with marks, and the mixes along it."""

    order: ClassVar[int] = 90
    title: ClassVar[str] = "Efficient frontier of the solo runs"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved; None without a portfolio of several assets."""
        if reading.panel is None or len(reading.symbols) < 2:
            return None
        subject = "Efficient frontier of the solo runs"
        frontier = reading.metrics.get("frontier")
        points = list(frontier.get("points") or ()) if isinstance(frontier, Mapping) else []
        if not points or not isinstance(frontier, Mapping):
            why = _why(reading)
            return instead(blank(reading, subject), why) if why else None
        figure = blank(reading, subject)
        grid = figure.add_gridspec(
            2, 1, height_ratios=(2.3, 1.0), hspace=0.3, **margins(figure, below=0.85)
        )
        curve = np.array([[point["volatility"], point["return"]] for point in points]) * 100.0
        _frontier(figure.add_subplot(grid[0]), curve, _marks(frontier))
        _mixes(figure.add_subplot(grid[1]), curve, points, looks_of(reading.symbols))
        note(figure, _foot(frontier, reading))
        return figure


def _why(reading: Reading) -> str:
    """Return the reason for there being no frontier, or nothing if nobody looked for one."""
    reasons = reading.metrics.get("undefined", {})
    found = [why for key, why in reasons.items() if str(key).split(".")[0] == "frontier"]
    return f"There is no frontier: {found[0]}." if found else ""


def _foot(frontier: Mapping[str, Any], reading: Reading) -> str:
    """Return what the picture rests on, in a sentence or two."""
    said = plain(frontier.get("label") or "").rstrip(".")
    said = f"{said[:1].upper()}{said[1:]}." if said else ""
    if "not advice" not in said:
        said = f"{said} {_CAVEAT}".strip()
    if frontier.get("days"):
        said += f" {count(frontier['days'])} common trading days."
    if frontier.get("cap"):
        said += f" Largest weight {percent(frontier['cap'])}."
    if frontier.get("left_out"):
        said += f" {counted(len(frontier['left_out']), 'asset')} left out."
    reasons = reading.metrics.get("undefined", {})
    for name in frontier.get("marks") or {}:
        why = reasons.get(f"frontier.marks.{name}")
        said += f" No {_said(name)}: {plain(why)}." if why else ""
    return said


def _marks(frontier: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the marks that have numbers, those with a look of their own first."""
    marks = frontier.get("marks") or {}
    order = [*_LOOKS, *sorted(set(marks) - set(_LOOKS))]
    found = {name: marks[name] for name in order if marks.get(name)}
    return {
        name: mark
        for name, mark in found.items()
        if mark.get("return") is not None and mark.get("volatility") is not None
    }


def _said(name: str) -> str:
    """Return a mark in words."""
    return _LOOKS[name][0] if name in _LOOKS else words(plain(name))


def _frontier(axes: Axes, curve: Array, marks: dict[str, Mapping[str, Any]]) -> None:
    """Draw the curve and every mark, with words to the right joined to it by a thin line."""
    dress(axes, f"Long only, within the run's caps. {_CAVEAT}", "mean return, % a year")
    axes.set_xlabel("volatility, % a year", fontsize=9)
    axes.plot(curve[:, 0], curve[:, 1], color="black", linewidth=2.0, zorder=3,
              marker="o" if len(curve) == 1 else None)  # fmt: skip
    places = np.array([[100.0 * m["volatility"], 100.0 * m["return"]] for m in marks.values()])
    _limits(axes, np.vstack([curve, places.reshape(-1, 2)]))
    percent_ticks(axes.xaxis)
    percent_ticks(axes.yaxis)
    low, high = axes.get_ylim()
    if low < 0.0 < high:
        axes.axhline(0.0, color=GREY, linewidth=0.9, linestyle=":")
    heights = _spread([(y - low) / (high - low) for _, y in places], _LABEL)
    for (name, mark), (x, y), height in zip(marks.items(), places, heights, strict=True):
        look = _MARK | _LOOKS.get(name, ("", _OTHER))[1]
        axes.plot([x], [y], zorder=6, **look)
        axes.plot([1.05], [height], transform=axes.transAxes, clip_on=False, **look)
        _label(axes, _said(name), mark, height)
        _lead(axes, (x, y), height)


def _limits(axes: Axes, every: Array) -> None:
    """Leave a margin around all points, and some width even around a single one."""
    for column, place in ((0, axes.set_xlim), (1, axes.set_ylim)):
        low, high = float(every[:, column].min()), float(every[:, column].max())
        room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
        place(max(low - room, 0.0) if column == 0 else low - room, high + room)


def _spread(wanted: list[float], apart: float) -> list[float]:
    """Return heights in [0, 1] in the order wanted, none nearer to another than `apart`.

    The order of equal heights is that of the list.
    """
    order = sorted(range(len(wanted)), key=lambda at: (wanted[at], at))
    heights = list(wanted)
    floor = apart / 2.0
    for at in order:
        heights[at] = max(heights[at], floor)
        floor = heights[at] + apart
    ceiling = 1.0 - apart / 2.0
    for at in reversed(order):
        heights[at] = min(heights[at], ceiling)
        ceiling = heights[at] - apart
    return heights


def _label(axes: Axes, name: str, mark: Mapping[str, Any], height: float) -> None:
    sharpe = mark.get("sharpe")
    ratio_said = "n/a" if sharpe is None else ratio(sharpe)
    cash = 1.0 - sum((mark.get("weights") or {"": 1.0}).values())
    held = f", {percent(cash)} cash" if cash > 5e-5 else ""
    place = f"{percent(mark['return'])} at {percent(mark['volatility'])}"
    said = f"{name}{held}\n{place}\nSharpe {ratio_said}"
    axes.text(1.075, height, said, transform=axes.transAxes, va="center", fontsize=8,
              parse_math=False, linespacing=1.3)  # fmt: skip


def _lead(axes: Axes, place: tuple[float, float], height: float) -> None:
    """Draw a thin line from a mark to its words."""
    from matplotlib.lines import Line2D

    (x0, x1), (y0, y1) = axes.get_xlim(), axes.get_ylim()
    x, y = (place[0] - x0) / (x1 - x0), (place[1] - y0) / (y1 - y0)
    axes.add_line(
        Line2D([x, 1.0, 1.035], [y, height, height], color="#BBBBBB", linewidth=0.8, zorder=2,
               transform=axes.transAxes, clip_on=False)
    )  # fmt: skip


def _mixes(
    axes: Axes, curve: Array, points: list[Mapping[str, Any]], looks: Mapping[str, Look]
) -> None:
    """Draw what the mixes along the frontier are made of."""
    dress(axes, "The mixes along the frontier, from the calmest up", "% of the mix")
    symbols = tuple(sorted({str(name) for point in points for name in point["weights"]}))
    weights = np.array([[point["weights"].get(name, 0.0) for name in symbols] for point in points])
    order = np.argsort(curve[:, 1], kind="stable")
    x, weights = curve[order, 1], weights[order]
    if len(x) == 1:
        x, weights = np.array([x[0] - 0.5, x[0] + 0.5]), np.vstack([weights, weights])
    reserve = 1.0 - weights.sum(axis=1)
    layers = layers_of(symbols, weights, reserve=reserve, looks=looks)
    shown = [layer for layer in layers if np.any(layer.shares > 0.0)]
    stack(axes, x, shown, ends=("calmest", "highest return"))
    axes.set_xlim(float(x[0]), float(x[-1]) if x[-1] > x[0] else float(x[0]) + 1.0)
    axes.set_xlabel("mean return of the mix, % a year", fontsize=9)
    percent_ticks(axes.xaxis)
    percent_ticks(axes.yaxis)
