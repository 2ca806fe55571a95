"""How figures look and how they are written: fonts, colours, axes, labels, files.

Figures are drawn on their own canvases, never through pyplot, whose figures are global.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from sim.report import names, readings, typeface
from sim.report.numerals import MINUS
from sim.report.series import Band
from sim.report.words import month, text
from sim.study.disk import write_whole

WIDTH = 9.0  # inches: what a page of 60 rem shows at full size
DOTS = 150  # per inch, in PNG files
INK, PALE, GRID = "#222222", "#666666", "#DDDDDD"
# Okabe and Ito's colours in order of contrast with white; their yellow is too pale for lines
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
# one more dash than colours, so that it takes 42 policies to meet a pair twice
DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (9, 2)),
    (0, (3, 1, 1, 1, 1, 1)),
    (0, (2.5, 2.5)),
)
MARKERS = ("s", "^", "D", "v", "P", "X", "<", ">", "p", "h", "*")
HATCHES = ("", "///", "...", "\\\\\\", "xxx", "---", "+++")
LABEL_COLUMNS, LEGEND_COLUMNS = 24, 100

STYLE: dict[str, Any] = {
    "axes.axisbelow": True,
    "axes.edgecolor": PALE,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.unicode_minus": True,
    "font.size": 9,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    "svg.fonttype": "path",
    "svg.hashsalt": "childcare-sim",
    "text.color": INK,
    "text.parse_math": False,  # a policy may be called "$100 a month, then $50"
    "xtick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.color": INK,
    "ytick.labelsize": 8.5,
}
# for characters that our own font lacks, such as traditional ones
HAN_FONTS = (
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "PingFang SC",
    "Microsoft YaHei",
    "WenQuanYi Micro Hei",
    "WenQuanYi Zen Hei",
    "SimHei",
    "Heiti SC",
    "Droid Sans Fallback",
    "Arial Unicode MS",
)


@dataclass(frozen=True)
class Pen:
    """How one policy is drawn in every figure, so that colours mean the same throughout.

    name : on one line, in characters that can be drawn
    label : the same for a place beside a line: over two lines at most, cut if need be
    """

    name: str
    label: str
    colour: str
    dash: Any
    marker: str
    hatch: str
    order: int

    @property
    def legend(self) -> str:
        """The name for a legend; matplotlib hides entries that begin with an underscore."""
        short = names.shorten(self.name, LEGEND_COLUMNS)
        return f" {short}" if short.startswith("_") else short


@contextmanager
def drawn_for(axes: Axes, pen: Pen) -> Iterator[None]:
    """Mark what is drawn into the axes meanwhile as the policy's, so that a page can hide it."""
    before = set(axes.get_children())
    yield
    mark((artist for artist in axes.get_children() if artist not in before), pen)


def mark(artists: Iterable[Artist], pen: Pen) -> None:
    """Mark artists as a policy's; `save` makes an id of each mark."""
    for artist in artists:
        artist.set_gid(f"policy-{pen.order}")


@contextmanager
def style(words: Sequence[str]) -> Iterator[None]:
    """Draw in our style whatever the reader's own settings are.

    words : foreign text that will be drawn, which may ask for a further font
    """
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(STYLE | {"font.family": _families("".join(words))})  # type: ignore[arg-type]
        yield


def pens(policies: Sequence[str], language: str) -> dict[str, Pen]:
    """Give each policy its pen, in file order; the first is the baseline."""
    chosen = {}
    for number, policy in enumerate(policies):
        name = drawable(policy, number, language)
        label = names.wrap(name, LABEL_COLUMNS)
        if number == 0:
            chosen[policy] = Pen(name, label, INK, "-", "o", "", 0)
            continue
        turn = number - 1
        chosen[policy] = Pen(
            name,
            label,
            COLOURS[turn % len(COLOURS)],
            DASHES[turn % len(DASHES)],
            MARKERS[turn % len(MARKERS)],
            HATCHES[turn % len(HATCHES)],
            number,
        )
    return chosen


def drawable(name: str, number: int, language: str) -> str:
    """Return the name if a font on this machine has all its characters, else "policy 3"."""
    tidied = names.tidy(name)
    known = set().union(*(_characters(family) for family in _families(tidied)))
    return tidied if known.issuperset(map(ord, tidied)) else text("figure.unnamed", language, number=number + 1)


def _families(words: str) -> list[str]:
    """DejaVu Sans comes with matplotlib, a Chinese font with us; others only if asked for and installed."""
    families = ["DejaVu Sans"]
    missing = set(map(ord, words)) - _characters("DejaVu Sans")
    for family in (*_ours(), *_installed()) if missing else ():
        if missing & _characters(family):
            families.append(family)
            missing -= _characters(family)
    return families


@cache
def _ours() -> tuple[str, ...]:
    """Our own font, made known to matplotlib, so that figures are the same on every machine."""
    fonts = font_manager.fontManager
    fonts.addfont(typeface.FILE)
    # it has one weight, which serves where bold is asked for too; else matplotlib complains to the reader
    fonts.ttflist.append(replace(fonts.ttflist[-1], weight="bold"))
    return (typeface.FAMILY,)


