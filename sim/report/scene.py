"""What every figure is drawn from, and how each begins: title, legend, the line about a thinned city."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.report import canvas, names, numerals
from sim.report.canvas import Pen
from sim.report.notes import scale_of
from sim.report.readings import Wording
from sim.report.series import Monthly
from sim.report.tables import Results
from sim.report.words import form, text


@dataclass(frozen=True)
class Scene:
    """What every figure is drawn from."""

    results: Results
    monthly: Monthly
    pens: Mapping[str, Pen]
    language: str

    def say(self, key: str, **values: object) -> str:
        """Return a sentence in the reader's language."""
        return text(key, self.language, **values)

    def written(self, key: str, drawn: str = "", *, scaled: bool = True) -> Wording:
        """Say how a metric's numbers are written where a reader points at them.

        drawn : the form in which they are drawn, where it is not the metric's own
        scaled : the numbers are given in the unit that is written: per cent, million yuan
        """
        return Wording(drawn or form(key), self.language, scaled)

    def money(self, numbers: Iterable[float | None]) -> str:
        """Return the form in which money of that size is drawn, a key of numerals.MONEY."""
        return numerals.column("money", numbers, self.language)

    def head(self, key: str, money: str) -> str:
        """Return an axis' words with the unit of money behind them."""
        return numerals.in_unit(self.say(key), money, self.language)

    def blank(self, stem: str, height: float, *, left: float, right: float, top: float, bottom: float) -> Figure:
        """Return an empty figure with its title and, where the city was thinned, a line that says so."""
        foot = self.foot
        height, bottom = height + foot, bottom + foot
        title = self.say(f"figure.{stem}.title")
        figure = canvas.blank(title, height, left=left, right=right, top=top, bottom=bottom)
        if foot:
            said = self.say("figure.scaled", scale=self.scale)
            figure.text(0.12 / canvas.WIDTH, 0.07 / height, said, va="bottom", size=8)
        return figure

    @property
    def foot(self) -> float:
        """Inches at the foot of a figure for the line about a thinned city."""
        return 0.2 if self.scale else 0.0

    @property
    def scale(self) -> str:
        """The share of the city that was simulated, in words; empty if it was the whole."""
        return scale_of(self.results.manifest, self.language)

    def legend_room(self, policies: Collection[str]) -> float:
        """Inches that the legend of these policies takes."""
        return 0.24 * -(-len(policies) // self._abreast(policies)) + 0.15

    def legend(self, figure: Figure, policies: Collection[str]) -> None:
        """Write the legend at the foot, with names whole."""
        anchor = (0.05, (self.foot + 0.04) / figure.get_figheight())
        keys = [_key(self.pens[policy]) for policy in policies]
        legend = figure.legend(
            handles=keys, loc="lower left", ncols=self._abreast(policies), fontsize=8.5, bbox_to_anchor=anchor
        )
        for policy, handle, said in zip(policies, legend.legend_handles, legend.get_texts(), strict=True):
            canvas.mark((artist for artist in (handle, said) if artist is not None), self.pens[policy])

    def _abreast(self, policies: Collection[str]) -> int:
        """Return how many legend entries stand side by side."""
        longest = max(names.width(self.pens[policy].legend) for policy in policies)
        return 3 if longest <= 32 else 2 if longest <= 50 else 1


def _key(pen: Pen) -> Line2D:
    return Line2D(
        [],
        [],
        color=pen.colour,
        linestyle=pen.dash,
        marker=pen.marker,
        markerfacecolor="white",
        label=pen.legend,
    )
