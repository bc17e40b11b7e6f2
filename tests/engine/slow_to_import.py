"""A module that takes its time to be imported by a process of its own, and says that it began."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

if multiprocessing.current_process().name != "MainProcess":
    if "IMPORT_BEGUN" in os.environ:
        Path(os.environ["IMPORT_BEGUN"]).touch()
    time.sleep(float(os.environ.get("IMPORT_SECONDS", "1.0")))


def answer(text: str) -> str:
    return text
