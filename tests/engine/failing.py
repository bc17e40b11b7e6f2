"""Hand-written strategies that break, each in its own way."""

from __future__ import annotations

import backtrader as bt

from lockstep.engine.cerebro.strategy import LockstepStrategy


class BreaksLate(LockstepStrategy):
    """Trade once, then divide by zero on its hundredth bar."""

    params = (("bar", 100),)

    def next(self) -> None:
        if len(self) == 5:
            self.enter(1, self.data.close[0] * 0.01)
        if len(self) == self.p.bar:
            self.p.bar // 0


class BreaksAtOnce(LockstepStrategy):
    """Refuse to be made."""

    def __init__(self) -> None:
        raise RuntimeError("no licence")


class NotOurs(bt.Strategy):
    """A backtrader strategy that does not derive from LockstepStrategy."""
