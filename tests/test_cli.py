"""The commands: what they print, and with what status they end."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim import cli
from sim.policy.menu import menu

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = ROOT / "scenarios" / "xian_vouchers.toml"


COMMANDS = ("check", "calibrate", "at-draws", "rest", "scorecard")  # that write no folder of results


def sim(*words):
    return subprocess.run(
        [sys.executable, "-m", "sim", *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("words", [("--help",), ("check", "--help"), ("--version",)])
def test_help_is_there(words):
    done = sim(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


COMMANDS = sorted(name for name in cli.app if not name.startswith("-"))


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS)], ids=lambda words: " ".join(words) or "run")
def test_the_help_of_every_command_has_an_example_that_begins_like_it(words, capsys):
    cli.app([*words, "--help"], result_action="return_value")
    shown = capsys.readouterr().out
    assert " ".join(("For example: python -m sim", *words)) in " ".join(shown.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("chekc", "f"), "found no such command or file, expected a scenario file or one of "),
        (("chekc", "f"), "did you mean check?"),
        (("instrumnets",), "did you mean instruments?"),
        (("Verify", "results/x"), "did you mean verify?"),
        (("at-drwas", "f.toml", "x"), "did you mean at-draws?"),
        (("f.toml", "--replication", "3"), "Did you mean --replications?"),
        (("compare", "x", "--ot", "y"), "Did you mean --out?"),
        (("--halp",), "Did you mean --help?"),
        (("f.toml", "--lang", "eng"), 'Did you mean "en"?'),
    ],
)
def test_a_misspelt_word_is_one_line_with_the_nearest_right_one(words, said, capsys):
    assert cli._guarded(list(words)) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_what_is_far_from_any_command_is_taken_for_a_file(capsys):
    for word in ("nowhere.toml", "compare.toml", "hamlet"):
        assert cli._guarded([word]) == 2
        assert capsys.readouterr().err.startswith(f"{word}: (file): found no file")


def test_help_does_not_load_the_compiler():
    """What keeps `--help` quick: nothing heavy is imported for it."""
    code = (
        "import sys\nfrom sim.cli import app\napp(['--help'], result_action='return_value')\n"
        "print(sorted(sys.modules), file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60).stderr
    assert "'cyclopts'" in loaded
    for heavy in ("numba", "numpy", "scipy", "polars", "matplotlib", "pydantic"):
        assert f"'{heavy}'" not in loaded


def test_a_run_begins_before_what_only_drawing_or_its_end_needs_is_loaded():
    """What draws a city, a figure, a page or a workbook; and the statistics of which a few functions are used."""
    script = "import sys\nimport sim.cli, sim.scenario.schema, sim.study.run\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    slow = {"scipy.stats", "scipy.optimize", "scipy.spatial", "matplotlib", "jinja2", "xlsxwriter", "fontTools"}
    assert slow & set(done.stdout.split()) == set()


def test_the_menu_names_every_instrument_and_parameter():
    shown = sim("instruments").stdout
    for kind, leaf in menu().items():
        assert f"{kind}: {leaf.title}" in shown
        assert all(f" {name} " in shown for name in leaf.model_fields if name != "source")


def test_the_schema_is_json_and_knows_the_menu():
    schema = json.loads(sim("schema").stdout)
    assert {f"instrument_{kind}" for kind in menu()} <= set(schema["$defs"])
    assert {"run", "city", "policy", "sweep", "knowledge", "extends"} <= set(schema["properties"])


def test_check_says_good_and_writes_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "sim", "check", str(SCENARIO)], cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "good" in done.stdout
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check",), "expected at least one scenario file"),
        (("nowhere.toml",), "nowhere.toml"),
        ((SCENARIO, "--workers", "0"), "--workers"),
        ((SCENARIO, "--replications", "0"), "run.replications"),
        ((SCENARIO, "--seed", "-1"), "run.seed"),
        ((SCENARIO, "--seed", "1.5"), "--seed: found 1.5, expected a whole number"),
        ((SCENARIO, "--seed", "1e3"), "--seed: found 1e3"),
        ((SCENARIO, "--seed", "0x10"), "--seed: found 0x10"),
        ((SCENARIO, "--seed", "9" * 40), "--seed: found 999"),
        ((SCENARIO, "--seed", "9" * 18), "run.seed"),
        ((SCENARIO, "--replications", "2.0"), "--replications: found 2.0"),
        ((SCENARIO, "--workers", "nan"), "--workers: found nan"),
        ((SCENARIO, "--workers", "-2"), "--workers: found -2"),
        ((SCENARIO, "--workers", "9" * 18), "--workers: found 999"),
        (("\udcff.toml",), "expected a path in UTF-8"),
        (("calibrate", SCENARIO, "--replications", "1.5"), "--replications: found 1.5"),
        (("calibrate", SCENARIO, "--scale", "nan"), "run.scale"),
        (("calibrate", SCENARIO, "--set", "city.families.sensitivity=0.002"), "there is no file to write"),
        (("calibrate", SCENARIO, "--draws", "4"), "--draws: found no --out beside it"),
        (("calibrate", SCENARIO, "--draws", "1", "--out", "x"), "--draws: found 1, expected a number from 2"),
        (("calibrate", SCENARIO, "--bands", "--draws", "4", "--out", "x"), "--draws: found --bands beside it"),
        (("calibrate", SCENARIO, "--out", "x"), "--out: found no --draws beside it"),
        (("calibrate", SCENARIO, "--draws", "4", "--out", SCENARIO), "a file, expected a folder"),
        (("calibrate", ROOT / "tests" / "hamlet.toml"), "city.families.open_share: found 1, expected a number above 0"),
        (("at-draws", SCENARIO, ROOT / "docs"), "found no file, expected the table that calibrate --draws writes"),
        (("at-draws", SCENARIO, ROOT / "docs", "--metric", "take_upp"), "did you mean take_up"),
        (("at-draws", SCENARIO, ROOT / "docs", "--metric", "mvpf"), "expected --whole beside it"),
        (("at-draws", SCENARIO, ROOT / "docs", "--workers", "0"), "--workers: found 0"),
        (("rest", SCENARIO, "--replications", "0"), "--replications: found 0, expected 1 or more"),
        (("rest", SCENARIO, "--children", "0"), "--children: found 0, expected 1 or more"),
        (("scorecard", SCENARIO, "--replications", "0"), "--replications: found 0, expected 1 or more"),
        (("scorecard", SCENARIO, "--children", "0"), "--children: found 0, expected 1 or more"),
        ((SCENARIO, "--scale", "nan"), "run.scale"),
        ((SCENARIO, "--colour", "blue"), "--colour"),
        ((SCENARIO, "--set", "policy.vouchers.voucher_pool.face_valeu=3"), "did you mean tranches.face_value?"),
        ((SCENARIO, "--set", "instrument.cash_alowance.yuan_per_month=3"), "instrument's kind: cash_allowance"),
        ((SCENARIO, SCENARIO), "names differ"),
    ],
)
def test_bad_words_are_one_line_and_status_2(words, said, tmp_path):
    done = sim(*words, *(() if words[0] in COMMANDS else ("--out", tmp_path / "none")))
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "none").exists()


def test_a_run_says_what_it_is_doing_before_the_first_job_and_after_the_last(tmp_path):
    done = sim(ROOT / "tests" / "hamlet.toml", "--out", tmp_path)
    assert done.returncode == 0
    first, *jobs, last = done.stderr.splitlines()
    assert first in ("drawing the city", "compiling, once for this version of the program")
    assert jobs[-1] == "1 of 1 jobs; comparing the policies"
    assert last == "drawing the figures, writing the page"
    assert "A hamlet" in done.stdout
    assert sim(ROOT / "tests" / "hamlet.toml", "--out", tmp_path, "--quiet").stderr == ""


def test_another_language_simulates_nothing_and_moves_no_number(tmp_path):
    """Only figures, page and words differ: what machines read stays as it was, but for the command that was typed."""
    words = (ROOT / "tests" / "hamlet.toml", "--out", tmp_path, "--workers", "1")
    assert sim(*words).returncode == 0
    folder = tmp_path / "hamlet"

    def numbers():
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        del manifest["command"]
        kept = [(folder / name).read_bytes() for name in ("summary.csv", "monthly.parquet")]
        return manifest, kept, {path: path.stat().st_mtime_ns for path in (folder / "jobs").rglob("*")}

    before, page = numbers(), (folder / "report.html").read_bytes()
    done = sim(*words, "--lang", "zh")
    assert (done.returncode, numbers()) == (0, before)
    assert done.stderr.splitlines() == ["正在生成城市", "已完成 1/1 项任务；正在比较各政策", "正在绘图并编写报告页"]
    assert "入托率" in done.stdout
    chinese = (folder / "report.html").read_text(encoding="utf-8")
    assert '<html lang="zh-Hans">' in chinese
    assert sim(*words).returncode == 0
    assert (folder / "report.html").read_bytes() == page
    faults = [sim("check", "nowhere.toml").stderr, sim("nowhere.toml", "--lang", "zh").stderr]
    assert faults[0] == faults[1], "faults are for machines too"


def test_an_interrupt_says_how_to_go_on_and_nothing_else(tmp_path):
    """As a terminal sends it: to the workers too, whatever they are at."""
    words = ["-m", "sim", str(SCENARIO), "--scale", "0.1", "--replications", "4", "--out", str(tmp_path), "--quiet"]
    how = {"cwd": ROOT, "stderr": subprocess.PIPE, "text": True, "start_new_session": True}
    run = subprocess.Popen([sys.executable, *words, "--workers", "2"], **how)
    while run.poll() is None and not (tmp_path / "xian_vouchers" / "scenario.txt").exists():
        time.sleep(0.1)
    time.sleep(0.2)  # workers are loading
    os.killpg(run.pid, signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 130, said
    (line,) = said.splitlines()
    assert "To go on: python -m sim" in line


@pytest.mark.parametrize("fate", ["raise ValueError('dict')", "pass"], ids=["turned into another", "lost"])
def test_an_interrupt_that_compiled_code_takes_for_something_else_is_one_all_the_same(tmp_path, fate):
    code = f"""
