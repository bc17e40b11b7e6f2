"""The configuration of a run: frozen models that refuse unknown keys, in fractions and UTC."""

from __future__ import annotations

import math
import re
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lockstep.config.classes import block_of
from lockstep.config.findings import shown
from lockstep.config.presets import PREFERENCES
from lockstep.core.bars import TIMEFRAMES
from lockstep.core.instrument import Instrument

_SYMBOL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,31}")
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,7}")
RESERVED_SYMBOLS = ("reserve", "total")
#: Names that are devices in every folder of Windows, whatever follows their first point.
_DEVICES = frozenset({"con", "prn", "aux", "nul", "conin$", "conout$"}) | {
    f"{port}{digit}" for port in ("com", "lpt") for digit in "0123456789"
}

#: Risk rules that act unless the configuration switches them off or changes them.
DEFAULT_RISK: dict[str, dict[str, Any]] = {
    "breaker": {"limit": 0.25},
    "drawdown_scaling": {},
    "correlation_scaling": {},
}
#: Fractions of `PortfolioConfig` that may be written as ``<name>_pct``.
PERCENT_FIELDS = ("risk_per_trade", "max_asset_weight", "stop_out_level")


def _whole(value: Any) -> Any:
    """Let a whole float stand for an int (YAML and other writers produce 20.0)."""
    if isinstance(value, float) and math.isfinite(value) and value == int(value):
        return int(value)
    return value


def _fraction(name: str, *, zero: bool = False) -> AfterValidator:
    def check(value: float) -> float:
        if value > 1.0:
            raise ValueError(
                f"is {value:g}; expected a fraction in {'[' if zero else '('}0, 1]. "
                f"Write {value / 100:g} or {name}_pct: {value:g}."
            )
        if value < 0.0 or (value == 0.0 and not zero):
            raise ValueError(
                f"is {value:g}; expected a fraction in {'[' if zero else '('}0, 1], "
                "for example 0.01 for 1 %."
            )
        return value

    return AfterValidator(check)


def check_symbol(symbol: str) -> str:
    """Return the symbol, or raise ValueError if it may not name a file, a column and a flag."""
    if not _SYMBOL.fullmatch(symbol):
        raise ValueError(
            f"symbol {shown(symbol)} is not safe; expected 1 to 32 characters of A-Z, a-z, 0-9, "
            "'.', '_' and '-', beginning with a letter, a digit or '_'."
        )
    if symbol.endswith(".") or symbol.lower().split(".")[0] in _DEVICES:
        raise ValueError(
            f"symbol {shown(symbol)} cannot name a file on every system; expected no device of "
            "Windows (CON, NUL, COM1) and no point at the end."
        )
    if symbol.lower() in RESERVED_SYMBOLS:
        raise ValueError(f"symbol {shown(symbol)} is reserved for a column of the results.")
    return symbol


def check_timeframe(timeframe: str) -> str:
    """Return the timeframe, or raise ValueError with the choices."""
    if timeframe not in TIMEFRAMES:
        raise ValueError(f"is {shown(timeframe)}; expected one of {', '.join(TIMEFRAMES)}.")
    return timeframe


def _currency(code: str) -> str:
    if not _CURRENCY.fullmatch(code):
        raise ValueError(f"is {shown(code)}; expected a currency code in capitals, such as USD.")
    return code


#: Nanoseconds since 1970 hold these years in whole.
_FIRST_YEAR, _LAST_YEAR = 1678, 2261


def _moment_text(value: Any) -> Any:
    """Turn the dates of YAML into text and check that text is an ISO date or time."""
    if isinstance(value, date):
        value = value.isoformat()
    if isinstance(value, str):
        parse_moment(value)
    return value


def parse_moment(text: str) -> tuple[datetime, bool]:
    """Return an ISO date or datetime as UTC, and whether it is a whole day.

    Raises
    ------
    ValueError
        If the text is neither.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            f"is {shown(text)}; expected an ISO date or time, such as 2025-01-31 or "
            "2025-01-31T08:00 (UTC unless it carries an offset)."
        ) from None
    if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
        raise ValueError(
            f"is {shown(text)}; expected a year from {_FIRST_YEAR} to {_LAST_YEAR}. Leave it out "
            "for no limit."
        )
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC), len(text) == len("2025-01-31") or len(text) == len("20250131")


def moment_ns(moment: datetime) -> int:
    """Return a UTC moment as ns since 1970."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1000


