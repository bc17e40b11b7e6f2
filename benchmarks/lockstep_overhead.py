"""What walking one clock costs: all assets in lockstep against the same assets one by one."""

from __future__ import annotations

from bench import ALL_RULES, options, paired, plans, report
from lockstep.engine.cerebro.player import play


def main() -> None:
    """Print the overhead without rules and with every rule on."""
    sizes = options(__doc__, assets=15, bars=20_000, runs=5)
    for label, rules in (("no rules", {}), ("all rules", ALL_RULES)):
        alone, together = plans(sizes.assets, sizes.bars, rules)
        count = sum(len(asset) for asset in together.assets)
        figures = paired(
            lambda together=together: play(together),
            lambda alone=alone: [play(plan) for plan in alone],
            sizes.runs,
        )
        report(
            benchmark="lockstep overhead",
            rules=label,
            assets=sizes.assets,
            asset_bars=count,
            trades=len(play(together).trades),
            bars_per_s=round(count / figures["a_cpu_s"]),
            **figures,
        )


if __name__ == "__main__":
    main()
