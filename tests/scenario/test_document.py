"""The document layer: what is read, where it came from, what it rests on, and everything refused."""

import math
import os
import tempfile
from copy import deepcopy
from datetime import date
from functools import reduce
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.scenario.assignment import assign
from sim.scenario.document import Document, read, survey
from sim.scenario.faults import BadScenario, key_text
from sim.scenario.files import MAX_BYTES
from sim.scenario.keys import parse_key
from sim.scenario.nodes import Evidence, Node, merge, plain
from sim.scenario.toml import MAX_DEPTH


def lay(folder: Path, **files: str) -> Path:
    """Write files (`__` for a slash) and return the scenario `top.toml` beside a `cities/` folder."""
    (folder / "cities").mkdir(exist_ok=True)
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".toml")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder / "top.toml"


def refused(path: Path, *settings: str) -> list[str]:
    """The faults, one line each, with the scenario's folder left out."""
    with pytest.raises(BadScenario) as caught:
        read(path, settings)
    return [fault.line().replace(f"{path.parent}/", "") for fault in caught.value.faults]


def row(document: Document, key: str) -> Evidence:
    (found,) = [row for row in document.evidence if row.key == key]
    return found


# numbers and their evidence ----------------------------------------------------------------------------


def test_a_number_may_carry_its_evidence(tmp_path: Path) -> None:
    top = lay(
        tmp_path,
        top="title = 't'\na = { value = 0.4, low = 0.2, high = 0.8, source = 'survey' }\nb = { value = 3 }",
    )
    document = read(top)
    assert document.tree == {"title": "t", "a": 0.4, "b": 3}
    assert row(document, "a") == Evidence("a", 0.4, 0.2, 0.8, "survey", str(top))
    assert row(document, "b") == Evidence("b", 3, None, None, None, str(top))
    assert document.ranges() == {("a",): (0.2, 0.8)}


def test_a_plain_number_rests_on_the_nearest_source(tmp_path: Path) -> None:
    top = lay(
        tmp_path,
        top="""
        source = "outer"
        x = 1
        [a]
        y = { value = 2 }
        z = { value = 2, low = 1, source = "own" }
        [[a.b]]
        source = "inner"
        list = [3, 4]
        deep = [{ n = 5 }]
        [[a.b]]
        n = 6
        """,
    )
    sources = {row.key: row.source for row in read(top).evidence}
    assert sources == {
        "x": "outer",
        "a.y": None,  # a table of its own, that names no source
        "a.z": "own",
        "a.b[0].list[0]": "inner",
        "a.b[0].list[1]": "inner",
        "a.b[0].deep[0].n": "inner",
        "a.b[1].n": "outer",
    }


def test_evidence_may_stand_in_an_array(tmp_path: Path) -> None:
    document = read(lay(tmp_path, top="a = [1, { value = 2, high = 3 }, true, 2025-01-01]"))
    assert document.tree == {"a": [1, 2, True, date(2025, 1, 1)]}
    assert [row.key for row in document.evidence] == ["a[0]", "a[1]"]
    assert document.ranges() == {("a", 1): (2, 3)}  # the end that isn't given is the value


def test_a_table_of_other_keys_is_a_table(tmp_path: Path) -> None:
    document = read(lay(tmp_path, top="value = 1\n[a]\nvalue = 2\nunit = 'yuan'\n[b]\nlow = 1"))
    assert document.tree == {"value": 1, "a": {"value": 2, "unit": "yuan"}, "b": {"low": 1}}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = nan", "a: found nan, expected a finite number"),
        ("a = [0, -inf]", "a[1]: found -inf, expected a finite number"),
        ("a.b = 1e999", "a.b: found inf, expected a finite number"),
        (
            "a = 9007199254740993",
            "a: found 9007199254740993, expected an integer of at most 9007199254740992",
        ),
        (
            "a = -9007199254740993",
            "a: found -9007199254740993, expected an integer of at least -9007199254740992",
        ),
        ("a = { value = true }", "a: found true, expected a number"),
        ("a = { value = '1', low = 2 }", 'a: found "1", expected a number'),
        ("a = { value = nan }", "a: found nan, expected a finite number"),
        ("a = { value = 1, low = 2 }", "a.low: found 2, expected a number of at most the value, 1"),
        ("a = { value = 1, high = 0.5 }", "a.high: found 0.5, expected a number of at least the value, 1"),
        ("a = { value = 1, high = inf }", "a.high: found inf, expected a finite number"),
        ("a = { value = 1, low = false }", "a.low: found false, expected a number"),
        ("a = { value = 1, source = '' }", 'a.source: found "", expected where the number comes from'),
        ("a = { value = 1, source = 3 }", "a.source: found 3, expected where the number comes from"),
    ],
)
def test_what_is_no_number_is_refused(tmp_path: Path, text: str, line: str) -> None:
    assert refused(lay(tmp_path, top=text)) == [f"top.toml: {line}"]


