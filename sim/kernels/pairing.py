"""Pairing child by child: the bills and claims of a policy beside those of the baseline of the same luck.

Both worlds' stays are read side by side in the order of children. A child whose stays are the same in both, at
institutions whose posted fees are, adds nothing to any difference and is passed over after one look.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inlined

CHILD, AT, FIRST, LAST, BIRTH, DAY = range(6)  # columns of `Billed.stays`
FEE_RISE, OTHER_OFFERS, NEW, GONE = range(4)  # rows of the differences in posted fees
PARTS = 4
BY_NEW, BROUGHT_FORWARD, LENGTHENED = range(3)  # parts of the added child-months
ADDED_PARTS = 3
NEW_CHILD, LOST_CHILD = range(2)


class Billed(NamedTuple):
    """A world's bills, as stays and posted fees.

    stays : int32 (S, 6)  in the order of children and of their first months: child, institution, first and last
        month (relative to the window's first), birthday (ordinal), decision day (from 1)
    cells : int16 (S, C)  groups of the child
    former : int32 (F,)  children billed before the window and not in it, as in `Record`
    version : int64 (slots,)  row of `fees` in force on each decision day of the window
    fees : int64 (V, 3, J)  [fen]
    """

    stays: NDArray[np.int32]
    cells: NDArray[np.int16]
    former: NDArray[np.int32]
    version: NDArray[np.int64]
    fees: NDArray[np.int64]


class Claims(NamedTuple):
    """Bills of which somebody else than the family owes a part, one row each, as in `Record`.

    child : int32, month : int16; fen, relief : int32 [fen]; tranche : int8
    """

    child: NDArray[np.int32]
    month: NDArray[np.int16]
    fen: NDArray[np.int32]
    relief: NDArray[np.int32]
    tranche: NDArray[np.int8]


@inlined
def _end(stays: Any, s: int, child: int) -> Any:
    """Row after the last stay of a child whose stays, if it has any, begin at row s."""
    while s < len(stays) and stays[s, CHILD] == child:
        s += 1
    return s


@inlined
def _alike(stays: Any, i: int, end: int, others: Any, j: int, other_end: int) -> Any:
    """True if a child has the same stays, rows i..end and j..other_end, in both worlds."""
    same = end - i == other_end - j
    if same:
        for k in range(end - i):
            for column in range(stays.shape[1]):
                same &= stays[i + k, column] == others[j + k, column]
    return same


@inlined
def _band(birth: int, slot: int, older: Any) -> Any:
    """Band of a child on a decision day."""
    return np.int64(birth <= older[0, slot]) + np.int64(birth <= older[1, slot])


@inlined
def _count(cells: Any, s: int, amount: int, row: int, out: Any) -> None:
    """Add to a row's count of all and to those of the groups of stay s."""
    out[row, 0] += amount
    for c in range(cells.shape[1]):
        out[row, cells[s, c]] += amount


@inlined
def _among(rows: Any, child: int) -> Any:
    """True if a child is one of some, which are ascending."""
    at = int(np.searchsorted(rows, child))
    return at < rows.size and rows[at] == child


@entry
def pair_bills(
    here: Any, there: Any, older: Any, moved: Any, stands: Any, parts: Any, added: Any, heads: Any, crowded: Any
) -> None:
    """Add up by how much bills, before relief, differ between a policy (`here`) and its baseline (`there`).

    older : int64 (2, slots)  last birthdays of the two older bands on each decision day
    moved : bool (J,)  institutions whose posted fees differ on some decision day
    stands : bool (months, J)  institutions that are open in the baseline
    parts : int64 (PARTS, months)  written, added to: of children billed in both worlds, FEE_RISE is what the fees of
        the institutions they attend are above those of the same in the baseline, where these are open or the child
        attends them too, and OTHER_OFFERS what else their fees are higher by; NEW is asked of those billed under the
        policy only, GONE of those billed in the baseline only [fen]
    added : int64 (ADDED_PARTS, months, groups)  written, added to: child-months more than in the baseline. BY_NEW are
        those of new children, less those of lost ones; of children who come in both worlds, BROUGHT_FORWARD are those
        before the first bill of the window in the baseline and LENGTHENED the others
    heads : int64 (2, months, groups)  written, added to: new and lost children, in the month of their first bill
    crowded : int64 (months, groups)  written, added to: child-months billed in the baseline only
    """
    stays, cells, former, version, fees = here
    others, other_cells, other_former, other_version, other_fees = there
    months = parts.shape[1]
    days = older.shape[1] // max(months, 1)
    i, j = 0, 0
    while i < len(stays) or j < len(others):
        if j == len(others) or (i < len(stays) and stays[i, CHILD] < others[j, CHILD]):
            child = stays[i, CHILD]
        else:
            child = others[j, CHILD]
        end, other_end = _end(stays, i, child), _end(others, j, child)
        if _alike(stays, i, end, others, j, other_end):
            for k in range(i, end):
                if not moved[stays[k, AT]]:
                    continue
                for m in range(max(stays[k, FIRST], 0), stays[k, LAST] + 1):
                    slot = m * days + stays[k, DAY] - 1
                    band, at = _band(stays[k, BIRTH], slot, older), stays[k, AT]
                    parts[FEE_RISE, m] += fees[version[slot], band, at] - other_fees[other_version[slot], band, at]
            i, j = end, other_end
            continue
        comes, came = end > i, other_end > j  # in the window
        new = comes and not came and not _among(other_former, child)
        lost = came and not comes and not _among(former, child)
        start = max(others[j, FIRST], 0) if came else 0  # before it, what is billed is brought forward
        if new:
            _count(cells, i, 1, max(stays[i, FIRST], 0), heads[NEW_CHILD])
        if lost:
            _count(other_cells, j, 1, start, heads[LOST_CHILD])
        for m in range(months):
            while i < end and stays[i, LAST] < m:
                i += 1
            while j < other_end and others[j, LAST] < m:
                j += 1
            is_here, is_there = i < end and stays[i, FIRST] <= m, j < other_end and others[j, FIRST] <= m
            fee, other_fee = np.int64(0), np.int64(0)
            if is_there:
                slot = m * days + others[j, DAY] - 1
                other_fee = other_fees[other_version[slot], _band(others[j, BIRTH], slot, older), others[j, AT]]
            if is_here:
                slot = m * days + stays[i, DAY] - 1
                band, at = _band(stays[i, BIRTH], slot, older), stays[i, AT]
                fee = fees[version[slot], band, at]
            if is_here and is_there:
                rise = np.int64(0)
                if at == others[j, AT] or stands[m, at]:
                    rise = fee - other_fees[other_version[slot], band, at]
                parts[FEE_RISE, m] += rise
                parts[OTHER_OFFERS, m] += fee - other_fee - rise
            elif is_here:
                parts[NEW, m] += fee
                _count(cells, i, 1, m, added[BY_NEW if new else BROUGHT_FORWARD if m < start else LENGTHENED])
            elif is_there:
                parts[GONE, m] += other_fee
                _count(other_cells, j, -1, m, added[BY_NEW if lost else LENGTHENED])
                _count(other_cells, j, 1, m, crowded)
        i, j = end, other_end


@inlined
def _first_stay(stays: Any, s: int, child: int) -> Any:
    """Row of a child's first stay, or where it would stand, sought from row s on, from which it is seldom far.

    Claims lie month by month in the order of children, so the search begins anew with each month only.
    """
    if s > 0 and stays[s - 1, CHILD] >= child:
        s = int(np.searchsorted(stays[:, CHILD], child))
    while s < len(stays) and stays[s, CHILD] < child:
        s += 1
    return s


@entry
def pair_claims(claims: Any, others: Any, anyway: Any, sums: Any) -> None:
    """Mark the claims whose children are billed in the other world too, in the same month.

    claims : `Claims`; others : `Billed.stays`
    anyway : bool (claims,)  written; sums : int64 (2, months)  written, added to: relief by month, of those billed in
        the claim's world only, and of those marked
    """
    child, month, _, relief, _ = claims
    s = 0
    for c in range(child.size):
        s = _first_stay(others, s, child[c])
        k, found = s, False
        while k < len(others) and others[k, CHILD] == child[c] and others[k, FIRST] <= month[c]:
            found |= others[k, LAST] >= month[c]
            k += 1
        anyway[c] = found
        sums[1 if found else 0, month[c]] += relief[c]


@entry
def count_claims(claims: Any, anyway: Any, world: Any, tiers_from: int, counts: Any, money: Any, marginal: Any) -> None:
    """Add up a policy's own claims by group, and those that would have been billed anyway.

    claims : `Claims`, of which those of 0 fen are of standing instruments and left out; anyway : bool (claims,)
    world : `Billed` of the policy, in which each claim's child has a stay; tiers_from : column of the first tranche
    counts : int64 (2, groups), money : float64 (2, groups) [yuan]  written, added to in the order of claims, but for
        the money of group 0: row 0 all of them, row 1 those marked
    marginal : int64 (months, groups)  written, added to: redeemed vouchers that are not marked, of all and by tranche
    """
    child, month, fen, _, tranche = claims
    stays, cells, _, _, _ = world
    s = 0
    for c in range(child.size):
        if fen[c] <= 0:
            continue
        s = _first_stay(stays, s, child[c])
        yuan = fen[c] / 100.0
        for row in range(2 if anyway[c] else 1):
            _count(cells, s, 1, row, counts)
            for g in range(cells.shape[1]):
                money[row, cells[s, g]] += yuan
            if tranche[c] >= 0:
                counts[row, tiers_from + tranche[c]] += 1
                money[row, tiers_from + tranche[c]] += yuan
        if tranche[c] >= 0 and not anyway[c]:
            marginal[month[c], 0] += 1
            marginal[month[c], tiers_from + tranche[c]] += 1
