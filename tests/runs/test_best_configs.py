"""best_configs: written asset by asset, read by --preference, never half."""

import json
from concurrent.futures import ProcessPoolExecutor

import pytest

from lockstep.config.loading import load
from lockstep.config.selection import Selection
from lockstep.core.errors import ConfigError, LockedError
from lockstep.runs import best_configs
from lockstep.runs.best_configs import entry, merge, path_of, performances, tell_walks
from lockstep.runs.lock import locked
from tests.config.files import EURUSD, write

SEEN = {"sharpe": 1.5, "net_pnl": 10.0, "start": "2025-01-01", "end": "2025-06-30"}


def block(number=1, **performance):
    return entry("mean_reversion", {"atr_period": number}, {**SEEN, **performance})


def _merge_one(arguments):
    folder, number = arguments
    merge(folder, "balanced", {f"A{number:02d}_5m": block(number)})


def test_other_assets_keep_their_blocks_and_the_same_asset_gets_the_new_one(tmp_path):
    merge(tmp_path, "pnl", {"EURUSD_5m": block(1), "AUDUSD_5m": block(2)})
    path = merge(tmp_path, "pnl", {"EURUSD_5m": block(3)})
    assert path == tmp_path / "best_configs_pnl.json"
    found = json.loads(path.read_text())["assets"]
    assert list(found) == ["AUDUSD_5m", "EURUSD_5m"]
    assert [one["parameters"]["atr_period"] for one in found.values()] == [2, 3]


def test_a_file_in_the_flat_form_stays_flat_and_its_portfolio_is_kept(tmp_path):
    write(tmp_path, {"EURUSD_5m": {"parameters": {}}}, "best_configs_pnl.json")
    merge(tmp_path, "pnl", {"AUDUSD_5m": block()})
    assert set(json.loads(path_of(tmp_path, "pnl").read_text())) == {"AUDUSD_5m", "EURUSD_5m"}
    write(tmp_path, {"portfolio": {"capital": 5}, "assets": {}}, "best_configs_pnl.json")
    merge(tmp_path, "pnl", {"AUDUSD_5m": block()})
    assert json.loads(path_of(tmp_path, "pnl").read_text())["portfolio"] == {"capital": 5}
    assert performances(tmp_path, "pnl") == {"AUDUSD_5m": block(replaced=None)}


def test_what_is_written_is_what_a_portfolio_reads(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"assets": {"EURUSD_5m": EURUSD}}, "assets_config_highperf.json")
    merge("results", "balanced", {"EURUSD_5m": block(9)})
    loaded = load(None, Selection(preference="balanced"))
    (asset,) = loaded.config.assets
    assert asset.parameters["atr_period"] == 9
    assert asset.performance["sharpe"] == 1.5
    assert asset.performance["end"] == "2025-06-30"


def test_a_tuned_asset_that_the_configuration_does_not_have_is_left_out_and_told(
    tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path, {"assets": {"EURUSD_5m": EURUSD}}, "assets_config_highperf.json")
    merge("results", "balanced", {"EURUSD_5m": block(9), "OTHER_5m": block(1)})
    loaded = load(None, Selection(preference="balanced"))
    assert loaded.config.symbols == ("EURUSD",)
    assert any("OTHER_5m" in notice and "left out" in notice for notice in loaded.notices)


def test_processes_that_write_at_once_lose_nothing(tmp_path):
    with ProcessPoolExecutor(2) as pool:
        list(pool.map(_merge_one, [(str(tmp_path), number) for number in range(12)]))
    assert len(performances(tmp_path, "balanced")) == 12
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best_configs_balanced.json"]


def test_a_damaged_file_is_left_alone(tmp_path):
    path_of(tmp_path, "pnl").write_text('{"assets": {', encoding="utf-8")
    with pytest.raises(ConfigError, match=r"best_configs_pnl\.json"):
        merge(tmp_path, "pnl", {"EURUSD_5m": block()})
    assert path_of(tmp_path, "pnl").read_text() == '{"assets": {'


