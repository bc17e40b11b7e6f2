"""Account states for the tests of rules, written as short as they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lockstep.core.instrument import Instrument
from lockstep.core.state import AccountState, Entry
from tests.kit import unit
from tests.moments import ns

CAPITAL = 100_000.0


def state_of(*instruments: Instrument | str, **changes: Any) -> AccountState:
    """Return the state of a flat account of 100,000; a text stands for an FX pair.

    Correlations are unknown unless `known` maps a pair of indices to (rho, observations).
    """
    units = tuple(unit(item) if isinstance(item, str) else item for item in instruments)
    n = len(units)
    correlation = np.full((1, n, n), np.nan)
    observations = np.zeros((1, n, n), dtype=np.int32)
    known: Mapping[tuple[int, int], tuple[float, int]] = changes.pop("known", {})
    for (a, b), (rho, count) in known.items():
        correlation[0, a, b] = correlation[0, b, a] = rho
        observations[0, a, b] = observations[0, b, a] = count
    base: dict[str, Any] = {
        "capital": CAPITAL,
        "equity": CAPITAL,
        "peak": CAPITAL,
        "day_start_equity": CAPITAL,
        "time": ns("2025-01-15T10:00"),
        "side": [0] * n,
        "queued": [0] * n,
        "exposure": [0.0] * n,
        "queued_exposure": [0.0] * n,
    }
    return AccountState(
        units, correlation=correlation, observations=observations, **(base | changes)
    )


def at(state: AccountState, equity: float, when: str = "", **changes: Any) -> AccountState:
    """Move a state to an equity and a moment as stage D does, its peak kept."""
    state.equity = equity
    state.peak = max(state.peak, equity)
    state.drawdown = 1.0 - equity / state.peak
    if when:
        state.time = ns(when)
        state.month = int(when[:4]) * 12 + int(when[5:7])
    for name, value in changes.items():
        setattr(state, name, value)
    return state


LONG, SHORT = Entry(0, 1), Entry(0, -1)
