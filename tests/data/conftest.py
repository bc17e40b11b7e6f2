import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data():
    """The folder of real bars, with 5m/ and 1h/ in it."""
    folder = os.environ.get("LOCKSTEP_REAL_DATA")
    if not folder:
        pytest.skip("LOCKSTEP_REAL_DATA names no folder of real bars")
    return Path(folder)


@pytest.fixture(scope="session")
def raw_formats(real_data):
    folder = real_data.parent / "raw_formats"
    if not folder.is_dir():
        pytest.skip("there are no raw vendor files beside the real bars")
    return folder


@pytest.fixture(scope="package", autouse=True)
def cache(tmp_path_factory):
    """Keep the sample's cache out of the user's home, and draw the sample once."""
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("cache")
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
            patch.setenv(name, str(folder))
        yield folder
