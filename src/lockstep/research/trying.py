"""Trying: one point of a search becomes one trial, whatever happens."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

from lockstep.core.errors import AssetError, ConfigError, DataError, StrategyError
from lockstep.core.trial import FAILED, Trial
from lockstep.metrics.undefined import Undefined
from lockstep.research.evaluation import Evaluation, Evaluator


def tried(evaluator: Evaluator, number: int, point: Mapping[str, Any], study: str = "") -> Trial:
    """Return the trial of some parameters; one that raises, or gives NaN, is a failed trial."""
    begun = perf_counter()
    base = Trial(number, evaluator.asset.symbol, dict(point), study=study)
    try:
        trial = _measured(base, evaluator.evaluate(point))
    except (AssetError, ConfigError, DataError, StrategyError) as error:
        trial = dataclasses.replace(base, state=FAILED, error=str(error))
    return dataclasses.replace(trial, seconds=perf_counter() - begun)


def _measured(base: Trial, made: Evaluation) -> Trial:
    metrics: dict[str, float | None] = {}
    reasons: dict[str, str] = {}
    for name, value in made.metrics.items():
        if isinstance(value, Undefined):
            metrics[name], reasons[name] = None, value.reason
        else:
            metrics[name] = float(value)
    wrong = [
        f"{name} is {value}"
        for name, value in metrics.items()
        if value is not None and not math.isfinite(value)
    ]
    if not np.isfinite(made.daily).all():
        wrong.append("a daily return is not a number")
    if wrong:
        return dataclasses.replace(base, state=FAILED, error="; ".join(wrong))
    return dataclasses.replace(
        base, metrics=metrics, reasons=reasons, days=made.days, daily=made.daily
    )


def key_of(point: Mapping[str, Any]) -> str:
    """Return the one text that means these parameters."""
    return json.dumps(dict(point), sort_keys=True, default=str)


def identity(evaluator: Evaluator) -> dict[str, Any]:
    """Return plain data that tell this asset, account and data from every other.

    Bars, costs and conversion rates enter by the SHA-256 of their bytes.
    """
    asset = evaluator.asset
    return {
        "strategy": asset.strategy,
        "parameters": dataclasses.asdict(evaluator.strategy({})),  # type: ignore[call-overload]
        "first": evaluator.first,
        "bars": data_hash(evaluator),
        **_terms(evaluator),
    }


def _terms(evaluator: Evaluator) -> dict[str, Any]:
    laid = evaluator.base.assets[0]
    return {
        "instrument": dataclasses.asdict(evaluator.asset.instrument),
        "terms": dataclasses.asdict(evaluator.base.terms),
        "costs": _sha256(laid.spread, laid.rate_open, laid.rate_close, laid.nights),
    }


def terms_hash(evaluator: Evaluator) -> str:
    """Return the SHA-256 of instrument, account, costs and conversion rates, in hex."""
    plain = json.dumps(_terms(evaluator), sort_keys=True, default=str)
    return hashlib.sha256(plain.encode()).hexdigest()


def data_hash(evaluator: Evaluator) -> str:
    """Return the SHA-256 of an asset's bars, those that only warm up included, in hex."""
    bars = evaluator.bars
    return _sha256(bars.time, bars.open, bars.high, bars.low, bars.close, bars.volume)


def _sha256(*arrays: np.ndarray) -> str:
    found = hashlib.sha256()
    for one in arrays:
        found.update(np.ascontiguousarray(one).tobytes())
    return found.hexdigest()
