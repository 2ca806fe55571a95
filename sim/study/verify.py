"""Verification: a sample of a finished study's jobs is run again, and what the folder says is made again from its jobs.

Nothing is written into the folder; what is run again lies in a temporary one. What differs is told in lines; nothing
differs where there are none.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from sim.engine.recorder import Record
from sim.policy.instrument import Instrument
from sim.scenario.faults import Fault, toml_text
from sim.scenario.resolved import from_tree
from sim.scenario.schema import Scenario
from sim.source import digest
from sim.study import compare
from sim.study.compare import ALL, Outcome
from sim.study.differences import first_few, of_cells, of_parquet, of_split, shown
from sim.study.disk import StoreError
from sim.study.folder import MARKER, held
from sim.study.metrics import METRICS
from sim.study.plan import Arm, Plan, Setting, Task, job_hash, make_plan
from sim.study.run import Done, Paired, carry_out, compile_at_once, cores, manifest_of
from sim.study.shapley import split_table
from sim.study.store import DamagedError, digest_of, job_path, load_record, stored_jobs
from sim.study.summary import MANIFEST, SUMMARY, BadResults, Finished, read_finished, read_summary
from sim.study.waves import Found, by_arm, in_waves

_OF_THE_SCENARIO = (  # entries of the manifest that follow from the scenario in it
    "title", "title_zh", "city", "city_zh", "assumptions_zh", "policies", "sweep", "fees_respond",
    "kinds_that_set_fees", "counted", "replications", "looks", "arms", "scale", "seed", "notes", "scenario_hash",
)  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """What was looked at, and a line for each thing that differs.

    again : jobs that were run again, by policy and replication; jobs : how many the study has
    """

    jobs: int
    again: tuple[str, ...]
    differences: tuple[str, ...]


@dataclass(frozen=True)
class Job:
    """A job of the plan: its arm, or the baseline that an arm forks from, in one replication."""

    scenario: Scenario
    name: str
    setting: Setting
    own: tuple[Instrument, ...]
    replication: int

    def hash(self, source: str) -> str:
        """Its hash under the source of that digest."""
        return job_hash(self.scenario, self.setting, self.own, self.replication, source)

    @property
    def label(self) -> str:
        """How it is named to the reader."""
        return f"{self.name} replication {self.replication}"


def verify(folder: Path, sample: int = 3, workers: int | None = None) -> Verdict:
    """Run some jobs of a finished study again, make its tables again from its jobs, and say what differs.

    sample : how many jobs to run again, spread over policies; their replications' baselines come with them
    workers : processes, all cores if left out
    Raises BadResults for what is no results folder, BadScenario where this program can't read its scenario, FolderError
    where a run is at work in it, StoreError or OSError where it can't be read.
    """
    if folder.is_dir() and not (folder / MARKER).is_file():
        raise BadResults([Fault(str(folder / MARKER), "(file)", "no file", "the results folder of a finished study")])
    if not folder.is_dir():
        read_finished([folder])  # says what is wrong with it
    with held(folder):
        (study,) = read_finished([folder])
        plan = _as_run(make_plan(_scenario(study)), study)
        workers = workers or cores()
        if workers > 1:
            compile_at_once(workers)
        source = str(study.manifest["source_digest"])
        told = [*_of_the_program(study), *_of_the_manifest(plan, study), *_of_surplus_jobs(plan, study, source)]
        told += _of_the_tables(plan, study, source, workers)
        tasks = sampled(plan, sample)
        again = list(dict.fromkeys(job.label for task in tasks for job in _jobs(task)))
        told += _of_the_sample(tasks, study, source, workers)
        count = len({job.hash(source) for task in plan.tasks() for job in _jobs(task)})
        return Verdict(count, tuple(again), tuple(dict.fromkeys(told)))


def _scenario(study: Finished) -> Scenario:
    """What was run: the scenario that the manifest holds. Raises BadScenario."""
    file = (study.folder / MARKER).read_text(encoding="utf-8", errors="replace").strip()
    manifest = study.manifest
    return from_tree(manifest["scenario"], manifest["evidence"], Path(file), study.folder / MANIFEST)


def _as_run(plan: Plan, study: Finished) -> Plan:
    """The plan with the arms ended where the manifest says so, if that is at a look."""
    listed = study.manifest.get("arms")
    entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    said = {
        tuple(str(one.get(word, "")) for word in ("role", "name", "assumption", "end")): one.get("replications")
        for one in entries
    }
    counts = {arm.key: said.get(arm.key) for arm in plan.arms if plan.asked(arm)}
    return replace(plan, ended={key: n for key, n in counts.items() if isinstance(n, int) and n in plan.looks[:-1]})


def _of_the_looks(plan: Plan, study: Finished, found: Found) -> Iterator[str]:
    """Arms that the stored jobs let end at another look than the manifest says."""

    def stored(asked: Plan, first: int, until: int) -> Found:
        """Outcomes of a wave, of the arms that were run in all of it."""
        keys = [arm.key for arm in asked.arms]
        return {(key, r): found[key, r] for key in keys for r in range(first, until) if (key, r) in found}

    made, _ = in_waves(replace(plan, ended={}), stored)
    lines = [
        f"{study.folder / MANIFEST}: arms: {_at(arm.name, arm.setting, arm)}: found {plan.replications(arm)} "
        f"replications, expected {made.replications(arm)}"
        for arm in plan.arms
        if plan.replications(arm) != made.replications(arm)
    ]
    yield from first_few(study.folder / MANIFEST, lines)


def _jobs(task: Task) -> Iterator[Job]:
    """The jobs of a task: the baseline of its home first, then those of its arms and their yardsticks, each once."""
    baseline = next((policy.name for policy in task.scenario.policies if not policy.instruments), "the bare city")
    yield Job(task.scenario, _at(baseline, task.home), task.home, (), task.replication)
    met: set[tuple[str, str, tuple[Instrument, ...]]] = set()
    for arm in task.arms:
        for chain in arm.chains:
            key = (arm.setting.assumption, arm.setting.end, chain)
            if key not in met:
                met.add(key)
                name = arm.name if chain == arm.own else task.scenario.policies[0].name
                yield Job(task.scenario, _at(name, arm.setting, arm), arm.setting, chain, task.replication)


def _at(name: str, setting: Setting, arm: Arm | None = None) -> str:
    """A policy's name, with the assumption that is moved."""
    moved, end = (arm.assumption, arm.end) if arm is not None else (setting.assumption, setting.end)
    return f"{name} with {moved} at its {end}" if moved else name


