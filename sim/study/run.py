"""Running a study: deal the tasks, keep what is finished, compare, write the tables."""

import io
import json
import math
import os
import platform
import signal
import subprocess
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from multiprocessing import resource_tracker
from pathlib import Path
from typing import Any, TypeVar

import polars as pl
from loky import get_reusable_executor
from loky.process_executor import TerminatedWorkerError

from sim.draws import Luck
from sim.engine.recorder import Record
from sim.engine.replication import Chain, Replication
from sim.kernels.ready import HALVES, compile_half
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of
from sim.policy.thinning import Rounded, rounded
from sim.scenario.resolved import as_tree
from sim.scenario.schema import Scenario
from sim.source import digest
from sim.study import compare
from sim.study.compare import Key, Outcome
from sim.study.disk import StoreError, write_whole
from sim.study.evidence import evidence_of
from sim.study.folder import ResultsFolder
from sim.study.match import Matched, match
from sim.study.plan import Arm, Plan, Setting, Task, job_hash, make_plan, span_of, standing
from sim.study.shapley import split_table
from sim.study.store import DamagedError, digest_of, job_path, load_record, save_record
from sim.study.summary import MANIFEST
from sim.study.waves import Found, by_arm, in_waves

Piece = TypeVar("Piece")
Made = TypeVar("Made")
Progress = Callable[[int, int], None]  # jobs finished, jobs in all
RETRIES = 2  # of a task whose worker died
_TIMES = ("wall_seconds", "processor_seconds")
_standing_by: list[Any] = []  # the workers' pool, which loky keeps from one plan to the next


@dataclass(frozen=True)
class Done:
    """What a worker sends home: outcomes by arm, family-months it simulated, and what went wrong by arm.

    damaged : jobs whose stored record was not whole, and which were run again
    """

    replication: int
    outcomes: dict[Key, Outcome]
    family_months: int
    processor_seconds: float
    failures: dict[Key, str]
    damaged: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """A finished study.

    failures : by "arm, replication r", the error; where there are any, no tables were written
    notices : what was found damaged in the folder and made again
    """

    folder: Path
    failures: dict[str, str]
    notices: tuple[str, ...] = ()


class JobsFailedError(RuntimeError):
    """Some jobs of a plan failed: by "arm, replication r", the error."""

    def __init__(self, failures: dict[str, str]) -> None:
        super().__init__(failures)
        self.failures = failures


@dataclass
class Bench:
    """Where plans are carried out one after another, and what was done for all of them.

    ahead : jobs of the plan that comes last, as far as it is known; at_work : those of the plan that is carried out
    jobs : those of the plans carried out before
    """

    folder: Path
    workers: int
    progress: Progress | None
    ahead: set[str]
    at_work: set[str] = field(default_factory=set)
    jobs: set[str] = field(default_factory=set)
    dones: list[Done] = field(default_factory=list)

    def outcomes(self, plan: Plan) -> dict[Key, list[Outcome]]:
        """Outcomes by arm, in the order of replications. Raises JobsFailedError."""
        return by_arm(*self.carried_out(plan))

    def carried_out(self, plan: Plan) -> tuple[Plan, Found]:
        """The plan with the arms that ended early, and its outcomes by arm and replication. Raises JobsFailedError."""
        failures: dict[str, str] = {}

        def carry(plan: Plan, first: int, until: int) -> Found:
            """Do a wave's tasks, sharing them among the workers."""
            self.at_work = plan.jobs()
            tasks = _split(plan.tasks(first, until), self.workers)
            dones = list(carry_out(tasks, self.folder, self.workers, self._tell))
            self.dones += [replace(done, outcomes={}) for done in dones]
            failures.update((_label(arm, d.replication), text) for d in dones for arm, text in d.failures.items())
            return {(key, d.replication): one for d in dones for key, one in d.outcomes.items()}

        plan, found = in_waves(plan, carry)
        self.jobs |= plan.jobs()
        if failures:
            raise JobsFailedError(failures)
        return plan, found

    def notices(self) -> tuple[str, ...]:
        """Lines on what was found damaged and made again."""
        damaged = sorted({job for done in self.dones for job in done.damaged})
        return tuple(f"{job_path(self.folder, job)}: found a damaged record, ran the job again" for job in damaged)

    def _tell(self) -> None:
        if self.progress is not None:
            jobs = self.jobs | self.at_work | self.ahead
            self.progress(sum(job_path(self.folder, job).exists() for job in jobs), len(jobs))


