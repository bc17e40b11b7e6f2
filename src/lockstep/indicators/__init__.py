"""From bars to arrays: one causal, compiled implementation of each indicator."""
