"""Waiting: a second, slower account of one institution's lists, day by day, beside the compiled one."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from town import BANDS, HAMLET, NOBODY, SETTLED, Child, House, Town, instrument, lay_out, settle, total, waiting_line

from sim import dates
from sim.engine.phases.closure import close
from sim.engine.recorder import CITY_TOTALS, LIST_ENDINGS, ROW
from sim.engine.replication_cache import ages_on
from sim.engine.state import State
from sim.kernels import places
from sim.policy.instrument import Instrument
from sim.scenario.schema import load

SIZE = 2  # children in a class of the nursery
WINDOW = (
    "run.start=2025-02-01",
    "run.count_from=2025-02-01",
    "run.until=2026-10-31",
    "run.burn_in_months=1",
    "city.families.renewal=0",
    "city.families.stickiness=5",
    f"city.classes.sizes=[{SIZE}, {SIZE}, {SIZE}, {SIZE}]",
    "city.supply.closing_share=0",
    "city.supply.payback_years=0.001",
)
FACTS = load(HAMLET, WINDOW).city
BINS = {  # days of the first and the last who are counted so
    "waited_0_to_7_days": (0, 7),
    "waited_8_to_30_days": (8, 30),
    "waited_31_to_90_days": (31, 90),
    "waited_91_to_180_days": (91, 180),
    "waited_over_180_days": (181, 10**6),
}


@dataclass
class Nursery:
    """One institution as a notebook would keep it; every child wants in for good.

    seats : by class, who sits there; climbs, waits : by band, who waits inside and outside, first first
    since : by child, the day on which it joined the list it is on
    joined, ended : what was written down of the lists: bands, and for the ended band, ending and days waited
    """

    born: Sequence[date]
    places: tuple[int, int, int]
    seats: list[list[int]] = field(default_factory=lambda: [[], [], []])
    climbs: list[list[int]] = field(default_factory=lambda: [[], [], []])
    waits: list[list[int]] = field(default_factory=lambda: [[], [], []])
    since: dict[int, date] = field(default_factory=dict)
    joined: list[int] = field(default_factory=list)
    ended: list[tuple[int, str, int]] = field(default_factory=list)

    def band(self, child: int, day: date) -> int:
        return sum(self.born[child].toordinal() <= dates.months_before(day, m) for m in (6, 12, 24)) - 1

    def in_care(self, child: int, day: date) -> bool:
        return self.born[child].toordinal() > dates.school_year_cut(day) and self.band(child, day) >= 0

    def seat_of(self, child: int) -> int:
        return next((c for c in range(3) if child in self.seats[c]), NOBODY)

    def open(self, band: int) -> bool:
        return len(self.seats[band]) < self.places[band]

    def join(self, child: int, band: int, day: date) -> None:
        self.waits[band].append(child)
        self.since[child] = day
        self.joined.append(band)

    def strike(self, child: int, ending: str, day: date) -> None:
        """Take a child off the list it is on, if any."""
        for band, people in enumerate(self.waits):
            if child in people:
                people.remove(child)
                self.ended.append((band, ending, (day - self.since[child]).days))

    def move(self, child: int, band: int, day: date) -> None:
        self.strike(child, "taken" if child in self.waits[band] else "aged_out", day)
        for people in (*self.seats, *self.climbs):
            if child in people:
                people.remove(child)
        self.seats[band].append(child)

    def fill(self, band: int, day: date) -> None:
        """Give free seats to those who outgrew their class, then to the head of the list."""
        while self.open(band) and (self.climbs[band] or self.waits[band]):
            if self.climbs[band]:
                child = self.climbs[band][0]
                left = self.seat_of(child)
                self.move(child, band, day)
                self.fill(left, day)
            elif self.band(self.waits[band][0], day) == band:
                self.move(self.waits[band][0], band, day)
            else:
                self.strike(self.waits[band][0], "aged_out", day)

    def decide(self, child: int, day: date) -> None:
        band, seat = self.band(child, day), self.seat_of(child)
        if seat == NOBODY:
            if self.open(band):
                self.move(child, band, day)
            elif child not in self.waits[band]:
                self.strike(child, "aged_out", day)
                self.join(child, band, day)
        elif seat < band and self.open(band):
            self.move(child, band, day)
            self.fill(seat, day)
        elif seat < band and child not in self.climbs[band]:
            for people in self.climbs:
                if child in people:
                    people.remove(child)
            self.climbs[band].append(child)

    def to_kindergarten(self, day: date) -> None:
        freed = []
        for child in [c for c in range(len(self.born)) if self.born[c].toordinal() <= dates.school_year_cut(day)]:
            seat = self.seat_of(child)
            self.strike(child, "aged_out", day)
            for people in (*self.seats, *self.climbs):
                if child in people:
                    people.remove(child)
            if seat != NOBODY:
                freed.append(seat)
        for seat in reversed(freed):
            self.fill(seat, day)


def test_a_stay_says_how_many_months_the_child_was_refused_before_it() -> None:
    """A class of two is full from January; who comes third sits only when those go to kindergarten in September."""
    born = [date(2022, 5, 1), date(2022, 6, 1), date(2022, 10, 1)]
    world, rows = lay_out(FACTS, [Child(b, 3 + n) for n, b in enumerate(born)], [House(classes=(0, 0, 1, 0))])
    stays = settle(*WINDOW, standing=(), world=world).baseline.stays
    refused = dict(zip(stays["child"].tolist(), stays["refused"].tolist(), strict=True))
    assert [refused[row] for row in rows] == [0, 0, 8]
    assert stays["first"][stays["child"] == rows[2]].tolist() == [7], "September, February being the first"


@given(
    st.lists(st.integers(0, 1460), min_size=1, max_size=28),
    st.permutations(range(1, 29)),
    st.tuples(st.integers(0, 3), st.integers(1, 3), st.integers(1, 4)),
)
@settings(max_examples=50, phases=(Phase.generate,))  # a smaller counter-example is not worth its minutes
def test_lists_are_kept_as_in_a_notebook(ages: list[int], days: list[int], classes: tuple[int, int, int]) -> None:
    first = date(2025, 1, 1)
    born = [date(2026, 3, 1) - timedelta(days=a + 30) for a in ages]
    children = [Child(b, d) for b, d in zip(born, days, strict=False)]
    world, rows = lay_out(FACTS, children, [House(classes=(*classes, 0))])
    engine = settle(*WINDOW, standing=(), world=world)

    book = Nursery(born, (classes[0] * SIZE, classes[1] * SIZE, classes[2] * SIZE))
    for child in sorted(range(len(born)), key=lambda c: born[c]):  # the city as it would stand
        if book.in_care(child, first):
            _choose(book, child, first)
    book.joined.clear()
    kept = dict(engine.states())
    day = first
    while day < date(2026, 10, 31):
        if day.day == 1 and day in kept:
            _compare(book, kept[day], rows)
            _compare_counts(book, kept[day], dates.month_of(day) - engine.span.first)
        if (day.month, day.day) == (9, 1):
            book.to_kindergarten(day)
        for child in range(len(born)):
            if days[child] == day.day and book.in_care(child, day):
                _choose(book, child, day)
        day += timedelta(days=1)


def _choose(book: Nursery, child: int, day: date) -> None:
    if book.places[book.band(child, day)] > 0 or book.seat_of(child) != NOBODY:
        book.decide(child, day)


def _compare(book: Nursery, state: State, rows: list[int]) -> None:
    for child, row in enumerate(rows):
        assert int(state.children.seat[row]) == book.seat_of(child)
        assert (int(state.children.at[row]) == 0) == (book.seat_of(child) != NOBODY)
    for band in range(3):
        for kind, people in (("waits", book.waits[band]), ("climbs", book.climbs[band])):
            assert [rows.index(row) for row in waiting_line(state, kind, band)] == people


def _compare_counts(book: Nursery, state: State, months: int) -> None:
    """What the recorder has of all months so far is what the notebook has."""
    counted = state.chronicle.sums.totals[:, :months].sum(axis=1)
    for band in range(3):
        written = {ROW["waiting_joined"]: book.joined.count(band)}
        for ending in LIST_ENDINGS:
            days = [d for b, how, d in book.ended if (b, how) == (band, ending)]
            written |= {ROW[f"waiting_{ending}"]: len(days), ROW[f"days_to_{ending}"]: sum(days)}
            if ending == "taken":
                written |= {ROW[name]: len([d for d in days if a <= d <= z]) for name, (a, z) in BINS.items()}
        assert {row: int(counted[row, 1 + band]) for row in written} == written


# ---------------------------------------------------------------------------------------------------------
# how entries on lists end


@pytest.fixture(scope="module", params=["town", "busy"])
def any_town(request: pytest.FixtureRequest) -> Town:
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("group", ["all", *(f"band={band}" for band in BANDS)])
def test_every_entry_ends_in_one_way_or_waits(any_town: Town, group: str) -> None:
    """Each month, to the child, through closures and September; and what waits is what stands on the lists."""
    record = any_town.baseline
    entries, joined = (total(record, name, group) for name in ("on_lists", "waiting_joined"))
    ended = sum(total(record, f"waiting_{ending}", group) for ending in LIST_ENDINGS)
    assert (np.diff(entries) == (joined - ended)[1:]).all()
    states = list(any_town.states())
    for (_, state), at_the_end in zip(states[1:], entries, strict=False):
        waits = state.children.waits[state.children.waits != NOBODY]
        of_band = np.append(len(waits), np.bincount(waits % 3, minlength=3))
        assert of_band[record.groups.index(group)] == at_the_end
    assert (joined > 0).all()


def test_what_is_offered_is_taken_or_passed_on(any_town: Town) -> None:
    record = any_town.baseline
    offered, taken, passed = (record.totals[ROW[f"waiting_{name}"]] for name in ("offered", "taken", "passed"))
    assert (offered == taken + passed).all()
    assert (taken == sum(record.totals[ROW[name]] for name in BINS)).all(), "each has waited so long or so long"
    for ending in LIST_ENDINGS:
        assert total(record, f"waiting_{ending}").sum() > 0, f"some entry was {ending}"
    assert (record.city[CITY_TOTALS.index("institutions_closed")] > 0).sum() >= 2
    september = dates.month_of(date(2025, 9, 1)) - any_town.span.counted
    assert total(record, "waiting_aged_out").argmax() == september


def test_entries_are_those_who_come_by_day_times_the_days_they_wait() -> None:
    """Little's law (Operations Research 9(3) 383, 1961), in a town whose births do not change, over two years."""
    births = (f"city.births.by_year.{year}=1000" for year in range(2018, 2028))
    even = (f"city.births.month_shares={[round(1 / 12, 6)] * 11 + [1 - 11 * round(1 / 12, 6)]}",)
    town = settle(*births, *even, *SETTLED, "run.count_from=2026-01-01", "run.until=2027-12-31", standing=())
    record, days = town.baseline, (date(2028, 1, 1) - date(2026, 1, 1)).days
    for group in ("all", *(f"band={band}" for band in BANDS)):
        ended, waited = (
            sum(total(record, prefix + ending, group).sum() for ending in LIST_ENDINGS)
            for prefix in ("waiting_", "days_to_")
        )
        rate = total(record, "waiting_joined", group).sum() / days
        assert total(record, "on_lists", group).mean() == pytest.approx(rate * waited / ended, rel=0.1)
        assert ended > 200


