"""What saved walk-forwards made of an asset, for best_configs and for later walk-forwards."""

import json

from lockstep.runs.walks import SavedWalks

MADE = {
    "strategy": "mean_reversion", "start": "2025-03-01", "end": "2025-06-30", "days": 104,
    "net_pnl": 10.0, "sharpe": 0.5, "trades": 12, "windows": 4, "windows_traded": 3,
    "undefined": {},
}  # fmt: skip


def walk(results, name, **given):
    path = results / "walkforward" / name
    path.mkdir(parents=True)
    result = {
        "settings": {"objective": "pnl", "method": "grid", "trials_a_window": None,
                     "in_sample_months": 2, "out_of_sample_months": 1, "seed": 3,
                     "capital": 5_000.0, "currency": "EUR"},
        "alone": {"EUR_5m": {**MADE, **given}},
    }  # fmt: skip
    (path / "walkforward.json").write_text(json.dumps(result), encoding="utf-8")


def test_the_newest_walk_forward_of_the_strategy_is_told_with_how_it_chose(tmp_path):
    walk(tmp_path, "20260101-a", net_pnl=99.0)
    walk(tmp_path, "20260102-b", net_pnl=-5.0, end="2025-05-31")
    walk(tmp_path, "20260103-c", strategy="breakout")
    found = SavedWalks.of(tmp_path).newest("EUR_5m", "mean_reversion")
    expected = {name: value for name, value in MADE.items() if name != "undefined"} | {
        "id": "20260102-b", "net_pnl": -5.0, "end": "2025-05-31", "others": 1,
        "objective": "pnl", "method": "grid", "trials_a_window": None, "in_sample_months": 2,
        "out_of_sample_months": 1, "capital": 5_000.0, "currency": "EUR",
    }  # fmt: skip
    assert found == expected
    assert SavedWalks.of(tmp_path).newest("EUR_5m", "momentum") is None
    assert SavedWalks.of(tmp_path).newest("USD_5m", "mean_reversion") is None


def test_others_share_a_day_and_made_something_else(tmp_path):
    walk(tmp_path, "20260101-a", net_pnl=99.0)
    walk(tmp_path, "20260102-b", start="2025-07-01", end="2025-08-31")
    walk(tmp_path, "20260103-c", strategy="breakout")
    walk(tmp_path, "20260104-d")
    assert SavedWalks.of(tmp_path).others("EUR_5m", MADE) == ["20260101-a"]


def test_one_that_cannot_be_read_or_tells_nothing_of_assets_is_left_out(tmp_path):
    walk(tmp_path, "20260101-a")
    for name, content in (("20260102-b", "{"), ("20260103-c", "{}")):
        path = tmp_path / "walkforward" / name
        path.mkdir()
        (path / "walkforward.json").write_text(content, encoding="utf-8")
    assert SavedWalks.of(tmp_path).newest("EUR_5m", "mean_reversion")["id"] == "20260101-a"
