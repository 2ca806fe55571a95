"""The page: one well-formed file that loads nothing, and says everything the headline says."""

import base64
import hashlib
import json
import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import polars as pl
import pytest

from sim.report.grids import FAMILIES_PARTS, SIDES, incidence_grid, measures_grid, sweep_grid, welfare_grid
from sim.report.grids import INCIDENCE as METRICS_OF_INCIDENCE
from sim.report.numerals import show
from sim.report.page import FIGURES, publish, write_page
from sim.report.tables import Results, headline
from sim.report.words import FORMS, LANGUAGES, METRICS, form
from sim.study.run import end_workers

from .made_up import HOSTILE, POLICIES, build, split_of

VOID = {"meta", "img", "br", "hr", "wbr", "link", "input"}


class Reader(HTMLParser):
    """Checks that tags are closed in order, and gathers what a test may ask about."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.words: list[str] = []
        self.row_lengths: list[list[int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.row_lengths.append([])
        if tag == "tr":
            self.row_lengths[-1].append(0)
        if tag in ("td", "th"):
            self.row_lengths[-1][-1] += 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("style", "script", "title"):
            self.words.append(data)


def read(path: Path) -> Reader:
    reader = Reader()
    reader.feed(path.read_text(encoding="utf-8"))
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def page(written: list[Path]) -> Reader:
    return read(written[-1])


def test_the_report_is_twenty_figures_a_workbook_and_a_page(written: list[Path]) -> None:
    assert len(written) == 22
    assert written[-1].name == "report.html"
    assert all(path.is_file() for path in written)
    assert not list(written[-1].parent.rglob("*.part"))


def test_the_page_loads_nothing_and_runs_its_own_script_only(written: list[Path], page: Reader) -> None:
    tags = page.tags
    assert not set(tags) & {"link", "iframe", "object", "form", "base", "img"}
    assert tags.count("script") == tags.count("style") == 1
    for tag, name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("style", "srcset", "action", "src")
        assert tag != "script"
        if name.endswith("href"):
            assert tag == "use"
            assert value is not None
            assert value.startswith("#")
    html = written[-1].read_text(encoding="utf-8")
    assert not re.search(r"https?:|url\((?!data:|#)|@import", html)


def test_an_id_stands_once_and_every_reference_finds_its_own(written: list[Path], page: Reader) -> None:
    ids = [value for _, name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    referred = {(value or "")[1:] for _, name, value in page.attributes if name.endswith("href")}
    referred |= set(re.findall(r"url\(#([^)]+)\)", written[-1].read_text(encoding="utf-8")))
    assert referred
    assert referred <= set(ids)


@pytest.mark.parametrize("kind", ["style", "script"])
def test_the_policy_allows_just_the_style_and_the_script_that_are_there(
    written: list[Path], page: Reader, kind: str
) -> None:
    html = written[-1].read_text(encoding="utf-8")
    embedded = html.split(f"<{kind}>")[1].split(f"</{kind}>")[0]
    digest = base64.b64encode(hashlib.sha256(embedded.encode()).digest()).decode()
    policies = [value or "" for tag, name, value in page.attributes if (tag, name) == ("meta", "content")]
    policy = next(value for value in policies if "default-src 'none'" in value)
    assert f"{kind}-src 'sha256-{digest}';" in policy
    assert "unsafe" not in policy


def test_pictures_are_the_files_and_have_words(written: list[Path], page: Reader) -> None:
    files = {path.stem: ElementTree.parse(path) for path in written if path.suffix == ".svg"}
    svg = "{http://www.w3.org/2000/svg}"
    # a space is a path without a line
    lines = Counter(d for file in files.values() for path in file.iter(f"{svg}path") if (d := path.get("d")))
    shown = Counter(value for tag, name, value in page.attributes if (tag, name) == ("path", "d"))
    assert shown - lines == {"M0 5H24": len(POLICIES)}, "the page's own strokes stand beside its switches"
    assert not lines - shown
    coloured = {"fill": Counter[str](), "stroke": Counter[str]()}
    for file in files.values():
        for declaration in re.findall(r"(?:fill|stroke): #\w+", " ".join(e.get("style", "") for e in file.iter())):
            name, _, colour = declaration.partition(": ")
            coloured[name][colour] += 1
    for name, colours in coloured.items():
        found = Counter(value for _, key, value in page.attributes if key == name)
        assert not colours - found
    alts = [value or "" for tag, name, value in page.attributes if (tag, name) == ("svg", "aria-label")]
    assert len(alts) == len(files) == 10
    assert all(len(alt) > 60 for alt in alts)


def test_every_policy_can_be_hidden_in_tables_findings_and_figures(
    study: Results, written: list[Path], page: Reader
) -> None:
    html = written[-1].read_text(encoding="utf-8")
    parts: dict[str, set[str]] = {}
    for tag, name, value in page.attributes:
        for part in (value or "").split() if name == "class" else ():
            parts.setdefault(part, set()).add(tag)
    for number, policy in enumerate(study.policies):
        assert {"tr", "td", "th", "g"} <= parts[f"policy-{number}"], policy
        assert "li" in parts[f"policy-{number}"] or number == 0
        assert re.search(f'<g class="policy-{number}"><title>{policy}</title>', html), "a pointer is told whose it is"
    assert f"policy-{len(study.policies)}" not in parts
    boxes = [value for tag, name, value in page.attributes if (tag, name) == ("input", "value")]
    assert boxes == [f"policy-{number}" for number in range(len(study.policies))]


def test_the_page_says_what_the_headline_says(study: Results, page: Reader) -> None:
    words = " ".join(page.words)
    for row in headline(study)[1:]:
        assert show(row.take_up.value, "take_up") in words
        assert show(row.take_up_change.value, "points", signed=True) in words
        assert show(row.added_child_months.value, "count") in words
        assert show(row.cost_per_added_child_month.value, "yuan") in words
        for line in row.knowledge:
            for number in (line.low, line.central, line.high):
                assert show(number, form(line.metric)) in words
    for said in ("Read this with the table", *study.manifest["notes"], study.manifest["command"], "20251110"):
        assert str(said) in words


def test_where_the_money_went_is_a_table_that_adds_up(study: Results, page: Reader, folder: Path) -> None:
    grid = incidence_grid(study, "en")
    shown = {(row.head.main or row.head.lines[0]): [cell.main for cell in row.cells] for row in grid.rows}
    assert len(shown) == len(METRICS_OF_INCIDENCE) == 13
    assert grid.head[1:] == study.policies[1:], "the baseline is what others are compared with"
    assert shown["Public outlay"][0] == "+7.10"
    assert shown["posted fees, on the same bills (a rise is a loss)"][0] == "−1.77"
    words = " ".join(page.words)
    assert words.index("Where the money went") < words.index("Everything else that was measured")
    listed = {row.head.main for row in measures_grid(study, "en").rows}
    assert not listed & set(shown), "no number stands twice"
    for policy in study.policies[1:]:
        gain = {key: study.entry(policy, key).own.value for key in METRICS_OF_INCIDENCE}
        assert sum(gain[key] for key in SIDES[1:]) == pytest.approx(gain[SIDES[0]])
        assert sum(gain[key] for key in FAMILIES_PARTS) == pytest.approx(gain["incidence_families"])
    without = study.summary.filter(~pl.col("metric").str.starts_with("incidence"))
    bare = read(write_page(Results(without, study.monthly, study.manifest), folder))
    assert "Where the money went" not in " ".join(bare.words)


def test_assumptions_are_flagged(page: Reader) -> None:
    words = " ".join(page.words)
    assert "2 of 3 values" in words
    assert "no source given" in words
    assert sum((tag, name, value) == ("tr", "class", "flag") for tag, name, value in page.attributes) == 2


def test_the_rows_of_a_table_are_equally_long(page: Reader) -> None:
    assert page.row_lengths
    assert all(len(set(lengths)) == 1 for lengths in page.row_lengths)


def test_hostile_names_are_text(folder: Path) -> None:
    results = build(names=HOSTILE, count=2)
    results.manifest["title"] = "<img src=x onerror=alert(1)>"
    results.manifest["notes"] = ["</style><script>alert(2)</script>"]
    results.manifest["evidence"] = [{"key": "<b>", "value": "<i>", "source": '"><script>'}, {"key": "k"}]
    results.manifest["command"] = "python -m sim '<script>'"
    page = read(write_page(results, folder))
    assert page.tags.count("script") == 1, "ours"
    assert not {"b", "i", "img"} & set(page.tags)
    words = " ".join(page.words)
    for text in (
        "<script>alert(1)</script>",
        "$1 & $2_{x}",
        "育儿补贴 vouchers",
        "</style><script>alert(2)</script>",
    ):
        assert text in words


def test_nulls_are_dashes(folder: Path) -> None:
    page = read(write_page(build(nulls=True, count=2), folder))
    assert not [word for word in page.words if re.search(r"\bnan\b|\binf\b|None", word, re.IGNORECASE)]
    assert all(len(set(lengths)) == 1 for lengths in page.row_lengths)


def test_numbers_that_are_not_finite_are_dashes(folder: Path) -> None:
    results = build(count=2)
    broken = results.summary.with_columns(value=pl.lit(float("inf")), low=pl.lit(float("nan")))
    page = read(write_page(Results(broken, results.monthly, results.manifest), folder))
    assert not [word for word in page.words if re.search(r"\bnan\b|\binf\b", word, re.IGNORECASE)]


def test_no_sweep_no_knowledge_one_replication(folder: Path) -> None:
    results = build(names=("baseline", "fee"), replications=1, count=3, sweep=False)
    bare = Results(results.summary.filter(doubt="luck"), results.monthly, results.manifest | {"evidence": None})
    page = read(write_page(bare, folder))
    words = " ".join(page.words)
    assert "The sweep" not in words
    assert "nobody knows" not in words.replace("the number over what nobody knows", "")
    assert "two replications or more" in words
    assert "one replication" in words


def test_an_empty_study_is_still_a_page(study: Results, folder: Path) -> None:
    page = read(write_page(Results(study.summary.clear(), study.monthly.clear(), {}), folder))
    assert "Childcare policies compared" in " ".join(page.words)


@pytest.mark.parametrize(
    ("value", "low", "high", "said"),
    [
        (0.12, 0.06, 0.2, "Of each yuan 0.120 ended in higher posted fees (95 % interval for luck 0.060 to 0.200)."),
        (
            0.12,
            -0.1,
            0.2,
            "higher posted fees, which cannot be told from zero (95 % interval for luck −0.100 to 0.200).",
        ),
        (-0.12, -0.2, -0.06, "For each yuan posted fees fell by 0.120 (95 % interval for luck 0.060 to 0.200)."),
    ],
)
def test_the_page_says_in_table_and_words_whether_fees_rise(
    folder: Path, value: float, low: float, high: float, said: str
) -> None:
    results = build(names=("baseline", "vouchers"), count=2, sweep=False)
    passed = pl.col("metric") == "pass_through"
    ends = {"value": value, "low": low, "high": high}
    moved = {key: pl.when(passed).then(end).otherwise(pl.col(key)) for key, end in ends.items()}
    summary = results.summary.with_columns(**moved)
    words = " ".join(read(write_page(Results(summary, results.monthly, results.manifest), folder)).words)
    assert said in words.replace("\u00a0", " ")
    column = "Of each yuan, ended in higher posted fees"
    assert column in " ".join(words.split())
    fixed = Results(summary, results.monthly, results.manifest | {"fees_respond": False})
    assert column not in " ".join(" ".join(read(write_page(fixed, folder)).words).split())


@pytest.mark.parametrize(
    ("replications", "words"),
    [
        (10, "moves no child into care or out of it."),
        (1, "moves no child into care or out of it in what was drawn (no interval: luck was not measured)."),
    ],
)
def test_a_policy_that_moves_nothing_is_said_to(folder: Path, replications: int, words: str) -> None:
    results = build(names=("baseline", "escrow"), replications=replications, count=2, sweep=False)
    still = pl.col("metric").is_in(["added_child_months", "public_cost"])
    zeros = {
        key: pl.when(still & pl.col(key).is_not_null()).then(0.0).otherwise(pl.col(key))
        for key in ("value", "low", "high")
    }
    page = read(write_page(Results(results.summary.with_columns(**zeros), results.monthly, results.manifest), folder))
    assert f"costs the public nothing and {words}" in " ".join(page.words)


def test_an_axis_of_the_sweep_is_sorted_by_its_numbers(study: Results) -> None:
    arms = study.manifest["sweep"]["arms"]
    rows = sweep_grid(study, "en").rows
    assert [[cell.number for cell in row.cells[:2]] for row in rows] == [arm["values"] for arm in arms]
    dated = [{"path": "a.until", "label": "until", "values": ["2025-04-30"], "scale": False}]
    arm = {"name": "x", "values": ["2025-04-30"]}
    manifest = study.manifest | {"sweep": {"policy": "x", "axes": dated, "arms": [arm]}}
    (row,) = sweep_grid(Results(study.summary, study.monthly, manifest), "en").rows
    assert row.cells[0].number is None


def test_money_called_millions_is_written_in_millions() -> None:
    in_millions = {key for key, word in METRICS.items() if word["en"].unit == "million yuan"}
    assert {"public_cost", "prepaid_lost", "unpaid_wages"} <= in_millions == {k for k in FORMS if form(k) == "money"}


def test_an_unclear_effect_is_said_to_be_unclear(folder: Path) -> None:
    results = build(names=("baseline", "vouchers"), count=2, sweep=False)
    low = pl.when(pl.col("metric") == "added_child_months").then(-5.0).otherwise(pl.col("low"))
    page = read(write_page(Results(results.summary.with_columns(low=low), results.monthly, results.manifest), folder))
    assert "cannot be told from zero" in " ".join(page.words)


def test_whose_the_added_months_are_is_said_of_a_policy_that_adds(folder: Path) -> None:
    """Not of one whose effect is unclear, nor where a run of an older version holds no such numbers."""
    results = build(names=("baseline", "vouchers"), count=2, sweep=False)
    unclear = pl.when(pl.col("metric") == "added_child_months").then(-5.0).otherwise(pl.col("low"))
    older = ~pl.col("metric").str.contains("^added_(by|brought|lengthened)")
    for summary, said in (
        (results.summary, True),
        (results.summary.with_columns(low=unclear), False),
        (results.summary.filter(older), False),
    ):
        page = read(write_page(Results(summary, results.monthly, results.manifest), folder))
        words = " ".join(page.words)
        new, forward, longer = (
            show(results.entry("vouchers", f"added_{part}").own.value, "count")
            for part in ("by_new_children", "brought_forward", "lengthened")
        )
        assert ("Of these, " in words) == (f"Of these, {new} (" in words) == said
        assert (f"{forward} are of earlier starts and {longer} of longer stays" in words) == said


def test_a_sample_of_the_city_is_announced(folder: Path) -> None:
    results = build(count=2, sweep=False)
    results.manifest["scale"] = 0.05
    words = " ".join(read(write_page(results, folder)).words)
    assert "Simulated at 5 % of the city" in words
    # before the run's own notes, for it bears on every number
    assert words.index("Simulated at 5 %") < words.index(results.manifest["notes"][0])


def test_the_page_counts_what_is_assumed_beside_the_first_table(page: Reader) -> None:
    words = " ".join(page.words)
    said = (
        "Of the 3 numbers put in: 1 with a source, 1 assumptions (1 with a range), 1 without either. "
        "Moved over their ranges here: awareness, commitment, hassle."
    )
    assert words.index("The policies side by side") < words.index(said) < words.index("In short")


def test_a_loss_before_owners_support_is_explained(study: Results, page: Reader, folder: Path) -> None:
    """The city's institutions stand below zero before anybody keeps them open: that is not a finding."""
    said = "leaves out what owners, parent kindergartens and public budgets put in"
    assert said not in " ".join(page.words)
    profit = study.summary.with_columns(metric=pl.col("metric").replace("waiting", "institution_profit"))
    words = " ".join(read(write_page(Results(profit, study.monthly, study.manifest), folder)).words)
    assert said in words
    assert "Institutions' profit before owners' support" in words


