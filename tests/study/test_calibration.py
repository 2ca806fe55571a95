"""Figures from records made by hand, constants found again, and a city file in which only numbers change."""

import math
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from records import MAY, record

from sim import dates
from sim.engine.recorder import CITY_TOTALS, ROW
from sim.scenario.schema import Scenario, load
from sim.study import calibration, moments
from sim.study.calibration import (
    BANDS,
    FITTED,
    Constant,
    Fit,
    calibrate,
    calibrate_bands,
    calibrate_draws,
    city_file,
    write,
)
from sim.study.laplace import place_of
from sim.study.moments import Window, colour_apart, elasticities, stays_of
from sim.study.targets import TARGETS, Target, aimed, published, targets_of

ROOT = Path(__file__).resolve().parents[2]
XIAN = ROOT / "scenarios" / "cities" / "xian.toml"


def born(*days: dates.date) -> Any:
    return np.array([d.toordinal() for d in days], np.int32)


YOUNG = born(*[dates.date(2025, 3, 1)] * 10)


def test_only_completed_stays_count() -> None:
    # running at the end: child 1; begun before the window: child 2
    seen = stays_of(record(stays=((0, 0, 1, 2), (1, 0, 0, 5), (2, 0, -5, 0))), YOUNG)
    assert (seen.number, seen.mean, seen.short) == (2, 4.0, 0.5)


def test_a_move_ends_a_stay_but_not_the_spell() -> None:
    seen = stays_of(record(stays=((0, 0, 0, 1), (0, 7, 2, 4), (1, 0, 0, 0), (1, 0, 2, 2))), YOUNG)
    assert seen.mean == pytest.approx((2 + 3 + 1 + 1) / 4)
    assert seen.spells == pytest.approx((5 + 1 + 1) / 3)


def test_a_spell_that_runs_on_elsewhere_is_not_complete() -> None:
    assert math.isnan(stays_of(record(stays=((0, 0, 0, 1), (0, 7, 2, 5))), YOUNG).spells)


def test_the_first_of_september_is_told_apart() -> None:
    # the window begins in May, so month 3 is August; child 0 turned three in time, child 1 did not
    birth = born(dates.date(2023, 8, 31), dates.date(2023, 9, 1), dates.date(2023, 1, 1))
    seen = stays_of(record(stays=((0, 0, -8, 3), (1, 0, 2, 3), (2, 0, 0, 1))), birth)
    assert (seen.number, seen.kindergarten) == (3, 1)
    assert seen.mean == pytest.approx((12 + 2 + 2) / 3)
    assert (seen.mean_without_kindergarten, seen.short_without_kindergarten) == (2.0, 1.0)


def test_no_stays_have_no_mean() -> None:
    assert math.isnan(stays_of(record(), YOUNG).mean)


def test_shares_and_ratios() -> None:
    seen = record(
        enrolled=[100, 10, 20, 70, 10, 15, 20, 25, 30],
        enrolled_under_36=[90, 10, 20, 60, 9, 14, 18, 22, 27],
        children=[1000, 100, 300, 600, 200, 200, 200, 200, 200],
        full_day_place_thirds=[300, 0, 0, 0, 0, 0, 0, 0, 0],
        fee_place_thirds_fen=[300 * 190_000, 0, 0, 0, 0, 0, 0, 0, 0],
    )
    seen.city[CITY_TOTALS.index("switches")] = 4
    assert moments.take_up_under_36(seen) == pytest.approx(0.09)
    assert moments.enrolled_by_band(seen).tolist() == [10, 20, 70]
    assert moments.mean_fee(seen) == pytest.approx(1900)
    assert moments.switching(seen) == pytest.approx(0.04)


