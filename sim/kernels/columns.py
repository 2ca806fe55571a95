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
MOST_GROUPS = 512  # of families, that a tariff tells apart
BAND_OF_PART = (0, 1, 1, 2)
CLOSED = np.float32(-1e30)  # the value of an offer where nobody may enrol

# rows of the blocks: of the children's links, shorts and counts,
WAITS, WAITS_BEFORE, WAITS_AFTER, CLIMBS, CLIMBS_BEFORE, CLIMBS_AFTER, WAITS_SINCE, PAID = range(8)
AT, SEAT, GROUP, STAY_AT, STAY_FIRST, STAY_LAST = range(6)
HELD, REFUSED, STAY_REFUSED, STAY_SUBSIDISED, MONTHS_AHEAD = range(5)
LINKS, SHORTS, COUNTS = 8, 6, 5
# of the offers' seats,
PLACES, TAKEN = range(2)
# and of the tariff's prices, bounds, stages, spread and terms
ENTRY, ENROLLED, SLOPES = range(3)
LEAST, LEAST_ENROLLED, MOST = range(3)
RATE, AMOUNT, CEILING = range(3)
MONTHS, LATER, LATER_SLOPES = range(3)
VOUCHER, INSTRUMENT, FIRST_TIER = range(3)
FORGONE = -2  # in place of a row of vouchers: what a family forgoes by enrolling, which it weighs and is not billed


class Children(NamedTuple):
    """Columns of children; axis 0 (or the last) is the child. These are the state a checkpoint copies.

    Columns of one type lie in one block, because each array more costs compiling and calling time.
    Kernels address a block by the rows named above; the rest of the program reads the properties.

    alpha : float32 (n,)  marginal utility of a yuan a month
    epoch : int32 (n,)  row of `Epochs` with the shocks in force
    links : int32 (8, n)
        waits, climbs  offer waited for, and offer of the next band waited for inside; -1 none
        waits_before, waits_after, climbs_before, climbs_after  neighbours in the lists
        waits_since  ordinal day of joining
        paid  what each month that is paid ahead was paid with [fen]
    shorts : int16 (6, n)
        at  institution attended, -1 for none; seat  type of its class
        group  family group, the row of the tariff
        stay_at, stay_first, stay_last  the current run of bills: institution and months
    counts : uint8 (5, n)
        held  live vouchers held
        refused  months since its last bill in which the child sat nowhere because a place it wanted was full
        stay_refused, stay_subsidised  such months before the current run; its months with a claim of the policy's own
        ahead  months paid ahead where the child sits, after that of its last bill
    """

    alpha: NDArray[np.float32]
    epoch: NDArray[np.int32]
    links: NDArray[np.int32]
    shorts: NDArray[np.int16]
    counts: NDArray[np.uint8]

    @classmethod
    def at_home(cls, n: int) -> "Children":
        """n children without a place or a list, each in an epoch of its own."""
        children = cls(
            alpha=np.zeros(n, np.float32),
            epoch=np.arange(n, dtype=np.int32),
            links=np.full((LINKS, n), NOBODY, np.int32),
            shorts=np.full((SHORTS, n), NOBODY, np.int16),
            counts=np.zeros((COUNTS, n), np.uint8),
        )
        children.links[WAITS_SINCE] = children.links[PAID] = 0
        children.shorts[GROUP] = 0
        return children

    @property
    def waits(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[WAITS])

    @property
    def waits_before(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[WAITS_BEFORE])

    @property
    def waits_after(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[WAITS_AFTER])

    @property
    def waits_since(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[WAITS_SINCE])

    @property
    def paid(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[PAID])

    @property
    def climbs(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[CLIMBS])

    @property
    def climbs_before(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[CLIMBS_BEFORE])

    @property
    def climbs_after(self) -> NDArray[np.int32]:
        """Row of `links`."""
        return np.asarray(self.links[CLIMBS_AFTER])

    @property
    def at(self) -> NDArray[np.int16]:
        """Row of `shorts`."""
        return np.asarray(self.shorts[AT])

    @property
    def seat(self) -> NDArray[np.int16]:
        """Row of `shorts`."""
        return np.asarray(self.shorts[SEAT])

    @property
    def group(self) -> NDArray[np.int16]:
        """Row of `shorts`."""
        return np.asarray(self.shorts[GROUP])

    @property
    def stay_at(self) -> NDArray[np.int16]:
        """Row of `shorts`."""
        return np.asarray(self.shorts[STAY_AT])

    @property
    def stay_first(self) -> NDArray[np.int16]:
        """Row of `shorts`."""
        return np.asarray(self.shorts[STAY_FIRST])

    @property
    def stay_last(self) -> NDArray[np.int16]:
        """Row of `shorts`."""
        return np.asarray(self.shorts[STAY_LAST])

    @property
    def held(self) -> NDArray[np.uint8]:
        """Row of `counts`."""
        return np.asarray(self.counts[HELD])

    @property
    def refused(self) -> NDArray[np.uint8]:
        """Row of `counts`."""
        return np.asarray(self.counts[REFUSED])

    @property
    def stay_refused(self) -> NDArray[np.uint8]:
        """Row of `counts`."""
        return np.asarray(self.counts[STAY_REFUSED])

    @property
    def stay_subsidised(self) -> NDArray[np.uint8]:
        """Row of `counts`."""
        return np.asarray(self.counts[STAY_SUBSIDISED])


