"""report.html: the same strings as report.txt, nothing from outside, nothing that runs."""

import dataclasses
import re
import struct
import zlib
from html.parser import HTMLParser

import pytest

from lockstep.core.registry import report_sections
from lockstep.metrics.summary import summarise
from lockstep.report import templating
from lockstep.report.html import Shown, html
from lockstep.report.reading import read
from lockstep.report.text import body, verdict
from lockstep.report.trade_list import MOST, trade_list
from tests.report.browser import chromium, column, opened
from tests.report.results import facts_of, made, names, partial, trades_of, without_trades

HOSTILE = "<script>alert(1)</script>"
QUOTES = """"'><img src=x onerror="alert(2)">"""
FORMULA = "=cmd()"


def png(width=4, height=3):
    """Return a white picture."""

    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\x00" + b"\xff" * width) * height)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def page_of(result, metrics=None, figures=()):
    reading = read(result, metrics or summarise(result))
    return html(reading, verdict(reading), body(reading), figures)


class Structure(HTMLParser):
    """What a page consists of."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.ids, self.hrefs, self.words = [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append(tag)
        self.ids += [given["id"]] if "id" in given else []
        self.hrefs += [given["href"]] if tag == "a" else []

    def handle_data(self, data):
        self.words += data.split()


@pytest.mark.parametrize("result", [made(1), made(15), without_trades(), partial()])
def test_the_page_says_every_word_of_the_text(result):
    reading = read(result, summarise(result))
    said = " ".join(Structure(page_of(result)).words)
    lines = [*verdict(reading), *body(reading)]
    text = re.sub(r"n/a\[\d+\]|[-+|=]{3,}|\|", " ", "\n".join(lines))
    # a head that was parted into lines is one again: con-|version
    assert [word for word in text.split() if word.strip("-+.=") not in said] == []


def test_the_page_has_the_verdict_then_the_figures_then_the_sections():
    text = page_of(made(3), figures=[Shown("equity", "Equity & <fall>", png())])
    structure = Structure(text)
    sections = [name for name in structure.ids if not re.search(r"^figure-|-\d+$", name)]
    assert sections[:3] == ["verdict-what-it-made", "verdict-what-it-risked",
                            "verdict-what-would-have-hurt"]  # fmt: skip
    assert sections.index("figures") < sections.index("account-and-risk-settings")
    assert text.count("Equity &amp; &lt;fall&gt;") == 3  # contents, caption, alternative text
    assert 'width="4" height="3"' in text
    assert len(structure.ids) == len(set(structure.ids))


def test_every_entry_of_the_contents_and_every_footnote_leads_somewhere():
    structure = Structure(page_of(without_trades()))
    targets = {href[1:] for href in structure.hrefs if href.startswith("#")}
    assert targets <= set(structure.ids)
    assert any(re.fullmatch(r"verdict-what-it-made-\d", target) for target in targets)
    others = {href for href in structure.hrefs if not href.startswith("#")}
    assert all(re.fullmatch(r"[a-z]+\.(txt|pdf|json|csv)", href) for href in others)


def test_an_undefined_number_has_its_reason_at_hand_and_below():
    text = page_of(without_trades())
    reason = summarise(without_trades())["undefined"]["portfolio.sharpe"]
    assert f'<abbr title="{reason}" tabindex="0">n/a</abbr>' in text
    assert re.search(rf'<p id="verdict-what-it-made-\d">\[\d\] {re.escape(reason)}</p>', text)


def test_the_policy_names_the_one_style_and_the_one_script_of_the_page():
    text = page_of(made(1))
    style = re.search(r"<style>(.*?)</style>", text, flags=re.DOTALL).group(1)
    script = re.search(r"<script>(.*?)</script>", text, flags=re.DOTALL).group(1)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text).group(1)
    policy = policy.replace("&#39;", "'")
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert f"style-src '{templating._digest(style)}'" in policy
    assert f"script-src '{templating._digest(script)}'" in policy
    assert text.count("<script") == text.count("<style") == 1
    assert " style=" not in text
    assert not re.search(r"https?://|url\(|@import", text)


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        ("1,234.50", "1234.50"),
        ("-5.00%", "-5.00"),
        ("+0.10", "+0.10"),
        ("n/a[3]", None),
        ("-", None),
        ("", None),
        ("12 days", "12"),
        ("never", "never"),
    ],
)
def test_a_cell_is_sorted_by_its_number_and_stays_last_without_one(cell, key):
    assert templating.sort_key(cell) == key


def test_a_date_is_sorted_as_text_and_never_as_its_year():
    assert templating.sort_key("2025-01-02", is_text=True) == "2025-01-02"


def test_all_trades_are_listed_where_they_are_few():
    lines = trade_list(read(made(2, 3), summarise(made(2, 3))))
    assert "All 6 trades" in lines[2]
    assert sum("ASSET" in line for line in lines) >= 6


def test_of_many_trades_those_that_made_or_lost_most_are_listed_and_the_rest_is_pointed_to():
    result = made(2, MOST)  # two trades a day
    lines = trade_list(read(result, summarise(result)))
    flat = " ".join(" ".join(lines).split())
    assert f"The {MOST} trades that made or lost most, of {2 * MOST}: all are in trades.csv" in flat
    shown = lines[2].block if hasattr(lines[2], "block") else None
    table = next(line.block for line in lines if hasattr(getattr(line, "block", None), "columns"))
    amounts = [abs(float(cell.replace(",", ""))) for cell in table.columns[-1].cells]
    largest = sorted(result.trades["net_pnl"].abs().round(2), reverse=True)[:MOST]
    assert shown is not None
    assert sorted(amounts, reverse=True) == pytest.approx(largest)
    numbers = [int(cell.replace(",", "")) for cell in table.columns[0].cells]
    assert numbers == sorted(numbers)


def hostile():
    """Return a run whose names, labels, notes and sentences all try to run."""
    symbols = [HOSTILE, QUOTES, FORMULA]
    plain = made(3, 5)
    renamed = dict(zip(names(3), symbols))
    trades = plain.trades.assign(asset=plain.trades["asset"].map(renamed))
    facts = facts_of(
        symbols, 5, labels=["SYNTHETIC", HOSTILE, QUOTES], notes={HOSTILE: [QUOTES]},
        failed={QUOTES: HOSTILE}, argv=["main.py", FORMULA], notices=[HOSTILE],
    )  # fmt: skip
    result = dataclasses.replace(
        plain,
        facts=facts,
        trades=trades,
        solo_trades=trades,
        equity=plain.equity.rename(columns=renamed),
        solo_equity=plain.solo_equity.rename(columns=renamed),
        weights=plain.weights.rename(columns=renamed),
        ledger=plain.ledger.assign(asset=plain.ledger["asset"].replace(renamed)),
    )
    finding = {
        "code": HOSTILE, "severity": "high", "asset": QUOTES, "value": 1.0, "unit": "trades",
        "sentence": f"{HOSTILE} {FORMULA}.", "advice": f"Try {QUOTES}.",
    }  # fmt: skip
    return result, summarise(result) | {"findings": [finding]}


def test_hostile_names_are_text_in_the_source():
    text = page_of(*hostile(), figures=[Shown("<b>", HOSTILE, png())])
    structure = Structure(text)
    assert structure.tags.count("script") == 1
    assert structure.tags.count("img") == 1  # the figure
    assert text.count("&lt;script&gt;alert(1)&lt;/script&gt;") > 10
    assert "<img src=x" not in text


# In a browser ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Return a page with an undefined number, and one of hostile names."""
    folder = tmp_path_factory.mktemp("pages")
    trades = trades_of(made(4, 6).trades["net_pnl"].to_numpy().reshape(6, 4), names(4))
    result = made(4, 6, trades=trades[trades["asset"] != "ASSET02"])
    figure = Shown("equity", "Equity", png(600, 400))
    plain, evil = folder / "plain.html", folder / "evil.html"
    plain.write_text(page_of(result, figures=[figure]), encoding="utf-8")
    evil.write_text(page_of(*hostile(), figures=[Shown("x", HOSTILE, png())]), encoding="utf-8")
    return plain, evil


