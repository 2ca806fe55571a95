"""A search for the place at which figures are nearest to their targets, where each look at the figures is dear.

It goes in rounds. A round takes the slopes of all figures afresh, by moving one constant after another well beyond the
figures' grain, and then goes some steps by least squares (trust region, scipy), correcting the slopes after each by
what it showed (C. G. Broyden, Mathematics of Computation 19 (1965), 577-593). After a round that won next to nothing
comes a careful one: the place is looked at again, in case grain had flattered it, slopes are taken to both sides, and
steps begin short. The search ends when that wins next to nothing too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sim.study.targets import Target

Floats = NDArray[np.float64]
Look = Callable[[Floats], Floats]

ROUNDS = 6  # at most
LOOKS = 5  # of a round, slopes apart and the one it begins with counted
STEP = 0.2  # log odds by which a constant is moved to see what the figures do: their grain is that of some 0.02
REACH = 0.6  # log odds of a round's first step, about; a careful one's is a quarter of it
FURTHEST = 2.5  # log odds that a constant may go from where the search began: some twelve times
LITTLE = 0.01  # share of the sum of squares that is no progress
GRAIN = 0.5  # of the sum of squares: that of ten figures which all lie within a fifth of their scale


@dataclass(frozen=True)
class Found:
    """Where a search ended.

    place : float64 (constants,); figures : float64 (targets,) there
    squares : sum of the squared residuals; rounds : how many it took
    settled : whether a careful round won next to nothing
    look : from a place to its figures, those that the search has seen remembered
    """

    place: Floats
    figures: Floats
    squares: float
    rounds: int
    settled: bool
    look: Look


def converge(look: Look, targets: Sequence[Target], start: Floats, rounds: int = ROUNDS) -> Found:
    """Search for the place where the squared residuals of all targets have the least sum.

    look : from a place, float64 (constants,), to the targets' figures, float64 (targets,)
    start : float64 (constants,), finite
    A round has won next to nothing if it has taken less off the sum of squares than `LITTLE` of it or `GRAIN`,
    whichever is more. The search ends when a careful round has, or after so many rounds.
    """
    seen = _Memory(look)
    place, settled, careful, done = start, False, False, 0
    while done < rounds and not settled:
        if careful:
            seen.again(place)
        before = _squares(targets, seen(place))
        place = place + _round(seen, targets, place, start, careful)
        won = before - _squares(targets, seen(place))
        little = won < max(LITTLE * before, GRAIN)
        settled, careful, done = careful and little, little, done + 1
    figures = seen(place)
    return Found(place, figures, _squares(targets, figures), done, settled, seen)


def _round(look: Look, targets: Sequence[Target], place: Floats, start: Floats, careful: bool) -> Floats:
    """One round of the search: how far it goes from a place, float64 (constants,)."""
    slopes = Slopes(look, targets, place, both_ways if careful else one_way)
    bounds = (start - FURTHEST - place, start + FURTHEST - place)

    def misfit(move: Floats) -> Floats:
        """Residuals, float64 (targets,)."""
        return _residuals(targets, look(place + move))

    reach = REACH / 4 if careful else REACH
    nowhere = np.zeros(len(place))  # from here scipy trusts a first step to one unit of its scale
    found = least_squares(misfit, nowhere, slopes, bounds, x_scale=reach, max_nfev=LOOKS, xtol=5e-3, ftol=LITTLE)
    return np.asarray(found.x)


class Slopes:
    """Slopes of the residuals about a place: taken there, then corrected by every step that is taken.

    differences : how they are taken, `one_way` or `both_ways`
    """

    def __init__(
        self, look: Look, targets: Sequence[Target], place: Floats, differences: Callable[[Look, Floats], Floats]
    ) -> None:
        self._look, self._targets, self._place = look, targets, place
        self._slopes = differences(look, place)
        self._move = np.zeros(len(place))

    def __call__(self, move: Floats) -> Floats:
        """Slopes of the residuals at a move from the place, float64 (targets, constants)."""
        step, figures = move - self._move, self._look(self._place + move)
        if step @ step >= (STEP / 2) ** 2:  # a shorter one shows the grain
            came = figures - self._look(self._place + self._move)
            off = np.nan_to_num(came - self._slopes @ step, posinf=0, neginf=0)
            self._slopes = self._slopes + np.outer(off, step) / (step @ step)
            self._move = move.copy()
        weights = [target.slope(figure) for target, figure in zip(self._targets, figures, strict=True)]
        return np.asarray(np.array(weights)[:, None] * np.nan_to_num(self._slopes, posinf=0, neginf=0))


def one_way(look: Look, place: Floats) -> Floats:
    """Slopes of all figures at a place, each constant moved up by `STEP`, float64 (figures, constants)."""
    here = look(place)
    return np.stack([(look(place + step) - here) / STEP for step in STEP * np.eye(len(place))], axis=1)


def both_ways(look: Look, place: Floats) -> Floats:
    """Slopes of all figures at a place, each constant moved down and up by `STEP`, float64 (figures, constants).

    Where there is no figure to one side, the slope is that to the other.
    """
    here, columns = look(place), []
    for step in STEP * np.eye(len(place)):
        up, down = (look(place + step) - here) / STEP, (here - look(place - step)) / STEP
        known = np.where(np.isfinite(up), up, down), np.where(np.isfinite(down), down, up)
        columns.append((known[0] + known[1]) / 2)
    return np.stack(columns, axis=1)


class _Memory:
    """Figures by place, looked at once for each, but where it is asked to look again."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._known: dict[bytes, Floats] = {}

    def __call__(self, place: Floats) -> Floats:
        """The figures of a place, looked at or remembered."""
        key = self._key(place)
        if key not in self._known:
            self._known[key] = self._look(place)
        return self._known[key]

    def again(self, place: Floats) -> None:
        """Look at a place once more, and forget the first look: a search stays where grain flatters it."""
        self._known[self._key(place)] = self._look(place)

    @staticmethod
    def _key(place: Floats) -> bytes:
        return (place + 0.0).tobytes()  # -0.0 is 0.0


def _residuals(targets: Sequence[Target], figures: Floats) -> Floats:
    return np.array([target.residual(float(figure)) for target, figure in zip(targets, figures, strict=True)])


def _squares(targets: Sequence[Target], figures: Floats) -> float:
    return float((_residuals(targets, figures) ** 2).sum())
