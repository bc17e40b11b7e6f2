"""contour.png: the score over pairs of parameters, for the three that matter most."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array
from lockstep.report.canvas import dress, margins, note
from lockstep.report.studies.frame import (
    SCORES,
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

SUBJECT = "score over pairs of parameters"
#: Parameters whose pairs are drawn.
MOST = 3
#: Cells along an axis; a parameter with fewer levels has a cell a level.
_CELLS = 12
#: Cells along either axis from which lines of equal score are drawn as well.
_FEWEST_FOR_LINES = 4


def contour(study: Study) -> Figure | None:
    """Return a map of median scores for each pair; None if only one parameter was searched."""
    if len(study.axes) < 2:
        return None
    if not len(study.scored):
        return without(study, SUBJECT)
    by_name = {axis.name: axis for axis in study.axes}
    names = list(study.importances())[:MOST]
    pairs = list(itertools.combinations(names, 2))
    width = 7.0 + 5.0 * (len(pairs) - 1)
    figure = opened(study, SUBJECT, (max(width, 9.0), 7.2))
    grid = figure.add_gridspec(
        1, len(pairs) + 1, width_ratios=[*[1.0] * len(pairs), 0.035], wspace=0.3,
        **margins(figure, right=0.9, below=1.25),
    )  # fmt: skip
    limits = score_range(study.goals[0].scores[study.scored])
    shown: Any = None
    for at, (one, other) in enumerate(pairs):
        panel = figure.add_subplot(grid[0, at])
        shown = _panel(panel, study, by_name[one], by_name[other], limits)
    bar = figure.colorbar(shown, cax=figure.add_subplot(grid[0, len(pairs)]))
    bar.set_label(f"median {unit(study)}", fontsize=9)
    note(figure, "Each cell: the median score of the trials in it, all other parameters being "
         "whatever they were; white: none was tried there. Lines join cells of equal score where "
         "all cells are filled. Star: chosen.")  # fmt: skip
    return figure


def _panel(panel: Axes, study: Study, across: Axis, up: Axis, limits: tuple[float, float]) -> Any:
    at = study.scored
    x, y, scores = study.values(across, at), study.values(up, at), study.goals[0].scores[at]
    dress(panel, f"{across.name} and {up.name}", "")
    xs, ys = _edges(x), _edges(y)
    cells = _medians(_cell(x, xs), _cell(y, ys), scores, (len(ys) - 1, len(xs) - 1))
    shown = panel.pcolormesh(xs, ys, np.ma.masked_invalid(cells), cmap=SCORES, vmin=limits[0],
                             vmax=limits[1])  # fmt: skip
    if np.isfinite(cells).all() and min(cells.shape) >= _FEWEST_FOR_LINES and np.ptp(cells) > 0.0:
        middle = [(one[:-1] + one[1:]) / 2.0 for one in (xs, ys)]
        panel.contour(*middle, cells, levels=6, colors="white", linewidths=0.7)
    panel.plot(x, y, marker="o", markersize=1.6, color="black", alpha=0.35, linestyle="none",
               clip_on=False)  # fmt: skip
    mark_chosen(panel, study, across, up)
    panel.set_xlim(xs[0], xs[-1])
    panel.set_ylim(ys[0], ys[-1])
    parameter_axis(panel.xaxis, across)
    parameter_axis(panel.yaxis, up)
    return shown


def _edges(values: Array) -> Array:
    """Return the edges of cells: about a level each, or equal ones if there are many."""
    levels = np.unique(values)
    if len(levels) == 1:
        return np.array([levels[0] - 0.5, levels[0] + 0.5])
    if len(levels) > _CELLS:
        return np.linspace(levels[0], levels[-1], _CELLS + 1)
    middles = (levels[:-1] + levels[1:]) / 2.0
    first, last = levels[0] - (middles[0] - levels[0]), levels[-1] + (levels[-1] - middles[-1])
    return np.concatenate([[first], middles, [last]])


def _cell(values: Array, edges: Array) -> Any:
    return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)


def _medians(column: Any, row: Any, scores: Array, shape: tuple[int, int]) -> Array:
    found = np.full(shape, np.nan)
    for place in set(zip(row.tolist(), column.tolist())):
        found[place] = np.median(scores[(row == place[0]) & (column == place[1])])
    return found
