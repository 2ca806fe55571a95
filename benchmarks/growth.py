"""Growth: what an arm costs per child, and which share of the children it weighs, from a small town to a nation's city.

python -m benchmarks.growth [--most 3000000] [--repeats 2] [--figure benchmarks/growth.svg]

Each size is measured in a process of its own, on one core, one after another; the figure is drawn from what they print.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullFormatter

from benchmarks.arms import best_run, called_once, chains, peak_memory, warmed_up
from benchmarks.run import last_line, machine
from sim.engine.recorder import CITY_TOTALS, ROW, Record
from sim.engine.replication import Replication
from sim.scenario.schema import load
from sim.study.plan import span_of

ROOT = Path(__file__).resolve().parents[1]
SIZES = (10_000, 30_000, 100_000, 300_000, 1_000_000, 3_000_000)  # children under three
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


@dataclass(frozen=True)
class Arm:
    """An arm at one size.

    seconds : of one core; weighed : share of its child-months that were weighed
    """

    name: str
    seconds: float
    weighed: float


@dataclass(frozen=True)
class Size:
    """A city of one size.

    children : under three, mean over the counted months; warm_up : seconds of one core; memory : of the process [MB]
    """

    scale: float
    children: float
    warm_up: float
    memory: float
    arms: tuple[Arm, ...]


def child_months_weighed(city: Replication) -> int:
    """Child-months that a replication has weighed so far: those of its decisions that were not passed over."""
    return city.weighed


def mean_children(record: Record) -> float:
    """Children under three, mean over the counted months."""
    return float(record.totals[ROW["children"], :, 0].mean())


def measured(scenario_file: Path, scale: float, repeats: int) -> Size:
    """One size, in this process, on one core."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    called_once(scenario_file)
    scenario = load(scenario_file, [f"run.scale={scale}"])
    began = time.process_time()
    city = warmed_up(scenario)
    warm_up = time.process_time() - began
    baseline, arms = city.baseline(), []
    for name, own in chains(scenario).items():
        before = child_months_weighed(city)
        seconds, record = best_run(city, own, repeats)
        decided = int(record.city[CITY_TOTALS.index("decisions")].sum())
        weighed = (child_months_weighed(city) - before) / repeats / decided
        arms.append(Arm(name, seconds, weighed))
    return Size(scale, mean_children(baseline), warm_up, peak_memory(), tuple(arms))


def children_at_full_scale(scenario_file: Path) -> float:
    """Children under three of the scenario's city, near enough: the births of three years."""
    scenario = load(scenario_file)
    year = scenario.run.counted_from.year
    return float(sum(scenario.city.births.by_year[str(born)] for born in range(year - 2, year + 1)))


def in_a_process(scenario_file: Path, scale: float, repeats: int) -> Size:
    """One size, measured in a process of its own. Raises SystemExit where it fails."""
    words = ["--scenario", str(scenario_file), "--at", repr(scale), "--repeats", str(repeats)]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.growth", *words], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"scale {scale:g}: status {done.returncode}: {last_line(done.stderr)}")
    said = json.loads(done.stdout)
    return Size(**said | {"arms": tuple(Arm(**arm) for arm in said["arms"])})


def table(sizes: Sequence[Size]) -> list[str]:
    """The numbers as a table: a row for each size."""
    names = [arm.name for arm in sizes[0].arms]
    heads = [f"{name}, µs a child (weighed)" for name in names]
    lines = [f"| children under three | warm-up, µs a child | memory, MB | {' | '.join(heads)} |"]
    lines.append("|---" * (3 + len(names)) + "|")
    for size in sizes:
        cells = [f"{1e6 * arm.seconds / size.children:.3g} ({arm.weighed:.1%})" for arm in size.arms]
        first = f"{size.children:,.0f} | {1e6 * size.warm_up / size.children:.3g} | {size.memory:,.0f}"
        lines.append(f"| {first} | {' | '.join(cells)} |")
    return lines


def draw(sizes: Sequence[Size], path: Path) -> None:
    """Draw time per child, and the share of children weighed, by the size of the city."""
    mpl.rcParams["svg.fonttype"], mpl.rcParams["svg.hashsalt"] = "none", path.stem
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    across = [size.children for size in sizes]
    for n, arm in enumerate(sizes[0].arms):
        colour = COLOURS[n % len(COLOURS)]
        spent = [1e6 * size.arms[n].seconds / size.children for size in sizes]
        weighed = [100 * size.arms[n].weighed for size in sizes]
        left.plot(across, spent, color=colour, marker="o", markersize=3, label=arm.name)
        right.plot(across, weighed, color=colour, marker="o", markersize=3)
    for axes, said in ((left, "µs of one core a child, of each arm"), (right, "child-months weighed, %")):
        dressed(axes, said)
    left.legend(frameon=False, fontsize=8)
    figure.savefig(path, metadata={"Date": None})


def dressed(axes: Axes, said: str) -> None:
    """Name the axes of one half of the figure: sizes by a logarithm, what is measured from zero on."""
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("children under three")
    axes.set_title(said, fontsize=10, loc="left")
    axes.set_ylim(bottom=0)
    axes.spines[["top", "right"]].set_visible(False)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scenario", type=Path, default=ROOT / "scenarios" / "xian_vouchers.toml")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="children under three of the largest city")
    parser.add_argument("--repeats", type=int, default=2, help="of each arm, of which the best counts")
    parser.add_argument("--figure", type=Path, default=ROOT / "benchmarks" / "growth.svg")
    parser.add_argument("--at", type=float, help="one scale only, its numbers printed as JSON")
    options = parser.parse_args()
    if options.at is not None:
        print(json.dumps(asdict(measured(options.scenario, options.at, options.repeats))))
        return
    whole = children_at_full_scale(options.scenario)
    sizes = []
    for children in (size for size in SIZES if size <= options.most):
        sizes.append(in_a_process(options.scenario, children / whole, options.repeats))
        print(f"{sizes[-1].children:,.0f} children: {sizes[-1].memory:,.0f} MB", file=sys.stderr, flush=True)
    start = span_of(load(options.scenario))
    print(f"{machine()}\n\n{start.counted - start.first} months of warm-up, {start.end - start.counted} of each arm\n")
    print("\n".join(table(sizes)))
    draw(sizes, options.figure)


if __name__ == "__main__":
    main()
