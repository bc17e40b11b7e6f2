"""Signals: what a strategy says at the close of each bar; the account decides the rest."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array

#: Bits of `Signals.exit`.
EXIT_LONG = 1
EXIT_SHORT = 2


@dataclass(frozen=True, slots=True)
class Signals:
    """What a strategy wants at the close of each bar. All arrays have shape (n_bars,).

    Parameters
    ----------
    side : ndarray of int8
        Entry wanted: 1 long, -1 short, 0 none.
    stop_distance : ndarray of float64
        Distance of the protective stop from the fill, price units, > 0; NaN refuses the entry
        (``no_stop``).
    exit : ndarray of int8 or None
        Leave at the next open: bit 1 closes a long, bit 2 a short. None: never.
    target_distance, trail_trigger, trail_distance, be_trigger, be_offset : ndarray or None
        Price units from the fill (``trail_distance``: from the best price); NaN or None is off.
    strength : ndarray or None
        Rank among entries of the same moment, in [0, 1]; None is 1, NaN is 0.
    max_bars : ndarray of int32 or None
        Bars until the time exit, the entry bar counted as 1; 0 or None is off.
    """

    side: npt.NDArray[np.int8]
    stop_distance: Array
    exit: npt.NDArray[np.int8] | None = None
    target_distance: Array | None = None
    trail_trigger: Array | None = None
    trail_distance: Array | None = None
    be_trigger: Array | None = None
    be_offset: Array | None = None
    strength: Array | None = None
    max_bars: npt.NDArray[np.int32] | None = None

    def __post_init__(self) -> None:
        """Check that every array has one value per bar."""
        for item in fields(self):
            values = getattr(self, item.name)
            if values is not None and values.shape != self.side.shape:
                raise ValueError(
                    f"Signals.{item.name} has shape {values.shape}; expected one value per bar, "
                    f"{self.side.shape}."
                )

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.side)
