"""slices.png: the score against each parameter, all others being whatever they were."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.metrics.parameter_importance import bins
from lockstep.report.canvas import dress, margins, note
from lockstep.report.studies.frame import (
    CHOSEN,
    TRIED,
    mark_chosen,
    opened,
    parameter_axis,
    score_range,
    unit,
    without,
)
from lockstep.report.studies.study import Axis, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUBJECT = "score against each parameter"
#: Panels that have room; the parameters that matter most come first.
MOST_PANELS = 12
_ACROSS = 3


def slices(study: Study) -> Figure:
    """Return a panel for each parameter: the trials, and their median by neighbouring values."""
    if not len(study.scored):
        return without(study, SUBJECT)
    order = list(study.importances())[:MOST_PANELS]
    axes_by_name = {axis.name: axis for axis in study.axes}
    rows = math.ceil(len(order) / _ACROSS)
    figure = opened(study, SUBJECT, (14.0, 2.4 + 3.0 * rows))
    grid = figure.add_gridspec(
        rows, _ACROSS, hspace=0.42, wspace=0.22, **margins(figure, right=0.45, below=1.05)
    )
    for at, name in enumerate(order):
        panel = figure.add_subplot(grid[at // _ACROSS, at % _ACROSS])
        _panel(panel, study, axes_by_name[name], unit(study) if at % _ACROSS == 0 else "")
    note(figure, "Line: median of neighbouring values. A chosen value (star, dashed) on a broad "
         "height can be trusted more than one on a lonely peak. Scores far below the rest are cut "
         "off at the bottom.")  # fmt: skip
    return figure


def _panel(panel: Axes, study: Study, axis: Axis, label: str) -> None:
    at = study.scored
    scores, values = study.goals[0].scores[at], study.values(axis, at)
    dress(panel, axis.name, label)
    bottom, top = score_range(scores)
    room = 0.06 * (top - bottom)
    panel.plot(values, np.maximum(scores, bottom - room), marker="o", markersize=3, alpha=0.35,
               color=TRIED, linestyle="none")  # fmt: skip
    middles = _medians(values, scores, bins(values))
    panel.plot(*middles, color="black", linewidth=1.4, marker="s", markersize=3)
    if study.chosen is not None:
        panel.axvline(study.values(axis, np.array([study.chosen]))[0], color=CHOSEN,
                      linewidth=0.9, linestyle="--")  # fmt: skip
    mark_chosen(panel, study, axis, study.goals[0].scores)
    panel.set_ylim(bottom - 2.0 * room, top + 2.0 * room)
    panel.margins(x=0.04)
    parameter_axis(panel.xaxis, axis)
    panel.set_xlabel("")


def _medians(values: Array, scores: Array, groups: Ints) -> tuple[list[float], list[float]]:
    at = [groups == group for group in range(int(groups.max()) + 1)]
    return (
        [float(np.median(values[one])) for one in at],
        [float(np.median(scores[one])) for one in at],
    )
