"""This version of the program against an earlier one: the same work, in turns, on the same machine.

python -m benchmarks.against [COMMIT] [--rounds 3] [--scale 1.0] [--replications 10] [--parts job arms]

The earlier version is checked out into a temporary folder, which is removed afterwards; this one runs as it lies. Both
run in this interpreter's environment, each with its own folder on PYTHONPATH and its own cache of compiled code, filled
before anything is timed. Processor time is that of a command and of all processes that it began. `benchmarks.arms` is
this version's, laid out apart from either and run on each: one yardstick for both.
"""

import argparse
import csv
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.run import last_line, machine

ROOT = Path(__file__).resolve().parents[1]
SCENARIO = Path("scenarios") / "xian_vouchers.toml"
BEFORE = "8998fdf"
_ARMS = ("-m", "benchmarks.arms", "--scenario")
PROCESSOR, WALL, MEMORY = "processor, s", "wall, s", "memory, MB"
_ARM = re.compile(r"^\| (?P<name>[^|]+?) \| (?P<seconds>[0-9.]+) \|", re.MULTILINE)
_WARM_UP = re.compile(r"^city and warm-up of .*: (?P<seconds>[0-9.]+) s of one core$", re.MULTILINE)
_PEAK = re.compile(r"^peak memory: (?P<megabytes>[0-9]+) MB", re.MULTILINE)

Figure = tuple[str, str]  # what was done, and what of it was measured


@dataclass(frozen=True)
class Version:
    """The program at one of its commits.

    folder : its files; home : where its compiled code and its results are kept, and it is run
    """

    name: str
    folder: Path
    home: Path

    @property
    def out(self) -> Path:
        """Folder in which its runs write."""
        return self.home / "results"

    @property
    def scenario(self) -> str:
        """Its file of the main job."""
        return str(self.folder / SCENARIO)

    def call(self, *words: str) -> str:
        """Run a command on this version and return what it prints. Raises SystemExit where it fails."""
        environment = os.environ | {"PYTHONPATH": str(self.folder), "XDG_CACHE_HOME": str(self.home / "cache")}
        environment.pop("NUMBA_CACHE_DIR", None)
        done = subprocess.run(
            [sys.executable, *words], cwd=self.home, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"{self.name}: {' '.join(words)}: status {done.returncode}: {last_line(done.stderr)}")
        return done.stdout

    def check(self) -> None:
        """Raise SystemExit if another version's files would be run."""
        found = self.call("-c", "import sim; print(sim.__file__)").strip()
        if Path(found).resolve() != (self.folder / "sim" / "__init__.py").resolve():
            raise SystemExit(f"{self.name}: found {found}, expected the package in {self.folder}")


@dataclass
class Measured:
    """Measurements of one version, by figure, in the order of the rounds."""

    figures: dict[Figure, list[float]] = field(default_factory=dict)

    def add(self, fresh: Mapping[Figure, float]) -> None:
        """Append the figures of a round."""
        for figure, value in fresh.items():
            self.figures.setdefault(figure, []).append(value)


def checked_out(commit: str, into: Path) -> Path:
    """A copy of the repository at a commit. Raises SystemExit where there is none."""
    folder = into / "then"
    for words in (
        ("clone", "--quiet", "--shared", "--no-checkout", str(ROOT), str(folder)),
        ("-C", str(folder), "checkout", "--quiet", "--detach", commit),
    ):
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"git {words[0]}: {last_line(done.stderr)}")
    return folder


# what is timed ---------------------------------------------------------------------------------------


def main_job(version: Version, options: argparse.Namespace) -> dict[Figure, float]:
    """Processor and wall time of the public command, every job run again, with tables, figures, page and workbook."""
    words = ["-m", "sim", version.scenario, "--quiet", "--fresh", "--out", str(version.out)]
    words += ["--workers", str(options.workers), "--scale", str(options.scale)]
    if options.replications is not None:
        words += ["--replications", str(options.replications)]
    before, began = processor_of_children(), time.perf_counter()
    version.call(*words)
    wall, processor = time.perf_counter() - began, processor_of_children() - before
    return {("main job", PROCESSOR): processor, ("main job", WALL): wall}


