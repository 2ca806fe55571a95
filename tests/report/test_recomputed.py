"""What the tables and the page say, against the same numbers worked out anew from the months and the records."""

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import polars as pl
import pytest
from runs import finished

from sim.report.page import write_page
from sim.report.tables import Results
from sim.report.words import TEXTS, text

from . import recomputed
from .recomputed import NOTHING, Study

COLUMNS = {  # of the page's headline table, by their words; how numbers are scaled there
    "take_up": ("column.take_up", 100),
    "take_up_change": ("column.change", 100),
    "added_child_months": ("column.added", 1),
    "public_cost": ("column.cost", 1e-6),
    "cost_per_added_child_month": ("column.per_added", 1),
    "inframarginal_share": ("column.inframarginal", 100),
    "pass_through": ("column.pass_through", 1),
}
SENTENCES = {  # keys of the sentences, the gap that holds the metric, and its sign there
    "finding.added": ("added_child_months", "added", 1),
    "finding.unclear": ("added_child_months", "added", 1),
    "finding.lost": ("added_child_months", "added", -1),
    "finding.per_added": ("cost_per_added_child_month", "value", 1),
    "finding.inframarginal": ("inframarginal_share", "value", 1),
    "finding.pass_through": ("pass_through", "value", 1),
    "finding.fees_unclear": ("pass_through", "value", 1),
    "finding.fees_fall": ("pass_through", "value", -1),
}
ONE = r"[−+]?\d[\d,.]*(?: %)?"  # as a sentence holds it
NUMBER = re.compile(r"([−+]?)(\d[\d,]*(?:\.(\d+))?)")


# seats for whoever comes, so that what a policy adds can be told from nothing in three draws
ROOMY = ("city.supply.places = 1500", "city.supply.institutions = 40", "city.families.renewal = 0.6")


