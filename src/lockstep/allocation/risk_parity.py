"""Equal risk contribution: each asset carries the same share of the portfolio's variance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lockstep.allocation._covariance import ledoit_wolf
from lockstep.allocation._history import common, recent
from lockstep.allocation.equal_weight import EqualWeight
from lockstep.allocation.inverse_volatility import InverseVolatility
from lockstep.core.bars import Array
from lockstep.core.market import MarketView, Weights
from lockstep.core.parameters import check, param
from lockstep.core.registry import allocation
from lockstep.metrics.equal_risk import equal_risk
from lockstep.metrics.risk import risk_contributions

#: Largest accepted error of a risk contribution, relative to its target 1/N.
TOLERANCE = 1e-8


@allocation("risk_parity")
@dataclass(frozen=True, slots=True)
class RiskParity:
    """Weights w with ``w_i (C w)_i / w' C w = 1/N`` for every asset, C shrunk by Ledoit and Wolf.

    The weights minimise the convex ``x' C x / 2 - sum(log x_i) / N``; scaled to sum to 1 they are
    the only long portfolio of equal risk contributions. The solution is judged by its risk
    contributions, never by the solver's opinion of itself: an error above 1e-8 of 1/N, too few
    common days, or an asset that did not move on them hand over to `fallback`, and that is
    recorded.

    References
    ----------
    Maillard, Roncalli, Teiletche (2010), "The Properties of Equally Weighted Risk Contribution
    Portfolios"; Spinu (2013), "An Algorithm for Computing Risk Parity Weights" (convex form).
    """

    needs_history: ClassVar[bool] = True

    lookback_days: int = param(252, "daily returns looked at; 0 is all of them", low=0, high=5000)
    shrink_to: str = param(
        "constant_correlation",
        "target of the shrinkage of the covariance",
        choices=("constant_correlation", "scaled_identity"),
    )
    min_common_days: int = param(20, "fewest days with returns of all assets", low=2, high=5000)
    floor: float = param(1e-4, "smallest daily volatility that counts (fraction)", above=0, high=1)
    fallback: str = param(
        "inverse_volatility",
        "model that stands in where risk cannot be shared equally",
        choices=("inverse_volatility", "equal_weight"),
    )

    def __post_init__(self) -> None:
        check(self)

    def weights(self, view: MarketView) -> Weights:
        """Return the weights; they sum to 1."""
        sample = common(recent(view.returns, self.lookback_days))
        if len(sample) < self.min_common_days:
            return self._stand_in(
                view,
                f"{len(sample)} days have returns of all {len(view.symbols)} assets; "
                f"{self.min_common_days} are needed",
            )
        still = np.flatnonzero(np.ptp(sample, axis=0) == 0.0)
        if len(still):
            names = ", ".join(view.symbols[i] for i in still)
            return self._stand_in(view, f"{names} did not move on the common days")
        return self._shared(view, ledoit_wolf(sample, self.shrink_to)[0])

    def _shared(self, view: MarketView, covariance: Array) -> Weights:
        sigma = np.sqrt(np.diag(covariance))
        if not np.all(sigma > 0.0):
            return self._stand_in(view, "the covariance has no variance for every asset")
        correlation = covariance / np.outer(sigma, sigma)
        floored = np.maximum(sigma, self.floor)
        exposure = equal_risk(correlation)
        error = _error(exposure, correlation)
        if not error < TOLERANCE:
            return self._stand_in(view, f"the risk contributions miss 1/N by {error:.1e} of it")
        return Weights(_to_one(exposure / floored))

    def _stand_in(self, view: MarketView, reason: str) -> Weights:
        if self.fallback == "equal_weight":
            values = EqualWeight().weights(view).values
        else:
            model = InverseVolatility(lookback_days=self.lookback_days, floor=self.floor)
            values = model.weights(view).values
        name = self.fallback.replace("_", " ")
        return Weights(values, f"Risk parity found no answer ({reason}); {name} stands instead.")


def _error(exposure: Array, correlation: Array) -> float:
    """Return the largest error of a risk contribution relative to 1/N, infinite without risk."""
    variance = float(exposure @ correlation @ exposure)
    if not np.all(exposure > 0.0) or not variance > 0.0:
        return float("inf")
    shares = risk_contributions(exposure, correlation)
    return float(np.max(np.abs(shares * len(shares) - 1.0)))


def _to_one(values: Array) -> Array:
    return np.asarray(values / np.sum(values), dtype=np.float64)
