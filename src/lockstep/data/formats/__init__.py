"""File formats, one file each, found by their presence."""
