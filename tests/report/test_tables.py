"""What is read from a results folder, and the headline made of it."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from rich.console import Console
from rich.table import Table

from sim.report.numerals import DASH
from sim.report.series import band, gather
from sim.report.tables import KNOWLEDGE_METRICS, UNDEFINED, Results, headline, terminal_table
from sim.study.metrics import TAKE_UP

from .made_up import HOSTILE, build, split_of


def render(table: Table, width: int = 100) -> str:
    stream = io.StringIO()
    Console(width=width, file=stream).print(table)
    return stream.getvalue()


def number(results: Results, policy: str, metric: str, column: str, group: str = "all") -> float | None:
    doubt = "knowledge" if group.startswith("assumption=") else "luck"
    found = results.summary.filter(policy=policy, metric=metric, group=group, doubt=doubt)[column]
    assert len(found) == 1
    return found.item()


def test_the_headline_has_one_row_per_policy_and_none_per_arm(study: Results) -> None:
    rows = headline(study)
    assert [row.policy for row in rows] == list(study.policies)
    assert [row.baseline for row in rows] == [True] + [False] * 5
    assert study.baseline == "baseline"


def test_the_headline_says_what_the_summary_says(study: Results) -> None:
    for row in headline(study)[1:]:
        for metric in (TAKE_UP, "added_child_months", "public_cost", *KNOWLEDGE_METRICS):
            estimate = row.take_up if metric == TAKE_UP else getattr(row, metric)
            for column in ("value", "low", "high"):
                assert getattr(estimate, column) == number(study, row.policy, metric, column)
        change = row.take_up_change
        assert change.value == number(study, row.policy, TAKE_UP, "difference")
        assert change.low == number(study, row.policy, TAKE_UP, "difference_low")
        assert change.high == number(study, row.policy, TAKE_UP, "difference_high")
        assert row.replications == 10


def test_the_baseline_is_not_compared_with_itself(study: Results) -> None:
    first = headline(study)[0]
    assert first.take_up.defined
    assert first.take_up_change == first.added_child_months == first.inframarginal_share == UNDEFINED
    assert first.knowledge == ()


def test_knowledge_is_kept_apart_from_luck(study: Results) -> None:
    row = headline(study)[1]
    assert {(line.metric, line.assumption) for line in row.knowledge} == {
        (metric, name) for metric in KNOWLEDGE_METRICS for name in ("awareness", "hassle", "commitment")
    }
    for line in row.knowledge:
        group = f"assumption={line.assumption}"
        assert line.low == number(study, row.policy, line.metric, "low", group)
        assert line.central == number(study, row.policy, line.metric, "value", group)
        assert line.high == number(study, row.policy, line.metric, "high", group)
    low, high = row.known_range("cost_per_added_child_month") or (0, 0)
    assert low < (row.cost_per_added_child_month.value or 0) < high
    assert row.known_range("take_up") is None
    assert not row.known_open("cost_per_added_child_month")
    first, *others = row.knowledge
    assert replace(row, knowledge=(replace(first, low=None), *others)).known_open(first.metric)


def test_the_terminal_table_fits_a_hundred_columns_with_its_numbers_whole(study: Results) -> None:
    shown = render(terminal_table(study))
    assert all(len(line.rstrip()) <= 100 for line in shown.splitlines())
    for text in (
        "9.86 %",
        "+0.056 points",
        "1,932 to 2,268",
        "7.03 to 7.17",
        "72.8 to 75.2 %",
        "5,071 | 2,367",
    ):
        assert text in shown
    assert "95 % intervals" in shown
    assert "nobody" in shown
    assert str(study.manifest["notes"][0])[:40] in shown


def test_the_terminal_says_whether_fees_rise(study: Results) -> None:
    said = "Of each yuan paid, ended in higher posted fees"
    shown = " ".join(render(terminal_table(study)).split())
    assert f"{said} (below zero: fees fell): " in shown
    assert "0.080 (0.060 to 0.100)" in shown
    fixed = Results(study.summary, study.monthly, study.manifest | {"fees_respond": False})
    assert said not in " ".join(render(terminal_table(fixed)).split())


def test_the_terminal_says_what_is_assumed_and_that_the_city_is_thinned(study: Results) -> None:
    shown = " ".join(render(terminal_table(study)).split())
    assert "Of the 3 numbers put in: 1 with a source, 1 assumptions (1 with a range), 1 without either." in shown
    assert "Simulated at" not in shown
    thinned = Results(study.summary, study.monthly, study.manifest | {"scale": 0.05})
    assert "! Simulated at 5 % of the city's size" in " ".join(render(terminal_table(thinned)).split())


def test_a_narrow_terminal_loses_no_number(study: Results) -> None:
    shown = re.sub(r"\s", "", render(terminal_table(study), width=70))
    assert "3,381" in shown
    assert "…" not in shown


def test_hostile_names_reach_the_terminal_as_text() -> None:
    shown = render(terminal_table(build(names=HOSTILE, count=2, sweep=False)))
    assert "\x1b" not in shown
    assert "[red]b[/red]" in shown
    assert "a[31mb" in shown


def test_nulls_are_dashes() -> None:
    results = build(nulls=True, count=2)
    shown = render(terminal_table(results))
    assert DASH in shown
    assert not re.search(r"nan|inf\b|None|95 %", shown, re.IGNORECASE)


def test_one_replication_has_values_and_no_intervals() -> None:
    shown = render(terminal_table(build(replications=1, count=2, sweep=False)))
    assert "9.92 %" in shown
    assert " to 2,268" not in shown
    assert "two replications or more" in shown


def test_a_centre_that_differs_from_the_row_above_is_shown_too() -> None:
    results = build(count=2, sweep=False)
    moved = pl.when(pl.col("doubt") == "knowledge").then(pl.col("value") * 1.1).otherwise(pl.col("value"))
    shown = render(
        terminal_table(Results(results.summary.with_columns(value=moved), results.monthly, results.manifest))
    )
    assert "3,719 |" in shown


def test_an_unknown_line_is_undefined(study: Results) -> None:
    assert study.entry("vouchers", "no_such_metric").own == UNDEFINED
    assert study.knowledge("nobody") == ()


def test_a_folder_is_read_back_as_it_was_written(folder: Path) -> None:
    results = build(names=HOSTILE, count=3)
    results.summary.write_csv(folder / "summary.csv")
    results.monthly.write_parquet(folder / "monthly.parquet")
    (folder / "manifest.json").write_text(json.dumps(results.manifest), encoding="utf-8")
    assert Results.load(folder).split is None
    split_of("007").write_csv(folder / "split.csv")
    loaded = Results.load(folder)
    assert loaded.split is not None
    assert loaded.split.equals(split_of("007")), "a name of digits is a name"
    assert loaded.manifest == results.manifest
    assert loaded.monthly.equals(results.monthly)
    assert loaded.summary.schema == results.summary.schema
    # an empty unit comes back as null, and nothing else changes
    assert loaded.summary.drop("unit").equals(results.summary.drop("unit"))
    assert headline(loaded) == headline(results)


def test_a_summary_of_nulls_is_read_with_its_types(folder: Path) -> None:
    results = build(nulls=True, count=2)
    results.summary.write_csv(folder / "summary.csv")
    results.monthly.write_parquet(folder / "monthly.parquet")
    (folder / "manifest.json").write_text("{}", encoding="utf-8")
    loaded = Results.load(folder)
    assert loaded.summary.schema["value"] == pl.Float64
    assert len(loaded.policies) == loaded.summary["policy"].n_unique()


# monthly arrays --------------------------------------------------------------------------------------


def test_the_band_is_students_interval() -> None:
    values = np.random.default_rng(3).normal(5, 2, (7, 4))
    drawn = band(values)
    # Student's quantile for six degrees of freedom
    half = 2.446911851144979 * values.std(axis=0, ddof=1) / np.sqrt(7)
    np.testing.assert_allclose(drawn.mean, values.mean(axis=0))
    np.testing.assert_allclose(drawn.high - drawn.mean, half)
    np.testing.assert_allclose(drawn.mean - drawn.low, half)
    assert drawn.last == (3, pytest.approx(values[:, 3].mean()))


def test_the_band_leaves_out_what_is_missing() -> None:
    values = np.array([[1.0, np.nan, 3.0], [3.0, np.nan, np.nan]])
    drawn = band(values)
    np.testing.assert_array_equal(drawn.mean, [2.0, np.nan, 3.0])
    np.testing.assert_array_equal(np.isfinite(drawn.low), [True, False, False])
    assert drawn.last == (2, 3.0)
    assert band(np.full((2, 2), np.nan)).last is None


def test_monthly_values_find_their_replication_and_month_in_any_order(study: Results) -> None:
    shuffled = Results(study.summary, study.monthly.sample(fraction=1.0, shuffle=True, seed=1), study.manifest)
    one, two = (gather(results, [TAKE_UP, "public_cost"]) for results in (study, shuffled))
    assert one.months == two.months
    assert one.counted.sum() == 12
    for key, cube in one.cubes.items():
        np.testing.assert_array_equal(cube, two.cubes[key])
    row = study.monthly.filter(metric=TAKE_UP, policy="mixed").row(30, named=True)
    cube = one.level("mixed", TAKE_UP)
    assert cube is not None
    assert cube[row["replication"], one.months.index(row["month"])] == row["value"]


def test_changes_are_paired_by_replication(study: Results) -> None:
    monthly = gather(study, ["enrolled"])
    own, base, change = (
        monthly.level("mixed", "enrolled"),
        monthly.level("baseline", "enrolled"),
        monthly.change("mixed", "enrolled"),
    )
    assert own is not None
    assert base is not None
    assert change is not None
    np.testing.assert_array_equal(change, own - base)
    assert monthly.change("mixed", "no_such_metric") is None
