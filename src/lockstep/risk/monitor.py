"""PortfolioMonitor: what the account looked like after each step."""

from __future__ import annotations

from array import array

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.state import AccountState

_EMPTY = float("nan")


class PortfolioMonitor:
    """Keeps one value per step of the account's figures; a step that changes nothing costs nothing.

    Parameters
    ----------
    n_steps : int
        Length of the clock.
    """

    def __init__(self, n_steps: int) -> None:
        self._total = array("d", [_EMPTY]) * n_steps
        self._used = array("d", [_EMPTY]) * n_steps
        self._level = array("d", [_EMPTY]) * n_steps
        self._reserve = array("d", [_EMPTY]) * n_steps
        self._factor = array("d", [_EMPTY]) * n_steps
        self._after = array("d", [_EMPTY]) * n_steps
        self._tested = array("b", [0]) * n_steps

    def record(
        self, step: int, equity: float, used: float, reserve: float, state: AccountState
    ) -> None:
        """Store the account after a step: equity, used margin and reserve, account currency."""
        self._total[step] = equity
        self._used[step] = used
        self._reserve[step] = reserve
        self._factor[step] = state.drawdown_factor

    def record_level(self, step: int, equity: float, used: float) -> None:
        """Store the margin level as the broker tests it in stage D, before any stop-out."""
        self._tested[step] = 1
        if used > 0.0:
            self._level[step] = equity / used

    def record_level_after(self, step: int, equity: float, used: float) -> None:
        """Store the margin level that stage D leaves behind, until it runs again."""
        if used > 0.0:
            self._after[step] = equity / used

    @property
    def equity(self) -> Array:
        """Account equity after every step, shape (n_steps,)."""
        return _filled(self._total)

    @property
    def used_margin(self) -> Array:
        """Used margin after every step, shape (n_steps,)."""
        return _filled(self._used)

    @property
    def reserve(self) -> Array:
        """Reserve after every step, shape (n_steps,)."""
        return _filled(self._reserve)

    @property
    def drawdown_factor(self) -> Array:
        """Factor of drawdown scaling after every step, shape (n_steps,)."""
        return _filled(self._factor)

    @property
    def margin_level(self) -> Array:
        """Equity / used margin as tested at every step; NaN while no margin is used."""
        tested = np.frombuffer(self._tested, dtype=np.int8) != 0
        after = np.frombuffer(self._after, dtype=np.float64)[_last_true(tested)]
        return np.where(tested, np.frombuffer(self._level, dtype=np.float64), after)

    @property
    def drawdown(self) -> Array:
        """Report drawdown: fraction below the highest equity so far, the start included."""
        equity = self.equity
        return 1.0 - equity / np.maximum.accumulate(equity)


def _filled(values: array[float]) -> Array:
    """Return the values with every unrecorded step given the last recorded one."""
    numbers = np.frombuffer(values, dtype=np.float64)
    return np.asarray(numbers[_last_true(~np.isnan(numbers))])


def _last_true(mask: np.ndarray) -> np.ndarray:
    index = np.where(mask, np.arange(len(mask)), 0)
    return np.asarray(np.maximum.accumulate(index))
