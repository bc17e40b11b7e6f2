"""More for what paid recently, held back by doubt: a shrunk, lagged, trailing score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lockstep.allocation._history import deviation, recent
from lockstep.core.bars import Array
from lockstep.core.market import MarketView, Weights
from lockstep.core.parameters import check, param
from lockstep.core.registry import allocation


@allocation("performance_weighted")
@dataclass(frozen=True, slots=True)
class PerformanceWeighted:
    """Equal weights tilted towards the better trailing Sharpe-like scores.

    With n_i daily returns of mean m_i and volatility s_i in the window that ends `lag_days` before
    the last known day, over N assets::

        score_i  = max(0, m_i / max(s_i, floor) * n_i / (n_i + prior_days))
        weight_i = (1 - shrink) * score_i / sum(score) + shrink / N

    `prior_days` days of zero return stand in for doubt: a short record counts for less. A losing
    strategy keeps ``shrink / N``, never less, so a weight is never negative. Without a positive
    score the weights are equal, and that is recorded.
    """

    needs_history: ClassVar[bool] = True

    lookback_days: int = param(120, "daily returns looked at; 0 is all", low=0, high=5000)
    lag_days: int = param(1, "latest daily returns left out", low=0, high=250)
    prior_days: float = param(60.0, "days of doubt in the score", low=0, high=5000)
    shrink: float = param(0.5, "share of the weight that stays equal (fraction)", low=0, high=1)
    floor: float = param(1e-4, "smallest daily volatility that counts (fraction)", above=0, high=1)

    def __post_init__(self) -> None:
        check(self)

    def weights(self, view: MarketView) -> Weights:
        """Return the weights; they sum to 1."""
        scores = self.scores(view.returns)
        count = len(scores)
        total = float(np.sum(scores))
        if not total > 0.0:
            span = f"the last {self.lookback_days} days" if self.lookback_days else "its history"
            return Weights(
                np.full(count, 1.0 / count),
                f"No asset has a positive score over {span}; equal weights stand instead.",
            )
        return Weights((1.0 - self.shrink) * (scores / total) + self.shrink / count)

    def scores(self, returns: Array) -> Array:
        """Return each asset's score, shape (n_assets,), never negative."""
        known = (
            returns[: len(returns) - self.lag_days] if self.lag_days < len(returns) else returns[:0]
        )
        window = recent(known, self.lookback_days)
        return np.array([self._score(window[:, asset]) for asset in range(returns.shape[1])])

    def _score(self, values: Array) -> float:
        finite = values[np.isfinite(values)]
        if len(finite) == 0:
            return 0.0
        sharpe = float(np.mean(finite)) / max(deviation(finite), self.floor)
        return max(0.0, sharpe * len(finite) / (len(finite) + self.prior_days))
