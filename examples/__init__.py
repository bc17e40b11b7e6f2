"""Examples of what a user writes: configurations, and a strategy by hand."""