def test_income_elasticity_is_a_slope_of_logs() -> None:
    income = np.array([1.0, 2.0, 4.0, 8.0, 16.0])
    enrolled = [0, 0, 0, 0, *(1000 * income**0.5).round()]
    seen = record(enrolled=enrolled, children=[0, 0, 0, 0, *[10_000] * 5])
    slope = moments.income_elasticity(seen, income, np.arange(5, dtype=np.int8))
    assert slope == pytest.approx(0.5, abs=1e-3)


def test_the_month_before_the_window_is_cut_off() -> None:
    whole = record(enrolled=[5] + [0] * 8)
    whole.totals[ROW["enrolled"], 0] = 99
    cut = moments.without_first_month(whole)
    assert (cut.first, cut.months(), int(cut.totals[ROW["enrolled"], :, 0].max())) == (MAY + 1, 5, 5)


def test_colours_part_neighbours() -> None:
    grid = np.stack(np.meshgrid(np.arange(10.0), np.arange(10.0)), axis=-1).reshape(-1, 2)
    colour = colour_apart(grid, 8)
    assert set(colour.tolist()) == set(range(8))
    sizes = np.bincount(colour)
    assert sizes.min() > 5
    for c in range(8):
        mine = grid[colour == c]
        apart = np.linalg.norm(mine[:, None] - mine[None, :], axis=2)
        assert apart[apart > 0].min() > 1
    assert colour_apart(np.zeros((0, 2)), 8).tolist() == []


def at(target: Target, value: float) -> Target:
    """The target moved to a value, a fifth of it either way its range, a tenth of it its scale."""
    return replace(target, aim=value, low=value - abs(value) / 5, high=value + abs(value) / 5, scale=abs(value) / 10)


# -- a city small enough to look at --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def hamlet() -> Scenario:
    """A small town with places enough that tastes alone decide who is enrolled; counted for half a year."""
    settings = ["run.until=2025-08-31", "city.supply.places=1200"]
    return load(ROOT / "tests" / "hamlet.toml", settings)


def told(scenario: Scenario, **families: Any) -> Scenario:
    """The scenario with other constants."""
    facts = scenario.city.model_copy(update={"families": scenario.city.families.model_copy(update=families)})
    return replace(scenario, city=facts)


def test_demand_falls_with_every_fee_and_faster_with_ones_own(hamlet: Scenario) -> None:
    seen = elasticities(Window.of(hamlet, 1.0), [0], colours=4)
    assert seen.institution < seen.market < 0
    assert seen.market_by_band.shape == (3,)
    assert seen.market_by_quintile.shape == (5,)


def test_a_window_too_close_to_the_beginning_is_refused(hamlet: Scenario) -> None:
    run = hamlet.run.model_copy(update={"burn_in_months": 1})
    with pytest.raises(ValueError, match="6 months"):
        elasticities(Window.of(replace(hamlet, run=run), 1.0), [0])


TRUTH = {
    "open_share": 0.6,
    "sensitivity": 0.0013,
    "taste_sd": 2.0,
    "income_power": 0.6,
    "renewal": 0.2,
    "stickiness": 2.6,
}
MADE_AT = 3.0  # scale of the towns that are made and fitted


def seen_in(made: Scenario) -> dict[str, float]:
    """Every figure of a town as its constants make it."""
    window, families = Window.of(made, MADE_AT), made.city.families
    response = elasticities(window, [0], 2)
    return calibration.figures_of(window, 0) | {
        "market_elasticity": response.market,
        "institution_elasticity": response.institution,
        "renewal": families.renewal,
        "taste_sd": families.taste_sd,
    }


@pytest.fixture(scope="module")
def spring() -> Scenario:
    """The same town as briefly as elasticities can be measured: a fit looks at it some fifty times."""
    settings = ["run.until=2025-06-30", "run.burn_in_months=4", "city.supply.places=1200"]
    return load(ROOT / "tests" / "hamlet.toml", settings)


