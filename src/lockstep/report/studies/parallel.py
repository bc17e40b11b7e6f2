"""parallel.png: every trial as a line through its parameters, to its score."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array
from lockstep.report.canvas import margins, note, plain_latin, short
from lockstep.report.studies.frame import CHOSEN, SCORES, opened, score_range, unit, without
from lockstep.report.studies.study import Axis, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUBJECT = "trials through all parameters"
#: Lines that can still be told apart; of more trials, an even choice over all scores.
MOST_LINES = 400


def parallel(study: Study) -> Figure:
    """Return parallel coordinates: a scale for each parameter, the last one for the score."""
    if not len(study.scored):
        return without(study, SUBJECT)
    figure = opened(study, SUBJECT, (max(14.0, 3.0 + 1.5 * len(study.axes)), 8.0))
    grid = figure.add_gridspec(
        1, 2, width_ratios=(1.0, 0.018), wspace=0.09, **margins(figure, right=0.9, below=1.3)
    )
    axes = figure.add_subplot(grid[0, 0])
    lines = _draw(axes, study)
    bar = figure.colorbar(lines, cax=figure.add_subplot(grid[0, 1]))
    bar.set_label(unit(study), fontsize=9)
    note(figure, "A line is a trial; bright ones scored high and lie on top, the chosen one is "
         f"orange. At most {MOST_LINES} lines, evenly over all scores. Where bright lines run "
         "together a value matters; where they spread over the scale it does not.")  # fmt: skip
    return figure


def _draw(axes: Axes, study: Study) -> Any:
    from matplotlib.collections import LineCollection

    at = study.scored
    order = at[np.argsort(study.goals[0].scores[at], kind="stable")]
    if len(order) > MOST_LINES:
        order = order[np.linspace(0, len(order) - 1, MOST_LINES).round().astype(int)]
    scores = study.goals[0].scores
    limits = score_range(scores[at])
    heights = [
        *(_height(study, axis, order) for axis in study.axes),
        _scaled(scores[order], limits),
    ]
    paths = np.stack([np.column_stack([range(len(heights)), column]) for column in zip(*heights)])
    lines = LineCollection(list(paths), cmap=SCORES, linewidths=0.8, alpha=0.7)
    lines.set_array(scores[order])
    lines.set_clim(*limits)
    axes.add_collection(lines)
    if study.chosen is not None:
        own = np.array([study.chosen])
        path = [*(_height(study, axis, own)[0] for axis in study.axes)]
        path.append(_scaled(scores[own], limits)[0])
        axes.plot(range(len(path)), path, color=CHOSEN, linewidth=2.6, zorder=5)
    _scales(axes, study, limits)
    return lines


def _scaled(values: Array, limits: tuple[float, float]) -> Array:
    return np.clip((values - limits[0]) / (limits[1] - limits[0]), -0.03, 1.0)


def _ends(axis: Axis) -> tuple[float, float]:
    places = axis.places(axis.levels)
    return float(places.min()), float(places.max())


def _height(study: Study, axis: Axis, at: Any) -> Array:
    return _scaled(study.values(axis, at), _ends(axis))


def _scales(axes: Axes, study: Study, limits: tuple[float, float]) -> None:
    """Draw the scales with what is at their ends."""
    ends = [_said(axis) for axis in study.axes]
    ends.append((f"{limits[0]:.3g}", f"{limits[1]:.3g}"))
    for place, (low, high) in enumerate(ends):
        axes.plot([place, place], [0.0, 1.0], color="#555555", linewidth=1.0, zorder=1)
        look: dict[str, Any] = {"ha": "center", "fontsize": 8.5, "parse_math": False}
        axes.text(place, -0.045, plain_latin(low), va="top", **look)
        axes.text(place, 1.02, plain_latin(high), va="bottom", **look)
    names = [short(axis.name, 22) for axis in study.axes]
    axes.set_xticks(range(len(ends)), [*names, study.goals[0].name], fontsize=9, rotation=20,
                    ha="right")  # fmt: skip
    for label in axes.get_xticklabels():
        label.set_parse_math(False)
    axes.set_yticks([])
    axes.tick_params(axis="x", length=0, pad=14)
    axes.set_xlim(-0.3, len(ends) - 0.7)
    axes.set_ylim(-0.06, 1.03)
    for side in axes.spines.values():
        side.set_visible(False)


def _said(axis: Axis) -> tuple[str, str]:
    if axis.is_number:
        low, high = _ends(axis)
        return f"{low:g}", f"{high:g}"
    return short(str(axis.levels[0])), short(str(axis.levels[-1]))
