"""The compiled walk over the clock: the five stages of every step in which something can happen.

A flat asset costs nothing until its strategy speaks: the walk knows the step of every entry signal
and visits, beside those, only bars of assets that hold a position or a queued entry, the first
step of each trading day, and every step while the breaker is tripped or a stop-out waits. Between
two visited steps the account does not change, and its rows are repeated.
"""

from __future__ import annotations

from lockstep.engine.kernel.account import level_of, open_entries, stage_d
from lockstep.engine.kernel.entries import size_entries
from lockstep.engine.kernel.jit import compiled, inlined
from lockstep.engine.kernel.sleeve import leave_on_signal, stage_a, stage_c, stage_c_at_data_end

#: Most decisions one step can record: per asset in stages B, D and E, and for the account.
PER_ASSET, PER_STEP = 26, 8
# Rows of the scratch table: who is active, who is live, who wants to enter, who is queued.
ACTIVE, LIVE, WANTED, QUEUE = 0, 1, 2, 3
SCRATCH = 4


@compiled
def walk(m, u, terms, rules, halts, s, b, account, scratch, start):
    """Walk the clock from step `start`; return the step to go on from (n_steps when done).

    It stops early when the table of decisions could overflow in the next step: the caller makes
    room and calls again, all state being in the arrays.
    """
    steps = len(m.clock)
    t, r, acc = terms[0], rules[0], account[0]
    room = len(b.decisions) - len(s) * PER_ASSET - PER_STEP
    step = start
    while step < steps:
        if b.counts[1] > room:
            return step
        _step(m, u, s, b, t, r, halts, acc, scratch, step)
        upcoming = _next_step(m, s, acc, scratch[ACTIVE], step)
        level = level_of(s, t, acc)
        for between in range(step + 1, upcoming):
            _record(s, b, acc, between)
            b.level[between] = level
        step = upcoming
    return steps


@inlined
def _next_step(m, s, acc, active, step):
    """Return the next step in which something can happen."""
    if acc.tripped or acc.flagged:
        return step + 1
    upcoming = len(m.clock)
    day = m.day[step] + 1
    if day < len(m.day_first):
        upcoming = m.day_first[day]
    if acc.heard < len(m.spoken):
        upcoming = min(upcoming, m.spoken_step[acc.heard])
    for a in range(acc.active):
        upcoming = min(upcoming, s[active[a]].next_step)
    return upcoming


@inlined
def _record(s, b, acc, step):
    b.total[step], b.reserve[step] = acc.equity, acc.reserve
    b.used[step], b.factor[step] = acc.used, acc.factor
    for j in range(len(s)):
        b.equity[step, j] = s[j].equity


@inlined
def _step(m, u, s, b, t, r, halts, acc, scratch, step):
    day = m.day[step]
    new_day = step == 0 or day != m.day[step - 1]
    active, live = scratch[ACTIVE], scratch[LIVE]
    count, entering = 0, False
    for a in range(acc.active):
        j = active[a]
        if s[j].next_step != step:
            continue
        s[j].at += 1
        s[j].live_step = step
        live[count] = j
        count += 1
        if s[j].side:
            stage_a(m, u, s, b, j, day)
        else:
            entering = True
    if entering:
        open_entries(m, u, s, b, t, acc, live, count, scratch[QUEUE], step, day)
    for a in range(count):
        j = live[a]
        if s[j].side:
            stage_c(m, u, s, b, t, j)
            if s[j].side and m.first[j] + s[j].at == m.first[j + 1] - 1:
                stage_c_at_data_end(m, u, s, b, j)
    if count or new_day or acc.tripped or acc.flagged or m.rebalance[step] >= 0:
        stage_d(m, u, s, b, t, r, acc, live, count, step, day, new_day)
    else:
        b.level[step] = level_of(s, t, acc)
    _record(s, b, acc, step)
    for a in range(count):
        if s[live[a]].side:
            leave_on_signal(m, s, live[a])
    asking = _listen(m, s, acc, scratch[WANTED], step)
    if asking:
        size_entries(m, u, s, b, t, r, halts, acc, scratch[WANTED], asking, step, day)
    _keep_active(m, s, acc, active, scratch[WANTED], asking, step)


@inlined
def _listen(m, s, acc, wanted, step):
    """Return how many flat assets ask for an entry at this step, and which."""
    asking = 0
    while acc.heard < len(m.spoken) and m.spoken_step[acc.heard] == step:
        row = m.spoken[acc.heard]
        j = m.row_asset[row]
        acc.heard += 1
        if s[j].side or s[j].queued:
            s[j].in_position += 1
            continue
        s[j].at = m.rows[row].bar
        s[j].asked_row = row
        wanted[asking] = j
        asking += 1
    return asking


@inlined
def _keep_active(m, s, acc, active, wanted, asking, step):
    """Drop assets that became flat, take up those that queued an entry, in order."""
    kept = 0
    for a in range(acc.active):
        j = active[a]
        if s[j].side or s[j].queued:
            if s[j].next_step == step:
                _look_ahead(m, s, j)
            active[kept] = j
            kept += 1
    for a in range(asking):
        j = wanted[a]
        if not s[j].queued:
            continue
        _look_ahead(m, s, j)
        place = kept
        while place > 0 and active[place - 1] > j:
            place -= 1
        if place > 0 and active[place - 1] == j:  # it left and asked again within one step
            continue
        for later in range(kept, place, -1):
            active[later] = active[later - 1]
        active[place] = j
        kept += 1
    acc.active = kept


@inlined
def _look_ahead(m, s, j):
    """Remember the step of the asset's next bar."""
    following = m.first[j] + s[j].at + 1
    s[j].next_step = m.bars[following].step if following < m.first[j + 1] else len(m.clock)
