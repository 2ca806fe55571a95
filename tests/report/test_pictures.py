"""A figure within the page: what draws is kept, marked and made unique; what could do anything else is left out."""

import json
from html import escape, unescape
from xml.etree import ElementTree

import pytest

from sim.report.pictures import Picture, picture
from sim.report.tables import Results

from .made_up import HOSTILE, build

FIGURE = """<?xml version="1.0"?>
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="648pt" viewBox="0 0 9 9">
 <defs><style>* {stroke: red}</style><path id="m" d="M 0 0" style="stroke: #222222; clip-path: url(#c)"/></defs>
 <!-- !><b>out of the comment</b> -->
 <script>alert(1)</script><foreignObject><b>b</b></foreignObject>
 <g id="policy-2-17" onload="alert(2)"><use xlink:href="#m" x="1"/><use xlink:href="https://elsewhere/"/></g>
 <g id="policy-9-18"><path d="M 1 1" clip-path="url(#c)"/></g>
</svg>
"""


SAID = ["it's", '"', "<script>alert(3)</script>", "a & b", "托位"]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    path = tmp_path_factory.mktemp("figures") / "take_up.svg"
    said = escape(json.dumps(SAID, ensure_ascii=False), quote=False)
    figure = FIGURE.replace("</svg>", f'<metadata id="readings">{said}</metadata></svg>')
    path.write_text(figure, encoding="utf-8")
    results: Results = build(names=HOSTILE, count=2, replications=2, sweep=False)
    return picture(results, path, "en")


@pytest.fixture(scope="module")
def drawn(shown: Picture) -> str:
    return shown.drawing


def test_what_draws_is_kept_and_styled_by_attributes(drawn: str) -> None:
    assert '<path id="take_up-m" d="M 0 0" stroke="#222222" clip-path="url(#take_up-c)"/>' in drawn
    assert '<use href="#take_up-m" x="1"/>' in drawn
    assert '<path d="M 1 1" clip-path="url(#take_up-c)"/>' in drawn


def test_what_could_do_anything_else_is_left_out(drawn: str) -> None:
    root = ElementTree.fromstring(drawn)
    assert {element.tag for element in root.iter()} <= {"svg", "defs", "path", "g", "use", "title"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or name in ("style", "width", "xmlns")}
    for word in ("elsewhere", "alert(2)", "out of the comment", "<!--"):
        assert word not in drawn


def test_a_policys_part_is_named_whatever_the_policy_is_called(drawn: str) -> None:
    root = ElementTree.fromstring(drawn)
    marked = {element.get("class"): element for element in root.iter("g")}
    assert marked["policy-2"].findtext("title") == "<script>alert(1)</script>" == HOSTILE[2]
    assert marked["policy-9"].find("title") is None, "there is no such policy"


def test_what_a_figure_says_stays_in_its_attribute_whatever_it_is(shown: Picture) -> None:
    assert not {"'", "<"} & set(shown.readings)
    assert json.loads(unescape(shown.readings)) == SAID
    assert "alert(3)" not in shown.drawing
