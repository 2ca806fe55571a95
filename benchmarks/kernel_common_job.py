"""The common job on compiled loops, one thread: what the program's own layout makes of it.

A month has two phases. First, in memory order, every family's wish is found as if every place were free;
then, in random order, come those alone who want a place they don't hold, from compact records. The result is
that of families taking turns, because a family whose best is what it has, or staying out, gets it whatever
the others do.

Most families stay out, and most shocks can be seen at once to change nothing. A Gumbel shock is
−ln(−ln(1 − v)) for a uniform v. Since −ln(1 − v) is at least v, and the bits of a float, read as an integer,
never overstate its logarithm, the shock has an upper bound that costs one multiplication. Only families of
whom an offer could beat staying out by this bound are candidates, and have their shocks worked out: the
result is the same, bit for bit, as if all had.

Columns are K-major, float32 and as narrow as they can be. The first phase runs over blocks that stay in the
nearest cache, as many small loops over few arrays: the compiler cannot be told that arrays don't overlap,
and checks pairs of them before each loop it makes parallel. Chance is addressed: a month's key, a family's
counter, two blocks of Philox for the nine shocks, 23 bits each.
"""

from time import perf_counter
from typing import NamedTuple

import numpy as np

from benchmarks.common_job import CommonJob, Totals
from sim import draws
from sim.draws import Luck

# isort: split
from numba import njit  # after sim.draws, which names the cache folder

OFFERS = OUT = 8  # nine alternatives: the offers 0 to 7, and staying out
BLOCK = 256  # families
MARGIN = 1e-3  # of utility, for rounding in the bounds
SHOCKS, LOTTERY, PRIORITY = np.uint32(0), np.uint32(2), np.uint32(3)  # blocks of a family's month
ROOT_HALF = np.int32(0x3F3504F3)  # bits of sqrt(1/2)
MANTISSA, EXPONENT_AT = np.int32(0x7FFFFF), np.int32(23)
HALF_WORD, LOW_BITS = np.uint64(32), np.uint32(511)
LN2 = 0.6931471805599453

compiled = njit(cache=True, error_model="numpy")
inlined = njit(cache=True, error_model="numpy", inline="always")
philox = inlined(draws.philox.py_func)  # as a call it keeps the loop around it from running in parallel


class Families(NamedTuple):
    """Columns of N families.

    age : int8 (N,)  [months]
    slot : int8 (N,)  offer held, as its number among the family's offers; -1 for none
    until : int8 (N,)  last month in which the voucher is good; -1 for none
    sensitivity : float32 (N,)  [1/yuan]
    offer : uint16 or uint32 (K, N)  institution
    appeal : float32 (K, N)
    """

    age: np.ndarray
    slot: np.ndarray
    until: np.ndarray
    sensitivity: np.ndarray
    offer: np.ndarray
    appeal: np.ndarray


class Institutions(NamedTuple):
    """Columns of J institutions.

    places, free, vacated : int32 (J,)  all; can be had this month; given up this month
    fee : float32 (J,)  [yuan a month]
    """

    places: np.ndarray
    free: np.ndarray
    vacated: np.ndarray
    fee: np.ndarray


class Records(NamedTuple):
    """What the second phase needs of each family that wants a place it doesn't hold.

    family : int32 (N,)
    wish : int8 (N,)  number of the offer it wants
    utility : float32 (N, K + 1)  of each offer, and of staying out
    offer : as in `Families`, (N, K)
    """

    family: np.ndarray
    wish: np.ndarray
    utility: np.ndarray
    offer: np.ndarray


class Block(NamedTuple):
    """Rows for one block of families.

    word : uint32 (K + 1, BLOCK)
    out, bound : float32 (BLOCK,)  utility of staying out; that of the best offer at most
    price : float32 (BLOCK,)
    picked : int32 (BLOCK,)  positions of families to look at again
    """

    word: np.ndarray
    out: np.ndarray
    bound: np.ndarray
    price: np.ndarray
    picked: np.ndarray


