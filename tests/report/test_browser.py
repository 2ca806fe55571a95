"""The page in a browser: nothing complains or leaves it; tables sort, policies hide, figures say their numbers."""

import itertools
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest

from sim.report import canvas
from sim.report.figures import DRAWN_MONTHLY, Scene, _foreign_words, take_up
from sim.report.numerals import show
from sim.report.page import write_page
from sim.report.series import gather
from sim.report.tables import Results
from sim.report.words import text

from .browser import PROGRAM, Tab, browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed: the page's script is not run")

NAMES = "[...document.querySelectorAll('table.sortable')[0].tBodies[0].rows].map(row => row.cells[0].textContent)"
SHOWN = "[...document.querySelectorAll('{0}')].filter(part => part.getClientRects().length).length"


@pytest.fixture(scope="module")
def tab(written: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        opened.screen(1300, 900)
        opened.open(written[-1])
        yield opened


@pytest.fixture(scope="module")
def chinese(study: Results, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Chinese page with one figure, which is quickly drawn."""
    folder = tmp_path_factory.mktemp("chinese")
    with canvas.style(_foreign_words(study, "zh")):
        scene = Scene(study, gather(study, DRAWN_MONTHLY), canvas.pens(study.policies, "zh"), "zh")
        figure = take_up(scene)
        assert figure is not None
        return write_page(study, folder, canvas.save(figure, folder, "take_up"), "zh")


def head(column: int) -> str:
    return f"document.querySelectorAll('table.sortable')[0].tHead.rows[0].cells[{column}]"


def test_the_first_screen_holds_the_answer_and_the_top_of_the_table(tab: Tab) -> None:
    top = "document.querySelector('{0}').getBoundingClientRect().{1}"
    first_row = tab.run(top.format("table.sortable tbody tr", "bottom"))
    assert 0 < tab.run(top.format(".answer", "top")) < tab.run(top.format(".answer", "bottom")) < first_row < 900


def test_columns_sort_by_mouse_and_keyboard_and_come_back(tab: Tab, study: Results) -> None:
    filed = tab.run(NAMES)
    assert [name.removesuffix("baseline") or name for name in filed] == list(study.policies)
    added = {policy: study.entry(policy, "added_child_months").own.value or 0.0 for policy in study.policies[1:]}
    largest_first = sorted(added, key=added.__getitem__, reverse=True)
    tab.run(f"{head(3)}.querySelector('button').click()")
    assert tab.run(f"{head(3)}.getAttribute('aria-sort')") == "descending"
    assert tab.run(NAMES) == [*largest_first, filed[0]], "what is undefined stands last"
    tab.run(f"{head(3)}.querySelector('button').focus()")
    tab.press("Enter", 13, "\r")
    assert tab.run(f"{head(3)}.getAttribute('aria-sort')") == "ascending"
    assert tab.run(NAMES) == [*largest_first[::-1], filed[0]]
    tab.press("Enter", 13, "\r")
    assert tab.run(f"{head(3)}.getAttribute('aria-sort')") is None
    assert tab.run(NAMES) == filed
    columns = tab.run("document.querySelectorAll('table.sortable')[0].tHead.rows[0].cells.length")
    assert columns == tab.run("document.querySelectorAll('table.sortable')[0].querySelectorAll('th button').length")


def test_the_sweep_sorts_its_axes_as_numbers(tab: Tab, study: Results) -> None:
    """Their text would put ×0.5 after ×4, and 0.05 after 0.1."""
    table = "document.querySelectorAll('table.sortable')[1]"
    assert all(len(arm["values"]) == 2 for arm in study.manifest["sweep"]["arms"])
    for axis in (0, 1):
        tab.run(f"{table}.tHead.rows[0].cells[{axis + 1}].querySelector('button').click()")
        shown = tab.run(f"[...{table}.tBodies[0].rows].map(row => row.cells[{axis + 1}].textContent)")
        values = sorted((arm["values"][axis] for arm in study.manifest["sweep"]["arms"]), reverse=True)
        assert [float(one.removeprefix("×")) for one in shown] == values
        stored = tab.run(f"[...{table}.tBodies[0].rows].map(row => Number(row.cells[{axis + 1}].dataset.value))")
        assert stored == values


def test_a_policy_is_switched_off_everywhere_and_on_again(tab: Tab) -> None:
    one, two = (SHOWN.format(f".policy-{number}") for number in (2, 3))
    before = tab.run(one), tab.run(two)
    assert min(before) > 20
    assert tab.run(SHOWN.format("svg .policy-2")) > 10
    box = "document.querySelector('.switches input[value=policy-2]')"
    tab.run(f"{box}.focus()")
    tab.press(" ", 32, " ")
    assert (tab.run(one), tab.run(two)) == (0, before[1])
    tab.run(f"{box}.click()")
    assert (tab.run(one), tab.run(two)) == before


def test_paper_shows_the_sections_that_are_closed_on_the_screen(tab: Tab) -> None:
    closed = SHOWN.format("details:not([open])")
    before = tab.run(closed)
    assert before > 1
    tab.run("dispatchEvent(new Event('beforeprint'))")
    assert tab.run(f"{closed} - {SHOWN.format('details.aside')}") == 0
    tab.run("dispatchEvent(new Event('afterprint'))")
    assert tab.run(closed) == before


def test_nothing_complains_and_nothing_leaves_the_page(tab: Tab, written: list[Path]) -> None:
    """Styled and scripted as its own content policy allows; the file itself and what it holds are all it asks for."""
    assert tab.run("getComputedStyle(document.body).margin") == "0px"
    assert tab.run("document.querySelector('.switches').hidden") is False
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [written[-1].as_uri()]


# what figures say --------------------------------------------------------------------------------------

TAKE_UP = "document.querySelectorAll('[data-readings]')[0]"
SAID = (
    "[...document.querySelectorAll('.reading tbody tr')].map(row => [...row.cells].map(cell => cell.innerText.trim()))"
)
SILENT = "document.querySelector('.reading').hidden && !document.querySelector('.pointed *')"
MIDDLE = """(() => {
  const scroll = SCROLL, svg = scroll.querySelector("svg");
  scroll.scrollIntoView({ block: "center" });
  const place = JSON.parse(scroll.dataset.readings)[0].readings[NUMBER][1];
  const at = new DOMPoint((place[0] + place[2]) / 2 + 2, (place[1] + place[3]) / 2).matrixTransform(svg.getScreenCTM());
  return [at.x, at.y];
})()""".replace("SCROLL", TAKE_UP)


def taken_up(study: Results, number: int) -> tuple[str, dict[str, float]]:
    """A month and each policy's mean take-up in it."""
    rows = study.monthly.filter((pl.col("metric") == "take_up_under_36") & (pl.col("group") == "all"))
    month = rows["month"].unique().sort()[number]
    means = rows.filter(pl.col("month") == month).group_by("policy").agg(pl.col("value").mean())
    return f"{month:%b %Y}", dict(means.iter_rows())


def check_said(tab: Tab, study: Results, number: int, language: str) -> None:
    """The reading on the screen names every policy, the highest line first, with the month's number."""
    month, means = taken_up(study, number)
    head = tab.run("document.querySelector('.reading p').textContent")
    assert head.endswith(f" · {text('axis.take_up', language)}")
    assert month[-4:] in head
    assert language == "zh" or head.startswith(month)
    rows = tab.run(SAID)
    assert {row[0] for row in rows} == set(means)
    for name, value, _ in rows:
        own, interval = value.splitlines()
        assert own == show(means[name], "take_up", language=language)
        assert (" 至 " if language == "zh" else " to ") in interval
    shown = [means[row[0]] for row in rows]
    # lines that lie on one another, to a tenth of a point, stand in file order
    assert all(two - one < 1e-4 for one, two in itertools.pairwise(shown))


def test_pointing_at_a_month_says_every_shown_policys_number(tab: Tab, study: Results) -> None:
    tab.run("scrollTo(0, 0)")
    assert tab.run(SILENT)
    for number in (3, 20):
        tab.point(*tab.run(MIDDLE.replace("NUMBER", str(number))))
        check_said(tab, study, number, "en")
    changed = {row[0]: row[2].splitlines()[0] for row in tab.run(SAID) if row[2]}
    _, means = taken_up(study, 20)
    assert set(changed) == set(study.policies[1:])
    for name, said in changed.items():
        assert said == f"{show(means[name] - means[study.policies[0]], 'points', signed=True)} points"
    dots = tab.run("document.querySelectorAll('.pointed circle').length")
    assert dots == len(study.policies)
    box = tab.run(
        "(b => [b.left, b.top, b.right, b.bottom])(document.querySelector('.reading').getBoundingClientRect())"
    )
    assert 0 <= box[0] < box[2] <= 1300
    assert 0 <= box[1] < box[3] <= 900
    tab.point(2, 2)
    assert tab.run(SILENT)


def test_a_policy_that_is_switched_off_is_not_said(tab: Tab, study: Results) -> None:
    box = "document.querySelector('.switches input[value=policy-2]')"
    tab.run(f"{box}.click()")
    tab.point(*tab.run(MIDDLE.replace("NUMBER", "20")))
    assert [row[0] for row in tab.run(SAID)].count(study.policies[2]) == 0
    assert len(tab.run(SAID)) == len(study.policies) - 1
    assert tab.run("document.querySelectorAll('.pointed circle').length") == len(study.policies) - 1
    tab.run(f"{box}.click()")
    tab.point(2, 2)


def test_every_mark_can_be_pointed_at_and_says_its_own(tab: Tab) -> None:
    """In every figure the first, the middle and the last mark: the reading shown is that mark's."""
    figures = tab.run("document.querySelectorAll('[data-readings]').length")
    assert figures == 10
    for figure in range(figures):
        scroll = TAKE_UP.replace("[0]", f"[{figure}]")
        for part in (0, 0.5, 0.99):
            number = f"Math.floor({part} * JSON.parse({scroll}.dataset.readings)[0].readings.length)"
            place = MIDDLE.replace(TAKE_UP, scroll).replace("NUMBER", number).replace(" + 2", "")
            tab.point(*tab.run(place))
            lines = tab.run(f"JSON.parse({scroll}.dataset.readings)[0].readings[{number}][2].map(line => line[3])")
            assert sorted(row[1].splitlines()[0] for row in tab.run(SAID)) == sorted(lines)
    tab.point(2, 2)


def test_the_keyboard_steps_through_the_months(tab: Tab, study: Results) -> None:
    tab.run(f"{TAKE_UP}.closest('figure').querySelector('.scroll').focus({{focusVisible: true}})")
    check_said(tab, study, 0, "en")
    for key, code, number in (("ArrowRight", 39, 1), ("ArrowRight", 39, 2), ("ArrowLeft", 37, 1), ("End", 35, 23)):
        tab.press(key, code)
        check_said(tab, study, number, "en")
    tab.press("ArrowRight", 39)
    assert text("axis.enrolled_change") in tab.run("document.querySelector('.reading p').textContent"), "the next panel"
    tab.press("Escape", 27)
    assert tab.run(SILENT)
    tab.press("ArrowRight", 39)
    check_said(tab, study, 0, "en")
    tab.run("document.activeElement.blur()")
    assert tab.run(SILENT)


def test_paper_has_no_readings_and_no_cue_to_scroll(tab: Tab) -> None:
    tab.ask("Emulation.setEmulatedMedia", media="print")
    tab.screen(360, 740)
    tab.run(f"{TAKE_UP}.focus({{focusVisible: true}})")
    assert tab.run(SHOWN.format(".reading")) == tab.run(SHOWN.format(".more")) == 0
    assert tab.ask("Page.printToPDF", paperWidth=8.27, paperHeight=11.69)["data"]
    tab.run("document.activeElement.blur()")
    tab.ask("Emulation.setEmulatedMedia", media="")
    tab.screen(1300, 900)


# on a telephone ----------------------------------------------------------------------------------------

WIDER = """[...document.querySelectorAll("body *")].filter((one) => {
  const box = one.getBoundingClientRect();
  return box.width && !one.parentElement.closest(".scroll") && (box.right > innerWidth + 0.5 || box.left < -0.5);
}).map((one) => one.outerHTML.slice(0, 80))"""
CUES = """[...document.querySelectorAll(".box")].filter((box) => box.checkVisibility()).map((box) => {
  const inside = box.querySelector(".scroll"), more = box.querySelector(".more");
  return [inside.scrollWidth > inside.clientWidth + 1, getComputedStyle(more).display !== "none"
    && getComputedStyle(more).visibility === "visible", inside.querySelector("svg") !== null];
})"""
BROKEN = """[...document.querySelectorAll("thead th")].flatMap((head) => {
  const texts = document.createTreeWalker(head, NodeFilter.SHOW_TEXT), broken = [];
  while (texts.nextNode()) {
    const range = document.createRange();
    range.selectNodeContents(texts.currentNode);
    if (new Set([...range.getClientRects()].map((line) => line.top)).size > 1) broken.push(texts.currentNode.data);
  }
  return broken;
})"""


def check_narrow(tab: Tab, study: Results, language: str) -> None:
    """Nothing is wider than the page but inside its box, which says that there is more."""
    tab.screen(360, 740, mobile=True)
    assert tab.run("document.querySelector('.answer').getBoundingClientRect().bottom") < 740
    for section in ("", "for (const part of document.querySelectorAll('details')) part.open = true"):
        tab.run(section)
        assert tab.run("document.documentElement.scrollWidth") == 360
        assert tab.run(WIDER) == []
        tab.settle()
        cues = tab.run(CUES)
        assert [beyond for beyond, _, _ in cues] == [said for _, said, _ in cues]
        assert all(beyond for beyond, _, drawn in cues if drawn)
    first = "document.querySelector('.box .scroll')"
    tab.run(f"{first}.scrollLeft = 9999")
    tab.settle()
    assert tab.run(CUES)[0][:2] == [True, False], "there is no more to the right"
    names = f"{first}.querySelector('tbody th').getBoundingClientRect().left"
    assert tab.run(names) == tab.run(f"{first}.getBoundingClientRect().left"), "names stay"
    tab.run(f"{TAKE_UP}.focus({{focusVisible: true}})")
    tab.press("End", 35)
    check_said(tab, study, 23, language)
    assert tab.run(f"{TAKE_UP}.scrollLeft") > 0
    tab.run("document.activeElement.blur()")
    tab.tap(*tab.run(MIDDLE.replace("NUMBER", "20")))
    check_said(tab, study, 20, language)
    box = tab.run("(b => [b.left, b.right])(document.querySelector('.reading').getBoundingClientRect())")
    assert 0 <= box[0] < box[1] <= 360
    assert tab.run("document.documentElement.scrollWidth") == 360


def test_a_telephone_scrolls_within_boxes_that_say_so(tab: Tab, study: Results) -> None:
    check_narrow(tab, study, "en")


def test_the_chinese_page_on_both_screens(tab: Tab, study: Results, chinese: Path) -> None:
    tab.requests.clear()
    tab.screen(1300, 900)
    tab.open(chinese)
    tab.point(*tab.run(MIDDLE.replace("NUMBER", "20")))
    check_said(tab, study, 20, "zh")
    assert tab.run(BROKEN) == [], "a heading breaks between its phrases"
    check_narrow(tab, study, "zh")
    assert tab.run(BROKEN) == []
    assert tab.complaints == []
    assert [url for url in tab.requests if not url.startswith("data:")] == [chinese.as_uri()]
