"""What is being made, with its lock, its status and its log, and what is said if it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from lockstep.cli import logs
from lockstep.cli.interrupts import last_act
from lockstep.runs.directory import INTERRUPTED
from lockstep.runs.manifest import Making
from lockstep.runs.session import Session, session

#: What to do after a stop, where a command has --resume.
RESUME = "go on by --resume {run_id}"
#: What to do where it has none.
AGAIN = "give the same command again"


@contextmanager
def running(
    results: str | Path,
    making: Making,
    *,
    started: datetime,
    resume: str | None = None,
    kept: str = "what it finished is kept",
    again: str = RESUME,
) -> Iterator[Session]:
    """Hold a run's lock, its status and its log while the block lasts.

    Parameters
    ----------
    results, making, started, resume
        As `lockstep.runs.session.session` takes them.
    kept : str
        What is left of it if the user stops it.
    again : str
        What to do then; ``{run_id}`` stands for its name.
    """
    with (
        session(results, making, started=started, resume=resume, again=again) as run,
        last_act(lambda: run.place.leave(INTERRUPTED)),
        logs.kept_in(run.path, run.place.run_id),
    ):
        try:
            yield run
        except KeyboardInterrupt:
            name = run.place.run_id
            logs.notice([f"{name} is interrupted; {kept}: {again.format(run_id=name)}"])
            raise
