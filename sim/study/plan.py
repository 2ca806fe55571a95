"""The plan: which arms there are, what each job is, and how they are dealt to workers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sim.engine.groups import MOST_CELLS, Grouping, horizons, touches_fees
from sim.engine.replication import Span
from sim.kernels.columns import MOST_GROUPS
from sim.policy.instrument import Instrument, ranks_of
from sim.policy.menu import kind_of
from sim.policy.thinning import thinned
from sim.scenario.assumptions import ENDS, moved_city, moved_instrument
from sim.scenario.faults import BadScenario, Fault, fault_at
from sim.scenario.schema import Scenario
from sim.source import digest
from sim.study.precision import confidence, looks
from sim.study.store import digest_of
from sim.world.city import CityFacts
from sim.world.families import LOOKS_AHEAD

MOST_TIERS = 127  # a claim's tranche is an 8-bit integer


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
    role : "policy", "sweep", "split" or "knowledge"
    home : the setting from whose baseline it forks: its own, or the central one where that has the same baseline
    yardstick : the first policy's chain in the same setting, with which it is compared
    assumption, end : of a knowledge arm, what is moved and where to, "low" or "high"
    """

    name: str
    role: str
    own: tuple[Instrument, ...]
    setting: Setting
    home: Setting
    yardstick: tuple[Instrument, ...]
    assumption: str = ""
    end: str = ""

    @property
    def chains(self) -> tuple[tuple[Instrument, ...], ...]:
        """Chains that are run for it beside its home's baseline: its own and its yardstick, if not empty."""
        return tuple(chain for chain in dict.fromkeys((self.own, self.yardstick)) if chain)

    @property
    def shown(self) -> bool:
        """Whether the tables list it by its name."""
        return self.role in ("policy", "sweep")

    @property
    def key(self) -> tuple[str, ...]:
        """What tells it from every other arm of the plan."""
        return self.role, self.name, self.assumption, self.end


@dataclass(frozen=True)
class Task:
    """What one worker is dealt: arms of one home in one replication. The home's baseline comes with them."""

    scenario: Scenario
    home: Setting
    replication: int
    arms: tuple[Arm, ...]


@dataclass(frozen=True)
class Plan:
    """All arms of a scenario. The first is the one with which the others are compared.

    sweep_values : by arm name, its value on every axis of the sweep that has more than one
    splits : by policy name, the keys of its sub-policies' arms: of each set of its instruments, read as bits
    ended : by the keys of arms that were found well enough known at a look before the last, after how many replications
    """

    scenario: Scenario
    arms: tuple[Arm, ...]
    sweep_values: Mapping[str, tuple[Any, ...]]
    splits: Mapping[str, tuple[tuple[str, ...], ...]]
    ended: Mapping[tuple[str, ...], int] = field(default_factory=dict)

    @property
    def looks(self) -> tuple[int, ...]:
        """Numbers of replications after which it is asked which arms end; the last is that of the run."""
        run = self.scenario.run.replications
        return looks(run) if any(self.asked(arm) for arm in self.arms) else (run,)

    def precision(self, arm: Arm) -> float:
        """Share of its value that an arm's interval may reach to either side for it to end; 0 if it doesn't end so."""
        if arm.role == "policy":
            return 0.0
        return self.scenario.knowledge.precision if arm.role == "knowledge" else self.scenario.run.precision

    def asked(self, arm: Arm) -> bool:
        """Whether an arm may end before the last replication."""
        return self.precision(arm) > 0

    def replications(self, arm: Arm) -> int:
        """In how many replications an arm is run: at most, as long as arms may still end."""
        return self.ended.get(arm.key, self.scenario.run.replications)

    def confidence(self, arm: Arm) -> float:
        """Confidence of an arm's intervals one by one, so that they hold the truth as often as all others."""
        return confidence(len(self.looks) if self.asked(arm) else 1)

    def jobs(self) -> set[str]:
        """Hashes of all jobs."""
        return {
            digest_of(job | {"replication": r})
            for arm in self.arms
            for setting, own in ((arm.home, ()), *((arm.setting, chain) for chain in arm.chains))
            for job in [_job(self.scenario, setting, own)]
            for r in range(self.replications(arm))
        }

    def tasks(self, first: int = 0, until: int | None = None) -> list[Task]:
        """All work dealt by home and replication, the largest first.

        first, until : replications from the first to the last but one; all if left out
        """
        dealt: dict[tuple[str, str, int], list[Arm]] = {}
        homes = {}
        for arm in self.arms:
            for r in range(self.replications(arm))[first:until]:
                dealt.setdefault((arm.home.assumption, arm.home.end, r), []).append(arm)
                homes[arm.home.assumption, arm.home.end] = arm.home
        tasks = [Task(self.scenario, homes[name, end], r, tuple(arms)) for (name, end, r), arms in dealt.items()]
        return sorted(tasks, key=lambda t: (-len(t.arms), t.home.assumption, t.home.end, t.replication))


def span_of(scenario: Scenario) -> Span:
    """The months of a scenario's run."""
    run = scenario.run
    return Span.of(run.start, run.counted_from, run.until, run.burn_in_months)


