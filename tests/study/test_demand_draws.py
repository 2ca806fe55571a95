"""Draws of the fitted demand: the table, and policies run at each."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from sim.scenario.schema import Scenario, load
from sim.study.calibration import BANDS, FITTED
from sim.study.demand_draws import (
    DRAWS,
    MANY,
    AtDraws,
    as_markdown,
    at_draws,
    metric_named,
    read_draws,
    write_draws,
)
from sim.study.run import run

TOWN = Path(__file__).parents[1] / "hamlet.toml"
HALF = (
    '[[policy]]\nname = "half price"\n  [[policy.instrument]]\n  kind = "fee_subsidy"\n  source = "s"\n  rate = 0.5\n'
)
TAKE_UP = metric_named("take_up_under_36", at_end=True)


@pytest.fixture
def town(tmp_path: Path) -> Scenario:
    """The hamlet with a policy, for half a year."""
    path = tmp_path / "town.toml"
    path.write_text(TOWN.read_text(encoding="utf-8") + "\n" + HALF, encoding="utf-8")
    return load(
        path, ["run.until=2025-08-31", "run.replications=2", "city.supply.places=1200", "city.families.open_share=0.7"]
    )


def constants(town: Scenario, **other: Any) -> dict[str, Any]:
    families = town.city.families
    return {name: getattr(families, name) for name in FITTED} | {BANDS: families.band_taste} | other


def written(town: Scenario, path: Path, *rows: dict[str, Any]) -> Path:
    write_draws(path, town.city.name, [(row, {"take_up": 0.2}) for row in rows])
    return path


# -- the table ---------------------------------------------------------------------------------------------


def test_what_is_written_is_read_to_the_last_bit(town: Scenario, tmp_path: Path) -> None:
    other = constants(town, sensitivity=0.1 / 3, open_share=0.9999999999, band_taste=(-1 / 3, 2.0, 1e-17))
    path = written(town, tmp_path / DRAWS, constants(town), other)
    first, second = read_draws(path, town)
    assert first == town.city.families
    assert second == town.city.families.model_copy(update=other)
    table = pl.read_csv(path)
    assert table.columns[:2] == ["city", "draw"]
    assert table["reached_take_up"].to_list() == [0.2, 0.2]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda text: text.replace("Hamlet", "Elsewhere"), "found draws of Elsewhere, expected those of Hamlet"),
        (lambda text: text.replace("open_share", "open"), "found no column open_share"),
        (lambda text: text.replace("Hamlet,1,0.7", "Hamlet,1,1.5"), "draw 1: open_share: found 1.5, expected"),
        (lambda text: text.replace("Hamlet,1,0.7", "Hamlet,1,much"), "draw 1: open_share: found much, expected"),
        (lambda text: text.replace("Hamlet,1,", "Hamlet,3,"), "expected each once and in order"),
        (lambda text: text.splitlines()[0] + "\n", "found draws of no city"),
        (lambda text: "\n".join(text.splitlines()[:2]) + "\n", "expected the fit and at least one draw"),
        (lambda _: "", "expected a table of draws"),
    ],
)
def test_another_table_is_refused_in_one_line(town: Scenario, tmp_path: Path, change: Any, said: str) -> None:
    path = written(town, tmp_path / DRAWS, constants(town), constants(town))
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ValueError, match=r"\A[^\n]*\Z") as told:
        read_draws(path, town)
    assert said in str(told.value)


def test_a_metric_is_known_and_has_months_where_its_end_is_asked() -> None:
    assert metric_named("mvpf", at_end=False).name == "mvpf"
    with pytest.raises(ValueError, match="--whole"):
        metric_named("mvpf", at_end=True)
    with pytest.raises(ValueError, match="did you mean take_up"):
        metric_named("take_upp", at_end=True)


# -- policies at draws -------------------------------------------------------------------------------------


def test_at_the_fits_own_demand_it_says_what_a_run_says(town: Scenario, tmp_path: Path) -> None:
    """Over the window the run's table, at its end the mean of the last month's counts; and whoever pays less comes."""
    fit, keener = town.city.families, town.city.families.model_copy(update={"band_taste": (-1.0, 0.0, 1.5)})
    whole = at_draws(town, [fit, keener], TAKE_UP, tmp_path / "draws", at_end=False, workers=1)
    end = at_draws(town, [fit, keener], TAKE_UP, tmp_path / "draws", at_end=True, workers=1)
    folder = run(town, tmp_path / "run", workers=1).folder
    summary = pl.read_csv(folder / "summary.csv").filter(metric="take_up_under_36")
    for p, policy in enumerate(("baseline", "half price")):
        for g, group in enumerate(whole.groups):
            (value,) = summary.filter(policy=policy, group=group)["value"].to_list()
            assert whole.central[p, g] == pytest.approx(value, rel=1e-12)
    monthly = pl.read_parquet(folder / "monthly.parquet").filter(group="all", policy="half price")
    last = monthly.filter(pl.col("month") == pl.col("month").max())
    counts = {name: last.filter(metric=name)["value"].to_numpy() for name in ("children", "take_up_under_36")}
    share = (counts["children"] * counts["take_up_under_36"]).sum() / counts["children"].sum()
    assert end.central[1, 0] == pytest.approx(share, rel=1e-12)
    assert whole.groups[0] == "all"
    assert {f"quintile={q}" for q in range(1, 6)} <= set(whole.groups)
    assert (whole.values[1, :, 0] > whole.values[0, :, 0]).all()  # the keener draw
    assert (whole.values[:, 1, 0] > whole.values[:, 0, 0]).all()  # half price


def test_finished_jobs_are_kept_and_workers_change_nothing(town: Scenario, tmp_path: Path) -> None:
    draws = [town.city.families, town.city.families.model_copy(update={"sensitivity": 0.002})]
    once = at_draws(town, draws, TAKE_UP, tmp_path, workers=1)
    table = (tmp_path / "town" / "at_draws.csv").read_bytes()
    jobs = sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "town" / "jobs").iterdir())
    again = at_draws(town, draws, TAKE_UP, tmp_path, workers=2)
    assert sorted((path.name, path.stat().st_mtime_ns) for path in (tmp_path / "town" / "jobs").iterdir()) == jobs
    assert (tmp_path / "town" / "at_draws.csv").read_bytes() == table
    assert (again.values == once.values).all()
    rows = pl.read_csv(tmp_path / "town" / "at_draws.csv")
    seen = rows.filter(draw=1, policy="half price", group="all")["value"].item()
    assert seen == pytest.approx(once.values[1, 1, 0], rel=1e-12)
    assert rows.height == once.values.size


ALL = """[[policy]]
name = "cash"
  [[policy.instrument]]
  kind = "cash_allowance"
  source = "s"
  yuan_per_month = 30