def test_every_day_of_waiting_is_counted() -> None:
    """Entries at the end of each day add up to the days of those that ended and of those that still wait."""
    families, seats, luck = 60, 3, np.random.default_rng(5)
    world, _ = lay_out(FACTS, [Child(date(2022, 6, 1), keen=1e6)] * families, [House(classes=(0, 0, 1, 0))])
    town = settle(*WINDOW, standing=(), world=world)
    inputs, state = town.replication.baseline_city.inputs, town.replication.baseline_city.state
    state.offers.places[0] = (0, 0, seats, 0)
    inputs.lists[:] = 0
    ages, none, children = ages_on(date(2025, 1, 1)), np.zeros(0, np.int64), state.children
    stood, joined, absent = 0, 0, list(range(families))
    assert (children.at == NOBODY).all()
    assert (children.waits == NOBODY).all()
    for day in range(1, 2001):
        for gone in np.flatnonzero((children.at != NOBODY) & (luck.random(families) < 0.1)):
            places.remove_children(np.array([gone], np.int32), NOBODY, none, day, ages, inputs)
            absent.append(int(gone))
        if luck.random() < 0.28:
            i = absent.pop(0)
            places.serve(np.array([i], np.int32), day, ages, inputs)
            joined += int(children.waits[i] != NOBODY)
        stood += int((children.waits != NOBODY).sum())
    since = children.waits_since[children.waits != NOBODY]
    lists = inputs.lists.sum(axis=1)
    assert stood == lists[places.DAYS_TAKEN_UP : places.BINS].sum() + (2000 + 1 - since).sum()
    assert joined == lists[places.JOINED] == lists[places.TAKEN_UP] + len(since)
    # Little's law: the mean list is as long as as many come in the mean wait
    wait = lists[places.DAYS_TAKEN_UP] / lists[places.TAKEN_UP]
    assert stood / 2000 == pytest.approx(joined / 2000 * wait, rel=0.02)
    assert joined > 300


