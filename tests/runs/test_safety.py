"""A run's name never leads out of the results."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lockstep.core.errors import UsageError
from lockstep.runs.directory import RunDirectory, digest, run_id
from lockstep.runs.listing import find

_PIECES = st.sampled_from(
    ["..", ".", "/", "\\", "\0", "~", "C:", "con", "a", "2025", "-", "\u2215", "\n"]
)
_NAMES = st.one_of(st.lists(_PIECES, max_size=5).map("".join), st.text(max_size=130))


@given(_NAMES)
@example("../out")
@example("/tmp/out")
@example("")
@example("..")
@example("a" * 5000)
@example("a\0b")
def test_a_run_is_made_inside_the_results_or_not_at_all(name: str) -> None:
    with TemporaryDirectory() as folder:
        results = Path(folder) / "results"
        try:
            place = RunDirectory.create(results, name)
        except UsageError:
            assert list(Path(folder).iterdir()) == []
            return
        assert place.path.resolve().parent == results.resolve()
        assert [path.name for path in Path(folder).iterdir()] == ["results"]


@given(st.text(), st.text())
def test_whatever_a_configuration_says_its_run_has_a_plain_name(key: str, value: str) -> None:
    name = run_id(datetime(2025, 1, 31, 12, 0, 59, tzinfo=UTC), digest({key: value}, {}))
    assert name.startswith("20250131-120059-")
    assert len(name) == 24
    assert name.replace("-", "").isalnum()


def test_an_id_is_not_followed_out_of_the_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "results").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "results")
    with pytest.raises(UsageError, match=r"'\.\./no_other' is no run in"):
        find("../no_other", str(tmp_path / "results"))
    with pytest.raises(UsageError, match=r"'\./\.\./\.\./other' is no run in"):
        find("./../../other", str(tmp_path / "results" / "deeper"))


@given(_NAMES)
@example("a" * 5000)
@example("a\0b")
def test_whatever_a_run_is_called_it_is_found_or_refused(name: str) -> None:
    with TemporaryDirectory() as folder:
        if Path(name.replace("\0", "")[:200]).is_dir():
            return  # a directory by its own path, as the user said
        with pytest.raises(UsageError, match="is no run in"):
            find(name, folder)
