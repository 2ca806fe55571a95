"""Places: who sits where, who waits for what, and what happens when a seat comes free.

Children who want a place they do not hold are served one by one in a drawn order. A free seat goes
first to a child of the same institution who has outgrown its class, then to the head of the list,
who compares on its current draws and takes it or passes; so a list and a free seat meet only where
nobody on the list may sit in that seat.

An entry on a list ends in exactly one way: taken, when a seat comes free and its child sits down; passed on, when it
does not want that seat; lapsed, when its best is another now; aged out, when it has passed the age of the list's band
or goes to kindergarten; dissolved, when the institution closes. Lists are told apart by the band they are for, not by
the age their children have grown to, so entries joined are those ended and those that still wait, band by band.

Whoever gives up a seat returns its code, institution · 4 + type. Codes stand on a stack until the seat
is handed on: as each hand-over frees one seat at most, the stack never grows beyond where it began.
"""

from typing import Any

import numpy as np

from sim.compiled import entry, inlined, inner
from sim.dates import MIXED
from sim.draws import philox
from sim.kernels.choice import leaves_a_mark, part_of, screen, staying_out, weigh, weigh_rows
from sim.kernels.columns import (
    AT,
    BAND_OF_PART,
    CLIMBS,
    CLIMBS_AFTER,
    MONTHS_AHEAD,
    NOBODY,
    PLACES,
    REFUSED,
    SEAT,
    TAKEN,
    WAITS,
    WAITS_AFTER,
    WAITS_SINCE,
)
from sim.kernels.prepayment import give_up

STAYS, ENTERS, SWITCHES, LEAVES, CLIMBED = range(5)
EVENTS = 5
# rows of `ChoiceInputs.lists`: entries that began, that were offered a seat, and that ended, by the way they ended;
JOINED, OFFERED, TAKEN_UP, PASSED, LAPSED, AGED_OUT, DISSOLVED = range(7)
DAYS_TAKEN_UP = 7  # and days that the ended had waited, in the same order, to that row and the four after it;
BINS = 12  # and how many of the taken had waited how long, from that row on
WAITED_TO = (7, 30, 90, 180)  # last days of the bins but the last
LISTS = BINS + len(WAITED_TO) + 1


