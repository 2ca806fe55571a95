"""A laboratory in memory: a scenario's city is drawn and warmed up once, and then asked about policies one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from sim import dates
from sim.draws import Luck
from sim.engine.recorder import Record
from sim.engine.replication import Replication
from sim.policy.instrument import Instrument
from sim.policy.menu import menu
from sim.scenario.document import Draft, draw_up
from sim.scenario.faults import BadScenario, Fault, KeyPath, key_text, one_of, toml_text
from sim.scenario.keys import as_part, kinds_in, parse_key
from sim.scenario.schema import Scenario, validated
from sim.scenario.settings import COMMAND_LINE, Setting, setting_of
from sim.study import compare
from sim.study.compare import Key, Outcome
from sim.study.match import match
from sim.study.plan import Arm, Plan, has_central_baseline, make_plan, span_of, standing
from sim.world.families import LOOKS_AHEAD

# the numbers of a city that a run may change
AHEAD: tuple[KeyPath, ...] = tuple(("city", "families", name) for name in LOOKS_AHEAD)


class Laboratory:
    """A scenario whose replications stay in memory, warmed up, so that a policy costs its own months only.

    path : the scenario's file; settings : KEY=VALUE as on the command line
    replications : how many of its draws of city and luck; as many as the file says if left out
    Each replication holds its city and two copies of its state, some hundreds of megabytes at full scale. Runs follow
    one another: no two at the same time, from several threads.
    Raises BadScenario for what `check` refuses.
    """

    def __init__(self, path: str | Path, settings: Sequence[str] = (), replications: int | None = None) -> None:
        wanted = () if replications is None else (f"run.replications={replications}",)
        draft, faults = draw_up(Path(path), (*settings, *wanted))
        if draft is None:
            raise BadScenario(faults)
        self._draft, self._plan = draft, _checked(draft, faults)
        self._cities = [_warm(self.scenario, r) for r in range(self.scenario.run.replications)]
        self._base = self._paired(self._plan, self._plan.arms[0])

    @property
    def scenario(self) -> Scenario:
        """The scenario as it was drawn."""
        return self._plan.scenario

    def run(self, policy: str, changes: Mapping[str, Any] | None = None) -> pl.DataFrame:
        """One policy against the baseline, with some of its parameters changed for this run alone.

        policy : its name in the scenario
        changes : values by kind.parameter, such as {"voucher_pool.face_value": 800}. Through a list it reaches every
            element; an instrument that the policy lacks is added at its idle values. Of the city's numbers,
            commitment_months, commitment_spread, foresight, prolonged and deferral of city.families may be changed, if
            no standing programme touches fees.
        Returns the policy's rows of summary.csv that are in doubt by luck: those that a run of the scenario so changed
        would write. A policy with a match is brought to its total anew.
        Raises BadScenario for what `check` refuses, and for changes that would need another city, clock or baseline.
        """
        plan = self._matched(self._changed(policy, changes or {}), policy)
        first, chosen = plan.arms[0], next(arm for arm in plan.arms if (arm.role, arm.name) == ("policy", policy))
        outcomes = {first.key: self._base if self._is_base(first) else self._paired(plan, first)}
        if chosen is not first:
            outcomes[chosen.key] = self._paired(plan, chosen)
        both = tuple(arm for arm in plan.arms if arm.key in outcomes)
        return compare.summarise(replace(plan, arms=both), outcomes).filter(pl.col("policy") == policy)

    # what is asked ----------------------------------------------------------------------------------

    def _changed(self, policy: str, changes: Mapping[str, Any]) -> Plan:
        """The plan with a policy's parameters changed. Raises BadScenario."""
        names = [one.name for one in self.scenario.policies]
        if policy not in names:
            raise _refusal("policy", policy, f"a policy: {one_of(names, policy)}")
        if not changes:
            return self._plan
        if policy == names[0]:
            raise _refusal("policy", policy, "another policy than the first, which the others are compared with")
        faults: list[Fault] = []
        wishes = [self._wish(policy, key, _plain(value), faults) for key, value in changes.items()]
        granted = [wish for wish in wishes if wish is not None]
        draft = self._draft
        kinds = dict.fromkeys(wish.path[2] for wish in granted if wish.path not in AHEAD)
        for kind in kinds:
            if kind in menu() and kind not in kinds_in(self._table(policy)):
                draft = draft.with_instrument(policy, str(kind))
        draft = draft.granted(granted, faults)
        plan = _checked(draft, faults)
        if plan.scenario.city != self.scenario.city and not has_central_baseline(self.scenario, plan.scenario.city):
            families = self.scenario.city.families, plan.scenario.city.families
            moved = [p for p in AHEAD if getattr(families[0], str(p[-1])) != getattr(families[1], str(p[-1]))]
            path = moved[0]
            here, asked = (getattr(of, str(path[-1])) for of in families)
            raise _refusal(key_text(path), asked, f"{here}, which standing programmes that touch fees weigh")
        return plan

    def _table(self, policy: str) -> dict[str, Any]:
        """A policy's table in the scenario's file."""
        tables: list[dict[str, Any]] = self.scenario.document.tree["policy"]
        return next(table for table in tables if table["name"] == policy)

    def _wish(self, policy: str, key: str, value: Any, faults: list[Fault]) -> Setting | None:
        """A change as a setting of the command line; None where it can't be one, and is told as a fault."""
        try:
            path = parse_key(key)
        except (ValueError, TypeError):
            faults.append(Fault(COMMAND_LINE, str(key), toml_text(value), "a key path: kind.parameter"))
            return None
        if path in AHEAD:
            return setting_of(key, path, value, faults)
        expected = None
        if path[0] in self.scenario.document.tree:
            expected = "kind.parameter of the policy: city, clock and luck are drawn once, by each Laboratory"
        elif path[0] in self._table(policy) or len(path) < 2:
            expected = "a key path: kind.parameter"
        elif value is None:
            expected = "a value"
        if expected is not None:
            faults.append(Fault(COMMAND_LINE, key, toml_text(value), expected))
            return None
        return setting_of(f"policy.{as_part(policy)}.{key}", ("policy", policy, *path), value, faults)

    # what is run ------------------------------------------------------------------------------------

    def _matched(self, plan: Plan, policy: str) -> Plan:
        """The plan with a policy brought to the total that its match asks for; others are let be."""
        policies = {one.name: one for one in plan.scenario.policies}
        waits: list[str] = []
        facts = policies[policy].match
        while facts is not None:
            waits.append(policy)
            policy, facts = facts.to, policies[facts.to].match
        if not waits:
            return plan
        kept = tuple(one if one.name in waits else replace(one, match=None) for one in policies.values())
        scenario, _ = match(replace(plan.scenario, policies=kept), self._outcomes)
        return make_plan(scenario)

    def _outcomes(self, plan: Plan) -> dict[Key, list[Outcome]]:
        """Outcomes of a plan's arms, in the order of replications."""
        return {arm.key: self._paired(plan, arm) for arm in plan.arms}

    def _is_base(self, first: Arm) -> bool:
        """Whether a plan's first arm is the one that was run when the city was drawn."""
        return (first.own, first.setting) == (self._plan.arms[0].own, self._plan.arms[0].setting)

    def _paired(self, plan: Plan, arm: Arm) -> list[Outcome]:
        """An arm in as many replications as its plan gives it, each paired with its yardstick of the same luck."""
        outlook = arm.setting.city.families

        def record(city: Replication, chain: tuple[Instrument, ...]) -> Record:
            """The record of a chain in a city that stands in memory."""
            return city.run(chain, outlook=outlook) if chain else city.baseline()

        return [
            compare.outcome(record(city, arm.own), record(city, arm.yardstick), plan.scenario.welfare)
            for city in self._cities[: plan.replications(arm)]
        ]


def _checked(draft: Draft, faults: Sequence[Fault]) -> Plan:
    """The plan of a draft, refused as `check` refuses it. Raises BadScenario."""
    return make_plan(validated(*draft.document(faults)))


def _refusal(key: str, found: object, expected: str) -> BadScenario:
    """The error of something asked for that a laboratory can't do."""
    return BadScenario([Fault(COMMAND_LINE, key, toml_text(found), expected)])


def _warm(scenario: Scenario, replication: int) -> Replication:
    """A replication run to its end, with checkpoints from which every policy that the clock admits can be forked.

    None begins before the scenario's start, and most with the counted months.
    """
    run, span = scenario.run, span_of(scenario)
    city = Replication(scenario.city, standing(scenario), span, Luck(run.seed, replication), run.scale)
    for month in sorted({dates.month_of(run.start), span.counted}):
        city.prepare({month})  # one by one: what policies share is kept from the last month named on
    city.baseline()
    return city


def _plain(value: Any) -> Any:
    """A value as TOML would hold it: NumPy's numbers and tuples are taken for what they stand for."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: _plain(inner) for key, inner in value.items()}
    return [_plain(inner) for inner in value] if isinstance(value, list | tuple) else value