def test_the_largest_exact_integer_is_taken(tmp_path: Path) -> None:
    assert read(lay(tmp_path, top=f"a = [{2**53}, {-(2**53)}]")).tree == {"a": [2**53, -(2**53)]}


finite = st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53)


@given(st.lists(finite, min_size=3, max_size=3).map(sorted), st.text(min_size=1))
def test_evidence_comes_back_as_written(three: list[Any], source: str) -> None:
    low, value, high = three
    with tempfile.TemporaryDirectory() as folder:
        text = "".join(rf"\U{ord(character):08x}" for character in source if not character.isspace())
        top = lay(
            Path(folder),
            top=f'a = {{ value = {value!r}, low = {low!r}, high = {high!r}, source = "x{text}" }}',
        )
        (found,) = read(top).evidence
    assert (found.value, found.low, found.high) == (value, low, high)
    assert found.source == "x" + "".join(source.split())
    assert type(found.value) is type(value)


# extends -----------------------------------------------------------------------------------------------


def test_tables_merge_and_arrays_are_replaced(tmp_path: Path) -> None:
    top = lay(
        tmp_path,
        top="extends = 'cities/b.toml'\n[run]\nseed = 2\n[[policy]]\nname = 'mine'",
        cities__b="[run]\nseed = 1\nscale = 0.5\n[[policy]]\nname = 'x'\n[[policy]]\nname = 'y'\n[city]\nname = 'B'",
    )
    document = read(top)
    assert document.tree == {
        "run": {"seed": 2, "scale": 0.5},
        "policy": [{"name": "mine"}],
        "city": {"name": "B"},
    }
    base = str(tmp_path / "cities/b.toml")
    assert document.file_of(()) == str(top)
    assert document.file_of(("run",)) == str(top)
    assert document.file_of(("run", "missing")) == str(top)
    assert document.file_of(("run", "scale")) == base
    assert document.file_of(("city", "name", "deeper", 3)) == base
    assert document.file_of(("policy", 0, "name")) == str(top)
    assert document.files == (top.resolve(), Path(base).resolve())
    assert document.path == top


def test_a_table_over_a_list_of_named_tables_amends_it(tmp_path: Path) -> None:
    top = lay(
        tmp_path,
        top="""
        extends = "cities/b.toml"
        [kind.park]
        source = "new"
        share = 0.3
        [kind.home]
        share = 0.1
        """,
        cities__b="""
        [[kind]]
        name = "private"
        share = 0.7
        [[kind]]
        name = "park"
        source = "old"
        share = 0.2
        fees = [3, 2]
        """,
    )
    document = read(top)
    assert document.tree["kind"] == [
        {"name": "private", "share": 0.7},
        {"name": "park", "source": "new", "share": 0.3, "fees": [3, 2]},
        {"name": "home", "share": 0.1},
    ]
    base = str(tmp_path / "cities/b.toml")
    assert row(document, "kind[1].share") == Evidence("kind[1].share", 0.3, None, None, "new", str(top))
    assert row(document, "kind[1].fees[0]") == Evidence("kind[1].fees[0]", 3, None, None, "old", base)


@pytest.mark.parametrize(
    "base",
    ["kind = [1]", "kind = []", "[[kind]]\nx = 1", "[[kind]]\nname = ['a']", "kind = [{ name = 'a' }, { name = 'a' }]"],
)
def test_a_list_whose_members_have_no_names_of_their_own_is_replaced_whole(tmp_path: Path, base: str) -> None:
    top = lay(tmp_path, top="extends = 'cities/b.toml'\n[kind.a]\nx = 2", cities__b=base)
    assert read(top).tree["kind"] == {"a": {"x": 2}}


def test_a_number_with_evidence_is_replaced_whole(tmp_path: Path) -> None:
    top = lay(
        tmp_path,
        top="""
        extends = "cities/b.toml"
        [t]
        a = 5
        b = { value = 6, high = 7 }
        [own]
        source = "new"
        n = 1
        """,
        cities__b="""
        [t]
        source = "base"
        a = { value = 1, low = 0, high = 2, source = "old" }
        b = { value = 1, low = 0, source = "old" }
        c = 3
        [own]
        source = "base"
        n = 0
        m = 0
        """,
    )
    document = read(top)
    base = str(tmp_path / "cities/b.toml")
    assert document.tree["t"] == {"source": "base", "a": 5, "b": 6, "c": 3}
    assert row(document, "t.a") == Evidence("t.a", 5, None, None, None, str(top))
    assert row(document, "t.b") == Evidence("t.b", 6, None, 7, None, str(top))
    assert row(document, "t.c") == Evidence("t.c", 3, None, None, "base", base)
    assert row(document, "own.n").source == "new"
    assert row(document, "own.m").source == "base"


