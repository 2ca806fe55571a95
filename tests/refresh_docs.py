"""Writes what documents take from the program anew: `python tests/refresh_docs.py`.

That is the parts between marks in docs/stress.md and docs/glossary.md, and the schema that editors read. The reference
in docs/scenario.md has a writer of its own, tests/report/refresh_reference.py.
"""

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from sim.engine.schedule import Phase
from sim.policy.menu import kind_of, menu
from sim.report.notes import assumed
from sim.report.words import ASSUMPTIONS, LANGUAGES, METRICS, Word
from sim.scenario.export import json_schema
from sim.scenario.schema import Scenario, load
from sim.study.evidence import defaults
from sim.study.intervals import CONFIDENCE
from sim.study.plan import make_plan, span_of

ROOT = Path(__file__).resolve().parents[1]
STRESS, GLOSSARY = ROOT / "docs" / "stress.md", ROOT / "docs" / "glossary.md"
SCHEMA = ROOT / "scenarios" / "schema.json"
STUDY = ROOT / "scenarios" / "xian_vouchers.toml"


def refreshed(document: str, name: str, lines: Iterable[str]) -> str:
    """The document with what stands between the marks of a name written anew.

    Raises ValueError if it lacks the marks.
    """
    begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
    before, first, rest = document.partition(begin)
    _, last, after = rest.partition(end)
    if not (first and last):
        raise ValueError(f"expected a document with the marks {begin} and {end}")
    return f"{before}{begin}\n" + "\n".join(lines) + f"\n{end}{after}"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a table in Markdown."""
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |"


def study(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """How the main study is set up, in words."""
    plan, run, span = make_plan(scenario), scenario.run, span_of(scenario)
    roles = [arm.role for arm in plan.arms]
    policies = [f"“{policy.name}”" for policy in scenario.policies]
    swept = sum(len(values) > 1 for _, values, _ in scenario.sweep.axes) if scenario.sweep else 0
    kinds = dict.fromkeys(kind_of(i) for arm in plan.arms for i in arm.own)
    yield "policies", f"{len(policies)}, the first the baseline: {names(policies)}"
    yield "sweep", f"{roles.count('sweep')} further arms of a grid of {swept} parameters"
    yield "assumptions moved", f"{names(scenario.knowledge.assumptions)}, each to its low and its high end"
    yield "instruments", names(f"`{kind}`" for kind in kinds)
    yield "standing programmes", f"{names(f'`{kind_of(i)}`' for i in scenario.standing)}, under every policy"
    yield "first simulated day", f"{span.first_day}, {run.burn_in_months} months of burn-in before `start`, {run.start}"
    yield "counted window", f"{run.counted_from} to {run.until}, {span.end - span.counted} months"
    yield "run length", f"{span.end - span.first} months, of which {span.counted - span.first} are not counted"
    yield "replications", f"{run.replications}; those of the grid and of assumptions {plan.looks[0]} or more"
    yield "jobs (a policy in a replication)", f"at most {len(plan.jobs())}"
    yield "seed", f"{run.seed}"
    yield "scale", f"{run.scale:g}, the whole city" if run.scale == 1 else f"{run.scale:g}"
    yield "intervals", f"{CONFIDENCE:.0%}, over replications".replace("%", " %")


def names(listed: Iterable[str]) -> str:
    """Some names as one cell, each once."""
    return ", ".join(dict.fromkeys(listed))


def numbers(scenario: Scenario) -> Iterator[tuple[str, str]]:
    """How many numbers go in and what they rest on, counted as the report counts them."""
    rows = [{"source": e.source, "low": e.low, "high": e.high} for e in scenario.document.evidence]
    rows += defaults(scenario)
    flagged = [row for row in rows if assumed(row)]
    ranged = sum(row["low"] is not None and row["high"] is not None for row in flagged)
    yield "numbers put in", f"{len(rows)}"
    yield "of these assumptions, wholly or in part", f"{len(flagged)}"
    yield "of these with a range", f"{ranged}"
    yield "without a source", f"{sum(not row['source'] for row in rows)}"


def versions() -> Iterator[tuple[str, str]]:
    """What the program stands on, as the lock file pins it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pinned = {name.lower(): version for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE)}
    yield "this program", project["version"]
    yield "Python", project["requires-python"]
    for wanted in project["dependencies"]:
        name = re.match(r"[\w.-]+", wanted).group()
        yield name, pinned[name.lower()]


def words(entries: Mapping[str, Mapping[str, Word]]) -> Iterator[tuple[str, ...]]:
    """Rows of the glossary: the key, then label and meaning in each language."""
    for key, entry in entries.items():
        said = [entry[language] for language in LANGUAGES]
        labels = (f"{one.label} [{one.unit}]" if one.unit else one.label for one in said)
        cells = zip(labels, (one.meaning for one in said), strict=True)
        yield (f"`{key}`", *(cell for pair in cells for cell in pair))


def stress() -> str:
    """docs/stress.md as it should stand."""
    document, scenario = STRESS.read_text(encoding="utf-8"), load(STUDY)
    parts = {
        "outputs": [names(f"`{key}`" for key in METRICS)],
        "phases": [names(phase.name.lower().replace("_", " ") for phase in Phase)],
        "instruments": table(("instrument", "what it is"), [(f"`{k}`", leaf.title) for k, leaf in menu().items()]),
        "numbers": table(("of this study", "how many"), numbers(scenario)),
        "study": table(("of this study", ""), study(scenario)),
        "versions": table(("package", "version"), versions()),
    }
    for name, lines in parts.items():
        document = refreshed(document, name, lines)
    return document


def glossary() -> str:
    """docs/glossary.md as it should stand."""
    document, head = GLOSSARY.read_text(encoding="utf-8"), ("in tables", "English", "meaning", "中文", "含义")
    for name, entries in (("metrics", METRICS), ("assumptions", ASSUMPTIONS)):
        document = refreshed(document, name, table(head, words(entries)))
    return document


def schema() -> str:
    """scenarios/schema.json as it should stand: what `python -m sim schema` prints."""
    return json.dumps(json_schema(), indent=1, ensure_ascii=False) + "\n"


WRITTEN = {STRESS: stress, GLOSSARY: glossary, SCHEMA: schema}

if __name__ == "__main__":
    for path, text in WRITTEN.items():
        path.write_text(text(), encoding="utf-8")
