"""What every strategy checks of its parameters when it is made."""

from __future__ import annotations

import dataclasses
from numbers import Integral, Real
from typing import Any
from zoneinfo import ZoneInfo

from lockstep.core.errors import ConfigError
from lockstep.core.parameters import check


def check_parameters(strategy: Any) -> None:
    """Check that every parameter has the type of its default and lies in its declared range.

    Nothing is switched off by None here: each parameter says which of its values is "off".

    Parameters
    ----------
    strategy : dataclass instance
        Its fields carry their declarations (`core.parameters.param`).

    Raises
    ------
    ConfigError
        Naming each offending parameter, its value and what was expected, a line each.
    """
    findings = []
    for field in dataclasses.fields(strategy):
        value = getattr(strategy, field.name)
        if not _has_type_of(field.default, value):
            findings.append(f"{field.name} is {value!r}; expected {_expected(field.default)}.")
    if findings:
        raise ConfigError("\n".join(findings))
    check(strategy)


def _has_type_of(default: Any, value: Any) -> bool:
    if isinstance(default, bool) or isinstance(value, bool):
        return isinstance(default, bool) and isinstance(value, bool)
    if isinstance(default, int):
        return isinstance(value, Integral)
    if isinstance(default, float):
        return isinstance(value, Real)
    return isinstance(value, type(default))


def _expected(default: Any) -> str:
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "text"}
    return words.get(type(default), f"a {type(default).__name__}")


def require(holds: bool, sentence: str) -> None:
    """Check a rule between parameters.

    Raises
    ------
    ConfigError
        With `sentence`, if it does not hold.
    """
    if not holds:
        raise ConfigError(sentence)


def check_zone(zone: str) -> None:
    """Check that `zone` names a time zone.

    Raises
    ------
    ConfigError
        If it does not.
    """
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as unknown:  # an unknown name is a KeyError
        raise ConfigError(
            f"hour_zone is {zone!r}; expected an IANA time zone, 'UTC' or 'Europe/London'."
        ) from unknown
