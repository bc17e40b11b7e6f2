"""Slot: one asset in the lockstep loop: its feed, its strategy, and what it wants."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from lockstep.core import codes
from lockstep.core.errors import failure_of
from lockstep.core.plan import AssetPlan
from lockstep.core.signals import EXIT_LONG, EXIT_SHORT
from lockstep.engine.cerebro.broker import LeveragedBroker
from lockstep.engine.cerebro.columns import Ticket
from lockstep.engine.cerebro.strategy import Intent, SignalStrategy

NAN = float("nan")
_NEVER = -1


def is_quiet(strategy: Any) -> bool:
    """Return True if nothing would see the strategy walk bar by bar.

    A strategy of signals without analyzers, observers, indicators, writers or timers does nothing
    at a bar; its feed is moved only when there is an order to show.
    """
    cerebro = strategy.env
    return type(strategy) is SignalStrategy and not (
        len(strategy.analyzers)
        or any(strategy._lineiterators.values())
        or cerebro.runwriters
        or cerebro._timers
    )


class Slot:
    """One asset's moving parts, bound once so that a step costs little."""

    __slots__ = (
        "advance",
        "broker",
        "exit_mask",
        "is_custom",
        "is_quiet",
        "label_of",
        "next_bar",
        "oncepost",
        "row",
        "rows",
        "symbol",
        "times",
        "write",
    )

    def __init__(self, broker: LeveragedBroker, strategy: Any, plan: AssetPlan) -> None:
        self.broker = broker
        self.symbol = plan.symbol
        self.is_custom = plan.custom is not None
        self.is_quiet = is_quiet(strategy)
        broker.is_heard = not self.is_quiet
        cerebro = strategy.env
        self.write = partial(cerebro._next_writers, [strategy]) if cerebro.runwriters else None
        self.advance = strategy.data.advance
        self.oncepost = strategy._oncepost
        self.times = strategy.data.lines.datetime.array
        self.label_of = broker.bars.time
        self.rows = list(zip(*(column.tolist() for column in plan.entries)))
        self.row = 0
        self.next_bar = self.rows[0][0] if self.rows else _NEVER
        self.exit_mask = plan.exit.tobytes()

    def next(self) -> None:
        """Tell the strategy what became of its orders and let it see the bar that has closed."""
        broker = self.broker
        try:
            if broker.notifs:
                broker.deliver()
            self.oncepost(self.times[broker.at])
            broker.check_brackets()
        except Exception as error:
            raise failure_of(self.symbol, error) from error
        if self.write is not None:
            self.write()

    def finish(self) -> None:
        """Stand on the last bar; give the columns of a quiet asset back, nothing reads them."""
        self.broker.data.stand_at(self.broker.last_bar)
        if self.is_quiet:
            self.broker.release()
            self.rows = []

    def wanted(self) -> tuple[LeveragedBroker, Ticket, Intent | None] | None:
        """Queue the exit the strategy asks for; return the entry it asks for, if any."""
        broker = self.broker
        if self.is_custom:
            intent, broker.intent = broker.intent, None
            return None if intent is None else (broker, self._ticket_of(intent), intent)
        i = broker.at
        if broker.side and self.exit_mask:
            bit = EXIT_LONG if broker.side > 0 else EXIT_SHORT
            if self.exit_mask[i] & bit:
                broker.queue_exit(codes.SIGNAL_EXIT)
        if i != self.next_bar:
            return None
        row = self.rows[self.row]
        self.row += 1
        self.next_bar = self.rows[self.row][0] if self.row < len(self.rows) else _NEVER
        if broker.side or broker.ticket is not None:
            broker.account.in_position[broker.index] += 1
            return None
        _, side, stop, target, strength, max_bars, *levels = row
        return broker, self._ticket(side, stop, target, strength, max_bars, *levels), None

    def _ticket_of(self, intent: Intent) -> Ticket:
        strength = intent.strength
        strength = 0.0 if math.isnan(strength) else min(max(strength, 0.0), 1.0)
        return self._ticket(
            intent.side, intent.stop_distance, intent.target_distance, strength, intent.max_bars
        )

    def _ticket(
        self,
        side: int,
        stop: float,
        target: float,
        strength: float,
        max_bars: int,
        trail_trigger: float = NAN,
        trail_distance: float = NAN,
        be_trigger: float = NAN,
        be_offset: float = NAN,
    ) -> Ticket:
        i = self.broker.at
        return Ticket(
            side=side,
            lots=0.0,
            bar=i,
            label=self.label_of[i],
            strength=strength,
            stop_distance=stop,
            target_distance=target,
            max_bars=max_bars,
            trail_trigger=trail_trigger,
            trail_distance=trail_distance,
            be_trigger=be_trigger,
            be_offset=be_offset,
            weight=0.0,
            links=0,
            risk_asked=0.0,
            factors=(),
        )
