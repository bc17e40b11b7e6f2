"""Where compiled code is kept: by what it was compiled from, and wherever there is room."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from lockstep.core import compiled


def test_the_folder_bears_the_hash_of_the_compiled_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    folder = compiled.cache_folder()
    assert folder.name == f"compiled-{compiled.source_hash()}"
    assert folder.is_relative_to(tmp_path)


def test_an_edit_in_any_compiled_room_changes_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    before = compiled.source_hash()
    read = Path.read_bytes
    for name in ("codes.py", "money.py", "rolling.py", "walk.py"):
        monkeypatch.setattr(
            Path, "read_bytes", lambda self, n=name: read(self) + (b"#" if self.name == n else b"")
        )
        assert compiled.source_hash() != before
    monkeypatch.setattr(Path, "read_bytes", read)
    assert compiled.source_hash() == before


def test_without_a_usable_cache_of_the_user_a_temporary_folder_serves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("not a folder")
    monkeypatch.setenv("XDG_CACHE_HOME", str(in_the_way))
    folder = compiled.cache_folder()
    assert folder.is_dir() and os.access(folder, os.W_OK)
    assert not folder.is_relative_to(in_the_way)


def test_a_folder_that_the_user_has_named_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", "mine")
    compiled.use_cache()
    assert os.environ["NUMBA_CACHE_DIR"] == "mine"


def test_the_same_sources_elsewhere_have_a_folder_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = compiled.source_hash()
    shutil.copytree(Path(compiled.__file__).parents[1], tmp_path / "lockstep")
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "lockstep" / "core" / "compiled.py"))
    assert compiled.source_hash() != before


def test_a_cache_is_cold_until_the_whole_player_was_compiled_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    assert compiled.is_cold()
    (tmp_path / "room").mkdir()
    (tmp_path / "room" / "walk._step-71.py311.nbi").write_bytes(b"index")
    assert compiled.is_cold()
    (tmp_path / "room" / "walk.walk-23.py311.nbi").write_bytes(b"index")
    assert not compiled.is_cold()


def kept(place: Path, name: str, days: float) -> Path:
    """Return a folder that was last used some days ago."""
    folder = place / "lockstep" / name
    (folder / "room").mkdir(parents=True)
    (folder / "room" / "walk.nbi").write_bytes(b"index")
    moment = folder.stat().st_mtime - days * 86_400
    os.utime(folder, (moment, moment))
    return folder


def test_compiled_code_that_nobody_used_for_thirty_days_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    old = kept(tmp_path, "compiled-0123456789abcdef", 30.1)
    recent = kept(tmp_path, "compiled-fedcba9876543210", 29.9)
    foreign = kept(tmp_path, "compiled-by-hand", 300)
    sample = kept(tmp_path, "sample", 300)
    folder = compiled.cache_folder()
    assert not old.exists()
    assert all(path.exists() for path in (recent, foreign, sample, folder))


def test_a_folder_in_use_is_never_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    own = kept(tmp_path, f"compiled-{compiled.source_hash()}", 300)
    assert compiled.cache_folder() == own
    monkeypatch.setattr(compiled, "source_hash", lambda: "0" * 16)
    assert compiled.cache_folder() != own
    assert (own / "room" / "walk.nbi").exists()


def test_a_usable_cache_asks_for_no_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(compiled.tempfile, "gettempdir", full)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiled.cache_folder().parent == tmp_path / "lockstep"
