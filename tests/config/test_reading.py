from __future__ import annotations

from pathlib import Path

import pytest

from lockstep.config.reading import read
from lockstep.core.errors import ConfigError
from tests.config.files import write


def refused(tmp_path: Path, text: str, name: str = "a.json") -> str:
    with pytest.raises(ConfigError) as caught:
        read(write(tmp_path, text, name))
    return str(caught.value).replace(str(tmp_path) + "/", "")


def test_json_and_yaml_of_the_same_content_are_equal(tmp_path: Path) -> None:
    as_json = read(write(tmp_path, '{"a": {"b": [1, 2.5]}, "c": "12:30"}'))
    as_yaml = read(write(tmp_path, "a:\n  b: [1, 2.5]\nc: 12:30\n", "a.yaml"))
    assert as_json == as_yaml == {"a": {"b": [1, 2.5]}, "c": "12:30"}


def test_yaml_is_1_2_so_no_is_a_word(tmp_path: Path) -> None:
    assert read(write(tmp_path, "country: NO\n", "a.yml")) == {"country": "NO"}


def test_every_repeated_json_key_is_named_with_its_lines(tmp_path: Path) -> None:
    text = '{"a": {"x": 1,\n "y": 2,\n "x": 3},\n "b": [{"k": 1}, {"k": 1,\n"k": 2}], "a": 1}'
    assert refused(tmp_path, text).splitlines() == [
        "a.json: a.x: is given twice (lines 1 and 3); keep one of them.",
        "a.json: b.k: is given twice (lines 4 and 5); keep one of them.",
        "a.json: a: is given twice (lines 1 and 5); keep one of them.",
    ]


def test_strings_that_look_like_keys_are_no_repeated_keys(tmp_path: Path) -> None:
    text = r'{"a": "b", "b": "\"a\": {", "c": ["a", "a", "b:"]}'
    assert read(write(tmp_path, text))["b"] == '"a": {'


def test_an_escaped_spelling_of_a_key_is_the_same_key(tmp_path: Path) -> None:
    assert "a: is given twice" in refused(tmp_path, r'{"a": 1, "\u0061": 2}')


def test_a_repeated_yaml_key_is_refused_with_its_line(tmp_path: Path) -> None:
    message = refused(tmp_path, "a: 1\nb: 2\na: 3\n", "a.yaml")
    assert message == (
        "a.yaml: a: is given twice (again on line 3, in the object that begins on line 1); keep "
        "one of them."
    )


@pytest.mark.parametrize(
    ("text", "name", "finding"),
    [
        ('{"x": NaN}', "a.json", "a.json: x: is NaN; expected a finite number."),
        ('{"x": [1, -Infinity]}', "a.json", "a.json: x[1]: is infinite; expected a finite"),
        ('{"x": 1e999}', "a.json", "a.json: x: is infinite; expected a finite number."),
        ("x: {y: .nan}\n", "a.yaml", "a.yaml: x.y: is NaN; expected a finite number."),
        ("1: 2\n", "a.yaml", "a.yaml: 1: is the key 1; expected text (quote it)."),
        ('{"x": 1,\n}', "a.json", "a.json: line 1, column 8: Illegal trailing comma"),
        ("[1, 2]", "a.json", "a.json: holds a list; expected an object of keys and values."),
        ("", "a.yaml", "a.yaml: holds nothing; expected an object"),
        ("a: [1\n", "a.yaml", "a.yaml: line 2, column 1:"),
        ("a = 1", "a.toml", "a.toml: is no config file; expected .json, .yaml or .yml."),
        ("[" * 100_000, "a.json", "a.json: is nested too deeply"),
        ('{"x": 1' + "0" * 5000 + "}", "a.json", "a.json: cannot be read (Exceeds the limit"),
        ("x: 1" + "0" * 5000, "a.yaml", "a.yaml: cannot be read (Exceeds the limit"),
        ("x: 2025-02-31", "a.yaml", "a.yaml: cannot be read (day is out of range for month)."),
    ],
)
def test_what_is_no_plain_config_is_refused(
    tmp_path: Path, text: str, name: str, finding: str
) -> None:
    message = refused(tmp_path, text, name)
    if "trailing comma" in finding:  # the words are Python's own and differ by version
        assert message.startswith("a.json: line ")
    else:
        assert message.startswith(finding)


def test_a_missing_file_a_folder_and_other_encodings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere.json: does not exist; expected a config file"):
        read(tmp_path / "nowhere.json")
    (tmp_path / "d.json").mkdir()
    with pytest.raises(ConfigError, match=r"d.json: cannot be read \(Is a directory\)"):
        read(tmp_path / "d.json")
    (tmp_path / "l.json").write_bytes(b'{"a": "\xe9"}')
    with pytest.raises(ConfigError, match=r"l.json: byte 7 is not UTF-8; save it as UTF-8"):
        read(tmp_path / "l.json")
