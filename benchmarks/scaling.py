"""Time and memory of the compiled player as bars and assets grow; each size in its own process."""

from __future__ import annotations

import json
import resource
import subprocess
import sys

SIZES = ((1, 100_000), (15, 10_000), (15, 100_000), (15, 1_000_000), (100, 100_000))


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def one(n_assets: int, n_bars: int) -> None:
    """Print one size as a JSON line."""
    from bench import cpu_seconds
    from kernel import walked
    from lockstep.engine.kernel import player as kernel
    from w import plan, prices

    kernel.play(plan(prices(1, 2_000)))
    before = peak()
    prepared = plan(prices(n_assets, n_bars))
    planned = peak()
    loop = min(walked(prepared) for _ in range(3))
    whole = cpu_seconds(lambda: kernel.play(prepared))
    count = n_assets * n_bars
    print(
        json.dumps(
            {
                "python": sys.version.split()[0],
                "assets": n_assets,
                "bars": n_bars,
                "loop_cpu_s": round(loop, 4),
                "loop_m_bars_per_s": round(count / loop / 1e6, 1),
                "plan_to_result_cpu_s": round(whole, 3),
                "play_bytes_per_asset_bar": round((peak() - planned) / count, 1),
                "plan_bytes_per_asset_bar": round((prepared.bars.nbytes) / count, 1),
                "peak_mb": round(peak() / 1e6),
                "above_imports_mb": round((peak() - before) / 1e6),
            }
        )
    )


def main() -> None:
    """Run every size, or the one given."""
    if len(sys.argv) == 3:
        one(int(sys.argv[1]), int(sys.argv[2]))
        return
    for n_assets, n_bars in SIZES:
        subprocess.run([sys.executable, __file__, str(n_assets), str(n_bars)], check=True)


if __name__ == "__main__":
    main()
