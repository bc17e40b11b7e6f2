"""The run directory: manifest and atomic writes."""
