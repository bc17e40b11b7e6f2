"""The margin check of stage B and stage D of a step, compiled; the order of `cerebro.account`."""

from __future__ import annotations

import numpy as np

from lockstep.core.codes import BREAKER_EXIT, CODE, DAILY_LOSS_EXIT, LINK_BIT, STOP_OUT_EXIT
from lockstep.engine.kernel import layout as at
from lockstep.engine.kernel.jit import compiled, inlined
from lockstep.engine.kernel.sleeve import (
    BROKER_LOSS,
    TRANSFERS,
    close_at_mark,
    open_position,
    opening_figures,
    queue_exit,
)
from lockstep.ledger import exits, margin, money, prices, rules, sizing

NAN = np.nan
EXPIRED = CODE["expired"]
STOP_INSIDE_SPREAD = CODE["stop_inside_spread"]
NO_MARGIN = CODE["no_margin"]
MARGIN_CUT = CODE["margin_cut"]
STOP_OUT = CODE["stop_out"]
STOP_OUT_FLAG = CODE["stop_out_flag"]
STOP_OUT_CLEAR = CODE["stop_out_clear"]
LOSS_OF_BROKER = CODE["broker_loss"]
BREAKER_TRIP = CODE["breaker_trip"]
BREAKER_RESUME = CODE["breaker_resume"]
DAILY_TRIP = CODE["daily_loss_trip"]
DAILY_RESET = CODE["daily_loss_reset"]
REBALANCE = CODE["rebalance"]
CANCELLED_STOP_OUT = CODE["cancelled_stop_out"]
CANCELLED_BREAKER = CODE["cancelled_breaker"]
CANCELLED_DAILY_LOSS = CODE["cancelled_daily_loss"]
CANCELLED_RUINED = CODE["cancelled_ruined"]
MARGIN_BIT = LINK_BIT[MARGIN_CUT]


@inlined
def note(b, step, stage, asset, code, before, after):
    """Record a decision; the walk sees to it that there is room."""
    k = b.counts[1]
    b.counts[1] = k + 1
    decision = b.decisions[k]
    decision.step, decision.stage, decision.asset, decision.code = step, stage, asset, code
    decision.before, decision.after = before, after


@inlined
def open_entries(m, u, s, b, t, acc, active, count, queue, step, day):
    """Fill or refuse the queued entries of the live assets, larger strength first."""
    taken = 0
    for a in range(count):
        j = active[a]
        if s[j].queued == 0:
            continue
        strength = m.rows[s[j].queued_row].strength
        place = taken
        while place > 0 and m.rows[s[queue[place - 1]].queued_row].strength < strength:
            queue[place] = queue[place - 1]
            place -= 1
        queue[place] = j
        taken += 1
    for a in range(taken):
        _open(m, u, s, b, t, acc, queue[a], step, day)


@compiled
def _refuse(s, b, step, j, code, after):
    note(b, step, at.STAGE_B, j, code, s[j].queued_lots, after)
    s[j].queued = 0


