"""Every metric worked out a second time, from monthly.parquet and, where that can't tell, from the stored records.

Written from docs/model.md with plain NumPy and other formulas than the program's; nothing of `sim.study` or
`sim.report` is imported. From the records come those of RECORDED, for the reasons given there; all else comes from
monthly.parquet alone.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import polars as pl
from scipy.optimize import brentq
from scipy.stats import binom, norm, poisson, skew
from scipy.stats import t as student

from sim import dates
from sim.engine.recorder import BUDGETS, ROW

STOCKS = ("children", "enrolled", "waiting", "on_lists", "places", "institutions")  # means of month-ends, else sums
PARTS = {  # of a ratio: its top and its bottom, as sums of products of columns by month
    "take_up": (["enrolled"], ["children"]),
    "take_up_under_36": (["take_up_under_36*children"], ["children"]),
    "inclusive_share": (["inclusive_share*places"], ["places"]),
    "utilisation": (["utilisation*places"], ["places"]),
    "mean_net_fee": (["mean_net_fee*enrolled_child_months"], ["enrolled_child_months"]),
    "mean_wait_days": (["mean_wait_days*waiting_taken"], ["waiting_taken"]),
    "mean_days_on_list": (
        [f"mean_days_on_list*waiting_{end}" for end in ("taken", "passed", "lapsed", "aged_out", "dissolved")],
        [f"waiting_{end}" for end in ("taken", "passed", "lapsed", "aged_out", "dissolved")],
    ),
    "share_losing_cash": (["share_losing_cash*institutions"], ["institutions"]),
    "share_losing_money": (["share_losing_money*institutions"], ["institutions"]),
    "redemption_rate": (["vouchers_redeemed"], ["vouchers_redeemed", "vouchers_expired"]),
}
RECORDED = {  # what no table by month holds, and why
    "mean_fee": "weights are full-day places, and only all places are listed",
    "pass_through": "months without spending have no row, though fees may still be off in them",
    "inframarginal_share": "it pairs children, whom no table by month knows",
    "inframarginal_money_share": "it pairs children",
    "concentration_index": "it ranks children",
    "unspent_budget": "what is left of a budget is known at the end only",
    "ran_dry": "the day on which a budget runs dry is no month's",
    "run_dry_day": "likewise",
}
LOTS = (
    "lot_children", "lot_winners", "lot_losers", "lot_winner_months", "lot_loser_months", "lot_difference",
    "lot_standard_error", "lot_estimate", "lot_margin", "lot_covers", "lot_added_winners", "lot_added_losers",
    "lot_added_others", "lot_luck", "lot_cost_per_month",
)  # fmt: skip
RECORDED |= dict.fromkeys(LOTS, "it counts children by whether they won")
COMING = ("new_children", "lost_children", "added_by_new_children", "added_brought_forward", "added_lengthened")
SHARES = ("take_up", "take_up_under_36", "inclusive_share", "utilisation", "redemption_rate", "share_losing_cash",
          "share_losing_money", "inframarginal_share", "inframarginal_money_share")  # fmt: skip
SIGNED = ("added_child_months", "institution_profit", "institution_profit_full", "consumer_surplus",
          "application_cost", "mothers_work_months", "extra_tax", "added_by_new_children",
          "added_lengthened")  # and where the money went  # fmt: skip
GAINED = ("gains", "cash", "prepaid_lost", "forfeited")  # as records have them
RARE = ("openings", "closures", "institutions_opened", "institutions_closed", "displaced_children")
OF_BUDGETS = ("unspent_budget", "ran_dry", "run_dry_day", "turned_away")
# what compares with the baseline, or has nothing there to be compared with
UNPAIRED = (*OF_BUDGETS, *LOTS, "cost_per_added_child_month", "pass_through", "inframarginal_share",
            "inframarginal_money_share", "mvpf")  # fmt: skip
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

    @cached_property
    def districts(self) -> list[str]:
        """Names of the city's districts, in order."""
        groups = self.monthly["group"].unique()
        return sorted(group.removeprefix("district=") for group in groups if group.startswith("district="))

    @cached_property
    def _cubes(self) -> dict[tuple[str, str, str], np.ndarray]:
        rows = self.monthly.filter(pl.col("group").str.contains("^(all|quintile=.|district=.*)$"))
        months = rows["month"].unique().sort()
        at, when = rows["replication"].to_numpy(), months.search_sorted(rows["month"]).to_numpy()
        values, found = rows["value"].to_numpy(), {}
        groups = rows.select("policy", "metric", "group").with_row_index().group_by("policy", "metric", "group")
        for policy, metric, group, index in groups.agg("index").iter_rows():
            found[policy, metric, group] = cube = np.zeros((at.max() + 1, len(months)))
            cube[at[index], when[index]] = values[index]
        return found

    def has(self, policy: str, metric: str) -> bool:
        """Whether a policy has any month of a metric."""
        return (policy, metric, "all") in self._cubes

    def cube(self, policy: str, metric: str, group: str = "all") -> np.ndarray:
        """A metric by replication and month, float64 (replications, months), 0 where there is no row."""
        return self._cubes.get((policy, metric, group), np.zeros_like(self._cubes[policy, "children", "all"]))

    def over(self, policy: str, metric: str, group: str = "all") -> np.ndarray:
        """A metric that is no ratio over the counted window, float64 (replications,)."""
        cube = self.cube(policy, metric, group)
        if metric == "vouchers_live":
            return cube[:, -1]
        return cube.mean(axis=1) if metric in STOCKS else cube.sum(axis=1)

    def gather(self, policy: str, read: Callable[[dict[str, np.ndarray]], tuple[float, ...]]) -> np.ndarray:
        """What is read off each of a policy's records, float64 (read, replications)."""
        return np.array([read(self.records[policy, r]) for r in range(len(self.over(policy, "children")))], float).T


