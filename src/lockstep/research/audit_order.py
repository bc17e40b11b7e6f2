"""The order in which assets are given may not change a byte of a result."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from lockstep.core.audit import Audit, AuditColumn, AuditTable
from lockstep.core.result import RunResult
from lockstep.research.subject import Subject, differing

TABLES = (
    "equity",
    "trades",
    "decisions",
    "weights",
    "ledger",
    "account",
    "solo_trades",
    "solo_equity",
)
_COLUMNS = (
    AuditColumn("order", "order of assets"),
    AuditColumn("identical", "tables|identical", "count"),
    AuditColumn("rows", "rows|compared", "count"),
    AuditColumn("digest", "SHA-256 of all tables"),
)


def audit_order(subject: Subject, *, shuffles: int = 3, seed: int = 0) -> Audit:
    """Run the portfolio with its assets reversed and shuffled, and compare every table.

    Parameters
    ----------
    subject : Subject
        What is audited.
    shuffles : int
        Random orders beside the reversed one.
    seed : int
        Seed of the orders.
    """
    subject.progress.start("orders", shuffles + 2)
    as_given = _run(subject, range(len(subject.assets)))
    rows = [("as configured", len(TABLES), *_summary(as_given))]
    records = []
    for name, order in _orders(len(subject.assets), shuffles, seed):
        other = _run(subject, order)
        found = [first for table in TABLES if (first := _first_difference(as_given, other, table))]
        records += [{"order": name, "difference": sentence} for sentence in found]
        rows.append((name, len(TABLES) - len(found), *_summary(other)))
    violations = tuple(f"{record['order']}: {record['difference']}" for record in records)
    return Audit(
        name="order",
        verdict=(
            "The order of assets changes the result."
            if records
            else f"{len(rows)} orders of {len(subject.assets)} assets give the same bytes."
        ),
        violations=violations,
        tables=(AuditTable("orders", "ORDERS", _COLUMNS, tuple(rows)),),
        records=tuple(records),
        notes=("One asset has one order.",) if len(subject.assets) == 1 else (),
    )


def _orders(count: int, shuffles: int, seed: int) -> list[tuple[str, Sequence[int]]]:
    rng = np.random.default_rng(seed)
    random = [rng.permutation(count).tolist() for _ in range(shuffles)]
    return [
        ("reversed", range(count - 1, -1, -1)),
        *((f"shuffle {number}", order) for number, order in enumerate(random, 1)),
    ]


def _run(subject: Subject, order: Sequence[int]) -> RunResult:
    assets = [subject.assets[index] for index in order]
    bars = {asset.symbol: subject.bars[asset.symbol] for asset in assets}
    shuffled = dataclasses.replace(subject, assets=assets, bars=bars)
    result = shuffled.backtester().run(bars, subject.pairs)
    subject.progress.advance("orders")
    return result


def _summary(result: RunResult) -> tuple[int, str]:
    rows = sum(len(getattr(result, name)) for name in TABLES)
    return rows, digest(result)[:32]


def digest(result: RunResult) -> str:
    """Return the SHA-256 of every value, column name and index of a result's tables."""
    total = hashlib.sha256()
    for name in TABLES:
        frame: pd.DataFrame = getattr(result, name)
        for label, values in _columns(frame):
            total.update(f"{name}.{label}:{values.dtype}".encode())
            total.update(values.tobytes() if values.dtype.kind != "O" else _text(values))
    return total.hexdigest()


def _columns(frame: pd.DataFrame) -> list[tuple[str, np.ndarray]]:
    named = [("index", frame.index.to_numpy())]
    named += [(str(column), frame[column].to_numpy()) for column in frame.columns]
    return [(label, _plain(values)) for label, values in named]


def _plain(values: np.ndarray) -> np.ndarray:
    return values if values.dtype.kind in "biufM" else np.asarray(values, dtype=object)


def _text(values: np.ndarray) -> bytes:
    return "\x00".join(map(str, values)).encode()


def _first_difference(one: RunResult, other: RunResult, table: str) -> str:
    """Return a sentence that names a table's first difference; empty if there is none."""
    left, right = _columns(getattr(one, table)), _columns(getattr(other, table))
    if [name for name, _ in left] != [name for name, _ in right]:
        return f"{table} has other columns."
    if len(left[0][1]) != len(right[0][1]):
        return f"{table} has {len(right[0][1])} rows instead of {len(left[0][1])}."
    for (name, mine), (_, theirs) in zip(left, right):
        rows = differing(mine, theirs)
        if len(rows):
            row = int(rows[0])
            return f"{table}.{name} differs first in row {row}: {mine[row]!r} and {theirs[row]!r}."
    return ""
