"""Figures of more than one run: searches and comparisons. Nothing here is found by name."""
