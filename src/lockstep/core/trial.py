"""Trial: one set of parameters that was tried, and what it made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lockstep.core.bars import Array, Ints

COMPLETE, FAILED = "complete", "failed"


def _no_days() -> Ints:
    return np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Trial:
    """One trial of a search. Every trial counts, also those that failed or were not chosen.

    Parameters
    ----------
    number : int
        0, 1, ... in the order in which the search proposed them.
    asset : str
        Whose strategy was tried.
    parameters : mapping
        The searched parameters only; the others stand in the configuration.
    state : str
        ``complete`` or ``failed``.
    metrics : mapping of str to float or None
        What was measured (`research.evaluation.METRICS`); None if undefined.
    reasons : mapping of str to str
        Why a metric is None.
    days : ndarray of int64, shape (n_days,)
        Trading days with bars, as days since 1970-01-01.
    daily : ndarray, shape (n_days,)
        Return of each day, flat days included; empty if the equity reached zero or the trial
        failed.
    seconds : float
        What it took.
    error : str
        Why it failed.
    study : str
        The search it belongs to.
    duplicate_of : int or None
        The earlier trial of the same parameters, whose result was taken over; None if it was
        played.
    scores : tuple of float
        By the objectives the study was begun with, larger is better; empty if one is undefined,
        or the trial failed. A search that looks for something else computes its own.
    """

    number: int
    asset: str
    parameters: Mapping[str, Any]
    state: str = COMPLETE
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    reasons: Mapping[str, str] = field(default_factory=dict)
    days: Ints = field(default_factory=_no_days)
    daily: Array = field(default_factory=lambda: np.empty(0))
    seconds: float = 0.0
    error: str = ""
    study: str = ""
    duplicate_of: int | None = None
    scores: tuple[float, ...] = ()

    @property
    def is_complete(self) -> bool:
        """True unless it failed."""
        return self.state == COMPLETE
