"""The box at the top: what run this is, and what a reader must know before any number."""

from __future__ import annotations

from lockstep.report.layout import box
from lockstep.report.reading import Reading
from lockstep.report.wording import counted, listed, moment, plain

#: Beginning of a label, lower case, longer ones first -> what it means for the reader.
MEANING = {
    "synthetic": "the prices are generated, not quoted. The numbers show how strategies, account "
    "and rules work together; they say nothing about any market.",
    "in-sample selection": "these assets' parameters were tuned on dates of this run. Expect less "
    "on dates they have not seen.",
    "in-sample": "chosen on the very days it is shown on. Expect less on days it has not seen.",
    "out-of-sample (walk-forward)": "parameters, assets and weights were chosen before the days "
    "they traded on, window by window. Who chose strategy and ranges may still have seen them.",
    "degraded": "an asset failed and the others went on without it.",
}


def headlines(reading: Reading) -> list[str]:
    """Return the box with labels, run, dates and player."""
    facts = reading.facts
    partial = [] if reading.is_played else ["PARTIAL: an asset failed; there is no portfolio."]
    labels = [*partial, *(meant(str(label)) for label in facts.get("labels") or ())]
    run = f"Run {facts.get('run_id', '(unsaved)')}"
    frame = f"{facts.get('timeframe', '?')} bars"
    lines = [
        "LOCKSTEP: MANY STRATEGIES, ONE ACCOUNT, ONE CLOCK",
        f"{run} | status {facts.get('status', '?')} | player {facts.get('player', '?')} | {frame}",
        _dates(reading),
    ]
    return box([*lines, *(["---", *labels] if labels else [])])


def meant(label: str) -> str:
    """Return a label with what it means for the reader."""
    for beginning, meaning in MEANING.items():
        if label.lower().startswith(beginning):
            return f"{beginning.upper()}{plain(label)[len(beginning) :]} - {meaning}"
    return label


def _dates(reading: Reading) -> str:
    ranges = reading.facts.get("ranges") or {}
    # The clock is the union of the bars of the assets in play; that of others says nothing.
    playing = [ranges[symbol] for symbol in reading.symbols if symbol in ranges]
    spans = playing or list(ranges.values())
    if not spans:
        return "No data."
    first, last = min(one["first"] for one in spans), max(one["last"] for one in spans)
    return f"{moment(first)} to {moment(last)} UTC (bars by their open), {assets(reading)}"


def assets(reading: Reading) -> str:
    """Return how many assets run, and how many of those configured do not."""
    configured = reading.facts.get("configured") or reading.symbols
    playing = len(reading.symbols)
    if not reading.is_played:
        return f"{counted(len(configured), 'asset')} configured"
    if playing == len(configured):
        return counted(playing, "asset")
    return f"{playing} of {counted(len(configured), 'asset')}"


def missing_assets(reading: Reading) -> list[str]:
    """Return sentences on assets that failed or were left out."""
    failed = reading.facts.get("failed") or {}
    left_out = [str(symbol) for symbol in reading.facts.get("left_out") or ()]
    policy = {
        "drop": "It was dropped: the others share its capital.",
        "cash": "Its share of the capital stayed in cash.",
    }.get(str(reading.facts.get("on_asset_error")), "")
    said = [
        plain(f"FAILED {_failure(symbol, why)} {policy if reading.is_played else ''}")
        for symbol, why in sorted(failed.items())
    ]
    if left_out:
        said.append(f"Left out, for no weight was ever given to them: {listed(left_out)}.")
    return said


def _failure(symbol: str, why: object) -> str:
    """Return 'SYMBOL: why.', the symbol once and with a full stop."""
    said = plain(why)
    named = said if said.startswith(f"{symbol}:") else f"{symbol}: {said}"
    return named if named.endswith((".", "!", "?")) else f"{named}."
