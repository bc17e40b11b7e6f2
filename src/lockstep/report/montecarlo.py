"""montecarlo/<variant>.txt: what other orders of a run's days might have made, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockstep.metrics.distribution import LEVELS
from lockstep.report.figures.fan_chart import Fan
from lockstep.report.headlines import meant
from lockstep.report.layout import Column, box, bullets, heading, pairs, paragraph, table
from lockstep.report.reading import Footnotes
from lockstep.report.wording import count, counted, days, listed, money, percent, points

Show = Callable[[float], str]

_BEYOND = (
    "Resampling cannot show a market that the history does not hold: no crash, no regime and no "
    "cost that is not among these days."
)
#: What a simulation is, by variant.
MEANING = {
    "blocks": "BOOTSTRAP OF A BACKTEST - the trading days of one run, drawn again in blocks, all "
    f"assets of a day together. {_BEYOND}",
    "trades": "BOOTSTRAP OF A BACKTEST - the days on which one run closed trades, drawn again in "
    f"blocks, all trades of a day together. {_BEYOND}",
    "order": "THE TRADES OF A BACKTEST IN ANOTHER ORDER - each day on which the run closed trades "
    f"comes once, so every path ends where the run did. {_BEYOND}",
    "starts": "OTHER STARTS OF A BACKTEST - nothing is simulated: these are stretches of the run "
    f"itself, begun on other days. {_BEYOND}",
}
IN_SAMPLE = (
    "IN-SAMPLE - the days are those of the backtest. Whatever tuning, selection or luck made them "
    "good is in every path."
)
_NOT_TRADED = (
    "Nothing is traded anew: a path is made of finished days. On the path's own equity, margin, "
    "limits and lot steps would have cut other trades."
)
_SCATTER = (
    "Paths scatter around the run's own result, so its rank is near the middle by construction. "
    "That is no evidence that the result was not luck."
)
_INTERVALS = (
    "The 95% intervals know only that paths are finitely many, not how short the history is."
)
_WINDOWS = "Windows share their days, so their shares have no interval."
_OUTCOMES: tuple[tuple[str, str, Show], ...] = (
    ("Final equity, {currency}", "final_equity", lambda value: f"{value:,.0f}"),
    ("Return, %", "total_return", points),
    ("Max drawdown, %", "max_drawdown", points),
    ("Longest under water, d", "longest_under_water", lambda value: f"{value:,.0f}"),
    ("Share under water, %", "share_under_water", points),
)


def page(numbers: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    numbers : mapping
        The content of ``montecarlo/<variant>.json``: the page says nothing that is not in it.
    """
    notes = Footnotes()
    lines = [*_top(numbers), "", heading("WHAT WAS DRAWN"), *_drawn(numbers)]
    lines += ["", heading("OUTCOMES, BREAKER NOT PLAYED AGAIN"), *_outcomes(numbers, numbers)]
    lines += _observed(numbers, notes)
    lines += _with_breaker(numbers)
    lines += ["", heading("PROBABILITIES"), *_probabilities(numbers)]
    lines += ["", heading("WHAT EACH ASSET ADDED, % OF THE STARTING EQUITY"), *_assets(numbers)]
    if numbers["sensitivity"]:
        lines += ["", heading("THE SAME WITH OTHER BLOCKS"), *_sensitivity(numbers)]
    lines += ["", heading("READ WITH CARE"), *bullets(_care(numbers)), *notes.lines()]
    return "\n".join(lines) + "\n"


def labels(numbers: Mapping[str, Any]) -> list[str]:
    """Return what stands above every number, a sentence or two each."""
    return [MEANING[numbers["variant"]], IN_SAMPLE, *(meant(str(x)) for x in numbers["labels"])]


def short_labels(numbers: Mapping[str, Any]) -> list[str]:
    """Return `labels` without their explanations."""
    kind = MEANING[numbers["variant"]].split(" - ")[0]
    return [kind, "IN-SAMPLE", *(str(label) for label in numbers["labels"])]


