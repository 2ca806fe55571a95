"""Utilities: the shocks of an epoch, and each child's best alternative, block by block.

U_0 = outside − habit·[has been in care] + ε_0 and U_j = taste + κ_band + β_q·quality_j as seen beforehand
+ learnt_j·[was billed at j last] − β_d·distance_ij + σ·[enrolled at j] − α_i·netfee_ij + ε_ij, with ε Gumbel, addressed
by child, epoch and institution (docs/model.md); j is a service of an institution, quality, σ and ε belong to the
institution.
"""

import math
from typing import Any

import numpy as np

from sim.compiled import entry, inlined, inner, prefetch
from sim.draws import gumbel, mix, philox
from sim.kernels.columns import (
    AMOUNT,
    AT,
    BAND_OF_PART,
    CEILING,
    CLOSED,
    ENROLLED,
    ENTRY,
    GROUP,
    HELD,
    LATER,
    LEAST,
    MONTHS,
    MONTHS_AHEAD,
    MOST,
    NOBODY,
    PAID,
    RATE,
    STAY_AT,
    VOUCHER,
    WAITS,
)

OUTSIDE = np.uint32(0xFFFFFFFF)  # the address of staying out among an epoch's alternatives
OF_SERVICES = 0.3  # scale of the shock that parts an institution's services
EULER = 0.5772156649015329  # the mean of a standard Gumbel
BLOCK = 256
AHEAD = 8  # children for whom the memory is asked ahead
WITHOUT, AS_HELD = -2, -1  # which vouchers `net_fee` counts


@inner
def part_of(birth: int, ages: Any) -> int:
    """Part of a child by its birthday: 0 infant, 1 toddler under 18 months, 2 toddler, 3 older toddler."""
    if birth <= ages.older:
        return 3
    if birth <= ages.mixed:
        return 2
    return 1 if birth <= ages.toddler else 0


@entry
def draw_epochs(
    rows: Any, when: Any, child_id: Any, address: Any, own_address: Any, stream: Any, candidate: Any, fixed: Any,
    outside: Any, out: Any,
) -> None:  # fmt: skip
    """Draw the shocks of the epochs that begin for these children.

    The services of an institution have its shock, and a small one of their own whose mean is nothing.

    rows : int32  the children
    when : uint32, one for each row, or (1,) if it is the same for all: absolute month in which the epoch begins
    address : uint32 (J,)  the institution's; own_address : uint32 (J,)  the service's, 0 where it is the only one;
        (0,) if all are
    out : float32 (rows, K + 1)  written: the value of each candidate with its shock, and last of staying out
    """
    blocks, addresses, shocks = np.empty(BLOCK, np.uint64), np.empty((2, BLOCK), np.uint32), np.empty(BLOCK)
    for first in range(0, rows.size, BLOCK):
        last = min(first + BLOCK, rows.size)
        draw_block(
            rows[first:last], when if when.size == 1 else when[first:last], child_id, address, own_address, stream,
            candidate, fixed, outside, blocks, addresses, shocks, out[first:last],
        )  # fmt: skip


@entry
def draw_and_begin(
    rows: Any, when: Any, child_id: Any, address: Any, own_address: Any, stream: Any, candidate: Any, fixed: Any,
    outside: Any, to: int, epochs: Any,
) -> None:  # fmt: skip
    """Draw epochs and write them to the rows of `Epochs` from `to` on; the rest as in `draw_epochs`."""
    blocks, addresses, shocks = np.empty(BLOCK, np.uint64), np.empty((2, BLOCK), np.uint32), np.empty(BLOCK)
    fresh, at = np.empty((BLOCK, candidate.shape[1] + 1), np.float32), np.empty(BLOCK, np.int32)
    for first in range(0, rows.size, BLOCK):
        last = min(first + BLOCK, rows.size)
        draw_block(
            rows[first:last], when if when.size == 1 else when[first:last], child_id, address, own_address, stream,
            candidate, fixed, outside, blocks, addresses, shocks, fresh,
        )  # fmt: skip
        for m in range(last - first):
            at[m] = to + first + m
        begin_epochs(at[: last - first], fresh, epochs)


