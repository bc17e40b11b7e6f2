"""Stages A to C of one asset, compiled: the same ledger calls as `LeveragedBroker`, in order."""

from __future__ import annotations

import math

import numpy as np

from lockstep.core.codes import (
    DATA_END,
    GAP_STOP,
    GAP_TARGET,
    NO_EXIT,
    SIGNAL_EXIT,
    STOP,
    STOP_OUT_EXIT,
    TIME_EXIT,
)
from lockstep.engine.kernel.jit import compiled, inlined
from lockstep.ledger import exits, margin, money, prices, sizing

NAN = np.nan
PRICE, SPREAD, SLIPPAGE, COMMISSION, SWAP, TRANSLATION, TRANSFERS, BROKER_LOSS = range(8)


@inlined
def queue_exit(s, j, reason):
    """Ask for an exit at the next open; the reason of higher precedence stays."""
    s[j].queued_exit = exits.worse_exit(s[j].queued_exit, reason)


@inlined
def stage_a(m, u, s, b, j, day):
    """Book the swap of the rollovers crossed, then leave at the opening quote if due."""
    i = s[j].at
    x = m.first[j] + i
    if day != s[j].mark_day:
        _book_mark(m, s, b, j, s[j].mark_day, x - 1)
        s[j].mark_day = day
    nights = m.bars[x].nights
    if nights:
        _book_swap(m, u, s, b, j, x, nights, day)
    side = s[j].side
    quote = prices.exit_quote(side, m.bars[x].bid_open, m.bars[x].spread)
    queued = s[j].queued_exit
    if s[j].stop_out_flag:
        queued = exits.worse_exit(queued, STOP_OUT_EXIT)
    reason = exits.opening_exit(side, quote, s[j].stop, s[j].target, queued)
    if reason == NO_EXIT:
        return
    slip = 0.0
    if reason != GAP_TARGET:
        slip = prices.slip_of(quote, u[j].slippage, u[j].slippage_bps)
    level = NAN
    if reason == GAP_STOP:
        level = s[j].stop
    elif reason == GAP_TARGET:
        level = s[j].target
    close(m, u, s, b, j, reason, quote, slip, m.bars[x].rate_open, level, False)


@inlined
def _book_swap(m, u, s, b, j, x, nights, day):
    annual = u[j].swap_long if s[j].side > 0 else u[j].swap_short
    rate = m.bars[x].rate_open
    if u[j].swap_in_points:
        amount = money.swap_by_points(nights, annual, u[j].point, s[j].units, rate)
    else:
        mid = prices.mid_of(m.bars[x - 1].bid_close, m.bars[x - 1].spread)
        amount = money.swap_by_rate(nights, annual, u[j].swap_basis, s[j].units, mid, rate)
    s[j].balance += amount
    s[j].trade_swap += amount
    b.terms[day, j, SWAP] += amount


@inlined
def opening_figures(m, u, s, j):
    """Return (equity, used margin) of a sleeve at the opening quotes of its live bar."""
    x = m.first[j] + s[j].at
    spread, rate, bid = m.bars[x].spread, m.bars[x].rate_open, m.bars[x].bid_open
    quote = prices.exit_quote(s[j].side, bid, spread)
    pnl = money.quote_pnl(s[j].side, quote, s[j].fill, s[j].units)
    mid = prices.mid_of(bid, spread)
    return s[j].balance + pnl * rate, margin.used_margin(s[j].units, mid, rate, u[j].margin_rate)


@inlined
def open_position(m, u, s, b, j, lots, fill, slip, day):
    """Fill the queued entry with `lots` at the open of the live bar."""
    i = s[j].at
    x = m.first[j] + i
    row, rate, side = s[j].queued_row, m.bars[x].rate_open, s[j].queued
    s[j].row = row
    s[j].side, s[j].lots, s[j].units = side, lots, lots * u[j].contract_size
    s[j].fill = fill
    stop, target = m.rows[row].stop_distance, m.rows[row].target_distance
    s[j].stop = fill - stop if side > 0 else fill + stop
    s[j].target = fill + target if side > 0 else fill - target
    s[j].trails = not (math.isnan(m.rows[row].be_trigger) and math.isnan(m.rows[row].trail_trigger))
    s[j].bars_held = 0
    s[j].best = fill
    s[j].best_known = False
    half = m.bars[x].spread / 2.0
    s[j].entry_half, s[j].entry_slip = half, slip
    s[j].entry_mid = prices.mid_of(m.bars[x].bid_open, m.bars[x].spread)
    s[j].pending_half, s[j].pending_slip = half, slip
    s[j].booked_mid, s[j].booked_half, s[j].booked_pnl = s[j].entry_mid, 0.0, 0.0
    s[j].booked_rate = rate
    s[j].mark_day = day
    commission = money.commission_of(
        lots, u[j].contract_size, fill, rate, u[j].commission_rate, u[j].commission_per_lot
    )
    s[j].balance -= commission
    b.terms[day, j, COMMISSION] += commission
    s[j].trade_stop = s[j].stop
    s[j].trade_target = s[j].target
    s[j].trade_rate = rate
    s[j].trade_risk = sizing.risk_amount(lots, stop, u[j].contract_size, rate)
    s[j].trade_asked = s[j].queued_asked
    s[j].trade_weight = s[j].queued_weight
    s[j].trade_links = s[j].queued_links
    s[j].trade_drawdown = s[j].queued_drawdown
    s[j].trade_correlation = s[j].queued_correlation
    s[j].trade_commission = commission
    s[j].trade_swap = 0.0
    s[j].trade_entry_bar = i
    s[j].queued = 0


