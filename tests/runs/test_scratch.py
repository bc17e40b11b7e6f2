"""A folder for what is only looked at: gone with its process, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.runs import scratch as module
from lockstep.runs.scratch import scratch, sweep_scratch

ROOT = Path(module.__file__).parents[2]
SCRIPT = """
import sys, time
from pathlib import Path
from lockstep.runs.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "table.csv").write_text("1")
    print(folder, flush=True)
    time.sleep(60)
"""


def test_nothing_is_left_of_it_when_the_block_ends(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.name.startswith(".")
        (folder / "table.csv").write_text("1")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals")
def test_what_a_killed_process_left_is_removed_and_that_of_a_living_one_stays(
    tmp_path: Path,
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout is not None
    folder = Path(process.stdout.readline().strip())
    sweep_scratch(tmp_path)
    assert (folder / "table.csv").is_file()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert (folder / "table.csv").is_file()
    with scratch(tmp_path):
        assert not folder.exists()
    assert list(tmp_path.iterdir()) == []


def test_one_that_began_right_after_it_was_looked_at_is_not_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "holder_of", lambda _: {})
    with scratch(tmp_path) as folder:
        sweep_scratch(tmp_path)
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []


def test_where_results_may_only_be_read_it_is_a_folder_of_the_systems(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(module, "locked", refused)
    with scratch(tmp_path) as folder:
        assert folder.is_dir()
        assert folder.parent != tmp_path
    assert not folder.exists()
