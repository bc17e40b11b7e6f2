"""From arrays to numbers."""
