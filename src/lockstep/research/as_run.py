"""The out-of-sample account of a walk-forward as a run like every other."""

from __future__ import annotations

import dataclasses

from lockstep.core.result import RunResult
from lockstep.engine.counterfactual import counterfactuals
from lockstep.engine.identities import account_equity, check_identities
from lockstep.engine.outcome import Facts, Planned, Prepared
from lockstep.engine.players import play
from lockstep.engine.portfolio import PortfolioBacktester
from lockstep.ledger.exits import AMBIGUOUS_RULES
from lockstep.research.walkforward import WalkForward, WalkForwardAnalyzer

#: Begins the label of a run that no choice had seen.
LABEL = "OUT-OF-SAMPLE (walk-forward)"


def as_run(
    walk: WalkForward, made_by: WalkForwardAnalyzer, labels: tuple[str, ...] = ()
) -> RunResult:
    """Return the continuous out-of-sample account as a RunResult.

    Its configuration is the one that was asked for; which parameters traded when stands in
    ``facts["walkforward"]``. Its solo runs are each asset alone with the full capital, under the
    same parameters in the same windows.

    Parameters
    ----------
    walk : WalkForward
        What was found.
    made_by : WalkForwardAnalyzer
        How.
    labels : tuple of str
        What a reader must know beside `LABEL`.
    """
    stitcher, plan, played = made_by.stitcher, walk.plan, walk.played
    begin, end = walk.windows[0].choice.window.begin, walk.windows[-1].choice.window.end
    bars = {symbol: stitcher.bars[symbol].between(begin, end) for symbol in plan.symbols}
    notes = {symbol: tuple(one.notes) for symbol, one in bars.items()}
    asked = PortfolioBacktester(
        stitcher.assets,
        made_by.portfolio,
        rules=made_by.rules,
        player="kernel",
        labels=(LABEL, *labels),
    )
    left_out = tuple(sorted(set(walk.symbols) - set(plan.symbols)))
    planned = Planned(plan, walk.solos, {}, left_out, stitcher.weekend_days)
    facts = Facts(asked, Prepared(bars, plan.assets, notes), planned)
    facts.ambiguous = _readings(walk)
    facts.counterfactuals = counterfactuals(plan, "kernel", jobs=made_by.jobs)
    result = facts.complete(plan, played)
    told = [
        {
            "begin": one.choice.window.begin,
            "end": one.choice.window.end,
            "parameters": {s: dict(given) for s, given in one.choice.parameters.items()},
        }
        for one in walk.windows
    ]
    return dataclasses.replace(result, facts={**result.facts, "walkforward": told})


def _readings(walk: WalkForward) -> dict[str, object]:
    """Return the net P&L under each rule for ambiguous bars; choices and weights stay."""
    plan = walk.plan
    net: dict[str, object] = {"method": "exact"}
    for rule in AMBIGUOUS_RULES:
        terms = dataclasses.replace(plan.terms, ambiguous_bar=rule)
        other = dataclasses.replace(plan, terms=terms)
        played = walk.played if rule == plan.terms.ambiguous_bar else play(other, "kernel")
        check_identities(other, played)
        net[rule] = float(account_equity(played)[-1] - terms.capital)
    return net
