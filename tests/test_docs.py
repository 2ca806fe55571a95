"""The documents say what is so: their commands work, their links lead somewhere, what is generated is fresh."""

import re
import shlex
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from refresh_docs import ROOT, SCHEMA, WRITTEN, refreshed

from sim.cli import DONE, _guarded, app
from sim.draws import Luck
from sim.engine.schedule import Phase
from sim.policy.menu import menu
from sim.report.words import LANGUAGES, METRICS, TEXTS
from sim.scenario.schema import load
from sim.scenario.starter import starter
from sim.study.plan import make_plan

README, README_ZH, MODEL = ROOT / "README.md", ROOT / "README.zh.md", ROOT / "docs" / "model.md"
DOCUMENTS = (README, README_ZH, *sorted((ROOT / "docs").glob("*.md")))
TUTORIALS = (ROOT / "docs" / "tutorial.md", ROOT / "docs" / "tutorial.zh.md")
# what makes a run small, wherever it is executed here; the last one given holds
SMALL = ("--scale", "0.01", "--replications", "1", "--workers", "1", "--quiet")
CHANGED = ("  rate = 0.1 ", "  rate = 0.2 ")  # in the tutorials, by hand


@dataclass(frozen=True)
class Block:
    """A fenced block of a document; `remark` is the comment right above it, where it says not to execute it."""

    document: Path
    language: str
    remark: str
    text: str


def blocks(document: Path) -> Iterator[Block]:
    """The fenced blocks of a document."""
    fence = re.compile(
        r"(?P<above>(?:^<!--[^\n]*-->\n)*)^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
    )
    for found in fence.finditer(document.read_text(encoding="utf-8")):
        remark = re.search(r"<!-- (?:parsed only: |只解析：)(.+) -->", found["above"])
        yield Block(document, found["language"], remark[1] if remark else "", found["text"])


def commands(block: Block) -> list[list[str]]:
    """Words after `python -m sim` of every such command of a block."""
    parts = [part for line in block.text.splitlines() for part in line.split("&&")]
    words = [shlex.split(part, comments=True) for part in parts]
    return [w[3:] for w in words if w[1:3] == ["-m", "sim"] and Path(w[0]).name == "python"]


def typed(document: Path, language: str) -> list[str]:
    """What a reader types: the lines of a language's blocks, without remarks."""
    lines = (line for block in blocks(document) if block.language == language for line in block.text.splitlines())
    return [re.sub(r"\s+#.*", "", line) for line in lines if line]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder with scenarios, as a clone has, in which commands run and may write."""
    # without what a reader of the tutorial has written there
    shutil.copytree(ROOT / "scenarios", tmp_path / "scenarios", ignore=shutil.ignore_patterns("my_question.toml"))
    monkeypatch.chdir(tmp_path)
    answers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path
    for number, answer in answers.items():  # a run leaves its own
        signal.signal(number, answer)


def is_run(words: list[str]) -> bool:
    return words[0].endswith(".toml")


# ---------------------------------------------------------------------------------------------------------
# commands


def test_the_commands_of_the_documents_work(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In their order, each once; runs on a hundredth of the city. Language changes words only (test_cli.py)."""
    drawn: set[str] = set()
    stream = Luck.stream
    monkeypatch.setattr(Luck, "stream", lambda luck, name: (drawn.add(name), stream(luck, name))[1])
    done: list[list[str]] = []
    for block in (b for document in DOCUMENTS for b in blocks(document) if b.language == "sh" and not b.remark):
        for words in commands(block):
            plain = shlex.split(shlex.join(words).replace(" --lang zh", ""))
            if plain in done:
                continue
            done.append(plain)
            assert _guarded([*words, *SMALL] if is_run(words) else words) == DONE, (block.document, words)
            said = capfd.readouterr()
            assert said.out, words
            assert not said.err, words
            if words[0] == "new":
                change_one_number(folder / "scenarios" / f"{words[1]}.toml")
            if words[0] == "check" and block.document in TUTORIALS:
                assert all(said.out in tutorial.read_text(encoding="utf-8") for tutorial in TUTORIALS)
    assert {words[0] for words in done} >= {"new", "check", "instruments", "scenarios/my_question.toml"}
    assert (folder / "results" / "my_question" / "report.html").exists()
    assert sorted(drawn - named_streams(drawn)) == [], "docs/stress.md names every stream"


