"""pareto.png: what has to be given of one goal for more of another."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import numpy as np

from lockstep.report.canvas import dress, legend, margins, note
from lockstep.report.studies.frame import BROKEN, CHOSEN, STAR, TRIED, opened, score_range, without
from lockstep.report.studies.study import Goal, Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUBJECT = "trials between the goals"
#: Pairs of goals that have room.
MOST_PAIRS = 3


def pareto(study: Study) -> Figure | None:
    """Return a panel for each pair of goals, the front marked; None if there is only one goal."""
    if len(study.goals) < 2:
        return None
    if not len(study.scored):
        return without(study, SUBJECT)
    pairs = list(itertools.combinations(study.goals, 2))[:MOST_PAIRS]
    figure = opened(study, SUBJECT, (9.0 + 5.5 * (len(pairs) - 1), 7.6))
    grid = figure.add_gridspec(1, len(pairs), wspace=0.25, **margins(figure, right=2.6, below=1.1))
    for at, (across, up) in enumerate(pairs):
        _panel(figure.add_subplot(grid[0, at]), study, across, up, is_last=at == len(pairs) - 1)
    note(figure, "Up and to the right is better. On the front, more of one goal costs some of "
         "another; every other trial that keeps the limits is beaten by one of it. Each of its "
         "points is the best of many, as lucky as one. What lies far off is outside.")  # fmt: skip
    return figure


def _panel(panel: Axes, study: Study, across: Goal, up: Goal, *, is_last: bool) -> None:
    dress(panel, f"{across.name} and {up.name}", f"{up.name}, {up.unit}")
    panel.set_xlabel(f"{across.name}, {across.unit}", fontsize=9)
    known = np.isfinite(across.scores) & np.isfinite(up.scores)
    handles, told = [], []
    looks = (
        (known & ~study.is_allowed, "breaks a limit", BROKEN, 3.0),
        (known & study.is_allowed, "keeps limits", TRIED, 3.5),
    )
    for at, label, colour, size in looks:
        if at.any():
            dots = panel.plot(across.scores[at], up.scores[at], marker="o", markersize=size,
                              linestyle="none", color=colour, alpha=0.6)  # fmt: skip
            handles.append(dots[0])
            told.append(f"{label}: {at.sum():,}")
    front = np.array(study.front, dtype=int)
    if len(front):
        order = front[np.argsort(across.scores[front], kind="stable")]
        dashes = "-" if len(study.goals) == 2 else "none"
        handles.append(panel.plot(across.scores[order], up.scores[order], marker="D",
                                  markersize=5, color=CHOSEN, linewidth=1.0,
                                  linestyle=dashes)[0])  # fmt: skip
        told.append(f"front: {len(front):,}")
    if study.chosen is not None:
        handles.append(panel.plot(across.scores[[study.chosen]], up.scores[[study.chosen]],
                                  **STAR)[0])  # fmt: skip
        told.append("chosen")
    for limits, values in ((panel.set_xlim, across.scores), (panel.set_ylim, up.scores)):
        low, high = score_range(values[known]) if known.any() else (0.0, 1.0)
        limits(low - 0.06 * (high - low), high + 0.06 * (high - low))
    if is_last:
        legend(panel, handles, told)
