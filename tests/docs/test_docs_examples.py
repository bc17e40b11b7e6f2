"""The Python examples of README and docs/ run, and say what is printed there.

The example of docs/strategies.md is tested by tests/strategies/test_documentation.py.
"""

from __future__ import annotations

import argparse
import dataclasses
import doctest
import re
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from lockstep.cli.compare_flags import compare_parser
from lockstep.cli.flags import asset_parser, portfolio_parser
from lockstep.cli.interrupts import SIGNALS
from lockstep.cli.luck_flags import luck_parser
from lockstep.cli.optimize_flags import optimize_parser
from lockstep.cli.walkforward_flags import walkforward_parser
from lockstep.core import errors, registry
from lockstep.core.plan import CustomStrategy
from lockstep.runs.store import save
from tests import kit
from tests.report.results import made

ROOT = Path(__file__).parents[2]
#: What a page's examples take for granted, as its text says.
PRELUDES = {
    "allocation.md": """
        from dataclasses import dataclass
        from typing import ClassVar
        from lockstep.core.market import MarketView, Weights
        from lockstep.core.parameters import check, param
        from lockstep.core.registry import allocation
    """,
}
#: Sections of the account's page, as sources cite them: one, or several in a row.
CITED = re.compile(r"docs/account\.md,\s+(?:sections? )?([\d.]+(?:(?:, | and )[\d.]+)*)")
#: The run that pages speak of.
SAVED_RUN = "results/20260105-101500-1a2b3c4d"


def blocks_of(page: Path) -> list[str]:
    return re.findall(r"^```python\n(.*?)^```", page.read_text(encoding="utf-8"), re.S | re.M)


PAGES = [
    page
    for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
    if page.name != "strategies.md" and blocks_of(page)
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working folder with one saved run; plug-ins of a page stay on it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for room in (registry.strategies, registry.allocation, registry.risk_rules, registry.formats):
        known = {name: room.get(name) for name in room.names()}
        monkeypatch.setattr(room, "_found", known)
    save(made(2, 10), tmp_path / SAVED_RUN)
    return tmp_path


def run_block(source: str, page: types.ModuleType, number: int) -> str:
    """Run one block in the page's namespace; return what a reader would see go wrong."""
    name = f"{page.__name__}, example {number}"
    if ">>> " not in source:
        exec(compile(source, name, "exec", dont_inherit=True), vars(page))
        return ""
    found: list[str] = []
    example = doctest.DocTestParser().get_doctest(source, vars(page), name, None, None)
    doctest.DocTestRunner(verbose=False).run(example, out=found.append, clear_globs=False)
    vars(page).update(example.globs)  # the next block goes on with the names of this one
    return "".join(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_examples_of_a_page_run_and_print_what_it_says(
    page: Path, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module = types.ModuleType(f"example_of_{page.stem}")
    monkeypatch.setitem(sys.modules, module.__name__, module)  # where dataclasses look for names
    prelude = PRELUDES.get(page.name, "")
    exec("\n".join(line.strip() for line in prelude.splitlines()), vars(module))
    wrong = [run_block(source, module, n) for n, source in enumerate(blocks_of(page), 1)]
    assert not any(wrong), "".join(wrong)


def test_a_wrong_number_on_a_page_would_be_found() -> None:
    page = types.ModuleType("page")
    assert "Expected:\n    3" in run_block(">>> 1 + 1\n3\n", page, 1)


def test_the_strategy_written_for_backtrader_trades_in_the_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (source,) = (
        block
        for block in blocks_of(ROOT / "docs" / "architecture.md")
        if "class ThreeDown" in block
    )
    (tmp_path / "my_strategies_of_the_page.py").write_text(source, encoding="utf-8")
    monkeypatch.setattr(sys, "path", list(sys.path))
    custom = CustomStrategy("my_strategies_of_the_page:ThreeDown", {"stop": 0.01}, (str(tmp_path),))
    closes = (1.10, 1.09, 1.08, 1.07, 1.07, 1.08, 1.08)
    bars = kit.make_bars("EURUSD", [(close,) * 4 for close in closes])
    quoted = (bars.open, bars.high, bars.low, bars.close)
    asset = dataclasses.replace(kit.asset(kit.unit(), bars), custom=custom, quoted=quoted)
    (trade,) = kit.play_checked(kit.plan_of(asset)).trades
    # three lower closes at bar 3, in at bar 4; a higher close at bar 5, out at bar 6
    assert (trade.signal_bar, trade.entry_bar, trade.exit_bar) == (3, 4, 6)
    assert trade.stop_price == pytest.approx(1.07 - 0.01 * 1.07)


def local_links(page: Path) -> list[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    found = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link.split("#")[0] for link in found if "://" not in link and not link.startswith("#")]


TEXTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", TEXTS, ids=lambda page: page.name)
def test_every_link_to_another_page_leads_somewhere(page: Path) -> None:
    missing = [link for link in local_links(page) if not (page.parent / link).exists()]
    assert missing == []


def test_the_sections_of_the_account_are_numbered_as_the_sources_cite_them() -> None:
    text = (ROOT / "docs" / "account.md").read_text(encoding="utf-8")
    there = set(re.findall(r"^#{2,3} (\d+(?:\.\d+)?) ", text, re.M))
    cited: set[str] = set()
    for source in (ROOT / "src").rglob("*.py"):
        for numbers in CITED.findall(source.read_text(encoding="utf-8")):
            cited.update(re.findall(r"\d+(?:\.\d+)?", numbers))
    assert cited >= {"4", "7.5", "8"}
    assert cited - there == set()


@pytest.mark.parametrize(
    "parser",
    [portfolio_parser, asset_parser, optimize_parser, walkforward_parser, compare_parser]
    + [luck_parser],
)
def test_the_readme_names_every_flag(parser: Callable[[str], argparse.ArgumentParser]) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    flags = {flag for action in parser("x")._actions for flag in action.option_strings}
    named = set(re.findall(r"--[a-z][a-z-]*", text))
    assert flags - named - {"-h"} == set()


def test_the_readme_names_every_exit_code_of_an_error() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    kinds = {kind.exit_code for kind in vars(errors).values() if hasattr(kind, "exit_code")}
    listed = {int(code) for code in re.findall(r"^\| (\d+) \|", text, re.M)}
    assert listed == kinds | {0, errors.CHECK_FAILED, *(128 + number for number in SIGNALS)}
