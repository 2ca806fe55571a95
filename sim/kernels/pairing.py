"""Pairing child by child: who was enrolled in which month in one world and in the other."""

from typing import Any

import numpy as np

from sim.compiled import entry


@entry
def fill_enrolment(child: Any, first: Any, last: Any, begin: int, months: int, out: Any) -> None:
    """Mark the billed months of every stay.

    begin : relative month of the window's first; out : uint8 (months, n)  written: 1 where billed
    """
    for s in range(child.size):
        for m in range(max(first[s], begin), min(last[s], begin + months - 1) + 1):
            out[m - begin, child[s]] = 1


@entry
def compare_enrolment(policy: Any, baseline: Any, cells: Any, added: Any, crowded: Any) -> None:
    """Child-months added and crowded out, by group; `cells` int16 (n, C), group 0 is all."""
    for m in range(policy.shape[0]):
        for i in range(policy.shape[1]):
            d = np.int64(policy[m, i]) - np.int64(baseline[m, i])  # unsigned bytes would wrap round
            if d == 0:
                continue
            added[0] += d
            crowded[0] += 1 if d < 0 else 0
            for c in range(cells.shape[1]):
                added[cells[i, c]] += d
                crowded[cells[i, c]] += 1 if d < 0 else 0
