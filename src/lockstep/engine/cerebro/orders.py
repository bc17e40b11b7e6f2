"""Backtrader's side of a position: orders, notifications and the position object it shows.

Nothing here decides anything: `LeveragedBroker` says what was queued, filled or cancelled, and
this class lets backtrader's plumbing (brackets, notifications, trades, analyzers) know.
"""

from __future__ import annotations

import math
from collections import deque
from typing import Any, NoReturn

import backtrader as bt

from lockstep.core.errors import StrategyError
from lockstep.engine.cerebro.strategy import Intent


class AccountCommission(bt.CommInfoBase):
    """Lets backtrader's trades and analyzers work in account currency; the broker fills it."""

    params = (("stocklike", False), ("commtype", bt.CommInfoBase.COMM_FIXED))

    #: Quote to account currency at the last fill: the one whose P&L is being worked out.
    rate: float = 1.0

    def getcommission(self, size: float, price: float) -> float:
        """Return 0: commissions are booked by the broker."""
        return 0.0

    def getvaluesize(self, size: float, price: float) -> float:
        """Return the notional of `size` units, account currency."""
        return abs(size) * price * self.rate

    def profitandloss(self, size: float, price: float, newprice: float) -> float:
        """Return the P&L of closing `size` units, account currency, before commission and swap."""
        return size * (newprice - price) * self.rate


def _replaced(name: str, remedy: str) -> Any:
    """Return a method that refuses what the account's own arithmetic has replaced."""

    def refuse(self: Any, *args: Any, **kwargs: Any) -> None:
        _refuse(name, remedy)

    refuse.__doc__ = f"Refuse: {remedy}"
    return refuse


_COSTS = "costs belong to the instrument, set them in the configuration."
_MATCHING = "the account fills orders by its own rules (docs/account.md, sections 2 and 3)."
_FUND = "there is no fund mode; the account's equity is in the result."


