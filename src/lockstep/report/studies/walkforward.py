"""The figures of a walk-forward: its windows, its account beside the naive one, its parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.calendar import DAY_NS
from lockstep.report.canvas import (
    GREY,
    WARNING,
    aside,
    date_axis,
    dates,
    dress,
    hatched,
    headed,
    instead,
    legend,
    line,
    margins,
    money_ticks,
    named_ticks,
    note,
    png_of,
    short,
    span_of_time,
)
from lockstep.report.looks import COLOURS, looks_of
from lockstep.report.wording import counted, ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Panels of parameters that have room; assets beyond are in walkforward.json.
MOST_PANELS = 16
#: Assets whose paths can be told apart as lines; more of them are rows of colours.
MOST_LINES = 4
#: Light to dark, and the share of the range by which its lightest is kept apart from white.
_CHOSEN, _APART = "YlGnBu", 0.35
_IN, _OUT = "#9CC4E4", "#D55E00"
#: The same, of lines across their bars.
_IN_LINE, _OUT_LINE = "#1F4E79", "#7A3300"


@dataclass(frozen=True, slots=True)
class Walked:
    """What is drawn of a walk-forward.

    Parameters
    ----------
    numbers : mapping
        The content of ``walkforward.json``.
    days : ndarray of int64, shape (n_days,)
        Trading days out of sample, as days since 1970-01-01.
    marks : ndarray, shape (n_days,)
        Equity after each (account currency).
    naive_days, naive_marks : ndarray
        The same of what was chosen in hindsight; empty if it was not asked for.
    """

    numbers: Mapping[str, Any]
    days: Ints
    marks: Array
    naive_days: Ints
    naive_marks: Array

    @property
    def said(self) -> str:
        """What was made, in a line."""
        made = self.numbers["settings"]
        return (
            f"walk-forward {self.numbers['id']}  |  "
            f"{counted(len(self.numbers['windows']), 'window')}, "
            f"{made['kind']}, {made['in_sample_months']} months in sample, "
            f"{made['out_of_sample_months']} out of sample"
        )

    @property
    def labels(self) -> list[str]:
        """What a reader must know before any number."""
        return [str(label) for label in self.numbers["labels"]]


def written(walked: Walked) -> dict[str, bytes]:
    """Return the figures by file name, as PNG."""
    from matplotlib import style

    drawings: dict[str, Callable[[Walked], Figure]] = {
        "windows": windows,
        "equity": equity,
        "parameters": parameters,
    }
    with style.context("default"):
        return {f"{name}.png": png_of(draw(walked)) for name, draw in drawings.items()}


def windows(walked: Walked) -> Figure:
    """Return the windows on the calendar, and their Sharpe ratios in and out of sample."""
    told: Sequence[Mapping[str, Any]] = walked.numbers["windows"]
    figure = headed("Windows: chosen in sample, traded out of sample", walked.said, walked.labels)
    grid = figure.add_gridspec(2, 1, hspace=0.28, height_ratios=(1.0, 1.25),
                               **margins(figure, below=0.85))  # fmt: skip
    plan, bars = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    _calendar(plan, told)
    _ratios(bars, walked, told)
    parts = [one[part]["sharpe"] for one in told for part in ("in_sample", "out_of_sample")]
    note(
        figure,
        "Sharpe ratios per year, from daily marks. In sample: the chosen parameters and weights in "
        "one account on the bars they were chosen on. Out of sample: the continuous account. The "
        "gap before each traded part is embargo; each asset's purge comes off as well."
        + (" n/a: see walkforward.txt." if None in parts else ""),
    )
    return figure


def _calendar(axes: Axes, told: Sequence[Mapping[str, Any]]) -> None:
    spans = (("in_sample", _IN, "in sample"), ("out_of_sample", _OUT, "out of sample"))
    handles = []
    for part, colour, _ in spans:
        limits = [_ns(one[f"{part}_{end}"]) for one in told for end in ("first", "until")]
        at = dates(np.array(limits, dtype=np.int64)).reshape(-1, 2)
        rows = [one["number"] for one in told]
        handles.append(
            axes.barh(rows, at[:, 1] - at[:, 0], left=at[:, 0], height=0.7, color=colour)
        )
    dress(axes, "Windows", "window")
    axes.set_ylim(len(told) + 0.6, 0.4)
    step = max(1, len(told) // 12)
    axes.set_yticks([one["number"] for one in told][::step])
    date_axis(axes)
    legend(axes, handles, [name for *_, name in spans])


def _ratios(axes: Axes, walked: Walked, told: Sequence[Mapping[str, Any]]) -> None:
    at = np.arange(1, len(told) + 1)
    handles: list[Any] = []
    names: list[str] = []
    for shift, part, colour, name in ((-0.2, "in_sample", _IN, "in sample"),
                                      (0.2, "out_of_sample", _OUT, "out of sample")):  # fmt: skip
        values = [one[part]["sharpe"] for one in told]
        known = [value is not None for value in values]
        handles.append(
            axes.bar(at[known] + shift, [v for v in values if v is not None], 0.38, color=colour)
        )
        names.append(name)
        for x in at[[not one for one in known]]:
            axes.text(x + shift, 0.0, "n/a", fontsize=7, ha="center", va="bottom", color=GREY)
    axes.axhline(0.0, color="black", linewidth=0.8)
    levels = (
        (walked.numbers["in_sample"]["median_sharpe"], _IN_LINE, "median in sample"),
        (walked.numbers["out_of_sample"]["sharpe"], _OUT_LINE, "whole account"),
    )
    for value, colour, name in levels:
        if value is not None:
            handles.append(axes.axhline(value, color=colour, linestyle="--", linewidth=1.2))
            names.append(f"{name} {ratio(value)}")
    dress(axes, "Sharpe ratio by window", "Sharpe ratio, a year")
    axes.set_xlabel("window", fontsize=9)
    axes.set_xticks(at[:: max(1, len(at) // 24)])
    legend(axes, handles, names)


def equity(walked: Walked) -> Figure:
    """Return the out-of-sample account, window by window, beside the naive in-sample curve."""
    figure = headed("Out of sample, and what hindsight would have shown", walked.said,
                    walked.labels)  # fmt: skip
    grid = figure.add_gridspec(2, 1, hspace=0.2, height_ratios=(2.4, 1.0),
                               **margins(figure, below=0.85))  # fmt: skip
    curve = figure.add_subplot(grid[0])
    falls = figure.add_subplot(grid[1], sharex=curve)
    time, capital = walked.days * DAY_NS, float(walked.numbers["settings"]["capital"])
    handles = [line(curve, time, walked.marks, color=COLOURS[0], linewidth=1.6)]
    names = ["out of sample"]
    if len(walked.naive_days):
        handles.append(
            line(curve, walked.naive_days * DAY_NS, walked.naive_marks, color=WARNING,
                 linewidth=1.2, linestyle="--")
        )  # fmt: skip
        names.append("naive: IN-SAMPLE")
    curve.axhline(capital, color=GREY, linewidth=0.8)
    _borders((curve, falls), walked)
    _idle((curve, falls), walked)
    dress(curve, "Equity at the end of each day", walked.numbers["settings"]["currency"])
    span_of_time(curve, time)
    money_ticks(curve)
    legend(curve, handles, names)
    peak = np.maximum.accumulate(np.concatenate([[capital], walked.marks]))[1:]
    line(falls, time, -100.0 * (1.0 - walked.marks / peak), color=COLOURS[0], linewidth=1.1)
    dress(falls, "Drawdown out of sample", "% of the peak")
    span_of_time(falls, time)
    date_axis(falls, (curve,))
    note(
        figure,
        "Vertical lines: new windows, with newly chosen parameters, assets and weights. The naive "
        "curve was chosen on the very days it is shown on: it is what a single search over them "
        "would have promised, and no result.",
    )
    return figure


def _borders(panels: Sequence[Axes], walked: Walked) -> None:
    begins = [_ns(one["out_of_sample_first"]) for one in walked.numbers["windows"][1:]]
    for axes in panels:
        for at in dates(np.array(begins, dtype=np.int64)):
            axes.axvline(at, color="#BBBBBB", linewidth=0.8, linestyle=":")


def _idle(panels: Sequence[Axes], walked: Walked) -> None:
    """Hatch the windows in which no asset was good enough in sample, and say how many they are."""
    spans = [
        (_ns(one["out_of_sample_first"]), _ns(one["out_of_sample_until"]))
        for one in walked.numbers["windows"]
        if not one["assets"]
    ]
    hatched(panels, spans)
    if spans:
        aside(panels[0], f"hatched: {counted(len(spans), 'window')} without an asset")


def parameters(walked: Walked) -> Figure:
    """Return the path of every parameter over the windows, a panel each, a line or row an asset."""
    told = walked.numbers["parameters"]
    names = sorted({name for paths in told.values() for name in paths if _is_drawn(paths[name])})
    shown, assets = names[:MOST_PANELS], list(told)
    columns = 2 if len(shown) < 9 else 4
    rows = -(-len(shown) // columns)
    tall = 2.1 if len(assets) <= MOST_LINES else min(max(2.1, 0.13 * len(assets)), 7.0)
    figure = headed("Chosen parameters by window", walked.said, walked.labels,
                    (14.0, 3.2 + tall * max(rows, 1)))  # fmt: skip
    if not shown:
        return instead(figure, "No window chose any parameter that is a number.")
    grid = figure.add_gridspec(rows, columns, hspace=0.38, wspace=0.24,
                               **margins(figure, below=0.85))  # fmt: skip
    places = [figure.add_subplot(grid[at // columns, at % columns]) for at in range(len(shown))]
    if len(assets) <= MOST_LINES:
        said = _lines(dict(zip(shown, places)), told, places[min(columns, len(shown)) - 1])
    else:
        said = _mosaics(dict(zip(shown, places)), told, places[::columns])
    left = f" {counted(len(names) - len(shown), 'parameter')} more in the JSON file." if (
        len(names) > len(shown)) else ""  # fmt: skip
    note(
        figure,
        f"By number of the window, also where the asset was then left out. {said}A parameter "
        f"that jumps from window to window is no property of the market.{left}",
    )
    return figure


def _lines(places: Mapping[str, Axes], told: Mapping[str, Any], corner: Axes) -> str:
    """Draw a line an asset; return what is to be said of it."""
    handles: dict[str, Any] = {}
    for name, axes in places.items():
        handles |= _panel(axes, name, told, list(told))
    legend(corner, [handles[s] for s in sorted(handles)], [short(s) for s in sorted(handles)])
    return ""


def _mosaics(places: Mapping[str, Axes], told: Mapping[str, Any], first: Sequence[Axes]) -> str:
    """Draw a row of colours an asset, named in the first panels; return what is to be said."""
    assets = list(told)
    for name, axes in places.items():
        _mosaic(axes, name, told)
        if axes in first:
            named_ticks(axes.yaxis, assets, size=min(7.5, 240 / len(assets)))
        else:
            axes.set_yticks([])
    return (
        "A row is an asset; light is the smallest value chosen for any, dark the largest; white: "
        "nothing was chosen, or it is not varied. A row of one colour is a parameter that holds. "
    )


def _mosaic(axes: Axes, name: str, told: Mapping[str, Any]) -> None:
    paths = [told[asset].get(name) for asset in told]
    rows = [one["path"] if one and _is_drawn(one) else [] for one in paths]
    count = max(map(len, rows))
    values = np.array([[*row, *[None] * (count - len(row))] for row in rows], dtype=np.float64)
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    edges = np.arange(count + 1) + 0.5, np.arange(len(rows) + 1) - 0.5
    axes.pcolormesh(*edges, np.ma.masked_invalid(values), cmap=_CHOSEN, edgecolors="white",
                    linewidth=0.5, vmin=low - _APART * ((high - low) or 1.0),
                    vmax=high if high > low else low + 1.0)  # fmt: skip
    dress(axes, name, "")
    axes.set_xlabel(f"{low:g} (light) to {high:g} (dark)" if high > low else f"{low:g}", fontsize=8)
    axes.grid(visible=False)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_xticks(np.arange(1, count + 1)[:: max(1, count // 8)])


def _is_drawn(told: Mapping[str, Any]) -> bool:
    return told["stability"] is not None


def _panel(axes: Axes, name: str, told: Mapping[str, Any], assets: Sequence[str]) -> dict[str, Any]:
    drawn: dict[str, Any] = {}
    looks = looks_of(assets)
    count = 0
    for index, asset in enumerate(assets):
        path = told[asset].get(name)
        if path is None or not _is_drawn(path):
            continue
        values = np.array([np.nan if v is None else float(v) for v in path["path"]])
        count = len(values)
        shift = 0.3 * (index - (len(assets) - 1) / 2) / max(1, len(assets))
        (drawn[asset],) = axes.plot(
            np.arange(1, count + 1) + shift, values, **looks[asset].line, linewidth=1.1,
            marker="o", markersize=3.5,
        )  # fmt: skip
    dress(axes, name, "")
    axes.set_xlim(0.5, count + 0.5)
    axes.set_xticks(np.arange(1, count + 1)[:: max(1, count // 8)])
    return drawn


def _ns(moment: str) -> int:
    return int(np.datetime64(moment.rstrip("Z"), "ns").astype(np.int64))
