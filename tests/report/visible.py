"""What a reader sees of a page: its blocks of text and its tables, each under the heading it stands below."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

INLINE = ("strong", "span", "wbr", "a", "em", "code", "small", "b", "i", "sub", "sup", "br", "mark", "abbr", "time")
# figures are pictures: the numbers they are drawn from are tested there
UNSEEN = ("style", "script", "svg", "template")
HEADINGS = ("h1", "h2")
NUMBER = re.compile(r"([−+]?)(\d[\d,]*(?:\.(\d+))?)")


@dataclass
class Block:
    """A piece of text that stands by itself; heading : of its section; tag : what holds it."""

    heading: str
    tag: str
    text: str


@dataclass
class Table:
    """Rows of cells, the heads first; a cell is its main text and its small lines."""

    heading: str
    rows: list[list[list[str]]] = field(default_factory=list)


class Page(HTMLParser):
    """Every visible text of a page, and no text twice."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self.tables: list[Table] = []
        self._cell: list[str] | None = None
        self._unseen = 0
        self._said = ""
        self._tags: list[str] = [""]
        self._heading = ""
        self.feed(html.replace("\xa0", " "))
        self.close()
        self._flush()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag in UNSEEN:
            self._unseen += 1
        elif tag == "span" and self._cell is not None:
            self._cell.append("")
        elif tag not in INLINE:
            self._flush()
            self._tags.append(tag)
            self._open(tag)

    def _open(self, tag: str) -> None:
        if tag == "table":
            self.tables.append(Table(self._heading))
        elif tag == "tr":
            self.tables[-1].rows.append([])
        elif tag in ("td", "th"):
            self._cell = [""]
            self.tables[-1].rows[-1].append(self._cell)

    def handle_endtag(self, tag: str) -> None:
        if tag in UNSEEN:
            self._unseen -= 1
        elif tag not in INLINE:
            self._flush()
            if tag in ("td", "th"):
                self._cell = None

    def handle_data(self, data: str) -> None:
        if self._unseen:
            return
        if self._cell is not None:
            self._cell[-1] += data
        else:
            self._said += data

    def _flush(self) -> None:
        said, self._said = " ".join(self._said.split()), ""
        if not said:
            return
        tag = self._tags[-1]
        self.blocks.append(Block(self._heading, tag, said))
        if tag in HEADINGS:
            self._heading = said


def numbers(said: str) -> list[tuple[float, int]]:
    """Numbers in a text with their decimals."""
    found = NUMBER.findall(said)
    return [(float(f"{'-' if s == '−' else ''}{n.replace(',', '')}"), len(d)) for s, n, d in found]


def is_shown(said: tuple[float, int], number: float) -> bool:
    """Whether a number, rounded to the decimals that are shown, is what is shown."""
    value, decimals = said
    return abs(value - number) <= 0.5 * 10.0**-decimals * (1 + 1e-6) + 1e-12 * abs(number)
