"""Declare a component's parameter once: default, range and meaning, for every reader of it."""

from __future__ import annotations

import dataclasses
import difflib
import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lockstep.core.errors import ConfigError

_KEY = "lockstep.parameter"


@dataclass(frozen=True, slots=True)
class Parameter:
    """What may be known of one parameter.

    Parameters
    ----------
    low, high : float or None
        Inclusive bounds, in the parameter's own unit; None is unbounded.
    above : float or None
        Exclusive lower bound.
    choices : tuple
        The allowed values of an enumerated parameter; empty for a number.
    indicator : bool
        True if a change of it changes `indicators(bars)`, so that a search must recompute them.
    step : float or None
        A sensible step of a grid search.
    doc : str
        One line of meaning, with the unit.
    """

    low: float | None = None
    high: float | None = None
    above: float | None = None
    choices: tuple[Any, ...] = ()
    indicator: bool = False
    step: float | None = None
    doc: str = ""


def param(default: Any, doc: str, **spec: Any) -> Any:
    """Return a dataclass field that carries a `Parameter`; `spec` is the rest of its fields."""
    return dataclasses.field(default=default, metadata={_KEY: Parameter(doc=doc, **spec)})


def parameters(component: Any) -> dict[str, Parameter]:
    """Return the declared parameters of a component (class or instance) by name."""
    return {
        field.name: field.metadata.get(_KEY, Parameter())
        for field in dataclasses.fields(component)
        if field.init
    }


def check(component: Any) -> None:
    """Check every parameter of a dataclass instance against its declaration.

    Raises
    ------
    ConfigError
        Naming each offending parameter, its value and what was expected, a line each.
    """
    findings = [
        finding
        for name, spec in parameters(component).items()
        if (finding := _finding(name, getattr(component, name), spec))
    ]
    if findings:
        raise ConfigError("\n".join(findings))


def _finding(name: str, value: Any, spec: Parameter) -> str:
    if spec.choices:
        if value in spec.choices:
            return ""
        return f"{name} is {value!r}; expected one of {', '.join(map(str, spec.choices))}."
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    if math.isnan(value):
        return f"{name} is NaN; expected {_expected(spec)}."
    low_broken = spec.low is not None and value < spec.low
    above_broken = spec.above is not None and value <= spec.above
    high_broken = spec.high is not None and value > spec.high
    if not (low_broken or above_broken or high_broken):
        return ""
    return f"{name} is {value:g}; expected {_expected(spec)}."


def _expected(spec: Parameter) -> str:
    words = []
    if spec.low is not None:
        words.append(f"at least {spec.low:g}")
    if spec.above is not None:
        words.append(f"above {spec.above:g}")
    if spec.high is not None:
        words.append(f"at most {spec.high:g}")
    return "a number " + " and ".join(words) if words else "a number"


def build(component: type, given: Mapping[str, Any]) -> Any:
    """Build a component from plain data, as a config file holds it.

    A key that ends in ``_pct`` sets the field without the suffix to a hundredth of its value.
    Numbers must be numbers (no strings, no booleans, no null, no NaN); an int is welcome where a
    float is declared, and a whole float where an int is.

    Raises
    ------
    ConfigError
        For unknown keys (with the nearest valid one), values of the wrong type, values out of
        range; all findings together, a line each.
    """
    fields = {field.name: field for field in dataclasses.fields(component) if field.init}
    values: dict[str, Any] = {}
    findings: list[str] = []
    for key, raw in given.items():
        name, scale = _field_of(key, fields)
        if name is None:
            findings.append(f"{key} is unknown{nearest(key, list(fields))}")
            continue
        if name in values:
            findings.append(f"{key} sets {name} a second time; keep one of them.")
            continue
        value, finding = _typed(key, raw, fields[name].default, scale)
        if finding:
            findings.append(finding)
        else:
            values[name] = value
    if findings:
        raise ConfigError("\n".join(findings))
    return component(**values)


def _field_of(key: str, fields: Mapping[str, Any]) -> tuple[str | None, float]:
    if key in fields:
        return key, 1.0
    # Only a float can be a fraction: a mapping or a count would pass with its percents unscaled.
    if key.endswith("_pct") and key[:-4] in fields and isinstance(fields[key[:-4]].default, float):
        return key[:-4], 100.0
    return None, 1.0


def _typed(key: str, raw: Any, default: Any, scale: float) -> tuple[Any, str]:
    if isinstance(default, bool):
        ok, expected = isinstance(raw, bool), "true or false"
    elif isinstance(default, int | float):
        return _number(key, raw, isinstance(default, int), scale)
    elif isinstance(default, str):
        ok, expected = isinstance(raw, str), "text"
    else:
        if isinstance(raw, list):
            raw = _frozen(raw)
        ok, expected = True, ""
    return (raw, "") if ok else (None, f"{key} is {raw!r}; expected {expected}.")


def _number(key: str, raw: Any, whole: bool, scale: float) -> tuple[Any, str]:
    if not _is_finite(raw):
        hint = " (without quotes)" if isinstance(raw, str) else ""
        return None, f"{key} is {raw!r}; expected a number{hint}."
    if not whole:
        return raw / scale if scale != 1.0 else float(raw), ""
    if raw != int(raw):
        return None, f"{key} is {raw!r}; expected a whole number."
    return int(raw), ""


def _is_finite(raw: Any) -> bool:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return False
    # No float is larger; math.isfinite would overflow on a longer whole number.
    return abs(raw) <= sys.float_info.max


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def nearest(key: str, valid: Sequence[str]) -> str:
    """Return '; did you mean X?' or the list of what is valid, to end an error sentence."""
    close = difflib.get_close_matches(key, valid, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; expected one of {', '.join(sorted(valid))}."
