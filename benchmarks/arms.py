"""The program's own speed, arm by arm on one core, its balances at full scale, and the memory of a worker.

python -m benchmarks.arms [--scale 1.0] [--repeats 3] [--scenario scenarios/xian_vouchers.toml]
"""

import argparse
import resource
import subprocess
import sys
import time
from math import inf
from pathlib import Path

import numpy as np

from benchmarks.run import machine
from sim.draws import Luck
from sim.engine.recorder import CITY_TOTALS, ROW, TRANCHE_TOTALS, Record
from sim.policy.instrument import Instrument
from sim.scenario.schema import Scenario, load
from sim.study import compare
from sim.study.plan import ready, span_of, standing

try:
    from sim.engine.replication import Replication
except ModuleNotFoundError:  # up to 8998fdf, which `benchmarks.against` runs this file on too
    from sim.engine.job import Replication

ROOT = Path(__file__).resolve().parents[1]
SMALL = 0.02  # of a city: enough to call every kernel


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


def compiled() -> None:
    """Compile all kernels in a process of its own: the compiler takes more memory than a worker does."""
    subprocess.run([sys.executable, "-c", "from sim.kernels.ready import compile_all; compile_all()"], check=True)


def warmed_up(scenario: Scenario) -> Replication:
    """The first replication's city, warmed up to the counted months."""
    span = span_of(scenario)
    luck = Luck(scenario.run.seed, 0)
    city = Replication(scenario.city, standing(scenario), span, luck, scenario.run.scale)
    city.prepare({span.counted})
    return city


def chains(scenario: Scenario) -> dict[str, tuple[Instrument, ...]]:
    """The policies but for the first, by name, ready to run."""
    return {policy.name: ready(scenario, policy.instruments) for policy in scenario.policies[1:]}


def best_run(city: Replication, own: tuple[Instrument, ...], repeats: int) -> tuple[float, Record]:
    """Least processor time of some runs of an arm, and its record."""
    best = inf
    for _ in range(repeats):
        began = time.process_time()
        record = city.run(own)
        best = min(best, time.process_time() - began)
    return best, record


def peak_memory() -> float:
    """Most memory that this process has had so far [MB]."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def called_once(path: Path) -> None:
    """Compile what must be, and load it: every policy of a scenario in a small city."""
    compiled()
    scenario = load(path, [f"run.scale={SMALL}"])
    city = warmed_up(scenario)
    for own in chains(scenario).values():
        compare.outcome(city.run(own), city.baseline(), scenario.welfare)


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

    called_once(options.scenario)
    began = time.process_time()
    city = warmed_up(scenario)
    print(f"city and warm-up of {span.counted - span.first} months: {time.process_time() - began:.2f} s of one core")
    check_balances(city.baseline(), "baseline")
    print("\n| arm | seconds of one core | million family-months/s | paired with the baseline, seconds |")
    print("|---|---|---|---|")
    for name, own in chains(scenario).items():
        seconds, record = best_run(city, own, options.repeats)
        began = time.process_time()
        compare.outcome(record, city.baseline(), scenario.welfare)
        pairing = time.process_time() - began
        check_balances(record, name)
        months = int(record.city[CITY_TOTALS.index("decisions")].sum())
        print(f"| {name} | {seconds:.3f} | {months / seconds / 1e6:.1f} | {pairing:.3f} |")
    print("\nchildren, places, bills, vouchers and accounts balance in every month of every arm")
    print(f"peak memory: {peak_memory():.0f} MB, of a worker with one city")


if __name__ == "__main__":
    main()
