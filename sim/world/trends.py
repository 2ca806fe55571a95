"""Trends: changes from year to year from outside the model, the same under every policy."""

from typing import Annotated

from pydantic import Field

from sim.dates import YEAR
from sim.params import ByName, Facts, by_name, number


class TrendFacts(Facts):
    """Yearly changes from outside the model, from the scenario's start on; 0 (the default) is no change."""

    taste_per_year: float = number(
        "units of the shock a year",
        "by which formal care comes to be worth more to every family",
        default=0.0,
        idle=0.0,
        at_least=-5,
        at_most=5,
    )
    trust_yuan_per_year: ByName[Annotated[float, Field(ge=-1000, le=1000)]] = by_name(
        "yuan a month a year",
        "by which the institutions of the kinds that it names come to be worth more to every family",
    )
    fee_per_year: float = number(
        "share a year",
        "by which all fees rise, year upon year; below 0 if they fall",
        default=0.0,
        idle=0.0,
        at_least=-0.5,
        at_most=0.5,
    )

    def fees(self, months: int) -> float:
        """Return the factor on fees so many months after the start; 1 before it."""
        return float((1 + self.fee_per_year) ** (max(months, 0) / YEAR))

    def taste(self, months: int) -> float:
        """Return the rise in the value of care so many months after the start [units of the shock]; 0 before it."""
        return self.taste_per_year * max(months, 0) / YEAR

    def trust_yuan(self, kind: str, months: int) -> float:
        """Return the rise in the value of a kind's institutions, likewise [yuan a month]."""
        return self.trust_yuan_per_year.get(kind, 0.0) * max(months, 0) / YEAR
