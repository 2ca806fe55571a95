"""Tax deduction: income tax forgone for each child, worth more to who earns more."""

from datetime import date  # noqa: F401  (pydantic resolves the inherited fields here)
from typing import ClassVar

from sim.dates import YEAR
from sim.params import fraction, number
from sim.policy.instrument import Cash, Instrument

# upper limits of yearly taxable income [yuan] and rates: Individual Income Tax Law of 2018, comprehensive income
BRACKETS = (
    (36_000.0, 0.03),
    (144_000.0, 0.10),
    (300_000.0, 0.20),
    (420_000.0, 0.25),
    (660_000.0, 0.30),
    (960_000.0, 0.35),
    (float("inf"), 0.45),
)


class TaxDeduction(Instrument):
    """Lets a parent deduct a monthly sum per child from taxable income; what is saved is cash, enrolled or not.

    The nation allows 2,000 yuan a month per child under three since 2023 (国发〔2023〕13号; from memory). In Guigang
    6,400 users saved 3.6 million yuan, 563 each (Guigang news). One earner deducts all of it, at the rate of the
    bracket in which the middle of the deduction lies; whose income is below what is exempt saves nothing.
    """

    title: ClassVar[str] = "income tax forgone per child"

    yuan_per_month: float = number("yuan a month", "deducted per child", default=0.0, idle=0.0, at_most=100_000)
    earner_share: float = fraction(
        "of household income that the earner who deducts has", default=0.55, low=0.5, high=1.0
    )
    exempt: float = number(
        "yuan a year",
        "free of tax: the basic 60,000 with social contributions and other deductions",
        default=84_000.0,
        low=60_000,
        high=120_000,
        at_most=10_000_000,
    )
    from_months: int = number("months", "from this completed age", default=0, at_most=47)
    to_months: int = number("months", "to before this completed age", default=36, at_least=1, at_most=48)

    @property
    def idle(self) -> bool:
        """Nothing is deducted, or nobody has an income."""
        return self.yuan_per_month == 0 or self.earner_share == 0 or self.to_months <= self.from_months

    def cash(self) -> tuple[Cash, ...]:
        """What is saved, by bracket of household income."""
        if self.idle:
            return ()
        middle = self.yuan_per_month * YEAR / 2

        def household(taxable: float) -> float:
            """Household income a month at which the earner's taxable income, half of the deduction off, is this."""
            return (taxable + self.exempt + middle) / YEAR / self.earner_share

        starts = (0.0, *(limit for limit, _ in BRACKETS[:-1]))
        return tuple(
            Cash(
                self.from_months,
                self.to_months,
                self.yuan_per_month * rate,
                income_from=household(start),
                income_to=household(limit),
            )
            for start, (limit, rate) in zip(starts, BRACKETS, strict=True)
        )
