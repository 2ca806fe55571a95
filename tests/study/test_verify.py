"""Verification: a clean run is found equal, and whatever is changed in its folder is found and named."""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import polars as pl
import pytest
from runs import finished
from town import HAMLET

from sim import cli
from sim.cli import shell
from sim.engine.recorder import ROW
from sim.scenario.faults import BadScenario
from sim.scenario.resolved import from_tree
from sim.study import plan as study_plan
from sim.study import verify as study_verify
from sim.study.folder import FolderError, ResultsFolder
from sim.study.plan import make_plan
from sim.study.store import load_record, save_record
from sim.study.summary import BadResults
from sim.study.verify import sampled, verify

SWEEP = (
    "sweep = {policy = 'vouchers', 'voucher_pool.per_round' = {scale = [1, 2]}, 'voucher_pool.until' = [2025-04-30]}"
)
DOUBT = "knowledge = {assumptions = {awareness = ['voucher_pool.aware_others'], hassle = ['voucher_pool.hassle']}}"


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """A finished run with a sweep and assumptions, as it was left."""
    return finished(tmp_path_factory.mktemp("clean"), SWEEP, DOUBT, replications=2)


@pytest.fixture
def folder(clean, tmp_path):
    """A copy of it, to be changed."""
    return Path(shutil.copytree(clean, tmp_path / "hamlet"))


def plan_of(folder):
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return make_plan(from_tree(manifest["scenario"], manifest["evidence"], HAMLET, folder / "manifest.json"))


def files(folder):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_a_clean_run_is_equal_and_is_only_read(clean):
    before = files(clean)
    verdict = verify(clean, workers=1)
    assert verdict.differences == ()
    assert files(clean) == before
    assert verdict.jobs == len(list((clean / "jobs").iterdir())) == 20
    assert {name.rpartition(" replication ")[0] for name in verdict.again} >= {"vouchers", "subsidy", "centres"}


def test_a_sample_is_the_same_each_time_and_reaches_every_job_in_the_end(clean):
    plan = plan_of(clean)
    whole = [(task.arms[0].key, task.replication) for task in sampled(plan, 10**6)]
    assert len(set(whole)) == len(whole)
    assert set(whole) == {(arm.key, r) for arm in plan.arms for r in range(plan.replications(arm))}
    for size in (0, 1, 5):
        assert [(task.arms[0].key, task.replication) for task in sampled(plan, size)] == whole[:size]
    first = [key for key, _ in whole[: len(plan.arms)]]
    assert len(set(first)) == len(plan.arms), "one of every arm before a second of any"
    scenario = plan.scenario
    other = replace(scenario, run=scenario.run.model_copy(update={"seed": 8}))
    assert [(t.arms[0].key, t.replication) for t in sampled(replace(plan, scenario=other), 10**6)] != whole


def test_another_number_in_a_record_is_named_with_its_metric(folder):
    """The record is whole and has its digest: only running the job again, and the tables, can tell."""
    (task,) = sampled(plan_of(folder), 1)
    *_, job = study_verify._jobs(task)
    record = load_record(folder, job.hash(""))
    record.totals[ROW["enrolled"], :, 0] += 1
    save_record(folder, job.hash(""), record)
    said = verify(folder, 1, workers=1).differences
    (line,) = [one for one in said if f"{job.hash('')}.npz" in one]
    assert f"{job.name} replication {task.replication}: enrolled found " in line
    assert line.endswith("when run again; arrays that differ: totals")
    assert any(f"summary.csv: {job.name}, " in one for one in said)
    assert any("monthly.parquet: " in one for one in said)
    assert any("more like these" in one for one in said), "not a line for each of a thousand cells"


def test_a_change_in_the_last_bit_of_an_array_is_enough(clean):
    record = load_record(clean, next((clean / "jobs").iterdir()).stem)
    fees = record.fee.copy()
    fees.view("int64")[0, 0, 0] += 1
    stays = record.stays | {"first": record.stays["first"].astype("int32")}
    assert study_verify.unlike(record, replace(record)) == []
    assert study_verify.unlike(record, replace(record, fee=fees)) == ["fee"]
    assert study_verify.unlike(record, replace(record, stays=stays)) == ["stays.first"]


