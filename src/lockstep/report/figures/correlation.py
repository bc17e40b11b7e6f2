"""correlation.png: which assets made and lost money on the same days, alike ones side by side."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from lockstep.core.bars import Array, Ints
from lockstep.core.registry import figures
from lockstep.report.canvas import DIVERGING, blank, instead, margins, named_ticks, note, short
from lockstep.report.reading import Reading
from lockstep.report.wording import ratio

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Most assets whose cells have room for numbers.
MOST_NUMBERED = 15
_TREE, _BAR = 0.9, 0.25
_NONE = "#D9D9D9"
#: Share of the variance of a normal sum that is gone in its lowest tenth: with z the tenth's upper
#: end and m = density(z) / 0.1, it is m (m + z).
_GONE = 0.8309


@figures("correlation")
@dataclass(frozen=True, slots=True)
class Correlation:
    """A square of cells under the tree that put the assets into their order."""

    order: ClassVar[int] = 65
    title: ClassVar[str] = "Correlation of the assets"

    def draw(self, reading: Reading) -> Figure | None:
        """Return the figure, ready to be saved."""
        nested = reading.value("diversification", "correlation") or {}
        symbols = sorted(nested)
        if len(symbols) < 2:
            return None
        matrix = _matrix(nested, symbols)
        side = _side(len(symbols))
        worst = reading.value("diversification", "worst_days", "correlation")
        names = 0.3 + 0.082 * max(len(short(symbol)) for symbol in symbols)
        size = (side + names + 2.2, side + names + _TREE + 1.95)
        figure = blank(reading, "Correlation of daily returns, solo runs", size)
        if not np.isfinite(matrix).any():
            return instead(figure, "No two solo runs\nhave days in common on which both move.")
        order, tree = _clustered(matrix)
        ordered = [symbols[at] for at in order]
        shown = matrix[np.ix_(order, order)]
        if worst is not None:
            shown = np.where(np.tri(len(order), dtype=bool), shown, _matrix(worst, ordered))
        grid = figure.add_gridspec(
            2, 2, height_ratios=(_TREE, side), width_ratios=(side, _BAR), hspace=0.02, wspace=0.05,
            **margins(figure, left=max(names, 1.05), right=0.95, top=1.2, below=names + 0.6),
        )  # fmt: skip
        axes = figure.add_subplot(grid[1, 0])
        image = _cells(axes, shown, ordered)
        branches = figure.add_subplot(grid[0, 0], sharex=axes)
        _branches(branches, tree)
        branches.set_title(_heading(reading), loc="left", fontsize=10, fontweight="bold", pad=4)
        _scale(figure.add_subplot(grid[1, 1]), figure, image)
        note(figure, _said(reading, shown))
        return figure


def _side(count: int) -> float:
    """Return inches of the square: roomy cells for few assets, cells that fit a name for many."""
    return min(max(min(6.6, 4.8 + 0.2 * count), 0.25 * count), 24.0)


def _matrix(nested: Mapping[str, Mapping[str, float | None]], symbols: Sequence[str]) -> Array:
    """Return nested correlations as a matrix; NaN where there is none."""
    found = [[nested.get(a, {}).get(b) for b in symbols] for a in symbols]
    return np.array([[np.nan if r is None else r for r in row] for row in found], dtype=np.float64)


def _heading(reading: Reading) -> str:
    days = reading.value("diversification", "worst_days", "days")
    if days is None:
        return "On all days"
    return f"Below the diagonal: all days; above: the account's {days} worst"


def _said(reading: Reading, shown: Array) -> str:
    whole = reading.value("diversification", "mean_correlation")
    worst = reading.value("diversification", "worst_days", "mean_correlation")
    said = "" if whole is None else f"Mean over pairs {ratio(whole)}"
    days = reading.value("diversification", "worst_days", "days")
    if worst is not None:
        said += f", on the worst tenth of the account's days {ratio(worst)}"
    if days is not None:
        said += (
            f". To choose days by the account's loss takes {len(shown)} unrelated assets of equal "
            f"risk to {ratio(_by_choice(len(shown)))} by itself, and on {days} days chance takes a "
            f"pair up to {_chance(days)} off"
        )
    said += (
        f"{'. ' if said else ''}Order: average linkage of the distances sqrt(2 (1 - r)) on all "
        "days; the lower two branches meet, the more alike."
    )
    missing = bool(np.isnan(shown).any())
    return said + (" Grey: undefined; taken as 0 for the order." if missing else "")


def _chance(days: int) -> str:
    """Return what 95% of unrelated pairs stay within on so many days, in large samples."""
    return ratio(min(1.96 / math.sqrt(days), 1.0))


def _by_choice(assets: int) -> float:
    """Return how unrelated normal assets of equal risk correlate where their sum is lowest.

    A sum of n variances of 1 keeps n (1 - s) of its n in the lowest tenth. What is gone, n s, is
    gone from every variance and covariance alike: s / n from each.
    """
    return -_GONE / (assets - _GONE)


def _clustered(matrix: Array) -> tuple[Ints, Any]:
    """Return the order of the leaves, and the tree as scipy draws it.

    References
    ----------
    Mantegna (1999), "Hierarchical structure in financial markets", for the distance; Bar-Joseph,
    Gifford, Jaakkola (2001), "Fast optimal leaf ordering for hierarchical clustering".
    """
    from scipy.cluster.hierarchy import dendrogram, linkage
    from scipy.spatial.distance import squareform

    known = np.where(np.isfinite(matrix), matrix, 0.0)
    # Neighbours that differ by rounding alone must come in the same order everywhere.
    distance = np.sqrt(2.0 * np.maximum(1.0 - np.round(known, 9), 0.0))
    np.fill_diagonal(distance, 0.0)
    links = linkage(squareform(distance, checks=False), method="average", optimal_ordering=True)
    tree = dendrogram(links, no_plot=True)
    return np.array(tree["leaves"], dtype=np.int64), tree


def _cells(axes: Axes, matrix: Array, symbols: Sequence[str]) -> Any:
    from matplotlib.colors import ListedColormap

    count = len(symbols)
    edges = np.arange(count + 1) - 0.5
    itself = np.eye(count, dtype=bool)
    others = np.where(itself, np.nan, matrix)
    undefined = np.ma.masked_array(np.zeros_like(matrix), np.isfinite(matrix) | itself)
    axes.pcolormesh(edges, edges, undefined, cmap=ListedColormap([_NONE]))
    image = axes.pcolormesh(edges, edges, np.ma.masked_invalid(others), cmap=f"{DIVERGING}_r",
                            vmin=-1.0, vmax=1.0, edgecolors="white",
                            linewidth=0.8 if count <= 40 else 0.3)  # fmt: skip
    size = 8.5 if count <= 30 else 7.0
    named_ticks(axes.xaxis, symbols, size=size)
    named_ticks(axes.yaxis, symbols, size=size)
    axes.tick_params(length=0)
    for label in axes.get_xticklabels():
        label.set_rotation(90)
    axes.set_ylim(count - 0.5, -0.5)
    if count <= MOST_NUMBERED:
        _numbers(axes, matrix)
    return image


def _numbers(axes: Axes, matrix: Array) -> None:
    for row, values in enumerate(matrix):
        for column, value in enumerate(values):
            if row == column:
                continue
            said = "n/a" if np.isnan(value) else ratio(float(value))
            colour = "white" if abs(value) > 0.7 else "black"
            axes.text(column, row, said, ha="center", va="center", fontsize=8, color=colour)


def _branches(axes: Axes, tree: Any) -> None:
    """Draw the tree above the cells: scipy's leaves stand at 5, 15, 25, ..."""
    for across, up in zip(tree["icoord"], tree["dcoord"]):
        axes.plot((np.array(across) - 5.0) / 10.0, up, color="#555555", linewidth=1.0)
    merged = [up[1] for up in tree["dcoord"]]
    room = 0.15 * (max(merged) - min(merged)) or 0.1
    axes.set_ylim(max(min(merged) - 2.0 * room, 0.0), max(merged) + room)
    axes.axis("off")


def _scale(axes: Axes, figure: Figure, image: Any) -> None:
    bar = figure.colorbar(image, cax=axes)
    bar.set_label("correlation, no unit: red moves together, blue against", fontsize=8.5)
    bar.set_ticks([-1.0, -0.5, 0.0, 0.5, 1.0], labels=["-1", "-0.5", "0", "0.5", "1"])
    bar.ax.tick_params(labelsize=8.5)
    bar.outline.set_visible(False)
