"""The runs of a results directory: what each was, how it ended, and how to find one by name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lockstep.core.errors import DataError, UsageError
from lockstep.core.files import read_object
from lockstep.core.result import FILES
from lockstep.runs.directory import (
    COMPLETE,
    DAMAGED,
    PARTIAL,
    STATUS_FILE,
    RunDirectory,
    is_plain,
)

#: The newest run that holds a result.
LATEST = "latest"
_RUN_ID = re.compile(r"(\d{4})(\d\d)(\d\d)-(\d\d)(\d\d)(\d\d)-[0-9a-f]{8}(-\d+)?")
#: Numbers of a run's account that a list shows.
NUMBERS = ("net_pnl", "total_return", "sharpe", "max_drawdown", "trades")
_MOST_NAMED = 5
#: Beyond any account; larger whole numbers of a damaged file would not even be floats.
_LARGEST = 1e300


@dataclass(frozen=True, slots=True)
class Listed:
    """One run as a list shows it; None is what it does not say.

    Parameters
    ----------
    run_id : str
        Name of its directory.
    date : str or None
        Its start, ISO 8601, UTC.
    status : str
        ``complete``, ``partial``, ``failed``, ``interrupted``, ``running`` or ``damaged``.
    assets : int or None
        Assets in play; of a run without result, those configured.
    allocation, timeframe, currency : str or None
        Of its configuration.
    labels : tuple of str
        SYNTHETIC, in-sample selection, DEGRADED, ...
    numbers : dict of str to float or None
        `NUMBERS` of the account: money, fractions; empty without a portfolio.
    undefined : dict of str to str
        Why a number is None.
    wrong : str
        What is damaged; empty if nothing is.
    """

    run_id: str
    date: str | None
    status: str
    assets: int | None = None
    allocation: str | None = None
    timeframe: str | None = None
    currency: str | None = None
    labels: tuple[str, ...] = ()
    numbers: Mapping[str, float | None] = field(default_factory=dict)
    undefined: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""

    def plain(self) -> dict[str, Any]:
        """Return the run as JSON data: its numbers beside its other facts, all of them named."""
        return {
            "run_id": self.run_id,
            "date": self.date,
            "status": self.status,
            "assets": self.assets,
            "allocation": self.allocation,
            "timeframe": self.timeframe,
            "currency": self.currency,
            "labels": list(self.labels),
            **{name: self.numbers.get(name) for name in NUMBERS},
            "undefined": dict(self.undefined),
            "wrong": self.wrong,
        }


def listing(results: str | Path) -> list[Listed]:
    """Return the runs of a results directory, the newest first.

    A directory is a run if its name is a run id, or it says of itself what its status is. One
    that cannot be read is listed as damaged, with what is wrong.
    """
    return [listed(path) for path in reversed(run_directories(results))]


def run_directories(results: str | Path) -> list[Path]:
    """Return the directories of runs, sorted by name, which is by their start.

    Raises
    ------
    UsageError
        If the results directory cannot be read.
    """
    root = Path(results)
    if not is_folder(root):
        return []
    try:
        return sorted(path for path in root.iterdir() if _is_run(path))
    except OSError as error:
        raise UsageError(
            f"results directory {root} cannot be read ({error.strerror}); give another one with "
            "--results."
        ) from error


def _is_run(path: Path) -> bool:
    if path.name.startswith(".") or not is_folder(path):
        return False
    return bool(_RUN_ID.fullmatch(path.name)) or _is_file(path / STATUS_FILE)


def _is_file(path: Path) -> bool:
    """Return whether there is such a file, as far as this user may know."""
    try:
        return path.is_file()
    except OSError:
        return False


def is_folder(path: Path) -> bool:
    """Return whether there is such a directory; no name is too long to ask."""
    try:
        return path.is_dir()
    except OSError:
        return False


def listed(path: Path) -> Listed:
    """Return what one run's files say of it."""
    place = RunDirectory(path)
    status, date = place.standing, _date(path.name)
    if status == DAMAGED:
        return Listed(path.name, date, DAMAGED, wrong=f"{STATUS_FILE} is missing or unreadable")
    finished = status in (COMPLETE, PARTIAL)
    wanted = ["config.json", *(["facts.json", "metrics.json"] if finished else [])]
    read = {name: _read(path / name) for name in wanted}
    wrong = [f"{name} is missing or unreadable" for name, plain in read.items() if plain is None]
    if finished:
        wrong += [f"{name} is {what}" for name, what in _changed(place, read).items()]
        missing = (name for name in FILES if name not in read and not _is_file(path / name))
        wrong += [f"{name} is missing" for name in missing]
        status = DAMAGED if wrong else status
        made_as = (read.get("facts.json") or {}).get("run_id", path.name)
        if made_as != path.name:  # copied or renamed, which harms nothing, or swapped
            wrong.append(f"its files are of run {made_as}")
    config, facts, metrics = (
        read.get(name) or {} for name in ("config.json", "facts.json", "metrics.json")
    )
    return Listed(path.name, date, status, **_told(config, facts, metrics), wrong="; ".join(wrong))