@inlined
def _open(m, u, s, b, t, acc, j, step, day):
    x = m.first[j] + s[j].at
    row, side = s[j].queued_row, s[j].queued
    asked_at = m.clock[m.bars[m.first[j] + m.rows[row].bar].step]
    if exits.has_expired(m.clock[step], asked_at, u[j].timeframe, t.entry_valid):
        _refuse(s, b, step, j, EXPIRED, NAN)
        return
    bid, spread = m.bars[x].bid_open, m.bars[x].spread
    paid = bid + spread if side > 0 else bid
    slip = prices.slip_of(paid, u[j].slippage, u[j].slippage_bps)
    fill = prices.entry_fill(side, bid, spread, slip)
    quote = prices.exit_quote(side, bid, spread)
    stop = fill - m.rows[row].stop_distance if side > 0 else fill + m.rows[row].stop_distance
    if exits.stop_is_inside_spread(side, stop, quote, u[j].stops_level):
        _refuse(s, b, step, j, STOP_INSIDE_SPREAD, NAN)
        return
    free = _free_at_open(m, u, s, t, acc, j, step)
    affordable = 0.0
    if free > 0.0:
        rate = m.bars[x].rate_open
        commission = money.commission_of(
            1.0, u[j].contract_size, fill, rate, u[j].commission_rate, u[j].commission_per_lot
        )
        mid = prices.mid_of(bid, spread)
        cost = margin.margin_per_lot(
            u[j].contract_size, rate, mid, u[j].margin_rate, fill, quote, commission
        )
        affordable = sizing.floor_lots(free / cost, u[j].lot_step)
    lots = s[j].queued_lots
    if affordable < lots:
        if t.reject_short_margin or affordable < u[j].min_lot:
            _refuse(s, b, step, j, NO_MARGIN, affordable)
            return
        note(b, step, at.STAGE_B, j, MARGIN_CUT, lots, affordable)
        s[j].queued_links |= MARGIN_BIT
        lots = affordable
    open_position(m, u, s, b, j, lots, fill, slip, day)
    acc.least_free = min(acc.least_free, _free_at_open(m, u, s, t, acc, j, step))


@inlined
def _free_at_open(m, u, s, t, acc, asking, step):
    if not t.pooled:
        if s[asking].side == 0:
            return s[asking].balance
        equity, used = opening_figures(m, u, s, asking)
        return equity - used
    equity, used = 0.0, 0.0
    for j in range(len(s)):
        if s[j].side == 0:
            equity += s[j].balance
        elif s[j].live_step == step:
            sleeve, tied = opening_figures(m, u, s, j)
            equity += sleeve
            used += tied
        else:
            equity += s[j].equity
            used += s[j].used
    return (equity + acc.reserve) - used


@inlined
def sum_up(s, acc):
    """Sum the account afresh: sleeves in order, then the reserve."""
    equity, used = 0.0, 0.0
    for j in range(len(s)):
        equity += s[j].equity
        used += s[j].used
    acc.equity = equity + acc.reserve
    acc.used = used


@inlined
def level_of(s, t, acc):
    """Return the margin level of the pool, or the lowest of the segregated sleeves; NaN if none."""
    if t.pooled:
        return acc.equity / acc.used if acc.used > 0.0 else NAN
    lowest = np.inf
    for j in range(len(s)):
        if s[j].used > 0.0 and s[j].equity / s[j].used < lowest:
            lowest = s[j].equity / s[j].used
    return lowest if lowest < np.inf else NAN


@inlined
def stage_d(m, u, s, b, t, r, acc, active, count, step, day, new_day):
    """Sum up, stop out, let the rules look, rebalance."""
    sum_up(s, acc)
    b.level[step] = level_of(s, t, acc)
    if t.pooled:
        _stop_out_pooled(m, u, s, b, t, acc, active, count, step)
    else:
        _stop_out_segregated(m, u, s, b, t, acc, step)
    _lift_negative_balances(s, b, t, acc, step, day)
    _let_rules_look(m, s, b, r, acc, step, day, new_day)
    row = m.rebalance[step]
    if row >= 0:
        _rebalance(s, b, t, acc, m.weights, row, step, day)


