import json

import pytest

from lockstep.core.errors import DataError, UsageError
from lockstep.runs.searches import SavedSearch, earlier_looks, find_search, saved_looks
from lockstep.runs.trials import TrialLedger
from tests.research.trials import noise, trial

ID = "20260105-101500-1a2b3c4d"
OTHER = "20260105-111500-99999999"


def saved(results, name=ID, folder="optimization", file="result.json", **result):
    """Return the directory of a search that left this result."""
    path = results / folder / name
    path.mkdir(parents=True)
    (path / file).write_text(json.dumps(result), encoding="utf-8")
    return path


def test_a_search_is_found_by_id_beginning_latest_or_directory(tmp_path):
    first, last = saved(tmp_path), saved(tmp_path, OTHER, "walkforward", "walkforward.json")
    assert find_search(ID, tmp_path) == first
    assert find_search("20260105-11", tmp_path) == last
    assert find_search("latest", tmp_path) == last
    assert find_search(str(first), tmp_path / "elsewhere") == first


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("2026", "'2026' means 2 searches in .*Write more of it"),
        ("2027", f"'2027' is no search in .*The newest: {OTHER}, {ID}"),
        ("../optimization/2026", "is no search in"),
        ("", "is no search in"),
    ],
)
def test_what_names_no_search_or_several_is_refused(tmp_path, name, words):
    saved(tmp_path)
    saved(tmp_path, OTHER, "walkforward")
    with pytest.raises(UsageError, match=words):
        find_search(name, tmp_path)


def test_where_there_is_no_search_it_says_so(tmp_path):
    with pytest.raises(UsageError, match=r"'latest' is no search in .*There is none\."):
        find_search("latest", tmp_path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "damaged"),
        ("[1]", "is damaged: it holds no JSON object"),
        (None, "no finished search"),
    ],
)
def test_a_search_without_a_result_that_can_be_read_is_refused(tmp_path, content, words):
    path = saved(tmp_path)
    (path / "result.json").unlink()
    if content is not None:
        (path / "result.json").write_text(content, encoding="utf-8")
    with pytest.raises(DataError, match=words):
        SavedSearch.of(path)


def test_studies_are_those_of_all_assets_each_once(tmp_path):
    assets = {"A": {"study": "A-search"}, "B": {"study": "B-search"}}
    found = SavedSearch.of(saved(tmp_path, studies=["A-search", "A-early"], assets=assets))
    assert found.studies == ("A-search", "A-early", "B-search")
    alone = SavedSearch.of(saved(tmp_path, OTHER, asset="A", study="A-search"))
    assert alone.studies == ("A-search",)


def test_all_trials_are_read_those_beside_the_best_included(tmp_path):
    ledger = TrialLedger(tmp_path / "trials")
    ledger.keep("A-search", noise(1, count=3))
    beside = trial(0, [0.01, 0.02], study="A-search-beside")
    ledger.keep("A-search-beside", [beside])
    search = SavedSearch.of(saved(tmp_path, asset="A", study="A-search"))
    found = search.trials(ledger)
    assert [(one.study, one.number) for one in found] == [
        ("A-search", 0), ("A-search", 1), ("A-search", 2), ("A-search-beside", 0),
    ]  # fmt: skip


def test_trials_are_looked_for_where_the_result_says_else_beside_it(tmp_path):
    path = saved(tmp_path, asset="A", study="s")
    assert SavedSearch.of(path).place == str(tmp_path / "trials")
    (path / "trials").mkdir()
    assert SavedSearch.of(path).place == str(path / "trials")
    there = saved(tmp_path, OTHER, trials_in="postgresql://host/name")
    assert SavedSearch.of(there).place == "postgresql://host/name"
    elsewhere = saved(tmp_path, "20260107-a", trials_in=str(tmp_path))
    assert SavedSearch.of(elsewhere).place == str(tmp_path)
    moved = saved(tmp_path, "20260107-b", trials_in=str(tmp_path / "gone"))
    assert SavedSearch.of(moved).place == str(tmp_path / "trials")
    unseen = saved(tmp_path, "20260107-c", trials_in="x" * 5000)  # as one that may not be looked at
    assert SavedSearch.of(unseen).place == str(tmp_path / "trials")


