"""Do all implementations of the common job give the same statistics, within the error of chance?

    python -m benchmarks.agreement [--families 10000] [--draws 10]

Exit status 1 if not.
"""

import argparse
import sys

import numpy as np
from numpy.typing import NDArray

from benchmarks import kernel_common_job
from benchmarks.common_job import CommonJob, Totals
from benchmarks.peers import mesa_families, simpy_families

FAR = 4.0  # standard errors


def statistics(totals: Totals) -> NDArray[np.float64]:
    """Return what is compared of one run: means over the months, and each month's children in care."""
    means = [totals.enrolled.mean(), totals.issued.mean(), totals.used.mean(), totals.mean_fee.mean()]
    return np.array([*means, *totals.enrolled], np.float64)


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the difference of two samples' means in standard errors; 0 where nothing varies or differs."""
    gap = one.mean(axis=0) - other.mean(axis=0)
    error = np.sqrt(one.var(axis=0, ddof=1) / len(one) + other.var(axis=0, ddof=1) / len(other))
    return np.divide(gap, error, out=np.where(gap == 0, 0.0, np.inf), where=error > 0)


def main() -> int:
    """Run every implementation on the same city with different luck, and compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", type=int, default=10_000)
    parser.add_argument("--draws", type=int, default=10, help="runs of each implementation")
    options = parser.parse_args()
    if options.draws < 2:
        parser.error("--draws must be at least 2")

    def sample(module) -> NDArray[np.float64]:
        jobs = (CommonJob(options.families, luck=luck) for luck in range(options.draws))
        return np.array([statistics(module.run(job)) for job in jobs])

    ours, agreed = sample(kernel_common_job), True
    for name, peer in (("SimPy", simpy_families), ("Mesa", mesa_families)):
        theirs = sample(peer)
        far = distance(ours, theirs)
        agreed &= bool(np.all(np.abs(far) < FAR))
        print(f"{name}, {options.draws} draws of {options.families} families: mean of ours, of theirs, z")
        for column, label in enumerate(("enrolled", "issued", "used", "mean fee")):
            means = f"{ours[:, column].mean():12.2f}{theirs[:, column].mean():12.2f}"
            print(f"  {label:10}{means}{far[column]:8.2f}")
        print(f"  enrolled, z by month: {np.round(far[4:], 1).tolist()}")
    job = CommonJob(options.families)
    same = np.array_equal(
        statistics(kernel_common_job.run(job)), statistics(kernel_common_job.run(job, margin=np.inf))
    )
    print(f"with bounds and without them: {'the same' if same else 'different'}")
    return 0 if agreed and same else 1


if __name__ == "__main__":
    sys.exit(main())