def test_the_page_opens_offline_without_a_complaint_or_a_request(browser, saved, tmp_path):
    found = opened(browser, saved[0])
    assert found.page.title() == "Run 20250301-120000-1a2b3c4d"
    assert found.page.eval_on_selector("img", "image => image.naturalWidth") == 600
    shot = found.page.screenshot(path=tmp_path / "page.png", full_page=True)
    assert len(shot) > 20_000
    assert found.complaints == []
    outside = [url for url in found.requests if not url.startswith(("data:", "file:"))]
    assert outside == []
    assert [url for url in found.requests if url.startswith("file:")] == [saved[0].as_uri()]
    found.page.close()


def test_a_table_sorts_by_number_and_a_missing_one_stays_last(browser, saved):
    found = opened(browser, saved[0])
    head = found.page.locator("#assets-in-the-account th button", has_text="won %")
    head.click()
    down = column(found.page, "assets-in-the-account", "won %")
    head.click()
    up = column(found.page, "assets-in-the-account", "won %")
    assert down[-1].startswith("n/a")
    assert up[-1].startswith("n/a")
    numbers = [float(cell) for cell in down[:-1]]
    assert numbers == sorted(numbers, reverse=True)
    assert [float(cell) for cell in up[:-1]] == sorted(numbers)
    order = "element => element.closest('th').getAttribute('aria-sort')"
    assert head.evaluate(order) == "ascending"
    total = found.page.locator("#assets-in-the-account tfoot tr").last.inner_text()
    assert total.startswith("TOTAL")
    assert found.complaints == []
    found.page.close()


