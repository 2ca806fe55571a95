"""Same money, fairly: the value of a parameter at which a policy's total equals another's, under common luck.

A search is a chain of plans like any other, so that its jobs are stored, shared among workers and found again.
Totals are means over replications of the whole city and counted window; they are deterministic, so Brent's method may
be trusted with them. R. P. Brent, Algorithms for Minimization without Derivatives, 1973, chapter 4.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sim.policy.instrument import Instrument
from sim.scenario.assumptions import end_faults
from sim.scenario.faults import BadScenario, Fault, KeyPath, key_text, toml_text, where
from sim.scenario.grid import grid_faults
from sim.scenario.lever import Lever, lever_of
from sim.scenario.policies import MatchFacts, Policy
from sim.scenario.schema import Scenario
from sim.study import intervals
from sim.study.compare import Outcome
from sim.study.estimate import Estimate
from sim.study.metrics import METRICS
from sim.study.plan import Arm, Plan, Setting, ready, yardstick
from sim.study.rounds import CarryOut, side_by_side

Floats = NDArray[np.float64]
MOST_STEPS = 60  # of the search; halving alone brings a bracket to a millionth in twenty
MOST_SECANTS = 3  # over all replications
_FINE = 1e-6  # of a value: no search looks closer
_PARTS = {metric.name: metric.top for metric in METRICS}


@dataclass(frozen=True)
class Matched:
    """A policy brought to the total of another.

    parameter : kind.parameter; numbers : what it is in the end, by key of the scenario
    value, start, low, high : where the lever stands in the end, stood in the file, and could go; factors where
        it moves several numbers
    runs : jobs of the policy that the search looked at, those at `value` over all replications among them
    target : the other's total; residual : what this one's is above it, with its paired interval
    """

    policy: str
    parameter: str
    numbers: Mapping[str, int | float]
    factor: bool
    value: float
    start: float
    low: float
    high: float
    runs: int
    match: MatchFacts
    target: float
    residual: Estimate

    @property
    def reason(self) -> str:
        """Where the numbers come from, in the words of a source."""
        return f"found by the program: {self.match.metric} as under {toml_text(self.match.to)}"

    def entry(self) -> dict[str, object]:
        """What the manifest says of it, as plain JSON values."""
        residual = self.residual.value or 0.0
        return {
            "policy": self.policy,
            "metric": self.match.metric,
            "to": self.match.to,
            "parameter": self.parameter,
            "factor": self.factor,
            "value": self.value,
            "start": self.start,
            "low": self.low,
            "high": self.high,
            "runs": self.runs,
            "target": self.target,
            "residual": residual,
            "residual_low": self.residual.low,
            "residual_high": self.residual.high,
            "tolerance": self.match.tolerance,
            "within_tolerance": _within(residual, self.target, self.match),
        }


def match(scenario: Scenario, carry_out: CarryOut) -> tuple[Scenario, tuple[Matched, ...]]:
    """The scenario with every matched policy at the value found for it, and what was found, in order of finding.

    carry_out : runs a plan and gives its outcomes
    Raises BadScenario where no value between the ends does, or where a sweep or an assumption can't go with the value.
    """
    found: list[Matched] = []
    while waiting := [p for p in scenario.policies if p.match is not None and p.name not in {m.policy for m in found}]:
        names = {policy.name for policy in waiting}
        ready_now = [(p, p.match) for p in waiting if p.match is not None and p.match.to not in names]
        searches = [_Search(scenario, policy, facts) for policy, facts in ready_now]
        results = side_by_side([search.result for search in searches], carry_out)
        moved = {one.policy: search.at(one.value) for one, search in zip(results, searches, strict=True)}
        found += results
        scenario = replace(scenario, policies=tuple(moved.get(p.name, p) for p in scenario.policies))
    if found:
        _refuse_what_no_longer_fits(scenario)
    return scenario, tuple(found)


def _refuse_what_no_longer_fits(scenario: Scenario) -> None:
    """Raise BadScenario where a sweep's points or an assumption's ends can't be had at the values found."""
    document = scenario.document
    faults = end_faults(scenario.knowledge, scenario.ground, scenario.policies, document)
    if scenario.sweep is not None:
        swept = next(policy for policy in scenario.policies if policy.name == scenario.sweep.policy)
        faults += grid_faults(scenario.sweep, swept, scenario.ground, document)
    if faults:
        raise BadScenario(faults)


