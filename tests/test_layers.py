"""Who may import whom, and what a room may touch: read from the source, file by file."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import lockstep

ROOT = Path(lockstep.__file__).parent
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))

_FOUNDATION = {"core"}
_FIRST = {"config", "ledger", "indicators", "metrics"}
_SECOND = {"data", "strategies", "allocation", "risk"}
#: A room imports itself and these.
MAY_IMPORT: dict[str, set[str]] = {
    "": {"core"},  # the package itself points numba at its cache before any room is loaded
    "core": set(),
    **dict.fromkeys(_FIRST, _FOUNDATION),
    **dict.fromkeys(_SECOND, _FOUNDATION | _FIRST),
    "engine": _FOUNDATION | _FIRST | _SECOND,
    "research": _FOUNDATION | _FIRST | _SECOND | {"engine"},
    "runs": {"core", "config"},
    "report": {"core", "config", "metrics"},
    "cli": _FOUNDATION | _FIRST | _SECOND | {"engine", "research", "runs", "report"},
}
#: Where a library may be imported at all.
CONFINED = {
    "backtrader": ("engine/cerebro/",),
    "matplotlib": ("report/",),
    "seaborn": ("report/",),
    "numba": ("ledger/", "indicators/", "engine/kernel/"),
    "rich": ("cli/",),
    "argparse": ("cli/",),
}
#: Too slow to import before they are needed.
HEAVY = {"scipy", "matplotlib", "seaborn"}
#: The registry's look-up, the table of commands, and a user's own strategy.
DYNAMIC = {"core/registry.py", "cli/door.py", "engine/cerebro/player.py"}
OUTSIDE_WORLD = {
    "time", "subprocess", "socket", "ssl", "urllib", "urllib3", "http", "ftplib", "smtplib",
    "requests", "httpx", "aiohttp", "asyncio", "webbrowser",
}  # fmt: skip
#: Quoting an address reaches for none.
PURE = "urllib.parse."
#: How long a trial took is a fact of the trial, which a search has to record; how long a strategy
#: has been at work is what its process is ended by.
STOPWATCH = {
    "engine/apart.py": ["time.monotonic"],
    "research/trying.py": ["time.perf_counter"],
}
CLOCKS = {"now", "utcnow", "today", "time_ns", "perf_counter", "monotonic"}
STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
NO_NAMES = {
    "util",
    "utils",
    "helper",
    "helpers",
    "common",
    "misc",
    "enhanced",
    "new",
    "advanced",
    "v2",
}
LONGEST_FILE = 400

Import = tuple[str, ast.stmt]


def tree_of(file: str) -> ast.Module:
    return ast.parse((ROOT / file).read_text(encoding="utf-8"))


def imports(tree: ast.AST) -> Iterator[Import]:
    """Yield the dotted name of every import below a node; `from a import b` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (("." * node.level + f"{node.module}.{a.name}", node) for a in node.names)


