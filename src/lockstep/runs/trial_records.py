"""Trials as plain data, and as Optuna's journal writes them: one line each."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lockstep.core.bars import Ints
from lockstep.core.trial import Trial

#: Operations of Optuna's journal, states of its trials, and its word for "larger is better".
CREATE_STUDY, SET_STUDY_ATTRIBUTE, CREATE_TRIAL = 0, 2, 4
_COMPLETE, _PRUNED, _FAIL = 1, 2, 3
_MAXIMIZE = 2
#: Names of what Optuna keeps for us: of a study, and of a trial.
ABOUT, DAYS, RECORD = "about", "days", "trial"
_SAME_STEP = 1e-9
#: What is plain about a trial.
_KINDS: dict[str, Any] = {
    **dict.fromkeys(("asset", "state", "error", "study"), str),
    **dict.fromkeys(("parameters", "metrics", "reasons"), dict),
    "number": int,
    "seconds": int | float,
    "scores": list,
}

Levels = Mapping[str, Sequence[Any]]


def packed(values: np.ndarray) -> str:
    """Return an array's bytes as text, little endian."""
    plain = np.ascontiguousarray(values, dtype=values.dtype.newbyteorder("<"))
    return base64.b64encode(plain.tobytes()).decode("ascii")


def unpacked(text: str, kind: str) -> np.ndarray:
    """Return the array of a text: ``<f8`` or ``<i8``."""
    return np.frombuffer(base64.b64decode(text), dtype=kind).astype(np.dtype(kind[1:]))


def to_plain(trial: Trial, days: Ints) -> dict[str, Any]:
    """Return a trial as plain data.

    Parameters
    ----------
    trial : Trial
        What is kept.
    days : ndarray of int64
        The study's trading days, which nearly every trial has and which are kept once.
    """
    return {
        "number": trial.number,
        "asset": trial.asset,
        "parameters": dict(trial.parameters),
        "state": trial.state,
        "metrics": dict(trial.metrics),
        "reasons": dict(trial.reasons),
        "days": None if np.array_equal(trial.days, days) else packed(trial.days),
        "daily": packed(trial.daily),
        "seconds": trial.seconds,
        "error": trial.error,
        "study": trial.study,
        "duplicate_of": trial.duplicate_of,
        "scores": list(trial.scores),
    }


def from_plain(plain: Mapping[str, Any], days: Ints) -> Trial:
    """Return the trial that `to_plain` made plain, equal to the bit.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it is no such trial.
    """
    for name, kind in _KINDS.items():
        if not isinstance(plain[name], kind):
            raise TypeError(f"{name} is {str(plain[name])[:40]!r}")
    if not all(isinstance(one, int | float) for one in plain["scores"]):
        raise TypeError("scores are no numbers")
    own = plain["days"]
    changed = {
        "days": days if own is None else unpacked(own, "<i8"),
        "daily": unpacked(plain["daily"], "<f8"),
        "scores": tuple(plain["scores"]),
    }
    return Trial(**{**plain, **changed})


def study_lines(study: str, about: Mapping[str, Any]) -> list[str]:
    """Return the lines that begin a journal: the study, and what it searches."""
    directions = [_MAXIMIZE] * max(1, len(about.get("objectives", ())))
    return [
        _line(CREATE_STUDY, study_name=study, directions=directions),
        attribute_line(ABOUT, dict(about)),
    ]


def attribute_line(name: str, value: Any) -> str:
    """Return the line that gives the study an attribute."""
    return _line(SET_STUDY_ATTRIBUTE, study_id=0, user_attr={name: value})


def trial_line(trial: Trial, days: Ints, levels: Levels, now: str | None) -> str:
    """Return the line of a finished trial, in one operation.

    Parameters
    ----------
    trial : Trial
        What is kept.
    days : ndarray of int64
        The study's trading days.
    levels : mapping
        What each parameter may be.
    now : str or None
        The moment, ISO 8601 with its zone.
    """
    spread = {name: distribution(levels.get(name, [value]), value) for name, value in
              trial.parameters.items()}  # fmt: skip
    plain: dict[str, Any] = {
        "study_id": 0,
        "datetime_start": now,
        "state": state_of(trial),
        "value": trial.scores[0] if len(trial.scores) == 1 else None,
        "values": list(trial.scores) if len(trial.scores) > 1 else None,
        "distributions": {name: json.dumps(one) for name, one in spread.items()},
        "params": {name: _internal(spread[name], v) for name, v in trial.parameters.items()},
        "user_attrs": {**trial.metrics, RECORD: to_plain(trial, days)},
        "system_attrs": {},
        "intermediate_values": {},
    }
    if now is not None:
        plain["datetime_complete"] = now
    return _line(CREATE_TRIAL, **plain)


def state_of(trial: Trial) -> int:
    """Return Optuna's state: complete, pruned (no score) or failed."""
    if not trial.is_complete:
        return _FAIL
    return _COMPLETE if trial.scores else _PRUNED


def distribution(levels: Sequence[Any], value: Any) -> dict[str, Any]:
    """Return Optuna's plain description of what a parameter may be.

    Levels of equal steps are a number; names, switches and uneven levels are choices.
    """
    choices = list(levels) if value in levels else sorted({*levels, value}, key=str)
    numbers = all(isinstance(one, int | float) and not isinstance(one, bool) for one in choices)
    steps = np.diff(choices) if numbers and len(choices) > 1 else np.empty(0)
    if len(steps) == 0 or np.ptp(steps) > _SAME_STEP * abs(steps[0]) or steps[0] <= 0:
        return {"name": "CategoricalDistribution", "attributes": {"choices": choices}}
    whole = all(isinstance(one, int) for one in choices)
    bounds = {"log": False, "step": choices[1] - choices[0], "low": choices[0], "high": choices[-1]}
    if not whole:
        bounds["step"] = round(float(bounds["step"]), 10)
    name = "IntDistribution" if whole else "FloatDistribution"
    return {"name": name, "attributes": bounds}


def _internal(spread: Mapping[str, Any], value: Any) -> float:
    if spread["name"] == "CategoricalDistribution":
        return float(spread["attributes"]["choices"].index(value))
    return float(value)


def _line(operation: int, **fields: Any) -> str:
    plain = {"op_code": operation, "worker_id": "lockstep", **fields}
    return json.dumps(plain, separators=(",", ":"), allow_nan=False)
