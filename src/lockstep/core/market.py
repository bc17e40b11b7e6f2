"""What an allocation model may see, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass

from lockstep.core.bars import Array


@dataclass(frozen=True, slots=True)
class MarketView:
    """Daily returns of the solo runs, strictly before the moment of decision.

    Parameters
    ----------
    symbols : tuple of str
        The assets to share out among, sorted.
    returns : ndarray, shape (n_days, n_assets)
        Per-day returns of each asset's solo run (fraction). Oldest first; NaN before an asset's
        first trading day, 0 on later days without bars. Every asset has at least two values and
        a variance above zero.
    """

    symbols: tuple[str, ...]
    returns: Array


@dataclass(frozen=True, slots=True)
class Weights:
    """A model's answer.

    Parameters
    ----------
    values : ndarray, shape (n_assets,)
        Fraction of equity per asset: finite, >= 0, summing to at most 1.
    fallback : str
        Empty, or a sentence that says why the model could not answer and what stands instead.
    """

    values: Array
    fallback: str = ""
