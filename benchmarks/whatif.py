"""Time that one policy takes: from a city in memory to its headline, on one core.

python -m benchmarks.whatif [--scale 1.0] [--rounds 3] [--scenario scenarios/xian_vouchers.toml]
"""

import argparse
import os
import time
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.arms import called_once, peak_memory
from benchmarks.run import machine
from sim import Laboratory

ROOT = Path(__file__).resolve().parents[1]
SEASON = {"fee_subsidy.start": date(2025, 11, 10), "fee_subsidy.until": date(2026, 6, 30)}
QUESTIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("vouchers", {"voucher_pool.face_value": 800}),
    ("vouchers", {"voucher_pool.face_value": 1500}),
    ("vouchers", {"voucher_pool.per_round": 300}),
    ("vouchers", {"voucher_pool.per_round": 2000}),
    ("vouchers", {"voucher_pool.allocation": "lowest_income"}),
    ("vouchers", {"fee_subsidy.rate": 0.1, **SEASON}),
    ("fee subsidy", {"fee_subsidy.rate": 0.05}),
    ("fee subsidy", {"fee_subsidy.rate": 0.3}),
    ("operating subsidy", {"operating_subsidy.yuan_per_child": 700.0}),
    ("operating subsidy", {"operating_subsidy.places": 8000}),
)
HEADLINE = ("take_up", "added_child_months", "public_cost", "cost_per_added_child_month", "inframarginal_share")


def shown(value: Any) -> str:
    """A number of the headline; – where it is undefined."""
    return "–" if value is None else f"{value:,.4g}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "xian_vouchers.toml")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3, help="of all policies; of each the median counts")
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # all threads on one core
    print(machine())

    called_once(options.scenario)
    began = time.process_time()
    lab = Laboratory(options.scenario, [f"run.scale={options.scale}"], replications=1)
    print(f"city, warm-up and baseline in memory: {time.process_time() - began:.2f} s, {peak_memory():.0f} MB")
    spent: dict[int, list[tuple[float, float]]] = {n: [] for n in range(len(QUESTIONS))}
    answers: dict[int, list[str]] = {}
    for _ in range(options.rounds):
        for n, (policy, changes) in enumerate(QUESTIONS):
            processor, wall = time.process_time(), time.perf_counter()
            summary = lab.run(policy, changes)
            values = [summary.filter(metric=metric, group="all")["value"].item() for metric in HEADLINE]
            spent[n].append((time.process_time() - processor, time.perf_counter() - wall))
            answers[n] = [shown(value) for value in values]
    print(f"\n| policy | changed | processor, s | wall, s | {' | '.join(HEADLINE)} |")
    print("|---" * (4 + len(HEADLINE)) + "|")
    each = [tuple(median(times) for times in zip(*spent[n], strict=True)) for n in spent]
    for n, (policy, changes) in enumerate(QUESTIONS):
        said = ", ".join(f"{key.partition('.')[2]} {value}" for key, value in changes.items())
        print(f"| {policy} | {said} | {each[n][0]:.3f} | {each[n][1]:.3f} | {' | '.join(answers[n])} |")
    processor, wall = (median(times) for times in zip(*each, strict=True))
    print(f"\nmedian of {len(QUESTIONS)} policies: {processor:.3f} s of one core, {wall:.3f} s of wall")
    print(f"peak memory: {peak_memory():.0f} MB")


if __name__ == "__main__":
    main()
