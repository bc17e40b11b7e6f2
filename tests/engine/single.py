"""One asset in an account of its own: the smallest world in which a broker can be wrong."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lockstep.core.codes import DECISIONS, EXIT_REASONS
from lockstep.core.instrument import Instrument
from lockstep.core.plan import RunPlan
from lockstep.core.records import Trade
from lockstep.engine.played import Played
from tests.kit import asset, make_bars, plan_of, play_checked, unit

#: Stop distance of most tests: 2.00 lots of 100,000 lose 1 % of 100,000 there.
STOP = 0.005
LONG: dict[str, Any] = {"bar": 0, "side": 1, "stop": STOP}
SHORT: dict[str, Any] = {"bar": 0, "side": -1, "stop": STOP}

Row = tuple[float, float, float, float]


def flat(price: float) -> Row:
    """Return a bar that never moves."""
    return (price, price, price, price)


def play_one(
    rows: Sequence[Row],
    entries: Sequence[Mapping[str, Any]] = (LONG,),
    *,
    instrument: Instrument | None = None,
    exits: Mapping[int, int] | None = None,
    rate: float | np.ndarray = 1.0,
    rate_close: float | np.ndarray | None = None,
    labels: Sequence[int] | None = None,
    **terms: Any,
) -> Played:
    """Play one asset alone and check every identity."""
    return play_checked(
        plan_one(
            rows,
            entries,
            instrument=instrument,
            exits=exits,
            rate=rate,
            rate_close=rate_close,
            labels=labels,
            **terms,
        )
    )


def plan_one(
    rows: Sequence[Row],
    entries: Sequence[Mapping[str, Any]] = (LONG,),
    *,
    instrument: Instrument | None = None,
    exits: Mapping[int, int] | None = None,
    rate: float | np.ndarray = 1.0,
    rate_close: float | np.ndarray | None = None,
    labels: Sequence[int] | None = None,
    **terms: Any,
) -> RunPlan:
    """Return the plan of one asset alone."""
    instrument = instrument or unit()
    bars = make_bars(instrument.symbol, rows, labels=labels)
    return plan_of(
        asset(instrument, bars, entries, exits=exits, rate=rate, rate_close=rate_close), **terms
    )


def only_trade(played: Played) -> Trade:
    """Return the trade of a run that has exactly one."""
    assert len(played.trades) == 1
    return played.trades[0]


def reason(trade: Trade) -> str:
    """Return why a trade ended, in words."""
    return EXIT_REASONS[trade.exit_reason]


def decided(played: Played) -> list[tuple[int, str, int, str]]:
    """Return (step, stage, asset, code in words) of every decision."""
    return [(d.step, d.stage, d.asset, DECISIONS[d.code]) for d in played.decisions]


def numbers(played: Played, code: str) -> list[tuple[float, float]]:
    """Return (before, after) of every decision of one code."""
    wanted = DECISIONS.index(code)
    return [(d.before, d.after) for d in played.decisions if d.code == wanted]