def test_a_long_chain_is_followed(tmp_path: Path) -> None:
    files = {f"n{n}": f"extends = 'n{n + 1}.toml'\na.k{n} = {n}\nlast = {n}" for n in range(300)}
    top = lay(tmp_path, top="extends = 'n0.toml'\ntitle = 't'", n300="a.end = 1", **files)
    tree = read(top).tree
    assert len(tree["a"]) == 301
    assert tree["last"] == 0


def test_extends_is_relative_to_the_file_that_names_it(tmp_path: Path) -> None:
    lay(tmp_path, mine__top="extends = '../cities/b.toml'", cities__b="extends = 'c.toml'", cities__c="x = 1")
    document = read(tmp_path / "mine/top.toml")
    assert document.tree == {"x": 1}
    assert document.file_of(("x",)) == str(tmp_path / "cities/c.toml")


def test_a_city_is_a_scenario_too(tmp_path: Path) -> None:
    lay(tmp_path, cities__a="extends = 'b.toml'\nx = 1", cities__b="y = 2")
    assert read(tmp_path / "cities/a.toml").tree == {"y": 2, "x": 1}


def test_files_are_named_as_the_reader_named_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay(tmp_path, top="extends = 'cities/b.toml'\na = 1", cities__b="x = 1")
    monkeypatch.chdir(tmp_path)
    assert [row.file for row in read(Path("top.toml")).evidence] == ["cities/b.toml", "top.toml"]


FENCE = "expected a path to a file under the folder that holds cities/, links followed"


@pytest.mark.parametrize(
    ("extends", "line"),
    [
        ("'cities/no.toml'", 'extends: found no file "no.toml", expected a TOML file'),
        (
            "'cities/xain.toml'",
            'extends: found no file "xain.toml", expected a TOML file; did you mean xian.toml?',
        ),
        ("'cities'", "extends: found cities, a folder, expected a TOML file"),
        ("''", 'extends: found "", expected a path such as "cities/xian.toml"'),
        ("3", 'extends: found 3, expected a path such as "cities/xian.toml"'),
        (
            "['cities/xian.toml']",
            'extends: found ["cities/xian.toml"], expected a path such as "cities/xian.toml"',
        ),
        ("'/etc/passwd'", 'extends: found "/etc/passwd", expected a path relative to the file that names it'),
        ("'C:\\x.toml'", 'extends: found "C:\\\\x.toml", expected a path relative to the file that names it'),
        ("'../../x.toml'", f'extends: found "../../x.toml", {FENCE}'),
        ('"a\\u0000b"', f'extends: found "a\\u0000b", {FENCE}'),
        ("'top.toml'", None),
    ],
)
def test_extends_reaches_only_files_inside(tmp_path: Path, extends: str, line: str | None) -> None:
    (tmp_path / "x.toml").write_text("secret = 1", encoding="utf-8")
    (tmp_path / "in").mkdir()
    top = lay(tmp_path / "in", top=f"extends = {extends}", cities__xian="x = 1")
    if line is None:
        line = (
            'extends: found "top.toml", expected files that don\'t extend each other in a circle: top.toml → top.toml'
        )
    assert refused(top) == [f"top.toml: {line}"]


def test_a_long_name_is_no_file(tmp_path: Path) -> None:
    (line,) = refused(lay(tmp_path, top=f"extends = '{'x' * 5000}'"))
    assert line.startswith("top.toml: extends: found")
    assert len(line) < 400


def test_extends_needs_a_folder_of_cities(tmp_path: Path) -> None:
    top = tmp_path / "top.toml"
    top.write_text("extends = 'b.toml'", encoding="utf-8")
    assert refused(top) == [
        'top.toml: extends: found "b.toml", expected a scenario in or below a folder that holds cities/'
    ]


def test_links_are_followed_before_the_fence_is_asked(tmp_path: Path) -> None:
    outside = tmp_path / "outside.toml"
    outside.write_text("x = 1", encoding="utf-8")
    (tmp_path / "in").mkdir()
    top = lay(tmp_path / "in", top="extends = 'cities/link.toml'")
    (tmp_path / "in/cities/link.toml").symlink_to(outside)
    assert refused(top) == [f'top.toml: extends: found "cities/link.toml", {FENCE}']
    lay(tmp_path / "in", cities__real="x = 2")
    (tmp_path / "in/cities/link.toml").unlink()
    (tmp_path / "in/cities/link.toml").symlink_to("real.toml")
    (tmp_path / "door").symlink_to(tmp_path / "in")
    assert read(tmp_path / "door/top.toml").tree == {"x": 2}


