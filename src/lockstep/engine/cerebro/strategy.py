"""LockstepStrategy: a hand-written backtrader strategy that lives in the account."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, NoReturn

import backtrader as bt

from lockstep.core.errors import StrategyError

NAN = float("nan")
#: Arguments of backtrader's orders that the account would not keep to.
_WITHOUT_MEANING = ("valid", "oco", "tradeid", "trailamount", "trailpercent", "plimit")


@dataclass(slots=True)
class Intent:
    """What a hand-written strategy asks for at the close of a bar; the account sizes it."""

    side: int
    stop_distance: float
    target_distance: float = NAN
    strength: float = 1.0
    max_bars: int = 0
    orders: tuple[Any, ...] = ()


class LockstepStrategy(bt.Strategy):
    """Base of every hand-written strategy.

    Use `enter`, `leave` and `move_stop`, or backtrader's own market brackets (`buy_bracket`,
    `sell_bracket` with ``exectype=bt.Order.Market`` and no size); the account decides the size,
    checks limits and margin, and keeps stop and target alive from the entry bar on.
    """

    def enter(
        self,
        side: int,
        stop_distance: float,
        target_distance: float | None = None,
        *,
        strength: float = 1.0,
        max_bars: int = 0,
    ) -> None:
        """Ask for a position at the next open.

        Parameters
        ----------
        side : int
            1 long, -1 short.
        stop_distance, target_distance : float
            Price units from the fill; the target is optional.
        strength : float
            Rank among the entries of the same moment, in [0, 1].
        max_bars : int
            Bars until the time exit, the entry bar counted as 1; 0 is never.
        """
        if side not in (1, -1):
            raise StrategyError(f"enter: side is {side!r}; expected 1 (long) or -1 (short).")
        target = NAN if target_distance is None else target_distance
        if not math.isnan(target) and target <= 0:
            raise StrategyError(
                f"enter: target_distance is {target:g}; expected a distance above 0, or None."
            )
        self.broker.intend(Intent(side, stop_distance, target, strength, max_bars))

    def leave(self) -> None:
        """Close the position at the next open; without a position nothing happens."""
        self.broker.leave_at_next_open()

    def move_stop(self, level: float) -> None:
        """Tighten the stop of the open position to a price; it is live from the next bar."""
        self.broker.tighten_stop(level)

    def close(self, *args: Any, **kwargs: Any) -> None:
        """Do what `leave` does: backtrader's own word for it."""
        if args or kwargs:
            raise StrategyError("close: arguments are not supported; use close() or leave().")
        self.leave()

    def buy(self, *args: Any, **kwargs: Any) -> Any:
        """Accept a leg of a market bracket; refuse every other order."""
        return self._leg(super().buy, args, kwargs)

    def sell(self, *args: Any, **kwargs: Any) -> Any:
        """Accept a leg of a market bracket; refuse every other order."""
        return self._leg(super().sell, args, kwargs)

    def buy_bracket(self, **kwargs: Any) -> Any:
        """Queue a long with stop and target from absolute prices; the account sizes it."""
        return super().buy_bracket(**_market_bracket("buy_bracket", kwargs))

    def sell_bracket(self, **kwargs: Any) -> Any:
        """Queue a short with stop and target from absolute prices; the account sizes it."""
        return super().sell_bracket(**_market_bracket("sell_bracket", kwargs))

    def _leg(self, place: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        parent = kwargs.get("parent")
        if parent is None and kwargs.get("transmit") is not False:
            _refuse("a plain buy() or sell()")
        if len(args) > 1:
            _refuse("a positional size or price")
        size = kwargs.get("size")
        if size is not None and (parent is None or abs(size) != abs(parent.size)):
            _refuse("an order with a size")
        for name in _WITHOUT_MEANING:
            if kwargs.get(name):
                _refuse(f"an order with {name}")
        return place(*args, **kwargs)

    def setsizer(self, sizer: Any) -> Any:
        """Refuse: the account sizes every entry."""
        _refuse("a sizer")

    sizer = property(bt.Strategy.getsizer, setsizer)

    def order_target_size(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: the account sizes every entry."""
        _refuse("order_target_size()")

    order_target_value = order_target_percent = order_target_size

    def add_timer(self, *args: Any, **kwargs: Any) -> Any:
        """Refuse: the clock of the run wakes a strategy at its asset's bars only."""
        raise StrategyError("timers are not supported in lockstep; compare times in next().")


class SignalStrategy(LockstepStrategy):
    """Stands for a strategy whose signals are in the plan: the player reads them from there."""

    def next(self) -> None:
        """Do nothing: signals were computed before the run."""


def _market_bracket(name: str, kwargs: dict[str, Any]) -> dict[str, Any]:
    if kwargs.get("exectype") != bt.Order.Market:
        _refuse(f"{name} without exectype=bt.Order.Market")
    if kwargs.get("size") is not None:
        _refuse(f"{name} with a size")
    if kwargs.get("stopprice") is None:
        _refuse(f"{name} without a stopprice")
    if kwargs.get("limitprice") is None:
        kwargs = {**kwargs, "limitexec": None}
    return kwargs


def _refuse(what: str) -> NoReturn:
    raise StrategyError(
        f"{what} is not supported inside the account, which sizes every entry and protects it "
        "with a stop; use enter(), leave() and move_stop(), or a market bracket without a size."
    )