def own(study: Study, policy: str, metric: str) -> Three:
    """A metric of a policy with the ends of its interval; None where undefined."""
    if metric in OF_BUDGETS:
        return of_budget(study, policy, metric)
    if metric in LOTS:
        return of_lot(study, policy, metric)
    pair = parts(study, policy, metric)
    if pair is not None:
        return share(*pair) if metric in SHARES else ratio(*pair)
    if not study.has(policy, metric):
        return NOTHING
    values = coming(study, policy, metric) if metric in COMING else study.over(policy, metric)
    if metric in SIGNED or metric.startswith("incidence_"):
        return mean(values)
    return rare(values) if metric in RARE else total(values)


def change(study: Study, policy: str, metric: str) -> Three:
    """Its paired difference from the baseline; None where it has none."""
    if metric in UNPAIRED or not (study.has(policy, metric) or metric in PARTS or metric in RECORDED):
        return NOTHING
    pair, before = parts(study, policy, metric), parts(study, study.policies[0], metric)
    if metric in COMING:  # nobody is new in the baseline
        return mean(coming(study, policy, metric))
    if pair is None or before is None:
        return mean(study.over(policy, metric) - study.over(study.policies[0], metric))
    return change_of_ratio(*pair, *before)


def surplus(study: Study, policy: str, group: str = "all") -> np.ndarray:
    """What a group's families gain by their choices and in cash, less prepaid fees lost, before what applying costs."""
    names = next(iter(study.records.values()))["groups"].tolist()

    def read(record: dict[str, np.ndarray]) -> tuple[float, ...]:
        return tuple(record["totals"][ROW[f"{name}_fen"], :, names.index(group)].sum() for name in GAINED)

    gains, cash, *lost = study.gather(policy, read) - study.gather(study.policies[0], read)
    return np.asarray(gains + cash - sum(lost)) / 100


def poorest_share(study: Study, policy: str) -> float | None:
    """The lowest fifth's part of the public cost; None where no child draws any of it."""
    fifths = [study.over(policy, "public_cost", f"quintile={n}").sum() for n in (1, 2, 3, 4, 5)]
    return float(fifths[0] / study.over(policy, "public_cost").sum()) if any(fifths) else None


def last_fees(study: Study, policy: str) -> tuple[float, float]:
    """The mean posted fee of the last month, and how far it lies from the baseline's [yuan]."""
    fee, before = (float(study.cube(name, "mean_fee")[:, -1].mean()) for name in (policy, study.policies[0]))
    return before, fee - before


