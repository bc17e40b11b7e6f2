"""Which cluster may be spoken to: this machine itself, or TLS."""

from __future__ import annotations

import argparse
import socket

import numpy as np
import pytest

from lockstep import __version__
from lockstep.cli import cluster, cluster_worker
from lockstep.cli.cluster import Place, connected, is_loopback, place_of
from lockstep.cli.cluster_flags import add_cluster
from lockstep.core.errors import ClusterError, UsageError
from lockstep.engine import elsewhere
from lockstep.runs.manifest import source_hash


def flags(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_cluster(parser)
    return parser.parse_args(words)


def dask(address: str, *words: str) -> argparse.Namespace:
    return flags("--backend", "dask", "--scheduler", address, *words)


def names(monkeypatch, **hosts: list[str]) -> None:
    """Let names of hosts mean given numbers."""

    def look_up(host, port, **_):
        if host not in hosts:
            raise socket.gaierror(-2, "Name or service not known")
        return [(None, None, None, "", (number, 0)) for number in hosts[host]]

    monkeypatch.setattr(cluster.socket, "getaddrinfo", look_up)


def test_without_a_flag_the_work_is_done_here():
    assert place_of(flags()) is None
    with connected(flags()):
        assert elsewhere.cluster() is None


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("tcp://127.0.0.1:8786", "tcp://127.0.0.1:8786"),
        ("tcp://127.9.8.7:8786", "tcp://127.9.8.7:8786"),
        ("tcp://[::1]:8786", "tcp://[::1]:8786"),
        ("tcp://127.1:8786", "tcp://127.0.0.1:8786"),
    ],
)
def test_numbers_of_this_machine_are_accepted_as_they_are_meant(address, meant):
    assert place_of(dask(address)) == Place(meant)


def test_a_name_of_this_machine_is_spoken_to_by_its_number(monkeypatch):
    names(monkeypatch, here=["127.0.0.1", "::1"])
    assert place_of(dask("tcp://here:8786")) == Place("tcp://127.0.0.1:8786")


@pytest.mark.parametrize(
    "address",
    [
        "tcp://10.0.0.5:8786",
        "tcp://0.0.0.0:8786",
        "tcp://192.168.1.1:8786",
        "tcp://8.8.8.8:8786",
        "tcp://[::]:8786",
        "tcp://[2001:db8::1]:8786",
        "tcp://[::ffff:10.0.0.5]:8786",
    ],
)
def test_any_other_number_is_refused_without_tls(address):
    with pytest.raises(UsageError, match="not this machine alone, and tcp:// is not encrypted"):
        place_of(dask(address))


def test_a_name_that_means_another_machine_too_is_refused(monkeypatch):
    hosts = {"127.0.0.1.example.com": ["93.184.216.34"], "both": ["127.0.0.1", "10.0.0.5"]}
    names(monkeypatch, **hosts)
    for host, numbers in hosts.items():
        with pytest.raises(UsageError, match=f"{host} is {', '.join(numbers)}, not this machine"):
            place_of(dask(f"tcp://{host}:8786"))
    with pytest.raises(UsageError, match="nowhere is not known"):
        place_of(dask("tcp://nowhere:8786"))


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1:8786",
        "ws://127.0.0.1:8786",
        "inproc://127.0.0.1/1/2",
        "ucx://127.0.0.1:8786",
        "tcp://127.0.0.1",
        "tcp://:8786",
        "tcp://127.0.0.1:0",
        "tcp://127.0.0.1:99999",
        "tcp://127.0.0.1:8786/status",
        "tcp://user:word@127.0.0.1:8786",
        "tcp://[::1:8786",
        "",
    ],
)
def test_what_is_no_address_of_a_scheduler_is_refused(address):
    with pytest.raises(UsageError, match=r"expected tls://HOST:PORT, or tcp://127\.0\.0\.1:PORT"):
        place_of(dask(address))