@inlined
def stage_c(m, u, s, b, t, j):
    """Resolve stop and target inside the live bar, mark at its close, move the stop."""
    x = m.first[j] + s[j].at
    side = s[j].side
    opening, low, high = m.bars[x].bid_open, m.bars[x].bid_low, m.bars[x].bid_high
    if side < 0:
        shift = m.bars[x].spread
        opening, low, high = opening + shift, low + shift, high + shift
    reason, ambiguous = exits.inside_exit(
        side, opening, low, high, s[j].stop, s[j].target, t.ambiguous
    )
    s[j].bars_held += 1
    if reason:
        level = s[j].stop if reason == STOP else s[j].target
        slip = 0.0
        if reason == STOP:
            slip = prices.slip_of(level, u[j].slippage, u[j].slippage_bps)
        close(m, u, s, b, j, reason, level, slip, m.bars[x].rate_open, level, ambiguous)
        return
    _mark(m, u, s, j, x)
    if s[j].trails:
        _trail(m, s, j, low, high)
    if exits.time_is_up(s[j].bars_held, m.rows[s[j].row].max_bars):
        queue_exit(s, j, TIME_EXIT)


@compiled
def stage_c_at_data_end(m, u, s, b, j):
    """Close what is still open at the closing quote of the asset's last bar."""
    marked = s[j].equity
    close_at_mark(m, u, s, b, j, DATA_END)
    s[j].end_adjustment += s[j].equity - marked


@inlined
def _mark(m, u, s, j, x):
    rate, spread = m.bars[x].rate_close, m.bars[x].spread
    quote = prices.exit_quote(s[j].side, m.bars[x].bid_close, spread)
    s[j].pnl_quote = money.quote_pnl(s[j].side, quote, s[j].fill, s[j].units)
    s[j].open_pnl = s[j].pnl_quote * rate
    s[j].equity = s[j].balance + s[j].open_pnl
    s[j].mid = prices.mid_of(m.bars[x].bid_close, spread)
    s[j].used = margin.used_margin(s[j].units, s[j].mid, rate, u[j].margin_rate)


@inlined
def _trail(m, s, j, low, high):
    side, row = s[j].side, s[j].row
    extreme = high if side > 0 else low
    better = extreme > s[j].best if side > 0 else extreme < s[j].best
    if better or not s[j].best_known:
        s[j].best = extreme
        s[j].best_known = True
    s[j].stop = exits.follow_stop(
        side,
        s[j].best,
        s[j].fill,
        s[j].stop,
        m.rows[row].be_trigger,
        m.rows[row].be_offset,
        m.rows[row].trail_trigger,
        m.rows[row].trail_distance,
    )


@inlined
def exposure_of(m, s, j):
    """Return the signed notional at the last mark, account currency."""
    if s[j].side == 0:
        return 0.0
    rate = m.bars[m.first[j] + s[j].at].rate_close
    return s[j].side * money.notional(s[j].units, s[j].mid, rate)


@compiled
def close_at_mark(m, u, s, b, j, reason):
    """Close at the closing quote of the live bar with slippage (stop-out, data end)."""
    x = m.first[j] + s[j].at
    quote = prices.exit_quote(s[j].side, m.bars[x].bid_close, m.bars[x].spread)
    slip = prices.slip_of(quote, u[j].slippage, u[j].slippage_bps)
    close(m, u, s, b, j, reason, quote, slip, m.bars[x].rate_close, NAN, False)


