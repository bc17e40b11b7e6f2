"""AccountState: what the rules may know of the account at stage D and E of one step."""

from __future__ import annotations

from dataclasses import dataclass, field

from lockstep.core.bars import Array
from lockstep.core.instrument import Instrument
from lockstep.core.plan import Int32s


@dataclass(slots=True)
class AccountState:
    """The account after the marks of a step. Lists have one value per asset, sorted by symbol.

    Parameters
    ----------
    instruments : tuple of Instrument
        What is traded.
    capital, equity, peak, drawdown, day_start_equity : float
        Money and fractions; `peak` is the one of the rules, re-based when the breaker resumes;
        `day_start_equity` is the equity at the previous trading day's end.
    time : int
        Label of the step, ns.
    day, month : int
        Index of the trading day into the plan, and a number that changes with its month.
    drawdown_factor : float
        The factor of drawdown scaling; 1 without that rule.
    new_day, resumed : bool
        True in the first step of a trading day; in the step in which the breaker resumed.
    side, queued : list of int
        Side of the open position, and of the queued entry; 0 for none.
    exposure, queued_exposure : list of float
        Signed notional in account currency at the last mark, and of the queued entry.
    correlation : ndarray, shape (n_days, n_assets, n_assets)
        As in the plan.
    observations : ndarray, same shape
        As in the plan.
    """

    instruments: tuple[Instrument, ...]
    capital: float
    correlation: Array
    observations: Int32s
    equity: float = 0.0
    peak: float = 0.0
    drawdown: float = 0.0
    day_start_equity: float = 0.0
    time: int = 0
    day: int = 0
    month: int = 0
    drawdown_factor: float = 1.0
    new_day: bool = False
    resumed: bool = False
    side: list[int] = field(default_factory=list)
    queued: list[int] = field(default_factory=list)
    exposure: list[float] = field(default_factory=list)
    queued_exposure: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry about to be sized: the asset's index and the side wanted."""

    asset: int
    side: int