# ---------------------------------------------------------------------------------------------------------
# what needs no run


def _of_the_program(study: Finished) -> Iterator[str]:
    """Another source or version than this program's: then numbers are expected to differ."""
    file, ours = study.folder / MANIFEST, digest()
    if study.manifest["source_digest"] != ours:
        found = toml_text(study.manifest["source_digest"])
        yield (
            f"{file}: source_digest: found {found}, expected {toml_text(ours)}, this program's: another version ran "
            "these jobs, so that what is run again is expected to differ"
        )
    for package, theirs in study.manifest["versions"].items():
        if package == "python":
            continue
        try:
            here = version(package)
        except PackageNotFoundError:
            here = "none"
        if here != theirs:
            yield f"{file}: versions.{package}: found {toml_text(theirs)}, expected {toml_text(here)}, which is here"


def _of_the_manifest(plan: Plan, study: Finished) -> Iterator[str]:
    """Entries of the manifest that are not those of the scenario in it."""
    spent = {"wall_seconds": 1.0, "processor_seconds": 1.0}
    made = json.loads(json.dumps(manifest_of(plan, (), spent, 0, "")))
    made["scenario_hash"] = digest_of(study.manifest["scenario"])
    for name in sorted(set(made["versions"]) - set(study.manifest["versions"])):
        yield f"{study.folder / MANIFEST}: versions.{name}: found nothing, expected a version"
    searched = sorted(policy.name for policy in plan.scenario.policies if policy.match is not None)
    matched = study.manifest.get("matched")
    entries = matched if isinstance(matched, list) else [None]
    names = sorted(str(one.get("policy")) if isinstance(one, dict) else "" for one in entries)
    if names != searched:
        yield f"{study.folder / MANIFEST}: matched: found {toml_text(matched)}, expected those of {toml_text(searched)}"
    for key in _OF_THE_SCENARIO:
        found = study.manifest.get(key)
        if found != made[key]:
            yield f"{study.folder / MANIFEST}: {key}: found {toml_text(found)}, expected {toml_text(made[key])}"


