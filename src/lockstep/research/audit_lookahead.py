"""No look-ahead: run on cut data, and everything before the cut must reappear bit for bit."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import pandas as pd

from lockstep.config.models import AssetConfig
from lockstep.core.audit import Audit, AuditColumn, AuditTable
from lockstep.core.bars import Bars, Ints
from lockstep.core.plan import RunPlan
from lockstep.core.signals import Signals
from lockstep.engine.identities import check_identities
from lockstep.engine.outcome import Prepared
from lockstep.engine.played import Played
from lockstep.engine.players import play
from lockstep.research.cuts import Cut, CutsOfAsset, cut_moments
from lockstep.research.divergence import (
    ORDER,
    Divergence,
    Place,
    asset_divergences,
    indicator_divergences,
    played_divergences,
    schedule_divergences,
    signal_divergences,
    vanished,
)
from lockstep.research.subject import Speaker, Subject

_STRATEGIES = (
    AuditColumn("strategy", "strategy"),
    AuditColumn("assets", "assets", "count"),
    AuditColumn("cuts", "cuts", "count"),
    AuditColumn("behind_signals", "of them right|behind a signal", "count"),
    AuditColumn("indicators", "indicators", "count"),
    AuditColumn("values", "values|compared", "count"),
    AuditColumn("divergences", "divergences", "count"),
)
_RUNS = (
    AuditColumn("cut", "data before"),
    AuditColumn("why", "chosen as"),
    AuditColumn("steps", "steps|compared", "count"),
    AuditColumn("rebalances", "rebalances", "count"),
    AuditColumn("entries", "entries", "count"),
    AuditColumn("trades", "closed|trades", "count"),
    AuditColumn("decisions", "decisions", "count"),
    AuditColumn("divergences", "divergences", "count"),
)
_HORIZON = (
    "Plans are compared up to each cut; what was played, up to the last bar of the first asset "
    "whose data the cut ends, where its position is closed because the data end."
)


@dataclass(slots=True)
class _Tally:
    """What was compared of one strategy."""

    assets: int = 0
    cuts: int = 0
    behind_signals: int = 0
    indicators: int = 0
    values: int = 0
    divergences: int = 0


def audit_lookahead(
    subject: Subject, *, cuts: int = 5, behind_signals: int = 20, seed: int = 0
) -> Audit:
    """Cut the data at several moments and compare what was known before each of them.

    Parameters
    ----------
    subject : Subject
        What is audited.
    cuts : int
        Runs of cut data: in turn to the end of a trading month, right behind a signal that was
        traded, and anywhere.
    behind_signals : int
        Further cuts of each asset, for its strategy only, each right behind a bar with a signal:
        a strategy that peeks only where it trades is found there.
    seed : int
        Seed of the cuts.

    Raises
    ------
    ConfigError, DataError
        If the run itself cannot start, or is too short to be cut.
    """
    subject = _in_range(subject)
    subject.progress.start("cuts", len(subject.assets) + cuts + 1)
    whole = _Run.of(subject)
    moments = cut_moments(subject, whole.entries(), cuts, seed)
    found: list[Divergence] = []
    tallies: dict[str, _Tally] = {}
    for index, asset in enumerate(subject.assets):
        tally = tallies.setdefault(asset.strategy, _Tally())
        chosen = CutsOfAsset([cut.moment for cut in moments], behind_signals, [seed, index])
        found += _of_strategy(asset, subject.bars[asset.symbol], chosen, tally)
        subject.progress.advance("cuts")
    rows = []
    for row, divergences in _of_runs(subject, whole, moments):
        rows.append(row)
        found += divergences
    owners = {asset.symbol: asset.strategy for asset in subject.assets}
    return _audit(subject, moments, tallies, rows, [_owned(d, owners) for d in found])


def _in_range(subject: Subject) -> Subject:
    """Return the subject with the bars that the configured range leaves."""
    bars = subject.backtester().prepare(subject.bars, subject.pairs).bars
    assets = sorted(subject.assets, key=lambda asset: asset.symbol)
    return dataclasses.replace(subject, bars=bars, assets=assets)


def _owned(divergence: Divergence, owners: Mapping[str, str]) -> Divergence:
    return dataclasses.replace(divergence, strategy=owners.get(divergence.asset, ""))


# What strategies say -----------------------------------------------------------------------------


def _of_strategy(
    asset: AssetConfig, bars: Bars, chosen: CutsOfAsset, tally: _Tally
) -> list[Divergence]:
    tally.assets += 1
    speaker = Speaker.of(asset)
    if speaker is None:
        return []
    indicators, signals = speaker.says(bars)
    at_moments, behind = chosen.lengths(bars, signals)
    tally.cuts += len(at_moments) + len(behind)
    tally.behind_signals += len(behind)
    tally.indicators = max(tally.indicators, len(indicators))
    found: list[Divergence] = []
    for length in sorted([*at_moments, *behind]):
        part = bars.cut(slice(0, length))
        place = Place(asset.strategy, asset.symbol, part.time, int(part.time[-1]) + bars.timeframe)
        said, heard = speaker.says(part)
        found += indicator_divergences(place, indicators, said)
        found += signal_divergences(place, signals, heard)
        tally.values += length * (len(said) + len(fields(Signals)))
    tally.divergences += len(found)
    return found


# What runs make of it ----------------------------------------------------------------------------

_Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    prepared: Prepared
    plan: RunPlan
    played: Played

    @classmethod
    def of(cls, subject: Subject) -> _Run:
        backtester = subject.backtester()
        prepared = backtester.prepare(subject.bars, subject.pairs)
        plan = backtester.plan(prepared).whole()
        played = play(plan, backtester.player)
        check_identities(plan, played)
        subject.progress.advance("cuts")
        return cls(prepared, plan, played)

    def entries(self) -> Ints:
        """Return when each bar with a signal that was traded was complete, ns UTC."""
        assets = self.plan.assets
        moments = [
            int(assets[t.asset].time[t.signal_bar]) + assets[t.asset].timeframe
            for t in self.played.trades
        ]
        return np.asarray(moments, dtype=np.int64)


def _of_runs(
    subject: Subject, whole: _Run, moments: Sequence[Cut]
) -> Iterator[tuple[_Row, list[Divergence]]]:
    for cut in moments:
        part = _Run.of(subject.before(cut.moment))
        steps = horizon(whole.plan, part.plan)
        divergences = list(_of_run(whole, part, cut, steps))
        yield (
            (
                _moment(cut.moment),
                cut.why,
                steps,
                int((part.plan.rebalance_steps < steps).sum()),
                _early(part, "entry_bar", steps),
                _early(part, "exit_bar", steps),
                sum(decision.step < steps for decision in part.played.decisions),
                len(divergences),
            ),
            divergences,
        )


def _of_run(whole: _Run, part: _Run, cut: Cut, steps: int) -> Iterator[Divergence]:
    full = {asset.symbol: asset for asset in whole.prepared.assets}
    for theirs in part.prepared.assets:
        mine = full[theirs.symbol]
        place = Place("", theirs.symbol, theirs.time, cut.moment)
        yield from asset_divergences(place, mine, theirs)
    account = Place("", "", part.plan.clock, cut.moment)
    if part.plan.symbols != whole.plan.symbols:
        names = [", ".join(run.plan.symbols) for run in (whole, part)]
        yield account.found("weight", "assets in play", 0, names[0], names[1])
        return
    plans, plays = (whole.plan, part.plan), (whole.played, part.played)
    yield from schedule_divergences(account, *plans, steps)
    yield from played_divergences(account, plans, plays, steps)
    yield from vanished(account, plans, plays)


def horizon(whole: RunPlan, part: RunPlan) -> int:
    """Return the steps before the first asset whose data the cut ends meets its last bar."""
    ends = [
        int(short.time[-1])
        for short, full in zip(part.assets, whole.assets)
        if len(short) < len(full)
    ]
    return int(np.searchsorted(part.clock, min(ends))) if ends else len(part.clock)


def _early(run: _Run, bar: str, steps: int) -> int:
    assets = run.plan.assets
    return sum(int(assets[t.asset].step[getattr(t, bar)]) < steps for t in run.played.trades)


# What is told ------------------------------------------------------------------------------------


def _audit(
    subject: Subject,
    moments: Sequence[Cut],
    tallies: Mapping[str, _Tally],
    rows: Sequence[_Row],
    found: Sequence[Divergence],
) -> Audit:
    firsts = first_of_each(found)
    told = [dataclasses.astuple(tally) for tally in tallies.values()]
    stated = [(name, *tally) for name, tally in zip(tallies, told)]
    verdict = (
        f"Nothing before {len(moments)} cuts depends on data after them."
        if not firsts
        else f"{len(firsts)} things before a cut depend on data after it: look-ahead."
    )
    return Audit(
        name="lookahead",
        verdict=verdict,
        violations=tuple(in_words(d) for d in firsts),
        tables=(
            AuditTable(
                "strategies", "STRATEGIES ON CUT BARS", _STRATEGIES, tuple(stated), _hidden(tallies)
            ),
            AuditTable("runs", "RUNS OF CUT DATA", _RUNS, tuple(rows), (_HORIZON,)),
        ),
        notes=_uncovered(subject),
        records=tuple(_record(d) for d in firsts),
    )


def first_of_each(found: Sequence[Divergence]) -> list[Divergence]:
    """Return the earliest divergence of each indicator, signal, weight ..., causes first."""
    earliest: dict[tuple[str, str, str, str], Divergence] = {}
    for one in sorted(found, key=lambda d: (d.time, d.cut)):
        earliest.setdefault(one.subject, one)
    return sorted(earliest.values(), key=lambda d: (ORDER.index(d.kind), d.asset, d.name))


def in_words(found: Divergence) -> str:
    """Return a divergence in words."""
    whose = " on ".join(filter(None, (found.strategy, found.asset))) or "the account"
    return (
        f"{whose}: {found.kind} {found.name} differs first at bar {found.bar:,} "
        f"({_moment(found.time)}): {found.whole!r} with all data, {found.part!r} with data before "
        f"{_moment(found.cut)} ({found.count:,} differ)."
    )


def _record(found: Divergence) -> dict[str, Any]:
    record = dataclasses.asdict(found)
    for name in ("time", "cut"):
        record[name] = pd.Timestamp(record[name]).isoformat() + "Z"
    for name in ("whole", "part"):
        value = record[name]
        if isinstance(value, tuple) or (isinstance(value, float) and not np.isfinite(value)):
            record[name] = repr(value)
    return record


def _moment(time: int) -> str:
    return f"{pd.Timestamp(time):%Y-%m-%d %H:%M}"


def _hidden(tallies: Mapping[str, _Tally]) -> tuple[str, ...]:
    return tuple(
        f"{name} is written by hand: what it computes is not visible, its trades are compared."
        for name in tallies
        if ":" in name
    )


def _uncovered(subject: Subject) -> tuple[str, ...]:
    """Return a sentence if no cut can fall into much of the run."""
    starts = {symbol: int(one.time[0]) for symbol, one in subject.bars.items()}
    last = max(starts, key=lambda symbol: (starts[symbol], symbol))
    begin = min(starts.values())
    end = max(int(one.time[-1]) for one in subject.bars.values())
    if (starts[last] - begin) <= 0.1 * (end - begin):
        return ()
    sentence = (
        f"No run is cut before {_moment(starts[last])}, when the data of {last} begin: audit the "
        "other assets alone (--assets) to cut earlier."
    )
    return (sentence,)
