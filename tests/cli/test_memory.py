from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from lockstep.cli import memory
from lockstep.cli.memory import available_bytes, before_playing, before_reading, check, need_of
from lockstep.config.models import AssetConfig, RunConfig
from lockstep.core.compiled import is_cold
from lockstep.core.errors import UsageError
from lockstep.data.formats.parquet import Parquet
from lockstep.engine.memory import Need
from tests.engine.markets import asset_configs, market, portfolio
from tests.strategies.markets import random_bars

MILLION = {"A": 1_000_000}


def system(root: Path, **files: str) -> Path:
    """Write the files of a system; __ stands for a slash."""
    for name, text in files.items():
        path = root / name.replace("__", "/").replace("proc/self", "proc/self")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return root


# What there is --------------------------------------------------------------------------------


def test_without_groups_what_linux_calls_available_counts(tmp_path: Path) -> None:
    system(tmp_path, proc__meminfo="MemTotal: 9 kB\nMemAvailable:    2048 kB\n")
    assert available_bytes(tmp_path) == 2048 * 1024


def test_a_system_that_does_not_say_is_none(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None


def test_a_group_of_version_2_leaves_its_limit_less_what_cannot_be_reclaimed(
    tmp_path: Path,
) -> None:
    system(tmp_path, proc__meminfo="MemAvailable: 8000 kB\n", proc__self__cgroup="0::/a/b\n")
    group = tmp_path / "sys/fs/cgroup/a"
    (group / "b").mkdir(parents=True)
    (group / "b/memory.max").write_text("max\n")
    (group / "b/memory.current").write_text("10\n")
    (group / "memory.max").write_text("1000000\n")
    (group / "memory.current").write_text("600000\n")
    (group / "memory.stat").write_text("anon 5\ninactive_file 100000\n")
    assert available_bytes(tmp_path) == 500_000


def test_a_group_of_version_1_counts_too_even_if_its_path_is_only_known_outside(
    tmp_path: Path,
) -> None:
    system(
        tmp_path,
        proc__meminfo="MemAvailable: 8000 kB\n",
        proc__self__cgroup="4:cpu,memory:/outside/1\n3:cpuset:/\n",
    )
    group = tmp_path / "sys/fs/cgroup/memory"
    group.mkdir(parents=True)
    (group / "memory.limit_in_bytes").write_text("700000\n")
    (group / "memory.usage_in_bytes").write_text("900000\n")
    assert available_bytes(tmp_path) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not say")
def test_this_machine_has_some_memory() -> None:
    found = available_bytes()
    assert found is not None
    assert found > 0


# What is needed -------------------------------------------------------------------------------


def test_only_hand_written_strategies_ask_for_processes() -> None:
    signals = asset_configs(["EURUSD", "GBPUSD"])
    by_hand = [signals[0], signals[1].model_copy(update={"strategy": "mine:Mine"})]
    bars = {"EURUSD": 10, "GBPUSD": 10}

    def need(assets: list[AssetConfig], player: str, jobs: int, has_limit: bool = False) -> Any:
        return need_of(bars, assets, player=player, jobs=jobs, has_limit=has_limit)

    assert need(signals, "auto", 8) == Need(bars, 0)
    assert need(by_hand, "auto", 8) == Need(bars, 1, is_cerebro=True, is_apart=True)
    assert need(by_hand, "auto", 1) == Need(bars, 0, is_cerebro=True)
    assert need(signals, "cerebro", 8) == Need(bars, 2, is_cerebro=True)
    assert need(signals, "auto", 1, has_limit=True) == Need(bars, 1)


def test_a_run_above_its_share_is_refused_with_the_estimate_and_what_would_help() -> None:
    need = Need(MILLION, 2, is_cerebro=True)
    with pytest.raises(UsageError) as refused:
        check(need, force=False, available=int(need.bytes / 0.7) - 100)
    assert str(refused.value) == (
        "the run needs about 1.8 GB of memory (1 assets, 1,000,000 bars, 2 processes); 2.6 GB "
        "are available, of which a run takes at most 70%. Take fewer assets (--max-assets), a "
        "shorter range (--start, --end, --range common) or fewer --jobs; --force begins all the "
        "same."
    )


@pytest.mark.parametrize(
    ("force", "available"), [(True, 1), (False, None), (False, int(Need(MILLION).bytes / 0.7) + 9)]
)
def test_force_room_enough_and_a_silent_system_let_it_begin(
    force: bool, available: int | None
) -> None:
    assert check(Need(MILLION), force=force, available=available) is None


def words(**given: Any) -> argparse.Namespace:
    plain = {"asset_timeout": None, "player": "auto", "force": False, "data": None}
    return argparse.Namespace(**plain | given)


def test_files_that_will_not_fit_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Parquet().write(tmp_path / "EURUSD.parquet", random_bars(1, 500))
    config = RunConfig(portfolio=portfolio(), assets=tuple(asset_configs(["EURUSD"])))
    part = RunConfig(portfolio=portfolio(start="2025-01-01"), assets=config.assets)
    monkeypatch.setattr(memory, "available_bytes", lambda: 1_000_000)
    with pytest.raises(UsageError, match="500 bars"):
        before_reading(config, words(data=str(tmp_path)), 1)
    before_reading(part, words(data=str(tmp_path)), 1)  # only the bars themselves can tell


def test_only_the_common_range_counts_where_only_it_is_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bars = market(["EURUSD", "GBPUSD"], 1, 5)
    bars["GBPUSD"] = bars["GBPUSD"].cut(slice(0, 7))
    monkeypatch.setattr(memory, "available_bytes", lambda: 1_000_000)
    assets = tuple(asset_configs(["EURUSD", "GBPUSD"]))
    with pytest.raises(UsageError, match="2 assets, 14 bars"):
        before_playing(
            RunConfig(portfolio=portfolio(range="common"), assets=assets), bars, words(), 1
        )
    with pytest.raises(UsageError, match=f"2 assets, {len(bars['EURUSD']) + 7} bars"):
        before_playing(RunConfig(portfolio=portfolio(), assets=assets), bars, words(), 1)


#: The peak is VmHWM: ru_maxrss would count what the process that started this one once held.
SAMPLE = """
import re, sys
from pathlib import Path
from lockstep.cli.door import portfolio_main
code = portfolio_main(["--quiet", "--results", sys.argv[1], "--jobs", "1"])
peak = re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]
print(code, int(peak) * 1024, file=sys.stderr)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak")
def test_the_estimate_is_within_half_and_twice_the_peak_of_the_sample(tmp_path: Path) -> None:
    if is_cold():
        measured(tmp_path / "first")  # compiles, which takes memory of another kind
    assert 0.5 < Need({"all": 584_292}).bytes / measured(tmp_path / "second") < 2.0


def measured(results: Path) -> int:
    """Run the sample in a process of its own; return its peak, bytes."""
    source = str(Path(memory.__file__).parents[2])
    done = subprocess.run(
        [sys.executable, "-c", SAMPLE, str(results)],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": source},
    )
    code, peak = (int(word) for word in done.stderr.split())
    assert code == 0
    return peak
