"""Comparison: every arm against the baseline of its own luck, child by child, then over replications.

Definitions are those of docs/model.md: flows are sums over the counted window, stocks means of
month-ends, ratios are ratios of replication means. Money is in yuan.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import polars as pl
from numpy.typing import NDArray

from sim import dates
from sim.engine.recorder import CITY_TOTALS, LIST_ENDINGS, LIST_TOTALS, ROW, TRANCHE_TOTALS, Record
from sim.kernels import pairing
from sim.policy.instrument import Instrument
from sim.policy.menu import menu
from sim.scenario.welfare import WelfareFacts
from sim.study import intervals
from sim.study.estimate import Estimate
from sim.study.incidence import incidence
from sim.study.lots import lot_parts
from sim.study.metrics import BUDGETS, KNOWLEDGE, LOTS, METRICS, WELFARE, Metric
from sim.study.pairs import Pairs, pair
from sim.study.plan import Plan
from sim.world.institutions import PARTS_OF_A_PLACE

Floats = NDArray[np.float64]
Key = tuple[str, ...]  # of an arm of the plan
ALL = "all"


@dataclass(frozen=True)
class Outcome:
    """One arm in one replication, against its baseline.

    groups : names of the columns; tranches follow the groups of the record, and last come the policy's lots
    window : parts of the metrics over the counted window, float64 (groups,)
    monthly : the same by month, float64 (months, groups)
    """

    groups: tuple[str, ...]
    first: int
    window: dict[str, Floats]
    monthly: dict[str, Floats]


_STOCKS = {
    "children", "enrolled", "enrolled_under_36", "waiting", "on_lists", "places", "institutions", "fee_places",
    "full_day_places", "inclusive_places", "full_time", "losing_cash", "losing_in_full",
}  # fmt: skip
_EVENTS = (
    "openings", "closures", "institutions_opened", "institutions_closed", "displaced_children", "losing_cash",
    "losing_in_full",
)  # fmt: skip
_ENDS = {"vouchers_live"}  # what is left when the window closes, so that issued = redeemed + expired + live


def outcome(record: Record, baseline: Record, welfare: WelfareFacts | None = None) -> Outcome:
    """Pair a record with the baseline of the same luck; welfare : what mothers' work brings, where it is to count."""
    tiers = record.tranche.shape[2]
    groups = (*record.groups, *(f"tranche={t + 1}" for t in range(tiers)))
    groups += tuple(f"lot={n + 1}" for n in range(len(record.lots)))
    wide: Callable[[Floats], Floats] = partial(_widen, groups=len(groups))
    total = {name: record.totals[row].astype(float) for name, row in ROW.items()}
    city = {name: record.city[row].astype(float)[:, None] for row, name in enumerate(CITY_TOTALS)}
    monthly = {
        name: wide(total[name])
        for name in ("children", "enrolled", "enrolled_under_36", "waiting", "enrolled_child_months", "institutions")
    }
    monthly |= {
        "places": wide(total["place_thirds"] / 3),
        "inclusive_places": wide(total["inclusive_place_thirds"] / 3),
        "full_day_places": wide(total["full_day_place_thirds"] / 3),
        "full_time": wide(total["full_time_sixtieths"] / PARTS_OF_A_PLACE),
        "fee_places": wide(total["fee_place_thirds_fen"] / 300),
        "net": wide(total["net_fen"] / 100),
        "subsidised": wide(total["subsidised_child_months"]),
        "public_cost": wide(total["claimed_fen"] / 100),
        "profit": wide(city["profit_fen"] / 100),
        "standing_cost": wide(city["standing_fen"] / 100),
        "profit_full": wide((city["profit_fen"] - city["unpaid_costs_fen"]) / 100),
    }
    monthly |= {name: wide(total[name]) for name in ("on_lists", *LIST_TOTALS)}
    for part, prefix in (("waiting_ended", "waiting_"), ("days_on_list", "days_to_")):
        monthly[part] = wide(np.sum([total[prefix + ending] for ending in LIST_ENDINGS], axis=0))
    monthly |= {name: wide(city[name]) for name in _EVENTS}
    monthly |= {name: wide(city[f"{name}_fen"] / 100) for name in ("prepaid_refunded", "unpaid_wages")}
    monthly["prepaid_lost"] = wide(total["prepaid_lost_fen"][:, :1] / 100)
    monthly["prepaid_forfeited"] = wide(total["forfeited_fen"][:, :1] / 100)
    pairs = pair(record, baseline)
    parts = incidence(record, baseline, pairs).named()
    monthly |= {f"incidence_{part}": wide(fen[:, None] / 100) for part, fen in parts.items()}
    monthly |= _voucher_parts(record, len(groups))
    own_tiers = np.repeat(record.own, record.instrument_tiers)
    fen = record.tranche[TRANCHE_TOTALS.index("vouchers_redeemed_fen")] * own_tiers
    monthly["public_cost"][:, len(record.groups) : len(record.groups) + tiers] = fen / 100
    paired = _paired(record, pairs, len(groups))
    monthly |= {name: wide(values.astype(float)) for name, values in _added(pairs).items()}
    monthly["vouchers_redeemed_marginal"] = paired.pop("marginal")
    monthly |= _money(record, baseline, monthly["public_cost"])
    monthly |= _welfare(record, baseline, monthly["extra_cost"], welfare)
    limited = record.own & (record.budget("budget") >= 0)
    monthly["turned_away"] = wide(record.turned_away[:, limited].sum(axis=1, dtype=float)[:, None])
    window = {name: _over_window(name, values) for name, values in monthly.items()}
    window |= {name: wide(np.array([[x]]))[0] for name, x in _budgets(record, limited).items()}
    window |= paired | _concentration(record, len(groups)) | lot_parts(record, baseline, len(groups))
    return Outcome(groups, record.first, window, monthly)


