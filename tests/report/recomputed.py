"""The headline worked out a second time, from monthly.parquet and, where that can't tell, from the stored records.

Written from docs/model.md with plain NumPy and other formulas than the program's; nothing of `sim.study` or
`sim.report` is imported.

From monthly.parquet alone: take-up and its change, added child-months, public cost, cost per added child-month. From
the records: the inframarginal share, which pairs children, whom no table by month knows; and pass-through, whose
months without spending have no row there, though fees may still be off in them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import brentq
from scipy.stats import skew
from scipy.stats import t as student

from sim.engine.recorder import ROW

METRICS = (
    "take_up",
    "take_up_change",
    "added_child_months",
    "public_cost",
    "cost_per_added_child_month",
    "inframarginal_share",
    "pass_through",
)
Three = tuple[float | None, float | None, float | None]  # value, low, high
NOTHING: Three = (None, None, None)


@dataclass(frozen=True)
class Study:
    """monthly : monthly.parquet; records : by policy and replication, the arrays of the stored job"""

    policies: tuple[str, ...]
    monthly: pl.DataFrame
    records: dict[tuple[str, int], dict[str, np.ndarray]]

    @classmethod
    def read(cls, folder: Path, policies: tuple[str, ...]) -> "Study":
        """The baseline is the first of the policies. Which job is whose is found out by what is in it."""
        monthly = pl.read_parquet(folder / "monthly.parquet")
        study = cls(policies, monthly, {})
        files = []
        for path in sorted((folder / "jobs").glob("*.npz")):
            with np.load(path, allow_pickle=False) as stored:
                files.append({name: stored[name] for name in stored.files})
        for policy in policies:
            for r in range(monthly["replication"].n_unique()):
                (record,) = (f for f in files if study._is_of(f, policy, r))
                study.records[policy, r] = record
        return study

    def _is_of(self, record: dict[str, np.ndarray], policy: str, replication: int) -> bool:
        """Whether a record has the children, the bills and the cost that the table by month has, in every month."""
        totals = record["totals"][:, :, 0].astype(float)
        seen = {
            "children": totals[ROW["children"]],
            "enrolled_child_months": totals[ROW["enrolled_child_months"]],
            "mean_net_fee": totals[ROW["net_fen"]] / 100 / totals[ROW["enrolled_child_months"]],
            "public_cost": record["claims"][:, record["own"]].sum(axis=1) / 100,
        }
        return all(np.allclose(self.cube(policy, key)[replication], row, rtol=1e-12) for key, row in seen.items())

    def cube(self, policy: str, metric: str) -> np.ndarray:
        """A metric of the whole city, float64 (replications, months)."""
        rows = self.monthly.filter(policy=policy, metric=metric, group="all").sort("replication", "month")
        return rows["value"].to_numpy().reshape(rows["replication"].n_unique(), -1)


def headline(study: Study, policy: str) -> dict[str, Three]:
    """The seven numbers of a policy, with the ends of their intervals; None where undefined."""
    base = study.policies[0]
    enrolled, children = (study.cube(policy, key).mean(axis=1) for key in ("enrolled", "children"))
    had, were = (study.cube(base, key).mean(axis=1) for key in ("enrolled", "children"))
    added = study.cube(policy, "enrolled_child_months").sum(axis=1) - study.cube(base, "enrolled_child_months").sum(1)
    spent, before = (
        sum(study.cube(name, key).sum(axis=1) for key in ("public_cost", "standing_cost")) for name in (policy, base)
    )
    found = {
        "take_up": share(enrolled, children),
        "take_up_change": change_of_ratio(enrolled, children, had, were),
        "added_child_months": mean(added),
        "public_cost": total(study.cube(policy, "public_cost").sum(axis=1)),
        "cost_per_added_child_month": ratio(spent - before, added),
    }
    pairs = [(study.records[policy, r], study.records[base, r]) for r in range(len(added))]
    found["inframarginal_share"] = share(*np.array([anyway(*pair) for pair in pairs], float).T)
    found["pass_through"] = ratio(np.array([fee_rise(*pair) for pair in pairs]), spent - before)
    return found


# ---------------------------------------------------------------------------------------------------------
# child by child, offer by offer


def anyway(record: dict[str, np.ndarray], baseline: dict[str, np.ndarray]) -> tuple[int, int]:
    """Subsidised child-months whose child was enrolled in the baseline that month, and all."""
    stays = zip(*(baseline[f"stays.{name}"].tolist() for name in ("child", "first", "last")), strict=True)
    there = {(child, month) for child, first, last in stays for month in range(first, last + 1)}
    claims = zip(*(record[f"claim_{name}"].tolist() for name in ("child", "month", "fen")), strict=True)
    subsidised = [(child, month) for child, month, fen in claims if fen > 0]
    return sum(one in there for one in subsidised), len(subsidised)


def fee_rise(record: dict[str, np.ndarray], baseline: dict[str, np.ndarray]) -> float:
    """What the baseline's children would pay more at the policy's fees where offers are open in both, in yuan."""
    rise = 0.0
    for at in np.argwhere(record["offer_open"] & baseline["offer_open"]):
        month, band, offer = at
        more = record["fee"][month, band, offer] - baseline["fee"][month, band, offer]
        rise += more * baseline["offer_enrolled"][month, band, offer]
    return rise


# ---------------------------------------------------------------------------------------------------------
# intervals of 95 per cent


def reach(values: np.ndarray) -> float:
    """Half of Student's interval of a mean."""
    return float(student.isf(0.025, len(values) - 1) * np.sqrt(values.var(ddof=1) / len(values)))