class Paired:
    """Arms of a task, each laid beside its yardstick in the same setting and of the same luck.

    record_of : the record of a chain in a setting; of the empty one in the task's home
    """

    def __init__(self, task: Task, record_of: Callable[[Setting, tuple[Instrument, ...]], Record]) -> None:
        self._task, self._record_of = task, record_of
        self._kept: dict[tuple[str, str, tuple[Instrument, ...]], Record] = {}  # yardsticks, which many arms share

    def outcome(self, arm: Arm) -> Outcome:
        """An arm's outcome. Raises as `record_of`."""
        beside = self._yardstick(arm)
        record = beside if arm.own == arm.yardstick else self._record(arm, arm.own)
        return compare.outcome(record, beside, self._task.scenario.welfare)

    def _yardstick(self, arm: Arm) -> Record:
        setting = arm.setting if arm.yardstick else self._task.home
        key = (setting.assumption, setting.end, arm.yardstick)
        if key not in self._kept:
            self._kept[key] = self._record(arm, arm.yardstick)
        return self._kept[key]

    def _record(self, arm: Arm, chain: tuple[Instrument, ...]) -> Record:
        return self._record_of(arm.setting if chain else self._task.home, chain)


def work(task: Task, folder: Path) -> Done:
    """Run what is missing of a task and pair every arm with its yardstick. Errors travel home as values."""
    scenario, r = task.scenario, task.replication
    began = time.process_time()
    city: list[Replication] = []
    damaged: list[str] = []

    def record_of(setting: Setting, own: tuple[Instrument, ...]) -> Record:
        """The job's record: stored, or run and stored."""
        job = job_hash(scenario, setting, own, r)
        try:
            stored = load_record(folder, job)
        except DamagedError:
            damaged.append(job)
            stored = None
        if stored is not None:
            return stored
        if not city:
            city.append(_warm(task))
        fresh = city[0].run(own, outlook=setting.city.families) if own else city[0].baseline()
        save_record(folder, job, fresh)
        return fresh

    outcomes, failures = {}, {}
    paired = Paired(task, record_of)
    for arm in task.arms:
        try:
            outcomes[arm.key] = paired.outcome(arm)
        except StoreError:
            raise
        except Exception:
            failures[arm.key] = traceback.format_exc()
    simulated = city[0].decisions if city else 0
    return Done(r, outcomes, simulated, time.process_time() - began, failures, tuple(damaged))


def _warm(task: Task) -> Replication:
    """Draw the task's city and run its warm-up to every month from which an arm forks."""
    scenario, span = task.scenario, span_of(task.scenario)
    stands = standing(scenario)
    luck = Luck(scenario.run.seed, task.replication)
    city = Replication(task.home.city, stands, span, luck, scenario.run.scale)
    forks = {Chain(stands, chain).fork_month for arm in task.arms for chain in arm.chains}
    city.prepare({m for m in forks if m is not None})
    return city