def _budgets(record: Record, limited: NDArray[np.bool_]) -> dict[str, float]:
    """What became of the policy's own budgets: how many there are, what is left, whether and when the first ran dry.

    limited : bool (instruments,)  its own that have one
    """
    dry = [int(day) for day in record.budget("dry_day")[limited] if day > 0]
    kinds = [kind for kind, has in zip(record.instrument_kinds, limited, strict=True) if has]
    return {
        "budgets": float(len(kinds)),
        "budgets_for_families": float(sum(map(_relieves, kinds))),
        "unspent_budget": float(record.budget("left")[limited].sum()) / 100,
        "ran_dry": float(bool(dry)),
        "run_dry_day": float(min(dry) - record.budget("first_day")[record.own].min()) if dry else 0.0,
    }


def _relieves(kind: str) -> bool:
    """Whether instruments of a kind take something off families' bills."""
    return menu()[kind].relief is not Instrument.relief


def _over_window(name: str, values: Floats) -> Floats:
    """A part over the counted window, from its months."""
    if name in _ENDS:
        return np.asarray(values[-1])
    return np.asarray(values.mean(axis=0) if name in _STOCKS else values.sum(axis=0))


def _widen(values: Floats, groups: int) -> Floats:
    """Add empty columns for groups in which something is not counted."""
    out = np.zeros((values.shape[0], groups))
    out[:, : values.shape[1]] = values
    return out


def _voucher_parts(record: Record, groups: int) -> dict[str, Floats]:
    """Voucher counts by tranche, and their sum for all; of those who apply and win also by the child's groups.

    Cost by tranche joins the public cost.
    """
    parts = {}
    for row, name in enumerate(TRANCHE_TOTALS):
        if name == "vouchers_redeemed_fen":
            continue
        by_tier = record.tranche[row].astype(float)
        out = np.zeros((len(by_tier), groups))
        if name in ROW:
            out[:, : len(record.groups)] = record.totals[ROW[name]]
        out[:, len(record.groups) : len(record.groups) + by_tier.shape[1]] = by_tier
        out[:, 0] = by_tier.sum(axis=1)
        parts[name] = out
    parts["applications_refused"] = parts["applications"] - parts["vouchers_issued"]
    parts["vouchers_ended"] = parts["vouchers_redeemed"] + parts["vouchers_expired"]
    return parts


