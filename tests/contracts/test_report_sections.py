"""Every section of the report, by its mere presence: it can put any result into words."""

import dataclasses
import re

import pytest

from lockstep.core.registry import report_sections
from lockstep.metrics.summary import summarise
from lockstep.report.layout import WIDTH
from lockstep.report.reading import read
from lockstep.report.text import section_lines, sections
from tests.report.results import made, partial, without_trades

RESULTS = {
    "partial": partial,
    "no trades": without_trades,
    "one asset": lambda: made(1),
    "fifteen assets": lambda: made(15),
    "forty assets": lambda: made(40, 5),
    "without configuration": lambda: dataclasses.replace(made(2), config={}),
}


@pytest.fixture(scope="module", params=RESULTS)
def reading(request):
    result = RESULTS[request.param]()
    return read(result, summarise(result))


@pytest.mark.parametrize("name", report_sections.names())
def test_a_section_puts_any_result_into_lines_of_the_page(name, reading):
    section = report_sections.get(name)()
    lines = section_lines(section, reading)
    if section.needs_portfolio and not reading.is_played:
        assert lines == []
    if lines:
        assert lines[1].startswith(f"--- {section.title} -")
        assert len(lines) > 2
    assert all(len(line) <= WIDTH and "\n" not in line for line in lines)
    assert not any(re.search(r"\b(nan|inf|None)\b|-0\.00(?!\d)", line) for line in lines)


def test_sections_have_an_order_and_a_title_of_their_own():
    found = [section for _, section in sections()]
    assert len({section.order for section in found}) == len(found)
    assert all(section.title == section.title.upper() for section in found)
