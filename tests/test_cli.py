"""The commands: what they print, and with what status they end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim.policy.menu import menu

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = ROOT / "scenarios" / "xian_vouchers.toml"


def sim(*words):
    return subprocess.run(
        [sys.executable, "-m", "sim", *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=120
    )


@pytest.mark.parametrize("words", [("--help",), ("check", "--help"), ("--version",)])
def test_help_is_there(words):
    done = sim(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


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
        ((SCENARIO, "--scale", "nan"), "run.scale"),
        ((SCENARIO, "--colour", "blue"), "--colour"),
        ((SCENARIO, "--set", "policy.vouchers.voucher_pool.face_valeu=3"), "face_valeu"),
        ((SCENARIO, SCENARIO), "names differ"),
    ],
)
def test_bad_words_are_one_line_and_status_2(words, said, tmp_path):
    done = sim(*words, *(() if words[0] == "check" else ("--out", tmp_path / "none")))
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "none").exists()


def test_an_interrupt_says_how_to_go_on(tmp_path):
    words = ["-m", "sim", str(SCENARIO), "--scale", "0.1", "--replications", "4", "--out", str(tmp_path), "--quiet"]
    run = subprocess.Popen([sys.executable, *words], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    while run.poll() is None and not (tmp_path / "xian_vouchers" / "scenario.txt").exists():
        time.sleep(0.1)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 130
    assert "To go on: python -m sim" in said
