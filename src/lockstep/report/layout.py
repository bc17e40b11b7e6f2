"""Lines of 100 columns: headings, paragraphs, boxes, aligned tables; each knows its block."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterable, Sequence
from decimal import Decimal

from lockstep.report.blocks import Box, Heading, Items, Pairs, Paragraph, Table, lines_of
from lockstep.report.blocks import Column as Column  # noqa: PLC0414 - sections import it here
from lockstep.report.wording import plain

WIDTH = 100
INDENT = "  "
GAP = "  "


def heading(title: str) -> str:
    """Return the line that begins a section."""
    return lines_of(Heading(title), [f"--- {title} ".ljust(WIDTH, "-")])[0]


def paragraph(text: str, first: str = INDENT, rest: str | None = None) -> list[str]:
    """Return wrapped lines; `first` and `rest` stand before the first line and the others."""
    wrapped = textwrap.wrap(
        plain(text),
        WIDTH,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_on_hyphens=False,
    )
    return lines_of(Paragraph(plain(text), first.strip()), wrapped)


def bullets(sentences: Iterable[str]) -> list[str]:
    """Return each sentence as a wrapped bullet."""
    return [line for sentence in sentences for line in paragraph(sentence, "  - ")]


def box(lines: Iterable[str]) -> list[str]:
    """Return lines framed to the full width; a line ``---`` draws a rule."""
    whole = Box(tuple(plain(line) for line in lines))
    edge = "+" + "=" * (WIDTH - 2) + "+"
    drawn = [edge]
    for line in whole.lines:
        if line == "---":
            drawn.append("+" + "-" * (WIDTH - 2) + "+")
            continue
        for part in textwrap.wrap(line, WIDTH - 4, break_on_hyphens=False) or [""]:
            drawn.append(f"| {part.ljust(WIDTH - 4)} |")
    return lines_of(whole, [*drawn, edge])


def pairs(items: Sequence[tuple[str, str]], label: int = 24) -> list[str]:
    """Return a line 'label  value' for each item, the values wrapped under each other."""
    lines = []
    for name, value in items:
        head = f"{INDENT}{name.ljust(label)}{GAP}"
        lines += paragraph(value, head, " " * len(head)) or [head.rstrip()]
    return lines_of(Pairs(tuple((name, plain(value)) for name, value in items)), lines)


def side_by_side(items: Sequence[str], per_line: int = 2) -> list[str]:
    """Return items in columns, read from left to right."""
    return lines_of(Items(tuple(items)), _beside(items, per_line))


def _beside(items: Sequence[str], per_line: int) -> list[str]:
    width = (WIDTH - len(INDENT)) // per_line
    rows = [items[at : at + per_line] for at in range(0, len(items), per_line)]
    if per_line > 1 and any(len(item) >= width for item in items):
        return _beside(items, per_line - 1)
    if per_line == 1:
        return [line for item in items for line in _fitted(item)]
    return [(INDENT + "".join(item.ljust(width) for item in row)).rstrip() for row in rows]


def _fitted(item: str) -> list[str]:
    """Return an item as it is if it fits the page, wrapped if not."""
    return [INDENT + item] if len(INDENT + item) <= WIDTH else paragraph(item)


def table(columns: Sequence[Column], *, below: int = 0, width: int = WIDTH) -> list[str]:
    """Return an aligned table; the last `below` rows stand under a rule.

    A table wider than `width` goes on below itself, its first column repeated.
    """
    first, *others = _blocks(columns, width)
    lines = _drawn(first, below)
    for block in others:
        lines += ["", *_drawn(block, below, _blank(block, below))]
    return lines_of(Table(tuple(columns), below), lines)


def _blocks(columns: Sequence[Column], width: int) -> list[list[Column]]:
    first, others = columns[0], columns[1:]
    blocks: list[list[Column]] = [[first]]
    used = len(INDENT) + first.width
    for column in others:
        needed = len(GAP) + column.width
        if used + needed > width and len(blocks[-1]) > 1:
            blocks.append([first])
            used = len(INDENT) + first.width
        blocks[-1].append(column)
        used += needed
    return blocks


def _blank(columns: Sequence[Column], below: int) -> set[int]:
    """Return the totals that have nothing to say in a table's continuation."""
    rows = list(zip(*(column.cells for column in columns[1:])))
    first = len(rows) - below
    return {first + at for at, cells in enumerate(rows[first:]) if not any(map(str.strip, cells))}


def _drawn(
    columns: Sequence[Column], below: int, left_out: Collection[int] = frozenset()
) -> list[str]:
    heads = [column.head.split("|") for column in columns]
    height = max(len(head) for head in heads)
    rows = [
        [([""] * (height - len(head)) + head)[line] for head in heads] for line in range(height)
    ]
    rule = INDENT + "-" * (sum(c.width for c in columns) + len(GAP) * (len(columns) - 1))
    body = list(zip(*(column.cells for column in columns)))
    cut = len(body) - below
    totals = [body[at] for at in range(cut, len(body)) if at not in left_out]
    lines = [*(_row(columns, row) for row in rows), rule, *(_row(columns, r) for r in body[:cut])]
    return lines + ([rule, *(_row(columns, row) for row in totals)] if totals else [])


def _row(columns: Sequence[Column], cells: Sequence[str]) -> str:
    parts = [
        cell.ljust(column.width) if column.left else cell.rjust(column.width)
        for column, cell in zip(columns, cells)
    ]
    return (INDENT + GAP.join(parts)).rstrip()


def cents(parts: Sequence[float], total: float) -> tuple[list[str], str, str]:
    """Return money cells whose printed cents add up to the printed total exactly.

    Returns
    -------
    (list of str, str, str)
        The parts, what rounding them to cents left over (empty if nothing), the total.
    """
    exact = [Decimal(f"{part:.2f}") for part in parts]
    whole = Decimal(f"{total:.2f}")
    rest = whole - sum(exact, Decimal(0))
    return [_cents(part) for part in exact], _cents(rest) if rest else "", _cents(whole)


def _cents(amount: Decimal) -> str:
    return f"{amount + Decimal(0) if amount else Decimal('0.00'):,.2f}"
