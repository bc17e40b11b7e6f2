"""The manifest: what a run was made of, so that it can be made again."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lockstep import __version__
from lockstep.core.files import sha256_of

#: Packages whose version may change a result.
PACKAGES = (
    "backtrader",
    "joblib",
    "llvmlite",
    "matplotlib",
    "numba",
    "numpy",
    "pandas",
    "pyarrow",
    "pydantic",
    "ruamel.yaml",
    "scipy",
    "tzdata",
)


def manifest(
    run_id: str,
    config_files: Sequence[Path],
    facts: Mapping[str, Any],
    *,
    seed: int,
    argv: Sequence[str],
    times: tuple[datetime, datetime],
) -> dict[str, Any]:
    """Return the manifest of a run as plain data.

    Parameters
    ----------
    run_id : str
        The run.
    config_files : sequence of Path
        The files its configuration was read from.
    facts : mapping
        Facts of the result: ``sources`` (hash of each data file, or the sample and its seed),
        ``player`` and ``status``.
    seed : int
        Seed of everything random.
    argv : sequence of str
        The command line.
    times : (datetime, datetime)
        Start and end of the run, aware.
    """
    started, finished = (moment.astimezone(UTC) for moment in times)
    return {
        "run_id": run_id,
        "status": facts.get("status"),
        "argv": list(argv),
        "seed": seed,
        "player": facts.get("player"),
        "started": _iso(started),
        "finished": _iso(finished),
        "seconds": round((finished - started).total_seconds(), 3),
        "versions": versions(),
        "config_files": {str(path): sha256_of(path) for path in config_files},
        "data": dict(facts.get("sources", {})),
    }


def versions() -> dict[str, str | None]:
    """Return the versions of Python, Lockstep and the packages it rests on; None if absent."""
    found: dict[str, str | None] = {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "lockstep": __version__,
    }
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = None
    return found


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
