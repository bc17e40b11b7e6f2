"""Stage E of a step, compiled: what is wanted becomes sized and queued, or refused."""

from __future__ import annotations

import math

import numpy as np

from lockstep.core.codes import CODE, LINK_BIT
from lockstep.engine.kernel import layout as at
from lockstep.engine.kernel.account import note
from lockstep.engine.kernel.jit import inlined
from lockstep.engine.kernel.sleeve import exposure_of
from lockstep.ledger import exits, money, prices, rules, sizing

NAN = np.nan
NO_STOP = CODE["blocked_no_stop"]
COOLDOWN = CODE["blocked_cooldown"]
AFTER_STOP_OUT = CODE["blocked_stop_out"]
RUINED = CODE["blocked_ruined"]
NO_EQUITY = CODE["blocked_no_equity"]
NO_LATER_BAR = CODE["cancelled_data_end"]
NO_RATE = CODE["blocked_no_rate"]
BY_BREAKER = CODE["blocked_breaker"]
BY_DAILY_LOSS = CODE["blocked_daily_loss"]
BY_HALTS = CODE["blocked_halts"]
BY_POSITIONS = CODE["blocked_max_positions"]
LEVERAGE_CAP = CODE["leverage_cap"]
GROSS = CODE["gross_exposure"]
NET = CODE["net_exposure"]
CURRENCY = CODE["currency_exposure"]
ASSET = CODE["asset_exposure"]
MAX_LOT = CODE["max_lot"]
MIN_LOT = CODE["min_lot"]
DRAWDOWN_SCALING = CODE["drawdown_scaling"]
CORRELATION_SCALING = CODE["correlation_scaling"]
CORRELATION_UNKNOWN = CODE["correlation_unknown"]
LEVERAGE_BIT, MAX_LOT_BIT, GROSS_BIT = LINK_BIT[LEVERAGE_CAP], LINK_BIT[MAX_LOT], LINK_BIT[GROSS]
NET_BIT, CURRENCY_BIT, ASSET_BIT = LINK_BIT[NET], LINK_BIT[CURRENCY], LINK_BIT[ASSET]


@inlined
def size_entries(m, u, s, b, t, r, halts, acc, wanted, count, step, day):
    """Size the entries wanted at this step, larger strength first, and queue them."""
    for j in range(len(s)):
        s[j].exposure = exposure_of(m, s, j)
    for a in range(1, count):
        j = wanted[a]
        strength = m.rows[s[j].asked_row].strength
        place = a
        while place > 0 and m.rows[s[wanted[place - 1]].asked_row].strength < strength:
            wanted[place] = wanted[place - 1]
            place -= 1
        wanted[place] = j
    for a in range(count):
        j = wanted[a]
        row = s[j].asked_row
        if not _blocked(m, s, b, t, r, halts, acc, j, row, step):
            _size(m, u, s, b, t, r, acc, j, row, step, day)


@inlined
def _blocked(m, s, b, t, r, halts, acc, j, row, step):
    stop = m.rows[row].stop_distance
    code, before, after = -1, NAN, NAN
    if not stop > 0.0 or math.isinf(stop):
        code, before = NO_STOP, stop
    elif exits.is_cooling_down(s[j].at, s[j].exit_bar, t.cooldown_bars):
        code = COOLDOWN
    elif step == acc.stopped_step or step == s[j].stopped_step:
        code = AFTER_STOP_OUT
    elif acc.ruined or s[j].ruined:
        code = RUINED
    elif not s[j].equity > 0.0 or not acc.equity > 0.0:
        code, before = NO_EQUITY, s[j].equity
    elif m.first[j] + s[j].at == m.first[j + 1] - 1:
        code = NO_LATER_BAR
    elif math.isnan(m.bars[m.first[j] + s[j].at].rate_close):
        code = NO_RATE
    elif acc.tripped:
        code = BY_BREAKER
    elif acc.daily_tripped:
        code = BY_DAILY_LOSS
    elif _halted(halts, m.clock[step]):
        code = BY_HALTS
    else:
        open_or_queued = 0
        for k in range(len(s)):
            if s[k].side:
                open_or_queued += 1
            if s[k].queued:
                open_or_queued += 1
        if open_or_queued >= r.max_positions:
            code, before, after = BY_POSITIONS, float(open_or_queued), float(r.max_positions)
    if code < 0:
        return False
    note(b, step, at.STAGE_E, j, code, before, after)
    return True


@inlined
def _halted(halts, now):
    for k in range(0, len(halts), 2):  # noqa: SIM110 - a generator does not compile
        if halts[k] <= now < halts[k + 1]:
            return True
    return False


