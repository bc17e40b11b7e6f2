from __future__ import annotations

import json
from pathlib import Path

import pytest

from lockstep.config.loading import load
from lockstep.config.models import PortfolioConfig
from lockstep.config.selection import Selection
from tests.config.files import EURUSD, content, refused, write

ROOT = Path(__file__).parents[2]


def test_all_findings_are_listed_at_once(tmp_path: Path) -> None:
    data = content(
        portfolio__capital="1",
        portfolio__seed=-1,
        assets__eurusd__instrument__tick=0,
        assets__eurusd__parameters__atr_period=0,
        other=1,
    )
    assert len(refused(tmp_path, data)) == 5


def test_nan_is_refused_wherever_it_stands(tmp_path: Path) -> None:
    text = json.dumps(content(portfolio__capital=float("nan")))
    assert refused(tmp_path, text) == [
        "assets.json: portfolio.capital: is NaN; expected a finite number."
    ]


def test_a_repeated_asset_is_refused(tmp_path: Path) -> None:
    block = json.dumps(EURUSD)
    text = f'{{"assets": {{"EURUSD_5m": {block},\n"EURUSD_5m": {block}}}}}'
    assert refused(tmp_path, text) == [
        "assets.json: assets.EURUSD_5m: is given twice (lines 1 and 2); keep one of them."
    ]


def test_a_wrong_flag_is_blamed_on_the_flag(tmp_path: Path) -> None:
    lines = refused(tmp_path, content(), overrides={"capital": -1.0})
    assert lines == ["--capital: portfolio.capital: is -1.0; expected a number above 0."]


def test_a_flag_beats_the_file_and_the_file_beats_the_preset(tmp_path: Path) -> None:
    assets = {f"{name}_5m": EURUSD for name in ("SILVERX", "ETHUSDX", "BTCUSDX", "GOLDX")}
    assets = {
        key: EURUSD | {"instrument": {"class": "crypto", "base": "BTC", "quote": "USD"}}
        for key in assets
    }
    aggressive = Selection(preset="aggressive")
    silent = write(tmp_path, {"assets": assets}, "silent.json")
    stated = write(
        tmp_path, {"assets": assets, "portfolio": {"allocation": "risk_parity"}}, "stated.json"
    )
    flag = {"allocation": "inverse_volatility"}
    allocation = [
        load(silent).config.portfolio.allocation,
        load(silent, aggressive).config.portfolio.allocation,
        load(stated, aggressive).config.portfolio.allocation,
        load(stated, aggressive, overrides=flag).config.portfolio.allocation,
    ]
    expected = ["equal_weight", "performance_weighted", "risk_parity", "inverse_volatility"]
    assert allocation == expected


def test_parameters_of_a_model_that_a_flag_replaces_are_dropped_with_a_notice(
    tmp_path: Path,
) -> None:
    data = content(
        portfolio__allocation="performance_weighted",
        portfolio__allocation_parameters={"shrink": 0.25},
    )
    path = write(tmp_path, data)
    assert load(path).config.portfolio.allocation_parameters["shrink"] == 0.25
    loaded = load(path, overrides={"allocation": "equal_weight"})
    assert "shrink" not in loaded.config.portfolio.allocation_parameters
    assert loaded.notices == (
        "allocation_parameters of performance_weighted are ignored: allocation is equal_weight.",
    )


def test_percent_keys_become_fractions(tmp_path: Path) -> None:
    data = content(
        portfolio__risk_per_trade_pct=0.5,
        portfolio__max_asset_weight_pct=40,
        portfolio__stop_out_level_pct=50,
        portfolio__risk__breaker={"limit_pct": 20},
        assets__eurusd__instrument__swap_long_pct=-3.5,
    )
    config = load(write(tmp_path, data)).config
    assert config.portfolio.risk_per_trade == 0.005
    assert config.portfolio.max_asset_weight == 0.4
    assert config.portfolio.stop_out_level == 0.5
    assert config.portfolio.risk["breaker"]["limit"] == 0.2
    assert config.assets[0].instrument.swap_long == pytest.approx(-0.035)


def test_default_rules_act_until_switched_off(tmp_path: Path) -> None:
    rules = load(write(tmp_path, content())).config.portfolio.risk
    assert list(rules) == ["breaker", "correlation_scaling", "drawdown_scaling"]
    assert rules["breaker"]["limit"] == 0.25
    off = content(
        portfolio__risk__breaker=None,
        portfolio__risk__drawdown_scaling=False,
        portfolio__risk__daily_loss={"limit_pct": 4},
    )
    rules = load(write(tmp_path, off)).config.portfolio.risk
    assert list(rules) == ["correlation_scaling", "daily_loss"]
    assert rules["daily_loss"]["limit"] == 0.04


