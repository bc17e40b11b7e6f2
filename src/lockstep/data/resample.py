"""Longer bars from shorter ones, exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lockstep.core.bars import Bars
from lockstep.core.errors import DataError


def resample(bars: Bars, timeframe: int) -> Bars:
    """Return bars of a longer timeframe, labelled by multiples of it since 1970 UTC.

    A bar covers what there is of its span; spans without any bar are left out.

    Parameters
    ----------
    bars : Bars
        At least one bar.
    timeframe : int
        Length of the new bars in ns, a multiple of the old.

    Raises
    ------
    DataError
        If it is no multiple.
    """
    if timeframe == bars.timeframe:
        return bars
    if timeframe < bars.timeframe or timeframe % bars.timeframe:
        raise DataError(
            f"{bars.symbol} has bars of {bars.timeframe / 60e9:g} minutes; bars of "
            f"{timeframe / 60e9:g} minutes cannot be made of them."
        )
    label = bars.time - bars.time % timeframe
    first = np.flatnonzero(np.diff(label, prepend=label[0] - 1))
    last = np.append(first[1:], len(label)) - 1
    return replace(
        bars,
        timeframe=timeframe,
        time=label[first],
        open=bars.open[first],
        high=np.maximum.reduceat(bars.high, first),
        low=np.minimum.reduceat(bars.low, first),
        close=bars.close[last],
        volume=np.add.reduceat(bars.volume, first),
    )
