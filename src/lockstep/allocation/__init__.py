"""From a market view to weights; one model a file, found by its presence."""
