"""How much memory a run will take, before it takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

MEBIBYTE = 1 << 20
#: Imports, compiled code, and what a report needs whatever the size of the run.
BASE = 350 * MEBIBYTE
#: Bars, plans, clock, tables and the report, bytes per bar of an asset; Cerebros keep lines, too.
COMPILED, CEREBRO = 340, 450
#: A process for Cerebros: its imports, and what one asset in it takes per bar.
PROCESS_BASE, PROCESS_BAR = 150 * MEBIBYTE, 350
#: What compiling the player takes besides, the first time on a machine.
COMPILING = 600 * MEBIBYTE


@dataclass(frozen=True, slots=True)
class Need:
    """The memory a run is expected to take at its peak.

    The constants were measured as the peak of all processes together (proportional set size,
    Linux, Python 3.11) on the built-in sample and on twelve assets of real five-minute bars, with
    both players; expect the truth within half and twice the estimate.

    Parameters
    ----------
    bars : mapping of str to int
        Bars of each asset in the run's range.
    processes : int
        How many processes play Cerebros at a time; 0 plays all in one process.
    is_cerebro : bool
        Whether Cerebros play the portfolio.
    is_apart : bool
        Whether the portfolio, too, is played in a process, after those of the solo runs.
    is_cold : bool
        Whether the player has still to be compiled.
    """

    bars: Mapping[str, int]
    processes: int = 0
    is_cerebro: bool = False
    is_apart: bool = False
    is_cold: bool = False

    @property
    def bytes(self) -> int:
        """The expected peak, bytes."""
        each = CEREBRO if self.is_cerebro else COMPILED
        every, longest = sum(self.bars.values()), max(self.bars.values(), default=0)
        apart = self.processes * (PROCESS_BASE + PROCESS_BAR * longest)
        if self.is_apart:
            apart = max(apart, PROCESS_BASE + PROCESS_BAR * every)
        compiling = COMPILING if self.is_cold else 0
        return BASE + each * every + apart + compiling