def test_a_mean_fee_that_moves_beyond_luck_is_said_and_no_other(study: Results, folder: Path) -> None:
    """By the window's mean and the last counted month's, as the tables have them; what luck may explain is not said."""
    words = " ".join(read(write_page(study, folder, [])).words).replace("\u00a0%", " %")
    mean = pl.col("metric") == "mean_fee"
    first, usual = study.policies[0], study.entry(study.policies[0], "mean_fee").own.value
    last = study.monthly.filter(mean & (pl.col("group") == "all") & (pl.col("month") == pl.col("month").max()))
    means = dict(last.group_by("policy").agg(pl.col("value").mean()).iter_rows())
    told = 0
    for policy in study.policies[1:]:
        rise, end = study.entry(policy, "mean_fee").change.value, means[policy] - means[first]
        said = f"lies {rise:,.0f} yuan a month ({rise / usual:.1%}) above".replace("%", " %")
        assert (said in words) == (rise > 0.005 * usual), policy
        if said in words:
            told += 1
            shown = re.search(r"in the last month ([\d.,]+) yuan \(([\d.]+) %\)", words[words.index(said) :])
            assert shown is not None
            assert float(shown[1].replace(",", "")) == pytest.approx(end, rel=0.005)
            assert float(shown[2]) == pytest.approx(100 * end / means[first], abs=0.051)
    assert told
    unsure = study.summary.with_columns(difference_low=pl.when(mean).then(-1.0).otherwise("difference_low"))
    words = " ".join(read(write_page(replace(study, summary=unsure), folder, [])).words)
    assert "mean posted fee of full-day care lies" not in words


