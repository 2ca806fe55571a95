"""Places: who sits where, who waits for what, and what happens when a seat comes free.

Children who want a place they do not hold are served one by one in a drawn order. A free seat goes
first to a child of the same institution who has outgrown its class, then to the head of the list,
who compares on its current draws and takes it or passes; so a list and a free seat meet only where
nobody on the list may sit in that seat.
"""

from typing import Any

import numpy as np
from numba import njit

from sim.draws import philox
from sim.kernels.choice import utility
from sim.kernels.columns import BAND_OF_PART, MIXED, NOBODY

STAYS, ENTERS, SWITCHES, LEAVES, CLIMBS, OFFERED, PASSED, LAPSED, TAKEN_FROM_LIST = range(9)
EVENTS = 9


@njit(cache=True)
def part_of(birth: int, ages: Any) -> int:
    """Part of a child by its birthday: 0 infant, 1 toddler under 18 months, 2 toddler, 3 older toddler."""
    if birth <= ages.older:
        return 3
    if birth <= ages.mixed:
        return 2
    return 1 if birth <= ages.toddler else 0


@njit(cache=True)
def join(i: int, offer: int, head: Any, tail: Any, before: Any, after: Any, on: Any) -> None:
    """Put child i at the end of an offer's list."""
    last = tail[offer]
    before[i], after[i], on[i] = last, np.int32(NOBODY), np.int32(offer)
    if last == NOBODY:
        head[offer] = np.int32(i)
    else:
        after[last] = np.int32(i)
    tail[offer] = np.int32(i)


@njit(cache=True)
def drop(i: int, head: Any, tail: Any, before: Any, after: Any, on: Any) -> None:
    """Take child i off the list it is on, if any."""
    offer = on[i]
    if offer == NOBODY:
        return
    b, a = before[i], after[i]
    if b == NOBODY:
        head[offer] = a
    else:
        after[b] = a
    if a == NOBODY:
        tail[offer] = b
    else:
        before[a] = b
    before[i] = after[i] = on[i] = np.int32(NOBODY)


@njit(cache=True)
def drop_wait(i: int, children: Any, offers: Any) -> None:
    """Take child i off its waiting list, if any."""
    drop(i, offers.waits_head, offers.waits_tail, children.waits_before, children.waits_after, children.waits)


@njit(cache=True)
def drop_climb(i: int, children: Any, offers: Any) -> None:
    """Take child i off its institution's list of those who have outgrown their class, if any."""
    drop(i, offers.climbs_head, offers.climbs_tail, children.climbs_before, children.climbs_after, children.climbs)


@njit(cache=True)
def free_seat(j: int, part: int, offers: Any) -> int:
    """Type of a class at institution j with a free seat for a child of this part, or -1."""
    band = BAND_OF_PART[part]
    if offers.taken[j, band] < offers.places[j, band]:
        return band
    if part >= 2 and offers.taken[j, MIXED] < offers.places[j, MIXED]:
        return MIXED
    return NOBODY


@njit(cache=True)
def stand_up(i: int, children: Any, offers: Any, freed: Any) -> None:
    """Child i gives up its seat; the seat is noted in `freed` (a list of institution · 4 + seat)."""
    j, c = children.at[i], children.seat[i]
    drop_climb(i, children, offers)
    offers.taken[j, c] -= 1
    children.at[i], children.seat[i] = np.int16(NOBODY), np.int8(NOBODY)
    freed.append(np.int64(j) * 4 + c)


@njit(cache=True)
def sit(i: int, j: int, c: int, children: Any, offers: Any) -> None:
    """Child i takes a free seat; what it waits for elsewhere stays wanted."""
    offers.taken[j, c] += 1
    children.at[i], children.seat[i] = np.int16(j), np.int8(c)


@njit(cache=True)
def would_take(i: int, j: int, part: int, scene: Any) -> bool:
    """Whether child i prefers institution j to what it has now, on its current draws."""
    children, candidate = scene.children, scene.candidate
    own = children.alone[i]
    there = np.float32(-np.inf)
    for k in range(candidate.shape[0]):
        where = candidate[k, i]
        if where == j or where == children.at[i]:
            u = utility(i, k, part, scene)
            if where == j:
                there = u
            else:
                own = max(own, u)
    return there > own


