"""From what was played to a RunResult, with everything a report must say beside the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from lockstep.config.models import AssetConfig, PortfolioConfig, jsonable
from lockstep.core.bars import TIMEFRAMES, Array, Bars, Ints
from lockstep.core.codes import DECISIONS
from lockstep.core.errors import AssetError
from lockstep.core.plan import AccountTerms, AssetPlan, RunPlan
from lockstep.core.result import RunResult
from lockstep.engine import tables
from lockstep.engine.identities import account_equity
from lockstep.engine.played import Played


@dataclass(frozen=True, slots=True)
class Solo:
    """What is kept of one asset played alone with the full capital.

    Parameters
    ----------
    days : ndarray of int64, shape (n_days,)
        Its trading days with bars.
    marks : ndarray, shape (n_days,)
        Equity after each, without what closing at the data's end changed.
    equity : Series
        Equity after each of its bars.
    trades : DataFrame
        Its trades.
    """

    days: Ints
    marks: Array
    equity: pd.Series
    trades: pd.DataFrame

    @property
    def ambiguous(self) -> bool:
        """True if an exit fell on a bar that touched both stop and target."""
        return bool(self.trades["ambiguous"].any())

    @classmethod
    def of(cls, plan: RunPlan, played: Played) -> Solo:
        """Keep what allocation and reports need of a finished solo run."""
        total = account_equity(played)
        last = np.flatnonzero(np.diff(plan.day, append=plan.day[-1] + 1))
        marks = total[last].copy()
        marks[-1] -= played.end_adjustment[0]
        return cls(
            plan.days,
            marks,
            pd.Series(total, index=tables.moments(plan.clock)),
            tables.trades_table(plan, played),
        )

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the same as tables that can be kept."""
        return {
            "marks": pd.DataFrame({"day": self.days, "mark": self.marks}),
            "equity": self.equity.to_frame("equity"),
            "trades": self.trades,
        }

    @classmethod
    def from_tables(cls, kept: Mapping[str, pd.DataFrame]) -> Solo:
        """Return the solo run that `tables` gave, equal to the bit."""
        marks, equity = kept["marks"], kept["equity"]["equity"]
        return cls(
            marks["day"].to_numpy(copy=True),
            marks["mark"].to_numpy(copy=True),
            equity.rename(None),
            kept["trades"],
        )


@dataclass(frozen=True, slots=True)
class Prepared:
    """The assets of a run, each planned apart.

    Parameters
    ----------
    bars : mapping of str to Bars
        Within the run's range.
    assets : tuple of AssetPlan
        Sorted by symbol.
    notes : mapping of str to tuple of str
        What data and strategies say of themselves.
    failed : mapping of str to str
        Assets whose strategy failed, and why; they are planned without signals.
    """

    bars: Mapping[str, Bars]
    assets: tuple[AssetPlan, ...]
    notes: Mapping[str, tuple[str, ...]]
    failed: Mapping[str, str] = field(default_factory=dict)

    def without(self, error: AssetError) -> Prepared:
        """Return the same assets, one of them marked as failed."""
        return replace(self, failed={**self.failed, error.symbol: str(error)})


@dataclass(frozen=True, slots=True)
class Planned:
    """A portfolio's plan, and the solo runs its weights come from.

    Parameters
    ----------
    run : RunPlan or None
        None if an asset failed and nothing was configured to continue without it.
    solos : mapping of str to Solo
        The assets played alone.
    failed : mapping of str to str
        Assets whose solo run failed, and why.
    left_out : tuple of str
        Assets without any weight, which are not played.
    weekend_days : bool
        Whether Saturday and Sunday are trading days of their own.
    """

    run: RunPlan | None
    solos: Mapping[str, Solo]
    failed: Mapping[str, str]
    left_out: tuple[str, ...]
    weekend_days: bool

    def whole(self) -> RunPlan:
        """Return the portfolio's plan.

        Raises
        ------
        AssetError
            If there is none: a line for each asset that failed.
        """
        if self.run is None:
            raise AssetError("\n".join(f"{symbol}: {why}" for symbol, why in self.failed.items()))
        return self.run


class Setting(Protocol):
    """What the facts of a run need to know of the backtester that made it."""

    assets: list[AssetConfig]
    portfolio: PortfolioConfig
    rules: tuple[tuple[str, Any], ...]
    labels: tuple[str, ...]
    player: str
    terms: AccountTerms


