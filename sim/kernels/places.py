"""Places: who sits where, who waits for what, and what happens when a seat comes free.

Children who want a place they do not hold are served one by one in a drawn order. A free seat goes
first to a child of the same institution who has outgrown its class, then to the head of the list,
who compares on its current draws and takes it or passes; so a list and a free seat meet only where
nobody on the list may sit in that seat.

Whoever gives up a seat returns its code, institution · 4 + type. Codes stand on a stack until the seat
is handed on: as each hand-over frees one seat at most, the stack never grows beyond where it began.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inner
from sim.draws import philox
from sim.kernels.choice import BLOCK, part_of, weigh
from sim.kernels.columns import (
    ALONE,
    AT,
    BAND_OF_PART,
    CLIMBS,
    CLIMBS_AFTER,
    HELD,
    MIXED,
    NOBODY,
    PLACES,
    REFUSED,
    SEAT,
    TAKEN,
    WAITS,
    WAITS_AFTER,
    WAITS_SINCE,
    Ages,
    Scene,
)

STAYS, ENTERS, SWITCHES, LEAVES, CLIMBED, OFFERED, PASSED, LAPSED, TAKEN_FROM_LIST = range(9)
EVENTS = 9


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


@inner
def settle(
    stack: Any, size: int, ages: Any, birth: Any, candidate: Any, draws: Any, links: Any, shorts: Any, counts: Any,
    seats: Any, ends: Any, value: Any, prices: Any, posted: Any, stages: Any, terms: Any, face: Any,
    commitment: float, stickiness: Any, worth: Any, events: Any,
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
        events[OFFERED] += 1
        part = part_of(birth[i], ages)
        accepts = False
        if links[WAITS, i] == j * 3 + BAND_OF_PART[part]:  # else it has passed the age of this list
            weigh(
                i, part, candidate, draws, shorts, counts, value, prices, posted, stages, terms, face,
                commitment, stickiness, worth,
            )  # fmt: skip
            own, there = draws[ALONE, i], np.float32(-np.inf)
            for k in range(candidate.shape[0]):
                if candidate[k, i] == j:
                    there = worth[k]
                elif candidate[k, i] == shorts[AT, i]:
                    own = max(own, worth[k])
            accepts = there > own
        drop(i, WAITS, links, ends)
        if not accepts:
            events[PASSED] += 1
            stack[size] = code
            size += 1
            continue
        if shorts[AT, i] != NOBODY:
            stack[size] = stand_up(i, shorts, links, seats, ends)
            size += 1
            events[SWITCHES] += 1
        else:
            events[ENTERS] += 1
        sit(i, j, c, shorts, seats)
        events[TAKEN_FROM_LIST] += 1


@inner
def shuffle(rows: Any, n: int, child_id: Any, when: Any, stream: Any, order: Any) -> None:
    """Write to `order` the first n positions in `rows`, in the order drawn for those who share a day (heapsort).

    The order is addressed by child and month.
    """
    keys = np.empty(n, np.uint64)
    for m in range(n):
        keys[m], order[m] = philox(child_id[rows[m]], np.uint32(when), stream)[0], np.int32(m)
    root, end = n // 2, n
    while end > 1:
        if root > 0:  # the heap is being built from its last parent down
            root -= 1
        else:
            end -= 1
            keys[0], keys[end] = keys[end], keys[0]
            order[0], order[end] = order[end], order[0]
        at = root
        while 2 * at + 1 < end:
            child = 2 * at + 1
            if child + 1 < end and keys[child + 1] > keys[child]:
                child += 1
            if keys[child] <= keys[at]:
                break
            keys[at], keys[child] = keys[child], keys[at]
            order[at], order[child] = order[child], order[at]
            at = child


@inner
def concerned(lo: int, hi: int, best: Any, at: Any, waits: Any, held: Any, rows: Any) -> int:
    """Write those of rows lo..hi who are enrolled, wait, hold a voucher or would enter; returns how many."""
    n, marked = 0, np.empty(BLOCK, np.uint8)
    for b in range(lo, hi, BLOCK):
        size = min(BLOCK, hi - b)
        for m in range(size):  # a loop of its own, that runs on vectors
            i = b + m
            marked[m] = (at[i] != NOBODY) | (waits[i] != NOBODY) | (held[i] > 0) | (best[i] >= 0)
        for m in range(size):
            rows[n] = np.int32(b + m)
            n += marked[m]
    return n


@inner
def compare(
    rows: Any, n: int, ages: Any, birth: Any, candidate: Any, draws: Any, links: Any, shorts: Any, counts: Any,
    value: Any, prices: Any, posted: Any, stages: Any, terms: Any, face: Any, commitment: float, stickiness: Any,
    worths: Any, weighed_at: Any,
) -> int:  # fmt: skip
    """Keep of the first n rows those who wait or whose best alternative is not what they have; returns how many.

    worths : float32 (at least n, K)  written: the utilities of those kept, see `weigh`
    weighed_at : int16 (at least n,)  written: where each was enrolled when it was weighed
    """
    kept = 0
    for m in range(n):
        i = np.int64(rows[m])
        worth = worths[kept]
        weigh(
            i, part_of(birth[i], ages), candidate, draws, shorts, counts, value, prices, posted, stages, terms, face,
            commitment, stickiness, worth,
        )  # fmt: skip
        top, own = draws[ALONE, i], np.int16(NOBODY)
        for k in range(candidate.shape[0]):
            better = worth[k] > top
            top, own = (worth[k] if better else top), (candidate[k, i] if better else own)
        rows[kept], weighed_at[kept] = rows[m], shorts[AT, i]
        kept += 1 if links[WAITS, i] != NOBODY or own != shorts[AT, i] else 0
    return kept


@entry
def place(
    leavers: Any, opened: Any, lo: int, hi: int, best: Any, rows: Any, given: int, today: int, when: int,
    child_id: Any, stream: Any, ages: Any, scene: Any,
) -> int:  # fmt: skip
    """All that moves children between places, in one function so that it is compiled once.

    First children leave and new seats open, then the enrolled of rows lo..hi who have outgrown their class move up,
    then children are served: each takes its best offer with a free seat, and waits for a better full one.

    leavers : int32  rows; opened : int64  codes of the new seats
    best : int8 (n,)  from `screen`, for rows lo..hi
    rows, given : int32 and how many of them are to be served in their order; with given = -1 those of rows lo..hi who
        may want to change something, in the order drawn for month `when`, and `rows` is room to work in
    today : ordinal day, written to the lists as the day of joining
    Returns how many of the leavers were enrolled.
    """
    birth, candidate, stickiness, events = scene.birth, scene.candidate, scene.stickiness, scene.events
    draws, links = scene.children.draws, scene.children.links
    shorts, counts = scene.children.shorts, scene.children.counts
    value, seats, ends, face = scene.offers.value, scene.offers.seats, scene.offers.ends, scene.vouchers.face
    prices, posted, stages, terms = scene.tariff.prices, scene.tariff.posted, scene.tariff.stages, scene.tariff.terms
    commitment = scene.tariff.commitment
    worth = np.empty(candidate.shape[0], np.float32)
    stack = np.empty(leavers.size + opened.size + 1, np.int64)
    freed = 0
    for m in range(leavers.size):
        i: Any = np.int64(leavers[m])
        drop(i, WAITS, links, ends)
        if shorts[AT, i] != NOBODY:
            stack[freed] = stand_up(i, shorts, links, seats, ends)
            freed += 1
    gone = freed
    for m in range(opened.size):
        stack[freed] = opened[m]
        freed += 1
    if freed > 0:
        settle(
            stack, freed, ages, birth, candidate, draws, links, shorts, counts, seats, ends, value, prices, posted,
            stages, terms, face, commitment, stickiness, worth, events,
        )  # fmt: skip

    # whoever takes a seat before being served was waiting for it, so none is missed
    near = concerned(lo, hi, best, shorts[AT], links[WAITS], counts[HELD], rows) if given < 0 else 0
    for m in range(near):
        i = np.int64(rows[m])
        if shorts[AT, i] == NOBODY or shorts[SEAT, i] == MIXED:
            continue
        part = part_of(birth[i], ages)
        band, j = BAND_OF_PART[part], np.int64(shorts[AT, i])
        if shorts[SEAT, i] >= band:
            continue
        c = free_seat(j, part, seats)
        if c != NOBODY:
            stack[0] = stand_up(i, shorts, links, seats, ends)
            sit(i, j, c, shorts, seats)
            events[CLIMBED] += 1
            settle(
                stack, 1, ages, birth, candidate, draws, links, shorts, counts, seats, ends, value, prices, posted,
                stages, terms, face, commitment, stickiness, worth, events,
            )  # fmt: skip
        elif links[CLIMBS, i] != j * 3 + band:  # it stays where it is, ahead of the waiting list for the next
            drop(i, CLIMBS, links, ends)
            join(i, j * 3 + band, CLIMBS, links, ends)

    served, worths, weighed_at = given, np.empty((1, candidate.shape[0]), np.float32), np.empty(1, np.int16)
    order = np.empty(near, np.int32)
    if given < 0:
        worths, weighed_at = np.empty((near, candidate.shape[0]), np.float32), np.empty(near, np.int16)
        served = compare(
            rows, near, ages, birth, candidate, draws, links, shorts, counts, value, prices, posted, stages, terms,
            face, commitment, stickiness, worths, weighed_at,
        )  # fmt: skip
        shuffle(rows, served, child_id, when, stream, order)

    for turn in range(served):
        m = turn if given >= 0 else int(order[turn])
        i = np.int64(rows[m])
        part = part_of(birth[i], ages)
        band, at = BAND_OF_PART[part], shorts[AT, i]
        if given < 0 and weighed_at[m] == at:
            worth[:] = worths[m]
        else:  # a seat was handed to it since, or it was never weighed
            weigh(
                i, part, candidate, draws, shorts, counts, value, prices, posted, stages, terms, face,
                commitment, stickiness, worth,
            )  # fmt: skip
        alone = draws[ALONE, i]
        stay = alone
        for k in range(candidate.shape[0]):
            if candidate[k, i] == at:
                stay = max(stay, worth[k])
        home = at != NOBODY and stay > alone
        full: Any = NOBODY
        taken: Any = NOBODY
        seat = NOBODY
        while True:
            pick, top = NOBODY, stay
            for k in range(candidate.shape[0]):
                if worth[k] > top:
                    pick, top = k, worth[k]
            if pick == NOBODY:
                break
            j = np.int64(candidate[pick, i])
            seat = free_seat(j, part, seats)
            if seat != NOBODY:
                taken = j
                break
            if full == NOBODY:
                full = j
            worth[pick] = np.float32(-np.inf)
        waits = links[WAITS, i]
        if waits != NOBODY and (full == NOBODY or waits != full * 3 + band):
            drop(i, WAITS, links, ends)
            events[LAPSED] += 1
        leaves = at != NOBODY and (taken != NOBODY or not home)
        if leaves:
            stack[0] = stand_up(i, shorts, links, seats, ends)
        if taken != NOBODY:
            sit(i, taken, seat, shorts, seats)
            events[SWITCHES if leaves else ENTERS] += 1
        else:
            events[LEAVES if leaves else STAYS] += 1
        if full != NOBODY and links[WAITS, i] == NOBODY:
            join(i, full * 3 + band, WAITS, links, ends)
            links[WAITS_SINCE, i] = np.int32(today)
        if full != NOBODY and taken == NOBODY and (at == NOBODY or leaves) and counts[REFUSED, i] < 255:
            counts[REFUSED, i] += np.uint8(1)
        if leaves:
            settle(
                stack, 1, ages, birth, candidate, draws, links, shorts, counts, seats, ends, value, prices, posted,
                stages, terms, face, commitment, stickiness, worth, events,
            )  # fmt: skip
    return gone


def hand_over(leavers: NDArray[np.int32], opened: NDArray[np.int64], ages: Ages, scene: Scene) -> int:
    """Children leave formal care and every list at once, new seats open, and all freed seats are handed on.

    leavers : int32 rows; opened : int64 codes institution · 4 + type, one for each new seat
    Returns how many of the leavers were enrolled.
    """
    none = np.zeros(0, np.int8), np.zeros(0, np.int32)
    return int(
        place(leavers, opened, 0, 0, *none, 0, 0, 0, np.zeros(0, np.uint32), np.zeros(4, np.uint32), ages, scene)
    )


def serve(rows: NDArray[np.int32], today: int, ages: Ages, scene: Scene) -> None:
    """Serve children in the order of `rows`; `today` is the ordinal day."""
    none = np.zeros(0, np.int32), np.zeros(0, np.int64)
    key = np.zeros(0, np.uint32), np.zeros(4, np.uint32)
    place(*none, 0, 0, np.zeros(0, np.int8), rows, len(rows), today, 0, *key, ages, scene)
