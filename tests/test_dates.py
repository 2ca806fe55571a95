"""The calendar: birthdays, short months, and who has left for kindergarten."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from sim import dates

DAYS = st.dates(date(1996, 1, 1), date(2199, 12, 31))
AGES = st.integers(0, 60)


def completes(born: date, months: int) -> date:
    """The day on which a child completes a month of age: its birthday's number, or the day after a month too short."""
    month = born.year * 12 + born.month - 1 + months
    try:
        return date(month // 12, month % 12 + 1, born.day)
    except ValueError:
        return date((month + 1) // 12, (month + 1) % 12 + 1, 1)


@given(DAYS, AGES, st.integers(-40, 40))
def test_a_birthday_is_early_enough_or_not(day: date, months: int, off: int) -> None:
    limit = dates.months_before(day, months)
    born = date.fromordinal(limit + off)
    assert (born.toordinal() <= limit) == (completes(born, months) <= day)


@given(DAYS, AGES)
def test_ages_never_run_backwards(day: date, months: int) -> None:
    here = dates.months_before(day, months)
    assert dates.months_before(day + timedelta(days=1), months) >= here
    assert dates.months_before(day, months + 1) < here


@given(DAYS)
def test_no_months_ago_is_today(day: date) -> None:
    assert dates.months_before(day, 0) == day.toordinal()


@given(DAYS, st.integers(-30, 60))
def test_a_later_date_is_reached_from_an_earlier(day: date, months: int) -> None:
    there = date.fromordinal(dates.months_before(day, months))
    assert dates.month_of(there) == dates.month_of(day) - months
    assert there.day == min(day.day, dates.days_in(dates.month_of(there)))


def test_short_months_clamp() -> None:
    assert dates.months_before(date(2025, 3, 31), 1) == date(2025, 2, 28).toordinal()
    assert dates.months_before(date(2024, 3, 31), 1) == date(2024, 2, 29).toordinal()
    assert dates.months_before(date(2025, 2, 28), 12) == date(2024, 2, 28).toordinal()
    assert dates.months_before(date(2024, 2, 29), 12) == date(2023, 2, 28).toordinal()


@given(DAYS)
def test_months_and_dates_are_one(day: date) -> None:
    assert dates.date_in(dates.month_of(day), day.day) == day


@given(DAYS)
def test_a_month_has_its_days(day: date) -> None:
    month = dates.month_of(day)
    assert dates.date_in(month, dates.days_in(month)) + timedelta(days=1) == dates.date_in(month + 1)
    assert dates.days_in(month) >= dates.DECISION_DAYS


@given(DAYS, st.integers(0, 2000))
def test_who_turned_three_by_august_has_left_since_september(day: date, days_old: int) -> None:
    born = day - timedelta(days=days_old)
    september = date(day.year, 9, 1) if (day.month, day.day) >= (9, 1) else date(day.year - 1, 9, 1)
    third = completes(born, 36)
    gone = third < september
    assert (born.toordinal() <= dates.school_year_cut(day)) == gone


def test_the_school_year_turns_on_1_september() -> None:
    assert dates.school_year_cut(date(2025, 8, 31)) == date(2021, 8, 31).toordinal()
    assert dates.school_year_cut(date(2025, 9, 1)) == date(2022, 8, 31).toordinal()
    assert dates.school_year_cut(date(2025, 12, 31)) == dates.school_year_cut(date(2026, 8, 31))


@given(DAYS)
def test_the_oldest_in_care_are_not_yet_four(day: date) -> None:
    """A tranche to 47 months reaches everyone who has not left."""
    assert dates.school_year_cut(day) >= dates.months_before(day, 48)
