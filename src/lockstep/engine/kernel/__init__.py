"""The compiled player: one loop over the clock for strategies that are signals."""
