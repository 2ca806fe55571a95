"""The tariff: each household group's price of each offer, given the instruments in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.groups import LONGEST, Grouping
from sim.kernels import supply
from sim.kernels.columns import AMOUNT, CEILING, FORGONE, NOBODY, RATE, Ages, ChoiceInputs, Tariff
from sim.policy.instrument import FOREVER, Columns, Groups, Instrument, Offered, Relief


def in_force(instrument: Instrument, day: date) -> bool:
    """Return True if a day is within the instrument's window."""
    assert instrument.start is not None, "the window is filled in before the run"
    assert instrument.until is not None, "the window is filled in before the run"
    return instrument.start <= day <= instrument.until


@cache  # every policy asks for the same days
def months_on(day: date, months: int) -> tuple[date, ...]:
    """Return the day itself and the days one, two and more months later, `months` of them."""
    return tuple(date.fromordinal(dates.months_before(day, -h)) for h in range(months))


def _net(posted: NDArray[np.float64], relief: Relief) -> NDArray[np.float64]:
    """Return the net fee after a relief, computed as in the bill kernel."""
    return posted - np.minimum(posted, np.minimum(relief.ceiling, relief.amount + relief.rate * posted))


def posted_fees(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    on: Sequence[bool],
    offered: Offered,
    own_fee: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return posted fees, (J, 3), from institutions' own fees: instruments that are `on` limit them, in order."""
    for instrument, columns, holds_now in zip(instruments, declared, on, strict=True):
        own_fee = instrument.posted_fee(own_fee, offered, columns) if holds_now else own_fee
    return own_fee


def _stages(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    day: date,
    spent_out: NDArray[np.bool_],
    offered: Offered,
    grouping: Grouping,
) -> list[tuple[int, Relief, int, int]]:
    """List the reliefs of a tariff: instrument, relief, row of its vouchers or -1, voucher tranches before it.

    Reliefs out of force both today and within any household's horizon are left out.

    Allowances forgone come last, as negative relief: they are part of no bill, so no relief applies to them.
    """
    stages, pools, tiers = [], 0, 0
    days = months_on(day, LONGEST)
    matters = [not dry and any(in_force(i, d) for d in days) for i, dry in zip(instruments, spent_out, strict=True)]
    for q, (instrument, columns) in enumerate(zip(instruments, declared, strict=True)):
        relief = instrument.relief(offered, grouping.seen_by(q), columns)
        # vouchers outlive their pool's window: their face alone decides, not the window
        if relief is not None and (relief.voucher or matters[q]):
            stages.append((q, relief, pools if relief.voucher else NOBODY, tiers))
        pools += relief is not None and relief.voucher
        tiers += instrument.tiers()
    for q, instrument in enumerate(instruments):
        care = instrument.home_care(offered) if matters[q] else None
        if care is not None:
            loses = care.reaches(grouping.billed_groups)[:, None, None] & care.ends[None, None, :]
            nothing = np.zeros(loses.shape)
            less = Relief(rate=nothing, amount=np.where(loses, -care.yuan_per_month, 0.0), ceiling=nothing)
            stages.append((q, less, FORGONE, tiers))
    return stages


@dataclass(frozen=True)
class Outlook:
    """Households' horizon and expectations as of a day.

    day : first day of the horizon
    own_from : place in the chain of the policy's first own instrument; all households know the standing ones before it
    announced : the policy has begun and is therefore announced in full
    thirds : horizon of each third of households [months]
    terms : int64 (J,)  months of fees due in advance
    prolonged : probability that an instrument continues unchanged past its announced end
    deferral : weight of the priority of new households in a round, forgone by entering before it, 0 to 1
    coming : a month's rounds precede its bill, as in surveys of coming months, independent of the decision day;
        otherwise they follow this month's bill
    """

    day: date
    own_from: int
    announced: bool
    thirds: tuple[int, ...]
    terms: NDArray[np.int64]
    prolonged: float
    deferral: float = 0.0
    coming: bool = False


def write_tariff(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    spent_out: NDArray[np.bool_],
    offered: Offered,
    grouping: Grouping,
    own_fee: NDArray[np.float64],
    value: NDArray[np.float32],
    outlook: Outlook,
    limited: bool = True,
) -> Tariff:
    """Write the tariff of a day.

    spent_out : bool (instruments,)  exhausted budgets
    own_fee : float64 (J, 3)  institutions' own fees [yuan a month]
    limited : instruments limit own fees; if not, `own_fee` is posted in every month
    value : float32 (4, J)  of the offers, by part
    """
    groups, n, g = grouping.groups, len(own_fee), grouping.size
    stages = _stages(instruments, declared, outlook.day, spent_out, offered, grouping)
    calendar = _calendar(instruments, spent_out, outlook)
    asked = [posted_fees(instruments, declared, on, offered, own_fee) if limited else own_fee for on in calendar.asked]
    posted = np.stack([fees.T for fees in asked])
    relieved = np.empty((3, len(stages), grouping.billed, 3, n))
    for s, (_, relief, _, _) in enumerate(stages):
        relieved[RATE, s], relieved[AMOUNT, s], relieved[CEILING, s] = relief.rate, relief.amount, relief.ceiling
    terms = np.array([(voucher, q, tier) for q, _, voucher, tier in stages], np.int16).reshape(-1, 3)
    today = [voucher >= 0 or calendar.kinds[0][1][q] for q, _, voucher, _ in stages]
    patterns = np.zeros((len(calendar.kinds), 1 + len(stages)), np.int16)
    for p, (row, relieving, rounds) in enumerate(calendar.kinds):
        patterns[p, 0] = row
        for s, (q, _, voucher, _) in enumerate(stages):
            patterns[p, 1 + s] = 2 + rounds[q] if voucher >= 0 and q in rounds else voucher < 0 and relieving[q]
    expects, new, once = _prospects(instruments, declared, stages, groups)
    horizon = _horizons(grouping, outlook)
    prices, bounds = np.empty((3, g, 3, n), np.float32), np.empty((3, len(value)), np.float32)
    spread = np.empty((3, g, 3, n))
    alike, foresees = _alike(grouping, calendar, bool((patterns[:, 1:] > 1).any()), expects)
    supply.write_prices(
        posted, patterns, calendar.later, calendar.weight, horizon, alike, foresees, relieved, expects, once, value,
        prices, spread, bounds,
    )  # fmt: skip
    bare = prices
    if (expects != new).any():
        waits = _deferral(groups, outlook)
        bare = prices.copy() if waits.any() else prices
        supply.part_entrants(
            posted, patterns, calendar.later, calendar.weight, groups.foresees, relieved, expects, new, once, waits,
            spread, bare, prices, bounds,
        )  # fmt: skip
    return Tariff(
        prices=prices.reshape(3, -1),
        bounds=bounds,
        posted=posted[0],
        stages=np.ascontiguousarray(relieved[:, today]),
        terms=np.ascontiguousarray(terms[today].T),
        spread=spread.reshape(3, -1),
        commitment=horizon.min(axis=1, initial=LONGEST)[grouping.classes_of_groups].astype(np.float64),
        bare=bare.reshape(3, -1),
    )


def _horizons(grouping: Grouping, outlook: Outlook) -> NDArray[np.int64]:
    """Return the months over which an entrant averages payments, by horizon and institution, int64 (horizons, J).

    The longer of the child's settling period and the prepaid term, but no longer than to kindergarten.
    """
    if grouping.classes == 1:
        return np.ones((1, len(outlook.terms)), np.int64)
    september = _months_to_school(outlook.day)
    rows = []
    for settles in grouping.thirds:
        for until in (LONGEST, september):
            rows.append(np.minimum(np.maximum(outlook.terms, settles), until))
    return np.stack(rows).astype(np.int64)


def _months_to_school(day: date) -> int:
    """Return the months to the 1 September after a day."""
    return dates.month_of(dates.next_school_year(day)) - dates.month_of(day)


def _deferral(groups: Groups, outlook: Outlook) -> NDArray[np.float64]:
    """Return the weight of losing priority in the next round by entering, by group; 0 for children leaving by then."""
    gone = groups.leaves & (_months_to_school(outlook.day) == 1)
    return np.where(gone, 0.0, outlook.deferral)


def _prospects(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    stages: Sequence[tuple[int, Relief, int, int]],
    groups: Groups,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Return expected face, odds and cost of coming vouchers, float64 (3, S, G, 3), twice; and once-only pools.

    By stage and group, first as expected by households enrolled at the round, then as expected by others; bool (S,) for
    pools issuing once per child.
    """
    expects, once = np.zeros((3, len(stages), len(groups.income_to), 3)), np.zeros(len(stages), np.bool_)
    new = expects.copy()
    for s, (q, _, voucher, _) in enumerate(stages):
        ahead = instruments[q].prospects(groups, declared[q]) if voucher >= 0 else None
        if ahead is not None:
            may = (groups.may_win >> voucher) % 2 == 1
            expects[:, s] = ahead.face, np.where(may[:, None], ahead.odds, 0.0), ahead.cost
            # a child limited to one voucher keeps its later odds by entering: no difference in odds
            odds_new = ahead.odds if ahead.once else ahead.odds_new
            new[:, s] = ahead.face, np.where(may[:, None], odds_new, 0.0), ahead.cost
            once[s] = ahead.once
    return expects, new, once


def _alike(
    grouping: Grouping, calendar: "_Calendar", rounds: bool, expects: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return the first outlook with the same expectations for each, int64 (O,), and its foresight, bool (O,).

    rounds : vouchers of coming rounds count in some month; expects : from `_prospects`
    """
    size = grouping.classes * grouping.billed
    foresees = grouping.groups.foresees[::size]
    differ = not (np.array_equal(*calendar.later) and np.array_equal(*calendar.weight))
    first: dict[tuple[bool, bytes], int] = {}
    out = np.empty(grouping.outlooks, np.int64)
    for o, ahead in enumerate(foresees.tolist()):
        at = o * size  # the horizons of an outlook expect the same vouchers
        vouchers = expects[:, :, at : at + grouping.billed].tobytes() if rounds else b""
        out[o] = first.setdefault((ahead and differ, vouchers), o)
    return out, foresees


@dataclass
class _Calendar:
    """Expected months to come: kinds of month by the instruments in force, and the months of each kind.

    asked : instruments in force on fees, one entry per distinct schedule of posted fees
    kinds : entry in `asked`; instruments giving relief; and, for each pool with a round before the bill, by place in
        the chain, the number of rounds before that one
    later : int16 (2, M, 2), weight : float64 (2, M, 2)  as in `supply.write_prices`
    """

    asked: list[tuple[bool, ...]]
    kinds: list[tuple[int, tuple[bool, ...], dict[int, int]]]
    later: NDArray[np.int16]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, months: int) -> "_Calendar":
        """Return a calendar with each of the months to come like the present one."""
        weight = np.zeros((2, months, 2))
        weight[:, :, 0] = 1.0
        return cls([], [], np.zeros((2, months, 2), np.int16), weight)

    def kind(self, asked: tuple[bool, ...], relieving: tuple[bool, ...], rounds: dict[int, int]) -> int:
        """Return the number of a kind of month; a new kind is appended."""
        if asked not in self.asked:
            self.asked.append(asked)
        found = self.asked.index(asked), relieving, rounds
        if found not in self.kinds:
            self.kinds.append(found)
        return self.kinds.index(found)


def _calendar(instruments: Sequence[Instrument], spent_out: NDArray[np.bool_], outlook: Outlook) -> _Calendar:
    """Return the months to come as expected by households with foresight, and by the others.

    A policy is announced in full when its first instrument begins. Households with foresight expect every instrument
    during its window and every voucher round; after the policy's last day it continues as on that day with probability
    `prolonged`. Other households count on the present month, and beyond it only on instruments without a last day; they
    expect fees as posted today. All households expect standing instruments by their windows.
    """
    own_from, chain = outlook.own_from, range(len(instruments))
    last = max((i.until or FOREVER for i in instruments[own_from:]), default=FOREVER)
    drawn = {q: instruments[q].round_days() for q in chain if instruments[q].tiers() > 0}

    def on(day: date) -> tuple[bool, ...]:
        known = (q < own_from or outlook.announced for q in chain)
        return tuple(
            may and in_force(i, day) and not dry for may, i, dry in zip(known, instruments, spent_out, strict=True)
        )

    def rounds(after: date, to: date, so_far: dict[int, int]) -> dict[int, int]:
        return {
            q: so_far[q]
            for q, days in drawn.items()
            if any(after < d <= to for d in days) and (q < own_from or outlook.announced)
        }

    today, none_yet = on(outlook.day), dict.fromkeys(drawn, 0)
    lasts = tuple(now and instruments[q].until == FOREVER for q, now in enumerate(today))
    calendar, so_far = _Calendar.of(LONGEST - 1), dict(none_yet)
    days, eve = months_on(outlook.day, LONGEST + 1), timedelta(days=1)
    first = rounds(days[0] - eve, days[1] - eve, none_yet) if outlook.coming else {}
    calendar.kind(today, today, first)
    so_far |= dict.fromkeys(first, 1)
    for h, (before, day, after) in enumerate(zip(days, days[1:], days[2:], strict=False)):
        announced = on(day)
        drawn_then = rounds(day - eve, after - eve, so_far) if outlook.coming else rounds(before, day, so_far)
        own_today, own_lasting = (announced[:own_from] + own[own_from:] for own in (today, lasts))
        standing = {q: n for q, n in drawn_then.items() if q < own_from}
        calendar.later[0, h, 0] = calendar.kind(own_today, own_lasting, standing)
        calendar.later[1, h, 0] = calendar.kind(announced, announced, drawn_then)
        if outlook.day <= last < day and outlook.prolonged > 0:
            goes_on = announced[:own_from] + on(last)[own_from:]
            drawn_then = drawn_then | rounds(_a_month_before(last), last, so_far)
            calendar.later[1, h, 1] = calendar.kind(goes_on, goes_on, drawn_then)
            calendar.weight[1, h] = 1 - outlook.prolonged, outlook.prolonged
        so_far |= {q: n + 1 for q, n in drawn_then.items()}
    return calendar


def _a_month_before(day: date) -> date:
    """Return the day one month before a day."""
    return date.fromordinal(dates.months_before(day, 1))


def bills_relieved(relief: Relief, rows: slice, ages: Ages, groups: Groups, inputs: ChoiceInputs) -> int:
    """Count the enrolled of some rows with relief of at least one fen on the posted fee.

    groups : the billed groups
    """
    at = inputs.children.at[rows]
    here = at != NOBODY
    born, j = inputs.birth[rows][here], at[here]
    group = inputs.children.group[rows][here] % len(groups.income_to)
    band = (born <= ages.toddler).astype(np.int64) + (born <= ages.older)
    posted = inputs.tariff.posted
    net = np.broadcast_to(_net(posted, relief), (len(groups.income_to), *posted.shape))
    return int((np.rint(100 * net[group, band, j]) < np.rint(100 * posted[band, j])).sum())