def change_one_number(path: Path) -> None:
    """What the tutorials have their readers do by hand."""
    text = path.read_text(encoding="utf-8")
    assert text.count(CHANGED[0]) == 1
    path.write_text(text.replace(*CHANGED), encoding="utf-8")
    for tutorial in TUTORIALS:
        (shown,) = (block.text for block in blocks(tutorial) if block.language == "toml")
        assert shown.strip() == CHANGED[1].strip()


def named_streams(drawn: set[str]) -> set[str]:
    """Those of some streams that docs/stress.md lists; where it has … an instrument or a pool stands in the name."""
    rows = re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / "stress.md").read_text(encoding="utf-8"), re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(.+?)`", row)}
    return {one for one in drawn if one in listed or f"… {one.rpartition(' ')[2]}" in listed}


def test_every_stream_that_is_listed_is_in_the_program() -> None:
    """The test above sees that none is missing of those that one run draws."""
    source = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "sim").rglob("*.py")))
    text = (ROOT / "docs" / "stress.md").read_text(encoding="utf-8").partition("**5.2")[2].partition("**5.3")[0]
    rows = re.findall(r"^\| (`.+?) \|", text, re.MULTILINE)
    names = [name for row in rows for name in re.findall(r"`(.+?)`", row)]
    assert len(names) > 15
    said = {name: (f'"{name}"', f'"{name[2:]}"', f'}} {name[2:]}"') for name in names}
    assert not [
        name for name, ways in said.items() if not any(way in source for way in ways[: 3 if "…" in name else 1])
    ]


@pytest.mark.usefixtures("folder")
def test_commands_that_are_parsed_only_are_good_ones() -> None:
    """Their files exist, options and settings are taken, and all arms could be run."""
    runs = 0
    for block in (b for document in DOCUMENTS for b in blocks(document) if b.language == "sh" and b.remark):
        for words in commands(block):
            command, bound, _ = app.parse_args(words, exit_on_error=False, print_error=False)
            if not is_run(words):  # of a folder that such a run leaves
                continue
            if not Path(words[0]).exists():
                assert _guarded(["new", Path(words[0]).stem]) == DONE
            assert (command.__name__, [str(file) for file in bound.args]) == ("run", words[:1])
            make_plan(load(Path(words[0]), bound.kwargs.get("settings", ())))
            runs += 1
    assert runs >= 6


@pytest.mark.usefixtures("folder")
def test_the_fault_that_the_tutorials_show_is_what_is_said(capfd: pytest.CaptureFixture[str]) -> None:
    path = Path("scenarios") / "my_question.toml"
    assert _guarded(["new", path.stem]) == DONE
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(CHANGED[0], "  rate = 20 "), encoding="utf-8")
    assert _guarded(["check", str(path)]) == 2
    fault = capfd.readouterr().err
    assert fault.count("\n") == 1
    assert all(fault in tutorial.read_text(encoding="utf-8") for tutorial in TUTORIALS)


@pytest.mark.parametrize("language", ["sh", "python"])
def test_both_readmes_have_readers_type_the_same(language: str) -> None:
    """tests/test_python.py runs the lines for Python."""
    english, chinese = typed(README, language), typed(README_ZH, language)
    assert english == [line.removesuffix(" --lang zh") for line in chinese] != []
    assert (language == "python") == (english == chinese)


def test_both_tutorials_have_readers_type_the_same() -> None:
    english, chinese = (typed(tutorial, "sh") for tutorial in TUTORIALS)
    assert english == [line.removesuffix(" --lang zh") for line in chinese] != []
    assert english != chinese


@pytest.mark.parametrize(("tutorial", "language"), [*zip(TUTORIALS, LANGUAGES, strict=True)], ids=LANGUAGES)
def test_the_table_that_a_tutorial_shows_has_the_words_of_one(tutorial: Path, language: str, tmp_path: Path) -> None:
    """Its heads, its policies as the starting scenario calls them, and the lines below it."""
    (shown,) = (block.text for block in blocks(tutorial) if block.language == "text" and "1,812" in block.text)
    keys = ("take_up", "added", "per_added", "inframarginal", "luck", "anyway", "knowledge", "pass_through", "mvpf")
    said = [part for key in keys for part in re.split(r"\n|\{\w+\}", TEXTS[f"terminal.{key}"][language])]
    scenario = tmp_path / "scenarios" / "my_question.toml"
    shutil.copytree(ROOT / "scenarios" / "cities", scenario.parent / "cities")
    scenario.write_text(starter(scenario.stem, scenario.parent), encoding="utf-8")
    policies = load(scenario).policies
    said += [str(policy.name_zh if language == "zh" else policy.name) for policy in policies]
    assert [words for words in said if "".join(words.split()) not in "".join(shown.split())] == []


