from __future__ import annotations

import pytest

from lockstep.cli.progress import ProgressBars


def test_bars_are_silent_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with ProgressBars() as bars:
        bars.start("solo runs", 3)
        bars.advance("solo runs")
        bars.start("solo runs", 2)
        bars.advance("solo runs", 2)
    assert capsys.readouterr() == ("", "")


def test_bars_show_task_and_count_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    with ProgressBars() as bars:
        bars.start("solo runs", 3)
        bars.advance("solo runs", 2)
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "solo runs" in captured.err
    assert "2/3" in captured.err
