"""Config files to plain data: JSON and YAML 1.2, nothing lenient about either."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lockstep.core.errors import ConfigError

#: A file that expands to more values than this (aliases may nest) is no config file.
_MOST_VALUES = 200_000
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]')


def read(path: Path) -> dict[str, Any]:
    """Return the top-level object of a config file.

    Parameters
    ----------
    path : Path
        A ``.json``, ``.yaml`` or ``.yml`` file in UTF-8.

    Raises
    ------
    ConfigError
        If the file is missing, unreadable, malformed, repeats a key, holds NaN or an infinity, or
        is no object; all repeated keys and bad numbers are listed at once.
    """
    text = _text(path)
    data = _json(path, text) if path.suffix.lower() == ".json" else _yaml(path, text)
    if not _is_small(data):
        raise ConfigError(
            f"{path}: expands to more than {_MOST_VALUES:,} values; expected a config file."
        )
    if not isinstance(data, dict):
        raise ConfigError(f"{path}: holds {_kind(data)}; expected an object of keys and values.")
    bad = [f"{path}: {where}: {what}" for where, what in _unusable(data, "")]
    if bad:
        raise ConfigError("\n".join(bad))
    return data


def _text(path: Path) -> str:
    if path.suffix.lower() not in {".json", ".yaml", ".yml"}:
        raise ConfigError(f"{path}: is no config file; expected .json, .yaml or .yml.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ConfigError(f"{path}: does not exist; expected a config file.") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: byte {error.start} is not UTF-8; save it as UTF-8.") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from None


def _json(path: Path, text: str) -> Any:
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(
            f"{path}: line {error.lineno}, column {error.colno}: {error.msg}; expected JSON."
        ) from None
    except ValueError as error:  # a whole number of thousands of digits
        raise ConfigError(f"{path}: cannot be read ({error}).") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply; expected a config file.") from None
    repeated = [
        f"{path}: {where}: is given twice (lines {first} and {line}); keep one of them."
        for where, first, line in _repeated_keys(text)
    ]
    if repeated:
        raise ConfigError("\n".join(repeated))
    return data


def _repeated_keys(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (path, first line, line) of every key that its JSON object already has.

    The text is valid JSON, so a string before a colon is a key; the json module alone would keep
    the last value and say nothing.
    """
    stack: list[tuple[dict[str, int], str]] = []
    key = ""
    last, position, line = "", 0, 1
    for token in _TOKEN.finditer(text):
        line += text.count("\n", position, token.start())
        position = token.start()
        mark = token.group()
        if mark in "{[":
            parent = stack[-1][1] if stack else ""
            stack.append(({}, ".".join(filter(None, (parent, key)))))
            key = ""
        elif mark in "}]":
            stack.pop()
            key = ""
        elif mark == ":":
            key = json.loads(last)
            seen, where = stack[-1]
            if key in seen:
                yield ".".join(filter(None, (where, key))), seen[key], line
            seen.setdefault(key, line)
        elif mark == ",":
            key = ""
        last = mark


def _yaml(path: Path, text: str) -> Any:
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import DuplicateKeyError
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        return YAML(typ="safe", pure=True).load(text)
    except DuplicateKeyError as error:
        raise ConfigError(f"{path}: {_twice(error)}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is nested too deeply; expected a config file.") from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        problem = (error.problem or error.context or "malformed").splitlines()[0]
        raise ConfigError(f"{path}: {place}{problem}; expected YAML 1.2.") from None
    except YAMLError as error:
        raise ConfigError(f"{path}: {str(error).splitlines()[0]}; expected YAML 1.2.") from None
    except ValueError as error:  # a number of thousands of digits, a day that no calendar has
        raise ConfigError(f"{path}: cannot be read ({error}).") from None


def _twice(error: Any) -> str:
    """Return what a repeated key is, in the words used for JSON."""
    first, again = error.context_mark, error.problem_mark
    found = re.search(r'duplicate key "(.*?)" with value', error.problem or "", re.DOTALL)
    key = found.group(1) if found else "a key"
    where = again.line + 1 if again else "?"
    within = f", in the object that begins on line {first.line + 1}" if first else ""
    return f"{key}: is given twice (again on line {where}{within}); keep one of them."


def _is_small(data: Any) -> bool:
    """Return False if a walk over the values would take too long, or never end."""
    waiting, seen = [data], 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > _MOST_VALUES:
            return False
        if isinstance(value, dict):
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return True


def _unusable(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, float) and not math.isfinite(value):
        text = "NaN" if math.isnan(value) else "infinite"
        yield path, f"is {text}; expected a finite number."
    elif isinstance(value, dict):
        for key, item in value.items():
            where = f"{path}.{key}" if path else str(key)
            if not isinstance(key, str):
                yield where, f"is the key {key!r}; expected text (quote it)."
            else:
                yield from _unusable(item, where)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unusable(item, f"{path}[{index}]")


def _kind(value: Any) -> str:
    if value is None:
        return "nothing"
    return {list: "a list", str: "text", bool: "a truth value"}.get(type(value), "a number")