def ready(
    scenario: Scenario, instruments: tuple[Instrument, ...], inside: frozenset[int] | None = None
) -> tuple[Instrument, ...]:
    """A policy's instruments as the engine runs them: windows filled in, thinned to scale, idle ones left out.

    Where the file gives no first day, it is the first counted one.
    inside : positions of a sub-policy's instruments, which are thinned, and drawn for, as in the whole policy; without
        it all
    """
    run, stands = scenario.run, scenario.standing
    thin = thinned(instruments, run.scale)
    ranks, kept = ranks_of((*stands, *thin))[len(stands) :], range(len(thin)) if inside is None else sorted(inside)
    chain = [(thin[n].within(run.counted_from, run.until), ranks[n]) for n in kept if not instruments[n].idle]
    usual = ranks_of((*stands, *(i for i, _ in chain)))[len(stands) :]
    return tuple(i if rank == found else i.ranked(rank) for (i, rank), found in zip(chain, usual, strict=True))


def standing(scenario: Scenario) -> tuple[Instrument, ...]:
    """The city's standing programmes likewise; where the file gives no first day, it is the first simulated one."""
    run, first = scenario.run, span_of(scenario).first_day
    thin = thinned(tuple(i for i in scenario.standing if not i.idle), run.scale)
    return tuple(i.within(first, run.until) for i in thin)


def job_hash(
    scenario: Scenario, setting: Setting, own: tuple[Instrument, ...], replication: int, source: str = ""
) -> str:
    """What a job is: city, clock, instruments, luck and the program's source; never a name.

    source : digest of the source that ran it, this program's if empty
    """
    return digest_of(_job(scenario, setting, own, source) | {"replication": replication})


def _job(scenario: Scenario, setting: Setting, own: tuple[Instrument, ...], source: str = "") -> dict[str, Any]:
    """What a job is, but for its replication."""
    run = scenario.run
    return {
        "city": _without_sources(setting.city.model_dump(mode="json", exclude={"name_zh"})),
        "clock": [str(run.start), str(run.counted_from), str(run.until), run.burn_in_months, run.scale],
        "standing": [_as_json(i) for i in standing(scenario)],
        "own": [_as_json(i) for i in own],
        "seed": run.seed,
        "source": source or digest(),
    }


def _as_json(instrument: Instrument) -> dict[str, Any]:
    ranked = {} if instrument.rank is None else {"rank": instrument.rank}
    return {"kind": kind_of(instrument), **_without_sources(instrument.model_dump(mode="json"))} | ranked


def _without_sources(tree: Any) -> Any:
    """The values alone: where a number comes from does not change what is simulated.

    A number called "source" is that of a kind of institution by this name.
    """
    if isinstance(tree, dict):
        return {k: _without_sources(v) for k, v in tree.items() if k != "source" or isinstance(v, int | float)}
    return [_without_sources(x) for x in tree] if isinstance(tree, list) else tree


def make_plan(scenario: Scenario) -> Plan:
    """All arms: the policies, the sweep's grid, and each policy at each end of each assumption.

    Raises BadScenario if two arms share a name, or one tells too many groups apart.
    """
    central = Setting("", "", scenario.city)
    first = yardstick(scenario)
    arms = [Arm(p.name, "policy", ready(scenario, p.instruments), central, central, first) for p in scenario.policies]
    swept, values = _sweep_arms(scenario, central)
    parts, splits = _split_arms(scenario, central, (*arms, *swept))
    knowledge = _knowledge_arms(scenario, central)
    plan = Plan(scenario, (*arms, *swept, *parts, *knowledge), values, splits)
    _refuse_what_cannot_run(plan)
    return plan


def yardstick(scenario: Scenario) -> tuple[Instrument, ...]:
    """Chain of the first policy, with which all are compared."""
    return ready(scenario, scenario.policies[0].instruments)


def _refuse_what_cannot_run(plan: Plan) -> None:
    """Raise BadScenario for names that two arms share, and for more family groups than a tariff holds."""
    scenario, faults = plan.scenario, []
    file = str(scenario.document.path)
    keys = [arm.key for arm in plan.arms]
    names = [arm.name for arm in plan.arms if arm.shown]
    for name in sorted({n for n in names if names.count(n) > 1} | {k[1] for k in keys if keys.count(k) > 1}):
        faults.append(
            Fault(file, "policy", f'"{name}" twice', "names that differ, also from those of the sweep's arms")
        )
    faults += _arms_called_alike(plan)
    institutions = round(scenario.city.supply.institutions * scenario.run.scale)
    stands = standing(scenario)
    for arm in plan.arms:
        tiers = sum(instrument.tiers() for instrument in stands + arm.own)
        if tiers > MOST_TIERS:
            expected = f"voucher pools of at most {MOST_TIERS} tranches in all, the city's included"
            faults.append(Fault(file, "policy", f'"{arm.name}" with {tiers}', expected))
        grouping = Grouping.of(stands + arm.own, len(stands), horizons(arm.setting.city.families))
        if not grouping.holds(institutions):
            expected = f"instruments that tell at most {MOST_GROUPS} family groups apart, {MOST_CELLS:,} with offers"
            where = f" with {arm.assumption} {arm.end}" if arm.assumption else ""
            faults.append(Fault(file, "policy", f'"{arm.name}"{where}: {grouping.size}', expected))
    if faults:
        raise BadScenario(faults)


