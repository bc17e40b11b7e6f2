"""The figures of one search, in the order in which they are read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lockstep.report.canvas import png_of
from lockstep.report.studies.contour import contour
from lockstep.report.studies.history import history
from lockstep.report.studies.importance import importances
from lockstep.report.studies.parallel import parallel
from lockstep.report.studies.pareto import pareto
from lockstep.report.studies.slices import slices
from lockstep.report.studies.study import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: Name of the file -> what draws it.
PICTURES: dict[str, Callable[[Study], Figure | None]] = {
    "history": history,
    "importance": importances,
    "slices": slices,
    "contour": contour,
    "parallel": parallel,
    "pareto": pareto,
}


def pictures(study: Study) -> dict[str, bytes]:
    """Return the figures of a search as PNG, by name; the same study makes the same bytes."""
    from matplotlib import style

    found = {}
    with style.context("default"):
        for name, draw in PICTURES.items():
            figure = draw(study)
            if figure is not None:
                found[name] = png_of(figure)
    return found
