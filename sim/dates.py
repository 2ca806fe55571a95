"""Calendar arithmetic: days are proleptic ordinals (`date.toordinal`), months count from year 0.

With ordinal days an age test is one comparison of integers; with month numbers a horizon is one subtraction.
"""

from datetime import date
from functools import cache
from typing import Literal

YEAR = 12  # months
DECISION_DAYS = 28  # every month has days 1 to 28, so each household decides once a month
Band = Literal["infant", "toddler", "older_toddler"]
BAND_NAMES: tuple[Band, ...] = ("infant", "toddler", "older_toddler")
BAND_FROM_MONTHS = (6, 12, 24)  # months; the last band ends at kindergarten entry
MIXED = 3  # class type of a mixed class; the types before it are the bands
MIXED_FROM_MONTHS = 18  # mixed class, 18 to 36 months: 托育机构设置标准（试行）2019
MIXED_SHARES = (0, 1 / 3, 2 / 3)  # of a mixed class's places, by band: its months of age within the band
KINDERGARTEN_MONTHS = 36
OLDEST_MONTHS = KINDERGARTEN_MONTHS + YEAR  # months; every child has left for kindergarten before this age


def month_of(day: date) -> int:
    """Return the month number of a date [months since year 0]."""
    return day.year * YEAR + day.month - 1


def date_in(month: int, day: int = 1) -> date:
    """Return the date of a day in a month number."""
    return date(month // YEAR, month % YEAR + 1, day)


def days_in(month: int) -> int:
    """Return the number of days in a month number."""
    return date_in(month + 1).toordinal() - date_in(month).toordinal()


def next_on(day: date, of_month: int) -> date:
    """Return the first date on or after `day` with day of the month `of_month` (1 to 28)."""
    return date_in(month_of(day) + (1 if of_month < day.day else 0), of_month)


@cache  # every policy asks for the same days
def months_before(day: date, months: int) -> int:
    """Return the ordinal of the latest birthday of a child aged `months` completed months on `day`.

    If the earlier month is shorter, the day is clamped to its end; a child born on the 31st completes a month on the
    day after a shorter one.
    """
    month = month_of(day) - months
    return date_in(month, min(day.day, days_in(month))).toordinal()


@cache
def school_year_cut(day: date) -> int:
    """Return the ordinal of the last birthday among children gone to kindergarten by `day`.

    Children aged three by 31 August leave on the following 1 September.
    """
    september = date(day.year if day >= date(day.year, 9, 1) else day.year - 1, 9, 1)
    return date(september.year - 3, 8, 31).toordinal()


def next_school_year(day: date) -> date:
    """Return the first 1 September after a day."""
    return date(day.year + (1 if day >= date(day.year, 9, 1) else 0), 9, 1)
