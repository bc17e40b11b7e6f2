"""Moments for tests, written as people read them."""

from __future__ import annotations

import numpy as np


def ns(text: str) -> int:
    """Return a UTC time such as 2025-01-15T22:00 in ns since 1970."""
    return int(np.datetime64(text, "ns").astype(np.int64))


def day(text: str) -> int:
    """Return a date such as 2025-01-15 in days since 1970."""
    return int(np.datetime64(text, "D").astype(np.int64))