# ---------------------------------------------------------------------------------------------------------
# the same, case by case


def nursery(
    children: list[Child], houses: list[House], *more: str, standing: tuple[Instrument, ...] = ()
) -> tuple[Town, list[int]]:
    world, rows = lay_out(load(HAMLET, [*WINDOW, *more]).city, children, houses)
    return settle(*WINDOW, *more, standing=standing, world=world), rows


def seats(state: State, rows: list[int]) -> list[int]:
    return [int(state.children.seat[r]) for r in rows]


def test_a_freed_seat_goes_to_the_head_of_the_list_before_anyone_else() -> None:
    """Two infants sit, two wait; when the eldest turns one on its decision day the first of the list sits that day."""
    born = [date(2024, 4, 10), date(2024, 6, 1), date(2024, 6, 2), date(2024, 6, 3), date(2024, 10, 9)]
    # the newcomer turns six months on 9 April and decides on the 10th, before those on the list have their day
    children = [Child(b, d) for b, d in zip(born, (10, 5, 25, 27, 11), strict=True)]
    town, rows = nursery(children, [House(classes=(1, 1, 0, 0))])
    kept = dict(town.states())
    assert seats(kept[date(2025, 4, 1)], rows) == [0, 0, NOBODY, NOBODY, NOBODY]
    assert seats(kept[date(2025, 5, 1)], rows) == [1, 0, 0, NOBODY, NOBODY]
    # what is taken from the list is billed on the child's own decision day
    first_bills = {
        int(c): int(m) for c, m in zip(town.baseline.stays["child"], town.baseline.stays["first"], strict=True)
    }
    assert first_bills[rows[2]] == 2  # 25 April 2025, two months after the window's first


