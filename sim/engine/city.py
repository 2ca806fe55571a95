"""A city under one policy: its state, its world, and the resulting terms for households and institutions."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.engine.active_instruments import ActiveInstruments
from sim.engine.baseline_log import BaselineLog
from sim.engine.expectations import Expectations
from sim.engine.groups import Grouping, ages_passed, horizons
from sim.engine.payments import Payments
from sim.engine.replication_cache import ReplicationCache
from sim.engine.state import State, allocate_columns
from sim.engine.tariff import Outlook, write_tariff
from sim.kernels import bills, places
from sim.kernels.columns import ChoiceInputs, Tariff, Terms, Ties
from sim.kernels.day import Work, nothing_beside
from sim.kernels.passing import Month, Reach, Sorted
from sim.kernels.welfare import Faced
from sim.policy.instrument import Instrument, Offered, Relief
from sim.world.city import World
from sim.world.families import FamilyFacts
from sim.world.institutions import BANDS


@dataclass
class MonthCounters:
    """Sums over the current month, all int64, by the groups of `GroupIndex`.

    flows : (bills.FLOWS, groups)  bills and money [fen]; gains : (groups,)  households' gains on the baseline [fen]
    events : (places.EVENTS,)  choices by outcome; lists : (places.LISTS, 3)  waiting lists, by their band
    log : bills with a claim, and ended stays
    """

    flows: NDArray[np.int64]
    gains: NDArray[np.int64]
    events: NDArray[np.int64]
    lists: NDArray[np.int64]
    log: bills.Log

    @classmethod
    def of(cls, groups: int, children: int) -> "MonthCounters":
        """Return counters at zero."""
        return cls(
            flows=np.zeros((bills.FLOWS, groups), np.int64),
            gains=np.zeros(groups, np.int64),
            events=np.zeros(places.EVENTS, np.int64),
            lists=np.zeros((places.LISTS, BANDS), np.int64),
            log=bills.empty_log(children),
        )

    def clear(self) -> None:
        """Begin a new month."""
        for counter in (self.flows, self.gains, self.events, self.lists):
            counter[:] = 0


class RunningCity:
    """A state and the policy in force; phases move it, called by the schedule.

    cache : values shared by all policies of the replication
    instruments : standing instruments, then the policy's own, windows filled in
    own_from : place in the chain of the policy's first own instrument
    start : the scenario's start, day 0 of the clock
    outlook : households' horizons and expectations
    log : the baseline's log: written by the baseline, read by every policy
    passes : skip children unaffected by the policy; without it, results are identical to the bit, but slower
    """

    def __init__(
        self,
        cache: ReplicationCache,
        state: State,
        instruments: tuple[Instrument, ...],
        own_from: int,
        start: date,
        outlook: FamilyFacts,
        log: BaselineLog,
        passes: bool = True,
    ) -> None:
        self.cache, self.state, self.start, self.outlook = cache, state, start, outlook
        self.log, self.passes = log, passes
        self.own_from, self.is_baseline = own_from, own_from == len(instruments)
        self.instruments = instruments
        families = self.world.families
        allocate_columns(state, self.world, instruments)
        self.grouping = Grouping.of(instruments, own_from, horizons(outlook))
        self.sort_into_groups(state.month)
        if self.is_baseline:
            log.grouping = self.grouping
        institutions = self.world.institutions
        self.prepaid = Terms(
            months=institutions.prepaid_months,
            kept=(1 - institutions.prepaid_refund).astype(np.float32),
            forfeited=np.zeros(len(institutions), np.int64),
            lost=np.zeros(len(cache.groups.names), np.int64),
        )
        self.month = MonthCounters.of(len(cache.groups.names), len(families))
        self.active = ActiveInstruments(cache, state, instruments)
        self.expects = Expectations(self.world, self.active, own_from)
        self.payments = Payments(cache, self.active, own_from, self.month.flows)
        paid = [cash for i in instruments for cash in i.cash()]
        self.cash_ages = sorted({age for cash in paid for age in (cash.from_months, cash.to_months)})
        self.work = Work(
            rows=cache.room,
            at=np.empty_like(state.children.at),
            face=np.empty_like(state.vouchers.face),
            sunk=np.zeros(len(families), np.float32),
            free=np.zeros_like(state.offers.value, np.bool_),
            last=np.empty(len(families) if self.marked else 0, np.int16),
            left=Sorted.of(len(families)),
            before=np.zeros_like(self.payments.payers.accounts),
            weighed=np.zeros(1, np.int64),
        )
        self.write_tariff(dates.date_in(state.month))

    @cached_property
    def group_there(self) -> NDArray[np.int64]:
        """Return the baseline's household group of each of the policy's groups, int64 (G,)."""
        return self.grouping.there(self.log.grouping)

    def sort_into_groups(self, month: int) -> None:
        """Put every child into its household group, as before the decision days of an absolute month."""
        families, last = self.world.families, month - 1  # month of each household's last decision
        first, end = dates.date_in(last), dates.date_in(last, dates.DECISION_DAYS)
        _, passed = ages_passed(families, first, end, self.grouping.ages[1:])
        youngest = self.grouping.youngest(families, self.outlook, dates.date_in(month))
        self.state.children.group[:] = youngest + passed
        self.note_winners()
        self.note_who_may_win()

    def note_winners(self) -> None:
        """Update household groups by lots won."""
        self.grouping.note_winners(self.state.children, self.state.instruments.columns, self.instruments)

    def note_who_may_win(self) -> None:
        """Update household groups by voucher pools known and still to be won."""
        self.grouping.note_who_may_win(self.state.children, self.state.instruments.columns, self.instruments)

    @cached_property
    def habit(self) -> np.float32:
        """Loss in the value of staying out after any time in care [units of the shock]."""
        facts = self.world.facts.families
        return np.float32(facts.sensitivity * facts.habit_yuan)

    @property
    def marked(self) -> bool:
        """True if past care affects choices, by habit or by learning."""
        return bool(self.habit > 0) or len(self.cache.market.learnt) > 0

    @cached_property
    def nothing(self) -> tuple[Month, NDArray[np.bool_], Faced, Reach]:
        """Empty notes, for the baseline, if there are none to write or to read."""
        return nothing_beside(self.inputs, self.work)

    def relief_of(self, q: int, day: date) -> Relief | None:
        """Return an instrument's relief of bills without a voucher; None if it gives none."""
        relief = self.instruments[q].relief(
            self.active.offered(day), self.grouping.seen_by(q), self.state.instruments.columns[q]
        )
        return None if relief is None or relief.voucher else relief

    @property
    def world(self) -> World:
        """Households and institutions as drawn."""
        return self.cache.world

    def row(self, day: date) -> int:
        """Return the month of a day, counted from the first simulated one."""
        return dates.month_of(day) - self.state.chronicle.first

    def write_tariff(self, day: date) -> None:
        """Ask every instrument for the terms of households and institutions from this day on."""
        offered, state = self.active.offered(day), self.state
        self.appeal = self.active.appeal(day, offered) + self.cache.trends.worth(dates.month_of(day))[:, None]
        state.offers.value[:] = self.cache.market.value(state, self.appeal)
        tariff = self.tariff_on(day, day)
        self.payments.write_income(offered, day)
        self.inputs = ChoiceInputs(
            birth=self.world.families.birth,
            candidate=self.world.candidate,
            fixed=self.world.fixed,
            outside=self.world.outside,
            lasting=self.cache.lasting,
            cells=self.cache.groups.cells,
            kind_cell=self.cache.groups.kind_cell,
            epochs=self.cache.epochs.table,
            children=state.children,
            offers=state.offers,
            vouchers=state.vouchers,
            tariff=tariff,
            ties=Ties(
                np.float32(self.world.facts.families.stickiness),
                self.habit,
                self.cache.market.learnt,
                self.prepaid.kept,
                state.children.links,
                state.children.counts,
            ),
            prepaid=self.prepaid,
            site=self.world.institutions.site,
            events=self.month.events,
            lists=self.month.lists,
        )
        self.fees_noted = False  # noted once a household is billed by them

    def tariff_on(
        self,
        today: date,
        day: date,
        coming: bool = False,
        offered: Offered | None = None,
        asked: NDArray[np.float64] | None = None,
    ) -> Tariff:
        """Return the tariff from a day on, given announcements up to today.

        coming : as in `Outlook`; offered : institutions as instruments see them; their present state if None
        asked : (J, 3)  posted fees; if None, own fees as limited by instruments [yuan a month]
        """
        state, terms = self.state, self.world.institutions.prepaid_months
        announced = any(i.start is not None and i.start <= today for i in self.instruments[self.own_from :])
        return write_tariff(
            self.instruments,
            state.instruments.columns,
            state.instruments.left <= 0,
            self.active.offered(day) if offered is None else offered,
            self.grouping,
            state.offers.fee if asked is None else asked,
            state.offers.value,
            Outlook(
                day,
                self.own_from,
                announced,
                self.grouping.thirds,
                terms,
                self.outlook.prolonged,
                self.outlook.deferral,
                coming,
            ),
            limited=asked is None,
        )
