"""Lay configuration layers over one another: default, preset, file, flag."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lockstep.config.findings import Findings, shown
from lockstep.config.models import DEFAULT_RISK, PERCENT_FIELDS

Block = dict[str, Any]
#: Settings that nobody sets below one percent; a risk per trade or a swap may well be.
_NEVER_TINY = ("max_asset_weight", "stop_out_level")


def fractions(
    block: Mapping[str, Any], names: Sequence[str], findings: Findings, path: str
) -> Block:
    """Return the block with every ``<name>_pct`` of the given names turned into the fraction.

    Parameters
    ----------
    block : mapping
        Keys and values as the file holds them.
    names : sequence of str
        The fractions that may be written in percent.
    findings : Findings
        Receives percentages that are no number, beyond 100, or given beside the fraction.
    path : str
        Where the block stands in the file.
    """
    result = dict(block)
    for name in names:
        key = f"{name}_pct"
        if key not in block:
            continue
        value = result.pop(key)
        if isinstance(value, bool) or not isinstance(value, int | float):
            findings.add(f"{path}.{key}", f"is {shown(value)}; expected a number (without quotes).")
        elif abs(value) > 100:
            findings.add(f"{path}.{key}", f"is {value:g}; expected a percentage of at most 100.")
        elif name in block:
            findings.add(f"{path}.{key}", f"says again what {name} says; keep one of them.")
        else:
            result[name] = value / 100
    return result


def portfolio_block(
    preset: Block, from_file: Block, flags: Block, findings: Findings
) -> tuple[Block, list[str]]:
    """Return the ``portfolio`` block that the layers make together, and what must be noticed.

    The parameters of an allocation model belong to the layer that names the model: a layer that
    names another model drops them. A risk rule of a higher layer replaces the rule as a whole.

    Parameters
    ----------
    preset, from_file, flags : dict
        Settings by layer, weakest first. A flag ``max_drawdown`` is the limit of the breaker.
    findings : Findings
        Receives what is wrong.
    """
    flags = dict(flags)
    limit = flags.pop("max_drawdown", None)
    given = fractions(from_file, PERCENT_FIELDS, findings, "portfolio")
    merged: Block = {}
    notices: list[str] = [*_tiny_percentages(from_file)]
    if limit is not None:
        notices += _tiny("--max-drawdown-pct", limit * 100)
    for layer in (preset, given, flags):
        notices += _drop_foreign_parameters(merged, layer)
        merged |= layer
    merged["risk"] = _risk(given.get("risk"), limit, findings)
    return merged, notices


def _tiny(name: str, percent: Any) -> list[str]:
    """Return a notice if a percentage that is never so small looks like a fraction."""
    if isinstance(percent, bool) or not isinstance(percent, int | float):
        return []
    if not 0.0 < percent < 1.0:
        return []
    return [
        f"{name} is {percent:g}, which is {percent:g} %: write {percent * 100:g} for that many."
    ]


def _tiny_percentages(given: Block) -> Iterator[str]:
    for name in _NEVER_TINY:
        yield from _tiny(f"portfolio.{name}_pct", given.get(f"{name}_pct"))
    risk = given.get("risk")
    breaker = risk.get("breaker") if isinstance(risk, dict) else None
    if isinstance(breaker, dict):
        yield from _tiny("portfolio.risk.breaker.limit_pct", breaker.get("limit_pct"))


def _drop_foreign_parameters(merged: Block, layer: Block) -> list[str]:
    model = layer.get("allocation")
    if model is None or model == merged.get("allocation"):
        return []
    dropped = merged.pop("allocation_parameters", None)
    if not dropped:
        return []
    return [
        f"allocation_parameters of {merged.get('allocation')} are ignored: allocation is {model}."
    ]


def _risk(given: Any, limit: float | None, findings: Findings) -> Block:
    rules: Block = dict(DEFAULT_RISK)
    if given is not None and not isinstance(given, dict):
        findings.add(
            "portfolio.risk", f"is {shown(given)}; expected an object of rules and parameters."
        )
        given = None
    for rule, parameters in (given or {}).items():
        if parameters is None or parameters is False:
            rules.pop(rule, None)
        elif isinstance(parameters, dict):
            rules[rule] = parameters
        else:
            findings.add(
                f"portfolio.risk.{rule}",
                f"is {shown(parameters)}; expected its parameters ({{}} for the defaults), "
                "or null to switch it off.",
            )
    if limit is not None:
        rest = {k: v for k, v in rules.get("breaker", {}).items() if k != "limit_pct"}
        rules["breaker"] = rest | {"limit": limit}
    return rules


def merge_assets(base: Block, tuned: Block) -> Block:
    """Return the assets of a config with tuned ones laid over them.

    Parameters
    ----------
    base, tuned : dict
        Asset key -> block. Instruments and parameters are merged key by key (parameters only
        while the strategy stays the same); everything else is replaced.
    """
    merged = dict(base)
    for key, block in tuned.items():
        old: Any = merged.get(key)
        both = isinstance(old, dict) and isinstance(block, dict)
        merged[key] = _laid_over(old, block) if both else block
    return merged


def _laid_over(old: Block, new: Block) -> Block:
    result = old | new
    same_strategy = new.get("strategy", old.get("strategy")) == old.get("strategy")
    for part in ("instrument", "parameters") if same_strategy else ("instrument",):
        if isinstance(old.get(part), dict) and isinstance(new.get(part), dict):
            result[part] = old[part] | new[part]
    return result