def test_those_inside_climb_before_those_outside_enter_and_are_never_evicted() -> None:
    """Both toddler seats are taken: an infant of one year keeps its seat, and gets the first that comes free."""
    toddlers = [Child(date(2023, 4, 15), 15), Child(date(2023, 12, 1), 16)]
    outside = Child(date(2023, 12, 20), 3)  # on the list for a toddler seat since the beginning
    infant = Child(date(2024, 2, 10), 12)  # one year old in February, long after
    town, rows = nursery([*toddlers, outside, infant], [House(classes=(1, 1, 1, 0))])
    kept = dict(town.states())
    assert seats(kept[date(2025, 2, 1)], rows) == [1, 1, NOBODY, 0]
    assert seats(kept[date(2025, 4, 1)], rows) == [1, 1, NOBODY, 0]
    # on 15 April the first toddler is two: its seat goes to the infant, not to the one who waited longer
    assert seats(kept[date(2025, 5, 1)], rows) == [2, 1, NOBODY, 1]


def test_a_mixed_seat_is_offered_to_whoever_joined_its_two_lists_first() -> None:
    """An older toddler counts from the day on which it joined the older list, and the younger was there before."""
    leaver = Child(date(2022, 11, 1), 17, keen=50.0)  # worth 50,000 yuan, of the 100,000 asked
    stays = Child(date(2022, 11, 2), 18, keen=1e6)
    older = Child(date(2023, 3, 5), 10, keen=1e6)  # two years old on 5 March
    young = Child(date(2023, 8, 1), 3, keen=1e6)  # eighteen months on 1 February
    subsidy = instrument("fee_subsidy", amount=99_999.0, start=date(2025, 1, 1), until=date(2025, 4, 30))
    house = House(fee=(1e5, 1e5, 1e5), classes=(0, 0, 0, 1))
    once = "city.families.commitment_months=1"
    town, rows = nursery([leaver, stays, older, young], [house], once, standing=(subsidy,))
    kept = dict(town.states())
    assert seats(kept[date(2025, 5, 1)], rows) == [3, 3, NOBODY, NOBODY]
    assert seats(kept[date(2025, 6, 1)], rows) == [NOBODY, 3, NOBODY, 3]


