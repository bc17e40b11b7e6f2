from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import audit, door
from lockstep.cli.audit_flags import AUDITS, parsers
from lockstep.cli.flags import portfolio_parser
from lockstep.core.registry import strategies
from tests.research.cheats import NextClose

TWO = ["--assets", "EURGBPX,NZDUSDX", "--start", "2025-02-03", "--end", "2025-02-14", "--jobs", "1"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))
    return tmp_path


def kept(folder: Path, name: str) -> tuple[dict[str, Any], str]:
    """Return the JSON and the page of the only audit in the results."""
    (run,) = (folder / "results" / "audits").iterdir()
    assert sorted(path.name for path in run.iterdir()) == [
        f"audit_{name}.json",
        f"audit_{name}.txt",
    ]
    page = (run / f"audit_{name}.txt").read_text(encoding="utf-8")
    return json.loads((run / f"audit_{name}.json").read_text(encoding="utf-8")), page


@pytest.mark.parametrize(
    ("name", "words", "says"),
    [
        ("lookahead", ["--cuts", "2", "--behind-signals", "3"], "AUDIT LOOKAHEAD - PASSED"),
        ("warmup", ["--starts", "10", "100"], "AUDIT WARMUP - PASSED"),
        ("order", ["--shuffles", "1"], "AUDIT ORDER - PASSED"),
        ("costs", [], "AUDIT COSTS - MEASURED"),
        ("bars", [], "AUDIT BARS - MEASURED"),
    ],
)
def test_an_audit_prints_its_page_and_keeps_it_with_the_numbers(
    place: Path, capsys: pytest.CaptureFixture[str], name: str, words: list[str], says: str
) -> None:
    assert door.main(["audit", name, *words, *TWO, "--quiet"]) == 0
    captured = capsys.readouterr()
    plain, page = kept(place, name)
    assert captured.err == ""
    assert says in captured.out
    assert "[SYNTHETIC]" in captured.out
    assert captured.out.startswith(page)
    assert re.search(
        rf"^kept: results/audits/[\d-]+-[0-9a-f]{{8}}/audit_{name}.txt$", captured.out, re.M
    )
    assert max(map(len, page.splitlines())) <= 100
    assert (plain["audit"], plain["passed"]) == (name, True)
    assert plain["run"]["symbols"] == ["EURGBPX", "NZDUSDX"]
    assert plain["run"]["argv"][1:] == [*words, *TWO, "--quiet"]
    assert all(rows for rows in plain["tables"].values())


def test_a_violation_is_an_exit_code_of_its_own(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(strategies._found, "NextClose", NextClose)
    config = {
        "assets": {"NZDUSDX_5m": {"instrument": {"class": "fx"}, "strategy": "NextClose"}},
    }
    (place / "cheat.json").write_text(json.dumps(config), encoding="utf-8")
    words = ["--config", "cheat.json", "--symbol", "NZDUSDX", "--cuts", "2", *TWO[2:]]
    assert door.main(["audit", "lookahead", *words, "--quiet"]) == 6
    out = capsys.readouterr().out
    assert "AUDIT LOOKAHEAD - VIOLATED" in out
    assert "NextClose on NZDUSDX: indicator next_close differs first at bar" in " ".join(
        out.split()
    )
    plain, _ = kept(place, "lookahead")
    assert (plain["passed"], plain["violations"][0]["name"]) == (False, "next_close")


def test_json_is_all_that_is_printed_on_demand(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["audit", "bars", "--symbol", "EURGBPX", *TWO[2:], "--json", "--quiet"]
    assert door.main([*words, "--results", "kept"]) == 0
    printed = json.loads(capsys.readouterr().out)
    (file,) = (place / "kept" / "audits").rglob("*.json")
    assert printed == json.loads(file.read_text(encoding="utf-8"))
    assert printed["run"]["symbols"] == ["EURGBPX"]


def test_one_symbol_and_several_assets_are_refused_together(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert door.main(["audit", "order", "--symbol", "EURGBPX", *TWO]) == 2
    assert "--symbol EURGBPX and --assets both say what to run" in capsys.readouterr().err


def test_results_that_cannot_be_written_are_a_usage_error(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "file").write_text("", encoding="utf-8")
    words = ["audit", "warmup", "--symbol", "NZDUSDX", *TWO[2:], "--quiet"]
    assert door.main([*words, "--results", "file"]) == 2
    assert "results directory file cannot be used" in capsys.readouterr().err


# Finding them ----------------------------------------------------------------------------------


def test_the_overview_lists_every_audit(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  audit {name} " in text for name in AUDITS)
    assert set(AUDITS) == set(audit.AUDITS)


def test_audit_alone_lists_the_audits_and_nothing_else(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert door.main(["audit", "--help"]) == 0
    shown = capsys.readouterr()
    assert all(f"  audit {name} " in shown.out for name in AUDITS)
    assert "portfolio " not in shown.out.split("commands:")[1].splitlines()[1]
    for words in (["audit"], ["audit", "honesty"]):
        assert door.main(words) == 2
        assert "audit lookahead" in capsys.readouterr().err


@pytest.mark.parametrize("name", AUDITS)
def test_the_help_of_an_audit_has_its_flags_examples_and_exit_codes(
    capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert door.main(["audit", name, "--help"]) == 0
    text = capsys.readouterr().out
    assert "6 a violation was found" in text
    assert f"lockstep audit {name}" in text
    for flag in ("--symbol", "--config", "--data", "--assets", "--allocation", "--results"):
        assert f"  {flag} " in text
    assert max(map(len, text.splitlines())) <= 100


@pytest.mark.parametrize("words", [["--cuts", "0"], ["--cuts", "some"]])
def test_a_wrong_number_of_cuts_is_a_usage_error(
    capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert door.main(["audit", "lookahead", *words]) == 2
    assert "argument --cuts" in capsys.readouterr().err


def test_the_page_of_the_audits_names_each_of_them_and_every_flag_of_its_own() -> None:
    text = (Path(__file__).parents[2] / "docs" / "audits.md").read_text(encoding="utf-8")
    of_a_run = set(portfolio_parser("x")._option_string_actions)
    for name, (parser, _) in parsers().items():
        assert f"python main.py audit {name} " in text
        own = set(parser("x")._option_string_actions) - of_a_run
        assert [flag for flag in sorted(own) if f"`{flag}`" not in text] == []