def _added(pairs: Pairs) -> dict[str, NDArray[np.int64]]:
    """Added child-months and their three parts, new, lost and crowded out, by month and group of the record."""
    names = ("added_by_new_children", "added_brought_forward", "added_lengthened", "new_children", "lost_children")
    parts = dict(zip(names, (*pairs.added, *pairs.heads), strict=True))
    return {"added": pairs.added.sum(axis=0), "crowded_out": pairs.crowded_out, **parts}


def _paired(record: Record, pairs: Pairs, groups: int) -> dict[str, Floats]:
    """Child by child: subsidised months, and those that would have been anyway."""
    counts, money = np.zeros((2, groups), np.int64), np.zeros((2, groups))
    marginal = np.zeros((record.months(), groups), np.int64)
    pairing.count_claims(pairs.claims, pairs.anyway, pairs.billed, len(record.groups), counts, money, marginal)
    owed = record.claim_fen > 0  # by the policy's own instruments
    yuan = record.claim_fen[owed] / 100
    money[:, 0] = yuan.sum(), (yuan * pairs.anyway[owed]).sum()
    return {
        "marginal": marginal.astype(float),
        "subsidised_paired": counts[0].astype(float),
        "inframarginal": counts[1].astype(float),
        "subsidised_yuan": money[0],
        "inframarginal_yuan": money[1],
    }


def _money(record: Record, baseline: Record, public_cost: Floats) -> dict[str, Floats]:
    """What the policy cost more than the baseline, and how far posted fees rose for the baseline's children, by month.

    Fees are compared where an offer is open in both. A kind of institution is set what the policy's own instruments
    pay for its children.
    public_cost : (months, groups)  [yuan]
    """
    kinds = np.unique(record.kind_cell)
    extra, rise = np.zeros_like(public_cost), np.zeros_like(public_cost)
    extra[:, 0] = (record.claims.sum(axis=1) - baseline.claims.sum(axis=1)) / 100
    extra[:, kinds] = public_cost[:, kinds]
    children = baseline.offer_enrolled * (record.offer_open & baseline.offer_open)
    by_institution = ((record.fee - baseline.fee) * children).sum(axis=1)
    rise[:, 0] = by_institution.sum(axis=1)
    for kind in kinds:
        rise[:, kind] = by_institution[:, record.kind_cell == kind].sum(axis=1)
    return {"extra_cost": extra, "fee_rise_yuan": rise}


def _welfare(record: Record, baseline: Record, extra_cost: Floats, welfare: WelfareFacts | None) -> dict[str, Floats]:
    """Families' gains on the baseline less what applying costs them, mothers' work, its taxes, and net cost, by month.

    extra_cost : (months, groups)  [yuan]
    """
    surplus, work, tax, applying = (np.zeros_like(extra_cost) for _ in range(4))
    own = slice(len(record.groups))
    for name, sign in (
        ("gains_fen", 1),
        ("cash_fen", 1),
        ("forgone_fen", 1),
        ("prepaid_lost_fen", -1),
        ("forfeited_fen", -1),
    ):
        surplus[:, own] += sign * (record.totals[ROW[name]] - baseline.totals[ROW[name]]) / 100
    row = ROW["application_fen"]
    applying[:, own] = (record.totals[row] - baseline.totals[row]) / 100
    surplus -= applying
    if welfare is not None:
        work[:, 0] = welfare.work_per_child_month * (record.unaided - baseline.unaided)
        tax[:, 0] = welfare.tax_per_work_month * work[:, 0]
    parts = {"surplus": surplus, "application_cost": applying, "work": work, "extra_tax": tax}
    return parts | {"net_cost": extra_cost - tax, "counts_work": np.full_like(work, welfare is not None)}


def _concentration(record: Record, groups: int) -> dict[str, Floats]:
    """The two parts of the concentration index, of the whole city."""
    top, bottom = np.zeros(groups), np.zeros(groups)
    top[0], bottom[0] = record.concentration
    return {"concentration_top": top, "concentration_bottom": bottom}


@lru_cache(maxsize=1024)  # every arm and replication asks for the same
def _shown(metric: Metric, groups: tuple[str, ...]) -> list[int]:
    """Columns of the groups by which a metric is told apart."""
    return [n for n, g in enumerate(groups) if g == ALL or g.startswith(metric.groups or ("\0",))]


