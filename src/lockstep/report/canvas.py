"""What every figure needs: bytes that do not change, thin lines from long series, safe colours."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from lockstep.core.bars import Array, Ints

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DPI = 150
#: Told apart by readers with any colour vision, on white, beside black.
COLOURS = (
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # green
    "#CC79A7",  # pink
    "#56B4E9",  # sky
    "#E69F00",  # orange
    "#882255",  # wine
    "#999933",  # olive
)
#: Assets that fit one column of the legend.
ONE_COLUMN = 16
#: Units of money on an axis that ten of them fit, and what the axis is then called.
_UNITS = ((1e12, ", trillion"), (1e9, ", billion"), (1e6, ", million"))
STYLES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))


def look_of(index: int) -> tuple[str, object]:
    """Return colour and line style of the n-th asset: 32 combinations, then they repeat."""
    return COLOURS[index % len(COLOURS)], STYLES[index // len(COLOURS) % len(STYLES)]


def thinned(values: Array, buckets: int) -> Ints:
    """Return the positions that draw a long series as it is: each bucket's extremes and its ends.

    Parameters
    ----------
    values : ndarray, shape (n,)
        Finite.
    buckets : int
        About the number of pixels across.

    Returns
    -------
    ndarray of int64, shape (m,), m <= 4 * buckets
        Ascending and without repetition; every position where n is small.
    """
    n = len(values)
    if n <= 4 * buckets:
        return np.arange(n, dtype=np.int64)
    edges = np.linspace(0, n, buckets + 1).astype(np.int64)
    starts, ends = edges[:-1], edges[1:]
    order = np.lexsort((values, np.repeat(np.arange(buckets), ends - starts)))
    return np.unique(np.concatenate([starts, ends - 1, order[starts], order[ends - 1]]))


def plain_latin(text: str) -> str:
    """Return text with a ? for each character that the built-in font may lack."""
    return text.encode("latin-1", "replace").decode("latin-1")


def png_of(figure: Figure) -> bytes:
    """Return a figure as PNG without anything that changes from one drawing to the next."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


def dress(axes: Axes, title: str, unit: str) -> None:
    """Give axes their title, the unit of their values, and a light grid."""
    axes.set_title(title, loc="left", fontsize=10, fontweight="bold", pad=5)
    axes.set_ylabel(unit, fontsize=9)
    axes.tick_params(labelsize=8.5)
    axes.grid(True, color="#E3E3E3", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.margins(x=0.005)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def money_ticks(axes: Axes) -> None:
    """Label values as money: whole units, cents where the axis spans few, millions where many."""
    from matplotlib.ticker import FuncFormatter

    low, high = axes.get_ylim()
    if high - low < 1.0:
        middle = (low + high) / 2
        axes.set_ylim(middle - 1.0, middle + 1.0)
    unit, name = next((u for u in _UNITS if max(abs(low), abs(high)) >= 10.0 * u[0]), (1.0, ""))
    decimals = 0 if high - low >= 20.0 * unit else 2
    axes.set_ylabel(f"{axes.get_ylabel()}{name}")
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: f"{round(value / unit, decimals) + 0.0:,.{decimals}f}")
    )


def legend(axes: Axes, handles: list[Any], labels: list[str], title: str = "") -> None:
    """Explain what is drawn, to the right of the axes."""
    columns = 1 if len(handles) <= ONE_COLUMN else 2
    drawn = axes.legend(
        handles, labels, title=title or None, loc="upper left", bbox_to_anchor=(1.005, 1.03),
        borderaxespad=0.0, frameon=False, ncols=columns, handlelength=2.2, columnspacing=0.8,
        labelspacing=0.35, handletextpad=0.5,
        prop={"family": "monospace", "size": 7.5 if columns == 1 else 6.2},
        title_fontproperties={"size": 8},
    )  # fmt: skip
    drawn.set_alignment("left")
    for text in drawn.get_texts():
        text.set_parse_math(False)
