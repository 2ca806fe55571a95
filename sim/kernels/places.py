"""Places: who sits where, who waits for what, and what happens when a seat comes free.

Children who want a place they do not hold are served one by one in a drawn order. A free seat goes
first to a child of the same institution who has outgrown its class, then to the head of the list,
who compares on its current draws and takes it or passes; so a list and a free seat meet only where
nobody on the list may sit in that seat.
"""

from typing import Any

import numpy as np

from sim.compiled import entry, inner
from sim.draws import philox
from sim.kernels.choice import part_of, weigh, weigh_one
from sim.kernels.columns import BAND_OF_PART, MIXED, NOBODY

STAYS, ENTERS, SWITCHES, LEAVES, CLIMBS, OFFERED, PASSED, LAPSED, TAKEN_FROM_LIST = range(9)
EVENTS = 9


@inner
def join(i: int, offer: int, head: Any, tail: Any, before: Any, after: Any, on: Any) -> None:
    """Put child i at the end of an offer's list."""
    last = tail[offer]
    before[i], after[i], on[i] = last, np.int32(NOBODY), np.int32(offer)
    if last == NOBODY:
        head[offer] = np.int32(i)
    else:
        after[last] = np.int32(i)
    tail[offer] = np.int32(i)


@inner
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


@inner
def drop_wait(i: int, children: Any, offers: Any) -> None:
    """Take child i off its waiting list, if any."""
    drop(i, offers.waits_head, offers.waits_tail, children.waits_before, children.waits_after, children.waits)


@inner
def drop_climb(i: int, children: Any, offers: Any) -> None:
    """Take child i off its institution's list of those who have outgrown their class, if any."""
    drop(i, offers.climbs_head, offers.climbs_tail, children.climbs_before, children.climbs_after, children.climbs)


@inner
def free_seat(j: int, part: int, offers: Any) -> int:
    """Type of a class at institution j with a free seat for a child of this part, or -1."""
    band = BAND_OF_PART[part]
    if offers.taken[j, band] < offers.places[j, band]:
        return band
    if part >= 2 and offers.taken[j, MIXED] < offers.places[j, MIXED]:
        return MIXED
    return NOBODY


@inner
def stand_up(i: int, children: Any, offers: Any, freed: Any) -> None:
    """Child i gives up its seat; the seat is noted in `freed` (a list of institution · 4 + seat)."""
    j, c = children.at[i], children.seat[i]
    drop_climb(i, children, offers)
    offers.taken[j, c] -= 1
    children.at[i], children.seat[i] = np.int16(NOBODY), np.int8(NOBODY)
    freed.append(np.int64(j) * 4 + c)


@inner
def sit(i: int, j: int, c: int, children: Any, offers: Any) -> None:
    """Child i takes a free seat; what it waits for elsewhere stays wanted."""
    offers.taken[j, c] += 1
    children.at[i], children.seat[i] = np.int16(j), np.int8(c)


@inner
def would_take(i: int, j: int, part: int, scene: Any) -> bool:
    """Whether child i prefers institution j to what it has now, on its current draws."""
    children, candidate = scene.children, scene.candidate
    worth = np.empty(candidate.shape[0], np.float32)
    weigh_one(i, part, scene, worth)
    own = children.alone[i]
    there = np.float32(-np.inf)
    for k in range(candidate.shape[0]):
        where = candidate[k, i]
        if where == j:
            there = worth[k]
        elif where == children.at[i]:
            own = max(own, worth[k])
    return there > own


@inner
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


@inner
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


@inner
def outgrow(
    lo: int, hi: int, ages: Any, scene: Any
) -> None:
    """Move the enrolled of rows lo..hi whose band has passed their class up, where a seat is free.

    Where none is, the child stays where it is and stands ahead of the waiting list for the next one.
    """
    children, offers, events = scene.children, scene.offers, scene.events
    at, seat = children.at, children.seat
    freed = [np.int64(0)]
    freed.pop()
    for i in range(lo, hi):
        if at[i] == NOBODY or seat[i] == MIXED:
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


@inner
def in_drawn_order(rows: Any, child_id: Any, when: Any, stream: Any) -> Any:
    """Rows in the drawn order of those who share a day, addressed by child and month."""
    keys = np.empty(rows.size, np.uint64)
    for n in range(rows.size):
        keys[n] = philox(child_id[rows[n]], np.uint32(when), stream)[0]
    return rows[np.argsort(keys)]


@entry
def serve(
    rows: Any, today: int, ages: Any, scene: Any
) -> None:
    """Serve children in the order of `rows`: each takes its best offer with a free seat, and waits for a better full one.

    today : ordinal day, written to the lists as the day of joining
    """
    children, candidate, offers, events = scene.children, scene.candidate, scene.offers, scene.events
    tariff, birth, stickiness, face = scene.tariff, scene.birth, scene.stickiness, scene.vouchers.face
    shocked, alone, alpha, group, held = children.shocked, children.alone, children.alpha, children.group, children.held
    at, waits, refused, value = children.at, children.waits, children.refused, offers.value
    entry, enrolled, posted, rate, amount = tariff.entry, tariff.enrolled, tariff.posted, tariff.rate, tariff.amount
    ceiling, voucher, commitment = tariff.ceiling, tariff.voucher, tariff.commitment
    freed = [np.int64(0)]
    freed.pop()
    worth = np.empty(candidate.shape[0], np.float32)
    for n in range(rows.size):
        i = rows[n]
        part = part_of(birth[i], ages)
        band = BAND_OF_PART[part]
        stay = alone[i]
        weigh(
            i, part, candidate, shocked, alpha, group, held, at, value, entry, enrolled,
            posted, rate, amount, ceiling, voucher, face, commitment, stickiness, worth,
        )  # fmt: skip
        for k in range(candidate.shape[0]):
            if candidate[k, i] == at[i]:
                stay = max(stay, worth[k])
        home = at[i] != NOBODY and stay > alone[i]
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
        if waits[i] != NOBODY and (full == NOBODY or waits[i] != full * 3 + band):
            drop_wait(i, children, offers)
            events[LAPSED] += 1
        if taken != NOBODY:
            if at[i] != NOBODY:
                stand_up(i, children, offers, freed)
                events[SWITCHES] += 1
            else:
                events[ENTERS] += 1
            sit(i, taken, seat, children, offers)
        elif at[i] != NOBODY and not home:
            stand_up(i, children, offers, freed)
            events[LEAVES] += 1
        else:
            events[STAYS] += 1
        if full != NOBODY and waits[i] == NOBODY:
            join(i, full * 3 + band, offers.waits_head, offers.waits_tail, children.waits_before, children.waits_after, children.waits)
            children.waits_since[i] = np.int32(today)
        if full != NOBODY and at[i] == NOBODY and refused[i] < 255:
            refused[i] += np.uint8(1)
        settle(freed, ages, scene)


@entry
def hand_over(leavers: Any, seats: Any, ages: Any, scene: Any) -> int:
    """Children leave formal care and every list at once, new seats open, and all freed seats are handed on.

    leavers : int32 rows; seats : int64 codes institution · 4 + type, one for each new seat
    Returns how many of the leavers were enrolled.
    """
    children, offers = scene.children, scene.offers
    freed = [np.int64(0)]
    freed.pop()
    n = 0
    for i in leavers:
        drop_wait(i, children, offers)
        if children.at[i] != NOBODY:
            stand_up(i, children, offers, freed)
            n += 1
    for code in seats:
        freed.append(code)
    settle(freed, ages, scene)
    return n