class Terms(NamedTuple):
    """Fees paid in advance: what institutions ask, and what has become of them this month.

    months : int64 (J,)  fees that are paid at once; kept : float32 (J,)  share of a fee paid ahead that whoever leaves
        early does not get back
    forfeited : int64 (J,)  what leavers left behind, by institution [fen]; lost : int64 (groups,)  the same by the
        groups that children are counted in
    """

    months: NDArray[np.int64]
    kept: NDArray[np.float32]
    forfeited: NDArray[np.int64]
    lost: NDArray[np.int64]


class Ties(NamedTuple):
    """Ties of a child to where it is, by σ and fees that are paid; and what having been in care leaves behind.

    stickiness : float32  what being enrolled at an institution adds to it (σ)
    habit : float32  by how much less staying out is worth to whoever has been in care
    learnt : float32 (J,)  by how much more an institution is worth to whoever was billed there last than to others;
        (0,) where families see all of its quality beforehand
    kept : float32 (J,)  as in `Terms`; links : int32 (8, n), counts : uint8 (5, n)  of the children
    """

    stickiness: np.float32
    habit: np.float32
    learnt: NDArray[np.float32]
    kept: NDArray[np.float32]
    links: NDArray[np.int32]
    counts: NDArray[np.uint8]


class Epochs(NamedTuple):
    """The shocks of the children's epochs: luck, the same under every policy, so that no state holds them.

    The first n rows are the children's own and are written over until policies fork; from then on every epoch has a
    row of its own, to which `Children.epoch` points.

    shocked : float32 (E, K)  value of each candidate with its shock, before fee, band and quality; an epoch's lie
        side by side, because few children are looked at so closely
    peak : float32 (E,)  the highest of `shocked`: enough to see that most children would not enter
    alone : float32 (E,)  value of staying out with its shock
    """

    shocked: NDArray[np.float32]
    peak: NDArray[np.float32]
    alone: NDArray[np.float32]

    @classmethod
    def of(cls, rows: int, candidates: int) -> "Epochs":
        """Room for epochs that are not drawn yet."""
        return cls(np.zeros((rows, candidates), np.float32), np.zeros(rows, np.float32), np.zeros(rows, np.float32))


class Offers(NamedTuple):
    """Columns of institutions, seats and offers; also state.

    fee : float64 (J, 3)  the institution's own fee [yuan a month]
    value : float32 (4, J)  taste for the band and quality, by part; CLOSED where nobody may enrol
    seats : int32 (2, J, 4)  places, and how many are taken, by class type
    ends : int32 (4, 3 J)  head and tail of the waiting lists, and of the lists of those who climb, by offer
    """

    fee: NDArray[np.float64]
    value: NDArray[np.float32]
    seats: NDArray[np.int32]
    ends: NDArray[np.int32]

    @property
    def places(self) -> NDArray[np.int32]:
        """Seats there are, (J, 4)."""
        return np.asarray(self.seats[PLACES])

    @property
    def taken(self) -> NDArray[np.int32]:
        """Seats sat in, (J, 4)."""
        return np.asarray(self.seats[TAKEN])


