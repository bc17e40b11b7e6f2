"""Solo runs: each asset alone with the full capital, many at a time; one that fails is named."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import joblib

from lockstep.config.models import AssetConfig
from lockstep.core.bars import Bars
from lockstep.core.errors import AssetError, failure_of
from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Forgetful, Progress, Sink
from lockstep.engine.apart import Answer, Call, each_apart
from lockstep.engine.elsewhere import Done, Job, Shared, cluster, each_elsewhere
from lockstep.engine.identities import check_identities
from lockstep.engine.outcome import Solo
from lockstep.engine.players import choose, play, workers
from lockstep.engine.said import Said, said_by

TASK = "solo runs"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an asset failed.

    Parameters
    ----------
    sentence : str
        Names the asset.
    trace : str
        The traceback, where there is one.
    """

    sentence: str
    trace: str = ""

    @classmethod
    def of(cls, error: AssetError) -> Failure:
        """Keep an error that is being handled."""
        return cls(str(error), "".join(traceback.format_exception(error)))

    @classmethod
    def apart(cls, answer: Answer) -> Failure:
        """Keep what a process could not do."""
        return cls(f"{answer.symbol}: its strategy {answer.failure}.", answer.trace)

    @classmethod
    def elsewhere(cls, done: Done) -> Failure:
        """Keep what a cluster could not do."""
        return cls(f"{done.name}: its solo run {done.failure}.")

    def log(self, symbol: str, stage: str) -> None:
        """Tell of it, with the traceback for those who want it."""
        fields = {"event": f"{stage}.failed", "asset": symbol, "trace": self.trace}
        _log.error("%s", self.sentence, extra=fields)


