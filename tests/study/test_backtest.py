"""The back-test: each change alone and all together, under one luck; what is left is told, and never fitted."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from sim.scenario.schema import Scenario, load
from sim.study import backtest as module
from sim.study.backtest import ALL, CHILDREN, FEE, NOTHING, PLACES, STANDING, TAKE_UP, Backtest, as_markdown, worlds
from sim.study.backtest import backtest as measured
from sim.study.moments import Window
from sim.study.targets import published

ROOT = Path(__file__).resolve().parents[2]
HAMLET = ROOT / "tests" / "hamlet.toml"
STILL = ("city.supply.least_entry=0", "city.supply.payback_years=0.001", "city.supply.patience_months=1000000")
FEES, BIRTHS, SITES = "city.trends.fee_per_year=-0.3", "city.births.by_year.2024=600", "city.supply.planned_per_year=4"


def hamlet(*settings: str) -> Scenario:
    return load(HAMLET, ("city.supply.planned_per_year=0", *STILL, *settings))


@pytest.fixture(scope="module")
def test_of_three() -> Backtest:
    """A hamlet in which fees, births and planned sites change."""
    return measured(hamlet(), hamlet(FEES, BIRTHS, SITES, "city.published.take_up=0.3"), 1.0, 2)


def test_every_table_that_differs_is_put_in_alone_then_all() -> None:
    found = worlds(hamlet(), hamlet(FEES, BIRTHS, SITES), 1.0)
    assert [one.name for one in found] == [
        NOTHING, "trends.fee_per_year", "supply.planned_per_year", "births.by_year", ALL,
    ]  # fmt: skip
    for one, changed in zip(
        found, (set(), {"trends"}, {"supply"}, {"births"}, {"trends", "supply", "births"}), strict=True
    ):
        same = {table for table in module.TABLES if getattr(one.window.facts, table) == getattr(hamlet().city, table)}
        assert set(module.TABLES) - same == changed


def test_a_standing_programme_is_a_change_and_a_source_is_none() -> None:
    later = load(HAMLET, ("city.supply.planned_per_year=0", *STILL, "instrument.cash_allowance.yuan_per_month=900"))
    found = worlds(hamlet(), later, 1.0)
    assert [one.name for one in found] == [NOTHING, STANDING, ALL]
    first, alone, all_ = (one.window.standing for one in found)
    assert first != alone == all_ == Window.of(later, 1.0).standing
    resourced = later.city.income.model_copy(update={"source": "another"})
    told = later.city.model_copy(update={"income": resourced})
    assert [one.name for one in worlds(hamlet(), replace(later, city=told), 1.0)] == [NOTHING, STANDING, ALL]


def test_changes_do_what_they_say_and_one_alone_nothing_else(test_of_three: Backtest) -> None:
    nothing, fees, sites, births, _ = (line.figures for line in test_of_three.lines)
    assert (fees[:, FEE] < 0.8 * nothing[:, FEE]).all()
    assert (fees[:, [PLACES, CHILDREN]] == nothing[:, [PLACES, CHILDREN]]).all()
    assert (sites[:, PLACES] > nothing[:, PLACES]).all()
    assert (births[:, CHILDREN] < nothing[:, CHILDREN]).all()
    assert births[:, PLACES] == pytest.approx(nothing[:, PLACES], rel=0.05)
    assert (sites[:, TAKE_UP] > nothing[:, TAKE_UP]).all()


def test_the_unchanged_world_is_the_earlier_city_and_all_are_the_later(test_of_three: Backtest) -> None:
    for scenario, line in ((hamlet(), test_of_three.lines[0]), (hamlet(FEES, BIRTHS, SITES), test_of_three.lines[-1])):
        same = module._measured(Window.of(scenario, 1.0), range(2))
        assert np.array_equal(same, line.figures)


def test_explained_and_left_add_up_to_the_published_rise(test_of_three: Backtest) -> None:
    assert test_of_three.rise == pytest.approx(0.3 - 0.2)
    assert test_of_three.moved(test_of_three.lines[-1]) + test_of_three.left == pytest.approx(test_of_three.rise)


def test_what_is_left_stands_in_the_table_like_what_is_explained(test_of_three: Backtest) -> None:
    said = list(as_markdown(test_of_three))
    rows = {
        row.split("|")[1].strip(): [cell.strip() for cell in row.split("|")[2:-1]] for row in said if row[:1] == "|"
    }
    assert list(rows)[2:] == [
        NOTHING, "`trends.fee_per_year`", "`supply.planned_per_year`", "`births.by_year`", ALL, "published", "left",
    ]  # fmt: skip
    assert len({len(cells) for cells in rows.values()}) == 1
    points = {name: float(rows[name][1].split(" ")[0]) for name in (ALL, "published", "left")}
    assert points[ALL] + points["left"] == pytest.approx(points["published"], abs=0.02)
    assert rows["left"][1].count("(") == rows[ALL][1].count("(") == 1


def test_a_residue_that_is_fitted_away_is_caught(test_of_three: Backtest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Backtest, "left", property(lambda test: 0 * test.moved(test.lines[-1])))
    with pytest.raises(AssertionError):
        test_explained_and_left_add_up_to_the_published_rise(test_of_three)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ((), "the same city in both"),
        (("run.seed=8", FEES), "one clock and one luck"),
    ],
)
def test_files_that_are_no_two_dates_of_a_city_are_refused(more: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        worlds(hamlet(), hamlet(*more), 1.0)


def test_the_nations_files_differ_in_what_they_say_they_do() -> None:
    earlier, later = (load(ROOT / "scenarios" / f"nation_{year}.toml") for year in (2023, 2025))
    names = [one.name for one in worlds(earlier, later, 0.1)]
    tables = ["trends.fee_per_year", "supply.planned_per_year", "births.by_year"]
    assert names == [NOTHING, *tables, "instrument.kindergarten_conversion", "instrument.cash_allowance", ALL]
    assert [published(one)[0].aim for one in (earlier, later)] == [0.0786, 0.12]


# ---------------------------------------------------------------------------------------------------------
# the command


def beside(folder: Path, more: str = "") -> tuple[Path, Path]:
    """The hamlet's file, and one that extends it, side by side."""
    (folder / "cities").mkdir()  # below such a folder scenarios may extend one another
    first, later = folder / "hamlet.toml", folder / "later.toml"
    first.write_bytes(HAMLET.read_bytes())
    later.write_text(f'extends = "hamlet.toml"\n{more}\n', encoding="utf-8")
    return first, later


