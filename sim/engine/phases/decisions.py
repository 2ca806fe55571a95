"""Decision days: the day's households choose, and the enrolled are billed."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.engine.city import RunningCity
from sim.engine.replication_cache import ages_on
from sim.engine.tariff import bills_relieved, in_force
from sim.kernels import bills
from sim.kernels.day import Mode, run_days
from sim.kernels.passing import Month, Reach, reach_of
from sim.kernels.welfare import Faced, add_gains


def decide_and_bill(city: RunningCity, day: date, until: date | None = None) -> None:
    """Let each day's households renew circumstances, choose, be seated and billed; then count gains on the baseline.

    until : last of several days of a month without another phase in between; the day itself if left out
    """
    last = until or day
    while day <= last:
        done = _run_stretch(city, day, _end_of_stretch(city, day, last))
        day = date.fromordinal(day.toordinal() + done)


def _end_of_stretch(city: RunningCity, day: date, last: date) -> date:
    """Return the last day of a stretch with constant terms; a day with bills turned away is a stretch of its own."""
    if _turns_away(city, day):
        return day
    return last if city.is_baseline or not city.log.keeps(day) else city.log.last_alike(day, last)


def _run_stretch(city: RunningCity, first: date, last: date) -> int:
    """Run some days at once, stopping when a budget is exhausted; return the number of days run."""
    state, cache, log, row = city.state, city.cache, city.log, city.row(first)
    days = cache.days(first, last, city.active.cash(first), city.cash_ages, city.grouping.ages[1:])
    if not city.fees_noted:
        state.chronicle.note_fees(first.toordinal(), city.inputs.tariff.posted)
        city.fees_noted = True
    noted = log.keeps(first)
    mode = Mode(
        notes=noted and city.is_baseline,
        passes=noted and not city.is_baseline and city.passes,
        cash=any(i.cash() for i in city.instruments[city.own_from :]),
        gains=not city.is_baseline and log.counts_gains(first),
    )
    month, free, there, reach = _beside_the_baseline(city, first, noted)
    full = state.instruments.left > 0
    done, spent_out = run_days(
        days, mode, cache.luck, city.inputs, city.payments.payers, city.month.log, city.month.flows, month, there, free,
        reach, city.work, city.month.gains,
    )  # fmt: skip
    if mode.notes:
        log.note([date.fromordinal(first.toordinal() + d) for d in range(done)], city.inputs)
    decided = int((days.edges[:done, -1] - days.edges[:done, 0]).sum())
    state.chronicle.count(row, "decisions", decided)
    if not mode.passes:
        city.work.weighed[0] += decided
    city.payments.home_care.note(first, int(done), row)
    end = date.fromordinal(first.toordinal() + done - 1)
    today = city.payments.payers.accounts - city.work.before
    _count_turned_away(city, end, days.edges[done - 1], today[bills.CASES])
    if spent_out:
        _spend_out(city, end, full & (state.instruments.left <= 0), today, mode.gains)
    return int(done)


def _beside_the_baseline(city: RunningCity, day: date, noted: bool) -> tuple[Month, NDArray[np.bool_], Faced, Reach]:
    """Return the baseline's notes and free seats from a day on, its terms, and the policy's reach."""
    inputs, log = city.inputs, city.log
    if not noted:
        return city.nothing
    if city.is_baseline:
        month, free = log.begin(day, city.state, city.marked)
        return month, free[day.day - 1 :], city.nothing[2], city.nothing[3]
    month, free, terms = log.on(day)
    reach = city.nothing[3]
    if city.passes:
        reach = reach_of(
            inputs.tariff, inputs.offers.value, terms.tariff, terms.value, city.group_there,
            bool(log.grouping.pools or log.grouping.lots), city.cache.exposed_to,
        )  # fmt: skip
    return month, free[day.day - 1 :], log.faced(day, inputs.offers.value), reach


def _spend_out(city: RunningCity, day: date, spent: NDArray[np.bool_], today: NDArray[np.int64], gains: bool) -> None:
    """Rewrite the tariff without the instruments exhausted today, and count the day's gains.

    Households gain the paid fraction of the relief promised from such a budget.
    spent : bool (instruments,); today : int64 (4, instruments)  the payers' accounts of the day
    """
    state, own = city.state, city.payments.payers.own
    at, face = _as_the_day_began(city, day)
    here = Faced(
        city.inputs.tariff, city.inputs.offers.value.copy(), city.work.free, state.children.group, at, face,
        state.children.at, city.work.sunk, city.work.last,
    )  # fmt: skip
    state.chronicle.sums.dry_day[spent] = day.toordinal()
    city.write_tariff(day)
    if not gains:
        return
    found = _gains(city, day, here)
    short, paid = (int(today[row, spent & own].sum()) for row in (bills.SHORT, bills.CLAIMS))
    if short > 0:
        rest = _gains(city, day, here._replace(tariff=city.inputs.tariff))
        found = rest + np.rint((found - rest) * (paid / (paid + short))).astype(np.int64)
    city.month.gains += found


def _as_the_day_began(city: RunningCity, day: date) -> tuple[NDArray[np.int16], NDArray[np.int32]]:
    """Return seats, int16 (n,), and vouchers, int32 (V, n) [fen], of the day's children at its beginning."""
    work, left = city.work, city.work.left
    if not (city.passes and city.log.keeps(day)):
        return work.at, work.face
    weighed = left.weighed[: left.weighed_at[-1]]
    at, face = city.state.children.at.copy(), city.state.vouchers.face.copy()
    at[weighed], face[:, weighed] = work.at[weighed], work.face[:, weighed]
    return at, face


def _gains(city: RunningCity, day: date, here: Faced) -> NDArray[np.int64]:
    """Return the gains from the policy of a day's households, none skipped, int64 (groups,) [fen]."""
    out = np.zeros_like(city.month.gains)
    there = city.log.faced(day, here.value)
    add_gains(city.cache.edges(day), ages_on(day), here, there, city.inputs, False, city.work.left, out)
    return out


def _turns_away(city: RunningCity, day: date) -> bool:
    """Return True if an instrument relieving bills is in force with its budget exhausted."""
    return bool(_turning_away(city, day))


def _turning_away(city: RunningCity, day: date) -> list[int]:
    """Return places in the chain of instruments in force relieving households, with exhausted budgets.

    Others are left out: their further payments depend on months and quotas, likewise left unused.
    """
    return [
        int(q)
        for q in np.flatnonzero(city.state.instruments.left <= 0)
        if in_force(city.instruments[q], day) and city.relief_of(int(q), day) is not None
    ]


def _count_turned_away(city: RunningCity, day: date, edges: NDArray[np.int64], cases: NDArray[np.int64]) -> None:
    """Count the day's bills left without relief for lack of budget.

    cases : int64 (instruments,)  claims of the day
    """
    for q in _turning_away(city, day):
        relief = city.relief_of(q, day)
        assert relief is not None, "an instrument that turns families away relieves them"
        rows = slice(int(edges[0]), int(edges[-1]))
        would = bills_relieved(relief, rows, ages_on(day), city.grouping.billed_groups, city.inputs)
        city.state.chronicle.sums.turned_away[city.row(day), q] += would - cases[q]