@inlined
def _correlation_factor(m, s, b, r, j, side, step, day):
    largest, fewest = -1.0, np.inf
    for k in range(len(s)):
        other = s[k].side if s[k].side else s[k].queued
        if other == 0 or k == j:
            continue
        rho = m.correlation[day, j, k]
        if math.isnan(rho):
            fewest = min(fewest, float(m.observations[day, j, k]))
            continue
        largest = max(largest, rules.same_bet(side, other, rho))
    factor = rules.correlation_factor(largest, r.max_correlation, r.correlation_floor)
    if factor < 1.0:
        note(b, step, at.STAGE_E, j, CORRELATION_SCALING, 1.0, factor)
    elif fewest < np.inf:
        note(b, step, at.STAGE_E, j, CORRELATION_UNKNOWN, fewest, 1.0)
        return 1.0
    return factor


@inlined
def _cut(b, step, j, lots, money_left, code, size, mid, rate):
    cap = max(sizing.lots_for(money_left, size, mid, rate), 0.0)
    if cap >= lots:
        return lots, False
    note(b, step, at.STAGE_E, j, code, lots, cap)
    return cap, True


@inlined
def _gross(s):
    total = 0.0
    for k in range(len(s)):
        total += abs(s[k].exposure) + abs(_queued_exposure(s, k))
    return total


@inlined
def _net(s):
    total = 0.0
    for k in range(len(s)):
        total += s[k].exposure + _queued_exposure(s, k)
    return total


@inlined
def _queued_exposure(s, k):
    if s[k].queued:
        return s[k].queued_exposure
    return 0.0


@inlined
def _exposure_to(u, s, currency):
    total = 0.0
    for k in range(len(s)):
        if not u[k].is_fx:
            continue
        amount = s[k].exposure + _queued_exposure(s, k)
        if u[k].base == currency:
            total += amount
        if u[k].quote == currency:
            total -= amount
    return total


@inlined
def _size(m, u, s, b, t, r, acc, j, row, step, day):
    x = m.first[j] + s[j].at
    side, equity = m.rows[row].side, acc.equity
    links = 0
    drawdown, correlation = 1.0, 1.0
    if r.scales_drawdown:
        drawdown = acc.factor
        if drawdown != 1.0:
            note(b, step, at.STAGE_E, j, DRAWDOWN_SCALING, 1.0, drawdown)
    if r.scales_correlation:
        correlation = _correlation_factor(m, s, b, r, j, side, step, day)
    product = 1.0
    if r.scales_drawdown:
        product *= drawdown
    if r.scales_correlation:
        product *= correlation
    basis = equity if t.size_on_account else s[j].equity
    rate = m.bars[x].rate_close
    mid = prices.mid_of(m.bars[x].bid_close, m.bars[x].spread)
    size, stop = u[j].contract_size, m.rows[row].stop_distance
    asked = sizing.risk_lots(basis, t.risk_fraction, product, stop, size, rate)
    lots, cut = _cut(b, step, j, asked, t.leverage_cap * basis, LEVERAGE_CAP, size, mid, rate)
    if cut:
        links |= LEVERAGE_BIT
    if r.gross != np.inf:
        room = rules.room_of(r.gross, equity, 1, _gross(s))
        lots, cut = _cut(b, step, j, lots, room, GROSS, size, mid, rate)
        if cut:
            links |= GROSS_BIT
    if r.net != np.inf:
        room = rules.room_of(r.net, equity, side, _net(s))
        lots, cut = _cut(b, step, j, lots, room, NET, size, mid, rate)
        if cut:
            links |= NET_BIT
    if r.currency != np.inf and u[j].is_fx:
        base = rules.room_of(r.currency, equity, side, _exposure_to(u, s, u[j].base))
        quote = rules.room_of(r.currency, equity, -side, _exposure_to(u, s, u[j].quote))
        lots, cut = _cut(b, step, j, lots, min(base, quote), CURRENCY, size, mid, rate)
        if cut:
            links |= CURRENCY_BIT
    if r.asset != np.inf:
        room = rules.room_of(r.asset, equity, 1, 0.0)
        lots, cut = _cut(b, step, j, lots, room, ASSET, size, mid, rate)
        if cut:
            links |= ASSET_BIT
    if u[j].max_lot < lots:
        note(b, step, at.STAGE_E, j, MAX_LOT, lots, max(u[j].max_lot, 0.0))
        lots = max(u[j].max_lot, 0.0)
        links |= MAX_LOT_BIT
    whole = sizing.floor_lots(lots, u[j].lot_step)
    if whole < u[j].min_lot:
        note(b, step, at.STAGE_E, j, MIN_LOT, lots, 0.0)
        return
    s[j].queued, s[j].queued_row = side, row
    s[j].queued_lots, s[j].queued_links = whole, links
    s[j].queued_weight = s[j].weight
    s[j].queued_asked = sizing.risk_amount(asked, stop, size, rate)
    s[j].queued_drawdown, s[j].queued_correlation = drawdown, correlation
    s[j].queued_exposure = side * money.notional(whole * size, mid, rate)
