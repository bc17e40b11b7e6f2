"""The size chain: from risk to lots, link by link (docs/account.md, section 4)."""

from __future__ import annotations

import math

from numba.extending import register_jitable


@register_jitable
def risk_lots(
    basis: float,
    risk_fraction: float,
    factor: float,
    stop_distance: float,
    contract_size: float,
    rate: float,
) -> float:
    """Return the lots that lose `risk_fraction * factor` of `basis` at the stop."""
    return basis * risk_fraction * factor / (stop_distance * contract_size * rate)


@register_jitable
def lots_for(money: float, contract_size: float, price: float, rate: float) -> float:
    """Return the lots whose notional is `money` of account currency."""
    return money / (contract_size * price * rate)


@register_jitable
def floor_lots(lots: float, lot_step: float) -> float:
    """Return the largest multiple of `lot_step` not above `lots` (1e-9 of a step forgiven)."""
    return math.floor(lots / lot_step + 1e-9) * lot_step


@register_jitable
def risk_amount(lots: float, stop_distance: float, contract_size: float, rate: float) -> float:
    """Return what the trade loses at its stop, before costs, account currency."""
    return lots * stop_distance * contract_size * rate
