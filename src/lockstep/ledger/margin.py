"""Margin: what a position ties up, what an entry may cost, when the broker closes (section 5)."""

from __future__ import annotations

from numba.extending import register_jitable


@register_jitable
def used_margin(units: float, mid: float, rate: float, margin_rate: float) -> float:
    """Return the margin a position ties up, account currency; long and short alike."""
    return units * mid * rate * margin_rate


@register_jitable
def margin_per_lot(
    contract_size: float,
    rate: float,
    mid: float,
    margin_rate: float,
    fill: float,
    quote: float,
    commission: float,
) -> float:
    """Return what opening one lot takes from free margin.

    That is its margin, the loss it shows at once against its own exit `quote`, and the
    `commission` of one lot.
    """
    return contract_size * rate * (mid * margin_rate + abs(fill - quote)) + commission


@register_jitable
def must_stop_out(equity: float, used: float, level: float) -> bool:
    """Return True if the margin level (equity / used) is below the stop-out level."""
    return used > 0.0 and equity < level * used
