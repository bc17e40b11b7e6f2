"""From files, presets and flags to one resolved, checked `RunConfig`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from lockstep.config import instruments
from lockstep.config.findings import Findings, shown
from lockstep.config.instruments import InstrumentBlock, instrument_from
from lockstep.config.layers import Block, fractions, merge_assets, portfolio_block
from lockstep.config.models import (
    AssetConfig,
    PortfolioConfig,
    RunConfig,
    check_symbol,
    check_timeframe,
)
from lockstep.config.plugins import is_hand_written, resolve
from lockstep.config.presets import PRESETS
from lockstep.config.reading import read
from lockstep.config.selection import Selection, select
from lockstep.core import registry
from lockstep.core.parameters import nearest

DEFAULT_NAME = "assets_config_highperf.json"
_TOP_KEYS = ("portfolio", "assets", "origin", "labels")
_ASSET_KEYS = ("instrument", "strategy", "parameters", "performance")


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration, and how it came about.

    Parameters
    ----------
    config : RunConfig
        Resolved and checked.
    files : tuple of Path
        What was read, in the order of the layers.
    notices : tuple of str
        Sentences the user should see.
    """

    config: RunConfig
    files: tuple[Path, ...]
    notices: tuple[str, ...] = ()


@dataclass(slots=True)
class _Raw:
    """Plain data of the files, before any check of their content."""

    data: Block
    files: list[Path]
    findings: Findings
    notices: list[str] = field(default_factory=list)


def load(
    path: str | Path | None = None,
    selection: Selection | None = None,
    *,
    overrides: Mapping[str, Any] | None = None,
    results_dir: str | Path = "results",
    is_own: bool = False,
) -> Loaded:
    """Read, layer, check and resolve a configuration. Precedence: flag > file > preset > default.

    Parameters
    ----------
    path : path or None
        The config file; None takes ``assets_config_highperf.json`` of the working folder or of
        the project.
    selection : Selection or None
        Preset, preference and the assets asked for.
    overrides : mapping or None
        Settings of `PortfolioConfig` from flags, plus ``max_drawdown`` (fraction).
    results_dir : path
        Where ``best_configs_<preference>.json`` may stand.
    is_own : bool
        True for the configuration of a saved run: it may name the folders of ``allow_import``
        that a flag named when it was made. A file of the user may not allow itself to run code.

    Raises
    ------
    ConfigError
        Listing everything that is wrong, each with its file and path.
    """
    selection = selection or Selection()
    flags = {name: value for name, value in (overrides or {}).items() if value is not None}
    raw = _read_files(path, selection.preference, Path(results_dir))
    findings = raw.findings
    for name in flags:
        findings.sources[f"portfolio.{name}"] = f"--{name.replace('_', '-')}"
    _check_top(raw.data, findings)
    if not is_own:
        _check_folders(raw.data.get("portfolio"), flags.get("allow_import", ()), findings)
    portfolio = _portfolio(raw, selection.preset, flags)
    assets = _assets(raw.data.get("assets"), findings)
    findings.raise_if_any()
    assert portfolio is not None  # or a finding was raised
    stated = "timeframe" in flags or "timeframe" in raw.data.get("portfolio", {})
    chosen, notices = select(
        assets, selection, portfolio.timeframe if stated else None, raw.files[0].name
    )
    portfolio = portfolio.model_copy(update={"timeframe": chosen[0].timeframe})
    config = RunConfig(
        portfolio=portfolio,
        assets=tuple(chosen),
        origin=tuple(raw.data.get("origin") or (file.name for file in raw.files)),
        labels=tuple(dict.fromkeys([*(raw.data.get("labels") or ()), *selection.labels()])),
    )
    return Loaded(config, tuple(raw.files), tuple(raw.notices + notices))


def default_path() -> Path:
    """Return the default config file: of the working folder, else of the project."""
    here = Path(DEFAULT_NAME)
    beside = Path(__file__).parents[3] / DEFAULT_NAME
    return here if here.exists() or not beside.exists() else beside


def _read_files(path: str | Path | None, preference: str | None, results: Path) -> _Raw:
    base = Path(path) if path is not None else default_path()
    raw = _Raw(read(base), [base], Findings({"": str(base)}))
    if preference is None:
        return raw
    best = results / f"best_configs_{preference}.json"
    if not best.exists():
        raw.notices.append(f"{best} does not exist: {base.name} is used as it is.")
    else:
        _lay_best(raw, best)
    return raw


def _lay_best(raw: _Raw, best: Path) -> None:
    tuned = read(best)
    if "assets" in tuned or "portfolio" in tuned:
        settings = tuned.get("portfolio") or {}
        raw.findings.sources |= {f"portfolio.{name}": str(best) for name in settings}
        raw.data["portfolio"] = (raw.data.get("portfolio") or {}) | settings
        tuned = tuned.get("assets") or {}
    base = raw.data.get("assets") or {}
    strangers = [
        key
        for key, block in tuned.items()
        if key not in base and isinstance(block, dict) and "instrument" not in block
    ]
    if strangers:
        tuned = {key: block for key, block in tuned.items() if key not in strangers}
        raw.notices.append(
            f"{best} also tunes {', '.join(sorted(strangers))}, which {raw.files[0].name} does not "
            "have: left out."
        )
    for key, block in tuned.items():
        for part in block if isinstance(block, dict) else ():
            raw.findings.sources[f"assets.{key}.{part}"] = str(best)
    untuned = sorted(set(base) - set(tuned))
    if untuned:
        raw.notices.append(f"{best} does not tune {', '.join(untuned)}: default parameters.")
    raw.data["assets"] = merge_assets(base, tuned)
    raw.files.append(best)