@pytest.fixture(scope="module")
def made(spring: Scenario) -> tuple[Scenario, tuple[Target, ...]]:
    """A town with known constants, and targets at what it shows."""
    town = told(spring, **TRUTH, band_taste=(-1.0, 0.0, 1.5))
    seen = seen_in(town)
    return town, tuple(at(target, seen[target.name]) for target in targets_of(town))


@pytest.fixture(scope="module")
def fit(spring: Scenario, made: tuple[Scenario, tuple[Target, ...]]) -> Fit:
    """The fit to what the town shows, from elsewhere."""
    start = told(spring, open_share=0.7, sensitivity=0.001, taste_sd=2.5, income_power=0.4, stickiness=2.0)
    return calibrate(start, MADE_AT, 1, made[1], colours=2)


def test_constants_that_made_a_city_are_found_again(fit: Fit, made: tuple[Scenario, tuple[Target, ...]]) -> None:
    """Within their intervals, and far nearer than these say: the luck is the same."""
    assert fit.settled
    assert fit.law is not None
    sd = dict(zip(FITTED, np.sqrt(np.diag(fit.law.covariance)), strict=True))
    for name, true in TRUTH.items():
        constant = fit.constants[name]
        assert isinstance(constant, Constant)
        assert constant.low < true < constant.high, name
        assert constant.value == pytest.approx(true, rel=0.15), name
        if name != "open_share":  # which this town hardly tells
            assert constant.high - constant.low < 1.5 * true, name
        low, high = fit.law.interval(name)
        assert (constant.low, constant.high) == pytest.approx((low, high), rel=0.06)
        assert 0.02 < sd[name] < 1.5, name
    off = place_of(TRUTH) - fit.law.centre
    assert off @ np.linalg.solve(fit.law.covariance, off) < 0.5  # in squared standard deviations, of six constants
    for target in made[1]:
        assert fit.reached[target.name] == pytest.approx(target.aim, rel=0.1, abs=0.01), target.name
    assert fit.simulations > 0
    assert fit.missed == ()


def test_draws_meet_take_up_and_are_the_same_every_time(fit: Fit, made: tuple[Scenario, tuple[Target, ...]]) -> None:
    town, _ = made
    drawn = list(calibrate_draws(town, fit, 4, colours=2))
    assert drawn[0] == (fit.values(), fit.reached_targets())
    assert list(calibrate_draws(town, fit, 2, colours=2)) == drawn[:3]
    assert len(drawn) == 5
    for constants, reached in drawn:
        assert set(constants) == {*FITTED, BANDS}
        assert 0 < constants["open_share"] < 1
        assert 0 < constants["renewal"] < 0.95
        assert reached["take_up"] == pytest.approx(fit.reached["take_up"], rel=0.05)
        assert reached["taste_sd"] == constants["taste_sd"]
        type(town.city.families).model_validate(town.city.families.model_dump() | constants)
    sensitivities = [constants["sensitivity"] for constants, _ in drawn[1:]]
    assert min(sensitivities) < fit.values()["sensitivity"] < max(sensitivities)
    with pytest.raises(ValueError, match="bands alone"):
        list(calibrate_draws(town, replace(fit, law=None), 2))


def test_another_aim_that_can_be_had_is_reached(fit: Fit, made: tuple[Scenario, tuple[Target, ...]]) -> None:
    """The one that another sensitivity shows; figures that this moves too are left free."""
    town, targets = made
    steeper = seen_in(told(town, sensitivity=1.5 * TRUTH["sensitivity"], band_taste=(0.5, 1.3, 2.5)))
    aim, name = steeper["institution_elasticity"], "institution_elasticity"
    assert aim < fit.reached[name] - 0.1
    loose = {name, "market_elasticity", "wants_care", "accepts_2000"}
    left = tuple(replace(t, aim=None, low=t.centre - 1, high=t.centre + 1) if t.name in loose else t for t in targets)
    there = calibrate(told(town, **fit.values()), MADE_AT, 1, aimed(left, [f"{name}={aim}"]), rounds=4, colours=2)
    assert there.reached[name] == pytest.approx(aim, rel=0.08)
    assert there.missed == ()


