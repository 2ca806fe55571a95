"""Names that somebody else chose, made fit to be shown in a table, a figure or a terminal."""

import re
import unicodedata
from functools import lru_cache

from sim.report.words import PHRASES

ELLIPSIS = "…"


@lru_cache(maxsize=4096)  # a workbook shows the same few names a hundred thousand times
def tidy(name: str) -> str:
    """Return the name on one line, without control or formatting characters.

    A scenario may call a policy anything; an escape sequence must not reach a terminal and a
    right-to-left override must not turn the rest of a table around.
    """
    spaced = "".join(" " if character.isspace() else character for character in name)
    visible = "".join(c for c in spaced if unicodedata.category(c)[0] != "C")
    return " ".join(visible.split()) or "?"


def width(text: str) -> int:
    """Columns the text takes where a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def shorten(text: str, columns: int) -> str:
    """Cut the text to at most that many columns, with an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    kept = ""
    for character in text:
        if width(kept + character) > columns - 1:
            break
        kept += character
    return kept.rstrip() + ELLIPSIS


def parts(text: str) -> list[str]:
    """Cut a name where it may break: behind spaces and the marks that join words in a name."""
    return re.findall(r"[^\s_/,;:|+=\[-]+[\s_/,;:|+=\[-]*|[\s_/,;:|+=\[-]+", text)


def phrases(text: str) -> list[str]:
    """Cut a heading where it may break: as a name, and in Chinese between phrases and before a bracket."""
    kept = "|".join(map(re.escape, sorted(PHRASES, key=len, reverse=True)))
    pieces = re.split(rf"({kept})|(?=（)|(?<=[，：；、])", text)
    return [part for piece in pieces if piece for part in parts(piece)]


def wrap(text: str, columns: int, lines: int = 2) -> str:
    """Break the text over at most that many lines of that many columns; the last may be cut.

    Lines break behind spaces and the marks that join words in a name, else anywhere.
    """
    broken = [""]
    for piece in parts(text):
        for part in [piece] if width(piece) <= columns else piece:
            if width((broken[-1] + part).rstrip()) > columns:
                broken.append("")
            broken[-1] += part
    kept = [*broken[: lines - 1], shorten("".join(broken[lines - 1 :]), columns)]
    return "\n".join(line.strip() for line in kept if line.strip())