def test_links_that_lead_nowhere_are_refused(tmp_path: Path) -> None:
    top = lay(tmp_path, top="extends = 'cities/loop.toml'")
    (tmp_path / "cities/loop.toml").symlink_to("loop.toml")
    (line,) = refused(top)
    assert line.startswith("top.toml: extends: found")
    (tmp_path / "cities/loop.toml").unlink()
    (tmp_path / "cities/loop.toml").symlink_to("gone.toml")
    assert refused(top) == ['top.toml: extends: found no file "gone.toml", expected a TOML file']


def test_a_circle_is_named(tmp_path: Path) -> None:
    top = lay(
        tmp_path,
        top="extends = 'cities/a.toml'",
        cities__a="extends = 'b.toml'",
        cities__b="extends = './../cities/a.toml'",
    )
    assert refused(top) == [
        'cities/b.toml: extends: found "./../cities/a.toml", expected files that don\'t extend each other '
        "in a circle: cities/a.toml → cities/b.toml → cities/a.toml"
    ]


def test_all_files_are_heard(tmp_path: Path) -> None:
    top = lay(tmp_path, top="extends = 'cities/a.toml'\nx = nan", cities__a="x = inf\ny = inf")
    assert refused(top, "run", "z=nan") == [
        '--set: run: found "run", expected KEY=VALUE, such as run.seed=1',
        "--set: z: found nan, expected a finite number",
        "cities/a.toml: x: found inf, expected a finite number",
        "cities/a.toml: y: found inf, expected a finite number",
        "top.toml: x: found nan, expected a finite number",
    ]


def test_a_survey_keeps_what_could_be_read(tmp_path: Path) -> None:
    document, faults = survey(lay(tmp_path, top="title = 't'\nx = nan\ny = 1"))
    assert len(faults) == 1
    assert document is not None
    assert document.tree["y"] == 1
    assert survey(lay(tmp_path, top="extends = 'no.toml'"))[0] is None


# trees of tables: keys a, b hold tables, x, y hold values, so the kinds agree
shaped = st.recursive(
    st.fixed_dictionaries({}, optional={"x": st.integers(), "y": st.lists(st.integers(), max_size=2)}),
    lambda inner: st.fixed_dictionaries({}, optional={"a": inner, "b": inner, "x": st.integers()}),
    max_leaves=6,
)
member = st.fixed_dictionaries({}, optional={"x": st.integers()})
changes = st.fixed_dictionaries({}, optional={"p": member, "q": member, "r": member})


def node(tree: Any, file: str) -> Node:
    if isinstance(tree, list):
        return Node(file, [node(v, file) for v in tree])
    return Node(file, {k: node(v, file) for k, v in tree.items()} if isinstance(tree, dict) else tree)


@given(shaped, shaped, shaped)
def test_merging_is_associative(one: Any, two: Any, three: Any) -> None:
    a, b, c = node(one, "a"), node(two, "b"), node(three, "c")
    assert merge(merge(a, b), c) == merge(a, merge(b, c))
    assert merge(a, a) == a


@given(st.lists(member, min_size=1, max_size=3), changes, changes)
def test_amending_is_associative(members: Any, two: Any, three: Any) -> None:
    named = [{"name": name, **member} for name, member in zip("pqr", members, strict=False)]
    a, b, c = node({"kind": named}, "a"), node({"kind": two}, "b"), node({"kind": three}, "c")
    assert plain(merge(merge(a, b), c)) == plain(merge(a, merge(b, c)))


@given(shaped, shaped)
def test_the_extending_file_has_the_last_word(one: Any, two: Any) -> None:
    merged = merge(node(one, "a"), node(two, "b"))

    def leaves(tree: Node, at: tuple[str, ...] = ()) -> dict[tuple[str, ...], Node]:
        if not isinstance(tree.value, dict):
            return {at: tree}
        return {k: v for key, child in tree.value.items() for k, v in leaves(child, (*at, key)).items()}

    assert leaves(merged) == leaves(node(one, "a")) | leaves(node(two, "b"))


# the command line --------------------------------------------------------------------------------------

