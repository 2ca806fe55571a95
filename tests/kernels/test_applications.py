"""Who knows of a voucher pool: the loop against the rule for whole columns."""

import numpy as np
import pytest

from sim.kernels import applications
from sim.kernels.columns import NOBODY

N = 500


@pytest.mark.parametrize(("if_enrolled", "if_not"), [(0.6, 0.2), (0.2, 0.6), (0.0, 1.0)])
def test_families_know_once_the_share_of_their_like_has_passed_their_draw(if_enrolled: float, if_not: float) -> None:
    luck = np.random.default_rng(1)
    draw, knew = luck.random(N), luck.random(N) < 0.2
    at = np.where(luck.random(N) < 0.5, 3, NOBODY).astype(np.int16)
    rows = np.flatnonzero(luck.random(N) < 0.7).astype(np.int32)
    held, barred = (luck.random((2, N)) < 0.1).astype(np.int32)
    knows, out = knew.copy(), np.empty(len(rows), np.int32)
    aware, n = applications.learn(rows, draw, at, if_enrolled, if_not, held, barred.astype(bool), knows, out)
    rule = knew | (draw < np.where(at != NOBODY, if_enrolled, if_not))
    assert aware == rule[rows].sum()
    assert out[:n].tolist() == [i for i in rows if rule[i] and not held[i] and not barred[i]]
    asked = np.isin(np.arange(N), rows)
    assert (knows == np.where(asked, rule, knew)).all(), "whoever is not asked learns nothing, and nobody forgets"
