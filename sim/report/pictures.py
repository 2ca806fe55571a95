"""Figures as the page holds them: drawn within it, so that a script can hide a policy's part."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from xml.etree import ElementTree

from sim.report import names
from sim.report.grids import named
from sim.report.tables import Results
from sim.report.words import text

DRAWN = ("svg", "g", "defs", "path", "use", "clipPath", "rect", "pattern", "image")  # all that our figures consist of
SIZED = ("width", "height", "version")  # of the whole: the page's style says how large it is
MARKED = re.compile(r"(policy-(\d+))-\d+")  # what canvas.save calls a policy's part
READINGS = "readings"  # the element in which a file carries what its marks say
REFERENCE = re.compile(r"url\(#([^)]+)\)")


@dataclass(frozen=True)
class Picture:
    """A figure as the page shows it: its words, and its mark-up, which is safe to embed.

    readings : what its marks say, as JSON that a quoted attribute may hold; empty if they say nothing
    """

    title: str
    caption: str
    drawing: str
    readings: str = ""


def picture(results: Results, path: Path, language: str) -> Picture:
    """Read a figure's SVG file and make it part of a page.

    path : a file that canvas.save wrote; its stem is the key of its words
    """
    title = text(f"figure.{path.stem}.title", language)
    caption = text(f"figure.{path.stem}.caption", language)
    listed = text("list.comma", language).join(named(policy) for policy in results.policies)
    alt = text("figure.alt", language, title=title, caption=caption, policies=listed)
    root = ElementTree.fromstring(path.read_text(encoding="utf-8"))
    size = {key: value for key, value in root.attrib.items() if key not in SIZED}
    root.attrib.clear()
    # the file's own style sheet says this of everything; a page allows no second sheet
    root.attrib.update(size | {"role": "img", "aria-label": alt, "stroke-linejoin": "round"})
    drawing = "".join(_written(root, path.stem, results.policies))
    return Picture(title, caption, drawing, _readings(root))


def _readings(root: ElementTree.Element) -> str:
    """Take what the marks say out of the file, written so that it holds no single quote."""
    said = next((one.text or "" for one in root.iter() if one.get("id") == READINGS), "")
    # the double quotes of JSON, of which there are thousands, may stay as they are between single ones
    return escape(said, quote=False).replace("'", "&#39;")


def _written(element: ElementTree.Element, prefix: str, policies: Sequence[str]) -> Iterator[str]:
    """Write an element and what it holds, without comments, style sheets and whatever else draws nothing."""
    tag = _bare(element.tag)
    if tag not in DRAWN:
        return
    attributes = dict(_attributes(element.attrib, prefix))
    yield "<" + " ".join([tag, *(f'{key}="{escape(value)}"' for key, value in attributes.items())])
    inside = [part for child in element for part in _written(child, prefix, policies)]
    marked = MARKED.fullmatch(element.get("id") or "")
    if marked and int(marked[2]) < len(policies):
        # what a pointer resting on the policy's part is told
        inside.insert(0, f"<title>{escape(names.tidy(policies[int(marked[2])]))}</title>")
    yield f">{''.join(inside)}</{tag}>" if inside else "/>"


def _attributes(given: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield attributes that a strict content policy lets through, with ids that no other figure has."""
    for key, value in given.items():
        name = _bare(key)
        if name == "style":
            # the same as attributes: a page without style attributes needs no leave for them
            for declaration in filter(None, map(str.strip, value.split(";"))):
                part, _, said = declaration.partition(":")
                yield part.strip(), _referring(said.strip(), prefix)
        elif name == "href":
            # nothing outside the figure
            if value.startswith("#"):
                yield name, f"#{prefix}-{value[1:]}"
            elif value.startswith("data:image/"):
                yield name, value
        elif name == "id":
            marked = MARKED.fullmatch(value)
            yield ("class", marked[1]) if marked else ("id", f"{prefix}-{value}")
        elif not name.startswith("on"):
            yield name, _referring(value, prefix)


def _referring(value: str, prefix: str) -> str:
    """Turn references to ids into references to the prefixed ones."""
    return REFERENCE.sub(rf"url(#{prefix}-\1)", value)


def _bare(name: str) -> str:
    """Drop the namespace: within a page href and the elements of SVG need none."""
    return name.rpartition("}")[2]