def _performance(stored: Any) -> Any:
    """Check the parts of a stored performance that are read again: its dates and its ranks."""
    if not isinstance(stored, dict):
        return stored
    dated = {key: _moment_text(stored[key]) for key in ("start", "end") if key in stored}
    for key in dict.fromkeys(key for keys, _ in PREFERENCES.values() for key in keys):
        value = stored.get(key)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise ValueError(f"{key} is {shown(value)}; expected a number (without quotes).")
    return stored | dated


def _conversion(rates: dict[str, float]) -> dict[str, float]:
    for pair, rate in rates.items():
        base, _, quote = pair.partition("/")
        if not (_CURRENCY.fullmatch(base) and _CURRENCY.fullmatch(quote)):
            raise ValueError(f"pair {shown(pair)} is no BASE/QUOTE; write it like USDT/USD.")
        if rate <= 0.0:
            raise ValueError(f"rate of {pair} is {rate:g}; expected a number above 0.")
    return dict(sorted(rates.items()))


def _rules(risk: Any) -> Any:
    """Drop the rules that are switched off with null or false."""
    if not isinstance(risk, dict):
        return risk
    return {rule: given for rule, given in risk.items() if given is not None and given is not False}


Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_whole), Field(strict=True)]
Currency = Annotated[str, AfterValidator(_currency)]
Moment = Annotated[str, BeforeValidator(_moment_text)]
Timeframe = Annotated[str, AfterValidator(check_timeframe)]
Symbol = Annotated[str, AfterValidator(check_symbol)]


