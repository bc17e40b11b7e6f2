import dataclasses
import os
import pickle
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from multiprocessing import get_context

import numpy as np
import pytest

from lockstep.core.errors import ConfigError, StorageError
from lockstep.core.trial import FAILED
from lockstep.runs.trial_database import TrialDatabase, trial_store, without_password
from lockstep.runs.trials import TrialLedger
from tests.research.killed import optimizer_of
from tests.research.test_optimizer import same as same_trials
from tests.runs import postgres
from tests.runs.test_trials import ABOUT, same, trial

pytest.importorskip("optuna")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def url(request, tmp_path_factory):
    """Both kinds of database; PostgreSQL is the one that is named, else one of this test run."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('database') / 'trials.db'}"
        return
    pytest.importorskip("psycopg", reason="psycopg is not installed")
    given = os.environ.get("LOCKSTEP_POSTGRES_URL")
    if given is None and (why := postgres.why_not()):
        pytest.skip(why)
    with postgres.server() if given is None else nullcontext(given) as found:
        yield found


def test_a_database_gives_trials_back_to_the_bit(url):
    kept = [
        trial(0),
        trial(1, state=FAILED, error="no", metrics={}, reasons={}, scores=(), daily=np.empty(0),
              days=np.empty(0, dtype=np.int64)),
        trial(2, scores=(), duplicate_of=0),
    ]  # fmt: skip
    database = TrialDatabase(url)
    database.begin("one", ABOUT)
    database.begin("one", {**ABOUT, "asset": "B"})
    database.keep("one", kept)
    again = pickle.loads(pickle.dumps(database))
    again.keep("one", [trial(0, seconds=9.0)])
    assert same(again.load("one"), kept)
    assert again.about("one") == ABOUT
    assert "one" in again.studies()
    assert again.load("two") == []
    assert again.about("two") == {}
    database.close()
    again.close()


def test_optuna_sees_the_scores_of_a_database(url):
    import optuna

    database = TrialDatabase(url)
    database.begin("both", {**ABOUT, "objectives": ["pnl", "drawdown"]})
    database.keep("both", [trial(0, scores=(2.0, -0.1)), trial(1, scores=(1.0, -0.2))])
    study = optuna.load_study(study_name="both", storage=database._storage)
    assert [one.values for one in study.best_trials] == [[2.0, -0.1]]
    assert study.trials[0].params == {"period": 20, "width": 1.5, "zone": "CET"}
    database.close()


def test_a_search_kept_in_a_database_is_the_same_and_is_gone_on_with(url, tmp_path):
    straight = optimizer_of(tmp_path / "files", "bayesian").search()
    database = TrialDatabase(url)
    in_database = dataclasses.replace(optimizer_of(tmp_path / "none", "bayesian"), store=database)
    in_database.store.begin(in_database.study, in_database._about())
    in_database.store.keep(in_database.study, straight.trials[:13])  # killed within a batch
    found = in_database.search()
    assert same_trials(found.trials, straight.trials)
    assert same_trials(database.load(found.study), straight.trials)
    beside = [one.trials for one in found.neighbourhoods]
    assert same_trials(sum(beside, ()), sum((one.trials for one in straight.neighbourhoods), ()))
    database.close()


def test_two_processes_that_search_the_same_at_once_make_one_search(url, tmp_path):
    straight = short_search(TrialLedger(tmp_path)).search()
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        both = list(pool.map(_searched, [url] * 2))
    assert all(same_trials(one, straight.trials) for one in both)
    database = TrialDatabase(url)
    assert same_trials(database.load(straight.study), straight.trials)
    database.close()


def short_search(store):
    return dataclasses.replace(optimizer_of("", "random"), store=store, trials=12, candidates=0)


def _searched(url):
    return short_search(TrialDatabase(url)).search().trials


def test_a_path_is_a_folder_and_a_url_a_database(tmp_path, url):
    assert isinstance(trial_store(tmp_path), TrialLedger)
    database = trial_store(url)
    assert isinstance(database, TrialDatabase)
    database.close()


def test_another_kind_of_database_is_refused():
    with pytest.raises(ConfigError, match="of the kind 'mongodb'; expected a folder"):
        trial_store("mongodb://host/name")


def test_a_database_that_cannot_be_reached_is_one_error_without_the_password(tmp_path):
    with pytest.raises(StorageError, match=r"trials cannot be kept in sqlite:///.*gone"):
        TrialDatabase(f"sqlite:///{tmp_path}/gone/trials.db")
    url = "postgresql://me:secret@host/name"
    assert without_password(url) == "postgresql://me:***@host/name"


def test_a_url_that_is_none_is_a_clear_error_without_the_password():
    with pytest.raises(ConfigError, match=r"me:\*\*\*@host:port/name is no address of a database"):
        TrialDatabase("postgresql://me:secret@host:port/name")


def test_what_the_driver_says_is_told(tmp_path):
    with pytest.raises(StorageError, match=r"\(unable to open database file\).*Check host, port"):
        TrialDatabase(f"sqlite:///{tmp_path}/gone/trials.db")