class Page(HTMLParser):
    """Tables as rows of cells, each its main text and its small lines; and the text of list items and paragraphs."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[list[list[str]]]] = []
        self.blocks: list[str] = []
        self._cell: list[str] | None = None
        self._depth: list[str] = []
        self.feed(html.replace("\xa0", " "))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self._cell = [""]
            self.tables[-1][-1].append(self._cell)
        elif tag == "span" and self._cell is not None:
            self._cell.append("")
        elif tag in ("li", "p", "dd"):
            self.blocks.append("")
            self._depth.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._cell = None
        elif self._depth and tag == self._depth[-1]:
            self._depth.pop()

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell[-1] += data
        elif self._depth:
            self.blocks[-1] += data

    def headline(self) -> tuple[list[str], dict[str, list[list[str]]]]:
        """Heads of the columns and, by its policy, the cells of each row of the first table that has our columns."""
        wanted = {text(key) for key, _ in COLUMNS.values()}
        for table in self.tables:
            heads = [" ".join("".join(cell).split()) for cell in table[0]]
            if len([w for w in wanted if any(head.startswith(w) for head in heads)]) >= 5:
                return heads, {row[0][0].strip(): row for row in table[1:]}
        raise AssertionError("no table of the page has the headline's columns")


def numbers(said: str) -> list[tuple[float, int]]:
    """Numbers in a text with their decimals."""
    found = NUMBER.findall(said)
    return [(float(f"{'-' if s == '−' else ''}{n.replace(',', '')}"), len(d)) for s, n, d in found]


def is_shown(said: tuple[float, int], number: float) -> bool:
    """Whether a number, rounded to the decimals that are shown, is what is shown."""
    value, decimals = said
    return abs(value - number) <= 0.5 * 10.0**-decimals * (1 + 1e-6) + 1e-12 * abs(number)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("recomputed"), *ROOMY)


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return Results.load(folder)


@pytest.fixture(scope="module")
def study(folder: Path) -> Study:
    listed = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["policies"]
    return Study.read(folder, tuple(one["name"] for one in listed))


@pytest.fixture(scope="module")
def anew(study: Study) -> dict[str, dict[str, recomputed.Three]]:
    return {policy: recomputed.headline(study, policy) for policy in study.policies}


@pytest.fixture(scope="module")
def page(results: Results, tmp_path_factory: pytest.TempPathFactory) -> Page:
    path = write_page(results, tmp_path_factory.mktemp("page"), figures=[])
    return Page(path.read_text(encoding="utf-8"))


def test_the_run_is_one_in_which_every_number_is_at_stake(anew: dict[str, dict[str, recomputed.Three]]) -> None:
    """Else what follows would compare blanks with blanks, and nought with nought."""
    for metric in recomputed.METRICS:
        assert any(abs(found[metric][0] or 0) > 1e-6 for policy, found in anew.items() if policy != "baseline"), metric


def test_the_summary_says_what_the_months_and_records_say(folder: Path, anew) -> None:
    summary = pl.read_csv(folder / "summary.csv", infer_schema_length=None).filter(group="all", doubt="luck")
    for policy, found in anew.items():
        for metric, three in found.items():
            changed = metric == "take_up_change"
            columns = ("difference", "difference_low", "difference_high") if changed else ("value", "low", "high")
            rows = summary.filter(policy=policy, metric="take_up" if changed else metric).select(columns).rows()
            if policy == "baseline" and metric in ("cost_per_added_child_month", "inframarginal_share", "pass_through"):
                assert rows == [NOTHING]
                continue
            (row,) = rows
            expected = three if three == NOTHING else pytest.approx(three, rel=1e-9, abs=1e-12)
            assert row == expected, (policy, metric)


def test_added_child_months_of_the_months_are_the_difference_of_the_bills(study: Study) -> None:
    for policy in study.policies:
        bills = study.cube(policy, "enrolled_child_months") - study.cube("baseline", "enrolled_child_months")
        assert (study.cube(policy, "added_child_months") == bills).all()


def test_the_headline_table_of_the_page_shows_these_numbers(page: Page, anew) -> None:
    heads, rows = page.headline()
    assert set(anew) <= set(rows)
    for policy, found in anew.items():
        for metric, (key, factor) in COLUMNS.items():
            (column,) = [n for n, head in enumerate(heads) if head.startswith(text(key))]
            main, *lines = rows[policy][column]
            value, low, high = found[metric]
            if policy == "baseline" and metric not in ("take_up", "public_cost"):
                value = None  # it is compared with itself
            if value is None:
                assert (main.strip(), numbers("".join(lines))) == ("—", []), (policy, metric)
                continue
            (shown,) = numbers(main)
            assert is_shown(shown, value * factor), (policy, metric, main, value)
            if low == high:
                continue
            ends = numbers(lines[0])
            assert len(ends) == 2, (policy, metric, lines)
            assert all(is_shown(end, x * factor) for end, x in zip(ends, (low, high), strict=True)), (policy, metric)


def pattern(key: str) -> re.Pattern[str]:
    """A sentence of the page with its gaps as groups."""
    parts = re.split(r"\{(\w+)\}", TEXTS[key]["en"])
    gaps = {"luck": ".*?", "doubts": ".*?", "spread": "[^;)]*"}
    made = [f"(?P<{p}>{gaps.get(p, ONE)})" if n % 2 else re.escape(p) for n, p in enumerate(parts)]
    return re.compile("".join(made))


def test_the_sentences_of_the_page_say_these_numbers(page: Page, anew) -> None:
    spread = pattern("finding.luck")
    told = set()
    for policy, found in anew.items():
        said = [" ".join(block.split()) for block in page.blocks]
        for block in (one.removeprefix(policy) for one in said if one.startswith(f"{policy} ")):
            for key, (metric, gap, sign) in SENTENCES.items():
                match = pattern(key).search(block)
                if match is None:
                    continue
                value, low, high = (x if x is None else x * COLUMNS[metric][1] for x in found[metric])
                (shown,) = numbers(match[gap])
                assert value is not None
                assert is_shown(shown, sign * value), (policy, key, block)
                luck = spread.search(match.groupdict().get("luck") or match["doubts"])
                ends = sorted((sign * low, sign * high))
                assert luck is not None
                assert all(is_shown(one, x) for one, x in zip(numbers(luck["spread"]), ends, strict=True)), (key, block)
                if "cost" in match.groupdict():
                    assert is_shown(numbers(match["cost"])[0], found["public_cost"][0] * 1e-6)
                told.add((policy, metric))
    assert {(policy, "added_child_months") for policy in anew if policy != "baseline"} <= told
    assert {metric for _, metric in told} == {metric for metric, _, _ in SENTENCES.values()}


@pytest.mark.parametrize(("said", "number", "right"), [("12.3 %", 12.349, True), ("12.3 %", 12.351, False)])
def test_a_number_is_compared_to_the_digit_that_is_shown(said: str, number: float, right: bool) -> None:
    assert is_shown(numbers(said)[0], number) == right
    assert numbers("−1,234 to +5.60") == [(-1234, 0), (5.6, 2)]
