"""The plan: which arms there are, what each job is, and how they are dealt to workers."""

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from sim.engine.job import Span
from sim.engine.tariff import MOST_CELLS, MOST_GROUPS, holds
from sim.params import range_of
from sim.policy.instrument import Instrument
from sim.policy.menu import kind_of, menu
from sim.scenario.document import assign
from sim.scenario.faults import BadScenario, Fault, from_validation
from sim.scenario.schema import Policy, Scenario, instrument_of
from sim.source import digest
from sim.study.store import digest_of
from sim.world.city import CityFacts

MOST_POINTS = 2000  # of a sweep's grid


@dataclass(frozen=True)
class Setting:
    """A city as one assumption has it; the central one has no name.

    assumption, end : "" or the assumption's name and "low" or "high"
    """

    assumption: str
    end: str
    city: CityFacts


@dataclass(frozen=True)
class Arm:
    """One chain of own instruments in one setting, ready to run: windows filled in, thinned, idle ones left out.

    name : as tables show it; of a knowledge arm, its policy's
    role : "policy", "sweep" or "knowledge"
    assumption, end : of a knowledge arm, what is moved and where to, "low" or "high"
    """

    name: str
    role: str
    own: tuple[Instrument, ...]
    setting: Setting
    assumption: str = ""
    end: str = ""

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from every other arm of the plan."""
        return self.role, self.name, self.assumption, self.end


@dataclass(frozen=True)
class Task:
    """What one worker is dealt: arms of one setting in one replication. The baseline comes with it."""

    scenario: Scenario
    setting: Setting
    replication: int
    arms: tuple[Arm, ...]


@dataclass(frozen=True)
class Plan:
    """All arms of a scenario. The first is the baseline.

    sweep_values : by arm name, its value on every axis of the sweep that has more than one
    """

    scenario: Scenario
    arms: tuple[Arm, ...]
    sweep_values: Mapping[str, tuple[Any, ...]]

    def replications(self, arm: Arm) -> int:
        """In how many replications an arm is run."""
        run = self.scenario.run.replications
        return min(run, self.scenario.knowledge.replications) if arm.role == "knowledge" else run

    def jobs(self) -> set[str]:
        """Hashes of all jobs."""
        return {
            job_hash(self.scenario, arm.setting, own, r)
            for arm in self.arms
            for r in range(self.replications(arm))
            for own in (arm.own, ())
        }

    def tasks(self) -> list[Task]:
        """All work dealt by setting and replication, the largest first."""
        dealt: dict[tuple[str, str, int], list[Arm]] = {}
        settings = {}
        for arm in self.arms:
            for r in range(self.replications(arm)):
                dealt.setdefault((arm.setting.assumption, arm.setting.end, r), []).append(arm)
                settings[arm.setting.assumption, arm.setting.end] = arm.setting
        tasks = [Task(self.scenario, settings[name, end], r, tuple(arms)) for (name, end, r), arms in dealt.items()]
        return sorted(tasks, key=lambda t: (-len(t.arms), t.setting.assumption, t.setting.end, t.replication))


def span_of(scenario: Scenario) -> Span:
    """The months of a scenario's run."""
    run = scenario.run
    return Span.of(run.start, run.counted_from, run.until, run.burn_in_months)


def ready(scenario: Scenario, instruments: tuple[Instrument, ...]) -> tuple[Instrument, ...]:
    """A policy's instruments as the engine runs them: windows filled in, thinned to scale, idle ones left out.

    Where the file gives no first day, it is the first counted one.
    """
    run = scenario.run
    return tuple(i.at_scale(run.scale).within(run.counted_from, run.until) for i in instruments if not i.idle)


def standing(scenario: Scenario) -> tuple[Instrument, ...]:
    """The city's standing programmes likewise; where the file gives no first day, it is the first simulated one."""
    run, first = scenario.run, span_of(scenario).first_day
    return tuple(i.at_scale(run.scale).within(first, run.until) for i in scenario.standing if not i.idle)


