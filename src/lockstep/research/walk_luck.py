"""How likely it is that a walk-forward's result is luck."""

from __future__ import annotations

from lockstep.metrics.undefined import Undefined
from lockstep.metrics.walkforward import middle
from lockstep.research.judgement import sharpes_inside
from lockstep.research.luck import LuckTest, Record, Verdict, verdict
from lockstep.research.walkforward import WalkForward, WalkForwardAnalyzer


def luck(walk: WalkForward, made_by: WalkForwardAnalyzer) -> Verdict | Undefined:
    """Return how likely the result is luck: every trial counts, also those of hindsight.

    Parameters that several windows tried are one look: what is judged was chosen on its own days.

    Trials of hindsight share the days of the out-of-sample account, so they show what choosing on
    those very days would be worth; without them the last window's are judged. The continuous
    account itself is the record that no choice had seen, and is held against what the windows'
    choices had shown in sample, in the median.
    """
    every = [*walk.windows, *([walk.hindsight] if walk.hindsight else [])]
    trials = [t for window in every for one in window.fits.values() for t in one.trials]
    if not trials:
        return Undefined("no trial was made: no asset had enough bars in any window")
    tuning, record = made_by.tuning, walk.outside
    return verdict(
        trials,
        LuckTest(goal=tuning.objective, constraints=tuning.constraints),
        chosen=walk.judged,
        unseen=Record(record.days, record.daily),  # without returns if the equity was lost
        promised=middle(sharpes_inside(walk)),
        windows={trial.study for trial in trials},
    )
