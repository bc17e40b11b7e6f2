"""LeveragedBroker: one sleeve of the account. Stages A, B and C of a step for one asset."""

from __future__ import annotations

import math
from array import array
from typing import Any

from lockstep.core import codes
from lockstep.core.errors import StrategyError
from lockstep.core.plan import AccountTerms, AssetPlan
from lockstep.core.records import Trade
from lockstep.engine.cerebro.booking import COMMISSION, N_TERMS, Booking, Exit
from lockstep.engine.cerebro.columns import Columns, Ticket
from lockstep.engine.cerebro.strategy import Intent
from lockstep.ledger import exits, margin, money, prices, sizing

NAN = float("nan")


class LeveragedBroker(Booking):
    """A sleeve: balance, one net position, at most one queued entry (docs/account.md).

    It replaces backtrader's account arithmetic altogether and keeps its order plumbing.
    """

    order: Ticket

    def take(
        self, index: int, plan: AssetPlan, terms: AccountTerms, ledger: array[float], assets: int
    ) -> None:
        """Receive the plan of the asset, and the run's table of ledger terms.

        `ledger` is flat, shape (n_days, assets, N_TERMS).
        """
        self.index, self.plan, self.terms = index, plan, terms
        self.unit = plan.instrument
        self.bars = Columns(plan)
        self.last_bar = len(plan) - 1
        self.ambiguous = exits.AMBIGUOUS_RULES.index(terms.ambiguous_bar)
        self._ledger, self._row = ledger, assets * N_TERMS
        self.at = -1
        self.balance = self.equity = self.used = self.pnl_quote = self.open_pnl = 0.0
        self.side = 0
        self.queued_exit = codes.NO_EXIT
        self.stop_out_flag = False
        self.exit_bar = -1
        self.ticket: Ticket | None = None
        self.trades: list[Trade] = []
        self.ruined = False
        self.end_adjustment = 0.0
        self.live_step = self.stopped_step = -1
        self.queued_exposure = 0.0
        self.account: Any = None

    def release(self) -> None:
        """Forget the columns: Cerebro's cycles of references would keep them for long."""
        del self.bars
        for line in self.data.lines:
            line.array = array("d")

    # Views backtrader and its strategies read ----------------------------------------------

    def get_cash(self) -> float:
        """Return the free margin: of the whole account if pooled, else of this sleeve."""
        account = self.account
        if self.terms.pooled:
            return float(account.equity - account.used)
        return self.equity - self.used

    getcash = get_cash

    def get_value(self, datas: Any = None, mkt: bool = False, lever: bool = False) -> float:
        """Return the sleeve's equity; of given data, the signed notional at the last mark."""
        return self.equity if datas is None else self.exposure()

    getvalue = get_value

    def get_fundvalue(self) -> float:
        """Return the sleeve's equity: there is no fund mode."""
        return self.equity

    fundvalue = property(get_fundvalue)
    fundshares = property(lambda self: 1.0)

    def next(self) -> None:
        """Do nothing: the player drives the five stages itself."""

    # What a hand-written strategy asks -----------------------------------------------------

    def intend(self, intent: Intent) -> None:
        """Keep what the strategy asks for until stage E."""
        if self.at < 0:
            raise StrategyError(
                "an entry before the first bar; expected enter() to be called in next()."
            )
        if self.intent is not None:
            raise StrategyError(
                "two entries in one bar; expected at most one call of enter() or one bracket."
            )
        self.intent = intent

    def leave_at_next_open(self) -> None:
        """Queue the exit of the open position."""
        if self.side:
            self.queue_exit(codes.SIGNAL_EXIT)

    def tighten_stop(self, level: float) -> None:
        """Move the stop of the open position towards the price."""
        if not self.side:
            raise StrategyError(
                "move_stop without an open position; expected self.position to be open."
            )
        if not (level > self.stop_price if self.side > 0 else level < self.stop_price):
            raise StrategyError(
                f"move_stop to {level:g} would not tighten the stop at {self.stop_price:g}; "
                f"expected a level {'above' if self.side > 0 else 'below'} it."
            )
        self.stop_price = level
        self.show_stop(level)

    # Stage A ------------------------------------------------------------------------------

    def queue_exit(self, reason: int) -> None:
        """Ask for an exit at the next open; of several reasons the first in precedence stays."""
        self.queued_exit = exits.worse_exit(self.queued_exit, reason)

    def stage_a(self, i: int, day: int) -> None:
        """Book the swap of the rollovers crossed, then leave at the opening quote if due."""
        if day != self.mark_day:
            self._book_mark(self.mark_day)
            self.mark_day = day
        nights = self.bars.nights[i]
        if nights:
            self._book_swap(i, nights, day)
        spread = self.bars.spread[i]
        quote = prices.exit_quote(self.side, self.bars.bid_open[i], spread)
        queued = self.queued_exit
        if self.stop_out_flag:
            queued = exits.worse_exit(queued, codes.STOP_OUT_EXIT)
        reason = exits.opening_exit(self.side, quote, self.stop_price, self.target_price, queued)
        if reason == codes.NO_EXIT:
            return
        slip = 0.0
        if reason != codes.GAP_TARGET:
            slip = prices.slip_of(quote, self.unit.slippage, self.unit.slippage_bps)
        level = {codes.GAP_STOP: self.stop_price, codes.GAP_TARGET: self.target_price}.get(
            reason, NAN
        )
        self._close(i, reason, quote, slip, self.bars.rate_open[i], level)

    # Stage B ------------------------------------------------------------------------------

    def entry_quote(self, i: int) -> tuple[float, float, float]:
        """Return (fill, exit quote, slippage) of the queued entry at the open of bar `i`."""
        bid, spread = self.bars.bid_open[i], self.bars.spread[i]
        side = self.ticket.side  # type: ignore[union-attr]
        paid = bid + spread if side > 0 else bid
        slip = prices.slip_of(paid, self.unit.slippage, self.unit.slippage_bps)
        return (
            prices.entry_fill(side, bid, spread, slip),
            prices.exit_quote(side, bid, spread),
            slip,
        )

    def margin_of_one_lot(self, i: int, fill: float, quote: float) -> float:
        """Return what opening one lot at bar `i` takes from free margin, account currency."""
        unit, rate = self.unit, self.bars.rate_open[i]
        commission = money.commission_of(
            1.0, unit.contract_size, fill, rate, unit.commission_rate, unit.commission_per_lot
        )
        mid = prices.mid_of(self.bars.bid_open[i], self.bars.spread[i])
        return margin.margin_per_lot(
            unit.contract_size, rate, mid, unit.margin_rate, fill, quote, commission
        )

    def open_position(self, i: int, lots: float, fill: float, slip: float, day: int) -> None:
        """Fill the queued entry with `lots` at the open of bar `i`."""
        ticket, unit, rate = self.ticket, self.unit, self.bars.rate_open[i]
        assert ticket is not None
        self.side, self.lots, self.units = ticket.side, lots, lots * unit.contract_size
        self.fill = fill
        self.stop_price = (
            fill - ticket.stop_distance if ticket.side > 0 else fill + ticket.stop_distance
        )
        self.target_price = (
            fill + ticket.target_distance if ticket.side > 0 else fill - ticket.target_distance
        )
        self.trails = not (math.isnan(ticket.be_trigger) and math.isnan(ticket.trail_trigger))
        self.order, self.bars_held, self.best = ticket, 0, fill
        self.best_known = False
        half = self.bars.spread[i] / 2.0
        self.entry_half, self.entry_slip = half, slip
        self.entry_mid = prices.mid_of(self.bars.bid_open[i], self.bars.spread[i])
        self.pending_half, self.pending_slip = half, slip
        self.booked_mid, self.booked_half, self.booked_pnl = self.entry_mid, 0.0, 0.0
        self.booked_rate = rate
        self.mark_day = day
        commission = money.commission_of(
            lots, unit.contract_size, fill, rate, unit.commission_rate, unit.commission_per_lot
        )
        self.balance -= commission
        self._ledger[day * self._row + self.index * N_TERMS + COMMISSION] += commission
        self.trade = Trade(
            asset=self.index,
            side=ticket.side,
            lots=lots,
            signal_bar=ticket.bar,
            entry_bar=i,
            entry_price=fill,
            stop_price=self.stop_price,
            target_price=self.target_price,
            rate_entry=rate,
            risk_amount=sizing.risk_amount(lots, ticket.stop_distance, unit.contract_size, rate),
            weight=ticket.weight,
            links=ticket.links,
            risk_asked=ticket.risk_asked,
            factors=ticket.factors,
            commission=commission,
        )
        self.ticket = None
        self.conversion.rate = rate
        self.show_opened(
            self.side, self.units, fill, commission, (self.stop_price, self.target_price)
        )

    def opening_figures(self, i: int) -> tuple[float, float]:
        """Return (equity, used margin) of the sleeve at the opening quotes of its live bar `i`."""
        spread, rate = self.bars.spread[i], self.bars.rate_open[i]
        bid = self.bars.bid_open[i]
        quote = prices.exit_quote(self.side, bid, spread)
        pnl = money.quote_pnl(self.side, quote, self.fill, self.units)
        mid = prices.mid_of(bid, spread)
        return (
            self.balance + pnl * rate,
            margin.used_margin(self.units, mid, rate, self.unit.margin_rate),
        )

    # Stage C ------------------------------------------------------------------------------

    def stage_c(self, i: int) -> None:
        """Resolve stop and target inside bar `i`, mark at its close, move the stop."""
        bars, side = self.bars, self.side
        shift = bars.spread[i] if side < 0 else 0.0
        opening, low, high = bars.bid_open[i], bars.bid_low[i], bars.bid_high[i]
        if side < 0:
            opening, low, high = opening + shift, low + shift, high + shift
        reason, ambiguous = exits.inside_exit(
            side, opening, low, high, self.stop_price, self.target_price, self.ambiguous
        )
        self.bars_held += 1
        if reason:
            level = self.stop_price if reason == codes.STOP else self.target_price
            slip = 0.0
            if reason == codes.STOP:
                slip = prices.slip_of(level, self.unit.slippage, self.unit.slippage_bps)
            self._close(i, reason, level, slip, bars.rate_open[i], level, ambiguous)
            return
        self._mark(i)
        if self.trails:
            self._trail(low, high)
        if exits.time_is_up(self.bars_held, self.order.max_bars):
            self.queue_exit(codes.TIME_EXIT)

    def stage_c_at_data_end(self, i: int) -> None:
        """Close what is still open at the closing quote of the asset's last bar."""
        marked = self.equity
        self.close_at_mark(i, codes.DATA_END)
        self.end_adjustment += self.equity - marked

    def _mark(self, i: int) -> None:
        bars, rate = self.bars, self.bars.rate_close[i]
        spread = bars.spread[i]
        quote = prices.exit_quote(self.side, bars.bid_close[i], spread)
        self.pnl_quote = money.quote_pnl(self.side, quote, self.fill, self.units)
        self.open_pnl = self.pnl_quote * rate
        self.equity = self.balance + self.open_pnl
        self.mid = prices.mid_of(bars.bid_close[i], spread)
        self.used = margin.used_margin(self.units, self.mid, rate, self.unit.margin_rate)

    def _trail(self, low: float, high: float) -> None:
        extreme = high if self.side > 0 else low
        better = extreme > self.best if self.side > 0 else extreme < self.best
        if better or not self.best_known:
            self.best, self.best_known = extreme, True
        order = self.order
        stop = exits.follow_stop(
            self.side,
            self.best,
            self.fill,
            self.stop_price,
            order.be_trigger,
            order.be_offset,
            order.trail_trigger,
            order.trail_distance,
        )
        if stop != self.stop_price:
            self.stop_price = stop
            self.show_stop(stop)

    def exposure(self) -> float:
        """Return the signed notional at the last mark, account currency."""
        if not self.side:
            return 0.0
        rate = self.bars.rate_close[self.at]
        return self.side * money.notional(self.units, self.mid, rate)

    # Closing ------------------------------------------------------------------------------

    def close_at_mark(self, i: int, reason: int) -> None:
        """Close at the closing quote of live bar `i` with slippage (stop-out, data end)."""
        quote = prices.exit_quote(self.side, self.bars.bid_close[i], self.bars.spread[i])
        slip = prices.slip_of(quote, self.unit.slippage, self.unit.slippage_bps)
        self._close(i, reason, quote, slip, self.bars.rate_close[i], NAN)

    def _close(
        self,
        i: int,
        reason: int,
        quote: float,
        slip: float,
        rate: float,
        level: float,
        ambiguous: bool = False,
    ) -> None:
        fill = prices.exit_fill(self.side, quote, slip)
        unit = self.unit
        commission = money.commission_of(
            self.lots, unit.contract_size, fill, rate, unit.commission_rate, unit.commission_per_lot
        )
        pnl = money.quote_pnl(self.side, fill, self.fill, self.units) * rate
        self.balance = self.balance + pnl - commission
        half = self.bars.spread[i] / 2.0
        mid = quote + half if self.side > 0 else quote - half
        self._book(self.mark_day, mid, half, slip, rate, commission)
        done = Exit(i, reason, fill, level, ambiguous, mid, half, slip, rate, commission)
        self._finish_trade(done)
        self.conversion.rate = rate
        leg = {codes.STOP: 1, codes.GAP_STOP: 1, codes.TARGET: 2, codes.GAP_TARGET: 2}
        self.show_closed(leg.get(reason, 0), fill, commission, pnl)
        self.side, self.queued_exit, self.stop_out_flag = 0, codes.NO_EXIT, False
        self.equity, self.used, self.pnl_quote, self.open_pnl = self.balance, 0.0, 0.0, 0.0
        self.exit_bar = i
