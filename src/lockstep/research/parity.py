"""Hold two played runs against each other, bit for bit, and name where they first part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.codes import DECISIONS
from lockstep.core.plan import RunPlan
from lockstep.core.records import Decision, Trade
from lockstep.core.result import LEDGER_TERMS
from lockstep.engine.played import Played

#: What the axes of a table of `Played` are; a table that is not named here has one value a step.
AXES = {
    "equity": ("step", "asset"),
    "terms": ("day", "asset", "term"),
    "in_position": ("asset",),
    "end_adjustment": ("asset",),
    "least_free": (),
}
_TABLES = tuple(
    item.name for item in fields(Played) if item.name not in {"trades", "decisions", "factor_names"}
)
_TRADE_FIELDS = tuple(item.name for item in fields(Trade))
_DECISION_FIELDS = tuple(item.name for item in fields(Decision))


def first_difference(
    plan: RunPlan, one: Played, other: Played, names: tuple[str, str] = ("cerebro", "kernel")
) -> str | None:
    """Return a sentence naming the first place in which two plays of a plan differ.

    Two numbers are the same if their bits are: 0.0 and -0.0 differ, and NaN is the same as NaN.

    Parameters
    ----------
    plan : RunPlan
        What both played.
    one, other : Played
        What happened.
    names : (str, str)
        What to call them.

    Returns
    -------
    str or None
        The earliest decision or trade that differs, else the first differing number of the other
        tables; None if the two are the same.
    """
    if one.factor_names != other.factor_names:
        return _say("factor names", names, one.factor_names, other.factor_names)
    return (
        _in_decisions(plan, one.decisions, other.decisions, names)
        or _in_trades(plan, one.trades, other.trades, names)
        or _in_arrays(plan, one, other, names)
    )


def same_bits(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return where two arrays of one shape hold the same bits; all NaN count as one value."""
    if one.dtype.kind != "f":
        return np.asarray(one == other)
    first, second = (np.require(a, np.float64, "C") for a in (one, other))
    same = first.view(np.int64) == second.view(np.int64)
    return np.asarray(same | (np.isnan(first) & np.isnan(second)))


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(_same(*pair) for pair in zip(one, other))
    if isinstance(one, float) or isinstance(other, float):
        return bool(same_bits(np.array(float(one)), np.array(float(other))))
    return bool(one == other)


def _say(where: str, names: tuple[str, str], one: Any, other: Any) -> str:
    gap = ""
    if isinstance(one, float) and isinstance(other, float) and one != other:
        gap = f" (difference {other - one:.3g})"
    return f"{where}: {names[0]} has {one!r}, {names[1]} has {other!r}{gap}"


def _in_decisions(
    plan: RunPlan, one: Sequence[Decision], other: Sequence[Decision], names: tuple[str, str]
) -> str | None:
    for number, (first, second) in enumerate(zip(one, other), 1):
        for name in _DECISION_FIELDS:
            a, b = getattr(first, name), getattr(second, name)
            if not _same(a, b):
                told = " / ".join(dict.fromkeys((_told(plan, first), _told(plan, second))))
                return _say(f"decision {number} ({told}): {name}", names, a, b)
    if len(one) != len(other):
        extra = max(one, other, key=len)[min(len(one), len(other))]
        where = f"number of decisions (the first beyond: {_told(plan, extra)})"
        return _say(where, names, len(one), len(other))
    return None


def _told(plan: RunPlan, decision: Decision) -> str:
    asset = plan.symbols[decision.asset] if decision.asset >= 0 else "account"
    return f"{DECISIONS[decision.code]}, {asset}, {_moment(plan, decision.step)}"


def _in_trades(
    plan: RunPlan, one: Sequence[Trade], other: Sequence[Trade], names: tuple[str, str]
) -> str | None:
    for number, (first, second) in enumerate(zip(one, other), 1):
        for name in _TRADE_FIELDS:
            a, b = getattr(first, name), getattr(second, name)
            if not _same(a, b):
                asset = plan.assets[first.asset]
                opened = _stamp(int(asset.time[first.entry_bar]))
                where = f"trade {number} ({asset.symbol}, entered {opened}): {name}"
                return _say(where, names, a, b)
    if len(one) != len(other):
        return _say("number of trades", names, len(one), len(other))
    return None


def _in_arrays(plan: RunPlan, one: Played, other: Played, names: tuple[str, str]) -> str | None:
    for table in _TABLES:
        first, second = np.asarray(getattr(one, table)), np.asarray(getattr(other, table))
        if first.shape != second.shape:
            return _say(f"shape of {table}", names, first.shape, second.shape)
        apart = list(zip(*np.nonzero(~np.atleast_1d(same_bits(first, second)))))
        if apart:
            axes = AXES.get(table, ("step",))
            at = tuple(int(index) for index in apart[0])[: first.ndim]
            where = ", ".join(_place(plan, axis, index) for axis, index in zip(axes, at))
            said = f"{table} ({where})" if where else table
            return _say(said, names, first[at].item(), second[at].item())
    return None


def _place(plan: RunPlan, axis: str, index: int) -> str:
    if axis == "step":
        return _moment(plan, index)
    if axis == "day":
        return f"trading day {np.datetime64(int(plan.days[index]), 'D')}"
    if axis == "term":
        return LEDGER_TERMS[index]
    return (*plan.symbols, "reserve")[index]


def _moment(plan: RunPlan, step: int) -> str:
    return f"step {step} at {_stamp(int(plan.clock[step]))}"


def _stamp(label: int) -> str:
    return pd.Timestamp(label, unit="ns").isoformat() + "Z"