def processor_of_children() -> float:
    """Processor time of all processes that were begun from here and have ended, and of those they waited for [s]."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def arms(version: Version, options: argparse.Namespace) -> dict[Figure, float]:
    """Processor time of warm-up and arms, and peak memory, as `benchmarks.arms` prints them."""
    said = version.call(*_ARMS, version.scenario, "--scale", str(options.scale), "--repeats", str(options.repeats))
    warm_up, peak = _WARM_UP.search(said), _PEAK.search(said)
    by_arm = {found["name"]: float(found["seconds"]) for found in _ARM.finditer(said)}
    if warm_up is None or peak is None or not by_arm:
        raise SystemExit(f"{version.name}: benchmarks.arms printed no table of arms, no warm-up or no peak of memory")
    figures: dict[Figure, float] = {("city and warm-up", PROCESSOR): float(warm_up["seconds"])}
    figures |= {(f"arm: {name}", PROCESSOR): seconds for name, seconds in by_arm.items()}
    figures["all arms", PROCESSOR] = sum(by_arm.values())
    figures["one process with a city", MEMORY] = float(peak["megabytes"])
    return figures


PARTS: dict[str, Callable[[Version, argparse.Namespace], dict[Figure, float]]] = {"job": main_job, "arms": arms}


def warm(version: Version, parts: Sequence[str]) -> None:
    """Compile and load whatever the version will need, and lay out the yardstick."""
    shutil.copytree(ROOT / "benchmarks", version.home / "benchmarks")
    version.check()
    small = ["--scale", "0.02"]
    if "job" in parts:
        version.call("-m", "sim", version.scenario, "--quiet", "--replications", "2", *small, "--out", str(version.out))
    if "arms" in parts:
        version.call(*_ARMS, version.scenario, "--repeats", "1", *small)


# what is said ----------------------------------------------------------------------------------------


def table(then: Measured, now: Measured) -> Iterator[str]:
    """Rows of the table: medians over rounds, and the median of the rounds' ratios, with the least and the greatest."""
    yield "| | before | now | ratio | rounds |"
    yield "|---|---|---|---|---|"
    for figure, before in then.figures.items():
        after = now.figures.get(figure)
        name = ", ".join(figure)
        if after is None:
            yield f"| {name} | {median(before):.4g} | – | – | |"
            continue
        ratios = [a / b for a, b in zip(before, after, strict=True)]
        spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
        yield f"| {name} | {median(before):.4g} | {median(after):.4g} | {median(ratios):.2f} | {spread} |"


def of_the_numbers(then: Version, now: Version) -> str:
    """Compare the two versions' tables: luck's rows of every policy that both of them have."""
    before, after = (luck_rows(version.out / SCENARIO.stem / "summary.csv") for version in (then, now))
    both = before.keys() & after.keys()
    apart = sum(before[key] != after[key] for key in both)
    only = len(before.keys() ^ after.keys())
    return (
        f"summary.csv: {len(both) - apart:,} rows the same to the bit, {apart:,} differ, {only:,} in one version only"
    )


def luck_rows(path: Path) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The numbers of a summary's rows as they are written, by policy, metric and group."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["doubt"] == "luck"]
    return {(row["policy"], row["metric"], row["group"]): tuple(row.values()) for row in rows}


def measure(then: Version, now: Version, options: argparse.Namespace) -> tuple[Measured, Measured]:
    """Results of both, in turns, so that a busy minute strikes both alike."""
    measured = Measured(), Measured()
    for number in range(options.rounds):
        for version, of_it in zip((then, now), measured, strict=True):
            for part in options.parts:
                figures = PARTS[part](version, options)
                of_it.add(figures)
                shown = ", ".join(f"{' '.join(figure)} {value:.4g}" for figure, value in figures.items())
                print(f"round {number + 1}: {version.name}: {shown}", file=sys.stderr, flush=True)
    return measured


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("commit", nargs="?", default=BEFORE, help="the earlier version")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--scale", type=float, default=1.0, help="of the city, in all parts")
    parser.add_argument("--replications", type=int, help="of the main job; the scenario's if left out")
    parser.add_argument("--repeats", type=int, default=3, help="of each arm, of which the best counts")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--parts", nargs="+", choices=[*PARTS], default=[*PARTS])
    options = parser.parse_args()

    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))  # the temporary folder goes then too
    with tempfile.TemporaryDirectory(prefix="childcare-sim-against-") as name:
        home = Path(name)
        versions = [
            Version(options.commit, checked_out(options.commit, home), home / "before"),
            Version("this version", ROOT, home / "now"),
        ]
        for version in versions:
            warm(version, options.parts)
        before, after = measure(versions[0], versions[1], options)
        replications = "" if options.replications is None else f", {options.replications} replications"
        print(
            f"{machine()}\n\n{SCENARIO}, scale {options.scale:g}{replications}, {options.workers} workers, warm,",
            end=" ",
        )
        print(f"{options.rounds} rounds in turns, before: {options.commit}\n")
        print("\n".join(table(before, after)))
        if "job" in options.parts:
            print(f"\n{of_the_numbers(versions[0], versions[1])}")


if __name__ == "__main__":
    main()
