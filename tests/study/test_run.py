"""Whole studies on a small city: nothing about how a study is run may show in its numbers."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from town import HAMLET

from sim import cli
from sim.engine.replication import Replication
from sim.policy.menu import kind_of
from sim.scenario.schema import load
from sim.study import run as study_run
from sim.study.disk import aside
from sim.study.folder import FolderError, ResultsFolder
from sim.study.run import run

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
    return pl.read_csv(folder / "summary.csv", infer_schema_length=None)  # columns may begin with many blanks


def test_a_run_leaves_every_file(finished):
    _, _, folder, done = finished
    names = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert {"summary.csv", "summary.xlsx", "monthly.parquet", "manifest.json", "report.html"} <= names
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


GRID = """
[sweep]
policy = "{policy}"
"voucher_pool.per_round" = {{ scale = [1, 2] }}
"fee_subsidy.rate" = [0.0, 0.3]
"""
DOUBT = """
[knowledge.assumptions]
hassle = ["voucher_pool.hassle"]
commitment = ["city.families.commitment_months"]
"""


def test_names_and_order_do_not_show_in_sweeps_and_assumptions_either(tmp_path):
    """A swept policy renamed and moved, another removed, one more swept beside it: nobody else's numbers move a bit."""
    more = "{ scale = [1, 2] }", "{ scale = [1, 2, 4] }"
    studies = {
        "one": ((THREE[0], THREE[1], THREE[2]), GRID.format(policy="vouchers") + DOUBT),
        "other": (
            (("nothing", ""), ("rich", POOL.replace("800", "1200")), ("bons", POOL)),
            GRID.format(policy="bons").replace(*more) + DOUBT,
        ),
    }
    seen = {}
    for name, (policies, end) in studies.items():
        (tmp_path / name).mkdir()
        file = scenario(tmp_path / name, *policies, more=end, replications=1)
        sim(file, "--out", tmp_path / name, "--workers", 1, "--quiet")
        folder = tmp_path / name / "small"
        seen[name] = summary(folder), pl.read_parquet(folder / "monthly.parquet")
    for old, new in zip(seen["one"], seen["other"], strict=True):
        new = new.with_columns(pl.col("policy").str.replace("bons", "vouchers").str.replace("nothing", "baseline"))
        kept = set(old["policy"]) - {"subsidy"}
        assert len(kept) == 5
        order = [c for c in old.columns if old.schema[c] != pl.Float64]
        a, b = (t.filter(pl.col("policy").is_in(kept)).sort(order) for t in (old, new))
        assert a.height > 500
        assert a.equals(b)
    doubts = seen["one"][0].filter(pl.col("doubt") == "knowledge")
    assert set(doubts.filter(pl.col("policy") == "vouchers")["group"]) == {
        "assumption=hassle",
        "assumption=commitment",
    }


@pytest.fixture
def failing_subsidies(monkeypatch):
    """A fault of the program that only policies with a fee subsidy meet."""
    real = Replication.run

    def run(self, own, straight=False, outlook=None):
        if any(kind_of(i) == "fee_subsidy" for i in own):
            raise ArithmeticError("a fault planted here")
        return real(self, own, straight, outlook)

    with monkeypatch.context() as patch:
        patch.setattr(Replication, "run", run)
        yield patch


def test_failed_jobs_are_named_and_the_rest_is_kept(finished, failing_subsidies, tmp_path, capsys):
    _, file, folder, _ = finished
    words = [str(file), "--out", str(tmp_path), "--workers", "1", "--quiet"]
    assert cli._guarded(words) == 3
    complaints = capsys.readouterr().err.strip().splitlines()
    assert complaints == [f"failed: subsidy replication {r}: ArithmeticError: a fault planted here" for r in (0, 1)]
    kept = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "small" / "jobs").iterdir()}
    assert len(kept) == 4, "baseline and vouchers, twice"
    assert not (tmp_path / "small" / "summary.csv").exists()
    failing_subsidies.undo()
    assert cli._guarded(words) == 0
    assert tables(tmp_path / "small") == tables(folder)
    now = {p.name: p.stat().st_mtime_ns for p in (tmp_path / "small" / "jobs").iterdir()}
    assert len(now) == 6
    assert {name: now[name] for name in kept} == kept, "what was kept is not run again"


