"""The architecture, held by reading the source: who may import whom, and which tool is used in which room."""

import ast
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]
PATHS = sorted((ROOT / "sim").rglob("*.py"))

# from top to bottom; imports run downwards only, or stay in the room
FLOORS = (
    ("__main__", "cli"),
    ("report",),
    ("study",),
    ("engine",),
    ("scenario",),
    ("policy",),
    ("world", "kernels"),
    ("params", "draws", "nearest", "dates", "compiled", "source"),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}
PARTED = ({"world", "kernels"}, {"engine", "scenario"})  # rooms that don't know each other

ROOMS_OF_TOOL = {
    "simpy": {"engine"},
    "numba": {"compiled"},
    "llvmlite": {"compiled"},
    "matplotlib": {"report"},
    "jinja2": {"report"},
    "fontTools": {"report"},
    "xlsxwriter": {"report"},
    "rich": {"cli", "report"},
    "cyclopts": {"cli"},
    "loky": {"study"},
    "distributed": {"study"},
    "polars": {"study", "report"},
    "tomllib": {"scenario", "report"},
    "numpy.random": set(),
    "random": set(),
    "secrets": set(),
    "pickle": set(),
    "cloudpickle": set(),
    "dill": set(),
    "shelve": set(),
}
READERS = {"scenario", "study", "report"}
DIGESTS = {
    "sim.source",
    "sim.kernels",
    "sim.draws",
}  # may read the source, to name the folder of compiled code


class Fault(NamedTuple):
    """A line that is in the wrong room, and why."""

    line: int
    why: str


class Source(NamedTuple):
    """A module of the package by its dotted name, and its syntax tree."""

    module: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """Return the room the module belongs to; the package itself is its own room, `sim`."""
        return room_of(self.module)


def room_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def parse(path: Path) -> Source:
    parts = path.relative_to(ROOT).with_suffix("").parts
    module = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
    return Source(module, ast.parse(path.read_text(encoding="utf-8")))


def is_package(module: str) -> bool:
    return (ROOT.joinpath(*module.split(".")) / "__init__.py").is_file()


def is_module(name: str) -> bool:
    return name.removeprefix("sim.") in FLOOR_OF or ROOT.joinpath(*name.split(".")).with_suffix(".py").is_file()


