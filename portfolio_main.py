"""Run many strategies in one leveraged account: ``python portfolio_main.py --help``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from lockstep.cli.door import portfolio_main  # importable by the line above

if __name__ == "__main__":
    sys.exit(portfolio_main())
