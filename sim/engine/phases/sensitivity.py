"""Price sensitivity: cash moves families' income by the child's age, and with it what a yuan is worth to them."""

from datetime import date

from sim import dates
from sim.engine.city import RunningCity


def rewrite_all(city: RunningCity, day: date) -> None:
    """Rewrite everyone's price sensitivity, by the age each had on its last decision day before this day.

    So a rewrite on any day leaves alone whoever no payment begins or ends for. Between rewrites the daily loop changes
    the sensitivity of those who pass an age of a payment, also of those too young to enrol: a voucher's round asks what
    it would be worth to them.
    """
    slices, month, paid = city.world.families.slices, dates.month_of(day), city.active.cash(day)
    for d in range(1, dates.DECISION_DAYS + 1):
        last = dates.date_in(month if d < day.day else month - 1, d)
        rows = slice(int(slices[d - 1]), int(slices[d]))
        city.state.children.alpha[rows] = city.cache.sensitivity(rows, last, paid)
