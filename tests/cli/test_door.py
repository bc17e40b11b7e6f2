from __future__ import annotations

import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import door, flags
from lockstep.core.bars import TIMEFRAMES
from lockstep.core.errors import (
    AssetError,
    ConfigError,
    DataError,
    IdentityError,
    LockstepError,
    UsageError,
)

ROOT = Path(__file__).parents[2]
HEAVY = "numpy pandas pydantic numba scipy backtrader matplotlib rich joblib".split()  # noqa: SIM905
PORTFOLIO_FLAGS = (
    "--preference --allocation --portfolio --max-assets --assets --timeframe --config --data "
    "--start --end --capital --currency --margin --rebalance --max-drawdown-pct --range "
    "--on-asset-error --allow-import --seed --jobs --results --json --quiet --debug"
)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what a door changes in its process."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, os.environ.get(name, ""))


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[..., int]], None]:
    """Return a function that puts its argument in the place of both commands."""

    def install(run: Callable[..., int]) -> None:
        stub = types.ModuleType("stub_command")
        stub.run = run  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, "stub_command", stub)
        for name, real in list(door.COMMANDS.items()):
            monkeypatch.setitem(
                door.COMMANDS, name, door.Command("stub_command", real.parser, real.doc)
            )

    return install


def script(code: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env
    )


def test_help_lists_every_flag_and_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.portfolio_main(["--help"]) == 0
    text = capsys.readouterr().out
    missing = [flag for flag in PORTFOLIO_FLAGS.split() if f"  {flag}" not in text]
    assert not missing
    assert "0 complete, 2 usage, 3 configuration, 4 data, 5 partial" in text
    assert "risk_parity" in text


@pytest.mark.parametrize("call", ["portfolio_main(['--help'])", "main(['asset', '--help'])"])
def test_help_imports_nothing_heavy(call: str) -> None:
    code = f"import sys; from lockstep.cli import door; door.{call}; print('HAS', *sys.modules)"
    loaded = script(code).stdout.rpartition("HAS")[2].split()
    assert "lockstep.cli.flags" in loaded
    assert not set(HEAVY) & set(loaded)


@pytest.mark.parametrize("door_file", ["main.py", "portfolio_main.py"])
def test_a_door_finds_the_sources_by_itself(door_file: str, tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, str(ROOT / door_file), "--help"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=env,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"usage: {door_file}")


def test_the_timeframes_of_the_flags_are_those_of_the_bars() -> None:
    assert tuple(TIMEFRAMES) == flags.TIMEFRAMES


def test_an_unknown_first_word_lists_the_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["optimise"]) == 2
    text = capsys.readouterr().err
    assert "'optimise' is no command." in text
    assert all(f"  {name}" in text for name in door.COMMANDS)


