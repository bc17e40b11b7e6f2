"""Equal weights: 1/N each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from lockstep.core.market import MarketView, Weights
from lockstep.core.registry import allocation


@allocation("equal_weight")
@dataclass(frozen=True, slots=True)
class EqualWeight:
    """The same fraction of equity for every asset; needs no history and makes no estimate.

    References
    ----------
    DeMiguel, Garlappi, Uppal (2009), "Optimal Versus Naive Diversification".
    """

    needs_history: ClassVar[bool] = False

    def weights(self, view: MarketView) -> Weights:
        """Return 1/N for each of the N assets."""
        count = len(view.symbols)
        return Weights(np.full(count, 1.0 / count))
