"""Waiting: a second, slower account of one institution's lists, day by day, beside the compiled one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from town import HAMLET, NOBODY, Child, House, Town, instrument, lay_out, settle, waiting_line

from sim import dates
from sim.engine.state import State
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


@dataclass
class Nursery:
    """One institution as a notebook would keep it; every child wants in for good.

    seats : by class, who sits there; climbs, waits : by band, who waits inside and outside, first first
    """

    born: Sequence[date]
    places: tuple[int, int, int]
    seats: list[list[int]] = field(default_factory=lambda: [[], [], []])
    climbs: list[list[int]] = field(default_factory=lambda: [[], [], []])
    waits: list[list[int]] = field(default_factory=lambda: [[], [], []])

    def band(self, child: int, day: date) -> int:
        return sum(self.born[child].toordinal() <= dates.months_before(day, m) for m in (6, 12, 24)) - 1

    def in_care(self, child: int, day: date) -> bool:
        return self.born[child].toordinal() > dates.school_year_cut(day) and self.band(child, day) >= 0

    def seat_of(self, child: int) -> int:
        return next((c for c in range(3) if child in self.seats[c]), NOBODY)

    def open(self, band: int) -> bool:
        return len(self.seats[band]) < self.places[band]

    def move(self, child: int, band: int) -> None:
        for people in (*self.seats, *self.climbs, *self.waits):
            if child in people:
                people.remove(child)
        self.seats[band].append(child)

    def fill(self, band: int, day: date) -> None:
        """Give free seats to those who outgrew their class, then to the head of the list."""
        while self.open(band) and (self.climbs[band] or self.waits[band]):
            if self.climbs[band]:
                child = self.climbs[band][0]
                left = self.seat_of(child)
                self.move(child, band)
                self.fill(left, day)
            elif self.band(self.waits[band][0], day) == band:
                self.move(self.waits[band][0], band)
            else:
                self.waits[band].pop(0)

    def decide(self, child: int, day: date) -> None:
        band, seat = self.band(child, day), self.seat_of(child)
        if seat == NOBODY:
            if self.open(band):
                self.move(child, band)
            elif child not in self.waits[band]:
                for people in self.waits:
                    if child in people:
                        people.remove(child)
                self.waits[band].append(child)
        elif seat < band and self.open(band):
            self.move(child, band)
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
            for people in (*self.seats, *self.climbs, *self.waits):
                if child in people:
                    people.remove(child)
            if seat != NOBODY:
                freed.append(seat)
        for seat in reversed(freed):
            self.fill(seat, day)


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
    kept = dict(engine.states())
    day = first
    while day < date(2026, 10, 31):
        if day.day == 1 and day in kept:
            _compare(book, kept[day], rows)
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
