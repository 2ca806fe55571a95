"""What each instrument of a policy does: the policy's effect divided among them by the Shapley value.

An instrument's part is what it adds to those that came before it, on the mean over all orders in which the instruments
could have been brought in (Shapley, A Value for n-Person Games, 1953). Parts add up to the whole. Every sub-policy runs
under the same luck, so parts are paired over replications; within each the instruments keep their order in the file.
"""

from collections.abc import Mapping, Sequence
from math import factorial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of
from sim.study import intervals
from sim.study.compare import Key, Outcome
from sim.study.estimate import Estimate
from sim.study.metrics import METRICS, Metric
from sim.study.plan import Plan

Floats = NDArray[np.float64]
SPLIT = ("public_cost", "added_child_months", "mean_fee")
WHOLE = "all"
_METRIC = {metric.name: metric for metric in METRICS}
SPLIT_SCHEMA = {
    "policy": pl.String, "instrument": pl.String, "metric": pl.String, "unit": pl.String,
    "value": pl.Float64, "low": pl.Float64, "high": pl.Float64, "replications": pl.Int64,
}  # fmt: skip


def parts(values: Floats) -> Floats:
    """Each instrument's part, float64 (n, r), of values of all sub-policies, float64 (2ⁿ, r).

    Sub-policy s has those instruments whose bit is set in s.
    """
    n = len(values).bit_length() - 1
    out = np.zeros((n, values.shape[1]))
    for i in range(n):
        for s in (s for s in range(2**n) if not s >> i & 1):
            # the share of orders in which exactly these come before i; differences first, so that nothing stays nothing
            share = factorial(s.bit_count()) * factorial(n - 1 - s.bit_count()) / factorial(n)
            out[i] += share * (values[s | 1 << i] - values[s])
    return out


def split_table(plan: Plan, outcomes: Mapping[Key, Sequence[Outcome]]) -> pl.DataFrame:
    """The table `split`: of each policy that is split the parts of its instruments, and the whole.

    outcomes : by the arm's key, one for each replication, in order
    """
    rows: list[tuple[object, ...]] = []
    for policy, keys in plan.splits.items():
        n = min(len(outcomes[key]) for key in keys)
        for name in SPLIT:
            metric = _METRIC[name]
            for instrument, one in divided(plan, policy, metric, outcomes).items():
                rows.append((policy, instrument, name, metric.unit, one.value, one.low, one.high, n))
    return pl.DataFrame(rows, schema=SPLIT_SCHEMA, orient="row")


def divided(plan: Plan, policy: str, metric: Metric, outcomes: Mapping[Key, Sequence[Outcome]]) -> dict[str, Estimate]:
    """A metric's parts by instrument, and the whole, over the replications that all sub-policies were run in."""
    chain = next(one.instruments for one in plan.scenario.policies if one.name == policy)
    keys = plan.splits[policy]
    n = min(len(outcomes[key]) for key in keys)
    confidence = max(plan.confidence(arm) for arm in plan.arms if arm.key in keys)
    values = np.stack([_values(metric, outcomes[key][:n]) for key in keys])
    whole = (values[-1] - values[0])[None]
    named = zip((*labels(chain), WHOLE), np.concatenate([parts(values), whole]), strict=True)
    return {name: intervals.mean(part, confidence) for name, part in named}


def _values(metric: Metric, outcomes: Sequence[Outcome]) -> Floats:
    """A metric by replication, float64 (r,); of a ratio of means, what each adds to it, linearised about it."""
    top = np.array([o.window[metric.top][0] for o in outcomes])
    if not metric.bottom:
        return top
    bottom = np.array([o.window[metric.bottom][0] for o in outcomes])
    ratio = float(top.mean()) / float(bottom.mean())
    return np.asarray(ratio + (top - ratio * bottom) / float(bottom.mean()))


def labels(instruments: Sequence[Instrument]) -> tuple[str, ...]:
    """What to call the instruments of a policy: their kinds, numbered where there are several of one."""
    kinds = [kind_of(instrument) for instrument in instruments]
    return tuple(
        kind if kinds.count(kind) == 1 else f"{kind} {kinds[:n].count(kind) + 1}" for n, kind in enumerate(kinds)
    )
