"""The player that runs one backtrader Cerebro per asset in lockstep."""
