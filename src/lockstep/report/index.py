"""index.html: every run of a results directory, with links to what can be read of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lockstep.report.templating import link_to, rendered, sort_key
from lockstep.report.wording import count, counted, listed, percent, ratio, signed, words

#: Files a row links, and what the link is called.
LINKS = {"report.html": "html", "report.txt": "text", "report.pdf": "pdf", "run.log": "log"}
#: Statuses whose colour tells them apart at a glance.
_GOOD, _BAD = ("complete",), ("failed", "damaged", "interrupted", "partial")
_HEADS = (
    ("run", True), ("date, UTC", True), ("bars", True), ("assets", False), ("allocation", True),
    ("net P&L", False), ("return %", False), ("Sharpe", False), ("max DD %", False),
    ("trades", False), ("status", True), ("labels", True), ("open", True),
)  # fmt: skip
_SHOWN = {
    "net_pnl": signed,
    "total_return": lambda fraction: percent(fraction)[:-1],
    "sharpe": ratio,
    "max_drawdown": lambda fraction: percent(fraction)[:-1],
    "trades": count,
}


def index_page(runs: Sequence[Mapping[str, Any]], files: Mapping[str, Sequence[str]]) -> str:
    """Return index.html.

    Parameters
    ----------
    runs : sequence of mapping
        `lockstep.runs.listing.Listed.plain` of each run, in the order of the page.
    files : mapping of str to sequence of str
        By run id: which of `LINKS` there are.
    """
    by_status: dict[str, int] = {}
    for run in runs:
        by_status[run["status"]] = by_status.get(run["status"], 0) + 1
    kinds = listed([f"{count(n)} {status}" for status, n in sorted(by_status.items())])
    return rendered(
        "index.html",
        title="Lockstep runs",
        said=f"{counted(len(runs), 'run')}: {kinds}." if runs else "There is no run yet.",
        view={
            "heads": [{"text": text, "left": left} for text, left in _HEADS],
            "rows": [_row(run, files.get(run["run_id"], ())) for run in runs],
            "foot": [],
        },
        notes=[(run["run_id"], run["wrong"]) for run in runs if run["wrong"]],
    )


def _row(run: Mapping[str, Any], files: Sequence[str]) -> list[dict[str, Any]]:
    name, status = str(run["run_id"]), str(run["status"])
    first = next((file for file in LINKS if file in files), None)
    date = str(run["date"] or "").replace("T", " ").removesuffix("Z")
    return [
        _cell(_link(name, first, name) if first else name, name),
        _cell(date, date),
        _cell(run["timeframe"] or "", run["timeframe"]),
        _number(run["assets"], count, ""),
        _cell(words(run["allocation"] or ""), run["allocation"]),
        *(_number(run[key], show, run["undefined"].get(key, "")) for key, show in _SHOWN.items()),
        _cell(_coloured(status), status),
        _cell("; ".join(run["labels"]), "; ".join(run["labels"])),
        _cell(_links(name, files), None),
    ]


def _cell(text: Any, key: str | None) -> dict[str, Any]:
    return {"text": text, "left": True, "sort": sort_key(key or "", is_text=True)}


def _number(value: Any, show: Any, reason: str) -> dict[str, Any]:
    if value is not None:
        return {"text": show(value), "left": False, "sort": repr(value)}
    return {"text": _missing(reason) if reason else "", "left": False, "sort": None}


def _missing(reason: str) -> Any:
    from markupsafe import Markup

    return Markup('<abbr title="{}" tabindex="0">n/a</abbr>').format(reason)


def _coloured(status: str) -> Any:
    from markupsafe import Markup

    kind = "ok" if status in _GOOD else "bad" if status in _BAD else "open"
    return Markup('<span class="{}">{}</span>').format(kind, status)


def _link(run: str, file: str, text: str) -> Any:
    from markupsafe import Markup

    return Markup('<a href="{}">{}</a>').format(link_to(run, file), text)


def _links(run: str, files: Sequence[str]) -> Any:
    from markupsafe import Markup

    found = [_link(run, file, name) for file, name in LINKS.items() if file in files]
    return Markup(" ").join(found)
