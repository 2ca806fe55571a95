"""A finished study made up with a plausible shape, for tests of what is shown of it."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from sim.report.tables import Results

SCHEMA = {
    "policy": pl.String,
    "metric": pl.String,
    "unit": pl.String,
    "group": pl.String,
    "value": pl.Float64,
    "low": pl.Float64,
    "high": pl.Float64,
    "difference": pl.Float64,
    "difference_low": pl.Float64,
    "difference_high": pl.Float64,
    "replications": pl.Int64,
    "doubt": pl.String,
}
# names that break what is careless: mathematics, mark-up, terminals, fonts, hidden legend entries
HOSTILE = (
    "_base",
    "$1 & $2_{x}",
    "<script>alert(1)</script>",
    "育儿补贴 vouchers",
    "[red]b[/red]",
    "a\x1b[31mb",
)
POLICIES = ("baseline", "vouchers", "vouchers_double", "fee_subsidy", "operating_subsidy", "mixed")
ADDED = {
    "vouchers": 2100.0,
    "vouchers_double": 3300.0,
    "fee_subsidy": 9200.0,
    "operating_subsidy": 1400.0,
    "mixed": 10800.0,
}
COST = {
    "vouchers": 7.1e6,
    "vouchers_double": 14.0e6,
    "fee_subsidy": 61.0e6,
    "operating_subsidy": 18e6,
    "mixed": 70.2e6,
}
UNITS = {"take_up_under_36": "share", "inframarginal_share": "share", "public_cost": "yuan"}
CHILDREN = 310_000.0
# shares of the public outlay; the families' parts add up to theirs, and the sides to the outlay
INCIDENCE = {
    "outlay": 1.0, "families": 0.5, "staff": 0.25, "other_costs": 0.0625, "administration": 0.0625, "profit": 0.125,
    "always_takers": 0.75, "fee_rise": -0.25, "other_offers": -0.0625, "new_users": -0.125, "crowded_out": 0.0625,
    "cash": 0.25, "lost_fees": -0.125,
}  # fmt: skip
PARTS_OF_ADDED = {"by_new_children": 0.375, "brought_forward": 0.75, "lengthened": -0.125}  # shares of it


SPLIT = (("fee_subsidy", 0.75), ("voucher_pool", 0.25), ("all", 1.0))


def split_of(policy: str) -> pl.DataFrame:
    """What the instruments of a policy do: three quarters, a quarter, and the whole."""
    wholes = {"public_cost": ("yuan", 40e6), "added_child_months": ("child-months", 8000.0), "mean_fee": ("yuan", 12.0)}
    rows = [
        (policy, instrument, metric, unit, share * whole, share * whole - 1, share * whole + 1, 5)
        for metric, (unit, whole) in wholes.items()
        for instrument, share in SPLIT
    ]
    names = ("policy", "instrument", "metric", "unit", "value", "low", "high", "replications")
    return pl.DataFrame(rows, schema=names, orient="row")


def months(count: int) -> list[date]:
    return [date(2024 + (10 + i) // 12, (10 + i) % 12 + 1, 1) for i in range(count)]


def summary_row(
    policy: str, metric: str, value: float | None, half: float, group: str = "all", **more: Any
) -> dict[str, Any]:
    change = more.get("change")
    luck = None if value is None else half
    return {
        "policy": policy,
        "metric": metric,
        "unit": UNITS.get(metric, ""),
        "group": group,
        "value": value,
        "low": None if luck is None or more["bare"] else value - half,  # type: ignore[operator]
        "high": None if luck is None or more["bare"] else value + half,  # type: ignore[operator]
        "difference": change,
        "difference_low": None if change is None or more["bare"] else change - half / 8,
        "difference_high": None if change is None or more["bare"] else change + half / 8,
        "replications": more["replications"],
        "doubt": "luck",
    }


def policy_rows(policy: str, added: float, cost: float, first: bool, replications: int) -> Iterator[dict[str, Any]]:
    def row(
        metric: str, value: float | None, half: float, group: str = "all", change: float | None = None
    ) -> dict[str, Any]:
        return summary_row(
            policy,
            metric,
            value,
            half,
            group,
            change=change,
            bare=replications < 2,
            replications=replications,
        )

    share = added / 12 / CHILDREN
    yield row("take_up_under_36", 0.0986 + share, 0.0008, change=share)
    yield row("children", CHILDREN, 900, change=0.0)
    yield row("enrolled", CHILDREN * (0.0986 + share), 250, change=added / 12)
    yield row("added_child_months", added, 0.08 * added, change=added)
    for part, share_of_added in PARTS_OF_ADDED.items():
        yield row(f"added_{part}", added * share_of_added, 0.03 * added, change=added * share_of_added)
    yield row("public_cost", cost, 0.01 * cost, change=cost)
    yield row(
        "cost_per_added_child_month",
        None if first else cost / max(added, 1),
        0 if first else 0.09 * cost / max(added, 1),
    )
    yield row("inframarginal_share", None if first else 0.74, 0.012)
    yield row("mean_fee", 1830.0 + cost / 4e6, 14, change=cost / 4e6)
    yield row("utilisation", 0.48 + share * 3, 0.004, change=share * 3)
    yield row("waiting", 2310.0 + added / 60, 90, change=added / 60)
    yield row("pass_through", None if first else 0.08, 0.02)
    yield row("consumer_surplus", 0.0 if first else 0.9 * cost, 0.02 * cost, change=0.9 * cost)
    yield row("mothers_work_months", 0.0 if first else 0.1 * added, 0.01 * added, change=0.1 * added)
    yield row("extra_tax", 0.0, 0.0, change=0.0)
    yield row("mvpf", None if first else 0.9, 0.03)
    for part, share_of_cost in INCIDENCE.items():
        yield row(f"incidence_{part}", 0.0 if first else cost * share_of_cost, 0.01 * cost)
    for quintile, part in enumerate((0.09, 0.14, 0.2, 0.26, 0.31), start=1):
        yield row("public_cost", cost * part, cost * part * 0.04, f"quintile={quintile}", cost * part)
        yield row(
            "added_child_months",
            added * (0.4 - part),
            added * 0.03,
            f"quintile={quintile}",
            added * (0.4 - part),
        )
        gain = 0.0 if first else 0.9 * cost * part
        yield row("consumer_surplus", gain, 0.05 * gain, f"quintile={quintile}", gain)
    if "vouchers" in policy or policy == "mixed":
        size = 2.0 if "double" in policy or "2" in policy else 1.0
        steps = (2_420_000, 596_000, 61_300, 13_700 * size, 11_900 * size, 2_600 * size)
        labels = [
            "voucher_eligible",
            "voucher_aware",
            "applications",
            "vouchers_issued",
            "vouchers_redeemed",
            "vouchers_redeemed_marginal",
        ]
        for metric, value in zip(labels, steps, strict=True):
            yield row(metric, value, 0.015 * value, change=value)


def knowledge_rows(policy: str, added: float, cost: float) -> Iterator[dict[str, Any]]:
    for name, weaker, stronger in (("awareness", 1.5, 0.7), ("hassle", 0.9, 1.2), ("commitment", 2.1, 0.8)):
        for metric, centre in (
            ("cost_per_added_child_month", cost / max(added, 1)),
            ("inframarginal_share", 0.74),
            ("mvpf", 0.9),
        ):
            power = 1.0 if metric.startswith("cost") else 0.2
            yield dict.fromkeys(SCHEMA) | {
                "policy": policy,
                "metric": metric,
                "unit": UNITS.get(metric, "yuan"),
                "group": f"assumption={name}",
                "value": centre,
                "low": centre * weaker**power,
                "high": centre * stronger**power,
                "replications": 4,
                "doubt": "knowledge",
            }


def monthly_frame(policies: list[tuple[str, float, float]], replications: int, count: int) -> pl.DataFrame:
    luck = np.random.default_rng(7)
    shape = (replications, count)
    x = np.arange(count)
    season = 1 + 0.3 * np.sin((x - 1) / 12 * 2 * np.pi)
    city = luck.normal(0, 500, (replications, 1)) + luck.normal(0, 60, shape)
    fees = luck.normal(0, 12, (replications, 1))
    frames = []
    for name, added, cost in policies:
        live = (x >= 12) * np.minimum(1, (x - 11) / 5).clip(0)
        gain = live * (added / 9 + luck.normal(0, 0.05 * added / 9 + 8, shape)) * (added > 0)
        children = np.full(shape, CHILDREN) + luck.normal(0, 1, shape)
        enrolled = 30_500 * season + city + gain
        paid = live * cost / 9 * (1 + luck.normal(0, 0.02, shape))
        cubes = {
            "children": children,
            "enrolled": enrolled,
            "take_up_under_36": enrolled / children,
            "public_cost": paid,
            "mean_fee": 1830 + 0.4 * x + fees + paid / 1.2e6 + 0 * children,
            "mean_net_fee": 1790 + 0.4 * x + fees - paid / 4e4,
            "utilisation": enrolled / 64_000,
            "pass_through": np.where(live * cost > 0, 0.1 * live + luck.normal(0, 0.01, shape), np.nan),
        }
        of_kind = {f"kind=private {metric}": cubes[metric] / 2 for metric in ("pass_through", "public_cost")}
        for key, cube in (cubes | of_kind).items():
            group, _, metric = key.rpartition(" ")
            frames.append(
                pl.DataFrame(
                    {
                        "policy": name,
                        "replication": np.repeat(np.arange(replications), count),
                        "month": pl.Series(months(count) * replications, dtype=pl.Date),
                        "group": group or "all",
                        "metric": metric,
                        "value": cube.ravel(),
                    }
                )
            )
    return pl.concat(frames).filter(pl.col("value").is_not_nan())


def sweep_of(grid: list[tuple[float, float]]) -> tuple[dict[str, Any], list[tuple[str, float, float]]]:
    arms, made = [], []
    for size, rate in grid:
        name = "vouchers" if (size, rate) == (1, 0) else f"vouchers[per_round={size:g},rate={rate:g}]"
        arms.append({"name": name, "values": [size, rate]})
        added = 2100 * size**0.7 + 36_000 * rate + (500 if rate == 0.2 else 0) - (900 * size if rate == 0.3 else 0)
        made.append((name, added, 7.1e6 * size + 240e6 * rate))
    axes = [
        {"path": "voucher_pool.per_round", "label": "per_round", "values": [0.5, 1, 2, 4], "scale": True},
        {"path": "fee_subsidy.rate", "label": "rate", "values": [0, 0.1, 0.2, 0.3], "scale": False},
    ]
    return {"policy": "vouchers", "axes": axes, "arms": arms}, made


def manifest_of(names: list[str], arms: list[str], sweep: dict[str, Any] | None, replications: int) -> dict[str, Any]:
    return {
        "title": "Xi'an childcare vouchers, November 2025 to June 2026",
        "city": "Xi'an",
        "policies": [{"name": n, "role": "policy"} for n in names] + [{"name": n, "role": "sweep"} for n in arms],
        "sweep": sweep,
        "fees_respond": True,
        "kinds_that_set_fees": ["private"],
        "counted": {"from": "2025-11-01", "until": "2026-10-31"},
        "replications": replications,
        "scale": 1.0,
        "seed": 20251110,
        "command": "python -m sim scenarios/xian_vouchers.toml",
        "versions": {"python": "3.11.9", "numpy": "2.4.6"},
        "wall_seconds": 41.27,
        "family_months": 812_345_678,
        "family_months_per_second": 19_683_000.0,
        "evidence": [
            {
                "key": "children",
                "value": 310000,
                "low": None,
                "high": None,
                "source": "Statistical yearbook 2024, table 3-2",
            },
            {
                "key": "voucher_pool.aware_others",
                "value": 0.15,
                "low": 0.03,
                "high": 0.6,
                "source": "assumption",
            },
            {"key": "families.commitment_months", "value": 3, "low": 1, "high": 10, "source": None},
        ],
        "notes": ["Awareness, hassle and commitment are assumptions: read the ranges beside the numbers."],
    }


def build(
    names: tuple[str, ...] = POLICIES,
    replications: int = 10,
    count: int = 24,
    sweep: bool = True,
    nulls: bool = False,
) -> Results:
    grid = [(size, rate) for size in (0.5, 1.0, 2.0, 4.0) for rate in (0.0, 0.1, 0.2, 0.3)] if sweep else []
    said, made = sweep_of(grid)
    effects = [(ADDED.get(p, 800.0 * i), COST.get(p, 5e6 * i)) for i, p in enumerate(POLICIES)]
    cases = [(name, *effects[i % len(effects)]) for i, name in enumerate(names)]
    arms = [case for case in made if case[0] not in names]
    rows = [
        row
        for i, (name, added, cost) in enumerate(cases + arms)
        for row in (
            *policy_rows(name, added, cost, i == 0, replications),
            *(knowledge_rows(name, added, cost) if 0 < i < len(cases) else ()),
        )
    ]
    summary = pl.DataFrame(rows, schema=SCHEMA).sort("policy", "metric", "group")
    monthly = monthly_frame(cases, replications, count)
    if nulls:
        blank = pl.lit(None, pl.Float64)
        summary = summary.with_columns(
            blank.alias(c) for c in ("value", "low", "high", "difference", "difference_low", "difference_high")
        )
        monthly = monthly.with_columns(value=blank)
    manifest = manifest_of(list(names), [a[0] for a in arms], said if sweep else None, replications)
    return Results(summary, monthly, manifest)
