"""A module that takes its time to be imported by a process of its own."""

from __future__ import annotations

import multiprocessing
import time

if multiprocessing.parent_process() is not None:
    time.sleep(1.0)


def answer(text: str) -> str:
    return text
