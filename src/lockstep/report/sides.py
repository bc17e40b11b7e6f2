"""What a comparison says: runs on common days, the tests of every pair, and its reservations."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from lockstep.core.errors import UsageError
from lockstep.metrics.panel import Curve
from lockstep.metrics.sharpe_difference import FEWEST_BLOCKS, RESAMPLES
from lockstep.metrics.side_by_side import (
    SideBySide,
    iso_day,
    pairs,
    settled,
    side_by_side,
    statistics,
)
from lockstep.metrics.undefined import Undefined
from lockstep.report.comparison import WHOLE
from lockstep.report.wording import counted, listed

_CHOSEN = (
    "The test knows the pairs shown here, not what was tried and left out. Of many attempts the "
    "best always looks better than chance."
)
_FALLS = (
    "On the common days drawdowns are taken at daily marks; of each run as a whole, at every step "
    "of the clock."
)


@dataclass(frozen=True, slots=True)
class PairTest:
    """How pairs of runs are tested.

    Parameters
    ----------
    seed : int
        Of the draws.
    block_days : int or None
        Days of a block; None lets each pair choose.
    resamples : int
        Draws.
    """

    seed: int
    block_days: int | None = None
    resamples: int = RESAMPLES


@dataclass(frozen=True, slots=True)
class Side:
    """One run of a comparison.

    Parameters
    ----------
    named : str
        As the user named it.
    made : bool
        True if it was run for the comparison.
    curve : Curve
        Its account.
    facts : mapping
        Of the run.
    config : mapping
        Its ``portfolio`` block.
    metrics : mapping
        The content of its metrics.json.
    """

    named: str
    made: bool
    curve: Curve
    facts: Mapping[str, Any]
    config: Mapping[str, Any] = field(default_factory=dict)
    metrics: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The run."""
        return str(self.facts.get("run_id", ""))


def compared(
    sides: Sequence[Side], test: PairTest, name: str
) -> tuple[dict[str, Any], SideBySide | None]:
    """Return the content of ``comparison.json``, and the runs on their common days.

    Parameters
    ----------
    sides : sequence of Side
        Two or more; the first is A.
    test : PairTest
        How they are tested.
    name : str
        Of the comparison.

    Raises
    ------
    UsageError
        If the block is too long for the common days.
    """
    undefined = _reasons(sides)
    together = side_by_side([side.curve for side in sides])
    common = None if isinstance(together, Undefined) else together
    if isinstance(together, Undefined):
        undefined["common"] = together.reason
    numbers = {
        "comparison_id": name,
        "runs": [
            _plain(side, letter, {} if common is None else statistics(common, at))
            for at, (letter, side) in enumerate(zip(string.ascii_uppercase, sides))
        ],
        "common": None if common is None else _days(common),
        "test": asdict(test),
        "pairs": [] if common is None else _tested(common, test),
        "notes": _notes(sides, common),
    }
    return {**settled(numbers, "", undefined), "undefined": undefined}, common


def _reasons(sides: Sequence[Side]) -> dict[str, str]:
    """Return why the runs themselves could not measure something."""
    return {
        f"runs.{at}.whole.{key}": str(reason)
        for at, side in enumerate(sides)
        for key in WHOLE
        if (reason := (side.metrics.get("undefined") or {}).get(f"portfolio.{key}"))
    }


def _tested(common: SideBySide, test: PairTest) -> list[dict[str, Any]]:
    days, block = len(common.days), test.block_days
    if block is not None and block * FEWEST_BLOCKS > days:
        raise UsageError(
            f"--block-days {block} is too long for {days} common days; expected at most "
            f"{days // FEWEST_BLOCKS}."
        )
    letters = string.ascii_uppercase
    return [
        {**row, "first": letters[row["first"]], "second": letters[row["second"]]}
        for row in pairs(common, seed=test.seed, block=block, resamples=test.resamples)
    ]


def _plain(side: Side, letter: str, common: Mapping[str, Any]) -> dict[str, Any]:
    facts, portfolio = side.facts, side.metrics.get("portfolio") or {}
    return {
        "letter": letter,
        "run_id": side.run_id,
        "named": side.named,
        "made": side.made,
        "labels": [str(label) for label in facts.get("labels") or ()],
        "currency": facts.get("currency"),
        "capital": facts.get("capital"),
        "timeframe": facts.get("timeframe"),
        "assets": list(facts.get("symbols") or ()),
        "allocation": side.config.get("allocation"),
        "first": iso_day(side.curve.days[0]),
        "last": iso_day(side.curve.days[-1]),
        "trading_days": len(side.curve.days),
        "common": common,
        "whole": {key: portfolio.get(key) for key in WHOLE},
    }


def _days(common: SideBySide) -> dict[str, Any]:
    return {
        "days": len(common.days),
        "first": iso_day(common.days[0]),
        "last": iso_day(common.days[-1]),
        "days_per_year": common.per_year,
    }


def _notes(sides: Sequence[Side], common: SideBySide | None) -> list[str]:
    """Return what a reader must bear in mind, a sentence each."""
    letters = dict(zip(string.ascii_uppercase, sides))
    said = []
    shared = 0 if common is None else len(common.days)
    left = [
        f"{counted(len(side.curve.days) - shared, 'day')} of {letter}"
        for letter, side in letters.items()
        if len(side.curve.days) > shared
    ]
    if common is not None and left:
        said.append(
            f"Not compared, for not all runs have them: {listed(left)}. A return reaches from one "
            "common day to the next."
        )
    for key, what in (("currency", "account currencies"), ("timeframe", "timeframes")):
        if len({str(side.facts.get(key)) for side in sides}) > 1:
            said.append(f"The runs have different {what}; only fractions are compared.")
    said += _of_data(letters)
    tuned = [
        letter
        for letter, side in letters.items()
        if any(str(x).lower().startswith("in-sample") for x in side.facts.get("labels") or ())
    ]
    if tuned:
        said.append(
            f"Parameters of {listed(tuned)} were tuned on dates of the run: that alone makes it "
            "look better here. No test on the same dates can see it."
        )
    tripped = [
        letter
        for letter, side in letters.items()
        if (side.metrics.get("portfolio") or {}).get("breaker_trips")
    ]
    if tripped:
        said.append(
            f"The breaker tripped in {listed(tripped)}: while it holds, days are flat. The test "
            "takes them as days like others."
        )
    return [*said, _CHOSEN, _FALLS]


def _of_data(letters: Mapping[str, Side]) -> list[str]:
    """Return a sentence if an asset that runs share was not traded on the same bars."""
    seen: dict[str, set[str]] = {}
    for side in letters.values():
        for symbol, source in (side.facts.get("sources") or {}).items():
            told = {key: source[key] for key in ("sha256", "sample", "seed") if key in source}
            seen.setdefault(symbol, set()).add(json.dumps(told, sort_keys=True, default=str))
    apart = sorted(symbol for symbol, sources in seen.items() if len(sources) > 1)
    if not apart:
        return []
    return [f"Not the same bars in all runs: {listed(apart)}."]
