"""The pictures of a run: one file each, found by its presence."""
