"""RiskManager: the size chain of one asset, from risk to lots, each link explaining itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lockstep.core.codes import CODE
from lockstep.core.instrument import Instrument
from lockstep.core.plan import AccountTerms
from lockstep.ledger import sizing
from lockstep.risk.rule import UNLIMITED, Verdict


@dataclass(frozen=True, slots=True)
class Sized:
    """The end of the chain.

    Parameters
    ----------
    lots : float
        Lots to order; 0 if the chain ended below the minimum lot.
    asked : float
        Lots before any cap, limit or rounding.
    cuts : tuple of Verdict
        Every link that bound, in the order of the chain.
    """

    lots: float
    asked: float
    cuts: tuple[Verdict, ...]


class RiskManager:
    """Sizes the entries of one asset (docs/account.md, section 4).

    Parameters
    ----------
    instrument : Instrument
        What is traded.
    terms : AccountTerms
        Risk fraction and leverage cap.
    """

    def __init__(self, instrument: Instrument, terms: AccountTerms) -> None:
        self.instrument = instrument
        self.terms = terms

    def size(
        self,
        basis: float,
        factor: float,
        stop_distance: float,
        mid: float,
        rate: float,
        rooms: Sequence[tuple[int, float]] = (),
    ) -> Sized:
        """Return the lots of one entry.

        Parameters
        ----------
        basis : float
            Equity that the risk fraction refers to, account currency.
        factor : float
            Product of all size factors.
        stop_distance, mid : float
            Price units, at the close of the decision bar.
        rate : float
            Quote to account currency at that close.
        rooms : sequence of (decision code, money)
            Notional left under each limit.
        """
        unit = self.instrument
        asked = sizing.risk_lots(
            basis, self.terms.risk_fraction, factor, stop_distance, unit.contract_size, rate
        )
        caps = [(_LEVERAGE_CAP, self.terms.leverage_cap * basis)]
        caps.extend((code, room) for code, room in rooms if room != UNLIMITED)
        lots = asked
        cuts: list[Verdict] = []
        for code, money in caps:
            cap = sizing.lots_for(money, unit.contract_size, mid, rate)
            lots = _cut(lots, cap, code, cuts)
        lots = _cut(lots, unit.max_lot, _MAX_LOT, cuts)
        whole = sizing.floor_lots(lots, unit.lot_step)
        if whole < unit.min_lot:
            cuts.append(Verdict(_MIN_LOT, lots, 0.0))
            whole = 0.0
        return Sized(whole, asked, tuple(cuts))


_LEVERAGE_CAP, _MAX_LOT, _MIN_LOT = (CODE[c] for c in ("leverage_cap", "max_lot", "min_lot"))


def _cut(lots: float, cap: float, code: int, cuts: list[Verdict]) -> float:
    cap = max(cap, 0.0)
    if cap >= lots:
        return lots
    cuts.append(Verdict(code, lots, cap))
    return cap
