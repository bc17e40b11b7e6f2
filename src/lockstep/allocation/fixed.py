"""Weights the user states."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from lockstep.core.errors import ConfigError
from lockstep.core.market import MarketView, Weights
from lockstep.core.parameters import nearest, param
from lockstep.core.registry import allocation

#: Room for the rounding of fractions that were written to sum to 1.
ROUNDING = 1e-9


@allocation("fixed")
@dataclass(frozen=True, slots=True)
class Fixed:
    """The stated fraction of equity for each asset; an asset without one gets nothing.

    What the fractions leave of 1 is reserve. They are given as a mapping from symbol to fraction
    and kept as pairs sorted by symbol (pairs are accepted as well).

    Raises
    ------
    ConfigError
        If a fraction is not in [0, 1], a symbol is given twice, or they sum to more than 1.

    Examples
    --------
    >>> Fixed({"GOLDX": 0.25, "EURUSDX": 0.5}).fractions
    (('EURUSDX', 0.5), ('GOLDX', 0.25))
    """

    needs_history: ClassVar[bool] = False

    fractions: tuple[tuple[str, float], ...] = param(
        (), "fraction of equity by symbol; they sum to at most 1"
    )

    def __post_init__(self) -> None:
        pairs = _pairs(self.fractions)
        findings = [finding for symbol, value in pairs if (finding := _finding(symbol, value))]
        if findings:
            raise ConfigError("\n".join(findings))
        total = math.fsum(value for _, value in pairs)
        if total > 1.0 + ROUNDING:
            raise ConfigError(
                f"fractions sum to {total:g}; expected at most 1. "
                "Lower them: leverage comes from the instruments, not from the weights."
            )
        # Above 1 by rounding only: scaled back, so that the sleeves never promise more than all.
        scale = 1.0 / total if total > 1.0 else 1.0
        object.__setattr__(self, "fractions", tuple((s, float(v) * scale) for s, v in pairs))

    def weights(self, view: MarketView) -> Weights:
        """Return the stated fraction of each asset of the view, 0 where none is stated."""
        stated = dict(self.fractions)
        return Weights(np.array([stated.get(symbol, 0.0) for symbol in view.symbols]))

    def check_symbols(self, known: Sequence[str]) -> None:
        """Refuse a stated symbol that no configured asset bears.

        Raises
        ------
        ConfigError
            Naming each one, with the nearest known symbol.
        """
        findings = [
            f"fractions names {symbol!r}, which is no asset{nearest(symbol, list(known))}"
            for symbol, _ in self.fractions
            if symbol not in known
        ]
        if findings:
            raise ConfigError("\n".join(findings))


def _pairs(given: Any) -> list[tuple[str, Any]]:
    items = list(given.items()) if isinstance(given, Mapping) else given
    if not isinstance(items, list | tuple) or not all(_is_pair(item) for item in items):
        raise ConfigError(
            f"fractions is {given!r}; expected a fraction by symbol, as in "
            '{"EURUSDX": 0.5, "GOLDX": 0.25}.'
        )
    pairs = sorted(((item[0], item[1]) for item in items), key=lambda pair: pair[0])
    for (symbol, _), (following, _) in pairwise(pairs):
        if symbol == following:
            raise ConfigError(f"fractions names {symbol!r} twice; keep one of them.")
    return pairs


def _is_pair(item: Any) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and isinstance(item[0], str)


def _finding(symbol: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"fractions of {symbol} is {value!r}; expected a number (without quotes)."
    if 0.0 <= value <= 1.0:
        return ""
    return f"fractions of {symbol} is {value:g}; expected a fraction in [0, 1]. Write 0.3 for 30 %."
