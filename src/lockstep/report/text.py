"""report.txt: page one, then every section the room holds, in order."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from lockstep.core.registry import report_sections
from lockstep.report.first_page import first_page
from lockstep.report.layout import heading
from lockstep.report.partial_page import partial_page
from lockstep.report.reading import Reading


class Section(Protocol):
    """One section of report.txt: a frozen component, registered under the name of its file."""

    #: Sections stand in this order; ties by name.
    order: ClassVar[int]
    title: ClassVar[str]
    #: True leaves the section out where no portfolio was played.
    needs_portfolio: ClassVar[bool]

    def lines(self, reading: Reading) -> list[str]:
        """Return the section's lines, at most 100 columns each; none leaves it out."""


def sections() -> list[tuple[str, Section]]:
    """Return (name, section) in the order of the page."""
    found = [(name, report_sections.get(name)()) for name in report_sections.names()]
    return sorted(found, key=lambda item: (item[1].order, item[0]))


def verdict(reading: Reading) -> list[str]:
    """Return page one; a partial run gets a page of its own."""
    return first_page(reading) if reading.is_played else partial_page(reading)


def body(reading: Reading) -> list[str]:
    """Return the lines of every section, in order."""
    return [line for _, section in sections() for line in section_lines(section, reading)]


def page(reading: Reading) -> str:
    """Return report.txt.

    Parameters
    ----------
    reading : Reading
        A result and its metrics: every number that both hold is the same number.
    """
    return joined([*verdict(reading), *body(reading)])


def joined(lines: Sequence[str]) -> str:
    """Return lines as the content of a text file."""
    return "\n".join(lines) + "\n"


def section_lines(section: Section, reading: Reading) -> list[str]:
    """Return a section with its heading and footnotes; nothing if it has nothing to say."""
    if section.needs_portfolio and not reading.is_played:
        return []
    own = reading.renewed()
    body = section.lines(own)
    return ["", heading(section.title), *body, *own.notes.lines()] if body else []