class Candidates(NamedTuple):
    """Columns of families whose shocks have to be worked out, two blocks at most.

    family : int32 (2 * BLOCK,)
    sensitivity, money, price : float32 (2 * BLOCK,)
    word : uint32, offer : as in `Families`, appeal : float32, all (K, 2 * BLOCK)
    utility : float32 (K + 1, 2 * BLOCK)
    """

    family: np.ndarray
    sensitivity: np.ndarray
    money: np.ndarray
    price: np.ndarray
    word: np.ndarray
    offer: np.ndarray
    appeal: np.ndarray
    utility: np.ndarray


# chance ----------------------------------------------------------------------------------------------


@inlined
def log32(x):
    """Natural logarithm of a positive normal float32, float32 (Cephes `logf`; relative error below 2e-7).

    The compiler's own is one call per number; this one is sixteen at a time.
    """
    bits = np.int32(np.float32(x).view(np.int32) - ROOT_HALF)
    e = np.float32(np.int32(bits >> EXPONENT_AT))
    f = np.int32(np.int32(bits & MANTISSA) + ROOT_HALF).view(np.float32) - np.float32(1)
    y = np.float32(7.0376836292e-2)
    y = y * f + np.float32(-1.1514610310e-1)
    y = y * f + np.float32(1.1676998740e-1)
    y = y * f + np.float32(-1.2420140846e-1)
    y = y * f + np.float32(1.4249322787e-1)
    y = y * f + np.float32(-1.6668057665e-1)
    y = y * f + np.float32(2.0000714765e-1)
    y = y * f + np.float32(-2.4999993993e-1)
    y = y * f + np.float32(3.3333331174e-1)
    z = f * f
    return f + (y * f * z - np.float32(0.5) * z + e * np.float32(LN2))


@inlined
def unit32(word):
    """Uniform in (0, 1), float32, from the upper 23 bits of a word: with 24 the largest would round to 1."""
    cell = np.float32(np.int32(np.uint32(word) >> np.uint32(9)))
    return (cell + np.float32(0.5)) * np.float32(2.0**-23)


@inlined
def gumbel_bound(word):
    """At least the Gumbel that `fill_gumbels` makes of a word, float32."""
    bits = np.float32(np.float32(unit32(word)).view(np.int32))
    return np.float32(127 * LN2) - bits * np.float32(LN2 * 2.0**-23)


@compiled
def fill_words(first, block, stream, a, b, c, d):
    """Write four random words (uint32) for each of the families from `first` on."""
    for i in range(a.size):
        ab, cd = philox(np.uint32(first + i), block, stream)
        a[i] = np.uint32(ab >> HALF_WORD)
        b[i] = np.uint32(ab)
        c[i] = np.uint32(cd >> HALF_WORD)
        d[i] = np.uint32(cd)


@compiled
def fill_ninth(a, b, c, out):
    """Make a word's upper 23 bits from the 9 bits that the shocks leave of three others."""
    for i in range(out.size):
        high = np.uint32(np.uint32(a[i] & LOW_BITS) << np.uint32(23))
        middle = np.uint32(np.uint32(b[i] & LOW_BITS) << np.uint32(14))
        out[i] = np.uint32(high | middle) | np.uint32(np.uint32(c[i] & LOW_BITS) << np.uint32(5))


@compiled
def fill_gumbels(words, out):
    """Write standard Gumbels from words: float32 (n,) from uint32 (n,)."""
    for i in range(out.size):
        out[i] = -log32(-log32(np.float32(1) - unit32(words[i])))


@compiled
def below(word, n):
    """Turn a random word (uint32) into an integer from 0 to n − 1."""
    return np.int64((np.uint64(word) * np.uint64(n)) >> HALF_WORD)


# first phase: wishes, in memory order ----------------------------------------------------------------


