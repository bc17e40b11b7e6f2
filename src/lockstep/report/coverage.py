"""Coverage: where most assets of a run have no data, and how its figures say so."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lockstep.core.bars import Ints
from lockstep.core.calendar import DAY_NS
from lockstep.metrics.coverage import EDGE_DAYS
from lockstep.report.canvas import aside, hatched
from lockstep.report.reading import Reading
from lockstep.report.wording import day

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True)
class Edge:
    """A beginning or an end of a run that lacks data; it lasts more than a week.

    Parameters
    ----------
    start, end : int
        ns.
    is_end : bool
        True of an end.
    having : int
        Assets with data in it.
    """

    start: int
    end: int
    is_end: bool
    having: int


def sparse(reading: Reading) -> list[Edge]:
    """Return the beginning and the end of the run with data of at most half of its assets."""
    spans = _spans(reading, reading.symbols)
    if len(spans) < max(len(reading.symbols), 2):
        return []
    minus_begun, few = _at_most_half(-spans[:, 0])
    ended, left = _at_most_half(spans[:, 1])
    return _edges(reading, (-minus_begun, few), (ended, left))


def hatch(panels: Sequence[Axes], reading: Reading) -> None:
    """Hatch sparse edges in panels over time, and say in the heading how many assets have data."""
    edges = sparse(reading)
    hatched(panels, _spans_of(edges))
    if edges:
        count = len(reading.symbols)
        aside(panels[0], f"hatched: data of only {', '.join(_said(e, count) for e in edges)}")


def hatch_absent(panels: Mapping[str, Axes], reading: Reading) -> bool:
    """Hatch the panel of each asset where it has no data of its own; tell if any is hatched."""
    found = {symbol: _absent(reading, symbol) for symbol in panels}
    for symbol, edges in found.items():
        hatched([panels[symbol]], _spans_of(edges))
    return any(found.values())


def _absent(reading: Reading, symbol: str) -> list[Edge]:
    """Return the beginning and the end of the run without data of one asset."""
    spans = _spans(reading, [symbol])
    return _edges(reading, (spans[0, 0], 0), (spans[0, 1], 0)) if len(spans) else []


def _spans_of(edges: Sequence[Edge]) -> list[tuple[int, int]]:
    return [(edge.start, edge.end) for edge in edges]


def _said(edge: Edge, count: int) -> str:
    when, moment = ("after", edge.start) if edge.is_end else ("until", edge.end)
    return f"{edge.having} of {count} assets {when} {day(np.datetime64(moment, 'ns'))}"


def _spans(reading: Reading, symbols: Iterable[str]) -> Ints:
    """Return first and last bar of assets, ns, shape (n_known, 2); nothing without a clock."""
    ranges: Mapping[str, Mapping[str, str]] = reading.facts.get("ranges") or {}
    known = [ranges[s] for s in symbols if s in ranges] if reading.panel is not None else []
    moments = [[one[end].rstrip("Z") for end in ("first", "last")] for one in known]
    return np.array(moments, dtype="datetime64[ns]").astype(np.int64).reshape(-1, 2)


def _at_most_half(lasts: Ints) -> tuple[int, int]:
    """Return after which moment at most half have data, and how many do.

    What ends within a day ends together.
    """
    moment = np.sort(lasts)[::-1][len(lasts) // 2]
    moment = lasts[(lasts >= moment) & (lasts < moment + DAY_NS)].max()
    return int(moment), int((lasts > moment).sum())


def _edges(reading: Reading, begun: tuple[int, int], ended: tuple[int, int]) -> list[Edge]:
    """Return what lies before one moment and after the other, if it is long enough."""
    assert reading.panel is not None
    first, last = (int(moment) for moment in reading.panel.account.time[[0, -1]])
    edges = (Edge(first, int(begun[0]), False, begun[1]), Edge(int(ended[0]), last, True, ended[1]))
    return [edge for edge in edges if edge.end - edge.start > EDGE_DAYS * DAY_NS]
