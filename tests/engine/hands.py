"""Hand-written strategies for tests: what they do at which bar is a script."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import backtrader as bt
import numpy as np

from lockstep.core.instrument import Instrument
from lockstep.core.plan import AssetPlan, CustomStrategy
from lockstep.engine.cerebro.strategy import LockstepStrategy
from tests.engine.single import Row
from tests.kit import asset, make_bars, unit


class Scripted(LockstepStrategy):
    """Calls ``script[bar](self)`` at the close of each bar and keeps what it is told."""

    params = (("script", None), ("log", None))

    def next(self) -> None:
        act = self.p.script.get(len(self) - 1)
        if act is not None:
            act(self)

    def notify_order(self, order: Any) -> None:
        kind = "Exit" if order.transmit else "Entry"
        if order.parent is not None:
            kind = order.getordername()
        self.p.log.append((len(self) - 1, kind, order.getstatusname()))

    def notify_trade(self, trade: Any) -> None:
        self.p.log.append((len(self) - 1, "Trade", "Closed" if trade.isclosed else "Open"))


class Orders(LockstepStrategy):
    """Keeps the copies of orders and trades it is given."""

    params = (("script", None), ("orders", None), ("trades", None))

    def next(self) -> None:
        act = self.p.script.get(len(self) - 1)
        if act is not None:
            act(self)

    def notify_order(self, order: Any) -> None:
        self.p.orders.append(order)

    def notify_trade(self, trade: Any) -> None:
        self.p.trades.append(trade)


class BreaksInInit(LockstepStrategy):
    def __init__(self) -> None:
        raise KeyError("colour")


class BreaksInIndicator(LockstepStrategy):
    def __init__(self) -> None:
        bt.indicators.SimpleMovingAverage(self.data.close, period=0)


class BreaksInStop(LockstepStrategy):
    def stop(self) -> None:
        raise RuntimeError("at the end")


class EntersTooEarly(LockstepStrategy):
    def start(self) -> None:
        self.enter(1, 0.01)


class Skips(LockstepStrategy):
    def __init__(self) -> None:
        raise bt.errors.StrategySkipError


class NeedsNext(LockstepStrategy):
    def __init__(self) -> None:
        bt.indicators.HeikinAshi(self.data)


class HasTimer(LockstepStrategy):
    def __init__(self) -> None:
        self.add_timer(when=bt.timer.SESSION_START)


class BadlyNamed(LockstepStrategy):
    params = (("strategy", 0),)


class NotOurs(bt.Strategy):
    """Derives from backtrader's own Strategy."""


def by_hand(
    rows: Sequence[Row],
    name: str = "Scripted",
    *,
    instrument: Instrument | None = None,
    labels: Sequence[int] | None = None,
    rate: float | np.ndarray = 1.0,
    **parameters: Any,
) -> AssetPlan:
    """Return an asset traded by a class of this module."""
    instrument = instrument or unit()
    bars = make_bars(instrument.symbol, rows, labels=labels)
    return dataclasses.replace(
        asset(instrument, bars, rate=rate),
        custom=CustomStrategy(f"tests.engine.hands:{name}", parameters),
        quoted=(bars.open, bars.high, bars.low, bars.close),
    )


def scripted(
    rows: Sequence[Row],
    script: Mapping[int, Callable[[Any], Any]],
    log: list[tuple[int, str, str]] | None = None,
    **options: Any,
) -> AssetPlan:
    """Return an asset traded by a script of {bar: callable(strategy)}."""
    return by_hand(rows, script=dict(script), log=[] if log is None else log, **options)
