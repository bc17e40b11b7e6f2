"""Shares of many assets on top of each other, told apart by colour and hatching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from lockstep.core.bars import Array
from lockstep.report.canvas import ONE_COLUMN, legend, short
from lockstep.report.looks import Look
from lockstep.report.wording import percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Most assets with an area of their own; the rest are put together.
_NAMED = 30
_RESERVE, _OTHERS = "#E6E6E6", "#9E9E9E"
_EDGE: dict[str, Any] = {"edgecolor": "white", "linewidth": 0.6}


@dataclass(frozen=True, slots=True)
class Layer:
    """One area.

    Parameters
    ----------
    name : str
        As its key shows it.
    shares : ndarray, shape (n,)
        Fractions.
    look : dict
        Colour and hatching.
    """

    name: str
    shares: Array
    look: dict[str, Any]


def layers_of(
    symbols: Sequence[str], weights: Array, *, reserve: Array, looks: Mapping[str, Look]
) -> list[Layer]:
    """Return the areas from the bottom up, so that their key reads from reserve and others to Z.

    Parameters
    ----------
    symbols : sequence of str
        The columns; of many, those of the largest mean get an area each.
    weights : ndarray, shape (n, n_assets)
        Fractions.
    reserve : ndarray, shape (n,)
        What no asset has; no area if it is nowhere above zero.
    looks : mapping of str to Look
        Of the run's assets.
    """
    order = sorted(range(len(symbols)), key=lambda at: (-float(weights[:, at].mean()), symbols[at]))
    named, rest = order[:_NAMED], order[_NAMED:]
    layers = [
        Layer(short(symbols[at]), weights[:, at], looks[symbols[at]].area)
        for at in sorted(named, key=lambda at: symbols[at], reverse=True)
    ]
    if rest:
        together = weights[:, rest].sum(axis=1)
        layers.append(Layer(f"{len(rest)} others", together, {"facecolor": _OTHERS}))
    if np.any(reserve > 1e-9):
        layers.append(Layer("reserve", np.maximum(reserve, 0.0), {"facecolor": _RESERVE}))
    return layers


def stack(
    axes: Axes,
    x: Array,
    layers: list[Layer],
    *,
    ends: tuple[str, str] = ("first", "last"),
    step: Literal["post"] | None = None,
) -> None:
    """Draw areas in % over x, with their key to the right.

    Parameters
    ----------
    axes : Axes
        Already dressed.
    x : ndarray, shape (n,)
        Where each share holds; with `step` one more, the end of the last.
    layers : list of Layer
        From the bottom up.
    ends : (str, str)
        What the left end is, and the right one.
    step : {'post'} or None
        ``post``: each share holds until the next x.
    """
    base = np.zeros(len(layers[0].shares))
    for layer in layers:
        above = base + 100.0 * layer.shares
        low, high = (np.append(v, v[-1]) if step else v for v in (base, above))
        axes.fill_between(x, low, high, step=step, **layer.look, **_EDGE)
        base = above
    axes.grid(visible=False)
    axes.set_ylim(0.0, max(100.0, float(base.max())))
    _key(axes, layers, ends)


def _key(axes: Axes, layers: list[Layer], ends: tuple[str, str]) -> None:
    """Name the areas from the top down, with their share at the ends, or the right one alone."""
    from matplotlib.patches import Patch

    handles = [Patch(**layer.look, **_EDGE) for layer in reversed(layers)]
    wide = max(len(layer.name) for layer in layers)
    has_room = len(layers) <= ONE_COLUMN
    labels = [
        f"{layer.name:<{wide}}"
        + (f"{percent(layer.shares[0]):>8}" if has_room else "")
        + f"{percent(layer.shares[-1]):>8}"
        for layer in reversed(layers)
    ]
    legend(axes, handles, labels, title=" and ".join(ends if has_room else ends[1:]))
