"""Where a hand-written strategy may come from: told before any of its code runs."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec, PathFinder
from pathlib import Path

from lockstep.core.errors import StrategyError
from lockstep.core.plan import CustomStrategy

_EXPECTED = "expected module:Class in the project, or in a folder named with --allow-import"
#: Folders of installed packages are no part of a project that holds them.
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def check_origin(custom: CustomStrategy) -> None:
    """Refuse a strategy whose module, or a package around it, lies outside the allowed folders.

    Modules are found as an import would find them, but nothing is imported: a package outside
    would run its code merely by being on the way. Links are followed before a place is judged.

    Parameters
    ----------
    custom : CustomStrategy
        Its folders come first on the path of modules from now on.

    Raises
    ------
    StrategyError
        If there is no such module, or it lies elsewhere.
    """
    module, _, _ = custom.path.partition(":")
    allowed = [Path(folder).resolve() for folder in custom.folders]
    for folder in reversed(allowed):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    places = [*allowed, *_project()]
    for name, origins in _on_the_way(custom.path, module):
        strange = [origin for origin in origins if not _is_within(origin, places)]
        if strange or not origins:
            where = f"lies in {strange[0].parent}" if strange else "is part of Python"
            raise StrategyError(
                f"strategy {custom.path!r} is not imported: {name} {where}; {_EXPECTED}."
            )


def source_of(custom: CustomStrategy) -> Path:
    """Return the file a strategy would be imported from, without importing it.

    Raises
    ------
    StrategyError
        As `check_origin`.
    """
    check_origin(custom)
    module, _, _ = custom.path.partition(":")
    *_, (_, origins) = _on_the_way(custom.path, module)
    return origins[0]


def _project() -> list[Path]:
    """Return the folder of the project, if Lockstep runs from its sources."""
    package = Path(__file__).resolve().parents[1]
    root = package.parents[1]
    return [root] if package == root / "src" / "lockstep" else []


def _on_the_way(path: str, module: str) -> Iterator[tuple[str, list[Path]]]:
    """Yield each package on the way to a module, then the module, and where its code lies."""
    name, search = "", None
    for part in module.split("."):
        name = f"{name}.{part}" if name else part
        spec = _spec(name, part, search)
        if spec is None:
            raise StrategyError(
                f"strategy {path!r} cannot be imported (there is no module {name}); {_EXPECTED}."
            )
        search = list(spec.submodule_search_locations or ())
        code = [spec.origin] if spec.has_location and spec.origin else search
        yield name, [Path(place).resolve() for place in code]


def _spec(name: str, part: str, search: Sequence[str] | None) -> ModuleSpec | None:
    """Return what an import of `name` would find, from the folders of its parent."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return loaded.__spec__
    if search is None and (BuiltinImporter.find_spec(part) or FrozenImporter.find_spec(part)):
        return ModuleSpec(name, None)
    # the name within its folder: a dotted one would look its parent up among loaded modules
    return PathFinder.find_spec(part, search)


def _is_within(origin: Path, places: Sequence[Path]) -> bool:
    for place in places:
        if origin.is_relative_to(place):
            return not _INSTALLED & set(origin.relative_to(place).parts)
    return False
