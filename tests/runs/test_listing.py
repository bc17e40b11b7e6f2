"""A results directory as a list: every state a run can be in, and how a run is named."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lockstep.cli.runs import lines
from lockstep.core.errors import UsageError
from lockstep.core.result import FILES
from lockstep.report.index import index_page
from lockstep.runs.directory import STATUS_FILE, RunDirectory
from lockstep.runs.listing import LATEST, find, listed, listing

FIRST, SECOND, THIRD = (
    f"2025030{day}-120000-{mark * 8}" for day, mark in ((1, "a"), (2, "b"), (3, "c"))
)
PORTFOLIO = {
    "net_pnl": 12.5, "total_return": 0.01, "sharpe": None, "max_drawdown": 0.2, "trades": 3
}  # fmt: skip


def made(results, name, status="complete", metrics=None):
    """Make the directory of a run by hand."""
    path = results / name
    path.mkdir(parents=True)
    for file in FILES:
        (path / file).parent.mkdir(exist_ok=True)
        (path / file).write_text("", encoding="utf-8")
    facts = {
        "symbols": ["A", "B"], "labels": ["SYNTHETIC"], "timeframe": "5m", "currency": "USD"
    }  # fmt: skip
    numbers = metrics or {"portfolio": PORTFOLIO, "undefined": {"portfolio.sharpe": "too short"}}
    contents = {
        "facts.json": facts,
        "config.json": {"portfolio": {"allocation": "risk_parity"}, "assets": {"A": {}, "B": {}}},
        "metrics.json": numbers,
    }
    for file, plain in contents.items():
        (path / file).write_text(json.dumps(plain), encoding="utf-8")
    RunDirectory(path).mark(status)
    return path


def test_a_complete_run_tells_its_numbers_and_why_one_is_missing(tmp_path):
    made(tmp_path, FIRST)
    (one,) = listing(tmp_path)
    assert one.plain() == {
        "run_id": FIRST,
        "date": "2025-03-01T12:00:00Z",
        "status": "complete",
        "assets": 2,
        "allocation": "risk_parity",
        "timeframe": "5m",
        "currency": "USD",
        "labels": ["SYNTHETIC"],
        **PORTFOLIO,
        "undefined": {"sharpe": "too short"},
        "wrong": "",
    }


def test_the_newest_run_comes_first_and_what_is_no_run_is_left_out(tmp_path):
    for name in (SECOND, FIRST, THIRD):
        made(tmp_path, name)
    (tmp_path / "best_configs_pnl.json").write_text("{}", encoding="utf-8")
    (tmp_path / "notes").mkdir()
    (tmp_path / f".{FIRST}.part").mkdir()
    assert [one.run_id for one in listing(tmp_path)] == [THIRD, SECOND, FIRST]
    assert listing(tmp_path / "nowhere") == []


@pytest.mark.parametrize("status", ["failed", "interrupted"])
def test_a_run_that_never_ended_tells_its_configuration_and_no_numbers(tmp_path, status):
    path = made(tmp_path, FIRST, status)
    for name in ("facts.json", "metrics.json"):
        (path / name).unlink()
    (one,) = listing(tmp_path)
    assert (one.status, one.assets, one.allocation) == (status, 2, "risk_parity")
    assert (dict(one.numbers), one.wrong) == ({}, "")


def test_a_run_whose_process_is_dead_was_interrupted(tmp_path):
    made(tmp_path, FIRST, "running")
    assert listing(tmp_path)[0].status == "interrupted"


def test_a_partial_run_has_no_portfolio_numbers(tmp_path):
    made(tmp_path, FIRST, "partial", {"portfolio": {}, "undefined": {"portfolio": "not played"}})
    (one,) = listing(tmp_path)
    assert (one.status, dict(one.numbers)) == ("partial", {})


@pytest.mark.parametrize(
    ("file", "content", "wrong"),
    [
        ("metrics.json", "{", "metrics.json is missing or unreadable"),
        ("metrics.json", None, "metrics.json is missing or unreadable"),
        ("facts.json", "[1]", "facts.json is missing or unreadable"),
        ("config.json", "\x00", "config.json is missing or unreadable"),
        ("equity.parquet", None, "equity.parquet is missing"),
        (STATUS_FILE, None, f"{STATUS_FILE} is missing or unreadable"),
        (STATUS_FILE, "{}", f"{STATUS_FILE} is missing or unreadable"),
        (STATUS_FILE, '{"status": "odd"}', f"{STATUS_FILE} is missing or unreadable"),
    ],
)
def test_a_damaged_run_is_listed_with_what_is_wrong(tmp_path, file, content, wrong):
    path = made(tmp_path, FIRST)
    if content is None:
        (path / file).unlink()
    else:
        (path / file).write_text(content, encoding="utf-8")
    (one,) = listing(tmp_path)
    assert (one.status, one.wrong) == ("damaged", wrong)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.just(10**400)
    | st.floats()
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
KEYS = st.sampled_from(["undefined", "assets", "symbols", "labels", "timeframe", "currency"])
NUMBERED = st.dictionaries(st.sampled_from([*PORTFOLIO, "allocation"]), JSON)
CONTENT = st.builds(
    lambda plain, block: plain | ({} if block is None else {"portfolio": block}),
    st.dictionaries(KEYS, JSON),
    st.none() | JSON | NUMBERED,
)


@given(st.lists(CONTENT, min_size=3, max_size=3))
def test_no_content_of_the_files_makes_the_list_crash(tmp_path_factory, contents):
    path = made(tmp_path_factory.mktemp("results"), FIRST)
    for name, plain in zip(("facts.json", "config.json", "metrics.json"), contents, strict=True):
        (path / name).write_text(json.dumps(plain), encoding="utf-8")
    one = listed(path)
    assert one.run_id == FIRST
    assert json.loads(json.dumps(one.plain(), allow_nan=False))["run_id"] == FIRST
    assert FIRST in "\n".join(lines([one], "results"))
    assert FIRST in index_page([one.plain()], {})


def test_a_run_is_found_by_id_prefix_directory_or_as_the_latest_that_holds_a_result(tmp_path):
    made(tmp_path, FIRST)
    made(tmp_path, SECOND)
    made(tmp_path, THIRD, "failed")
    assert find(FIRST, tmp_path) == tmp_path / FIRST
    assert find("20250302", tmp_path) == tmp_path / SECOND
    assert find(str(tmp_path / SECOND), "elsewhere") == tmp_path / SECOND
    assert find(LATEST, tmp_path) == tmp_path / SECOND


def test_a_run_is_found_from_within_by_its_own_name(tmp_path, monkeypatch):
    made(tmp_path, FIRST)
    monkeypatch.chdir(tmp_path / FIRST / "solo")
    assert find("..", "results") == tmp_path / FIRST
    monkeypatch.chdir(tmp_path / FIRST)
    assert find(".", "results") == tmp_path / FIRST


def test_a_run_whose_files_are_those_of_another_says_so(tmp_path):
    path = made(tmp_path, FIRST)
    facts = json.loads((path / "facts.json").read_text(encoding="utf-8"))
    (path / "facts.json").write_text(json.dumps({**facts, "run_id": SECOND}), encoding="utf-8")
    one = listed(path)
    assert (one.status, one.wrong) == ("complete", f"its files are of run {SECOND}")


def test_a_run_that_lost_its_status_is_found_by_its_name_among_the_results(tmp_path):
    (made(tmp_path, "mine") / STATUS_FILE).unlink()
    assert find("mine", tmp_path) == tmp_path / "mine"


def test_a_results_directory_that_cannot_be_read_is_one_clear_error(tmp_path, monkeypatch):
    def refused(_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(tmp_path), "iterdir", refused)
    with pytest.raises(UsageError, match=r"cannot be read \(Permission denied\); give another"):
        listing(tmp_path)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("2025", f"'2025' is the beginning of 2 runs: {FIRST}, {SECOND}. Write more of it."),
        (FIRST.replace("a", "d", 1), f"Nearest: {FIRST}"),
        ("x", f"'x' is no run in .*The newest: {SECOND}, {FIRST}."),
        ("", f"'' is no run in .*The newest: {SECOND}, {FIRST}."),
        ("../secret", "'../secret' is no run in"),
    ],
)
def test_a_name_that_is_no_run_or_several_is_refused_with_what_there_is(tmp_path, name, said):
    made(tmp_path, FIRST)
    made(tmp_path, SECOND)
    with pytest.raises(UsageError, match=said):
        find(name, tmp_path)


def test_an_empty_directory_says_that_it_is_empty(tmp_path):
    with pytest.raises(UsageError, match="It holds no run"):
        find("2025", tmp_path)
    with pytest.raises(UsageError, match="holds no finished run"):
        find(LATEST, tmp_path)
