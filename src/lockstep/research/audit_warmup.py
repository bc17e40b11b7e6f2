"""Start-up sensitivity: how long indicators and signals remember where the data began.

A recursive indicator (an EMA, Wilder's ATR) never quite forgets its first bars. Started k bars
later it differs; the difference fades, and until it has, a backtest that began elsewhere, or a
live system that loaded less history, would have seen other values.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lockstep.config.models import AssetConfig
from lockstep.core.audit import Audit, AuditColumn, AuditTable
from lockstep.core.bars import Array, Bars
from lockstep.core.signals import Signals
from lockstep.research.subject import Speaker, Subject, differing

STARTS = (1, 10, 100, 1000)
#: A difference is forgotten where it stays below this, in % of the value.
FORGOTTEN_PCT = 0.01
#: Least bars after the look-back over which a difference can be watched.
LEAST_BARS = 100

_INDICATORS = (
    AuditColumn("strategy", "strategy"),
    AuditColumn("indicator", "indicator"),
    AuditColumn("memory", "memory"),
    AuditColumn("at_first_signal_pct", "% off at|first signal", "percent"),
    AuditColumn("settled_bars", "bars until|< 0.01 %", "count"),
    AuditColumn("settled_on", "longest on"),
    AuditColumn("at_end_pct", "% off at|last bar", "percent"),
)
_SIGNALS = (
    AuditColumn("strategy", "strategy"),
    AuditColumn("start_bars", "started later|by bars", "count"),
    AuditColumn("signals", "entry|signals", "count"),
    AuditColumn("changed", "that|change", "count"),
    AuditColumn("changed_late", "of them after|indicators settle", "count"),
    AuditColumn("distances", "distances off|by >= 0.01 %", "count"),
)
_MEASURE = (
    "Largest over assets and starts. Bars count from the later start; '% off' is of the larger of "
    "the two values. 'finite': the value depends on its window alone, but for rounding."
)


@dataclass(slots=True)
class _Memory:
    """What is known of one indicator, the worst over assets and starts."""

    at_first_signal_pct: float = 0.0
    settled_bars: int | None = 0
    settled_on: str = ""
    at_end_pct: float = 0.0
    exact: bool = True


@dataclass(slots=True)
class _Changes:
    """Signals of all assets of a strategy after a later start."""

    signals: int = 0
    changed: int = 0
    changed_late: int = 0
    distances: int = 0


@dataclass(frozen=True, slots=True)
class _Case:
    """One asset started later: what its strategy says with all bars, and without the first."""

    asset: AssetConfig
    start: int
    lookback: int
    whole: tuple[Mapping[str, Array], Signals]
    part: tuple[Mapping[str, Array], Signals]


def audit_warmup(subject: Subject, *, starts: Sequence[int] = STARTS) -> Audit:
    """Start the data later and watch how long indicators and signals tell the difference.

    Parameters
    ----------
    subject : Subject
        What is audited; its account and rules play no part.
    starts : sequence of int
        By how many bars the data begin later.

    Notes
    -----
    An indicator that has not come within 0.01 % when the data end is a violation: its values
    depend on where the data happen to begin.
    """
    subject.progress.start("starts", len(subject.assets))
    memories: dict[tuple[str, str], _Memory] = {}
    changes: dict[tuple[str, int], _Changes] = {}
    notes: dict[str, None] = {}
    for asset in sorted(subject.assets, key=lambda one: one.symbol):
        for case in _cases(asset, subject.bars[asset.symbol], starts, notes):
            settled = _remember(case, memories, notes)
            _count(case, settled, changes.setdefault((asset.strategy, case.start), _Changes()))
        subject.progress.advance("starts")
    return _audit(memories, changes, tuple(notes))


def _cases(
    asset: AssetConfig, bars: Bars, starts: Sequence[int], notes: dict[str, None]
) -> list[_Case]:
    speaker = Speaker.of(asset)
    if speaker is None:
        notes[f"{asset.strategy} is written by hand: what it computes is not visible."] = None
        return []
    lookback = speaker.strategy.lookback_bars
    whole = speaker.says(bars)
    cases = []
    for start in starts:
        if len(bars) - start < lookback + LEAST_BARS:
            notes[f"{asset.symbol} has too few bars ({len(bars):,}) to start {start} later."] = None
            continue
        part = speaker.says(bars.cut(slice(start, len(bars))))
        cases.append(_Case(asset, start, lookback, whole, part))
    return cases


# Indicators --------------------------------------------------------------------------------------


def difference_pct(whole: Array, part: Array) -> Array:
    """Return how far two vectors are apart, % of the larger value of each pair.

    A number against zero or NaN is 100 % off; two zeros are equal, and so are two NaN.
    """
    scale = np.maximum(np.abs(whole), np.abs(part))
    off = np.divide(np.abs(whole - part), scale, out=np.zeros(len(whole)), where=scale > 0)
    missing = np.isnan(whole) | np.isnan(part)
    off[missing] = np.where(np.isnan(whole) & np.isnan(part), 0.0, 1.0)[missing]
    return np.asarray(100.0 * off)


def _remember(case: _Case, memories: dict[tuple[str, str], _Memory], notes: dict[str, None]) -> int:
    """Note the worst of each indicator; return the bars until all of them are settled."""
    longest = 0
    for name, part in case.part[0].items():
        whole = case.whole[0][name][case.start :]
        known = int(np.argmax(~np.isnan(part))) if not np.isnan(part).all() else len(part)
        off = difference_pct(whole[known:], part[known:])
        if not len(off):
            notes[f"{case.asset.strategy}: {name} is never known on {case.asset.symbol}."] = None
            continue
        apart = np.flatnonzero(off >= FORGOTTEN_PCT)
        settled = known + int(apart[-1]) + 1 if len(apart) else 0
        memory = memories.setdefault((case.asset.strategy, name), _Memory())
        first = min(max(case.lookback - 1 - known, 0), len(off) - 1)
        memory.at_first_signal_pct = max(memory.at_first_signal_pct, float(off[first]))
        memory.at_end_pct = max(memory.at_end_pct, float(off[-1]))
        memory.exact &= bool(np.all(off < 1e-6))
        if settled >= len(part):
            memory.settled_bars, memory.settled_on = None, case.asset.symbol
        elif memory.settled_bars is not None and settled > memory.settled_bars:
            memory.settled_bars, memory.settled_on = settled, case.asset.symbol
        longest = max(longest, settled)
    return longest


# Signals -----------------------------------------------------------------------------------------


def _count(case: _Case, settled: int, changes: _Changes) -> None:
    """Count the entries that change once a first signal can stand."""
    whole, part = case.whole[1], case.part[1]
    begin = case.lookback - 1
    before = whole.side[case.start :][begin:]
    after = part.side[begin:]
    changed = differing(before, after)
    changes.signals += int(np.count_nonzero(before))
    changes.changed += len(changed)
    changes.changed_late += int(np.count_nonzero(changed + begin >= settled))
    same = np.flatnonzero((before == after) & (after != 0))
    stops = [
        distances[same]
        for distances in (whole.stop_distance[case.start :][begin:], part.stop_distance[begin:])
    ]
    changes.distances += int(np.count_nonzero(difference_pct(*stops) >= FORGOTTEN_PCT))


# What is told ------------------------------------------------------------------------------------


def _audit(
    memories: Mapping[tuple[str, str], _Memory],
    changes: Mapping[tuple[str, int], _Changes],
    notes: tuple[str, ...],
) -> Audit:
    rows = tuple(
        (
            strategy,
            name,
            "finite" if m.exact else "recursive",
            m.at_first_signal_pct,
            m.settled_bars,
            m.settled_on,
            m.at_end_pct,
        )
        for (strategy, name), m in sorted(memories.items())
    )
    counted = tuple(
        (strategy, start, c.signals, c.changed, c.changed_late, c.distances)
        for (strategy, start), c in sorted(changes.items())
    )
    forever = [key for key, memory in sorted(memories.items()) if memory.settled_bars is None]
    known = [m.settled_bars for m in memories.values() if m.settled_bars is not None]
    return Audit(
        name="warmup",
        verdict=_verdict(len(forever), max(known, default=0), changes),
        violations=tuple(
            f"{strategy}: {name} never settles: it is {memories[strategy, name].at_end_pct:.4g} % "
            f"off at the last bar of {memories[strategy, name].settled_on}; its values depend on "
            "where the data begin."
            for strategy, name in forever
        ),
        tables=(
            AuditTable(
                "indicators", "INDICATORS AFTER A LATER START", _INDICATORS, rows, (_MEASURE,)
            ),
            AuditTable("signals", "ENTRY SIGNALS AFTER A LATER START", _SIGNALS, counted),
        ),
        notes=notes,
        judges=bool(changes),
        records=tuple({"strategy": strategy, "indicator": name} for strategy, name in forever),
    )


def _verdict(forever: int, longest: int, changes: Mapping[tuple[str, int], _Changes]) -> str:
    if not changes:
        return "Nothing could be compared: see the notes."
    if forever:
        some = "1 indicator depends" if forever == 1 else f"{forever} indicators depend"
        return f"{some} on where the data begin, for as long as they last."
    changed = sum(one.changed for one in changes.values())
    signals = sum(one.signals for one in changes.values())
    return (
        f"Every indicator is within {FORGOTTEN_PCT:g} % after {longest:,} bars; a later start "
        f"changes {changed:,} of {signals:,} entry signals."
    )