def test_an_assumption_is_called_one_once(study: Results, folder: Path) -> None:
    rows = [
        {"key": "a", "value": 1, "source": "assumption: nothing published"},
        {"key": "b", "value": 2, "source": "a census, with the parts an assumption"},
    ]
    page = read(write_page(Results(study.summary, study.monthly, study.manifest | {"evidence": rows}), folder))
    assert page.words.count("assumption") == 1


def test_the_page_is_the_same_each_time(study: Results, tmp_path: Path) -> None:
    one, two = (write_page(study, tmp_path / name).read_bytes() for name in ("one", "two"))
    assert one == two


@pytest.mark.parametrize("language", LANGUAGES)
def test_files_are_the_same_however_many_processes_write_them(study: Results, tmp_path: Path, language: str) -> None:
    alone, shared = tmp_path / "alone", tmp_path / "shared"
    for folder in (alone, shared):
        folder.mkdir()
        study.summary.write_csv(folder / "summary.csv")
        study.monthly.write_parquet(folder / "monthly.parquet")
        (folder / "manifest.json").write_text(json.dumps(study.manifest), encoding="utf-8")
    try:
        said = [publish(folder, language, workers) for folder, workers in ((alone, 1), (shared, 3))]
    finally:
        end_workers()
    files = [{path.relative_to(folder) for path in folder.rglob("*.*")} for folder in (alone, shared)]
    assert files[0] == files[1]
    assert len(files[0]) > 2 * len(FIGURES)
    for name in files[0]:
        assert (alone / name).read_bytes() == (shared / name).read_bytes(), name
    for folder, listed in zip((alone, shared), said, strict=True):
        tables = {"summary.csv", "monthly.parquet", "manifest.json"}
        assert {path.relative_to(folder) for path in listed} == {n for n in files[0] if n.name not in tables}