def test_those_inside_climb_into_a_mixed_seat_before_those_outside_too() -> None:
    """A toddler of eighteen months in an infant class goes first when a mixed seat comes free."""
    toddlers = [Child(date(2023, 12, 10), 15), Child(date(2023, 12, 11), 16)]
    mixed = [Child(date(2022, 8, 1), 17), Child(date(2022, 10, 1), 18)]
    outside = Child(date(2023, 12, 20), 3)
    inside = Child(date(2024, 2, 10), 12)
    town, rows = nursery([*toddlers, *mixed, outside, inside], [House(classes=(1, 1, 0, 1))])
    kept = dict(town.states())
    assert seats(kept[date(2025, 9, 1)], rows) == [1, 1, 3, 3, NOBODY, 0]
    assert waiting_line(kept[date(2025, 9, 1)], "climbs", 1) == [rows[5]]
    # the first of the mixed class leaves for kindergarten on 1 September
    assert seats(kept[date(2025, 10, 1)], rows) == [1, 1, NOBODY, 3, NOBODY, 3]


def test_a_mixed_class_opens_at_eighteen_months() -> None:
    children = [Child(date(2024, 1, 10), 9), Child(date(2024, 1, 10), 11)]
    town, rows = nursery(children, [House(classes=(0, 0, 0, 1))])
    kept = dict(town.states())
    assert seats(kept[date(2025, 7, 1)], rows) == [NOBODY, NOBODY]
    # eighteen months old on 10 July: the one whose day is the 9th has to wait for August
    assert seats(kept[date(2025, 8, 1)], rows) == [NOBODY, 3]
    assert seats(kept[date(2025, 9, 1)], rows) == [3, 3]


def test_an_entry_lapses_when_it_is_no_longer_wanted() -> None:
    """A family waits while a subsidy makes the place worth having, and is off the list when that ends."""
    sitting = [Child(date(2023, 11, 1), 2, keen=1e6), Child(date(2023, 11, 2), 3, keen=1e6)]
    lukewarm = Child(date(2023, 11, 3), 4, keen=50.0)  # worth 50,000 yuan, of the 100,000 asked
    subsidy = instrument("fee_subsidy", amount=99_999.0, start=date(2025, 3, 1), until=date(2025, 4, 30))
    house = House(fee=(1e5, 1e5, 1e5), classes=(0, 1, 0, 0))
    town, rows = nursery([*sitting, lukewarm], [house], "city.families.commitment_months=1", standing=(subsidy,))
    waits = {day: int(state.children.waits[rows[2]]) for day, state in town.states()}
    assert waits[date(2025, 3, 1)] == NOBODY
    assert waits[date(2025, 4, 1)] == waits[date(2025, 5, 1)] == 1
    assert waits[date(2025, 6, 1)] == NOBODY
    # it joined on 4 March, and left on 4 May
    assert written(town) == {"waiting_joined": 1, "waiting_lapsed": 1, "days_to_lapsed": 61}


def written(town: Town) -> dict[str, int]:
    """What was counted of the lists over the window, but nothing of which there was none."""
    names = ("waiting_joined", "waiting_offered", *(p + e for p in ("waiting_", "days_to_") for e in LIST_ENDINGS))
    return {name: n for name in (*names, *BINS) if (n := int(total(town.baseline, name).sum()))}


def test_who_does_not_want_the_seat_passes_it_on_to_the_next() -> None:
    """A subsidy ends on 30 April; the seat comes free on 10 May, before the head of the list has its day."""
    leaver = Child(date(2023, 5, 5), 10, keen=1e6)  # two years old in May
    lukewarm = Child(date(2023, 11, 3), 20, keen=50.0)  # worth 50,000 yuan, of the 100,000 asked
    keen = Child(date(2024, 4, 1), 21, keen=1e6)  # one year old in April, a month after the head joined
    stays = Child(date(2023, 11, 2), 3, keen=1e6)
    subsidy = instrument("fee_subsidy", amount=99_999.0, start=date(2025, 3, 1), until=date(2025, 4, 30))
    house = House(fee=(1e5, 1e5, 1e5), classes=(0, 1, 1, 0))
    children = [leaver, lukewarm, keen, stays]
    town, rows = nursery(children, [house], "city.families.commitment_months=1", standing=(subsidy,))
    kept = dict(town.states())
    assert seats(kept[date(2025, 4, 1)], rows) == [1, NOBODY, NOBODY, 1]
    assert seats(kept[date(2025, 6, 1)], rows) == [2, NOBODY, 1, 1]
    entries = {"waiting_joined": 2, "waiting_offered": 2, "waiting_taken": 1, "waiting_passed": 1}
    assert written(town) == entries | {"days_to_taken": 19, "days_to_passed": 51, "waited_8_to_30_days": 1}