@dataclass(frozen=True, slots=True)
class SoloRuns:
    """How solo runs are played: compiled ones in threads, Cerebros in processes.

    Inside the block of a cluster (`engine.elsewhere`) all of them are played there, whatever the
    number of jobs. One job and no limit of time play Cerebros one by one in this process: whatever
    a strategy does to its process then, it does to the run.

    Parameters
    ----------
    player : str
        ``auto``, ``kernel`` or ``cerebro``.
    jobs : int
        How many at a time.
    asset_timeout : float, optional
        Seconds one Cerebro may take; None is `lockstep.engine.apart.DEFAULT_SECONDS` for
        processes.
    stage : str
        What the runs are called in the log, and where they are kept.
    sink : Sink
        Keeps every run as it finishes; what it holds already is not played again.
    """

    player: str = "auto"
    jobs: int = 1
    asset_timeout: float | None = None
    stage: str = "solo"
    sink: Sink = field(default_factory=Forgetful)

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

        Raises
        ------
        StrategyError
            If a strategy asks for what the account does not offer.
        """
        progress.start(TASK, len(plans))
        solos = dict(self._kept(plans, progress))
        failed: dict[str, str] = {}
        left = {symbol: plan for symbol, plan in plans.items() if symbol not in solos}
        for symbol, made in self._each(left):
            if isinstance(made, Failure):
                failed[symbol] = made.sentence
                made.log(symbol, self.stage)
            else:
                solos[symbol] = made
                self.sink.keep(self.stage, symbol, made.tables())
                count = len(made.trades)
                fields = {"event": f"{self.stage}.finished", "asset": symbol, "trades": count}
                _log.info("%s: solo run finished, %d trades", symbol, count, extra=fields)
            progress.advance(TASK)
        return dict(sorted(solos.items())), dict(sorted(failed.items()))

    def _kept(self, plans: Mapping[str, RunPlan], progress: Progress) -> Iterator[tuple[str, Solo]]:
        for symbol in plans:
            tables = self.sink.kept(self.stage, symbol)
            if tables is not None:
                fields = {"event": f"{self.stage}.kept", "asset": symbol}
                _log.info("%s: solo run was kept", symbol, extra=fields)
                progress.advance(TASK)
                yield symbol, Solo.from_tables(tables)

    def _each(self, plans: Mapping[str, RunPlan]) -> Iterator[tuple[str, Solo | Failure]]:
        players = {symbol: choose(plan, self.player) for symbol, plan in plans.items()}
        if cluster() is not None:
            yield from self._each_elsewhere(plans, players)
            return
        alone = self.jobs == 1 and self.asset_timeout is None
        here = {s: p for s, p in plans.items() if alone or players[s] == "kernel"}
        at_once = [joblib.delayed(self._solo)(s, plan, players[s]) for s, plan in here.items()]
        yield from workers(list(here.values()), self.player, self.jobs)(at_once)
        away = [Call(s, _solo, (s, p, players[s])) for s, p in plans.items() if s not in here]
        limit = self.asset_timeout
        for answer in each_apart(away, jobs=self.jobs, seconds=limit, event=self.stage):
            yield (answer.symbol, Failure.apart(answer)) if answer.failure else answer.value

    def _each_elsewhere(
        self, plans: Mapping[str, RunPlan], players: Mapping[str, str]
    ) -> Iterator[tuple[str, Solo | Failure]]:
        jobs = [Job(s, _solo_there, (s, Shared(plan), players[s])) for s, plan in plans.items()]
        for done in each_elsewhere(jobs):
            yield (done.name, Failure.elsewhere(done)) if done.failure else done.value

    def _solo(self, symbol: str, plan: RunPlan, player: str) -> tuple[str, Solo | Failure]:
        fields = {"event": f"{self.stage}.started", "asset": symbol}
        _log.info("%s: solo run begun", symbol, extra=fields)
        return _solo(symbol, plan, player)


def _solo_there(symbol: str, plan: Shared, player: str) -> tuple[str, Solo | Failure]:
    return _solo(symbol, plan.value, player)


def _solo(symbol: str, plan: RunPlan, player: str) -> tuple[str, Solo | Failure]:
    try:
        played = play(plan, player)
    except AssetError as error:
        return symbol, Failure.of(error)
    except MemoryError as error:
        return symbol, Failure.of(failure_of(symbol, error))
    check_identities(plan, played)
    return symbol, Solo.of(plan, played)


def ask(
    assets: Sequence[AssetConfig],
    bars: Mapping[str, Bars],
    folders: Sequence[str],
    how: SoloRuns,
) -> tuple[dict[str, Said], dict[str, str]]:
    """Return what each asset's strategy says of its bars, and why those failed that did.

    With a limit of time each strategy of signals is asked in a process, which is ended at the
    limit; otherwise one by one in this process.

    Parameters
    ----------
    assets, bars, folders
        As `lockstep.engine.plan.plan_asset` takes them.
    how : SoloRuns
        Jobs, and the limit of time.

    Raises
    ------
    ConfigError
        If the parameters of a strategy are wrong.
    """
    failed: dict[str, str] = {}
    said: dict[str, Said] = {}
    for symbol, answer in _asked(assets, bars, folders, how):
        if isinstance(answer, Failure):
            failed[symbol] = answer.sentence
            answer.log(symbol, "signals")
        else:
            said[symbol] = answer
    return said, dict(sorted(failed.items()))


def _asked(
    assets: Sequence[AssetConfig], bars: Mapping[str, Bars], folders: Sequence[str], how: SoloRuns
) -> Iterator[tuple[str, Said | Failure]]:
    calls = [Call(one.symbol, _ask, (one, bars[one.symbol], folders)) for one in assets]
    limit = how.asset_timeout
    if limit is None:
        yield from (_ask(*call.arguments) for call in calls)
        return
    for answer in each_apart(calls, jobs=how.jobs, seconds=limit, event="signals"):
        yield (answer.symbol, Failure.apart(answer)) if answer.failure else answer.value


def _ask(asset: AssetConfig, bars: Bars, folders: Sequence[str]) -> tuple[str, Said | Failure]:
    try:
        return asset.symbol, said_by(asset, bars, folders)
    except AssetError as error:
        return asset.symbol, Failure.of(error)
