"""Work on a real cluster of two worker processes: the same results, whoever dies."""

from __future__ import annotations

import _thread
import argparse
import dataclasses
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter

import joblib
import numpy as np
import pytest

from lockstep.cli import cluster, cluster_worker
from lockstep.cli.cluster import connected
from lockstep.core.errors import ClusterError, DataError
from lockstep.engine import elsewhere
from lockstep.engine.elsewhere import Job, Shared, each_elsewhere, tell
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.trade_hash import trade_hash
from lockstep.research.far import Errand, each_errand, search_far
from lockstep.research.optimizer import Forgetting, ParameterOptimizer
from lockstep.research.space import Space
from lockstep.runs.trials import TrialLedger
from tests.cli import far_jobs, far_preload
from tests.engine.markets import asset_configs, market, portfolio
from tests.research.test_optimizer import FEW, plain
from tests.research.worlds import small_evaluator

distributed = pytest.importorskip("distributed", reason="Dask is not installed")

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")


def arguments(address: str, **given) -> argparse.Namespace:
    none = dict.fromkeys(("tls_ca", "tls_cert", "tls_key"))
    return argparse.Namespace(backend="dask", scheduler=address, **none | given)


def local_cluster(folder, workers: int):
    return distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=":0",
        local_directory=str(folder), silence_logs=100, preload=["tests.cli.far_preload"],
    )  # fmt: skip


@pytest.fixture(autouse=True)
def sources(monkeypatch):
    """Let the sources stand still while they are being written."""
    monkeypatch.setattr(cluster, "sources", far_preload.sources)
    monkeypatch.setattr(cluster_worker, "sources", far_preload.sources)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    with local_cluster(tmp_path_factory.mktemp("workers"), 2) as workers:
        yield workers


@pytest.fixture
def here(pair):
    """Be connected to two workers, also if the last test has killed one."""
    try:
        pair.wait_for_workers(2, timeout=30)
    except TimeoutError:  # Dask gives a worker up whose second start fails: take another one
        pair.scale(len(pair.worker_spec) + 1)
        pair.wait_for_workers(2, timeout=60)
    with connected(arguments(pair.scheduler_address)):
        yield elsewhere.cluster()


def jobs(function, *given):
    return [Job(str(number), function, one) for number, one in enumerate(given)]


def failures(done):
    return {one.name: one.failure for one in done if one.failure}


# Jobs -----------------------------------------------------------------------------------------


def test_jobs_are_done_by_all_workers_and_answer_under_their_names(here):
    done = list(each_elsewhere(jobs(far_jobs.squared, *((n,) for n in range(30)))))
    assert {one.name: one.value for one in done} == {str(n): n * n for n in range(30)}
    found = {one.value for one in each_elsewhere(jobs(far_jobs.process, *[()] * 20))}
    assert len(found) == 2
    assert os.getpid() not in found


def test_what_is_shared_is_pickled_once_however_often_it_is_asked_for(here):
    pickled = Counter()

    class Watched(Shared):
        __slots__ = ()

        def __reduce__(self):
            pickled["times"] += 1
            return super().__reduce__()

    shared = Watched(np.arange(200_000))
    for _ in range(2):
        done = list(each_elsewhere(jobs(far_jobs.measured, *((shared, n) for n in range(10)))))
        assert sorted(one.value[2] for one in done) == [19_999_900_000 + n for n in range(10)]
        assert len({one.value[:2] for one in done}) <= 4  # unpacked once a worker, not once a job
    assert pickled["times"] == 1


def test_a_worker_that_dies_loses_only_its_job_which_is_tried_again(here, tmp_path):
    mark = tmp_path / "died"
    work = jobs(far_jobs.squared, *((n,) for n in range(20)))
    done = list(each_elsewhere([Job("deadly", far_jobs.dies_once, (str(mark),)), *work]))
    values = {one.name: one.value for one in done}
    assert failures(done) == {}
    assert values.pop("deadly") != int(mark.read_text())
    assert values == {str(n): n * n for n in range(20)}


def test_a_job_that_kills_its_worker_twice_is_a_failure_and_the_others_are_done(here, tmp_path):
    work = jobs(far_jobs.squared, *((n,) for n in range(20)))
    done = list(each_elsewhere([Job("deadly", far_jobs.dies_always, (str(tmp_path),)), *work]))
    assert failures(done) == {"deadly": "lost its worker 2 times, and is given up"}
    assert len(done) == 21
    assert len(list(tmp_path.iterdir())) == 2


