"""Time the common job in SimPy, in Mesa and on our loops, and the program itself from end to end.

python -m benchmarks.run [--families 100000] [--rounds 3]
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from math import inf
from pathlib import Path
from statistics import median

from benchmarks import kernel_common_job
from benchmarks.common_job import CommonJob, Totals
from benchmarks.peers import mesa_families, simpy_families

ROOT = Path(__file__).resolve().parents[1]
LARGE = 1_000_000  # families
OURS, OURS_LARGE = "our loops, one thread", "our loops, one thread, 1 million families"
WITHOUT_BOUNDS = "the same, every shock worked out"


def machine() -> str:
    """Return what the figures were measured on."""
    cpu = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        names = [line for line in facts.read_text().splitlines() if line.startswith("model name")]
        cpu = names[0].partition(": ")[2] if names else cpu
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "numba", "simpy", "mesa"))
    return f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}, {packages}"


def speed(run: Callable[[CommonJob], Totals], job: CommonJob) -> float:
    """Return million family-months per second of one run."""
    return job.family_months / run(job).seconds / 1e6


def measure(families: int, rounds: int) -> dict[str, list[float]]:
    """Return the speeds of each implementation, in rounds so that a busy minute strikes all alike."""
    job, large = CommonJob(families), CommonJob(LARGE)
    entries = {
        f"SimPy {version('simpy')}, a process per family": (simpy_families.run, job, 1),
        f"Mesa {version('mesa')}": (mesa_families.run, job, 1),
        OURS: (kernel_common_job.run, job, 5),
        OURS_LARGE: (kernel_common_job.run, large, 5),
        WITHOUT_BOUNDS: (partial(kernel_common_job.run, margin=inf), large, 5),
    }
    kernel_common_job.run(CommonJob(2_000, months=1))  # compiles, or loads what was compiled
    speeds: dict[str, list[float]] = {name: [] for name in entries}
    for number in range(rounds):
        for name, (run, its_job, repeats) in entries.items():
            its_job.city  # noqa: B018  (drawn before the clock starts)
            speeds[name].append(median(speed(run, its_job) for _ in range(repeats)))
            print(f"round {number + 1}: {name}: {speeds[name][-1]:.3f}", file=sys.stderr)
    return speeds


def time_the_program(scenario: Path, replications: int, scale: float, workers: int) -> str:
    """Run the public command twice, the second time warm, and return what its manifest says of speed."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "sim", str(scenario), "--quiet", "--fresh", "--out", out]
        command += ["--replications", str(replications), "--scale", str(scale), "--workers", str(workers)]
        for _ in range(2):
            try:
                done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            except OSError as error:
                return f"did not start: {error}"
            if done.returncode:
                return f"did not run: exit status {done.returncode}: {last_line(done.stderr)}"
        try:
            manifest = json.loads((Path(out) / scenario.stem / "manifest.json").read_text(encoding="utf-8"))
            rate, months = manifest["family_months_per_second"] / 1e6, manifest["family_months"] / 1e6
            seconds = manifest["wall_seconds"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            return f"left no figures: {error!r}"
    return f"{rate:.2f} million family-months per second: {months:.0f} million in {seconds:.1f} s"


def last_line(text: str) -> str:
    """Return the last line of a text that says something."""
    return next((line for line in reversed(text.splitlines()) if line.strip()), "nothing on stderr")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--families", type=int, default=100_000, help="in the common job")
    parser.add_argument("--rounds", type=int, default=3, help="of the common job; 0 to leave it out")
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "xian_vouchers.toml")
    parser.add_argument("--replications", type=int, default=4, help="of the program; 0 to leave it out")
    parser.add_argument("--scale", type=float, default=1.0, help="of the program's city")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()

    print(machine())
    if options.rounds > 0:
        speeds = measure(options.families, options.rounds)
        ours = median(speeds[OURS])
        print(f"\nThe common job, {options.families:,} families, median of {options.rounds} rounds\n")
        print("| | million family-months/s | lowest | highest | ours is faster by |")
        print("|---|---|---|---|---|")
        for name, values in speeds.items():
            ratio = "" if name in (OURS, OURS_LARGE, WITHOUT_BOUNDS) else f"{ours / median(values):,.0f}"
            print(f"| {name} | {median(values):.3g} | {min(values):.3g} | {max(values):.3g} | {ratio} |")
    if options.replications > 0:
        figures = time_the_program(options.scenario.resolve(), options.replications, options.scale, options.workers)
        print(
            f"\nThe program, {options.scenario.name}, scale {options.scale:g}, warm, "
            f"{options.replications} replications, {options.workers} workers\n\n{figures}"
        )


if __name__ == "__main__":
    main()
