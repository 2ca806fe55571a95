"""Whole studies whose grid, split and assumptions end early: the same for everybody, and told as they were run."""

import json
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from runs import SHORT, SUBSIDY
from town import HAMLET

from sim.report.notes import notes
from sim.report.words import LANGUAGES
from sim.scenario.schema import Scenario, load
from sim.study import run as study_run
from sim.study.plan import Task, make_plan
from sim.study.run import run
from sim.study.verify import verify
from sim.study.waves import units

MIXED = (
    "{name = 'mixed', instrument = [{kind = 'fee_subsidy', source = 'a test', start = 2025-04-01,"
    " until = 2025-05-31, amount = 300}, {kind = 'operating_subsidy', source = 'a test', start = 2025-04-01,"
    " until = 2025-05-31, yuan_per_child = 300, fee_cut = 100, places = 100, standing = 'any'}]}"
)
HALF = SUBSIDY.replace("rate = 0.5", "rate = {value = 0.5, low = 0.4, high = 0.6, source = 'a test'}")
# a price that moves the baseline, whose ends have warm-ups of their own, and a rate, whose ends share the central one
ROOMY = (
    "city.supply.places = 1500",
    "city.supply.institutions = 40",
    "city.families.renewal = 0.6",
    "city.families.distance_yuan = {value = 100, low = 90, high = 110, source = 'a test'}",
    f"policy = [{{name = 'baseline'}}, {HALF}, {MIXED}]",
)
VARIED = (  # the first point hardly does anything: no number of draws here tells it from nothing
    "sweep = {policy = 'subsidy', 'fee_subsidy.rate' = [0.01, 0.25, 0.5, 1.0]}",
    "split = {policy = ['mixed']}",
    "knowledge.assumptions = {apart = ['city.families.distance_yuan'], rate = ['fee_subsidy.rate']}",
)
LOOSE, NONE = 0.9, 0.0


def study(precision: float, replications: int = 6, varied: tuple[str, ...] = VARIED) -> Scenario:
    """A short study of the hamlet with everything that may end early."""
    asked = (f"run.precision = {precision}", f"knowledge.precision = {precision}")
    return load(HAMLET, [*SHORT, *ROOMY, *varied, *asked, f"run.replications = {replications}"])


def tables(folder: Path) -> tuple[bytes, ...]:
    """The tables as they lie there, and what the manifest says of how often each arm was run."""
    arms = json.dumps(manifest(folder)["arms"]).encode()
    return *((folder / name).read_bytes() for name in ("summary.csv", "monthly.parquet", "split.csv")), arms


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def counts(folder: Path) -> dict[tuple[str, ...], int]:
    """Replications by role, name, assumption and end, from the manifest."""
    words = ("role", "name", "assumption", "end")
    return {tuple(a.get(word, "") for word in words): a["replications"] for a in manifest(folder)["arms"]}


def summary(folder: Path) -> pl.DataFrame:
    return pl.read_csv(folder / "summary.csv", infer_schema_length=None)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The study with nothing that ends early."""
    return run(study(NONE), tmp_path_factory.mktemp("whole"), workers=1).folder


@pytest.fixture(scope="module")
def early(whole: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    """The study at a loose precision, begun where the whole one ended, and the progress that was told."""
    home, told = tmp_path_factory.mktemp("early"), []
    shutil.copytree(whole, home / "hamlet")
    return run(study(LOOSE), home, workers=1, progress=lambda *p: told.append(p)).folder, told


def test_everything_ends_at_the_first_look_but_what_cannot_be_told(early: tuple[Path, list]) -> None:
    found = counts(early[0])
    assert len(found) == 14
    late = {key for key, n in found.items() if n == 6}
    assert late == {("policy", name, "", "") for name in ("baseline", "subsidy", "mixed")} | {
        ("sweep", "subsidy[rate=0.01]", "", "")
    }
    assert {n for key, n in found.items() if key not in late} == {4}
    assert manifest(early[0])["looks"] == [4, 6]


def test_workers_interrupts_and_what_lies_there_do_not_show(
    early: tuple[Path, list], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three workers, stopped in the first wave and between the waves; the other had all jobs before it began."""
    real, left = study_run.carry_out, [5]

    def stopping(tasks, *rest, **more):
        """Stop after some tasks in all."""
        for done in real(tasks, *rest, **more):
            yield done
            left[0] -= 1
            if left[0] == 0:
                raise KeyboardInterrupt

    monkeypatch.setattr(study_run, "carry_out", stopping)
    for tasks, workers in ((5, 1), (12, 3)):
        left[0] = tasks
        with pytest.raises(KeyboardInterrupt):
            run(study(LOOSE), tmp_path, workers=workers)
        assert not (tmp_path / "hamlet" / "summary.csv").exists()
    monkeypatch.undo()
    assert tables(run(study(LOOSE), tmp_path, workers=3).folder) == tables(early[0])


def test_no_replication_is_warmed_up_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, warmed = study_run._warm, Counter()

    def warm(task: Task):
        """Count by city and replication."""
        warmed[task.home.assumption, task.home.end, task.replication] += 1
        return real(task)

    monkeypatch.setattr(study_run, "_warm", warm)
    run(study(LOOSE), tmp_path, workers=1)
    assert set(warmed.values()) == {1}
    assert sum(r >= 4 for _, _, r in warmed) == 2, "the ends have ended"
    assert len(warmed) == 6 + 2 * 4