def test_a_study_that_is_not_kept_is_never_left_out_silently(tmp_path):
    ledger = TrialLedger(tmp_path / "trials")
    ledger.keep("A-search", noise(1, count=3))
    search = SavedSearch.of(saved(tmp_path, studies=["A-search", "B-search"]))
    with pytest.raises(DataError, match=r"no trial of study B-search is kept in .*with --trials"):
        search.trials(ledger)
    with pytest.raises(DataError, match="names no study of trials; it cannot be judged"):
        SavedSearch.of(saved(tmp_path, OTHER)).trials(ledger)


def test_the_choice_is_the_trial_that_the_result_names(tmp_path):
    trials = [*noise(1, count=4), *noise(2, count=4, asset="B")]
    block = {"study": "A-search", "best_trial": 3, "best_params": {"stop": 3}}
    assets = {"A": block, "B": {"study": "B-search", "best_trial": None}}
    found = SavedSearch.of(saved(tmp_path, assets=assets)).chosen(trials)
    assert {asset: (one.asset, one.number) for asset, one in found.items()} == {"A": ("A", 3)}
    alone = saved(tmp_path, OTHER, asset="A", **block)
    assert SavedSearch.of(alone).chosen(trials)["A"] == trials[3]
    listed = saved(tmp_path, "20260106-listed", assets=[{"asset": "A", **block}])
    assert SavedSearch.of(listed).chosen(trials)["A"] == trials[3]


@pytest.mark.parametrize(("number", "stop"), [(9, 9), (3, 2)])
def test_a_choice_that_is_not_among_the_trials_is_never_replaced_by_another(tmp_path, number, stop):
    path = saved(tmp_path, asset="A", study="A-search", best_trial=number,
                 best_params={"stop": stop})  # fmt: skip
    with pytest.raises(DataError, match=f"trial {number} of A is not kept in .* as the result"):
        SavedSearch.of(path).chosen(noise(1, count=4))


def test_the_run_of_a_walk_forward_is_among_the_results(tmp_path):
    path = saved(tmp_path, folder="walkforward", file="walkforward.json", run_id=ID)
    assert SavedSearch.of(path).run == tmp_path / ID
    for wrong in ("../../etc", None, 3):
        other = saved(tmp_path, f"x{str(wrong)[-1]}", run_id=wrong)
        assert SavedSearch.of(other).run is None


def test_goal_and_limits_are_read_wherever_settings_stand(tmp_path):
    flat = SavedSearch.of(saved(tmp_path, objective="calmar", min_trades=7))
    assert (flat.goal, flat.limit("min_trades"), flat.limit("max_drawdown")) == ("calmar", 7, None)
    block = {"objective": ["sqn", "pnl"], "constraints": {"max_drawdown": 0.2}}
    of_assets = SavedSearch.of(saved(tmp_path, OTHER, assets={"A": block}))
    assert (of_assets.goal, of_assets.limit("max_drawdown")) == ("sqn", 0.2)
    nested = SavedSearch.of(saved(tmp_path, "20260107-x", settings={"objective": "pnl"}))
    assert nested.goal == "pnl"


