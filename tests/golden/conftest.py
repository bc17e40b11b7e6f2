"""Golden runs change only on purpose."""

import pytest


@pytest.fixture
def regen(request: pytest.FixtureRequest) -> bool:
    """True if ``--regen`` asks for the golden files to be written anew."""
    return bool(request.config.getoption("--regen"))