def _has_vouchers(outcomes: Sequence[Outcome]) -> bool:
    return any(g.startswith("tranche=") for g in outcomes[0].groups)


def applies(metric: Metric, outcomes: Sequence[Outcome]) -> bool:
    """Metrics of vouchers, of budgets and of lots belong to policies that have such."""
    if metric.name in BUDGETS:
        part = "budgets_for_families" if metric.name == "turned_away" else "budgets"
        return bool(outcomes[0].window[part][0] > 0)
    if metric.name in LOTS:
        return any(g.startswith("lot=") for g in outcomes[0].groups)
    if metric.name in WELFARE:
        return bool(outcomes[0].window["counts_work"][0] > 0)
    of_vouchers = "voucher" in metric.name or metric.name.startswith(("application", "redemption_rate"))
    return not of_vouchers or _has_vouchers(outcomes)


# kinds of metric that are means over the replications in which there is something to be told
_OVER_SOME: Mapping[str, Callable[..., Estimate]] = {
    "chance": intervals.chance,
    "where": intervals.total,
    "compared": intervals.mean,
}


def estimate(
    metric: Metric, outcomes: Sequence[Outcome], column: int, confidence: float = intervals.CONFIDENCE
) -> Estimate:
    """A metric of one group over replications, its interval of some confidence."""
    top = np.array([o.window[metric.top][column] for o in outcomes])
    bottom = np.array([o.window[metric.bottom or metric.top][column] for o in outcomes])
    if metric.kind in _OVER_SOME:
        top = top[bottom > 0] if metric.bottom else top
        return _OVER_SOME[metric.kind](top, confidence=confidence) if len(top) else Estimate(None)
    if not metric.bottom:
        if metric.kind == "signed":
            return intervals.mean(top, confidence)
        return intervals.total(top, metric.kind == "rare", confidence)
    if metric.kind == "value" and bottom.mean() <= 0:
        return Estimate(None)
    return (intervals.share if metric.kind == "share" else intervals.ratio)(top, bottom, confidence)


def _difference(
    metric: Metric, outcomes: Sequence[Outcome], base: Sequence[Outcome], column: int, confidence: float
) -> Estimate:
    """Paired difference from the baseline. Of what is itself a comparison, or the baseline has none of, undefined.

    base : the baseline's outcomes in the same replications
    """
    if (
        metric.name in BUDGETS
        or metric.name in LOTS
        or metric.name in ("cost_per_added_child_month", "pass_through", "mvpf")
        or "inframarginal" in metric.name
    ):
        return Estimate(None)
    if column >= len(base[0].groups):  # a voucher tranche: the baseline has none
        base_top = base_bottom = np.zeros(len(base))
    else:
        base_top = np.array([o.window[metric.top][column] for o in base])
        base_bottom = np.array([o.window[metric.bottom or metric.top][column] for o in base])
    top = np.array([o.window[metric.top][column] for o in outcomes])
    if not metric.bottom:
        return intervals.mean(top - base_top, confidence)
    bottom = np.array([o.window[metric.bottom][column] for o in outcomes])
    return intervals.ratio_difference(top, bottom, base_top, base_bottom, confidence)


SUMMARY_SCHEMA = {
    "policy": pl.String, "metric": pl.String, "unit": pl.String, "group": pl.String,
    "value": pl.Float64, "low": pl.Float64, "high": pl.Float64,
    "difference": pl.Float64, "difference_low": pl.Float64, "difference_high": pl.Float64,
    "replications": pl.Int64, "doubt": pl.String,
}  # fmt: skip


def summarise(plan: Plan, outcomes: Mapping[Key, Sequence[Outcome]]) -> pl.DataFrame:
    """The table `summary`: every arm's metrics by group, with intervals and paired differences.

    outcomes : by the arm's key, one for each replication that it was run in, in order
    """
    shown = [arm for arm in plan.arms if arm.shown]
    base = outcomes[shown[0].key]
    rows: list[tuple[object, ...]] = []
    for arm in shown:
        mine, confidence = outcomes[arm.key], plan.confidence(arm)
        for metric in METRICS:
            if not applies(metric, mine):
                continue
            for column in _shown(metric, mine[0].groups):
                value = estimate(metric, mine, column, confidence)
                moved = _difference(metric, mine, base[: len(mine)], column, confidence)
                rows.append(
                    (arm.name, metric.name, metric.unit, mine[0].groups[column], value.value, value.low, value.high,
                     moved.value, moved.low, moved.high, len(mine), "luck")
                )  # fmt: skip
    rows += _knowledge_rows(plan, outcomes)
    table = pl.DataFrame(rows, schema=SUMMARY_SCHEMA, orient="row")
    return table.sort("policy", "metric", "group", "doubt")