@compiled
def grow_up(start, age, slot, until, offer, vacated, youngest, leaving):
    """Age a block's children by a month; who is too old gives up place and voucher and is replaced."""
    oldest = age[0]
    for i in range(age.size):
        age[i] += np.int8(1)
        oldest = max(oldest, age[i])
    if oldest >= leaving:
        for i in range(age.size):
            if age[i] == leaving:
                age[i] = youngest
                until[i] = np.int8(-1)
                if slot[i] >= 0:
                    vacated[offer[slot[i], start + i]] += 1
                    slot[i] = np.int8(-1)


@compiled
def fill_prices(offer, fee, out):
    """Look up the fees of one offer of each family: a loop of its own, so that the others are parallel."""
    for i in range(out.size):
        out[i] = fee[offer[i]]


@compiled
def raise_bound(word, appeal, sensitivity, price, bound):
    """Raise the bound of what a family can get to that of one offer, at its full price."""
    for i in range(bound.size):
        most = gumbel_bound(word[i]) + (appeal[i] - sensitivity[i] * price[i])
        bound[i] = most if most > bound[i] else bound[i]


@compiled
def pick(bound, out, slot, until, month, margin, picked):
    """Write the positions of families who may want an offer, hold one or a voucher; return how many."""
    n = 0
    for i in range(bound.size):
        picked[n] = i
        n += (bound[i] > out[i] - margin) | (slot[i] >= 0) | (until[i] >= month)
    return n


@compiled
def take_off(money, price):
    """Turn fees into net fees."""
    for i in range(price.size):
        net = price[i] - money[i]
        price[i] = net if net > np.float32(0) else np.float32(0)


@compiled
def add_value(appeal, sensitivity, price, utility):
    """Add to the shocks of one offer of each family what the offer is worth to it."""
    for i in range(utility.size):
        utility[i] += appeal[i] - sensitivity[i] * price[i]


@compiled
def fill_block(start, n, stream, families, fee, block):
    """Write a block's random words, its utilities of staying out, and the bounds of its offers."""
    end, word, price, bound = start + n, block.word, block.price[:n], block.bound[:n]
    second = np.uint32(SHOCKS + np.uint32(1))
    fill_words(start, SHOCKS, stream, word[0, :n], word[1, :n], word[2, :n], word[3, :n])
    fill_words(start, second, stream, word[4, :n], word[5, :n], word[6, :n], word[7, :n])
    fill_ninth(word[0, :n], word[1, :n], word[2, :n], word[OUT, :n])
    fill_gumbels(word[OUT, :n], block.out[:n])
    bound[:] = np.float32(-np.inf)
    for k in range(OFFERS):
        fill_prices(families.offer[k, start:end], fee, price)
        raise_bound(word[k, :n], families.appeal[k, start:end], families.sensitivity[start:end], price, bound)


@compiled
def leave(family, families, vacated):
    """Let a family give up the place it holds."""
    vacated[families.offer[families.slot[family], family]] += 1
    families.slot[family] = np.int8(-1)


@compiled
def add_candidates(start, n, month, voucher, margin, families, vacated, block, candidates, n_candidates):
    """Add a block's candidates, and let those leave who cannot want to stay; return the candidates so far."""
    end, bound, out = start + n, block.bound, block.out
    n_picked = pick(
        bound[:n], out[:n], families.slot[start:end], families.until[start:end], month, margin, block.picked
    )
    for c in range(n_picked):
        i = block.picked[c]
        family = start + i
        has_voucher = families.until[family] >= month
        if not (has_voucher or bound[i] > out[i] - margin):
            leave(family, families, vacated)
            continue
        candidates.family[n_candidates] = family
        candidates.sensitivity[n_candidates] = families.sensitivity[family]
        candidates.money[n_candidates] = voucher if has_voucher else np.float32(0)
        candidates.utility[OUT, n_candidates] = out[i]
        for k in range(OFFERS):
            candidates.word[k, n_candidates] = block.word[k, i]
            candidates.offer[k, n_candidates] = families.offer[k, family]
            candidates.appeal[k, n_candidates] = families.appeal[k, family]
        n_candidates += 1
    return n_candidates