def _of_surplus_jobs(plan: Plan, study: Finished, source: str) -> Iterator[str]:
    """Stored jobs that the plan doesn't name; a match leaves those of its search, which nothing tells from others."""
    if any(policy.match is not None for policy in plan.scenario.policies):
        return
    named = {job.hash(source) for task in plan.tasks() for job in _jobs(task)}
    expected = "expected none: no policy of the manifest has this job"
    surplus = sorted(stored_jobs(study.folder) - named)
    yield from first_few(
        study.folder / "jobs", [f"{job_path(study.folder, j)}: found a record, {expected}" for j in surplus]
    )


def _stored(folder: Path, job: Job, source: str) -> Record:
    """A job's record. Raises DamagedError where it is not there or not whole, StoreError."""
    path = job_path(folder, job.hash(source))
    try:
        record = load_record(folder, job.hash(source))
    except DamagedError as error:
        raise DamagedError(f"{path}: found a damaged record ({error}), expected that of {job.label}") from error
    except TypeError as error:
        raise DamagedError(f"{path}: found a record of another form, expected that of {job.label}") from error
    if record is None:
        raise DamagedError(f"{path}: found no file, expected the record of {job.label}")
    if not _within_bounds(record):
        raise DamagedError(f"{path}: found children or institutions that are not there, expected those of {job.label}")
    return record


def _within_bounds(record: Record) -> bool:
    """Whether every row that a record names is there: compiled loops do not ask."""
    bounds = (
        (record.stays["child"], record.children),
        (record.stays["at"], len(record.kind_cell)),
        (record.stays["last"], record.months()),
        (record.stay_cells, len(record.groups)),
        (record.kind_cell, len(record.groups)),
        (record.claim_child, record.children),
        (record.former, record.children),
        (record.claim_month, record.months()),
    )
    whole = all(((column >= 0) & (column < end)).all() for column, end in bounds)
    return whole and bool((record.stays["first"] <= record.stays["last"]).all())


def read_again(task: Task, folder: Path, source: str) -> Done:
    """Pair a task's stored records, running nothing; what is missing or damaged travels home as a failure.

    source : digest of the source that ran them
    """
    outcomes: dict[compare.Key, Outcome] = {}
    failures: dict[compare.Key, str] = {}
    jobs = {(job.setting.assumption, job.setting.end, job.own): job for job in _jobs(task)}

    def job_of(setting: Setting, chain: tuple[Instrument, ...]) -> Job:
        return jobs[setting.assumption, setting.end, chain]

    paired = Paired(task, lambda setting, chain: _stored(folder, job_of(setting, chain), source))
    for arm in task.arms:
        try:
            outcomes[arm.key] = paired.outcome(arm)
        except DamagedError as error:
            failures[arm.key] = str(error)
        except StoreError:
            raise
        except Exception as error:  # records that were changed may contradict each other in any way
            job = job_of(arm.setting if arm.own else task.home, arm.own)
            path = job_path(folder, job.hash(source))
            failures[arm.key] = f"{path}: found a record that can't be paired ({error}), expected that of {job.label}"
    return Done(task.replication, outcomes, 0, 0.0, failures)


def _of_the_tables(plan: Plan, study: Finished, source: str, workers: int) -> Iterator[str]:
    """Where the tables are not what the stored jobs give; if any of these is missing, that is told instead."""
    dones = list(carry_out(plan.tasks(), study.folder, workers, do=partial(read_again, source=source)))
    if lost := sorted({text for done in dones for text in done.failures.values()}):
        yield from first_few(study.folder / "jobs", lost)
        yield f"{study.folder / SUMMARY}: not compared with the jobs: {len(lost)} of them can't be read"
        return
    found = {(key, done.replication): one for done in dones for key, one in done.outcomes.items()}
    yield from _of_the_looks(plan, study, found)
    outcomes = by_arm(plan, found)
    summary = compare.summarise(plan, outcomes)
    if summary.write_csv().encode() != (study.folder / SUMMARY).read_bytes():
        yield from of_cells(study.folder / SUMMARY, read_summary(study.folder), summary)
    yield from of_parquet(study.folder / "monthly.parquet", compare.monthly_table(plan, outcomes))
    yield from of_split(study.folder / "split.csv", split_table(plan, outcomes) if plan.splits else None)


# ---------------------------------------------------------------------------------------------------------
# what is run again