def jsonable(value: Any) -> Any:
    """Return plain data with lists for tuples, the form JSON gives back."""
    if isinstance(value, dict):
        return {key: jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    return value


class Strict(BaseModel):
    """A frozen model that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class PortfolioConfig(Strict):
    """The account, its rules and the run. Fractions, account currency, UTC.

    Parameters
    ----------
    capital, currency
        Money at the start, and the account's currency.
    margin : {'pooled', 'segregated'}
        One margin pool (a real account), or one per sleeve.
    on_short_margin : {'cut', 'reject'}
        An entry the free margin cannot pay in full is cut, or rejected as MT5 does.
    stop_out_level : float
        Margin level at which the broker closes positions (0.5 = 50 %).
    risk_per_trade : float
        Fraction of the basis that a stopped trade loses.
    size_on : {'sleeve', 'account'}
        The basis of sizing.
    leverage_cap : float
        Largest notional of one entry, times its basis.
    entry_valid_minutes : float
        How late an entry's next bar may come before the entry expires.
    ambiguous_bar : {'stop_first', 'target_first', 'nearest_to_open'}
        What is assumed of a bar that touches both stop and target.
    cooldown_bars : int
        Bars after an exit in which the asset is not entered.
    session_filter : {'note', 'drop'}
        Stray bars outside an asset's session are noted, or dropped and counted.
    allocation, allocation_parameters
        The allocation model and its parameters.
    rebalance : {'none', 'weekly', 'monthly', 'quarterly'}
        When cash moves to the sleeve targets.
    min_history : int
        Trading days of solo returns an asset needs before a model weighs it.
    max_asset_weight : float
        Cap of one asset's weight.
    risk : dict
        Rule name -> its parameters. The default acts only where nothing is given.
    conversion : dict
        Constant rates the user states, such as {'USDT/USD': 1.0}.
    on_asset_error : {'fail', 'drop', 'cash'}
        What a failing asset of many does to the portfolio.
    start, end : str or None
        ISO date or datetime, UTC. A date as `end` includes that whole day.
    range : {'union', 'common'}
        The run covers the union of the assets' data, or the intersection.
    seed : int
        Seed of everything random.
    timeframe : str
        The one timeframe of the run.
    allow_import : tuple of str
        Folders from which hand-written strategies may be imported.
    zone : str
        Time zone of data files that state none: an IANA name, or one with hours added to it
        (``America/New_York+7h`` is the usual MetaTrader server).
    """

    capital: Annotated[Number, Field(gt=0)] = 100_000.0
    currency: Currency = "USD"
    margin: Literal["pooled", "segregated"] = "pooled"
    on_short_margin: Literal["cut", "reject"] = "cut"
    stop_out_level: Annotated[Number, _fraction("stop_out_level", zero=True)] = 0.5
    risk_per_trade: Annotated[Number, _fraction("risk_per_trade")] = 0.01
    size_on: Literal["sleeve", "account"] = "sleeve"
    leverage_cap: Annotated[Number, Field(gt=0)] = 10.0
    entry_valid_minutes: Annotated[Number, Field(ge=0)] = 60.0
    ambiguous_bar: Literal["stop_first", "target_first", "nearest_to_open"] = "stop_first"
    cooldown_bars: Annotated[Whole, Field(ge=0)] = 0
    session_filter: Literal["note", "drop"] = "note"
    allocation: str = "equal_weight"
    allocation_parameters: dict[str, Any] = {}
    rebalance: Literal["none", "weekly", "monthly", "quarterly"] = "monthly"
    min_history: Annotated[Whole, Field(ge=2)] = 20
    max_asset_weight: Annotated[Number, _fraction("max_asset_weight")] = 0.30
    risk: Annotated[dict[str, dict[str, Any]], BeforeValidator(_rules)] = DEFAULT_RISK
    conversion: Annotated[dict[str, Number], AfterValidator(_conversion)] = {}
    on_asset_error: Literal["fail", "drop", "cash"] = "fail"
    start: Moment | None = None
    end: Moment | None = None
    range: Literal["union", "common"] = "union"
    seed: Annotated[Whole, Field(ge=0, lt=2**63)] = 20250101
    timeframe: Timeframe = "5m"
    allow_import: tuple[str, ...] = ()
    zone: str = "UTC"

    @model_validator(mode="after")
    def _start_before_end(self) -> PortfolioConfig:
        if self.start and self.end and self.start_ns >= self.end_ns:  # type: ignore[operator]
            raise ValueError(f"start {self.start} is not before end {self.end}.")
        return self

    def to_plain(self) -> dict[str, Any]:
        """Return the ``portfolio`` block; default rules that are off are null there."""
        off = {rule: None for rule in DEFAULT_RISK if rule not in self.risk}
        block = self.model_dump(exclude_none=True) | {"risk": self.risk | off}
        return dict(jsonable(block))

    @property
    def start_ns(self) -> int | None:
        """First label of the run, ns UTC; None if open."""
        return None if self.start is None else moment_ns(parse_moment(self.start)[0])

    @property
    def end_ns(self) -> int | None:
        """The moment before which labels must lie (exclusive), ns UTC; None if open."""
        if self.end is None:
            return None
        moment, whole_day = parse_moment(self.end)
        return moment_ns(moment + timedelta(days=1)) if whole_day else moment_ns(moment) + 1


class AssetConfig(Strict):
    """One asset of a run: what is traded, by which strategy.

    Parameters
    ----------
    symbol, timeframe : str
        As in the key ``<SYMBOL>_<timeframe>`` of the file.
    instrument : Instrument
        Complete, class defaults filled in.
    strategy : str
        A name of the strategies room, or ``module:Class`` of a hand-written one.
    parameters : dict
        The strategy's parameters.
    performance : dict
        What the tuning measured; may be empty.
    """

    symbol: Symbol
    timeframe: Timeframe
    instrument: Instrument
    strategy: str
    parameters: dict[str, Any] = {}
    performance: Annotated[dict[str, Any], BeforeValidator(_performance)] = {}

    @property
    def key(self) -> str:
        """The key of the asset in a config file."""
        return f"{self.symbol}_{self.timeframe}"

    def to_plain(self) -> dict[str, Any]:
        """Return the asset's block of a config file."""
        return {
            "instrument": block_of(self.instrument),
            "strategy": self.strategy,
            "parameters": jsonable(self.parameters),
            "performance": jsonable(self.performance),
        }


class RunConfig(Strict):
    """A resolved configuration: everything filled in, checked, sorted.

    Parameters
    ----------
    portfolio : PortfolioConfig
        The account and its rules.
    assets : tuple of AssetConfig
        Sorted by symbol; each symbol once.
    origin : tuple of str
        Names of the files it was read from.
    labels : tuple of str
        What a reader must know of it (a preset, a preference).
    """

    portfolio: PortfolioConfig
    assets: tuple[AssetConfig, ...]
    origin: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()

    @property
    def symbols(self) -> tuple[str, ...]:
        """The assets' names, sorted."""
        return tuple(asset.symbol for asset in self.assets)

    def to_plain(self) -> dict[str, Any]:
        """Return the configuration as a JSON-able config file; loading it gives an equal one."""
        return {
            "portfolio": self.portfolio.to_plain(),
            "assets": {asset.key: asset.to_plain() for asset in self.assets},
            "origin": list(self.origin),
            "labels": list(self.labels),
        }