"""
MATCH = """  [policy.match]
  source = "s"
  metric = "public_cost"
  to = "cash"
  by = "rate"
  low = 0.01
  high = 0.99
"""


def test_a_match_is_found_anew_at_each_draw(tmp_path: Path) -> None:
    """What all children are paid costs the same whatever the demand; the rate that costs as much does not stay."""
    path = tmp_path / "matched.toml"
    path.write_text("\n".join((TOWN.read_text(encoding="utf-8"), ALL, HALF, MATCH)), encoding="utf-8")
    town = load(path, ["run.until=2025-05-31", "city.supply.places=1200"])
    draws = [town.city.families, town.city.families.model_copy(update={"open_share": 0.6})]
    cost = at_draws(town, draws, metric_named("public_cost", False), tmp_path, at_end=False, workers=1)
    assert cost.values[0, 1, 0] == pytest.approx(cost.values[1, 1, 0])
    assert cost.values[:, 2, 0] == pytest.approx(cost.values[:, 1, 0], rel=0.02)


def made_up(draws: int) -> AtDraws:
    """Two policies and three groups; each value is its draw's number, the fit's a hundred."""
    values = np.arange(draws + 1, dtype=float)[:, None, None] * np.ones((1, 2, 3))
    values[0] = 100.0
    return AtDraws(TAKE_UP, True, ("none", "free"), ("all", "district=East", "quintile=1"), values)


def test_a_range_is_of_the_draws_alone_and_says_what_it_is() -> None:
    few, many = made_up(MANY - 1), made_up(MANY)
    assert [float(end[0, 0]) for end in few.range()] == [1.0, MANY - 1]
    assert not few.percent_points
    assert many.percent_points
    assert [float(end[0, 0]) for end in many.range()] == pytest.approx([1 + 0.025 * (MANY - 1), 1 + 0.975 * (MANY - 1)])
    said = list(as_markdown(replace(few, values=few.values / 1000)))
    assert said[0] == "| policy | all | 1st fifth |"
    assert said[3] == "| free | 10.0 % (0.1 to 3.9) | 10.0 % (0.1 to 3.9) |"
    assert "lowest to highest of 39 draws" in said[-1]
    assert "2.5 to 97.5 % points of 40 draws" in list(as_markdown(many))[-1]