def test_a_search_begins_within_bounds(hamlet: Scenario) -> None:
    for wrong in ({"open_share": 1.0}, {"income_power": 0.0}, {"renewal": 0.95}):
        (name,) = wrong
        with pytest.raises(ValueError, match=rf"city\.families\.{name}: found .*, expected a number above 0 and below"):
            calibrate(told(hamlet, **{"open_share": 0.7} | wrong), 1.0)


def test_constants_with_which_nobody_can_meet_take_up_reach_nothing(hamlet: Scenario) -> None:
    """A fifth of children is in care: a tenth that is open to it can't be that, whatever its tastes."""
    closed = told(hamlet, open_share=0.1)
    with pytest.raises(ValueError, match=r"no tastes for bands that meet \[city\.published\]"):
        calibrate(closed, 1.0, rounds=0, colours=2)


def test_bands_alone_are_fitted_to_the_citys_own_take_up(hamlet: Scenario) -> None:
    fit = calibrate_bands(hamlet, 2.0)
    assert set(fit.constants) == {"band_taste"}
    assert fit.reached["take_up"] == pytest.approx(0.2, rel=0.03)
    assert fit.reached["infant_share"] == pytest.approx(0.1, rel=0.1)
    assert fit.reached["toddler_share"] == pytest.approx(0.4, rel=0.1)


# -- targets -------------------------------------------------------------------------------------------------


def test_a_limit_weighs_only_beyond_it() -> None:
    limit = Target("x", "x", None, 0.0, 0.2, 0.01, "made up")
    assert limit.residual(0.15) == 0
    assert limit.residual(0.21) == pytest.approx(2)
    aim = replace(limit, aim=0.1)
    assert aim.residual(0.12) == pytest.approx(2)
    assert aim.residual(float("nan")) > 0


def test_every_target_has_a_range_and_a_source() -> None:
    for target in TARGETS:
        assert target.low < target.centre < target.high
        assert target.source


def test_a_citys_own_targets_are_its_files(hamlet: Scenario) -> None:
    take_up, infants, toddlers = published(hamlet)
    assert (take_up.aim, take_up.low, take_up.high, take_up.source) == (0.2, 0.1, 0.3, "made up")
    assert (infants.low, infants.high) == pytest.approx((0.09, 0.11))  # a tenth either way where no range is given
    assert toddlers.name == "toddler_share"
    nothing = replace(hamlet, city=hamlet.city.model_copy(update={"published": None}))
    with pytest.raises(ValueError, match=r"city\.published"):
        published(nothing)


def test_another_aim_must_lie_in_its_range() -> None:
    (wanted,) = (t for t in TARGETS if t.name == "institution_elasticity")
    found = aimed(TARGETS, ["institution_elasticity=-2.0"])
    assert [t.name for t in found] == [t.name for t in TARGETS]
    (moved,) = (t for t in found if t.name == wanted.name)
    assert (moved.aim, moved.low, moved.high) == (-2.0, wanted.low, wanted.high)
    assert moved.scale < wanted.scale
    assert [t for t in found if t is not moved] == [t for t in TARGETS if t is not wanted]
    for wish in ("institution_elasticity=-9", "institution_elasticity=much", "institution_elasticity", "fees=3"):
        with pytest.raises(ValueError, match=f"--aim {wish}: expected"):
            aimed(TARGETS, [wish])


# -- the city file -------------------------------------------------------------------------------------------


def made_up_fit() -> Fit:
    one = Constant(0.0015, 0.001, 0.002, "fitted to nothing at all; see here [x] # y")
    bands = tuple(Constant(v, v - 1, v + 1, "fitted to children") for v in (-12.5, -9.25, -6.0))
    constants: dict[str, Constant | tuple[Constant, ...]] = dict.fromkeys(FITTED, one)
    return Fit(constants | {"band_taste": bands}, {}, (), 1, 1.0, 1)