@compiled
def add_records(candidates, n, families, institutions, records, n_records):
    """Work out the candidates' utilities and act on their wishes.

    Those who want no place leave it; those who want another are recorded. Returns the records so far.
    """
    price, utility = candidates.price[:n], candidates.utility
    for k in range(OFFERS):
        fill_gumbels(candidates.word[k, :n], utility[k, :n])
        fill_prices(candidates.offer[k, :n], institutions.fee, price)
        take_off(candidates.money[:n], price)
        add_value(candidates.appeal[k, :n], candidates.sensitivity[:n], price, utility[k, :n])
    for c in range(n):
        family, wish, top = candidates.family[c], np.int8(-1), utility[OUT, c]
        for k in range(OFFERS):
            better = utility[k, c] > top
            wish = np.int8(k) if better else wish
            top = utility[k, c] if better else top
        if wish == families.slot[family]:
            continue
        if wish < 0:
            leave(family, families, institutions.vacated)
            continue
        records.family[n_records], records.wish[n_records] = family, wish
        records.utility[n_records, OUT] = utility[OUT, c]
        for k in range(OFFERS):
            records.utility[n_records, k] = utility[k, c]
            records.offer[n_records, k] = candidates.offer[k, c]
        n_records += 1
    return n_records


@compiled
def first_phase(month, stream, ages, voucher, margin, families, institutions, block, candidates, records):
    """Age the children and write the records of those who want a place they don't hold; return how many."""
    n_candidates, n_records, vacated = 0, 0, institutions.vacated
    for start in range(0, families.age.size, BLOCK):
        end = min(start + BLOCK, families.age.size)
        age, slot, until = families.age[start:end], families.slot[start:end], families.until[start:end]
        grow_up(start, age, slot, until, families.offer, vacated, ages[0], ages[1])
        fill_block(start, end - start, stream, families, institutions.fee, block)
        n_candidates = add_candidates(
            start, end - start, month, voucher, margin, families, vacated, block, candidates, n_candidates
        )
        if n_candidates >= BLOCK or end == families.age.size:
            n_records = add_records(candidates, n_candidates, families, institutions, records, n_records)
            n_candidates = 0
    return n_records


# second phase: places, in random order ---------------------------------------------------------------


@compiled
def fill_order(words, out):
    """Write a random permutation (Fisher and Yates)."""
    for i in range(out.size):
        j = below(words[i], i + 1)
        out[i] = out[j]
        out[j] = i


@compiled
def second_phase(order, families, institutions, records):
    """Give each in its turn the best of staying out, the place held, and the offers with a free place."""
    free, vacated = institutions.free, institutions.vacated
    for r in order:
        family, best = records.family[r], records.wish[r]
        held = families.slot[family]
        if free[records.offer[r, best]] <= 0:
            best, top = np.int8(-1), records.utility[r, OUT]
            for k in range(OFFERS):
                can = free[records.offer[r, k]] > 0 or k == held
                if can and records.utility[r, k] > top:
                    best, top = np.int8(k), records.utility[r, k]
        if best != held:
            if held >= 0:
                vacated[records.offer[r, held]] += 1
            if best >= 0:
                free[records.offer[r, best]] -= 1
            families.slot[family] = best


# the city's part of the month ------------------------------------------------------------------------


@compiled
def draw_vouchers(month, validity, n_issued, stream, until, holders, n_holders):
    """Give vouchers to families without one; return the number of holders."""
    draw = np.uint32(0)
    while n_issued > 0:
        word, _ = philox(draw, LOTTERY, stream)
        family = below(np.uint32(word), until.size)
        draw += np.uint32(1)
        if until[family] < month:
            until[family] = month + validity - 1
            holders[n_holders] = family
            n_holders += 1
            n_issued -= 1
    return n_holders


