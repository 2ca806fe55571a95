"""Targets of calibration: figures with their ranges and sources, of one city and of families anywhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from sim.scenario.schema import Scenario

LOST = 10.0  # residual of a figure that does not exist, as when nobody is enrolled
WANTED_AT = 2000.0  # yuan a month: the fee that surveys ask of


@dataclass(frozen=True)
class Target:
    """A figure to be reached.

    aim : its central value; None if anything from low to high will do
    low, high : range in which it is plausible
    scale : deviation that counts as much as one of another figure's scale
    """

    name: str
    words: str
    aim: float | None
    low: float
    high: float
    scale: float
    source: str

    def residual(self, reached: float) -> float:
        """Signed deviation in units of `scale`.

        Without an aim it is 0 in the range less one `scale` at each end, so that what is found stays inside.
        """
        if not np.isfinite(reached):
            return LOST
        inside = min(max(reached, self.low + self.scale), self.high - self.scale)
        return (reached - (inside if self.aim is None else self.aim)) / self.scale

    def slope(self, reached: float) -> float:
        """How fast the residual moves with the figure, per unit of the figure: 0 where it does not."""
        if not np.isfinite(reached):
            return 0.0
        moves = self.aim is not None or not self.low + self.scale <= reached <= self.high - self.scale
        return 1 / self.scale if moves else 0.0

    @property
    def centre(self) -> float:
        """The aim, or the middle of the range."""
        return (self.low + self.high) / 2 if self.aim is None else self.aim

    def text(self) -> str:
        """The aim and its range, in words."""
        spread = f"{self.low:g} to {self.high:g}"
        return f"{self.words} {spread}" if self.aim is None else f"{self.words} {self.aim:g} ({spread})"


TARGETS = (
    Target(
        "wants_care", "share of families with a child under three who would use care if it cost nothing",
        0.325, 0.30, 0.35, 0.01,
        "a third want care (State Council report, 2021), over 30 % (Shanxi Daily, 22 August 2024), 35 % (China Daily, "
        "9 December 2025); that they were asked of care at no cost is an assumption: no report says at which fee",
    ),
    Target(
        "accepts_2000", "share of these families who would use it at 2,000 yuan a month", 0.27, 0.20, 0.30, 0.03,
        "more than 70 % of parents accept at most 2,000 yuan (survey around Yangzhou, guancha.cn 1571858, 2025); "
        "mainly within 2,000 (6,564 parents of a province, about 2020, scirp.org 106099)",
    ),
    Target(
        "market_elasticity", "elasticity of take-up, every fee moved", None, -1.5, -0.3, 0.05,
        "-0.468 (Herbst 2023 as used by the Yale Budget Lab), about -0.34 (Blau and Hagy 1998, from memory, "
        "unverified), both where care is common; what rose in China from 2020 to 2025 as fees fell would be -2.2, "
        "with entry and fewer births in it: an upper bound",
    ),
    Target(
        "institution_elasticity", "elasticity of one's enrolment, own fee moved", -1.45, -2.3, -0.6, 0.15,
        "assumption: nothing published, any value of the range will do; its middle draws so weakly that the others "
        "decide where they can",
    ),
    Target(
        "income_elasticity", "slope of log take-up on log income over the fifths", 0.3, 0.1, 0.5, 0.03,
        "Connelly and Kimmel 2003; Blau 2001 (from memory, unverified)",
    ),
    Target(
        "mean_stay", "months of a completed stay", 9.0, 6.0, 12.0, 0.5,
        "most stays are 6 to 12 months (trade press, 2018 and 2019)",
    ),
    Target(
        "short_stays", "share of completed stays of two months or less", None, 0.0, 0.20, 0.01,
        "assumption: most stays are 6 to 12 months (trade press, 2018 and 2019), so few are a trial",
    ),
    Target(
        "switching", "share of the enrolled who change institution in a month", None, 0.0, 0.05, 0.005,
        "assumption: nothing published; fees are often paid by the term",
    ),
    Target(
        "taste_sd", "dispersion of taste near that of the shock", 1.28, 0.5, 3.0, 0.5,
        "assumption: families open to care differ for good about as much as one family does from time to time; stays "
        "and what families say hardly tell the two apart",
    ),
    Target(
        "renewal", "renewal near its assumed middle", 0.2, 0.1, 0.35, 0.1,
        "assumption: stays fix stickiness for a given renewal, and hardly renewal itself",
    ),
)  # fmt: skip


BANDS_PINNED_BY = ("take_up", "infant_share", "toddler_share")  # of the city's own [city.published]
_WORDS = {
    "take_up": "enrolled under 36 months ÷ children under 36 months",
    "infant_share": "infants among the enrolled",
    "toddler_share": "toddlers among the enrolled",
}


def published(scenario: Scenario) -> tuple[Target, ...]:
    """The city's own targets: its `[city.published]`, with the file's ranges; a tenth either way where it gives none.

    Raises ValueError if the city has no such table.
    """
    facts = scenario.city.published
    if facts is None:
        raise ValueError("the city has no table [city.published]: there is no take-up to fit its tastes to")
    given = {e.key: e for e in scenario.document.evidence}
    out = []
    for name in BANDS_PINNED_BY:
        value, e = float(getattr(facts, name)), given.get(f"city.published.{name}")
        low = value * 0.9 if e is None or e.low is None else e.low
        high = value * 1.1 if e is None or e.high is None else e.high
        source = (None if e is None else e.source) or "no source given"
        out.append(Target(name, _WORDS[name], value, low, high, value / 50, source))
    return tuple(out)


def targets_of(scenario: Scenario) -> tuple[Target, ...]:
    """The city's own targets, then what is known of families anywhere. Raises ValueError as `published`."""
    return (*published(scenario), *TARGETS)


def aimed(targets: Sequence[Target], wishes: Sequence[str]) -> tuple[Target, ...]:
    """The targets with other aims within their ranges, which then weigh a fiftieth of the range: what else would fit.

    wishes : NAME=VALUE; raises ValueError for a name that no target has and a value outside its range
    """
    out = {target.name: target for target in targets}
    for wish in wishes:
        name, _, value = wish.partition("=")
        if name not in out:
            raise ValueError(f"--aim {wish}: expected NAME=VALUE with a figure that is fitted: {', '.join(out)}")
        low, high = out[name].low, out[name].high
        try:
            inside = low <= float(value) <= high
        except ValueError:
            inside = False
        if not inside:
            raise ValueError(f"--aim {wish}: expected a number from {low:g} to {high:g}")
        out[name] = replace(out[name], aim=float(value), scale=(high - low) / 50)
    return tuple(out.values())