def _within(residual: float, target: float, facts: MatchFacts) -> bool:
    return abs(residual) <= facts.tolerance * abs(target)


class _Search:
    """The search for one policy's value."""

    def __init__(self, scenario: Scenario, policy: Policy, facts: MatchFacts) -> None:
        self._scenario, self._policy, self._facts = scenario, policy, facts
        self._other = next(p for p in scenario.policies if p.name == facts.to)
        self._lever: Lever = lever_of(policy, facts)
        self._few = min(facts.replications, scenario.run.replications)
        self._totals: dict[tuple[Instrument, ...], Floats] = {}  # of what was run, by replication
        self._tried: set[tuple[Instrument, ...]] = set()  # of these, the policy's own
        self._seen: dict[float, float] = {}  # what was missed at each value, over a few replications

    def at(self, x: float) -> Policy:
        """The policy with its lever at a value."""
        return self._lever.moved(self._policy, x)

    def result(self, carry_out: CarryOut) -> Matched:
        """Search, measure over all replications, and mend what few replications missed. Raises BadScenario."""
        self._carry_out = carry_out
        x = self._root()
        x = self._mended(x) if self._few < self._scenario.run.replications else x
        residuals, target = self._residuals(x, self._scenario.run.replications)
        lever, n = self._lever, self._scenario.policies.index(self._policy)
        return Matched(
            policy=self._policy.name,
            parameter=lever.parameter,
            numbers={key_text(("policy", n, *path)): number for path, number in lever.at(x).items()},
            factor=lever.factor,
            value=x,
            start=lever.start,
            low=lever.low,
            high=lever.high,
            runs=sum(len(self._totals[own]) for own in self._tried),
            match=self._facts,
            target=target,
            residual=intervals.mean(residuals),
        )

    # what policies come to --------------------------------------------------------------------------

    def _own(self, policy: Policy) -> tuple[Instrument, ...]:
        return ready(self._scenario, policy.instruments)

    def _measure(self, xs: Sequence[float], replications: int) -> None:
        """Run the policy at some values, and the other, as far as that has not been done."""
        central = Setting("", "", self._scenario.city)
        wanted = {self._own(self.at(x)): f"{self._policy.name}[{self._lever.parameter}={toml_text(x)}]" for x in xs}
        self._tried |= wanted.keys()
        wanted[self._own(self._other)] = self._other.name
        missing = {
            own: Arm(name, "policy", own, central, central, yardstick(self._scenario))
            for own, name in wanted.items()
            if len(self._totals.get(own, ())) < replications
        }
        if not missing:
            return
        run = self._scenario.run.model_copy(update={"replications": replications})
        outcomes = self._carry_out(Plan(replace(self._scenario, run=run), tuple(missing.values()), {}, {}))
        for own, arm in missing.items():
            self._totals[own] = self._total(outcomes[arm.key])

    def _total(self, outcomes: Sequence[Outcome]) -> Floats:
        """The metric by replication, float64 (replications,)."""
        parts = [_PARTS[name] for name in self._facts.metric.split("+")]
        return np.array([sum(float(o.window[part][0]) for part in parts) for o in outcomes])

    def _residuals(self, x: float, replications: int) -> tuple[Floats, float]:
        """What its total is above the other's, by replication, float64 (replications,), and the other's mean."""
        self._measure([x], replications)
        other = self._totals[self._own(self._other)][:replications]
        return self._totals[self._own(self.at(x))][:replications] - other, float(other.mean())

    # the search -------------------------------------------------------------------------------------

    def _gap(self, x: float) -> float:
        """What is missed at a value, over a few replications; 0 if that is within tolerance, so that a search ends."""
        x = self._rounded(x)
        residuals, target = self._residuals(x, self._few)
        self._seen[x] = float(residuals.mean())
        return 0.0 if _within(self._seen[x], target, self._facts) else self._seen[x]

    def _rounded(self, x: float) -> float:
        """The value that is run: whole where it must be, else of six figures, so that a reader can write it down."""
        lever = self._lever
        if lever.whole:
            return math.floor(x + 0.5)
        if x in (lever.low, lever.start, lever.high):
            return x
        return min(max(float(f"{x:.6g}"), lever.low), lever.high)

    def _root(self) -> float:
        """The value at which least is missed over a few replications: where the sign changes. Raises BadScenario."""
        from scipy.optimize import brentq  # a slow import, which only a match needs

        lever = self._lever
        self._measure([lever.low, lever.start, lever.high], self._few)
        below, here, above = (self._gap(x) for x in (lever.low, lever.start, lever.high))
        if 0 not in (below, here, above):
            if (below > 0) == (above > 0):
                raise BadScenario([self._no_root()])
            a, b = (lever.low, lever.start) if (below > 0) != (here > 0) else (lever.start, lever.high)
            # neighbours among whole numbers are both looked at once the bracket is narrower than a half
            close = 0.5 if lever.whole else _FINE * max(abs(a), abs(b))
            brentq(self._gap, a, b, xtol=close, rtol=4 * np.finfo(float).eps, maxiter=MOST_STEPS, disp=False)
        return min(self._seen, key=lambda x: (abs(self._seen[x]), abs(x - lever.start), x))

    def _mended(self, x: float) -> float:
        """Secant steps over all replications, from what is missed there at the value that a few replications gave."""
        replications = self._scenario.run.replications

        def missed(x: float) -> float:
            return float(self._residuals(x, replications)[0].mean())

        target, lever = self._residuals(x, replications)[1], self._lever
        whole = {x: missed(x)}
        apart = {other: abs(missed_there - self._seen[x]) for other, missed_there in self._seen.items()}
        others = [other for other in apart if apart[other] > 0]
        if not others:
            return x
        # the nearest of those that lie as far apart as what is to be mended: nearer ones show steps, not the slope
        near = min(others, key=lambda other: (apart[other] < abs(whole[x]), abs(other - x), other))
        slope = (self._seen[near] - self._seen[x]) / (near - x)
        for _ in range(MOST_SECANTS):
            if _within(whole[x], target, self._facts):
                break
            step = self._rounded(min(max(x - whole[x] / slope, lever.low), lever.high))
            if step in whole:
                break
            whole[step] = missed(step)
            if whole[step] == whole[x]:
                break
            slope, x = (whole[step] - whole[x]) / (step - x), step
        return min(whole, key=lambda x: (abs(whole[x]), x))

    def _no_root(self) -> Fault:
        """Say what the policy comes to at the ends and at the start, and what it should have come to between them."""
        facts, lever = self._facts, self._lever
        other = float(self._totals[self._own(self._other)][: self._few].mean())
        low, start, high = ((x, self._seen[self._rounded(x)] + other) for x in (lever.low, lever.start, lever.high))
        found = f"{facts.metric} of {low[1]:,.0f} at {low[0]:g} and {high[1]:,.0f} at {high[0]:g}"
        expected = (
            f"low and high for {lever.parameter} between which it crosses {other:,.0f}, that of {toml_text(facts.to)}, "
            f"once; at the start, {start[0]:g}, it is {start[1]:,.0f}"
        )
        at: KeyPath = ("policy", self._scenario.policies.index(self._policy), "match")
        document = self._scenario.document
        return Fault(document.file_of(at), where(at, document), found, expected)
