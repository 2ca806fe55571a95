"""Ranking of policies by cost per added child-month, and ties: pairs whose difference chance could explain.

Policies share their random numbers, so a pair is compared replication by replication; the interval of the paired
difference is often far narrower than either policy's own interval, and sometimes a difference is none though these
intervals lie apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.study import intervals
from sim.study.estimate import Estimate

Floats = NDArray[np.float64]
WHOLE_CITY = "all"


@dataclass(frozen=True)
class Totals:
    """Totals of one policy by replication, float64 (replications,): cost [yuan], added child-months."""

    cost: Floats
    added: Floats

    def first(self, replications: int) -> "Totals":
        """Totals of the first replications."""
        return Totals(self.cost[:replications], self.added[:replications])


@dataclass(frozen=True)
class Ranked:
    """One policy of a ranking.

    price : cost per added child-month [yuan]
    ties : policies with which chance alone could explain the difference in price
    """

    policy: str
    price: Estimate
    ties: frozenset[str]


def totals(
    monthly: pl.DataFrame, policies: Sequence[str], cost: str, added: str, first: date, last: date
) -> dict[str, Totals]:
    """Sum two metrics of the whole city over the months from `first` to `last`, by policy.

    monthly : columns policy, replication, month, group, metric, value; cost, added : names of the metrics
    """
    chosen = monthly.filter(
        (pl.col("group") == WHOLE_CITY)
        & pl.col("metric").is_in([cost, added])
        & pl.col("policy").is_in(list(policies))
        & pl.col("month").is_between(first, last)
    )
    sums = chosen.group_by("policy", "metric", "replication").agg(pl.col("value").sum()).sort("replication")
    by_policy = {
        (policy, metric): part["value"].to_numpy() for (policy, metric), part in sums.group_by("policy", "metric")
    }
    return {
        policy: Totals(by_policy[policy, cost], by_policy[policy, added])
        for policy in policies
        if (policy, cost) in by_policy and (policy, added) in by_policy
    }


def difference(one: Totals, other: Totals, confidence: float = intervals.CONFIDENCE) -> Estimate:
    """Paired difference in cost per added child-month, one less other [yuan], over the replications that both have."""
    both = min(len(one.cost), len(other.cost))
    one, other = one.first(both), other.first(both)
    return intervals.ratio_difference(one.cost, one.added, other.cost, other.added, confidence)


def ranking(found: Mapping[str, Totals], confidence: float = intervals.CONFIDENCE) -> list[Ranked]:
    """Rank policies by cost per added child-month, the lowest first.

    Policies that do not surely add child-months have no price and are left out.
    """
    prices = {policy: intervals.ratio(one.cost, one.added, confidence) for policy, one in found.items()}
    priced = {
        policy: price for policy, price in prices.items() if price.value is not None and found[policy].added.mean() > 0
    }
    return [
        Ranked(
            policy,
            priced[policy],
            frozenset(other for other in priced if other != policy and _tie(found[policy], found[other], confidence)),
        )
        for policy in sorted(priced, key=lambda policy: (priced[policy].value or 0.0, policy))
    ]


def _tie(one: Totals, other: Totals, confidence: float) -> bool:
    """Return whether chance could explain the difference; True if it was not measured."""
    found = difference(one, other, confidence)
    return not found.bounded or found.holds_zero
