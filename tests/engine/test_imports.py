"""Hand-written strategies come from the project or a folder that was named; nothing else runs."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lockstep.core.errors import StrategyError
from lockstep.core.plan import CustomStrategy
from lockstep.engine.cerebro.player import load_strategy
from lockstep.engine.imports import check_origin
from lockstep.engine.portfolio import PortfolioBacktester
from tests.engine.markets import asset_configs, market, portfolio

STRATEGY = """
from pathlib import Path
from lockstep.engine.cerebro.strategy import LockstepStrategy
Path(__file__).with_name("has_run").touch()
class Mine(LockstepStrategy):
    pass
"""


@pytest.fixture(autouse=True)
def path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", list(sys.path))


def write(folder: Path, *packages: str, name: str = "mine_alone") -> Path:
    place = folder
    for package in packages:
        place /= package
        place.mkdir(parents=True, exist_ok=True)
        (place / "__init__.py").write_text(
            "from pathlib import Path\nPath(__file__).with_name('has_run').touch()"
        )
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}.py").write_text(STRATEGY)
    return place


def custom(path: str, *folders: Path) -> CustomStrategy:
    return CustomStrategy(path, {}, tuple(str(folder) for folder in folders))


def has_run(folder: Path) -> bool:
    return bool(list(folder.rglob("has_run")))


def test_a_named_folder_is_searched_and_nothing_runs_before_it_is_judged(tmp_path: Path) -> None:
    write(tmp_path, "named_package", name="inside")
    one = custom("named_package.inside:Mine", tmp_path)
    check_origin(one)
    assert not has_run(tmp_path)
    assert load_strategy(one).__name__ == "Mine"
    assert has_run(tmp_path)


def test_a_folder_without_an_init_is_a_package_too(tmp_path: Path) -> None:
    write(tmp_path / "bare_one" / "bare_two", name="inside")
    assert load_strategy(custom("bare_one.bare_two.inside:Mine", tmp_path)).__name__ == "Mine"


def test_the_project_needs_no_flag() -> None:
    assert load_strategy(custom("examples.custom:MyStrategy")).__name__ == "MyStrategy"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("this", "this lies in .*; expected module:Class in the project"),
        ("pip._internal", "pip lies in .*site-packages"),
        ("json.tool", "json lies in "),
        ("sys", "sys is part of Python"),
        ("zipimport", "zipimport is part of Python|zipimport lies in"),
        ("no_such_module", "there is no module no_such_module"),
        ("examples.custom.deeper", "there is no module examples.custom.deeper"),
    ],
)
def test_what_is_installed_or_missing_is_refused_and_not_imported(name: str, words: str) -> None:
    before = set(sys.modules)
    with pytest.raises(StrategyError, match=words):
        load_strategy(custom(f"{name}:Mine"))
    assert {loaded for loaded in set(sys.modules) - before if loaded.startswith(name)} == set()


def test_a_package_outside_does_not_run_on_the_way_to_a_module_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    write(inside, name="late_mine")
    write(outside, "way_outside")
    (outside / "way_outside" / "late_mine.py").symlink_to(inside / "late_mine.py")
    monkeypatch.syspath_prepend(str(outside))
    with pytest.raises(StrategyError, match="way_outside lies in"):
        load_strategy(custom("way_outside.late_mine:Mine", inside))
    assert not has_run(outside)


@pytest.mark.parametrize("link", ["linked_away.py", "linked_package"])
def test_a_link_out_of_a_named_folder_is_refused(tmp_path: Path, link: str) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    write(outside, "linked_package", name="linked_away")
    target = outside / "linked_package"
    (inside / link).symlink_to(target / link if link.endswith(".py") else target)
    name = "linked_away" if link.endswith(".py") else "linked_package.linked_away"
    with pytest.raises(StrategyError, match=r"lies in .*outside"):
        load_strategy(custom(f"{name}:Mine", inside))
    assert not has_run(outside)


def test_packages_installed_within_the_named_folder_are_no_part_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = write(tmp_path / "venv" / "site-packages", name="installed_mine")
    monkeypatch.syspath_prepend(str(installed))
    with pytest.raises(StrategyError, match=r"installed_mine lies in .*site-packages"):
        load_strategy(custom("installed_mine:Mine", tmp_path))
    assert not has_run(tmp_path)


def test_a_module_loaded_from_elsewhere_is_not_taken_for_one_inside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, name="yaml")
    monkeypatch.setitem(sys.modules, "yaml", sys.modules["json"])
    with pytest.raises(StrategyError, match="yaml lies in"):
        load_strategy(custom("yaml:Mine", tmp_path))


def test_a_strategy_from_elsewhere_stops_the_run_before_anything_is_played() -> None:
    wrong, right = asset_configs(["EURUSD", "GBPUSD"])
    wrong = wrong.model_copy(update={"strategy": "this:Mine", "parameters": {}})
    backtester = PortfolioBacktester([wrong, right], portfolio(on_asset_error="drop"))
    with pytest.raises(StrategyError, match=r"^EURUSD\.strategy: strategy 'this:Mine' is not"):
        backtester.prepare(market(["EURUSD", "GBPUSD"], 1, 5))
