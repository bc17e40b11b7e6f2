"""The small tree of errors a user can meet, each with the exit code of its kind."""


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


class StrategyError(LockstepError):
    """A strategy did something the account cannot do (an unsupported order, a missing stop)."""

    exit_code = 3


class IdentityError(LockstepError):
    """An accounting identity does not hold: a bug in Lockstep, never the user's fault."""
