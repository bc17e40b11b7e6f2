"""Plan, then play."""
