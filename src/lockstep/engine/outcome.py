"""From what was played to a RunResult, with everything a report must say beside the tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from lockstep.config.models import AssetConfig, PortfolioConfig
from lockstep.core.bars import TIMEFRAMES, Array, Bars, Ints
from lockstep.core.codes import DECISIONS
from lockstep.core.plan import AccountTerms, RunPlan
from lockstep.core.result import RunResult
from lockstep.engine import tables
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

    @classmethod
    def of(cls, plan: RunPlan, played: Played) -> Solo:
        """Keep what allocation and reports need of a finished solo run."""
        total = tables.account_equity(played)
        last = np.flatnonzero(np.diff(plan.day, append=plan.day[-1] + 1))
        marks = total[last].copy()
        marks[-1] -= played.end_adjustment[0]
        return cls(
            plan.days,
            marks,
            pd.Series(total, index=tables.moments(plan.clock)),
            tables.trades_table(plan, played),
        )


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

    def __init__(
        self,
        run: Setting,
        bars: Mapping[str, Bars],
        notes: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.run, self.bars, self.notes = run, bars, notes
        self.weekend_days = False
        self.player = run.player
        self.failed: dict[str, str] = {}
        self.dropped: list[str] = []

    def drop(self, symbols: Sequence[str]) -> None:
        """Remember assets that left before play."""
        self.dropped = sorted({*self.dropped, *symbols} - set(self.failed))

    def complete(self, plan: RunPlan, played: Played, solos: Mapping[str, Solo]) -> RunResult:
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
            **_solo_tables(solos),
        )

    def partial(self, solos: Mapping[str, Solo]) -> RunResult:
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
            **_solo_tables(solos),
        )

    def _config(self) -> dict[str, Any]:
        run = self.run
        return {
            "portfolio": run.portfolio.to_plain(),
            "assets": {asset.key: asset.to_plain() for asset in run.assets},
        }

    def _facts(self, status: str, plan: RunPlan | None, played: Played | None) -> dict[str, Any]:
        run = self.run
        synthetic = any("sample" in data.source for data in self.bars.values())
        frames = {length: name for name, length in TIMEFRAMES.items()}
        first = next(iter(self.bars.values()))
        labels = [*(["SYNTHETIC"] if synthetic else []), *run.labels]
        if self.failed:
            labels.append(f"DEGRADED: without {', '.join(self.failed)}")
        return {
            "status": status,
            "player": self.player,
            "capital": run.terms.capital,
            "currency": run.terms.currency,
            "timeframe": frames.get(first.timeframe, f"{first.timeframe / 60e9:g}m"),
            "symbols": list(plan.symbols) if plan else [],
            "configured": [asset.symbol for asset in run.assets],
            "labels": labels,
            "failed": self.failed,
            "on_asset_error": run.portfolio.on_asset_error,
            "left_out": self.dropped,
            "weekend_days": self.weekend_days,
            "rules": [name for name, _ in run.rules],
            "notes": {symbol: list(said) for symbol, said in self.notes.items()},
            "ranges": {symbol: _range(data) for symbol, data in self.bars.items()},
            "sources": {symbol: dict(data.source) for symbol, data in self.bars.items()},
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
