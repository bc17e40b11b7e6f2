"""What a configuration cannot do: leave its folder, run code, fill the memory, hide its words."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import lockstep
from lockstep.config.findings import Findings, shown
from lockstep.config.layers import portfolio_block
from lockstep.config.loading import load
from lockstep.config.models import check_symbol, moment_ns, parse_moment
from lockstep.config.reading import read
from lockstep.config.selection import Selection
from lockstep.core.errors import ConfigError

#: Pieces that have led out of folders before.
_PIECES = st.sampled_from(
    ["..", ".", "/", "\\", "\0", "C:", "~", "con", "NUL", "com1", "lpt9", ".txt", " ", "\n",
     "\u202e", "\u2024\u2024", "\uff0f", "\u2215", "\u212a", "e\u0301", "A", "EURUSD", "-", "_",
     "*", "a" * 40]
)  # fmt: skip
_NAMES = st.one_of(st.lists(_PIECES, max_size=6).map("".join), st.text(max_size=40))


def accepted(symbol: str) -> bool:
    try:
        check_symbol(symbol)
    except ValueError:
        return False
    return True


@given(_NAMES)
@example("../../etc/passwd")
@example("/etc/passwd")
@example("C:\\Windows\\system32")
@example("EURUSD\n")
@example("con.parquet")
@example("A.")
@example("EUR\u2044USD")
def test_a_symbol_that_is_accepted_names_one_file_inside_the_folder_on_every_system(
    symbol: str,
) -> None:
    if not accepted(symbol):
        return
    for kind in (PurePosixPath, PureWindowsPath):
        path = kind("results") / "20250101-000000-0a1b2c3d" / f"{symbol}.png"
        assert path.parts[:2] == ("results", "20250101-000000-0a1b2c3d")
        assert len(path.parts) == 3
        assert not path.is_absolute()
    assert len(symbol.encode()) <= 32
    assert symbol.isascii()
    assert symbol.isprintable()
    assert not symbol.endswith((".", " "))
    assert symbol.partition(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}
    assert symbol[0] not in "=+-@"


@given(_NAMES)
def test_what_is_refused_is_shown_without_anything_that_acts_on_a_terminal(text: str) -> None:
    said = shown(text)
    assert all(character.isprintable() for character in said)
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("\u00c9URUSD", '"\u00c9URUSD"'),
        ("\u20ac/$", '"\u20ac/$"'),
        ("A\u202eB", '"A\\u202eB"'),
        ("a\x1b[2J", '"a\\u001b[2J"'),
    ],
)
def test_letters_are_shown_as_they_are_and_what_cannot_be_seen_is_escaped(
    symbol: str, said: str
) -> None:
    assert shown(symbol) == said


@pytest.mark.parametrize("symbol", ["CON", "nul.x", "COM1", "A.", "lpt0.a.b"])
def test_devices_and_final_points_are_refused_by_name(symbol: str) -> None:
    with pytest.raises(ValueError, match="cannot name a file on every system"):
        check_symbol(symbol)


# Files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        'a: !!python/object/apply:os.system ["touch ran"]\n',
        "a: !!python/name:os.system\n",
        "a: !!python/module:this\n",
        "a: !custom {b: 1}\n",
    ],
)
def test_a_tag_is_refused_and_runs_nothing(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ConfigError, match="could not determine a constructor for the tag"):
        read(Path("a.yaml"))
    assert not Path("ran").exists()


def test_aliases_that_multiply_are_refused_at_once(tmp_path: Path) -> None:
    rows = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    rows += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    (tmp_path / "a.yaml").write_text("\n".join(rows))
    with pytest.raises(ConfigError, match="expands to more than 200,000 values"):
        read(tmp_path / "a.yaml")


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: " + "[" * 5000])
def test_what_has_no_end_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"expands to more|nested too deeply"):
        read(tmp_path / "a.yaml")


#: Calls that would turn a file into code or objects.
_FORBIDDEN = {
    "eval", "exec", "compile", "pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle",
    "read_pickle", "to_pickle", "jsonpickle", "yaml",
}  # fmt: skip


def executed(tree: ast.AST) -> Iterator[str]:
    """Yield what could make code or objects of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None) or ""
            names = [module, *(alias.name for alias in node.names)]
            yield from (name for name in names if name.split(".")[0] in _FORBIDDEN)
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            last = called.rsplit(".", 1)[-1]
            if called in {"eval", "exec", "compile"} or last in {"read_pickle", "to_pickle"}:
                yield called
            if called == "joblib.load":
                yield called
            if called == "np.load" and not any(
                word.arg == "allow_pickle" and ast.unparse(word.value) == "False"
                for word in node.keywords
            ):
                yield "np.load without allow_pickle=False"


