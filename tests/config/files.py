"""Write small config files for the tests."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from lockstep.config.loading import load
from lockstep.core.errors import ConfigError

EURUSD: dict[str, Any] = {
    "instrument": {"class": "fx", "spread": 0.0001},
    "strategy": "mean_reversion",
    "parameters": {"reward_risk": 2.0},
    "performance": {},
}


def content(**changes: Any) -> dict[str, Any]:
    """Return a valid config of one asset; a change 'a__b__c' sets that path, None-able."""
    data: dict[str, Any] = {"portfolio": {}, "assets": {"EURUSD_5m": copy.deepcopy(EURUSD)}}
    for path, value in changes.items():
        *parents, last = path.split("__")
        place = data
        for parent in parents:
            place = place.setdefault("EURUSD_5m" if parent == "eurusd" else parent, {})
        place[last] = value
    return data


def write(folder: Path, data: Any, name: str = "assets.json") -> Path:
    """Write a config as JSON and return its path; text is written as it is."""
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def refused(tmp_path: Path, data: Any, **how: Any) -> list[str]:
    """Return the lines of the error a config is refused with."""
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, data), **how)
    assert caught.value.exit_code == 3
    return str(caught.value).replace(str(tmp_path) + "/", "").splitlines()
