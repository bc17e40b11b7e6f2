"""Divergences: where a run of cut data is not the beginning of the whole run."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from lockstep.core.bars import Ints
from lockstep.core.codes import DECISIONS
from lockstep.core.plan import AssetPlan, RunPlan
from lockstep.core.records import Decision, Trade
from lockstep.core.signals import Signals
from lockstep.engine.played import Played
from lockstep.research.subject import differing

#: Columns of an asset's plan that are not prices, signals or rates, and what they are called.
KINDS = {
    "bid_open": "price",
    "bid_high": "price",
    "bid_low": "price",
    "bid_close": "price",
    "spread": "price",
    "rate_open": "rate",
    "rate_close": "rate",
    "nights": "rollover",
}
#: Kinds of divergences, causes before what follows from them.
ORDER = (
    "indicator", "signal", "price", "rate", "rollover", "clock", "correlation", "weight", "entry",
    "trade", "decision", "account", "equity",
)  # fmt: skip
#: What a trade holds from its entry on; the rest is known when it is closed.
AT_ENTRY = (
    "asset", "side", "lots", "signal_bar", "entry_bar", "entry_price", "stop_price", "target_price",
    "rate_entry", "risk_amount", "weight", "links", "risk_asked", "factors",
)  # fmt: skip
CLOSED = tuple(field.name for field in fields(Trade))
DECIDED = tuple(field.name for field in fields(Decision))
#: What a signal array is where a strategy gives none.
_MISSING = {"strength": 1.0, "exit": 0, "max_bars": 0}


@dataclass(frozen=True, slots=True)
class Divergence:
    """The first place at which something known before a cut was different without the future.

    Parameters
    ----------
    kind, name : str
        ``indicator``, ``signal``, ``price``, ``rate``, ``weight``, ``correlation``, ``trade``,
        ``decision``, ``equity`` ...; and which of them.
    strategy, asset : str
        Whose it is; empty where it belongs to the account.
    bar : int
        Index of the asset's bar (of the clock's step for the account).
    time : int
        Its label, ns UTC.
    whole, part : object
        The value with all data, and with cut data.
    cut : int
        Data labelled before this moment were kept, ns UTC.
    count : int
        How many values before the cut differ.
    """

    kind: str
    name: str
    strategy: str
    asset: str
    bar: int
    time: int
    whole: Any
    part: Any
    cut: int
    count: int

    @property
    def subject(self) -> tuple[str, str, str, str]:
        """What diverges, wherever it was cut."""
        return self.kind, self.name, self.strategy, self.asset


@dataclass(frozen=True, slots=True)
class Place:
    """Where arrays belong: strategy, asset, labels of their rows, and the cut at work."""

    strategy: str
    asset: str
    time: Ints
    cut: int

    def compare(self, kind: str, name: str, whole: Any, part: Any) -> Divergence | None:
        """Compare the beginning of one vector with another; `part` says how much of it."""
        if part.shape != whole[: len(part)].shape or part.ndim != 1:
            return self.found(kind, name, 0, f"shape {whole.shape}", f"shape {part.shape}")
        rows = differing(whole[: len(part)], part)
        if not len(rows):
            return None
        row = int(rows[0])
        return self.found(kind, name, row, whole[row].item(), part[row].item(), len(rows))

    def found(
        self, kind: str, name: str, bar: int, whole: Any, part: Any, count: int = 1
    ) -> Divergence:
        """Return a divergence at one of the place's rows."""
        time = int(self.time[min(bar, len(self.time) - 1)])
        return Divergence(
            kind, name, self.strategy, self.asset, bar, time, whole, part, self.cut, count
        )


# What a strategy says ----------------------------------------------------------------------------


def indicator_divergences(
    place: Place, whole: dict[str, Any], part: dict[str, Any]
) -> Iterator[Divergence]:
    """Compare indicators of cut bars with those of all bars, up to the cut's last bar."""
    for name in sorted({*whole, *part}):
        if name not in whole or name not in part:
            mine, theirs = ("given" if name in said else "not given" for said in (whole, part))
            yield place.found("indicator", name, 0, mine, theirs)
            continue
        first = place.compare("indicator", name, np.asarray(whole[name]), np.asarray(part[name]))
        if first:
            yield first


def signal_divergences(place: Place, whole: Signals, part: Signals) -> Iterator[Divergence]:
    """Compare the signals of cut bars with those of all bars; distances where a side is given."""
    for field in fields(Signals):
        one, other = (_filled(said, field.name) for said in (whole, part))
        first = place.compare("signal", field.name, one, other)
        if first:
            yield first


def _filled(signals: Signals, name: str) -> Any:
    values = getattr(signals, name)
    if values is not None:
        return values
    return np.full(len(signals), _MISSING.get(name, np.nan))


# What the plan holds -----------------------------------------------------------------------------


def asset_divergences(place: Place, whole: AssetPlan, part: AssetPlan) -> Iterator[Divergence]:
    """Compare what an asset's plan holds beside its signals."""
    for name, kind in KINDS.items():
        first = place.compare(kind, name, getattr(whole, name), getattr(part, name))
        if first:
            yield first


def schedule_divergences(
    place: Place, whole: RunPlan, part: RunPlan, steps: int
) -> Iterator[Divergence]:
    """Compare clock, trading days and correlations of two plans, and the weights of `steps`."""
    yield from _found(place.compare("clock", "time", whole.clock, part.clock))
    yield from _found(place.compare("clock", "trading day", whole.day, part.day))
    for index, symbol in enumerate(part.symbols):
        own = dataclasses.replace(place, asset=symbol, time=part.clock)
        mine, theirs = (_weights_on(plan, index, steps) for plan in (whole, part))
        yield from _found(own.compare("weight", "weight", mine, theirs))
    yield from _correlations(place, whole, part)