def test_without_precision_points_have_the_numbers_of_policies(whole: Path, tmp_path: Path) -> None:
    """Nothing is looked at: a point of the grid is told as a policy with its rate, to the bit."""
    assert set(counts(whole).values()) == {manifest(whole)["replications"]} == {6}
    assert manifest(whole)["looks"] == [6]
    quarter = SUBSIDY.replace("'subsidy'", "'quarter'").replace("rate = 0.5", "rate = 0.25")
    alone = (f"policy = [{{name = 'baseline'}}, {HALF}, {quarter}]",)
    policy = (
        summary(run(study(LOOSE, varied=alone), tmp_path, workers=1).folder).filter(policy="quarter").drop("policy")
    )
    assert policy.height > 100
    assert policy.equals(summary(whole).filter(policy="subsidy[rate=0.25]").drop("policy"))


def test_an_arm_that_ended_is_paired_with_its_own_replications_only(early: tuple[Path, list], tmp_path: Path) -> None:
    """Values and differences are those of a run of four; its intervals are of the confidence that one look leaves."""
    four = run(study(LOOSE, replications=4), tmp_path, workers=1).folder
    ended, plain = (summary(f).filter(policy="subsidy[rate=0.25]", group="all") for f in (early[0], four))
    assert ended.height > 50
    for column in ("value", "difference", "replications"):
        assert ended[column].equals(plain[column]), column
    wide = ended.with_columns(narrower=plain["high"]).filter(pl.col("high") > pl.col("narrower"))
    assert wide.height > 20
    parts, others = (pl.read_csv(f / "split.csv") for f in (early[0], four))
    assert parts["value"].equals(others["value"])
    assert set(parts["replications"]) == set(others["replications"]) == {4}
    doubts, points = (summary(f).filter(doubt="knowledge") for f in (early[0], four))
    assert doubts.height > 3
    assert doubts.equals(points), "points, which have no intervals"


def test_tables_jobs_and_manifest_say_the_same(early: tuple[Path, list]) -> None:
    folder, found = early[0], counts(early[0])
    rows = summary(folder)
    for (role, name, assumption, _), n in found.items():
        if role in ("policy", "sweep"):
            assert set(rows.filter(policy=name, doubt="luck")["replications"]) == {n}
            months = pl.read_parquet(folder / "monthly.parquet").filter(policy=name)
            assert set(months["replication"]) == set(range(n))
        elif role == "knowledge":
            assert set(rows.filter(policy=name, group=f"assumption={assumption}")["replications"]) <= {n}
    # a baseline for each end of the price that moves it
    assert len(list((folder / "jobs").iterdir())) == sum(found.values()) + 2 * 4


def test_progress_begins_with_all_that_may_be_run_and_ends_with_what_was(early: tuple[Path, list]) -> None:
    folder, told = early
    assert told[0][1] == len(make_plan(study(LOOSE)).jobs())
    assert told[-1] == (len(list((folder / "jobs").iterdir())),) * 2
    assert all(done <= total for done, total in told)


def test_tighter_is_never_fewer(whole: Path, early: tuple[Path, list], tmp_path: Path) -> None:
    shutil.copytree(whole, tmp_path / "hamlet")
    found = [counts(whole)]
    for precision in (0.3, 0.5):
        found.append(counts(run(study(precision), tmp_path, workers=1).folder))
    found.append(counts(early[0]))
    for tight, loose in pairwise(found):
        assert all(tight[key] >= loose[key] for key in tight)
    assert len({tuple(sorted(one.items())) for one in found}) > 2, "some end at one and not at another"


def test_a_study_that_ended_early_is_verified(early: tuple[Path, list]) -> None:
    verdict = verify(early[0], sample=2, workers=1)
    assert verdict.differences == ()
    assert verdict.jobs == len(list((early[0] / "jobs").iterdir()))


def test_another_count_in_the_manifest_is_named(early: tuple[Path, list], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(early[0], tmp_path / "hamlet"))
    path, said = folder / "manifest.json", manifest(folder)
    (entry,) = (one for one in said["arms"] if one["name"] == "subsidy[rate=0.01]")
    entry["replications"] = 4
    path.write_text(json.dumps(said), encoding="utf-8")
    told = verify(folder, 0, workers=1).differences
    assert f"{path}: arms: subsidy[rate=0.01]: found 4 replications, expected 6" in told
    assert sum("found a record, expected none" in line for line in told) == 2, "its last jobs are nobody's"
    entry["replications"] = 5
    path.write_text(json.dumps(said), encoding="utf-8")
    assert [line.partition(": found ")[0] for line in verify(folder, 0, workers=1).differences] == [f"{path}: arms"]


def test_what_one_table_pairs_ends_together() -> None:
    plan = make_plan(study(LOOSE))
    found = [{arm.key for arm in unit} for unit in units(plan)]
    assert {key for unit in found for key in unit} == {arm.key for arm in plan.arms if arm.role != "policy"}
    assert {("split", "mixed[1]", "", ""), ("split", "mixed[2]", "", "")} in found
    for name in ("subsidy", "mixed"):
        assert {("knowledge", name, "apart", end) for end in ("low", "high")} in found
    assert {("sweep", "subsidy[rate=0.25]", "", "")} in found
    assert len(found) == len({frozenset(unit) for unit in found}) == sum(map(len, found)) - 4


@pytest.mark.parametrize("language", LANGUAGES)
def test_readers_are_told_that_some_had_fewer(early: tuple[Path, list], whole: Path, language: str) -> None:
    mark = {"en": "(precision)", "zh": "各政策共"}[language]
    said = [line for line in notes(manifest(early[0]), language) if mark in line]
    assert len(said) == 3
    some = {"en": "4 to 6 of the 6", "zh": "共 6 次重复模拟，网格各点为其中 4 至 6 次"}[language]
    assert some in said[0]
    assert all("4 " in line and "4 to 4" not in line for line in said)
    assert not [line for line in notes(manifest(whole), language) if mark in line]