@inner
def join(i: int, offer: int, on: int, links: Any, ends: Any) -> None:
    """Put child i at the end of an offer's list.

    on : WAITS or CLIMBS, the first of the three rows of `links` of that list; its ends are rows of `ends`
    """
    head, tail = 2 * (on // 3), 2 * (on // 3) + 1
    last = ends[tail, offer]
    links[on, i], links[on + 1, i], links[on + 2, i] = np.int32(offer), last, np.int32(NOBODY)
    if last == NOBODY:
        ends[head, offer] = np.int32(i)
    else:
        links[on + 2, last] = np.int32(i)
    ends[tail, offer] = np.int32(i)


@inner
def drop(i: int, on: int, links: Any, ends: Any) -> None:
    """Take child i off its list of those with row `on`, if it is on any."""
    offer = links[on, i]
    if offer == NOBODY:
        return
    head, tail = 2 * (on // 3), 2 * (on // 3) + 1
    before, after = links[on + 1, i], links[on + 2, i]
    if before == NOBODY:
        ends[head, offer] = after
    else:
        links[on + 2, before] = after
    if after == NOBODY:
        ends[tail, offer] = before
    else:
        links[on + 1, after] = before
    links[on, i] = links[on + 1, i] = links[on + 2, i] = np.int32(NOBODY)


@inner
def end_wait(i: int, ending: int, today: int, links: Any, ends: Any, lists: Any) -> None:
    """End child i's entry on a waiting list in one of the ways of `ChoiceInputs.lists`, and note how long it waited."""
    band, days = links[WAITS, i] % 3, today - links[WAITS_SINCE, i]
    lists[ending, band] += 1
    lists[ending + DAYS_TAKEN_UP - TAKEN_UP, band] += days
    if ending == TAKEN_UP:
        longer = 0
        for last in WAITED_TO:
            longer += 1 if days > last else 0
        lists[BINS + longer, band] += 1
    drop(i, WAITS, links, ends)


@inner
def free_seat(j: int, part: int, seats: Any) -> int:
    """Type of a class at institution j with a free seat for a child of this part, or -1."""
    band = BAND_OF_PART[part]
    if seats[TAKEN, j, band] < seats[PLACES, j, band]:
        return band
    if part >= 2 and seats[TAKEN, j, MIXED] < seats[PLACES, j, MIXED]:
        return MIXED
    return NOBODY


@inner
def stand_up(i: int, shorts: Any, links: Any, seats: Any, ends: Any) -> Any:
    """Child i gives up its seat, whose code is returned."""
    j, c = np.int64(shorts[AT, i]), np.int64(shorts[SEAT, i])
    drop(i, CLIMBS, links, ends)
    seats[TAKEN, j, c] -= 1
    shorts[AT, i] = shorts[SEAT, i] = np.int16(NOBODY)
    return j * 4 + c


@inner
def sit(i: int, j: int, c: int, shorts: Any, seats: Any) -> None:
    """Child i takes a free seat; what it waits for elsewhere stays wanted."""
    seats[TAKEN, j, c] += 1
    shorts[AT, i], shorts[SEAT, i] = np.int16(j), np.int16(c)


@inner
def next_in_line(j: int, c: int, last_mixed: int, birth: Any, links: Any, ends: Any) -> Any:
    """Head of the waiting lists that may sit in a seat of type c at institution j, or -1.

    A mixed seat serves two lists; the one who joined first is offered it.
    """
    if c != MIXED:
        return np.int64(ends[0, j * 3 + c])
    older, young = np.int64(ends[0, j * 3 + 2]), np.int64(ends[0, j * 3 + 1])
    while young != NOBODY and birth[young] > last_mixed:
        young = np.int64(links[WAITS_AFTER, young])
    if older == NOBODY or young == NOBODY:
        return max(older, young)
    return young if links[WAITS_SINCE, young] < links[WAITS_SINCE, older] else older


@inlined
def wanted(code: int, ends: Any) -> bool:
    """Return whether anybody is on a list for a seat."""
    j, c = code // 4, code % 4
    first, last = j * 3 + (1 if c == MIXED else c), j * 3 + (2 if c == MIXED else c)
    any_of_them: bool = (ends[0, first] & ends[0, last] & ends[2, first] & ends[2, last]) != NOBODY
    return any_of_them


@inner
def reassign_freed_seats(
    stack: Any, size: int, ages: Any, birth: Any, candidate: Any, epoch: Any, shocked: Any, alone: Any, alpha: Any,
    links: Any, shorts: Any, counts: Any, seats: Any, ends: Any, value: Any, prices: Any, posted: Any, stages: Any,
    terms: Any, face: Any, spread: Any, ties: Any, site: Any, worth: Any, today: int, events: Any, lists: Any,
    cells: Any, prepaid: Any,
) -> None:  # fmt: skip
    """Hand on the `size` freed seats on the stack, and those that this frees in turn, until nobody waits for one.

    worth : float32 (K,)  to work in
    """
    while size > 0:
        code = stack[size - 1]
        size -= 1
        j, c = code // 4, code % 4
        if seats[TAKEN, j, c] >= seats[PLACES, j, c]:
            continue
        i = np.int64(ends[2, j * 3 + (2 if c == MIXED else c)])
        if c == MIXED and i == NOBODY:
            i = np.int64(ends[2, j * 3 + 1])
            while i != NOBODY and birth[i] > ages.mixed:
                i = np.int64(links[CLIMBS_AFTER, i])
        if i != NOBODY:  # outgrew its class here: ahead of any list
            stack[size] = stand_up(i, shorts, links, seats, ends)
            size += 1
            sit(i, j, c, shorts, seats)
            events[CLIMBED] += 1
            continue
        i = next_in_line(j, c, ages.mixed, birth, links, ends)
        if i == NOBODY:
            continue
        part, ending = part_of(birth[i], ages), AGED_OUT
        if links[WAITS, i] == j * 3 + BAND_OF_PART[part]:  # else it has passed the age of this list
            weigh(
                i, part, candidate, epoch, shocked, alpha, shorts, counts, value, prices, posted, stages, terms, face,
                spread, ties, site, worth,
            )  # fmt: skip
            own, there = staying_out(i, alone[epoch[i]], shorts, ties.habit), np.float32(-np.inf)
            for k in range(candidate.shape[1]):
                if candidate[i, k] == j:
                    there = max(there, worth[k])  # a row may be filled up by the same offer again, without worth
                elif candidate[i, k] == shorts[AT, i]:
                    own = max(own, worth[k])
            lists[OFFERED, BAND_OF_PART[part]] += 1
            ending = TAKEN_UP if there > own else PASSED
        end_wait(i, ending, today, links, ends, lists)
        if ending != TAKEN_UP:
            stack[size] = code
            size += 1
            continue
        if shorts[AT, i] != NOBODY:
            give_up(i, part, np.int64(shorts[AT, i]), j, links, counts, cells, site, prepaid)
            stack[size] = stand_up(i, shorts, links, seats, ends)
            size += 1
            events[SWITCHES] += 1
        else:
            events[ENTERS] += 1
        sit(i, j, c, shorts, seats)


@inner
def shuffle(rows: Any, n: int, child_id: Any, when: Any, stream: Any, order: Any) -> None:
    """Write to `order` the first n positions in `rows`, in the order drawn for those who share a day.

    The order is addressed by child and month. The draws are spread evenly, so they are dealt into as many heaps by
    their first bits, and few are left to be sorted among their neighbours.
    """
    bits = np.uint64(1)
    while (np.int64(1) << np.int64(bits)) < n:
        bits += np.uint64(1)
    keys, shift = np.empty((2, n), np.uint64), np.uint64(64) - bits
    ends = np.zeros((np.int64(1) << np.int64(bits)) + 1, np.int64)
    for m in range(n):
        keys[0, m] = philox(child_id[rows[m]], np.uint32(when), stream)[0]
        ends[np.int64(keys[0, m] >> shift) + 1] += 1
    for earlier in range(ends.size - 1):
        ends[earlier + 1] += ends[earlier]
    for m in range(n):
        key = keys[0, m]
        heap = np.int64(key >> shift)
        keys[1, ends[heap]], order[ends[heap]] = key, np.int32(m)
        ends[heap] += 1
    for m in range(1, n):
        key, position, at = keys[1, m], order[m], m
        while at > 0 and keys[1, at - 1] > key:
            keys[1, at], order[at] = keys[1, at - 1], order[at - 1]
            at -= 1
        keys[1, at], order[at] = key, position


@inner
def keep_movers(
    rows: Any, rows_at: Any, candidate: Any, epoch: Any, shocked: Any, alone: Any, alpha: Any, links: Any, shorts: Any,
    counts: Any, value: Any, prices: Any, posted: Any, stages: Any, terms: Any, face: Any, spread: Any, ties: Any,
    site: Any, movers: Any, worths: Any, weighed_at: Any,
) -> int:  # fmt: skip
    """Write the rows of those who wait or whose best alternative is not what they have; returns how many.

    rows_at : int64 (5,)  where those of the four parts, oldest first, begin and end
    movers : int32 (at least as many,)  written; may be `rows` itself
    worths : float32 (at least as many, K)  written: the utilities of those kept, see `weigh`
    weighed_at : int16 (at least as many,)  written: where each was enrolled when it was weighed
    """
    kept, size, habit = 0, candidate.shape[1], ties.habit
    for p in range(rows_at.size - 1):
        weigh_rows(
            rows, rows_at[p], rows_at[p + 1], rows_at.size - 2 - p, candidate, epoch, shocked, alone, alpha, shorts,
            counts, value, prices, posted, stages, terms, face, spread, ties, site, worths,
        )  # fmt: skip
    for m in range(rows_at[rows_at.size - 1]):
        i = np.uint64(rows[m])
        at, top, best = shorts[AT, i], staying_out(i, alone[epoch[i]], shorts, habit), np.int16(NOBODY)
        for k in range(size):
            better = worths[m, k] > top
            top, best = (worths[m, k] if better else top), (candidate[i, k] if better else best)
        if best != at or links[WAITS, i] != NOBODY:
            movers[kept], weighed_at[kept] = rows[m], at
            for k in range(size):
                worths[kept, k] = worths[m, k]
            kept += 1
    return kept


@entry
def remove_children(leavers: Any, ending: int, opened: Any, today: int, ages: Any, inputs: Any) -> int:
    """Children leave formal care at once, new seats open, and all freed seats are handed on.

    leavers : int32  rows; ending : how their entries on lists end, or NOBODY where they keep them
    opened : int64  codes institution · 4 + type, one for each new seat; today : ordinal day
    Returns how many of the leavers were enrolled.
    """
    links, shorts, counts = inputs.children.links, inputs.children.shorts, inputs.children.counts
    seats, ends = inputs.offers.seats, inputs.offers.ends
    stack = np.empty(leavers.size + opened.size, np.int64)
    gone = 0
    for m in range(leavers.size):
        i = np.int64(leavers[m])
        if ending != NOBODY and links[WAITS, i] != NOBODY:
            end_wait(i, ending, today, links, ends, inputs.lists)
        if shorts[AT, i] != NOBODY:
            # what it has paid ahead is given back, or settled by whoever removes it
            counts[MONTHS_AHEAD, i] = np.uint8(0)
            stack[gone] = stand_up(i, shorts, links, seats, ends)
            gone += 1
    for m in range(opened.size):
        stack[gone + m] = opened[m]
    tariff, worth = inputs.tariff, np.empty(inputs.candidate.shape[1], np.float32)
    reassign_freed_seats(
        stack, gone + opened.size, ages, inputs.birth, inputs.candidate, inputs.children.epoch, inputs.epochs.shocked,
        inputs.epochs.alone, inputs.children.alpha, links, shorts, counts, seats, ends, inputs.offers.value,
        tariff.prices, tariff.posted, tariff.stages, tariff.terms, inputs.vouchers.face, tariff.spread,
        inputs.ties, inputs.site, worth, today, inputs.events, inputs.lists,
        inputs.cells, inputs.prepaid,
    )  # fmt: skip
    return gone


@inner
def promote_outgrown(rows: Any, rows_at: Any, today: int, ages: Any, inputs: Any) -> None:
    """Move up those of the rows who outgrew their class, or put them ahead of the list for the next.

    rows_at : int64 (5,)  where those of the four parts, oldest first, begin and end
    """
    links, shorts, counts = inputs.children.links, inputs.children.shorts, inputs.children.counts
    birth, seats, ends, tariff = inputs.birth, inputs.offers.seats, inputs.offers.ends, inputs.tariff
    stack, worth = np.empty(1, np.int64), np.empty(inputs.candidate.shape[1], np.float32)
    for p in range(rows_at.size - 1):
        part = rows_at.size - 2 - p
        band = BAND_OF_PART[part]
        for m in range(rows_at[p], rows_at[p + 1]):
            i = np.int64(rows[m])
            if shorts[AT, i] == NOBODY or shorts[SEAT, i] >= band:  # a mixed class has no age to outgrow
                continue
            j = np.int64(shorts[AT, i])
            c = free_seat(j, part, seats)
            if c != NOBODY:
                stack[0] = stand_up(i, shorts, links, seats, ends)
                sit(i, j, c, shorts, seats)
                inputs.events[CLIMBED] += 1
                reassign_freed_seats(
                    stack, 1, ages, birth, inputs.candidate, inputs.children.epoch, inputs.epochs.shocked,
                    inputs.epochs.alone, inputs.children.alpha, links, shorts, counts, seats, ends,
                    inputs.offers.value, tariff.prices, tariff.posted, tariff.stages, tariff.terms,
                    inputs.vouchers.face, tariff.spread, inputs.ties, inputs.site, worth, today,
                    inputs.events, inputs.lists, inputs.cells, inputs.prepaid,
                )  # fmt: skip
            elif links[CLIMBS, i] != j * 3 + band:  # it stays where it is
                drop(i, CLIMBS, links, ends)
                join(i, j * 3 + band, CLIMBS, links, ends)


@inner
def serve_in_order(
    rows: Any, order: Any, served: int, worths: Any, weighed_at: Any, today: int, ages: Any, inputs: Any
) -> None:
    """Serve children one after another: each takes its best offer with a free seat, and waits for a better full one.

    order : int32 (served,)  positions in `rows`
    worths, weighed_at : of each position, see `keep_movers`; empty if nobody was weighed before
    today : ordinal day, written to the lists as the day of joining
    """
    birth, candidate, ties = inputs.birth, inputs.candidate, inputs.ties
    events, lists = inputs.events, inputs.lists
    epoch, shocked, alone, alpha = (
        inputs.children.epoch,
        inputs.epochs.shocked,
        inputs.epochs.alone,
        inputs.children.alpha,
    )
    links, shorts, counts = inputs.children.links, inputs.children.shorts, inputs.children.counts
    value, seats, ends, face = inputs.offers.value, inputs.offers.seats, inputs.offers.ends, inputs.vouchers.face
    prices, posted, stages, terms = (
        inputs.tariff.prices,
        inputs.tariff.posted,
        inputs.tariff.stages,
        inputs.tariff.terms,
    )
    spread, site = inputs.tariff.spread, inputs.site
    stack, worth = np.empty(1, np.int64), np.empty(candidate.shape[1], np.float32)
    for turn in range(served):
        m = order[turn]
        i = np.int64(rows[m])
        part = part_of(birth[i], ages)
        band, at = BAND_OF_PART[part], shorts[AT, i]
        if weighed_at.size > 0 and weighed_at[m] == at:
            for k in range(candidate.shape[1]):
                worth[k] = worths[m, k]
        else:  # a seat was handed to it since, or it was never weighed
            weigh(
                i, part, candidate, epoch, shocked, alpha, shorts, counts, value, prices, posted, stages, terms, face,
                spread, ties, site, worth,
            )  # fmt: skip
        out = stay = staying_out(i, alone[epoch[i]], shorts, ties.habit)
        for k in range(candidate.shape[1]):
            if candidate[i, k] == at:
                stay = max(stay, worth[k])
        home = at != NOBODY and stay > out
        full: Any = NOBODY
        taken: Any = NOBODY
        seat = NOBODY
        while True:
            pick, top = NOBODY, stay
            for k in range(candidate.shape[1]):
                if worth[k] > top:
                    pick, top = k, worth[k]
            if pick == NOBODY:
                break
            j = np.int64(candidate[i, pick])
            seat = free_seat(j, part, seats)
            if seat != NOBODY:
                taken = j
                break
            if full == NOBODY:
                full = j
            worth[pick] = np.float32(-np.inf)
        waits = links[WAITS, i]
        if waits != NOBODY and (full == NOBODY or waits != full * 3 + band):
            if waits % 3 != band:
                end_wait(i, AGED_OUT, today, links, ends, lists)
            elif taken != NOBODY and waits == taken * 3 + band:  # a seat it is old enough for only now
                lists[OFFERED, band] += 1
                end_wait(i, TAKEN_UP, today, links, ends, lists)
            else:
                end_wait(i, LAPSED, today, links, ends, lists)
        leaves = at != NOBODY and (taken != NOBODY or not home)
        if leaves:
            give_up(i, part, np.int64(at), taken, links, counts, inputs.cells, site, inputs.prepaid)
            stack[0] = stand_up(i, shorts, links, seats, ends)
        if taken != NOBODY:
            sit(i, taken, seat, shorts, seats)
            events[SWITCHES if leaves else ENTERS] += 1
        else:
            events[LEAVES if leaves else STAYS] += 1
        if full != NOBODY and links[WAITS, i] == NOBODY:
            join(i, full * 3 + band, WAITS, links, ends)
            links[WAITS_SINCE, i] = np.int32(today)
            lists[JOINED, band] += 1
        if leaves and wanted(stack[0], ends):
            reassign_freed_seats(
                stack, 1, ages, birth, candidate, epoch, shocked, alone, alpha, links, shorts, counts, seats, ends,
                value, prices, posted, stages, terms, face, spread, ties, site, worth, today, events, lists,
                inputs.cells, inputs.prepaid,
            )  # fmt: skip


@entry
def run_day_choices(
    edges: Any, rows: Any, today: int, when: int, child_id: Any, stream: Any, ages: Any, inputs: Any, passes: bool,
    left: Any,
) -> None:  # fmt: skip
    """A day's slice: who has outgrown its class moves up, then those who may want a change are served.

    edges : int64 (5,)  rows at which the four parts, oldest first, begin and end
    rows : int32 (n,)  room to work in
    today : ordinal day; when : absolute month, for which the order is drawn
    passes : whether only those are looked at who are weighed by left : `passing.Sorted`
    """
    children, epochs, tariff, value = inputs.children, inputs.epochs, inputs.tariff, inputs.offers.value
    links, shorts, counts = children.links, children.shorts, children.counts
    near, near_at = left.weighed, left.weighed_at
    if not passes:
        # whoever takes a seat before being served was waiting for it, so none is missed
        screen(
            edges, children.epoch, epochs.shocked, epochs.peak, epochs.alone, children.alpha, shorts, links, counts,
            inputs.candidate, value, tariff.prices, tariff.bounds, leaves_a_mark(inputs.ties), near, near_at,
        )  # fmt: skip
    promote_outgrown(near, near_at, today, ages, inputs)
    most = near_at[edges.size - 1]
    worths, weighed_at = np.empty((most, inputs.candidate.shape[1]), np.float32), np.empty(most, np.int16)
    served = keep_movers(
        near, near_at, inputs.candidate, children.epoch, epochs.shocked, epochs.alone, children.alpha, links, shorts,
        counts, value, tariff.prices, tariff.posted, tariff.stages, tariff.terms, inputs.vouchers.face,
        tariff.spread, inputs.ties, inputs.site, rows, worths, weighed_at,
    )  # fmt: skip
    order = np.empty(served, np.int32)
    shuffle(rows, served, child_id, when, stream, order)
    serve_in_order(rows, order, served, worths, weighed_at, today, ages, inputs)
    for m in range(served):  # once all have had their turn: one may have been handed a seat after its own
        i = rows[m]
        if shorts[AT, i] == NOBODY and links[WAITS, i] != NOBODY and counts[REFUSED, i] < 255:
            counts[REFUSED, i] += np.uint8(1)


@entry
def serve(rows: Any, today: int, ages: Any, inputs: Any) -> None:
    """Serve children in the order of `rows`; `today` is the ordinal day."""
    order = np.arange(rows.size).astype(np.int32)
    unweighed = np.empty((0, inputs.candidate.shape[1]), np.float32), np.empty(0, np.int16)
    serve_in_order(rows, order, rows.size, unweighed[0], unweighed[1], today, ages, inputs)