VOUCHERS = """
title = "t"
[run]
seed = 1
[[instrument]]
kind = "allowance"
amount = 3600
[[policy]]
name = "baseline"
[[policy]]
name = "vouchers"
label = "old"
[[policy.instrument]]
kind = "voucher_pool"
budget = { value = 10, low = 5, high = 20, source = "paper" }
tranches = [{ months = [0, 12], per_round = 200 }, { months = [13, 24], per_round = 800 }]
[[policy.instrument]]
kind = "fee_cap"
cap = 3000
[[policy.instrument]]
kind = "voucher_pool"
tranches = [{ months = [25, 47], per_round = 1 }, { months = [48, 50] }]
[[policy]]
name = "a.b c"
[[policy.instrument]]
kind = "fee_cap"
cap = 1
[[city.kind]]
name = "home"
share = 0.4
[[city.kind]]
name = "0"
share = 0.6
"""


@pytest.mark.parametrize(
    ("setting", "changes"),
    [
        ("run.seed=7", {"run.seed": 7}),
        (" run . seed = 7", {"run.seed": 7}),
        ("title=Hello there", {"title": "Hello there"}),
        ("title='7'", {"title": "7"}),
        ("title=", {"title": ""}),
        ("title=a=b", {"title": "a=b"}),
        ("title=1\nx = 2", {"title": "1\nx = 2"}),
        ("run.until=2026-10-31", {"run.until": date(2026, 10, 31)}),
        ("new.table.key=true", {"new.table.key": True}),
        ('new."a.b"=1', {'new."a.b"': 1}),
        ("policy[1].label=new", {"policy[1].label": "new"}),
        ("policy.1.label=new", {"policy[1].label": "new"}),
        ("city.kind.home.share=1", {"city.kind[0].share": 1}),
        ("city.kind.home.new=1", {"city.kind[0].new": 1}),
        ("city.kind.0.share=1", {"city.kind[1].share": 1}),
        ("city.kind[0].share=1", {"city.kind[0].share": 1}),
        ("city.kind.1.share=1", {"city.kind[1].share": 1}),
        ("city.kind.share=1", {"city.kind[0].share": 1, "city.kind[1].share": 1}),
        ("policy.vouchers.label=new", {"policy[1].label": "new"}),
        ("policy[1].instrument[1].cap=5", {"policy[1].instrument[1].cap": 5}),
        ("policy.vouchers.instrument[1].cap=5", {"policy[1].instrument[1].cap": 5}),
        ("policy.vouchers.fee_cap.cap=5", {"policy[1].instrument[1].cap": 5}),
        ('policy."a.b c".fee_cap.cap=5', {"policy[2].instrument[0].cap": 5}),
        ("policy.'a.b c'.fee_cap.cap=5", {"policy[2].instrument[0].cap": 5}),
        ("policy.vouchers.fee_cap.new=5", {"policy[1].instrument[1].new": 5}),
        ("instrument.allowance.amount=0", {"instrument[0].amount": 0}),
        (
            "policy.vouchers.voucher_pool.per_round=300",
            {
                "policy[1].instrument[0].tranches[0].per_round": 300,
                "policy[1].instrument[0].tranches[1].per_round": 300,
                "policy[1].instrument[2].tranches[0].per_round": 300,
            },
        ),
        (
            "policy.vouchers.voucher_pool.tranches[1].per_round=5",
            {
                "policy[1].instrument[0].tranches[1].per_round": 5,
                "policy[1].instrument[2].tranches[1].per_round": 5,
            },
        ),
        (
            "policy.vouchers.instrument[0].tranches.1.months[0]=5",
            {"policy[1].instrument[0].tranches[1].months[0]": 5},
        ),
        (
            "policy[1].instrument[0].tranches.per_round=5",
            {
                "policy[1].instrument[0].tranches[0].per_round": 5,
                "policy[1].instrument[0].tranches[1].per_round": 5,
            },
        ),
    ],
)
def test_a_setting_changes_what_its_key_means(tmp_path: Path, setting: str, changes: dict[str, Any]) -> None:
    top = lay(tmp_path, top=VOUCHERS)
    expected, document = read(top).tree, read(top, [setting])
    for key, value in changes.items():
        *path, last = parse_key(key)
        holder = reduce(
            lambda tree, part: tree.setdefault(part, {}) if isinstance(tree, dict) else tree[part],
            path,
            expected,
        )
        holder[last] = value
        assert document.file_of((*path, last)) == "--set"
        assert [row.source for row in document.evidence if row.key == key] == (
            ["set on the command line"] if type(value) is int else []
        )
    assert document.tree == expected
    assert document.file_of(("policy",)) == str(top)


def test_a_setting_may_carry_evidence(tmp_path: Path) -> None:
    key = "policy.vouchers.voucher_pool.budget"
    document = read(lay(tmp_path, top=VOUCHERS), [f"{key}={{ value = 3, low = 1 }}", "x={value=1, source='s'}"])
    at = "policy[1].instrument[0].budget"
    assert row(document, at) == Evidence(at, 3, 1, None, "set on the command line", "--set")
    assert row(document, "x").source == "s"


