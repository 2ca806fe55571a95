"""Precision: when an arm has been run in enough replications, and what its intervals may claim although it was asked.

Sweep points, sub-policies of a split and ends of assumptions are run until what they are shown for is known well
enough. That is asked at looks fixed beforehand. An interval that is looked at several times, and kept as soon as it is
narrow, holds the truth less often than it says: few draws that happen to lie close together end the search. So the
error is divided among the looks (Bonferroni's inequality), and all intervals of such an arm are of that confidence,
whichever look it ends at. They are repeated confidence intervals in the sense of Jennison and Turnbull (Interim
Analyses: The Repeated Confidence Interval Approach, J. R. Stat. Soc. B 51, 1989): those of all looks together hold the
truth as often as one interval is meant to, so that under any rule of stopping the last does.
"""

from sim.study.estimate import Estimate
from sim.study.intervals import CONFIDENCE

FIRST_LOOK = 4  # of two draws or three an interval is wide whatever they are; an even number keeps two workers busy
APART = 3  # times as many replications at the next look: few looks, each of which costs all of them confidence


def looks(replications: int) -> tuple[int, ...]:
    """Numbers of replications after which arms are asked, ascending; the last is that of the run.

    A look at more than two thirds of them would save too little for what it costs the others.
    """
    found: list[int] = []
    look = FIRST_LOOK
    while 3 * look <= 2 * replications:
        found.append(look)
        look *= APART
    return (*found, replications)


def confidence(asked: int) -> float:
    """Confidence of each interval of an arm that is asked at several looks, one of them the last."""
    return CONFIDENCE if asked == 1 else 1 - (1 - CONFIDENCE) / asked


def narrow(one: Estimate, precision: float, against: float | None = None) -> bool:
    """Whether an interval reaches less than the share `precision` of a value to either side, on the mean of both sides.

    against : the value it is measured against; its own if left out
    About 0 nothing is narrow, nor where the interval is not known.
    """
    if one.value is None or one.low is None or one.high is None:
        return False
    return (one.high - one.low) / 2 < precision * abs(one.value if against is None else against)
