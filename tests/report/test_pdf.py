"""report.pdf: every line of the text in a monospace font, then the figures, the same bytes."""

import io
import itertools
import re

import pytest

from lockstep.metrics.summary import summarise
from lockstep.report.layout import WIDTH, Column, heading, paragraph, table
from lockstep.report.pdf import COMPANY, FONT_SIZE, LINES, MARGIN, PAPER, Document, paginated
from lockstep.report.reading import read
from lockstep.report.text import body, verdict
from tests.report.results import made

pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed")


def written(*parts, figures=()):
    with Document("20250301-120000-1a2b3c4d") as document:
        document.write(*parts)
        for figure in figures:
            document.draw(figure)
    return document.content


def test_every_line_of_the_text_can_be_read_out_of_the_pdf():
    reading = read(made(2, 5), summarise(made(2, 5)))
    first, rest = verdict(reading), body(reading)
    file = pypdf.PdfReader(io.BytesIO(written(first, rest)))
    words = " ".join(page.extract_text() for page in file.pages).split()
    assert [word for line in (*first, *rest) for word in line.split() if word not in words] == []
    assert "WHAT IT MADE" in " ".join(file.pages[0].extract_text().split())
    assert "ACCOUNT AND RISK" not in file.pages[0].extract_text()


def test_a_figure_is_a_page_of_its_own_size_behind_the_text():
    from matplotlib.figure import Figure

    file = pypdf.PdfReader(io.BytesIO(written(["one line"], figures=[Figure(figsize=(14, 9))])))
    sizes = [(round(float(p.mediabox.width)), round(float(p.mediabox.height))) for p in file.pages]
    assert sizes == [(595, 842), (14 * 72, 9 * 72)]


def test_the_same_text_makes_the_same_bytes_without_a_date():
    lines = paragraph("word " * 400)
    assert written(lines) == written(lines)
    assert pypdf.PdfReader(io.BytesIO(written(lines))).metadata.get("/CreationDate") is None


def test_a_hundred_columns_fit_between_the_margins():
    assert PAPER[0] - 2 * MARGIN >= WIDTH * 0.6 * FONT_SIZE / 72.0


def test_text_that_the_font_lacks_or_that_looks_like_a_formula_is_drawn_as_it_can_be():
    file = pypdf.PdfReader(io.BytesIO(written(["price $x^2$ and 銘柄 <script>"])))
    assert "price $x^2$ and ?? <script>" in file.pages[0].extract_text()


def test_pages_hold_every_line_once_and_never_leave_a_heading_alone():
    lines = []
    for number in range(40):
        lines += ["", heading(f"PART {number}"), *(f"line {number}.{at}" for at in range(number))]
    pages = list(paginated(lines))
    assert [line for page in pages for line in page if line] == [line for line in lines if line]
    assert all(len(page) <= LINES and page[0].strip() and page[-1].strip() for page in pages)
    for page, following in itertools.pairwise(pages):
        heads = [at for at, line in enumerate(page) if re.match("--- PART", line)]
        if not re.match("--- PART", following[0]):
            assert heads[-1] <= LINES - COMPANY


def test_a_table_that_goes_on_over_the_page_begins_there_with_its_head():
    rows = [f"row{at}" for at in range(LINES)]
    columns = [Column("asset", [*rows, "TOTAL"], left=True), Column("money|USD", ["1"] * 71)]
    first, second = paginated([*paragraph("Before."), *table(columns, below=1)])
    assert [line.split() for line in first[1:4]] == [["money"], ["asset", "USD"], ["-" * 12]]
    assert second[:3] == first[1:4]
    assert [line.split()[0] for line in second[3:]] == [
        "row66",
        "row67",
        "row68",
        "row69",
        "-" * 12,
        "TOTAL",
    ]
    assert first[-1].split() == ["row65", "1"]


def test_a_wide_table_repeats_the_head_of_the_block_that_goes_on():
    rows = [f"row{at}" for at in range(40)]
    wide = [Column(name * 40, ["1"] * 40) for name in "ab"]
    lines = table([Column("asset", rows, left=True), *wide], width=60)
    pages = list(paginated(lines))
    assert pages[1][0].split() == ["asset", "b" * 40]
    assert pages[1][2].split()[0] == f"row{LINES - 42 - 1 - 2}"
