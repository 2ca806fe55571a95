"""The common job in SimPy: one process per family, one for the city."""

from collections.abc import Generator
from math import log
from random import Random
from time import perf_counter

import numpy as np
import simpy

from benchmarks.common_job import CommonJob, Totals


class Institution:
    """A childcare institution: its fee, its free places, and those that will be free next month."""

    __slots__ = ("fee", "free", "places", "vacated")

    def __init__(self, places: int, fee: float) -> None:
        self.places = places
        self.fee = fee
        self.free = places
        self.vacated = 0


class Family:
    """A family with one child, and the life they lead."""

    __slots__ = ("age", "offers", "place", "sensitivity", "voucher_until")

    def __init__(self, age: int, sensitivity: float, offers: list[tuple[Institution, float]]) -> None:
        self.age = age
        self.sensitivity = sensitivity
        self.offers = offers
        self.place: Institution | None = None
        self.voucher_until = -1

    def life(self, env: simpy.Environment, city: "City") -> Generator[simpy.Event, None, None]:
        """Take a turn every month, at a random time of it."""
        random = city.rng.random
        month = 0
        while True:
            yield env.timeout(month + random() - env.now)
            self.grow_up(city.job)
            self.choose(city, month)
            month += 1

    def grow_up(self, job: CommonJob) -> None:
        """Age by a month; a child that is too old makes room for the next."""
        self.age += 1
        if self.age == job.leaving:
            self.age = job.youngest
            self.voucher_until = -1
            self.leave()

    def leave(self) -> None:
        """Give up the place held, if any; others can have it next month."""
        if self.place is not None:
            self.place.vacated += 1
            self.place = None

    def choose(self, city: "City", month: int) -> None:
        """Take the best of staying out, the place held, and the offers with a free place."""
        random = city.rng.random
        has_voucher = self.voucher_until >= month
        voucher = city.job.voucher if has_voucher else 0
        best, best_utility = None, -log(-log(random()))
        for institution, appeal in self.offers:
            if institution.free or institution is self.place:
                price = max(0.0, institution.fee - voucher)
                utility = appeal - self.sensitivity * price - log(-log(random()))
                if utility > best_utility:
                    best, best_utility = institution, utility
        if best is not self.place:
            self.leave()
            if best is not None:
                best.free -= 1
                self.place = best
        if has_voucher and best is not None:
            self.voucher_until = -1
            city.used[month] += 1


class City:
    """The institutions, the families, and what is recorded of them."""

    def __init__(self, job: CommonJob) -> None:
        self.job = job
        self.rng = Random(job.luck)
        self.used = [0] * job.months
        self.issued = [0] * job.months
        self.enrolled = [0] * job.months
        self.mean_fee = [0.0] * job.months
        drawn = job.city
        self.institutions = [
            Institution(places, fee) for places, fee in zip(drawn.places.tolist(), drawn.fee.tolist(), strict=True)
        ]
        self.families = [
            Family(age, sensitivity, [(self.institutions[j], a) for j, a in zip(offer, appeal, strict=True)])
            for age, sensitivity, offer, appeal in zip(
                drawn.age.tolist(),
                drawn.sensitivity.tolist(),
                drawn.offer.T.tolist(),
                drawn.appeal.T.tolist(),
                strict=True,
            )
        ]

    def calendar(self, env: simpy.Environment) -> Generator[simpy.Event, None, None]:
        """Open each month, and record it when it is over."""
        for month in range(self.job.months):
            self.open_places()
            if month and month % self.job.review == 0:
                self.review_fees()
            self.draw_vouchers(month)
            yield env.timeout(1)
            self.record(month)

    def open_places(self) -> None:
        """Offer the places given up last month."""
        for institution in self.institutions:
            institution.free += institution.vacated
            institution.vacated = 0

    def review_fees(self) -> None:
        """Raise fees where places are scarce, lower them elsewhere."""
        for institution in self.institutions:
            busy = institution.places - institution.free > self.job.target * institution.places
            institution.fee *= 1 + self.job.step if busy else 1 - self.job.step

    def draw_vouchers(self, month: int) -> None:
        """Give vouchers to families without one."""
        without = [family for family in self.families if family.voucher_until < month]
        winners = self.rng.sample(without, min(self.job.vouchers, len(without)))
        for family in winners:
            family.voucher_until = month + self.job.validity - 1
        self.issued[month] = len(winners)

    def record(self, month: int) -> None:
        """Write down the month's totals."""
        self.enrolled[month] = sum(i.places - i.free - i.vacated for i in self.institutions)
        self.mean_fee[month] = sum(i.fee for i in self.institutions) / len(self.institutions)


def run(job: CommonJob) -> Totals:
    """Run the common job; see `Totals` for what is counted."""
    city = City(job)
    env = simpy.Environment()
    started = perf_counter()
    calendar = env.process(city.calendar(env))
    for family in city.families:
        env.process(family.life(env, city))
    env.run(until=calendar)
    seconds = perf_counter() - started
    return Totals(np.array(city.enrolled), np.array(city.issued), np.array(city.used), np.array(city.mean_fee), seconds)