def test_no_source_makes_code_or_objects_of_a_file() -> None:
    root = Path(lockstep.__file__).parent
    found = {
        path.relative_to(root).as_posix(): list(executed(ast.parse(path.read_text("utf-8"))))
        for path in root.rglob("*.py")
    }
    assert {file: what for file, what in found.items() if what} == {}


@pytest.mark.parametrize(
    "line",
    ["eval('1')", "import pickle", "from pandas import read_pickle", "np.load(f)",
     "np.load(f, allow_pickle=True)", "pd.read_pickle(f)", "joblib.load(f)"],
)  # fmt: skip
def test_the_walk_sees_what_it_is_for(line: str) -> None:
    assert list(executed(ast.parse(line)))


# Folders --------------------------------------------------------------------------------------


def test_a_file_cannot_allow_itself_to_run_code(tmp_path: Path) -> None:
    path = config(tmp_path)
    data = json.loads(path.read_text()) | {"portfolio": {"allow_import": [str(tmp_path)]}}
    path.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match="a file cannot allow itself to run code"):
        load(path)
    flag = (f"{tmp_path}/../{tmp_path.name}",)
    assert load(path, overrides={"allow_import": flag}).config.portfolio.allow_import == flag
    assert load(path, is_own=True).config.portfolio.allow_import == (str(tmp_path),)


# Wording --------------------------------------------------------------------------------------


def config(tmp_path: Path) -> Path:
    block = {"instrument": {"class": "fx"}, "strategy": "mean_reversion"}
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"assets": {"EURUSD_5m": block, "GBPUSD_5m": block}}))
    return path


def test_an_error_names_the_flag_that_asked(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="NOPE, asked for by --symbol, is unknown"):
        load(config(tmp_path), Selection(symbols=("NOPE",), asker="--symbol"))


def test_a_name_given_twice_is_told(tmp_path: Path) -> None:
    loaded = load(config(tmp_path), Selection(symbols=("EURUSD", "GBPUSD", "EURUSD")))
    assert loaded.config.symbols == ("EURUSD", "GBPUSD")
    assert loaded.notices == ("--assets: EURUSD named twice; counted once.",)


@pytest.mark.parametrize(
    ("block", "flags", "said"),
    [
        (
            {"max_asset_weight_pct": 0.3},
            {},
            "portfolio.max_asset_weight_pct is 0.3, which is 0.3 %",
        ),
        ({"stop_out_level_pct": 0.5}, {}, "write 50 for that many."),
        ({"risk": {"breaker": {"limit_pct": 0.25}}}, {}, "risk.breaker.limit_pct is 0.25, which"),
        ({}, {"max_drawdown": 0.0025}, "--max-drawdown-pct is 0.25, which is 0.25 %: write 25 for"),
    ],
)
def test_a_percentage_that_looks_like_a_fraction_is_noticed(
    block: dict[str, object], flags: dict[str, object], said: str
) -> None:
    _, notices = portfolio_block({}, block, flags, Findings())
    assert len(notices) == 1
    assert said in notices[0]


@pytest.mark.parametrize(
    "block",
    [{"risk_per_trade_pct": 0.5}, {"max_asset_weight_pct": 30}, {"stop_out_level_pct": 0},
     {"risk": {"daily_loss": {"limit_pct": 0.5}}}, {"risk": {"breaker": None}}, {"risk": None}],
)  # fmt: skip
def test_percentages_that_may_well_be_small_are_not_noticed(block: dict[str, object]) -> None:
    assert portfolio_block({}, block, {"max_drawdown": 0.25}, Findings())[1] == []


@pytest.mark.parametrize("text", ["0001-01-01", "9999-12-31", "9999-12-31T23:59:59-14:00"])
def test_a_moment_that_nanoseconds_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected a year from 1678 to 2261\. Leave it out"):
        parse_moment(text)


@pytest.mark.parametrize("text", ["1678-01-01T00:00+14:00", "2261-12-31"])
def test_every_moment_that_is_taken_fits_into_nanoseconds(text: str) -> None:
    moment, _ = parse_moment(text)
    assert abs(moment_ns(moment)) + 86_400 * 10**9 < 2**63
