"""How this room compiles a function, and what it hands to compiled code."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

from lockstep.core.bars import Array

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile a function of arrays and scalars on first use; later runs load it from disk.

    The cache notices an edit of the function's own file only, so a compiled function calls
    nothing outside its file. Division by zero gives inf or NaN (as in numpy): the check for it
    would keep the compiler from using vector instructions. No fast-math: every operation rounds
    as written.
    """
    return cast(F, numba.njit(cache=True, error_model="numpy")(function))


def ready(period: int, *columns: npt.ArrayLike) -> tuple[Array, ...]:
    """Return the columns as compiled code wants them: float64, contiguous, writeable.

    A read-only array is another type to the compiler, which would compile everything twice.

    Raises
    ------
    ValueError
        If the period is below 1, or the columns are not vectors of one length.
    """
    if period < 1:
        raise ValueError(f"period is {period}; expected at least 1 bar.")
    arrays = tuple(np.require(column, np.float64, ["C", "W"]) for column in columns)
    shapes = {array.shape for array in arrays}
    if len(shapes) != 1 or len(arrays[0].shape) != 1:
        raise ValueError(f"the columns have shapes {sorted(shapes)}; expected one value per bar.")
    return arrays