def test_the_drawdown_flag_sets_the_breaker_and_keeps_its_other_parameters(tmp_path: Path) -> None:
    data = content(portfolio__risk__breaker={"limit_pct": 20, "resume": "next_month"})
    config = load(write(tmp_path, data), overrides={"max_drawdown": 0.12}).config
    assert config.portfolio.risk["breaker"]["limit"] == 0.12
    assert config.portfolio.risk["breaker"]["resume"] == "next_month"


def test_yaml_reads_like_json_and_its_dates_are_dates(tmp_path: Path) -> None:
    text = (
        "portfolio: {start: 2025-01-31, end: '2025-02-28T12:00+01:00'}\n"
        "assets:\n  EURUSD_5m:\n    instrument: {class: fx, spread: 0.0001}\n"
        "    strategy: mean_reversion\n    parameters: {reward_risk: 2}\n"
    )
    from_yaml = load(write(tmp_path, text, "a.yaml")).config
    assert from_yaml.assets == load(write(tmp_path, content())).config.assets
    assert from_yaml.portfolio.start == "2025-01-31"
    assert from_yaml.portfolio.start_ns == 1_738_281_600 * 10**9
    # a moment as end includes the label at that moment: 11:00 UTC and one ns
    assert from_yaml.portfolio.end_ns == 1_740_740_400 * 10**9 + 1


def test_a_date_as_end_includes_that_day() -> None:
    day = PortfolioConfig(start="1970-01-02", end="1970-01-02")
    assert (day.start_ns, day.end_ns) == (86_400 * 10**9, 2 * 86_400 * 10**9)


def test_a_resolved_config_reads_back_equal(tmp_path: Path) -> None:
    data = content(
        portfolio__risk={
            "breaker": None,
            "halts": {"spans": [["2025-03-19T18:00", "2025-03-19T20:00"]]},
        },
        portfolio__allocation="fixed",
        portfolio__allocation_parameters={"fractions": {"EURUSD": 0.5}},
        portfolio__conversion={"USDT/USD": 1.0},
        portfolio__end="2025-06-30",
        assets__eurusd__performance={"sharpe": 1.25, "start": "2024-01-01", "end": "2024-06-30"},
        assets__GBPUSD_5m=EURUSD
        | {"strategy": "examples.custom:MyStrategy", "parameters": {"levels": [1, 2]}},
    )
    first = load(write(tmp_path, data), Selection(preference="pnl")).config
    saved = write(tmp_path, first.to_plain(), "config.json")
    again = load(saved).config
    assert again == first
    assert again.to_plain() == first.to_plain()


@pytest.mark.parametrize("name", ["assets_config_highperf.json", "examples/real_fx_crypto.json"])
def test_the_configs_of_the_project_load_and_read_back_equal(tmp_path: Path, name: str) -> None:
    config = load(ROOT / name).config
    assert load(write(tmp_path, config.to_plain(), "config.json")).config == config


def test_the_default_config_has_the_fifteen_assets_written_out_in_full() -> None:
    raw = json.loads((ROOT / "assets_config_highperf.json").read_text(encoding="utf-8"))
    wanted = [
        "SILVERX",
        "GOLDX",
        "BTCUSDX",
        "ETHUSDX",
        "EURUSDX",
        "GBPUSDX",
        "USDJPYX",
        "AUDUSDX",
        "NZDUSDX",
        "USDCADX",
        "USDCHFX",
        "EURGBPX",
        "EURCHFX",
        "EURJPYX",
        "GBPJPYX",
    ]
    assert list(raw["assets"]) == [f"{symbol}_5m" for symbol in wanted]
    asked = [
        "class",
        "base",
        "quote",
        "contract_size",
        "lot_step",
        "min_lot",
        "leverage",
        "quote_side",
        "session_zone",
        "commission_rate",
        "swap_long_pct",
        "swap_short_pct",
    ]
    for key, asset in raw["assets"].items():
        missing = [name for name in asked if name not in asset["instrument"]]
        assert not missing, key
        assert {"spread", "spread_pips"} & set(asset["instrument"]), key
        assert {"slippage", "slippage_bps"} & set(asset["instrument"]), key


def test_the_order_of_assets_in_the_file_does_not_matter(tmp_path: Path) -> None:
    keys = ["USDCHF_5m", "AUDUSD_5m", "EURUSD_5m"]
    one = write(tmp_path, {"assets": dict.fromkeys(keys, EURUSD)}, "a.json")
    other = write(tmp_path, {"assets": dict.fromkeys(reversed(keys), EURUSD)}, "b.json")
    assert load(one).config.assets == load(other).config.assets
    assert load(one).config.symbols == ("AUDUSD", "EURUSD", "USDCHF")
