"""One city under one policy, moved through its months by SimPy's clock."""

from collections.abc import Generator, Iterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim import dates
from sim.engine import closure
from sim.engine.clock import Phase, instant, keep
from sim.engine.constants import Constants, ages_on
from sim.engine.costs import Costs
from sim.engine.desk import VoucherDesk
from sim.engine.market import Asked
from sim.engine.recorder import ROW
from sim.engine.state import SURVEYS, State, furnish
from sim.engine.support import Support, appeal, in_order, support
from sim.engine.tariff import bills_relieved, family_groups, in_force, posted_fees, write_tariff
from sim.engine.treasury import FAMILIES, INSTITUTIONS, LANDLORDS, PREPAID, STAFF, SUPPLIERS
from sim.kernels import bills, census, demand, places, prepayment
from sim.kernels.columns import NOBODY, Scene
from sim.kernels.day import decide
from sim.policy.instrument import Cash, Instrument, Offered, Recognition, Say
from sim.policy.menu import kind_of
from sim.world.institutions import BANDS, bands_served


class CountError(ArithmeticError):
    """Children and seats do not agree: a fault of the program, not of the scenario."""


class Simulation:
    """A state and the policy that moves it.

    instruments : the standing ones first, then the policy's own, windows filled in
    own_from : place in the chain of the policy's first own instrument
    start : the scenario's start, day 0 of the clock
    commitment : months over which an entrant weighs a one-off relief
    """

    def __init__(
        self,
        constants: Constants,
        state: State,
        instruments: tuple[Instrument, ...],
        own_from: int,
        start: date,
        commitment: int,
    ) -> None:
        self._constants, self.state, self._instruments, self._start = constants, state, instruments, start
        self._commitment = commitment
        self._world = constants.world
        families = self._world.families
        furnish(state, self._world, instruments)
        self._groups, group = family_groups(instruments, families.income, families.birth_order)
        state.children.group[:] = group
        self._flows = np.zeros((bills.FLOWS, len(constants.groups.names)), np.int64)
        self._events = np.zeros(places.EVENTS, np.int64)
        self._lists = np.zeros((places.LISTS, BANDS), np.int64)
        self._room = np.empty(len(families), np.int32)
        self._log = _empty_log(len(families))
        self._payers = self._new_payers(own_from)
        payments = [cash for i in instruments for cash in i.cash()]
        self._cash_ages = sorted({age for cash in payments for age in (cash.from_months, cash.to_months)})
        self._built = np.zeros(len(self._world.institutions), np.int64)  # paid to builders this month [fen]
        self._write_tariff(dates.date_in(state.month))

    # -- what instruments see and say ------------------------------------------------------------

    def _offered(self, day: date) -> Offered:
        """Institutions as instruments see them on a day; the children enrolled are not counted."""
        world, market = self._world, self.state.market
        institutions, costs = world.institutions, world.facts.costs
        registered = institutions.registered
        for instrument, columns, on in zip(self._instruments, self.state.declared, self._on(day), strict=True):
            more = instrument.registers(columns) if on else None
            registered = registered if more is None else registered | more
        return Offered(
            kind=institutions.kind,
            kind_names=institutions.kind_names,
            registered=registered,
            inclusive=market.inclusive,
            enrolled=np.full((len(institutions), BANDS), NOBODY, np.int64),
            id=institutions.id,
            district=institutions.district,
            district_names=tuple(d.name for d in world.facts.district),
            runs=market.runs,
            reserved=institutions.reserved,
            vacant=institutions.reserved & ~market.runs & (market.opening == 0),
            may_build=market.runs & ~institutions.single & (market.opens_in == 0).all(axis=1),
            first_row=institutions.full_day,
            utilities=np.full(len(institutions), costs.utilities_per_place),
            rent=np.where(institutions.pays_rent, costs.rent_per_place, 0.0),
            quality_yuan=world.facts.families.quality_yuan,
        )

    def _counted(self, day: date) -> Offered:
        """Institutions with the children enrolled: a count of all children, so only for hooks that read it."""
        offered = self._offered(day)
        if not any(i.asks_who_is_enrolled for i in self._instruments):
            return offered
        enrolled = np.zeros((len(self._world.institutions), BANDS), np.int64)
        census.by_offer(ages_on(day), self._world.families.birth, self.state.children.at, enrolled)
        return replace(offered, enrolled=enrolled)

    def _on(self, day: date) -> list[bool]:
        """Which instruments are in force on a day, with money left."""
        return [in_force(i, day) and left > 0 for i, left in zip(self._instruments, self.state.left, strict=True)]

    def _new_payers(self, own_from: int) -> bills.Payers:
        suppliers = [q for q, i in enumerate(self._instruments) if i.pays_institutions]
        size, tiers = len(self._instruments), sum(i.tiers() for i in self._instruments)
        payers = bills.Payers(
            left=self.state.left,
            accounts=np.zeros((3, size), np.int64),
            suppliers=np.zeros((3, len(suppliers)), np.int64),
            income=np.zeros((len(suppliers), BANDS, len(self._world.institutions)), np.int64),
            months_paid=self.state.months_paid,
            redemptions=np.zeros((2, tiers), np.int64),
            takings=np.zeros(len(self._world.institutions), np.int64),
        )
        payers.accounts[bills.OWN] = np.arange(size) >= own_from
        payers.supplier[:] = suppliers
        return payers

    def _write_tariff(self, day: date) -> None:
        """Ask every instrument what families and institutions face from this day on."""
        offered, state = self._offered(day), self.state
        dry = state.left <= 0
        self._worth = appeal(self._instruments, state.declared, self._on(day), offered)
        state.offers.value[:] = self._constants.market.value(state, self._worth)
        tariff = write_tariff(
            self._instruments,
            state.declared,
            dry,
            offered,
            self._groups,
            state.offers.fee,
            state.offers.value,
            day,
            self._commitment,
        )
        for p, q in enumerate(self._payers.supplier):
            instrument = self._instruments[q]
            income = instrument.child_income(offered, state.declared[q])
            if income is None or not in_force(instrument, day) or dry[q]:
                self._payers.income[p] = 0
                continue
            self._payers.income[p] = np.rint(100 * income.yuan)
            self._payers.months_cap[p] = income.months_cap
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

    def _write_all_alpha(self, day: date) -> None:
        """Rewrite everyone's price sensitivity, by the age each had on its last decision day before this day.

        So a rewrite on any day leaves alone whoever no payment begins or ends for.
        """
        slices, month, paid = self._world.families.slices, dates.month_of(day), self._paid(day)
        for d in range(1, dates.DECISION_DAYS + 1):
            last = dates.date_in(month if d < day.day else month - 1, d)
            rows = slice(int(slices[d - 1]), int(slices[d]))
            self.state.children.alpha[rows] = self._constants.sensitivity(rows, last, paid)

    def _write_alpha_at_thresholds(self, day: date) -> None:
        """Rewrite the sensitivity of those who passed an age of a cash payment since their last decision day.

        Also of those too young to enrol: a voucher's round asks what it would be worth to them.
        """
        paid = self._paid(day)
        for age in self._cash_ages:
            first, end = self._constants.crossing(day, age)
            if end > first:
                self.state.children.alpha[first:end] = self._constants.sensitivity_at(first, end, day, paid)

    def _paid(self, day: date) -> tuple[Cash, ...]:
        """The cash payments in force on a day."""
        return tuple(cash for i in self._instruments if in_force(i, day) for cash in i.cash())

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
        for q in self._payers.supplier:
            self._renew_quota(int(q), day)
        market, month = self._constants.market, dates.month_of(day)
        before = self.state.offers.places.copy()
        seats = market.open_classes(month, self.state)
        opened = len(np.unique(seats))  # one class of a type at an institution opens at a time
        entrants = market.turnover.opening(month, month - dates.month_of(self._start), self.state)
        self._pay_grants(self.state.offers.places - before, day)
        self.state.chronicle.count(self._row(day), "openings", opened)
        self.state.chronicle.count(self._row(day), "institutions_opened", self._how_many(entrants))
        self._write_tariff(day)
        if len(seats):
            none, today = np.zeros(0, np.int32), day.toordinal()
            places.hand_over(none, NOBODY, seats, today, ages_on(day), self._scene)

    def _begin(self, q: int, day: date) -> None:
        """An instrument's first day; for one that began before the first simulated day, that day."""
        instrument, columns, market = self._instruments[q], self.state.declared[q], self.state.market
        instrument.begin(self._counted(day), self._chance(q), columns)
        self._renew_quota(q, day)
        ready = dates.month_of(day) + 1 + instrument.months_to_build
        sites, classes = instrument.opens(columns), instrument.adds_classes(columns)
        if sites is not None:
            market.opening[sites] = ready
        if classes is not None:
            market.opens_in[classes] = ready
        if self.state.left[q] <= 0:  # a budget of nothing
            self.state.chronicle.dry_day[q] = day.toordinal()

    def _chance(self, q: int) -> NDArray[np.float64]:
        """An instrument's draw of each institution, for selections, float64 (J,)."""
        stream = f"{kind_of(self._instruments[q])} selection"
        return self._world.luck.uniforms(stream, self._world.institutions.address)[:, 0]

    def _renew_quota(self, q: int, day: date) -> None:
        """Give a supplier the child-months it may pay this month."""
        income = self._instruments[q].child_income(self._offered(day), self.state.declared[q])
        if income is not None:
            self._payers.quota[self._payers.supplier == q] = income.places

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
            told=self._told(day),
        )
        say(desk, self.state.declared[q])

    def _told(self, day: date) -> float:
        """Share of those who do not know of a pool whom campaigns in force tell in a month."""
        untold = 1.0
        for instrument, on in zip(self._instruments, self._on(day), strict=True):
            untold *= 1 - instrument.reach() if on else 1.0
        return 1 - untold

    def _decide(self, day: date) -> None:
        """The families whose day it is decide, then those enrolled are billed."""
        state, ages, row = self.state, ages_on(day), self._row(day)
        edges = self._constants.edges(day)
        self._write_alpha_at_thresholds(day)
        full, cases = state.left > 0, self._payers.cases.copy()
        self._constants.renew(day, row, state.children)
        state.chronicle.note_fees(day.toordinal(), self._scene.tariff.posted)
        decide(
            edges, day.toordinal(), (dates.month_of(day), row), self._constants.luck, ages, self._scene, self._payers,
            self._log, self._flows, self._room,
        )  # fmt: skip
        state.chronicle.count(row, "decisions", int(edges[-1] - edges[0]))
        self._turn_away(day, edges, self._payers.cases - cases)
        spent = full & (state.left <= 0)
        if spent.any():
            state.chronicle.dry_day[spent] = day.toordinal()
            self._write_tariff(day)

    def _turn_away(self, day: date, edges: NDArray[np.int64], cases: NDArray[np.int64]) -> None:
        """Count the day's bills that instruments would have paid a part of, had their budgets lasted.

        Only of those that relieve families: whom else the others would have paid for hangs on months and quotas that
        they did not use either.
        cases : int64 (instruments,)  claims of the day
        """
        for q in np.flatnonzero(self.state.left <= 0):
            relief = self._instruments[q].relief(self._offered(day), self._groups, self.state.declared[q])
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
        posted, income = self._scene.tariff.posted.T, self._income_per_child()
        if month >= dates.month_of(self._start) - 1 and np.isnan(self.state.market.norm).all():
            market.settle(posted, income, self.state)
        if month >= dates.month_of(self._start):
            market.plan_entry(month, self._asked(day), self._support(day), self.state)
            failing = market.turnover.failing(self.state)
            if len(failing):
                self._close(failing, day)  # before fees move: those reviewed today hold from tomorrow
            self._weigh_scheme(day, posted)
        given_up = market.review(month, self._asked(day), income, self._support(day), self.state)
        self.state.chronicle.count(row, "closures", given_up)

    def _asked(self, day: date) -> Asked:
        """What institutions ask, from what they would, with the instruments in force on a day."""
        return partial(posted_fees, self._instruments, self.state.declared, self._on(day), self._offered(day))

    def _support(self, day: date) -> Support:
        """What owners count on beside what is paid per child."""
        market, institutions = self.state.market, self._world.institutions
        hours, seats = institutions.hours_share[:, None], institutions.class_seats
        begun = (market.opens_in > 0) * seats + (market.opening > 0)[:, None] * institutions.seats
        return support(
            self._instruments, self.state.declared, self._on(day), self._offered(day), self.state.left, begun * hours
        )

    def _weigh_scheme(self, day: date, posted: NDArray[np.float64]) -> None:
        """Owners weigh the inclusive scheme; where any moved, those who pay institutions choose again whom they pay."""
        offered = self._counted(day)
        inside, outside = (self._recognition(day, offered, stands, posted) for stands in (True, False))
        if self._constants.market.choose_scheme(dates.month_of(day), posted, inside, outside, self.state):
            inclusive = self.state.market.inclusive
            for q, instrument in enumerate(self._instruments):
                if instrument.pays_institutions and in_force(instrument, day):
                    instrument.begin(replace(offered, inclusive=inclusive), self._chance(q), self.state.declared[q])

    def _recognition(self, day: date, offered: Offered, stands: bool, posted: NDArray[np.float64]) -> Recognition:
        """What instruments would pay and demand over a year if every institution were in the scheme, or none.

        What is in force today ends with its window; nobody foresees what has not begun.
        """
        year = [date.fromordinal(dates.months_before(day, -months)) for months in range(dates.YEAR)]
        offered = replace(offered, inclusive=np.full(len(posted), stands))
        total = Recognition(np.zeros_like(posted), np.zeros_like(posted), np.zeros(len(posted)))
        for instrument, columns, dry in zip(self._instruments, self.state.declared, self.state.left <= 0, strict=True):
            brings = instrument.recognition(offered, columns, sum(in_force(instrument, then) for then in year))
            if brings is not None and in_force(instrument, day) and not dry:
                total = Recognition(total.pay + brings.pay, total.cut + brings.cut, total.place + brings.place)
        return total

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

    def _income_per_child(self) -> NDArray[np.float64]:
        """What the treasury pays an institution for one more child, (J, 3) [yuan a month], over a year."""
        payers = self._payers
        share = np.minimum(payers.months_cap / dates.YEAR, 1.0)[:, None, None]
        return np.asarray((payers.income * share).sum(axis=0).T / 100)

    def _close(self, who: NDArray[np.int64], day: date) -> None:
        """Institutions close for good: their children look again the same day, with less trust in those nearby."""
        state, world, row = self.state, self._world, self._row(day)
        market, count, today = self._constants.market, self.state.chronicle.count, day.toordinal()
        displaced, prepaid = self._unused_fees(who, day)
        closure.settle_accounts(who, displaced, prepaid, self._escrow(day), row, state)
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

    def _escrow(self, day: date) -> NDArray[np.float64]:
        """Share of prepaid fees that is held for families by institution, (J,)."""
        held, offered = np.zeros(len(self._world.institutions)), self._offered(day)
        for instrument in self._instruments:
            if in_force(instrument, day):
                held = np.maximum(held, instrument.escrow(offered))
        return held

    # -- the month's end ---------------------------------------------------------------------------

    def _month_end(self, day: date) -> None:
        """Pay, close the accounts, count heads, and hand the month to the recorder."""
        state, row, groups = self.state, self._row(day), self._constants.groups
        counted, size = np.zeros((census.HEADS, len(groups.names)), np.int64), len(self._world.institutions)
        enrolled, waiting = np.zeros((size, BANDS), np.int64), np.zeros((size, BANDS), np.int32)
        census.heads(
            ages_on(day), dates.months_before(day, 36), self._world.families.birth, groups.cells, groups.kind_cell,
            self._constants.full_time, state.children.at, state.children.waits, counted, enrolled, waiting,
        )  # fmt: skip
        if counted[census.ENROLLED, 0] != state.offers.taken.sum() or (state.offers.taken > state.offers.places).any():
            raise CountError(f"{day}: {counted[census.ENROLLED, 0]} children on {state.offers.taken.sum()} seats")
        self._pay(day, row)
        chronicle = state.chronicle
        chronicle.totals[ROW["children"], row] = self._constants.population(day)
        chronicle.close_month(row, counted, self._flows, self._log)
        self._note_supply(row)
        for name, event in (("entries", places.ENTERS), ("switches", places.SWITCHES), ("exits", places.LEAVES)):
            chronicle.count(row, name, int(self._events[event]))
        chronicle.note_lists(row, self._lists, waiting.sum(axis=0))
        chronicle.offer_enrolled[row] = enrolled.T
        self._constants.market.remember(dates.month_of(day), waiting, enrolled, state)
        for counter in (
            self._flows,
            self._events,
            self._lists,
            self._payers.claimed,
            self._payers.cases,
            self._payers.takings,
            self._built,
        ):
            counter[:] = 0
        self._payers.redeemed[:] = self._payers.redeemed_fen[:] = 0
        state.month = dates.month_of(day) + 1

    def _pay(self, day: date, row: int) -> None:
        """Claims of the month, cash, lagged payments, costs; then the accounts must balance."""
        state, payers, ledger = self.state, self._payers, self.state.ledger
        costs = self._constants.market.costs.month(state.offers.places, state.offers.taken)
        costs = replace(costs, goods=costs.goods + self._built)
        self._pay_programmes(day, row, costs)
        claims = payers.claimed.copy()
        for q, instrument in enumerate(self._instruments):
            for cash in instrument.cash() if in_force(instrument, day) else ():
                paid = self._constants.population(day, cash) * round(cash.yuan_per_month * 100)
                claims[q] += paid[0]
                state.chronicle.count(row, "cash_fen", int(paid[0]))
                if payers.own[q]:
                    self._flows[bills.CLAIMED] += paid
        ledger.claim(row, claims)
        state.chronicle.claims[row] = claims
        ledger.transfer(row, FAMILIES, INSTITUTIONS, int(self._flows[bills.NET, 0]))
        for q, instrument in enumerate(self._instruments):
            due = row - instrument.payment_lag_months
            if instrument.cash():
                ledger.settle(row, q, FAMILIES, int(claims[q]))
            elif due >= 0:
                receiver = SUPPLIERS if instrument.runs_itself else INSTITUTIONS
                ledger.settle(row, q, receiver, int(state.chronicle.claims[due, q]))
        self._pay_costs(day, row, costs)
        ledger.check(row)
        state.chronicle.count(row, "standing_fen", int(claims[~payers.own].sum()))
        tiers = {
            "vouchers_redeemed": payers.redeemed,
            "vouchers_redeemed_fen": payers.redeemed_fen,
            "vouchers_live": self._live_vouchers(),
        }
        for metric, by_tier in tiers.items():
            for tier, n in enumerate(by_tier):
                state.chronicle.count_tranche(row, metric, tier, int(n))

    def _live_vouchers(self) -> NDArray[np.int64]:
        """Vouchers in hand by tranche of all pools, int64 (tiers,)."""
        rows = zip(self.state.vouchers.face, self.state.vouchers.tranche, strict=True)
        sizes = [i.tiers() for i in self._instruments if i.tiers() > 0]
        counts = [np.bincount(of[face > 0], minlength=n) for n, (face, of) in zip(sizes, rows, strict=True)]
        return np.concatenate([np.zeros(0, np.int64), *counts])

    def _pay_grants(self, opened: NDArray[np.int32], day: date) -> None:
        """Pay what instruments give once for places that open; what is built for the treasury goes on to builders.

        opened : int32 (J, 4)  seats by class type
        """
        if not opened.any():
            return
        offered, hours = self._offered(day), self._world.institutions.hours_share
        for q, (instrument, on) in enumerate(zip(self._instruments, self._on(day), strict=True)):
            yuan = instrument.grant(offered, self.state.declared[q])
            # what a treasury has begun to build it pays for, though the instrument's window be over
            if yuan is None or not (on or instrument.builds):
                continue
            paid = self._disburse(q, np.rint(100 * (yuan * opened).sum(axis=1) * hours).astype(np.int64), day)
            if instrument.builds:
                self._built += paid
            instrument.note_grants(np.asarray(opened.any(axis=1)), self.state.declared[q])

    def _pay_programmes(self, day: date, row: int, costs: Costs) -> None:
        """Pay per place, make good what institutions lose where the treasury answers for it, and run programmes."""
        offered, state, takings = self._offered(day), self.state, self._payers.takings
        places = state.offers.places.sum(axis=1) * self._world.institutions.hours_share
        running = [(q, self._instruments[q], state.declared[q]) for q in np.flatnonzero(self._on(day)).tolist()]
        for q, instrument, columns in running:
            yuan = instrument.place_income(offered, columns)
            if yuan is not None:
                self._disburse(q, np.rint(100 * yuan * places).astype(np.int64), day)
            own = np.array([round(100 * instrument.overhead(offered, columns))], np.int64)
            spent = int(in_order(own, int(state.left[q]))[0])
            self._book(q, spent, int(spent > 0), day)
            state.chronicle.count(row, "administration_fen", spent)
        for q, instrument, columns in running:  # a loss is what is left of it when all others have paid
            lost = instrument.covers_losses(offered, columns)
            if lost is not None:
                self._disburse(q, np.where(lost, np.maximum(costs.cash - takings, 0), 0), day)

    def _disburse(self, q: int, amounts: NDArray[np.int64], day: date) -> NDArray[np.int64]:
        """Pay institutions from an instrument's budget, in row order; returns what each gets, int64 (J,) [fen]."""
        paid = in_order(amounts, int(self.state.left[q]))
        self._book(q, int(paid.sum()), int((paid > 0).sum()), day)
        self._payers.takings[:] += paid
        if self._payers.own[q]:
            groups = self._constants.groups
            for cell in (groups.kind_cell, groups.district_cell):
                np.add.at(self._flows[bills.CLAIMED], cell, paid)
        return paid

    def _book(self, q: int, amount: int, cases: int, day: date) -> None:
        """Note a claim that no child's bill carries."""
        self.state.left[q] -= amount
        if amount and self.state.left[q] == 0:
            self.state.chronicle.dry_day[q] = day.toordinal()
        self._payers.claimed[q] += amount
        self._payers.cases[q] += cases
        if self._payers.own[q]:
            self._flows[bills.CLAIMED, 0] += amount

    def _pay_costs(self, day: date, row: int, costs: Costs) -> None:
        """Institutions pay staff, landlords and suppliers, and hold what families have paid in advance."""
        state, market, takings = self.state, self._constants.market, self._payers.takings
        count, ledger = state.chronicle.count, state.ledger
        for name, account, amount in (
            ("staff_fen", STAFF, costs.staff),
            ("rent_fen", LANDLORDS, costs.rent),
            ("goods_fen", SUPPLIERS, costs.goods),
        ):
            ledger.transfer(row, INSTITUTIONS, account, int(amount.sum()))
            count(row, name, int(amount.sum()))
        if (self._world.institutions.prepaid_months > 1).any():
            everywhere = np.ones(len(takings), bool)
            held = int(self._unused_fees(everywhere, day)[1].sum())
            ledger.transfer(row, FAMILIES, PREPAID, held - int(ledger.book[:, PREPAID].sum()))
        market.turnover.keep_accounts(dates.month_of(day), takings, costs, state)
        count(row, "profit_fen", int((takings - costs.cash).sum()))
        count(row, "unpaid_costs_fen", int(costs.unpaid.sum()))
        pooled, runs = self._world.institutions.pooled, state.market.runs & self._world.institutions.full_day
        count(row, "losing_cash", int((pooled(state.market.cash_result.sum(axis=0))[runs] < 0).sum()))
        count(row, "losing_in_full", int((pooled(state.market.full_result.sum(axis=0))[runs] < 0).sum()))

    def _note_supply(self, row: int) -> None:
        """Places, institutions and posted fees at the month's end, by group."""
        state, groups, chronicle = self.state, self._constants.groups, self.state.chronicle
        institutions, size = self._world.institutions, len(groups.names)
        # in full-time places: where several children share one it counts once
        seats = np.rint(state.offers.places * institutions.hours_share[:, None]).astype(np.int64)
        total = institutions.pooled(seats.sum(axis=1))
        posted = np.rint(100 * self._scene.tariff.posted).astype(np.int64)  # (3, J)
        # counted in thirds: a mixed class is one third toddlers, two thirds older toddlers (18 to 36 months)
        by_band = seats[:, :BANDS] * 3
        by_band[:, 1] += seats[:, 3]
        by_band[:, 2] += 2 * seats[:, 3]
        full_day = by_band * institutions.full_day[:, None]
        for name, by_offer in (
            ("place_thirds", by_band),
            ("full_day_place_thirds", full_day),
            ("fee_place_thirds_fen", full_day * posted.T),
        ):
            cells = chronicle.totals[ROW[name], row]
            cells[0] = by_offer.sum()
            cells[1 : 1 + BANDS] = by_offer.sum(axis=0)
            for cell in (groups.kind_cell, groups.district_cell):
                cells += np.bincount(cell, by_offer.sum(axis=1), size).astype(np.int64)
        running = (institutions.full_day & (total > 0)).astype(np.int64)
        cells = chronicle.totals[ROW["institutions"], row]
        cells[0] = running.sum()
        for cell in (groups.kind_cell, groups.district_cell):
            cells += np.bincount(cell, running, size).astype(np.int64)
        chronicle.fee[row] = self._scene.tariff.posted
        chronicle.offer_open[row] = bands_served(state.offers.places).T

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
