"""history.png: every trial in the order it was made, the best so far, and where the middle is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.report.canvas import GREY, WARNING, dress, legend, margins, note
from lockstep.report.studies.frame import (
    BROKEN,
    STAR,
    TRIED,
    opened,
    score_range,
    unit,
    without,
)
from lockstep.report.studies.study import Study, quartiles

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUBJECT = "every trial, and the best so far"


def history(study: Study) -> Figure:
    """Return scores by number of the trial; what failed or broke a limit is marked as such."""
    if not len(study.scored):
        return without(study, SUBJECT)
    figure = opened(study, SUBJECT)
    axes = figure.add_subplot(figure.add_gridspec(1, 1, **margins(figure, right=3.2, below=1.0))[0])
    dress(axes, "Score of each trial", unit(study))
    _draw(axes, study)
    axes.set_xlabel("trial", fontsize=9)
    note(figure, "The more trials, the higher the best of them, with or without skill: the middle "
         "half of all trials says more of the strategy than its best one.")  # fmt: skip
    return figure


def _draw(axes: Axes, study: Study) -> None:
    scores, number = study.goals[0].scores, np.array([trial.number for trial in study.trials])
    known = np.isfinite(scores)
    kept, broken = known & study.is_allowed, known & ~study.is_allowed
    bottom, top = score_range(scores[known])
    room = 0.06 * (top - bottom)
    handles: list[Any] = []
    told: list[str] = []

    def drawn(x: Any, y: Any, label: str, **look: Any) -> None:
        handles.append(axes.plot(x, y, **look)[0])
        told.append(label)

    dot: dict[str, Any] = {"marker": "o", "markersize": 3.5, "linestyle": "none"}
    if kept.any():
        drawn(number[kept], np.maximum(scores[kept], bottom - room),
              f"keeps limits: {kept.sum():,}", color=TRIED, alpha=0.75, **dot)  # fmt: skip
        best = np.maximum.accumulate(np.where(kept, scores, -np.inf))
        begun = np.flatnonzero(kept)[0]
        drawn(number[begun:], best[begun:], "best so far", color="black", linewidth=1.4,
              drawstyle="steps-post")  # fmt: skip
    if broken.any():
        drawn(number[broken], np.maximum(scores[broken], bottom - room),
              f"breaks a limit: {broken.sum():,}", color=BROKEN, **dot)  # fmt: skip
    if not known.all():
        drawn(number[~known], np.full((~known).sum(), bottom - room),
              f"without score: {(~known).sum():,}", color=WARNING, marker="x", markersize=5,
              linestyle="none")  # fmt: skip
    middle = quartiles(scores[study.scored])
    if middle is not None:
        handles.append(axes.axhspan(middle[0], middle[2], color=GREY, alpha=0.18, linewidth=0.0))
        told.append(f"middle half of all\n{middle[0]:.3g} to {middle[2]:.3g}")
        handles.append(axes.axhline(middle[1], color=GREY, linewidth=1.1, linestyle="--"))
        told.append(f"median {middle[1]:.3g}")
    if study.chosen is not None:
        drawn(number[[study.chosen]], scores[[study.chosen]],
              f"chosen: {scores[study.chosen]:.3g}", **STAR)  # fmt: skip
    axes.set_ylim(bottom - 2.0 * room, top + 2.0 * room)
    legend(axes, handles, told)