@njit(cache=True)
def next_in_line(j: int, c: int, ages: Any, scene: Any) -> int:
    """Head of the waiting lists that may sit in a seat of type c at institution j, or -1.

    A mixed seat serves two lists; the one who joined first is offered it.
    """
    children, offers = scene.children, scene.offers
    if c != MIXED:
        return int(offers.waits_head[j * 3 + c])
    older = offers.waits_head[j * 3 + 2]
    young = offers.waits_head[j * 3 + 1]
    while young != NOBODY and scene.birth[young] > ages.mixed:
        young = children.waits_after[young]
    if older == NOBODY or young == NOBODY:
        return int(max(older, young))
    return int(young if children.waits_since[young] < children.waits_since[older] else older)


@njit(cache=True)
def settle(
    freed: Any, ages: Any, scene: Any
) -> None:
    """Hand on every freed seat, and the seats that this frees in turn, until nobody waits for one."""
    children, offers, events = scene.children, scene.offers, scene.events
    while len(freed) > 0:
        code = freed.pop()
        j, c = code // 4, code % 4
        if offers.taken[j, c] >= offers.places[j, c]:
            continue
        band = 2 if c == MIXED else c
        i = offers.climbs_head[j * 3 + band]
        if i != NOBODY:  # outgrown its class here: ahead of any list
            stand_up(i, children, offers, freed)
            sit(i, j, c, children, offers)
            events[CLIMBS] += 1
            continue
        i = next_in_line(j, c, ages, scene)
        if i == NOBODY:
            continue
        events[OFFERED] += 1
        part = part_of(scene.birth[i], ages)
        right_list = children.waits[i] == j * 3 + BAND_OF_PART[part]
        if right_list and would_take(i, j, part, scene):
            if children.at[i] != NOBODY:
                stand_up(i, children, offers, freed)
                events[SWITCHES] += 1
            else:
                events[ENTERS] += 1
            drop_wait(i, children, offers)
            sit(i, j, c, children, offers)
            events[TAKEN_FROM_LIST] += 1
        else:
            drop_wait(i, children, offers)
            events[PASSED] += 1
            freed.append(code)


@njit(cache=True)
def outgrow(
    lo: int, hi: int, ages: Any, scene: Any
) -> None:
    """Move the enrolled of rows lo..hi whose band has passed their class up, where a seat is free.

    Where none is, the child stays where it is and stands ahead of the waiting list for the next one.
    """
    children, offers, events = scene.children, scene.offers, scene.events
    freed = [np.int64(0)]
    freed.pop()
    for i in range(lo, hi):
        if children.at[i] == NOBODY or children.seat[i] == MIXED:
            continue
        part = part_of(scene.birth[i], ages)
        band = BAND_OF_PART[part]
        if children.seat[i] >= band:
            continue
        j = children.at[i]
        c = free_seat(j, part, offers)
        if c != NOBODY:
            stand_up(i, children, offers, freed)
            sit(i, j, c, children, offers)
            events[CLIMBS] += 1
            settle(freed, ages, scene)
        elif children.climbs[i] != j * 3 + band:
            drop_climb(i, children, offers)
            join(i, j * 3 + band, offers.climbs_head, offers.climbs_tail, children.climbs_before, children.climbs_after, children.climbs)


@njit(cache=True)
def movers(
    lo: int, hi: int, ages: Any, best: Any, scene: Any, out: Any
) -> int:
    """Those of rows lo..hi who may want to change something; returns how many were written to `out`.

    `best` holds for those not enrolled and without a voucher; the others are looked at one by one.
    """
    children, candidate = scene.children, scene.candidate
    n = 0
    for i in range(lo, hi):
        if children.at[i] == NOBODY and children.held[i] == 0:
            wants = best[i] >= 0 or children.waits[i] != NOBODY
        else:
            part = part_of(scene.birth[i], ages)
            top, own = children.alone[i], np.int16(NOBODY)
            for k in range(candidate.shape[0]):
                u = utility(i, k, part, scene)
                if u > top:
                    top, own = u, candidate[k, i]
            wants = own != children.at[i] or children.waits[i] != NOBODY
        if wants:
            out[n] = np.int32(i)
            n += 1
    return n


