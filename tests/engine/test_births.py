"""Children of some ages on a day, by group, against counting them one by one."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.engine.births import Births
from sim.kernels.columns import Ages

GROUPS, FIRST = 9, 700_000
AGES, INFANT = Ages(toddler=FIRST + 700, mixed=FIRST + 500, older=FIRST + 300), FIRST + 900
DAYS = st.integers(FIRST - 200, FIRST + 1400)


@given(st.integers(0, 300), st.integers(0, 2**32), DAYS, DAYS)
def test_births_are_counted_as_one_by_one(n: int, seed: int, after: int, by: int) -> None:
    luck = np.random.default_rng(seed)
    birth = luck.integers(FIRST, FIRST + 1200, n).astype(np.int32)
    cells = np.stack([luck.integers(4, 6, n), luck.integers(6, GROUPS, n)], axis=1).astype(np.int16)
    expected = [0] * GROUPS
    for born, groups in zip(birth, cells, strict=True):
        if after < born <= by:
            band = int(born <= AGES.toddler) + int(born <= AGES.older)
            for cell in (0, *groups, *([1 + band] if born <= INFANT else [])):
                expected[cell] += 1
    assert Births.of(birth, cells, GROUPS).between(after, by, AGES, INFANT).tolist() == expected


@pytest.mark.parametrize("days", [(0, 0), (0, FIRST + 500), (FIRST + 500, 0)])
def test_nobody_is_born_where_there_are_no_children(days: tuple[int, int]) -> None:
    nobody = Births.of(np.zeros(0, np.int32), np.zeros((0, 2), np.int16), GROUPS)
    assert not nobody.between(*days, AGES, INFANT).any()
