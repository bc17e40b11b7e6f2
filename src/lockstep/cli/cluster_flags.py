"""The flags by which work is sent to a cluster. Light, as `flags`."""

from __future__ import annotations

import argparse

BACKENDS = ("loky", "dask")


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add ``--backend``, ``--scheduler`` and the files of TLS."""
    group = parser.add_argument_group("past one machine (docs/scaling.md)")
    group.add_argument(
        "--backend", choices=BACKENDS, default=BACKENDS[0],
        help="where work that can be parted is done: in processes and threads of this machine "
        "(loky, the default), or on a Dask cluster (dask); the results are the same, bit for bit",
    )  # fmt: skip
    group.add_argument(
        "--scheduler", metavar="ADDRESS",
        help="the cluster's scheduler: tls://HOST:PORT, or tcp://127.0.0.1:PORT on this machine",
    )  # fmt: skip
    for name, what in (
        ("ca", "certificate of the authority that signed the cluster's"),
        ("cert", "certificate of this machine"),
        ("key", "its private key"),
    ):
        group.add_argument(f"--tls-{name}", metavar="FILE", help=f"{what} (PEM; for tls://)")