def job_hash(scenario: Scenario, setting: Setting, own: tuple[Instrument, ...], replication: int) -> str:
    """What a job is: city, clock, instruments, luck and this program's source; never a name."""
    run = scenario.run
    return digest_of(
        {
            "city": _without_sources(setting.city.model_dump(mode="json")),
            "clock": [str(run.start), str(run.counted_from), str(run.until), run.burn_in_months, run.scale],
            "standing": [_as_json(i) for i in standing(scenario)],
            "own": [_as_json(i) for i in own],
            "seed": run.seed,
            "replication": replication,
            "source": digest(),
        }
    )


def _as_json(instrument: Instrument) -> dict[str, Any]:
    return {"kind": kind_of(instrument), **_without_sources(instrument.model_dump(mode="json"))}


def _without_sources(tree: Any) -> Any:
    """The values alone: where a number comes from does not change what is simulated."""
    if isinstance(tree, dict):
        return {k: _without_sources(v) for k, v in tree.items() if k != "source"}
    return [_without_sources(x) for x in tree] if isinstance(tree, list) else tree


def make_plan(scenario: Scenario) -> Plan:
    """All arms: the policies, the sweep's grid, and each policy at each end of each assumption.

    Raises BadScenario if a value of the sweep is not one the parameter can take.
    """
    central = Setting("", "", scenario.city)
    arms = [Arm(p.name, "policy", ready(scenario, p.instruments), central) for p in scenario.policies]
    swept, values = _sweep_arms(scenario, central)
    knowledge = _knowledge_arms(scenario, central)
    plan = Plan(scenario, (*arms, *swept, *knowledge), values)
    _refuse_what_cannot_run(plan)
    return plan


def _refuse_what_cannot_run(plan: Plan) -> None:
    """Raise BadScenario for names that two arms share, and for more family groups than a tariff holds."""
    scenario, faults = plan.scenario, []
    file = str(scenario.document.path)
    keys = [arm.key for arm in plan.arms]
    names = [arm.name for arm in plan.arms if arm.role != "knowledge"]
    for name in sorted({n for n in names if names.count(n) > 1} | {k[1] for k in keys if keys.count(k) > 1}):
        faults.append(
            Fault(file, "policy", f'"{name}" twice', "names that differ, also from those of the sweep's arms")
        )
    institutions = round(scenario.city.supply.institutions * scenario.run.scale)
    stands = standing(scenario)
    for arm in plan.arms:
        if arm.role != "knowledge" and not holds(stands + arm.own, institutions):
            expected = f"instruments that tell at most {MOST_GROUPS} family groups apart, {MOST_CELLS:,} with offers"
            faults.append(Fault(file, "policy", f'"{arm.name}"', expected))
    if faults:
        raise BadScenario(faults)


def _sweep_arms(scenario: Scenario, central: Setting) -> tuple[list[Arm], dict[str, tuple[Any, ...]]]:
    """The grid's arms. One that equals its policy or a point met before is that arm, and shares its jobs."""
    sweep = scenario.sweep
    if sweep is None:
        return [], {}
    policy = next(p for p in scenario.policies if p.name == sweep.policy)
    met = {ready(scenario, p.instruments): p.name for p in reversed(scenario.policies)}
    size = math.prod(len(v) for _, v, _ in sweep.axes)
    if size > MOST_POINTS:
        raise BadScenario([Fault(str(scenario.document.path), "sweep", f"{size} points", f"at most {MOST_POINTS}")])
    arms: list[Arm] = []
    values: dict[str, tuple[Any, ...]] = {}
    for point in itertools.product(*(v for _, v, _ in sweep.axes)):
        shown = [(path, x) for (path, v, _), x in zip(sweep.axes, point, strict=True) if len(v) > 1]
        label = ",".join(f"{path.rpartition('.')[2]}={_short(x)}" for path, x in shown)
        own = ready(scenario, _at_point(scenario, policy, point))
        if own not in met:
            met[own] = f"{policy.name}[{label}]"
            arms.append(Arm(met[own], "sweep", own, central))
        values.setdefault(met[own], tuple(x for _, x in shown))
    return arms, values