def test_whoever_holds_the_lock_for_ever_is_told_of(tmp_path, monkeypatch):
    monkeypatch.setattr(best_configs, "_TRIES", 2)
    with (
        locked(tmp_path, "best_configs"),
        pytest.raises(LockedError, match="other processes hold best_configs"),
    ):
        merge(tmp_path, "pnl", {"EURUSD_5m": block()})


def test_a_block_without_its_dates_is_refused_for_no_run_could_be_told_in_sample():
    with pytest.raises(ValueError, match="performance has no start and end"):
        entry("mean_reversion", {}, {"sharpe": 1.0})
    with pytest.raises(ValueError, match="preference 'luck' is unknown"):
        path_of("results", "luck")


def test_without_a_file_nothing_is_stored(tmp_path):
    assert performances(tmp_path, "drawdown") == {}


MEASURED = {"data_sha256": "d", "terms_sha256": "t", "trials": 50, "select": "best"}


def replaced(folder):
    return performances(folder, "pnl")["EURUSD_5m"]["performance"]["replaced"]


def test_a_block_tells_what_it_replaced_even_if_that_had_scored_more(tmp_path):
    merge(tmp_path, "pnl", {"EURUSD_5m": block(1, optimization_id="a", score=9.0, **MEASURED)})
    assert replaced(tmp_path) is None
    merge(tmp_path, "pnl", {"EURUSD_5m": block(2, optimization_id="b", score=4.0, **MEASURED)})
    assert replaced(tmp_path) == {
        "optimization_id": "a", "score": 9.0, "trials": 50, "select": "best",
        "start": "2025-01-01", "end": "2025-06-30", "comparable": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    "other", [{"end": "2025-07-01"}, {"data_sha256": "x"}, {"terms_sha256": "x"}]
)
def test_scores_of_other_dates_bars_or_costs_are_not_called_comparable(tmp_path, other):
    merge(tmp_path, "pnl", {"EURUSD_5m": block(1, score=9.0, **MEASURED)})
    merge(tmp_path, "pnl", {"EURUSD_5m": block(2, score=4.0, **{**MEASURED, **other})})
    assert replaced(tmp_path)["comparable"] is False


def test_the_same_choice_made_again_still_tells_what_the_first_one_replaced(tmp_path):
    merge(tmp_path, "pnl", {"EURUSD_5m": block(1, optimization_id="a", score=9.0, **MEASURED)})
    for name in ("b", "c"):
        found = {"EURUSD_5m": block(2, optimization_id=name, score=4.0, **MEASURED)}
        merge(tmp_path, "pnl", found)
    assert replaced(tmp_path)["optimization_id"] == "a"


def test_a_block_written_by_hand_is_replaced_by_one_that_says_so(tmp_path):
    write(tmp_path, {"EURUSD_5m": {"parameters": {}}}, "best_configs_pnl.json")
    merge(tmp_path, "pnl", {"EURUSD_5m": block(1, score=4.0, **MEASURED)})
    assert replaced(tmp_path) == {
        "optimization_id": None, "score": None, "trials": None, "select": None,
        "start": None, "end": None, "comparable": False,
    }  # fmt: skip


def test_a_walk_forward_is_told_to_blocks_of_its_strategy_that_a_search_wrote(tmp_path):
    assert tell_walks(tmp_path, "pnl", {"EURUSD_5m": {"strategy": "mean_reversion"}}) == []
    assert not path_of(tmp_path, "pnl").exists()
    found = {
        "EURUSD_5m": block(1, optimization_id="a"),
        "GOLD_5m": {**block(1, optimization_id="a"), "strategy": "breakout"},
        "HAND_5m": block(1),
    }
    merge(tmp_path, "pnl", found)
    before = performances(tmp_path, "pnl")
    walk = {"id": "w", "strategy": "mean_reversion", "sharpe": -0.2}
    assert tell_walks(tmp_path, "pnl", dict.fromkeys(found, walk)) == ["EURUSD_5m"]
    after = performances(tmp_path, "pnl")
    assert after["EURUSD_5m"]["performance"] == {
        **before["EURUSD_5m"]["performance"], "walk_forward": walk,
    }  # fmt: skip
    assert {**after, "EURUSD_5m": 0} == {**before, "EURUSD_5m": 0}
    assert tell_walks(tmp_path, "pnl", dict.fromkeys(found, walk)) == []