def run(
    scenario: Scenario,
    out: str | Path = "results",
    workers: int | None = None,
    fresh: bool = False,
    progress: Progress | None = None,
    command: str = "",
    publish: Callable[[Path], None] | None = None,
) -> Study:
    """Run a scenario and write its tables.

    out : the folder in which the scenario's own folder is made; workers : processes, all cores if left out
    fresh : run every job again; command : the line that repeats the run, for the manifest
    publish : called with the folder once the tables are in it, while no other run may enter
    Raises FolderError where the folder is busy or not this scenario's, StoreError where it cannot be written.
    """
    plan = make_plan(scenario)
    began = time.time()
    workers = workers or cores()
    if workers > 1:
        compile_at_once(workers)
    with ResultsFolder(Path(out) / scenario.stem, scenario.document.path) as folder:
        if fresh:
            folder.forget_jobs()
        bench = Bench(folder.path, workers, progress, plan.jobs())
        try:
            scenario, matched = match(scenario, bench.outcomes)
            plan = make_plan(scenario) if matched else plan
            bench.ahead = set()
            plan, found = bench.carried_out(plan)
        except JobsFailedError as error:
            folder.remove_tables()
            return Study(folder.path, error.failures, bench.notices())
        dones, notices, outcomes = bench.dones, [*bench.notices()], by_arm(plan, found)
        summary = compare.summarise(plan, outcomes)
        monthly = compare.monthly_table(plan, outcomes)
        _write_tables(folder.path, summary, monthly)
        folder.put_or_remove("split.csv", split_table(plan, outcomes).write_csv().encode() if plan.splits else None)
        simulated = sum(d.family_months for d in dones)
        spent = {"wall_seconds": time.time() - began, "processor_seconds": sum(d.processor_seconds for d in dones)}
        if simulated == 0:  # nothing was left to run: how it was run stays on record
            before = _spent_before(folder.path)
            if before is not None:
                spent, simulated = before
            elif (folder.path / MANIFEST).exists():
                notices.append(
                    f"{folder.path / MANIFEST}: found a damaged file, wrote it anew without the earlier times"
                )
        manifest = manifest_of(plan, matched, spent, simulated, command)
        write_whole(folder.path / MANIFEST, json.dumps(manifest, indent=1, ensure_ascii=False).encode())
        if publish is not None:
            publish(folder.path)
        folder.tidy(bench.jobs)
        return Study(folder.path, {}, tuple(notices))


