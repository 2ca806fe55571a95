"""Lots: what winners and losers show of a policy, as the experiment that a city can run, and the truth beside it.

Definitions are those of docs/model.md, "The experiment of a lot".
"""

from datetime import date

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from sim import dates
from sim.engine.recorder import Record
from sim.study.intervals import CONFIDENCE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
FEWEST = 2  # winners, and losers, without whom no variance is known

PARTS = (
    "lot_children", "lot_winners", "lot_losers", "lot_winner_months", "lot_loser_months", "lot_compares",
    "lot_difference", "lot_standard_error", "lot_estimate", "lot_margin", "lot_covers", "lot_added_winners",
    "lot_added_losers", "lot_added_others", "lot_luck", "lot_cost",
)  # fmt: skip


def lot_parts(record: Record, baseline: Record, groups: int) -> dict[str, Floats]:
    """Parts of the metrics of a policy's lots over the window: of all together in column 0, of each in the last.

    groups : columns in all
    Returns `PARTS`, each float64 (groups,). Where there is no comparison, what rests on one is 0, as is `lot_compares`.
    """
    table = {name: np.zeros(groups) for name in PARTS}
    if not len(record.lots):
        return table
    added = _billed_from(record) - _billed_from(baseline)
    each = [_of_lot(record, n, added) for n in range(len(record.lots))]
    for n, one in enumerate(each):
        for name, value in one.items():
            table[name][groups - len(each) + n] = value
    for name, value in _together(record, each, added).items():
        table[name][0] = value
    return table


def _billed_from(record: Record, day: int = 0) -> Ints:
    """Child-months of the window for which each child is billed on or after a day (ordinal), int64 (children,)."""
    stays, first = record.stays, np.zeros(dates.DECISION_DAYS + 1, np.int64)
    if day > 0:
        when = date.fromordinal(day)
        # the month of a family's first bill from then on, by its decision day
        first[:] = dates.month_of(when) - record.first + (np.arange(len(first)) < when.day)
    begins = np.maximum(np.maximum(stays["first"].astype(np.int64), 0), first[record.stay_day])
    months = np.maximum(stays["last"].astype(np.int64) - begins + 1, 0)
    return np.bincount(stays["child"], months, record.children).astype(np.int64)


def _of_lot(record: Record, n: int, added: Ints) -> dict[str, float]:
    """Parts of the n-th lot; added : int64 (children,)  child-months more than in the baseline."""
    place = int(record.lots[n])
    entries = record.lot_entries[record.lot_entries[:, 0] == n]
    won = entries[:, 2] == 1
    winners, losers = entries[won, 1], entries[~won, 1]
    months = _billed_from(record, int(record.budget("first_day")[place]))
    found = {
        "lot_children": float(len(entries)),
        "lot_winners": float(len(winners)),
        "lot_losers": float(len(losers)),
        "lot_winner_months": float(months[winners].sum()),
        "lot_loser_months": float(months[losers].sum()),
    } | _added(added, winners, losers)
    if min(len(winners), len(losers)) < FEWEST:
        return found
    difference = float(months[winners].mean() - months[losers].mean())
    error = float(np.sqrt(months[winners].var(ddof=1) / len(winners) + months[losers].var(ddof=1) / len(losers)))
    anyway = months - added
    luck = len(winners) * float(anyway[winners].mean() - anyway[losers].mean())
    cost = float(record.claims[:, place].sum()) / 100
    return found | _compared(len(winners), len(winners) * difference, len(winners) * error, luck, cost, added)


def _added(added: Ints, winners: NDArray[np.int32], losers: NDArray[np.int32]) -> dict[str, float]:
    """Added child-months of winners, of losers, and of all others."""
    of_winners, of_losers = int(added[winners].sum()), int(added[losers].sum())
    return {
        "lot_added_winners": float(of_winners),
        "lot_added_losers": float(of_losers),
        "lot_added_others": float(int(added.sum()) - of_winners - of_losers),
    }


def _compared(winners: float, estimate: float, error: float, luck: float, cost: float, added: Ints) -> dict[str, float]:
    """What rests on a comparison; estimate, error : of the winners' added child-months; cost : yuan."""
    margin = float(ndtri(0.5 + CONFIDENCE / 2)) * error
    return {
        "lot_compares": 1.0,
        "lot_difference": estimate / winners,
        "lot_standard_error": error / winners,
        "lot_estimate": estimate,
        "lot_margin": margin,
        "lot_covers": float(abs(estimate - float(added.sum())) <= margin),
        "lot_luck": luck,
        "lot_cost": cost,
    }


def _together(record: Record, each: list[dict[str, float]], added: Ints) -> dict[str, float]:
    """Parts of all lots together: counts and estimates add up, standard errors by squares."""

    def whole(name: str) -> float:
        return sum(one[name] for one in each)

    entries, won = record.lot_entries, record.lot_entries[:, 2] == 1
    winners = np.unique(entries[won, 1])
    losers = np.setdiff1d(entries[:, 1], winners)
    found = {name: whole(name) for name in PARTS[:5]} | _added(added, winners, losers)
    if not all("lot_compares" in one for one in each):
        return found
    error = float(np.sqrt(sum((one["lot_standard_error"] * one["lot_winners"]) ** 2 for one in each)))
    return found | _compared(
        whole("lot_winners"), whole("lot_estimate"), error, whole("lot_luck"), whole("lot_cost"), added
    )