class Tariff(NamedTuple):
    """Fees and relief that families face, rebuilt whenever an instrument speaks or a fee moves.

    prices : float32 (3, G·3·J)  perceived net fee of deciding to enter, and of those enrolled; and by how much the
        entrants' rises when the posted fee rises by a yuan
    bounds : float32 (3, 4)  by part of the children: the lowest price of each kind, and the highest value of an offer
    posted : float64 (3, J)  [yuan a month]
    stages : float64 (3, S, B, 3, J)  rate, amount, ceiling: stage s relieves min(net, ceiling, amount + rate·net);
        group g is billed as row g modulo B says, for groups differ besides in what they expect; at a voucher stage the
        amount is 1 where the voucher may be redeemed and is multiplied by the face
    terms : int16 (3, S)  of each stage: its row of `Vouchers.face`, -1 for no vouchers or FORGONE; its instrument's
        place in the chain; the number of voucher tranches of the instruments before it
    spread : float64 (3, G·3·J)  of an entrant: months over which it weighs what it pays; what it expects to be billed
        in those after this one, together [fen]; and by how much more if the posted fee rises by a yuan [yuan]
    commitment : float64 (G,)  the fewest of these months at any offer
    bare : float32 (3, G·3·J)  prices without what entering now costs a family that would wait to count as new: those of
        whoever holds a voucher; `prices` themselves where nobody would
    """

    prices: NDArray[np.float32]
    bounds: NDArray[np.float32]
    posted: NDArray[np.float64]
    stages: NDArray[np.float64]
    terms: NDArray[np.int16]
    spread: NDArray[np.float64]
    commitment: NDArray[np.float64]
    bare: NDArray[np.float32]

    @property
    def entry(self) -> NDArray[np.float32]:
        """Row of `prices`."""
        return np.asarray(self.prices[ENTRY])

    @property
    def enrolled(self) -> NDArray[np.float32]:
        """Row of `prices`."""
        return np.asarray(self.prices[ENROLLED])

    @property
    def slopes(self) -> NDArray[np.float32]:
        """Row of `prices`."""
        return np.asarray(self.prices[SLOPES])


class Vouchers(NamedTuple):
    """Vouchers of every pool; rows are pools, axis 1 is the child.

    face : int32 (V, n)  face value of the live voucher [fen], 0 for none
    tranche : int8 (V, n)  its tranche
    taken : int32 (V, J)  vouchers that institutions have redeemed since the pool's last round
    """

    face: NDArray[np.int32]
    tranche: NDArray[np.int8]
    taken: NDArray[np.int32]


class ChoiceInputs(NamedTuple):
    """All that a decision looks at.

    birth : int32 (n,); candidate : int16 (n, K); fixed : float32 (n, K); outside : float32 (n,)
    lasting : float32 (n,)  the highest of `fixed`
    cells : int16 (n, C)  groups a child is counted in: quintile, birth order, district
    kind_cell : int16 (J,)  group of an institution's kind
    ties : what ties children to where they are; prepaid : fees paid in advance
    site : int32 (J,)  the row that stands for the institution, equal for all its services
    events : int64 (EVENTS,)  counts of what happened this month, see `places`
    lists : int64 (LISTS, 3)  this month's entries on waiting lists and days waited, by the lists' band, see `places`
    """

    birth: NDArray[np.int32]
    candidate: NDArray[np.int16]
    fixed: NDArray[np.float32]
    outside: NDArray[np.float32]
    lasting: NDArray[np.float32]
    cells: NDArray[np.int16]
    kind_cell: NDArray[np.int16]
    epochs: Epochs
    children: Children
    offers: Offers
    vouchers: Vouchers
    tariff: Tariff
    ties: Ties
    prepaid: Terms
    site: NDArray[np.int32]
    events: NDArray[np.int64]
    lists: NDArray[np.int64]


class Ages(NamedTuple):
    """Last birthdays, as ordinals, of those who are old enough on a day for the parts after infants."""

    toddler: int
    mixed: int
    older: int