def _spent_before(folder: Path) -> tuple[dict[str, float], int] | None:
    """Times and family-months of the run that did the work, from its manifest; None if it doesn't say."""
    try:
        old = json.loads((folder / MANIFEST).read_bytes())
        spent = {name: float(old[name]) for name in _TIMES}
        simulated = int(old["family_months"])
    except (FileNotFoundError, ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    sound = all(math.isfinite(seconds) and seconds > 0 for seconds in spent.values()) and simulated >= 0
    return (spent, simulated) if sound else None


def _label(arm: Key, replication: int) -> str:
    """How a failed job is named to the user."""
    return " ".join(word for word in (*arm[1:], f"replication {replication}") if word)


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def _pool(workers: int) -> Iterator[Any]:
    """The worker processes, ended by whatever ends the block, and with this process however that ends.

    Tasks are handed over within the block: an interrupt that falls between two steps of it leaves loky with a task
    that it waits for and never deals.
    """
    how = {"max_workers": workers, "timeout": 300, "initializer": _end_with, "initargs": (os.getpid(),)}
    pool: Any = None
    try:
        with _unheard():
            pool = get_reusable_executor(**how)
            _standing_by[:] = [pool]
            pool.submit(os.getpid)  # begins the workers
        yield pool
    except TerminatedWorkerError:
        raise  # loky has ended what was left of them
    except BaseException:
        if pool is not None:
            pool.shutdown(wait=False, kill_workers=True)
        raise


def end_workers() -> None:
    """End the workers that stand by for a next plan, and give back what they shared with us; without any, nothing."""
    while _standing_by:
        _standing_by.pop().shutdown(wait=True)  # one killed as it begins would leave its locks behind


@contextmanager
def _unheard() -> Iterator[None]:
    """Processes and threads begun within it never hear an interrupt, which a terminal sends to all processes.

    We do, when it ends: we end the workers, and they have no traces to show.
    """
    resource_tracker.ensure_running()  # at its own start it lets interrupts through again, whatever was before
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with(parent: int) -> None:
    """In a worker: watch the parent, and end once it is gone."""

    def watch() -> None:
        """Look once a second whether the parent is gone."""
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def compile_at_once(workers: int) -> None:
    """On the first run of this source, compile the kernels before the workers need them, in several processes."""
    done = Path(os.environ["NUMBA_CACHE_DIR"]) / "complete"
    if not done.exists():
        with _pool(workers) as pool:
            list(pool.map(compile_half, range(HALVES)))
        done.touch()


def _split(tasks: list[Task], workers: int) -> list[Task]:
    """A wave's tasks; with fewer than workers, a task's arms are split."""
    pieces = -(-workers // len(tasks))
    if pieces == 1:
        return tasks
    return [
        Task(t.scenario, t.home, t.replication, t.arms[k::pieces])
        for t in tasks
        for k in range(pieces)
        if t.arms[k::pieces]
    ]


def carry_out(
    tasks: list[Task],
    folder: Path,
    workers: int,
    tell: Callable[[], None] = lambda: None,
    do: Callable[[Task, Path], Done] | None = None,
) -> Iterator[Done]:
    """Run tasks here or over worker processes; a task whose worker died is tried again, then given up.

    tell : called now and then; do : what is done with each task, in a worker; `work` if left out
    """
    do = do or work
    if workers == 1:
        for task in tasks:
            yield do(task, folder)
            tell()
        return
    left = dict.fromkeys(range(len(tasks)), 0)
    while left:
        try:
            with _pool(workers) as pool:
                futures: dict[Future[Done], int] = {pool.submit(do, tasks[n], folder): n for n in left}
                for future in _as_finished(futures, tell):
                    yield future.result()
                    del left[futures[future]]
        except TerminatedWorkerError:
            # a death breaks the whole pool: nobody knows whose task it was, so all that are left are tried again
            left = {n: tried + 1 for n, tried in left.items()}
            for n in [n for n, tried in left.items() if tried > RETRIES]:
                del left[n]
                lost = {arm.key: "its worker process died, and so did those that tried again" for arm in tasks[n].arms}
                yield Done(tasks[n].replication, {}, 0, 0.0, lost)


@contextmanager
def meanwhile(do: Callable[[Piece], Made], pieces: Sequence[Piece], workers: int) -> Iterator[Callable[[], list[Made]]]:
    """Have worker processes do something with each piece while the block runs; what is given waits for all of it.

    With one worker it is done here, when asked for, and so it is where a worker has died.
    """
    if workers == 1:
        yield lambda: [do(piece) for piece in pieces]
        return
    with _pool(workers) as pool:
        futures = [pool.submit(do, piece) for piece in pieces]

        def finished() -> list[Made]:
            """Everything that was made, in the order of the pieces."""
            try:
                return [future.result() for future in futures]
            except TerminatedWorkerError:
                return [do(piece) for piece in pieces]

        yield finished


def _as_finished(futures: dict[Future[Done], int], tell: Callable[[], None]) -> Iterator[Future[Done]]:
    """Futures as they finish, with a look at the finished jobs twice a second."""
    open_ones = set(futures)
    while open_ones:
        finished, open_ones = wait(open_ones, timeout=0.5, return_when=FIRST_COMPLETED)
        tell()
        yield from finished


def _write_tables(folder: Path, summary: pl.DataFrame, monthly: pl.DataFrame) -> None:
    """summary.csv and monthly.parquet, whole or not at all."""
    write_whole(folder / "summary.csv", summary.write_csv().encode())
    packed = io.BytesIO()
    monthly.write_parquet(packed, compression="zstd", statistics=False)
    write_whole(folder / "monthly.parquet", packed.getvalue())


def manifest_of(
    plan: Plan, matched: tuple[Matched, ...], spent: dict[str, float], family_months: int, command: str
) -> dict[str, Any]:
    """How the study was run, and what it rests on."""
    scenario, run = plan.scenario, plan.scenario.run
    resolved = as_tree(scenario)
    return {
        "title": scenario.title,
        "title_zh": scenario.title_zh,
        "city": scenario.city.name,
        "city_zh": scenario.city.name_zh,
        "assumptions_zh": dict(scenario.knowledge.names_zh),
        "policies": [_policy_entry(plan, a) for a in plan.arms if a.shown],
        "matched": [one.entry() for one in matched],
        "sweep": _sweep_entry(plan),
        "fees_respond": bool(_kinds_that_set_fees(scenario)),
        "kinds_that_set_fees": _kinds_that_set_fees(scenario),
        "counted": {"from": str(run.counted_from), "until": str(run.until)},
        "replications": run.replications,
        "looks": list(plan.looks),
        "arms": [_arm_entry(plan, arm) for arm in plan.arms],
        "scale": run.scale,
        "seed": run.seed,
        "command": command.encode("utf-8", "backslashreplace").decode(),
        "notes": _notes(plan),
        "scenario": resolved,
        "scenario_hash": digest_of(resolved),
        "source_digest": digest(),
        "commit": _commit(),
        "versions": {p: version(p) for p in ("childcare-sim", "numpy", "numba", "scipy", "simpy", "polars")}
        | {"python": platform.python_version()},
        "processor": _processor(),
        **spent,
        "family_months": family_months,
        "family_months_per_second": family_months / spent["wall_seconds"],
        "evidence": evidence_of(scenario, matched),
    }


def _policy_entry(plan: Plan, arm: Arm) -> dict[str, Any]:
    """A policy's name and role, and what a Chinese report calls it where the scenario says so."""
    labels = {policy.name: policy.name_zh for policy in plan.scenario.policies}
    label = labels.get(arm.name) if arm.role == "policy" else None
    return {"name": arm.name, "role": arm.role} | ({} if label is None else {"name_zh": label})


def _arm_entry(plan: Plan, arm: Arm) -> dict[str, Any]:
    """Which arm, and in how many replications it was run."""
    moved = {"assumption": arm.assumption, "end": arm.end} if arm.assumption else {}
    return {"name": arm.name, "role": arm.role, **moved, "replications": plan.replications(arm)}


def _processor() -> dict[str, Any]:
    """The machine's processor and its vector features, as far as the system tells."""
    described: dict[str, Any] = {"machine": platform.machine(), "cores": cores()}
    listed = Path("/proc/cpuinfo")
    if listed.exists():
        facts = dict(line.split(":", 1) for line in listed.read_text().split("\n\n")[0].splitlines() if ":" in line)
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        described["model"] = facts.get("model name", "")
        described["features"] = [f for f in facts.get("flags", "").split() if f.startswith(("avx", "fma", "sse4"))]
    return described


def _sweep_entry(plan: Plan) -> dict[str, Any] | None:
    """The grid as the report draws it."""
    sweep = plan.scenario.sweep
    if sweep is None:
        return None
    axes = [
        {"path": path, "label": path.rpartition(".")[2], "values": list(values), "scale": scale}
        for path, values, scale in sweep.axes
        if len(values) > 1
    ]
    arms = [{"name": name, "values": list(values)} for name, values in plan.sweep_values.items()]
    plain: dict[str, Any] = json.loads(json.dumps({"policy": sweep.policy, "axes": axes, "arms": arms}, default=str))
    return plain


def _kinds_that_set_fees(scenario: Scenario) -> list[str]:
    """Kinds of which there are institutions, and whose rule moves fees."""
    return [k.name for k in scenario.city.supply.kind if k.share > 0 and k.fee_rule != "fixed"]


def _notes(plan: Plan) -> list[dict[str, Any]]:
    """What a reader must know before believing the table: keys of the report's words, with what fills their gaps."""
    scenario = plan.scenario
    setting = _kinds_that_set_fees(scenario)
    notes: list[dict[str, Any]] = [{"key": "fees_respond", "kinds": setting} if setting else {"key": "fees_fixed"}]
    if scenario.run.replications < 2:
        notes.append({"key": "one_replication"})
    notes += _asked(plan)
    chains = {"": scenario.standing} | {policy.name: policy.instruments for policy in scenario.policies}
    for name, chain in chains.items():
        notes += [_thinning(name, one) for one in rounded(chain, scenario.run.scale)]
    return notes


def _asked(plan: Plan) -> Iterator[dict[str, Any]]:
    """Notes on arms that were run until they were known well enough, by role."""
    for role in ("sweep", "split", "knowledge") if len(plan.looks) > 1 else ():
        counts = [plan.replications(arm) for arm in plan.arms if arm.role == role and plan.asked(arm)]
        if counts:
            most = plan.scenario.run.replications
            yield {"key": f"asked.{role}", "fewest": min(counts), "most": max(counts), "run": most}


def _thinning(policy: str, one: Rounded) -> dict[str, Any]:
    """The note on an instrument that being whole at a small scale changes; the policy is "" for the city's own."""
    return {
        "key": "thinned" if any(one.left) else "thinned_away",
        "policy": policy,
        "parameter": f"{kind_of(one.instrument)}.{one.parameter}",
        "written": [f"{count}" for count in one.written],
        "thinned": [f"{count:.3g}" for count in one.thinned],
        "left": [f"{count}" for count in one.left],
    }


def _commit() -> str | None:
    """The code's commit, where the package lies in a git checkout."""
    here = Path(__file__).parent
    try:
        shown = subprocess.run(["git", "rev-parse", "HEAD"], cwd=here, capture_output=True, text=True, timeout=5)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return shown.stdout.strip() or None
