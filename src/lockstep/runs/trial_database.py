"""TrialDatabase: the trials of every search in a database that machines share."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lockstep.core.bars import Ints
from lockstep.core.errors import ConfigError, StorageError
from lockstep.core.trial import Trial
from lockstep.runs.trial_records import (
    ABOUT,
    RECORD,
    distribution,
    from_plain,
    state_of,
    to_plain,
)
from lockstep.runs.trials import TrialLedger

#: Schemes of a URL, and the driver each is opened with.
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg",
            "postgres": "postgresql+psycopg", "sqlite": "sqlite"}  # fmt: skip
_NO_DAYS: Ints = np.empty(0, dtype=np.int64)


def trial_store(where: str | Path) -> TrialLedger | TrialDatabase:
    """Return where trials are kept: a folder, or a database by its URL.

    Raises
    ------
    ConfigError
        If the URL is of a database that is not known, or what it needs is not installed.
    StorageError
        If the database cannot be reached.
    """
    if "://" not in str(where):
        return TrialLedger(Path(where))
    return TrialDatabase(str(where))


def without_password(url: str) -> str:
    """Return a URL as it may be shown."""
    return re.sub(r"://([^:/@]+):[^@]*@", r"://\1:***@", url)


@dataclass(frozen=True, slots=True)
class TrialDatabase:
    """Keeps trials in PostgreSQL through Optuna's own tables, whose dashboard can read them.

    A trial is written in one transaction. What has two numbers alike counts once.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host/name``; ``sqlite:///file`` for one machine.
    """

    url: str = field(repr=False)
    _storage: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Open the database; its tables are made if need be."""
        object.__setattr__(self, "_storage", _opened(self.url))

    def __reduce__(self) -> tuple[type[TrialDatabase], tuple[str]]:
        """Travel to another process as the URL, and open there."""
        return type(self), (self.url,)

    def about(self, study: str) -> Mapping[str, Any]:
        """Return what a study searches; empty if it is not kept."""
        with _clear(self.url):
            number = self._number(study)
            attributes = {} if number is None else self._storage.get_study_user_attrs(number)
        return dict(attributes.get(ABOUT, {}))

    def studies(self) -> list[str]:
        """Return the names of the studies kept, sorted."""
        with _clear(self.url):
            return sorted(one.study_name for one in self._storage.get_all_studies())

    def load(self, study: str) -> list[Trial]:
        """Return what was kept of a study, by number."""
        with _clear(self.url):
            number = self._number(study)
            rows = [] if number is None else self._storage.get_all_trials(number, deepcopy=False)
        found: dict[int, Trial] = {}
        for row in rows:
            trial = from_plain(json.loads(row.user_attrs[RECORD]), _NO_DAYS)
            found.setdefault(trial.number, trial)
        return [found[number] for number in sorted(found)]

    def begin(self, study: str, about: Mapping[str, Any]) -> None:
        """Tell what a study searches; one that has begun is left as it is."""
        import optuna

        directions = [optuna.study.StudyDirection.MAXIMIZE] * max(1, len(about["objectives"]))
        with _clear(self.url):
            if self._number(study) is not None:
                return
            try:
                number = self._storage.create_new_study(directions, study)
            except optuna.exceptions.DuplicatedStudyError:  # another machine was faster
                return
            self._storage.set_study_user_attr(number, ABOUT, dict(about))

    def keep(self, study: str, trials: Sequence[Trial]) -> None:
        """Append finished trials; the database has them when this returns.

        Raises
        ------
        StorageError
            If the database cannot be reached.
        """
        levels = self.about(study).get("levels", {})
        with _clear(self.url):
            number = self._number(study)
            for trial in trials:
                self._storage.create_new_trial(number, template_trial=_frozen(trial, levels))

    def close(self) -> None:
        """Give the connections back."""
        self._storage.remove_session()
        self._storage.engine.dispose()

    def _number(self, study: str) -> int | None:
        try:
            return int(self._storage.get_study_id_from_name(study))
        except KeyError:
            return None


@contextmanager
def _clear(url: str) -> Iterator[None]:
    """Turn what a database driver raises into one error without its password."""
    from optuna.exceptions import StorageInternalError
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (SQLAlchemyError, StorageInternalError) as error:
        raise StorageError(
            f"trials cannot be kept in {without_password(url)} ({_why(error)}); those kept before "
            "are whole. Check host, port, name, user and password, and that the server runs."
        ) from error


def _why(error: BaseException) -> str:
    """Return the first line of what the driver said: the innermost cause, which has no password."""
    while error.__cause__ is not None:
        error = error.__cause__
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _opened(url: str) -> Any:
    scheme, _, rest = url.partition("://")
    if scheme not in _DRIVERS:
        raise ConfigError(
            f"trials cannot be kept in a database of the kind {scheme!r}; expected a folder, "
            "postgresql://user:password@host/name or sqlite:///file."
        )
    try:
        from optuna.logging import WARNING, set_verbosity
        from optuna.storages import RDBStorage
    except ImportError as missing:
        raise ConfigError(
            "a database of trials needs Optuna: pip install 'lockstep[optimize,postgres]'."
        ) from missing
    set_verbosity(WARNING)  # it would tell of every study on stderr
    try:
        with _clear(url):
            return RDBStorage(f"{_DRIVERS[scheme]}://{rest}")
    except ImportError as missing:
        raise ConfigError(
            "PostgreSQL needs its driver: pip install 'lockstep[postgres]'."
        ) from missing
    except ValueError as error:  # a port that is no number
        raise ConfigError(
            f"{without_password(url)} is no address of a database; expected "
            "postgresql://user:password@host:port/name."
        ) from error


def _frozen(trial: Trial, levels: Mapping[str, Sequence[Any]]) -> Any:
    """Return a trial as Optuna's own, finished."""
    import optuna

    spread = {
        name: optuna.distributions.json_to_distribution(
            json.dumps(distribution(levels.get(name, [value]), value))
        )
        for name, value in trial.parameters.items()
    }
    return optuna.trial.create_trial(
        state=optuna.trial.TrialState(state_of(trial)),
        values=list(trial.scores) or None,
        params=dict(trial.parameters),
        distributions=spread,
        user_attrs={**trial.metrics, RECORD: json.dumps(to_plain(trial, _NO_DAYS))},
    )
