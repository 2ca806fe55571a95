"""The page in a browser: nothing complains or leaves it; tables sort, policies hide, sections open on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sim.report.tables import Results

from .browser import PROGRAM, Tab, browser

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="no Chromium is installed: the page's script is not run")

NAMES = "[...document.querySelectorAll('table.sortable')[0].tBodies[0].rows].map(row => row.cells[0].textContent)"
SHOWN = "[...document.querySelectorAll('{0}')].filter(part => part.getClientRects().length).length"


@pytest.fixture(scope="module")
def tab(written: list[Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        opened.ask("Emulation.setDeviceMetricsOverride", width=1300, height=900, deviceScaleFactor=1, mobile=False)
        opened.open(written[-1])
        yield opened


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


def test_the_answer_stands_on_a_telephones_first_screen(tab: Tab) -> None:
    tab.ask("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=2, mobile=True)
    assert tab.run("document.querySelector('.answer').getBoundingClientRect().bottom") < 740
    assert tab.run("document.documentElement.scrollWidth") == 360
