"""One small asset to search, with its bars in memory."""

from lockstep.config.loading import load
from lockstep.config.selection import Selection
from lockstep.data.load import load_bars
from lockstep.research.evaluation import Evaluator

SYMBOL = "EURGBPX"


def small_evaluator(rows: int = 6_000, **parameters) -> Evaluator:
    """Return an evaluator of the sample's first bars; parameters replace the configured ones."""
    config = load(None, Selection(symbols=(SYMBOL,))).config
    asset = config.assets[0]
    asset = asset.model_copy(update={"parameters": {**asset.parameters, **parameters}})
    bars = load_bars([SYMBOL], "5m", None, instruments={SYMBOL: asset.instrument})[SYMBOL]
    account = config.portfolio.model_copy(update={"conversion": {"GBP/USD": 1.3}})
    return Evaluator(asset, account, bars.cut(slice(0, rows)))
