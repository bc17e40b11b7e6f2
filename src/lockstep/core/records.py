"""Records of what happened: a trade, a decision."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Decision:
    """What a rule or check changed, and from what to what.

    Parameters
    ----------
    step : int
        Index on the clock.
    stage : str
        One letter, B to E.
    asset : int
        Index of the asset, -1 for the account.
    code : int
        Index into `codes.DECISIONS`.
    before, after : float
        The quantity the code speaks of (lots, a factor, money); NaN where there is none.
    """

    step: int
    stage: str
    asset: int
    code: int
    before: float
    after: float


@dataclass(slots=True)
class Trade:
    """One position from fill to fill. Money in account currency, prices in quote currency.

    Bars are indices into the asset's own bars; costs are >= 0 and at the exit's rate.
    """

    asset: int
    side: int
    lots: float
    signal_bar: int
    entry_bar: int
    entry_price: float
    stop_price: float
    target_price: float
    rate_entry: float
    risk_amount: float
    weight: float
    links: int
    risk_asked: float
    factors: tuple[float, ...]
    exit_bar: int = -1
    exit_price: float = float("nan")
    exit_reason: int = 0
    exit_level: float = float("nan")
    ambiguous: bool = False
    bars_held: int = 0
    rate_exit: float = float("nan")
    gross_pnl: float = 0.0
    spread_cost: float = 0.0
    slippage_cost: float = 0.0
    commission: float = 0.0
    swap: float = 0.0
    net_pnl: float = 0.0
    #: Net P&L had the ambiguous bar been resolved stop first, and target first.
    interval: tuple[float, float] = field(default=(0.0, 0.0))