def parts(study: Study, policy: str, metric: str) -> tuple[np.ndarray, np.ndarray] | None:
    """Top and bottom of a ratio by replication; None of what is none."""
    base = study.policies[0]
    pairs = [(study.records[policy, r], study.records[base, r]) for r in range(len(study.over(policy, "children")))]
    if metric in PARTS:
        top, bottom = (sum(_product(study, policy, term) for term in terms) for terms in PARTS[metric])
        return top, bottom
    if metric == "cost_per_added_child_month":
        added = study.over(policy, "enrolled_child_months") - study.over(base, "enrolled_child_months")
        return _extra(study, policy), added
    if metric == "mvpf" and study.has(policy, "consumer_surplus"):
        return study.over(policy, "consumer_surplus"), _extra(study, policy) - study.over(policy, "extra_tax")
    if metric == "pass_through":
        return np.array([fee_rise(*pair) for pair in pairs]), _extra(study, policy)
    if metric in ("inframarginal_share", "inframarginal_money_share"):
        found = np.array([anyway(*pair, by_yuan="money" in metric) for pair in pairs], float).T
        return found[0], found[1]
    if metric == "mean_fee":
        rows = [ROW["fee_place_thirds_fen"], ROW["full_day_place_thirds"]]
        fen, places = study.gather(policy, lambda record: tuple(record["totals"][rows, :, 0].sum(axis=1)))
        return fen / 100, places
    if metric == "concentration_index":
        top, bottom = study.gather(policy, lambda record: tuple(record["concentration"]))
        return top, bottom
    return None


def _product(study: Study, policy: str, term: str) -> np.ndarray:
    columns = [study.cube(policy, column) for column in term.split("*")]
    return np.prod(columns, axis=0).sum(axis=1)


def _extra(study: Study, policy: str) -> np.ndarray:
    """The paired change of public and standing cost [yuan]."""
    spent, before = (
        sum(study.over(name, key) for key in ("public_cost", "standing_cost")) for name in (policy, study.policies[0])
    )
    return np.asarray(spent - before)


def of_budget(study: Study, policy: str, metric: str) -> Three:
    """What became of a policy's own budgets; None if it has none."""
    row = {name: n for n, name in enumerate(BUDGETS)}

    def read(record: dict[str, np.ndarray]) -> tuple[float, ...]:
        budgets, mine = record["budgets"], record["own"]
        limited = budgets[:, mine & (budgets[row["budget"]] >= 0)]
        dry = [day for day in limited[row["dry_day"]] if day > 0]
        lasted = min(dry) - budgets[row["first_day"], mine].min() if dry else np.nan
        return limited.shape[1], limited[row["left"]].sum() / 100, lasted

    budgets, left, lasted = study.gather(policy, read)
    if not budgets[0]:
        return NOTHING
    dry = np.isfinite(lasted)
    if metric == "ran_dry":
        return chance(int(dry.sum()), len(dry))
    if metric == "run_dry_day":
        return total(lasted[dry]) if dry.any() else NOTHING
    if metric == "unspent_budget":
        return total(left)
    return total(study.over(policy, metric)) if study.has(policy, metric) else NOTHING


def of_lot(study: Study, policy: str, metric: str) -> Three:
    """What a policy's one lot shows; None if it draws none."""
    runs = range(len(study.over(policy, "children")))
    pairs = [(study.records[policy, r], study.records[study.policies[0], r]) for r in runs]
    if not len(pairs[0][0]["lots"]):
        return NOTHING
    seen = [who_won(*pair) for pair in pairs]

    def rows(name: str) -> np.ndarray:
        return np.array([one[name] for one in seen], float)

    if metric in ("lot_winner_months", "lot_loser_months"):
        return ratio(rows(metric), rows(metric.replace("_months", "s")))
    if metric == "lot_cost_per_month":
        return ratio(rows("lot_cost"), rows("lot_estimate"))
    if metric == "lot_covers":
        return chance(int(rows(metric).sum()), len(seen))
    signed = metric in ("lot_difference", "lot_estimate", "lot_luck") or metric.startswith("lot_added_")
    return (mean if signed else total)(rows(metric))


# ---------------------------------------------------------------------------------------------------------
# child by child, offer by offer


