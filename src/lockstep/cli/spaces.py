"""What a search may try, from ``--space`` and ``--vary``."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lockstep.config.reading import read
from lockstep.core.errors import ConfigError, UsageError
from lockstep.core.registry import strategies
from lockstep.research.evaluation import Evaluator
from lockstep.research.space import NAMED, Dimension, Space

_USUAL = {"grid": "quick"}


def space_of(arguments: argparse.Namespace, evaluator: Evaluator) -> Space:
    """Return what the flags let a search of one asset try.

    ``--vary`` alone names all that is varied; beside ``--space`` it adds to it, and replaces.

    Raises
    ------
    ConfigError
        If a range cannot be searched, or nothing is left to vary.
    UsageError
        If ``--space`` is neither a named grid nor a file.
    """
    varied = ranges_of(arguments.vary or [])
    asset, given = evaluator.asset, arguments.space
    if given is None and varied:
        return Space.of(asset, varied)
    if given is not None and given not in NAMED:
        return Space.of(asset, {**_from_file(given, asset.strategy), **varied})
    base = Space.named(given or _USUAL.get(arguments.method, "balanced"), evaluator)
    if not varied:
        return base
    own = {one.name: one for one in Space.of(asset, varied).dimensions}
    dimensions: list[Dimension] = [own.pop(one.name, one) for one in base.dimensions]
    return Space((*dimensions, *own.values()), base.name, base.notices)


def ranges_of(words: Sequence[str]) -> dict[str, Any]:
    """Return the ranges of ``--vary NAME=LOW:HIGH:STEP`` or ``NAME=A,B,C``.

    Raises
    ------
    UsageError
        If a word is no such range, or names a parameter twice.
    """
    found: dict[str, Any] = {}
    for word in words:
        name, _, given = word.partition("=")
        if not (name and given):
            raise UsageError(f"--vary {word}: expected NAME=LOW:HIGH, NAME=LOW:HIGH:STEP or "
                             "NAME=A,B,C.")  # fmt: skip
        if name in found:
            raise UsageError(f"--vary {name} is given twice; keep one of them.")
        found[name] = given if ":" in given else [_value(part) for part in given.split(",")]
    return found


def _value(text: str) -> Any:
    """Return a number, true or false, or else the text."""
    try:
        found = json.loads(text)
    except ValueError:
        return text
    return found if isinstance(found, int | float | bool) else text


def _from_file(name: str, strategy: str) -> Mapping[str, Any]:
    path = Path(name)
    if not path.is_file():
        raise UsageError(
            f"--space {name}: there is no such file, and no such grid; expected {', '.join(NAMED)} "
            "or a JSON or YAML file."
        )
    plain = read(path)
    if not plain or not set(plain) <= set(strategies.names()):
        return plain
    found = plain.get(strategy, {})
    if not isinstance(found, Mapping) or not found:
        raise ConfigError(
            f"{path} has no ranges for {strategy}; it has some for {', '.join(sorted(plain))}."
        )
    return found
