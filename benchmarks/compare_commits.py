"""Did a change make it slower? Two commits run the same command in turn, A B A B ...

`python compare_commits.py main~5 main -- kernel.py --runs 1 --bars 20000`

Each commit is checked out beside the other in a temporary worktree. The command is a benchmark of
this folder; whole-process CPU seconds are compared pair by pair.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]


def cpu_of(command: list[str], folder: Path) -> float:
    """Return the CPU seconds of one finished command and its children."""
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    user = after.children_user - before.children_user
    return user + after.children_system - before.children_system


def main() -> None:
    """Print the CPU seconds of both commits and the median of the ratios B / A."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("a")
    parser.add_argument("b")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("command", nargs="+", help="a benchmark of this folder and its flags")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folders = []
        for name, commit in (("a", words.a), ("b", words.b)):
            place = Path(scratch) / name
            add = ["git", "-C", str(ROOT), "worktree", "add", "--detach", str(place), commit]
            subprocess.run(add, check=True, capture_output=True)
            folders.append(place)
        try:
            command = [sys.executable, *words.command]
            runs = [
                [cpu_of(command, folder / "benchmarks") for folder in folders]
                for _ in range(words.pairs + 1)
            ]
        finally:
            for place in folders:
                remove = ["git", "-C", str(ROOT), "worktree", "remove", "--force", str(place)]
                subprocess.run(remove, check=True, capture_output=True)
    pairs = runs[1:]  # the first pair warms caches up
    for column, commit in enumerate((words.a, words.b)):
        middle = statistics.median(pair[column] for pair in pairs)
        print(f"{commit:24} {middle:8.3f} CPU s in the median of {len(pairs)}")
    ratios = [b / a for a, b in pairs]
    spread = f"({min(ratios):.3f} to {max(ratios):.3f})"
    print(f"{'ratio B / A':24} {statistics.median(ratios):8.3f} {spread}")


if __name__ == "__main__":
    main()
