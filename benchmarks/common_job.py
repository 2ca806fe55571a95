"""The common job: a city's monthly childcare choice, small enough to write in any simulation package.

Each family has one child aged 6 to 35 months, a sensitivity to price, a place on a plane, and the K nearest
institutions to choose from. Every month runs like this:

1. The city offers the places given up last month; every third month each institution moves its fee by 2 %,
   up if more than 85 % of its places are taken, down otherwise; 1,800 vouchers of 500 yuan, valid this month
   and the next, are drawn by lottery among families without a live one.
2. Families take their turns in an order that is random and new each month. The child ages a month; at 36 it
   leaves, gives up its place and voucher, and a child of 6 months takes its turn. The family draws a Gumbel
   shock for staying out and for each offer,

       U_0 = ε_0        U_j = appeal_j − sensitivity · max(0, fee_j − voucher) + ε_j

   and takes the best of: staying out, the place it holds, offers with a free place. A place given up is
   offered next month. A live voucher is used up by a month in care.
3. Totals are recorded: children in care, vouchers issued and used, the mean fee.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class CommonJob:
    """Parameters of the job, and the city drawn from them.

    families : number of families, each with one child
    months : number of months simulated
    offers : K, institutions that a family chooses from: the nearest
    seed : the city
    luck : everything that happens in it
    """

    families: int = 100_000
    months: int = 24
    offers: int = 8
    seed: int = 1
    luck: int = 1

    youngest: int = 6  # months
    leaving: int = 36  # months
    voucher: int = 500  # yuan off a month's fee
    vouchers: int = 1_800  # issued a month, fewer if fewer families are without
    validity: int = 2  # months
    review: int = 3  # months between reviews of fees
    step: float = 0.02  # of the fee
    target: float = 0.85  # share of places taken above which fees rise

    @property
    def institutions(self) -> int:
        """Number of institutions: one for 200 families, and never fewer than a family's offers."""
        return max(self.families // 200, self.offers)

    @property
    def family_months(self) -> int:
        """Decisions that the job takes."""
        return self.families * self.months

    @cached_property
    def city(self) -> "City":
        """The city of this job's seed, drawn once."""
        return draw_city(self)


@dataclass(frozen=True)
class City:
    """The drawn inputs. N families, J institutions, K offers.

    age : int8 (N,)  [months]
    sensitivity : float32 (N,)  [1/yuan]
    offer : int32 (K, N)  institution, nearest first
    appeal : float32 (K, N)  what is fixed in the utility of an offer: quality less distance
    places : int32 (J,)
    fee : float64 (J,)  [yuan a month]
    """

    age: NDArray[np.int8]
    sensitivity: NDArray[np.float32]
    offer: NDArray[np.int32]
    appeal: NDArray[np.float32]
    places: NDArray[np.int32]
    fee: NDArray[np.float64]


@dataclass(frozen=True)
class Totals:
    """What the job records of each month, and how long its months took.

    enrolled, issued, used : int64 (months,)  children; vouchers
    mean_fee : float64 (months,)  over institutions  [yuan a month]
    seconds : wall time of the months alone, without drawing the city or building the agents
    """

    enrolled: NDArray[np.int64]
    issued: NDArray[np.int64]
    used: NDArray[np.int64]
    mean_fee: NDArray[np.float64]
    seconds: float


def draw_city(job: CommonJob) -> City:
    """Draw a job's families and institutions: a square with one institution per square kilometre.

    The level of appeal lets some six in a hundred families a month want a place they don't hold.
    """
    rng = np.random.default_rng(job.seed)
    n, j = job.families, job.institutions
    side = np.sqrt(j)
    homes, sites = rng.uniform(0, side, (n, 2)), rng.uniform(0, side, (j, 2))
    distance, offer = cKDTree(sites).query(homes, k=job.offers)
    quality = rng.normal(0, 1, j)
    return City(
        age=rng.integers(job.youngest, job.leaving, n).astype(np.int8),
        sensitivity=(0.001 * rng.lognormal(0, 0.5, n)).astype(np.float32),
        offer=np.ascontiguousarray(offer.T, np.int32),
        appeal=np.ascontiguousarray((-3.1 + quality[offer] - 0.5 * distance).T, np.float32),
        places=rng.integers(40, 61, j).astype(np.int32),
        fee=rng.uniform(1_000, 2_500, j),
    )