def test_damaged_missing_and_surplus_jobs_are_named(folder):
    (task,) = sampled(plan_of(folder), 1)
    baseline, job = study_verify._jobs(task)
    path, other = (folder / "jobs" / f"{one.hash('')}.npz" for one in (job, baseline))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    shutil.copy(other, folder / "jobs" / f"{'0' * 32}.npz")
    other.unlink()
    said = "\n".join(verify(folder, 1, workers=1).differences)
    assert f"{path}: found a damaged record" in said or f"{other}: found no file, expected the record of" in said
    assert f"{other}: found no file, expected the record of baseline replication {task.replication}" in said
    assert f"{'0' * 32}.npz: found a record, expected none" in said
    assert "summary.csv: not compared with the jobs" in said


def test_a_changed_cell_a_lost_row_and_a_lost_table_are_named(folder):
    path = folder / "summary.csv"
    rows = path.read_text(encoding="utf-8").splitlines()
    (n,) = [n for n, row in enumerate(rows) if row.startswith("vouchers,take_up,share,all,")]
    (m,) = [m for m, row in enumerate(rows) if row.startswith("subsidy,public_cost,yuan,all,")]
    cells = rows[n].split(",")
    rows[n] = ",".join([*cells[:4], "0.5", *cells[5:]])
    path.write_text("\n".join(row for k, row in enumerate(rows) if k != m) + "\n", encoding="utf-8")
    pl.read_parquet(folder / "monthly.parquet").head(-1).write_parquet(folder / "monthly.parquet")
    (folder / "split.csv").write_text("policy\n", encoding="utf-8")
    assert sorted(line.removeprefix(f"{folder}/") for line in verify(folder, 0, workers=1).differences)[1:] == [
        "split.csv: found a file, expected none: no policy is split",
        "summary.csv: subsidy, public_cost, all, luck: found no such row, expected one",
        f"summary.csv: vouchers, take_up, all, luck: value: found 0.5, expected {cells[4]}",
    ]
    table = pl.read_parquet(folder / "monthly.parquet")
    table.with_columns(pl.col("value").cast(pl.Float32)).write_parquet(folder / "monthly.parquet")
    (line,) = (one for one in verify(folder, 0, workers=1).differences if "monthly.parquet" in one)
    found, _, expected = line.partition(", expected ")
    assert ("value (Float32)" in found, "value (Float64)" in expected) == (True, True), "alike but for a type"
    (folder / "monthly.parquet").unlink()
    assert any("monthly.parquet: found no file" in line for line in verify(folder, 0, workers=1).differences)


def test_a_manifest_that_is_not_of_its_scenario_is_named(folder):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    wrong = {"seed": 8, "scale": 0.5, "scenario_hash": "0", "notes": [], "replications": 3, "city": "Hamlets"}
    path.write_text(json.dumps(manifest | wrong), encoding="utf-8")
    said = verify(folder, 0, workers=1).differences
    assert {line.partition(": found ")[0] for line in said} == {f"{path}: {key}" for key in wrong}


def test_records_that_contradict_each_other_are_named(folder):
    """A child paid a fen more than it did: the sides no longer add up, which no table may hide."""
    (task,) = sampled(plan_of(folder), 1)
    *_, job = study_verify._jobs(task)
    record = load_record(folder, job.hash(""))
    record.totals[ROW["net_fen"], 0, 0] += 1
    save_record(folder, job.hash(""), record)
    pairing, table, again = verify(folder, 1, workers=1).differences
    assert f"{job.hash('')}.npz: found a record that can't be paired (" in pairing
    assert table.endswith("summary.csv: not compared with the jobs: 1 of them can't be read")
    assert "arrays that differ: totals" in again


def test_a_record_of_children_that_are_not_there_is_damaged(folder):
    """Its digest is right, and compiled loops would write where no row is."""
    (task,) = sampled(plan_of(folder), 1)
    *_, job = study_verify._jobs(task)
    record = load_record(folder, job.hash(""))
    record.stays["child"][:] += 10**6
    save_record(folder, job.hash(""), record)
    said = verify(folder, 0, workers=1).differences
    assert f"{job.hash('')}.npz: found children or institutions that are not there" in said[0]


