"""Calendar arithmetic: days are proleptic ordinals (`date.toordinal`), months count from year 0.

An ordinal day makes every age test one comparison of integers; a month number makes every
horizon one subtraction.
"""

from datetime import date
from functools import cache
from typing import Literal

YEAR = 12  # months
DECISION_DAYS = 28  # every month has days 1 to 28, so each family decides once in each
Band = Literal["infant", "toddler", "older_toddler"]
BAND_NAMES: tuple[Band, ...] = ("infant", "toddler", "older_toddler")
BAND_FROM_MONTHS = (6, 12, 24)  # design section 2; the last band ends at kindergarten entry
MIXED = 3  # the type of a mixed class; those of the bands come before it
MIXED_FROM_MONTHS = 18  # mixed class, 18 to 36 months: 托育机构设置标准（试行）2019
MIXED_SHARES = (0, 1 / 3, 2 / 3)  # of a mixed class's places, by band, by the months of age it is for
KINDERGARTEN_MONTHS = 36
OLDEST_MONTHS = KINDERGARTEN_MONTHS + YEAR  # that no child comes to before kindergarten


def month_of(day: date) -> int:
    """Month number of a date [months since year 0]."""
    return day.year * YEAR + day.month - 1


def date_in(month: int, day: int = 1) -> date:
    """The date of a day of a month number."""
    return date(month // YEAR, month % YEAR + 1, day)


def days_in(month: int) -> int:
    """Number of days of a month number."""
    return date_in(month + 1).toordinal() - date_in(month).toordinal()


def next_on(day: date, of_month: int) -> date:
    """The first date from `day` on, itself counted, that is the `of_month`-th (1 to 28) of its month."""
    return date_in(month_of(day) + (1 if of_month < day.day else 0), of_month)


@cache  # every arm asks for the same days
def months_before(day: date, months: int) -> int:
    """Ordinal of the latest birthday that makes a child `months` completed months old on `day`.

    A child born on the 31st completes a month on the last day of a shorter one's successor, so the
    day is clamped to the end of the earlier month.
    """
    month = month_of(day) - months
    return date_in(month, min(day.day, days_in(month))).toordinal()


@cache
def school_year_cut(day: date) -> int:
    """Ordinal of the last birthday whose child has left for kindergarten by `day`.

    Children who turned three by 31 August leave on the 1 September that follows.
    """
    september = date(day.year if day >= date(day.year, 9, 1) else day.year - 1, 9, 1)
    return date(september.year - 3, 8, 31).toordinal()


def next_school_year(day: date) -> date:
    """The first 1 September after a day."""
    return date(day.year + (1 if day >= date(day.year, 9, 1) else 0), 9, 1)
