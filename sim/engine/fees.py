"""Fee reviews of institutions: steering to usual occupancy, or best response to other institutions' fees."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.dates import YEAR
from sim.world.institutions import Institutions
from sim.world.supply import SupplyFacts

MOST = 100_000_000  # yuan a month: above it a city's bills of a few years overflow 64 bits of fen
Yuan = NDArray[np.float64]


class FeeError(ArithmeticError):
    """A fee rises without bound: households are indifferent to it, so no fee is the best."""


@dataclass(frozen=True)
class Outlook:
    """Expected demand around institutions at today's fees, as if every household chose afresh.

    demand : float64 (J, 3)  children; slope : float64 (J, 3)  children lost per yuan of the posted fee
    cross : float64 (J, 3, R)  children gained by the owner's r-th institution per yuan of this one's fee
    """

    demand: NDArray[np.float64]
    slope: NDArray[np.float64]
    cross: NDArray[np.float64]


@dataclass(frozen=True)
class Position:
    """Fees, costs and children of institutions at a fee review, each (J, 3) by band.

    posted : today's fee; cost : marginal cost less payments of the treasury per child [yuan a month]
    scale : children enrolled or waiting ÷ expected children, over twelve months
    room : capacity [children]
    """

    posted: Yuan
    cost: Yuan
    scale: NDArray[np.float64]
    room: NDArray[np.float64]


class Owners:
    """Institutions grouped by owner.

    rank : int32 (J,)  position among its owner's institutions; size : institutions of the largest owner
    """

    def __init__(self, institutions: Institutions) -> None:
        owner = institutions.owner
        order = np.argsort(owner, kind="stable")
        first = np.searchsorted(owner[order], owner[order], side="left")
        self.owner = owner
        self.rank = np.empty(len(owner), np.int32)
        self.rank[order] = np.arange(len(owner)) - first
        self.size = int(self.rank.max(initial=0)) + 1
        self._member = np.full((int(owner.max(initial=-1)) + 1, self.size), -1, np.int64)
        self._member[owner, self.rank] = np.arange(len(owner))

    def others(self, margin: Yuan, outlook: Outlook) -> Yuan:
        """Return the gain of the owner's other institutions per yuan of each one's fee, (J, 3) [yuan a month]."""
        if outlook.cross.shape[2] == 0:
            return np.zeros_like(margin)
        member = self._member[self.owner]  # (J, R)
        theirs = np.where((member >= 0)[:, :, None], margin[member], 0.0)
        return np.asarray(np.einsum("jrb,jbr->jb", theirs, outlook.cross))

    def margins(self, outlook: Outlook) -> Yuan:
        """Return margins over marginal cost at which today's fees are best responses, (J, 3); nan without demand.

        Solves the first-order conditions of Bertrand competition for margins: Berry, Levinsohn and Pakes (Econometrica,
        1995), equation 3.6, with each owner's institutions priced jointly.
        """
        with np.errstate(divide="ignore", invalid="ignore"):
            margin = np.asarray(np.where(outlook.slope > 0, outlook.demand / outlook.slope, np.nan))
        if outlook.cross.shape[2] == 0:
            return margin
        for members in self._member[(self._member >= 0).sum(axis=1) > 1]:
            chain = members[members >= 0]
            for b in range(margin.shape[1]):
                here = chain[outlook.slope[chain, b] > 0]
                falls = np.diag(outlook.slope[here, b]) - outlook.cross[here, b][:, self.rank[here]]
                margin[here, b] = np.linalg.solve(falls, outlook.demand[here, b])
        return margin


def hazard(outlook: Outlook) -> NDArray[np.float64]:
    """Return the fraction of demand lost per yuan at today's fee, (J, 3); 0 if none is."""
    counts = (outlook.demand > 0) & (outlook.slope > 0)
    return np.asarray(np.divide(outlook.slope, outlook.demand, out=np.zeros_like(outlook.demand), where=counts))


def moved(falls: NDArray[np.float64], by: Yuan) -> NDArray[np.float64]:
    """Return demand at a fee `by` yuan higher ÷ today's, assuming exponential decline; inf on overflow."""
    with np.errstate(over="ignore"):  # beyond any capacity, and capped by the caller
        return np.asarray(np.exp(-falls * by))


def served(at: Position, outlook: Outlook, fee: Yuan) -> NDArray[np.float64]:
    """Return the number of children of each band who would come at a fee, up to capacity, (J, 3)."""
    return np.minimum(at.scale * outlook.demand * moved(hazard(outlook), fee - at.posted), at.room)


def best_fee(at: Position, outlook: Outlook, spill: Yuan, pay: Yuan | float = 0.0) -> Yuan:
    """Return the fee of highest profit given demand around today's fee, (J, 3); today's fee if no demand is known.

    If demand exceeds capacity at that fee, it is the fee equating them.
    spill : gain of the owner's other institutions per yuan of this one's fee, (J, 3)
    pay : payments of the treasury per child not included in `at` [yuan a month]
    """
    p, falls, come = at.posted, hazard(outlook), at.scale * outlook.demand
    counts = falls > 0
    markup = np.divide(outlook.demand + spill, outlook.slope, out=np.zeros_like(p), where=counts)
    fee = np.where(counts, np.maximum(at.cost - pay + markup, 0.0), p)
    full = counts & (at.room > 0) & (come * moved(falls, fee - p) > at.room)
    excess = np.divide(come, at.room, out=np.ones_like(p), where=full)
    clearing = p + np.divide(np.log(excess), falls, out=np.zeros_like(p), where=full)
    return np.asarray(np.where(full, np.maximum(fee, clearing), fee))


def best_response(
    facts: SupplyFacts, owners: Owners, at: Position, outlook: Outlook
) -> tuple[Yuan, NDArray[np.float64]]:
    """Return the fees a review would move to, (J, 3), and the yearly gain from the move, (J,) [yuan].

    The best fee solves p = c + (D + gain of the owner's others) ÷ −D′ at today's fees, so its fixed point is the
    Bertrand-Nash equilibrium. Demand declines exponentially in the fee at today's rate. If it exceeds capacity, the
    best fee is the market-clearing one. A review moves part of the way, by at most `fee_limit`.
    """
    p, margin = at.posted, at.posted - at.cost
    spill = owners.others(np.where(np.isfinite(margin), margin, 0.0), outlook)
    limit = facts.fee_limit * p
    unmoved = (outlook.demand > 0) & (outlook.slope <= 0)  # demand is insensitive: up to the limit of a review
    step = np.clip(facts.fee_adjustment * (best_fee(at, outlook, spill) - p), -limit, limit)
    step = np.where(unmoved, limit, step)
    before, after = served(at, outlook, p), served(at, outlook, p + step)
    per_child = np.divide(spill, outlook.slope, out=np.zeros_like(p), where=outlook.slope > 0)
    gain = (margin + step) * after - margin * before + per_child * (before - after)
    return p + step, YEAR * gain.sum(axis=1)


def steer(facts: SupplyFacts, fee: Yuan, occupancy: NDArray[np.float64], norm: NDArray[np.float64]) -> Yuan:
    """Steer fees by `utilisation`, (J, 3): a step up or down if occupancy leaves the dead band around its norm."""
    ratio = np.divide(occupancy, norm, out=np.ones_like(norm), where=norm > 0)
    up, down = ratio > 1 + facts.dead_band, ratio < 1 - facts.dead_band
    return fee * (1 + facts.fee_step * (up.astype(float) - down))[:, None]
