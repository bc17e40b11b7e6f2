"""The manifest: what a run is made of, so that it can be made again, or gone on with."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lockstep import __version__
from lockstep.core.errors import DataError, UsageError
from lockstep.core.files import read_object, sha256_of
from lockstep.runs.directory import canonical, digest

MANIFEST_FILE = "manifest.json"
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
_SOURCES = (".py", ".j2", ".html", ".css", ".js")
_MOST_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Making:
    """What a run is made of: two runs of equal making leave the same bytes on one machine.

    Parameters
    ----------
    config : dict
        The resolved configuration, plain data.
    data : dict
        Where each asset's bars came from: file, SHA-256, range; or the sample and its seed.
    pairs : dict
        The same of every conversion pair that the assets do not give.
    options : dict
        What the command line decides beside the configuration: ``player``, ``rules``, ...
    strategies : dict
        SHA-256 of the file of each hand-written strategy, by ``module:Class``.
    config_files : dict
        SHA-256 of each file the configuration was read from; kept, not compared.
    seed : int
        Seed of everything random; part of `config`, shown apart.
    argv : tuple of str
        The command line; kept, not compared.
    """

    config: dict[str, Any]
    data: dict[str, Any]
    pairs: dict[str, Any]
    options: dict[str, Any]
    strategies: dict[str, str] = field(default_factory=dict)
    config_files: dict[str, str] = field(default_factory=dict)
    seed: int | None = None
    argv: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The eight hex digits that end the run id, and name the lock.

        A walk-forward, which changes the parameters, is not the run of its configuration.
        """
        walk = self.options.get("walkforward")
        config = self.config if walk is None else {**self.config, "walkforward": walk}
        return digest(config, self.data, bool(self.options.get("rules", True)))

    def compared(self) -> dict[str, Any]:
        """Return what must be the same for the same bytes, as the manifest holds it."""
        return {
            "config_sha256": hashlib.sha256(canonical(self.config).encode()).hexdigest(),
            "data": self.data,
            "pairs": self.pairs,
            "options": self.options,
            "code": {
                "version": __version__,
                "sha256": source_hash(),
                "strategies": self.strategies,
            },
            "versions": versions(),
            "machine": machine(),
        }


def begun(run_id: str, making: Making, started: datetime) -> dict[str, Any]:
    """Return the manifest of a run that begins.

    Parameters
    ----------
    run_id : str
        The run.
    making : Making
        What it is made of.
    started : datetime
        Aware.
    """
    return {
        "run_id": run_id,
        "status": "running",
        "argv": list(making.argv),
        "folder": _present_folder(),
        "seed": making.seed,
        "player": making.options.get("player"),
        "started": _iso(started),
        **making.compared(),
        "config_files": making.config_files,
    }


def finished(
    manifest: Mapping[str, Any],
    facts: Mapping[str, Any],
    *,
    trade_hash: str | None,
    timings: Mapping[str, float],
    at: datetime,
) -> dict[str, Any]:
    """Return a manifest with what is known at the end.

    Parameters
    ----------
    manifest : mapping
        As `begun` made it.
    facts : mapping
        Facts of the result: ``status``, ``player`` (which played) and ``ranges``.
    trade_hash : str or None
        `lockstep.metrics.trade_hash` of its trades.
    timings : mapping of str to float
        Seconds of each stage.
    at : datetime
        The end, aware.
    """
    seconds = (at - _moment(manifest["started"])).total_seconds()
    return {
        **manifest,
        "status": facts.get("status"),
        "player": facts.get("player"),
        "finished": _iso(at),
        "seconds": round(seconds, 3),
        "timings": {stage: round(value, 3) for stage, value in timings.items()},
        "ranges": facts.get("ranges"),
        "trade_hash": trade_hash,
    }


def begun_by(path: Path) -> list[str]:
    """Return the command line that began the run in a directory.

    Raises
    ------
    UsageError
        If its manifest does not say.
    """
    try:
        words = read_object(path / MANIFEST_FILE).get("argv")
    except DataError as error:
        raise UsageError(f"{path.name} does not say how it was begun: {error}") from error
    if not isinstance(words, list) or not words:
        raise UsageError(f"{path.name} does not say how it was begun: no argv in {MANIFEST_FILE}.")
    return [str(word) for word in words]


def folder_of(path: Path) -> Path | None:
    """Return the folder in which the run in a directory was begun; None if it does not say."""
    try:
        folder = read_object(path / MANIFEST_FILE).get("folder")
    except DataError:
        return None
    return Path(folder) if isinstance(folder, str) and folder else None


def differences(saved: Mapping[str, Any], making: Making, config: Mapping[str, Any]) -> list[str]:
    """Return what is not as it was when a run began, a line each.

    Parameters
    ----------
    saved : mapping
        The manifest of the run.
    making : Making
        What the same command is made of now.
    config : mapping
        The configuration the run began with, to name the setting that differs.
    """
    found = list(_apart("", config, making.config))
    for name, present in making.compared().items():
        if name != "config_sha256":
            found += _apart(name, saved.get(name), present)
    return found


def _apart(place: str, was: Any, now: Any) -> Iterator[str]:
    if isinstance(was, Mapping) and isinstance(now, Mapping):
        for key in sorted({*was, *now}, key=str):
            inner = f"{place}.{key}" if place else str(key)
            yield from _apart(inner, was.get(key), now.get(key))
    elif canonical(was) != canonical(now):
        yield f"{place} was {_shown(was)}, is {_shown(now)}"


def _shown(value: Any) -> str:
    if value is None:
        return "not there"
    text = canonical(value)
    return text if len(text) <= _MOST_SHOWN else f"{text[: _MOST_SHOWN - 3]}..."


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


def machine() -> dict[str, str]:
    """Return what of the machine may change the last bits of ``exp`` and ``log``."""
    return {
        "system": platform.system(),
        "machine": platform.machine(),
        "processor": _processor(),
    }


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:  # not Linux
        return platform.processor()
    named = (line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line)
    return next(named, platform.processor())


def source_hash() -> str:
    """Return a hash of every source file of the package, which no version control is asked for."""
    root = Path(__file__).parents[1]
    total = hashlib.sha256()
    for path in sorted(p for p in root.rglob("*") if p.suffix in _SOURCES and p.is_file()):
        total.update(f"{path.relative_to(root).as_posix()} {sha256_of(path)}\n".encode())
    return total.hexdigest()


def hashes(paths: Sequence[Path]) -> dict[str, str]:
    """Return the SHA-256 of files, by their path as given."""
    return {str(path): sha256_of(path) for path in paths}


def _present_folder() -> str | None:
    try:
        return str(Path.cwd())
    except FileNotFoundError:  # it was removed
        return None


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
