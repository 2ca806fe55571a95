"""Whole studies on a small city: nothing about how a study is run may show in its numbers."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pytest

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "[run]\nsource = 'a test'\nstart = 2025-09-01\ncount_from = 2025-11-01\nuntil = 2026-02-28\n"
POOL = """
  [[policy.instrument]]
  kind = "voucher_pool"
  source = "a test"
  start = 2025-11-10
  until = 2026-01-31
  tranches = [{ months = [0, 47], face_value = 800, per_round = 1500 }]
"""
SUBSIDY = """
  [[policy.instrument]]
  kind = "fee_subsidy"
  source = "a test"
  start = 2025-12-01
  rate = 0.2
"""


def scenario(folder, *policies, more="", replications=2, name="small.toml"):
    """Write a scenario of a hundredth of Xi'an beside its city file."""
    cities = folder / "cities"
    cities.mkdir(exist_ok=True)
    (cities / "xian.toml").write_bytes((ROOT / "scenarios/cities/xian.toml").read_bytes())
    head = 'title = "A small city"\nextends = "cities/xian.toml"\n'
    run = f"{ADDRESS}replications = {replications}\nseed = 5\nscale = 0.01\nburn_in_months = 2\n"
    text = "".join(f'[[policy]]\nname = "{title}"\n{chain}\n' for title, chain in policies)
    path = folder / name
    path.write_text(head + run + text + more)
    return path


def sim(*words, check=True, hash_seed="0"):
    """Run the command line in a process of its own."""
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-m", "sim", *map(str, words)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, timeout=300)
    assert not check or done.returncode == 0, done.stderr
    return done


def tables(folder):
    return (folder / "summary.csv").read_bytes(), (folder / "monthly.parquet").read_bytes()


