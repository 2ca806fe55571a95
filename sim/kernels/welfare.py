"""Welfare: what a policy is worth to each family in money, beside what the baseline would have offered it that day.

A child's best alternative under the policy is set against its best under the baseline: same child, same day, same
draws, and the policy's own state. The difference over the marginal utility of a yuan is its equivalent in money (Small
and Rosen, Econometrica 49, 1981, with the draws known instead of averaged out). Families decide as if what ends were
spread over the months they commit to; here money counts as it is paid: an always-taker gains the fall of its bill, a
new taker the relief less the least that would have brought it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inlined, inner, prefetch
from sim.kernels.bills import fen
from sim.kernels.choice import (
    AHEAD,
    AS_HELD,
    BLOCK,
    appraise,
    net_fee,
    part_of,
    plain_worths,
    recall,
    seated_as,
    stick,
)
from sim.kernels.columns import (
    AT,
    BAND_OF_PART,
    CLOSED,
    ENROLLED,
    ENTRY,
    GROUP,
    LEAST,
    MOST,
    NOBODY,
    PARTS,
    Tariff,
)

HOME = -1  # the alternative of staying out


class Faced(NamedTuple):
    """Terms of a decision day's families, under a policy or under the baseline; axis n is the child.

    tariff : the day's; value : float32 (4, J)  of the offers, by part
    free : bool (4, J)  whether a child of the part finds a seat, as the day begins
    group : int16 (n,)  family group, the row of the tariff
    at : int16 (n,)  institution attended as the day begins; sat : int16 (n,)  as it ends
    face : int32 (V, n)  live vouchers held as it begins [fen]
    sunk : float32 (n,)  fee that is paid as it begins, and lost to whoever leaves [yuan]
    last : int16 (n,)  institution billed at last as it begins; (0,) where having been in care changes nothing
    """

    tariff: Tariff
    value: NDArray[np.float32]
    free: NDArray[np.bool_]
    group: NDArray[np.int16]
    at: NDArray[np.int16]
    face: NDArray[np.int32]
    sat: NDArray[np.int16]
    sunk: NDArray[np.float32]
    last: NDArray[np.int16]


@inlined
def tried_on_both(i: int, last: Any, other_last: Any) -> bool:
    """Return whether child i has been in care on both sides, where that changes anything; last : of each side."""
    both: bool = last.size > 0 and last[i] != NOBODY and other_last[i] != NOBODY
    return both


@inlined
def holds(i: int, face: Any) -> bool:
    """Return whether child i holds a voucher of any pool."""
    any_of_them = False
    for v in range(face.shape[0]):
        any_of_them |= face[v, i] > 0
    return any_of_them


@inlined
def seat_for(i: int, part: int, j: int, free: Any, value: Any, at: Any) -> bool:
    """Return whether institution j has a seat for child i, be it its own."""
    found: bool = (free[part, j] and value[part, j] > CLOSED) or at[i] == j
    return found


@inner
def screen_children(edges: Any, here: Any, there: Any, inputs: Any, rows: Any) -> int:
    """Write the rows of a day's children who sit somewhere, hold a voucher or might enter; returns how many.

    Most others would stay out at the better of both sides' best and cheapest institutions: a bound that is read in
    order, and by steps that run on vectors (see `choice.screen`).

    rows : int64 (at least one more than the slice,)  written
    """
    epoch, peak, alone = inputs.children.epoch, inputs.epochs.peak, inputs.epochs.alone
    alpha, marked, near = inputs.children.alpha, np.empty(BLOCK, np.int8), 0
    at, other_at, face, other_face, last = here.at, there.at, here.face, there.face, here.last
    for p in range(PARTS):
        part = PARTS - 1 - p
        highest = max(here.tariff.bounds[MOST, part], there.tariff.bounds[MOST, part])
        cheapest = min(here.tariff.bounds[LEAST, part], there.tariff.bounds[LEAST, part])
        for b in range(edges[p], edges[p + 1], BLOCK):
            size = min(BLOCK, edges[p + 1] - b)
            for m in range(size):
                i = b + m
                most = ((peak[epoch[i]] + highest) - alpha[i] * cheapest) - alone[epoch[i]]
                marked[m] = 1 if most >= np.float32(0) else 0
            for m in range(size if last.size > 0 else 0):
                marked[m] = 1 if last[b + m] != NOBODY else marked[m]
            for m in range(size):
                marked[m] = 1 if (at[b + m] != NOBODY) | (other_at[b + m] != NOBODY) else marked[m]
            for v in range(face.shape[0]):
                for m in range(size):
                    marked[m] = 1 if face[v, b + m] > 0 else marked[m]
            for v in range(other_face.shape[0]):
                for m in range(size):
                    marked[m] = 1 if other_face[v, b + m] > 0 else marked[m]
            for m in range(size):
                rows[near] = b + m
                near += marked[m]
    return near


@inner
def part_stayers(rows: Any, near: int, here: Any, there: Any, stayers: Any) -> int:
    """Take those out of the first rows who sit at the same institution on both sides, as the day begins and as it ends.

    Of them it is known what is best for them: returns how many others there are, now the first of `rows`.
    stayers : int64 (at least near + 1,)  written: how many, and who
    """
    at, other_at, sat, other_sat = here.at, there.at, here.sat, there.sat
    others, stay = 0, 0
    for m in range(near):
        i = rows[m]
        j = at[i]
        stays = (j != NOBODY) & (other_at[i] == j) & (sat[i] == j) & (other_sat[i] == j)
        stayers[1 + stay], rows[others] = i, i
        stay += 1 if stays else 0
        others += 0 if stays else 1
    stayers[0] = stay
    return others


@inner
def drop_unaffected(rows: Any, near: int, ages: Any, here: Any, there: Any, inputs: Any) -> int:
    """Keep of the first `near` rows those who may gain or lose, as the first of them; returns how many.

    Passed over are those whom neither side's offers would bring, and those to whom both sides offer the same.
    """
    candidate, shocked, epoch = inputs.candidate, inputs.epochs.shocked, inputs.children.epoch
    birth, institutions = inputs.birth, here.value.shape[1]
    alphas, alones = inputs.children.alpha, inputs.epochs.alone
    value, other_value, free, other_free = here.value, there.value, here.free, there.free
    prices, other_prices = here.tariff.prices, there.tariff.prices
    at, other_at, face, other_face = here.at, there.at, here.face, there.face
    group, other_group, last, other_last = here.group, there.group, here.last, there.last
    kept = 0
    for m in range(near):
        i = rows[m]
        part = part_of(birth[i], ages)
        band, holding = BAND_OF_PART[part], holds(i, face) | holds(i, other_face)
        comes = (at[i] != NOBODY) | (other_at[i] != NOBODY) | holding | tried_on_both(i, last, other_last)
        touched = (at[i] != other_at[i]) | holding
        touched |= at[i] != NOBODY and value[part, at[i]] <= CLOSED  # it has outgrown what its institution offers
        kind, e = (ENTRY if at[i] == NOBODY else ENROLLED), np.int64(epoch[i])
        alpha, alone = alphas[i], alones[e]
        base = (np.int64(group[i]) * 3 + band) * institutions
        other_base = (np.int64(other_group[i]) * 3 + band) * institutions
        for k in range(0 if comes and touched else candidate.shape[1]):
            j = np.int64(candidate[i, k])
            price, other = prices[kind, base + j], other_prices[kind, other_base + j]
            best, second = max(value[part, j], other_value[part, j]), min(value[part, j], other_value[part, j])
            comes |= (shocked[e, k] + best) - alpha * min(price, other) > alone
            touched |= (price != other) | (best != second) | (free[part, j] != other_free[part, j])
        rows[kept] = i
        kept += 1 if comes and touched else 0
    return kept


@inner
def note_ties(rows: Any, ages: Any, here: Any, there: Any, inputs: Any, sticks: Any, alones: Any, knows: Any) -> None:
    """By how much each of some children sticks to where it is, and what having been in care has left, on both sides.

    What the policy made is neither gain nor loss: a child that sits nowhere in the baseline, or for which the baseline
    has no seat where it sits, is as one that has just come; a habit counts of those who have been in care on both
    sides, and what was learnt if they were last at the same institution. So it is with fees that are paid already: what
    a family loses of them by leaving is counted where it leaves.

    sticks, alones : float32 (rows,)  written: what ties it, and the value of staying out
    knows : int16 (rows,)  written: the institution of which it has learnt, or NOBODY
    """
    epoch, alone, habit, teaches = (
        inputs.children.epoch,
        inputs.epochs.alone,
        inputs.ties.habit,
        inputs.ties.learnt.size,
    )
    last, other_last = here.last, there.last
    at, free, value, other_at = here.at, there.free, there.value, there.at
    birth, stickiness, alpha = inputs.birth, inputs.ties.stickiness, inputs.children.alpha
    for m in range(rows.size):
        i = rows[m]
        part = part_of(birth[i], ages)
        settled = at[i] != NOBODY and other_at[i] != NOBODY and seat_for(i, part, at[i], free, value, other_at)
        sticks[m] = stickiness + alpha[i] * here.sunk[i] if settled else np.float32(0)
        both = tried_on_both(i, last, other_last)
        alones[m] = alone[epoch[i]] - habit if both else alone[epoch[i]]
        knows[m] = last[i] if both and teaches > 0 and last[i] == other_last[i] else NOBODY


@inner
def best_options(
    rows: Any, ages: Any, owns: Any, sticks: Any, alones: Any, knows: Any, side: Any, inputs: Any, worths: Any,
    picks: Any,
) -> None:  # fmt: skip
    """The candidate that is best for each of some children on one side, of those with a seat for it.

    owns : int16 (n,)  institution each attends under the policy; sticks, alones, knows : as `note_ties` writes them
    worths : float32 (rows, K)  written: utilities of all candidates, as `choice.appraise` weighs them
    picks : int64 (rows,)  written: one of the candidates, or HOME
    """
    candidate, shocked, epoch, site = inputs.candidate, inputs.epochs.shocked, inputs.children.epoch, inputs.site
    alpha, value, free = inputs.children.alpha, side.value, side.free
    group, at, face = side.group, side.at, side.face
    prices, posted, stages, terms = side.tariff.prices, side.tariff.posted, side.tariff.stages, side.tariff.terms
    spread, birth, learnt = side.tariff.spread, inputs.birth, inputs.ties.learnt
    rare, few, size = np.empty(rows.size, np.int64), 0, candidate.shape[1]
    for m in range(rows.size):
        i, ahead = np.uint64(rows[m]), np.uint64(rows[min(m + AHEAD, rows.size - 1)])
        prefetch(candidate, ahead)
        prefetch(shocked, epoch[ahead])
        part, own, worth = part_of(birth[i], ages), owns[i], worths[m]
        kind = ENTRY if own == NOBODY else ENROLLED
        base = (np.int64(group[i]) * 3 + BAND_OF_PART[part]) * value.shape[1]
        plain_worths(i, epoch[i], part, base, kind, candidate, shocked, alpha[i], value, prices, worth)
        if own != NOBODY:
            stick(i, own, candidate, sticks[m], site, worth)
        rare[few] = m
        few += 1 if holds(i, face) or (own != NOBODY and value[part, own] <= CLOSED) else 0
    for r in range(few):  # in a loop of their own, see `choice.weigh_rows`
        m = rare[r]
        i = rows[m]
        appraise(
            i, epoch[i], part_of(birth[i], ages), owns[i], group[i], holds(i, face), candidate, shocked, alpha[i],
            value, prices, posted, stages, terms, face, spread, sticks[m], site, worths[m],
        )  # fmt: skip
    for m in range(rows.size if learnt.size > 0 else 0):
        recall(rows[m], knows[m], candidate, learnt, site, worths[m])
    for m in range(rows.size):
        i, part = rows[m], part_of(birth[rows[m]], ages)
        picks[m], top = HOME, alones[m]
        for k in range(size):
            if worths[m, k] > top and seat_for(i, part, candidate[i, k], free, value, at):
                picks[m], top = k, worths[m, k]


@inner
def option_money_values(
    rows: Any, ages: Any, owns: Any, sticks: Any, alones: Any, knows: Any, picks: Any, side: Any, inputs: Any,
    money: Any, seated: Any,
) -> None:  # fmt: skip
    """Write the worth of both sides' picks on this one over staying out, bills paid as they fall due [yuan].

    picks : int64 (2, rows)
    money : float64 (2, rows)  written; seated : bool (2, rows)  written: whether the child would find a seat
    """
    candidate, shocked, epoch, site = inputs.candidate, inputs.epochs.shocked, inputs.children.epoch, inputs.site
    alpha, value, free = inputs.children.alpha, side.value, side.free
    group, at, face = side.group, side.at, side.face
    posted, stages, terms, birth = side.tariff.posted, side.tariff.stages, side.tariff.terms, inputs.birth
    learnt, stickiness = inputs.ties.learnt, inputs.ties.stickiness
    for s in range(2):
        for m in range(rows.size):
            i, k = rows[m], picks[s, m]
            if k == HOME:
                continue
            part = part_of(birth[i], ages)
            j, own, band = np.int64(candidate[i, k]), np.int64(owns[i]), BAND_OF_PART[part]
            net = net_fee(i, group[i], band, j, posted[band, j], stages, terms, face, AS_HELD, 0.0)
            gross = np.float64(shocked[epoch[i], k]) - np.float64(alones[m])
            gross += np.float64(value[seated_as(part, own, value) if j == own else part, j])
            if own != NOBODY and site[j] == site[own]:  # what leaving forfeits is counted where it leaves
                gross += np.float64(min(sticks[m], stickiness))
            if knows[m] != NOBODY and site[j] == site[knows[m]]:
                gross += np.float64(learnt[knows[m]])
            money[s, m] = gross / np.float64(alpha[i]) - np.float64(fen(net)) / 100.0
            seated[s, m] = seat_for(i, part, j, free, value, at)


@inlined
def bare_worth(i: int, j: int, band: int, own: int, side: Any, alpha: Any, worth: Any) -> Any:
    """Utility of offer j without what the family would put off entering for, of which the day's choice takes account.

    own : institution that the child attends; worth : utility as the family weighs it
    """
    at = (np.int64(side.group[i]) * 3 + band) * side.value.shape[1] + j
    more = side.tariff.prices[ENTRY, at] - side.tariff.bare[ENTRY, at]
    return worth if own != NOBODY or holds(i, side.face) else worth + alpha * more


@inlined
def entrant_gain(enjoyed: float, elsewhere: float, seated: bool, worth: Any, otherwise: Any, alone: Any) -> float:
    """Gain of a family from an offer that brings its child on one side, while on the other it stays out [yuan].

    Where the other side has no seat for it that is all it enjoys, and so it is where the other side would bring it too,
    did it not put off entering there. Else it is the difference in money less the least that would have brought it,
    which is the same part of it as of the difference that the family perceives.
    enjoyed, elsewhere : the offer's worth in money here and there; seated : whether there is a seat there
    worth, otherwise : its bare utility here and there; alone : of staying out
    """
    if not seated or otherwise > alone:
        return enjoyed
    share = (np.float64(worth) - np.float64(alone)) / (np.float64(worth) - np.float64(otherwise))
    return (enjoyed - elsewhere) * share


@inlined
def count(i: int, part: int, gain: float, cells: Any, out: Any) -> None:
    """Add a gain [yuan] to all that child i is counted in."""
    amount = fen(gain)
    out[0] += amount
    out[1 + BAND_OF_PART[part]] += amount
    for c in range(cells.shape[1]):
        out[cells[i, c]] += amount


@inner
def accumulate_savings(stayers: Any, ages: Any, here: Any, there: Any, inputs: Any, out: Any) -> None:
    """Add up what those gain who sit at the same institution on both sides: by how much their bills fall."""
    cells, birth, at = inputs.cells, inputs.birth, here.at
    face, group, posted = here.face, here.group, here.tariff.posted
    stages, terms = here.tariff.stages, here.tariff.terms
    other_face, other_group, other_posted = there.face, there.group, there.tariff.posted
    other_stages, other_terms = there.tariff.stages, there.tariff.terms
    for m in range(1, 1 + stayers[0]):
        i = stayers[m]
        part = part_of(birth[i], ages)
        j, band = np.int64(at[i]), BAND_OF_PART[part]
        net = net_fee(i, group[i], band, j, posted[band, j], stages, terms, face, AS_HELD, 0.0)
        other = net_fee(
            i, other_group[i], band, j, other_posted[band, j], other_stages, other_terms, other_face, AS_HELD, 0.0
        )
        count(i, part, np.float64(fen(other) - fen(net)) / 100.0, cells, out)


@inner
def accumulate_gains(
    rows: Any, ages: Any, alones: Any, picks: Any, worths: Any, money: Any, seated: Any, here: Any, there: Any,
    inputs: Any, out: Any,
) -> None:  # fmt: skip
    """Add up what some children's families gain.

    The arrays but the last are those of `best_options` and `option_money_values`, both sides one after the other.

    Of several who would take a seat only those gain, or lose, who sit somewhere as the day ends.
    """
    cells, birth, sat, sat_there = inputs.cells, inputs.birth, here.sat, there.sat
    candidate, alphas = inputs.candidate, inputs.children.alpha
    for m in range(rows.size):
        i, now, then = rows[m], picks[0, m], picks[1, m]
        if now == HOME and then == HOME:
            continue
        alone, alpha, own = alones[m], alphas[i], here.at[i]
        if now == HOME or then == HOME:
            k = then if now == HOME else now
            j, band = np.int64(candidate[i, k]), BAND_OF_PART[part_of(birth[i], ages)]
            worth = bare_worth(i, j, band, own, here, alpha, worths[0, m, k])
            other = bare_worth(i, j, band, own, there, alpha, worths[1, m, k])
        if then == HOME:
            gain = entrant_gain(money[0, 0, m], money[1, 0, m], seated[1, 0, m], worth, other, alone)
        elif now == HOME:
            gain = -entrant_gain(money[1, 1, m], money[0, 1, m], seated[0, 1, m], other, worth, alone)
        else:
            gain = money[0, 0, m] - money[1, 1, m]
        served = sat[i] if gain > 0 else sat_there[i]
        if served != NOBODY:
            count(i, part_of(birth[i], ages), gain, cells, out)


@entry
def add_gains(edges: Any, ages: Any, here: Any, there: Any, inputs: Any, passes: bool, left: Any, out: Any) -> None:
    """Add up what it is worth to a day's families to face `here` and not `there`.

    edges : int64 (5,)  rows at which the four parts, oldest first, begin and end
    here, there : Faced  under the policy and under the baseline
    passes : whether only those are looked at who are weighed by left : `passing.Sorted`
    out : int64 (groups,)  added to, by the groups of the children [fen]; group 0 is all, 1 to 3 the bands
    """
    size, most = inputs.candidate.shape[1], edges[PARTS] - edges[0]
    room, stayers = np.empty(most + 1, np.int64), np.empty(most + 2, np.int64)
    if passes:
        near = left.weighed_at[PARTS]
        room[:near] = left.weighed[:near]
    else:
        near = screen_children(edges, here, there, inputs, room)
    near = part_stayers(room, near, here, there, stayers)
    accumulate_savings(stayers, ages, here, there, inputs, out)
    near = drop_unaffected(room, near, ages, here, there, inputs)
    rows, knows, (sticks, alones) = room[:near], np.empty(near, np.int16), np.empty((2, near), np.float32)
    worths, picks = np.empty((2, near, size), np.float32), np.empty((2, near), np.int64)
    money, seated = np.zeros((2, 2, near)), np.zeros((2, 2, near), np.bool_)
    note_ties(rows, ages, here, there, inputs, sticks, alones, knows)
    for s in range(2):
        side = here if s == 0 else there
        best_options(rows, ages, here.at, sticks, alones, knows, side, inputs, worths[s], picks[s])
    for s in range(2):
        side = here if s == 0 else there
        option_money_values(rows, ages, here.at, sticks, alones, knows, picks, side, inputs, money[s], seated[s])
    accumulate_gains(rows, ages, alones, picks, worths, money, seated, here, there, inputs, out)


@inner
def add_savings(left: Any, inputs: Any, saves: Any, out: Any) -> None:
    """Add up what those gain who were passed over: the fall of their bills where they sit, as they stay there.

    Whoever was passed over at home stays there on both sides and gains nothing.
    left : `passing.Sorted`
    saves : int64 (B, 3, J)  fall of the bill without vouchers, of the groups that are billed apart [fen]
    """
    shorts, cells, billed = inputs.children.shorts, inputs.cells, np.uint32(saves.shape[0])
    for p in range(PARTS):
        band = BAND_OF_PART[PARTS - 1 - p]
        for m in range(left.stay_at[p], left.stay_at[p + 1]):
            i = left.stay[m]
            amount = saves[np.uint32(shorts[GROUP, i]) % billed, band, shorts[AT, i]]
            if amount != 0:
                out[0] += amount
                out[1 + band] += amount
                for c in range(cells.shape[1]):
                    out[cells[i, c]] += amount
