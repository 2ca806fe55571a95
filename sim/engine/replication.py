"""A replication: one city with its random streams; its warm-up is shared by all policies."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sim import dates
from sim.draws import Luck
from sim.engine.baseline_log import BaselineLog
from sim.engine.city import RunningCity
from sim.engine.phases.first_choice import choose_once
from sim.engine.recorder import CITY_TOTALS, STAY_FIELDS, Chronicle, Record
from sim.engine.replication_cache import ReplicationCache
from sim.engine.schedule import run_to
from sim.engine.state import NO_LIMIT, State, budgets_of, empty_state
from sim.engine.treasury import Ledger
from sim.engine.trends import Trends
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of
from sim.world.city import CityFacts, World, draw_world
from sim.world.families import FamilyFacts


@dataclass(frozen=True)
class Span:
    """Absolute months of a run: beginning of the burn-in, beginning of the counted window, and end (exclusive).

    start : the scenario's start, day 0 of the clock
    """

    start: date
    first: int
    counted: int
    end: int

    @property
    def first_day(self) -> date:
        """Return the first simulated day."""
        return dates.date_in(self.first)

    @classmethod
    def of(cls, start: date, counted_from: date, until: date, burn_in_months: int) -> "Span":
        """Return the months of a run's dates."""
        month = dates.month_of
        return cls(start, month(start) - burn_in_months, month(counted_from), month(until) + 1)


@dataclass(frozen=True)
class Chain:
    """A policy as run by the engine: standing instruments, then its own, windows filled in."""

    standing: tuple[Instrument, ...]
    own: tuple[Instrument, ...]

    @property
    def fork_month(self) -> int | None:
        """Return the absolute month in which the first own instrument begins; None if none ever does."""
        starts = [dates.month_of(i.start) for i in self.own if i.start is not None]
        return min(starts, default=None)


