"""Measure how the source reads: docstrings, prose, names in several modules, metrics, parameters, hooks.

python -m benchmarks.house

Counts are taken from syntax trees and comments alone; nothing is run but the list of metrics.
"""

import ast
import io
import re
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from sim.policy.instrument import Instrument
from sim.study.metrics import METRICS

ROOT = Path(__file__).resolve().parents[1]
RIDDLE = re.compile(r"(What|Who|Whom|Whose|Whether|Where|How|Those|Which)\b")
RELATIVE = re.compile(r"\b(who|whom|whose|what|which|where|those|that)\b", re.IGNORECASE)
WORD = re.compile(r"[A-Za-z']+")
CODE_BLOCK = re.compile(r"```.*?```|^    .*$", re.DOTALL | re.MULTILINE)
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Module:
    """A Python module: its path from the root, its text and its syntax tree."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def docstrings(self) -> Iterator[str]:
        """Docstrings of the module, its classes and its functions."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Module | ast.ClassDef | Function) and (found := ast.get_docstring(node)):
                yield found

    @property
    def comments(self) -> Iterator[str]:
        """Comments, without what tools read in them."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT and not re.match(r"# (fmt|type|noqa)", token.string):
                yield token.string

    @property
    def functions(self) -> Iterator[Function]:
        """Functions and methods."""
        yield from (node for node in ast.walk(self.tree) if isinstance(node, Function))

    @property
    def public(self) -> Iterator[str]:
        """Public classes and functions of the module's top level."""
        for node in self.tree.body:
            if isinstance(node, ast.ClassDef | Function) and not node.name.startswith("_"):
                yield node.name

    @property
    def literals(self) -> set[str]:
        """Texts that stand in the code, docstrings apart."""
        return {
            node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant) and type(node.value) is str
        }


def modules(folder: str) -> list[Module]:
    """All modules of a folder, in order of their paths."""
    found = []
    for path in sorted((ROOT / folder).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found.append(Module(path.relative_to(ROOT), text, ast.parse(text)))
    return found


def relative_pronouns(texts: Iterator[str]) -> str:
    """Relative pronouns per 100 words."""
    words = pronouns = 0
    for text in texts:
        words += len(WORD.findall(text))
        pronouns += len(RELATIVE.findall(text))
    return f"{100 * pronouns / max(words, 1):.1f}"


def riddles(house: list[Module]) -> str:
    """Docstrings that begin with a question word [%]."""
    docs = [doc for module in house for doc in module.docstrings]
    return f"{100 * sum(bool(RIDDLE.match(doc)) for doc in docs) / len(docs):.1f} % of {len(docs):,}"


def prose(house: list[Module]) -> Iterator[str]:
    """Docstrings and comments."""
    for module in house:
        yield from module.docstrings
        yield from module.comments


def pages() -> Iterator[str]:
    """The English documents, without code."""
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        if ".zh" not in path.name:
            yield CODE_BLOCK.sub("", path.read_text(encoding="utf-8"))


def repeated_names(house: list[Module]) -> str:
    """Public names that stand in more than one module, the most repeated first."""
    where = defaultdict(set)
    for module in house:
        for name in module.public:
            where[name].add(module.path)
    repeated = sorted(((len(paths), name) for name, paths in where.items() if len(paths) > 1), reverse=True)
    most = ", ".join(f"{name} {times}" for times, name in repeated[:5])
    return f"{len(repeated)}{f': {most}' if most else ''}"


def metric_literals(house: list[Module]) -> str:
    """Modules in which a metric's name stands as a literal: median and most."""
    counts = Counter({metric.name: 0 for metric in METRICS})
    for module in house:
        counts.update(module.literals & set(counts))
    name, most = counts.most_common(1)[0]
    return f"{median(counts.values()):.0f} (median), {most} (most: {name})"


def most_parameters(house: list[Module]) -> str:
    """Parameters of the function that has most."""
    most = max(
        (len(f.args.posonlyargs + f.args.args + f.args.kwonlyargs), f"{m.path}: {f.name}")
        for m in house
        for f in m.functions
    )
    return f"{most[0]} ({most[1]})"


def typed_any(house: list[Module]) -> str:
    """Parameters typed `Any` in kernels [%]."""
    typed = [
        ast.unparse(argument.annotation)
        for module in house
        if "kernels" in module.path.parts
        for function in module.functions
        for argument in function.args.args
        if argument.annotation is not None
    ]
    return f"{100 * typed.count('Any') / len(typed):.0f} %"


def hooks() -> str:
    """Methods that an instrument may override."""
    return str(
        sum(callable(value) and not name.startswith(("_", "model_")) for name, value in vars(Instrument).items())
    )


def private_use(house: list[Module], tests: list[Module]) -> str:
    """Uses by tests of private names of the engine's modules and classes."""
    engine = {
        node.name if isinstance(node, ast.ClassDef | Function) else node.attr
        for module in house
        if "engine" in module.path.parts
        for node in ast.walk(module.tree)
        if isinstance(node, ast.ClassDef | Function | ast.Attribute)
    }
    private = {name for name in engine if name.startswith("_") and not name.startswith("__")}
    return str(
        sum(isinstance(node, ast.Attribute) and node.attr in private for test in tests for node in ast.walk(test.tree))
    )


def largest_folders(house: list[Module]) -> str:
    """Modules side by side in one folder, the fullest three."""
    counts = Counter(str(module.path.parent) for module in house)
    return ", ".join(f"{folder} {count}" for folder, count in counts.most_common(3))


def main() -> None:
    """Print the table."""
    house, tests = modules("sim"), modules("tests")
    rows = {
        "docstrings that begin with a question word": riddles(house),
        "relative pronouns per 100 words of docstrings and comments": relative_pronouns(prose(house)),
        "relative pronouns per 100 words of the documents": relative_pronouns(pages()),
        "public names in more than one module": repeated_names(house),
        "modules that hold a metric's name as a literal": metric_literals(house),
        "parameters of one function, most": most_parameters(house),
        "parameters of kernels typed `Any`": typed_any(house),
        "methods of an instrument that may be overridden": hooks(),
        "uses of the engine's private names in tests": private_use(house, tests),
        "modules in one folder, most": largest_folders(house),
        "lines of the longest module": "{0[0]:,} ({0[1]})".format(max((m.text.count("\n"), m.path) for m in house)),
    }
    print("| | here |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
