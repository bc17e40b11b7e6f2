"""docs/strategies.md says what the code does: its tables, and its example of a new strategy."""

from __future__ import annotations

import dataclasses
import re
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from lockstep.core.parameters import parameters
from lockstep.core.registry import strategies
from tests.strategies.markets import random_bars

TEXT = Path(__file__).parents[2].joinpath("docs", "strategies.md").read_text(encoding="utf-8")


def documented(name: str) -> list[tuple[str, ...]]:
    chapter = TEXT.split(f"\n## `{name}`\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in chapter.splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in row) for row in rows]


def declared(name: str) -> list[tuple[str, ...]]:
    component = strategies.get(name)
    defaults = {field.name: field.default for field in dataclasses.fields(component)}
    rows = []
    for key, spec in parameters(component).items():
        value = defaults[key]
        shown = value if isinstance(value, str) else f"{value:.10g}"
        span = "text" if isinstance(value, str) else f"{spec.low:.10g} to {spec.high:.10g}"
        rows.append((f"`{key}`", shown, span, "yes" if spec.indicator else "no", spec.doc))
    return rows


@pytest.mark.parametrize("name", strategies.names())
def test_the_table_of_parameters_is_the_declaration(name: str) -> None:
    assert documented(name) == declared(name)


def test_the_example_of_a_new_strategy_works(monkeypatch: pytest.MonkeyPatch) -> None:
    (source,) = re.findall(r"```python\n(.*?)```", TEXT, flags=re.DOTALL)
    monkeypatch.setattr(strategies, "_found", dict(strategies._found))
    module = types.ModuleType("example")
    monkeypatch.setitem(sys.modules, "example", module)  # where dataclasses look for annotations
    exec(compile(source, "docs/strategies.md", "exec", dont_inherit=True), vars(module))
    strategy = strategies.get("momentum")()
    bars = random_bars(seed=4, n_bars=400)
    said = strategy.signals(bars, strategy.indicators(bars))
    assert not said.side[:96].any()
    change = bars.close[96:] - bars.close[:-96]
    np.testing.assert_array_equal(said.side[96:], np.sign(change))
