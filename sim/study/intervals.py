"""Intervals over replications: means, paired differences, and ratios of means.

axis 0 is the replication. With one replication there is a value and no interval.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; None where undefined."""

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def holds_zero(self) -> bool:
        """Whether there is an interval and 0 lies in it."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high


def _quantile(n: int) -> float:
    return float(student.ppf(0.5 + CONFIDENCE / 2, n - 1))


def _half_width(values: NDArray[np.float64]) -> float:
    """Half of Student's interval of a mean of at least two values."""
    return _quantile(len(values)) * float(values.std(ddof=1)) / float(np.sqrt(len(values)))


def mean(values: NDArray[np.float64]) -> Estimate:
    """Mean over replications with Student's interval. values : float64 (n,)"""
    centre = float(values.mean())
    if len(values) < 2:
        return Estimate(centre)
    half = _half_width(values)
    return Estimate(centre, centre - half, centre + half)


def ratio(top: NDArray[np.float64], bottom: NDArray[np.float64]) -> Estimate:
    """Ratio of means with Fieller's interval (Fieller, J. R. Stat. Soc. B, 1954); top, bottom : float64 (n,).

    Undefined where the denominator is 0 or its own interval holds 0, which is where Fieller's set is unbounded.
    """
    n, a, b = len(top), float(top.mean()), float(bottom.mean())
    if b == 0:
        return Estimate(None)
    if n < 2:
        return Estimate(a / b)
    spread = mean(bottom)
    if spread.holds_zero:
        return Estimate(None)
    q = _quantile(n) ** 2 / n
    covariance = np.cov(top, bottom, ddof=1)
    vaa, vab, vbb = float(covariance[0, 0]) * q, float(covariance[0, 1]) * q, float(covariance[1, 1]) * q
    centre = (a * b - vab) / (b * b - vbb)
    inside = (a * b - vab) ** 2 - (a * a - vaa) * (b * b - vbb)
    half = max(inside, 0.0) ** 0.5 / (b * b - vbb)  # the discriminant is never negative but for rounding
    return Estimate(a / b, centre - half, centre + half)


def ratio_difference(
    top: NDArray[np.float64],
    bottom: NDArray[np.float64],
    base_top: NDArray[np.float64],
    base_bottom: NDArray[np.float64],
) -> Estimate:
    """Paired difference of two ratios of means, by linearisation; each float64 (n,)."""
    b, d = float(bottom.mean()), float(base_bottom.mean())
    if b == 0 or d == 0:
        return Estimate(None)
    r, s = float(top.mean()) / b, float(base_top.mean()) / d
    if len(top) < 2:
        return Estimate(r - s)
    # the linearised difference has mean 0, so its interval is the difference's about itself
    half = _half_width((top - r * bottom) / b - (base_top - s * base_bottom) / d)
    return Estimate(r - s, r - s - half, r - s + half)
