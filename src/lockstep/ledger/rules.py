"""The arithmetic of the portfolio's rules: state in; state, factor and event out (section 7)."""

from __future__ import annotations

from numba.extending import register_jitable

#: How a tripped breaker comes back.
NEVER, AFTER_DAYS, NEXT_MONTH, RECOVERS = 0, 1, 2, 3
#: What a step of a rule did.
NOTHING, TRIPPED, RESUMED = 0, 1, 2

DAY_NS = 86_400_000_000_000
#: A drawdown factor rises only by at least this much, so that it does not flutter.
FACTOR_STEP = 0.05


@register_jitable
def drawdown_of(equity: float, peak: float) -> float:
    """Return the drawdown as a fraction of the peak."""
    return 1.0 - equity / peak


@register_jitable
def breaker_resumes(
    now: int,
    tripped_at: int,
    month: int,
    tripped_month: int,
    drawdown: float,
    resume: int,
    resume_value: float,
) -> bool:
    """Return True if a tripped breaker lets trading resume.

    `now` and `tripped_at` in ns; `resume_value` is days (AFTER_DAYS) or a drawdown (RECOVERS).
    With nothing left (a drawdown of 1 or more) it never does: its peak would be re-based to zero.
    """
    if drawdown >= 1.0:
        return False
    if resume == AFTER_DAYS:
        return now >= tripped_at + resume_value * DAY_NS
    if resume == NEXT_MONTH:
        return month != tripped_month
    if resume == RECOVERS:
        return drawdown <= resume_value
    return False


@register_jitable
def breaker_trips(drawdown: float, limit: float) -> bool:
    """Return True if the drawdown has reached the limit."""
    return drawdown >= limit


@register_jitable
def daily_loss_of(equity: float, day_start_equity: float) -> float:
    """Return the loss since the previous trading day's end, as a fraction of that equity."""
    return 1.0 - equity / day_start_equity


@register_jitable
def drawdown_factor(
    factor: float, drawdown: float, start: float, end: float, floor: float
) -> float:
    """Return the next drawdown factor: it falls at once and rises in steps of 0.05, or to 1."""
    if drawdown <= start:
        raw = 1.0
    elif drawdown >= end:
        raw = floor
    else:
        raw = 1.0 - (1.0 - floor) * (drawdown - start) / (end - start)
    if raw < factor or raw == 1.0 or raw >= factor + FACTOR_STEP:
        return raw
    return factor


@register_jitable
def correlation_factor(correlation: float, maximum: float, floor: float) -> float:
    """Return 1 up to `maximum`, falling linearly to `floor` at a correlation of 1."""
    if correlation <= maximum:
        return 1.0
    if correlation >= 1.0:
        return floor
    return 1.0 - (1.0 - floor) * (correlation - maximum) / (1.0 - maximum)


@register_jitable
def same_bet(side: int, other_side: int, correlation: float) -> float:
    """Return how much an entry repeats another position: side x side x correlation."""
    return side * other_side * correlation


@register_jitable
def room_of(limit: float, equity: float, side: int, exposure: float) -> float:
    """Return the notional left under a limit: limit x equity - side x exposure, money."""
    return limit * equity - side * exposure


@register_jitable
def sleeve_transfer(weight: float, account_equity: float, sleeve_equity: float) -> float:
    """Return the cash a sleeve receives (negative: gives) to reach its target."""
    return weight * account_equity - sleeve_equity


@register_jitable
def donation(excess: float, free: float) -> float:
    """Return what a segregated donor gives: its excess, as far as its free margin goes."""
    if free <= 0.0:
        return 0.0
    if excess < free:
        return excess
    return free


@register_jitable
def share_of_need(need: float, given: float, total_need: float) -> float:
    """Return what a segregated sleeve receives when givers cannot cover the whole need."""
    if given >= total_need:
        return need
    return need * given / total_need