def sampled(plan: Plan, sample: int) -> list[Task]:
    """Some jobs, each as a task of one arm: one of every arm before a second of any, policies before their variants.

    Which they are follows from the study's seed alone, however often it is asked.
    """
    seed = plan.scenario.run.seed

    def lot(arm: Arm, replication: int = -1) -> str:
        """What an arm, or one of its replications, is ordered by."""
        return digest_of({"seed": seed, "arm": list(arm.key), "replication": replication})

    arms = sorted(plan.arms, key=lambda arm: (arm.role != "policy", not arm.own, arm.role != "sweep", lot(arm)))
    turns = [sorted(range(plan.replications(arm)), key=partial(lot, arm)) for arm in arms]
    dealt = zip_longest(*turns)  # one turn after another, each over all arms
    tasks = [
        Task(plan.scenario, arm.home, replication, (arm,))
        for turn in dealt
        for arm, replication in zip(arms, turn, strict=True)
        if replication is not None
    ]
    return tasks[:sample]


def _of_the_sample(tasks: list[Task], study: Finished, source: str, workers: int) -> list[str]:
    """Run tasks again in a folder of their own, and say which records differ from those stored."""
    if not tasks:
        return []
    with TemporaryDirectory(prefix="childcare-sim-verify-") as name:
        scratch = Path(name)
        (scratch / "jobs").mkdir()
        told = [
            f"{study.folder}: {arm.name} replication {done.replication} failed when run again: {_last(text)}"
            for arm, done, text in _failures(tasks, carry_out(tasks, scratch, min(workers, len(tasks))))
        ]
        for task in tasks:
            told += _of_a_task(task, study.folder, scratch, source)
    return told


def _failures(tasks: Sequence[Task], dones: Iterable[Done]) -> list[tuple[Arm, Done, str]]:
    """Arms that failed, with the errors."""
    arms = {arm.key: arm for task in tasks for arm in task.arms}
    return [(arms[key], done, text) for done in dones for key, text in done.failures.items()]


def _last(trace: str) -> str:
    return trace.strip().splitlines()[-1]


def _of_a_task(task: Task, folder: Path, scratch: Path, source: str) -> Iterator[str]:
    """How the records of a task differ from those stored; what is missing or damaged has been told elsewhere."""
    stored: list[Record] = []
    fresh: list[Record] = []
    for job in _jobs(task):
        try:
            stored.append(_stored(folder, job, source))
            fresh.append(_stored(scratch, job, digest()))
        except DamagedError:
            return
        arrays = unlike(stored[-1], fresh[-1])
        if arrays:
            said = _first_metric(stored, fresh)
            path = job_path(folder, job.hash(source))
            yield f"{path}: {job.label}: {said}; arrays that differ: {', '.join(arrays)}"


def unlike(one: Record, other: Record) -> list[str]:
    """Names of the arrays in which two records differ by as much as a bit."""
    return [
        name
        for name, value in _arrays(one).items()
        if name not in _arrays(other) or _bits(value) != _bits(_arrays(other)[name])
    ]


def _arrays(record: Record) -> dict[str, Any]:
    plain = {f.name: getattr(record, f.name) for f in fields(Record) if f.name != "stays"}
    return plain | {f"stays.{name}": column for name, column in record.stays.items()}


def _bits(value: Any) -> tuple[str, tuple[int, ...], bytes]:
    """Type, shape and content of an array."""
    array = np.asarray(value)
    return array.dtype.str, array.shape, array.tobytes()


def _first_metric(stored: Sequence[Record], fresh: Sequence[Record]) -> str:
    """The first metric over the counted window in which a job differs when run again, and its two values.

    stored, fresh : the baseline's record first, the job's last
    """
    again = compare.outcome(fresh[-1], fresh[0])
    try:
        found = compare.outcome(stored[-1], stored[0])
    except Exception as error:  # see `read_again`
        return f"found a record that can't be paired ({error})"
    if found.groups != again.groups:
        return "found other groups than when run again"
    for metric in METRICS:
        parts = [part for part in (metric.top, metric.bottom) if part]
        apart = np.any([found.window[part] != again.window[part] for part in parts], axis=0)
        for column in np.flatnonzero(apart):
            group = found.groups[column]
            told = "" if group == ALL else f" ({group})"
            one, other = (compare.estimate(metric, [o], int(column)).value for o in (found, again))
            return f"{metric.name}{told} found {shown(one)}, and {shown(other)} when run again"
    return "found no metric of the window that differs"