def _check_top(data: Block, findings: Findings) -> None:
    for key in data:
        if key not in _TOP_KEYS:
            findings.add(key, "is unknown" + nearest(key, _TOP_KEYS))
    for key in ("origin", "labels"):
        names = data.get(key)
        if names is not None and not (
            isinstance(names, list) and all(isinstance(name, str) for name in names)
        ):
            findings.add(key, f"is {shown(names)}; expected a list of texts.")


def _check_folders(given: Any, allowed: Sequence[str], findings: Findings) -> None:
    folders = given.get("allow_import") if isinstance(given, dict) else None
    named = {Path(folder).resolve() for folder in allowed}
    for folder in folders if isinstance(folders, list) else ():
        if isinstance(folder, str) and Path(folder).resolve() not in named:
            findings.add(
                "portfolio.allow_import",
                f"names {shown(folder)}; a file cannot allow itself to run code. Add the flag "
                "--allow-import for that folder, if its strategies are yours.",
            )


def _portfolio(raw: _Raw, preset: str | None, flags: Block) -> PortfolioConfig | None:
    findings = raw.findings
    given = raw.data.get("portfolio", {})
    if not isinstance(given, dict):
        findings.add("portfolio", f"is {shown(given)}; expected an object of keys and values.")
        return None
    weakest = PRESETS[preset].portfolio if preset else {}
    block, notices = portfolio_block(weakest, given, flags, findings)
    raw.notices += notices
    try:
        portfolio = PortfolioConfig.model_validate(block)
    except ValidationError as error:
        findings.add_validation("portfolio", error, {"": PortfolioConfig})
        return None
    model = resolve(
        registry.allocation,
        portfolio.allocation,
        portfolio.allocation_parameters,
        findings,
        name_path="portfolio.allocation",
        path="portfolio.allocation_parameters",
    )
    rules = {
        rule: resolve(
            registry.risk_rules,
            rule,
            parameters,
            findings,
            name_path="portfolio.risk",
            path=f"portfolio.risk.{rule}",
        )
        for rule, parameters in sorted(portfolio.risk.items())
    }
    return portfolio.model_copy(update={"allocation_parameters": model, "risk": rules})


def _assets(given: Any, findings: Findings) -> list[AssetConfig]:
    if not isinstance(given, dict) or not given:
        what = "is missing" if given is None else f"is {shown(given)}"
        findings.add(
            "assets", f'{what}; expected an object such as {{"EURUSD_5m": {{"instrument": ...}}}}.'
        )
        return []
    assets = [_asset(key, block, findings) for key, block in given.items()]
    return [asset for asset in assets if asset is not None]


def _asset(key: str, block: Any, findings: Findings) -> AssetConfig | None:
    path = f"assets.{key}"
    known = len(findings.lines)
    symbol, timeframe = _split_key(key, findings)
    if not isinstance(block, dict):
        findings.add(path, f"is {shown(block)}; expected an object of keys and values.")
        return None
    for name in block:
        if name not in _ASSET_KEYS:
            findings.add(f"{path}.{name}", "is unknown" + nearest(name, _ASSET_KEYS))
    instrument = _instrument(block.get("instrument"), symbol, findings, f"{path}.instrument")
    parameters = _strategy(block, findings, path)
    if len(findings.lines) > known or instrument is None:
        return None
    try:
        return AssetConfig(
            symbol=symbol,
            timeframe=timeframe,
            instrument=instrument,
            strategy=block["strategy"],
            parameters=parameters,
            performance=block.get("performance") or {},
        )
    except ValidationError as error:
        findings.add_validation(path, error, {"": AssetConfig})
        return None


def _split_key(key: str, findings: Findings) -> tuple[str, str]:
    symbol, underscore, timeframe = key.rpartition("_")
    if not underscore:
        findings.add(f"assets.{key}", "has no timeframe; expected a key like EURUSD_5m.")
        return key, ""
    for check, value in ((check_symbol, symbol), (check_timeframe, timeframe)):
        try:
            check(value)
        except ValueError as error:
            what = "timeframe " if check is check_timeframe else ""
            findings.add(f"assets.{key}", f"{what}{error}")
    return symbol, timeframe


def _instrument(given: Any, symbol: str, findings: Findings, path: str) -> Any:
    if not isinstance(given, dict):
        what = "is missing" if given is None else f"is {shown(given)}"
        findings.add(path, f'{what}; expected an object with at least "class".')
        return None
    try:
        block = InstrumentBlock.model_validate(
            fractions(given, instruments.PERCENT_FIELDS, findings, path)
        )
    except ValidationError as error:
        findings.add_validation(path, error, {"": InstrumentBlock})
        return None
    return instrument_from(block, symbol, findings, path)


def _strategy(block: Block, findings: Findings, path: str) -> Block:
    name, given = block.get("strategy"), block.get("parameters") or {}
    if not isinstance(name, str):
        what = "is missing" if name is None else f"is {shown(name)}"
        findings.add(f"{path}.strategy", f"{what}; expected a name, or module:Class.")
        return {}
    if not isinstance(given, dict):
        findings.add(f"{path}.parameters", f"is {shown(given)}; expected an object.")
        return {}
    if is_hand_written(name):
        return given
    return resolve(
        registry.strategies,
        name,
        given,
        findings,
        name_path=f"{path}.strategy",
        path=f"{path}.parameters",
    )
