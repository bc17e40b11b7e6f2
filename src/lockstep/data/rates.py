"""Conversion rates: quote currency to US dollar, US dollar to account currency, never from later.

Every path goes through the dollar, even where a pair joins two currencies directly: one rule,
and the pairs of a run convert the same whichever assets share it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.errors import DataError

DOLLAR = "USD"


@dataclass(frozen=True, slots=True)
class Pair:
    """The price of one currency in another, and when each price was known.

    Parameters
    ----------
    base, quote : str
        `mid` units of `quote` buy one unit of `base`.
    known_at : ndarray of int64, shape (n_bars,)
        Label + the pair's own timeframe, ns UTC, ascending.
    mid : ndarray of float64, shape (n_bars,)
        Mid closes.
    source : dict
        Where they came from, as `Bars.source`.
    """

    base: str
    quote: str
    known_at: Ints
    mid: Array
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Base and quote in one word."""
        return self.base + self.quote


def pair_from_bars(base: str, quote: str, bars: Bars, mid: Array | None = None) -> Pair:
    """Return the pair that bars quote.

    Parameters
    ----------
    base, quote : str
        Its currencies.
    bars : Bars
        Its bars.
    mid : ndarray or None, shape (n_bars,)
        Mid closes; None takes the closes as they are quoted, for a source of unknown spread.
    """
    prices = bars.close if mid is None else mid
    return Pair(base, quote, bars.time + bars.timeframe, prices, bars.source)


class _Leg(NamedTuple):
    """How a currency is turned into another: a constant, a pair, or a pair upside down."""

    constant: float
    pair: Pair | None
    inverse: bool


def rates_at(
    quote: str,
    account: str,
    moments: Ints,
    pairs: Sequence[Pair],
    constants: Mapping[str, float],
) -> Array:
    """Return what one unit of `quote` is worth in `account` currency, as known at each moment.

    Parameters
    ----------
    quote, account : str
        Currency codes.
    moments : ndarray of int64, shape (n,)
        ns UTC.
    pairs : sequence of Pair
        The first that fits is used: those of the run before those of the data folder.
    constants : mapping of str to float
        Stated rates, ``{"USDT/USD": 1.0}``: one USDT is 1.0 USD. They go before pairs.

    Returns
    -------
    ndarray, shape (n,)
        The last mid known at or before the moment; NaN before the first one; 1 where quote and
        account are the same.

    Raises
    ------
    DataError
        Naming the pairs that are missing.
    """
    legs = _legs(quote, account)
    missing = [leg for leg in legs if _find(*leg, pairs, constants) is None]
    if missing:
        raise no_rate(missing)
    rate = np.ones(len(moments))
    for leg in legs:
        found = _find(*leg, pairs, constants)
        if found is not None:
            rate = rate * _known(found, moments)
    return rate


def required_pairs(
    quotes: Iterable[str],
    account: str,
    pairs: Sequence[Pair],
    constants: Mapping[str, float],
) -> tuple[tuple[str, str], ...]:
    """Return the conversions (from, to) that neither pairs nor constants give, sorted.

    Parameters
    ----------
    quotes : iterable of str
        Quote currencies of the run's assets.
    account : str
        The account's currency.
    pairs, constants
        As for `rates_at`.
    """
    legs = {leg for quote in quotes for leg in _legs(quote, account)}
    return tuple(sorted(leg for leg in legs if _find(*leg, pairs, constants) is None))


def no_rate(wanted: Iterable[tuple[str, str]]) -> DataError:
    """Return the error of a run that lacks conversions (from, to), a line each."""
    return DataError("\n".join(_sentence(*leg) for leg in wanted))


def _legs(quote: str, account: str) -> list[tuple[str, str]]:
    if quote == account:
        return []
    return [(a, b) for a, b in ((quote, DOLLAR), (DOLLAR, account)) if a != b]


def _find(
    source: str, target: str, pairs: Sequence[Pair], constants: Mapping[str, float]
) -> _Leg | None:
    if f"{source}/{target}" in constants:
        return _Leg(float(constants[f"{source}/{target}"]), None, False)
    if f"{target}/{source}" in constants:
        return _Leg(float(constants[f"{target}/{source}"]), None, True)
    for base, quote in ((source, target), (target, source)):
        for pair in pairs:
            if (pair.base, pair.quote) == (base, quote):
                return _Leg(np.nan, pair, base != source)
    return None


def _known(leg: _Leg, moments: Ints) -> Array:
    if leg.pair is None:
        values = np.full(len(moments), leg.constant)
    elif not len(leg.pair.mid):
        values = np.full(len(moments), np.nan)
    else:
        last = np.searchsorted(leg.pair.known_at, moments, side="right") - 1
        values = np.where(last >= 0, leg.pair.mid[np.maximum(last, 0)], np.nan)
    return 1.0 / values if leg.inverse else values


def _sentence(source: str, target: str) -> str:
    return (
        f"no rate from {source} to {target}: expected bars of {source}{target} or "
        f"{target}{source} among the assets or in the data folder, or a constant "
        f'{{"{source}/{target}": ...}}.'
    )