def _knowledge_rows(plan: Plan, outcomes: Mapping[Key, Sequence[Outcome]]) -> Iterable[tuple[object, ...]]:
    """How the metrics of KNOWLEDGE move with each assumption, luck held fixed."""
    ends: dict[tuple[str, str], dict[str, Sequence[Outcome]]] = {}
    for arm in plan.arms:
        if arm.role == "knowledge":
            ends.setdefault((arm.name, arm.assumption), {})[arm.end] = outcomes[arm.key]
    for (policy, assumption), by_end in ends.items():
        headline = outcomes["policy", policy, "", ""]
        central = headline[: len(next(iter(by_end.values())))]
        # an end at the central value is no arm of its own
        low_end, high_end = (by_end.get(end, central) for end in ("low", "high"))
        for metric in METRICS:
            if metric.name in KNOWLEDGE:
                if estimate(metric, headline, 0).value is None:
                    continue  # where luck hides the figure, an assumption cannot be seen to move it
                value, low, high = (_point(metric, o) for o in (central, low_end, high_end))
                yield (policy, metric.name, metric.unit, f"assumption={assumption}", value, low, high,
                       None, None, None, len(central), "knowledge")  # fmt: skip


def _point(metric: Metric, outcomes: Sequence[Outcome]) -> float | None:
    """A ratio without its interval; undefined where its denominator is not positive."""
    top = sum(float(o.window[metric.top][0]) for o in outcomes)
    bottom = sum(float(o.window[metric.bottom][0]) for o in outcomes)
    return top / bottom if bottom > 0 else None


def monthly_table(plan: Plan, outcomes: Mapping[Key, Sequence[Outcome]]) -> pl.DataFrame:
    """The table `monthly`: policy, replication, month, group, metric, value; undefined values have no row.

    Sorted by its columns: so it is built, because sorting millions of words takes longer than making them.
    """
    metrics = sorted((metric for metric in METRICS if metric.monthly), key=lambda metric: metric.name)
    frames = []
    for arm in sorted((arm for arm in plan.arms if arm.shown), key=lambda arm: arm.name):
        for replication, one in enumerate(outcomes[arm.key]):
            groups, values = _month_values(one, metrics)
            month, group, metric = np.nonzero(~np.isnan(values))
            frames.append(
                pl.DataFrame(
                    {
                        "policy": pl.Series([arm.name], dtype=pl.String).new_from_index(0, len(month)),
                        "replication": np.full(len(month), replication, np.int64),
                        "month": pl.Series([dates.date_in(one.first + m) for m in range(len(values))]).gather(month),
                        "group": pl.Series(groups, dtype=pl.String).gather(group),
                        "metric": pl.Series([m.name for m in metrics], dtype=pl.String).gather(metric),
                        "value": values[month, group, metric],
                    }
                )
            )
    return pl.concat(frames)


def _month_values(one: Outcome, metrics: Sequence[Metric]) -> tuple[list[str], Floats]:
    """Names of an outcome's groups, sorted, and its metrics, float64 (months, groups, metrics), nan where undefined."""
    order = sorted(range(len(one.groups)), key=lambda column: one.groups[column])
    months = len(next(iter(one.monthly.values())))
    out = np.full((months, len(one.groups), len(metrics)), np.nan)
    for k, metric in enumerate(metrics):
        if not applies(metric, [one]):
            continue
        columns = _shown(metric, one.groups)
        values = one.monthly[metric.top][:, columns]
        if metric.bottom:
            bottom = one.monthly[metric.bottom][:, columns]
            values = np.divide(values, bottom, out=np.full_like(values, np.nan), where=bottom > 0)
        out[:, columns, k] = values
    return [one.groups[column] for column in order], out[:, order]