def dying(times, flags):
    """What a worker does whose process is killed at its first so many tasks, whoever takes them."""
    real = study_run.work

    def work(task, folder):
        for n in range(times):
            flag = flags / f"died {n}"
            if not flag.exists():
                flag.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        return real(task, folder)

    return work


def test_a_task_whose_worker_dies_is_run_again_to_the_same_numbers(finished, tmp_path, monkeypatch):
    _, file, folder, _ = finished
    monkeypatch.setattr(study_run, "work", dying(2, tmp_path))
    study = study_run.run(load(file), tmp_path, workers=2)
    assert study.failures == {}
    assert [p.name for p in sorted(tmp_path.glob("died *"))] == ["died 0", "died 1"]
    assert tables(study.folder) == tables(folder)


def test_a_task_that_kills_every_worker_is_given_up_by_name(finished, tmp_path, monkeypatch):
    _, file, _, _ = finished
    monkeypatch.setattr(study_run, "work", dying(10, tmp_path))
    study = study_run.run(load(file), tmp_path, workers=2)
    assert set(study.failures) == {f"{p} replication {r}" for p in ("baseline", "vouchers", "subsidy") for r in (0, 1)}
    assert all("died" in text for text in study.failures.values())
    assert not (study.folder / "summary.csv").exists()


def only_in(process: int, number: int) -> int:
    """The number in this process; any other dies of it."""
    if os.getpid() != process:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def tenth_of(number: int) -> float:
    return 10 / number


@pytest.mark.parametrize("workers", [1, 2])
def test_what_is_done_meanwhile_comes_in_order(workers):
    with study_run.meanwhile(tenth_of, range(1, 9), workers) as finished:
        assert finished() == [10 / n for n in range(1, 9)]


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_met_meanwhile_is_raised_here(workers):
    with pytest.raises(ZeroDivisionError), study_run.meanwhile(tenth_of, range(3), workers) as finished:
        finished()


def test_what_a_killed_worker_leaves_is_done_here():
    with study_run.meanwhile(partial(only_in, os.getpid()), range(4), 2) as finished:
        assert finished() == [0, 1, 2, 3]
    with study_run.meanwhile(tenth_of, [1], 2) as finished:
        assert finished() == [10], "and other workers serve the next"


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


def test_a_job_that_loads_but_is_another_is_run_again_with_a_notice(finished):
    home, file, folder, _ = finished
    before = tables(folder)
    victim = sorted((folder / "jobs").glob("*.npz"))[0]
    with np.load(victim) as stored:
        arrays = {name: stored[name] for name in stored.files}
    np.savez(victim, **arrays | {"totals": arrays["totals"] * 2})
    done = sim(file, "--out", home / "one", "--workers", 2, "--quiet")
    assert done.stderr.splitlines() == [f"{victim}: found a damaged record, ran the job again"]
    assert tables(folder) == before
    assert sim(file, "--out", home / "one", "--workers", 1, "--quiet").stderr == ""


@pytest.mark.parametrize(
    "content", [b"{", b"[]", b"\xff\x00", b'{"wall_seconds": 0, "processor_seconds": 1}', b"[" * 10**5]
)
def test_a_damaged_manifest_is_written_anew_with_a_notice(finished, content):
    home, file, folder, _ = finished
    before = tables(folder)
    (folder / "manifest.json").write_bytes(content)
    done = sim(file, "--out", home / "one", "--workers", 1, "--quiet")
    assert len(done.stderr.splitlines()) == 1
    assert "manifest.json: found a damaged file" in done.stderr
    assert tables(folder) == before
    assert json.loads((folder / "manifest.json").read_text())["seed"] == 5


def test_a_folder_that_is_taken_does_not_stop_the_next_file(finished, tmp_path):
    _, file, folder, _ = finished
    files = [file.with_name(f"{name}.toml") for name in ("taken", "free", "strange")]
    for other in files:
        other.write_bytes(file.read_bytes())
    for name, content in (("taken", "thesis.txt"), ("strange", "scenario.txt")):
        (tmp_path / name).mkdir()
        (tmp_path / name / content).write_text("/elsewhere.toml\n")
    done = sim(*files, "--out", tmp_path, "--workers", 1, "--quiet", check=False)
    assert done.returncode == 4
    assert [line.partition(":")[0] for line in done.stderr.splitlines()] == [
        str(tmp_path / n) for n in ("taken", "strange")
    ]
    assert tables(tmp_path / "free") == tables(folder)
    assert (tmp_path / "free" / "report.html").exists()


