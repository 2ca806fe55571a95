"""A city left to itself: what is taken out of it, what counts as standing, and how it is told."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from town import HAMLET

from sim.engine.recorder import ROW
from sim.scenario.schema import load
from sim.study import rest
from sim.study.rest import FIGURES, WITHIN, YEARS, Standing, as_markdown, left_alone, measure, still

START = "run.start=2025-01-01"


def test_nothing_begins_in_a_city_left_alone() -> None:
    scenario = load(HAMLET, (START, "city.trends.fee_per_year=0.1"))
    window = left_alone(scenario, 1.0)
    facts, run = window.facts, window.run
    assert set(facts.births.by_year.values()) == {scenario.city.births.by_year["2025"]}
    assert {str(run.start.year - 8), str(run.until.year)} <= set(facts.births.by_year)
    assert facts.supply.planned_per_year == 0
    assert facts.trends.fee_per_year == 0
    assert (run.counted_from, run.until) == (scenario.run.start, date(2025 + YEARS - 1, 12, 31))
    assert scenario.city.supply.planned_per_year > 0
    assert all(i.start is not None and i.start <= run.start and i.until == run.until for i in window.standing)


def test_what_stands_when_the_city_is_left_alone_stands_on_and_what_comes_later_never_does() -> None:
    scenario = load(HAMLET)
    (programme,) = scenario.standing
    early, late = (programme.model_copy(update={"start": day}) for day in (date(2024, 6, 1), date(2025, 6, 1)))
    both = replace(scenario, standing=(early, late))
    assert [i.start for i in left_alone(both, 1.0).standing] == [early.start]


def test_a_city_without_births_of_that_year_is_refused() -> None:
    with pytest.raises(ValueError, match="births of 2050"):
        still(load(HAMLET).city, 2050, 2054)


def standing(*ratios: float) -> Standing:
    """A city in some draws, all of whose figures become so many times as large a year."""
    years = np.array(ratios)[:, None, None] ** np.arange(YEARS)[None, :, None] * np.full((1, 1, len(FIGURES)), 100.0)
    return Standing("a town", years, years[:, 0], np.full(len(FIGURES), 100.0))


@pytest.mark.parametrize(
    ("ratios", "stands"),
    [
        ((1.0, 1.0), True),
        ((1.005, 1.006), True),
        ((1.02, 1.02), False),
        ((1.02, 1.0201), False),
        ((0.97, 1.06), True),
        ((0.98, 0.98), False),
        ((1.02,), False),
        ((1.002,), True),
    ],
)
def test_a_figure_stands_within_a_hundredth_a_year_or_within_luck(ratios: tuple[float, ...], stands: bool) -> None:
    one = standing(*ratios)
    np.testing.assert_allclose(one.moved[:, 0], np.array(ratios) - 1)
    assert one.stands(0) == stands
    told = [line for line in as_markdown([one]) if line.startswith("| a town |")]
    assert len(told) == 2
    assert ("**" in told[0]) != stands
    assert WITHIN == 0.01


def test_what_is_told_is_what_the_run_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "YEARS", 1)
    scenario = load(HAMLET)
    one = measure(scenario, 1.0, 2)
    record = left_alone(scenario, 1.0).replication(1).baseline()
    total = {
        name: record.totals[ROW[name], :12, 0] for name in ("place_thirds", "inclusive_place_thirds", "institutions")
    }
    assert one.years.shape == (2, 1, len(FIGURES))
    assert one.years[1, 0, rest.PLACES] == pytest.approx(total["place_thirds"].mean() / 3)
    assert one.counted[1, rest.INSTITUTIONS] == total["institutions"][0]
    share = total["inclusive_place_thirds"] / total["place_thirds"]
    assert one.years[1, 0, rest.INCLUSIVE] == pytest.approx(share.mean())
    assert one.file[rest.PLACES] == scenario.city.supply.places


def test_a_market_of_private_centres_alone_settles() -> None:
    """Entry open and nobody guided: after three years places move by less than a twentieth a year."""
    kinds = ("private", "public", "kindergarten", "employer", "community", "home")
    shares = tuple(f"city.supply.kind.{kind}.share={int(kind == 'private')}" for kind in kinds)
    alone = load(HAMLET.parents[1] / "scenarios" / "xian_vouchers.toml", (*shares, "city.supply.inclusive_share=0"))
    places = measure(alone, 0.05, 3).years[:, :, rest.PLACES].mean(axis=0)
    assert abs(places[-1] / places[-2] - 1) < 0.05
    assert abs(places[-1] / alone.city.supply.places - 1) < 0.1