class Replication:
    """One city with its random streams; every policy forks from its warm-up.

    facts, luck, scale : inputs of the draw
    standing : instruments in force under every policy
    unlimited : capacity without limit, for measuring elasticities
    passes : policies skip children unaffected by them
    """

    def __init__(
        self,
        facts: CityFacts,
        standing: tuple[Instrument, ...],
        span: Span,
        luck: Luck,
        scale: float,
        unlimited: bool = False,
        passes: bool = True,
    ) -> None:
        last = dates.date_in(span.end).toordinal() - 1
        self.world: World = draw_world(facts, luck, dates.date_in(span.first), date.fromordinal(last), scale)
        self.span, self.passes = span, passes
        self._standing = standing
        trends = Trends(self.world, dates.month_of(span.start))
        self.cache = ReplicationCache(self.world, span.first, span.end - span.first, trends)
        state = empty_state(
            self.world,
            span.first,
            Chronicle.of(span.first, span.end - span.first, len(self.cache.groups.names), len(self.world.institutions)),
            Ledger.of(span.end - span.first),
        )
        if unlimited:
            state.offers.places[state.offers.places > 0] = 10**6
        self.log = BaselineLog(gains_from=span.counted, kept_from=span.end)
        self.baseline_city = self.city(state, ())
        choose_once(self.baseline_city, span.first_day)
        self._checkpoints: dict[int, State] = {}
        self._finished: Record | None = None
        self.decisions = 0  # household-months actually simulated; months inherited by a fork don't count
        self.weighed = 0  # of these, decisions not skipped

    def prepare(self, months: set[int]) -> None:
        """Run the baseline to its end, keeping checkpoints at the beginnings of some absolute months."""
        first = min(months, default=self.span.end)
        self.cache.epochs.share(first)
        self.log.kept_from = min(self.log.kept_from, first)
        self.baseline_city.write_tariff(dates.date_in(self.baseline_city.state.month))  # reads the epochs
        for month in sorted(max(m, self.baseline_city.state.month) for m in months if m < self.span.end):
            run_to(self.baseline_city, month)
            self._checkpoints[month] = self.baseline_city.state.copy()

    def baseline(self) -> Record:
        """Return the record of the city under its standing instruments alone."""
        if self._finished is None:
            run_to(self.baseline_city, self.span.end)
            self.decisions += _decisions(self.baseline_city.state, 0)
            self.weighed += int(self.baseline_city.work.weighed[0])
            self._finished = self._record(self.baseline_city.state, Chain(self._standing, ()))
        return self._finished

    def checkpoint(self, month: int) -> State:
        """Return a copy of the baseline at the beginning of an absolute month. Raises KeyError if none was kept."""
        return self._checkpoints[month].copy()

    def run(self, own: tuple[Instrument, ...], straight: bool = False, outlook: FamilyFacts | None = None) -> Record:
        """Return the record of a policy, forked from the latest checkpoint before it begins, or run straight through.

        own : the policy's own instruments, windows filled in
        straight : begin at the earliest checkpoint instead of the policy's own month
        outlook : household facts of which only the forward-looking ones (`LOOKS_AHEAD`) apply, in place of the city's;
            the baseline is independent of them only if no standing instrument touches fees
        Raises KeyError if no checkpoint was kept at or before the policy's first month.
        """
        chain = Chain(self._standing, own)
        month = chain.fork_month
        if month is None or month >= self.span.end:
            return self.baseline()
        month = min(self._checkpoints) if straight else max((m for m in self._checkpoints if m <= month), default=month)
        self.baseline()  # run to its end: households' gains are measured against it
        city = self.city(self.checkpoint(month), own, outlook)
        run_to(city, self.span.end)
        self.decisions += _decisions(city.state, month - self.span.first)
        self.weighed += int(city.work.weighed[0])
        return self._record(city.state, chain)

    def city(self, state: State, own: tuple[Instrument, ...], outlook: FamilyFacts | None = None) -> RunningCity:
        """Return a state under the standing instruments and some more, to be moved by the schedule."""
        return RunningCity(
            self.cache,
            state,
            self._standing + own,
            len(self._standing),
            self.span.start,
            outlook or self.world.facts.families,
            self.log,
            self.passes,
        )

    def _record(self, state: State, chain: Chain) -> Record:
        """Cut the chronicle to the counted window and gather stays."""
        begin, chronicle = self.span.counted - self.span.first, state.chronicle
        stays, gone = _all_stays(state, begin)
        claims = [np.concatenate([c[k] for c in chronicle.logs.claims]) for k in range(5)]
        counted = claims[1] >= begin
        fees = _fees_from(chronicle.logs.fees, dates.date_in(self.span.counted).toordinal())
        instruments = chain.standing + chain.own
        lots = np.array([q for q, i in enumerate(instruments) if i.by_lot and q >= len(chain.standing)], np.int64)
        return Record(
            first=self.span.counted,
            groups=self.cache.groups.names,
            kind_cell=self.cache.groups.kind_cell,
            totals=chronicle.sums.totals[:, begin:].copy(),
            city=chronicle.sums.city[:, begin:].copy(),
            tranche=chronicle.sums.tranche[:, begin:].copy(),
            claims=chronicle.sums.claims[begin:].copy(),
            turned_away=chronicle.sums.turned_away[begin:].copy(),
            budgets=_budgets(instruments, state),
            fee=chronicle.offers.fee[begin:].copy(),
            offer_enrolled=chronicle.offers.enrolled[begin:].copy(),
            offer_open=chronicle.offers.open[begin:].copy(),
            own=np.arange(len(instruments)) >= len(chain.standing),
            instrument_kinds=tuple(kind_of(i) for i in instruments),
            instrument_tiers=np.array([i.tiers() for i in instruments], np.int64),
            lots=lots,
            lot_entries=_lot_entries(lots, instruments, state),
            children=len(self.world.families),
            stays=stays,
            stay_cells=self.cache.groups.cells[stays["child"]],
            stay_birth=self.world.families.birth[stays["child"]],
            stay_day=self._decision_days(stays["child"]),
            former=self._former(stays["child"], gone),
            bill_from=np.array([day for day, _ in fees], np.int32),
            bill_fees=np.stack([by_offer for _, by_offer in fees]),
            claim_child=claims[0][counted],
            claim_month=(claims[1][counted] - begin).astype(np.int16),
            claim_fen=claims[2][counted],
            claim_relief=claims[3][counted],
            claim_tranche=claims[4][counted],
            concentration=self._concentration(stays),
            unaided=self._unaided(stays),
        )

    def _decision_days(self, rows: NDArray[np.generic]) -> NDArray[np.int8]:
        """Return the decision day of each child's household, int8 (rows,)."""
        return np.searchsorted(self.world.families.slices, rows, side="right").astype(np.int8)

    def _former(self, billed: NDArray[np.generic], gone: NDArray[np.generic]) -> NDArray[np.int32]:
        """Return children of stays ended before the window and not billed in it, see `Record.former`."""
        came = np.zeros(len(self.world.families), bool)
        came[gone] = True
        came[billed] = False
        came &= self.world.families.birth > dates.school_year_cut(dates.date_in(self.span.counted))
        return np.flatnonzero(came).astype(np.int32)

    def _concentration(self, stays: dict[str, NDArray[np.generic]]) -> NDArray[np.float64]:
        """Return the concentration index of enrolled months as numerator and denominator, float64 (2,).

        Of children under three, over the window: Σ months · (2 · income rank − 1) and Σ months. Their ratio is
        2·cov(months, rank)/mean, with a mean rank of ½.
        """
        rank = self._income_rank
        first = np.maximum(stays["first"].astype(np.int64), 0)
        months = stays["last"].astype(np.int64) - first + 1
        ranks = rank[stays["child"].astype(np.int64)]
        under = ~np.isnan(ranks)
        weight = 2 * ranks[under] - 1
        return np.array([float((months[under] * weight).sum()), float(months[under].sum())])

    def _unaided(self, stays: dict[str, NDArray[np.generic]]) -> NDArray[np.int64]:
        """Return full-day child-months of households without a grandparent, by counted month, int64 (months,)."""
        families, institutions = self.world.families, self.world.institutions
        which = ~families.grandparent[stays["child"]] & institutions.full_day[stays["at"]]
        change = np.zeros(self.span.end - self.span.counted + 1, np.int64)
        np.add.at(change, np.maximum(stays["first"][which].astype(np.int64), 0), 1)
        np.add.at(change, stays["last"][which].astype(np.int64) + 1, -1)
        return np.cumsum(change[:-1])

    @cached_property
    def _income_rank(self) -> NDArray[np.float64]:
        """Fractional income rank of the children under 36 months on some counted day, nan for others, float64 (n,).

        Ranked by household income: with one household size in a city, the same order as income per head. Equal incomes
        share their mean rank.
        """
        families, span = self.world.families, self.span
        first, end = dates.date_in(span.counted), dates.date_in(span.end).toordinal()
        under = (families.birth > dates.months_before(first, 36)) & (families.birth < end)
        rank = np.full(len(families), np.nan)
        _, place, equals = np.unique(families.income[under], return_inverse=True, return_counts=True)
        mean_rank = np.cumsum(equals) - (equals - 1) / 2
        rank[under] = (mean_rank[place] - 0.5) / max(int(under.sum()), 1)
        return rank


