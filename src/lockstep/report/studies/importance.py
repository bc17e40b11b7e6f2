"""importance.png: how much of the spread of scores goes with each parameter alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lockstep.metrics.undefined import Undefined
from lockstep.report.canvas import dress, margins, named_ticks, note
from lockstep.report.studies.frame import TRIED, opened, without
from lockstep.report.studies.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUBJECT = "which parameters matter"
_READ = (
    "Between-group variance of scores over all of it (correlation ratio, corrected for chance) "
    "with values in at most 8 groups. What parameters do together is in none of the bars, and they "
    "need not add up to 100%. It tells of the points that were tried."
)


def importances(study: Study) -> Figure:
    """Return a bar for each parameter, the largest on top."""
    if not len(study.scored):
        return without(study, SUBJECT)
    found = study.importances()
    size = (14.0, 3.0 + 0.35 * len(found))
    figure = opened(study, SUBJECT, size)
    where = margins(figure, left=3.2, right=1.4, below=1.25)
    axes = figure.add_subplot(figure.add_gridspec(1, 1, **where)[0])
    dress(axes, f"Share of the variance of {study.goals[0].name} that goes with it alone", "")
    shares = [0.0 if isinstance(one, Undefined) else 100.0 * one for one in found.values()]
    axes.barh(np.arange(len(found)), shares, color=TRIED, height=0.62)
    for at, (share, one) in enumerate(zip(shares, found.values())):
        told = f" n/a: {one.reason}" if isinstance(one, Undefined) else f" {share:.1f}%"
        axes.text(share, at, told, va="center", fontsize=8.5)
    named_ticks(axes.yaxis, list(found), letters=28)
    axes.set_xlim(0.0, max(100.0 if max(shares) > 60.0 else 1.5 * max(shares), 5.0))
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlabel("%", fontsize=9)
    note(figure, _READ)
    return figure