def anyway(
    record: dict[str, np.ndarray], baseline: dict[str, np.ndarray], by_yuan: bool = False
) -> tuple[float, float]:
    """Subsidised child-months whose child was enrolled in the baseline that month, and all; or what they cost."""
    stays = zip(*(baseline[f"stays.{name}"].tolist() for name in ("child", "first", "last")), strict=True)
    there = {(child, month) for child, first, last in stays for month in range(first, last + 1)}
    claims = zip(*(record[f"claim_{name}"].tolist() for name in ("child", "month", "fen")), strict=True)
    weights = [((child, month) in there, fen / 100 if by_yuan else 1) for child, month, fen in claims if fen > 0]
    return sum(weight for came, weight in weights if came), sum(weight for _, weight in weights)


def who_won(record: dict[str, np.ndarray], baseline: dict[str, np.ndarray]) -> dict[str, float]:
    """The experiment of a policy's one lot and the truth, bill by bill."""
    (place,) = record["lots"].tolist()
    drawn_on = int(record["budgets"][BUDGETS.index("first_day"), place])
    won, lost = ([c for _, c, w in record["lot_entries"].tolist() if w == which] for which in (1, 0))
    since, here, there = Counter(), Counter(), Counter()
    for one, bills in ((record, here), (baseline, there)):
        columns = (one["stays.child"], one["stays.first"], one["stays.last"], one["stay_day"])
        for child, first, last, day in zip(*(column.tolist() for column in columns), strict=True):
            for month in range(max(first, 0), last + 1):
                bills[child] += 1
                late = dates.date_in(int(record["first"]) + month, day).toordinal() >= drawn_on
                since[child] += late and one is record
    y, z = ([since[child] for child in some] for some in (won, lost))
    a, b = (sum(here[child] - there[child] for child in some) for some in (won, lost))
    n, k = len(won), len(lost)
    error = (np.var(y) / (n - 1) + np.var(z) / (k - 1)) ** 0.5
    estimate, added = sum(y) - n * sum(z) / k, here.total() - there.total()
    return {
        "lot_children": n + k,
        "lot_winners": n,
        "lot_losers": k,
        "lot_winner_months": sum(y),
        "lot_loser_months": sum(z),
        "lot_difference": estimate / n,
        "lot_standard_error": error,
        "lot_estimate": estimate,
        "lot_margin": n * error * float(norm.isf(0.025)),
        "lot_covers": abs(estimate - added) <= n * error * float(norm.isf(0.025)),
        "lot_added_winners": a,
        "lot_added_losers": b,
        "lot_added_others": added - a - b,
        "lot_luck": estimate - a + n * b / k,
        "lot_cost": record["claims"][:, place].sum() / 100,
    }


def coming(study: Study, policy: str, metric: str) -> np.ndarray:
    """One of COMING by replication, from the records, float64 (replications,)."""
    base = study.policies[0]
    runs = range(len(study.over(policy, "children")))
    return np.array([who_comes(study.records[policy, r], study.records[base, r])[metric] for r in runs], float)


def who_comes(record: dict[str, np.ndarray], baseline: dict[str, np.ndarray]) -> dict[str, int]:
    """Who comes in one world only, and to whom the added child-months belong, from all bills of the window."""
    here, there = (
        {
            (child, month)
            for child, first, last in zip(
                *(one[f"stays.{name}"].tolist() for name in ("child", "first", "last")), strict=True
            )
            for month in range(max(first, 0), last + 1)
        }
        for one in (record, baseline)
    )
    new = {child for child, _ in here} - {child for child, _ in there} - set(baseline["former"].tolist())
    lost = {child for child, _ in there} - {child for child, _ in here} - set(record["former"].tolist())
    start: dict[int, int] = {}
    for child, month in there:
        start[child] = min(month, start.get(child, month))
    gained, gone = here - there, there - here
    of_both = [(child, month) for child, month in gained if child not in new]
    return {
        "new_children": len(new),
        "lost_children": len(lost),
        "added_by_new_children": sum(child in new for child, _ in gained) - sum(child in lost for child, _ in gone),
        "added_brought_forward": sum(month < start.get(child, 0) for child, month in of_both),
        "added_lengthened": sum(month > start.get(child, -1) for child, month in of_both)
        - sum(child not in lost for child, _ in gone),
    }


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


