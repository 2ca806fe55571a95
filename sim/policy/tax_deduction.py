"""Tax deduction: income tax forgone for each child, worth more to who earns more."""

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

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
FINE, FINE_TO, COARSE, COARSE_TO = 500.0, 60_000.0, 10_000.0, 300_000.0  # steps of household income [yuan a month]


def tax(taxable: NDArray[np.float64]) -> NDArray[np.float64]:
    """A year's tax on taxable incomes [yuan]; none on those below nothing."""
    owed, below = np.zeros_like(taxable), 0.0
    for limit, rate in BRACKETS:
        owed += rate * np.clip(taxable - below, 0.0, limit - below)
        below = limit
    return owed


class TaxDeduction(Instrument):
    """Lets a parent deduct a monthly sum per child from taxable income; what is saved is cash, enrolled or not.

    The nation allows 2,000 yuan a month per child under three since 2023 (国发〔2023〕13号; from memory). In Guigang
    6,400 users saved 3.6 million yuan, 563 each (Guigang news). One earner deducts all of it; what is saved is the tax
    with and without it, so whose income is free of tax saves nothing, and nobody more than the tax.
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

    def clauses(self) -> tuple[str, ...]:
        """Return the amount and its terms."""
        return ("amount",)

    @property
    def inert(self) -> bool:
        """Nothing is deducted, or nobody has an income."""
        return self.yuan_per_month == 0 or self.earner_share == 0 or self.to_months <= self.from_months

    def cash(self) -> tuple[Cash, ...]:
        """What is saved, in steps of household income, each worth what its middle saves."""
        if self.inert:
            return ()
        middles = np.concatenate([np.arange(0.0, FINE_TO, FINE), np.arange(FINE_TO, COARSE_TO + COARSE, COARSE)])
        ends = np.append((middles[1:] + middles[:-1]) / 2, np.inf)
        starts = np.append(0.0, ends[:-1])
        taxable = middles * YEAR * self.earner_share - self.exempt
        saved = (tax(taxable) - tax(taxable - self.yuan_per_month * YEAR)) / YEAR
        return tuple(
            Cash(self.from_months, self.to_months, float(yuan), income_from=float(start), income_to=float(end))
            for yuan, start, end in zip(saved, starts, ends, strict=True)
            if yuan > 0
        )
