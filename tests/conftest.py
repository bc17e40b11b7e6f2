"""What holds for every test: hypothesis draws the same examples everywhere, without a deadline."""

from __future__ import annotations

import pytest
from hypothesis import settings

settings.register_profile("lockstep", derandomize=True, deadline=None)
settings.load_profile("lockstep")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let golden runs be written anew, on purpose: ``pytest tests/golden --regen``."""
    parser.addoption("--regen", action="store_true", help="write the golden runs anew")
