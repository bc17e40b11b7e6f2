"""Lockstep: many strategies, one leveraged account, one clock."""

import logging

from lockstep.core.compiled import use_cache

__version__ = "0.1.0"

#: A library says nothing on its own; whoever runs it decides what is heard.
logging.getLogger(__name__).addHandler(logging.NullHandler())
use_cache()
