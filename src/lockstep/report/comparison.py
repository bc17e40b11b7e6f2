"""comparison.txt: runs side by side, on the days they share, and what of it is more than chance."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lockstep.report.headlines import meant
from lockstep.report.layout import Column, box, bullets, heading, pairs, paragraph, table
from lockstep.report.reading import Footnotes
from lockstep.report.wording import (
    brief,
    count,
    counted,
    listed,
    multiple,
    percent,
    plain,
    points,
    ratio,
    signed,
    units,
    words,
)

Numbers = Mapping[str, Any]
Show = Callable[[float], str]

#: Chance below which a difference is called one.
LEVEL = 0.05
#: Pairs that are put into sentences; the table holds all.
MOST_SENTENCES = 10
_COMMON: tuple[tuple[str, str, Show], ...] = (
    ("Return, %", "total_return", points),
    ("CAGR, %", "cagr", points),
    ("Volatility, % a year", "volatility", points),
    ("Sharpe ratio", "sharpe", ratio),
    ("  for autocorrelation", "sharpe_autocorrelation_adjusted", ratio),
    ("P(true Sharpe > 0), %", "probabilistic_sharpe", points),
    ("Sortino ratio", "sortino", ratio),
    ("Max drawdown, %", "max_drawdown", points),
    ("Calmar ratio", "calmar", ratio),
    ("Worst day, %", "worst_day", points),
)
_WHOLE: tuple[tuple[str, str, Show], ...] = (
    ("Net P&L", "net_pnl", brief),
    ("Return, %", "total_return", points),
    ("Sharpe ratio", "sharpe", ratio),
    ("Max drawdown, %", "max_drawdown", points),
    ("Trades", "trades", count),
    ("Win rate, %", "win_rate", points),
    ("Profit factor", "profit_factor", ratio),
    ("Expectancy, R", "expectancy_r", multiple),
    ("SQN", "sqn", ratio),
    ("Exposure, %", "exposure", points),
    ("Turnover, x equity a year", "turnover_per_year", ratio),
    ("Spread paid", "spread_cost", units),
    ("Slippage paid", "slippage_cost", units),
    ("Commission paid", "commission", units),
    ("Swap", "swap", brief),
    ("Min margin level, %", "min_margin_level", points),
    ("Stop-outs", "stop_outs", count),
    ("Breaker trips", "breaker_trips", count),
)
_MONEY = ("net_pnl", "spread_cost", "slippage_cost", "commission", "swap")
#: What is taken from the account's block of metrics.json.
WHOLE = tuple(key for _, key, _ in _WHOLE)
_TEST = (
    "p: the studentised circular block bootstrap of Ledoit and Wolf (2008): how often chance alone "
    "shows a difference of this size if there is none. It allows for days that follow each other, "
    "for changing risk and for fat tails."
)
_CORRECTED = (
    "Holm: p if one false alarm among all pairs is one too many. BH: if a share of the alarms may "
    "be false (Benjamini, Hochberg 1995)."
)
_T_TEST = (
    "t-test: WRONG HERE, shown because it is what is usually quoted. It compares mean returns, "
    "whatever the risk, and takes days as strangers to each other; gains that follow gains make "
    "it too sure."
)


def verdict(numbers: Numbers) -> list[str]:
    """Return the lines of page one: what is compared, and what can be said of it.

    Parameters
    ----------
    numbers : mapping
        The content of ``comparison.json``: the page says nothing that is not in it.
    """
    runs = numbers["runs"]
    labels = dict.fromkeys(str(label) for run in runs for label in run["labels"])
    lines = box(
        [
            "LOCKSTEP: RUNS SIDE BY SIDE",
            f"Comparison {numbers['comparison_id']} | {counted(len(runs), 'run')}",
            _days(numbers),
            *(["---"] if labels else []),
            *(f"{meant(label)} ({_whose(runs, label)})" for label in labels),
        ]
    )
    lines += ["", heading("WHAT IS COMPARED"), *pairs([_named(run) for run in runs], label=2)]
    lines += ["", heading("WHAT CAN BE SAID"), *_said(numbers)]
    return lines


def body(numbers: Numbers) -> list[str]:
    """Return the tables and what to read with care, from the same numbers as `verdict`."""
    lines: list[str] = []
    if numbers["common"] is not None:
        title = f"ON THE {count(numbers['common']['days'])} COMMON DAYS"
        lines += [heading(title), *_table(numbers, "common", _COMMON), ""]
        lines += [heading("DIFFERENCES OF SHARPE RATIOS, A YEAR"), *_tests(numbers), ""]
    lines += [heading("EACH RUN AS A WHOLE"), *_table(numbers, "whole", _WHOLE), ""]
    return [*lines, heading("READ WITH CARE"), *bullets(numbers["notes"])]


def _whose(runs: Sequence[Numbers], label: str) -> str:
    having = [run["letter"] for run in runs if label in run["labels"]]
    return "all" if len(having) == len(runs) else listed(having)


def _days(numbers: Numbers) -> str:
    common = numbers["common"]
    if common is None:
        return f"No common ground: {numbers['undefined']['common']}"
    return (
        f"Common days only: {common['first']} to {common['last']}, {count(common['days'])} trading "
        "days; no other day counts in any comparison"
    )


def _named(run: Numbers) -> tuple[str, str]:
    said = [
        f"run {run['run_id']}",
        *([f"made of {run['named']}"] if run["made"] else []),
        f"{counted(len(run['assets']), 'asset')}, {words(str(run['allocation']))}",
        f"{run['timeframe']} bars, {run['first']} to {run['last']}",
        f"{count(run['capital'])} {run['currency']}",
    ]
    return run["letter"], "; ".join(plain(part) for part in said)


def _said(numbers: Numbers) -> list[str]:
    if numbers["common"] is None:
        return paragraph("Nothing: the runs share no stretch of days on which to compare them.")
    rows = sorted(numbers["pairs"], key=lambda row: (row["p_value"] is None, row["p_value"] or 0.0))
    told = [sentence(row, numbers) for row in rows[:MOST_SENTENCES]]
    more = len(rows) - len(told)
    if more > 0:
        told.append(f"{counted(more, 'more pair')} below.")
    return bullets(told)


def sentence(row: Numbers, numbers: Numbers) -> str:
    """Return what a pair of runs lets one say, in a sentence a trader understands."""
    one, other = row["first"], row["second"]
    if row["p_value"] is None:
        place = numbers["pairs"].index(row)
        why = numbers["undefined"].get(f"pairs.{place}.p_value", "it was not measured")
        return f"{one} and {other} cannot be told apart by a test: {why}."
    if row["difference"] < 0.0:
        one, other = other, one
    begun = (
        f"{one} has a Sharpe ratio {ratio(abs(row['difference']))} above {other}'s ({_span(row)})."
    )
    odds = f"Chance alone shows as much in {percent(row['p_value'])} of cases"
    if len(numbers["pairs"]) > 1:
        odds += f", {percent(row['holm'])} after correction for all pairs"
    if row["holm"] <= LEVEL:
        verdict = f"on these days {one} was better, beyond luck."
    else:
        verdict = f"this is no evidence that {one} is better."
    return f"{begun} {odds}: {verdict}{_losing(one, numbers)}"


def _span(row: Numbers) -> str:
    """Return the interval as it reads from the better run of the two."""
    low, high = row["low"], row["high"]
    if row["difference"] < 0.0:
        low, high = -high, -low
    return f"95% interval {ratio(low)} to {ratio(high)}"


def _losing(one: str, numbers: Numbers) -> str:
    ratios = {run["letter"]: run["common"]["sharpe"] for run in numbers["runs"]}
    if ratios[one] is None or ratios[one] >= 0.0:
        return ""
    return (
        f" Both lost money: below zero a Sharpe ratio also rises with risk, so {one} is no choice "
        "either."
    )


def _table(numbers: Numbers, part: str, rows: Sequence[tuple[str, str, Show]]) -> list[str]:
    notes = Footnotes()
    held = {str(run["currency"]) for run in numbers["runs"]}
    unit = held.pop() if len(held) == 1 else "its currency"
    names = [f"{name}, {unit}" if key in _MONEY else name for name, key, _ in rows]
    columns = [Column("", names, left=True)]
    for at, run in enumerate(numbers["runs"]):
        cells = [
            _cell(run[part].get(key), f"runs.{at}.{part}.{key}", show, numbers, notes)
            for _, key, show in rows
        ]
        columns.append(Column(run["letter"], cells))
    return [*table(columns), *notes.lines()]


def _cell(value: Any, path: str, show: Show, numbers: Numbers, notes: Footnotes) -> str:
    if value is not None:
        return show(value)
    return notes.missing(numbers["undefined"].get(path, "the run did not measure it"))


def _tests(numbers: Numbers) -> list[str]:
    notes, rows = Footnotes(), numbers["pairs"]

    def cells(key: str, show: Show) -> list[str]:
        return [
            _cell(row[key], f"pairs.{at}.{key}", show, numbers, notes)
            for at, row in enumerate(rows)
        ]

    columns = [
        Column("pair", [f"{row['first']} - {row['second']}" for row in rows], left=True),
        Column("difference", cells("difference", signed)),
        Column("95%|from", cells("low", signed)),
        Column("interval|to", cells("high", signed)),
        Column("p", cells("p_value", chance)),
        Column("p|Holm", cells("holm", chance)),
        Column("p|BH", cells("benjamini_hochberg", chance)),
        Column("block,|days", cells("block", count)),
        Column("corre-|lation", cells("correlation", ratio)),
        Column("t-test|(wrong)", cells("t_test", chance)),
    ]
    return [*table(columns), *notes.lines(), "", *bullets([_TEST, _CORRECTED, _T_TEST])]


def chance(probability: float) -> str:
    """Return a p-value: three decimals, or that it is below them."""
    return "< 0.001" if probability < 0.001 else f"{probability:.3f}"
