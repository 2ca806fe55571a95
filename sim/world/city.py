"""A city: its facts, and one replication's draw of everyone in it."""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator
from scipy.spatial import cKDTree

from sim.draws import Luck
from sim.params import Facts, Rows
from sim.world.districts import DistrictFacts
from sim.world.families import BirthFacts, Families, FamilyFacts, IncomeFacts, draw_families
from sim.world.institutions import ClassFacts, CostFacts, Institutions, SupplyFacts, draw_institutions


class CityFacts(Facts):
    """What is known, fitted or assumed of a city."""

    name: str = Field(min_length=1, description="the city's name")
    district: Rows[DistrictFacts] = Field(min_length=1, max_length=100, description="its districts")
    births: BirthFacts
    income: IncomeFacts
    families: FamilyFacts
    classes: ClassFacts
    costs: CostFacts
    supply: SupplyFacts

    @model_validator(mode="after")
    def _districts(self) -> "CityFacts":
        """Districts have names of their own, and residents between them."""
        if len({d.name for d in self.district}) != len(self.district):
            raise ValueError("district: names that differ")
        if sum(d.residents for d in self.district) == 0:
            raise ValueError("district: at least one with residents")
        return self


@dataclass(frozen=True)
class World:
    """One replication's city, the same under every policy; nothing in it is ever written to.

    candidate : int16 (K, n_children)  institutions considered, nearest first
    fixed : float32 (K, n_children)  taste less the cost of distance [units of the shock]
    outside : float32 (n_children,)  value of staying out before its shock [units of the shock]
    """

    facts: CityFacts
    luck: Luck
    families: Families
    institutions: Institutions
    candidate: NDArray[np.int16]
    fixed: NDArray[np.float32]
    outside: NDArray[np.float32]


def draw_world(facts: CityFacts, luck: Luck, first: date, until: date, scale: float) -> World:
    """Draw the city as one replication has it, with every child eligible from `first` to `until`."""
    families = draw_families(facts.births, facts.income, facts.families, facts.district, luck, first, until, scale)
    institutions = draw_institutions(facts.supply, facts.classes, facts.district, luck, scale)
    candidate, distance = _nearest(families.position, institutions.position, facts.families.candidates)
    per_km = facts.families.distance_yuan * facts.families.sensitivity
    return World(
        facts=facts,
        luck=luck,
        families=families,
        institutions=institutions,
        candidate=candidate,
        fixed=(families.taste - np.float32(per_km) * distance).astype(np.float32),
        outside=np.float32(facts.families.grandparent_weight) * families.grandparent.astype(np.float32),
    )


_CELL_KM = 0.5  # side of the squares in whose order homes look for sites


def _nearest(
    homes: NDArray[np.float64], sites: NDArray[np.float64], k: int
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """The k nearest sites of each home (fewer if there are fewer), K-major, with distances [km]."""
    k = min(k, len(sites))
    if k == 0 or len(homes) == 0:
        return np.zeros((k, len(homes)), np.int16), np.zeros((k, len(homes)), np.float32)
    # neighbours are asked for one after another, so that the branches of the tree they share stay in the cache
    cell = np.floor(homes / _CELL_KM).astype(np.int64)
    order = np.lexsort((cell[:, 1], cell[:, 0]))
    distance, index = cKDTree(sites).query(homes[order], k=np.arange(1, k + 1))
    candidate, away = np.empty((k, len(homes)), np.int16), np.empty((k, len(homes)), np.float32)
    candidate[:, order], away[:, order] = np.asarray(index).T, np.asarray(distance).T
    return candidate, away
