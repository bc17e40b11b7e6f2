"""How a position ends, and how its stop follows the price (docs/account.md, section 3)."""

from __future__ import annotations

from numba.extending import register_jitable

from lockstep.core.codes import GAP_STOP, GAP_TARGET, NO_EXIT, STOP, TARGET

#: How a bar that touches both levels is read.
STOP_FIRST, TARGET_FIRST, NEAREST_TO_OPEN = 0, 1, 2
AMBIGUOUS_RULES = ("stop_first", "target_first", "nearest_to_open")


@register_jitable
def opening_exit(side: int, quote: float, stop: float, target: float, queued: int) -> int:
    """Return why a position ends at the opening exit quote (0: it does not).

    A stop already passed goes before a target already passed, and both before a queued exit.
    """
    if (side > 0 and quote <= stop) or (side < 0 and quote >= stop):
        return GAP_STOP
    if (side > 0 and quote >= target) or (side < 0 and quote <= target):
        return GAP_TARGET
    return queued


@register_jitable
def worse_exit(queued: int, reason: int) -> int:
    """Return the reason that stays when an exit is queued twice: the one of higher precedence."""
    if queued == NO_EXIT or reason < queued:
        return reason
    return queued


@register_jitable
def inside_exit(
    side: int, opening: float, low: float, high: float, stop: float, target: float, rule: int
) -> tuple[int, bool]:
    """Return (reason, ambiguous) of a bar after its opening; reason 0 if no level was touched.

    All prices are exit-side quotes: bid for a long, ask for a short.
    """
    if side > 0:
        stopped, reached = low <= stop, high >= target
    else:
        stopped, reached = high >= stop, low <= target
    if stopped and reached:
        if rule == TARGET_FIRST:
            return TARGET, True
        if rule == NEAREST_TO_OPEN and abs(target - opening) < abs(opening - stop):
            return TARGET, True
        return STOP, True
    if stopped:
        return STOP, False
    if reached:
        return TARGET, False
    return NO_EXIT, False


@register_jitable
def stop_is_inside_spread(side: int, stop: float, quote: float, stops_level: float) -> bool:
    """Return True if an entry's stop lies at or beyond its own exit quote, or too near to it."""
    room = (quote - stop) if side > 0 else (stop - quote)
    return room <= 0.0 or room < stops_level


@register_jitable
def follow_stop(
    side: int,
    best: float,
    fill: float,
    stop: float,
    be_trigger: float,
    be_offset: float,
    trail_trigger: float,
    trail_distance: float,
) -> float:
    """Return the stop for the next bar after break-even and trailing; it never loosens.

    `best` is the best exit-side quote since the entry. A NaN trigger is off.
    """
    gain = (best - fill) if side > 0 else (fill - best)
    new = stop
    if gain >= be_trigger:
        level = fill + be_offset if side > 0 else fill - be_offset
        if (side > 0 and level > new) or (side < 0 and level < new):
            new = level
    if gain >= trail_trigger:
        level = best - trail_distance if side > 0 else best + trail_distance
        if (side > 0 and level > new) or (side < 0 and level < new):
            new = level
    return new


@register_jitable
def time_is_up(bars_held: int, max_bars: int) -> bool:
    """Return True at the close of the last allowed bar (the entry bar counts as 1; 0 is never)."""
    return max_bars > 0 and bars_held >= max_bars


@register_jitable
def has_expired(label: int, decision_label: int, timeframe: int, entry_valid: int) -> bool:
    """Return True if a queued entry meets its next bar too late. All arguments in ns."""
    return label > decision_label + timeframe + entry_valid


@register_jitable
def is_cooling_down(decision_bar: int, exit_bar: int, cooldown_bars: int) -> bool:
    """Return True while re-entry is blocked: the exit bar itself is the first of the cool-down."""
    return exit_bar >= 0 and decision_bar - exit_bar < cooldown_bars
