"""Weights in inverse proportion to volatility: quiet strategies get more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lockstep.allocation._history import volatilities
from lockstep.core.market import MarketView, Weights
from lockstep.core.parameters import check, param
from lockstep.core.registry import allocation


@allocation("inverse_volatility")
@dataclass(frozen=True, slots=True)
class InverseVolatility:
    """Weights proportional to 1 / volatility of daily strategy returns.

    ``w_i = (1 / s_i) / sum(1 / s_j)`` with ``s_i = max(volatility_i, floor)``. Correlations are
    ignored; with two assets it is equal risk contribution.
    """

    needs_history: ClassVar[bool] = True

    lookback_days: int = param(252, "daily returns looked at; 0 is all of them", low=0, high=5000)
    floor: float = param(1e-4, "smallest daily volatility that counts (fraction)", above=0, high=1)

    def __post_init__(self) -> None:
        check(self)

    def weights(self, view: MarketView) -> Weights:
        """Return the weights; they sum to 1."""
        inverse = 1.0 / np.maximum(volatilities(view.returns, self.lookback_days), self.floor)
        return Weights(inverse / np.sum(inverse))
