"""English and Chinese: no word lacks either, and neither is found in the other's report."""

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from string import Formatter
from typing import Any

import matplotlib
import pytest
from matplotlib.text import Text
from rich.console import Console

from sim.policy.menu import menu
from sim.report import canvas, faults, figures, terms, typeface, words
from sim.report.menu import menu_lines, parameters
from sim.report.page import write_report
from sim.report.series import gather
from sim.report.tables import Results, terminal_table, translated
from sim.report.typeface import face
from sim.scenario import faults as said_of_faults
from sim.scenario.faults import Fault
from sim.study.metrics import METRICS

from .made_up import build
from .test_page import read

LATIN = re.compile(r"[A-Za-z]{2,}")
HAN = re.compile(r"[\u2e80-\uffef]")
NAMES = ("summary.csv", "MVPF")  # of a file and of a measure, the same in every language
KEYS = ("summary", "difference", "doubt", "group", "knowledge", "luck", "low", "high", "all")  # of the workbook


SCENARIOS = Path(__file__).resolve().parents[2] / "scenarios"


@pytest.fixture(scope="module")
def chinese(study: Results, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_report(study, tmp_path_factory.mktemp("chinese"), "zh")


def gaps(said: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(said) if name is not None}


def without(said: str, given: list[str]) -> str:
    """The text without names, which stay what they are."""
    for name in sorted(given, key=len, reverse=True):
        said = said.replace(name, " ")
    return said


def given_names(study: Results) -> list[str]:
    """Everything that the scenario and the run themselves have put into words."""
    sweep = study.manifest["sweep"]
    evidence = [str(e[part]) for e in study.manifest["evidence"] for part in ("key", "source") if e[part]]
    versions = [f"{name} {version}" for name, version in study.manifest["versions"].items()]
    return [
        *NAMES,
        *study.policies,
        *(arm["name"] for arm in sweep["arms"]),
        *(axis["path"] for axis in sweep["axes"]),
        *study.manifest["notes"],
        *study.manifest["kinds_that_set_fees"],
        *evidence,
        *versions,
        study.manifest["title"],
        study.manifest["city"],
        study.manifest["command"],
    ]


def words_of(study: Results) -> set[str]:
    """The words of names and keys, which a narrow column parts."""
    sweep = study.manifest["sweep"]
    given = [*(arm["name"] for arm in sweep["arms"]), *(axis["path"] for axis in sweep["axes"])]
    given += [str(row["key"]) for row in study.manifest["evidence"]]
    return set(LATIN.findall(" ".join([*study.policies, *given])))


@pytest.mark.parametrize("table", ["METRICS", "ASSUMPTIONS", "TEXTS", "MONTHS"])
def test_every_word_is_there_in_every_language(table: str) -> None:
    entries = getattr(words, table)
    lacking = [key for key, entry in entries.items() if tuple(entry) != words.LANGUAGES] if table != "MONTHS" else []
    assert not lacking
    if table == "MONTHS":
        assert {language: len(months) for language, months in entries.items()} == dict.fromkeys(words.LANGUAGES, 12)
    elif table == "TEXTS":
        # a list of sentences needs no space between them in Chinese
        assert [key for key, entry in entries.items() if not all(entry.values())] == ["list.sentence"]
        assert not [key for key, entry in entries.items() if gaps(entry["zh"]) != gaps(entry["en"])]
    else:
        for entry in entries.values():
            english, chinese = entry["en"], entry["zh"]
            assert chinese.label
            assert bool(chinese.meaning) == bool(english.meaning)
            assert bool(chinese.short) == bool(english.short)
            assert not english.unit or chinese.unit, "a unit is not lost; Chinese counts children and centres with one"


def test_no_entry_speaks_the_other_language() -> None:
    said = {
        language: [entry[language] for entry in words.TEXTS.values()]
        + [
            part
            for table in (words.METRICS, words.ASSUMPTIONS)
            for entry in table.values()
            for part in (entry[language].label, entry[language].unit, entry[language].meaning, entry[language].short)
        ]
        for language in words.LANGUAGES
    }
    assert not [one for one in said["en"] if HAN.search(one)]
    chinese = " ".join(re.sub(r"\{\w+\}", "", one) for one in said["zh"])
    assert set(LATIN.findall(without(chinese, [*NAMES, "zh-Hans"]))) == set(KEYS)
    # officials count in 万元 and 亿元; a unit is the number's own there
    assert [key for key, entry in words.TEXTS.items() if "百万元" in entry["zh"]] == ["unit.money"]
    assert not [key for key, entry in words.METRICS.items() if "百万元" in entry["zh"].unit]


def test_our_fonts_have_every_character(study: Results) -> None:
    with canvas.style(figures._foreign_words(study, "zh")):
        families = matplotlib.rcParams["font.family"]
    held = set().union(*(canvas._characters(family) for family in families if family in ("DejaVu Sans", "Han GB2312")))
    assert not set(words.alphabet("zh")) - set(map(chr, held)) - {"\n"}
    assert face("abc") == ""
    assert "font/woff" in face(words.alphabet("zh"))
    assert face("托位") == face("位托")


def test_the_chinese_page_says_nothing_in_english(study: Results, chinese: list[Path]) -> None:
    page = read(chinese[-1])
    alts = [value or "" for tag, name, value in page.attributes if name in ("alt", "aria-label")]
    said = without(" ".join([*page.words, *alts]), given_names(study))
    assert not set(LATIN.findall(said)) - words_of(study)
    assert not re.search(r"\d %", said)
    assert ("html", "lang", "zh-Hans") in page.attributes
    style = chinese[-1].read_text(encoding="utf-8").split("<style>")[1].split("</style>")[0]
    assert typeface.FAMILY in style.split("body")[0], "the page takes along the characters it shows"


def test_the_english_page_says_nothing_in_chinese(written: list[Path]) -> None:
    html = written[-1].read_text(encoding="utf-8")
    assert not HAN.search(html)
    assert "@font-face" not in html


def test_numbers_are_written_as_each_language_does(chinese: list[Path], written: list[Path]) -> None:
    ours, theirs = (" ".join(read(pages[-1]).words) for pages in (chinese, written))
    number = r"[\d.,]+"
    assert re.search(rf"{number}% 至 {number}%", ours)
    assert "2025年11月1日至2026年10月31日" in ours
    assert re.search(rf"{number} to {number} %", theirs)
    assert "1 Nov 2025 to 31 Oct 2026" in theirs


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_figures_speak_one_language(study: Results, language: str) -> None:
    """A character that no font has would be a warning, which is an error here."""
    results = Results(study.summary, study.monthly, study.manifest | {"scale": 0.02})
    with canvas.style(figures._foreign_words(results, language)):
        monthly = gather(results, figures.DRAWN_MONTHLY)
        scene = figures.Scene(results, monthly, canvas.pens(results.policies, language), language)
        for stem, draw in figures.DRAWINGS.items():
            figure = draw(scene)
            assert figure is not None, stem
            figure.canvas.draw()
            drawn = [artist.get_text() for artist in figure.findobj(Text)]
            other = LATIN if language == "zh" else HAN
            names = [*given_names(results), *(pen.label for pen in scene.pens.values())]
            assert not other.findall(without("\n".join(drawn), names)), stem


def test_the_terminal_speaks_chinese(study: Results) -> None:
    console = Console(width=400)
    with console.capture() as shown:
        console.print(terminal_table(study, "zh"))
    assert "入托率" in shown.get()
    assert not set(LATIN.findall(without(shown.get(), given_names(study)))) - words_of(study)


@pytest.mark.parametrize("language", words.LANGUAGES)
def test_notes_of_a_study_are_said(language: str, tmp_path: Path) -> None:
    results = build(names=("baseline", "vouchers"), count=2, sweep=False)
    keys = [{"key": "fees_respond", "kinds": ["甲", "乙"]}, {"key": "fees_fixed"}, {"key": "one_replication"}]
    said = Results(results.summary, results.monthly, results.manifest | {"notes": keys})
    shown = " ".join(read(write_report(said, tmp_path, language)[-1]).words)
    for note in ("fees_fixed", "one_replication"):
        assert words.text(f"note.{note}", language) in shown
    assert ("甲, 乙" if language == "en" else "甲、乙") in shown


# what the menu declares, and what scenarios call things ------------------------------------------------


def declared() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Every parameter of every instrument: its key, its schema, and the branch that says what it takes."""

    def of(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
        for name, entry in schema["properties"].items():
            if name != "source":
                branch = next((b for b in entry.get("anyOf", ()) if b.get("type") != "null"), entry)
                yield name, entry, branch
        for table in schema.get("$defs", {}).values():
            yield from of(table)

    for leaf in menu().values():
        yield from of(leaf.model_json_schema())


def test_every_item_of_the_menu_has_chinese_words() -> None:
    """Kinds, parameters, units, choices and metrics; and no word is left over from what was declared once."""
    found = list(declared())
    choices = [{**branch, **branch.get("items", {})} for _, _, branch in found]
    values = {str(value) for one in choices for value in one.get("enum", [one["const"]] if "const" in one else [])}
    values |= {value for one in choices if "pattern" in one for value in one["pattern"].strip("^$()").split("|")}
    needed = {
        "instruments": set(menu()),
        "parameters": {entry["description"] for _, entry, _ in found},
        "values": values | {"true", "false"},
    }
    for name, keys in needed.items():
        assert set(terms.TABLES[name]) == keys, name
    units = {entry["unit"] for _, entry, _ in found if "unit" in entry} - {"1"}
    assert units <= set(terms.UNITS)
    assert {metric.name for metric in METRICS} <= set(words.METRICS)
    for table in terms.TABLES.values():
        assert all("zh" in entry and HAN.search(entry["zh"].label) for entry in table.values())


def test_the_menu_speaks_chinese_but_for_what_a_file_says() -> None:
    keys = [one.key for leaf in menu().values() for one in parameters(leaf.model_json_schema())]
    keys += [*menu(), *terms.VALUES, *terms.KINDS, "city", "supply", "kind", "yuan_per_child", "yuan_per_place"]
    said = "\n".join(menu_lines(menu(), "zh"))
    assert set(LATIN.findall(said)) <= set(LATIN.findall(" ".join(keys)))
    assert not HAN.search("\n".join(menu_lines(menu())))


@pytest.mark.parametrize("path", sorted(SCENARIOS.rglob("*.toml")), ids=lambda path: path.stem)
def test_a_scenario_that_comes_with_the_program_has_chinese_names(path: Path) -> None:
    tree = tomllib.loads(path.read_text(encoding="utf-8"))
    if path.parent.name == "cities":
        shown = [tree["city"].get("name_zh", "")]
    else:
        moved = tree.get("knowledge", {})
        labels = moved.get("names_zh", {})
        shown = [tree.get("title_zh", ""), *(policy.get("name_zh", "") for policy in tree.get("policy", []))]
        shown += [labels.get(name, words.assumption(name, "zh").short) for name in moved.get("assumptions", {})]
    assert all(HAN.search(one) and not LATIN.search(one) for one in shown), shown


@pytest.fixture(scope="module")
def labelled(study: Results) -> Results:
    """The made-up study with a Chinese name for everything that its scenario named."""
    manifest = json.loads(json.dumps(study.manifest))
    for number, policy in enumerate(manifest["policies"]):
        if policy["name"] in study.policies:
            policy["name_zh"] = f"政策甲{number}"
    more = {"title_zh": "一项研究", "city_zh": "某市", "assumptions_zh": {"hassle": "麻烦"}}
    return Results(study.summary, study.monthly, manifest | more, study.split)


def test_names_of_the_scenario_are_shown_in_chinese_and_move_no_number(study: Results, labelled: Results) -> None:
    assert translated(labelled, "en") is labelled
    shown = translated(labelled, "zh")
    assert translated(shown, "zh") is shown
    assert (shown.manifest["title"], shown.manifest["city"]) == ("一项研究", "某市")
    assert all(HAN.search(policy) for policy in shown.policies)
    numbers = study.summary.drop("policy", "group")
    assert shown.summary.drop("policy", "group").equals(numbers)
    for ours, theirs in zip(shown.policies, study.policies, strict=True):
        assert (
            shown.entry(ours, "take_up_under_36")
            == study.entry(theirs, "take_up_under_36")
            != study.entry("", "take_up_under_36")
        )
        assert len(shown.knowledge(ours)) == len(study.knowledge(theirs))
        assert not HAN.search(theirs)
    assert {arm["name"] for arm in shown.manifest["sweep"]["arms"]} <= set(shown.summary["policy"])
    assert "assumption=麻烦" in set(shown.summary["group"])


def test_the_page_and_the_terminal_call_policies_by_their_chinese_names(labelled: Results, tmp_path: Path) -> None:
    said = " ".join(read(write_report(labelled, tmp_path, "zh")[-1]).words)
    console = Console(width=400)
    with console.capture() as shown:
        console.print(terminal_table(labelled, "zh"))
    for text in (said, shown.get()):
        assert "政策甲1" in text
        for name in (*labelled.policies, labelled.manifest["title"]):
            assert not re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.])", text), name


# faults ------------------------------------------------------------------------------------------------


def test_the_usual_expectations_are_said_in_chinese() -> None:
    bounds = [form.format(3) for _, *forms in said_of_faults._BOUNDS.values() for form in forms]
    gaps_filled = {"class": "X", "multiple_of": "2", "pattern": "P", "max_length": "5", "min_length": "1"}
    usual = [form.format_map(gaps_filled) for form in said_of_faults._WORDS.values()]
    usual = [one for one in usual if not re.search("that matches|that is a string|^X$", one)]  # rare: they stay
    for english in [*bounds, *usual, *said_of_faults._TYPES.values(), "no such key", "a number or an array"]:
        chinese = faults.expected(english, "zh")
        assert HAN.search(chinese), english
        assert set(LATIN.findall(chinese)) <= {"true", "false"}, english
    assert faults.expected("no such key; did you mean seed?", "zh") == "无此键；是否想写 seed？"
    assert faults.expected("what nobody has said before", "zh") == "what nobody has said before"


def test_the_frame_of_a_fault_is_in_the_language_asked_for() -> None:
    fault = Fault("a.toml", "run.seed", "-1", "a number of at least 0")
    assert faults.line(fault, "en") == fault.line()
    assert faults.line(fault, "zh") == "a.toml：run.seed：发现 -1，应为：不小于 0 的数"
    assert len(faults.line(Fault("a{b}", "k\n", "{found}", "{0}"), "zh").splitlines()) == 1