THREE = (("baseline", ""), ("vouchers", POOL), ("subsidy", SUBSIDY))


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A study of three policies, run with one worker."""
    home = tmp_path_factory.mktemp("study")
    file = scenario(home, *THREE)
    done = sim(file, "--out", home / "one", "--workers", 1)
    return home, file, home / "one" / "small", done


def summary(folder):
    return pl.read_csv(folder / "summary.csv")


def test_a_run_leaves_every_file(finished):
    _, _, folder, done = finished
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {"summary.csv", "monthly.parquet", "manifest.json", "report.html"} <= names
    assert any(n.startswith("figures/") and n.endswith(".svg") for n in names)
    assert not any(n.endswith(".part") for n in names)
    assert "vouchers" in done.stdout


@pytest.mark.parametrize(("workers", "hash_seed"), [("3", "0"), ("2", "12345")])
def test_workers_and_hash_seeds_do_not_show(finished, workers, hash_seed):
    home, file, folder, _ = finished
    out = home / f"workers-{workers}"
    sim(file, "--out", out, "--workers", workers, "--quiet", hash_seed=hash_seed)
    assert tables(out / "small") == tables(folder)


def test_an_identical_run_simulates_nothing(finished):
    home, file, folder, _ = finished
    before = tables(folder), {p.name: p.stat().st_mtime_ns for p in (folder / "jobs").iterdir()}
    sim(file, "--out", home / "one", "--workers", 1)
    assert before == (tables(folder), {p.name: p.stat().st_mtime_ns for p in (folder / "jobs").iterdir()})


def test_names_and_order_do_not_show(finished):
    """Renamed, moved, one removed, the baseline twice: what stays is equal to the bit."""
    home, _, folder, _ = finished
    other = home / "renamed"
    other.mkdir()
    file = scenario(other, ("nothing", ""), ("later", SUBSIDY), ("again nothing", ""))
    sim(file, "--out", other, "--workers", 1, "--quiet")
    old, new = summary(folder), summary(other / "small")
    for before, after in (("baseline", "nothing"), ("subsidy", "later")):
        a = old.filter(pl.col("policy") == before).drop("policy")
        assert a.height > 100
        assert a.equals(new.filter(pl.col("policy") == after).drop("policy"))
    twin = new.filter(pl.col("policy") == "again nothing")
    moved = twin.select("difference", "difference_low", "difference_high").drop_nulls()
    assert moved.height > 100
    assert (moved == 0).to_numpy().all()


def test_a_killed_run_goes_on_to_the_same_numbers(finished):
    home, file, folder, _ = finished
    out = home / "killed"
    command = [sys.executable, "-m", "sim", str(file), "--out", str(out), "--workers", "1", "--quiet"]
    process = subprocess.Popen(command, cwd=ROOT)
    jobs = out / "small" / "jobs"
    for _ in range(3000):
        if process.poll() is not None or (jobs.exists() and any(jobs.glob("*.npz"))):
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    sim(file, "--out", out, "--workers", 1, "--quiet")
    assert tables(out / "small") == tables(folder)


def test_a_broken_job_is_run_again(finished):
    home, file, folder, _ = finished
    before = tables(folder)
    victim = sorted((folder / "jobs").glob("*.npz"))[0]
    victim.write_bytes(b"not a record")
    sim(file, "--out", home / "one", "--workers", 1, "--quiet")
    assert tables(folder) == before
    assert victim.stat().st_size > 1000


def test_jobs_the_plan_no_longer_names_are_removed(tmp_path):
    file = scenario(tmp_path, *THREE, replications=1)
    sim(file, "--out", tmp_path, "--workers", 1, "--quiet")
    count = len(list((tmp_path / "small" / "jobs").glob("*.npz")))
    scenario(tmp_path, *THREE[:2], replications=1)
    sim(file, "--out", tmp_path, "--workers", 1, "--quiet")
    assert (count, len(list((tmp_path / "small" / "jobs").glob("*.npz")))) == (3, 2)


def test_vouchers_balance_in_the_tables(finished):
    _, _, folder, _ = finished
    rows = summary(folder).filter((pl.col("policy") == "vouchers") & (pl.col("group") == "all"))
    value = dict(zip(rows["metric"], rows["value"], strict=True))
    assert value["vouchers_issued"] == value["vouchers_redeemed"] + value["vouchers_expired"]
    assert value["vouchers_issued"] <= value["vouchers_offered"] == 3 * 15
    assert value["public_cost"] <= 800 * value["vouchers_redeemed"]


def test_a_sweep_point_that_is_a_policy_shares_its_jobs(tmp_path):
    grid = (
        '[sweep]\npolicy = "vouchers"\n"voucher_pool.per_round" = { scale = [1, 2] }\n"fee_subsidy.rate" = [0.0, 0.5]\n'
    )
    file = scenario(tmp_path, *THREE[:2], more=grid, replications=1)
    sim(file, "--out", tmp_path, "--workers", 1, "--quiet")
    names = set(summary(tmp_path / "small")["policy"])
    assert names == {
        "baseline",
        "vouchers",
        "vouchers[per_round=1,rate=0.5]",
        "vouchers[per_round=2,rate=0]",
        "vouchers[per_round=2,rate=0.5]",
    }
    assert len(list((tmp_path / "small" / "jobs").glob("*.npz"))) == 5


def test_an_assumption_moves_the_answer_and_says_so(tmp_path):
    doubt = (
        "[knowledge]\nreplications = 1\n[knowledge.assumptions]\n"
        'hassle = ["voucher_pool.hassle"]\ncommitment = ["city.families.commitment_months"]\n'
    )
    file = scenario(tmp_path, *THREE[:2], more=doubt, replications=1)
    sim(file, "--out", tmp_path, "--workers", 1, "--quiet")
    rows = summary(tmp_path / "small").filter(pl.col("doubt") == "knowledge")
    assert set(rows["group"]) == {"assumption=hassle", "assumption=commitment"}
    assert set(rows["policy"]) == {"vouchers"}
    assert rows.filter(pl.col("metric") == "inframarginal_share")["low"].null_count() == 0


@pytest.mark.parametrize("stranger", ["a file", "other content", "another scenario"])
def test_a_folder_that_is_not_ours_is_left_alone(finished, tmp_path, stranger):
    _, file, _, _ = finished
    target = tmp_path / "small"
    if stranger == "a file":
        target.write_text("mine")
    else:
        target.mkdir()
        (target / ("thesis.txt" if stranger == "other content" else "scenario.txt")).write_text(
            "/elsewhere/small.toml\n"
        )
    done = sim(file, "--out", tmp_path, "--quiet", check=False)
    assert done.returncode == 4
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (target / "jobs").is_dir() or not list((target / "jobs").iterdir())


def test_a_busy_folder_is_refused(finished):
    import fcntl

    home, file, folder, _ = finished
    with (folder / "scenario.txt").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = sim(file, "--out", home / "one", "--quiet", check=False)
    assert done.returncode == 4
    assert "another run" in done.stderr


def test_a_place_that_cannot_be_written_is_status_5(finished, tmp_path):
    _, file, _, _ = finished
    (tmp_path / "flat").write_text("a file where a folder should be")
    done = sim(file, "--out", tmp_path / "flat" / "deep", "--quiet", check=False)
    assert done.returncode == 5
    assert len(done.stderr.strip().splitlines()) == 1


def test_bad_input_writes_nothing(finished, tmp_path):
    _, file, _, _ = finished
    words = ["--set", "run.seeed=3", "--set", "policy.vouchers.voucher_pool.valid_days=-1"]
    done = sim(file, "--out", tmp_path / "none", *words, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 2
    assert not (tmp_path / "none").exists()
