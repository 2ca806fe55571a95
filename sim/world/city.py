"""A city: its facts, and one replication's draw of its households and institutions."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from sim.draws import Luck
from sim.nearest import nearest
from sim.params import Facts, Misfit, Name, Rows
from sim.world.districts import DistrictFacts
from sim.world.families import BirthFacts, Families, FamilyFacts, IncomeFacts, draw_families
from sim.world.institutions import SERVICES, Institutions, draw_institutions
from sim.world.published import PublishedFacts
from sim.world.supply import ClassFacts, CostFacts, SupplyFacts
from sim.world.trends import TrendFacts

MOST_OFFERS = 16  # most candidates of a household
MOST_SITES = 8  # most candidate institutions if some offer several services: half the room is for the services
MOST_RESERVED = 2  # most sites reserved for policies, added to a household's K nearest candidates
_NEVER = np.float32(-1e30)  # value of an offer that only pads a row


class CityFacts(Facts):
    """Facts of a city: known, fitted or assumed."""

    name: Name = Field(description="the city's name")
    name_zh: Name | None = Field(default=None, description="its name in a Chinese report; counts beside its name")
    district: Rows[DistrictFacts] = Field(min_length=1, max_length=100, description="its districts")
    births: BirthFacts
    income: IncomeFacts
    families: FamilyFacts
    classes: ClassFacts
    costs: CostFacts
    supply: SupplyFacts
    trends: TrendFacts = TrendFacts()
    published: PublishedFacts | None = Field(default=None, description="use of care that tastes are fitted to")

    @model_validator(mode="after")
    def _districts(self) -> "CityFacts":
        """Check district names, residents and candidates, and the kinds named by trends."""
        names = [d.name for d in self.district]
        again = [n for n, name in enumerate(names) if name in names[:n]]
        if again:
            raise Misfit(*((("district", n, "name"), "names that differ") for n in again))
        if sum(d.residents for d in self.district) == 0:
            raise Misfit((("district",), "at least one with residents"))
        if any(k.services for k in self.supply.kind) and self.families.candidates > MOST_SITES:
            raise Misfit((("families", "candidates"), f"at most {MOST_SITES} where kinds offer several services"))
        kinds = [k.name for k in self.supply.kind]
        unknown = [name for name in self.trends.trust_yuan_per_year if name not in kinds]
        if unknown:
            expected = f"one of {', '.join(kinds)}"
            raise Misfit(*((("trends", "trust_yuan_per_year", name), expected) for name in unknown))
        return self


@dataclass(frozen=True)
class World:
    """One replication's city, shared by all policies and never written to.

    candidate : int16 (n, K)  institutions considered, nearest first, with an employer's own in place of the farthest;
        then the nearest sites reserved for policies, and further services of all these as far as there is room
    fixed : float32 (n, K)  taste less the cost of distance [units of the shock]
    outside : float32 (n,)  value of staying out before its shock [units of the shock]
    """

    facts: CityFacts
    luck: Luck
    families: Families
    institutions: Institutions
    candidate: NDArray[np.int16]
    fixed: NDArray[np.float32]
    outside: NDArray[np.float32]


def draw_world(facts: CityFacts, luck: Luck, first: date, until: date, scale: float) -> World:
    """Draw one replication's city, with every child eligible at some time from `first` to `until`."""
    families = draw_families(facts.births, facts.income, facts.families, facts.district, luck, first, until, scale)
    institutions = draw_institutions(facts.supply, facts.classes, facts.district, luck, scale)
    choice = facts.families
    open_to_all = institutions.full_day & ~institutions.workers_only
    listed, kept = (np.flatnonzero(open_to_all & (institutions.reserved == way)) for way in (False, True))
    candidate, fixed = _near(listed, choice.candidates, families, institutions, choice)
    if institutions.workers_only.any():
        candidate, fixed = _with_employers(candidate, fixed, families, institutions, choice.employer_share, luck)
    if len(kept):
        room = min(MOST_RESERVED, MOST_OFFERS - candidate.shape[1])
        more, worth = _near(kept, room, families, institutions, choice)
        candidate, fixed = np.hstack([candidate, more]), np.hstack([fixed, worth])
    if institutions.several:
        candidate, fixed = _with_services(candidate, fixed, families, institutions, choice)
    return World(
        facts=facts,
        luck=luck,
        families=families,
        institutions=institutions,
        candidate=candidate,
        fixed=fixed,
        outside=np.float32(facts.families.grandparent_weight) * families.grandparent.astype(np.float32),
    )


