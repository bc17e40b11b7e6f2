"""Check the parameters of plug-ins by building them, and write them out in full."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

from lockstep.config.findings import Findings
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import build
from lockstep.core.registry import Registry

#: A hand-written strategy: ``module:Class``, imported by the engine only.
_HAND_WRITTEN = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*")


def is_hand_written(strategy: str) -> bool:
    """Tell a ``module:Class`` from a name of the strategies room."""
    return _HAND_WRITTEN.fullmatch(strategy) is not None


def resolve(
    registry: Registry,
    name: str,
    given: Mapping[str, Any],
    findings: Findings,
    *,
    name_path: str,
    path: str,
) -> dict[str, Any]:
    """Return every parameter of a plug-in, defaults filled in; what is wrong is recorded.

    Parameters
    ----------
    registry : Registry
        The room of the plug-in.
    name : str
        The plug-in.
    given : mapping
        Its parameters as a config file holds them.
    findings : Findings
        Receives an unknown name at `name_path`, wrong parameters at `path`.
    name_path, path : str
        Where the name and the parameters stand in the file.
    """
    try:
        component = registry.get(name)
    except ConfigError as error:
        findings.add_error(name_path, error)
        return dict(given)
    try:
        built = build(component, given)
    except ConfigError as error:
        findings.add_error(path, error)
        return dict(given)
    return {item.name: getattr(built, item.name) for item in dataclasses.fields(built) if item.init}
