"""The common job in Mesa 3: families and institutions are agents, the month is `shuffle_do`."""

from math import log
from time import perf_counter

import mesa
import numpy as np

from benchmarks.common_job import CommonJob, Totals


class Institution(mesa.Agent):
    """A childcare institution: its fee, its free places, and those that will be free next month."""

    def __init__(self, model: "City", places: int, fee: float) -> None:
        super().__init__(model)
        self.places = places
        self.fee = fee
        self.free = places
        self.vacated = 0

    def open_places(self) -> None:
        """Offer the places given up last month."""
        self.free += self.vacated
        self.vacated = 0

    def review_fee(self) -> None:
        """Raise the fee if places are scarce, lower it otherwise."""
        busy = self.places - self.free > self.model.job.target * self.places
        self.fee *= 1 + self.model.job.step if busy else 1 - self.model.job.step


class Family(mesa.Agent):
    """A family with one child."""

    def __init__(self, model: "City", age: int, sensitivity: float, offers: list[tuple[Institution, float]]) -> None:
        super().__init__(model)
        self.age = age
        self.sensitivity = sensitivity
        self.offers = offers
        self.place: Institution | None = None
        self.voucher_until = -1

    def step(self) -> None:
        """Age by a month, then choose."""
        job = self.model.job
        self.age += 1
        if self.age == job.leaving:
            self.age = job.youngest
            self.voucher_until = -1
            self.leave()
        self.choose()

    def leave(self) -> None:
        """Give up the place held, if any; others can have it next month."""
        if self.place is not None:
            self.place.vacated += 1
            self.place = None

    def choose(self) -> None:
        """Take the best of staying out, the place held, and the offers with a free place."""
        model = self.model
        random = model.random.random
        has_voucher = self.voucher_until >= model.month
        voucher = model.job.voucher if has_voucher else 0
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
            model.used += 1


class City(mesa.Model):
    """The city: it opens the month, lets the families take their turns, and collects the totals."""

    def __init__(self, job: CommonJob) -> None:
        super().__init__(seed=job.luck)
        self.job = job
        self.month = 0
        self.issued = 0
        self.used = 0
        drawn = job.city
        institutions = list(
            Institution.create_agents(self, job.institutions, drawn.places.tolist(), drawn.fee.tolist())
        )
        offers = [
            [(institutions[j], a) for j, a in zip(offer, appeal, strict=True)]
            for offer, appeal in zip(drawn.offer.T.tolist(), drawn.appeal.T.tolist(), strict=True)
        ]
        Family.create_agents(self, job.families, drawn.age.tolist(), drawn.sensitivity.tolist(), offers)
        self.families = self.agents_by_type[Family]
        self.institutions = self.agents_by_type[Institution]
        self.totals = mesa.DataCollector(
            {
                "enrolled": lambda m: sum(i.places - i.free - i.vacated for i in m.institutions),
                "issued": "issued",
                "used": "used",
                "mean_fee": lambda m: m.institutions.agg("fee", np.mean),
            }
        )

    def step(self) -> None:
        """Simulate one month."""
        self.institutions.do("open_places")
        if self.month and self.month % self.job.review == 0:
            self.institutions.do("review_fee")
        self.draw_vouchers()
        self.used = 0
        self.families.shuffle_do("step")
        self.totals.collect(self)
        self.month += 1

    def draw_vouchers(self) -> None:
        """Give vouchers to families without one."""
        without = [family for family in self.families if family.voucher_until < self.month]
        winners = self.random.sample(without, min(self.job.vouchers, len(without)))
        for family in winners:
            family.voucher_until = self.month + self.job.validity - 1
        self.issued = len(winners)


def run(job: CommonJob) -> Totals:
    """Run the common job; see `Totals` for what is counted."""
    city = City(job)
    started = perf_counter()
    for _ in range(job.months):
        city.step()
    seconds = perf_counter() - started
    table = city.totals.model_vars
    return Totals(
        np.array(table["enrolled"]),
        np.array(table["issued"]),
        np.array(table["used"]),
        np.array(table["mean_fee"]),
        seconds,
    )
