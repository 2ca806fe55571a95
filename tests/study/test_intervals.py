"""Intervals: known answers, and coverage of what they claim."""

import numpy as np
import pytest
from scipy import stats

from sim.study import intervals


def test_mean_is_students():
    values = np.array([3.0, 5.0, 4.0, 8.0])
    low, high = stats.t.interval(0.95, 3, loc=5.0, scale=stats.sem(values))
    got = intervals.mean(values)
    assert (got.value, got.low, got.high) == pytest.approx((5.0, low, high))


def test_one_replication_has_no_interval():
    one = np.array([2.0])
    assert intervals.mean(one) == intervals.Estimate(2.0)
    assert intervals.ratio(one, np.array([4.0])) == intervals.Estimate(0.5)
    assert intervals.ratio_difference(one, np.array([4.0]), one, np.array([8.0])) == intervals.Estimate(0.25)


def test_ratio_is_blank_where_the_denominator_may_be_zero():
    top = np.array([1.0, 2.0, 3.0])
    assert intervals.ratio(top, np.array([-1.0, 1.0, 2.0])).value is None
    assert intervals.ratio(top, np.zeros(3)).value is None
    assert intervals.ratio_difference(top, np.zeros(3), top, top).value is None


def test_ratio_of_proportional_parts_has_no_width():
    bottom = np.array([10.0, 12.0, 17.0])
    got = intervals.ratio(0.3 * bottom, bottom)
    assert (got.value, got.low, got.high) == pytest.approx((0.3, 0.3, 0.3))


def test_ratio_with_a_constant_denominator_is_the_means_interval():
    top = np.array([3.0, 5.0, 4.0, 8.0])
    got, plain = intervals.ratio(top, np.full(4, 10.0)), intervals.mean(top / 10)
    assert (got.low, got.high) == pytest.approx((plain.low, plain.high))


def test_difference_from_itself_is_exactly_zero():
    top, bottom = np.array([3.1, 5.7, 4.3]), np.array([10.0, 12.0, 17.0])
    assert intervals.ratio_difference(top, bottom, top, bottom) == intervals.Estimate(0.0, 0.0, 0.0)
    assert intervals.mean(top - top) == intervals.Estimate(0.0, 0.0, 0.0)


@pytest.mark.parametrize("skewed", [False, True])
def test_intervals_cover_what_they_claim(skewed):
    """Ten replications of a paired, correlated, and (skewed) exponential pair; true ratio 0.5."""
    chance, hits, tries = np.random.default_rng(7), 0, 2000
    for _ in range(tries):
        common = chance.exponential(1.0, 10) if skewed else chance.normal(1.0, 0.3, 10)
        bottom = 20 + 4 * common
        top = 0.5 * bottom + chance.normal(0, 1, 10)
        got = intervals.ratio(top, bottom)
        hits += got.low <= 0.5 <= got.high
    # four standard errors of a binomial about 95 %
    assert abs(hits / tries - 0.95) < 4 * (0.95 * 0.05 / tries) ** 0.5
