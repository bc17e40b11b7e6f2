"""index.html: every run with its numbers and links, and nothing that runs."""

import re

import pytest

from lockstep.report.index import LINKS, index_page
from tests.report.browser import chromium, column, opened

EVIL = """<script>alert("1")</script>'=cmd()"""


def run(name="20250301-120000-aaaaaaaa", **changes):
    plain = {
        "run_id": name,
        "date": "2025-03-01T12:00:00Z",
        "status": "complete",
        "assets": 3,
        "allocation": "risk_parity",
        "timeframe": "5m",
        "currency": "USD",
        "labels": ["SYNTHETIC"],
        "net_pnl": -1234.5,
        "total_return": -0.012345,
        "sharpe": 1.5,
        "max_drawdown": 0.1,
        "trades": 1200,
        "undefined": {},
        "wrong": "",
    }
    return plain | changes


EMPTY = dict.fromkeys(("net_pnl", "total_return", "sharpe", "max_drawdown", "trades"))


def test_a_run_is_a_row_that_links_what_there_is_to_read():
    text = index_page([run()], {run()["run_id"]: ["report.html", "report.txt"]})
    hrefs = re.findall(r'<a href="([^"]*)">([^<]*)</a>', text)
    name = run()["run_id"]
    assert hrefs == [
        (f"./{name}/report.html", name),
        (f"./{name}/report.html", "html"),
        (f"./{name}/report.txt", "text"),
    ]
    for cell in ("-1,234.50", "-1.23", "1.50", "10.00", "1,200", "risk parity", "SYNTHETIC"):
        assert re.search(rf"<td[^>]*>{re.escape(cell)}</td>", text), cell
    assert "1 run: 1 complete." in text


def test_runs_without_numbers_are_rows_and_damaged_ones_say_what_is_wrong():
    runs = [
        run("b", status="damaged", date=None, assets=None, allocation=None, timeframe=None,
            labels=[], wrong="facts.json is missing", **EMPTY),
        run("c", status="partial", sharpe=None, undefined={"sharpe": "fewer than two days"}),
    ]  # fmt: skip
    text = index_page(runs, {})
    assert "2 runs: 1 damaged and 1 partial." in text
    assert "<dt>b</dt><dd>facts.json is missing</dd>" in text
    assert '<abbr title="fewer than two days" tabindex="0">n/a</abbr>' in text
    assert "<a href" not in text


def test_an_empty_directory_has_a_page_that_says_so():
    assert "There is no run yet." in index_page([], {})


def test_names_from_outside_are_escaped_in_text_and_in_links():
    evil = run(EVIL, status=EVIL, allocation=EVIL, labels=[EVIL], wrong=EVIL)
    text = index_page([evil], {EVIL: list(LINKS)})
    assert text.count("<script>") == 1
    assert "./%3Cscript%3Ealert%28%221%22%29%3C%2Fscript%3E%27%3Dcmd%28%29/report.html" in text


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


def test_the_index_sorts_offline_and_lets_nothing_run(browser, tmp_path):
    runs = [
        run("a", net_pnl=-5.0, status=EVIL),
        run("b", net_pnl=1000.0),
        run("c", **EMPTY),
        run("d", net_pnl=20.0),
    ]
    path = tmp_path / "index.html"
    path.write_text(index_page(runs, {"b": list(LINKS)}), encoding="utf-8")
    found = opened(browser, path)
    head = found.page.locator("th button", has_text="net P&L")
    head.click()
    table = ".runs"
    found.page.eval_on_selector(table, "main => main.id = 'runs'")
    assert column(found.page, "runs", "run") == ["b", "d", "a", "c"]
    head.click()
    assert column(found.page, "runs", "run") == ["a", "d", "b", "c"]
    assert found.page.screenshot(path=tmp_path / "index.png")
    assert found.complaints == []
    assert found.requests == [path.as_uri()]
    assert EVIL in found.page.inner_text("body")
    found.page.close()
