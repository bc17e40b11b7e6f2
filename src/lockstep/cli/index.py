"""results/index.html: made again after each run, and when it is asked for."""

from __future__ import annotations

import contextlib
from pathlib import Path

from lockstep.core.files import write_text
from lockstep.report.index import LINKS, index_page
from lockstep.runs.directory import STATUS_FILE
from lockstep.runs.listing import Listed, listing, run_directories

INDEX_FILE = "index.html"
#: Times the page is made again because another run ended meanwhile.
_MOST_ATTEMPTS = 3


def refresh(results: str | Path) -> Path:
    """Write the index of a results directory, in one step; return its path.

    Two runs that end at once both write it: whoever sees that a status has changed since it
    looked, looks again.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    root = Path(results)
    for _ in range(_MOST_ATTEMPTS):
        seen = _statuses(root)
        write(listing(root), root)
        if _statuses(root) == seen:
            break
    return root / INDEX_FILE


def write(runs: list[Listed], root: Path) -> None:
    """Write the index of these runs."""
    files = {run.run_id: [n for n in LINKS if (root / run.run_id / n).is_file()] for run in runs}
    write_text(root / INDEX_FILE, index_page([run.plain() for run in runs], files))


def _statuses(root: Path) -> list[tuple[str, int]]:
    """Return when each run last said what its status is."""
    found = []
    for path in run_directories(root):
        with contextlib.suppress(OSError):  # gone meanwhile, or it says nothing
            found.append((path.name, (path / STATUS_FILE).stat().st_mtime_ns))
    return found