def sim(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sim", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)


def test_the_command_prints_the_table(tmp_path: Path) -> None:
    done = sim("backtest", *beside(tmp_path, "[city.trends]\nfee_per_year = -0.2"), "--replications", "1")
    assert (done.returncode, done.stderr) == (0, "")
    assert "`trends.fee_per_year`" in done.stdout
    assert "| left |" in done.stdout


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (
            "[city.trends]\nfee_per_year = -0.9",
            "city.trends.fee_per_year: found -0.9, expected a number of at least -0.5",
        ),
        ("[city.trends]\ntaste_a_year = 1", "city.trends.taste_a_year"),
        (
            "[city.trends.trust_yuan_per_year]\nprivat = 1",
            "city.trends.trust_yuan_per_year.privat: found 1, expected one of",
        ),
        ("[city.trends]\ntaste_per_year = nan", "city.trends.taste_per_year"),
    ],
)
def test_a_bad_trend_is_one_line_and_status_2(table: str, said: str, tmp_path: Path) -> None:
    _, later = beside(tmp_path, table)
    done = sim("check", later)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hamlet", "hamlet"), "names differ"),
        (("hamlet", "nowhere"), "nowhere.toml"),
        (("hamlet", "later"), "the same city in both"),
        (("hamlet", "later", "--replications", "0"), "--replications: found 0"),
        (("hamlet", "later", "--children", "0"), "--children: found 0"),
    ],
)
def test_bad_words_are_one_line_and_status_2(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    beside(tmp_path)
    done = sim("backtest", *(tmp_path / f"{word}.toml" if word.isalpha() else word for word in words))
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert said in done.stderr
