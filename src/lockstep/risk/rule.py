"""What a portfolio rule is: parameters that a user sets, and a guard that keeps its state."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from lockstep.core.codes import CODE
from lockstep.core.state import AccountState, Entry

UNLIMITED = float("inf")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a rule says of one entry or one step, ready to be recorded.

    Parameters
    ----------
    code : int
        Decision code.
    before, after : float
        The quantity the code speaks of.
    cancel : int
        Decision code for queued entries this verdict cancels; -1 for none.
    flatten : int
        Exit reason queued for every open position; 0 for none.
    """

    code: int
    before: float
    after: float
    cancel: int = -1
    flatten: int = 0


class Guard:
    """One rule at work in one run. A rule overrides what it needs; the rest costs nothing."""

    #: Name of the size factor this guard contributes; empty for none.
    factor_name: str = ""
    #: Decision code of the limit this guard sets.
    limit_code: int = CODE["rule_limit"]

    @property
    def is_restless(self) -> bool:
        """True if `step` must be asked even when nothing but time has changed."""
        return True

    def step(self, state: AccountState) -> Verdict | None:
        """Look at the account in stage D; may change `state.peak`."""
        return None

    def block(self, state: AccountState, entry: Entry) -> Verdict | None:
        """Refuse an entry in stage E."""
        return None

    def factor(self, state: AccountState, entry: Entry) -> tuple[float, Verdict | None]:
        """Scale an entry: a factor in [0, 1], and a verdict if there is something to record."""
        return 1.0, None

    def room(self, state: AccountState, entry: Entry) -> float:
        """Return the notional (account currency) left for an entry; infinite for no limit."""
        return UNLIMITED


class Rule(Protocol):
    """A component of this room: frozen parameters, a precedence, sentences, and its guard."""

    #: Rules act and are recorded in this order; ties by name.
    precedence: ClassVar[int]
    #: Decision code name -> sentence; fields {asset}, {before}, {after}.
    sentences: ClassVar[dict[str, str]]

    def start(self) -> Guard:
        """Return a fresh guard for one run."""
