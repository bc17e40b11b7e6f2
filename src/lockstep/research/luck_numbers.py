"""A verdict as plain data: what luck.json holds, and the page and the picture are made from."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lockstep.core.bars import Ints
from lockstep.metrics.confidence import min_track_record, probabilistic_sharpe
from lockstep.metrics.cscv import Overfitting
from lockstep.metrics.false_discovery import benjamini_hochberg, benjamini_yekutieli
from lockstep.metrics.reality_check import RealityCheck
from lockstep.metrics.returns import days_per_year, sharpe
from lockstep.metrics.undefined import Measure, Undefined
from lockstep.research.luck import Deflation, Judged, Mixed, Record, Verdict

#: What a test has to reach, and a false discovery may be at most.
SURE, LEVEL = 0.95, 0.05
SKILL, UNCLEAR, LUCK, UNKNOWN = LEVELS = ("skill", "unclear", "luck", "unknown")
#: Whose Sharpe ratio the verdict names in sample: of what is judged, or the median of windows.
CHOSEN, WINDOWS = "chosen", "windows"
#: A deflated Sharpe ratio below this is less than luck would be expected to show.
_EVEN = 0.5

Numbers = dict[str, Any]


def numbers(found: Verdict) -> Numbers:
    """Return the content of luck.json.

    Returns
    -------
    dict
        Sharpe ratios are annualised by each record's own days, probabilities and shares are
        fractions; what is undefined is None, with its reason in ``undefined`` by dotted path.
    """
    by_asset = {one.asset: _asset(one) for one in found.assets}
    discovery = _discovery(found.assets)
    inside, outside = _inside(found), _outside(found.unseen)
    plain: Numbers = {
        "verdict": {
            "level": level(found, discovery),
            "trials": found.tally.made,
            "effective_trials": found.tally.effective,
            "in_sample_sharpe": inside["sharpe"] if found.promised is None else found.promised,
            "in_sample_of": CHOSEN if found.promised is None else WINDOWS,
            "out_of_sample_sharpe": outside["sharpe"],
            "deflated_sharpe": inside["deflated_sharpe"],
            "pbo": _mean([_pbo(one.overfitting) for one in found.assets]),
        },
        "trials": dataclasses.asdict(found.tally),
        "in_sample": inside,
        "out_of_sample": outside,
        "by_asset": by_asset,
        "false_discovery": discovery,
        "settings": {
            "goal": found.test.goal,
            "min_trades": found.test.constraints.min_trades,
            "max_drawdown": found.test.constraints.max_drawdown,
            "resamples": found.test.resamples,
            "seed": found.test.seed,
        },
    }
    undefined: dict[str, str] = {}
    said: Numbers = _plain(plain, "", undefined)
    return {**said, "undefined": undefined}


def level(found: Verdict, discovery: Mapping[str, Any]) -> str:
    """Return ``skill``, ``unclear``, ``luck`` or ``unknown``.

    Days that no choice had seen come first: a loss on them, of money or of their mean, is
    ``luck``; a Sharpe ratio above 0 at 95 % is ``skill``, for nothing was chosen by them. Else a
    deflated Sharpe ratio below one half is ``luck``. Without such days ``skill`` takes 95 % and a
    reality check at 5 %: Hansen's p-value of one asset, of several the smallest after Benjamini
    and Hochberg. With them it does not: what choosing with hindsight shows is not what was made.
    """
    if found.unseen is not None:
        seen = sharpe(found.unseen.daily, 1.0)
        sure = probabilistic_sharpe(found.unseen.daily)
        lost = found.unseen.is_ruined or _growth(found.unseen) < 0.0
        if lost or (not isinstance(seen, Undefined) and seen <= 0.0):
            return LUCK
        if not isinstance(sure, Undefined) and sure >= SURE:
            return SKILL
    if isinstance(found.mixed, Undefined) or isinstance(found.mixed.probability, Undefined):
        return UNKNOWN
    if found.mixed.probability < _EVEN:
        return LUCK
    rates = list(discovery["benjamini_hochberg"].values())
    if found.unseen is None and found.mixed.probability >= SURE and rates and min(rates) <= LEVEL:
        return SKILL
    return UNCLEAR


def arrays(found: Verdict) -> dict[str, Any]:
    """Return what a picture of the verdict is drawn from.

    Returns
    -------
    dict
        ``fields``: by asset the Sharpe ratios a year of all different trials; of the splits of all
        assets ``ranks`` (relative, in (0, 1)) and Sharpe ratios a year ``inside`` and ``outside``.
    """
    fields, splits = {}, []
    for one in found.assets:
        year = math.sqrt(days_per_year(one.days))
        fields[one.asset] = one.ratios * year
        if not isinstance(one.overfitting, Undefined):
            ranks = 1.0 / (1.0 + np.exp(-one.overfitting.logits))
            inside, outside = one.overfitting.in_sample, one.overfitting.out_of_sample
            splits.append((ranks, inside * year, outside * year))
    joined = [np.concatenate(columns) for columns in zip(*splits)] or [np.empty(0)] * 3
    return {"fields": fields, **dict(zip(("ranks", "inside", "outside"), joined))}


def _inside(found: Verdict) -> Numbers:
    middle = _median([_middle(one) for one in found.assets])
    if isinstance(found.mixed, Undefined):
        names = ("sharpe", "hurdle_sharpe", "deflated_sharpe", "probabilistic_sharpe")
        nothing = dict.fromkeys(("first_day", "last_day", *names), found.mixed)
        return {"days": 0, **nothing, "middle_sharpe": middle}
    mixed: Mixed = found.mixed
    return {
        **_span(mixed.record),
        "sharpe": _yearly_sharpe(mixed.record),
        "hurdle_sharpe": _yearly(mixed.hurdle, mixed.record),
        "deflated_sharpe": mixed.probability,
        "probabilistic_sharpe": probabilistic_sharpe(mixed.record.daily),
        "middle_sharpe": middle,
    }


def _outside(unseen: Record | None) -> Numbers:
    names = ("sharpe", "probabilistic_sharpe", "min_track_record_days")
    if unseen is None:
        nothing = Undefined("not measured: no days were kept from the search")
        dates = dict.fromkeys(("first_day", "last_day", "total_return"), nothing)
        return {"days": 0, "ruined": False, **dates, **dict.fromkeys(names, nothing)}
    if unseen.is_ruined:
        return {
            **_span(unseen),
            "ruined": True,
            "total_return": -1.0,
            **dict.fromkeys(names, Undefined("the equity reached zero")),
        }
    return {
        **_span(unseen),
        "ruined": False,
        "total_return": _growth(unseen),
        "sharpe": _yearly_sharpe(unseen),
        "probabilistic_sharpe": probabilistic_sharpe(unseen.daily),
        "min_track_record_days": min_track_record(unseen.daily),
    }


def _asset(one: Judged) -> Numbers:
    record, chosen = one.record, one.chosen
    told: Numbers = {
        "trials": dataclasses.asdict(one.tally),
        "days": len(one.days),
        "first_day": _day(one.days[0]) if len(one.days) else None,
        "last_day": _day(one.days[-1]) if len(one.days) else None,
        "middle_sharpe": _middle(one),
    }
    if isinstance(chosen, Undefined) or record is None:
        why = chosen if isinstance(chosen, Undefined) else Undefined("the equity reached zero")
        told |= {"chosen": None, "sharpe": why, "deflated_sharpe": why}
    else:
        told |= {
            "chosen": {
                "number": chosen.number,
                "study": chosen.study,
                "parameters": dict(chosen.parameters),
            },
            "sharpe": _yearly_sharpe(record),
            "probabilistic_sharpe": probabilistic_sharpe(record.daily),
            "min_track_record_days": min_track_record(record.daily),
            **_deflation(one.deflation, record),
        }
    return {
        **told,
        **_overfitting(one.overfitting, one.days),
        "reality_check": _reality(one.reality),
        "against_field": _reality(one.against_field),
    }


def _deflation(found: Deflation | Undefined, record: Record) -> Numbers:
    if isinstance(found, Undefined):
        return {"deflated_sharpe": found}
    return {
        "deflated_sharpe": found.probability,
        "hurdle_sharpe": _yearly(found.hurdle, record),
        "deflated_track_record_days": found.days_needed,
        "deflated_sharpe_by_spread": found.by_spread,
        "hurdle_sharpe_by_spread": _yearly(found.hurdle_by_spread, record),
    }


def _overfitting(found: Overfitting | Undefined, days: Ints) -> Numbers:
    if isinstance(found, Undefined):
        return {"pbo": found}
    year = math.sqrt(days_per_year(days))
    intercept = found.intercept
    return {
        "pbo": found.probability,
        "overfitting": {
            "blocks": found.blocks,
            "splits": found.splits,
            "trials": found.trials,
            "probability_of_loss": found.loss,
            "median_in_sample_sharpe": float(np.median(found.in_sample)) * year,
            "median_out_of_sample_sharpe": float(np.median(found.out_of_sample)) * year,
            "slope": found.slope,
            "intercept_sharpe": intercept if isinstance(intercept, Undefined) else intercept * year,
        },
    }


def _reality(found: RealityCheck | Undefined) -> Any:
    if isinstance(found, Undefined):
        return {"p_consistent": found}
    return {
        "p_consistent": found.consistent,
        "p_lower": found.lower,
        "p_upper": found.upper,
        "p_white": found.white,
        "statistic": found.statistic,
        "block_days": found.block_days,
        "resamples": found.resamples,
    }


def _discovery(assets: Sequence[Judged]) -> Numbers:
    """Return Hansen's p-values of all assets, adjusted for being many."""
    known = {
        one.asset: one.reality.consistent
        for one in assets
        if not isinstance(one.reality, Undefined)
    }
    values = np.array(list(known.values()))
    rates = {
        adjust.__name__: dict(zip(known, adjust(values).tolist()))
        for adjust in (benjamini_hochberg, benjamini_yekutieli)
    }
    found = [name for name, rate in rates["benjamini_hochberg"].items() if rate <= LEVEL]
    return {"level": LEVEL, "p_values": known, **rates, "discoveries": found}


