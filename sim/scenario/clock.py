"""The clock of a scenario: when it runs, when counting begins, how often it is run and how large."""

from datetime import date, timedelta
from typing import Self

from pydantic import Field, model_validator

from sim import dates
from sim.params import Facts, Misfit, number

LAST_YEAR = 2210


class RunFacts(Facts):
    """When to run, how often, and how large."""

    start: date = Field(description="first day, a month's first; before it lies the burn-in")
    count_from: date | None = Field(default=None, description="first counted day, a month's first; start if left out")
    until: date = Field(description="last day, a month's last")
    replications: int = number("draws of the city", "replications", at_least=1, at_most=10_000)
    precision: float = number(
        "share",
        "of the value that intervals of sweeps and splits may reach to either side; 0: all replications",
        default=0.1,
        at_most=1,
    )
    seed: int = number("1", "seed of all chance", at_most=2**53)
    scale: float = number("1", "share of the city that is simulated", default=1.0, above=0, at_most=100)
    burn_in_months: int = number("months", "run before start and counted nowhere", default=12, at_least=1, at_most=120)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        """Dates are in order and on the edges of months."""
        wrong: list[tuple[tuple[str], str]] = []
        if self.start.day != 1 or not date(1995, 1, 1) <= self.start <= date(2150, 1, 1):
            wrong.append((("start",), "the first day of a month from 1995 to 2149"))
        if self.count_from is not None and (self.count_from.day != 1 or self.count_from < self.start):
            wrong.append((("count_from",), f"the first day of a month, on or after run.start ({self.start})"))
        if wrong:
            raise Misfit(*wrong)  # what the end is measured by is at fault itself
        if self.until.year > LAST_YEAR:
            wrong.append((("until",), f"a date before {LAST_YEAR + 1}"))
        elif self.until < self.counted_from:
            wrong.append((("until",), f"a date after the first counted day ({self.counted_from})"))
        elif (self.until + timedelta(days=1)).day != 1:
            wrong.append((("until",), "the last day of a month"))
        elif (self.until - self.start).days > 366 * 60:
            wrong.append((("until",), f"at most 60 years after run.start ({self.start})"))
        if wrong:
            raise Misfit(*wrong)
        return self

    @property
    def counted_from(self) -> date:
        """The first counted day."""
        return self.count_from or self.start

    @property
    def first_month(self) -> int:
        """Absolute month in which the burn-in begins."""
        return dates.month_of(self.start) - self.burn_in_months
