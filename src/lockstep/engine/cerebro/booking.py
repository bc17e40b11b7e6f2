"""Booking: what one position earns and costs, day by day and when it is over."""

from __future__ import annotations

from array import array
from typing import NamedTuple

from lockstep.core.instrument import Instrument
from lockstep.core.records import Trade
from lockstep.engine.cerebro.columns import Columns
from lockstep.engine.cerebro.orders import OrderPlumbing
from lockstep.ledger import money, prices

PRICE, SPREAD, SLIPPAGE, COMMISSION, SWAP, TRANSLATION, TRANSFERS, BROKER_LOSS = range(8)
N_TERMS = 8


class Exit(NamedTuple):
    """How a position ended: prices in quote currency, commission in account currency."""

    bar: int
    reason: int
    fill: float
    level: float
    ambiguous: bool
    mid: float
    half_spread: float
    slip: float
    rate: float
    commission: float


class Booking(OrderPlumbing):
    """Keeps the books of a sleeve: the terms of the daily identity, and finished trades.

    Each term has its own formula, none is a remainder (docs/account.md, section 8).
    """

    index: int
    unit: Instrument
    bars: Columns
    trade: Trade
    trades: list[Trade]
    balance: float
    side: int
    units: float
    fill: float
    stop_price: float
    target_price: float
    bars_held: int
    #: The last mark, and the trading day its terms belong to.
    mid: float
    pnl_quote: float
    mark_day: int
    #: What is booked already: the mark, its half-spread, rate and open P&L in quote currency.
    booked_mid: float
    booked_half: float
    booked_rate: float
    booked_pnl: float
    #: The entry's half-spread and slippage: of the trade, and as long as they are not booked.
    entry_mid: float
    entry_half: float
    entry_slip: float
    pending_half: float
    pending_slip: float
    _ledger: array[float]
    _row: int

    def _book_swap(self, i: int, nights: int, day: int) -> None:
        unit = self.unit
        terms = unit.swap_long if self.side > 0 else unit.swap_short
        rate = self.bars.rate_open[i]
        if unit.swap_unit == "points":
            amount = money.swap_by_points(nights, terms, unit.point, self.units, rate)
        else:
            mid = prices.mid_of(self.bars.bid_close[i - 1], self.bars.spread[i - 1])
            amount = money.swap_by_rate(nights, terms, unit.swap_basis, self.units, mid, rate)
        self.balance += amount
        self.trade.swap += amount
        self._ledger[day * self._row + self.index * N_TERMS + SWAP] += amount

    def _book_mark(self, day: int) -> None:
        """Book the terms between the last booked mark and the last bar's mark."""
        last = self.at - 1
        half = self.bars.spread[last] / 2.0
        rate = self.bars.rate_close[last]
        self._book(day, self.mid, half, 0.0, rate, 0.0)
        self.booked_mid, self.booked_half = self.mid, half
        self.booked_rate, self.booked_pnl = rate, self.pnl_quote
        self.pending_half = self.pending_slip = 0.0

    def _book(
        self, day: int, mid: float, half: float, slip: float, rate: float, commission: float
    ) -> None:
        at = day * self._row + self.index * N_TERMS
        ledger, units = self._ledger, self.units
        ledger[at + PRICE] += money.price_term(self.side, mid, self.booked_mid, units, rate)
        ledger[at + SPREAD] += money.spread_term(
            half, self.booked_half, self.pending_half, units, rate
        )
        ledger[at + SLIPPAGE] += money.slippage_term(self.pending_slip + slip, units, rate)
        ledger[at + TRANSLATION] += money.translation_term(self.booked_pnl, rate, self.booked_rate)
        ledger[at + COMMISSION] += commission

    def _finish_trade(self, done: Exit) -> None:
        trade, units, rate = self.trade, self.units, done.rate
        trade.exit_bar, trade.exit_price, trade.exit_reason = done.bar, done.fill, done.reason
        trade.exit_level, trade.ambiguous = done.level, done.ambiguous
        trade.bars_held, trade.rate_exit = self.bars_held, rate
        trade.gross_pnl = money.price_term(self.side, done.mid, self.entry_mid, units, rate)
        trade.spread_cost = money.spread_term(done.half_spread, 0.0, self.entry_half, units, rate)
        trade.slippage_cost = money.slippage_term(self.entry_slip + done.slip, units, rate)
        trade.commission += done.commission
        trade.net_pnl = self._net(trade)
        trade.interval = (trade.net_pnl, trade.net_pnl)
        if done.ambiguous:
            fill = done.fill
            trade.interval = (
                trade.net_pnl + self._instead(fill, self.stop_price, rate, stopped=True),
                trade.net_pnl + self._instead(fill, self.target_price, rate, stopped=False),
            )
        self.trades.append(trade)

    @staticmethod
    def _net(trade: Trade) -> float:
        costs = trade.spread_cost + trade.slippage_cost + trade.commission
        return trade.gross_pnl - costs + trade.swap

    def _instead(self, fill: float, level: float, rate: float, *, stopped: bool) -> float:
        """Return what the exit at another level would have added to the net P&L."""
        unit = self.unit
        slip = prices.slip_of(level, unit.slippage, unit.slippage_bps) if stopped else 0.0
        other = prices.exit_fill(self.side, level, slip)
        pnl = money.quote_pnl(self.side, other, fill, self.units) * rate
        return pnl - self.units * (other - fill) * rate * unit.commission_rate
