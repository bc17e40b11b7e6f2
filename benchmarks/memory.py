"""Memory of a whole portfolio run above imports, per asset-bar."""

from __future__ import annotations

import resource

from bench import backtester, options, report


def _peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Print the peak above imports (and compiled code) of plan, solo runs, play and tables."""
    sizes = options(__doc__, assets=15)
    small, bars = backtester(2, {})
    small.run({symbol: data.cut(slice(0, 3000)) for symbol, data in bars.items()})
    bars.clear()
    imported = _peak_bytes()
    run, bars = backtester(sizes.assets, {})
    result = run.run(bars)
    count = sum(len(bars[symbol]) for symbol in result.symbols)
    used = _peak_bytes() - imported
    report(
        benchmark="memory",
        asset_bars=count,
        imports_mb=round(imported / 1e6),
        above_imports_mb=round(used / 1e6),
        bytes_per_asset_bar=round(used / count),
    )


if __name__ == "__main__":
    main()