@inner
def draw_block(
    rows: Any, when: Any, child_id: Any, address: Any, own_address: Any, stream: Any, candidate: Any, fixed: Any,
    outside: Any, blocks: Any, addresses: Any, shocks: Any, out: Any,
) -> None:  # fmt: skip
    """Draw the epochs of at most BLOCK children, step by step: what is read here and there apart from what is reckoned.

    blocks : uint64 (BLOCK,), addresses : uint32 (2, BLOCK), shocks : float64 (BLOCK,)  to work in
    """
    n, size, same, several = rows.size, candidate.shape[1], when.size == 1, own_address.size > 0
    of, month = addresses[0], addresses[1]
    for m in range(n):
        of[m], month[m] = child_id[np.uint64(rows[m])], when[0 if same else m]
    for m in range(n):
        blocks[m] = philox(of[m], month[m], stream)[0]
    for m in range(n):
        shocks[m] = gumbel(mix(blocks[m], OUTSIDE))
    for m in range(n):
        out[m, size] = np.float32(np.float64(outside[np.uint64(rows[m])]) + shocks[m])
    for k in range(size):
        for m in range(n):
            of[m] = address[np.uint64(candidate[np.uint64(rows[m]), k])]
        for m in range(n):
            shocks[m] = gumbel(mix(blocks[m], of[m]))
        if several:
            for m in range(n):
                of[m] = own_address[np.uint64(candidate[np.uint64(rows[m]), k])]
            for m in range(n):
                if of[m] != 0:
                    shocks[m] += OF_SERVICES * (gumbel(mix(blocks[m], of[m])) - EULER)
        for m in range(n):
            out[m, k] = np.float32(np.float64(fixed[np.uint64(rows[m]), k]) + shocks[m])


@entry
def begin_epochs(rows: Any, fresh: Any, epochs: Any) -> None:
    """Write new epochs to rows of `Epochs`; `fresh` is what `draw_epochs` wrote for them."""
    shocked, size = epochs.shocked, epochs.shocked.shape[1]
    for m in range(rows.size):
        e, peak = np.int64(rows[m]), np.float32(-np.inf)
        for k in range(size):
            shocked[e, k] = fresh[m, k]
            peak = max(peak, fresh[m, k])
        epochs.peak[e], epochs.alone[e] = peak, fresh[m, size]


