from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lockstep.core import files
from lockstep.core.files import atomic, sha256_of, sweep, write_json, write_text

ROOT = Path(files.__file__).parents[2]

#: Writes a file through `atomic` and kills itself inside the block.
KILLED = """
import os, signal, sys
from pathlib import Path
from lockstep.core.files import atomic
with atomic(Path(sys.argv[1])) as part:
    part.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_write_that_fails_leaves_the_old_file_and_no_trace(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(ZeroDivisionError), atomic(path) as part:
        part.write_text("half", encoding="utf-8")
        raise ZeroDivisionError
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_json_keeps_floats_to_the_bit(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": 0.1 + 0.2})
    assert json.loads((tmp_path / "a.json").read_text(encoding="utf-8")) == {"x": 0.1 + 0.2}


def test_the_content_reaches_the_disk_before_the_name_and_the_name_before_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    replace, fsync = os.replace, os.fsync

    def spied(source: Path, target: Path) -> None:
        seen.append("name")
        replace(source, target)

    def flushed(descriptor: int) -> None:
        is_folder = os.path.samestat(os.fstat(descriptor), tmp_path.stat())
        seen.append("folder" if is_folder else "content")
        fsync(descriptor)

    monkeypatch.setattr(os, "replace", spied)
    monkeypatch.setattr(os, "fsync", flushed)
    write_text(tmp_path / "a.txt", "new")
    assert seen == ["content", "name", "folder"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_disk_that_is_full_leaves_the_old_file_and_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, step, full)
    with pytest.raises(OSError, match="No space left"):
        write_text(path, "new")
    assert path.read_text(encoding="utf-8") == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_is_swept_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "below" / "a.txt"
    write_text(path, "old")
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(path)],
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode < 0
    (left,) = path.parent.glob(".*.part")
    assert left.read_bytes() == b"half"
    assert sweep(tmp_path) == [left]
    assert list(path.parent.iterdir()) == [path]
    assert path.read_text(encoding="utf-8") == "old"


def test_the_file_of_a_living_writer_is_not_swept(tmp_path: Path) -> None:
    with atomic(tmp_path / "a.txt") as part:
        part.write_text("new", encoding="utf-8")
        assert sweep(tmp_path) == []
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "new"


def test_only_temporary_files_are_swept(tmp_path: Path) -> None:
    for name in ("a.part", ".hidden", "part"):
        (tmp_path / name).write_text("mine", encoding="utf-8")
    assert sweep(tmp_path) == []
    assert len(list(tmp_path.iterdir())) == 3


def test_what_was_left_under_the_same_name_is_written_over(tmp_path: Path) -> None:
    (tmp_path / f".a.txt.{os.getpid()}.part").write_text("a long torn line", encoding="utf-8")
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_text(encoding="utf-8") == "new"
    assert len(list(tmp_path.iterdir())) == 1


def test_a_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert sha256_of(tmp_path / "a").startswith("ba7816bf8f01cfea414140de5dae2223b00361a3")
