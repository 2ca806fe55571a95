"""The scenario to start from: written once, accepted as it stands, in a folder of scenarios and in an empty one."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim.scenario.schema import load
from sim.scenario.starter import starter
from sim.study.plan import make_plan

ROOT = Path(__file__).resolve().parents[2]


def new(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "import sys; from sim.__main__ import main; main()", "new", name]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "HOME": str(Path.home())}
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, env=environment)


@pytest.fixture(params=["empty", "scenarios", "scenarios with cities"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param != "empty":
        (tmp_path / "scenarios").mkdir()
    if request.param == "scenarios with cities":
        (tmp_path / "scenarios" / "cities").mkdir()
        city = ROOT / "scenarios" / "cities" / "xian.toml"
        (tmp_path / "scenarios" / "cities" / "xian.toml").write_bytes(city.read_bytes())
    return tmp_path


def test_it_is_accepted_as_it_stands_and_never_replaced(place: Path) -> None:
    done = new("我的 first", place)
    assert (done.returncode, done.stderr) == (0, "")
    (path,) = place.rglob("我的 first.toml")
    assert path.parent.name == ("scenarios" if (place / "scenarios").is_dir() else place.name)
    scenario = load(path)
    assert make_plan(scenario).arms[0].own == ()
    assert scenario.title == "我的 first"
    assert [e.key for e in scenario.document.evidence if e.source is None] == []
    before = path.read_bytes()
    again = new("我的 first.toml", place)
    assert again.returncode == 2
    assert "expected a name that is not taken" in again.stderr
    assert path.read_bytes() == before


def test_the_sweep_is_accepted_once_its_marks_are_taken_away(place: Path) -> None:
    folder = place / "scenarios" if (place / "scenarios").is_dir() else place
    text = starter("swept", folder)
    for line in text.split("# [sweep]")[1].splitlines()[1:4]:
        text = text.replace(line, line.removeprefix("# "))
    path = folder / "swept.toml"
    path.write_text(text.replace("# [sweep]", "[sweep]"), encoding="utf-8")
    sweep = load(path).sweep
    assert sweep is not None
    assert len(make_plan(load(path)).sweep_values) == 3


@pytest.mark.parametrize(
    "name", ["", "../out", "a/b", ".hidden", "-x y", 'a"b', "a\nb", "x" * 200, "_", "_x", "托" * 67]
)
def test_a_name_that_is_no_files_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected letters, digits"):
        starter(name, tmp_path)


@pytest.mark.parametrize("name", ["a/b", "_", "托" * 90])
def test_a_refused_name_is_one_line_and_status_2(name: str, tmp_path: Path) -> None:
    done = new(name, tmp_path)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert list(tmp_path.iterdir()) == []


def test_the_longest_name_is_a_file(tmp_path: Path) -> None:
    assert new("托" * 66, tmp_path).returncode == 0
    assert [path.stem for path in tmp_path.iterdir()] == ["托" * 66]
