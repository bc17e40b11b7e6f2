"""What report.html and index.html share: templates that escape, a policy that lets nothing out."""

from __future__ import annotations

import base64
import hashlib
import re
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lockstep.report.blocks import Column, Table

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"
_MARK = re.compile(r"n/a\[(\d+)\]")
_NUMBER = re.compile(r"[-+]?\d[\d,]*(\.\d+)?(e[-+]?\d+)?", re.IGNORECASE)
#: What a link may hold as it is (RFC 3986, section 2.3).
_UNRESERVED = frozenset(string.ascii_letters + string.digits + "-._~")
_PARTED = re.compile(r"(?<=[a-z])-\|(?=[a-z])")
#: Cells without a value: they stay last, however a column is sorted.
_NOTHING = frozenset({"", "-", "...", "n/a"})


def rendered(template: str, **values: Any) -> str:
    """Return a page: style and script inline, everything else escaped.

    The page's own policy allows that one style, that one script and images that are part of the
    page; it forbids every request.

    Parameters
    ----------
    template : str
        File of `TEMPLATES`.
    **values
        What the template asks for; text is escaped, markup is not.
    """
    from markupsafe import Markup

    css, script = (_source(name) for name in ("page.css", "sort.js"))
    policy = (
        f"default-src 'none'; img-src data:; style-src '{_digest(css)}'; "
        f"script-src '{_digest(script)}'; base-uri 'none'; form-action 'none'"
    )
    page = _environment().get_template(template)
    return page.render(css=Markup(css), script=Markup(script), policy=policy, **values)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )


def _source(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    """Return how a content security policy names an inline style or script."""
    whole = hashlib.sha256(source.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(whole).decode('ascii')}"


def table_view(one: Table, reasons: Mapping[str, str], anchor: str) -> dict[str, Any]:
    """Return a table for the templates: heads, rows, and the rows that stay below when sorted.

    Parameters
    ----------
    one : Table
        As it stands in the text.
    reasons : mapping of str to str
        Number of a footnote -> why there is no number.
    anchor : str
        Of the part; its footnotes are ``<anchor>-<number>``.
    """
    rows = [
        [_cell(column, column.cells[at], reasons, anchor) for column in one.columns]
        for at in range(len(one.columns[0].cells))
    ]
    cut = len(rows) - one.below
    heads = [{"text": _head(column.head), "left": column.left} for column in one.columns]
    return {"kind": "table", "heads": heads, "rows": rows[:cut], "foot": rows[cut:]}


def _head(head: str) -> str:
    """Return a title that was parted into lines as one, without the hyphens of the parting."""
    return " ".join(_PARTED.sub("", head).replace("|", " ").split())


def _cell(column: Column, text: str, reasons: Mapping[str, str], anchor: str) -> dict[str, Any]:
    return {
        "text": marked(text, reasons, anchor),
        "left": column.left,
        "sort": sort_key(text, is_text=column.left),
    }


def sort_key(text: str, *, is_text: bool = False) -> str | None:
    """Return what a cell is sorted by: its number without separators and units, else its text.

    None stays last: an undefined number, an empty cell.
    """
    said = text.strip()
    if said in _NOTHING or _MARK.fullmatch(said):
        return None
    if is_text:
        return said.casefold()
    number = _NUMBER.match(said)
    return number.group().replace(",", "") if number else said.casefold()


def marked(text: str, reasons: Mapping[str, str], anchor: str) -> Markup:
    """Return text escaped; each ``n/a[1]`` carries its reason and leads to its footnote."""
    from markupsafe import Markup, escape

    pieces: list[Markup] = []
    last = 0
    for found in _MARK.finditer(text):
        reason = reasons.get(found.group(1))
        if reason is None:
            continue
        pieces.append(escape(text[last : found.start()]))
        pieces.append(
            Markup(
                '<abbr title="{}" tabindex="0">n/a</abbr><sup><a href="#{}-{}">[{}]</a></sup>'
            ).format(reason, anchor, found.group(1), found.group(1))
        )
        last = found.end()
    return Markup("").join([*pieces, escape(text[last:])])


def image(png: bytes) -> str:
    """Return a picture as part of the page."""
    return f"data:image/png;base64,{base64.b64encode(png).decode('ascii')}"


def link_to(*parts: str) -> str:
    """Return a relative link to a file, whatever its folders are called.

    Examples
    --------
    >>> link_to("a run/../x", "report.html")
    './a%20run%2F..%2Fx/report.html'
    """
    raw = (part.encode("utf-8", "surrogateescape") for part in parts)
    return "/".join([".", *("".join(map(_percent, part)) for part in raw)])


def _percent(byte: int) -> str:
    return chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}"