def test_every_block_is_of_a_kind_that_is_tested() -> None:
    kinds = {block.language: block.document for document in DOCUMENTS for block in blocks(document)}
    assert set(kinds) <= {"sh", "python", "toml", "text"}, kinds
    python = {block.document for d in DOCUMENTS for block in blocks(d) if block.language == "python"}
    assert python == {README, README_ZH}, "lines for Python in other documents are run by nobody"


# ---------------------------------------------------------------------------------------------------------
# links and names


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("http"):
            assert (document.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_files_that_are_named_exist(document: Path) -> None:
    """Of paths of this repository; what a run or a reader writes is no file of it."""
    written = ("my_question.toml",)
    for path in re.findall(
        r"`((?:sim|tests|scenarios|docs|benchmarks)/[\w./-]+)`", document.read_text(encoding="utf-8")
    ):
        assert (ROOT / path).exists() or path.endswith(written), path


def test_sections_that_are_referred_to_exist() -> None:
    heads = re.findall(r"^#+ ([\d.]+?)\.? ", MODEL.read_text(encoding="utf-8"), re.MULTILINE)
    for document in DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        near = r"section ([\d.]*\d)" if document == MODEL else r"section ([\d.]*\d) (?:of|in) (?:docs/|\[)model\.md"
        for number in re.findall(near, text):
            assert number in heads, (document.name, number)


# ---------------------------------------------------------------------------------------------------------
# what is generated, and what a protocol asks for


@pytest.mark.parametrize("path", WRITTEN, ids=lambda path: path.name)
def test_what_is_generated_is_fresh(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == WRITTEN[path](), "run python tests/refresh_docs.py"


def test_the_schema_is_what_the_command_prints(capfd: pytest.CaptureFixture[str]) -> None:
    assert _guarded(["schema"]) == DONE
    assert capfd.readouterr().out == SCHEMA.read_text(encoding="utf-8")
    assert f'path = "{SCHEMA.relative_to(ROOT).as_posix()}"' in (ROOT / ".taplo.toml").read_text(encoding="utf-8")


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        refreshed("no marks", "metrics", [])


def test_the_glossary_has_every_instrument_and_no_word_that_files_lack() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8").partition("## Metrics")[0]
    named = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)
    known = set(re.findall(r'"(\w+)"', SCHEMA.read_text(encoding="utf-8"))) | set(METRICS) | set(menu())
    assert not set(named) - known
    assert set(menu()) <= set(named)


def test_the_model_has_the_elements_of_odd_in_order() -> None:
    text = MODEL.read_text(encoding="utf-8")
    heads = re.findall(r"^## (\d+)\. (.+)$", text, re.MULTILINE)
    assert [name for _, name in heads][:7] == [
        "Purpose and patterns",
        "Entities, state variables and scales",
        "Process overview and scheduling",
        "Design concepts",
        "Initialisation",
        "Input data",
        "Submodels",
    ]
    concepts = text.partition("## 4.")[2].partition("## 5.")[0]
    assert re.findall(r"^- \*\*(.+?)\.\*\*", concepts, re.MULTILINE) == [
        "Basic principles",
        "Emergence",
        "Adaptation",
        "Objectives",
        "Learning",
        "Prediction",
        "Sensing",
        "Interaction",
        "Stochasticity",
        "Collectives",
        "Observation",
    ]


def test_the_model_has_the_phases_of_a_day_in_their_order() -> None:
    schedule = MODEL.read_text(encoding="utf-8").partition("## 3.")[2].partition("## 4.")[0]
    rows = re.findall(r"^\| ([a-z ]+) \|", schedule, re.MULTILINE)
    assert rows[1:] == [phase.name.lower().replace("_", " ") for phase in sorted(Phase)]
