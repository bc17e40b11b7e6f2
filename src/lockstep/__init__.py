"""Lockstep: many strategies, one leveraged account, one clock."""

from lockstep.core.compiled import use_cache

__version__ = "0.1.0"

use_cache()