def test_tls_needs_the_authority_and_a_certificate_of_ones_own(tmp_path):
    files = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    words = [word for name, file in files.items() for word in (f"--tls-{name}", str(file))]
    with pytest.raises(UsageError, match="needs --tls-ca, --tls-cert, --tls-key"):
        place_of(dask("tls://far.example.com:8786"))
    with pytest.raises(UsageError, match="needs --tls-key"):
        place_of(dask("tls://far.example.com:8786", *words[:4]))
    with pytest.raises(UsageError, match=r"--tls-ca .*ca\.pem: there is no such file"):
        place_of(dask("tls://far.example.com:8786", *words))
    for file in files.values():
        file.touch()
    place = place_of(dask("tls://far.example.com:8786", *words))
    assert place == Place("tls://far.example.com:8786", *map(str, files.values()))
    assert place.is_encrypted
    with pytest.raises(UsageError, match=r"--tls-ca: --scheduler tcp://127\.0\.0\.1:1 is not tls"):
        place_of(dask("tcp://127.0.0.1:1", *words))


def test_flags_that_contradict_each_other_are_refused():
    with pytest.raises(UsageError, match="--scheduler, --tls-ca: expected --backend dask"):
        place_of(flags("--scheduler", "tcp://127.0.0.1:1", "--tls-ca", "x"))
    with pytest.raises(UsageError, match="--backend dask needs --scheduler"):
        place_of(flags("--backend", "dask"))
    arguments = dask("tcp://127.0.0.1:1")
    arguments.asset_timeout = 5.0
    with pytest.raises(UsageError, match="--asset-timeout ends processes of this machine"):
        place_of(arguments)


@pytest.mark.parametrize(
    ("number", "own"),
    [("127.0.0.1", True), ("127.255.0.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
     ("128.0.0.1", False), ("::ffff:8.8.8.8", False), ("fe80::1%eth0", False), ("::", False)],
)  # fmt: skip
def test_loopback_is_told_from_every_other_number(number, own):
    assert is_loopback(number) is own


class Facts:
    """A client that knows where the parts of its cluster listen."""

    def __init__(self, scheduler: str, *workers: str) -> None:
        self.facts = {"address": scheduler, "workers": dict.fromkeys(workers)}

    def scheduler_info(self, n_workers: int) -> dict:
        assert n_workers == -1
        return self.facts


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (Facts("tcp://172.17.0.2:8786"), "a scheduler .* listens at tcp://172.17.0.2:8786"),
        (Facts("tcp://127.0.0.1:1", "tcp://10.0.0.5:2"), "a worker .* at tcp://10.0.0.5:2, in the"),
        (Facts("tls://10.0.0.1:1", "tcp://10.0.0.5:2"), "a worker .* at tcp://10.0.0.5:2, in the"),
        (Facts("ws://127.0.0.1:1"), "a scheduler .* listens at ws://127.0.0.1:1, in the open"),
    ],
)
def test_a_cluster_that_strangers_can_reach_is_refused(facts, said):
    with pytest.raises(ClusterError, match=said):
        cluster._check_ways(facts, Place("tcp://127.0.0.1:1"))


def test_a_cluster_that_only_its_own_can_reach_is_taken():
    for facts in (
        Facts("tls://10.0.0.1:1", "tls://10.0.0.5:2"),
        Facts("tcp://127.0.0.1:1", "tcp://[::1]:2"),
    ):
        cluster._check_ways(facts, Place("tcp://127.0.0.1:1"))


def test_sources_are_told_from_others_by_versions_and_content(monkeypatch):
    found = cluster_worker.sources.__wrapped__
    own = found()
    assert own == found()
    assert own.startswith(f"{__version__}-python3.")
    assert f"-numpy{np.__version__}-{source_hash()[:12]}" in own
    monkeypatch.setattr(cluster_worker, "source_hash", lambda: "0" * 64)
    assert found() != own


def test_nobody_at_the_address_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(cluster, "ANSWER_SECONDS", 0.3)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    words = rf"the scheduler at tcp://127\.0\.0\.1:{port} does not answer"
    with pytest.raises(ClusterError, match=words), connected(dask(f"tcp://127.0.0.1:{port}")):
        pytest.fail("there is no scheduler")