@compiled
def close(m, u, s, b, j, reason, quote, slip, rate, level, ambiguous):
    """Close the position at `quote` worsened by `slip`, book and record it."""
    x = m.first[j] + s[j].at
    side = s[j].side
    fill = prices.exit_fill(side, quote, slip)
    commission = money.commission_of(
        s[j].lots, u[j].contract_size, fill, rate, u[j].commission_rate, u[j].commission_per_lot
    )
    pnl = money.quote_pnl(side, fill, s[j].fill, s[j].units) * rate
    s[j].balance = s[j].balance + pnl - commission
    half = m.bars[x].spread / 2.0
    mid = quote + half if side > 0 else quote - half
    _book(s, b, j, s[j].mark_day, mid, half, slip, rate, commission)
    _record(m, u, s, b, j, reason, fill, level, ambiguous, mid, half, slip, rate, commission)
    s[j].side = 0
    s[j].queued_exit = NO_EXIT
    s[j].stop_out_flag = False
    s[j].equity, s[j].used = s[j].balance, 0.0
    s[j].pnl_quote, s[j].open_pnl = 0.0, 0.0
    s[j].exit_bar = s[j].at


@inlined
def _record(m, u, s, b, j, reason, fill, level, ambiguous, mid, half, slip, rate, commission):
    trade, p = b.trades[b.counts[0]], s[j]
    b.counts[0] += 1
    trade.asset, trade.side, trade.lots = j, p.side, p.lots
    trade.signal_bar, trade.entry_bar = m.rows[p.row].bar, p.trade_entry_bar
    trade.entry_price, trade.rate_entry = p.fill, p.trade_rate
    trade.stop_price, trade.target_price = p.trade_stop, p.trade_target
    trade.risk_amount, trade.risk_asked = p.trade_risk, p.trade_asked
    trade.weight, trade.links = p.trade_weight, p.trade_links
    trade.drawdown, trade.correlation = p.trade_drawdown, p.trade_correlation
    trade.exit_bar, trade.exit_price, trade.exit_reason = p.at, fill, reason
    trade.exit_level, trade.ambiguous, trade.bars_held = level, ambiguous, p.bars_held
    trade.rate_exit = rate
    trade.gross_pnl = money.price_term(p.side, mid, p.entry_mid, p.units, rate)
    trade.spread_cost = money.spread_term(half, 0.0, p.entry_half, p.units, rate)
    trade.slippage_cost = money.slippage_term(p.entry_slip + slip, p.units, rate)
    trade.commission = p.trade_commission + commission
    trade.swap = p.trade_swap
    costs = trade.spread_cost + trade.slippage_cost + trade.commission
    trade.net_pnl = trade.gross_pnl - costs + trade.swap
    trade.stop_first, trade.target_first = trade.net_pnl, trade.net_pnl
    if ambiguous:
        trade.stop_first = trade.net_pnl + _instead(u, s, j, fill, p.stop, rate, True)
        trade.target_first = trade.net_pnl + _instead(u, s, j, fill, p.target, rate, False)


@inlined
def _instead(u, s, j, fill, level, rate, stopped):
    slip = prices.slip_of(level, u[j].slippage, u[j].slippage_bps) if stopped else 0.0
    other = prices.exit_fill(s[j].side, level, slip)
    pnl = money.quote_pnl(s[j].side, other, fill, s[j].units) * rate
    return pnl - s[j].units * (other - fill) * rate * u[j].commission_rate


@inlined
def _book_mark(m, s, b, j, day, last):
    half, rate = m.bars[last].spread / 2.0, m.bars[last].rate_close
    _book(s, b, j, day, s[j].mid, half, 0.0, rate, 0.0)
    s[j].booked_mid, s[j].booked_half = s[j].mid, half
    s[j].booked_rate, s[j].booked_pnl = rate, s[j].pnl_quote
    s[j].pending_half = 0.0
    s[j].pending_slip = 0.0


@inlined
def _book(s, b, j, day, mid, half, slip, rate, commission):
    terms, units = b.terms, s[j].units
    terms[day, j, PRICE] += money.price_term(s[j].side, mid, s[j].booked_mid, units, rate)
    terms[day, j, SPREAD] += money.spread_term(
        half, s[j].booked_half, s[j].pending_half, units, rate
    )
    terms[day, j, SLIPPAGE] += money.slippage_term(s[j].pending_slip + slip, units, rate)
    terms[day, j, TRANSLATION] += money.translation_term(s[j].booked_pnl, rate, s[j].booked_rate)
    terms[day, j, COMMISSION] += commission


@inlined
def leave_on_signal(m, s, j):
    """Queue the exit that the strategy's mask asks for at the close of the live bar."""
    first = m.exit_first[j]
    if m.exit_first[j + 1] == first:
        return
    bit = 1 if s[j].side > 0 else 2
    if m.exit[first + s[j].at] & bit:
        queue_exit(s, j, SIGNAL_EXIT)
