"""The built-in sample: forty statistics and a hash of its trades, the same on every machine."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.metrics.trade_hash import trade_hash
from tests.golden.sample import keep, played

ROOT = Path(__file__).parents[2]
GOLDEN = Path(__file__).with_name("sample.json")
STATISTICS = [
    "final_equity",
    "net_pnl",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sharpe_autocorrelation_adjusted",
    "sortino",
    "omega",
    "calmar",
    "probabilistic_sharpe",
    "var_95",
    "cvar_95",
    "cvar_99",
    "skewness",
    "kurtosis",
    "best_day",
    "worst_day",
    "ulcer_index",
    "max_drawdown",
    "longest_under_water_days",
    "trades",
    "win_rate",
    "profit_factor",
    "expectancy",
    "expectancy_r",
    "sqn",
    "longest_winning_streak",
    "longest_losing_streak",
    "gross_pnl",
    "spread_cost",
    "slippage_cost",
    "commission",
    "swap",
    "exposure",
    "turnover_per_year",
    "holding_hours_median",
    "min_margin_level",
    "stop_outs",
    "breaker_trips",
]
#: What of a run is the same to the byte on one machine, by whichever Python.
SAME = ("trades.csv", "decisions.csv", "equity.parquet", "ledger.parquet", "metrics.json")
_NEEDED = "numpy pandas pyarrow numba backtrader joblib pydantic ruamel.yaml scipy"


@cache
def result() -> RunResult:
    return played()


def figures(result: RunResult) -> dict[str, Any]:
    """Return what the golden file pins."""
    metrics = summarise(result)
    assets = {
        f"{symbol}.{name}": numbers[name]
        for symbol, numbers in metrics["assets"].items()
        for name in ("net_pnl", "trades")
    }
    return {
        "portfolio": {name: metrics["portfolio"][name] for name in STATISTICS},
        "assets": assets,
        "trade_hash": trade_hash(result),
    }


def hold(found: dict[str, Any]) -> None:
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert found["trade_hash"] == golden["trade_hash"]
    for part in ("portfolio", "assets"):
        assert found[part] == pytest.approx(golden[part], rel=1e-9, abs=1e-9)


def test_forty_statistics_are_pinned() -> None:
    assert len(set(STATISTICS)) == 40


def test_the_sample_run_is_what_it_was(regen: bool) -> None:
    found = figures(result())
    if regen:
        GOLDEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    hold(found)


def other_pythons() -> list[str]:
    """Return interpreters of other versions: on the path, or named by LOCKSTEP_PYTHONS."""
    named = os.environ.get("LOCKSTEP_PYTHONS", "").split(os.pathsep)
    known = [shutil.which(f"python3.{minor}") for minor in (11, 12, 13)]
    found: dict[str, str] = {}
    for path in filter(None, [*named, *known]):
        version = usable(path)
        if version and version != f"{sys.version_info.major}.{sys.version_info.minor}":
            found.setdefault(version, path)
    return [found[version] for version in sorted(found)]


def usable(python: str) -> str:
    """Return the version of an interpreter that has every package; empty if it has not."""
    script = (
        "import sys, importlib.util as u\n"
        f"there = all(u.find_spec(name) for name in '{_NEEDED}'.split())\n"
        "print('.'.join(map(str, sys.version_info[:2])) if there else '')"
    )
    done = subprocess.run([python, "-c", script], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def test_another_version_of_python_makes_the_same_bytes(tmp_path: Path) -> None:
    pythons = other_pythons()
    if not pythons:
        pytest.skip("no other Python 3.11 to 3.13 with the packages; name some: LOCKSTEP_PYTHONS")
    keep(result(), tmp_path / "here")
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    for number, python in enumerate(pythons):
        place = tmp_path / str(number)
        subprocess.run(
            [python, "-m", "tests.golden.sample", str(place)], cwd=ROOT, env=env, check=True
        )
        hold(figures(RunResult.load(place)))
        for name in SAME:
            assert (place / name).read_bytes() == (tmp_path / "here" / name).read_bytes(), name
