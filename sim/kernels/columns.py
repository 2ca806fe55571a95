"""The plain arrays that kernels share, grouped by whom they are about.

An offer is an institution for a band: offer = institution · 3 + band. A seat is a place in a class
of one type (infant, toddler, older toddler, mixed). The children of a decision day fall into four
parts by age: infants, toddlers too young for a mixed class, other toddlers, older toddlers. Tables
are laid out [part or band, institution] for the choice loop, because a part shares them.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

NOBODY = -1
PARTS = 4
BAND_OF_PART = (0, 1, 1, 2)
MIXED = 3  # the type of a mixed class among seats
CLOSED = np.float32(-1e30)  # the value of an offer where nobody may enrol


class Children(NamedTuple):
    """Columns of children; axis 0 (or the last) is the child. These are the state a checkpoint copies.

    shocked : float32 (K, n)  value of each candidate with its shock, before fee, band and quality
    alone : float32 (n,)  value of staying out with its shock
    alpha : float32 (n,)  marginal utility of a yuan a month
    group : uint16 (n,)  family group, the row of the tariff
    held : uint8 (n,)  live vouchers held
    at : int16 (n,)  institution attended, -1 for none; seat : int8 (n,)  type of its class
    waits, climbs : int32 (n,)  offer waited for, and offer of the next band waited for inside; -1 none
    waits_before, waits_after, climbs_before, climbs_after : int32 (n,)  neighbours in the lists
    waits_since : int32 (n,)  ordinal day of joining
    refused : uint8 (n,)  months since the child last sat anywhere in which a place it wanted was full
    stay_at, stay_first, stay_last : int16 (n,)  the current run of bills: institution and months
    stay_subsidised : uint8 (n,)  months of it with a claim of the policy's own
    """

    shocked: NDArray[np.float32]
    alone: NDArray[np.float32]
    alpha: NDArray[np.float32]
    group: NDArray[np.uint16]
    held: NDArray[np.uint8]
    at: NDArray[np.int16]
    seat: NDArray[np.int8]
    waits: NDArray[np.int32]
    waits_before: NDArray[np.int32]
    waits_after: NDArray[np.int32]
    waits_since: NDArray[np.int32]
    climbs: NDArray[np.int32]
    climbs_before: NDArray[np.int32]
    climbs_after: NDArray[np.int32]
    refused: NDArray[np.uint8]
    stay_at: NDArray[np.int16]
    stay_first: NDArray[np.int16]
    stay_last: NDArray[np.int16]
    stay_subsidised: NDArray[np.uint8]


class Offers(NamedTuple):
    """Columns of institutions, seats and offers; also state.

    fee : float64 (J, 3)  the institution's own fee [yuan a month]
    value : float32 (4, J)  taste for the band and quality, by part; CLOSED where nobody may enrol
    places, taken : int32 (J, 4)  seats by class type, and how many are sat in
    waits_head, waits_tail, climbs_head, climbs_tail : int32 (3 J,)  ends of the lists, by offer
    """

    fee: NDArray[np.float64]
    value: NDArray[np.float32]
    places: NDArray[np.int32]
    taken: NDArray[np.int32]
    waits_head: NDArray[np.int32]
    waits_tail: NDArray[np.int32]
    climbs_head: NDArray[np.int32]
    climbs_tail: NDArray[np.int32]


class Tariff(NamedTuple):
    """What families face, rebuilt whenever an instrument speaks or a fee moves.

    entry, enrolled : float32 (G·3·J,)  perceived net fee of deciding to enter, and of those enrolled
    posted : float64 (3, J)  [yuan a month]
    rate, amount, ceiling : float64 (S, G, 3, J)  stage s relieves min(net, ceiling, amount + rate·net);
        at a voucher stage `amount` is 1 where the voucher may be redeemed and is multiplied by the face
    voucher : int16 (S,)  row of `Vouchers.face` for voucher stages, else -1
    instrument : int16 (S,)  place of the stage's instrument in the chain
    first_tier : int16 (S,)  number of voucher tranches of the instruments before it
    commitment : float64  months over which an entrant weighs a one-off relief
    """

    entry: NDArray[np.float32]
    enrolled: NDArray[np.float32]
    posted: NDArray[np.float64]
    rate: NDArray[np.float64]
    amount: NDArray[np.float64]
    ceiling: NDArray[np.float64]
    voucher: NDArray[np.int16]
    instrument: NDArray[np.int16]
    first_tier: NDArray[np.int16]
    commitment: float


class Vouchers(NamedTuple):
    """Live vouchers of every pool; rows are pools, axis 1 is the child.

    face : int32 (V, n)  face value of the live voucher [fen], 0 for none
    tranche : int8 (V, n)  its tranche
    """

    face: NDArray[np.int32]
    tranche: NDArray[np.int8]


class Scene(NamedTuple):
    """All that a decision looks at.

    birth : int32 (n,); candidate : int16 (K, n); fixed : float32 (K, n); outside : float32 (n,)
    cells : int16 (n, C)  groups a child is counted in: quintile, birth order, district
    kind_cell : int16 (J,)  group of an institution's kind
    stickiness : float32  what being enrolled at an institution adds to it (σ)
    events : int64 (EVENTS,)  counts of what happened this month, see `places`
    """

    birth: NDArray[np.int32]
    candidate: NDArray[np.int16]
    fixed: NDArray[np.float32]
    outside: NDArray[np.float32]
    cells: NDArray[np.int16]
    kind_cell: NDArray[np.int16]
    children: Children
    offers: Offers
    vouchers: Vouchers
    tariff: Tariff
    stickiness: np.float32
    events: NDArray[np.int64]


class Ages(NamedTuple):
    """Last birthdays, as ordinals, of those who are old enough on a day for the parts after infants."""

    toddler: int
    mixed: int
    older: int