@cache
def quantile(n: int) -> float:
    """Student's of n values, which is left once in forty."""
    return float(student.isf(0.025, n - 1))


def reach(values: np.ndarray) -> float:
    """Half of Student's interval of a mean."""
    return quantile(len(values)) * float(np.sqrt(values.var(ddof=1) / len(values)))


def mean(values: np.ndarray) -> Three:
    """A mean of either sign."""
    centre = float(np.mean(values))
    return centre, centre - reach(values), centre + reach(values)


def total(values: np.ndarray) -> Three:
    """A mean that is never negative: Student's on the logarithm, and as far up as Hall's cubic says."""
    centre, n = float(np.mean(values)), len(values)
    if n < 2:
        return centre, None, None
    if not np.ptp(values):
        return centre, centre, centre
    factor = float(np.exp(reach(values) / centre))
    up = hall(values) if n > 2 else centre * factor
    return centre, centre / factor, max(centre * factor, up)


def hall(values: np.ndarray) -> float:
    """The upper end of a mean's interval by Hall's cubic, found by search."""
    g, n = float(skew(values, bias=False)), len(values)

    def cubic(t: float) -> float:
        return t + g * t**2 / 3 + g**2 * t**3 / 27 + g / (6 * n)

    target = -quantile(n) / np.sqrt(n)
    found = brentq(lambda t: cubic(t) - target, -50, 50, xtol=1e-14, rtol=1e-14)
    return float(values.mean() - values.std(ddof=1) * found)


def rare(values: np.ndarray) -> Three:
    """A count of few: a total, but no narrower than what Poisson says of all that was seen."""
    centre, low, high = total(values)
    seen, n = round(float(values.sum())), len(values)
    # the rates at which so many or more, and so many or fewer, are seen once in forty
    least = brentq(lambda rate: poisson.sf(seen - 1, rate) - 0.025, 1e-9, 1e6, xtol=1e-12) if seen else 0.0
    most = brentq(lambda rate: poisson.cdf(seen, rate) - 0.025, 1e-9, 1e6, xtol=1e-12)
    return centre, min(low, least / n), max(high, most / n)


def chance(seen: int, n: int) -> Three:
    """A share of replications: the chances at which so many or more, and so many or fewer, come once in forty."""
    low = brentq(lambda p: binom.sf(seen - 1, n, p) - 0.025, 0, 1, xtol=1e-14) if seen else 0.0
    high = brentq(lambda p: binom.cdf(seen, n, p) - 0.025, 0, 1, xtol=1e-14) if seen < n else 1.0
    return seen / n, float(low), float(high)


def share(part: np.ndarray, whole: np.ndarray) -> Three:
    """A part of a whole, linearised on the scale of log odds; all or nothing is as of any ratio."""
    p = ratio(part, whole)[0]
    if p is None or not 0 < p < 1:
        return ratio(part, whole)
    width = reach(part - p * whole) / float(whole.mean()) / (p * (1 - p))
    logit = np.log(p / (1 - p))
    low, high = (float(1 / (1 + np.exp(-(logit + side)))) for side in (-width, width))
    return p, low, high


def ratio(top: np.ndarray, bottom: np.ndarray) -> Three:
    """A ratio of means: the r at which a test of top = r · bottom just passes; nothing if bottom may be 0."""
    _, low, high = mean(bottom)
    if low <= 0 <= high:
        return NOTHING
    (vaa, vab), (_, vbb) = np.cov(top, bottom) * quantile(len(top)) ** 2 / len(top)
    a, b = float(top.mean()), float(bottom.mean())
    ends = np.roots([b * b - vbb, -2 * (a * b - vab), a * a - vaa])
    return a / b, float(ends.real.min()), float(ends.real.max())


def change_of_ratio(top: np.ndarray, bottom: np.ndarray, top_before: np.ndarray, bottom_before: np.ndarray) -> Three:
    """A paired difference of two ratios of means, linearised."""
    if not bottom.any() or not bottom_before.any():
        return NOTHING
    now, then = (float(x.sum() / y.sum()) for x, y in ((top, bottom), (top_before, bottom_before)))
    slack = (top - now * bottom) / bottom.mean() - (top_before - then * bottom_before) / bottom_before.mean()
    return now - then, now - then - reach(slack), now - then + reach(slack)
