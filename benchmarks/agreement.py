"""Do all implementations of the common job give the same statistics, within the error of chance?

    python -m benchmarks.agreement [--families 10000] [--draws 10]

Exit status 1 if not.
"""

import argparse
import sys

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from benchmarks import kernel_common_job
from benchmarks.common_job import CommonJob, Totals
from benchmarks.peers import mesa_families, simpy_families

RARE = 1e-4  # p-value: some thirty statistics are compared of each peer


def statistics(totals: Totals) -> NDArray[np.float64]:
    """Return what is compared of one run: means over the months, and each month's children in care."""
    means = [totals.enrolled.mean(), totals.issued.mean(), totals.used.mean(), totals.mean_fee.mean()]
    return np.array([*means, *totals.enrolled], np.float64)


def distance(one: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Compare two samples' means: return Welch's t of each, and the least of their p-values.

    Where nothing varies, or no more than float32 rounds, a t of 0 means the same, an infinite one different.
    """
    rounding = 1e-6 * np.abs(other.mean(axis=0))
    gap = one.mean(axis=0) - other.mean(axis=0)
    one_error, other_error = one.var(axis=0, ddof=1) / len(one), other.var(axis=0, ddof=1) / len(other)
    error = one_error + other_error
    same, still = np.abs(gap) <= rounding, np.sqrt(error) <= rounding
    t = np.where(same, 0.0, np.inf)
    np.divide(gap, np.sqrt(error), out=t, where=~still)
    freedom = np.ones_like(t)
    parts = one_error**2 / (len(one) - 1) + other_error**2 / (len(other) - 1)
    np.divide(error**2, parts, out=freedom, where=~still)
    return t, float(np.min(2 * stdtr(freedom, -np.abs(t))))


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
        far, p = distance(ours, theirs)
        agreed &= p > RARE
        print(f"{name}, {options.draws} draws of {options.families} families: mean of ours, of theirs, t")
        for column, label in enumerate(("enrolled", "issued", "used", "mean fee")):
            means = f"{ours[:, column].mean():12.2f}{theirs[:, column].mean():12.2f}"
            print(f"  {label:10}{means}{far[column]:8.2f}")
        print(f"  enrolled, t by month: {np.round(far[4:], 1).tolist()}; least p {p:.2g}")
    job = CommonJob(options.families)
    same = np.array_equal(statistics(kernel_common_job.run(job)), statistics(kernel_common_job.run(job, margin=np.inf)))
    print(f"with bounds and without them: {'the same' if same else 'different'}")
    return 0 if agreed and same else 1


if __name__ == "__main__":
    sys.exit(main())
