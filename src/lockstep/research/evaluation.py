"""Evaluation: one asset played alone under many sets of parameters, as fast as it can be."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import Array, Bars, Ints
from lockstep.core.errors import ConfigError, LockstepError, failure_of
from lockstep.core.parameters import build
from lockstep.core.plan import RunPlan
from lockstep.core.protocols import Strategy
from lockstep.core.registry import strategies
from lockstep.data.rates import Pair
from lockstep.engine.kernel.player import Walked, walked
from lockstep.engine.plan import (
    has_weekend_days,
    plan_asset,
    plan_run,
    spoken,
    terms_of,
)
from lockstep.engine.said import Said
from lockstep.metrics import returns as growth
from lockstep.metrics import trades as deals
from lockstep.metrics.drawdown import max_drawdown
from lockstep.metrics.undefined import Measure, Undefined


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one set of parameters made of one asset.

    Parameters
    ----------
    metrics : mapping of str to float or Undefined
        `METRICS` by name: fractions, account currency, R.
    days : ndarray of int64, shape (n_days,)
        Trading days with bars, as days since 1970-01-01.
    daily : ndarray, shape (n_days,)
        Return of each day, flat days included; empty if the equity reached zero.
    """

    metrics: Mapping[str, Measure]
    days: Ints
    daily: Array


#: What is measured of every evaluation.
METRICS = (
    "net_pnl",
    "total_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "profit_factor",
    "sqn",
    "win_rate",
    "expectancy_r",
    "trades",
)


class Evaluator:
    """Plays one asset alone, under the account's terms and without portfolio rules.

    Prices, costs, rates and the clock do not depend on the strategy's parameters: they are laid
    out once. Every play is the compiled player's, and equals a run of the other player trade for
    trade.

    Parameters
    ----------
    asset : AssetConfig
        Instrument, strategy, and the parameters that are not varied.
    portfolio : PortfolioConfig
        The account.
    bars : Bars
        The asset's bars.
    pairs : sequence of Pair
        Conversion pairs that lead to the account currency.
    start : int, optional
        ns; trading begins at this label, and the bars before it only warm indicators up.

    Raises
    ------
    ConfigError
        If the strategy is written by hand: it has no signals to vary.
    """

    def __init__(
        self,
        asset: AssetConfig,
        portfolio: PortfolioConfig,
        bars: Bars,
        *,
        pairs: Sequence[Pair] = (),
        start: int | None = None,
    ) -> None:
        if ":" in asset.strategy:
            raise ConfigError(
                f"{asset.symbol}: strategy {asset.strategy} is written by hand; parameters can be "
                "searched for strategies of signals only (docs/strategies.md)."
            )
        self.asset, self.portfolio, self.bars = asset, portfolio, bars.remembering()
        self._made_of = (asset, portfolio, bars, tuple(pairs), start)
        self.first = 0 if start is None else int(np.searchsorted(bars.time, start))
        quiet, _ = plan_asset(
            asset,
            bars.cut(slice(self.first, None)),
            account_currency=portfolio.currency,
            pairs=pairs,
            constants=portfolio.conversion,
            said=Said(),
        )
        self.base = plan_run([quiet], terms_of(portfolio), weekend_days=has_weekend_days([quiet]))
        self._last_steps = np.flatnonzero(np.diff(self.base.day, append=self.base.day[-1] + 1))

    def __reduce__(self) -> tuple[Any, ...]:
        """Travel as what it was made of: a third of the bytes, and laid out in one piece again."""
        return _made_again, self._made_of

    def strategy(self, parameters: Mapping[str, Any]) -> Strategy:
        """Return the strategy under the asset's parameters, some of them replaced.

        Raises
        ------
        ConfigError
            Naming what is unknown or out of range.
        """
        given = {**self.asset.parameters, **parameters}
        built: Strategy = build(strategies.get(self.asset.strategy), given)
        return built

    def plan(self, parameters: Mapping[str, Any]) -> RunPlan:
        """Return the plan of the asset alone under some parameters.

        Raises
        ------
        ConfigError
            If the parameters are wrong.
        AssetError
            If the strategy itself fails.
        """
        strategy = self.strategy(parameters)
        try:
            signals = strategy.signals(self.bars, strategy.indicators(self.bars))
        except LockstepError:
            raise
        except Exception as error:
            raise failure_of(self.asset.symbol, error) from error
        entries, leave = spoken(signals, self.first)
        only = dataclasses.replace(self.base.assets[0], entries=entries, exit=leave)
        return dataclasses.replace(self.base, assets=(only,))

    def evaluate(self, parameters: Mapping[str, Any]) -> Evaluation:
        """Return what some parameters made; errors as `plan` raises them."""
        return self.measure(walked(self.plan(parameters)))

    def measure(self, found: Walked) -> Evaluation:
        """Return the metrics of one play."""
        capital = self.base.terms.capital
        equity = found.books.total
        daily = growth.daily_returns(equity[self._last_steps], capital)
        days = self.base.days
        return Evaluation(
            metrics={
                **_growth(equity, daily, days, capital),
                **_trading(found.trades),
            },
            days=days,
            daily=np.empty(0) if isinstance(daily, Undefined) else daily,
        )


def _made_again(
    asset: AssetConfig,
    portfolio: PortfolioConfig,
    bars: Bars,
    pairs: Sequence[Pair],
    start: int | None,
) -> Evaluator:
    return Evaluator(asset, portfolio, bars, pairs=pairs, start=start)


def _growth(
    equity: Array, daily: Array | Undefined, days: Ints, capital: float
) -> dict[str, Measure]:
    per_year = growth.days_per_year(days)
    rate = growth.cagr(capital, float(equity[-1]), growth.years(days))
    worst = max_drawdown(equity, capital)
    ratios = (growth.volatility, growth.sharpe, growth.sortino)
    return {
        "net_pnl": float(equity[-1]) - capital,
        "total_return": growth.total_return(capital, float(equity[-1])),
        "cagr": rate,
        **{
            ratio.__name__: daily if isinstance(daily, Undefined) else ratio(daily, per_year)
            for ratio in ratios
        },
        "calmar": growth.calmar(rate, worst),
        "max_drawdown": worst,
    }


def _trading(trades: np.ndarray) -> dict[str, Measure]:
    net = np.ascontiguousarray(trades["net_pnl"])
    multiples = net / trades["risk_amount"]
    return {
        "profit_factor": deals.profit_factor(net),
        "sqn": deals.sqn(multiples),
        "win_rate": deals.win_rate(net),
        "expectancy_r": deals.expectancy_r(multiples),
        "trades": float(len(trades)),
    }
