"""What the days of a finished run might have made in another order: joint over all assets."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lockstep.core.bars import Array
from lockstep.core.errors import ConfigError, DataError
from lockstep.core.parameters import check, param
from lockstep.core.protocols import Progress
from lockstep.core.result import RunResult
from lockstep.metrics.resampling import SCHEMES, Blocks, best_length, streams, windows
from lockstep.research.paths import Paths, Source, curve, follow
from lockstep.research.rows import Rows, day_rows, trade_rows

BLOCKS, TRADES, ORDER, STARTS = VARIANTS = ("blocks", "trades", "order", "starts")
#: What a variant makes no use of.
UNUSED: Mapping[str, tuple[str, ...]] = {
    BLOCKS: ("wrap",),
    TRADES: ("wrap",),
    ORDER: ("wrap", "horizon_days"),
    STARTS: ("paths", "seed", "scheme", "block_days"),
}
#: Most paths of each line of the table of block lengths.
SENSITIVITY_PATHS = 2_000


@dataclass(frozen=True, slots=True)
class Lengths:
    """Block length, in rows, and where it came from.

    Parameters
    ----------
    used : float
        In force.
    chosen : bool
        True if it is the larger of the other two, False if it was given.
    of_returns, of_sizes : float
        What `best_length` says of the account's returns, and of their absolute values: days of
        large moves follow each other even where gains and losses do not.
    """

    used: float
    chosen: bool
    of_returns: float
    of_sizes: float


@dataclass(frozen=True, slots=True)
class Simulation:
    """A finished simulation.

    Parameters
    ----------
    settings : MonteCarlo
        What was asked, with nothing left open: paths, horizon and seed are those in force.
    rows : Rows
        What was drawn.
    paths : Paths
        What became of it.
    observed : ndarray, shape (n_marks,)
        Equity of the run itself, in multiples of its start, the start included; it ends with the
        horizon or with the run.
    lengths : Lengths or None
        None for the variant ``starts``.
    limit : float or None
        Drawdown tested as the breaker's.
    own_limit : bool
        True if it is the run's own.
    sensitivity : tuple of (float, Paths)
        The same with other block lengths; without the run's paths.
    """

    settings: MonteCarlo
    rows: Rows
    paths: Paths
    observed: Array
    lengths: Lengths | None
    limit: float | None
    own_limit: bool
    sensitivity: tuple[tuple[float, Paths], ...]


@dataclass(frozen=True, slots=True)
class MonteCarlo:
    """How to simulate. What a variant makes no use of (`UNUSED`) is ignored by it.

    The variants: ``blocks`` draws trading days in blocks, with replacement; ``trades`` draws days
    on which trades were closed, likewise; ``order`` takes each of those days once, in another
    order; ``starts`` draws nothing and follows the run from every day on which it could have begun.
    """

    variant: str = param(BLOCKS, "what is drawn", choices=VARIANTS)
    paths: int = param(10_000, "number of paths", low=1, high=100_000)
    seed: int | None = param(None, "seed of the draws; none: the run's own", low=0)
    scheme: str = param("stationary", "lengths of blocks: geometric or equal", choices=SCHEMES)
    block_days: float | None = param(None, "mean length of a block, rows; none: chosen", low=1)
    horizon_days: int | None = param(
        None, "length of a path, rows; none: the run's (starts: half of it)", low=1
    )
    ruin: float = param(0.5, "loss of the starting equity that is called ruin", above=0, high=1)
    breaker: float | None = param(
        None, "drawdown limit to test, fraction; none: the run's own", above=0, high=1
    )
    wrap: bool = param(False, "let a window go on from the run's last day to its first")

    def __post_init__(self) -> None:
        """Check ranges."""
        check(self)

    def run(self, result: RunResult, progress: Progress | None = None) -> Simulation:
        """Simulate from a run.

        Parameters
        ----------
        result : RunResult
            Just played or loaded back.
        progress : Progress, optional
            Told of finished paths.

        Raises
        ------
        ConfigError
            If a block or a window would be longer than the run.
        DataError
            If the run cannot be drawn from: see `lockstep.research.rows`.
        """
        rows = trade_rows(result) if self.variant in {TRADES, ORDER} else day_rows(result)
        settings = self._settled(result, rows)
        own = _limit_of(result)
        limit = own if self.breaker is None else self.breaker
        lengths = None if self.variant == STARTS else self._lengths(rows)
        source = settings._source(rows, lengths.used if lengths else 1.0)
        horizon = int(settings.horizon_days or 0)
        return Simulation(
            settings=settings,
            rows=rows,
            paths=follow(
                rows, source, settings.paths, horizon=horizon, limit=limit, progress=progress
            ),
            observed=curve(rows.growth[None, :horizon])[0],
            lengths=lengths,
            limit=limit,
            own_limit=self.breaker is None,
            sensitivity=settings._sensitivity(rows, lengths, limit),
        )

    def _settled(self, result: RunResult, rows: Rows) -> MonteCarlo:
        """Return the settings with what was left open filled in."""
        horizon = self.horizon_days or (len(rows) // 2 if self.variant == STARTS else len(rows))
        if self.variant == ORDER:
            horizon = len(rows)
        paths = self.paths
        if self.variant == STARTS:
            if horizon > len(rows):
                raise ConfigError(
                    f"horizon_days is {horizon}; expected at most the {len(rows)} days of the run."
                )
            paths = len(rows) if self.wrap else len(rows) - horizon + 1
        seed = self.seed
        if seed is None:
            seed = int(result.config.get("portfolio", {}).get("seed", 0))
        return dataclasses.replace(self, paths=paths, seed=seed, horizon_days=horizon)

    def _lengths(self, rows: Rows) -> Lengths:
        returns = rows.growth - 1.0
        of_returns = best_length(returns, self.scheme)
        of_sizes = best_length(np.abs(returns), self.scheme)
        if self.block_days is not None and self.block_days > len(rows):
            raise ConfigError(
                f"block_days is {self.block_days:g}; expected at most the {len(rows)} rows drawn."
            )
        used = self.block_days or max(of_returns, of_sizes)
        return Lengths(used, self.block_days is None, of_returns, of_sizes)

    def _source(self, rows: Rows, length: float) -> Source:
        """Return what draws the next paths."""
        horizon, count = int(self.horizon_days or 0), len(rows)
        if self.variant == STARTS:
            table = windows(count, horizon, wrap=self.wrap)
            return lambda first, paths: table[first : first + paths]
        dice, blocks = streams(int(self.seed or 0)), Blocks(self.scheme, length)
        if self.variant == ORDER:
            return lambda _, paths: blocks.shuffled(dice, paths, count)
        return lambda _, paths: blocks.drawn(dice, paths, horizon, count)

    def _sensitivity(
        self, rows: Rows, lengths: Lengths | None, limit: float | None
    ) -> tuple[tuple[float, Paths], ...]:
        """Return fewer paths at single rows, and at a quarter and four times the length."""
        if lengths is None:
            return ()
        tried = {1.0, lengths.used / 4.0, lengths.used * 4.0}
        others = sorted(x for x in tried if 1.0 <= x <= len(rows) / 3 and x != lengths.used)
        paths, horizon = min(self.paths, SENSITIVITY_PATHS), int(self.horizon_days or 0)
        return tuple(
            (x, follow(rows, self._source(rows, x), paths, horizon=horizon, limit=limit))
            for x in others
        )


def _limit_of(result: RunResult) -> float | None:
    """Return the drawdown at which the run's own breaker trips; None if it had none."""
    if "breaker" not in (result.facts.get("rules") or ()):
        return None
    rule = result.config.get("portfolio", {}).get("risk", {}).get("breaker") or {}
    if "limit" not in rule:
        raise DataError(
            "facts.json names the rule breaker, but config.json states no limit for it; expected "
            "the files of one and the same run."
        )
    return float(rule["limit"])
