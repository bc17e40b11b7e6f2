"""A run that was begun before: its flags, and the folder from which its paths count."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import chdir, contextmanager
from pathlib import Path

from lockstep.cli.logs import notice
from lockstep.core.errors import UsageError
from lockstep.runs.listing import find
from lockstep.runs.manifest import begun_by, folder_of
from lockstep.runs.session import LATEST

#: Flags that may name a file or a folder.
_PATHS = ("config", "data", "ledger", "space")
_NAMING = tuple(f"--{name}" for name in (*_PATHS, "allow-import"))


@contextmanager
def where_begun(run: Path) -> Iterator[None]:
    """Work in the folder that a run was begun in: relative paths of its flags count from there.

    A run that does not say, or whose folder is gone or another user's own, leaves the process
    where it is.

    Parameters
    ----------
    run : Path
        Its directory. Other relative paths mean something else inside the block.
    """
    folder = _elsewhere(run)
    if folder is None:
        yield
        return
    if any(word.partition("=")[0] in _NAMING for word in begun_by(run)):
        notice([f"{run.name} was begun in {folder}: relative paths count from there"])
    with chdir(folder):
        yield


def _elsewhere(run: Path) -> Path | None:
    """Return the folder that a run was begun in; None if it is this one, or cannot be entered."""
    folder = folder_of(run)
    try:
        if folder is None or folder.samefile(Path.cwd()) or not os.access(folder, os.X_OK):
            return None
    except OSError:  # one of them is gone, or may not be looked at
        return None
    return folder


@contextmanager
def gone_on(
    arguments: argparse.Namespace,
    argv: Sequence[str],
    parser: Callable[[str], argparse.ArgumentParser],
) -> Iterator[argparse.Namespace]:
    """Yield the flags of the run that ``--resume RUN`` names, those given now laid over them.

    Raises
    ------
    UsageError
        If there is no such run, or another command began it.
    """
    if arguments.resume in (None, LATEST):
        yield arguments
        return
    place = find(arguments.resume, arguments.results)
    words = begun_by(place)
    try:
        flags = parser(argv[0]).parse_args([*words[1:], *argv[1:]])
    except SystemExit as leaving:
        begun = " ".join(words)
        raise UsageError(f"{place.name} was begun by another command: {begun}") from leaving
    if _elsewhere(place) is not None:
        place = place.parent.resolve() / place.name
        for name in _PATHS:  # given now, they count from here
            now = getattr(arguments, name, None)
            if now is not None and Path(now).exists():
                setattr(flags, name, str(Path(now).absolute()))
    flags.resume, flags.results = place.name, str(place.parent)
    with where_begun(place):
        yield flags