def mean(values: np.ndarray) -> Three:
    """A mean of either sign."""
    centre = float(np.mean(values))
    return centre, centre - reach(values), centre + reach(values)


def total(values: np.ndarray) -> Three:
    """A mean that is never negative: Student's on the logarithm, and as far up as Hall's cubic says."""
    centre, n = float(np.mean(values)), len(values)
    if not np.ptp(values):
        return centre, centre, centre
    factor = np.exp(reach(values) / centre)
    g, deviation = float(skew(values, bias=False)), float(values.std(ddof=1))

    def cubic(t: float) -> float:
        return t + g * t**2 / 3 + g**2 * t**3 / 27 + g / (6 * n)

    target = -float(student.isf(0.025, n - 1)) / np.sqrt(n)
    up = centre - deviation * brentq(lambda t: cubic(t) - target, -50, 50, xtol=1e-14, rtol=1e-14)
    return centre, float(centre / factor), float(max(centre * factor, up))


def share(part: np.ndarray, whole: np.ndarray) -> Three:
    """A part of a whole, linearised on the scale of log odds."""
    if whole.mean() == 0:
        return NOTHING
    p = float(part.sum() / whole.sum())
    width = reach(part - p * whole) / float(whole.mean()) / (p * (1 - p))
    logit = np.log(p / (1 - p))
    low, high = (float(1 / (1 + np.exp(-(logit + side)))) for side in (-width, width))
    return p, low, high


def ratio(top: np.ndarray, bottom: np.ndarray) -> Three:
    """A ratio of means: the r at which a test of top = r · bottom just passes; nothing if bottom may be 0."""
    _, low, high = mean(bottom)
    if low <= 0 <= high:
        return NOTHING
    n, quantile = len(top), float(student.isf(0.025, len(top) - 1))
    (vaa, vab), (_, vbb) = np.cov(top, bottom) * quantile**2 / n
    a, b = float(top.mean()), float(bottom.mean())
    ends = np.roots([b * b - vbb, -2 * (a * b - vab), a * a - vaa])
    return a / b, float(ends.real.min()), float(ends.real.max())


def change_of_ratio(top: np.ndarray, bottom: np.ndarray, top_before: np.ndarray, bottom_before: np.ndarray) -> Three:
    """A paired difference of two ratios of means, linearised."""
    now, then = (float(x.sum() / y.sum()) for x, y in ((top, bottom), (top_before, bottom_before)))
    slack = (top - now * bottom) / bottom.mean() - (top_before - then * bottom_before) / bottom_before.mean()
    return now - then, now - then - reach(slack), now - then + reach(slack)