def test_data_that_die_with_their_only_worker_are_sent_again(here, tmp_path):
    shared = Shared(np.arange(3))
    for name in ("first", "second"):
        call = Job(name, far_jobs.dies_with, (shared, str(tmp_path / name)))
        (done,) = each_elsewhere([call])
        assert (done.value, done.failure) == (3, "")
        assert (tmp_path / name).exists()


def test_what_a_job_tells_is_heard_in_order_and_before_its_result(here):
    heard = []
    for done in each_elsewhere(
        jobs(far_jobs.speaks, (50,), (30,)), lambda *told: heard.append(told)
    ):
        count = 50 if done.name == "0" else 30
        assert [value for name, value in heard if name == done.name] == list(range(count))
    tell("outside a job nobody hears")
    assert len(heard) == 80


def test_errors_on_purpose_come_back_as_they_are_and_bugs_name_their_job(here):
    with pytest.raises(DataError, match="there are no bars"):
        list(each_elsewhere([Job("EURUSD", far_jobs.refuses, ())]))
    with pytest.raises(RuntimeError, match=r"EURUSD: a job .* failed \(ZeroDivisionError"):
        list(each_elsewhere([Job("EURUSD", far_jobs.breaks, ())]))
    done = list(each_elsewhere([Job("EURUSD", far_jobs.lacks_memory, ())]))
    assert failures(done) == {"EURUSD": "needed more memory than its worker has"}


def test_an_error_of_the_listener_ends_the_jobs(here):
    def full(*_):
        raise DataError("the disk is full.")

    with pytest.raises(DataError, match="the disk is full"):
        list(each_elsewhere(jobs(far_jobs.speaks, (1,), (1,)), full))


def test_jobs_that_nobody_waits_for_are_stopped_and_the_waiting_ones_forgotten(here, tmp_path):
    marks = [tmp_path / str(number) for number in range(6)]

    def interrupt():
        while sum(mark.exists() for mark in marks) < 2:
            time.sleep(0.01)
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        list(each_elsewhere(jobs(far_jobs.waits, *((str(mark),) for mark in marks))))
    began = time.monotonic()
    done = each_elsewhere(jobs(far_jobs.squared, (3,), (4,)))
    assert sorted(one.value for one in done) == [9, 16]
    assert time.monotonic() - began < 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0", "1"]


def test_a_worker_with_other_sources_refuses(here, monkeypatch):
    monkeypatch.setattr(here, "_sources", "0.0.1-python3.11-numpy1.0-abc")
    with pytest.raises(ClusterError, match="runs other sources of Lockstep, or another numpy"):
        list(each_elsewhere(jobs(far_jobs.squared, (3,))))


# What jobs are for ----------------------------------------------------------------------------


def test_solo_runs_and_so_the_portfolio_are_those_of_this_machine(here):
    symbols = ("BTCUSD", "EURUSD", "XAUUSD")
    bars = market(symbols, seed=3, days=40)
    settings = portfolio(allocation="inverse_volatility", rebalance="weekly", min_history=5)
    hashes = set()
    for player in ("kernel", "cerebro"):
        far = PortfolioBacktester(asset_configs(symbols), settings, player=player).run(bars)
        with joblib.parallel_config(backend="loky"):
            assert elsewhere.cluster() is None
            near = PortfolioBacktester(asset_configs(symbols), settings, player=player).run(bars)
        assert far.equity.to_numpy().tobytes() == near.equity.to_numpy().tobytes()
        assert trade_hash(far) == trade_hash(near)
        hashes.add(trade_hash(far))
    assert len(hashes) == 1


@pytest.fixture(scope="module")
def optimizer():
    evaluator = small_evaluator()
    ranges = {"stop_multiplier": "1:5:1", "bollinger_period": "10:40:10"}
    return ParameterOptimizer(
        evaluator, Space.of(evaluator.asset, ranges), method="random", trials=20, constraints=FEW
    )


def all_plain(trials):
    return [plain(trial) for trial in trials]


