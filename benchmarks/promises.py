"""A finished run of the shipped scenario against what its users were promised of it.

python -m sim scenarios/xian_vouchers.toml && python -m benchmarks.promises [results/xian_vouchers]

These need the whole city and all its replications: at a twentieth of it, luck alone moves the cost of the flat
subsidy by a tenth. `tests/study/test_baseline.py` holds a thinned city to the ranges that luck permits there.
"""

import sys
from pathlib import Path

import polars as pl

BASELINE = {
    "children": (260_000, 330_000),
    "take_up": (0.09, 0.115),
    "utilisation": (0.42, 0.55),
    "mean_fee": (1_700, 2_150),
}
SAME_MONEY = ("vouchers", "fee subsidy")
WITHIN = 0.02


def main() -> None:
    """Print each promise and what the run shows; exits with 1 if one is broken."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "results/xian_vouchers")
    table = pl.read_csv(folder / "summary.csv").filter((pl.col("group") == "all") & (pl.col("doubt") == "luck"))
    value = {(policy, metric): x for policy, metric, x in table.select("policy", "metric", "value").iter_rows()}
    lines = [(f"baseline {metric}", value["baseline", metric], *ends) for metric, ends in BASELINE.items()]
    asked, paid = (value[policy, "public_cost"] for policy in SAME_MONEY)
    lines.append((f"cost of the {SAME_MONEY[1]} ÷ that of the {SAME_MONEY[0]}", paid / asked, 1 - WITHIN, 1 + WITHIN))
    kept = [low <= seen <= high for _, seen, low, high in lines]
    for (what, seen, low, high), good in zip(lines, kept, strict=True):
        print(f"{'kept' if good else 'BROKEN'}: {what}: {seen:,.6g}, promised {low:,.6g} to {high:,.6g}")
    sys.exit(0 if all(kept) else 1)


if __name__ == "__main__":
    main()
