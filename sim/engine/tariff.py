"""The tariff: what each family group would pay at each offer, from the instruments in force."""

from collections.abc import Sequence
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.kernels import supply
from sim.kernels.columns import AMOUNT, CEILING, FORGONE, NOBODY, RATE, Ages, ChoiceInputs, Tariff
from sim.policy.instrument import Columns, Groups, Instrument, Offered, Relief
from sim.world.families import Families

MOST_GROUPS = 512
MOST_CELLS = 1_000_000


def holds(instruments: Sequence[Instrument], institutions: int) -> bool:
    """Return whether a tariff holds the family groups that the instruments tell apart: 512, and a million cells."""
    incomes = {x for i in instruments for x in i.incomes_told_apart()}
    orders = {x for i in instruments for x in i.orders_told_apart()}
    size = (len(incomes) + 1) * (len(orders) + 1) * (len(ages_told_apart(instruments)) + 1)
    return size <= MOST_GROUPS and size * 3 * institutions <= MOST_CELLS


def ages_told_apart(instruments: Sequence[Instrument]) -> tuple[int, ...]:
    """Ages above 0 at which a child passes from one family group to the next, ascending [completed months]."""
    return tuple(sorted({age for i in instruments for age in i.ages_told_apart() if age > 0}))


def family_groups(
    instruments: Sequence[Instrument], income: NDArray[np.float64], birth_order: NDArray[np.int8]
) -> tuple[Groups, NDArray[np.int16]]:
    """The groups that the instruments distinguish, and the group of each child while it is youngest, int16 (n,).

    Groups that differ by age alone follow one another.
    """
    limits = np.array(sorted({x for i in instruments for x in i.incomes_told_apart()}))
    orders = np.array(sorted({x for i in instruments for x in i.orders_told_apart()}), np.int64)
    upper = np.append(limits, np.inf)
    kinds = np.append(orders, 0)
    lower = np.array([0, *ages_told_apart(instruments)], np.int64)
    groups = Groups(
        np.repeat(upper, len(kinds) * len(lower)),
        np.tile(np.repeat(kinds, len(lower)), len(upper)),
        np.tile(lower, len(upper) * len(kinds)),
    )
    if len(upper) * len(kinds) == 1:
        return groups, np.zeros(len(income), np.int16)
    bracket = np.searchsorted(limits, income, side="left")
    matches = birth_order[:, None] == orders[None, :]
    order = np.where(matches.any(axis=1), matches.argmax(axis=1), len(orders)) if len(orders) else 0
    return groups, ((bracket * len(kinds) + order) * len(lower)).astype(np.int16)


def groups_there(here: Groups, there: Groups) -> NDArray[np.int64]:
    """The group among fewer, coarser ones to which each group belongs, int64 (G,)."""
    upper, lower = np.unique(there.income_to), np.unique(there.from_months)
    orders = np.unique(there.birth_order[there.birth_order > 0])
    bracket = np.searchsorted(upper, here.income_to, side="left")
    matches = here.birth_order[:, None] == orders[None, :]
    order = np.where(matches.any(axis=1), matches.argmax(axis=1), len(orders)) if len(orders) else 0
    age = np.searchsorted(lower, here.from_months, side="right") - 1
    return np.asarray((bracket * (len(orders) + 1) + order) * len(lower) + age)


def ages_passed(families: Families, first: date, last: date, ages: tuple[int, ...]) -> tuple[slice, NDArray[np.int16]]:
    """Rows of the decision days of a stretch of one month, and how many of some ages each child has come to.

    Returns the rows, and int16 (rows,); ages : completed months, ascending.
    """
    rows = slice(int(families.slices[first.day - 1]), int(families.slices[last.day]))
    out = np.zeros(rows.stop - rows.start, np.int16)
    for ordinal in range(first.toordinal(), last.toordinal() + 1 if ages else 0):
        day = date.fromordinal(ordinal)
        low, high = (int(edge) for edge in families.slices[day.day - 1 : day.day + 1])
        cuts = np.array([dates.months_before(day, age) for age in ages], np.int64)
        out[low - rows.start : high - rows.start] = (families.birth[low:high, None] <= cuts).sum(axis=1)
    return rows, out


def in_force(instrument: Instrument, day: date) -> bool:
    """Return whether a day is within the instrument's window."""
    assert instrument.start is not None, "the window is filled in before the run"
    assert instrument.until is not None, "the window is filled in before the run"
    return instrument.start <= day <= instrument.until


@cache  # every arm asks for the same days
def months_on(day: date, months: int) -> tuple[date, ...]:
    """The day itself, and the days by which one, two and more months have passed, `months` of them."""
    return tuple(date.fromordinal(dates.months_before(day, -h)) for h in range(months))


def _net(posted: NDArray[np.float64], relief: Relief) -> NDArray[np.float64]:
    """Net fee after a relief, as the bill kernel computes it."""
    return posted - np.minimum(posted, np.minimum(relief.ceiling, relief.amount + relief.rate * posted))