def imports(source: Source) -> Iterator[tuple[int, str, str | None]]:
    """Yield line, module and the name taken from it (None for the module itself) of every import."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, None
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parts = source.module.split(".")
                up = parts[: len(parts) - node.level + is_package(source.module)]
                base = ".".join([*up, *filter(None, [node.module])])
            for alias in node.names:
                yield node.lineno, base, alias.name


def imported_modules(source: Source) -> Iterator[tuple[int, str]]:
    """Yield line and name of each module of this package that the module imports."""
    for line, base, name in imports(source):
        if base.partition(".")[0] == "sim" and name != "__version__":
            full = f"{base}.{name}"
            yield line, full if name and (is_module(full) or is_package(full)) else base


# rules about one module ------------------------------------------------------------------------------


def imports_run_downwards(source: Source) -> Iterator[Fault]:
    if source.room == "sim":
        return
    if source.room not in FLOOR_OF:
        yield Fault(1, f"{source.room} is no room of the design: give it a floor in FLOORS")
        return
    for line, target in imported_modules(source):
        there = room_of(target)
        if target == "sim":
            yield Fault(line, "imports the package from inside itself: import by path to the thing")
        elif there not in FLOOR_OF:
            yield Fault(line, f"imports {target}, which is in no room of the design")
        elif there != source.room:
            if FLOOR_OF[there] < FLOOR_OF[source.room]:
                yield Fault(line, f"{source.room} imports upwards from {there}")
            elif {there, source.room} in PARTED:
                yield Fault(line, f"{source.room} imports from {there}, which it is not to know")


def the_package_loads_lazily(source: Source) -> Iterator[Fault]:
    if source.module != "sim":
        return
    for node in source.tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for line, target in imported_modules(Source(source.module, ast.Module([node], []))):
                yield Fault(line, f"imports {target} when the package is imported: load it when asked for")


def tools_stay_in_their_rooms(source: Source) -> Iterator[Fault]:
    for line, base, name in imports(source):
        for tool, rooms in ROOMS_OF_TOOL.items():
            if f"{base}.{name}.".startswith(f"{tool}.") and source.room not in rooms:
                yield Fault(line, f"{tool} belongs {where(rooms)}")
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in {"np.random", "numpy.random"}:
            yield Fault(node.lineno, "numpy.random belongs nowhere")


def where(rooms: set[str]) -> str:
    return f"in {' and '.join(sorted(rooms))} only" if rooms else "nowhere"


def only_the_commands_print(source: Source) -> Iterator[Fault]:
    for node in calls(source):
        if source.room != "cli" and ast.unparse(node.func) == "print":
            yield Fault(node.lineno, "only cli prints")


def only_readers_read_files(source: Source) -> Iterator[Fault]:
    if source.room in READERS or source.module in DIGESTS:
        return
    for node in calls(source):
        called = ast.unparse(node.func)
        reads = isinstance(node.func, ast.Attribute) and node.func.attr in {"read_text", "read_bytes"}
        opens = called in {"open", "io.open", "os.open"} or (called.startswith("Path(") and called.endswith(".open"))
        if reads or opens:
            yield Fault(node.lineno, f"reads a file, which belongs {where(READERS)}")


def nothing_is_pickled(source: Source) -> Iterator[Fault]:
    for node in calls(source):
        for keyword in node.keywords:
            allowed = isinstance(keyword.value, ast.Constant) and keyword.value.value is False
            if keyword.arg == "allow_pickle" and not allowed:
                yield Fault(node.lineno, "allows pickle")


def instruments_do_not_loop(source: Source) -> Iterator[Fault]:
    if source.room == "policy":
        for node in ast.walk(source.tree):
            if isinstance(node, ast.While):
                yield Fault(node.lineno, "an instrument states a rule: array in, array out, no while")


def errors_are_not_swallowed(source: Source) -> Iterator[Fault]:
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield Fault(node.lineno, "catches everything: name the error")
        elif ast.unparse(node.type) in {"Exception", "BaseException"} and all(map(does_nothing, node.body)):
            yield Fault(node.lineno, "swallows every error")


def does_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass | ast.Continue) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


def public_things_are_documented(source: Source) -> Iterator[Fault]:
    inherited = documented_methods([*SOURCES, source])
    for node in source.tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            if not ast.get_docstring(node) and not is_overload(node):
                yield Fault(node.lineno, f"{node.name} has no docstring")
            if isinstance(node, ast.ClassDef):
                for method in methods_of(node):
                    known = any(method.name in inherited.get(base, ()) for base in bases_of(node))
                    if not (ast.get_docstring(method) or method.name.startswith("_") or known or is_overload(method)):
                        yield Fault(method.lineno, f"{node.name}.{method.name} has no docstring")


def documented_methods(sources: list[Source]) -> dict[str, set[str]]:
    """Return, for each class of the package, the methods that it or one of its bases documents."""
    classes = {node.name: node for s in sources for node in s.tree.body if isinstance(node, ast.ClassDef)}

    def of(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        if name not in classes or name in seen:
            return set()
        own = {method.name for method in methods_of(classes[name]) if ast.get_docstring(method)}
        return own.union(*(of(base, seen | {name}) for base in bases_of(classes[name])))

    return {name: of(name) for name in classes}


def methods_of(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [method for method in node.body if isinstance(method, ast.FunctionDef)]


def bases_of(node: ast.ClassDef) -> list[str]:
    return [ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases]


def is_overload(node: ast.FunctionDef | ast.ClassDef) -> bool:
    return any(
        "overload" in ast.unparse(decorator) or ast.unparse(decorator).endswith((".setter", ".deleter"))
        for decorator in node.decorator_list
    )


def calls(source: Source) -> Iterator[ast.Call]:
    return (node for node in ast.walk(source.tree) if isinstance(node, ast.Call))


RULES: list[Callable[[Source], Iterator[Fault]]] = [
    imports_run_downwards,
    the_package_loads_lazily,
    tools_stay_in_their_rooms,
    only_the_commands_print,
    only_readers_read_files,
    nothing_is_pickled,
    instruments_do_not_loop,
    errors_are_not_swallowed,
    public_things_are_documented,
]


# a rule about all of them ----------------------------------------------------------------------------


def circle_of_imports(sources: list[Source]) -> list[str]:
    """Return the modules of one circle of imports, empty if there is none."""
    graph = {
        source.module: {target for _, target in imported_modules(source)} - {"sim"}
        for source in sources
        if source.module != "sim"
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as circle:
        return list(circle.args[1])
    return []


SOURCES = [parse(path) for path in PATHS]


@pytest.mark.parametrize("source", SOURCES, ids=[str(path.relative_to(ROOT)) for path in PATHS])
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_line_is_in_its_room(rule: Callable[[Source], Iterator[Fault]], source: Source) -> None:
    path = source.module.replace(".", "/") + ("/__init__.py" if is_package(source.module) else ".py")
    faults = [f"{path}:{fault.line}: {fault.why}" for fault in rule(source)]
    assert not faults, "\n" + "\n".join(faults)


def private_names(tree: ast.Module) -> list[str]:
    """Private attributes of other objects that a module reaches for; NumPy's and named tuples' own are public."""
    public = {"_make", "_replace", "_asdict", "_fields"}
    return [
        f"line {node.lineno}: .{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__")
        if node.attr not in public and not (isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"))
    ]


MOST_LINES = {ast.FunctionDef: 60, ast.ClassDef: 200}


def too_long(tree: ast.Module) -> list[str]:
    """Functions and classes of more lines than can be read in one go."""
    kinds = tuple(MOST_LINES)
    nodes = [node for node in ast.walk(tree) if isinstance(node, kinds)]
    lines = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in nodes}
    return [f"{node.name}: {lines[node.name]} lines" for node in nodes if lines[node.name] > MOST_LINES[type(node)]]


def test_the_engine_can_be_read_aloud() -> None:
    engine = [source for source in SOURCES if source.room == "engine"]
    assert [f"{source.module}.{name}" for source in engine for name in too_long(source.tree)] == []
    assert too_long(ast.parse("def f():\n" + "    x = 1\n" * 60)) == ["f: 61 lines"]


STATE = {"sim.engine.state", "sim.engine.recorder", "sim.engine.treasury", "sim.engine.city"}


def many_columns(tree: ast.Module) -> list[str]:
    """Classes that are not frozen and declare more than eight fields, or set more attributes outside of `__init__`."""
    out = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.ClassDef) or any("frozen=True" in ast.unparse(d) for d in node.decorator_list):
            continue
        fields = {ast.unparse(n.target) for n in node.body if isinstance(n, ast.AnnAssign)}
        methods = [n for n in node.body if isinstance(n, ast.FunctionDef) and n.name != "__init__"]
        targets = [t for m in methods for n in ast.walk(m) if isinstance(n, ast.Assign) for t in n.targets]
        fields |= {t.attr for t in targets if isinstance(t, ast.Attribute) and ast.unparse(t.value) == "self"}
        out += [f"{node.name}: {len(fields)}"] if len(fields) > 8 else []
    return out


def test_no_class_of_the_state_has_more_than_eight_attributes_that_time_changes() -> None:
    held = [source for source in SOURCES if source.module in STATE]
    assert len(held) == len(STATE)
    assert [f"{source.module}.{name}" for source in held for name in many_columns(source.tree)] == []
    assert many_columns(ast.parse("class A:\n" + "".join(f"    x{n}: int\n" for n in range(9)))) == ["A: 9"]


@pytest.mark.parametrize("folder", ["engine", "kernels", "policy", "world"])
def test_no_test_of_the_model_uses_a_private_name(folder: str) -> None:
    for path in sorted((ROOT / "tests" / folder).rglob("*.py")):
        assert private_names(ast.parse(path.read_text(encoding="utf-8"))) == [], path.name
    assert private_names(ast.parse("town.replication._baseline.run()")) == ["line 1: ._baseline"]


def test_there_is_no_circle_of_imports() -> None:
    circle = circle_of_imports(SOURCES)
    assert not circle, " → ".join(circle)


# the checker itself ----------------------------------------------------------------------------------

PLANTED = [
    (imports_run_downwards, "sim.engine.schedule", "import sim.study.plan"),
    (imports_run_downwards, "sim.engine.schedule", "from sim.study import plan"),
    (imports_run_downwards, "sim.engine.schedule", "from sim import report"),
    (imports_run_downwards, "sim.engine.schedule", "from ..study.plan import deal"),
    (imports_run_downwards, "sim.engine.schedule", "def f():\n    from sim.cli import main"),
    (imports_run_downwards, "sim.world.families", "from sim.kernels.choice import choose"),
    (imports_run_downwards, "sim.kernels.choice", "from sim.world.families import Families"),
    (imports_run_downwards, "sim.policy.fee_cap", "from sim.scenario import Scenario"),
    (imports_run_downwards, "sim.draws", "from sim.kernels.choice import choose"),
    (imports_run_downwards, "sim.engine.schedule", "from sim.scenario.schema import Scenario"),
    (imports_run_downwards, "sim.engine.schedule", "import sim"),
    (imports_run_downwards, "sim.engine.schedule", "from sim import Scenario"),
    (imports_run_downwards, "sim.helpers", "x = 1"),
    (the_package_loads_lazily, "sim", "from sim.scenario import Scenario"),
    (tools_stay_in_their_rooms, "sim.policy.fee_cap", "import simpy"),
    (tools_stay_in_their_rooms, "sim.engine.schedule", "from numba import njit"),
    (tools_stay_in_their_rooms, "sim.draws", "import numpy.random"),
    (tools_stay_in_their_rooms, "sim.draws", "from numpy import random"),
    (tools_stay_in_their_rooms, "sim.world.families", "import numpy as np\nrng = np.random.default_rng(1)"),
    (tools_stay_in_their_rooms, "sim.world.families", "import random"),
    (tools_stay_in_their_rooms, "sim.study.compare", "from matplotlib import pyplot"),
    (tools_stay_in_their_rooms, "sim.engine.replication", "import loky"),
    (tools_stay_in_their_rooms, "sim.cli", "import jinja2"),
    (tools_stay_in_their_rooms, "sim.study.run", "from rich.progress import Progress"),
    (tools_stay_in_their_rooms, "sim.report.page", "import cyclopts"),
    (tools_stay_in_their_rooms, "sim.study.plan", "import tomllib"),
    (tools_stay_in_their_rooms, "sim.engine.recorder", "import polars as pl"),
    (tools_stay_in_their_rooms, "sim.study.store", "import pickle"),
    (only_the_commands_print, "sim.study.run", "print('done')"),
    (only_readers_read_files, "sim.world.families", "open('city.csv')"),
    (only_readers_read_files, "sim.engine.replication", "path.read_text(encoding='utf-8')"),
    (only_readers_read_files, "sim.kernels.choice", "Path('x').read_bytes()"),
    (only_readers_read_files, "sim.kernels.choice", "Path('x').open()"),
    (nothing_is_pickled, "sim.study.store", "np.load(path, allow_pickle=True)"),
    (instruments_do_not_loop, "sim.policy.voucher_pool", "while left:\n    left -= 1"),
    (errors_are_not_swallowed, "sim.cli", "try:\n    f()\nexcept:\n    raise"),
    (errors_are_not_swallowed, "sim.cli", "try:\n    f()\nexcept Exception:\n    pass"),
    (public_things_are_documented, "sim.dates", "def day_of(date):\n    return 1"),
    (public_things_are_documented, "sim.dates", "class Clock:\n    pass"),
    (public_things_are_documented, "sim.dates", "class Clock:\n    '''Time.'''\n    def tick(self): ..."),
]

ALLOWED = [
    ("sim.__main__", "from sim.cli import main"),
    (
        "sim.cli",
        "import cyclopts\nfrom rich.console import Console\nfrom sim.study.run import run\nprint(run)",
    ),
    ("sim.scenario", "import tomllib\nfrom sim.policy.menu import menu\ntext = path.read_text()"),
    ("sim.policy.fee_cap", "from sim.world.families import Families\nfrom sim.params import Yuan"),
    ("sim.compiled", "from numba import njit\nfrom sim.source import digest"),
    ("sim.study.store", "import numpy as np\nfrom sim import __version__\nnp.load(path, allow_pickle=False)"),
    ("sim.engine.schedule", "import simpy\ntry:\n    f()\nexcept Exception as error:\n    report(error)"),
    ("sim.dates", "def _private(): ...\nclass _Hidden: ..."),
    (
        "sim.policy.fee_cap",
        "class Base:\n    '''B.'''\n    def bill(self):\n        '''Bill.'''\n"
        "class Cap(Base):\n    '''C.'''\n    def bill(self): ...",
    ),
    ("sim", "def __getattr__(name):\n    from sim.scenario import Scenario\n    return Scenario"),
]


@pytest.mark.parametrize(("rule", "module", "text"), PLANTED)
def test_a_planted_fault_is_found(rule: Callable[[Source], Iterator[Fault]], module: str, text: str) -> None:
    faults = list(rule(Source(module, ast.parse(text))))
    assert faults
    assert all(1 <= fault.line <= text.count("\n") + 1 for fault in faults)


@pytest.mark.parametrize(("module", "text"), ALLOWED)
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_what_is_in_its_room_passes(rule: Callable[[Source], Iterator[Fault]], module: str, text: str) -> None:
    assert not list(rule(Source(module, ast.parse(text))))


def test_a_planted_circle_is_found() -> None:
    there = Source("sim.engine.schedule", ast.parse("import sim.engine.replication"))
    back = Source("sim.engine.replication", ast.parse("def f():\n    import sim.engine.schedule"))
    assert set(circle_of_imports([there, back])) == {"sim.engine.schedule", "sim.engine.replication"}
    assert not circle_of_imports([there, Source("sim.engine.replication", ast.parse("x = 1"))])
