"""A limit on the exposure to any one currency."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from lockstep.core.codes import CODE
from lockstep.core.parameters import check, param
from lockstep.core.registry import risk_rules
from lockstep.core.state import AccountState, Entry
from lockstep.ledger import rules
from lockstep.risk.rule import UNLIMITED, Guard


@risk_rules("currency_exposure")
@dataclass(frozen=True, slots=True)
class CurrencyExposure:
    """Cut an FX entry to the room left in each of its two currencies.

    A long pair adds its notional to the base and takes it from the quote currency; the account's
    own currency counts like any other. Only FX pairs have currency exposure.
    """

    precedence: ClassVar[int] = 52
    sentences: ClassVar[dict[str, str]] = {
        "currency_exposure": "An entry of {asset} was cut from {before:g} to {after:g} lots by "
        "the limit on the exposure to one currency.",
    }

    limit: float = param(
        5.0, "largest net notional in one currency, in multiples of account equity", above=0
    )

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
        return _CurrencyGuard(self.limit)


class _CurrencyGuard(Guard):
    limit_code = CODE["currency_exposure"]

    def __init__(self, limit: float) -> None:
        self.limit = limit

    def room(self, state: AccountState, entry: Entry) -> float:
        instrument = state.instruments[entry.asset]
        if instrument.asset_class != "fx":
            return UNLIMITED
        return min(
            self._room(state, instrument.base, entry.side),
            self._room(state, instrument.quote, -entry.side),
        )

    def _room(self, state: AccountState, currency: str, side: int) -> float:
        return rules.room_of(self.limit, state.equity, side, exposure_to(state, currency))


def exposure_to(state: AccountState, currency: str) -> float:
    """Return the net notional in one currency, open and queued FX positions, account currency."""
    total = 0.0
    for asset, instrument in enumerate(state.instruments):
        if instrument.asset_class != "fx":
            continue
        amount = state.exposure[asset] + state.queued_exposure[asset]
        if instrument.base == currency:
            total += amount
        if instrument.quote == currency:
            total -= amount
    return total
