"""The small tree of errors a user can meet, each with the exit code of its kind."""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path

#: What a disk says that is full, or may not be filled any more.
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
#: Exit code of a check that was made, and found what it looks for: an audit, or `verify`.
CHECK_FAILED = 6


class LockstepError(Exception):
    """Base of every error Lockstep raises on purpose; the message is written for the user."""

    exit_code = 1


class UsageError(LockstepError):
    """A flag or a call is wrong."""

    exit_code = 2


class ConfigError(LockstepError):
    """A configuration value is wrong; one message may list several findings, a line each."""

    exit_code = 3


class DataError(LockstepError):
    """Market data is missing, unreadable or refused by the quality gate."""

    exit_code = 4


class AssetError(LockstepError):
    """One asset of many failed; the others were finished."""

    exit_code = 5

    def __init__(self, message: str, symbol: str = "") -> None:
        super().__init__(message)
        #: The asset that failed; empty if there is more than one.
        self.symbol = symbol

    def __reduce__(self) -> tuple[type[AssetError], tuple[str, str]]:
        """Travel between processes with the symbol."""
        return type(self), (str(self), self.symbol)


class StrategyError(LockstepError):
    """A strategy did something the account cannot do (an unsupported order, a missing stop)."""

    exit_code = 3


class StorageError(LockstepError):
    """The results cannot be written: a full disk, a directory that is gone or read-only."""

    exit_code = 74


class ClusterError(LockstepError):
    """The cluster cannot be reached, is lost, or would not give the results of this machine."""

    exit_code = 69


class LockedError(LockstepError):
    """Another process is at work on the same configuration and data."""

    exit_code = 75


class IdentityError(LockstepError):
    """An accounting identity does not hold: a bug in Lockstep, never the user's fault."""


def failure_of(symbol: str, error: Exception) -> AssetError:
    """Return the error that names the asset whose own code failed, and where.

    Raises
    ------
    KeyboardInterrupt
        If the user's interruption lies behind it: compiled code turns one into a SystemError.
    StorageError
        If a disk is full, which is nobody's own fault: what is compiled is written, too.
    """
    behind: BaseException | None = error
    while behind is not None:
        if isinstance(behind, KeyboardInterrupt):
            raise KeyboardInterrupt from error
        behind = behind.__cause__ or behind.__context__
    if isinstance(error, LockstepError):
        return AssetError(f"{symbol}: {error}", symbol)
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        raise StorageError(
            f"no room for compiled code, or for what the strategy of {symbol} writes "
            f"({os.strerror(error.errno)}). Make room in the user's cache, or name another folder "
            "by NUMBA_CACHE_DIR."
        ) from error
    trace = traceback.extract_tb(error.__traceback__)
    where = f" ({Path(trace[-1].filename).name}:{trace[-1].lineno})" if trace else ""
    what = f"its strategy failed with {type(error).__name__}: {error}{where}"
    return AssetError(f"{symbol}: {what}", symbol)
