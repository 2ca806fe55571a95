"""The names a notebook needs: the lines of the README run, and what they return."""

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

import sim
from sim.study.disk import StoreError

ROOT = Path(__file__).resolve().parents[1]
HAMLET = ROOT / "tests" / "hamlet.toml"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    scenario = sim.load(HAMLET, ["run.seed=8"])
    study = sim.run(scenario, out=str(tmp_path_factory.mktemp("out")), workers=1)
    assert not study.failures
    return study.folder


def done_by_the_readme(mark: str, folder: Path) -> str:
    """What five lines of the README print, run in a folder that has the scenarios."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    block = readme.split(f"<!-- {mark}:begin -->")[1].split(f"<!-- {mark}:end -->")[0]
    code = block.strip().removeprefix("```python").removesuffix("```").strip()
    assert len([line for line in code.splitlines() if line]) == 5
    (folder / "scenarios").symlink_to(ROOT / "scenarios")
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, timeout=300, env=environment
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_lines_of_the_readme_run(tmp_path: Path) -> None:
    assert "xian_vouchers" in done_by_the_readme("python", tmp_path)
    assert (tmp_path / "results" / "from_python" / "xian_vouchers" / "summary.csv").exists()


def test_the_laboratory_of_the_readme_answers_and_writes_nothing(tmp_path: Path) -> None:
    answers = [line.split() for line in done_by_the_readme("laboratory", tmp_path).splitlines()]
    assert [yuan for yuan, _ in answers] == ["500", "800", "1000"]
    months = [float(added) for _, added in answers]
    assert months == sorted(months)
    assert months[0] < months[-1]
    assert [path.name for path in tmp_path.iterdir()] == ["scenarios"]


def test_one_folder_is_its_summary_with_its_name(folder: Path) -> None:
    one = sim.compare(folder)
    assert one.columns[0] == "study"
    assert set(one["study"]) == {"hamlet"}
    assert one.drop("study").write_csv().encode() == (folder / "summary.csv").read_bytes()
    assert all(one.schema[name] == pl.Float64 for name in ("value", "low", "high", "difference"))


def test_folders_of_the_same_name_are_told_apart_by_their_paths(folder: Path, tmp_path: Path) -> None:
    for name in ("hamlet", "other"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "summary.csv").write_bytes((folder / "summary.csv").read_bytes())
    assert sim.compare(folder, str(tmp_path / "other"))["study"].unique(maintain_order=True).to_list() == [
        "hamlet",
        "other",
    ]
    both = sim.compare(folder, tmp_path / "hamlet")
    assert both["study"].unique(maintain_order=True).to_list() == [str(folder), str(tmp_path / "hamlet")]
    assert both.height == 2 * sim.compare(folder).height


def test_a_folder_without_a_summary_is_named(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"summary\.csv: found no file"):
        sim.compare(tmp_path)


def test_the_package_is_light_until_asked() -> None:
    code = "import sys, sim; assert not {'numpy', 'polars', 'numba', 'pydantic'} & set(sys.modules); sim.compare"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