def _pbo(found: Overfitting | Undefined) -> Measure:
    return found if isinstance(found, Undefined) else found.probability


def _middle(one: Judged) -> Measure:
    """Return the median Sharpe ratio of the different trials that were proposed, a year."""
    if isinstance(one.middle, Undefined):
        return one.middle
    return one.middle * math.sqrt(days_per_year(one.days))


def _growth(record: Record) -> float:
    """Return what the days made of the money, compounded (fraction)."""
    return float(np.prod(1.0 + record.daily)) - 1.0


def _yearly_sharpe(record: Record) -> Measure:
    return sharpe(record.daily, days_per_year(record.days))


def _yearly(ratio: Measure, record: Record) -> Measure:
    if isinstance(ratio, Undefined):
        return ratio
    return ratio * math.sqrt(days_per_year(record.days))


def _span(record: Record) -> Numbers:
    if not len(record.days):
        return {"days": 0, "first_day": None, "last_day": None}
    first, last = (_day(record.days[at]) for at in (0, -1))
    return {"days": len(record.days), "first_day": first, "last_day": last}


def _day(day: Any) -> str:
    return str(np.datetime64(int(day), "D"))


def _mean(values: Sequence[Measure]) -> Measure:
    known = [value for value in values if not isinstance(value, Undefined)]
    return float(np.mean(known)) if known else _why(values)


def _median(values: Sequence[Measure]) -> Measure:
    known = [value for value in values if not isinstance(value, Undefined)]
    return float(np.median(known)) if known else _why(values)


def _why(values: Sequence[Measure]) -> Undefined:
    reasons = [value for value in values if isinstance(value, Undefined)]
    return reasons[0] if reasons else Undefined("there is no trial")


def _plain(value: Any, path: str, undefined: dict[str, str]) -> Any:
    if isinstance(value, Undefined):
        undefined[path] = value.reason
        return None
    if isinstance(value, Mapping):
        return {
            str(name): _plain(one, f"{path}.{name}" if path else str(name), undefined)
            for name, one in value.items()
        }
    return value