Candidates = tuple[NDArray[np.int16], NDArray[np.float32]]


def _near(
    rows: NDArray[np.int64], most: int, families: Families, institutions: Institutions, facts: FamilyFacts
) -> Candidates:
    """Return the nearest of some institutions and the fixed part of their value, each (n, K)."""
    index, distance = nearest(families.position, institutions.position[rows], most)
    distance *= np.float32(facts.distance_yuan * facts.sensitivity)
    return rows.astype(np.int16)[index], np.subtract(families.taste[:, None], distance, out=distance)


def _with_employers(
    candidate: NDArray[np.int16],
    fixed: NDArray[np.float32],
    families: Families,
    institutions: Institutions,
    share: float,
    luck: Luck,
) -> Candidates:
    """Replace the farthest candidate of some households by an institution of their employer.

    Institutions are drawn in proportion to their places. Assumption: the site lies on the way to work, at no distance.
    """
    own = np.flatnonzero(institutions.full_day & institutions.workers_only)
    upto = np.cumsum(institutions.pooled((institutions.classes * institutions.class_places).sum(axis=1))[own])
    draw = luck.uniforms("employer", families.id)
    works = np.flatnonzero(draw[:, 0] < share)
    if upto[-1] == 0 or len(works) == 0:
        return candidate, fixed
    if candidate.shape[1] == 0:  # no other candidates
        candidate = np.full((len(families), 1), own[0], np.int16)
        fixed = np.full((len(families), 1), _NEVER)
    candidate[works, -1] = own[np.searchsorted(upto, draw[works, 1] * upto[-1], side="right")]
    fixed[works, -1] = families.taste[works]
    return candidate, fixed


def _with_services(
    candidate: NDArray[np.int16],
    fixed: NDArray[np.float32],
    families: Families,
    institutions: Institutions,
    facts: FamilyFacts,
) -> Candidates:
    """Append further services of each child's candidates, nearest first, as far as there is room.

    Shorter rows are padded by their first candidate at a value too low to be chosen.
    """
    offered = np.full((len(institutions), len(SERVICES) - 1), -1, np.int32)
    more = np.flatnonzero(~institutions.full_day)
    offered[institutions.site[more], institutions.service[more] - 1] = more
    extra = offered[candidate].reshape(len(candidate), -1)
    where = np.repeat(np.arange(candidate.shape[1]), offered.shape[1])
    room = min(MOST_OFFERS - candidate.shape[1], int((extra >= 0).sum(axis=1).max(initial=0)))
    order = np.argsort(extra < 0, axis=1, kind="stable")[:, :room]
    rows = np.take_along_axis(extra, order, axis=1)
    tastes = np.array([0.0, facts.half_day_taste, facts.hourly_taste], np.float32)
    with_grandparent = tastes + np.array([0.0, facts.half_day_grandparent, 0.0], np.float32)
    service = institutions.service[rows]
    worth = np.take_along_axis(fixed, where[order], axis=1) + np.where(
        families.grandparent[:, None], with_grandparent[service], tastes[service]
    )
    fills = rows < 0
    return (
        np.ascontiguousarray(np.hstack([candidate, np.where(fills, candidate[:, :1], rows).astype(np.int16)])),
        np.ascontiguousarray(np.hstack([fixed, np.where(fills, _NEVER, worth)])),
    )
