"""RunPlan: everything about a run that does not depend on the account's path."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array, Ints
from lockstep.core.instrument import Instrument

Int8s = npt.NDArray[np.int8]
Records = npt.NDArray[np.void]

#: One bar as it lies in memory: what a step may need of it fills one cache line.
BAR = np.dtype(
    [
        ("bid_open", "f8"),
        ("bid_high", "f8"),
        ("bid_low", "f8"),
        ("bid_close", "f8"),
        ("spread", "f8"),
        ("rate_open", "f8"),
        ("rate_close", "f8"),
        ("step", "i4"),
        ("nights", "i4"),
    ]
)
Int32s = npt.NDArray[np.int32]


class EntryRows(NamedTuple):
    """The entry signals of one asset, one row each, ascending by bar; NaN is off.

    `bar` indexes the asset's own bars (the bar at whose close the signal stands).
    """

    bar: Int32s
    side: Int8s
    stop_distance: Array
    target_distance: Array
    strength: Array
    max_bars: Int32s
    trail_trigger: Array
    trail_distance: Array
    be_trigger: Array
    be_offset: Array


@dataclass(frozen=True, slots=True)
class CustomStrategy:
    """A hand-written `bt.Strategy`: where to import it from, and its parameters."""

    path: str
    parameters: dict[str, Any]
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AssetPlan:
    """One asset's bars, costs, rates and signals. Arrays have shape (n_bars,).

    Parameters
    ----------
    instrument : Instrument
        What is traded.
    timeframe : int
        Length of a bar, ns.
    time : ndarray of int64
        Labels, ns UTC.
    step : ndarray of int32
        Index of each bar on the run's clock.
    bid_open, bid_high, bid_low, bid_close : ndarray
        Bid prices. ask = bid + spread; mid = (bid + ask) / 2.
    spread : ndarray
        Full spread of the bar, price units.
    volume : ndarray
        As in the source.
    rate_open, rate_close : ndarray
        Quote to account currency known at the label, and at label + timeframe; NaN if unknown.
    nights : ndarray of int32
        Rollovers in (previous label, label], each weighted (0, 1 or 3).
    exit : ndarray of int8
        Bits of `Signals.exit`; shape (0,) if the strategy never asks to leave.
    entries : EntryRows
        Entry signals; empty for a hand-written strategy.
    custom : CustomStrategy or None
        The hand-written strategy, if there is one.
    quoted : tuple of ndarray or None
        Open, high, low, close as the source quotes them, for a hand-written strategy to see.
    """

    instrument: Instrument
    timeframe: int
    time: Ints
    step: Int32s
    bid_open: Array
    bid_high: Array
    bid_low: Array
    bid_close: Array
    spread: Array
    volume: Array
    rate_open: Array
    rate_close: Array
    nights: Int32s
    exit: Int8s
    entries: EntryRows
    custom: CustomStrategy | None = None
    quoted: tuple[Array, Array, Array, Array] | None = None

    @property
    def symbol(self) -> str:
        """The asset's name."""
        return self.instrument.symbol

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.time)


@dataclass(frozen=True, slots=True)
class AccountTerms:
    """The numbers of the account that are not rules (docs/account.md, sections 3 to 7).

    Units: money in account currency, fractions, ns.
    """

    capital: float = 100_000.0
    currency: str = "USD"
    pooled: bool = True
    reject_short_margin: bool = False
    stop_out_level: float = 0.5
    risk_fraction: float = 0.01
    size_on_account: bool = False
    leverage_cap: float = 10.0
    entry_valid: int = 3_600_000_000_000
    ambiguous_bar: str = "stop_first"
    cooldown_bars: int = 0


@dataclass(frozen=True, slots=True)
class RunPlan:
    """What a player needs, immutable and causal: data cut at t give the same plan up to t.

    Parameters
    ----------
    assets : tuple of AssetPlan
        Sorted by symbol.
    terms : AccountTerms
        The account.
    rules : tuple of (name, rule)
        Portfolio risk rules (components of the risk room), in order of precedence.
    clock : ndarray of int64, shape (n_steps,)
        Sorted union of the labels.
    day : ndarray of int32, shape (n_steps,)
        Index of the step's trading day into `days`.
    days : ndarray of int64, shape (n_days,)
        Trading days with at least one step, as days since 1970-01-01.
    initial_weights : ndarray, shape (n_assets,)
        Sleeve targets before the first step.
    rebalance_steps : ndarray of int64, shape (n_rebalances,)
        Steps in whose stage D cash moves to the sleeve targets.
    weights : ndarray, shape (n_rebalances, n_assets)
        Targets at those steps.
    weight_notes : tuple
        (rebalance row or -1 for the start, asset or -1, decision code, before, after, sentence)
        of every fallback.
    correlation : ndarray, shape (n_days, n_assets, n_assets)
        Shrunk correlation known before each trading day, NaN if unknown; shape (0, 0, 0) if no
        rule needs it.
    observations : ndarray of int32, same shape
        Number of common returns behind each correlation.
    bars : ndarray of BAR, shape (total bars,)
        The assets' bars one after another; the columns of `assets` are views of it.
    """

    assets: tuple[AssetPlan, ...]
    terms: AccountTerms
    rules: tuple[tuple[str, Any], ...]
    clock: Ints
    day: Int32s
    days: Ints
    initial_weights: Array
    rebalance_steps: Ints
    weights: Array
    weight_notes: tuple[tuple[int, int, int, float, float, str], ...] = ()
    correlation: Array = field(default_factory=lambda: np.empty((0, 0, 0)))
    observations: Int32s = field(default_factory=lambda: np.empty((0, 0, 0), dtype=np.int32))
    bars: Records = field(default_factory=lambda: np.empty(0, dtype=BAR))

    @property
    def symbols(self) -> tuple[str, ...]:
        """The assets' names, sorted."""
        return tuple(asset.symbol for asset in self.assets)
