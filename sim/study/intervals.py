"""Intervals over replications: means, totals, shares, ratios of means and paired differences.

axis 0 is the replication. With one replication there is a value and no interval. Totals have theirs on the log
scale and shares on the logit scale, so that none leaves the possible range; a total's reaches as far up as its skewness
says. Of ten replications this covers 95 % of normals and of lognormals of half a unit's log-sd, 94 to 95 % of
exponentials, but 91 to 92 % of lognormals of a unit's log-sd, where Student's covers 84 %. Means that may have either
sign, and paired differences, have Student's: 95 % of normals, 90 % of exponentials.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, gammaincinv, stdtrit

from sim.study.estimate import Estimate

CONFIDENCE = 0.95


@cache  # a table asks for it a hundred thousand times
def _quantile(n: int, confidence: float) -> float:
    return float(stdtrit(n - 1, 0.5 + confidence / 2))


def _half_width(values: NDArray[np.float64], confidence: float) -> float:
    """Half of Student's interval of a mean of at least two values."""
    return _quantile(len(values), confidence) * float(values.std(ddof=1)) / float(np.sqrt(len(values)))


def _factor(half: float) -> float:
    """The factor of a half width on the log scale; beyond e^700 the interval is the whole range."""
    return float(np.exp(min(half, 700.0)))


def _reach(values: NDArray[np.float64], confidence: float) -> float:
    """Upper end of a mean's interval by Hall's cubic transformation, which takes its skewness out.

    Hall, J. R. Stat. Soc. B 54 (1992) 221; values : float64 (n,), at least three and not all equal
    """
    n, x = len(values), -_quantile(len(values), confidence) / float(np.sqrt(len(values)))
    away = values - values.mean()
    skewness = float((n * (n - 1)) ** 0.5 / (n - 2) * (away**3).mean() / (away**2).mean() ** 1.5)
    shift = x - skewness / (6 * n)
    # the limit where there is no skewness to take out, before 0 ÷ 0 is near
    t = 3 / skewness * (float(np.cbrt(1 + skewness * shift)) - 1) if abs(skewness) > 1e-6 else shift
    return float(values.mean()) - float(values.std(ddof=1)) * t


def mean(values: NDArray[np.float64], confidence: float = CONFIDENCE) -> Estimate:
    """Mean over replications with Student's interval. values : float64 (n,)"""
    centre = float(values.mean())
    if len(values) < 2:
        return Estimate(centre)
    half = _half_width(values, confidence)
    return Estimate(centre, centre - half, centre + half)


def total(values: NDArray[np.float64], rare: bool = False, confidence: float = CONFIDENCE) -> Estimate:
    """Mean of a total that is never negative; values : float64 (n,), at least 0.

    The interval is that on the log scale; where the values are so skewed that Hall's reaches further up, it does too.

    rare : a count of rare events; the interval is no narrower than Poisson's (Garwood, Biometrika 1936), so that
        none seen in a few replications is not taken for none to be seen
    """
    centre, n = float(values.mean()), len(values)
    if n < 2:
        return Estimate(centre)
    spread = _factor(_half_width(values, confidence) / centre) if centre > 0 else 1.0
    low, high = centre / spread, centre * spread
    if n > 2 and low < high:
        high = max(high, _reach(values, confidence))
    if rare:
        events = float(values.sum())
        tail = (1 - confidence) / 2
        low = min(low, float(gammaincinv(events, tail)) / n if events > 0 else 0.0)
        high = max(high, float(gammaincinv(events + 1, 1 - tail)) / n)
    return Estimate(centre, low, high)


def share(top: NDArray[np.float64], bottom: NDArray[np.float64], confidence: float = CONFIDENCE) -> Estimate:
    """Ratio of means of a part and its whole, its interval on the logit scale; top, bottom : float64 (n,).

    Undefined where the whole may be nothing. A share of exactly 0 or 1 has Fieller's interval.
    """
    plain = ratio(top, bottom, confidence)
    r = plain.value
    if r is None or len(top) < 2 or not 0 < r < 1:
        return plain
    odds = r / (1 - r)
    spread = _factor(_half_width((top - r * bottom) / float(bottom.mean()), confidence) / (r * (1 - r)))
    return Estimate(r, odds / (odds + spread), odds / (odds + 1 / spread))


def chance(happened: NDArray[np.float64], confidence: float = CONFIDENCE) -> Estimate:
    """In what share of replications something happens; happened : float64 (n,), 0 or 1.

    The interval is exact (Clopper and Pearson, Biometrika 1934), so that what was never seen in a few may happen.
    """
    n, k = len(happened), float(happened.sum())
    if n < 2:
        return Estimate(k / n)
    tail = (1 - confidence) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k > 0 else 0.0
    return Estimate(k / n, low, float(betaincinv(k + 1, n - k, 1 - tail)) if k < n else 1.0)


def ratio(top: NDArray[np.float64], bottom: NDArray[np.float64], confidence: float = CONFIDENCE) -> Estimate:
    """Ratio of means with Fieller's interval (Fieller, J. R. Stat. Soc. B, 1954); top, bottom : float64 (n,).

    Undefined where the denominator is 0 or its own interval holds 0, which is where Fieller's set is unbounded.
    """
    n, a, b = len(top), float(top.mean()), float(bottom.mean())
    if b == 0:
        return Estimate(None)
    if n < 2:
        return Estimate(a / b)
    spread = mean(bottom, confidence)
    if spread.holds_zero:
        return Estimate(None)
    q = _quantile(n, confidence) ** 2 / n
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
    confidence: float = CONFIDENCE,
) -> Estimate:
    """Paired difference of two ratios of means, by linearisation; each float64 (n,)."""
    b, d = float(bottom.mean()), float(base_bottom.mean())
    if b == 0 or d == 0:
        return Estimate(None)
    r, s = float(top.mean()) / b, float(base_top.mean()) / d
    if len(top) < 2:
        return Estimate(r - s)
    # the linearised difference has mean 0, so its interval is the difference's about itself
    half = _half_width((top - r * bottom) / b - (base_top - s * base_bottom) / d, confidence)
    return Estimate(r - s, r - s - half, r - s + half)