def test_a_table_sorts_from_the_keyboard_and_thousands_are_numbers(browser, saved):
    found = opened(browser, saved[0])
    head = found.page.locator("#assets-in-the-account th button", has_text="net P&L")
    head.focus()
    found.page.keyboard.press("Enter")
    cells = column(found.page, "assets-in-the-account", "net P&L")
    numbers = [float(cell.replace(",", "")) for cell in cells]
    assert numbers == sorted(numbers, reverse=True)
    found.page.keyboard.press("Space")
    cells = column(found.page, "assets-in-the-account", "net P&L")
    assert [float(cell.replace(",", "")) for cell in cells] == sorted(numbers)
    found.page.close()


def test_hostile_names_are_inert_in_the_document(browser, saved):
    found = opened(browser, saved[1])
    assert found.complaints == []
    assert found.page.locator("script").count() == 1
    assert found.page.locator("img[src='x']").count() == 0
    assert found.page.evaluate("document.querySelectorAll('[onerror]').length") == 0
    words = found.page.inner_text("body")
    assert HOSTILE in words
    assert QUOTES in words
    assert FORMULA in words
    found.page.close()


def test_a_script_that_got_in_would_not_run(browser, saved, tmp_path):
    broken = tmp_path / "broken.html"
    text = saved[0].read_text(encoding="utf-8")
    injected = "<main><script>document.title = 'owned'</script>"
    broken.write_text(text.replace("<main>", injected), encoding="utf-8")
    found = opened(browser, broken)
    assert found.page.title() != "owned"
    assert any("Content Security Policy" in said for said in found.complaints)
    found.page.close()


def test_the_page_fits_a_phone(browser, saved):
    found = opened(browser, saved[0], width=390)
    assert found.page.evaluate("document.documentElement.scrollWidth") == 390
    found.page.close()


def test_every_section_is_in_the_contents(saved):
    text = saved[0].read_text(encoding="utf-8")
    result = made(4, 6)
    reading = read(result, summarise(result))
    for name in report_sections.names():
        section = report_sections.get(name)()
        if section.lines(reading.renewed()):
            assert section.title.replace("&", "&amp;") in text
