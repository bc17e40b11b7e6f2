from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lockstep
from lockstep.core import registry
from lockstep.core.errors import ConfigError
from lockstep.core.registry import Registry

SRC = Path(lockstep.__file__).parents[1]


def test_names_are_sorted_file_names_without_private_and_excluded_ones() -> None:
    names = registry.risk_rules.names()
    assert names == sorted(names)
    assert {"breaker", "daily_loss", "halts"} <= set(names)
    assert not set(names) & {"manager", "monitor", "sizing", "rule", "__init__"}
    assert not [name for name in registry.allocation.names() if name.startswith("_")]


def test_names_are_known_without_importing_a_plug_in() -> None:
    script = (
        "import sys\n"
        "from lockstep.core import registry\n"
        "rooms = (registry.strategies, registry.allocation, registry.risk_rules)\n"
        "rooms += (registry.formats,)\n"
        "assert all(room.names() for room in rooms)\n"
        "loaded = [m for m in sys.modules if any(m.startswith(r.room + '.') for r in rooms)]\n"
        "assert not loaded, loaded\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=SRC,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "room", [registry.strategies, registry.allocation, registry.risk_rules, registry.formats]
)
def test_every_name_of_every_room_gives_a_component_of_its_own_file(room: Registry) -> None:
    for name in room.names():
        assert room.get(name).__module__ == f"{room.room}.{name}"


def test_an_unknown_name_is_answered_with_the_nearest_or_with_the_choices() -> None:
    with pytest.raises(
        ConfigError, match=r"^risk rule 'braker' is unknown; did you mean 'breaker'"
    ):
        registry.risk_rules.get("braker")
    with pytest.raises(ConfigError, match=r"unknown; expected one of asset_exposure, breaker, "):
        registry.risk_rules.get("zzz")


def test_a_component_must_bear_the_name_of_its_file() -> None:
    room = Registry("tests.core", "thing")
    with pytest.raises(
        ConfigError, match=r"^thing 'other' is registered in tests\.core\.test_registry; expected"
    ):

        @room("other")
        class Misnamed:
            pass


def test_a_component_from_outside_the_room_registers_under_any_name() -> None:
    room = Registry("lockstep.risk", "risk rule")

    @room("of_my_own")
    class Own:
        pass

    assert "of_my_own" in room.names()
    assert room.get("of_my_own") is Own


def test_a_file_of_the_room_that_registers_nothing_is_named() -> None:
    room = Registry("lockstep.ledger", "arithmetic")
    with pytest.raises(
        ConfigError, match=r"^lockstep\.ledger\.margin registers no arithmetic; expected .*'margin'"
    ):
        room.get("margin")
