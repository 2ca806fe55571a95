"""The cities that come with the program: each loads, says where its numbers are from, and lives."""

from functools import cache
from pathlib import Path

import pytest

from sim.draws import Luck
from sim.engine.recorder import ROW
from sim.engine.replication import Replication, Span
from sim.scenario.schema import Scenario, load
from sim.study.plan import ready

FOLDER = Path(__file__).resolve().parents[2] / "scenarios" / "cities"
BORROWED = "nation"  # no city of its own
XIAN = "xian"
CITIES = sorted(f.stem for f in FOLDER.glob("*.toml") if f.stem not in (BORROWED, XIAN))
EARLIER = {"qingdao": 2021, "chengyang": 2021, "taiyuan": 2024}  # before the national allowance, which they leave out
TRIVIAL = """
title = "A city as it stands"
extends = "cities/{city}.toml"
[run]
source = "made up for the tests"
start = {year}-01-01
until = {year}-03-31
burn_in_months = {burn_in}
replications = 1
seed = 1
[[policy]]
name = "baseline"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the cities, beside which scenarios may stand."""
    folder = tmp_path_factory.mktemp("scenarios")
    (folder / "cities").mkdir()
    for file in FOLDER.glob("*.toml"):
        (folder / "cities" / file.name).write_bytes(file.read_bytes())
    return folder


@pytest.fixture(scope="module")
def load_city(folder: Path):
    """A city under no policy, by the name of its file, for the first quarter of a year."""

    @cache
    def loaded(city: str, year: int = 2025, burn_in: int = 1) -> Scenario:
        top = folder / f"{city}_{year}_{burn_in}.toml"
        top.write_text(TRIVIAL.format(city=city, year=year, burn_in=burn_in), encoding="utf-8")
        return load(top)

    return loaded


@pytest.mark.parametrize("city", CITIES)
def test_every_number_has_a_source_and_lies_in_its_range(load_city, city: str) -> None:
    for e in load_city(city).document.evidence:
        assert e.source, e.key
        if e.source.startswith("assumption") and not e.key.endswith(("x_km", "y_km")) and "month_shares" not in e.key:
            assert e.low is not None, e.key
            assert e.high is not None, e.key
        assert e.low is None or e.low <= e.value, e.key
        assert e.high is None or e.value <= e.high, e.key


AS_FITTED = ("open_share", "sensitivity", "income_power", "taste_sd", "renewal", "stickiness")


@pytest.mark.parametrize("city", CITIES)
def test_nothing_that_is_xians_own_stands_in_another_city(load_city, city: str) -> None:
    """Its districts, births, places, use of care and what was fitted to it."""
    own = ["district", "births.by_year", "income.mean_per_head", "published.take_up", "families.band_taste"]
    own += [f"supply.{k}" for k in ("institutions", "places", "inclusive_share", "later_sites", "planned_per_year")]
    own += [f"families.{k}" for k in AS_FITTED]
    for e in load_city(city).document.evidence:
        if any(e.key.startswith((f"city.{k}[", f"city.{k}.")) or e.key == f"city.{k}" for k in own):
            assert Path(e.file).stem != XIAN, e.key
        if not e.key.startswith("city.families.band_taste"):
            assert not (e.source or "").startswith("fitted to"), e.key


@pytest.mark.parametrize("city", CITIES)
def test_behaviour_is_that_of_the_fit_but_for_tastes_fitted_to_the_citys_own_take_up(load_city, city: str) -> None:
    scenario = load_city(city)
    mine, fitted = scenario.city.families, load_city(XIAN).city.families
    for key in (*AS_FITTED, "sensitivity_sd"):
        assert getattr(mine, key) == getattr(fitted, key), key
    assert mine.band_taste != fitted.band_taste
    for e in scenario.document.evidence:
        if e.key.startswith("city.families.band_taste"):
            assert Path(e.file).stem == city
            own = f"of a take-up of {scenario.city.published.take_up:.1%}"
            too_few = city in ("chengyang", "beijing_etown") and e.key == "city.families.band_taste[0]"
            assert own in (e.source or "") or too_few, "but for infants of whom the places counted hold too few"


@pytest.mark.parametrize("city", CITIES)
def test_the_kinds_that_scenarios_name_are_there(load_city, city: str) -> None:
    kinds = {kind.name: kind for kind in load_city(city).city.supply.kind}
    for name in ("private", "public", "kindergarten", "community"):
        assert kinds[name].share > 0, name
    if city in ("hangzhou", "chengyang"):
        assert kinds["employer"].workers_only
        assert kinds["employer"].share > 0
    if city in ("tongliao", "yinchuan"):
        assert {service.name for service in kinds["community"].services} == {"half_day", "hourly"}


@pytest.mark.parametrize("city", [*CITIES, XIAN])
def test_births_reach_as_far_as_a_burn_in_of_two_years_asks(load_city, city: str) -> None:
    assert load_city(city, EARLIER.get(city, 2025), 24)
    assert load_city(city, 2027, 24)


@pytest.mark.parametrize("city", CITIES)
def test_a_city_lives_and_care_is_neither_rare_nor_everywhere(load_city, city: str) -> None:
    """A quarter after a month of burn-in, of about 5,000 children: places open, a part filled."""
    scenario = load_city(city)
    run, scale = scenario.run, min(1.0, 1_700 / scenario.city.births.by_year["2024"])
    span = Span.of(run.start, run.start, run.until, run.burn_in_months)
    record = Replication(scenario.city, ready(scenario, scenario.standing), span, Luck(1, 0), scale).baseline()
    children, enrolled, thirds = (record.totals[ROW[k], -1, 0] for k in ("children", "enrolled", "place_thirds"))
    assert 0.02 < enrolled / children < 0.2  # of all ages, a third more than under three
    assert 0.2 < 3 * enrolled / thirds < 0.95  # in Chengyang, where places are few for the take-up published, 0.91


def test_the_public_centres_of_taiyuan_and_the_kinds_of_e_town_come_out(load_city) -> None:
    """1,210 places in ten centres (Taiyuan Evening News); 23 kindergartens of 36 (Beijing News)."""
    supply = load_city("taiyuan").city.supply
    public = next(kind for kind in supply.kind if kind.name == "public")
    mean = sum(kind.share * kind.mean_places for kind in supply.kind)
    assert public.share * supply.institutions == pytest.approx(10, abs=0.1)
    assert public.share * public.mean_places / mean * supply.places == pytest.approx(1_210, rel=0.01)
    town = load_city("beijing_etown").city.supply
    assert next(k.share for k in town.kind if k.name == "kindergarten") * town.institutions == pytest.approx(
        23, abs=0.1
    )