def _arms_called_alike(plan: Plan) -> Iterator[Fault]:
    """Policies that a Chinese report calls as it calls an arm of the sweep, and would show with the numbers of that.

    Of an arm's name in Chinese the beginning is known here, what its policy is called and a bracket; what follows is
    the report's. No other policy may begin so.
    """
    arms = {arm.name for arm in plan.arms if arm.role == "sweep"}
    labels = [p.name_zh for p in plan.scenario.policies if plan.scenario.sweep and p.name == plan.scenario.sweep.policy]
    begins = tuple(f"{label}[" for label in labels if label is not None and arms)
    for n, policy in enumerate(plan.scenario.policies):
        label = policy.name_zh
        if label is None and policy.name in arms:
            continue  # refused in every language
        called, key = (policy.name, "name") if label is None else (label, "name_zh")
        if called in arms or called.startswith(begins):
            expected = "a name that no arm of the sweep has or begins with"
            yield fault_at(plan.scenario.document, ("policy", n, key), called, expected)


def _sweep_arms(scenario: Scenario, central: Setting) -> tuple[list[Arm], dict[str, tuple[Any, ...]]]:
    """The grid's arms. One that equals its policy or a point met before is that arm, and shares its jobs."""
    sweep = scenario.sweep
    if sweep is None:
        return [], {}
    policy = next(p for p in scenario.policies if p.name == sweep.policy)
    met = {ready(scenario, p.instruments): p.name for p in reversed(scenario.policies)}
    arms: list[Arm] = []
    values: dict[str, tuple[Any, ...]] = {}
    for point in sweep.points():
        shown = [(path, x) for (path, v, _), x in zip(sweep.axes, point, strict=True) if len(v) > 1]
        label = ",".join(f"{path.rpartition('.')[2]}={_short(x)}" for path, x in shown)
        own = ready(scenario, sweep.instruments(policy, point))
        if own not in met:
            met[own] = f"{policy.name}[{label}]"
            arms.append(Arm(met[own], "sweep", own, central, central, yardstick(scenario)))
        values.setdefault(met[own], tuple(x for _, x in shown))
    return arms, values


def _short(value: Any) -> str:
    return f"{value:.15g}" if isinstance(value, int | float) else str(value)


def _split_arms(
    scenario: Scenario, central: Setting, others: tuple[Arm, ...]
) -> tuple[list[Arm], dict[str, tuple[tuple[str, ...], ...]]]:
    """The sub-policies of the policies that are split. One that equals an arm met before is that arm."""
    if scenario.split is None:
        return [], {}
    met = {arm.own: arm for arm in reversed(others)}
    arms: list[Arm] = []
    splits = {}
    for policy in (p for p in scenario.policies if p.name in scenario.split.policy):
        keys = []
        for s in range(2 ** len(policy.instruments)):
            inside = [n for n in range(len(policy.instruments)) if s >> n & 1]
            own = ready(scenario, policy.instruments, frozenset(inside))
            if own not in met:
                label = "+".join(str(n + 1) for n in inside)
                met[own] = Arm(f"{policy.name}[{label}]", "split", own, central, central, yardstick(scenario))
                arms.append(met[own])
            keys.append(met[own].key)
        splits[policy.name] = tuple(keys)
    return arms, splits


def _knowledge_arms(scenario: Scenario, central: Setting) -> list[Arm]:
    """Every policy at the low and high end of every assumption that could touch it."""
    arms, ranges = [], scenario.document.ranges()
    for name, paths in scenario.knowledge.assumptions.items():
        of_city = any(path.startswith("city.") for path in paths)
        for end, word in enumerate(ENDS):
            setting = home = central
            if of_city:
                setting = Setting(name, word, moved_city(scenario.city, ranges, paths, end))
                home = central if has_central_baseline(scenario, setting.city) else setting
            moved = [
                tuple(
                    moved_instrument(instrument, ("policy", n, "instrument", m), ranges, paths, end)
                    for m, instrument in enumerate(policy.instruments)
                )
                for n, policy in enumerate(scenario.policies)
            ]
            first = ready(scenario, moved[0])
            for n, (policy, own) in enumerate(zip(scenario.policies, moved, strict=True)):
                touched = of_city or own != policy.instruments or moved[0] != scenario.policies[0].instruments
                if n and touched:
                    arms.append(Arm(policy.name, "knowledge", ready(scenario, own), setting, home, first, name, word))
    return arms


def has_central_baseline(scenario: Scenario, moved: CityFacts) -> bool:
    """Whether a moved city lives through the same baseline: what differs speaks only once a policy does.

    So it is with what families look ahead to, unless a standing programme touches fees.
    """
    central = scenario.city.model_dump()
    central["families"] |= {name: getattr(moved.families, name) for name in LOOKS_AHEAD}
    return moved.model_dump() == central and not any(touches_fees(i) for i in standing(scenario))