def test_only_the_fitted_numbers_change(tmp_path: Path) -> None:
    path = tmp_path / "city.toml"
    path.write_text(XIAN.read_text(encoding="utf-8"), encoding="utf-8")
    write(made_up_fit(), path)
    before, after = (tomllib.loads(p.read_text(encoding="utf-8")) for p in (XIAN, path))
    families, fitted = before["city"].pop("families"), after["city"].pop("families")
    assert before == after
    changed = {key for key in families if families[key] != fitted[key]}
    assert changed == {*FITTED, "band_taste"}
    assert fitted["sensitivity"] == {
        "value": 0.0015, "low": 0.001, "high": 0.002, "source": "fitted to nothing at all; see here [x] # y",
    }  # fmt: skip
    assert [band["value"] for band in fitted["band_taste"]] == [-12.5, -9.25, -6.0]
    lines = [p.read_text(encoding="utf-8").splitlines() for p in (XIAN, path)]
    comments, kept = ([line for line in text if line.startswith("#")] for text in lines)
    assert comments == kept
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_written_is_read(tmp_path: Path) -> None:
    (tmp_path / "cities").mkdir()
    city = tmp_path / "cities" / "xian.toml"
    city.write_text(XIAN.read_text(encoding="utf-8"), encoding="utf-8")
    question = tmp_path / "question.toml"
    question.write_text(
        'title = "t"\nextends = "cities/xian.toml"\n[run]\nstart = 2025-01-01\nuntil = 2025-12-31\n'
        'replications = 1\nseed = 1\n[[policy]]\nname = "baseline"\n',
        encoding="utf-8",
    )
    fit = made_up_fit()
    assert city_file(load(question)).samefile(city)
    write(fit, city_file(load(question)))
    once = city.read_bytes()
    families = load(question).city.families
    assert {name: getattr(families, name) for name in fit.constants} == fit.values()
    write(fit, city)
    assert city.read_bytes() == once


def test_the_command_line_is_no_file() -> None:
    set_by_hand = load(ROOT / "tests" / "hamlet.toml", ["city.families.sensitivity=0.002"])
    with pytest.raises(ValueError, match="--set"):
        city_file(set_by_hand)


def test_a_city_that_borrows_its_constants_has_only_tastes_of_its_own() -> None:
    borrows = load(ROOT / "scenarios" / "taiyuan_cap.toml")
    with pytest.raises(ValueError, match=r"nation\.toml and .*taiyuan\.toml give the constants.*--bands"):
        city_file(borrows)
    assert city_file(borrows, (BANDS,)).name == "taiyuan.toml"


def test_plain_numbers_and_comments_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    plain = "[city.families] # how\nband_taste = [ # by band\n 1, 2, # and\n 3]  # end\nrenewal = 0.2 # monthly\n"
    rest = "open_share = 1\nsensitivity = 0.001\ntaste_sd=3\nincome_power = 1\nstickiness   = 2\n"
    rest += "[city.other]\nrenewal = 7\n"
    path.write_text(plain + rest, encoding="utf-8")
    write(made_up_fit(), path)
    text = path.read_text(encoding="utf-8")
    assert "}  # end" not in text
    assert "]  # end" in text
    assert "} # monthly" in text
    assert tomllib.loads(text)["city"]["other"] == {"renewal": 7}
    assert tomllib.loads(text)["city"]["families"]["stickiness"]["value"] == 0.0015


@pytest.mark.parametrize("text", ["[city]\n", "[city.families]\nrenewal = 1\n[x]\nsensitivity = 1\n"])
def test_a_file_without_them_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "c.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=r"c\.toml: no "):
        write(made_up_fit(), path)
    assert path.read_text(encoding="utf-8") == text