def _short(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _at_point(scenario: Scenario, policy: Policy, point: tuple[Any, ...]) -> tuple[Instrument, ...]:
    """The policy's instruments with the grid point's values; an instrument it lacks is added at its idle values."""
    assert scenario.sweep is not None, "only called for a sweep"
    tables: list[dict[str, Any]] = [dict(t) for t in policy.tables]
    for (path, _, factor), value in zip(scenario.sweep.axes, point, strict=True):
        kind = path.partition(".")[0]
        if not any(t["kind"] == kind for t in tables):
            tables.append({"kind": kind})
        try:
            tables = assign(tables, path, value, factor)
            made = tuple(instrument_of(t) for t in tables)
        except LookupError as error:
            raise BadScenario([_sweep_fault(scenario, path, value, str(error))]) from None
        except ValidationError as error:
            faults = from_validation(error, scenario.document, ("sweep", path), menu()[kind])
            raise BadScenario([_sweep_fault(scenario, path, value, f.expected) for f in faults]) from None
    return made


def _sweep_fault(scenario: Scenario, path: str, value: Any, expected: str) -> Fault:
    return Fault(scenario.document.file_of(("sweep", path)), f'sweep."{path}"', str(value), expected)


def _knowledge_arms(scenario: Scenario, central: Setting) -> list[Arm]:
    """Every policy at the low and high end of every assumption that could touch it."""
    arms = []
    for name, paths in scenario.knowledge.assumptions.items():
        city_paths = [p.removeprefix("city.") for p in paths if p.startswith("city.")]
        for end in (0, 1):
            word = ("low", "high")[end]
            setting = central
            if city_paths:
                setting = Setting(name, word, _moved_city(scenario, city_paths, end))
            for n, policy in enumerate(scenario.policies):
                own = tuple(_moved_instrument(scenario, n, m, i, paths, end) for m, i in enumerate(policy.instruments))
                if n and (own != policy.instruments or city_paths):
                    arms.append(Arm(policy.name, "knowledge", ready(scenario, own), setting, name, word))
    return arms


def _moved_city(scenario: Scenario, paths: list[str], end: int) -> CityFacts:
    """The city with some numbers at the low (0) or high (1) end of their range."""
    ranges = scenario.document.ranges()
    tree: dict[str, Any] = scenario.city.model_dump()
    for path in paths:
        *tables, key = path.split(".")
        table = tree
        for part in tables:
            table = table[part]
        table[key] = ranges[("city", *tables, key)][end]
    try:
        return CityFacts.model_validate(tree)
    except ValidationError as error:
        raise BadScenario(from_validation(error, scenario.document, ("city",), CityFacts)) from None


def _moved_instrument(
    scenario: Scenario, n: int, m: int, instrument: Instrument, paths: tuple[str, ...], end: int
) -> Instrument:
    """The instrument with its assumed numbers at one end: of the range in the file, else of the declared one."""
    ranges, kind = scenario.document.ranges(), kind_of(instrument)
    moved = {}
    for path in paths:
        where, _, parameter = path.partition(".")
        if where == kind:
            written = ranges.get(("policy", n, "instrument", m, parameter))
            declared = range_of(type(instrument).model_fields[parameter])
            bounds = written or declared
            if bounds is not None:
                moved[parameter] = bounds[end]
    if not moved:
        return instrument
    try:
        return type(instrument).model_validate(dict(instrument) | moved)
    except ValidationError as error:
        at = ("policy", n, "instrument", m)
        raise BadScenario(from_validation(error, scenario.document, at, type(instrument))) from None
