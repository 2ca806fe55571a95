"""The scenario as a frozen value: a city, a clock, standing programmes, policies, a sweep."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sim.params import Words
from sim.policy.instrument import Instrument
from sim.scenario.assumptions import KnowledgeFacts, end_faults, path_faults
from sim.scenario.clock import RunFacts
from sim.scenario.document import Document, survey
from sim.scenario.faults import BadScenario, Fault, KeyPath, fault_at, from_validation
from sim.scenario.fitness import Trouble, city_troubles, instrument_troubles
from sim.scenario.grid import Sweep, grid_faults, read_sweep
from sim.scenario.lever import lever_faults
from sim.scenario.policies import Policy, read_chain, read_policies
from sim.scenario.room import Ground, policy_troubles, room_troubles
from sim.scenario.settings import COMMAND_LINE
from sim.scenario.split import SplitFacts, split_faults
from sim.scenario.welfare import WelfareFacts
from sim.world.city import CityFacts


class Head(BaseModel):
    """The plain top-level keys; the rest is validated piece by piece so that all faults come at once."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    title: Words
    title_zh: Words | None = Field(default=None, description="the title of a Chinese report; counts beside its title")
    source: str | None = None
    run: RunFacts
    city: CityFacts
    knowledge: KnowledgeFacts = KnowledgeFacts()
    instrument: list[dict[str, Any]] = []
    policy: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]
    sweep: dict[str, Any] | None = None
    split: SplitFacts | None = None
    welfare: WelfareFacts | None = None


@dataclass(frozen=True)
class Scenario:
    """A validated scenario. `document` keeps the text's tree, evidence and files.

    title_zh : what a Chinese report is headed with; the title if there is none
    """

    title: str
    run: RunFacts
    city: CityFacts
    standing: tuple[Instrument, ...]
    policies: tuple[Policy, ...]
    sweep: Sweep | None
    knowledge: KnowledgeFacts
    document: Document
    split: SplitFacts | None = None
    welfare: WelfareFacts | None = None
    title_zh: str | None = None

    @property
    def ground(self) -> Ground:
        """What its policies are brought into."""
        return Ground(self.run, self.city, self.standing)

    @property
    def stem(self) -> str:
        """Name of the results folder."""
        return self.document.path.stem


def load(path: str | Path, settings: Sequence[str] = ()) -> Scenario:
    """Read, merge and validate a scenario file.

    settings : KEY=VALUE as on the command line
    Raises BadScenario with one fault for everything that is wrong.
    """
    return validated(*survey(Path(path), settings))


def validated(document: Document | None, faults: Sequence[Fault]) -> Scenario:
    """The scenario of a document in order. Raises BadScenario with its faults: those told already, and the schema's."""
    if document is None:
        raise BadScenario(faults)
    scenario, more = build(document)
    told = {(fault.file, fault.key) for fault in faults}
    all_faults = [*faults, *(fault for fault in more if (fault.file, fault.key) not in told)]  # of a value, the first
    if scenario is None or all_faults:
        raise BadScenario(all_faults)
    return scenario


def build(document: Document) -> tuple[Scenario | None, list[Fault]]:
    """Validate a document; the scenario is None where there are faults."""
    tree, faults = document.tree, list[Fault]()
    head: Head | None = None
    try:
        head = Head.model_validate(tree)
    except ValidationError as error:
        faults += from_validation(error, document, (), Head)
    standing = read_chain(tree.get("instrument"), document, ("instrument",), faults)
    ground = Ground(head.run, head.city, standing) if head is not None else None
    before = len(faults)
    policies = read_policies(tree.get("policy"), document, faults)
    sound = len(faults) == before
    if sound:
        faults += lever_faults(policies, head.knowledge if head is not None else None, ground, document)
    sweep = None
    if isinstance(tree.get("sweep"), dict):
        sweep = read_sweep(tree["sweep"], [policy.name for policy in policies], document, faults)
        if sweep is not None and sound:
            swept = next(policy for policy in policies if policy.name == sweep.policy)
            faults += grid_faults(sweep, swept, ground, document)
    if head is None or ground is None:
        return None, faults
    faults += _misfits(ground, policies, document)
    faults += split_faults(head.split, policies, document)
    wrong = path_faults(head.knowledge, head.city, document)
    faults += wrong or end_faults(head.knowledge, ground, policies, document)
    if faults:
        return None, faults
    city = head.city if _beside(document, ("city", "name")) else head.city.model_copy(update={"name_zh": None})
    title_zh = head.title_zh if _beside(document, ("title",)) else None
    scenario = Scenario(
        head.title,
        head.run,
        city,
        standing,
        policies,
        sweep,
        head.knowledge,
        document,
        head.split,
        head.welfare,
        title_zh,
    )
    return scenario, faults


def _beside(document: Document, at: KeyPath) -> bool:
    """Whether a name's Chinese is its own: of the same file, or set on the command line, which has the last word.

    A name that another file or `--set` replaces leaves behind the Chinese of the name before.
    """
    label = document.file_of((*at[:-1], f"{at[-1]}_zh"))
    return label in (document.file_of(at), COMMAND_LINE)


def _misfits(ground: Ground, policies: tuple[Policy, ...], document: Document) -> Iterator[Fault]:
    """What is in order by itself and doesn't fit the rest: city and clock, instruments and both."""
    run, city, standing = ground.run, ground.city, ground.standing
    for key, found, expected in city_troubles(run, city):
        yield fault_at(document, key, found, expected)
    troubles: list[tuple[KeyPath, Trouble]] = []
    for n, instrument in enumerate(standing):
        troubles += [(("instrument", n), t) for t in instrument_troubles(run, city, instrument, own=False)]
    troubles += [(("instrument", n), t) for n, t in room_troubles(replace(ground, standing=()), standing)]
    for n, policy in enumerate(policies):
        troubles += [(("policy", n, "instrument", m), t) for m, t in policy_troubles(ground, policy.instruments)]
    for at, (key, found, expected) in troubles:
        yield fault_at(document, (*at, *key), found, expected)