@cache
def _installed() -> tuple[str, ...]:
    present = {entry.name for entry in font_manager.fontManager.ttflist}
    return tuple(family for family in HAN_FONTS if family in present)


@cache
def _characters(family: str) -> frozenset[int]:
    path = font_manager.findfont(family, fallback_to_default=False)
    return frozenset(font_manager.get_font(path).get_charmap())


def blank(title: str, height: float, *, left: float, right: float, top: float, bottom: float) -> Figure:
    """Return an empty figure with its title; the four margins and the height are in inches."""
    figure = readings.Sheet(figsize=(WIDTH, height), dpi=DOTS, facecolor="white")
    figure.subplots_adjust(left=left / WIDTH, right=1 - right / WIDTH, top=1 - top / height, bottom=bottom / height)
    figure.text(0.12 / WIDTH, 1 - 0.12 / height, title, va="top", ha="left", weight="bold", size=11)
    return figure


def save(figure: Figure, folder: Path, stem: str) -> list[Path]:
    """Write the figure as PNG and SVG, each whole or not at all, the same bytes for the same figure."""
    written = {folder / f"{stem}.{kind}": content for kind, content in drawn(figure).items()}
    for path, content in written.items():
        write_whole(path, content)
    return [*written]


def drawn(figure: Figure) -> dict[str, bytes]:
    """Draw the figure as PNG and SVG; contents by the ending of their names."""
    metadata: dict[str, dict[str, Any]] = {
        "png": {"Software": None},
        "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    }
    # an id stands once in a file, though many artists are a policy's
    for number, artist in enumerate(figure.findobj(lambda found: found.get_gid() is not None)):
        artist.set_gid(f"{artist.get_gid()}-{number}")
    contents = {}
    for kind, fields in metadata.items():
        file = io.BytesIO()
        # a file a little larger is worth half the time
        packing = {"pil_kwargs": {"compress_level": 3}} if kind == "png" else {}
        figure.savefig(file, format=kind, metadata=fields, **packing)  # type: ignore[arg-type]
        contents[kind] = file.getvalue() if kind == "png" else _telling(file.getvalue(), figure)
    return contents


def _telling(svg: bytes, figure: Figure) -> bytes:
    """Add what the figure's marks say to its file, where it draws nothing."""
    end = svg.rindex(b"</svg>")
    return svg[:end] + readings.embedded(figure).encode() + svg[end:]


def plain_numbers() -> FuncFormatter:
    """Write ticks with thousands separators and a true minus sign."""
    return FuncFormatter(lambda x, _: f"{x:,.10g}".replace("-", MINUS))


def number_axis(axis: Any, bins: int = 5) -> None:
    """Put a few ticks at round numbers."""
    axis.set_major_locator(MaxNLocator(nbins=bins, steps=[1, 2, 2.5, 5, 10]))
    axis.set_major_formatter(plain_numbers())


def month_axis(axes: Axes, months: Sequence[date], language: str, *, most: int = 13) -> None:
    """Name the months under an axis whose positions are 0, 1, 2, …; the year where it begins."""
    step = next(s for s in (1, 2, 3, 6, 12, 24, 48, 120, 1200) if len(months) / s <= most or s == 1200)
    ticks = list(range(0, len(months), step))
    years = [months[tick].year for tick in ticks]
    said = [text("axis.year", language, year=year) for year in years]
    labels = [
        month(months[tick].month, language) + (f"\n{said[i]}" if i == 0 or years[i] != years[i - 1] else "")
        for i, tick in enumerate(ticks)
    ]
    axes.set_xticks(ticks, labels)
    axes.set_xlim(-0.3, len(months) - 0.7)


def draw_band(axes: Axes, band: Band, pen: Pen, crowd: int = 1) -> None:
    """Draw a policy's line, with markers so that it can be followed without colour, and its band.

    crowd : how many bands lie in these axes; many that overlap are drawn paler
    """
    x = np.arange(len(band.mean))
    step = max(1, len(x) // 6)
    with drawn_for(axes, pen):
        if np.isfinite(band.low).any():
            axes.fill_between(x, band.low, band.high, color=pen.colour, alpha=min(0.18, 0.5 / crowd), linewidth=0)
        axes.plot(
            x,
            band.mean,
            color=pen.colour,
            linestyle=pen.dash,
            marker=pen.marker,
            markevery=(pen.order % step, step),
            markerfacecolor="white",
        )


def label_room(chosen: Sequence[Pen]) -> float:
    """Inches that the longest label needs to the right of the axes."""
    longest = max((names.width(line) for pen in chosen for line in pen.label.split("\n")), default=0)
    return 0.45 + 0.078 * longest


def tint(colour: str) -> str:
    """Lighten a colour for an area whose edge is drawn in the colour itself."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{int(255 - (255 - part) * 0.45):02x}" for part in parts)


def dark(colour: str) -> str:
    """Darken a colour so that small letters in it can be read on white."""
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{int(part * 0.72):02x}" for part in parts)
