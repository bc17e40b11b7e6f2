"""A search that is killed in its trial of a given number: ``python -m tests.research.killed``."""

import os
import signal
import sys
from pathlib import Path

from lockstep.research import optimizer as module
from lockstep.research.objectives import Constraints
from lockstep.research.optimizer import ParameterOptimizer
from lockstep.research.space import Space
from lockstep.research.trying import tried
from lockstep.runs.trials import TrialLedger
from tests.research.worlds import small_evaluator


def optimizer_of(folder, method: str) -> ParameterOptimizer:
    """Return a search of 60 trials that keeps them in a folder."""
    evaluator = small_evaluator(3_000)
    return ParameterOptimizer(
        evaluator,
        Space.named("balanced", evaluator),
        method=method,
        trials=60,
        constraints=Constraints(min_trades=1),
        store=TrialLedger(Path(folder)),
        candidates=1,
    )


def _killed_at(number: int):
    def dying(evaluator, at, point, study):
        if at == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return tried(evaluator, at, point, study)

    return dying


if __name__ == "__main__":
    module.tried = _killed_at(int(sys.argv[3]))
    optimizer_of(sys.argv[1], sys.argv[2]).search()
