"""Profit, cost and financing of a position (docs/account.md, sections 4, 6 and 8)."""

from __future__ import annotations

from numba.extending import register_jitable


@register_jitable
def quote_pnl(side: int, price: float, fill: float, units: float) -> float:
    """Return the P&L in quote currency of `units` bought or sold at `fill`, now worth `price`."""
    return side * (price - fill) * units


@register_jitable
def notional(units: float, price: float, rate: float) -> float:
    """Return the value of `units` in account currency."""
    return units * price * rate


@register_jitable
def commission_of(
    lots: float, contract_size: float, price: float, rate: float, fraction: float, per_lot: float
) -> float:
    """Return the commission of one fill, account currency."""
    return fraction * (lots * contract_size * price * rate) + per_lot * lots


@register_jitable
def night_weight(weekday: int, triple_day: int, always_open: bool) -> int:
    """Return how many nights the 17:00 New York rollover of `weekday` (Monday 0) counts."""
    if always_open:
        return 1
    if weekday >= 5:
        return 0
    if weekday == triple_day:
        return 3
    return 1


@register_jitable
def swap_by_rate(
    nights: int, annual: float, basis: float, units: float, mid: float, rate: float
) -> float:
    """Return the overnight financing of an annual rate, account currency; positive is a credit."""
    return nights * annual / basis * units * mid * rate


@register_jitable
def swap_by_points(nights: int, points: float, point: float, units: float, rate: float) -> float:
    """Return the overnight financing of points per night, account currency."""
    return nights * points * point * units * rate


@register_jitable
def price_term(side: int, mid: float, previous_mid: float, units: float, rate: float) -> float:
    """Return the mid-to-mid P&L between two marks, at the rate of the second."""
    return side * (mid - previous_mid) * units * rate


@register_jitable
def spread_term(
    half: float, previous_half: float, entry_half: float, units: float, rate: float
) -> float:
    """Return the spread paid between two marks: half-spread at the fill plus its change since."""
    return (entry_half + (half - previous_half)) * units * rate


@register_jitable
def slippage_term(slip: float, units: float, rate: float) -> float:
    """Return the slippage paid, account currency."""
    return slip * units * rate


@register_jitable
def translation_term(previous_pnl: float, rate: float, previous_rate: float) -> float:
    """Return what a new conversion rate does to the open P&L (quote currency) of the last mark."""
    return previous_pnl * (rate - previous_rate)
