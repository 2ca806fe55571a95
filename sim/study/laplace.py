"""What a fit knows of its constants: a normal law about the optimum, in a space in which nothing has to be clipped.

A constant x that may be anything from 0 to M stands there by its place, log(x ÷ (M − x)): far below M its log, so that
steps are proportional, and wherever a place lies the constant is within its bounds.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri
from scipy.stats import qmc

from sim.study.targets import Target

Floats = NDArray[np.float64]

# the most that a constant may be: of most what [city.families] admits, of renewal what leaves an epoch a meaning
MOST: Mapping[str, float] = {
    "open_share": 1.0,
    "sensitivity": 1.0,
    "taste_sd": 50.0,
    "income_power": 2.0,
    "renewal": 0.95,
    "stickiness": 50.0,
}
MENDS = 3  # steps of a draw at most towards the figures foretold of it
FAR = 1.0  # log odds that such a step may go
CONFIDENCE = 0.95  # of a target's range, and of a constant's interval
_REACH = float(ndtri((1 + CONFIDENCE) / 2))  # standard deviations to either end


def place_of(values: Mapping[str, float]) -> Floats:
    """Places of some constants, float64 (constants,) in log odds, in the order of the mapping.

    Raises ValueError for a constant at an end of what it may be, or beyond: it has no place.
    """
    for name, value in values.items():
        if not 0 < value < MOST[name]:
            expected = f"a number above 0 and below {MOST[name]:g}"
            raise ValueError(f"city.families.{name}: found {value:g}, expected {expected}")
    return np.array([logit(value / MOST[name]) for name, value in values.items()])


def values_at(names: Sequence[str], place: Floats) -> dict[str, float]:
    """The constants by name at a place, float64 (constants,) in log odds: the reverse of `place_of`."""
    return {name: float(MOST[name] * expit(z)) for name, z in zip(names, place, strict=True)}


@dataclass(frozen=True)
class Laplace:
    """A normal law of some constants' places.

    names : of the constants; centre : float64 (constants,) [log odds]; covariance : float64 (constants, constants)
    slopes : float64 (targets, constants), of the figures that it follows from, in their standard deviations
    sd : float64 (targets,), these
    """

    names: tuple[str, ...]
    centre: Floats
    covariance: Floats
    slopes: Floats
    sd: Floats

    def interval(self, name: str) -> tuple[float, float]:
        """The 95 % interval of a constant, the others unknown too; always within what it may be."""
        n = self.names.index(name)
        reach = _REACH * float(np.sqrt(self.covariance[n, n]))
        low, high = (MOST[name] * expit(self.centre[n] + end) for end in (-reach, reach))
        return float(low), float(high)

    def draws(self, number: int, seed: int) -> Floats:
        """Places drawn from the law, float64 (number, constants): the same for a seed, fewer the first of more.

        Scrambled Sobol points through the normal law's quantiles, most even where `number` is a power of two.
        A. B. Owen, Scrambling Sobol' and Niederreiter-Xing points, Journal of Complexity 14 (1998), 466-489.
        """
        points = qmc.Sobol(len(self.names), scramble=True, rng=seed)
        law = qmc.MultivariateNormalQMC(self.centre, cov=self.covariance, engine=points)
        whole = 1 << (number - 1).bit_length()
        return np.asarray(law.random(whole)[:number])

    def straightened(self, look: Callable[[Floats], Floats], central: Floats, place: Floats) -> Floats:
        """Move a draw to where its figures are what the slopes foretold of it, as near as a few steps bring it.

        look : from a place to its figures, float64 (targets,); central : float64 (targets,), those of the centre
        place : float64 (constants,), a draw. Returns one like it: the draw itself where figures are straight.
        Where figures bend, a draw would else lie where no target has it. Each is drawn as targets moved by chance
        would, and fitted to these by Gauss and Newton's steps with the slopes of the centre: randomized maximum
        likelihood (D. S. Oliver, A. C. Reynolds and N. Liu, Inverse Theory for Petroleum Reservoir Characterization
        and History Matching, 2008, chapter 10). It ends within one standard deviation of all figures together, or after
        `MENDS` steps; one that brings it no nearer is not taken, and the next is half as long.
        """

        def off(there: Floats) -> Floats:
            """What the figures are beside those foretold, float64 (targets,), in standard deviations."""
            return np.asarray((look(there) - central) / self.sd - self.slopes @ (place - self.centre))

        here, beside, share = place, off(place), 1.0
        for _ in range(MENDS):
            if not beside @ beside > 1:  # nor where there are no figures
                break
            step = self.covariance @ self.slopes.T @ beside
            there = here - step * min(share, FAR / float(np.linalg.norm(step)))
            after = off(there)
            if after @ after < beside @ beside:
                here, beside = there, after
            else:
                share /= 2
        return here


def laplace_of(names: Sequence[str], centre: Floats, slopes: Floats, targets: Sequence[Target]) -> Laplace:
    """The Laplace approximation about an optimum: each target's range counts as the 95 % interval of its figure.

    centre : float64 (constants,) [log odds]; slopes : float64 (targets, constants), of figures by places
    A figure's standard deviation is then its range's width over 3.92 (A. Briggs, K. Claxton and M. Sculpher, Decision
    Modelling for Health Economic Evaluation, 2006, chapter 4), whether the target has an aim or not; figures are
    independent, and linear in the places. The covariance is the inverse of the slopes' squares in these units
    (L. Tierney and J. B. Kadane, JASA 81 (1986), 82-86). What is missed at the optimum widens nothing.
    Raises ValueError where a slope is no number, or the figures do not tell the constants apart.
    """
    sd = np.array([(t.high - t.low) / (2 * _REACH) for t in targets])
    scaled = slopes / sd[:, None]
    if not np.isfinite(scaled).all():
        lost = [t.name for t, row in zip(targets, scaled, strict=True) if not np.isfinite(row).all()]
        raise ValueError(f"found no slope of {', '.join(lost)}, expected figures that exist all about the optimum")
    if np.linalg.matrix_rank(scaled, tol=1e-6 * max(float(np.abs(scaled).max()), 1e-300)) < len(names):
        raise ValueError(f"found figures that do not tell {', '.join(names)} apart, expected more or other targets")
    covariance = np.linalg.inv(scaled.T @ scaled)
    return Laplace(tuple(names), centre, (covariance + covariance.T) / 2, scaled, sd)
