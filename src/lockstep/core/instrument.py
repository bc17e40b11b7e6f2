"""What is traded: one contract, its costs and its place in the account."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Instrument:
    """One tradable symbol. Money and prices as in docs/account.md: fractions, price units, UTC.

    Parameters
    ----------
    symbol : str
        The name used everywhere, as in the config.
    asset_class : str
        fx, metal, index, commodity, crypto or share.
    base, quote : str
        Currency codes; `base` is the asset's own code where it is no currency (XAU, BTC, US500).
    contract_size : float
        Units of the base per lot.
    lot_step, min_lot, max_lot : float
        Lots are multiples of `lot_step`, within [min_lot, max_lot].
    margin_rate : float
        1 / leverage.
    quote_side : str
        What the data quote: bid, mid or last (treated as mid).
    spread : tuple of float
        Full spread in price units: one constant, or 24 values by hour in `session_zone`.
    session_zone : str
        IANA zone of the spread table.
    slippage, slippage_bps : float
        Worsening of market and stop fills, in price units, and in 1/10,000 of the fill price.
    commission_rate : float
        Fraction of notional per side.
    commission_per_lot : float
        Account currency per lot and side.
    swap_unit : str
        'rate' (annual fraction) or 'points'.
    swap_long, swap_short : float
        Annual rate, or points per night; positive is paid to the holder.
    swap_basis : float
        Days in the swap year (360; crypto 365).
    point : float
        Price size of one point (points swap and reports).
    triple_day : int
        Weekday (Monday 0) whose 17:00 New York rollover counts three nights; -1 for none.
    always_open : bool
        True for 24/7 markets: each of the seven rollovers counts one night, weekends are days.
    stops_level : float
        Smallest allowed distance of a stop from its exit quote at the entry, price units.
    tick : float
        Smallest price step; used for display and the sample only, fills are never rounded.
    """

    symbol: str
    asset_class: str
    base: str
    quote: str
    contract_size: float
    margin_rate: float
    lot_step: float = 0.01
    min_lot: float = 0.01
    max_lot: float = 1000.0
    quote_side: str = "bid"
    spread: tuple[float, ...] = (0.0,)
    session_zone: str = "America/New_York"
    slippage: float = 0.0
    slippage_bps: float = 0.0
    commission_rate: float = 0.0
    commission_per_lot: float = 0.0
    swap_unit: str = "rate"
    swap_long: float = 0.0
    swap_short: float = 0.0
    swap_basis: float = 360.0
    point: float = 0.00001
    triple_day: int = 2
    always_open: bool = False
    stops_level: float = 0.0
    tick: float = 0.00001
