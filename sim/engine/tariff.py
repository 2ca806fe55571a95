"""The tariff: what each family group would pay at each offer, from the instruments in force."""

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
    day: date,
    spent_out: NDArray[np.bool_],
    offered: Offered,
    grouping: Grouping,
) -> list[tuple[int, Relief, int, int]]:
    """List the reliefs of a tariff: instrument, relief, row of its vouchers or -1, voucher tranches before it.

    Those are left out of which nothing holds today, and nothing within the months that anybody looks ahead.

    Last comes what families forgo, as a relief below nothing: it is part of no bill, so no relief is a share of it.
    """
    stages, pools, tiers = [], 0, 0
    days = months_on(day, LONGEST)
    matters = [not dry and any(in_force(i, d) for d in days) for i, dry in zip(instruments, spent_out, strict=True)]
    for q, (instrument, columns) in enumerate(zip(instruments, declared, strict=True)):
        relief = instrument.relief(offered, grouping.seen_by(q), columns)
        # vouchers in hand outlive their pool's window: only their face, not the window, decides
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
    """From when, and how far, families look.

    day : from which on
    own_from : place in the chain of the policy's first own instrument; what stands in the city before that is known
        to everybody
    announced : whether the first of the policy's own instruments has begun, with which it is announced whole
    thirds : months that a third of families each look ahead
    terms : int64 (J,)  months that institutions ask to be paid for in advance
    prolonged : chance that a programme goes on, as it is on its last day, when it was announced to end
    deferral : how much counts of what entering before a round costs that new families win first, 0 to 1
    coming : whether the rounds of a month come before its bill: institutions ask what families will face in the months
        to come, whatever day they decide on; else those of a month come after this month's bill
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

    spent_out : bool (instruments,)  budgets that have run dry
    own_fee : float64 (J, 3)  what institutions would ask [yuan a month]
    limited : whether instruments limit what they ask; if not, `own_fee` is asked in every month
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
    """Months over which an entrant weighs what it pays, by horizon of its group and institution, int64 (C, J).

    As long as it takes a child to settle or as it has paid for, whichever is longer, but no longer than to
    kindergarten.
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
    """Months to the 1 September after a day."""
    return dates.month_of(dates.next_school_year(day)) - dates.month_of(day)


def _deferral(groups: Groups, outlook: Outlook) -> NDArray[np.float64]:
    """Share that counts, by family group, of what entering before the next round costs; none of who leaves by then."""
    gone = groups.leaves & (_months_to_school(outlook.day) == 1)
    return np.where(gone, 0.0, outlook.deferral)


def _prospects(
    instruments: Sequence[Instrument],
    declared: Sequence[Columns],
    stages: Sequence[tuple[int, Relief, int, int]],
    groups: Groups,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.bool_]]:
    """Face, odds and cost of coming vouchers by stage and family group, each float64 (3, S, G, 3); whether only once.

    First as families that are enrolled at the round expect them, then as the others do.
    """
    expects, once = np.zeros((3, len(stages), len(groups.income_to), 3)), np.zeros(len(stages), np.bool_)
    new = expects.copy()
    for s, (q, _, voucher, _) in enumerate(stages):
        ahead = instruments[q].prospects(groups, declared[q]) if voucher >= 0 else None
        if ahead is not None:
            may = (groups.may_win >> voucher) % 2 == 1
            expects[:, s] = ahead.face, np.where(may[:, None], ahead.odds, 0.0), ahead.cost
            # whoever may win but once keeps its later chances by entering: then no odds are parted
            odds_new = ahead.odds if ahead.once else ahead.odds_new
            new[:, s] = ahead.face, np.where(may[:, None], odds_new, 0.0), ahead.cost
            once[s] = ahead.once
    return expects, new, once


def _alike(
    grouping: Grouping, calendar: "_Calendar", rounds: bool, expects: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Of each outlook the first that expects the same, int64 (O,), and whether it looks ahead, bool (O,).

    rounds : whether vouchers of rounds to come count in any month; expects : as `_prospects` says
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
    """Months to come as families expect them: kinds of month, by what holds in each, and which of them come when.

    asked : what is in force in the months in which fees differ
    kinds : place among these of what fees are asked by; what relieves; and of each pool of which a round comes before
        the bill, by its place in the chain, how many came before that
    later : int16 (2, M, 2), weight : float64 (2, M, 2)  as `supply.write_prices` has them
    """

    asked: list[tuple[bool, ...]]
    kinds: list[tuple[int, tuple[bool, ...], dict[int, int]]]
    later: NDArray[np.int16]
    weight: NDArray[np.float64]

    @classmethod
    def of(cls, months: int) -> "_Calendar":
        """Nothing yet but that each month after this one is like this one."""
        weight = np.zeros((2, months, 2))
        weight[:, :, 0] = 1.0
        return cls([], [], np.zeros((2, months, 2), np.int16), weight)

    def kind(self, asked: tuple[bool, ...], relieving: tuple[bool, ...], rounds: dict[int, int]) -> int:
        """The number of a kind of month; found anew where it has none yet."""
        if asked not in self.asked:
            self.asked.append(asked)
        found = self.asked.index(asked), relieving, rounds
        if found not in self.kinds:
            self.kinds.append(found)
        return self.kinds.index(found)


def _calendar(instruments: Sequence[Instrument], spent_out: NDArray[np.bool_], outlook: Outlook) -> _Calendar:
    """The months to come as those who look ahead expect them, and as the others do.

    A policy is announced whole, with the first of it that holds. Who looks ahead expects every instrument of it while
    its window lasts, and every round of vouchers; past the policy's last day it goes on as on that day, by chance. Who
    does not counts on this month, and further only on what has no last day; fees are taken to be asked as today. What
    stands in the city without the policy everybody expects by its windows.
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
    """The day by which a month later it is the day."""
    return date.fromordinal(dates.months_before(day, 1))


def bills_relieved(relief: Relief, rows: slice, ages: Ages, groups: Groups, inputs: ChoiceInputs) -> int:
    """Count the enrolled of some rows who have a bill of whose posted fee the relief takes a fen or more.

    groups : those that are billed apart
    """
    at = inputs.children.at[rows]
    here = at != NOBODY
    born, j = inputs.birth[rows][here], at[here]
    group = inputs.children.group[rows][here] % len(groups.income_to)
    band = (born <= ages.toddler).astype(np.int64) + (born <= ages.older)
    posted = inputs.tariff.posted
    net = np.broadcast_to(_net(posted, relief), (len(groups.income_to), *posted.shape))
    return int((np.rint(100 * net[group, band, j]) < np.rint(100 * posted[band, j])).sum())
