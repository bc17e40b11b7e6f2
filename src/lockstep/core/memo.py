"""Memo: results of pure functions of arrays, kept while they fit."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

#: Bytes of results that are kept.
ROOM = 512 * 1024 * 1024


class Memo:
    """Remembers what pure functions returned, by their inputs; the least used goes first.

    An array among the inputs is told by its identity. Every entry holds its inputs, so that no
    other array can take the identity of one that is still asked for. A copy in another process
    begins empty: identities mean nothing there.

    Parameters
    ----------
    room : int
        Bytes of results to keep; the newest is always kept.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.hits = self.misses = 0
        self._bytes = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[Any, ...], tuple[tuple[Any, ...], Any, int]] = OrderedDict()

    def __call__(self, function: Callable[..., Any], *inputs: Any) -> Any:
        """Return ``function(*inputs)``, computed at most once while it is kept."""
        key = (function, *(_token(one) for one in inputs))
        with self._lock:
            if key in self._kept:
                self.hits += 1
                self._kept.move_to_end(key)
                return self._kept[key][1]
            self.misses += 1
        result = function(*inputs)
        with self._lock:
            return self._keep(key, inputs, result)

    def __reduce__(self) -> tuple[type[Memo], tuple[int]]:
        """Travel without what is kept."""
        return Memo, (self.room,)

    def _keep(self, key: tuple[Any, ...], inputs: tuple[Any, ...], result: Any) -> Any:
        """Keep a result, unless another thread was faster: then theirs is everybody's."""
        if key in self._kept:
            return self._kept[key][1]
        size = _size(result)
        self._kept[key] = (inputs, result, size)
        self._bytes += size
        while self._bytes > self.room and len(self._kept) > 1:
            _, (_, _, freed) = self._kept.popitem(last=False)
            self._bytes -= freed
        return result


def _token(value: Any) -> Any:
    return (id(value),) if isinstance(value, np.ndarray) else (type(value), value)


def _size(result: Any) -> int:
    parts = result if isinstance(result, tuple) else (result,)
    return sum(part.nbytes for part in parts if isinstance(part, np.ndarray))
