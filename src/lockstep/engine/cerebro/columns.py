"""One asset's bars as fast scalar columns, and its queued entry."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np

from lockstep.core.plan import AssetPlan
from lockstep.engine.cerebro.feed import line_of


@dataclass(slots=True)
class Ticket:
    """A sized entry, queued for its asset's next bar."""

    side: int
    lots: float
    bar: int
    label: int
    strength: float
    stop_distance: float
    target_distance: float
    max_bars: int
    trail_trigger: float
    trail_distance: float
    be_trigger: float
    be_offset: float
    weight: float
    links: int
    risk_asked: float
    factors: tuple[float, ...]


class Columns:
    """The bars of one asset as fast scalar columns."""

    def __init__(self, plan: AssetPlan) -> None:
        for name in ("bid_open", "bid_high", "bid_low", "bid_close", "spread", "volume"):
            setattr(self, name, line_of(getattr(plan, name)))
        self.rate_open = line_of(plan.rate_open)
        self.rate_close = line_of(plan.rate_close)
        self.nights = array("i", np.ascontiguousarray(plan.nights, dtype=np.int32).tobytes())
        self.time = array("q", np.ascontiguousarray(plan.time, dtype=np.int64).tobytes())

    def feed(self, plan: AssetPlan) -> dict[str, array[float]]:
        """Return the columns a data feed shows: as quoted for a hand-written strategy."""
        names = ("open", "high", "low", "close")
        if plan.quoted is not None:
            shown = [line_of(values) for values in plan.quoted]
        else:
            shown = [getattr(self, f"bid_{name}") for name in names]
        return {**dict(zip(names, shown)), "volume": self.volume}

    bid_open: array[float]
    bid_high: array[float]
    bid_low: array[float]
    bid_close: array[float]
    spread: array[float]
    volume: array[float]