def fan(numbers: Mapping[str, Any], arrays: Mapping[str, Any]) -> Fan:
    """Return what the fan chart draws.

    Parameters
    ----------
    numbers : mapping
        As in `page`.
    arrays : mapping
        ``days``, ``bands``, ``observed``, ``final`` and ``max_drawdown`` of `Fan`.
    """
    settings, source = numbers["settings"], numbers["drawn_from"]
    parts = [f"run {numbers['run_id'] or '(unsaved)'}", f"variant {numbers['variant']}"]
    if numbers["variant"] == "starts":
        parts.append(counted(settings["paths"], "window"))
    else:
        parts.append(counted(settings["paths"], "path"))
        parts.append(f"blocks of {days(settings['block_days'])} days, seed {settings['seed']}")
    parts.append(f"from {source['first_day']} to {source['last_day']}")
    is_daily = source["row"] == "trading day"
    return Fan(
        title=f"Lockstep: Monte Carlo of {counted(len(source['assets']), 'asset')} in one account",
        subtitle="  |  ".join(parts),
        labels=short_labels(numbers),
        currency=numbers["currency"],
        day="trading days" if is_daily else "trading days with a closed trade",
        limit=settings["breaker"],
        **arrays,
    )


def _top(numbers: Mapping[str, Any]) -> list[str]:
    source = numbers["drawn_from"]
    run = numbers["run_id"] or "(unsaved)"
    paths = counted(numbers["settings"]["paths"], "path")
    rows, assets = counted(source["rows"], "day"), counted(len(source["assets"]), "asset")
    return box(
        [
            "LOCKSTEP: MONTE CARLO OF A RUN",
            f"Run {run} | variant {numbers['variant']} | {paths}",
            f"{source['first_day']} to {source['last_day']}, {rows}, {assets}",
            "---",
            *labels(numbers),
        ]
    )


def _drawn(numbers: Mapping[str, Any]) -> list[str]:
    settings, source = numbers["settings"], numbers["drawn_from"]
    items = [
        ("A day", f"one {source['row']}, every asset's part of it: {count(source['rows'])} of them")
    ]
    if settings["block_days"] is not None:
        items.append(("A block", _block(settings, numbers["variant"])))
    items.append(("A path", _path(numbers)))
    if settings["seed"] is not None:
        items.append(("Seed", str(settings["seed"])))
    return pairs(items, label=10)


def _block(settings: Mapping[str, Any], variant: str) -> str:
    length = days(settings["block_days"])
    kind = (
        f"geometric lengths, {length} days in the mean (stationary)"
        if settings["scheme"] == "stationary"
        else f"{length} days each (circular)"
    )
    after = "" if variant == "order" else "; after the last day follows the first"
    chosen = "Chosen: the larger of" if settings["block_chosen"] else "Given; automatic would be"
    found = [days(settings[key]) for key in ("block_of_returns", "block_of_sizes")]
    return (
        f"{kind}{after}. {chosen} {found[0]} for returns and {found[1]} for their size (Politis, "
        "White 2004)"
    )


def _path(numbers: Mapping[str, Any]) -> str:
    settings = numbers["settings"]
    horizon = f"{count(settings['horizon_days'])} days"
    if numbers["variant"] == "starts":
        end = "past the run's end to its first day" if settings["wrap"] else "that fits"
        return f"{horizon} in a row from every start {end}: {count(settings['paths'])} windows"
    start = f"from {money(numbers['capital'])} {numbers['currency']}"
    return f"{horizon} {start}, each day a fraction of the equity before it (compounded)"


def _outcomes(numbers: Mapping[str, Any], block: Mapping[str, Any]) -> list[str]:
    rows = [
        (name.format(currency=numbers["currency"]), block[key], show)
        for name, key, show in _OUTCOMES
        if key in block
    ]
    columns = [Column("", [name for name, *_ in rows], left=True)]
    heads = [*((f"p{level}", f"{level}%") for level in LEVELS), ("mean", "mean")]
    columns += [
        Column(head, [show(values[key]) for _, values, show in rows]) for key, head in heads
    ]
    shortfall = block["expected_shortfall"]
    said = [
        f"{percent(value)} in the worst {tail}"
        for tail, value in shortfall.items()
        if value is not None
    ]
    if said:
        return [*table(columns), *paragraph(f"Expected shortfall (mean return): {listed(said)}.")]
    return table(columns)


def _with_breaker(numbers: Mapping[str, Any]) -> list[str]:
    """Return the outcomes with the limit applied, where it made a difference."""
    block = numbers["with_breaker"]
    if not block:
        return []
    limit = percent(numbers["settings"]["breaker"])
    title = heading(f"OUTCOMES IF ALL WERE CLOSED FOR GOOD AT A DRAWDOWN OF {limit}")
    if numbers["probability"]["breaker"]["value"] == 0.0:
        return ["", title, *paragraph("No path reached it: the same as above.")]
    return ["", title, *_outcomes(numbers, block)]


