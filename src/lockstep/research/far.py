"""Searches on a cluster: they try there, and are kept here, trial by trial."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.errors import ClusterError
from lockstep.core.protocols import Progress, Silent, TrialStore
from lockstep.core.trial import Trial
from lockstep.engine.elsewhere import Job, Shared, each_elsewhere, tell
from lockstep.research.optimizer import Forgetting, ParameterOptimizer
from lockstep.research.refit import Fit, History, Tuning, fit
from lockstep.research.search import Search
from lockstep.research.windows import Window


@dataclass(frozen=True, slots=True)
class Errand:
    """One piece of work on a cluster that keeps trials.

    Parameters
    ----------
    name : str
        Whose it is; unique among the errands that go together.
    function : callable
        Of a module; takes the arguments, then a `TrialStore`, then a `Progress`.
    arguments : tuple
        Plain data, arrays, `Shared`.
    """

    name: str
    function: Callable[..., Any]
    arguments: tuple[Any, ...]


def each_errand(
    errands: Sequence[Errand], store: TrialStore, progress: Progress | None = None
) -> Iterator[tuple[str, Any]]:
    """Do errands on the cluster; yield the name and the value of each, as they finish.

    Trials reach `store` about once a second while a search runs, from another thread, so that
    little is lost with a machine, a connection or this process. What the store holds already is
    sent along, and not paid for again.

    Parameters
    ----------
    errands : sequence of Errand
        In the order in which they are begun.
    store : TrialStore
        Stays here: the workers need neither its files nor its password.
    progress : Progress, optional
        Told of what the errands are told of.

    Raises
    ------
    ClusterError
        If the cluster is lost; or, once all others are done, naming the errands whose workers died
        twice.
    """
    shown = progress or Silent()
    left = {errand.name: errand for errand in errands}
    wanted: dict[str, str] = {}
    failed: dict[str, str] = {}

    def heard(_: str, told: tuple[str, tuple[Any, ...]]) -> None:
        what, values = told
        getattr(shown if what in {"start", "advance"} else store, what)(*values)

    while left:
        names = _studies(store)
        nothing = Shared(_Kept(names))
        jobs = [
            Job(
                name,
                _done_there,
                (
                    _sent_along(store, names, wanted[name]) if name in wanted else nothing,
                    errand.function,
                    *errand.arguments,
                ),
            )
            for name, errand in left.items()
        ]
        for done in each_elsewhere(jobs, heard):
            if isinstance(done.value, _Wanted):
                wanted[done.name] = done.value.study
                continue
            del left[done.name]
            if done.failure:
                failed[done.name] = done.failure
            else:
                yield done.name, done.value
    if failed:
        raise ClusterError(
            "; ".join(f"{name} {why}" for name, why in sorted(failed.items()))
            + ". The others are finished and kept; the same command tries these again."
        )


def search_far(optimizers: Sequence[ParameterOptimizer]) -> Iterator[Search]:
    """Search many assets on the cluster, one errand each; yield the searches as they finish.

    Parameters
    ----------
    optimizers : sequence of ParameterOptimizer
        Of one store and one `Progress`; each is told apart by its study.

    Raises
    ------
    ClusterError
        As `each_errand`.
    """
    if not optimizers:
        return
    errands = [
        Errand(
            one.study,
            _searched,
            (Shared(dataclasses.replace(one, store=Forgetting(), progress=Silent())),),
        )
        for one in optimizers
    ]
    for _, search in each_errand(errands, optimizers[0].store, optimizers[0].progress):
        yield search


def fit_far(calls: Sequence[tuple[History, Window]], tuning: Tuning) -> Iterator[Fit]:
    """Fit assets to windows on the cluster, one errand each; yield the fits as they finish.

    An asset's bars are sent once, whatever the number of windows: `refit.fit` cuts off what a
    window may not see before it asks anything.

    Parameters
    ----------
    calls : sequence of (History, Window)
        Windows of one asset share its `History`.
    tuning : Tuning
        As `refit.fit` takes it.

    Raises
    ------
    ClusterError
        As `each_errand`.
    """
    sent = dataclasses.replace(tuning, store=Forgetting())
    pairs = {id(one.pairs): Shared(tuple(one.pairs)) for one, _ in calls}
    bars = {id(one.bars): Shared(one.bars) for one, _ in calls}
    errands = [
        Errand(
            f"{one.asset.symbol}, window {window.number}",
            _fitted,
            (one.asset, one.portfolio, bars[id(one.bars)], pairs[id(one.pairs)], window, sent),
        )
        for one, window in calls
    ]
    for _, found in each_errand(errands, tuning.store):
        yield found


def _searched(optimizer: Shared, store: TrialStore, progress: Progress) -> Search:
    own: ParameterOptimizer = optimizer.value
    return dataclasses.replace(own, store=store, progress=progress).search()


def _fitted(
    asset: AssetConfig,
    portfolio: PortfolioConfig,
    bars: Shared,
    pairs: Shared,
    window: Window,
    tuning: Tuning,
    store: TrialStore,
    _: Progress,
) -> Fit:
    history = History(asset, portfolio, bars.value, pairs.value)
    return fit(history, window, dataclasses.replace(tuning, store=store))


# What is kept already -------------------------------------------------------------------------


class _Wanted(Exception):
    """A study is kept, but was not sent along."""

    def __init__(self, study: str) -> None:
        super().__init__(study)
        self.study = study


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept here, for a job there: all names, and the trials it has asked for."""

    names: frozenset[str]
    trials: Mapping[str, Sequence[Trial]] = field(default_factory=dict)


def _studies(store: TrialStore) -> frozenset[str]:
    names = getattr(store, "studies", None)
    return frozenset() if names is None else frozenset(names())


def _sent_along(store: TrialStore, names: frozenset[str], wanted: str) -> Shared:
    """Return the names, and the trials of a study and of those that go on from it."""
    trials = {one: store.load(one) for one in sorted(names) if one.startswith(wanted)}
    return Shared(_Kept(names, trials))


# There ----------------------------------------------------------------------------------------


def _done_there(kept: Shared, function: Callable[..., Any], *arguments: Any) -> Any:
    try:
        return function(*arguments, _FarStore(kept.value), _FarProgress())
    except _Wanted as wanted:
        return wanted


@dataclass(frozen=True, slots=True)
class _FarStore:
    """A `TrialStore` that tells whoever made the job to keep."""

    kept: _Kept

    def load(self, study: str) -> list[Trial]:
        if study in self.kept.names and study not in self.kept.trials:
            raise _Wanted(study)
        return list(self.kept.trials.get(study, ()))

    def begin(self, study: str, about: Mapping[str, Any]) -> None:
        tell(("begin", (study, about)))

    def keep(self, study: str, trials: Sequence[Trial]) -> None:
        tell(("keep", (study, trials)))


class _FarProgress:
    """A `Progress` that tells whoever made the job to show."""

    def start(self, task: str, total: int) -> None:
        tell(("start", (task, total)))

    def advance(self, task: str, units: int = 1) -> None:
        tell(("advance", (task, units)))