class OrderPlumbing(bt.brokers.BackBroker):
    """Keeps backtrader's view: pending orders, brackets, notifications, the position."""

    params = (("checksubmit", False),)

    def __init__(self) -> None:
        super().__init__()
        self.conversion = self.comminfo[None] = AccountCommission()
        self.at = -1
        self.owner: Any = None
        self.notifs: deque[Any] = deque()
        self.data: Any = None
        self.is_heard = True
        self.intent: Intent | None = None
        self._legs: list[Any] = []
        self._bracket: tuple[Any, ...] = ()
        self._exit_order: Any = None

    def wire(self, owner: Any, data: Any) -> None:
        """Name the strategy that owns every order, and its data feed."""
        self.owner, self.data = owner, data

    def start(self) -> None:
        """Begin a run with the sleeve's capital."""
        super().start()
        self.startingcash = self.cash = self.getvalue()

    # What a strategy may call -------------------------------------------------------------

    set_cash = setcash = _replaced("set_cash", "capital and weights are set in the configuration.")
    add_cash = _replaced("add_cash", "cash moves only when the portfolio rebalances.")
    setcommission = _replaced("setcommission", _COSTS)
    addcommissioninfo = _replaced("addcommissioninfo", _COSTS)
    set_slippage_perc = _replaced("set_slippage_perc", _COSTS)
    set_slippage_fixed = _replaced("set_slippage_fixed", _COSTS)
    set_coc = _replaced("cheat-on-close", _MATCHING)
    set_coo = _replaced("cheat-on-open", _MATCHING)
    set_filler = _replaced("set_filler", _MATCHING)
    set_checksubmit = _replaced("set_checksubmit", _MATCHING)
    set_eosbar = seteosbar = _replaced("set_eosbar", _MATCHING)
    set_shortcash = _replaced("set_shortcash", _MATCHING)
    set_int2pnl = _replaced("set_int2pnl", _MATCHING)
    add_order_history = _replaced("add_order_history", _MATCHING)
    set_fundmode = _replaced("set_fundmode", _FUND)
    set_fundstartval = _replaced("set_fundstartval", _FUND)
    set_fund_history = _replaced("set_fund_history", _FUND)

    def submit(self, order: Any, check: bool = True) -> Any:
        """Collect the legs of a strategy's market bracket; the last one makes it an intent."""
        self._legs.append(order)
        if order.transmit:
            legs, self._legs = self._legs, []
            self.intend(self._intent_of(legs))
        return order

    def check_brackets(self) -> None:
        """Refuse a bracket whose last leg never came: it would wait for ever, unseen."""
        if self._legs:
            self._legs = []
            _refuse(
                "a bracket without a last leg", "give its last leg transmit=True in the same bar."
            )

    def cancel(self, order: Any, bracket: bool = False) -> bool:
        """Cancel a bracket of this bar; a filled entry's protective orders stay.

        A queued entry is filled or refused before its strategy sees another bar, so a bracket can
        be cancelled only in the bar it was placed in. As in backtrader its legs go together.
        """
        if not order.alive():
            return False
        legs = [leg for leg in self.intent.orders if leg is not None] if self.intent else []
        if order.ref not in [leg.ref for leg in legs]:
            _refuse("cancel of a protective order", "tighten it with move_stop() instead.")
        self.intent = None
        for leg in legs:
            leg.cancel()
            self.notify(leg)
        return True

    def intend(self, intent: Intent) -> None:
        """Receive what the strategy wants; the broker of the account overrides this."""
        raise AssertionError("LeveragedBroker receives intents")

    def _intent_of(self, legs: list[Any]) -> Intent:
        parent, *children = legs
        stops = [o for o in children if o.exectype == bt.Order.Stop]
        limits = [o for o in children if o.exectype == bt.Order.Limit]
        if parent.exectype != bt.Order.Market or len(stops) != 1 or len(limits) > 1:
            _refuse("this bracket", "expected a market entry, one stop and at most one limit.")
        side = 1 if parent.isbuy() else -1
        close = self.data.close[0]
        stop_distance = side * (close - stops[0].created.price)
        target = side * (limits[0].created.price - close) if limits else float("nan")
        if target <= 0:
            _refuse("a target on the wrong side", "expected it beyond the close, in favour.")
        orders = (parent, stops[0], limits[0] if limits else None)
        return Intent(side, stop_distance, target, orders=orders)

    # What the broker of the account reports ------------------------------------------------

    def show_queued(self, side: int, units: float, stop: float, target: float, orders: Any) -> None:
        """Let backtrader know of a sized entry: a market order with stop and target."""
        self.stand_still()
        if not orders:
            orders = self._make_bracket(side, units, stop, target)
        for order, sign in zip(orders, (side, -side, -side)):
            if order is not None:
                _resize(order, sign * units)
                order.addcomminfo(self.conversion)
                self._announce(order)
                self.pending.append(order)
        self._bracket = orders

    def _announce(self, order: Any) -> None:
        order.submit(self)
        self.notify(order)
        order.accept(self)
        self.notify(order)

    def stand_still(self) -> None:
        """Let the feed stand on the live bar, so that orders carry its time and price."""
        self.data.stand_at(self.at)

    def _make_bracket(self, side: int, units: float, stop: float, target: float) -> tuple[Any, ...]:
        opening, closing = (bt.BuyOrder, bt.SellOrder) if side > 0 else (bt.SellOrder, bt.BuyOrder)
        common = {"owner": self.owner, "data": self.data, "size": units}
        parent = opening(exectype=bt.Order.Market, transmit=False, **common)
        legs: list[Any] = [parent]
        for exectype, price in ((bt.Order.Stop, stop), (bt.Order.Limit, target)):
            if math.isnan(price):
                legs.append(None)
                continue
            leg = closing(exectype=exectype, price=price, parent=parent, transmit=False, **common)
            legs.append(leg)
        return tuple(legs)

    def show_rejected(self, intent: Intent) -> None:
        """Tell a strategy that its own bracket was refused by the size chain or a rule."""
        for order in intent.orders:
            if order is not None:
                order.submit(self)
                self.notify(order)
                order.reject(self)
                self.notify(order)

    def show_cancelled(self, margin: bool = False) -> None:
        """Let backtrader know that the queued entry will not be filled."""
        for order in self._bracket:
            if order is not None and order.alive():
                self.pending.remove(order)
                if margin and order is self._bracket[0]:
                    order.margin()
                else:
                    order.cancel()
                self.notify(order)
        self._bracket = ()

    def show_opened(
        self, side: int, units: float, price: float, commission: float, levels: tuple[float, float]
    ) -> None:
        """Let backtrader know that the entry was filled (perhaps smaller than ordered)."""
        parent, *children = self._bracket
        self.pending.remove(parent)
        _resize(parent, side * units)
        self._execute_leg(parent, side * units, price, commission, 0.0)
        for child, level in zip(children, levels):
            if child is not None:
                _resize(child, -side * units)
                child.created.price = level
                child.activate()

    def show_stop(self, level: float) -> None:
        """Let backtrader know that the stop was tightened."""
        if len(self._bracket) > 1 and self._bracket[1] is not None:
            self._bracket[1].created.price = level

    def show_closed(self, leg: int, price: float, commission: float, pnl: float) -> None:
        """Let backtrader know that the position was closed: by its stop (1), target (2), or 0."""
        self.stand_still()
        size = -self.positions[self.data].size
        order = self._bracket[leg] if leg else None
        if order is None:
            kind = bt.BuyOrder if size > 0 else bt.SellOrder
            order = kind(owner=self.owner, data=self.data, size=abs(size), exectype=0)
            order.addcomminfo(self.conversion)
            self._announce(order)
        else:
            self.pending.remove(order)
        self._execute_leg(order, size, price, commission, pnl)
        for other in self._bracket[1:]:
            if other is not None and other.alive():
                self.pending.remove(other)
                other.cancel()
                self.notify(other)
        self._bracket = ()

    def _execute_leg(
        self, order: Any, size: float, price: float, commission: float, pnl: float
    ) -> None:
        self.stand_still()
        position = self.positions[self.data]
        psize, pprice, opened, closed = position.update(size, price)
        if psize == 0.0:
            pprice = 0.0
        order.execute(
            self.data.datetime[0],
            size,
            price,
            closed,
            abs(closed) * price,
            commission if closed else 0.0,
            opened,
            abs(opened) * price,
            commission if opened else 0.0,
            0.0,
            pnl,
            psize,
            pprice,
        )
        self.notify(order)

    def notify(self, order: Any) -> None:
        """Queue a copy of the order for its strategy, as backtrader does."""
        if self.is_heard:
            self.notifs.append(order.clone())

    def deliver(self) -> None:
        """Hand the queued copies to the strategy, which turns them into trades."""
        waiting, self.notifs = self.notifs, deque()
        for order in waiting:
            self.owner._addnotification(order)


def _resize(order: Any, size: float) -> None:
    order.size = order.created.size = size
    order.created.remsize = order.executed.remsize = size


def _refuse(what: str, remedy: str) -> NoReturn:
    raise StrategyError(f"{what} is not supported inside the account; {remedy}")