def test_a_grid_that_cannot_run_stops_every_file_before_the_first_begins(finished, tmp_path):
    _, file, _, _ = finished
    bad = file.with_name("bad.toml")
    bad.write_bytes(file.read_bytes() + b'[sweep]\npolicy = "vouchers"\n"voucher_pool.start" = [2020-01-01]\n')
    done = sim(file, bad, "--out", tmp_path / "none", "--workers", 1, "--quiet", check=False)
    assert done.returncode == 2
    assert "2020-01-01" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "none").exists()


def test_the_folder_is_held_until_the_page_is_in_it(tmp_path):
    scenario = load(HAMLET)
    seen = []

    def publish(folder):
        assert {p.name for p in folder.iterdir()} >= {"summary.csv", "monthly.parquet", "manifest.json"}
        (folder / "half.html.1.part").write_text("half")
        with pytest.raises(FolderError, match="another run"), ResultsFolder(folder, scenario.document.path):
            pass
        seen.append(folder)

    study = run(scenario, tmp_path, workers=1, publish=publish)
    assert seen == [study.folder]
    assert not list(study.folder.glob("*.part")), "halves are swept up behind the page"
    with ResultsFolder(study.folder, scenario.document.path):
        pass


def test_two_writers_never_share_a_half(tmp_path):
    with aside(tmp_path / "x.csv") as part:
        assert part.name == f"x.csv.{os.getpid()}.part"
        part.write_text("whole")
    assert [p.name for p in tmp_path.iterdir()] == ["x.csv"]


@pytest.mark.parametrize("marker", ["pipe", "link", "folder", "noise"])
def test_a_marker_that_is_none_is_not_ours(tmp_path, marker):
    (tmp_path / "elsewhere").write_text("")
    at = tmp_path / "small" / "scenario.txt"
    at.parent.mkdir()
    lay = {
        "pipe": lambda: os.mkfifo(at),
        "link": lambda: at.symlink_to(tmp_path / "elsewhere"),
        "folder": at.mkdir,
        "noise": lambda: at.write_bytes(b"\xff\x00\n\x1b[2J"),
    }
    lay[marker]()
    with pytest.raises(FolderError) as refusal, ResultsFolder(at.parent, tmp_path / "small.toml"):
        pass
    assert str(refusal.value).isprintable()
    assert (tmp_path / "elsewhere").read_text() == ""


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
    ample = ("vouchers", POOL.replace("1500", "15_000"))
    file = scenario(tmp_path, THREE[0], ample, more=DOUBT, replications=1)
    sim(file, "--out", tmp_path, "--workers", 1, "--quiet")
    rows = summary(tmp_path / "small").filter(pl.col("doubt") == "knowledge")
    assert set(rows["group"]) == {"assumption=hassle", "assumption=commitment"}
    assert set(rows["policy"]) == {"vouchers"}
    shares = rows.filter(pl.col("metric") == "inframarginal_share")
    assert shares.height == 2
    assert shares["low"].null_count() == 0
    # with more vouchers than takers, who applies at all is a matter of hassle, and who enters for one of commitment
    assert (shares["low"] != shares["high"]).all()


def test_an_assumption_whose_end_is_its_value_has_that_end_too(tmp_path):
    pool = POOL.replace("1500", "15_000") + "  hassle = {value = 60, low = 10, high = 60, source = 'assumption'}\n"
    file = scenario(tmp_path, THREE[0], ("vouchers", pool), more=DOUBT.replace("commitment =", "# "), replications=1)
    sim(file, "--out", tmp_path, "--workers", 1, "--quiet")
    shares = summary(tmp_path / "small").filter(metric="inframarginal_share", doubt="knowledge")
    assert shares["group"].to_list() == ["assumption=hassle"]
    assert shares["high"].to_list() == shares["value"].to_list() != shares["low"].to_list()


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
