"""Bills made out again from a record, and two worlds' bills laid side by side child by child: plainly, to test by."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import Record

Fen = NDArray[np.int64]


@dataclass(frozen=True)
class Bills:
    """The bills of a counted window by child and month, one row each.

    key : int64, child · months + month, ascending; month : int64, relative
    day : int64, ordinal of the decision day; band, at : int64, the offer
    posted, relief : int64 [fen], the posted fee and what instruments take off it
    cells : int16 (bills, 3), groups of the child
    """

    key: NDArray[np.int64]
    month: NDArray[np.int64]
    day: NDArray[np.int64]
    band: NDArray[np.int64]
    at: NDArray[np.int64]
    posted: Fen
    relief: Fen
    cells: NDArray[np.int16]


def bills_of(record: Record) -> Bills:
    """Make out the bills again: from stays, birthdays, decision days and the fees that were posted on these."""
    stays, months = record.stays, record.months()
    first, last = np.maximum(stays["first"].astype(np.int64), 0), stays["last"].astype(np.int64)
    length = last - first + 1
    stay = np.repeat(np.arange(len(length)), length)
    month = np.arange(len(stay)) + (first - np.cumsum(length) + length)[stay]
    days = [dates.date_in(record.first + int(m), int(d)) for m, d in zip(month, record.stay_day[stay], strict=True)]
    birth = record.stay_birth[stay]
    older = [[dates.months_before(day, age) for day in days] for age in dates.BAND_FROM_MONTHS[1:]]
    band = (birth <= np.array(older, np.int64)).sum(axis=0)
    at = stays["at"].astype(np.int64)[stay]
    day = np.array([d.toordinal() for d in days], np.int64)
    key = stays["child"].astype(np.int64)[stay] * months + month
    relief = np.zeros(len(key), np.int64)
    relief[np.searchsorted(key, record.claim_child.astype(np.int64) * months + record.claim_month)] = (
        record.claim_relief
    )
    return Bills(key, month, day, band, at, fees_on(record, day, band, at), relief, record.stay_cells[stay])


def fees_on(record: Record, day: NDArray[Any], band: NDArray[Any], at: NDArray[Any]) -> Fen:
    """The posted fees of some offers by which bills are made out on some days (ordinals) [fen]."""
    version = np.searchsorted(record.bill_from, day, side="right") - 1
    return np.asarray(record.bill_fees[version, band, at])


def reckon(record: Record, baseline: Record) -> dict[str, NDArray[Any]]:
    """What differs between a policy and its baseline, bill by bill; parts that have groups in their columns.

    Parts of incidence are int64 (months,) [fen]; those of children and child-months (months, groups); others (groups,).
    """
    here, there = bills_of(record), bills_of(baseline)
    months, tiers = record.months(), record.tranche.shape[2]
    groups = len(record.groups) + tiers + len(record.lots)
    parts = ("always_takers", "fee_rise", "other_offers", "new_users", "crowded_out")
    found: dict[str, NDArray[Any]] = {f"incidence_{part}": np.zeros(months, np.int64) for part in parts}
    found |= {name: np.zeros((months, groups)) for name in ("added", "crowded_out", "marginal")}
    rows, rows_there = ({int(k): n for n, k in enumerate(bills.key)} for bills in (here, there))
    same = fees_on(baseline, here.day, here.band, here.at)
    for key in sorted(rows.keys() | rows_there.keys()):
        n, k, m = rows.get(key, -1), rows_there.get(key, -1), key % months
        cells = [0, *(here.cells[n] if n >= 0 else there.cells[k])]
        if k < 0:
            found["incidence_new_users"][m] -= here.posted[n] - here.relief[n]
            found["added"][m, cells] += 1
        elif n < 0:
            found["incidence_crowded_out"][m] += there.posted[k] - there.relief[k]
            found["added"][m, cells] -= 1
            found["crowded_out"][m, cells] += 1
        else:
            open_there = here.at[n] == there.at[k] or baseline.offer_open[m, :, here.at[n]].any()
            rise = here.posted[n] - same[n] if open_there else 0
            found["incidence_always_takers"][m] += here.relief[n] - there.relief[k]
            found["incidence_fee_rise"][m] -= rise
            found["incidence_other_offers"][m] -= here.posted[n] - there.posted[k] - rise
    found |= _who_comes(record, baseline, here, there, groups)
    return found | _claimed(record, here, rows, set(rows_there), found["marginal"])


def _who_comes(record: Record, baseline: Record, here: Bills, there: Bills, groups: int) -> dict[str, NDArray[Any]]:
    """New and lost children and the parts of added child-months, child by child from the months of its bills."""
    names = ("added_by_new_children", "added_brought_forward", "added_lengthened", "new_children", "lost_children")
    months = record.months()
    out = {name: np.zeros((months, groups)) for name in names}
    worlds, cells_of = [], {}
    for bills in (here, there):
        worlds.append(by_child := {})
        for key, cells in zip(bills.key.tolist(), bills.cells, strict=True):
            by_child.setdefault(key // months, set()).add(key % months)
            cells_of[key // months] = [0, *cells]
    for child, cells in cells_of.items():
        mine, before = (world.get(child, set()) for world in worlds)
        came = [bool(billed) or child in set(one.former) for billed, one in ((mine, record), (before, baseline))]
        for m in mine - before:
            early = bool(before) and m < min(before)
            part = "added_by_new_children" if not came[1] else "added_brought_forward" if early else "added_lengthened"
            out[part][m, cells] += 1
        for m in before - mine:
            out["added_lengthened" if came[0] else "added_by_new_children"][m, cells] -= 1
        if not all(came):
            out["lost_children" if before else "new_children"][min(mine | before), cells] += 1
    return out


def _claimed(
    record: Record, here: Bills, rows: dict[int, int], there: set[int], marginal: NDArray[Any]
) -> dict[str, NDArray[Any]]:
    """Claims of the policy's own instruments by group, and of those billed in the baseline; marginal : written."""
    groups, months = marginal.shape[1], record.months()
    names = ("subsidised_paired", "inframarginal", "subsidised_yuan", "inframarginal_yuan")
    out = {name: np.zeros(groups) for name in names}
    all_yuan: list[float] = []
    anyway_yuan: list[float] = []
    claims = zip(record.claim_child, record.claim_month, record.claim_fen, record.claim_tranche, strict=True)
    for child, m, fen, tranche in claims:
        if fen <= 0:
            continue
        key, yuan = int(child) * months + int(m), float(fen) / 100
        tier = [len(record.groups) + int(tranche)] if tranche >= 0 else []
        cells = [*here.cells[rows[key]], *tier]
        all_yuan.append(yuan)
        anyway_yuan.append(yuan if key in there else 0.0)
        for cell in [0, *cells]:
            out["subsidised_paired"][cell] += 1
            out["inframarginal"][cell] += key in there
        for cell in cells:
            out["subsidised_yuan"][cell] += yuan
            out["inframarginal_yuan"][cell] += yuan if key in there else 0.0
        if tier and key not in there:
            marginal[m, [0, *tier]] += 1
    out["subsidised_yuan"][0], out["inframarginal_yuan"][0] = np.sum(all_yuan), np.sum(anyway_yuan)
    return out
