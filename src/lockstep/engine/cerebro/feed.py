"""ArrayFeed: whole columns become backtrader lines at once, instead of cell by cell."""

from __future__ import annotations

from array import array
from typing import Any

import backtrader as bt
import numpy as np

#: backtrader counts days since 0001-01-01 as 1; 1970-01-01 is day 719163.
_EPOCH_DAY = 719_163.0
_DAY_NS = 86_400e9


def line_of(values: Any) -> array[float]:
    """Return a float column as the array type backtrader's lines are made of."""
    line = array("d")
    line.frombytes(np.ascontiguousarray(values, dtype=np.float64).tobytes())
    return line


class ArrayFeed(bt.feed.DataBase):
    """A data feed whose lines are given ready-made.

    Parameters
    ----------
    columns : dict of str to array('d')
        ``open high low close volume``.
    time : ndarray of int64
        Labels, ns UTC.
    """

    params = (("columns", None), ("time", None))

    def preload(self) -> None:
        """Hand the columns to the lines and stand before the first bar, exhausted for reading."""
        count = len(self.p.time)
        columns = {
            "datetime": line_of(_EPOCH_DAY + self.p.time / _DAY_NS),
            "openinterest": array("d", [0.0]) * count,
            **self.p.columns,
        }
        for name, values in columns.items():
            line = getattr(self.lines, name)
            line.array = values
            line.lencount = count
            line.idx = count - 1
        self.home()

    def advance(self, size: int = 1, datamaster: Any = None, ticks: bool = True) -> None:
        """Move to the next bar; there are no ticks to fill, the account has its own columns."""
        self.lines.advance(size)

    def stand_at(self, bar: int) -> None:
        """Stand on a bar at once, as if advanced to it one by one."""
        for line in self.lines:
            line.idx = bar
            line.lencount = bar + 1

    def _load(self) -> bool:
        return False
