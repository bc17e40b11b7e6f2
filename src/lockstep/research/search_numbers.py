"""The content of result.json and trials.parquet: what searches found, as plain data."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from lockstep.core.trial import Trial
from lockstep.metrics.undefined import Undefined
from lockstep.research.evaluation import METRICS, Evaluator
from lockstep.research.robustness import Neighbourhood
from lockstep.research.search import Search
from lockstep.research.trying import data_hash, terms_hash

_TOP = 10

Numbers = dict[str, Any]


def numbers(search: Search, evaluator: Evaluator, select: str) -> Numbers:
    """Return the block of one asset in result.json.

    Parameters
    ----------
    search : Search
        What was found.
    evaluator : Evaluator
        On which data.
    select : str
        ``best`` or ``plateau``.

    Returns
    -------
    dict
        ``best_params`` are the searched parameters of what was chosen, ``parameters`` all of them;
        both are None if no trial may be chosen. What is undefined is None, its reason beside it.
    """
    chosen = search.best(select)
    ranks = [trial for _, trial in search.ranked() if trial.duplicate_of is None]
    return {
        "asset": search.asset,
        "strategy": search.strategy,
        "method": search.method,
        "study": search.study,
        "select": select,
        "objective": [goal.name for goal in search.goals],
        "constraints": dataclasses.asdict(search.constraints),
        "seed": search.seed,
        "space": {"name": search.space.name, "levels": search.space.to_plain(),
                  "points": search.space.size},
        "trials": tally(search),
        "best_trial": None if chosen is None else chosen.number,
        "best_params": None if chosen is None else dict(chosen.parameters),
        "parameters": None if chosen is None else _all(evaluator, chosen),
        "best_score": None if chosen is None else search.goals[0].of(chosen),
        "best_metrics": None if chosen is None else dict(chosen.metrics),
        "best_reasons": {} if chosen is None else dict(chosen.reasons),
        "configured_metrics": _configured(evaluator),
        "top_10": [_row(search, trial) for trial in ranks[:_TOP]],
        "pareto": [_row(search, one) for one in search.pareto()] if len(search.goals) > 1 else [],
        "robustness": [_around(one) for one in search.neighbourhoods],
        "plateau": None if chosen is None else _plateau(search.neighbourhood_of(chosen)),
        "data": data(evaluator),
        "notices": list(search.notices),
    }  # fmt: skip


def tally(search: Search) -> dict[str, int]:
    """Return how many trials of each kind a search made.

    ``made`` counts what was played, points beside the best included; it is what must be known to
    judge the best.
    """
    beside = {trial.number for one in search.neighbourhoods for trial in one.trials
              if trial.study != search.study}  # fmt: skip
    return {
        "made": len(search.made),
        "proposed": len(search.trials),
        "duplicates": sum(one.duplicate_of is not None for one in search.trials),
        "failed": sum(not one.is_complete for one in search.made),
        "beside": len(beside),
        "choosable": sum(trial.duplicate_of is None for _, trial in search.ranked()),
    }


def data(evaluator: Evaluator) -> Numbers:
    """Return what was searched on: first and last bar (ISO, UTC), their number, and hashes."""
    bars, times = evaluator.bars, evaluator.base.clock
    source = {key: value for key, value in bars.source.items() if isinstance(value, str | int)}
    return {
        "start": _iso(int(times[0])),
        "end": _iso(int(times[-1]) + bars.timeframe),
        "bars": len(times),
        "days": len(evaluator.base.days),
        "sha256": data_hash(evaluator),
        "terms_sha256": terms_hash(evaluator),
        "source": source,
    }


def table(searches: Sequence[Search]) -> pd.DataFrame:
    """Return every trial, a row each, by asset, study and number.

    Columns are ``asset``, ``study``, ``number``, ``beside`` (tried around another),
    ``state``, ``duplicate_of``, ``seconds``, ``error``, ``chosen_from`` (keeps the limits and has
    a score), ``score``, the metrics, and ``param.<name>`` for each parameter. Daily returns are in
    the trial ledger only.
    """
    rows = [row for search in sorted(searches, key=lambda one: one.asset) for row in _rows(search)]
    frame = pd.DataFrame(rows)
    if len(frame):
        frame["duplicate_of"] = frame["duplicate_of"].astype("Int64")
    return frame


def _rows(search: Search) -> Iterator[Numbers]:
    choosable = {trial.number for _, trial in search.ranked()}
    beside = {trial.number: trial for one in search.neighbourhoods for trial in one.trials
              if trial.study != search.study}  # fmt: skip
    for trial, is_beside in (
        *((one, False) for one in search.trials),
        *((beside[number], True) for number in sorted(beside)),
    ):
        yield {
            "asset": trial.asset,
            "study": trial.study,
            "number": trial.number,
            "beside": is_beside,
            "state": trial.state,
            "duplicate_of": trial.duplicate_of,
            "seconds": trial.seconds,
            "error": trial.error,
            "chosen_from": not is_beside and trial.number in choosable,
            "score": _number(search.goals[0].of(trial)),
            **{name: _number(trial.metrics.get(name)) for name in METRICS},
            **{f"param.{name}": value for name, value in trial.parameters.items()},
        }


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _row(search: Search, trial: Trial) -> Numbers:
    around = search.neighbourhood_of(trial)
    return {
        "trial": trial.number,
        "scores": {goal.name: goal.of(trial) for goal in search.goals},
        "params": dict(trial.parameters),
        "metrics": dict(trial.metrics),
        "plateau": None if around is None else around.plateau,
    }


def _plateau(around: Neighbourhood | None) -> Numbers | None:
    if around is None:
        return None
    fall = around.fall
    return {
        "score": around.plateau,
        "fall": None if isinstance(fall, Undefined) else fall,
        "why_no_fall": fall.reason if isinstance(fall, Undefined) else "",
        "falls": around.falls,
        "neighbours": len(around.scores),
    }


def _around(one: Neighbourhood) -> Numbers:
    return {
        **(_plateau(one) or {}),
        "trial": one.centre.number,
        "score": one.score,
        "plateau": one.plateau,
        "points": [
            {
                "parameter": near.parameter,
                "kind": near.kind,
                "from": one.centre.parameters[near.parameter],
                "to": near.value,
                "score": score,
                "trades": trial.metrics.get("trades"),
            }
            for near, trial, score in zip(one.nearby, one.trials, one.scores)
        ],
    }


def _all(evaluator: Evaluator, chosen: Trial) -> Mapping[str, Any]:
    strategy: Any = evaluator.strategy(chosen.parameters)
    return dataclasses.asdict(strategy)


def _configured(evaluator: Evaluator) -> dict[str, float | None]:
    found = evaluator.evaluate({}).metrics
    return {name: None if isinstance(v, Undefined) else v for name, v in found.items()}


def _iso(moment: int) -> str:
    return str(np.datetime64(moment, "ns").astype("datetime64[s]"))
