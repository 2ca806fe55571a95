"""One city under one policy, moved through its months by SimPy's clock."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim import dates
from sim.engine import census, closure
from sim.engine.clock import Phase, instant, keep
from sim.engine.constants import Constants, ages_on
from sim.engine.counterfactual import Counterfactual, faced_by
from sim.engine.desk import VoucherDesk
from sim.engine.payments import Payments
from sim.engine.programme import Programme
from sim.engine.recorder import ROW
from sim.engine.state import SURVEYS, State, furnish
from sim.engine.tariff import bills_relieved, family_groups, in_force, write_tariff
from sim.kernels import bills, demand, places, prepayment
from sim.kernels.columns import NOBODY, Scene
from sim.kernels.day import decide
from sim.kernels.welfare import Faced
from sim.policy.instrument import Instrument, Say
from sim.policy.menu import kind_of
from sim.world.institutions import BANDS


class Simulation:
    """A state and the policy that moves it.

    instruments : the standing ones first, then the policy's own, windows filled in
    own_from : place in the chain of the policy's first own instrument
    start : the scenario's start, day 0 of the clock
    commitment : months over which an entrant weighs a one-off relief
    counterfactual : what the baseline offers: noted by the baseline, gained on by every policy
    """

    def __init__(
        self,
        constants: Constants,
        state: State,
        instruments: tuple[Instrument, ...],
        own_from: int,
        start: date,
        commitment: int,
        counterfactual: Counterfactual,
    ) -> None:
        self._constants, self.state, self._start = constants, state, start
        self._counterfactual, self._is_baseline = counterfactual, own_from == len(instruments)
        self._commitment = commitment
        self._world = constants.world
        families = self._world.families
        furnish(state, self._world, instruments)
        self._instruments = instruments
        self._groups, group = family_groups(instruments, families.income, families.birth_order)
        state.children.group[:] = group
        self._flows = np.zeros((bills.FLOWS, len(constants.groups.names)), np.int64)
        self._gains = np.zeros(len(constants.groups.names), np.int64)
        self._at, self._face = np.empty(len(families), np.int16), np.empty_like(state.vouchers.face)
        self._events = np.zeros(places.EVENTS, np.int64)
        self._lists = np.zeros((places.LISTS, BANDS), np.int64)
        self._room = np.empty(len(families), np.int32)
        self._log = _empty_log(len(families))
        self._programme = Programme(constants, state, instruments)
        self._payments = Payments(constants, self._programme, own_from, self._flows)
        payments = [cash for i in instruments for cash in i.cash()]
        self._cash_ages = sorted({age for cash in payments for age in (cash.from_months, cash.to_months)})
        self._write_tariff(dates.date_in(state.month))

    # -- what families face -------------------------------------------------------------------------

    def _write_tariff(self, day: date) -> None:
        """Ask every instrument what families and institutions face from this day on."""
        offered, state = self._programme.offered(day), self.state
        self._worth = self._programme.appeal(day, offered)
        state.offers.value[:] = self._constants.market.value(state, self._worth)
        tariff = write_tariff(
            self._instruments,
            state.declared,
            state.left <= 0,
            offered,
            self._groups,
            state.offers.fee,
            state.offers.value,
            day,
            self._commitment,
        )
        self._payments.write_income(offered, day)
        self._scene = Scene(
            birth=self._world.families.birth,
            candidate=self._world.candidate,
            fixed=self._world.fixed,
            outside=self._world.outside,
            lasting=self._constants.lasting,
            cells=self._constants.groups.cells,
            kind_cell=self._constants.groups.kind_cell,
            children=state.children,
            offers=state.offers,
            vouchers=state.vouchers,
            tariff=tariff,
            stickiness=np.float32(self._world.facts.families.stickiness),
            site=self._world.institutions.site,
            events=self._events,
            lists=self._lists,
        )
        self._fees_noted = False  # until somebody is billed by them

    def _write_all_alpha(self, day: date) -> None:
        """Rewrite everyone's price sensitivity, by the age each had on its last decision day before this day.

        So a rewrite on any day leaves alone whoever no payment begins or ends for.
        """
        slices, month, paid = self._world.families.slices, dates.month_of(day), self._programme.cash(day)
        for d in range(1, dates.DECISION_DAYS + 1):
            last = dates.date_in(month if d < day.day else month - 1, d)
            rows = slice(int(slices[d - 1]), int(slices[d]))
            self.state.children.alpha[rows] = self._constants.sensitivity(rows, last, paid)

    def _write_alpha_at_thresholds(self, day: date) -> None:
        """Rewrite the sensitivity of those who passed an age of a cash payment since their last decision day.

        Also of those too young to enrol: a voucher's round asks what it would be worth to them.
        """
        paid = self._programme.cash(day)
        for age in self._cash_ages:
            first, end = self._constants.crossing(day, age)
            if end > first:
                self.state.children.alpha[first:end] = self._constants.sensitivity_at(first, end, day, paid)

    # -- the day's phases ----------------------------------------------------------------------

    def _school_year(self, day: date) -> None:
        """1 September: those who turned three by 31 August leave for kindergarten."""
        first, last = dates.school_year_cut(day - timedelta(days=1)), dates.school_year_cut(day)
        birth = self._world.families.birth
        leavers = np.flatnonzero((birth > first) & (birth <= last)).astype(np.int32)
        none, today = np.zeros(0, np.int64), day.toordinal()
        gone = places.hand_over(leavers, places.AGED_OUT, none, today, ages_on(day), self._scene)
        self.state.chronicle.count(self._row(day), "exits", gone)

    def _month_start(self, day: date) -> None:
        """The first of a month: new classes open, fees reviewed last month hold, quotas are new."""
        if day.month == 1:
            self.state.months_paid[:] = 0
        self._payments.renew_quotas(day)
        market, month = self._constants.market, dates.month_of(day)
        before = self.state.offers.places.copy()
        seats, owners = market.open_classes(month, self.state)
        opened = int(((self.state.offers.places - before) // self._world.institutions.class_seats).sum())
        entrants = market.turnover.opening(month, month - dates.month_of(self._start), self.state)
        self._payments.pay_grants(self.state.offers.places - before, owners, day)
        self.state.chronicle.count(self._row(day), "openings", opened)
        self.state.chronicle.count(self._row(day), "institutions_opened", self._how_many(entrants))
        self._write_tariff(day)
        if len(seats):
            none, today = np.zeros(0, np.int32), day.toordinal()
            places.hand_over(none, NOBODY, seats, today, ages_on(day), self._scene)

    def _begin(self, q: int, day: date) -> None:
        """An instrument's first day; for one that began before the first simulated day, that day."""
        instrument, columns, market = self._instruments[q], self.state.declared[q], self.state.market
        self._programme.begin(q, self._programme.counted(day))
        self._payments.renew_quota(q, day)
        ready = dates.month_of(day) + 1 + instrument.months_to_build
        sites, classes = instrument.opens(columns), instrument.adds_classes(columns)
        if sites is not None:
            market.opening[sites] = ready
        if classes is not None:
            market.added_in[classes] = ready
        if self.state.left[q] <= 0:  # a budget of nothing
            self.state.chronicle.dry_day[q] = day.toordinal()

    def _speak(self, day: date) -> None:
        """The first day of an instrument, or the day after its last."""
        for q, instrument in enumerate(self._instruments):
            if instrument.start == day:
                self._begin(q, day)
        turned = [i for i in self._instruments if day in (i.start, _day_after(i.until))]
        if any(i.cash() for i in turned):
            self._write_all_alpha(day)
        self._write_tariff(day)

    def _moment(self, q: int, say: Say, day: date) -> None:
        """A voucher pool's round or expiry."""
        pools = [n for n, i in enumerate(self._instruments) if i.tiers() > 0]
        desk = VoucherDesk(
            world=self._world,
            scene=self._scene,
            chronicle=self.state.chronicle,
            ages=ages_on(day),
            today=day,
            row=self._row(day),
            pool=pools.index(q),
            first_tier=sum(i.tiers() for i in self._instruments[:q]),
            name=f"{kind_of(self._instruments[q])} {sum(p < q for p in pools)}",
            drawn=self._constants.drawn,
            found=self._constants.eligible,
            told=self._programme.told(day),
        )
        say(desk, self.state.declared[q])

    def _decide(self, day: date) -> None:
        """The families whose day it is decide, then those enrolled are billed."""
        state, ages, row = self.state, ages_on(day), self._row(day)
        edges = self._constants.edges(day)
        self._write_alpha_at_thresholds(day)
        payers = self._payments.payers
        full, before = state.left > 0, payers.accounts.copy()
        self._constants.renew(day, row, state.children)
        if not self._fees_noted:
            state.chronicle.note_fees(day.toordinal(), self._scene.tariff.posted)
            self._fees_noted = True
        counts = self._counterfactual.counts(day)
        faced = faced_by(self._scene, edges, self._at, self._face) if counts else None
        decide(
            edges, day.toordinal(), (dates.month_of(day), row), self._constants.luck, ages, self._scene, payers,
            self._log, self._flows, self._room,
        )  # fmt: skip
        state.chronicle.count(row, "decisions", int(edges[-1] - edges[0]))
        today = payers.accounts - before
        self._turn_away(day, edges, today[bills.CASES])
        spent = full & (state.left <= 0)
        if spent.any():
            state.chronicle.dry_day[spent] = day.toordinal()
            self._write_tariff(day)
        if faced is not None:
            self._value(day, edges, faced, today[:, spent & payers.own])

    def _value(self, day: date, edges: NDArray[np.int64], faced: Faced, spent: NDArray[np.int64]) -> None:
        """Note what families faced today, or what they gain by it on the baseline.

        Where the last of a budget was spent, they gain that part of what it promised which it paid.
        spent : int64 (4, instruments)  the day's accounts of the policy's own that ran dry
        """
        if self._is_baseline:
            self._counterfactual.note(day, edges, faced)
            return
        groups = len(self._gains)
        gains = self._counterfactual.gains(day, edges, faced, self._scene, groups)
        short = int(spent[bills.SHORT].sum())
        if short > 0:
            paid = int(spent[bills.CLAIMS].sum())
            without = faced._replace(tariff=self._scene.tariff)
            rest = self._counterfactual.gains(day, edges, without, self._scene, groups)
            gains = rest + np.rint((gains - rest) * (paid / (paid + short))).astype(np.int64)
        self._gains += gains

    def _turn_away(self, day: date, edges: NDArray[np.int64], cases: NDArray[np.int64]) -> None:
        """Count the day's bills that instruments would have paid a part of, had their budgets lasted.

        Only of those that relieve families: whom else the others would have paid for hangs on months and quotas that
        they did not use either.
        cases : int64 (instruments,)  claims of the day
        """
        for q in np.flatnonzero(self.state.left <= 0):
            relief = self._instruments[q].relief(self._programme.offered(day), self._groups, self.state.declared[q])
            if relief is not None and not relief.voucher and in_force(self._instruments[q], day):
                rows = slice(int(edges[0]), int(edges[-1]))
                would = bills_relieved(relief, rows, ages_on(day), self._groups, self._scene)
                self.state.chronicle.turned_away[self._row(day), q] += would - cases[q]

    def _review(self, day: date) -> None:
        """Institutions hear of families, review, give up or are planned.

        What they usually fill is known from the last month before the start on; before it none comes or goes.
        """
        market, month, row = self._constants.market, dates.month_of(day), self._row(day)
        if market.asks_demand:
            self._survey(day, month % SURVEYS)
        posted, income = self._scene.tariff.posted.T, self._programme.income_per_child(day)
        if month >= dates.month_of(self._start) - 1 and np.isnan(self.state.market.norm).all():
            market.settle(posted, income, self.state)
        if month >= dates.month_of(self._start):
            market.plan_entry(month, self._programme.asked(day), self._programme.support(day), self.state)
            failing = market.turnover.failing(self.state)
            if len(failing):
                self._close(failing, day)  # before fees move: those reviewed today hold from tomorrow
            self._weigh_scheme(day, posted)
        asked, support = self._programme.asked(day), self._programme.support(day)
        given_up = market.review(month, asked, income, support, self.state)
        self.state.chronicle.count(row, "closures", given_up)

    def _weigh_scheme(self, day: date, posted: NDArray[np.float64]) -> None:
        """Owners weigh the inclusive scheme; where any moved, those who pay institutions choose again whom they pay."""
        offered = self._programme.counted(day)
        inside, outside = (self._programme.recognition(day, offered, stands) for stands in (True, False))
        if self._constants.market.choose_scheme(dates.month_of(day), posted, inside, outside, self.state):
            inclusive = self.state.market.inclusive
            for q, instrument in enumerate(self._instruments):
                if instrument.pays_institutions and in_force(instrument, day):
                    self._programme.begin(q, replace(offered, inclusive=inclusive))

    def _survey(self, day: date, part: int) -> None:
        """Institutions hear what to expect of the families of one part, a quarter, of the decision days."""
        market, world, month = self._constants.market, self._world, dates.month_of(day)
        days = [d for d in range(1, dates.DECISION_DAYS + 1) if d % SURVEYS == part]
        edges = np.array([self._constants.edges(dates.date_in(month, d)) for d in days])
        expected = np.zeros((2, BANDS, len(world.institutions)))
        cross = np.zeros(self.state.market.cross.shape[1:])
        demand.expect(
            edges, market.value(self.state, self._worth, if_open=True), self.state.market.runs.astype(np.float64),
            market.owners.rank, market.owners.owner, self._scene, expected, cross,
        )  # fmt: skip
        market.hear(month, part, expected, cross, self.state)

    def _close(self, who: NDArray[np.int64], day: date) -> None:
        """Institutions close for good: their children look again the same day, with less trust in those nearby."""
        state, world, row = self.state, self._world, self._row(day)
        market, count, today = self._constants.market, self.state.chronicle.count, day.toordinal()
        displaced, prepaid = self._unused_fees(who, day)
        cells = self._constants.groups.cells[displaced]
        closure.settle_accounts(who, displaced, prepaid, self._programme.escrow(day), cells, row, state)
        count(row, "institutions_closed", self._how_many(who))
        state.market.shaken[world.institutions.within(world.facts.families.trust_km, who)] = 1.0
        market.turnover.close(who, state)
        closure.dissolve_lists(who, today, self._lists, state)
        self._write_tariff(day)
        # where they wait elsewhere they keep their turn
        none = np.zeros(0, np.int64)
        count(row, "exits", places.hand_over(displaced, NOBODY, none, today, ages_on(day), self._scene))
        turn = world.luck.uniforms("displaced", world.families.id[displaced], dates.month_of(day))[:, 0]
        places.serve(displaced[np.argsort(turn)], today, ages_on(day), self._scene)

    def _unused_fees(self, of: NDArray[Any], day: date) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Children enrolled at some institutions, int32 rows, and what their families have paid in advance [fen]."""
        size, terms = len(self._world.families), self._world.institutions.prepaid_months
        theirs = np.zeros(len(terms), bool)
        theirs[of] = True
        rows, fen = np.empty(size, np.int32), np.empty(size, np.int64)
        n = prepayment.unused(theirs, self._row(day), ages_on(day), terms, self._scene, rows, fen)
        return rows[:n], fen[:n]

    # -- the month's end ---------------------------------------------------------------------------

    def _month_end(self, day: date) -> None:
        """Pay, close the accounts, count heads, and hand the month to the recorder."""
        state, row, chronicle = self.state, self._row(day), self.state.chronicle
        counted, enrolled, waiting = census.count_heads(self._constants, state, day)
        self._payments.close_month(day, row, self._held(day))
        chronicle.totals[ROW["children"], row] = self._constants.population(day)
        chronicle.totals[ROW["gains_fen"], row] += self._gains
        chronicle.close_month(row, counted, self._flows, self._log)
        census.note_supply(self._constants, state, self._scene.tariff.posted, row)
        for name, event in (("entries", places.ENTERS), ("switches", places.SWITCHES), ("exits", places.LEAVES)):
            chronicle.count(row, name, int(self._events[event]))
        chronicle.note_lists(row, self._lists, waiting.sum(axis=0))
        chronicle.offer_enrolled[row] = enrolled.T
        self._constants.market.remember(dates.month_of(day), waiting, enrolled, state)
        for counter in (self._flows, self._gains, self._events, self._lists):
            counter[:] = 0
        self._payments.begin_month()
        state.month = dates.month_of(day) + 1

    def _held(self, day: date) -> int | None:
        """What families have paid ahead and not used [fen]; None where nobody asks more than a month."""
        if not (self._world.institutions.prepaid_months > 1).any():
            return None
        everywhere = np.ones(len(self._world.institutions), bool)
        return int(self._unused_fees(everywhere, day)[1].sum())

    def _how_many(self, rows: NDArray[np.int64]) -> int:
        """Institutions among rows: each once, whatever its services."""
        return int(self._world.institutions.full_day[rows].sum())

    # -- the clock -------------------------------------------------------------------------------

    def _row(self, day: date) -> int:
        return dates.month_of(day) - self.state.chronicle.first

    def choose_once(self) -> None:
        """The city as it would stand: everyone chooses once, the oldest first, before the burn-in."""
        day = dates.date_in(self.state.month)
        families, ages = self._world.families, ages_on(day)
        self._write_all_alpha(day)
        for q, instrument in enumerate(self._instruments):
            if instrument.start is not None and instrument.start < day:
                self._begin(q, day)
        self._write_tariff(day)
        everyone = np.flatnonzero(
            (families.birth > dates.school_year_cut(day))
            & (families.birth <= dates.months_before(day, dates.BAND_FROM_MONTHS[0]))
        ).astype(np.int32)
        order = np.lexsort((families.id[everyone], families.birth[everyone]))
        places.serve(everyone[order], day.toordinal(), ages, self._scene)
        self._events[:] = self._lists[:] = 0
        if self._constants.market.asks_demand:
            for part in range(SURVEYS):  # from here on a part each month
                self._survey(day, part)

    def run_to(self, month: int) -> None:
        """Run to the beginning of an absolute month."""
        if month <= self.state.month:
            return
        first, last = dates.date_in(self.state.month), dates.date_in(month) - timedelta(days=1)
        env = simpy.Environment(initial_time=instant(first, Phase.SCHOOL_YEAR, self._start) - 1)
        days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
        begun = {i.start for i in self._instruments}
        ended = {_day_after(i.until) for i in self._instruments}
        calendars = [
            ([d for d in days if (d.month, d.day) == (9, 1)], Phase.SCHOOL_YEAR, self._school_year),
            ([d for d in days if d.day == 1], Phase.MONTH_START, self._month_start),
            ([d for d in days if d in begun or d in ended], Phase.SPEAK, self._speak),
            ([d for d in days if d.day <= dates.DECISION_DAYS], Phase.DECISION, self._decide),
            ([d for d in days if _last_of_month(d)], Phase.MARKET, self._review),
            ([d for d in days if _last_of_month(d)], Phase.MONTH_END, self._month_end),
        ]
        for wakes, phase, act in calendars:
            env.process(keep(env, wakes, phase, self._start, act))
        for phase, name in ((Phase.EXPIRY, "expiry"), (Phase.ROUND, "round")):
            moments = sorted(self._moments(name, first, last), key=lambda m: m[0])
            env.process(self._follow(env, moments, phase))
        env.run()

    def _moments(self, phase: str, first: date, last: date) -> Iterator[tuple[date, int, Say]]:
        """Days in a span on which instruments speak in a phase, with their place and what they say."""
        for q, instrument in enumerate(self._instruments):
            for m in instrument.moments():
                if m.phase == phase and first <= m.day <= last:
                    yield m.day, q, m.say

    def _follow(
        self, env: simpy.Environment, moments: list[tuple[date, int, Say]], phase: Phase
    ) -> Generator[simpy.Event, Any, None]:
        """The calendar of all instruments' moments of one phase, in chain order within a day."""
        for day, q, say in moments:
            wait = instant(day, phase, self._start) - env.now
            if wait > 0:
                yield env.timeout(wait)
            self._moment(q, say, day)


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def _last_of_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _empty_log(n: int) -> bills.Log:
    """Buffers that hold any month: nobody is billed twice in one, or ends two stays."""
    return bills.Log(
        claim_child=np.empty(n, np.int32),
        claim_fen=np.empty(n, np.int32),
        claim_relief=np.empty(n, np.int32),
        claim_tranche=np.empty(n, np.int8),
        stay_child=np.empty(n, np.int32),
        stay_at=np.empty(n, np.int16),
        stay_first=np.empty(n, np.int16),
        stay_last=np.empty(n, np.int16),
        stay_refused=np.empty(n, np.uint8),
        stay_subsidised=np.empty(n, np.uint8),
        filled=np.zeros(2, np.int64),
    )