def _budgets(instruments: tuple[Instrument, ...], state: State) -> NDArray[np.int64]:
    """Return first days, budgets, their remainders and days of exhaustion, int64 (len(BUDGETS), instruments)."""
    first = [i.start.toordinal() for i in instruments if i.start is not None]
    limits = budgets_of(instruments)
    known = limits < NO_LIMIT
    return np.stack(
        [
            np.array(first, np.int64),
            np.where(known, limits, -1),
            np.where(known, state.instruments.left, -1),
            state.chronicle.sums.dry_day,
        ]
    )


def _lot_entries(lots: NDArray[np.int64], instruments: tuple[Instrument, ...], state: State) -> NDArray[np.int32]:
    """Return participants of some lots: number of the lot, child, and 1 for winners, int32 (entries, 3).

    lots : places in the chain of the instruments by lot
    """
    entries = [np.zeros((0, 3), np.int32)]
    for n, q in enumerate(lots.tolist()):
        lot = instruments[q].lot(state.instruments.columns[q])
        assert lot is not None, "who draws a lot knows who is in it"
        child, won = np.flatnonzero(lot[0]), lot[1][lot[0]]
        entries.append(np.stack([np.full(len(child), n), child, won], axis=1).astype(np.int32))
    return np.concatenate(entries)


def _decisions(state: State, since: int) -> int:
    """Count decisions simulated from a row of the chronicle on."""
    return int(state.chronicle.sums.city[CITY_TOTALS.index("decisions"), since:].sum())


def _fees_from(log: list[tuple[int, NDArray[np.int64]]], day: int) -> list[tuple[int, NDArray[np.int64]]]:
    """Return entries of the fee log from a day (ordinal) on, including the one in force on it."""
    earlier = [n for n, (since, _) in enumerate(log) if since <= day]
    return log[max(earlier, default=0) :]


def _all_stays(state: State, begin: int) -> tuple[dict[str, NDArray[np.generic]], NDArray[np.generic]]:
    """Return ended and running stays reaching into the window, months relative to its first, sorted by child.

    Also return the children of stays ended before it, one entry per stay, unordered.
    """
    children = state.children
    running = np.flatnonzero(children.stay_last >= 0)
    open_stays = (
        running.astype(np.int32),
        children.stay_at[running],
        children.stay_first[running],
        children.stay_last[running],
        children.stay_refused[running],
        children.stay_subsidised[running],
    )
    chunks = [*state.chronicle.logs.stays, open_stays]
    columns = [np.concatenate([chunk[k] for chunk in chunks]) for k in range(len(STAY_FIELDS))]
    inside = columns[3] >= begin
    order = np.lexsort((columns[2][inside], columns[0][inside]))
    stays = {name: column[inside][order] for name, column in zip(STAY_FIELDS, columns, strict=True)}
    for name in ("first", "last"):
        stays[name] = (stays[name] - begin).astype(np.int16)
    return stays, columns[0][~inside]