@inlined
def _stop_out_pooled(m, u, s, b, t, acc, active, count, step):
    short = margin.must_stop_out(acc.equity, acc.used, t.stop_out_level)
    if short:
        acc.stopped_step = step
    while short:
        worst = -1
        for a in range(count):
            j = active[a]
            if s[j].side and (worst < 0 or s[j].open_pnl < s[worst].open_pnl):
                worst = j
        before = acc.equity / acc.used
        if worst < 0:
            for j in range(len(s)):
                if s[j].side and not s[j].stop_out_flag:
                    s[j].stop_out_flag = True
                    acc.flagged = True
                    note(b, step, at.STAGE_D, j, STOP_OUT_FLAG, before, NAN)
            break
        close_at_mark(m, u, s, b, worst, STOP_OUT_EXIT)
        sum_up(s, acc)
        after = acc.equity / acc.used if acc.used > 0.0 else NAN
        note(b, step, at.STAGE_D, worst, STOP_OUT, before, after)
        short = margin.must_stop_out(acc.equity, acc.used, t.stop_out_level)
    if acc.stopped_step == step:
        cancel_entries(s, b, step, CANCELLED_STOP_OUT)
    if acc.flagged and not short:
        acc.flagged = False
        for j in range(len(s)):
            _clear_flag(s, b, step, j, acc.equity, acc.used)


@compiled
def _stop_out_segregated(m, u, s, b, t, acc, step):
    for j in range(len(s)):
        equity, used = s[j].equity, s[j].used
        if not margin.must_stop_out(equity, used, t.stop_out_level):
            _clear_flag(s, b, step, j, equity, used)
            continue
        s[j].stopped_step = step
        if s[j].live_step == step:
            close_at_mark(m, u, s, b, j, STOP_OUT_EXIT)
            note(b, step, at.STAGE_D, j, STOP_OUT, equity / used, NAN)
        elif not s[j].stop_out_flag:
            s[j].stop_out_flag = True
            note(b, step, at.STAGE_D, j, STOP_OUT_FLAG, equity / used, NAN)
        _cancel(s, b, step, j, CANCELLED_STOP_OUT)
        sum_up(s, acc)
    acc.flagged = False
    for j in range(len(s)):
        if s[j].stop_out_flag:
            acc.flagged = True


@inlined
def _clear_flag(s, b, step, j, equity, used):
    if s[j].stop_out_flag:
        s[j].stop_out_flag = False
        level = equity / used if used > 0.0 else NAN
        note(b, step, at.STAGE_D, j, STOP_OUT_CLEAR, NAN, level)


@compiled
def _cancel(s, b, step, j, code):
    if s[j].queued:
        note(b, step, at.STAGE_D, j, code, s[j].queued_lots, NAN)
        s[j].queued = 0


@compiled
def cancel_entries(s, b, step, code):
    """Cancel every queued entry."""
    for j in range(len(s)):
        _cancel(s, b, step, j, code)


@inlined
def _lift_negative_balances(s, b, t, acc, step, day):
    n = len(s)
    if t.pooled:
        if acc.equity >= 0.0:
            return
        for j in range(n):
            if s[j].side:
                return
        shortfall = -acc.equity
        note(b, step, at.STAGE_D, -1, LOSS_OF_BROKER, acc.equity, 0.0)
        b.terms[day, n, BROKER_LOSS] += shortfall
        acc.reserve += shortfall
        acc.ruined = True
        cancel_entries(s, b, step, CANCELLED_RUINED)
        sum_up(s, acc)
        return
    for j in range(n):
        if s[j].side or s[j].balance >= 0.0:
            continue
        note(b, step, at.STAGE_D, j, LOSS_OF_BROKER, s[j].balance, 0.0)
        b.terms[day, j, BROKER_LOSS] += -s[j].balance
        s[j].balance, s[j].equity = 0.0, 0.0
        s[j].ruined = True
        _cancel(s, b, step, j, CANCELLED_RUINED)
        sum_up(s, acc)


@inlined
def _let_rules_look(m, s, b, r, acc, step, day, new_day):
    equity = acc.equity
    if new_day:
        acc.day_start = acc.last_equity
    acc.last_equity = equity
    acc.peak = max(acc.peak, equity)
    acc.drawdown = rules.drawdown_of(equity, acc.peak)
    acc.resumed = False
    _breaker(m, s, b, r, acc, step, day)
    _daily_loss(s, b, r, acc, step, new_day)
    if r.scales_drawdown:
        previous = 1.0 if acc.resumed else acc.factor
        acc.factor = rules.drawdown_factor(
            previous, acc.drawdown, r.drawdown_start, r.drawdown_end, r.drawdown_floor
        )


