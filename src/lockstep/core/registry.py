"""Find plug-ins by their file name: the choices are known without importing anything."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from lockstep.core.errors import ConfigError
from lockstep.core.parameters import nearest

T = TypeVar("T")


class Registry:
    """The plug-ins of one room: each lives in a file of its own and registers under that name.

    Parameters
    ----------
    room : str
        Dotted name of the package that holds the plug-ins, for example ``lockstep.allocation``.
    noun : str
        What one plug-in is called in an error, for example ``allocation model``.
    exclude : tuple of str
        Modules of the room that are not plug-ins.
    """

    def __init__(self, room: str, noun: str, exclude: tuple[str, ...] = ()) -> None:
        self.room = room
        self.noun = noun
        self._exclude = set(exclude)
        self._found: dict[str, Any] = {}

    def __call__(self, name: str) -> Callable[[T], T]:
        """Register the decorated component; `name` must be the name of its file."""

        def register(component: T) -> T:
            module = getattr(component, "__module__", "")
            if module.startswith(self.room + ".") and module.rsplit(".", 1)[1] != name:
                raise ConfigError(
                    f"{self.noun} {name!r} is registered in {module}; expected {name}.py."
                )
            self._found[name] = component
            return component

        return register

    def names(self) -> list[str]:
        """Return the sorted names of all plug-ins, without importing them."""
        path = Path(__file__).parents[1].joinpath(*self.room.split(".")[1:])
        files = {
            module.name
            for module in pkgutil.iter_modules([str(path)])
            if not module.name.startswith("_") and module.name not in self._exclude
        }
        return sorted(files | set(self._found))

    def get(self, name: str) -> Any:
        """Return the plug-in called `name`, importing its file on first use.

        Raises
        ------
        ConfigError
            If there is none (the message lists the choices), or its file registers none.
        """
        if name not in self.names():
            raise ConfigError(f"{self.noun} {name!r} is unknown{nearest(name, self.names())}")
        if name not in self._found:
            importlib.import_module(f"{self.room}.{name}")
        if name not in self._found:
            raise ConfigError(
                f"{self.room}.{name} registers no {self.noun}; expected a component decorated "
                f"with the name {name!r}, or a file name that begins with an underscore."
            )
        return self._found[name]


#: The plug-in rooms. A name's look-up is the one place where a first-party import is dynamic.
strategies = Registry("lockstep.strategies", "strategy")
allocation = Registry("lockstep.allocation", "allocation model")
risk_rules = Registry(
    "lockstep.risk", "risk rule", exclude=("manager", "monitor", "sizing", "rule")
)
formats = Registry("lockstep.data.formats", "file format")
report_sections = Registry("lockstep.report.sections", "report section")
#: The fan chart is drawn from a simulation, not from a run's result.
figures = Registry("lockstep.report.figures", "figure", exclude=("fan_chart",))