def look(study="EUR-1", made=20, start="2025-01-01T00:00:00", end="2025-07-01T00:00:00", **given):
    return {
        "study": study, "method": "random", "seed": 1, "space": {"points": 9},
        "data": {"start": start, "end": end}, "trials": {"made": made}, **given,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("other", "counted"),
    [
        (look("EUR-2", 30, seed=2), 30),
        (look("EUR-2", 30, space={"points": 99}), 30),
        (look("EUR-2", 30), 0),  # the same points by other code
        (look("EUR-2", 30, objective=["pnl"]), 0),
        (look(made=50), 30),  # the same search, but longer
        (look(made=20), 0),
        (look("EUR-2", 30, seed=2, start="2025-06-30T23:00:00", end="2026-01-01T00:00:00"), 30),
        (look("EUR-2", 30, seed=2, start="2025-07-01T00:00:00", end="2026-01-01T00:00:00"), 0),
    ],
)
def test_other_looks_at_the_same_days_are_counted(tmp_path, other, counted):
    saved(tmp_path, assets={"EUR": other, "USD": look("USD-1", seed=3)})
    expected = {ID: counted} if counted else {}
    assert earlier_looks(saved_looks(tmp_path), "EUR", look()) == expected
    assert earlier_looks(saved_looks(tmp_path), "GBP", look()) == {}


def test_a_search_that_learns_looks_elsewhere_for_another_goal(tmp_path):
    saved(tmp_path, assets={"EUR": look("EUR-2", method="bayesian", objective=["pnl"])})
    mine = look(method="bayesian", objective=["sharpe"])
    assert earlier_looks(saved_looks(tmp_path), "EUR", mine) == {ID: 20}


def test_a_study_that_several_searches_took_over_counts_once_and_damage_is_no_look(tmp_path):
    saved(tmp_path, assets={"EUR": look("EUR-2", 30, seed=2)})
    saved(tmp_path, OTHER, assets={"EUR": look("EUR-2", 40, seed=2)})
    broken = saved(tmp_path, "20260105-121500-11111111")
    (broken / "result.json").write_text("{", encoding="utf-8")
    assert earlier_looks(saved_looks(tmp_path), "EUR", look()) == {OTHER: 40}
    assert earlier_looks(saved_looks(tmp_path / "none"), "EUR", look()) == {}


def walked(results, name, **given):
    """Return a walk-forward that tried these points."""
    one = {"data": {"start": "2025-01-01T00:00:00", "end": "2025-07-01T00:00:00"},
           "study": "EUR-windows-1", "trials": {"made": 90}} | given  # fmt: skip
    saved(results, name, "walkforward", "walkforward.json", looks={"EUR": one})
    return one


def test_walk_forwards_of_the_same_days_are_counted_too_in_both_directions(tmp_path):
    saved(tmp_path, assets={"EUR": look()})
    mine = walked(tmp_path, OTHER)
    assert earlier_looks(saved_looks(tmp_path), "EUR", look("EUR-2", seed=2)) == {ID: 20, OTHER: 90}
    assert earlier_looks(saved_looks(tmp_path), "EUR", mine) == {
        ID: 20
    }  # the same points are no other look
    another = {**mine, "study": "EUR-windows-2"}
    assert earlier_looks(saved_looks(tmp_path), "EUR", another) == {ID: 20, OTHER: 90}
    later = {"start": "2025-07-01T00:00:00", "end": "2025-09-01T00:00:00"}
    assert earlier_looks(saved_looks(tmp_path), "EUR", {**another, "data": later}) == {}


def test_a_search_that_learns_tries_other_points_on_other_bars(tmp_path):
    data = {"start": "2025-01-01T00:00:00", "end": "2025-07-01T00:00:00"}
    saved(tmp_path, assets={"EUR": look("EUR-2", method="bayesian", data={**data, "sha256": "a"})})
    mine = look(method="bayesian", data={**data, "sha256": "b"})
    assert earlier_looks(saved_looks(tmp_path), "EUR", mine) == {ID: 20}
    assert (
        earlier_looks(saved_looks(tmp_path), "EUR", {**mine, "data": {**data, "sha256": "a"}}) == {}
    )


def test_what_does_not_say_how_many_trials_on_which_days_is_no_look(tmp_path):
    saved(tmp_path, folder="walkforward", file="walkforward.json", looks={"EUR": {"study": "x"}})
    saved(tmp_path, OTHER, asset="EUR", study="EUR-2")
    assert earlier_looks(saved_looks(tmp_path), "EUR", look()) == {}
