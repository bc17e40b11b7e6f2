from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lockstep.config.loading import load
from lockstep.config.presets import PRESETS
from lockstep.config.ranking import in_sample
from lockstep.config.selection import Selection
from lockstep.core.errors import ConfigError
from tests.config.files import EURUSD, content, write

DAY = 86_400 * 10**9


def three(**performance: dict[str, Any]) -> dict[str, Any]:
    names = ("AUDUSD", "EURUSD", "GBPUSD")
    return {
        "assets": {
            f"{name}_5m": EURUSD | {"performance": performance.get(name, {})} for name in names
        }
    }


def chosen(path: Path, **how: Any) -> tuple[str, ...]:
    return load(path, Selection(**how)).config.symbols


@pytest.mark.parametrize(
    ("preference", "best"),
    [("balanced", "GBPUSD"), ("pnl", "EURUSD"), ("drawdown", "AUDUSD"), (None, "GBPUSD")],
)
def test_max_assets_keeps_the_best_by_the_preference(
    tmp_path: Path, preference: str | None, best: str
) -> None:
    data = three(
        AUDUSD={"sharpe": 0.1, "net_pnl": 1.0, "max_drawdown": 0.02},
        EURUSD={"sharpe": 0.5, "net_pnl": 9.0, "max_drawdown": 0.20},
        GBPUSD={"sharpe": 0.9, "net_pnl": 3.0, "max_drawdown": 0.10},
    )
    path = write(tmp_path, data)
    assert chosen(path, preference=preference, max_assets=1) == (best,)


def test_assets_without_a_stored_performance_come_last_by_name_with_a_notice(
    tmp_path: Path,
) -> None:
    path = write(tmp_path, three(GBPUSD={"score": -3}))
    loaded = load(path, Selection(max_assets=2))
    assert loaded.config.symbols == ("AUDUSD", "GBPUSD")
    assert loaded.notices == (
        "--max-assets: 2 assets have no stored performance (balanced): ranked by name.",
    )


def test_named_assets_replace_the_preset_and_unknown_ones_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, three())
    assert chosen(path, symbols=("GBPUSD", "AUDUSD")) == ("AUDUSD", "GBPUSD")
    with pytest.raises(
        ConfigError,
        match=r"assets.json: assets: EURUSX, asked for by --assets, is unknown; did you mean "
        r"'EURUSD'\?",
    ):
        chosen(path, symbols=("EURUSX",))
    with pytest.raises(ConfigError, match=r"EURGBPX, asked for by preset conservative, is unknown"):
        chosen(path, preset="conservative")


def test_the_presets_choose_their_assets_from_the_default_config() -> None:
    for name, preset in PRESETS.items():
        loaded = load(None, Selection(preset=name))
        assert loaded.config.symbols == tuple(sorted(preset.symbols))
        assert loaded.config.labels == (f"preset: {name}",)


def test_a_timeframe_must_be_chosen_where_the_file_has_several(tmp_path: Path) -> None:
    path = write(tmp_path, content(assets__EURUSD_15m=EURUSD, assets__GBPUSD_15m=EURUSD))
    with pytest.raises(
        ConfigError,
        match=r"are at 15m and 5m; a run has one timeframe. EURUSD would be there twice. Choose",
    ):
        load(path)
    loaded = load(path, overrides={"timeframe": "15m"})
    assert loaded.config.symbols == ("EURUSD", "GBPUSD")
    assert loaded.config.portfolio.timeframe == "15m"
    assert loaded.notices == ("Left out, not at 15m: EURUSD_5m.",)


def test_a_timeframe_no_asset_has_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"assets: none is at 1h; it has EURUSD_5m"):
        load(write(tmp_path, content()), overrides={"timeframe": "1h"})


def test_the_timeframe_is_the_assets_own_where_nothing_states_one(tmp_path: Path) -> None:
    path = write(tmp_path, {"assets": {"EURUSD_1h": EURUSD}})
    assert load(path).config.portfolio.timeframe == "1h"


