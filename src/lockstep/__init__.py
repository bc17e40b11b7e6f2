"""Lockstep: many strategies, one leveraged account, one clock."""

__version__ = "0.1.0"