def test_no_words_at_all_are_a_usage_error_that_shows_the_overview(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert door.main([]) == 2
    assert "COMMAND" in capsys.readouterr().err
    assert door.main(["--help"]) == 0
    assert "COMMAND" in capsys.readouterr().out


def test_flags_without_a_command_are_a_run_of_one_asset(
    command: Callable[[Callable[..., int]], None],
) -> None:
    seen: list[Any] = []

    def run(arguments: Any, argv: list[str]) -> int:
        seen.append((arguments.symbol, arguments.solo, argv[1:]))
        return 0

    command(run)
    assert door.main(["--symbol", "EURUSDX", "--solo"]) == 0
    assert door.main(["asset", "--symbol", "EURUSDX"]) == 0
    assert seen == [
        ("EURUSDX", True, ["--symbol", "EURUSDX", "--solo"]),
        ("EURUSDX", False, ["--symbol", "EURUSDX"]),
    ]


def test_the_portfolio_is_reached_by_its_door_and_as_a_command(
    command: Callable[[Callable[..., int]], None],
) -> None:
    command(lambda arguments, argv: 5 if arguments.allocation == "risk_parity" else 0)
    assert door.portfolio_main(["--allocation", "risk_parity"]) == 5
    assert door.main(["portfolio", "--allocation", "risk_parity"]) == 5


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--capital", "-5"], "argument --capital: -5 is not above 0"),
        (["--capital", "lots"], "argument --capital: 'lots' is no number"),
        (["--capital", "nan"], "argument --capital: 'nan' is no finite number"),
        (["--max-drawdown-pct", "0"], "0 is no percentage above 0 and up to 100"),
        (["--max-drawdown-pct", "101"], "101 is no percentage above 0 and up to 100"),
        (["--max-assets", "0"], "argument --max-assets: 0 is not at least 1"),
        (["--max-assets", "2.5"], "argument --max-assets: '2.5' is no whole number"),
        (["--jobs", "0"], "argument --jobs: 0 is not at least 1"),
        (["--jobs", "99999"], "argument --jobs: 99999 is more than 1024 processes"),
        (["--asset-timeout", "1e300"], "1e300 is more than 2,000,000 seconds (23 days)"),
        (["--seed", "-1"], "argument --seed: -1 is no seed; expected 0 to 2**63 - 1"),
        (["--start", "31.01.2025"], "'31.01.2025' is no ISO date or time such as 2025-01-31"),
        (["--currency", "usd"], "argument --currency: 'usd' is no currency code such as USD"),
        (["--allocation", "risk_party"], "argument --allocation: invalid choice: 'risk_party'"),
        (["--portfolio", "bold"], "argument --portfolio: invalid choice: 'bold'"),
        (["--preference", "luck"], "argument --preference: invalid choice: 'luck'"),
        (["--timeframe", "7m"], "argument --timeframe: invalid choice: '7m'"),
        (["--margin", "none"], "argument --margin: invalid choice: 'none'"),
        (["--rebalance", "daily"], "argument --rebalance: invalid choice: 'daily'"),
        (["--range", "all"], "argument --range: invalid choice: 'all'"),
        (["--on-asset-error", "ignore"], "argument --on-asset-error: invalid choice: 'ignore'"),
        (["--alloc", "risk_parity"], "unrecognized arguments: --alloc risk_parity"),
        (["EURUSDX"], "unrecognized arguments: EURUSDX"),
        (["--config"], "argument --config: expected one argument"),
    ],
)
def test_a_wrong_flag_is_a_usage_error_that_names_it(
    capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert door.portfolio_main(words) == 2
    assert message in capsys.readouterr().err


def test_an_asset_run_without_a_symbol_is_a_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert door.main(["--solo"]) == 2
    assert "the following arguments are required: --symbol" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("a is b."), 2, "usage error:\n  a is b.\n"),
        (ConfigError("one.\ntwo."), 3, "configuration error (2 findings):\n  one.\n  two.\n"),
        (DataError("row 3."), 4, "data error:\n  row 3.\n"),
        (AssetError("EURUSDX: x."), 5, "error:\n  EURUSDX: x.\n"),
        (
            IdentityError("off by 1."),
            1,
            (
                "internal error:\n  off by 1.\n  This is a bug in Lockstep: "
                "the numbers of this run cannot be trusted.\n"
            ),
        ),
    ],
)
def test_an_error_is_one_block_on_stderr_with_its_exit_code(
    capsys: pytest.CaptureFixture[str],
    command: Callable[[Callable[..., int]], None],
    error: LockstepError,
    code: int,
    text: str,
) -> None:
    def run(arguments: Any, argv: list[str]) -> int:
        raise error

    command(run)
    assert door.portfolio_main([]) == code
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", text)
    assert door.portfolio_main(["--debug"]) == code
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupt_leaves_with_130(command: Callable[[Callable[..., int]], None]) -> None:
    def run(arguments: Any, argv: list[str]) -> int:
        raise KeyboardInterrupt

    command(run)
    assert door.portfolio_main([]) == 130


BUG = """
import sys, types
from lockstep.cli import door
stub = types.ModuleType("stub_command")
def run(arguments, argv):
    return 1 // 0
stub.run = run
sys.modules["stub_command"] = stub
door.COMMANDS["portfolio"] = door.Command("stub_command", door.portfolio_parser, "")
sys.exit(door.portfolio_main({words}))
"""


def test_a_bug_leaves_with_1_and_shows_its_traceback_only_on_demand() -> None:
    short = script(BUG.format(words=[]))
    assert short.returncode == 1
    assert short.stderr.startswith("bug: ZeroDivisionError: integer division or modulo by zero")
    assert "Traceback" not in short.stderr
    long = script(BUG.format(words=["--debug"]))
    assert long.returncode == 1
    assert "Traceback" in long.stderr


def test_one_blas_thread_is_set_before_a_command_is_imported(
    monkeypatch: pytest.MonkeyPatch, command: Callable[[Callable[..., int]], None]
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "8")
    seen: list[str | None] = []

    def run(arguments: Any, argv: list[str]) -> int:
        seen.extend(os.environ.get(f"{name}_NUM_THREADS") for name in ("OPENBLAS", "OMP", "MKL"))
        return 0

    command(run)
    door.portfolio_main([])
    assert seen == ["1", "1", "1"]
