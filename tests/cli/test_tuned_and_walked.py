"""A search, walk-forwards of its days, and a search again: each is told of the others."""

import json

import pytest

from lockstep.cli import door, optimize, walkforward
from lockstep.core.files import write_json
from lockstep.core.result import RunResult
from lockstep.metrics.summary import summarise
from lockstep.runs.best_configs import performances
from lockstep.runs.searches import find_search

SMALL = ["--assets", "EURGBPX", "NZDUSDX", "--method", "grid", "--min-trades", "1", "--jobs", "1",
         "--start", "2025-01-01", "--end", "2025-03-31", "--quiet"]  # fmt: skip
WALK = ["walkforward", *SMALL, "--in-sample", "1", "--out-of-sample", "1", "--keep-assets", "all"]
KEYS = ["EURGBPX_5m", "NZDUSDX_5m"]


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return what each command of a story said, what it left, and the results."""
    results = tmp_path_factory.mktemp("results")
    story = [
        ("searched", ["optimize", *SMALL, "--vary", "stop_multiplier=2,3,4"]),
        ("walked", [*WALK, "--vary", "stop_multiplier=2,3"]),
        ("walked again", [*WALK, "--vary", "stop_multiplier=2,3"]),
        ("walked otherwise", [*WALK, "--vary", "reward_risk=1,2"]),
        ("searched again", ["optimize", *SMALL, "--vary", "reward_risk=2,3"]),
    ]
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(walkforward, "write", only_numbers)
        patch.setattr(walkforward, "source_hash", lambda: "code")
        patch.setattr(optimize, "source_hash", lambda: "code")
        for name, words in story:
            said = []
            patch.setattr("builtins.print", lambda *lines, said=said, **_: said.extend(lines))
            assert door.main([*words, "--results", str(results)]) == 0
            found[name] = Step(results, "\n".join(said))
    return results, found


class Step:
    """What was said, and what the files said then."""

    def __init__(self, results, said):
        self.said = said
        self.path = max(
            results.glob("*/2*/*.json"), key=lambda path: path.stat().st_mtime_ns
        ).parent
        file = "result.json" if self.path.parent.name == "optimization" else "walkforward.json"
        self.numbers = json.loads((self.path / file).read_text(encoding="utf-8"))
        self.stored = {
            key: block["performance"] for key, block in performances(results, "balanced").items()
        }
        self.summary = (results / "portfolio_summary.txt").read_text(encoding="utf-8")


def only_numbers(result, directory, bars):
    write_json(directory / "metrics.json", summarise(result))


def test_a_walk_forward_is_told_to_best_configs_and_to_the_summary(told):
    results, found = told
    assert all(one["walk_forward"] is None for one in found["searched"].stored.values())
    assert "Not measured: no walk-forward" in found["searched"].summary
    walked = found["walked"]
    for key in KEYS:
        made = walked.numbers["alone"][key]
        told_of = walked.stored[key]["walk_forward"]
        assert told_of["id"] == walked.numbers["id"]
        for name in ("strategy", "start", "end", "days", "net_pnl", "sharpe", "trades"):
            assert told_of[name] == made[name], name
        assert told_of["others"] == 0
        assert (told_of["capital"], told_of["currency"]) == (100_000.0, "USD")
        rows = [
            line.split() for line in walked.summary.splitlines() if f" {made['start']} " in line
        ]
        assert [key, made["start"], made["end"], str(made["windows_traded"])] in [
            row[:4] for row in rows
        ]
    assert f"wrote: {results / 'best_configs_pnl.json'} (walk-forward of {', '.join(KEYS)})" in (
        walked.said
    )
    assert f"wrote: {results / 'portfolio_summary.txt'}" in walked.said
    # but for the walk-forward the summary still is that of the search
    assert f"last search {found['searched'].numbers['id']}" in walked.summary


def test_what_an_asset_made_alone_is_its_solo_run_in_the_account_of_the_walk(told):
    results, found = told
    walked = found["walked"].numbers
    run = RunResult.load(results / walked["run_id"])
    for symbol, key in zip(("EURGBPX", "NZDUSDX"), KEYS):
        made = walked["alone"][key]
        assert made["trades"] == (run.solo_trades["asset"] == symbol).sum()
        last = run.solo_equity[symbol].dropna().iloc[-1] - 100_000.0
        assert made["net_pnl"] == pytest.approx(last, abs=200.0)  # but for what closing costs
        windows = [window["by_asset"][symbol] for window in walked["windows"]]
        assert made["windows_traded"] == sum(one["trades"] for one in windows) == made["windows"]


def test_earlier_searches_and_walk_forwards_are_named_and_a_repetition_is_not(told):
    _, found = told
    first, walked = found["searched"].numbers, found["walked"].numbers
    made = {symbol: first["assets"][symbol]["trials"]["made"] for symbol in first["assets"]}
    assert walked["earlier"] == {symbol: {first["id"]: made[symbol]} for symbol in made}
    line = f"not counted: {sum(made.values())} further trials on these days by 1 other search"
    assert line in found["walked"].said
    page = (found["walked"].path / "walkforward.txt").read_text(encoding="utf-8")
    page = " ".join(page.replace("|", " ").split())
    assert page.count("NOT COUNTED") == 1  # however many assets
    said = f"{sum(made.values())} further trials of {len(made)} assets on these days by 1 other"
    assert f"NOT COUNTED above: {said}" in page
    assert found["walked again"].numbers["earlier"] == walked["earlier"]
    assert "THESE DAYS WERE TRADED BEFORE" not in (
        found["walked again"].path / "walkforward.txt"
    ).read_text(encoding="utf-8")
    otherwise = found["walked otherwise"]
    again = found["walked again"].numbers["id"]
    tried = {symbol: walked["looks"][symbol]["trials"]["made"] for symbol in made}
    assert otherwise.numbers["earlier"]["EURGBPX"] == {
        first["id"]: made["EURGBPX"], again: tried["EURGBPX"],
    }  # fmt: skip
    page = (otherwise.path / "walkforward.txt").read_text(encoding="utf-8")
    page = " ".join(page[: page.index("PROMISED AND KEPT")].replace("|", " ").split())
    assert "THESE DAYS WERE TRADED BEFORE: by 2 other walk-forwards of these results" in page
    looked = otherwise.numbers["earlier"].values()
    every = sum(sum(one.values()) for one in looked)
    assert f"NOT COUNTED above: {every} further trials of {len(looked)} assets" in page
    assert otherwise.stored["EURGBPX_5m"]["walk_forward"]["others"] == 2
    last = found["searched again"].numbers["assets"]["EURGBPX"]["earlier"]
    assert otherwise.numbers["id"] in last
    assert again in last


def test_luck_counts_the_trials_of_a_search_and_of_a_walk_forward_together(told, capsys):
    results, found = told
    names = [found[name].numbers["id"] for name in ("searched", "walked")]
    assert door.main(["luck", *names, "--results", str(results), "--json"]) == 0
    together = json.loads(capsys.readouterr().out)
    looks = found["walked"].numbers["looks"].values()
    walked = sum(one["trials"]["made"] for one in looks)
    assert together["verdict"]["trials"] == found["searched"].numbers["trials"] + walked
    assert find_search(names[1], results).parent.name == "walkforward"


def test_the_last_search_is_kept_and_says_what_it_replaced(told):
    _, found = told
    before, after = found["walked otherwise"], found["searched again"]
    for key in KEYS:
        was, now = before.stored[key], after.stored[key]
        assert now["optimization_id"] == after.numbers["id"]
        assert now["walk_forward"] == was["walk_forward"]
        assert now["replaced"]["optimization_id"] == found["searched"].numbers["id"]
        assert now["replaced"]["score"] == was["score"] != now["score"]
        assert now["replaced"]["comparable"] is True
        assert f"{key} {was['score']:.4g} -> {now['score']:.4g}, the same data" in after.said
    assert "WHAT THIS SEARCH REPLACED" in after.summary