@compiled
def use_vouchers(month, slot, until, holders, n_holders):
    """Use up vouchers of children in care and let old ones expire; return those used and the holders left."""
    used, left = 0, 0
    for h in range(n_holders):
        family = holders[h]
        if until[family] >= month and slot[family] >= 0:
            used += 1
            until[family] = np.int8(-1)
        elif until[family] > month:
            holders[left] = family
            left += 1
    return used, left


def settle(job: CommonJob) -> tuple[Families, Institutions, Block, Candidates, Records]:
    """Lay out a job's city in columns, everybody at home, and room for what a month needs."""
    city, n, k = job.city, job.families, job.offers
    number = np.uint16 if job.institutions < 2**16 else np.uint32
    empty = np.full(n, -1, np.int8)
    families = Families(
        city.age.copy(), empty.copy(), empty.copy(), city.sensitivity, city.offer.astype(number), city.appeal
    )
    taken = np.zeros(job.institutions, np.int32)
    institutions = Institutions(city.places, city.places.copy(), taken, city.fee.astype(np.float32))
    word, pairs = np.empty((k + 1, BLOCK), np.uint32), 2 * BLOCK
    block = Block(word, *np.empty((3, BLOCK), np.float32), np.empty(BLOCK, np.int32))
    candidates = Candidates(
        np.empty(pairs, np.int32),
        *np.empty((3, pairs), np.float32),
        np.empty((k, pairs), np.uint32),
        np.empty((k, pairs), number),
        np.empty((k, pairs), np.float32),
        np.empty((k + 1, pairs), np.float32),
    )
    records = Records(
        np.empty(n, np.int32),
        np.empty(n, np.int8),
        np.empty((n, k + 1), np.float32),
        np.empty((n, k), number),
    )
    return families, institutions, block, candidates, records


def run(job: CommonJob, margin: float = MARGIN) -> Totals:
    """Run the common job; see `Totals` for what is counted. With an infinite margin all are candidates."""
    if job.offers != OFFERS:
        raise ValueError(f"offers = {job.offers}: these loops are written for {OFFERS}")
    families, institutions, block, candidates, records = settle(job)
    luck = Luck(job.luck, 0)
    ages, voucher = (np.int8(job.youngest), np.int8(job.leaving)), np.float32(job.voucher)
    holders, n_holders = np.empty(job.validity * job.vouchers, np.int32), 0
    words, order = np.empty((4, job.families), np.uint32), np.empty(job.families, np.int32)
    enrolled, issued, used = np.zeros((3, job.months), np.int64)
    mean_fee = np.zeros(job.months)
    started = perf_counter()
    for month in range(job.months):
        stream = luck.stream(f"month {month}")
        institutions.free[:] += institutions.vacated
        institutions.vacated[:] = 0
        if month and month % job.review == 0:
            busy = institutions.places - institutions.free > job.target * institutions.places
            institutions.fee[:] *= np.where(busy, 1 + job.step, 1 - job.step)
        issued[month] = min(job.vouchers, np.count_nonzero(families.until < month))
        n_holders = draw_vouchers(
            np.int8(month), np.int8(job.validity), issued[month], stream, families.until, holders, n_holders
        )
        n = first_phase(
            np.int8(month),
            stream,
            ages,
            voucher,
            np.float32(margin),
            families,
            institutions,
            block,
            candidates,
            records,
        )
        fill_words(0, PRIORITY, stream, *words[:, :n])
        fill_order(words[0, :n], order[:n])
        second_phase(order[:n], families, institutions, records)
        used[month], n_holders = use_vouchers(np.int8(month), families.slot, families.until, holders, n_holders)
        enrolled[month] = (institutions.places - institutions.free - institutions.vacated).sum()
        mean_fee[month] = institutions.fee.mean(dtype=np.float64)
    return Totals(enrolled, issued, used, mean_fee, perf_counter() - started)