def test_a_wait_that_ends_in_a_seat_one_has_become_old_enough_for_is_taken() -> None:
    """The toddlers' class is full from 1 January and the mixed class empty; it admits from eighteen months on."""
    children = [Child(date(2023, 12, 1 + n), 2 + n) for n in range(3)]
    town, rows = nursery(children, [House(classes=(0, 1, 0, 1))])
    kept = dict(town.states())
    assert seats(kept[date(2025, 6, 1)], rows) == [1, 1, NOBODY]
    assert seats(kept[date(2025, 7, 1)], rows) == [1, 1, 3]
    # on 4 June
    days = {"days_to_taken": 154, "waited_91_to_180_days": 1}
    assert written(town) == {"waiting_offered": 1, "waiting_taken": 1, **days}


def test_a_list_is_dissolved_with_its_institution_and_the_displaced_keep_their_turn_elsewhere() -> None:
    """Two sit in the failing house, of whom one waits for the other house, where somebody joined after it.

    The other of the two joins that list too, now that its own house is no more.
    """
    born = date(2025, 12, 1)
    children = [Child(born + timedelta(days=n), 1 + n) for n in range(6)]
    world, rows = lay_out(FACTS, children, [House(classes=(1, 0, 0, 0)), House(classes=(1, 0, 0, 0))])
    fixed = np.full((6, 2), 100.0, np.float32)
    for child, likes in zip(rows, (1, 1, 1, 0, 1, 0), strict=True):
        fixed[child, likes] += 50.0
    fixed[rows[5], 1] = -1e6  # wants the failing house only
    town = settle(*WINDOW, standing=(), world=replace(world, fixed=fixed))
    simulation = town.replication.baseline_city
    state, day = simulation.state, date(2026, 10, 31)
    assert state.children.at[rows].tolist() == [1, 1, 0, 0, NOBODY, NOBODY]
    assert waiting_line(state, "waits", 0) == [rows[5]]
    assert waiting_line(state, "waits", 3) == [rows[2], rows[4]]
    close(simulation, np.array([0]), day)
    assert state.children.at[rows].tolist() == [1, 1, NOBODY, NOBODY, NOBODY, NOBODY]
    assert waiting_line(state, "waits", 0) == []
    assert waiting_line(state, "waits", 3) == [rows[2], rows[4], rows[3]]
    lists = simulation.inputs.lists
    assert lists[places.DISSOLVED].tolist() == [1, 0, 0]
    # since 6 June, its first decision day as an infant
    assert lists[places.DAYS_TAKEN_UP + places.DISSOLVED - places.TAKEN_UP].tolist() == [147, 0, 0]
    assert lists[places.JOINED].tolist() == [1, 0, 0]
    assert lists[places.OFFERED : places.DISSOLVED].sum() == 0


@pytest.mark.parametrize("classes", [1, 3, 5])
def test_first_come_first_served(classes: int) -> None:
    """Twelve infants come of age one after another; they sit in the order in which they came."""
    children = [Child(date(2024, 8, 3) + timedelta(days=2 * n), 1 + n) for n in range(12)]
    town, rows = nursery(children, [House(classes=(classes, 6, 0, 0))])
    billed_first = np.full(12, 10**6)
    for child, month in zip(town.baseline.stays["child"], town.baseline.stays["first"], strict=True):
        n = rows.index(int(child))
        billed_first[n] = min(billed_first[n], int(month))
    assert (np.diff(billed_first) >= 0).all()
    assert (billed_first < 10**6).all(), "everyone sits sooner or later: as a toddler if not as an infant"
    assert (billed_first == 0).sum() <= 12