def test_the_last_setting_wins_and_sees_the_earlier(tmp_path: Path) -> None:
    tree = read(lay(tmp_path, top=VOUCHERS), ["run.seed=2", "run.seed=3", "a.b=1", "a.c=2"]).tree
    assert tree["run"]["seed"] == 3
    assert tree["a"] == {"b": 1, "c": 2}


def test_another_city_may_be_set(tmp_path: Path) -> None:
    top = lay(tmp_path, top="extends = 'cities/a.toml'", cities__a="x = 1", cities__b="x = 2")
    assert read(top, ["extends=cities/b.toml"]).tree == {"x": 2}
    assert refused(top, "extends=../b.toml") == [f'--set: extends: found "../b.toml", {FENCE}']


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        ("", '--set: found "", expected KEY=VALUE, such as run.seed=1'),
        ("=3", '--set: found "=3", expected KEY=VALUE, such as run.seed=1'),
        ("run..seed=3", 'run..seed: found "run..seed=3", expected KEY=VALUE, such as run.seed=1'),
        ("run.seed", 'run.seed: found "run.seed", expected KEY=VALUE, such as run.seed=1'),
        (
            "policy.vuchers.fee_cap.cap=1",
            'policy.vuchers.fee_cap.cap: found "vuchers", expected a policy\'s name: '
            'one of baseline, vouchers, "a.b c"; did you mean vouchers?',
        ),
        (
            "policy.vouchers.fee_cup.cap=1",
            'policy.vouchers.fee_cup.cap: found "fee_cup", expected an instrument of policy vouchers: '
            "one of voucher_pool, fee_cap; did you mean fee_cap?",
        ),
        (
            "policy.baseline.fee_cap.cap=1",
            'policy.baseline.fee_cap.cap: found "fee_cap", expected an instrument of policy baseline: it has none',
        ),
        (
            "policy.vouchers.fee_cap=1",
            "policy.vouchers.fee_cap: found no parameter after fee_cap, expected policy.NAME.kind.parameter",
        ),
        ("policy[9].name=x", "policy[9].name: found [9], expected an index below 3, at policy"),
        (
            "city.kind.hom.share=1",
            'city.kind.hom.share: found "hom", expected a name at city.kind: one of home, 0; did you mean home?',
        ),
        ("title.x=1", 'title.x: found "t", expected a table at title, to hold x'),
        ("run[0]=1", "run[0]: found a table, expected an array at run, to have an element [0]"),
        ("none[0]=1", "none[0]: found nothing, expected an array at none"),
        ("run.seed=nan", "run.seed: found nan, expected a finite number"),
        ("run.x=[[[1e999]]]", "run.x[0][0][0]: found inf, expected a finite number"),
        ("x=\udcff", 'x: found "\\udcff", expected text in UTF-8'),
    ],
)
def test_a_setting_that_leads_nowhere_is_refused(tmp_path: Path, setting: str, line: str) -> None:
    assert refused(lay(tmp_path, top=VOUCHERS), setting) == [f"--set: {line}"]


@pytest.mark.parametrize("setting", ["x=" + "[" * 10**5, "x=" + "[" * 99 + "]" * 99, "a." * 10**4 + "a=1"])
def test_a_bottomless_setting_is_refused(tmp_path: Path, setting: str) -> None:
    (line,) = refused(lay(tmp_path, top=VOUCHERS), setting)
    assert line.endswith(f"expected at most {MAX_DEPTH} levels")


@given(
    st.lists(st.text() | st.text(st.sampled_from("ab.\"'[]0 =\\"), max_size=12), min_size=1).map(tuple)
    | st.lists(st.text() | st.integers(0, 10**6), max_size=4).map(lambda rest: ("first", *rest))
)
def test_a_key_path_comes_back_from_its_text(path: tuple[str | int, ...]) -> None:
    assert parse_key(key_text(path)) == path


@given(st.text() | st.text(st.sampled_from("ab.\"'[]0 =\\"), max_size=12))
def test_any_text_is_a_key_or_refused(text: str) -> None:
    try:
        path = parse_key(text)
    except ValueError:
        return
    assert parse_key(key_text(path)) == path


# hostile files -----------------------------------------------------------------------------------------

