"""Welfare: what a policy is worth to each family in money, beside what the baseline would have offered it that day.

A child's best alternative under the policy is set against its best under the baseline: same child, same day, same
draws, and the policy's own state. The difference over the marginal utility of a yuan is its equivalent in money (Small
and Rosen, Econometrica 49, 1981, with the draws known instead of averaged out). Families decide as if what ends were
spread over the months they commit to; here money counts as it is paid: an always-taker gains the fall of its bill, a
new taker the relief less the least that would have brought it.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.compiled import entry, inlined, inner
from sim.kernels.bills import fen
from sim.kernels.choice import AS_HELD, BLOCK, appraise, net_fee, seated_as
from sim.kernels.columns import ALONE, ALPHA, BAND_OF_PART, CLOSED, LEAST, MOST, NOBODY, PARTS, PEAK, Tariff

HOME = -1  # the alternative of staying out


class Faced(NamedTuple):
    """What the families of a decision day face, under a policy or under the baseline; axis n is the child.

    tariff : the day's; value : float32 (4, J)  of the offers, by part
    free : bool (4, J)  whether a child of the part finds a seat, as the day begins
    group : int16 (n,)  family group, the row of the tariff
    at : int16 (n,)  institution attended as its day begins; face : int32 (V, n)  live vouchers held then [fen]
    """

    tariff: Tariff
    value: NDArray[np.float32]
    free: NDArray[np.bool_]
    group: NDArray[np.int16]
    at: NDArray[np.int16]
    face: NDArray[np.int32]


@inlined
def holds(i: int, face: Any) -> bool:
    """Whether child i holds a voucher of any pool."""
    any_of_them = False
    for v in range(face.shape[0]):
        any_of_them |= face[v, i] > 0
    return any_of_them


@inlined
def seat_for(i: int, part: int, j: int, side: Any) -> bool:
    """Whether institution j has a seat for child i, be it its own."""
    found: bool = (side.free[part, j] and side.value[part, j] > CLOSED) or side.at[i] == j
    return found


@inner
def best(i: int, part: int, own: int, sticks: Any, side: Any, scene: Any, worth: Any) -> int:
    """Candidate that is best for child i on one side, of those with a seat for it, or HOME.

    own : institution attended, to which the family sticks by `sticks`
    worth : float32 (K,)  written: utilities of all candidates, as `choice.appraise` weighs them
    """
    candidate, tariff, draws = scene.candidate, side.tariff, scene.children.draws
    appraise(
        i, part, own, side.group[i], holds(i, side.face), candidate, scene.children.shocked, draws[ALPHA, i],
        side.value, tariff.prices, tariff.posted, tariff.stages, tariff.terms, side.face, tariff.commitment, sticks,
        scene.site, worth,
    )  # fmt: skip
    pick, top = HOME, draws[ALONE, i]
    for k in range(candidate.shape[1]):
        if worth[k] > top and seat_for(i, part, candidate[i, k], side):
            pick, top = k, worth[k]
    return pick


@inner
def enjoyed(i: int, part: int, own: int, sticks: Any, k: int, side: Any, scene: Any) -> float:
    """Utility of child i's k-th candidate less that of staying out, its bill paid as it falls due, in yuan."""
    j, tariff, draws = np.int64(scene.candidate[i, k]), side.tariff, scene.children.draws
    band = BAND_OF_PART[part]
    net = net_fee(
        i, side.group[i], band, j, tariff.posted[band, j], tariff.stages, tariff.terms, side.face, AS_HELD, 0.0
    )
    gross = np.float64(scene.children.shocked[i, k]) - np.float64(draws[ALONE, i])
    gross += np.float64(side.value[seated_as(part, own, side.value) if j == own else part, j])
    if own != NOBODY and scene.site[j] == scene.site[own]:
        gross += np.float64(sticks)
    return gross / np.float64(draws[ALPHA, i]) - np.float64(fen(net)) / 100.0


@inner
def brought(
    i: int, part: int, own: int, sticks: Any, k: int, here: Any, there: Any, scene: Any, worth: Any, otherwise: Any
) -> float:
    """What child i has of its k-th candidate being better on one side than on the other, where it stays out [yuan].

    Where there is no seat for it on the other side that is all it enjoys. Else it is the difference in money less the
    least that would have brought it, which is the same part of it as of the difference that the family perceives.
    worth, otherwise : float32 (K,)  utilities here and there as families weigh them
    """
    enjoys = enjoyed(i, part, own, sticks, k, here, scene)
    if not seat_for(i, part, scene.candidate[i, k], there):
        return enjoys
    alone = np.float64(scene.children.draws[ALONE, i])
    share = (np.float64(worth[k]) - alone) / (np.float64(worth[k]) - np.float64(otherwise[k]))
    return (enjoys - enjoyed(i, part, own, sticks, k, there, scene)) * share


@inner
def gain(i: int, part: int, here: Any, there: Any, scene: Any, worth: Any, otherwise: Any) -> float:
    """What it is worth to the family of child i to face `here` and not `there` this month [yuan].

    worth, otherwise : float32 (K,)  to work in
    """
    own = here.at[i]
    # a habit is no gain: where there is no seat for it on the other side, a child is as one that has just come
    sticks = scene.stickiness if own == NOBODY or seat_for(i, part, own, there) else np.float32(0)
    now = best(i, part, own, sticks, here, scene, worth)
    then = best(i, part, own, sticks, there, scene, otherwise)
    if now == HOME and then == HOME:
        return 0.0
    if then == HOME:
        return brought(i, part, own, sticks, now, here, there, scene, worth, otherwise)
    if now == HOME:
        return -brought(i, part, own, sticks, then, there, here, scene, otherwise, worth)
    return enjoyed(i, part, own, sticks, now, here, scene) - enjoyed(i, part, own, sticks, then, there, scene)


@entry
def add_gains(edges: Any, here: Any, there: Any, scene: Any, out: Any) -> None:
    """Add up what a day's families gain, by the groups of their children, before they decide.

    Most would stay out at the better of both sides' best and cheapest institutions: the bound of `choice.screen`.

    edges : int64 (5,)  rows at which the four parts, oldest first, begin and end
    here, there : Faced  under the policy and under the baseline
    out : int64 (groups,)  added to [fen]; group 0 is all, 1 to 3 the bands
    """
    draws, cells = scene.children.draws, scene.cells
    worth, otherwise = np.empty(scene.candidate.shape[1], np.float32), np.empty(scene.candidate.shape[1], np.float32)
    near = np.empty(BLOCK, np.int64)
    for p in range(PARTS):
        part = PARTS - 1 - p
        highest = max(here.tariff.bounds[MOST, part], there.tariff.bounds[MOST, part])
        cheapest = min(here.tariff.bounds[LEAST, part], there.tariff.bounds[LEAST, part])
        for first in range(edges[p], edges[p + 1], BLOCK):
            n = 0
            for i in range(first, min(first + BLOCK, edges[p + 1])):
                most = ((draws[PEAK, i] + highest) - draws[ALPHA, i] * cheapest) - draws[ALONE, i]
                near[n] = i
                known = here.at[i] != NOBODY or holds(i, here.face) or holds(i, there.face)
                n += 1 if most >= np.float32(0) or known else 0
            for m in range(n):
                i = near[m]
                amount = fen(gain(i, part, here, there, scene, worth, otherwise))
                out[0] += amount
                out[1 + BAND_OF_PART[part]] += amount
                for c in range(cells.shape[1]):
                    out[cells[i, c]] += amount