@entry
def find_renewals(
    child_id: Any, first_month: int, chance: float, stream: Any, begins: Any, ends: Any, out: Any, counts: Any
) -> int:
    """Find the children whose circumstances are drawn afresh, month by month, and day by day within one.

    One block serves four months (32 bits each), addressed by child and quarter of the absolute month.

    begins, ends : int64 (months, days)  rows of the children who may, of each month and day
    out : int32  written: their rows; returns how many; counts : int64 (months, days)  written: of each day
    """
    months, days = begins.shape
    threshold, low, word = np.uint64(math.floor(chance * 4294967296.0)), np.uint64(0xFFFFFFFF), np.uint64(32)
    pairs, most, n = np.empty((2, BLOCK), np.uint64), 0, 0
    for m in range(months):
        most = max(most, (ends[m] - begins[m]).sum())
    found, so_far = np.empty((4, most + 1), np.int32), np.empty(4, np.int64)  # by month of the four
    for quad in range(first_month // 4, (first_month + months - 1) // 4 + 1):
        so_far[:] = 0
        since, until = max(quad * 4 - first_month, 0), min(quad * 4 + 4 - first_month, months)
        for d in range(days):
            counts[since:until, d] = -so_far[: until - since]
            end = ends[since:until, d].max()
            for begin in range(begins[since:until, d].min(), end, BLOCK):
                size = min(BLOCK, end - begin)
                for i in range(size):
                    pairs[0, i], pairs[1, i] = philox(child_id[begin + i], np.uint32(quad), stream)
                for m in range(since, until):
                    part = (first_month + m) % 4
                    pair, shift, here, at = (
                        pairs[part // 2],
                        word * np.uint64(1 - part % 2),
                        m - since,
                        so_far[m - since],
                    )
                    for i in range(max(begins[m, d] - begin, 0), min(ends[m, d] - begin, size)):
                        found[here, at] = begin + i
                        at += 1 if (pair[i] >> shift) & low < threshold else 0
                    so_far[here] = at
            counts[since:until, d] += so_far[: until - since]
        for m in range(since, until):
            out[n : n + so_far[m - since]] = found[m - since, : so_far[m - since]]
            n += so_far[m - since]
    return n


@inlined
def leaves_a_mark(ties: Any) -> bool:
    """Return whether having been in care changes anything: whether there is a habit of it, or something to learn."""
    does: bool = ties.habit > 0 or ties.learnt.size > 0
    return does


@inlined
def has_tried(i: int, shorts: Any) -> bool:
    """Return whether child i has been in care: whether it has been billed, ever."""
    billed: bool = shorts[STAY_AT, np.uint64(i)] != NOBODY
    return billed


@inlined
def staying_out(i: int, alone: Any, shorts: Any, habit: Any) -> Any:
    """Value of staying out to child i; alone : to a child that has never been in care; habit : of `Ties`."""
    return alone - habit if habit > 0 and has_tried(i, shorts) else alone


@inlined
def recall(i: int, last: int, candidate: Any, learnt: Any, site: Any, worth: Any) -> None:
    """Add what child i's family has learnt where the child was billed last, at institution `last` or NOBODY.

    learnt : of `Ties`, not empty
    """
    if last != NOBODY:
        home, more, column = site[np.uint64(last)], learnt[np.uint64(last)], np.uint64(i)
        for k in range(candidate.shape[1]):
            worth[k] = worth[k] + more if site[np.uint64(candidate[column, k])] == home else worth[k]


@inner
def screen(
    edges: Any, epoch: Any, shocked: Any, peak: Any, alone: Any, alpha: Any, shorts: Any, links: Any, counts: Any,
    candidate: Any, value: Any, prices: Any, bounds: Any, marks: bool, rows: Any, rows_at: Any,
) -> None:  # fmt: skip
    """Write the rows of those who are enrolled, wait, hold a voucher, or would enter if there were places.

    Most others would not enter even at the city's best and cheapest institution: a bound that is read in
    order, and holds exactly because rounding is monotone, passes them over.

    edges : int64 (5,)  rows at which the four parts, oldest first, begin and end
    bounds : of the tariff; marks : whether having been in care changes anything: then those are written who have been
    rows : int32 (n,)  written; rows_at : int64 (5,)  written: where those of the four parts begin and end
    """
    marked, institutions, near = np.empty(BLOCK, np.int8), value.shape[1], 0
    found = np.empty(BLOCK, np.int64)
    rows_at[0] = 0
    for p in range(edges.size - 1):
        part = edges.size - 2 - p
        band, highest, cheapest = BAND_OF_PART[part], bounds[MOST, part], bounds[LEAST, part]
        for b in range(edges[p], edges[p + 1], BLOCK):
            size = min(BLOCK, edges[p + 1] - b)
            for m in range(size):
                i = b + m
                most = ((peak[epoch[i]] + highest) - alpha[i] * cheapest) - alone[epoch[i]]
                marked[m] = 1 if most >= np.float32(0) else 0
            for m in range(size):
                i = b + m
                known = (shorts[AT, i] != NOBODY) | (links[WAITS, i] != NOBODY) | (counts[HELD, i] > 0)
                marked[m] = 2 if known else marked[m]
            for m in range(size if marks else 0):
                marked[m] = 2 if has_tried(b + m, shorts) else marked[m]
            n = 0
            for m in range(size):
                found[n] = m
                n += 1 if marked[m] > 0 else 0
            for r in range(n):
                i, enters = b + found[r], marked[found[r]] == 2
                if not enters:
                    base = (np.int64(shorts[GROUP, i]) * 3 + band) * institutions
                    enters = would_enter(i, part, base, epoch[i], shocked, alone, alpha, candidate, value, prices)
                rows[near] = np.int32(i)
                near += 1 if enters else 0
        rows_at[p + 1] = near


@inlined
def would_enter(
    i: int, part: int, base: int, e: int, shocked: Any, alone: Any, alpha: Any, candidate: Any, value: Any, prices: Any
) -> bool:
    """Return whether a child at home would enter anywhere if there were places.

    base : where the prices of its group and band begin; e : its epoch
    """
    enters = False
    for k in range(candidate.shape[1]):
        j = candidate[i, k]
        enters |= (shocked[e, k] + value[part, j]) - alpha[i] * prices[ENTRY, base + j] > alone[e]
    return enters


@inlined
def net_fee(
    i: int, g: int, band: int, j: int, net: float, stages: Any, terms: Any, face: Any, counted: int, extra: float
) -> float:
    """Net fee of child i of group g at an offer, with what it forgoes there, before rounding [yuan a month].

    It is worked out stage by stage.

    stages : of the tariff, a row for all groups that are billed alike, see `columns.Tariff`
    net : the posted fee; face : of the vouchers
    counted : WITHOUT vouchers, AS_HELD, or the row of a pool of whose vouchers the child would hold one of `extra` fen
    """
    row = np.uint32(g) % np.uint32(stages.shape[2])
    for s in range(terms.shape[1]):
        worth, v = stages[AMOUNT, s, row, band, j], terms[VOUCHER, s]
        if v >= 0:
            fen = extra if v == counted else np.float64(face[v, i])
            worth = worth * fen / 100.0 if counted != WITHOUT else 0.0
        net -= min(net, stages[CEILING, s, row, band, j], worth + stages[RATE, s, row, band, j] * net)
    return net


@inlined
def seated_as(part: int, own: int, value: Any) -> int:
    """The part as which a child of a part keeps its seat at `own`, an institution or NOBODY.

    One that has outgrown all that its institution offers keeps its seat, valued as when it sat down.
    """
    kept = part
    while own != NOBODY and kept > 0 and value[kept, own] <= CLOSED:
        kept -= 1
    return kept


@inlined
def spread_fee(now: float, later: float, months: float) -> Any:
    """Fee that an entrant weighs: the mean of what it is billed over the months it commits to [yuan a month].

    now : this month's bill; later : the others' together [fen]
    """
    return np.float32((now + later) / (100.0 * months))


@inner
def weigh_anew(
    i: int, e: int, own: int, g: int, band: int, part: int, held: bool, candidate: Any, shocked: Any, value: Any,
    alpha: Any, price: Any, base: int, posted: Any, stages: Any, terms: Any, face: Any, spread: Any, worth: Any,
) -> None:  # fmt: skip
    """Utilities of the candidates of a child who holds a voucher or has outgrown what its institution offers.

    A voucher counts on this month's bill, which an entrant spreads over the months it commits to.

    price : row of the tariff's prices; the rest as in `appraise`
    """
    kept = seated_as(part, own, value)
    for k in range(candidate.shape[1]):
        j = candidate[i, k]
        fee = price[base + j]
        if held:
            net = net_fee(i, g, band, j, posted[band, j], stages, terms, face, AS_HELD, 0.0)
            later, months = 0.0, 1.0
            if own == NOBODY:
                later, months = spread[LATER, base + j], spread[MONTHS, base + j]
            fee = spread_fee(np.rint(100.0 * net), later, months)
        worth[k] = (shocked[e, k] + value[kept if j == own else part, j]) - alpha * fee


@inlined
def plain_worths(
    i: int, e: int, part: int, base: int, kind: int, candidate: Any, shocked: Any, alpha: Any, value: Any, prices: Any,
    worth: Any,
) -> None:  # fmt: skip
    """Utilities of child i's candidates without vouchers and without stickiness, at their prices of a kind.

    base : where the prices of its group and band begin; worth : float32 (K,)  written
    """
    row, at, column = np.uint64(e), np.uint64(base), np.uint64(i)
    for k in range(candidate.shape[1]):
        near = np.uint64(candidate[column, k])
        worth[k] = (shocked[row, k] + value[part, near]) - alpha * prices[kind, at + near]


@inlined
def stick(i: int, own: int, candidate: Any, hold: Any, site: Any, worth: Any) -> None:
    """Add what ties child i to it to all services of the institution that it attends."""
    home, column = site[np.uint64(own)], np.uint64(i)
    for k in range(candidate.shape[1]):
        worth[k] = worth[k] + hold if site[np.uint64(candidate[column, k])] == home else worth[k]


@inlined
def forgoes(i: int, own: int, ties: Any) -> Any:
    """Fee of this month that is paid already, and not given back if child i leaves `own` [yuan]."""
    row = np.uint64(i)
    if ties.counts[MONTHS_AHEAD, row] == 0:
        return np.float32(0)
    return ties.kept[np.uint64(own)] * np.float32(ties.links[PAID, row] / 100.0)


@inlined
def tied(i: int, own: int, alpha: Any, ties: Any) -> Any:
    """By how much child i is tied to the institution `own` that it attends: σ, and the fee that is paid already."""
    return ties.stickiness + alpha * forgoes(i, own, ties)


@inlined
def appraise(
    i: int, e: int, part: int, own: int, g: int, held: bool, candidate: Any, shocked: Any, alpha: Any, value: Any,
    prices: Any, posted: Any, stages: Any, terms: Any, face: Any, spread: Any, hold: Any, site: Any,
    worth: Any,
) -> None:  # fmt: skip
    """Utilities of child i's candidates to a family of group g whose child attends `own`, or NOBODY.

    e : its epoch; part : of the slice, to which the child belongs; held : whether it holds a voucher
    The columns come one by one: taking them out of their tuples costs more than the work itself, so callers
    do that once for all children.
    worth : float32 (K,)  written
    """
    band, enrolled = BAND_OF_PART[part], own != NOBODY
    kind = ENROLLED if enrolled else ENTRY
    base = (np.int64(g) * 3 + band) * posted.shape[1]
    plain_worths(i, e, part, base, kind, candidate, shocked, alpha, value, prices, worth)
    if held or (enrolled and value[part, own] <= CLOSED):  # the few
        weigh_anew(
            i, e, own, g, band, part, held, candidate, shocked, value, alpha, prices[kind], base, posted, stages,
            terms, face, spread, worth,
        )  # fmt: skip
    if enrolled:
        stick(i, own, candidate, hold, site, worth)


@inlined
def weigh(
    i: int, part: int, candidate: Any, epoch: Any, shocked: Any, alpha: Any, shorts: Any, counts: Any, value: Any,
    prices: Any, posted: Any, stages: Any, terms: Any, face: Any, spread: Any, ties: Any, site: Any, worth: Any,
) -> None:  # fmt: skip
    """Utilities of child i's candidates as things stand; the rest as in `appraise`."""
    own = shorts[AT, i]
    hold = tied(i, own, alpha[i], ties) if own != NOBODY else ties.stickiness
    appraise(
        i, epoch[i], part, own, shorts[GROUP, i], counts[HELD, i] > 0, candidate, shocked, alpha[i], value, prices,
        posted, stages, terms, face, spread, hold, site, worth,
    )  # fmt: skip
    if ties.learnt.size > 0:
        recall(i, shorts[STAY_AT, i], candidate, ties.learnt, site, worth)


@inner
def weigh_rows(
    rows: Any, first: int, end: int, part: int, candidate: Any, epoch: Any, shocked: Any, alone: Any, alpha: Any,
    shorts: Any, counts: Any, value: Any, prices: Any, posted: Any, stages: Any, terms: Any, face: Any,
    spread: Any, ties: Any, site: Any, worths: Any,
) -> None:  # fmt: skip
    """Utilities of the candidates of rows[first : end], children of one part, as `weigh` finds them.

    The few who hold a voucher or have outgrown their institution come last: beside a call for them the loop of all
    the others would take twice as long.
    worths : float32 (at least end, K)  written at the places of the rows
    """
    rare, few, band = np.empty(end - first, np.int64), 0, BAND_OF_PART[part]
    for m in range(first, end):
        i, ahead = np.uint64(rows[m]), np.uint64(rows[min(m + AHEAD, end - 1)])
        prefetch(candidate, ahead)
        prefetch(shocked, epoch[ahead])
        prefetch(alone, epoch[ahead])
        own, worth = shorts[AT, i], worths[m]
        kind, base = (ENTRY if own == NOBODY else ENROLLED), (np.int64(shorts[GROUP, i]) * 3 + band) * value.shape[1]
        plain_worths(i, epoch[i], part, base, kind, candidate, shocked, alpha[i], value, prices, worth)
        if own != NOBODY:
            stick(i, own, candidate, tied(i, own, alpha[i], ties), site, worth)
        rare[few] = m
        few += 1 if counts[HELD, i] > 0 or (own != NOBODY and value[part, own] <= CLOSED) else 0
    learnt = ties.learnt
    for m in range(first, end if learnt.size > 0 else first):
        recall(rows[m], shorts[STAY_AT, rows[m]], candidate, learnt, site, worths[m])
    for r in range(few):
        m = rare[r]
        weigh(
            np.int64(rows[m]), part, candidate, epoch, shocked, alpha, shorts, counts, value, prices, posted, stages,
            terms, face, spread, ties, site, worths[m],
        )  # fmt: skip
