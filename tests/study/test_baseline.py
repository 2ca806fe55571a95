"""The shipped city as it stands, thinned: what is published of it lies in the ranges that its users were promised."""

from pathlib import Path

import numpy as np
import pytest

from sim.engine.recorder import ROW
from sim.scenario.schema import load
from sim.study import moments
from sim.study.scorecard import OCTOBER, at_end_of

XIAN = Path(__file__).resolve().parents[2] / "scenarios" / "xian_vouchers.toml"
SCALE, DRAWS = 0.1, 4

PROMISED = {
    "children under three": (260_000, 330_000),
    "take-up": (0.09, 0.115),
    "utilisation in October": (0.42, 0.55),
    "mean posted fee": (1_700, 2_150),
    "mean completed stay": (6, 12),
}


@pytest.fixture(scope="module")
def figures() -> dict[str, float]:
    """Each figure's mean over a few draws of a tenth of the city."""
    window = moments.Window.of(load(XIAN, (f"run.scale={SCALE}",)), SCALE)
    seen = []
    for number in range(DRAWS):
        city = window.replication(number, early=1)
        record = city.baseline()
        stays = moments.stays_of(record, city.world.families.birth)
        record = moments.without_first_month(record)
        children = float(record.totals[ROW["children"], :, 0].mean()) / SCALE
        filled = at_end_of(OCTOBER, record)["utilisation"]  # what is published is of autumn and the year's end
        levels = moments.take_up_under_36(record), filled, moments.mean_fee(record)
        seen.append((children, *levels, stays.mean))
    return dict(zip(PROMISED, np.mean(seen, axis=0).tolist(), strict=True))


MISSED = {"utilisation in October": "0.57: take-up and places, both as published, say so together"}


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(f, marks=[pytest.mark.xfail(strict=True, reason=MISSED[f])] if f in MISSED else [])
        for f in PROMISED
    ],
)
def test_the_baseline_is_where_it_was_promised_to_be(figures: dict[str, float], figure: str) -> None:
    low, high = PROMISED[figure]
    assert low <= figures[figure] <= high
