"""Price sensitivity: cash by the child's age moves household income, and with it the marginal utility of a yuan."""

from datetime import date

from sim import dates
from sim.engine.city import RunningCity


def rewrite_all(city: RunningCity, day: date) -> None:
    """Rewrite every child's price sensitivity, by age on its last decision day before this day.

    So a rewrite on any day changes only children affected by the beginning or end of a payment. Between rewrites the
    daily loop updates children passing an age bound of a payment, including children too young to enrol: voucher rounds
    need the value of a voucher to them.
    """
    slices, month, paid = city.world.families.slices, dates.month_of(day), city.active.cash(day)
    for d in range(1, dates.DECISION_DAYS + 1):
        last = dates.date_in(month if d < day.day else month - 1, d)
        rows = slice(int(slices[d - 1]), int(slices[d]))
        city.state.children.alpha[rows] = city.cache.sensitivity(rows, last, paid)