def test_what_is_no_file_is_never_waited_for(folder):
    (task,) = sampled(plan_of(folder), 1)
    *_, job = study_verify._jobs(task)
    path = folder / "jobs" / f"{job.hash('')}.npz"
    path.unlink()
    os.mkfifo(path)
    assert any(line.startswith(f"{path}: found a damaged record") for line in verify(folder, 0, workers=1).differences)
    (folder / "manifest.json").unlink()
    os.mkfifo(folder / "manifest.json")
    loop = folder.parent / "loop"
    loop.symlink_to(loop)
    for wrong in (folder, loop):
        with pytest.raises(BadResults):
            verify(wrong, 0, workers=1)


def test_a_manifest_edited_where_no_table_looks_is_named(folder):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    versions = {name: word for name, word in manifest["versions"].items() if name != "polars"}
    edits = {"matched": [{"policy": "subsidy", "found": 9}], "versions": versions}
    path.write_text(json.dumps(manifest | edits), encoding="utf-8")
    shutil.copy(next((folder / "jobs").iterdir()), folder / "jobs" / f"{'0' * 32}.npz")
    said = "\n".join(verify(folder, 0, workers=1).differences)
    for told in ("versions.polars: found nothing", "matched: found", f"{'0' * 32}.npz: found a record, expected none"):
        assert told in said
    manifest["scenario"]["policy"][0]["name"] = 10**30
    path.write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BadScenario):
        verify(folder, 0, workers=1)


def test_another_source_or_version_is_said_and_the_jobs_are_found_all_the_same(folder, monkeypatch):
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    versions = manifest["versions"] | {"numpy": "0.9"}
    path.write_text(json.dumps(manifest | {"versions": versions}), encoding="utf-8")
    for module in (study_plan, study_verify):
        monkeypatch.setattr(module, "digest", lambda: "f" * 16)
    said = verify(folder, 1, workers=1).differences
    assert [line.partition(": found ")[0] for line in said] == [f"{path}: source_digest", f"{path}: versions.numpy"]


def test_statuses(clean, folder, capsys, tmp_path):
    def told(*words):
        status = cli._guarded(["verify", *map(str, words), "--workers", "1"])
        shown = capsys.readouterr()
        return status, shown.out.splitlines(), shown.err.splitlines()

    status, out, err = told(clean, "--sample", 0)
    assert (status, err) == (0, [])
    assert out == [
        f"{clean}: 0 of 20 jobs run again",
        f"{clean}: nothing differs: no job was run again; tables equal what the stored jobs give; "
        "manifest and program agree",
        f"{clean}: not looked at: workbook, figures and page",
    ]
    status, out, err = told(clean, "--sample", 1)
    assert (status, err) == (0, [])
    count = int(out[0].removeprefix(f"{clean}: ").partition(" ")[0])
    assert count > 0
    assert f"nothing differs: the records of these {count} are equal to the bit; tables equal" in out[1]
    status, out, err = told(clean, "--sample", 0, "--lang", "zh")
    assert (status, err) == (0, [])
    assert out[0] == f"{clean}：20 项任务中没有重新运行任何一项"
    assert "未发现不一致" in out[1]
    (folder / "monthly.parquet").unlink()
    status, out, err = told(folder, "--sample", 0)
    assert (status, err) == (3, [])
    assert out[0] == f"{folder}/monthly.parquet: found no file, expected the table by month"
    with ResultsFolder(clean, HAMLET):
        status, out, err = told(clean)
    assert (status, out) == (4, [])
    assert err == [f"{clean}: found a run at work, expected to read in peace"]
    (tmp_path / "other").mkdir()
    (folder / "summary.csv").unlink()
    for words in ((tmp_path / "other",), (tmp_path / "nowhere",), (folder,), (clean, "--sample", -1)):
        status, out, err = told(*words)
        assert (status, out, len(err)) == (2, [], 1)


def test_an_interrupted_verification_keeps_nothing_and_says_so(clean, monkeypatch, capsys):
    monkeypatch.setattr(study_verify, "make_plan", Mock(side_effect=KeyboardInterrupt))
    monkeypatch.setattr(shell, "answer", Mock())  # the tests' own interrupts stay theirs
    assert cli._guarded(["verify", str(clean)]) == 130
    said = f"interrupted; nothing was written. To begin again: python -m sim verify {clean}\n"
    assert capsys.readouterr() == ("", said)


def test_a_run_may_not_begin_while_its_folder_is_looked_at(clean):
    with (
        study_verify.held(clean),
        study_verify.held(clean),
        pytest.raises(FolderError, match="another run"),
        ResultsFolder(clean, HAMLET),
    ):
        pass
