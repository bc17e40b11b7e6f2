"""What holds for every test: hypothesis draws the same examples everywhere, without a deadline."""

from __future__ import annotations

import signal

import pytest
from hypothesis import settings

settings.register_profile("lockstep", derandomize=True, deadline=None)
settings.load_profile("lockstep")

# A shell that starts a job in the background lets it ignore Ctrl-C, `nohup` the end of the
# terminal, and their children with them: tests of interruptions need processes that hear.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden runs be written anew, on purpose: ``pytest tests/golden --regen``."""
    parser.addoption("--regen", action="store_true", help="write the golden runs anew")