def test_a_title_may_hold_whatever_it_likes(study: Results, folder: Path) -> None:
    """Also what the page's own head is made of."""
    title = "<style></style> 'sha256-' 托育"
    content = write_page(replace(study, manifest=study.manifest | {"title": title}), folder, []).read_text("utf-8")
    (style,) = re.findall(r"<style>(.*?)</style>", content, re.DOTALL)
    allowed = re.search(r"style-src 'sha256-([^']+)'", content)
    assert allowed is not None
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() == allowed[1]
    assert read(folder / "report.html").words.count(title) >= 1


def test_what_each_instrument_does_is_a_table_where_policies_were_split(study: Results, folder: Path) -> None:
    """Under the policy's name its instruments and the whole; no such table where nothing was split."""
    shown = " ".join(read(write_page(replace(study, split=split_of("mixed")), folder, [])).words)
    for words in ("What each instrument does", "fee_subsidy", "voucher_pool", "all of them", "+30.0", "+6,000", "+9"):
        assert words in shown, words
    assert "What each instrument does" not in " ".join(read(write_page(study, folder, [])).words)


def test_what_it_is_worth_stands_by_fifths_beside_what_it_costs(study: Results, tmp_path: Path) -> None:
    """The fifths add up to the whole; taxes are said not to be counted; the parameters of the money are listed."""
    table = welfare_grid(study, "en")
    for column, policy in enumerate(study.policies[1:]):
        shown = [row.cells[column] for row in table.rows]
        assert [cell.number for cell in shown[:6]] == [
            study.entry(policy, "consumer_surplus", group).own.value
            for group in ("all", *(f"quintile={n}" for n in range(1, 6)))
        ]
        assert shown[0].number == pytest.approx(sum(cell.number or 0.0 for cell in shown[1:6]))
        assert shown[-1].number == study.entry(policy, "mvpf").own.value
    profit = study.summary.with_columns(metric=pl.col("metric").replace("waiting", "institution_profit"))
    beside = welfare_grid(Results(profit, study.monthly, study.manifest), "en").rows[6].cells
    assert [cell.number for cell in beside] == [study.entry(p, "waiting").change.value for p in study.policies[1:]]
    evidence = [{"key": "city.families.sensitivity", "value": 0.001, "low": 0.0005, "high": 0.002, "source": "a fit"}]
    grown = Results(study.summary, study.monthly, study.manifest | {"evidence": evidence})
    words = " ".join(read(write_page(grown, tmp_path)).words)
    assert "Taxes on mothers' added work are not counted" in words
    assert words.count("city.families.sensitivity") == 2, "beside the table, and among all parameters"
