"""Connect to a Dask cluster, if the flags name one, and only to one that strangers cannot reach.

What Dask sends is pickled: whoever can talk to a scheduler, a worker or a client runs code there.
So the way is this machine itself, or TLS with certificates that both sides show.
"""

from __future__ import annotations

import argparse
import ipaddress
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import joblib

from lockstep.cli.cluster_backend import ClusterBackend
from lockstep.cli.cluster_worker import one_try, sources
from lockstep.core.errors import ClusterError, UsageError

#: Seconds a scheduler has to answer.
ANSWER_SECONDS = 20.0
#: Seconds in which the first worker must be there.
WORKER_SECONDS = 30.0
_EXPECTED = "expected tls://HOST:PORT, or tcp://127.0.0.1:PORT on this machine."
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a scheduler is, and how it is spoken to.

    Parameters
    ----------
    address : str
        ``tls://HOST:PORT``, or ``tcp://IP:PORT`` with a numeric address of this machine.
    ca, cert, key : str
        Files of TLS; empty without it.
    """

    address: str
    ca: str = ""
    cert: str = ""
    key: str = ""

    @property
    def is_encrypted(self) -> bool:
        """True with TLS."""
        return self.address.startswith("tls://")


def place_of(arguments: argparse.Namespace) -> Place | None:
    """Return the cluster that the flags name, or None.

    Raises
    ------
    UsageError
        If they contradict each other, or name one that strangers could reach.
    """
    address, files = arguments.scheduler, _files(arguments)
    if arguments.backend != "dask":
        given = ["--scheduler"] * (address is not None) + [f"--tls-{name}" for name in files]
        if given:
            raise UsageError(f"{', '.join(given)}: expected --backend dask with it.")
        return None
    if address is None:
        raise UsageError(f"--backend dask needs --scheduler; {_EXPECTED}")
    if getattr(arguments, "asset_timeout", None) is not None:
        raise UsageError(
            "--asset-timeout ends processes of this machine; it cannot be kept on a cluster. "
            "Leave it out, or work here (--backend loky)."
        )
    scheme, host, port = _parts(address)
    if scheme == "tls":
        return Place(address, **_all_files(files))
    if files:
        raise UsageError(f"--tls-{next(iter(files))}: --scheduler {address} is not tls://.")
    return Place(f"tcp://{_own_address(address, host)}:{port}")


def _files(arguments: argparse.Namespace) -> dict[str, str]:
    named = {name: getattr(arguments, f"tls_{name}") for name in ("ca", "cert", "key")}
    return {name: file for name, file in named.items() if file is not None}


def _all_files(files: dict[str, str]) -> dict[str, str]:
    missing = [f"--tls-{name}" for name in ("ca", "cert", "key") if name not in files]
    if missing:
        raise UsageError(
            f"a tls:// scheduler needs {', '.join(missing)}: both sides show a certificate that "
            "the cluster's own authority has signed (docs/scaling.md)."
        )
    for name, file in files.items():
        if not Path(file).is_file():
            raise UsageError(f"--tls-{name} {file}: there is no such file.")
    return files


def _parts(address: str) -> tuple[str, str, int]:
    wrong = UsageError(f"--scheduler {address}: {_EXPECTED}")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise wrong from error
    rest = parts.path or parts.query or parts.fragment or parts.username or parts.password
    if parts.scheme not in {"tls", "tcp"} or not host or not port or rest:
        raise wrong
    return parts.scheme, host, port


def _own_address(address: str, host: str) -> str:
    """Return the numeric address of a host that is this machine and nothing else.

    The connection goes to this number: the name could mean another machine the next time.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"--scheduler {address}: {host} is not known ({error}).") from error
    numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not all(is_loopback(number) for number in numbers):
        raise UsageError(
            f"--scheduler {address}: {host} is {', '.join(numbers)}, not this machine alone, and "
            "tcp:// is not encrypted: whoever is on the way could run code here and there. Use "
            "tls://, or a tunnel that ends at 127.0.0.1."
        )
    return f"[{numbers[0]}]" if ":" in numbers[0] else numbers[0]


def is_loopback(number: str) -> bool:
    """Return whether a numeric address never leaves this machine."""
    one = ipaddress.ip_address(number.split("%", maxsplit=1)[0])
    mapped = one.ipv4_mapped if isinstance(one, ipaddress.IPv6Address) else None
    return (mapped or one).is_loopback


# Connected ------------------------------------------------------------------------------------


@contextmanager
def connected(arguments: argparse.Namespace) -> Iterator[None]:
    """Do the work of the block on the cluster that the flags name; without one, here.

    Raises
    ------
    UsageError
        As `place_of`; or if Dask is not installed.
    ClusterError
        If the cluster does not answer, has no worker, or is open to the network.
    """
    place = place_of(arguments)
    if place is None:
        yield
        return
    client = _client(place)
    try:
        backend = _backend(client, place)
        try:
            with joblib.parallel_config(backend=backend):
                yield
        finally:
            backend.close()
    finally:
        client.close(timeout=1)


def _client(place: Place) -> Any:
    try:
        from distributed import Client, Security
    except ImportError as missing:
        raise UsageError(
            "--backend dask needs Dask: install the extra (pip install 'lockstep[dask]')."
        ) from missing
    for name in ("distributed", "distributed.client", "distributed.core"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is told by our own errors
    security = None
    if place.is_encrypted:
        security = Security(  # type: ignore[no-untyped-call]
            require_encryption=True,
            tls_ca_file=place.ca,
            tls_client_cert=place.cert,
            tls_client_key=place.key,
        )
    try:
        return Client(  # type: ignore[no-untyped-call]
            place.address,
            security=security,
            timeout=ANSWER_SECONDS,
            set_as_default=False,
            direct_to_workers=False,
        )
    except (OSError, TimeoutError, ValueError) as error:
        why = next(iter(str(error.__cause__ or error).splitlines()), type(error).__name__)
        raise ClusterError(f"the scheduler at {place.address} does not answer ({why}).") from error


def _backend(client: Any, place: Place) -> Any:
    _check_ways(client, place)
    try:
        client.wait_for_workers(1, timeout=WORKER_SECONDS)
        client.register_plugin(one_try())
    except TimeoutError as error:
        raise ClusterError(
            f"the scheduler at {place.address} has had no worker for {WORKER_SECONDS:g} s."
        ) from error
    _check_ways(client, place)
    threads = client.nthreads()
    _log.info(
        "cluster at %s: %d workers, %d threads",
        place.address,
        len(threads),
        sum(threads.values()),
        extra={"event": "cluster", "workers": len(threads), "threads": sum(threads.values())},
    )
    return ClusterBackend(client, sources())


def _check_ways(client: Any, place: Place) -> None:
    """Refuse a cluster whose own parts talk to each other in the open.

    Raises
    ------
    ClusterError
        Naming the address.
    """
    facts = client.scheduler_info(n_workers=-1)
    for what, address in [
        ("scheduler", facts["address"]),
        *(("worker", address) for address in facts["workers"]),
    ]:
        scheme, _, rest = address.partition("://")
        host = rest.rsplit(":", 1)[0].strip("[]")
        if scheme not in {"tls", "inproc"} and not (scheme == "tcp" and is_loopback(host)):
            raise ClusterError(
                f"a {what} of the cluster at {place.address} listens at {address}, in the open: "
                "whoever reaches it can run code there. Start schedulers and workers with "
                "--host 127.0.0.1, or all of them with TLS (docs/scaling.md)."
            )