DEEP = f"(file): found tables in tables without end, expected at most {MAX_DEPTH} levels"


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "(file): found an empty file, expected a TOML table with a title"),
        (b"# nothing\n", "(file): found an empty file, expected a TOML table with a title"),
        (b"a = \n", 'line 1, column 5: found "a =", expected TOML (Invalid value)'),
        (b"a = 1\nb = 'x", 'end of file: found "b = \'x", expected TOML (Expected'),
        (b"a = 1\r\n\xe8\xa5\xbf = 1", 'line 2, column 1: found "西 = 1", expected TOML (Invalid statement)'),
        (b"a = 1\na = 2\n", 'line 2, column 6: found "a = 2", expected TOML (Cannot overwrite a value)'),
        (b"a = 'b\0'", "line 1, column 7"),
        (b"a = 1\nb = '\xff'", "line 2: found the byte 0xff, expected text in UTF-8"),
        (b"\xff\xfea\0", "line 1: found the byte 0xff, expected text in UTF-8"),
        (b"a = " + b"1" * 5000, "(file): found a number of thousands of digits"),
        (b"a = 0x" + b"f" * 5000, "a: found an integer of 20000 bits, expected an integer of at most"),
        (b"a = " + b"[" * 10**5, DEEP),
        (b"a = " + b"{a = " * 10**5, DEEP),
        (b"a = " + b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH, DEEP),
        (b"a." * 10**5 + b"a = 1", DEEP),
        (b"[" + b"a." * MAX_DEPTH + b"a]", DEEP),
        (
            b"x" * (MAX_BYTES + 1),
            f"(file): found top.toml, a larger file, expected a file of at most {MAX_BYTES}",
        ),
    ],
)
def test_a_bad_file_is_told_in_a_line(tmp_path: Path, content: bytes, line: str) -> None:
    top = lay(tmp_path)
    top.write_bytes(content)
    (found,) = refused(top)
    assert found.startswith(f"top.toml: {line}")


def test_a_bad_base_is_told_by_its_own_name(tmp_path: Path) -> None:
    top = lay(tmp_path, top="extends = 'cities/a.toml'\nx = nan", cities__a="a = ")
    assert refused(top) == [
        'cities/a.toml: end of file: found "a =", expected TOML (Invalid value)',
        "top.toml: x: found nan, expected a finite number",
    ]


def test_dots_in_text_are_no_keys(tmp_path: Path) -> None:
    dots = "a." * 100 + "a"
    text = f"# {dots}\na = '{dots}'\nb = \"\"\"{dots}\\\"\"\"\"\nc = '''{dots}'''\nd = [{'1.5, ' * 100}]"
    assert read(lay(tmp_path, top=text)).tree["c"] == dots


def test_as_deep_as_allowed_is_allowed(tmp_path: Path) -> None:
    lists = read(lay(tmp_path, top="a = " + "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1))).tree["a"]
    tables = read(lay(tmp_path, top=".".join("a" * MAX_DEPTH) + " = 1")).tree
    assert reduce(lambda inner, _: inner[0], range(MAX_DEPTH - 1), lists) == 1
    assert reduce(lambda inner, _: inner["a"], range(MAX_DEPTH), tables) == 1


def test_the_mark_of_other_editors_is_skipped(tmp_path: Path) -> None:
    top = lay(tmp_path)
    top.write_bytes(b"\xef\xbb\xbftitle = 't'\r\n")
    assert read(top).tree == {"title": "t"}


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    top = lay(tmp_path, tap="x = 1")
    assert refused(top) == ['top.toml: (file): found no file "top.toml", expected a TOML file; did you mean tap.toml?']
    top.symlink_to("gone")
    assert refused(top) == ['top.toml: (file): found no file "gone", expected a TOML file']
    top.unlink()
    top.symlink_to("top.toml")
    (line,) = refused(top)
    assert line.startswith("top.toml: (file): found")
    top.unlink()
    top.mkdir()
    assert refused(top) == ["top.toml: (file): found top.toml, a folder, expected a TOML file"]


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(lay(tmp_path))
    assert refused(tmp_path / "top.toml") == ["top.toml: (file): found top.toml, no plain file, expected a TOML file"]


def test_an_unreadable_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    top = lay(tmp_path, top="x = 1")

    def denied(*_: Any) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    assert refused(top) == ["top.toml: (file): found top.toml: Permission denied, expected a readable file"]


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000, "\udcff"])
def test_a_name_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    (line,) = refused(tmp_path / name)
    assert len(line.splitlines()) == 1
    line.encode("utf-8")


tomlish = st.lists(
    st.sampled_from(
        [
            *"a.='\"[]{},\n0#",
            "[[policy]]\n",
            "name = 'x'\n",
            "value",
            "low",
            "source",
            "extends = ",
            "nan",
            "'top.toml'",
            "1",
            " = ",
            "2025-01-01",
            "kind = 'k'\n",
            "[[policy.instrument]]\n",
            "{ value = 1 }",
        ]
    ),
    max_size=20,
).map("".join)


