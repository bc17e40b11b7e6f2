"""What every figure needs: bytes that do not change, thin lines from long series, safe colours."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import numpy as np

from lockstep.core.bars import Array, Ints

if TYPE_CHECKING:
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