def posted_fees(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    on: Sequence[bool],
    offered: Offered,
    own_fee: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Fees that institutions ask, (J, 3), from those they would: instruments that are `on` limit them, in order."""
    for instrument, columns, holds_now in zip(instruments, declared, on, strict=True):
        own_fee = instrument.posted_fee(own_fee, offered, columns) if holds_now else own_fee
    return own_fee


def _stages(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    today: Sequence[bool],
    offered: Offered,
    groups: Groups,
) -> list[tuple[int, Relief, int, int]]:
    """List the reliefs of a tariff: instrument, relief, row of its vouchers or -1, voucher tranches before it.

    Last comes what families forgo, as a relief below nothing: it is part of no bill, so no relief is a share of it.
    """
    stages, pools, tiers = [], 0, 0
    for q, (instrument, columns) in enumerate(zip(instruments, declared, strict=True)):
        relief = instrument.relief(offered, groups, columns)
        # vouchers in hand outlive their pool's window: only their face, not the window, decides
        if relief is not None and (relief.voucher or today[q]):
            stages.append((q, relief, pools if relief.voucher else NOBODY, tiers))
        pools += relief is not None and relief.voucher
        tiers += instrument.tiers()
    for q, instrument in enumerate(instruments):
        care = instrument.home_care(offered) if today[q] else None
        if care is not None:
            loses = care.reaches(groups)[:, None, None] & care.ends[None, None, :]
            nothing = np.zeros(loses.shape)
            less = Relief(rate=nothing, amount=np.where(loses, -care.yuan_per_month, 0.0), ceiling=nothing)
            stages.append((q, less, FORGONE, tiers))
    return stages


def write_tariff(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    spent_out: NDArray[np.bool_],
    offered: Offered,
    groups: Groups,
    own_fee: NDArray[np.float64],
    value: NDArray[np.float32],
    day: date,
    commitment: int,
) -> Tariff:
    """Write the tariff of a day.

    spent_out : bool (instruments,)  budgets that have run dry
    own_fee : float64 (J, 3)  what institutions would ask [yuan a month]
    value : float32 (4, J)  of the offers, by part
    commitment : months over which an entrant weighs what it would pay; a relief, or a cut of the posted fee,
        that ends within them counts for the months before
    """
    n, g = len(own_fee), len(groups.income_to)
    today = tuple(in_force(i, day) and not dry for i, dry in zip(instruments, spent_out, strict=True))
    stages = _stages(instruments, declared, today, offered, groups)
    later = _to_come(instruments, today, day, commitment)
    patterns = [today, *(on for on, _ in later)]
    posted = np.empty((len(patterns), 3, n))
    for p, on in enumerate(patterns):
        posted[p] = posted_fees(instruments, declared, on, offered, own_fee).T
    relieves = np.array([[voucher < 0 and on[q] for q, _, voucher, _ in stages] for on in patterns], bool)
    relieved = np.zeros((3, len(stages), g, 3, n))
    for s, (_, relief, _, _) in enumerate(stages):
        relieved[RATE, s], relieved[AMOUNT, s], relieved[CEILING, s] = relief.rate, relief.amount, relief.ceiling
    terms = np.array([(voucher, q, tier) for q, _, voucher, tier in stages], np.int16).reshape(-1, 3)
    prices, bounds = np.empty((3, g, 3, n), np.float32), np.empty((3, len(value)), np.float32)
    weights = np.array([0.0, *(weight for _, weight in later)])
    supply.write_prices(posted, relieves.reshape(len(patterns), -1), weights, relieved, value, prices, bounds)
    return Tariff(
        prices=prices.reshape(3, -1),
        bounds=bounds,
        posted=posted[0],
        stages=relieved,
        terms=np.ascontiguousarray(terms.T),
        commitment=float(commitment),
    )


def bills_relieved(relief: Relief, rows: slice, ages: Ages, groups: Groups, inputs: ChoiceInputs) -> int:
    """Count the enrolled of some rows who have a bill of whose posted fee the relief takes a fen or more."""
    at = inputs.children.at[rows]
    here = at != NOBODY
    born, j, group = inputs.birth[rows][here], at[here], inputs.children.group[rows][here]
    band = (born <= ages.toddler).astype(np.int64) + (born <= ages.older)
    posted = inputs.tariff.posted
    net = np.broadcast_to(_net(posted, relief), (len(groups.income_to), *posted.shape))
    return int((np.rint(100 * net[group, band, j]) < np.rint(100 * posted[band, j])).sum())


def _to_come(
    instruments: Sequence[Instrument], today: tuple[bool, ...], day: date, commitment: int
) -> list[tuple[tuple[bool, ...], float]]:
    """List what will be in force, other than today, in the months an entrant commits to, each with its share of them.

    What is in force today ends with its window; nobody foresees what has not begun.
    """
    days = months_on(day, commitment)
    patterns = [tuple(on and in_force(i, d) for i, on in zip(instruments, today, strict=True)) for d in days]
    return [(on, patterns.count(on) / commitment) for on in sorted(set(patterns) - {today})]
