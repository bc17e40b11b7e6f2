"""Subject: the configured portfolio and data that an audit runs again and again."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.codes import CODE
from lockstep.core.errors import LockstepError, failure_of
from lockstep.core.parameters import build
from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Progress, Silent, Strategy
from lockstep.core.registry import strategies
from lockstep.core.result import day_marks
from lockstep.core.signals import Signals
from lockstep.data.rates import Pair
from lockstep.engine.identities import account_equity, check_identities
from lockstep.engine.played import Played
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.metrics.blocks import performance
from lockstep.metrics.panel import Curve
from lockstep.metrics.returns import daily_returns
from lockstep.metrics.undefined import Measure


@dataclass(frozen=True, slots=True)
class Subject:
    """What is audited.

    Parameters
    ----------
    assets : sequence of AssetConfig
        What is traded, by which strategy.
    portfolio : PortfolioConfig
        The account and its rules.
    bars : mapping of str to Bars
        One entry per asset.
    pairs : sequence of Pair
        Conversion pairs the assets do not provide.
    rules : bool
        False drops the portfolio rules.
    player : str
        ``auto``, ``kernel`` or ``cerebro``.
    jobs : int
        Plays at once.
    progress : Progress
        Told of the audit's own steps.
    """

    assets: Sequence[AssetConfig]
    portfolio: PortfolioConfig
    bars: Mapping[str, Bars]
    pairs: Sequence[Pair] = ()
    rules: bool = True
    player: str = "auto"
    jobs: int = 1
    progress: Progress = field(default_factory=Silent)

    def backtester(self) -> PortfolioBacktester:
        """Return the backtester of the portfolio, silent."""
        return PortfolioBacktester(
            self.assets, self.portfolio, jobs=self.jobs, rules=self.rules, player=self.player
        )

    def before(self, moment: int) -> Subject:
        """Return the subject with the data that were complete at a label of the clock, ns."""
        bars = {symbol: one.between(0, moment) for symbol, one in self.bars.items()}
        return dataclasses.replace(
            self, bars=bars, pairs=[pair_before(pair, moment) for pair in self.pairs]
        )


@dataclass(frozen=True, slots=True)
class Speaker:
    """The strategy of one asset, asked for what it says of some bars.

    Parameters
    ----------
    symbol : str
        The asset.
    strategy : Strategy
        As configured.
    """

    symbol: str
    strategy: Strategy

    @classmethod
    def of(cls, asset: AssetConfig) -> Speaker | None:
        """Return the strategy of an asset; None if it is written by hand and shows no arrays."""
        if ":" in asset.strategy:
            return None
        return cls(asset.symbol, build(strategies.get(asset.strategy), asset.parameters))

    def says(self, bars: Bars) -> tuple[dict[str, Array], Signals]:
        """Return indicators and signals of some bars.

        Raises
        ------
        AssetError
            If the strategy itself fails.
        """
        try:
            indicators = self.strategy.indicators(bars)
            return indicators, self.strategy.signals(bars, indicators)
        except LockstepError:
            raise
        except Exception as error:
            raise failure_of(self.symbol, error) from error


def pair_before(pair: Pair, moment: int) -> Pair:
    """Return what was known of a conversion pair at a moment, ns UTC."""
    known = slice(0, int(np.searchsorted(pair.known_at, moment, side="right")))
    return dataclasses.replace(pair, known_at=pair.known_at[known], mid=pair.mid[known])


@dataclass(frozen=True, slots=True)
class Figures:
    """The few numbers by which plays of one portfolio are compared.

    Parameters
    ----------
    final_equity, net_pnl : float
        Account currency.
    sharpe, max_drawdown : float or Undefined
        Yearly, from daily marks; a fraction of the peak, over every step.
    trades, ambiguous, breaker_trips : int
        Closed trades; those that left on a bar which touched both stop and target; how often the
        breaker tripped.
    costs : float
        Spread, slippage and commission of all trades less swap received, account currency.
    """

    final_equity: float
    net_pnl: float
    sharpe: Measure
    max_drawdown: Measure
    trades: int
    ambiguous: int
    breaker_trips: int
    costs: float


def figures(plan: RunPlan, played: Played) -> Figures:
    """Check a play's identities and return its figures.

    Raises
    ------
    IdentityError
        If an accounting identity does not hold.
    """
    check_identities(plan, played)
    equity = account_equity(played)
    _, marks = day_marks(plan.day, equity)
    capital = plan.terms.capital
    curve = Curve(capital, plan.clock, equity, plan.days, marks)
    block = performance(curve, daily_returns(marks, capital))
    trades = played.trades
    return Figures(
        final_equity=curve.final,
        net_pnl=curve.final - capital,
        sharpe=block["sharpe"],
        max_drawdown=block["max_drawdown"],
        trades=len(trades),
        ambiguous=sum(trade.ambiguous for trade in trades),
        breaker_trips=sum(d.code == CODE["breaker_trip"] for d in played.decisions),
        costs=sum(t.spread_cost + t.slippage_cost + t.commission - t.swap for t in trades),
    )


def differing(whole: np.ndarray, part: np.ndarray) -> Ints:
    """Return where two vectors of one length differ in a bit; any NaN equals any NaN."""
    if whole.dtype.kind == "f" and part.dtype == whole.dtype:
        same = _bits(whole) == _bits(part)
        return np.flatnonzero(~(same | (np.isnan(whole) & np.isnan(part))))
    return np.flatnonzero(whole != part)


def _bits(values: Array) -> np.ndarray:
    return np.ascontiguousarray(values).view(f"i{values.dtype.itemsize}")
