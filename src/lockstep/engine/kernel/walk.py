"""The compiled walk over the clock: the five stages of every step."""

from __future__ import annotations

from lockstep.engine.kernel.account import open_entries, stage_d
from lockstep.engine.kernel.entries import size_entries
from lockstep.engine.kernel.jit import compiled
from lockstep.engine.kernel.sleeve import leave_on_signal, stage_a, stage_c, stage_c_at_data_end

#: Most decisions one step can record: per asset in stages B, D and E, and for the account.
PER_ASSET, PER_STEP = 26, 8


@compiled
def walk(m, u, terms, rules, halts, s, b, account, scratch, start):
    """Walk the clock from step `start`; return the step to go on from (n_steps when done).

    It stops early when the table of decisions could overflow in the next step: the caller makes
    room and calls again, all state being in the arrays.
    """
    n, steps = len(s), len(m.clock)
    t, r, acc = terms[0], rules[0], account[0]
    active, wanted, queue = scratch[0], scratch[1], scratch[2]
    room = len(b.decisions) - n * PER_ASSET - PER_STEP
    yesterday = m.day[start - 1] if start > 0 else -1
    for step in range(start, steps):
        if b.counts[1] > room:
            return step
        day = m.day[step]
        new_day = day != yesterday
        yesterday = day
        first, last = m.live_first[step], m.live_first[step + 1]
        count, asking, entering = 0, 0, False
        for a in range(first, last):
            j = m.live[a]
            s[j].at += 1
            if s[j].side:
                s[j].live_step = step
                stage_a(m, u, s, b, j, day)
                active[count] = j
                count += 1
            elif s[j].queued:
                s[j].live_step = step
                active[count] = j
                count += 1
                entering = True
        if entering:
            open_entries(m, u, s, b, t, acc, active, count, queue, step, day)
        for a in range(count):
            j = active[a]
            if s[j].side:
                stage_c(m, u, s, b, t, j)
                if s[j].side and m.first[j] + s[j].at == m.first[j + 1] - 1:
                    stage_c_at_data_end(m, u, s, b, j)
        if count or new_day or acc.tripped or acc.flagged or m.rebalance[step] >= 0:
            stage_d(m, u, s, b, t, r, acc, active, count, step, day, new_day)
        elif step > 0:
            b.level[step] = b.level[step - 1]
        b.reserve[step], b.used[step] = acc.reserve, acc.used
        b.factor[step] = acc.factor
        for j in range(n):
            b.equity[step, j] = s[j].equity
        for a in range(first, last):
            j = m.live[a]
            if s[j].side:
                leave_on_signal(m, s, j)
            row = s[j].next_row
            if row < m.row_first[j + 1] and m.rows[row].bar == s[j].at:
                s[j].next_row = row + 1
                if s[j].side or s[j].queued:
                    s[j].in_position += 1
                else:
                    wanted[asking] = j
                    asking += 1
        if asking:
            size_entries(m, u, s, b, t, r, halts, acc, wanted, asking, step, day)
    return steps
