"""What the lines of a report are made of, so that one page can be text, HTML or PDF.

A section says what it has to say once, as lines of text. Each line made by `lockstep.report.layout`
also knows the block it belongs to: the table, the paragraph, the list. A page of text prints the
lines; a page of HTML draws the blocks. The numbers are the same because they are the same strings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table.

    Parameters
    ----------
    head : str
        Its title; ``|`` parts lines.
    cells : sequence of str
        From top to bottom.
    left : bool
        True aligns it to the left.
    """

    head: str
    cells: Sequence[str]
    left: bool = False

    @property
    def width(self) -> int:
        """Characters of the widest line."""
        return max(len(text) for text in (*self.head.split("|"), *self.cells))


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of equal length; the last `below` rows are totals."""

    columns: tuple[Column, ...]
    below: int = 0


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Running text; `first` stands before it: an indent, a dash, a date, a footnote's number."""

    text: str
    first: str = ""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Names and what they are, under each other."""

    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Items:
    """Short texts side by side."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Box:
    """Framed lines; ``---`` draws a rule."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part."""

    title: str


Block: TypeAlias = Table | Paragraph | Pairs | Items | Box | Heading


class Line(str):
    """A line of text that knows its block. Cutting or joining it gives an ordinary str.

    Parameters
    ----------
    text : str
        The line as it is printed.
    block : Block
        What it is a line of.
    """

    __slots__ = ("block",)
    block: Block

    def __new__(cls, text: str, block: Block) -> Line:
        """Return the line."""
        line = super().__new__(cls, text)
        line.block = block
        return line


def lines_of(block: Block, texts: Iterable[str]) -> list[str]:
    """Return texts as the lines of one block."""
    return [Line(text, block) for text in texts]


def blocks_of(lines: Iterable[str]) -> list[Block | str]:
    """Return the blocks that lines belong to, each once and in order.

    A line that belongs to none stands for itself, as do such lines below each other, joined.
    Blank lines part, and are left out.
    """
    found: list[Block | str] = []
    last: Block | None = None
    loose: list[str] = []
    for line in [*lines, ""]:
        block = line.block if isinstance(line, Line) else None
        if loose and (block is not None or not line.strip()):
            found.append("\n".join(loose))
            loose = []
        if block is None and line.strip():
            loose.append(str(line))
        if block is not None and block is not last:
            found.append(block)
        last = block
    return found
