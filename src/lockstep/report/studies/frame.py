"""What the figures of a search have in common: their head, their colours, their axes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.report.canvas import INCHES, headed, instead, named_ticks
from lockstep.report.studies.study import Axis, Study
from lockstep.report.wording import counted, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis as Ruler
    from matplotlib.figure import Figure

#: Dark is bad and bright is good, in colour and in grey.
SCORES = "viridis"
CHOSEN = "#D55E00"
TRIED, BROKEN = "#0072B2", "#B0B0B0"
STAR: dict[str, Any] = {
    "marker": "*", "markersize": 15, "color": CHOSEN, "linestyle": "none",
    "markeredgecolor": "white", "zorder": 6,
}  # fmt: skip


def opened(study: Study, subject: str, size: tuple[float, float] = INCHES) -> Figure:
    """Return a figure without axes, headed by its subject and the search."""
    said = (
        f"optimization {study.name}  |  {study.asset} {study.timeframe}, {words(study.strategy)}"
        f"  |  {study.method}, {counted(len(study.trials), 'trial')}, seed {study.seed}"
    )
    return headed(f"{study.asset}: {subject}", said, study.labels, size)


def without(study: Study, subject: str) -> Figure:
    """Return a figure that says that no trial has a score."""
    return instead(opened(study, subject), "No trial has a score: there is nothing to show.")


def unit(study: Study) -> str:
    """Return the first goal with its unit."""
    return f"{study.goals[0].name}, {study.goals[0].unit}"


def score_range(scores: Array) -> tuple[float, float]:
    """Return the limits of a scale of scores; bad ones beyond the whisker do not stretch it."""
    low, high = np.percentile(scores, [25.0, 75.0])
    bottom = max(float(scores.min()), float(low - 3.0 * (high - low)))
    top = float(scores.max())
    return (bottom, top) if top > bottom else (bottom - 0.5, top + 0.5)


def parameter_axis(ruler: Ruler, axis: Axis) -> None:
    """Label an axis with a parameter: its name, and the names of its levels if they are names."""
    ruler.set_label_text(axis.name, fontsize=9)
    ruler.get_label().set_parse_math(False)
    if not axis.is_number:
        named_ticks(ruler, [str(level) for level in axis.levels])


def mark_chosen(axes: Axes, study: Study, across: Axis, up: Array | Axis) -> None:
    """Put a star where the chosen trial is; `up` is a parameter, or the scores."""
    if study.chosen is None:
        return
    at: Ints = np.array([study.chosen])
    x = study.values(across, at)
    y = study.values(up, at) if isinstance(up, Axis) else up[at]
    axes.plot(x, y, **STAR)