def _observed(numbers: Mapping[str, Any], notes: Footnotes) -> list[str]:
    """Return where the run itself stands."""
    seen = numbers["observed"]

    def rank(key: str) -> str:
        value = seen[key]
        reason = numbers["undefined"].get(f"observed.{key}", "")
        return notes.missing(reason) if value is None else percent(value)

    made = f"{money(seen['final_equity'])} {numbers['currency']}"
    return paragraph(
        f"The run itself{_stretch(numbers)}: {made}, return {percent(seen['total_return'])} "
        f"(above {rank('rank_of_return')} of the paths), max drawdown "
        f"{percent(seen['max_drawdown'])} (deeper than {rank('rank_of_drawdown')} of them)."
    )


def _stretch(numbers: Mapping[str, Any]) -> str:
    horizon, rows = numbers["settings"]["horizon_days"], numbers["drawn_from"]["rows"]
    return f", first {count(horizon)} days" if horizon < rows else ""


def _probabilities(numbers: Mapping[str, Any]) -> list[str]:
    settings = numbers["settings"]
    events = [("loss", "Ends below its start")]
    if settings["breaker"] is not None:
        events.append(("breaker", f"Drawdown of {percent(settings['breaker'])} (breaker)"))
    events.append(("ruin", f"Equity of {percent(1.0 - settings['ruin'])} or less (ruin)"))
    events.append(("nothing_left", "Nothing left"))
    columns = [Column("share of paths", [name for _, name in events], left=True)]
    for head, block in (
        ("breaker not|played again", numbers),
        ("all closed|at it", numbers["with_breaker"]),
    ):
        if not block:
            continue
        cells = [block["probability"][key] for key, _ in events]
        columns.append(Column(head, [percent(cell["value"]) for cell in cells]))
        if cells[0]["low"] is not None:
            columns.append(Column("95% interval", [_span(cell) for cell in cells]))
    return table(columns)


def _span(cell: Mapping[str, Any]) -> str:
    return f"{points(cell['low'])} to {percent(cell['high'])}"


def _assets(numbers: Mapping[str, Any]) -> list[str]:
    added = numbers["contributions"]
    symbols = sorted(added, key=lambda symbol: (-added[symbol]["p50"], symbol))
    columns = [Column("asset", symbols, left=True)]
    heads = [*((f"p{level}", f"{level}%") for level in LEVELS), ("mean", "mean")]
    columns += [Column(head, [points(added[x][key]) for x in symbols]) for key, head in heads]
    columns.append(Column("loses in", [percent(added[x]["loss"]["value"]) for x in symbols]))
    return table(columns)


def _sensitivity(numbers: Mapping[str, Any]) -> list[str]:
    lines: Sequence[Mapping[str, Any]] = numbers["sensitivity"]
    used = numbers["settings"]["block_days"]

    def name(line: Mapping[str, Any]) -> str:
        return days(line["block_days"]) + (" (above)" if line["block_days"] == used else "")

    columns = [
        Column("block,|days", [name(line) for line in lines], left=True),
        Column("paths", [count(line["paths"]) for line in lines]),
        Column("return|5%", [percent(line["return_p5"]) for line in lines]),
        Column("return|50%", [percent(line["return_p50"]) for line in lines]),
        Column("drawdown|50%", [percent(line["max_drawdown_p50"]) for line in lines]),
        Column("drawdown|95%", [percent(line["max_drawdown_p95"]) for line in lines]),
        Column("loss", [percent(line["loss"]) for line in lines]),
    ]
    if numbers["settings"]["breaker"] is not None:
        columns.append(Column("breaker", [percent(line["breaker"]) for line in lines]))
    return table(columns)


def _care(numbers: Mapping[str, Any]) -> list[str]:
    fell = percent(numbers["observed"]["max_drawdown_every_step"])
    said = list(numbers["notes"])
    if numbers["variant"] in {"blocks", "trades"}:
        said.append(_SCATTER)
    said.append(_INTERVALS if numbers["variant"] != "starts" else _WINDOWS)
    said.append(
        "Drawdowns are taken at the marks of days. Looked at step by step, the account fell "
        f"{fell} over the whole run."
    )
    return [*said, _NOT_TRADED]
