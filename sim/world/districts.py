"""Districts: locations of homes and institutions."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from scipy.special import ndtri

from sim.params import Facts, Name, number


class DistrictFacts(Facts):
    """District of a city."""

    name: Name = Field(description="name, as it stands in tables")
    residents: int = number("persons", "resident population: the weight of births and institutions", at_least=0)
    x_km: float = number("km", "centre, eastward of the city's centre", at_least=-500, at_most=500)
    y_km: float = number("km", "centre, northward of the city's centre", at_least=-500, at_most=500)
    spread_km: float = number("km", "standard deviation of homes about the centre", at_least=0.01, at_most=200)


def weights(districts: Sequence[DistrictFacts]) -> NDArray[np.float64]:
    """Return each district's share of the city's residents, float64 (districts,), summing to 1."""
    residents = np.array([d.residents for d in districts], np.float64)
    return np.asarray(residents / residents.sum(), np.float64)


def positions(
    districts: Sequence[DistrictFacts],
    where: NDArray[np.int8],
    u: NDArray[np.float64],
    scale: float,
    spread: float = 1.0,
) -> NDArray[np.float64]:
    """Return positions about district centres, float64 (n, 2) [km].

    where : int8 (n,)  district index
    u : float64 (n, 2)  uniforms
    scale : thinning of the city; lengths shrink by its square root so that distances keep
    spread : factor on the district's spread
    """
    sd = (spread * np.array([d.spread_km for d in districts]))[where]
    out = np.empty((len(where), 2))
    for axis, centre in enumerate(np.array([[d.x_km, d.y_km] for d in districts]).reshape(-1, 2).T):
        out[:, axis] = (centre[where] + sd * ndtri(u[:, axis])) * np.sqrt(scale)
    return out


def apportion(weight: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Apportion `total` in whole numbers in proportion to weights (largest remainder; ties to the first).

    weight : float64 (n,)  non-negative, not all zero unless total is 0
    """
    if total == 0:
        return np.zeros(len(weight), np.int64)
    quota = weight / weight.sum() * total
    whole: NDArray[np.int64] = np.floor(quota).astype(np.int64)
    order = np.argsort(-(quota - whole), kind="stable")
    whole[order[: total - int(whole.sum())]] += 1
    return whole
