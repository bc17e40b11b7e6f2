"""What the run was made of, so that it can be made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from lockstep import __version__
from lockstep.core.registry import report_sections
from lockstep.report.layout import bullets, pairs, side_by_side
from lockstep.report.reading import Reading
from lockstep.report.wording import count, plain

#: Hex digits shown of a hash; the whole one is in facts.json and manifest.json.
_SHORT = 12


@report_sections("provenance")
@dataclass(frozen=True, slots=True)
class Provenance:
    """Versions, files, hashes, seed and command line."""

    order: ClassVar[int] = 120
    title: ClassVar[str] = "PROVENANCE"
    needs_portfolio: ClassVar[bool] = False

    def lines(self, reading: Reading) -> list[str]:
        """Return a line per fact, then a hash per asset."""
        facts, config = reading.facts, reading.result.config
        versions = facts.get("versions") or {}
        items = [
            ("Report by", f"lockstep {__version__}"),
            ("Run by", ", ".join(f"{name} {v}" for name, v in versions.items() if v)),
            ("Player", str(facts.get("player", ""))),
            ("Config files", ", ".join(map(str, config.get("origin") or ()))),
            ("Seed", str(reading.settings.get("seed", ""))),
            ("Command line", " ".join(map(str, facts.get("argv") or ()))),
        ]
        lines = pairs([(name, value) for name, value in items if value], label=13)
        lines += bullets(str(notice) for notice in facts.get("notices") or ())
        sources = facts.get("sources") or {}
        wide = max((len(str(symbol)) for symbol in sources), default=0)
        lines += side_by_side(
            [f"{str(s).ljust(wide)}  {_source(one)}" for s, one in sorted(sources.items())]
        )
        return [*lines, *bullets(["Versions, command line and full hashes: manifest.json."])]


def _source(source: Mapping[str, Any]) -> str:
    if "sample" in source:
        return f"sample {str(source['sample'])[:_SHORT]}, seed {source.get('seed', '?')}"
    digest = str(source.get("sha256", "no hash"))[:_SHORT]
    rows = f", {count(source['rows'])} rows" if "rows" in source else ""
    return plain(f"{source.get('file', 'unnamed')}, sha256 {digest}{rows}")
