"""The ledger uses + - * /, comparison, abs and floor only, so that all machines agree on bits."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import lockstep.ledger

FILES = sorted(Path(lockstep.ledger.__file__).parent.glob("*.py"))
OPERATORS = (ast.Add, ast.Sub, ast.Mult, ast.Div, ast.USub, ast.Not, ast.And, ast.Or)
CALLS = {"abs", "math.floor", "math.isnan"}
IMPORTS = {"__future__", "math", "typing", "numba.extending"}


def functions(file: Path) -> list[ast.FunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)]


def offences(function: ast.FunctionDef, own: set[str]) -> list[str]:
    """Return what a function does beyond the allowed arithmetic."""
    found = []
    for node in ast.walk(ast.Module(function.body, [])):
        if isinstance(node, ast.BinOp | ast.UnaryOp | ast.BoolOp | ast.AugAssign):
            if not isinstance(node.op, OPERATORS):
                found.append(ast.unparse(node))
        elif isinstance(node, ast.Call):
            if ast.unparse(node.func) not in CALLS | own:
                found.append(ast.unparse(node))
        elif isinstance(node, ast.For | ast.While | ast.comprehension | ast.Try | ast.Await):
            found.append(type(node).__name__)
    return found


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_only_exact_arithmetic_is_used(file: Path) -> None:
    own = {function.name for function in functions(file)}
    assert [item for f in functions(file) for item in offences(f, own)] == []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_function_can_be_compiled_into_a_player(file: Path) -> None:
    for function in functions(file):
        decorators = [ast.unparse(item) for item in function.decorator_list]
        assert decorators == ["register_jitable"], function.name


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nothing_but_python_numba_and_core_is_imported(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        assert not isinstance(node, ast.Import) or ast.unparse(node) == "import math"
        if isinstance(node, ast.ImportFrom):
            assert node.module in IMPORTS or str(node.module).startswith("lockstep.core.")


@pytest.mark.parametrize(
    "line",
    [
        "a ** 2",
        "sum([a])",
        "round(a)",
        "max(a, 0.0)",
        "a // 1",
        "a % 2",
        "math.exp(a)",
        "pow(a, 2)",
    ],
)
def test_the_walk_sees_what_it_forbids(line: str) -> None:
    function = ast.parse(f"def f(a):\n    return {line}\n").body[0]
    assert isinstance(function, ast.FunctionDef)
    assert offences(function, set()) != []


def test_there_is_something_to_walk() -> None:
    assert {file.name for file in FILES} >= {"exits.py", "money.py", "rules.py", "sizing.py"}
