"""What holds for every test: hypothesis draws the same examples everywhere, without a deadline."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("lockstep", derandomize=True, deadline=None)
settings.load_profile("lockstep")