@njit(cache=True)
def order_keys(rows: Any, child_id: Any, when: Any, stream: Any, out: Any) -> None:
    """The drawn order of those who share a day: a key for each row, addressed by child and month."""
    for n in range(rows.size):
        out[n] = philox(child_id[rows[n]], np.uint32(when), stream)[0]


@njit(cache=True)
def serve(
    rows: Any, today: int, ages: Any, scene: Any
) -> None:
    """Serve children in the order of `rows`: each takes its best offer with a free seat, and waits for a better full one.

    today : ordinal day, written to the lists as the day of joining
    """
    children, candidate, offers, events = scene.children, scene.candidate, scene.offers, scene.events
    freed = [np.int64(0)]
    freed.pop()
    worth = np.empty(candidate.shape[0], np.float32)
    for n in range(rows.size):
        i = rows[n]
        part = part_of(scene.birth[i], ages)
        band = BAND_OF_PART[part]
        stay = children.alone[i]
        for k in range(candidate.shape[0]):
            worth[k] = utility(i, k, part, scene)
            if candidate[k, i] == children.at[i]:
                stay = max(stay, worth[k])
        home = children.at[i] != NOBODY and stay > children.alone[i]
        full, taken, seat = NOBODY, NOBODY, NOBODY
        while True:
            pick, top = NOBODY, stay
            for k in range(candidate.shape[0]):
                if worth[k] > top:
                    pick, top = k, worth[k]
            if pick == NOBODY:
                break
            j = int(candidate[pick, i])
            seat = free_seat(j, part, offers)
            if seat != NOBODY:
                taken = j
                break
            if full == NOBODY:
                full = j
            worth[pick] = np.float32(-np.inf)
        if children.waits[i] != NOBODY and (full == NOBODY or children.waits[i] != full * 3 + band):
            drop_wait(i, children, offers)
            events[LAPSED] += 1
        if taken != NOBODY:
            if children.at[i] != NOBODY:
                stand_up(i, children, offers, freed)
                events[SWITCHES] += 1
            else:
                events[ENTERS] += 1
            sit(i, taken, seat, children, offers)
        elif children.at[i] != NOBODY and not home:
            stand_up(i, children, offers, freed)
            events[LEAVES] += 1
        else:
            events[STAYS] += 1
        if full != NOBODY and children.waits[i] == NOBODY:
            join(i, full * 3 + band, offers.waits_head, offers.waits_tail, children.waits_before, children.waits_after, children.waits)
            children.waits_since[i] = np.int32(today)
        if full != NOBODY and children.at[i] == NOBODY and children.refused[i] < 255:
            children.refused[i] += np.uint8(1)
        settle(freed, ages, scene)


@njit(cache=True)
def depart(lo: int, hi: int, children: Any, offers: Any, freed: Any) -> int:
    """Rows lo..hi leave formal care and every list, for kindergarten; returns how many were enrolled."""
    n = 0
    for i in range(lo, hi):
        drop_wait(i, children, offers)
        if children.at[i] != NOBODY:
            stand_up(i, children, offers, freed)
            n += 1
    return n


@njit(cache=True)
def kindergarten(
    slices: Any, first: int, last: int, ages: Any, scene: Any
) -> int:
    """On 1 September those born from `first` to `last` (ordinals) leave; their seats are handed on after all have left."""
    freed = [np.int64(0)]
    freed.pop()
    n = 0
    for d in range(slices.size - 1):
        part = scene.birth[slices[d] : slices[d + 1]]
        lo = slices[d] + np.searchsorted(part, first)
        hi = slices[d] + np.searchsorted(part, last + 1)
        n += depart(lo, hi, scene.children, scene.offers, freed)
    settle(freed, ages, scene)
    return n


@njit(cache=True)
def hand_on(
    seats: Any, ages: Any, scene: Any
) -> None:
    """Offer new seats (int64 codes institution · 4 + seat, one per seat) to those who wait for them."""
    freed = [np.int64(0)]
    freed.pop()
    for n in range(seats.size):
        freed.append(seats[n])
    settle(freed, ages, scene)