def _changed(place: RunDirectory, read: Mapping[str, object]) -> dict[str, str]:
    """Return which of the files that could be read are not as the run left them."""
    try:
        return place.damage([name for name, plain in read.items() if plain is not None])
    except DataError:  # a run without hashes cannot say
        return {}


def _told(
    config: Mapping[str, Any], facts: Mapping[str, Any], metrics: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what three files say of a run, as fields of `Listed`."""
    settings, numbers = (_block(one, "portfolio") for one in (config, metrics))
    symbols = facts.get("symbols") or facts.get("configured") or config.get("assets")
    labels, reasons = facts.get("labels"), _block(metrics, "undefined")
    return {
        "assets": len(symbols) if isinstance(symbols, list | dict) else None,
        "allocation": _text(settings.get("allocation")),
        "timeframe": _text(facts.get("timeframe") or settings.get("timeframe")),
        "currency": _text(facts.get("currency") or settings.get("currency")),
        "labels": tuple(str(label) for label in labels) if isinstance(labels, list) else (),
        "numbers": {name: _number(numbers.get(name)) for name in NUMBERS} if numbers else {},
        "undefined": {
            name: str(reasons[key]) for name in NUMBERS if (key := f"portfolio.{name}") in reasons
        },
    }


def _block(plain: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = plain.get(name)
    return found if isinstance(found, dict) else {}


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _number(value: object) -> float | None:
    """Return a finite number; None for anything else that a damaged file may hold."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if abs(value) <= _LARGEST else None


def _read(path: Path) -> dict[str, Any] | None:
    """Return a file's JSON object; None if there is none that can be read."""
    try:
        return read_object(path)
    except DataError:
        return None


def _date(name: str) -> str | None:
    found = _RUN_ID.fullmatch(name)
    if not found:
        return None
    year, month, day, hour, minute, second = found.groups()[:6]
    return f"{year}-{month}-{day}T{hour}:{minute}:{second}Z"


def find(name: str, results: str | Path) -> Path:
    """Return the directory of the run that a user means.

    Parameters
    ----------
    name : str
        A run id, a prefix of one that no other run shares, `LATEST`, or a directory.
    results : path
        Where runs are kept.

    Raises
    ------
    UsageError
        If no run or several answer to it; the nearest are named.
    """
    root = Path(results)
    names = [path.name for path in run_directories(root)]
    if name in names:
        return root / name
    if name == LATEST:
        return _latest(root)
    known = [root / name] if is_plain(name) else []  # a run may have lost what makes it one
    for place in (*known, Path(name)):
        if name and is_folder(place):
            return place if place.name not in ("", "..") else place.resolve()
    found = [run for run in names if name and run.startswith(name)]
    if len(found) == 1:
        return root / found[0]
    if found:
        raise UsageError(
            f"{name!r} is the beginning of {len(found)} runs: {_some(found)}. Write more of it."
        )
    raise UsageError(f"{name!r} is no run in {root}. {_nearest(name, names)}")


def _latest(root: Path) -> Path:
    for path in reversed(run_directories(root)):
        if RunDirectory(path).standing in (COMPLETE, PARTIAL):
            return path
    raise UsageError(f"{root} holds no finished run.")


def _nearest(name: str, names: list[str]) -> str:
    if not names:
        return "It holds no run."
    close = difflib.get_close_matches(name, names, n=_MOST_NAMED, cutoff=0.5)
    return f"Nearest: {_some(close)}." if close else f"The newest: {_some(names[::-1])}."


def _some(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