def test_a_search_is_the_same_and_is_kept_here_trial_by_trial(here, optimizer, tmp_path):
    ledger = TrialLedger(tmp_path)
    methods = ("grid", "random", "bayesian")
    near = {method: dataclasses.replace(optimizer, method=method).search() for method in methods}
    far = search_far(
        [dataclasses.replace(optimizer, method=method, store=ledger) for method in methods]
    )
    for found in far:
        own = near[found.method]
        assert all_plain(found.trials) == all_plain(own.trials)
        assert found.best() is not None
        assert found.best().parameters == own.best().parameters
        assert all_plain(ledger.load(found.study)) == all_plain(own.trials)


def test_a_search_whose_worker_is_killed_is_the_same_all_the_same(here, optimizer, tmp_path):
    ledger, mark = TrialLedger(tmp_path / "trials"), tmp_path / "died"
    near = optimizer.search()
    errand = Errand("EURGBPX", far_jobs.deadly_search, (Shared(optimizer), str(mark)))
    ((_, far),) = each_errand([errand], ledger)
    assert mark.exists()
    assert all_plain(far.trials) == all_plain(near.trials)
    assert all_plain(ledger.load(near.study)) == all_plain(near.trials)


def test_a_search_goes_on_from_what_is_kept(here, optimizer, tmp_path):
    ledger, near = TrialLedger(tmp_path), optimizer.search()
    marked = [dataclasses.replace(one, seconds=1234.0) for one in near.trials[:11]]
    ledger.keep(near.study, marked)
    (far,) = search_far([dataclasses.replace(optimizer, store=ledger)])
    assert all_plain(far.trials) == all_plain(near.trials)
    assert [one.seconds == 1234.0 for one in far.trials] == [True] * 11 + [False] * 9
    assert len(ledger.load(near.study)) == 20


def test_an_errand_that_kills_every_worker_is_named_once_the_others_are_done(here, tmp_path):
    errands = [
        Errand("good", far_jobs.kept_nothing, ()),
        Errand("bad", far_jobs.dies_always, (str(tmp_path),)),
    ]
    found = each_errand(errands, Forgetting())
    assert next(found) == ("good", 7)
    with pytest.raises(ClusterError, match=r"bad lost its worker 2 times.*The others are finished"):
        next(found)


# Other clusters -------------------------------------------------------------------------------


def test_a_lost_scheduler_is_one_clear_error_and_what_is_done_is_kept(tmp_path):
    script = "import sys; from tests.cli.far_cluster import serve; serve(sys.argv[1])"
    served = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    kept = []
    try:
        address = served.stdout.readline().strip()
        with connected(arguments(address)):
            work = [
                Job("first", far_jobs.process, ()),
                Job("long", far_jobs.waits, (str(tmp_path / "began"),)),
            ]
            with pytest.raises(ClusterError, match=f"the scheduler at {address} is gone.*kept"):
                for done in each_elsewhere(work):
                    kept.append(done)
                    while not (tmp_path / "began").exists():
                        time.sleep(0.01)
                    served.kill()
    finally:
        served.kill()
        served.communicate()
    assert [one.name for one in kept] == ["first"]
    assert kept[0].value not in {os.getpid()}  # one thread is work enough for a cluster


def test_tls_works_and_a_stranger_is_not_let_in(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "1")
    own, other = authority(tmp_path / "own"), authority(tmp_path / "other")
    security = distributed.Security(
        require_encryption=True, tls_ca_file=own["tls_ca"],
        **{f"tls_{role}_{what}": own[f"tls_{what}"] for role in ("scheduler", "worker", "client")
           for what in ("cert", "key")},
    )  # fmt: skip
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, protocol="tls://", security=security,
        host="127.0.0.1", dashboard_address=":0", silence_logs=100,
    ) as secured:  # fmt: skip
        address = secured.scheduler_address
        assert address.startswith("tls://")
        with connected(arguments(address, **own)):
            assert [one.value for one in each_elsewhere(jobs(far_jobs.squared, (5,)))] == [25]
        with (
            pytest.raises(ClusterError, match="does not answer"),
            connected(arguments(address, **other)),
        ):
            pytest.fail("a stranger is inside")


def authority(folder) -> dict[str, str]:
    """Make an authority, and a certificate that it has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make certificates with")
    folder.mkdir()

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)

    new = ("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl(*new, "-x509", "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(*new, "-subj", "/CN=lockstep", "-keyout", "key.pem", "-out", "cert.csr")
    signed = ("-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2")
    openssl("x509", "-req", "-in", "cert.csr", *signed, "-out", "cert.pem")
    return {f"tls_{name}": str(folder / f"{name}.pem") for name in ("ca", "cert", "key")}
