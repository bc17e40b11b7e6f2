"""Questions to the data: whether the prices are a market's, complete, and fine enough."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.bars import MINUTE_NS, TIMEFRAMES, Ints
from lockstep.metrics.coverage import EDGE_DAYS, lacking_days
from lockstep.metrics.doctor.finding import (
    HIGH,
    HOUR_NS,
    LOW,
    MEDIUM,
    Case,
    Finding,
    numbers,
)
from lockstep.metrics.panel import nanoseconds

#: Calendar days below which a history has not seen all seasons of a market.
SHORT_DAYS = 365.0
#: Part of the days without all assets beyond which the whole run is a mixture.
MIXED_SHARE = 0.10
#: Assets named in one sentence.
MOST_NAMED = 2
#: Market hours without a bar over which an open position keeps an old mark (a holiday is 24).
STALE_HOURS = 36.0
#: Hours of identical bars in a row.
UNMOVED_HOURS = 3.0
#: Share of trades that open and close inside one bar.
SAME_BAR_SHARE = 0.30
_WEEKEND_HOURS = 48.0
#: Monday 1970-01-05 begins a week; its Saturday is five days later.
_WEEK_NS, _MONDAY_NS, _SATURDAY_NS = (n * 24 * HOUR_NS for n in (7, 4, 5))
_STALE_NOTE = re.compile(r"stale runs? of \d+ or more identical bars?; the longest, ([\d,]+) bars")


def synthetic(case: Case) -> Iterator[Finding]:
    """Yield a finding if prices are generated."""
    made = [s for s, source in (case.facts.get("sources") or {}).items() if "sample" in source]
    if not made and "SYNTHETIC" in (case.facts.get("labels") or ()):
        made = list(case.facts.get("configured") or case.symbols)
    if made:
        yield Finding(
            HIGH,
            len(made),
            "assets",
            f"The prices of {_assets(len(made))} are generated, not quoted: profit and loss say "
            "nothing about any market.",
            "Use this run to learn the tool; run the same configuration on real bars by --data.",
            size=float("inf"),
        )


def in_sample(case: Case) -> Iterator[Finding]:
    """Yield a finding if parameters were tuned on dates of the run."""
    for label in map(str, case.facts.get("labels") or ()):
        if label.lower().startswith("in-sample"):
            named = [name.strip() for name in label.partition(":")[2].split(",") if name.strip()]
            yield Finding(
                HIGH,
                len(named),
                "assets",
                f"The parameters of {', '.join(named) or 'some assets'} were tuned on dates of "
                "this run: the result repeats what the tuning looked for.",
                "Begin the run after the last tuned date, or tune walk-forward.",
                size=float(max(len(named), 1)),
                asset=", ".join(named),
            )


def failed(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset that failed."""
    for symbol, why in sorted((case.facts.get("failed") or {}).items()):
        reason = " ".join(str(why).split()).removeprefix(f"{symbol}: ").rstrip(".")
        yield Finding(
            HIGH,
            1,
            "asset",
            f"{symbol} failed: {reason}.",
            "Mend it and run again: "
            + (
                "the result is that of another portfolio."
                if case.metrics.get("portfolio")
                else "without it no portfolio was played."
            ),
            asset=str(symbol),
        )


def short_sample(case: Case) -> Iterator[Finding]:
    """Yield a finding if the run covers less than a year."""
    time = nanoseconds(case.result.equity.index)
    days = float(time[-1] - time[0]) / (24 * HOUR_NS)
    if days < SHORT_DAYS:
        yield Finding(
            MEDIUM,
            days,
            "days",
            f"The run covers {_length(days)}: less than a year has not seen every season, and "
            "yearly figures are stretched from it.",
            "Test on several years, with calm and stormy markets among them.",
            size=SHORT_DAYS / max(days, 1.0),
        )


def late_or_early(case: Case) -> Iterator[Finding]:
    """Yield a finding if the account was one of fewer assets on part of its days."""
    covered = case.value("coverage")
    lacking = lacking_days(covered) if covered else 0
    if lacking <= EDGE_DAYS:
        return
    days, most = int(case.value("portfolio", "trading_days")), int(covered["assets"])
    late, early = _edges(case)
    other, of_other = _most_common(covered)
    together = f"all {most}" if most == len(case.symbols) else f"{most} of {len(case.symbols)}"
    yield Finding(
        MEDIUM if early or lacking > MIXED_SHARE * days else LOW,
        lacking / days,
        "fraction",
        f"The account was not one portfolio: {together} assets had data on {days - lacking:,} of "
        f"{days:,} trading days, only {other} on {of_other:,} ({of_other / days:.1%}). "
        f"{_told(early, 'end', 'early')}{_told(late, 'begin', 'late')}Figures of the whole run mix "
        "them all.",
        "Judge by the days with the most assets (ASSETS AND THEIR DATA); load the missing data, or "
        "use --range common.",
        size=lacking / EDGE_DAYS,
        asset=", ".join(sorted({*late, *early})),
    )


def _most_common(covered: Mapping[str, Any]) -> tuple[int, int]:
    """Return the number of assets, below the most, that had data on most days, and the days."""
    days: Counter[int] = Counter()
    for one in covered["stretches"]:
        days[one["assets"]] += one["days"]
    del days[covered["assets"]]
    return max(days.items(), key=lambda item: (item[1], -item[0]))


