"""Decision days: the families whose day it is decide, and those enrolled are billed."""

from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.city import RunningCity
from sim.engine.counterfactual import faced_by
from sim.engine.phases.sensitivity import rewrite_at_thresholds
from sim.engine.replication_cache import ages_on
from sim.engine.tariff import bills_relieved, in_force
from sim.kernels import bills
from sim.kernels.day import decide
from sim.kernels.welfare import Faced


def decide_and_bill(city: RunningCity, day: date) -> None:
    """Let the day's families look again, choose, be seated and billed; then count what they gain on the baseline."""
    state, cache, ages, row = city.state, city.cache, ages_on(day), city.row(day)
    edges = cache.edges(day)
    rewrite_at_thresholds(city, day)
    payers = city.payments.payers
    full, before = state.left > 0, payers.accounts.copy()
    cache.renew(day, row, state.children)
    if not city.fees_noted:
        state.chronicle.note_fees(day.toordinal(), city.scene.tariff.posted)
        city.fees_noted = True
    counts = city.counterfactual.counts(day)
    faced = faced_by(city.scene, edges) if counts else None
    decide(
        edges, day.toordinal(), (dates.month_of(day), row), cache.luck, ages, city.scene, payers, city.month.log,
        city.month.flows, cache.room,
    )  # fmt: skip
    state.chronicle.count(row, "decisions", int(edges[-1] - edges[0]))
    today = payers.accounts - before
    _count_turned_away(city, day, edges, today[bills.CASES])
    spent = full & (state.left <= 0)
    if spent.any():
        state.chronicle.dry_day[spent] = day.toordinal()
        city.write_tariff(day)
    if faced is not None:
        _value(city, day, edges, faced, today[:, spent & payers.own])


def _value(city: RunningCity, day: date, edges: NDArray[np.int64], faced: Faced, spent: NDArray[np.int64]) -> None:
    """Note what families faced today, or what they gain by it on the baseline.

    Where the last of a budget was spent, they gain that part of what it promised which it paid.
    spent : int64 (4, instruments)  the day's accounts of the policy's own that ran dry
    """
    counterfactual, groups = city.counterfactual, len(city.month.gains)
    if city.is_baseline:
        counterfactual.note(day, edges, faced)
        return
    gains = counterfactual.gains(day, edges, faced, city.scene, groups)
    short = int(spent[bills.SHORT].sum())
    if short > 0:
        paid = int(spent[bills.CLAIMS].sum())
        without = faced._replace(tariff=city.scene.tariff)
        rest = counterfactual.gains(day, edges, without, city.scene, groups)
        gains = rest + np.rint((gains - rest) * (paid / (paid + short))).astype(np.int64)
    city.month.gains += gains


def _count_turned_away(city: RunningCity, day: date, edges: NDArray[np.int64], cases: NDArray[np.int64]) -> None:
    """Count the day's bills that instruments would have paid a part of, had their budgets lasted.

    Only of those that relieve families: whom else the others would have paid for hangs on months and quotas that
    they did not use either.
    cases : int64 (instruments,)  claims of the day
    """
    state = city.state
    for q in np.flatnonzero(state.left <= 0):
        relief = city.instruments[q].relief(city.programme.offered(day), city.groups, state.declared[q])
        if relief is not None and not relief.voucher and in_force(city.instruments[q], day):
            rows = slice(int(edges[0]), int(edges[-1]))
            would = bills_relieved(relief, rows, ages_on(day), city.groups, city.scene)
            state.chronicle.turned_away[city.row(day), q] += would - cases[q]
