"""Space: which values of which parameters a search may try."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lockstep.config.models import AssetConfig
from lockstep.core.errors import ConfigError
from lockstep.core.parameters import Parameter, build, nearest, parameters
from lockstep.core.plan import AssetPlan
from lockstep.core.registry import strategies
from lockstep.research.evaluation import Evaluator

#: Digits after which a level is rounded, so that 1.1 + 0.1 is 1.2.
_DIGITS = 10
#: A range of more levels is a slip of the finger.
MOST_LEVELS = 10_000


@dataclass(frozen=True, slots=True)
class Dimension:
    """One parameter and the values it may take.

    Parameters
    ----------
    name : str
        The parameter.
    levels : tuple
        The values; those of a number ascend.
    is_number : bool
        False for names and switches, which have no neighbours.
    """

    name: str
    levels: tuple[Any, ...]
    is_number: bool = True

    def __post_init__(self) -> None:
        """Check that there is something to vary."""
        if len(self.levels) < 2:
            raise ConfigError(
                f"{self.name} has {len(self.levels)} values to try; expected two or more."
            )

    @property
    def step(self) -> float:
        """Distance between the first two levels of a number."""
        return float(self.levels[1] - self.levels[0])


@dataclass(frozen=True, slots=True)
class NamedGrid:
    """A grid around the configured values.

    Parameters
    ----------
    low, high : float
        Ends of a range, as multiples of the configured value.
    doc : str
        In words.
    levels : int
        Most levels of a parameter, the configured one among them; 0 is every step.
    dimensions : int
        Most parameters; 0 is all. Those that leave the indicators as they are come first.
    """

    low: float
    high: float
    doc: str
    levels: int = 0
    dimensions: int = 0


NAMED: dict[str, NamedGrid] = {
    "quick": NamedGrid(
        0.75, 1.25, "three levels (about -25 %, as configured, +25 %) of at most four parameters",
        levels=3, dimensions=4,
    ),
    "focused": NamedGrid(0.8, 1.2, "every step within 20 % of the configured values"),
    "balanced": NamedGrid(0.5, 2.0, "every step from half to twice the configured values"),
    "wide": NamedGrid(0.25, 4.0, "every step from a quarter to four times the configured values"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Space:
    """The points a search may try: one level of each dimension.

    Parameters
    ----------
    dimensions : tuple of Dimension
        Those that change indicators first: neighbours in a grid then share their indicators.
    name : str
        The named grid, or ``ranges``.
    notices : tuple of str
        What was left out of a named grid, and why.
    """

    dimensions: tuple[Dimension, ...]
    name: str = "ranges"
    notices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check that there is something to vary."""
        if not self.dimensions:
            raise ConfigError(
                "there is nothing to vary: no parameter has a declared step and a value between "
                "its bounds. Name ranges yourself (--vary, --space)."
            )

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, in order."""
        return tuple(one.name for one in self.dimensions)

    @property
    def shape(self) -> tuple[int, ...]:
        """Number of levels of each dimension."""
        return tuple(len(one.levels) for one in self.dimensions)

    @property
    def size(self) -> int:
        """Number of points of the full grid."""
        return math.prod(self.shape)

    def point(self, at: Sequence[int]) -> dict[str, Any]:
        """Return the point at some level numbers, one a dimension."""
        return {one.name: one.levels[int(k)] for one, k in zip(self.dimensions, at)}

    def points(self) -> Iterator[dict[str, Any]]:
        """Yield every point of the grid; the last dimension changes fastest."""
        for values in itertools.product(*(one.levels for one in self.dimensions)):
            yield dict(zip(self.names, values))

    def to_plain(self) -> dict[str, Any]:
        """Return plain data: the levels by name."""
        return {one.name: list(one.levels) for one in self.dimensions}

    @classmethod
    def named(cls, name: str, evaluator: Evaluator) -> Space:
        """Return a named grid around the values an asset is configured with.

        Varied is every parameter with a declared step whose configured value lies strictly
        between its declared bounds: at a bound, rules are switched off. The configured value is
        always a level, with at least one step to either side of it where the bounds allow. What
        changes nothing that the strategy says (a period of a filter that is off) is left out.

        Raises
        ------
        ConfigError
            If there is no such grid, or nothing to vary.
        """
        if name not in NAMED:
            raise ConfigError(f"space {name!r} is unknown{nearest(name, list(NAMED))}")
        grid, strategy = NAMED[name], evaluator.strategy({})
        found: list[Dimension] = []
        idle: list[Dimension] = []
        for parameter, spec in _indicators_first(parameters(strategy)):
            levels = _around(getattr(strategy, parameter), spec, grid)
            if len(levels) < 2:
                continue
            one = Dimension(parameter, levels)
            (found if _has_effect(one, evaluator) else idle).append(one)
        notices = [
            f"{evaluator.asset.symbol}: {one.name} is not varied: it changes nothing at these "
            "settings."
            for one in idle
        ]
        kept, left = _fewest(found, grid.dimensions, parameters(strategy))
        if left:
            notices.append(
                f"{evaluator.asset.symbol}: the {name} grid leaves {', '.join(left)} as configured."
            )
        return cls(tuple(kept), name, tuple(notices))

    @classmethod
    def of(cls, asset: AssetConfig, ranges: Mapping[str, Any]) -> Space:
        """Return the space of ranges that were written down.

        Parameters
        ----------
        asset : AssetConfig
            Its strategy declares the parameters.
        ranges : mapping
            By parameter: a list of values; ``{low, high, step}``; or ``"low:high:step"``. Without
            a step the declared one is taken, and 1 for a whole number.

        Raises
        ------
        ConfigError
            Naming every unknown parameter (with the declared ones), empty range and value that
            is out of its declared bounds, a line each.
        """
        strategy = strategies.get(asset.strategy)
        declared = parameters(strategy)
        defaults = {name: getattr(strategy(), name) for name in declared}
        findings, found = [], {}
        for name, raw in ranges.items():
            if name not in declared:
                findings.append(
                    f"{name} is no parameter of {asset.strategy}{_meant(name, declared)} "
                    f"Declared are {', '.join(declared)}."
                )
                continue
            try:
                found[name] = _written(name, raw, declared[name], defaults[name])
                _check_names(found[name], strategy)
            except ConfigError as error:
                findings.append(str(error))
        if findings:
            raise ConfigError("\n".join(findings))
        order = [name for name, _ in _indicators_first(declared)]
        return cls(tuple(found[name] for name in order if name in found))


def _meant(name: str, declared: Mapping[str, Parameter]) -> str:
    """End a sentence by the declared name that is close to one, if any: all are named anyway."""
    near = nearest(name, list(declared))
    return near if "did you mean" in near else "."


def _indicators_first(declared: Mapping[str, Parameter]) -> list[tuple[str, Parameter]]:
    return sorted(declared.items(), key=lambda item: not item[1].indicator)


def _fewest(
    found: Sequence[Dimension], most: int, declared: Mapping[str, Parameter]
) -> tuple[list[Dimension], list[str]]:
    """Return the dimensions that are kept, in order, and the names of those that are not."""
    cheap_first = sorted(found, key=lambda one: declared[one.name].indicator)
    kept = {one.name for one in (cheap_first[:most] if most else cheap_first)}
    return (
        [one for one in found if one.name in kept],
        [one.name for one in found if one.name not in kept],
    )


def _around(value: Any, spec: Parameter, grid: NamedGrid) -> tuple[Any, ...]:
    """Return the levels around a configured value; fewer than two if it is not to be varied."""
    if not _is_number(value) or not spec.step or not _is_inside(value, spec):
        return ()
    ends = sorted((value * grid.low, value * grid.high))
    down = max(1, math.floor((value - ends[0]) / spec.step + 1e-9))
    up = max(1, math.floor((ends[1] - value) / spec.step + 1e-9))
    if grid.levels == 3:
        steps: Sequence[int] = (-down, 0, up)
    else:
        steps = range(-down, up + 1)
    levels = (_rounded(value + k * spec.step, value) for k in steps)
    return tuple(level for level in levels if _is_inside(level, spec))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_inside(value: float, spec: Parameter) -> bool:
    lows = [bound for bound in (spec.low, spec.above) if bound is not None]
    return all(value > low for low in lows) and (spec.high is None or value < spec.high)


def _rounded(value: float, like: Any) -> Any:
    return round(value) if isinstance(like, int) else round(float(value), _DIGITS)


def _has_effect(one: Dimension, evaluator: Evaluator) -> bool:
    """Return whether the ends of a dimension say anything else than the configured value."""
    configured = evaluator.plan({}).assets[0]
    for level in (one.levels[0], one.levels[-1]):
        try:
            if not _says_the_same(configured, evaluator.plan({one.name: level}).assets[0]):
                return True
        except ConfigError:  # not valid together with the other configured values
            continue
    return False


def _says_the_same(one: AssetPlan, other: AssetPlan) -> bool:
    return np.array_equal(one.exit, other.exit) and all(
        np.array_equal(np.asarray(mine), np.asarray(its), equal_nan=True)
        for mine, its in zip(one.entries, other.entries)
    )


def _written(name: str, raw: Any, spec: Parameter, default: Any) -> Dimension:
    if isinstance(raw, str) and ":" in raw:
        raw = _parsed(name, raw)
    if isinstance(raw, Mapping):
        levels = _ranged(name, raw, spec, default)
    elif isinstance(raw, list | tuple):
        levels = _listed(name, raw, default)
    else:
        raise ConfigError(
            f"{name} is {raw!r}; expected low:high:step, {{low, high, step}} or a list of values."
        )
    for level in levels:
        if spec.choices and level not in spec.choices:
            choices = ", ".join(map(str, spec.choices))
            raise ConfigError(f"{name}: {level!r} is not one of {choices}.")
        if _is_number(level) and not within(level, spec):
            raise ConfigError(f"{name}: {level:g} is out of its declared bounds, {_bounds(spec)}.")
    return Dimension(name, levels, is_number=_is_number(default))


def _check_names(one: Dimension, strategy: type) -> None:
    """Check that the strategy takes each name by itself: no combination makes a wrong one right."""
    for level in () if one.is_number else one.levels:
        try:
            build(strategy, {one.name: level})
        except ConfigError as error:
            raise ConfigError(f"{one.name}: {level!r} cannot be tried: {error}") from error


def within(value: float, spec: Parameter) -> bool:
    """Return whether a number lies within the declared bounds of a parameter."""
    return (
        (spec.low is None or value >= spec.low)
        and (spec.above is None or value > spec.above)
        and (spec.high is None or value <= spec.high)
    )


def _bounds(spec: Parameter) -> str:
    low = spec.low if spec.above is None else spec.above
    words = ["no limit" if bound is None else f"{bound:g}" for bound in (low, spec.high)]
    return f"{words[0]}{' (excluded)' if spec.above is not None else ''} to {words[1]}"


def _parsed(name: str, text: str) -> dict[str, float]:
    parts = text.split(":")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3):
        raise ConfigError(f"{name} is {text!r}; expected low:high or low:high:step, numbers all.")
    return dict(zip(("low", "high", "step"), numbers))


def _ranged(name: str, raw: Mapping[str, Any], spec: Parameter, default: Any) -> tuple[Any, ...]:
    unknown = sorted(set(raw) - {"low", "high", "step"})
    if unknown or "low" not in raw or "high" not in raw:
        raise ConfigError(f"{name} has {sorted(raw)}; expected low, high and, if need be, step.")
    if not _is_number(default):
        raise ConfigError(f"{name} is no number; list its values.")
    step = raw.get("step", spec.step or (1 if isinstance(default, int) else None))
    if step is None:
        raise ConfigError(f"{name} declares no step; give one (low:high:step).")
    low, high = raw["low"], raw["high"]
    if not all(_is_number(one) and math.isfinite(one) for one in (low, high, step)):
        raise ConfigError(f"{name} is {dict(raw)}; expected numbers.")
    if step <= 0 or low >= high:
        raise ConfigError(
            f"{name}: the range {low:g} to {high:g} by {step:g} is empty; expected low below high "
            "and a step above 0."
        )
    count = math.floor((high - low) / step + 1e-9) + 1
    if count > MOST_LEVELS:
        raise ConfigError(f"{name} has {count} levels; expected at most {MOST_LEVELS}.")
    return _listed(name, [round(low + k * step, _DIGITS) for k in range(count)], default)


def _listed(name: str, raw: Sequence[Any], default: Any) -> tuple[Any, ...]:
    if not _is_number(default):
        wrong = [one for one in raw if type(one) is not type(default)]
        values: list[Any] = list(dict.fromkeys(raw)) if not wrong else []
    else:
        wrong = [one for one in raw if not _is_number(one) or not math.isfinite(one)]
        if not wrong and isinstance(default, int):
            wrong = [one for one in raw if one != int(one)]
        values = [] if wrong else sorted({_rounded(one, default) for one in raw})
    if wrong:
        kind = "whole numbers" if isinstance(default, int) and not isinstance(default, bool) else (
            f"values like {default!r}"
        )  # fmt: skip
        raise ConfigError(f"{name}: {wrong[0]!r} cannot be tried; expected {kind}.")
    return tuple(values)