@inlined
def _breaker(m, s, b, r, acc, step, day):
    now, month = m.clock[step], m.month[day]
    if acc.tripped:
        if rules.breaker_resumes(
            now,
            acc.tripped_at,
            month,
            acc.tripped_month,
            acc.drawdown,
            r.breaker_resume,
            r.breaker_resume_value,
        ):
            acc.tripped = False
            acc.resumed = True
            note(b, step, at.STAGE_D, -1, BREAKER_RESUME, acc.peak, acc.equity)
            acc.peak, acc.drawdown = acc.equity, 0.0
        return
    if not rules.breaker_trips(acc.drawdown, r.breaker):
        return
    acc.tripped, acc.tripped_at, acc.tripped_month = True, now, month
    note(b, step, at.STAGE_D, -1, BREAKER_TRIP, acc.drawdown, r.breaker)
    cancel_entries(s, b, step, CANCELLED_BREAKER)
    if r.breaker_flattens:
        _flatten(s, BREAKER_EXIT)


@inlined
def _daily_loss(s, b, r, acc, step, new_day):
    if r.daily_loss == np.inf:
        return
    lifted = new_day and acc.daily_tripped
    if lifted:
        acc.daily_tripped = False
    if acc.daily_tripped or acc.day_start <= 0.0:
        return
    loss = rules.daily_loss_of(acc.equity, acc.day_start)
    if loss >= r.daily_loss:
        acc.daily_tripped = True
        note(b, step, at.STAGE_D, -1, DAILY_TRIP, loss, r.daily_loss)
        cancel_entries(s, b, step, CANCELLED_DAILY_LOSS)
        if r.daily_loss_flattens:
            _flatten(s, DAILY_LOSS_EXIT)
    elif lifted:
        note(b, step, at.STAGE_D, -1, DAILY_RESET, loss, 0.0)


@compiled
def _flatten(s, reason):
    for j in range(len(s)):
        if s[j].side:
            queue_exit(s, j, reason)


@compiled
def _rebalance(s, b, t, acc, weights, row, step, day):
    n = len(s)
    for j in range(n):
        s[j].weight = weights[row, j]
        s[j].need = 0.0
        if not s[j].ruined:
            s[j].need = rules.sleeve_transfer(s[j].weight, acc.equity, s[j].equity)
    if not t.pooled:
        _share_out(s, acc)
    given = 0.0
    for j in range(n):
        amount = s[j].need
        if amount == 0.0:
            continue
        before = s[j].equity
        s[j].balance += amount
        s[j].equity = s[j].balance + s[j].open_pnl
        given += amount
        b.terms[day, j, TRANSFERS] += amount
        note(b, step, at.STAGE_D, j, REBALANCE, before, s[j].equity)
    acc.reserve -= given
    b.terms[day, n, TRANSFERS] += -given
    sum_up(s, acc)


@compiled
def _share_out(s, acc):
    """Turn the needs of segregated sleeves into transfers that the donors can afford."""
    reserve_need, given, total_need = 0.0, 0.0, 0.0
    for j in range(len(s)):
        reserve_need -= s[j].need
    for j in range(len(s)):
        s[j].gift = 0.0
        if s[j].need < 0.0:
            s[j].gift = rules.donation(-s[j].need, s[j].equity - s[j].used)
        given += s[j].gift
        if s[j].need > 0.0:
            total_need += s[j].need
    if reserve_need < 0.0:
        given += rules.donation(-reserve_need, acc.reserve)
    if reserve_need > 0.0:
        total_need += reserve_need
    for j in range(len(s)):
        if s[j].need > 0.0:
            s[j].need = rules.share_of_need(s[j].need, given, total_need)
        else:
            s[j].need = -s[j].gift
