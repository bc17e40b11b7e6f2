"""Solo runs: each asset alone with the full capital, many at a time; one that fails is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import joblib

from lockstep.core.errors import AssetError
from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Progress
from lockstep.engine.identities import check_identities
from lockstep.engine.outcome import Solo
from lockstep.engine.players import play, workers

TASK = "solo runs"


@dataclass(frozen=True, slots=True)
class SoloRuns:
    """How solo runs are played.

    Parameters
    ----------
    player : str
        ``auto``, ``kernel`` or ``cerebro``.
    jobs : int
        How many at a time.
    """

    player: str = "auto"
    jobs: int = 1

    def play(
        self, plans: Mapping[str, RunPlan], progress: Progress
    ) -> tuple[dict[str, Solo], dict[str, str]]:
        """Return what each asset made alone, and why those failed that did; sorted by symbol.

        Parameters
        ----------
        plans : mapping of str to RunPlan
            The plan of each asset alone.
        progress : Progress
            Told of every finished run.
        """
        progress.start(TASK, len(plans))
        solos: dict[str, Solo] = {}
        failed: dict[str, str] = {}
        calls = [joblib.delayed(_solo)(symbol, plan, self.player) for symbol, plan in plans.items()]
        for symbol, solo, error in workers(list(plans.values()), self.player, self.jobs)(calls):
            if solo is None:
                failed[symbol] = error
            else:
                solos[symbol] = solo
            progress.advance(TASK)
        return dict(sorted(solos.items())), dict(sorted(failed.items()))


def _solo(symbol: str, plan: RunPlan, player: str) -> tuple[str, Solo | None, str]:
    try:
        played = play(plan, player)
    except AssetError as error:
        return symbol, None, str(error)
    check_identities(plan, played)
    return symbol, Solo.of(plan, played), ""