@given(
    st.binary(max_size=60) | tomlish.map(str.encode),
    st.lists(
        st.text(max_size=12) | tomlish | st.tuples(st.sampled_from(["a=", "policy.x.k.p="]), tomlish).map("".join),
        max_size=2,
    ),
)
def test_reading_anything_is_a_document_or_a_refusal(content: bytes, settings: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        top = lay(Path(folder))
        top.write_bytes(content)
        try:
            document = read(top, settings)
        except BadScenario as bad:
            text = str(bad)
        else:
            assert all(math.isfinite(row.value) for row in document.evidence)
            assert document.ranges().keys() <= {parse_key(row.key) for row in document.evidence}
            return
    assert text.isprintable() or all(line.isprintable() for line in text.split("\n"))


# sweeps ------------------------------------------------------------------------------------------------


def pools() -> list[dict[str, Any]]:
    return [
        {"kind": "fee_cap", "per_round": 9},
        {
            "kind": "voucher_pool",
            "share": 0.5,
            "words": "x",
            "months": [0, 12],
            "tranches": [{"per_round": 5, "inner": [{"deep": 3}]}, {"per_round": 800}, {"face_value": 1}],
        },
    ]


def test_a_sweep_reaches_every_element() -> None:
    swept = assign(pools(), "voucher_pool.per_round", 7, scale=False)
    assert swept[0] == pools()[0]
    assert swept[1]["tranches"] == [
        {"per_round": 7, "inner": [{"deep": 3}]},
        {"per_round": 7},
        {"face_value": 1},
    ]
    assert assign(pools(), "voucher_pool.deep", 7, scale=False)[1]["tranches"][0]["inner"] == [{"deep": 7}]
    assert assign(pools(), "voucher_pool.tranches[1].per_round", 7, scale=False)[1]["tranches"][1] == {"per_round": 7}


def test_a_sweep_may_set_what_is_not_there() -> None:
    assert assign(pools(), "fee_cap.new", 7, scale=False)[0] == {"kind": "fee_cap", "per_round": 9, "new": 7}


@pytest.mark.parametrize(
    ("factor", "result"), [(2, [10, 1600]), (0.3, [2, 240]), (0.5, [3, 400]), (0, [0, 0]), (0.1, [1, 80])]
)
def test_scaled_integers_stay_integers_rounded_half_up(factor: float, result: list[int]) -> None:
    swept = assign(pools(), "voucher_pool.per_round", factor, scale=True)
    numbers = [tranche["per_round"] for tranche in swept[1]["tranches"][:2]]
    assert numbers == result
    assert all(type(number) is int for number in numbers)
    assert "per_round" not in swept[1]["tranches"][2]


def test_scaled_numbers_stay_numbers() -> None:
    assert assign(pools(), "voucher_pool.share", 3, scale=True)[1]["share"] == 1.5
    assert assign(pools(), "voucher_pool.months", 2, scale=True)[1]["months"] == [0, 24]


@pytest.mark.parametrize(
    ("path", "value", "scale", "message"),
    [
        ("fee_cop.x", 1, False, "expected an instrument of the policy: .* did you mean fee_cap"),
        ("fee_cap", 1, False, "expected kind.parameter"),
        ("fee..cap", 1, False, "a key path"),
        ("fee_cap.new", 1, True, "expected a number to scale"),
        ("voucher_pool.words", 2, True, "expected a number to scale"),
        ("fee_cap.per_round", "x", True, "expected a finite number"),
        ("fee_cap.per_round", math.inf, True, "expected a finite number"),
        ("voucher_pool.tranches[7].per_round", 1, False, "an index below 3"),
        ("voucher_pool.words.x", 1, False, "expected a table"),
    ],
)
def test_a_sweep_that_leads_nowhere_says_so(path: str, value: Any, scale: bool, message: str) -> None:
    with pytest.raises(LookupError, match=message):
        assign(pools(), path, value, scale)


@given(
    st.sampled_from(["voucher_pool.per_round", "fee_cap.new", "voucher_pool.tranches"]),
    st.lists(st.integers()),
)
def test_a_sweep_leaves_what_it_was_given(path: str, value: list[int]) -> None:
    given_, before = pools(), deepcopy(value)
    swept = assign(given_, path, value, scale=False)
    assert given_ == pools()
    swept[1]["tranches"] = None
    value.append(0)
    assert assign(pools(), path, before, scale=False)[0] == swept[0]


@given(st.integers(-(2**53), 2**53))
def test_scaling_by_one_changes_nothing(number: int) -> None:
    for one in (1, 1.0):
        assert assign([{"kind": "k", "p": number}], "k.p", one, scale=True) == [{"kind": "k", "p": number}]
