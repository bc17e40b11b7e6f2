"""Many configurations, many results: audits, simulations, and later searches."""
