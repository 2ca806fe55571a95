"""The program's own speed, arm by arm on one core, and its balances at full scale.

python -m benchmarks.arms [--scale 1.0] [--repeats 3] [--scenario scenarios/xian_vouchers.toml]
"""

import argparse
import resource
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from sim.engine.simulation import Simulation

from benchmarks.run import machine
from sim.draws import Luck
from sim.engine.recorder import CITY_TOTALS, ROW, TRANCHE_TOTALS, Record
from sim.engine.replication import Replication
from sim.scenario.schema import Scenario, load
from sim.study.plan import ready, span_of, standing

ROOT = Path(__file__).resolve().parents[1]


def check_balances(record: Record, name: str) -> None:
    """Children, places, bills and vouchers balance in every month. Raises SystemExit naming what does not.

    Seats against children and the ledger's accounts are checked by the engine itself at every month's end.
    """
    total = {metric: record.totals[row] for metric, row in ROW.items()}
    tranche = {metric: record.tranche[row] for row, metric in enumerate(TRANCHE_TOTALS)}
    groups = np.array([g.partition("=")[0] for g in record.groups])
    sums = {
        "enrolled by group": all(
            np.array_equal(total["enrolled"][:, groups == g].sum(axis=1), total["enrolled"][:, 0])
            for g in ("band", "kind", "quintile", "birth_order", "district")
        ),
        "enrolled and places": bool((3 * total["enrolled"][:, 0] <= total["place_thirds"][:, 0]).all()),
        "bills and net fees": bool((total["net_fen"] <= total["posted_fen"]).all() and (total["net_fen"] >= 0).all()),
        "claims and bills": int(total["claimed_fen"][:, 0].sum()) == int(record.claims[:, record.own].sum()),
        "vouchers": np.array_equal(
            tranche["vouchers_issued"].sum(axis=0),
            (tranche["vouchers_redeemed"] + tranche["vouchers_expired"]).sum(axis=0) + tranche["vouchers_live"][-1],
        ),
    }
    wrong = [what for what, holds in sums.items() if not holds]
    if wrong:
        raise SystemExit(f"{name}: out of balance: {', '.join(wrong)}")


def of_the_market(city: Replication, scenario: Scenario) -> float:
    """Share of the arms' processor time that goes into expected demand, reviews, closures, entry and accounts."""
    spent = 0.0

    def timed(work: Callable[..., None]) -> Callable[..., None]:
        """The same work, its processor time added to what is spent."""

        def run(*words: Any) -> None:
            """Work, and look at the clock before and after."""
            nonlocal spent
            began = time.process_time()
            work(*words)
            spent += time.process_time() - began

        return run

    names = ("_review", "_pay_costs")
    with ExitStack() as patches:
        for name in names:
            patches.enter_context(patch.object(Simulation, name, timed(getattr(Simulation, name))))
        began = time.process_time()
        for policy in scenario.policies[1:]:
            city.run(ready(scenario, policy.instruments))
        return spent / (time.process_time() - began)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "xian_vouchers.toml")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    scenario = load(options.scenario, [f"run.scale={options.scale}"])
    span = span_of(scenario)
    print(machine())

    def build() -> Replication:
        """The first replication's city, warmed up to the counted months."""
        luck = Luck(scenario.run.seed, 0)
        city = Replication(scenario.city, standing(scenario), span, luck, scenario.run.scale)
        city.prepare({span.counted})
        return city

    build()  # whatever must be compiled
    began = time.process_time()
    city = build()
    print(f"city and warm-up of {span.counted - span.first} months: {time.process_time() - began:.2f} s of one core")
    check_balances(city.baseline(), "baseline")
    print("\n| arm | seconds of one core | million family-months/s |\n|---|---|---|")
    for policy in scenario.policies[1:]:
        own, best = ready(scenario, policy.instruments), np.inf
        for _ in range(options.repeats):
            began = time.process_time()
            record = city.run(own)
            best = min(best, time.process_time() - began)
        check_balances(record, policy.name)
        months = int(record.city[CITY_TOTALS.index("decisions")].sum())
        print(f"| {policy.name} | {best:.2f} | {months / best / 1e6:.1f} |")
    print("\nchildren, places, bills, vouchers and accounts balance in every month of every arm")
    print(f"the market's own work: {100 * of_the_market(city, scenario):.0f} % of the arms' time")
    print(f"peak memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


if __name__ == "__main__":
    main()
