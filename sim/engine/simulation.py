"""One city under one policy, moved through its months by SimPy's clock."""

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache, cached_property
from typing import Any

import numpy as np
import simpy
from numpy.typing import NDArray

from sim import dates
from sim.engine.clock import Phase, instant, keep
from sim.engine.desk import VoucherDesk
from sim.engine.market import Market
from sim.engine.recorder import ROW, GroupIndex
from sim.engine.state import State, furnish
from sim.engine.tariff import family_groups, in_force, write_tariff
from sim.engine.treasury import FAMILIES, INSTITUTIONS
from sim.kernels import bills, census, choice, places
from sim.kernels.columns import ALPHA, NOBODY, Ages, Scene
from sim.kernels.day import Luck as DayLuck
from sim.kernels.day import Room, decide
from sim.policy.instrument import Cash, Instrument, Offered
from sim.policy.menu import kind_of
from sim.world.city import World
from sim.world.institutions import BANDS

MOST_KEPT = 48_000_000  # bytes of new epochs that the policies of a replication share


class CountError(ArithmeticError):
    """Children and seats do not agree: a fault of the program, not of the scenario."""


@dataclass
class Constants:
    """What every policy of a replication shares: renewals, groups, and counts that no policy moves.

    shared_from : absolute month from which several policies will ask for the same new epochs
    """

    world: World
    first_month: int
    months: int
    shared_from: int = 0
    _room: int = MOST_KEPT  # bytes of epochs that may still be kept

    @cached_property
    def renewals(self) -> NDArray[np.uint8]:
        """Months in which each child's circumstances are drawn afresh, uint8 (months, n)."""
        out = np.zeros((self.months, len(self.world.families)), np.uint8)
        choice.fill_renewals(
            self.world.families.id,
            self.first_month,
            self.months,
            self.world.facts.families.renewal,
            self.world.luck.stream("renewal"),
            out,
        )
        return out

    @cached_property
    def groups(self) -> GroupIndex:
        """The groups in which things are counted."""
        return GroupIndex.of(self.world)

    @cached_property
    def market(self) -> Market:
        """The rules of the institutions."""
        return Market(self.world)

    @cached_property
    def luck(self) -> DayLuck:
        """What the daily loop's chance is made of."""
        stream = self.world.luck.stream
        return DayLuck(self.world.families.id, self.world.institutions.id, stream("shocks"), stream("order"))

    @cached_property
    def drawn(self) -> dict[tuple[str, int], NDArray[np.float64]]:
        """Draws of all children that voucher pools keep, by stream and time, float64 (n,)."""
        return {}

    @cached_property
    def _edges(self) -> dict[date, NDArray[np.int64]]:
        return {}

    def edges(self, day: date) -> NDArray[np.int64]:
        """Rows at which the four parts of a day's eligible children begin and end, oldest first, int64 (5,)."""
        if day not in self._edges:
            families, ages = self.world.families, ages_on(day)
            first, last = families.slices[day.day - 1], families.slices[day.day]
            infant = dates.months_before(day, dates.BAND_FROM_MONTHS[0])
            cuts = np.array([dates.school_year_cut(day), ages.older, ages.mixed, ages.toddler, infant])
            self._edges[day] = first + np.searchsorted(families.birth[first:last], cuts, side="right")
        return self._edges[day]

    @cached_property
    def _crossings(self) -> dict[tuple[date, int], tuple[int, int]]:
        return {}

    def crossing(self, day: date, age: int) -> tuple[int, int]:
        """Rows of a decision day's slice who have passed an age since their last one: first, and one after the last."""
        if (day, age) not in self._crossings:
            lo, hi = (int(edge) for edge in self.world.families.slices[day.day - 1 : day.day + 1])
            before = date.fromordinal(dates.months_before(day, 1))
            ends = [dates.months_before(before, age), dates.months_before(day, age)]
            a, b = np.searchsorted(self.world.families.birth[lo:hi], ends, side="right")
            self._crossings[day, age] = lo + int(a), lo + int(b)
        return self._crossings[day, age]

    @cached_property
    def _epochs(self) -> dict[date, tuple[NDArray[np.int32], NDArray[np.float32]]]:
        return {}

    def renew(self, day: date, row: int, draws: NDArray[np.float32]) -> None:
        """Draw a day's new epochs. They are the same under every policy, so they are drawn once and kept while small.

        row : relative month; draws : float32 (K + 2, n)  of the children
        """
        edges, fresh = self.edges(day), draws[:ALPHA]
        if day in self._epochs:
            rows, kept = self._epochs[day]
            for column, values in zip(fresh, kept, strict=True):
                column[rows] = values
            return
        lo, hi = int(edges[0]), int(edges[-1])
        world, luck, renewed = self.world, self.luck, self.renewals[row]
        choice.renew(
            lo, hi, renewed, np.array([dates.month_of(day)], np.uint32), luck.child_id, luck.institution_id,
            luck.shocks, world.candidate, world.fixed, world.outside, draws,
        )  # fmt: skip
        if dates.month_of(day) >= self.shared_from and self._room > 0:
            rows = (lo + np.flatnonzero(renewed[lo:hi])).astype(np.int32)
            self._epochs[day] = rows, fresh[:, rows]
            self._room -= self._epochs[day][1].nbytes

    @cached_property
    def _population(self) -> dict[tuple[int, Cash | None], NDArray[np.int64]]:
        return {}

    def population(self, day: date, cash: Cash | None = None) -> NDArray[np.int64]:
        """Children under 36 months by group, bands by their own children; or those a cash payment reaches."""
        key = (day.toordinal(), cash)
        if key not in self._population:
            self._population[key] = self._count(day, cash)
        return self._population[key]

    def _count(self, day: date, cash: Cash | None) -> NDArray[np.int64]:
        families, cells, ages = self.world.families, self.groups.cells, ages_on(day)
        infant = dates.months_before(day, dates.BAND_FROM_MONTHS[0])
        out = np.zeros(len(self.groups.names), np.int64)
        birth = families.birth
        if cash is not None:
            if cash.birth_orders:
                chosen = np.isin(families.birth_order, cash.birth_orders)
                birth, cells = birth[chosen], cells[chosen]
            oldest, youngest = dates.months_before(day, cash.to_months), dates.months_before(day, cash.from_months)
            census.population(birth, cells, oldest, youngest, ages, infant, out)
            return out
        in_care = np.zeros_like(out)
        census.population(birth, cells, dates.school_year_cut(day), day.toordinal(), ages, infant, in_care)
        census.population(birth, cells, dates.months_before(day, 36), day.toordinal(), ages, infant, out)
        out[1 : 1 + BANDS] = in_care[1 : 1 + BANDS]
        return out