def test_tuned_parameters_are_laid_over_the_default_config(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, three(), "assets_config_highperf.json")
    results = tmp_path / "results"
    results.mkdir()
    tuned = {
        "EURUSD_5m": {"parameters": {"atr_period": 21}, "performance": {"net_pnl": 7.0}},
        "GBPUSD_5m": {"strategy": "breakout", "parameters": {"entry_period": 60}},
    }
    write(results, tuned, "best_configs_pnl.json")
    loaded = load(None, Selection(preference="pnl"))
    audusd, eurusd, gbpusd = loaded.config.assets
    assert audusd.parameters["atr_period"] == 14
    assert (eurusd.parameters["atr_period"], eurusd.parameters["reward_risk"]) == (21, 2.0)
    assert eurusd.performance == {"net_pnl": 7.0}
    assert gbpusd.parameters["entry_period"] == 60
    assert "bollinger_period" not in gbpusd.parameters
    assert loaded.config.origin == ("assets_config_highperf.json", "best_configs_pnl.json")
    assert loaded.config.labels == ("preference: pnl",)
    assert loaded.notices == (
        "results/best_configs_pnl.json does not tune AUDUSD_5m: default parameters.",
    )


def test_a_fault_in_tuned_parameters_is_blamed_on_their_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, three(), "assets_config_highperf.json")
    (tmp_path / "results").mkdir()
    tuned = {"assets": {"EURUSD_5m": {"parameters": {"atr_period": 0}}}}
    write(tmp_path / "results", tuned, "best_configs_pnl.json")
    with pytest.raises(
        ConfigError,
        match=r"^results/best_configs_pnl.json: assets.EURUSD_5m.parameters: atr_period is 0;",
    ):
        load(None, Selection(preference="pnl"))


def test_without_tuned_parameters_the_default_config_runs_with_a_notice(tmp_path: Path) -> None:
    loaded = load(None, Selection(preference="drawdown"), results_dir=tmp_path)
    (notice,) = loaded.notices
    missing = f"{tmp_path}/best_configs_drawdown.json does not exist"
    assert notice == f"{missing}: assets_config_highperf.json is used as it is."
    assert len(loaded.config.assets) == 15


def test_tuned_parameters_are_laid_over_a_stated_config_too(tmp_path: Path) -> None:
    write(tmp_path, {"EURUSD_5m": {"parameters": {"atr_period": 21}}}, "best_configs_pnl.json")
    path = write(tmp_path, content())
    loaded = load(path, Selection(preference="pnl"), results_dir=tmp_path)
    assert loaded.config.assets[0].parameters["atr_period"] == 21
    assert loaded.files == (path, tmp_path / "best_configs_pnl.json")
    assert load(path, results_dir=tmp_path).config.assets[0].parameters["atr_period"] == 14


@pytest.mark.parametrize(
    ("start", "end", "overlaps"),
    [
        (0, 5 * DAY, False),  # the run ends as the 6th of January, the first tuned day, begins
        (0, 5 * DAY + 1, True),
        (10 * DAY, 20 * DAY, False),  # the 10th is the last tuned day
        (10 * DAY - 1, 20 * DAY, True),
        (6 * DAY, 7 * DAY, True),
    ],
)
def test_a_performance_measured_on_days_of_the_run_is_in_sample(
    tmp_path: Path, start: int, end: int, overlaps: bool
) -> None:
    tuned = {"sharpe": 1.0, "start": "1970-01-06", "end": "1970-01-10"}
    assets = load(write(tmp_path, three(EURUSD=tuned, GBPUSD={"sharpe": 2.0}))).config.assets
    assert in_sample(assets, start, end) == (["EURUSD"] if overlaps else [])


def test_wrong_choices_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"preset 'agressive' is unknown; did you mean 'aggr"):
        Selection(preset="agressive")
    with pytest.raises(ConfigError, match=r"max_assets is 0; expected at least 1"):
        Selection(max_assets=0)
    with pytest.raises(ConfigError, match=r"the assets asked for are none"):
        Selection(symbols=())
