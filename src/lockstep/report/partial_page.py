"""Page one of a run whose portfolio was not played: who failed, and what is left."""

from __future__ import annotations

from lockstep.report.headlines import headlines, missing_assets
from lockstep.report.layout import bullets, heading, paragraph
from lockstep.report.reading import Reading
from lockstep.report.wording import counted, listed


def partial_page(reading: Reading) -> list[str]:
    """Return the lines of page one without any portfolio number."""
    failed = sorted(reading.facts.get("failed") or {})
    solos = sorted(reading.metrics.get("solo", {}))
    left = (
        f"What follows are the solo runs of {listed(solos)}: each alone with the full capital. "
        "They share nothing, and adding them up would not give the portfolio."
        if solos
        else "No solo run was finished either."
    )
    why = (
        f"{counted(len(failed), 'asset')} failed: {listed(failed)}. A portfolio without it would "
        "be another portfolio, so none was played and no portfolio number is given."
        if failed
        else "The portfolio was not played, so no portfolio number is given."
    )
    remedy = (
        "To continue without a failing asset: --on-asset-error drop (the others share its "
        "capital) or cash (its share stays in the reserve)."
    )
    lines = [*headlines(reading), "", heading("NO PORTFOLIO NUMBER"), *paragraph(why)]
    lines += [*bullets(missing_assets(reading)), *paragraph(left)]
    return lines + (paragraph(remedy) if failed else [])