@cache  # every arm asks for the same days
def ages_on(day: date) -> Ages:
    """The birthdays that part the children of a day by age."""
    return Ages(
        toddler=dates.months_before(day, dates.BAND_FROM_MONTHS[1]),
        mixed=dates.months_before(day, dates.MIXED_FROM_MONTHS),
        older=dates.months_before(day, dates.BAND_FROM_MONTHS[2]),
    )


class Simulation:
    """A state and the policy that moves it.

    instruments : the standing ones first, then the policy's own, windows filled in
    own_from : place in the chain of the policy's first own instrument
    start : the scenario's start, day 0 of the clock
    commitment : months over which an entrant weighs a one-off relief
    """

    def __init__(
        self, constants: Constants, state: State, instruments: tuple[Instrument, ...], own_from: int, start: date
    ) -> None:
        self._constants, self.state, self._instruments, self._start = constants, state, instruments, start
        self._world = constants.world
        families = self._world.families
        furnish(state, self._world, instruments)
        self._groups, group = family_groups(instruments, families.income, families.birth_order)
        state.children.group[:] = group
        self._flows = np.zeros((bills.FLOWS, len(constants.groups.names)), np.int64)
        self._events = np.zeros(places.EVENTS, np.int64)
        self._room = Room(np.empty(len(families), np.int8), np.empty(len(families), np.int32))
        self._log = _empty_log(len(families))
        self._payers = self._new_payers(own_from)
        state.offers.value[:] = constants.market.value(state.offers.places)
        self._write_tariff(dates.date_in(state.month))

    # -- what instruments see and say ------------------------------------------------------------

    def _offered(self, day: date) -> Offered:
        institutions, asked = self._world.institutions, any(i.asks_who_is_enrolled for i in self._instruments)
        enrolled = self._enrolled(day) if asked else np.full((len(institutions), BANDS), NOBODY, np.int64)
        return Offered(
            institutions.kind,
            institutions.kind_names,
            institutions.registered,
            institutions.inclusive,
            enrolled,
            institutions.id,
        )

    def _enrolled(self, day: date) -> NDArray[np.int64]:
        """Children enrolled by institution and band, int64 (J, 3)."""
        enrolled = np.zeros((len(self._world.institutions), BANDS), np.int64)
        census.count_by_offer(ages_on(day), self._world.families.birth, self.state.children.at, enrolled)
        return enrolled

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
        )
        payers.accounts[bills.OWN] = np.arange(size) >= own_from
        payers.supplier[:] = suppliers
        return payers

    def _write_tariff(self, day: date) -> None:
        """Ask every instrument what families and institutions face from this day on."""
        offered, state = self._offered(day), self.state
        dry = state.left <= 0
        tariff = write_tariff(
            self._instruments,
            state.declared,
            dry,
            offered,
            self._groups,
            state.offers.fee,
            state.offers.value,
            day,
            self._world.facts.families.commitment_months,
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
            cells=self._constants.groups.cells,
            kind_cell=self._constants.groups.kind_cell,
            children=state.children,
            offers=state.offers,
            vouchers=state.vouchers,
            tariff=tariff,
            stickiness=np.float32(self._world.facts.families.stickiness),
            events=self._events,
        )

    def _write_all_alpha(self, day: date) -> None:
        """Rewrite everyone's price sensitivity, by the age each had on its last decision day before this day.

        So a rewrite on any day leaves alone whoever no payment begins or ends for.
        """
        slices, month = self._world.families.slices, dates.month_of(day)
        for d in range(1, dates.DECISION_DAYS + 1):
            last = dates.date_in(month if d < day.day else month - 1, d)
            self._write_alpha(slice(int(slices[d - 1]), int(slices[d])), day, last)

    def _write_alpha(self, rows: slice, day: date, age_on: date) -> None:
        """Price sensitivity of rows: cash in force on a day, by the age on another, moves income; nothing else does."""
        families, facts = self._world.families, self._world.facts.families
        income = families.income[rows].copy()
        birth, order = families.birth[rows], families.birth_order[rows]
        for instrument in self._instruments:
            cash = instrument.cash()
            if cash is None or not in_force(instrument, day):
                continue
            reached = (birth > dates.months_before(age_on, cash.to_months)) & (
                birth <= dates.months_before(age_on, cash.from_months)
            )
            if cash.birth_orders:
                reached &= np.isin(order, cash.birth_orders)
            income += cash.yuan_per_month * reached
        relative = income / families.median_income
        self.state.children.alpha[rows] = families.sensitivity[rows] / relative**facts.income_power

    def _write_alpha_at_thresholds(self, day: date) -> None:
        """Rewrite the sensitivity of those who passed an age of a cash payment since their last decision day.

        Also of those too young to enrol: a voucher's round asks what it would be worth to them.
        """
        for instrument in self._instruments:
            cash = instrument.cash()
            if cash is None:
                continue
            for age in (cash.from_months, cash.to_months):
                a, b = self._constants.crossing(day, age)
                if b > a:
                    self._write_alpha(slice(a, b), day, day)

    # -- the day's phases ----------------------------------------------------------------------

    def _school_year(self, day: date) -> None:
        """1 September: those who turned three by 31 August leave for kindergarten."""
        first, last = dates.school_year_cut(day - timedelta(days=1)), dates.school_year_cut(day)
        birth = self._world.families.birth
        leavers = np.flatnonzero((birth > first) & (birth <= last)).astype(np.int32)
        gone = places.hand_over(leavers, np.zeros(0, np.int64), ages_on(day), self._scene)
        self.state.chronicle.count(self._row(day), "exits", gone)

    def _month_start(self, day: date) -> None:
        """The first of a month: new classes open, fees reviewed last month hold, quotas are new."""
        if day.month == 1:
            self.state.months_paid[:] = 0
        for q in self._payers.supplier:
            self._renew_quota(int(q), day)
        seats = self._constants.market.open_classes(dates.month_of(day), self.state)
        opened = len(np.unique(seats))  # one class of a type at an institution opens at a time
        self.state.chronicle.count(self._row(day), "openings", opened)
        self.state.offers.value[:] = self._constants.market.value(self.state.offers.places)
        self._write_tariff(day)
        if len(seats):
            places.hand_over(np.zeros(0, np.int32), seats, ages_on(day), self._scene)

    def _begin(self, q: int, day: date) -> None:
        """An instrument's first day; for one that began before the first simulated day, that day."""
        instrument, ids = self._instruments[q], self._world.institutions.id
        chance = self._world.luck.uniforms(f"{kind_of(instrument)} selection", ids)[:, 0]
        instrument.begin(self._offered(day), chance, self.state.declared[q])
        self._renew_quota(q, day)

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
        if any(i.cash() is not None for i in turned):
            self._write_all_alpha(day)
        self._write_tariff(day)

    def _moment(self, q: int, method: str, argument: int, day: date) -> None:
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
        )
        getattr(self._instruments[q], method)(argument, desk, self.state.declared[q])

    def _decide(self, day: date) -> None:
        """The families whose day it is decide, then those enrolled are billed."""
        state, ages, row = self.state, ages_on(day), self._row(day)
        edges = self._constants.edges(day)
        self._write_alpha_at_thresholds(day)
        left = state.left > 0
        self._constants.renew(day, row, state.children.draws)
        decide(
            edges, day.toordinal(), (dates.month_of(day), row), self._constants.luck, ages, self._scene, self._payers,
            self._log, self._flows, self._room,
        )  # fmt: skip
        state.chronicle.count(row, "decisions", int(edges[-1] - edges[0]))
        if (left & (state.left <= 0)).any():
            self._write_tariff(day)

    def _review(self, day: date) -> None:
        """Institutions review; what they usually fill is known from the last month before the start on."""
        closed = self._constants.market.review(dates.month_of(day), self.state)
        self.state.chronicle.count(self._row(day), "closures", closed)
        settled = dates.month_of(day) >= dates.month_of(self._start) - 1
        if settled and np.isnan(self.state.market.norm).all():
            self._constants.market.set_norm(self.state)

    # -- the month's end ---------------------------------------------------------------------------

    def _month_end(self, day: date) -> None:
        """Pay, close the accounts, count heads, and hand the month to the recorder."""
        state, row, groups = self.state, self._row(day), self._constants.groups
        counted = np.zeros((3, len(groups.names)), np.int64)
        census.count_enrolled(
            ages_on(day), dates.months_before(day, 36), self._world.families.birth, groups.cells, groups.kind_cell,
            state.children.at, state.children.waits, counted,
        )  # fmt: skip
        if counted[census.ENROLLED, 0] != state.offers.taken.sum() or (state.offers.taken > state.offers.places).any():
            raise CountError(f"{day}: {counted[census.ENROLLED, 0]} children on {state.offers.taken.sum()} seats")
        self._pay(day, row)
        chronicle = state.chronicle
        chronicle.totals[ROW["children"], row] = self._constants.population(day)
        chronicle.close_month(row, counted, self._flows, self._log)
        self._note_supply(day, row)
        for name, event in (("entries", places.ENTERS), ("switches", places.SWITCHES), ("exits", places.LEAVES)):
            chronicle.count(row, name, int(self._events[event]))
        lists = len(self._world.institutions) * BANDS
        waiting = np.bincount(state.children.waits[state.children.waits != NOBODY], minlength=lists)
        self._constants.market.remember(dates.month_of(day), waiting.reshape(-1, BANDS).astype(np.int32), state)
        for counter in (self._flows, self._events, self._payers.claimed, self._payers.cases):
            counter[:] = 0
        self._payers.redeemed[:] = self._payers.redeemed_fen[:] = 0
        state.month = dates.month_of(day) + 1

    def _pay(self, day: date, row: int) -> None:
        """Claims of the month, cash, lagged payments, costs; then the accounts must balance."""
        state, payers, ledger = self.state, self._payers, self.state.ledger
        claims = payers.claimed.copy()
        for q, instrument in enumerate(self._instruments):
            cash = instrument.cash()
            if cash is not None and in_force(instrument, day):
                paid = self._constants.population(day, cash) * round(cash.yuan_per_month * 100)
                claims[q] += paid[0]
                if payers.own[q]:
                    self._flows[bills.CLAIMED] += paid
        ledger.claim(row, claims)
        state.chronicle.claims[row] = claims
        received = int(self._flows[bills.NET, 0]) + int(payers.claimed.sum())
        ledger.transfer(row, FAMILIES, INSTITUTIONS, int(self._flows[bills.NET, 0]))
        for q, instrument in enumerate(self._instruments):
            due = row - instrument.payment_lag_months
            if instrument.cash() is not None:
                ledger.settle(row, q, FAMILIES, int(claims[q]))
            elif due >= 0:
                ledger.settle(row, q, INSTITUTIONS, int(state.chronicle.claims[due, q]))
        profit = received - self._constants.market.pay_costs(row, state)
        ledger.check(row)
        state.chronicle.count(row, "profit_fen", profit)
        state.chronicle.count(row, "standing_fen", int(claims[~payers.own].sum()))
        tiers = {"vouchers_redeemed": payers.redeemed, "vouchers_redeemed_fen": payers.redeemed_fen}
        for metric, by_tier in tiers.items():
            for tier, n in enumerate(by_tier):
                state.chronicle.count_tranche(row, metric, tier, int(n))

    def _note_supply(self, day: date, row: int) -> None:
        """Places, institutions and posted fees at the month's end, by group."""
        state, groups, chronicle = self.state, self._constants.groups, self.state.chronicle
        seats, size = state.offers.places.astype(np.int64), len(groups.names)
        total = seats.sum(axis=1)
        posted = np.rint(100 * self._scene.tariff.posted).astype(np.int64)  # (3, J)
        # counted in thirds: a mixed class is one third toddlers, two thirds older toddlers (18 to 36 months)
        by_band = seats[:, :BANDS] * 3
        by_band[:, 1] += seats[:, 3]
        by_band[:, 2] += 2 * seats[:, 3]
        weighted = by_band * posted.T
        for name, by_offer in (("place_thirds", by_band), ("fee_place_thirds_fen", weighted)):
            cells = chronicle.totals[ROW[name], row]
            cells[0] = by_offer.sum()
            cells[1 : 1 + BANDS] = by_offer.sum(axis=0)
            for cell in (groups.kind_cell, groups.district_cell):
                cells += np.bincount(cell, by_offer.sum(axis=1), size).astype(np.int64)
        running = (total > 0).astype(np.int64)
        cells = chronicle.totals[ROW["institutions"], row]
        cells[0] = running.sum()
        for cell in (groups.kind_cell, groups.district_cell):
            cells += np.bincount(cell, running, size).astype(np.int64)
        chronicle.fee[row] = self._scene.tariff.posted
        chronicle.offer_bills[row] = self._enrolled(day).T

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
        self._events[:] = 0

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

    def _moments(self, phase: str, first: date, last: date) -> Iterator[tuple[date, int, str, int]]:
        """Days in a span on which instruments speak in a phase, with their place, method and argument."""
        for q, instrument in enumerate(self._instruments):
            for m in instrument.moments():
                if m.phase == phase and first <= m.day <= last:
                    yield m.day, q, m.method, m.argument

    def _follow(
        self, env: simpy.Environment, moments: list[tuple[date, int, str, int]], phase: Phase
    ) -> Generator[simpy.Event, Any, None]:
        """The calendar of all instruments' moments of one phase, in chain order within a day."""
        for day, q, method, argument in moments:
            wait = instant(day, phase, self._start) - env.now
            if wait > 0:
                yield env.timeout(wait)
            self._moment(q, method, argument, day)


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day else None


def _last_of_month(day: date) -> bool:
    return (day + timedelta(days=1)).day == 1


def _empty_log(n: int) -> bills.Log:
    """Buffers that hold any month: nobody is billed twice in one, or ends two stays."""
    return bills.Log(
        claim_child=np.empty(n, np.int32),
        claim_fen=np.empty(n, np.int32),
        claim_tranche=np.empty(n, np.int8),
        stay_child=np.empty(n, np.int32),
        stay_at=np.empty(n, np.int16),
        stay_first=np.empty(n, np.int16),
        stay_last=np.empty(n, np.int16),
        stay_refused=np.empty(n, np.uint8),
        stay_subsidised=np.empty(n, np.uint8),
        filled=np.zeros(2, np.int64),
    )
