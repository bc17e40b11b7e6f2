"""Hand-written strategies that break, each in its own way."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import backtrader as bt

from lockstep.config.models import AssetConfig
from lockstep.engine.cerebro.strategy import LockstepStrategy


class BreaksLate(LockstepStrategy):
    """Trade once, then divide by zero on its hundredth bar."""

    params = (("bar", 100),)

    def next(self) -> None:
        if len(self) == 5:
            self.enter(1, self.data.close[0] * 0.01)
        if len(self) == self.p.bar:
            self.p.bar // 0


class BreaksAtOnce(LockstepStrategy):
    """Refuse to be made."""

    def __init__(self) -> None:
        raise RuntimeError("no licence")


class NotOurs(bt.Strategy):
    """A backtrader strategy that does not derive from LockstepStrategy."""


class DiesSilently(LockstepStrategy):
    """Be killed in the middle of its bars, as a system out of memory does it."""

    def next(self) -> None:
        if len(self) == 50:
            os.kill(os.getpid(), signal.SIGKILL)


class Hangs(LockstepStrategy):
    """Never come back from its fiftieth bar."""

    def next(self) -> None:
        while len(self) == 50:
            time.sleep(0.05)


class EatsMemory(LockstepStrategy):
    """Ask for more memory than its process may have."""

    def next(self) -> None:
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**34, used + 2**34))
        hoard = []
        while len(self) == 50:
            hoard.append(bytearray(2**36))


class Leaves(LockstepStrategy):
    """Leave the program."""

    def next(self) -> None:
        sys.exit(3)


class NeverUnpacked(AssetConfig):
    """Hang as soon as a process is asked for its signals."""

    def __reduce__(self) -> Any:
        return time.sleep, (600.0,)


class Together(LockstepStrategy):
    """Is well alone; from its fiftieth bar in a portfolio, where it holds a part only, it acts."""

    def next(self) -> None:
        if len(self) >= 50 and self.broker.getvalue() < 99_000:
            self.act()

    def act(self) -> None:
        raise ValueError("too poor")


class HangsTogether(Together):
    """Never come back."""

    def act(self) -> None:
        while True:
            time.sleep(0.05)


class CrawlsTogether(Together):
    """Take a little too long at every bar."""

    def act(self) -> None:
        time.sleep(0.5)


class DiesTogether(Together):
    """Be killed."""

    def act(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


class LeavesTogether(Together):
    """Leave the program."""

    def act(self) -> None:
        sys.exit(3)


class HangsWhenMade(LockstepStrategy):
    """Hang at the second time it is made: in its solo run it leaves a mark, and lives."""

    params = (("mark", ""),)

    def __init__(self) -> None:
        mark = Path(self.p.mark)
        while mark.exists():
            time.sleep(0.05)
        mark.touch()

    def next(self) -> None:
        """Do nothing."""


class Alone(Together):
    """Never act."""

    def act(self) -> None:
        """Do nothing."""


class DiesUnruled(LockstepStrategy):
    """Leave the program where positions are not limited, in a portfolio."""

    def next(self) -> None:
        plan = self.broker.account.plan
        if len(self) == 50 and len(plan.assets) > 1 and "max_positions" not in dict(plan.rules):
            sys.exit(4)
