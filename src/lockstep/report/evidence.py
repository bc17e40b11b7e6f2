"""What the result rests on: whether chance explains it, and whether it is one portfolio's."""

from __future__ import annotations

from lockstep.metrics.coverage import lacking_days
from lockstep.metrics.doctor.data import MIXED_SHARE
from lockstep.metrics.doctor.evidence import FEW_TRADES, PROVEN
from lockstep.report.reading import Reading
from lockstep.report.wording import count, counted, percent, ratio

#: A probability is never told more closely: the returns are not that normal.
_SUREST = 0.999


def luck(reading: Reading) -> list[tuple[str, str]]:
    """Return one sentence on whether the result differs from zero by more than chance."""
    sharpe = reading.value("portfolio", "sharpe")
    if sharpe is None or "probabilistic_sharpe_adjusted" not in reading.value("portfolio"):
        return []
    trades = reading.count("portfolio", "trades")
    if trades < FEW_TRADES:
        return [("Skill or luck", f"cannot be judged from {counted(trades, 'trade')}")]
    above = reading.value("portfolio", "probabilistic_sharpe_adjusted")
    if above is None:
        why = reading.cell(percent, "portfolio", "probabilistic_sharpe_adjusted")
        return [("Skill or luck", f"cannot be judged: {why}")]
    return [("Skill or luck", _said(above, gains=sharpe > 0.0, tuned=_is_tuned(reading)))]


def _said(above: float, *, gains: bool, tuned: bool) -> str:
    sure = above if gains else 1.0 - above
    chance = f"more than {percent(_SUREST)}" if sure > _SUREST else percent(sure)
    side, kind = ("above", "luck") if gains else ("below", "bad luck")
    truth = f"{chance} that the true Sharpe ratio is {side} 0 (autocorrelation of days counted)"
    if sure < PROVEN:
        return f"cannot be told from {kind}: {truth}; {percent(PROVEN)} is the least one asks"
    if not gains:
        return f"more than bad luck: {truth}"
    if tuned:
        return (
            f"more than luck, had nothing been tuned: {truth}. PARAMETERS WERE TUNED ON THESE "
            "DATES: luck is likelier than that"
        )
    return f"more than luck, if nothing was chosen by these dates: {truth}"


def _is_tuned(reading: Reading) -> bool:
    labels = reading.facts.get("labels") or ()
    return any(str(label).lower().startswith("in-sample") for label in labels)


def together(reading: Reading) -> list[tuple[str, str]]:
    """Return the result over the days on which most assets had data, if many had fewer."""
    covered = reading.value("coverage")
    days = reading.count("portfolio", "trading_days")
    if not covered or lacking_days(covered) <= MIXED_SHARE * days:
        return []
    most, assets = covered["assets"], counted(len(reading.symbols), "asset")
    who = f"all {assets}" if most == len(reading.symbols) else f"{count(most)} of {assets}"
    own = {
        key: reading.cell(percent if key != "sharpe" else ratio, "coverage", "account", key)
        for key in ("total_return", "sharpe", "max_drawdown")
    }
    said = (
        f"{own['total_return']} from {covered['first_day']} to {covered['last_day']}, "
        f"{count(covered['days'])} of {counted(days, 'day')}: {who} had data; Sharpe "
        f"{own['sharpe']}, max drawdown {own['max_drawdown']}"
    )
    return [
        ("  with all the assets" if most == len(reading.symbols) else "  with most assets", said)
    ]