def local_imports(tree: ast.AST) -> list[str]:
    """Return what functions import for themselves."""
    functions = (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [name for function in functions for name, _ in imports(function)]


def type_only(tree: ast.AST) -> set[ast.stmt]:
    """Return the statements that only a type checker reads."""
    return {
        statement
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        for statement in node.body
    }


def room_of(file: str) -> str:
    return file.split("/", maxsplit=1)[0] if "/" in file else ""


def forbidden_rooms(tree: ast.AST, room: str) -> list[str]:
    """Return the first-party imports that reach upward or sideways, or are relative."""
    found = []
    for name, _ in imports(tree):
        parts = name.split(".")
        if parts[0] == "":
            found.append(name)
        elif parts[0] == "lockstep" and parts[1] in MAY_IMPORT and parts[1] != room:
            found.extend([name] if parts[1] not in MAY_IMPORT.get(room, set()) else [])
    return found


def outside_world(tree: ast.AST) -> list[str]:
    """Return what reads a clock, reaches for a network or starts a process."""
    names = [name for name, _ in imports(tree) if not name.startswith(PURE)]
    found = [name for name in names if name.split(".")[0] in OUTSIDE_WORLD]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = ast.unparse(node.value)
            if node.attr in CLOCKS or (owner == "os" and node.attr in {"system", "popen", "fork"}):
                found.append(ast.unparse(node))
    return found


def prints(tree: ast.AST) -> list[str]:
    """Return what writes to the terminal."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Name) and node.id == "print")
        or (
            isinstance(node, ast.Attribute)
            and node.attr in STREAMS
            and ast.unparse(node.value) == "sys"
        )
    ]


def dynamic_imports(tree: ast.AST) -> list[str]:
    calls = (ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call))
    return [call for call in calls if call.split(".")[-1] in {"import_module", "__import__"}]


def offenders(look: Callable[[str], list[str]]) -> dict[str, list[str]]:
    """Return the files in which a look finds something, and what."""
    return {file: found for file in FILES if (found := look(file))}


def test_a_room_imports_only_rooms_below_it() -> None:
    assert offenders(lambda file: forbidden_rooms(tree_of(file), room_of(file))) == {}


def test_no_function_imports_first_party_code() -> None:
    def look(file: str) -> list[str]:
        return [n for n in local_imports(tree_of(file)) if n.startswith((".", "lockstep"))]

    assert offenders(look) == {}


def test_imports_by_name_stay_in_their_few_places() -> None:
    assert set(offenders(lambda file: dynamic_imports(tree_of(file)))) <= DYNAMIC


def test_a_confined_library_stays_in_its_rooms() -> None:
    def look(file: str) -> list[str]:
        names = {name for name, _ in imports(tree_of(file))}
        return sorted(n for n in names if not file.startswith(CONFINED.get(n.split(".")[0], "")))

    assert offenders(look) == {}


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    def look(file: str) -> list[str]:
        tree = tree_of(file)
        local, types = set(local_imports(tree)), type_only(tree)
        heavy = ((n, at) for n, at in imports(tree) if n.split(".")[0] in HEAVY)
        return [name for name, at in heavy if name not in local and at not in types]

    assert offenders(look) == {}


def test_below_the_command_line_there_is_no_clock_network_or_process() -> None:
    found = offenders(lambda file: outside_world(tree_of(file)))
    below = {file: what for file, what in found.items() if room_of(file) != "cli"}
    assert {file: what for file, what in below.items() if STOPWATCH.get(file) != what} == {}


def test_only_the_command_line_prints() -> None:
    found = offenders(lambda file: prints(tree_of(file)))
    assert {file: what for file, what in found.items() if room_of(file) != "cli"} == {}


def test_a_file_is_at_most_400_lines() -> None:
    lengths = {file: (ROOT / file).read_text(encoding="utf-8").count("\n") for file in FILES}
    assert {file: n for file, n in lengths.items() if n > LONGEST_FILE} == {}


def test_names_say_what_is_inside() -> None:
    def look(file: str) -> list[str]:
        words = {word for part in Path(file).with_suffix("").parts for word in part.split("_")}
        return sorted(words & NO_NAMES)

    assert offenders(look) == {}


def test_every_room_has_its_place_in_the_order() -> None:
    assert {room_of(file) for file in FILES} - {""} <= set(MAY_IMPORT)
    assert {file for file in FILES if not room_of(file)} == {"__init__.py"}


def test_the_doors_load_nothing_heavy_before_the_flags_are_read() -> None:
    script = (
        "import sys, lockstep.cli.door\n"
        "heavy = ('scipy', 'matplotlib', 'seaborn', 'numba', 'backtrader', 'joblib')\n"
        "print([name for name in heavy if name in sys.modules])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT.parent, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


# The walk itself --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("room", "line", "seen"),
    [
        ("core", "from lockstep.config.models import X", True),
        ("ledger", "import lockstep.metrics.risk", True),
        ("risk", "from lockstep import strategies", True),
        ("risk", "def f():\n    from lockstep.data import load", True),
        ("report", "from lockstep.engine.plan import plan_run", True),
        ("engine", "from lockstep.runs.store import save", True),
        ("engine", "from lockstep.report import write", True),
        ("data", "from . import files", True),
        ("risk", "from lockstep.ledger import rules", False),
        ("engine", "from lockstep.risk.manager import in_order", False),
        ("cli", "from lockstep.runs.store import save", False),
        ("runs", "from lockstep import __version__", False),
    ],
)
def test_the_walk_tells_an_upward_import_from_a_downward_one(
    room: str, line: str, seen: bool
) -> None:
    assert bool(forbidden_rooms(ast.parse(line), room)) is seen


@pytest.mark.parametrize(
    "line",
    [
        "datetime.now()",
        "pd.Timestamp.now(tz='UTC')",
        "date.today()",
        "import time",
        "from time import sleep",
        "import urllib.request",
        "from subprocess import run",
        "os.system('ls')",
    ],
)
def test_the_walk_sees_the_outside_world(line: str) -> None:
    assert outside_world(ast.parse(line)) != []


@pytest.mark.parametrize("line", ["print(1)", "show = print", "sys.stderr.write('x')"])
def test_the_walk_sees_what_prints(line: str) -> None:
    assert prints(ast.parse(line)) != []


def test_the_walk_sees_imports_inside_functions_and_by_name() -> None:
    assert local_imports(ast.parse("def f():\n    import a.b")) == ["a.b"]
    assert local_imports(
        ast.parse("class C:\n    async def f(self):\n        from a import b")
    ) == ["a.b"]
    assert dynamic_imports(ast.parse("importlib.import_module('a')\n__import__('b')")) == [
        "importlib.import_module",
        "__import__",
    ]