class Facts:
    """Gathers what a report must say beside the tables."""

    def __init__(self, run: Setting, prepared: Prepared, planned: Planned) -> None:
        self.run, self.bars, self.notes = run, prepared.bars, prepared.notes
        self.planned = planned
        self.player = run.player
        self.ambiguous: dict[str, Any] = {}
        self.counterfactuals: dict[str, Any] = {}

    def complete(self, plan: RunPlan, played: Played) -> RunResult:
        """Return the result of a finished portfolio."""
        return RunResult(
            facts=self._facts("complete", plan, played),
            config=self._config(),
            equity=tables.equity_table(plan, played),
            trades=tables.trades_table(plan, played),
            decisions=tables.decisions_table(plan, played),
            weights=tables.weights_table(plan),
            ledger=tables.ledger_table(plan, played),
            account=tables.account_table(plan, played),
            **_solo_tables(self.planned.solos),
        )

    def partial(self) -> RunResult:
        """Return what was finished when an asset failed: the solo runs, and no portfolio."""
        empty = pd.DataFrame(index=pd.DatetimeIndex([], name="time"))
        return RunResult(
            facts=self._facts("partial", None, None),
            config=self._config(),
            equity=empty,
            trades=pd.DataFrame(),
            decisions=pd.DataFrame(),
            weights=empty,
            ledger=pd.DataFrame(),
            account=empty,
            **_solo_tables(self.planned.solos),
        )

    def _config(self) -> dict[str, Any]:
        run = self.run
        return {
            "portfolio": run.portfolio.to_plain(),
            "assets": {asset.key: asset.to_plain() for asset in run.assets},
        }

    def _facts(self, status: str, plan: RunPlan | None, played: Played | None) -> dict[str, Any]:
        run, planned = self.run, self.planned
        synthetic = any("sample" in data.source for data in self.bars.values())
        frames = {length: name for name, length in TIMEFRAMES.items()}
        first = next(iter(self.bars.values()))
        labels = [*(["SYNTHETIC"] if synthetic else []), *run.labels]
        if planned.failed and plan is not None:
            labels.append(f"DEGRADED: without {', '.join(planned.failed)}")
        return {
            "status": status,
            "player": self.player,
            "capital": run.terms.capital,
            "currency": run.terms.currency,
            "timeframe": frames.get(first.timeframe, f"{first.timeframe / 60e9:g}m"),
            "symbols": list(plan.symbols) if plan else [],
            "configured": [asset.symbol for asset in run.assets],
            "labels": labels,
            "failed": dict(planned.failed),
            "on_asset_error": run.portfolio.on_asset_error,
            "left_out": list(planned.left_out),
            "weekend_days": planned.weekend_days,
            "rules": [name for name, _ in run.rules],
            "rule_settings": {name: jsonable(asdict(rule)) for name, rule in run.rules},
            "notes": {symbol: list(said) for symbol, said in self.notes.items()},
            "ranges": {symbol: _range(data) for symbol, data in self.bars.items()},
            "sources": {symbol: dict(data.source) for symbol, data in self.bars.items()},
            "ambiguous": self.ambiguous,
            "counterfactuals": self.counterfactuals,
            "counts": _counts(plan, played) if plan and played else {},
            "weight_notes": [sentence for *_, sentence in plan.weight_notes] if plan else [],
        }


def _range(bars: Bars) -> dict[str, Any]:
    first, last = (
        pd.Timestamp(int(t), unit="ns").isoformat() + "Z" for t in (bars.time[0], bars.time[-1])
    )
    return {"first": first, "last": last, "bars": len(bars)}


def _counts(plan: RunPlan, played: Played) -> dict[str, dict[str, int]]:
    counters: list[Counter[str]] = [Counter() for _ in plan.symbols]
    for decision in played.decisions:
        if decision.asset >= 0:
            counters[decision.asset][DECISIONS[decision.code]] += 1
    for counter, taken in zip(counters, played.in_position):
        counter["in_position"] = int(taken)
    return {
        symbol: dict(sorted(counter.items())) for symbol, counter in zip(plan.symbols, counters)
    }


def _solo_tables(solos: Mapping[str, Solo]) -> dict[str, pd.DataFrame]:
    if not solos:
        return {"solo_trades": pd.DataFrame(), "solo_equity": pd.DataFrame()}
    trades = [solo.trades for solo in solos.values()]
    filled = [table for table in trades if len(table)] or trades[:1]
    together = pd.concat(filled, ignore_index=True)
    together["trade_id"] = np.arange(1, len(together) + 1)
    columns = {symbol: solo.equity for symbol, solo in solos.items()}
    equity = pd.DataFrame(columns).sort_index()
    equity.index.name = "time"
    return {"solo_trades": together, "solo_equity": equity}
