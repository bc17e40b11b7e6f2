"""optimization.txt: what a search found, what its middle looks like, and whether to believe it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lockstep.core.trial import Trial
from lockstep.metrics.undefined import Undefined
from lockstep.report.headlines import meant
from lockstep.report.layout import Column, box, bullets, heading, pairs, paragraph, table
from lockstep.report.luck import first_line
from lockstep.report.reading import Footnotes
from lockstep.report.studies.study import Study, quartiles
from lockstep.report.wording import (
    count,
    counted,
    moment,
    multiple,
    percent,
    plain,
    points,
    ratio,
    score,
    units,
    words,
)

Show = Callable[[float], str]

#: Trials that the page lists.
TOP = 10
_MOST_REASONS = 5
#: Objectives that show a metric of another name, as it is.
_GOALS = {"pnl": "net_pnl"}
_METRICS: tuple[tuple[str, str, Show], ...] = (
    ("Sharpe ratio", "sharpe", ratio),
    ("Net P&L", "net_pnl", units),
    ("Return, %", "total_return", points),
    ("CAGR, %", "cagr", points),
    ("Volatility, % a year", "volatility", points),
    ("Max drawdown, %", "max_drawdown", points),
    ("Sortino ratio", "sortino", ratio),
    ("Calmar ratio", "calmar", ratio),
    ("Profit factor", "profit_factor", ratio),
    ("SQN", "sqn", ratio),
    ("Win rate, %", "win_rate", points),
    ("Expectancy, R", "expectancy_r", multiple),
    ("Trades", "trades", lambda value: count(round(value))),
)
_CARE = (
    (
        "All figures of the search are IN-SAMPLE: the chosen one is the best of many on these very "
        "days. The quartiles of all trials show what such parameters make without choosing."
    ),
    "The search plays the asset alone, with the full capital and without portfolio rules.",
    (
        "A plateau score far below the score of the chosen one is a lonely peak: the next market "
        "need only be a little different."
    ),
)


def page(study: Study, luck: Mapping[str, Any] | None = None, not_counted: str = "") -> str:
    """Return the page of one asset's search.

    Parameters
    ----------
    study : Study
        The search.
    luck : mapping, optional
        The content of ``luck.json``, this asset and those searched with it; left out, the first
        line says that luck was not measured.
    not_counted : str
        What else looked at these days, a sentence, which stands below that line.
    """
    below = [*_alone(study, luck), *([not_counted] if not_counted else [])]
    lines = box([*_top(study), "---", told_first(luck), *below, *map(meant, study.labels)])
    if study.best is None:
        lines += ["", *paragraph(_nothing(study))]
    lines += ["", heading("WHAT WAS CHOSEN"), *_chosen(study)]
    lines += ["", heading("IN SAMPLE, AND THE MIDDLE OF ALL TRIALS"), *_in_sample(study)]
    lines += ["", heading(f"THE BEST {TOP} BY {study.goals[0].name.upper()}"), *_top_ten(study)]
    if len(study.goals) > 1:
        lines += ["", heading("PARETO FRONT"), *_front(study)]
    lines += ["", heading("ROBUSTNESS"), *_robustness(study)]
    lines += ["", heading("WHICH PARAMETERS MATTER"), *_importance(study)]
    lines += ["", heading("TRIALS"), *_trials(study)]
    lines += ["", heading("READ WITH CARE"), *bullets([*study.notices, *_CARE])]
    return "\n".join(lines) + "\n"


def told_first(luck: Mapping[str, Any] | None) -> str:
    """Return the line that stands first wherever a tuned result is shown."""
    if luck is None:
        return "How likely all of this is luck was NOT MEASURED: take it for luck."
    return first_line(luck)


def _alone(study: Study, luck: Mapping[str, Any] | None) -> list[str]:
    """Return what of luck is known of this asset, where the first line is about several."""
    by_asset = (luck or {}).get("by_asset") or {}
    own = by_asset.get(study.asset)
    if own is None or len(by_asset) < 2:
        return []
    parts = [
        f"{name} {'n/a' if own.get(key) is None else show(own[key])}"
        for name, key, show in (
            ("Sharpe ratio in sample", "sharpe", ratio),
            ("deflated Sharpe", "deflated_sharpe", percent),
            ("PBO", "pbo", percent),
        )
    ]
    made = counted(own["trials"]["made"], "trial")
    return [f"The line above is about all assets. {study.asset} alone: {made}, {', '.join(parts)}."]


def _top(study: Study) -> list[str]:
    data, goals = study.data, ", ".join(goal.name for goal in study.goals)
    span = "dates unknown"
    if "start" in data and "end" in data:
        span = f"{moment(data['start'])} to {moment(data['end'])} UTC"
    bars = f", {count(data['bars'])} bars" if "bars" in data else ""
    made = f"{study.method}, {counted(len(study.trials), 'trial')}"
    return [
        f"LOCKSTEP: SEARCH OF {study.asset}'S PARAMETERS",
        f"Optimization {study.name} | {words(study.strategy)} | {study.timeframe} bars",
        f"{span}{bars}",
        f"{made}, seed {study.seed} | looked for: {goals}",
    ]


def _nothing(study: Study) -> str:
    return (
        "NOTHING WAS CHOSEN: no trial keeps the limits "
        f"({_limits(study)}). Nothing is written to best_configs."
    )


def _limits(study: Study) -> str:
    return (
        f"{counted(study.limits.get('min_trades', 0), 'trade')} or more, drawdown up to "
        f"{percent(study.limits.get('max_drawdown', 1.0))}"
    )


def _chosen(study: Study) -> list[str]:
    best = study.best
    columns = [
        Column("parameter", [axis.name for axis in study.axes], left=True),
        Column("configured", [_value(axis.configured) for axis in study.axes]),
        Column("chosen", [_value(best.parameters[a.name]) if best else "-" for a in study.axes]),
        Column("searched", [_span(axis.levels, axis.is_number) for axis in study.axes], left=True),
        Column("", [_edge(study, axis.name) for axis in study.axes], left=True),
    ]
    return table(columns)


def _value(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, int | float) else plain(value)


def _span(levels: Sequence[Any], is_number: bool) -> str:
    if is_number:
        return f"{levels[0]:g} to {levels[-1]:g}, {counted(len(levels), 'value')}"
    return plain(", ".join(str(level) for level in levels))


def _edge(study: Study, name: str) -> str:
    """Return a warning where the chosen value lies at the end of what was searched."""
    axis = next(one for one in study.axes if one.name == name)
    if study.best is None or not axis.is_number or len(axis.levels) < 3:
        return ""
    at_end = study.best.parameters[name] in (axis.levels[0], axis.levels[-1])
    return "at the end of the range" if at_end else ""


def _in_sample(study: Study) -> list[str]:
    notes, best = Footnotes(), study.best
    rows = [(name, key, show) for name, key, show in _METRICS if len(study.metric(key))]
    if not rows:
        return paragraph("No trial was completed.")
    configured = [study.configured.get(key) for _, key, _ in rows]
    middles = [quartiles(study.metric(key)) or (0.0, 0.0, 0.0) for _, key, _ in rows]
    money = f", {study.data['currency']}" if "currency" in study.data else ""
    names = [f"{name}{money if key == 'net_pnl' else ''}" for name, key, _ in rows]
    columns = [Column("", names, left=True)]
    if study.configured:
        cells = ["-" if value is None else row[2](value) for row, value in zip(rows, configured)]
        columns.append(Column("configured", cells))
    columns.append(Column("chosen", [_metric(best, key, show, notes) for _, key, show in rows]))
    for at, head in enumerate(("all trials|25%", "|median", "|75%")):
        columns.append(Column(head, [row[2](m[at]) for row, m in zip(rows, middles)]))
    lost = study.metric("net_pnl")
    share = (
        f"{percent(float(np.mean(lost <= 0.0)))} of all trials made no money." if len(lost) else ""
    )
    return [*table(columns), *notes.lines(), *paragraph(share)]


def _metric(trial: Trial | None, key: str, show: Show, notes: Footnotes) -> str:
    if trial is None:
        return "-"
    value = trial.metrics.get(key)
    if value is not None:
        return show(value)
    return notes.missing(trial.reasons.get(key, "it was not measured"))


def _ranked(study: Study) -> list[int]:
    """Return positions of the trials that may be chosen, best first, duplicates left out."""
    at = [int(place) for place in study.scored if study.is_allowed[place]]
    scores = study.goals[0].scores
    return sorted(at, key=lambda place: (-scores[place], study.trials[place].number))


def _top_ten(study: Study) -> list[str]:
    found = _ranked(study)[:TOP]
    return _listed(study, found) if found else paragraph("No trial may be chosen.")


def _front(study: Study) -> list[str]:
    if not study.front:
        return paragraph("No trial may be chosen.")
    told = "; ".join(f"{goal.name}: {goal.doc} ({goal.unit})" for goal in study.goals)
    return [
        *paragraph(f"More of one goal costs some of another. {told}."),
        *_listed(study, study.front),
    ]


def _listed(study: Study, places: Sequence[int]) -> list[str]:
    notes = Footnotes()
    trials = [study.trials[place] for place in places]
    columns = [Column("trial", [str(trial.number) for trial in trials])]
    columns += [
        Column(goal.name, [score(goal.scores[place]) for place in places]) for goal in study.goals
    ]
    shown = {_GOALS.get(goal.name, goal.name) for goal in study.goals}
    for head, key, show in (
        ("Sharpe", "sharpe", ratio),
        ("net P&L", "net_pnl", units),
        ("drawdown|%", "max_drawdown", points),
        ("trades", "trades", count),
    ):
        if key not in shown:
            columns.append(Column(head, [_metric(one, key, show, notes) for one in trials]))
    for axis in study.axes:
        cells = [_value(trial.parameters[axis.name]) for trial in trials]
        columns.append(Column(axis.name.replace("_", "_|"), cells))
    return [*table(columns), *notes.lines()]


def _robustness(study: Study) -> list[str]:
    near = study.plateau
    if not near or study.chosen is None:
        return paragraph("Not measured: nothing was tried around a chosen trial.")
    goal, fall = study.goals[0], near.get("fall")
    items = [
        ("Score of the chosen", f"{score(goal.scores[study.chosen])}: {goal.doc} ({goal.unit})"),
        (
            "Plateau score",
            f"{score(near['score'])}: mean of it and of all points one step and 10% beside it",
        ),
        (
            "Lost beside it",
            "n/a: the score is not above zero" if fall is None else f"{percent(fall)} on average",
        ),
        ("Selected by", study.select),
    ]
    lines = pairs(items, label=20)
    falls = sorted((near.get("falls") or {}).items(), key=lambda item: (-item[1], item[0]))
    if falls:
        lines += table(
            [
                Column("parameter", [name for name, _ in falls], left=True),
                Column(
                    f"largest fall of {goal.name} to a side", [score(value) for _, value in falls]
                ),
            ]
        )
    return lines


def _importance(study: Study) -> list[str]:
    notes, found = Footnotes(), study.importances()
    cells = [
        notes.missing(share.reason) if isinstance(share, Undefined) else percent(share)
        for share in found.values()
    ]
    columns = [
        Column("parameter", list(found), left=True),
        Column("share of the variance of scores", cells),
    ]
    said = (
        "Of each parameter alone, with values in at most 8 groups, corrected for chance; what "
        "parameters do together is left out, so that shares need not add up to 100%."
    )
    return [*table(columns), *notes.lines(), *paragraph(said)]


def _trials(study: Study) -> list[str]:
    failed = [trial for trial in study.trials if not trial.is_complete]
    again = sum(trial.duplicate_of is not None for trial in study.trials)
    known = np.isfinite(study.goals[0].scores)
    items = [
        (
            "Made",
            f"{counted(len(study.trials), 'trial')}, {counted(again, 'repetition')} among them"
            + ("; the first line counts the points beside the best, too" if study.plateau else ""),
        ),
        ("Without score", count(int((~known).sum()))),
        ("Break a limit", f"{count(int((known & ~study.is_allowed).sum()))} ({_limits(study)})"),
        ("May be chosen", count(int((known & study.is_allowed).sum()))),
        ("Took", f"{sum(trial.seconds for trial in study.trials):,.1f} s of trials"),
    ]
    errors = Counter(plain(trial.error) for trial in failed)
    said = [f"{counted(n, 'trial')} failed: {why}" for why, n in errors.most_common(_MOST_REASONS)]
    more = len(errors) - len(said)
    if more > 0:
        said.append(f"and {counted(more, 'more kind of failure', 'more kinds of failure')}.")
    return [*pairs(items, label=14), *bullets(said)]
