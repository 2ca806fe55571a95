"""The nearest sites against comparing every point with every site: the same, in the same order, to the bit."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from plain import passes_uncompiled

from sim.nearest import POINTS, nearest


def compared(
    points: NDArray[np.float64], sites: NDArray[np.float64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Every point with every site; a stable sort, so that of equals the first comes first."""
    square = (points[:, None, 0] - sites[None, :, 0]) ** 2 + (points[:, None, 1] - sites[None, :, 1]) ** 2
    order = np.argsort(square, axis=1, kind="stable")[:, :k]
    return order, np.sqrt(np.take_along_axis(square, order, axis=1)).astype(np.float32)


def agree(points: NDArray[np.float64], sites: NDArray[np.float64], k: int) -> None:
    index, distance = nearest(points, sites, k)
    order, away = compared(points, sites, k)
    assert index.dtype == np.int16
    assert np.array_equal(index, order)
    assert distance.tobytes() == away.tobytes()


@given(st.integers(0, 3 * POINTS), st.integers(0, 40), st.integers(0, 17), st.integers(0, 2**32), st.booleans())
def test_the_nearest_are_those_of_comparing_all(n: int, m: int, k: int, seed: int, tied: bool) -> None:
    luck = np.random.default_rng(seed)
    points, sites = luck.normal(size=(n, 2)) * 10.0 ** luck.integers(-3, 4, 2), luck.normal(size=(m, 2)) * 3
    if tied:  # on few squares: many are equally far, and many points are one
        points, sites = np.round(points), np.round(sites)
    agree(points, sites, k)


@pytest.mark.parametrize("spread", [0.0, 1e-300, 1e-12, 1.0])
def test_points_in_two_heaps_far_apart(spread: float) -> None:
    luck = np.random.default_rng(3)
    heaps = np.repeat([[-500.0, 2.0], [500.0, -2.0]], 2 * POINTS, axis=0)
    agree(heaps + spread * luck.normal(size=heaps.shape), luck.normal(size=(50, 2)) * 300, 8)


def test_columns_of_another_array_are_read_as_they_are() -> None:
    luck = np.random.default_rng(4)
    agree(luck.random((2, 200)).T, luck.random((30, 5))[:, 1:3], 4)


def test_the_nearest_are_found_uncompiled() -> None:
    passes_uncompiled(__file__)