def _edges(case: Case) -> tuple[dict[str, int], dict[str, int]]:
    """Return by how many days assets begin after, and end before, the run; a week is no news."""
    spans = {s: tuple(_ns(case.facts["ranges"][s][k]) for k in ("first", "last"))
             for s in case.symbols}  # fmt: skip
    first, last = min(a for a, _ in spans.values()), max(b for _, b in spans.values())
    late = {s: (begin - first) // (24 * HOUR_NS) for s, (begin, _) in spans.items()}
    early = {s: (last - end) // (24 * HOUR_NS) for s, (_, end) in spans.items()}
    return ({s: n for s, n in late.items() if n > EDGE_DAYS},
            {s: n for s, n in early.items() if n > EDGE_DAYS})  # fmt: skip


def _told(days: Mapping[str, int], verb: str, how: str) -> str:
    """Return 'A and B end 339 days early. ', the most days first; nothing of nobody."""
    if not days:
        return ""
    ranked = sorted(days.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{symbol} ({n:,} days)" for symbol, n in ranked[:MOST_NAMED]]
    named += [f"{len(ranked) - MOST_NAMED} more"] if len(ranked) > MOST_NAMED else []
    who = " and ".join([", ".join(named[:-1]), named[-1]] if named[1:] else named)
    return f"{who} {verb}{'s' if len(ranked) == 1 else ''} {how}. "


def stale_marks(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset held over a long absence of bars."""
    for symbol in case.symbols:
        gap = _longest_held_gap(case, symbol)
        if gap > STALE_HOURS:
            yield Finding(
                MEDIUM,
                gap,
                "hours",
                f"A position of {symbol} was held over {gap:,.1f} market hours without a bar: its "
                "mark, margin and stop stood still meanwhile.",
                "Look for missing data there; equity and drawdown in that stretch are guesses.",
                size=gap / STALE_HOURS,
                asset=symbol,
            )


def _longest_held_gap(case: Case, symbol: str) -> float:
    """Return the most market hours between two bars over which a position was open."""
    bars, trades = case.bars_of(symbol), case.trades_of(symbol)
    if len(bars) < 2 or not len(trades):
        return 0.0
    entry, leave = nanoseconds(trades["entry_time"]), nanoseconds(trades["exit_time"])
    hours = np.diff(bars) / HOUR_NS
    if not case.facts.get("weekend_days") or _sleeps_at_weekends(bars):
        hours = hours - _WEEKEND_HOURS * np.diff((bars - _MONDAY_NS - _SATURDAY_NS) // _WEEK_NS)
    gaps = np.flatnonzero(hours > STALE_HOURS)
    held = [
        float(hours[at]) for at in gaps if bool(np.any((entry <= bars[at]) & (leave > bars[at])))
    ]
    return max(held, default=0.0)


def _sleeps_at_weekends(bars: Ints) -> bool:
    """Return True if fewer than one bar in twenty lies on a Saturday (one in seven would)."""
    into = (bars - _MONDAY_NS) % _WEEK_NS
    return bool(np.mean((into >= _SATURDAY_NS) & (into < _SATURDAY_NS + 24 * HOUR_NS)) < 0.05)


def unmoved_prices(case: Case) -> Iterator[Finding]:
    """Yield a finding for each asset whose data hold a long run of identical bars."""
    minutes = TIMEFRAMES.get(str(case.facts.get("timeframe")), 0) / MINUTE_NS
    for symbol, notes in sorted((case.facts.get("notes") or {}).items()):
        lengths = [m[1] for note in notes if (m := _STALE_NOTE.search(str(note)))]
        longest = max((int(text.replace(",", "")) for text in lengths), default=0)
        hours = longest * minutes / 60.0
        if hours > UNMOVED_HOURS:
            yield Finding(
                LOW,
                hours,
                "hours",
                f"The price of {symbol} did not move for {longest:,} bars ({hours:,.1f} hours): "
                "trades in such a stretch could not have been made.",
                "Check the source; leave the stretch out, or halt the asset there.",
                size=hours / UNMOVED_HOURS,
                asset=str(symbol),
            )


def same_bar(case: Case) -> Iterator[Finding]:
    """Yield a finding if many trades live inside one bar, whose path nobody knows."""
    for symbol in case.symbols:
        held = numbers(case.trades_of(symbol), "bars_held")
        share = float(np.mean(held == 1)) if len(held) else 0.0
        if share > SAME_BAR_SHARE:
            yield Finding(
                MEDIUM,
                share,
                "fraction",
                f"{share:.1%} of the trades of {symbol} open and close inside one bar, whose path "
                "is not known.",
                "Test with finer bars, or with wider stops and targets.",
                size=share / SAME_BAR_SHARE,
                asset=symbol,
            )


def _length(days: float) -> str:
    return f"{days:,.0f} days" if days >= 2.0 else f"{days * 24.0:,.0f} hours"


def _assets(count: int) -> str:
    return "1 asset" if count == 1 else f"{count} assets"


def _ns(moment: str) -> int:
    return int(pd.Timestamp(moment).tz_localize(None).as_unit("ns").value)