def _weights_on(plan: RunPlan, asset: int, steps: int) -> np.ndarray:
    """Return the target weight in force at each step, shape (steps,)."""
    known = plan.rebalance_steps[plan.rebalance_steps < steps]
    rows = plan.weights[: len(known), asset]
    values = np.concatenate([plan.initial_weights[asset : asset + 1], rows])
    return values[np.searchsorted(known, np.arange(steps), side="right")]


def _correlations(place: Place, whole: RunPlan, part: RunPlan) -> Iterator[Divergence]:
    days, n = part.correlation.shape[:2]
    first_steps = np.searchsorted(part.day, np.arange(days))
    at = dataclasses.replace(place, time=part.clock[first_steps] if days else part.clock)
    for a in range(n):
        for b in range(a + 1, n):
            name = f"{part.symbols[a]}/{part.symbols[b]}"
            both = (plan.correlation[:, a, b] for plan in (whole, part))
            yield from _found(at.compare("correlation", name, *both))


def _found(divergence: Divergence | None) -> Iterator[Divergence]:
    if divergence:
        yield divergence


# What was played ---------------------------------------------------------------------------------


def played_divergences(
    place: Place, plans: tuple[RunPlan, RunPlan], plays: tuple[Played, Played], steps: int
) -> Iterator[Divergence]:
    """Compare two plays over their first steps: entries, closed trades, decisions, equity.

    Parameters
    ----------
    place : Place
        Whose `time` is the clock.
    plans, plays : (whole, part)
        Assets in the same order.
    steps : int
        Steps before any position was closed because its cut data ended.
    """
    bars = ("entry_bar", "exit_bar")
    records = _Records(place, plans[1])
    for kind, bar, names in (("entry", bars[0], AT_ENTRY), ("trade", bars[1], CLOSED)):
        both = [_trades(plan, play, bar, steps) for plan, play in zip(plans, plays)]
        yield from _found(records.first(kind, both, names, bar))
    decided = [[d for d in play.decisions if d.step < steps] for play in plays]
    yield from _found(records.first("decision", decided, DECIDED, ""))
    for name in ("reserve", "used_margin", "margin_level", "drawdown_factor"):
        whole, part = (getattr(play, name)[:steps] for play in plays)
        yield from _found(place.compare("account", name, whole, part))
    for index, symbol in enumerate(plans[1].symbols):
        own = dataclasses.replace(place, asset=symbol)
        whole, part = (play.equity[:steps, index] for play in plays)
        yield from _found(own.compare("equity", "sleeve equity", whole, part))


def vanished(
    place: Place, plans: tuple[RunPlan, RunPlan], plays: tuple[Played, Played]
) -> Iterator[Divergence]:
    """Return entries decided on an asset's last bar before the cut that the cut run never saw.

    There is no later bar to fill them on, so a signal that stands leaves a decision in their place.
    """
    whole, part = plays
    said = {(d.asset, d.step) for d in part.decisions if d.stage == "E"}
    for trade in whole.trades:
        short, full = (plan.assets[trade.asset] for plan in reversed(plans))
        last = len(short) - 1
        step = int(short.step[last])
        if trade.signal_bar != last or last + 1 == len(full) or (trade.asset, step) in said:
            continue
        own = dataclasses.replace(place, asset=short.symbol)
        yield own.found("entry", "signal", step, "entered", "no signal")


def _trades(plan: RunPlan, play: Played, bar: str, steps: int) -> list[Trade]:
    """Return the trades whose entry or exit came before a step, in the order of that moment."""

    def step_of(trade: Trade) -> int:
        return int(plan.assets[trade.asset].step[getattr(trade, bar)])

    early = [trade for trade in play.trades if step_of(trade) < steps]
    return sorted(early, key=lambda trade: (step_of(trade), trade.asset))


@dataclass(frozen=True, slots=True)
class _Records:
    """Compares lists of trades or decisions, at a place whose times are the plan's clock."""

    place: Place
    plan: RunPlan

    def first(
        self, kind: str, both: Sequence[Sequence[Any]], names: Sequence[str], bar: str
    ) -> Divergence | None:
        """Return the first record that differs, or that only one of two lists holds."""
        whole, part = both
        for mine, theirs in zip(whole, part):
            for name in names:
                values = getattr(mine, name), getattr(theirs, name)
                if not _same(*values):
                    said = [DECISIONS[v] if name == "code" else v for v in values]
                    return self._found(kind, name, theirs, bar, said)
        if len(whole) == len(part):
            return None
        longer = max(whole, part, key=len)
        extra = longer[min(len(whole), len(part))]
        return self._found(kind, "number", extra, bar, [len(whole), len(part)])

    def _found(
        self, kind: str, name: str, record: Any, bar: str, values: Sequence[Any]
    ) -> Divergence:
        symbol = self.plan.symbols[record.asset] if record.asset >= 0 else ""
        step = record.step if not bar else self._step(record, bar)
        return dataclasses.replace(self.place, asset=symbol).found(kind, name, step, *values)

    def _step(self, trade: Trade, bar: str) -> int:
        steps = self.plan.assets[trade.asset].step
        return int(steps[min(getattr(trade, bar), len(steps) - 1)])


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_same, one, other))
    return bool(one == other or (one != one and other != other))  # noqa: PLR0124 - NaN
