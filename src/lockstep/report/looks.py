"""Looks: the colour, the line and the hatching of an asset, the same in every figure of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

#: Told apart by readers with any colour vision, on white. The first six are those of Okabe and Ito;
#: eight neighbours, which share a line style, are further apart than all sixteen are.
COLOURS = (
    "#0072B2",  # blue
    "#D55E00",  # vermilion
    "#009E73",  # green
    "#CC79A7",  # pink
    "#56B4E9",  # sky
    "#E69F00",  # orange
    "#A53C87",  # purple
    "#2D0F96",  # navy
    "#693CB4",  # indigo
    "#781E69",  # plum
    "#A569F0",  # lavender
    "#87C378",  # lime
    "#3C00F0",  # ultramarine
    "#690000",  # maroon
    "#B41E00",  # red
    "#784B4B",  # brown
)
#: Each is shared by eight neighbours: of lines, and of areas.
_DASHES = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (6, 1.5, 1.2, 1.5)))
_HATCHES = ("", "////", "....", "xxxx")
_SHARING = 8


@dataclass(frozen=True, slots=True)
class Look:
    """How one thing of many is told from the others.

    Parameters
    ----------
    colour : str
        As ``#RRGGBB``.
    dashes : object
        matplotlib's line style.
    hatch : str
        matplotlib's hatching of an area.
    """

    colour: str
    dashes: object
    hatch: str

    @property
    def line(self) -> dict[str, Any]:
        """What draws a line."""
        return {"color": self.colour, "linestyle": self.dashes}

    @property
    def area(self) -> dict[str, Any]:
        """What fills an area."""
        return {"facecolor": self.colour, "hatch": self.hatch}


def look_of(place: int) -> Look:
    """Return the look of the n-th thing: 16 colours, 32 looks, then they repeat.

    The first 16 differ in colour; those that share a colour differ in line style and hatching.
    """
    style = place // _SHARING % len(_DASHES)
    return Look(COLOURS[place % len(COLOURS)], _DASHES[style], _HATCHES[style])


def looks_of(symbols: Iterable[str]) -> dict[str, Look]:
    """Return the look of each asset: that of its place among all assets of the run, sorted.

    Parameters
    ----------
    symbols : iterable of str
        All assets of the run, also those that a figure does not show.
    """
    return {symbol: look_of(place) for place, symbol in enumerate(sorted(symbols))}
