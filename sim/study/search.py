"""A search for the place at which figures are nearest to their targets, where each look at the figures is dear.

It goes in rounds. A round takes the slopes of all figures afresh, by moving one constant after another well beyond the
figures' grain, and then goes some steps by least squares (trust region, scipy), correcting the slopes after each by
what it showed (C. G. Broyden, Mathematics of Computation 19 (1965), 577-593). It ends when a round has won next to
nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from sim.study.targets import Target

Floats = NDArray[np.float64]

ROUNDS = 6  # at most
LOOKS = 5  # of a round, slopes apart and the one it begins with counted
STEP = 0.2  # log odds by which a constant is moved to see what the figures do: their grain is that of some 0.02
FURTHEST = 2.5  # log odds that a constant may go from where the search began: some twelve times
LITTLE = 0.01  # share of the sum of squares that is no progress
GRAIN = 0.5  # of the sum of squares: that of ten figures which all lie within a fifth of their scale


@dataclass(frozen=True)
class Found:
    """Where a search ended.

    place : float64 (constants,); figures : float64 (targets,) there
    squares : sum of the squared residuals; rounds : how many it took; settled : whether the last won next to nothing
    """

    place: Floats
    figures: Floats
    squares: float
    rounds: int
    settled: bool


def converge(look: Callable[[Floats], Floats], targets: Sequence[Target], start: Floats, rounds: int = ROUNDS) -> Found:
    """Search for the place where the squared residuals of all targets have the least sum.

    look : from a place, float64 (constants,), to the targets' figures, float64 (targets,); seen once for each place
    start : float64 (constants,), finite
    It ends when a round, whose slopes are fresh, has taken less off the sum of squares than `LITTLE` of it or `GRAIN`,
    whichever is more; or after so many rounds.
    """
    seen = _remembered(look)
    place, squares, settled, done = start, _squares(targets, seen(start)), False, 0
    while done < rounds and not settled:
        move = _round(seen, targets, place, start)
        before, place, done = squares, place + move, done + 1
        squares = _squares(targets, seen(place))
        settled = before - squares < max(LITTLE * before, GRAIN)
    return Found(place, seen(place), squares, done, settled)


def _round(look: Callable[[Floats], Floats], targets: Sequence[Target], place: Floats, start: Floats) -> Floats:
    """One round of the search: how far it goes from a place, float64 (constants,)."""
    slopes = Slopes(look, targets, place)
    bounds = (start - FURTHEST - place, start + FURTHEST - place)

    def misfit(move: Floats) -> Floats:
        """Residuals, float64 (targets,)."""
        return _residuals(targets, look(place + move))

    # from nought, so that the first step is trusted to one unit
    found = least_squares(misfit, np.zeros(len(place)), slopes, bounds, max_nfev=LOOKS, xtol=5e-3, ftol=LITTLE)
    return np.asarray(found.x)


class Slopes:
    """Slopes of the residuals about a place: taken there one way, then corrected by every step that is taken."""

    def __init__(self, look: Callable[[Floats], Floats], targets: Sequence[Target], place: Floats) -> None:
        self._look, self._targets, self._place = look, targets, place
        self._slopes = one_way(look, place)
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


def one_way(look: Callable[[Floats], Floats], place: Floats) -> Floats:
    """Slopes of all figures at a place, each constant moved up by `STEP`, float64 (figures, constants)."""
    here = look(place)
    return np.stack([(look(place + step) - here) / STEP for step in STEP * np.eye(len(place))], axis=1)


def both_ways(look: Callable[[Floats], Floats], place: Floats) -> Floats:
    """Slopes of all figures at a place, each constant moved down and up by `STEP`, float64 (figures, constants).

    Where there is no figure to one side, the slope is that to the other.
    """
    here, columns = look(place), []
    for step in STEP * np.eye(len(place)):
        up, down = (look(place + step) - here) / STEP, (here - look(place - step)) / STEP
        known = np.where(np.isfinite(up), up, down), np.where(np.isfinite(down), down, up)
        columns.append((known[0] + known[1]) / 2)
    return np.stack(columns, axis=1)


def _remembered(look: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """The same figures, looked at once for each place."""
    known: dict[bytes, Floats] = {}

    def seen(place: Floats) -> Floats:
        """The figures of a place, looked at or remembered."""
        key = (place + 0.0).tobytes()  # -0.0 is 0.0
        if key not in known:
            known[key] = look(place)
        return known[key]

    return seen


def _residuals(targets: Sequence[Target], figures: Floats) -> Floats:
    return np.array([target.residual(float(figure)) for target, figure in zip(targets, figures, strict=True)])


def _squares(targets: Sequence[Target], figures: Floats) -> float:
    return float((_residuals(targets, figures) ** 2).sum())
