"""Findings: everything wrong with a configuration, listed at once with its file and path."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from lockstep.core.errors import ConfigError
from lockstep.core.parameters import nearest

_LONGEST_VALUE = 60


@dataclass(slots=True)
class Findings:
    """Collects what is wrong, then raises it as one error.

    Parameters
    ----------
    sources : dict of str to str
        Path prefix (dotted) -> the file or flag it came from; the longest prefix counts.
    """

    sources: dict[str, str] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def add(self, path: str, message: str) -> None:
        """Record one finding; `message` has no subject ("is 3; expected ...")."""
        self.lines.append(": ".join(part for part in (self._source(path), path, message) if part))

    def add_error(self, path: str, error: ConfigError) -> None:
        """Record every line of a component's own error."""
        for line in str(error).splitlines():
            self.add(path, line)

    def add_validation(
        self, path: str, error: ValidationError, models: Mapping[str, type[BaseModel]]
    ) -> None:
        """Record what pydantic found; `models` maps a dotted location to its model ('' = top)."""
        for item in error.errors(include_url=False):
            place = ".".join(str(part) for part in item["loc"])
            self.add(".".join(filter(None, (path, place))), _sentence(item, models))

    def raise_if_any(self) -> None:
        """Raise a ConfigError that lists the findings, if there are any."""
        if self.lines:
            raise ConfigError("\n".join(dict.fromkeys(self.lines)))

    def _source(self, path: str) -> str:
        parts = path.split(".")
        for count in range(len(parts), -1, -1):
            prefix = ".".join(parts[:count])
            if prefix in self.sources:
                return self.sources[prefix]
        return ""


def shown(value: Any) -> str:
    """Return a value as a config file would hold it, shortened; what cannot be seen, escaped."""
    plain = json.dumps(value, default=str, ensure_ascii=False)
    text = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in plain)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


_EXPECTED = {
    "float_type": "a number (without quotes)",
    "int_type": "a whole number (without quotes)",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "string_type": "text",
    "dict_type": "an object of keys and values",
    "model_type": "an object of keys and values",
    "list_type": "a list",
    "tuple_type": "a list",
}
_BOUNDS = {
    "greater_than": "above {gt:g}",
    "greater_than_equal": "at least {ge:g}",
    "less_than": "below {lt:g}",
    "less_than_equal": "at most {le:g}",
}


def _sentence(item: Any, models: Mapping[str, type[BaseModel]]) -> str:
    kind, context = item["type"], item.get("ctx", {})
    if kind == "extra_forbidden":
        parent = ".".join(str(part) for part in item["loc"][:-1])
        return "is unknown" + nearest(str(item["loc"][-1]), keys_of(models[parent]))
    if kind == "missing":
        return "is missing; it has no default."
    if kind == "value_error":
        return str(context["error"])
    value = shown(item["input"])
    if kind in _EXPECTED:
        return f"is {value}; expected {_EXPECTED[kind]}."
    if kind in _BOUNDS:
        return f"is {value}; expected a number {_BOUNDS[kind].format(**context)}."
    if kind == "literal_error":
        return f"is {value}; expected {context['expected']}."
    return f"is {value}; {item['msg'][0].lower()}{item['msg'][1:]}."


def keys_of(model: type[BaseModel]) -> Sequence[str]:
    """Return the keys a config file may use for a model, aliases included."""
    return [info.alias or name for name, info in model.model_fields.items()]
