"""How the kernel is compiled."""

from __future__ import annotations

from typing import Any

from numba import njit

#: Kept on disk; free of the interpreter lock; without reference counting (see the package).
_OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "_nrt": False}


def compiled(function: Any) -> Any:
    """Compile a function of the kernel on its first call."""
    return njit(**_OPTIONS)(function)


def inlined(function: Any) -> Any:
    """Compile a function into its callers: passing the market by value would cost more than it."""
    return njit(forceinline=True, **_OPTIONS)(function)