import os, signal, time
from sim import cli
from sim.study import plan

def with_an_interrupt(*what):
    try:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    except KeyboardInterrupt:
        {fate}
    return hashed(*what)

hashed, plan.job_hash = plan.job_hash, with_an_interrupt
cli.main(lambda number, frame: None)
"""
    words = [str(SMALL), "--workers", "1", "--out", str(tmp_path), "--quiet"]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 130, done.stderr
    assert [line.partition(";")[0] for line in done.stderr.splitlines()] == ["interrupted"]


def test_an_interrupt_while_tasks_are_dealt_is_not_waited_for(tmp_path):
    """Between two steps of loky's `submit`: a task is on its books that no worker will ever be given."""
    code = """
from sim import cli
from sim.study import run

made = run.get_reusable_executor

def with_an_interrupt(**how):
    pool = made(**how)
    put, dealt = pool._work_ids.put, []

    def interrupted(task):
        if dealt:
            raise KeyboardInterrupt
        dealt.append(task)
        put(task)

    pool._work_ids.put = interrupted
    return pool

run.compile_at_once = lambda workers: None
run.get_reusable_executor = with_an_interrupt
cli.main(lambda number, frame: None)
"""
    words = [str(SMALL), "--replications", "2", "--workers", "2", "--out", str(tmp_path), "--quiet"]
    done = subprocess.run([sys.executable, "-c", code, *words], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 130, done.stderr
    assert "To go on: python -m sim" in done.stderr


def test_an_interrupt_when_the_work_is_done_finds_no_workers_and_says_what_is_kept():
    """What workers share would be left behind by a process that ends at once, and its keeper would complain."""
    code = """
import os, signal
from sim.cli.shell import interruptible
from sim.study import run

with interruptible(), run._pool(2) as pool:
    assert list(pool.map(abs, [-1])) == [1]
os.kill(os.getpid(), signal.SIGINT)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 130, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("interrupted; what is finished is kept. To go on: python -m sim")


SMALL = ROOT / "tests" / "hamlet.toml"


def test_a_full_disk_behind_the_output_is_status_5_and_the_page_is_written(tmp_path):
    with Path("/dev/full").open("w") as full:
        words = [sys.executable, "-m", "sim", str(SMALL), "--out", str(tmp_path), "--workers", "1", "--quiet"]
        done = subprocess.run(words, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 5
    assert done.stderr == "standard output: found No space left on device, expected to write here\n"
    assert (tmp_path / "hamlet" / "report.html").exists()


def test_a_reader_who_leaves_does_not_stop_the_work(tmp_path):
    """As `| head -1` does, but gone before the first line; there is a second file to run."""
    second = tmp_path / "second.toml"
    second.write_bytes(SMALL.read_bytes())
    words = [sys.executable, "-m", "sim", str(SMALL), str(second), "--out", str(tmp_path), "--workers", "1", "--quiet"]
    run = subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    run.stdout.close()
    assert (run.stderr.read(), run.wait(timeout=120)) == ("", 0)
    run.stderr.close()
    assert all((tmp_path / name / "report.html").exists() for name in ("hamlet", "second"))


@pytest.mark.parametrize("words", [("instruments",), ("schema",), ("check", "a\u2028b\u4e2d.toml"), ("--help",)])
def test_a_poor_alphabet_is_no_trouble(words):
    environment = os.environ | {"PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "sim", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, env=environment, timeout=60)
    assert done.returncode == (2 if words[0] == "check" else 0)
    assert b"Traceback" not in done.stderr
    (done.stdout + done.stderr).decode("ascii")


def test_an_interrupt_while_loading_leaves_without_a_trace():
    """The commands take a while to load; whenever in it the interrupt comes, no traceback is shown."""
    code = (
        "import os, signal, sys\n"
        "class Trap:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == sys.argv[1]:\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Trap())\n"
        "from sim.__main__ import main\n"
        "trapped, sys.argv[1:] = sys.argv[1], ['check', 'tests/hamlet.toml']\n"
        "sys.meta_path[0].find_spec = lambda name, path=None, target=None: (\n"
        "    os.kill(os.getpid(), signal.SIGINT) if name == trapped else None)\n"
        "main()\n"
    )
    for name in ("sim.cli", "cyclopts", "sim.scenario.schema", "numpy", "pydantic", "sim.study.plan"):
        command = [sys.executable, "-c", code, name]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
        assert done.returncode == 130, (name, done)
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
