"""What a Chinese report calls things: checked like names, and no part of what is simulated."""

from pathlib import Path

import pytest

from sim.scenario.faults import BadScenario
from sim.scenario.resolved import as_tree, from_tree
from sim.scenario.schema import Scenario, load
from sim.study.plan import make_plan

HAMLET = Path(__file__).resolve().parents[1] / "hamlet.toml"
SUBSIDY = '[[policy.instrument]]\nkind = "fee_subsidy"\nrate = {{ value = 0.1, low = 0.05, high = 0.2 }}\n'
POLICIES = (
    '[[policy]]\nname = "baseline"\n{first}\n[[policy]]\nname = "subsidy"\n{second}\n' + SUBSIDY
    + '[knowledge.assumptions]\nhow_much = ["fee_subsidy.rate"]\n{more}\n'
)  # fmt: skip


def written(folder: Path, *, top: str = "", first: str = "", second: str = "", more: str = "", base: str = "") -> Path:
    """The hamlet with two policies, in a file of its own that extends it."""
    (folder / "cities").mkdir(exist_ok=True)
    (folder / "cities" / "hamlet.toml").write_text(base + HAMLET.read_text(encoding="utf-8"), encoding="utf-8")
    path = folder / "labelled.toml"
    rest = POLICIES.format(first=first, second=second, more=more)
    path.write_text(f'extends = "cities/hamlet.toml"\n{top}\n{rest}', encoding="utf-8")
    return path


LABELS = {
    "top": 'title_zh = "小镇"\ncity.name_zh = "某镇"',
    "first": 'name_zh = "基准情景"',
    "second": 'name_zh = "收费补贴"',
    "more": '[knowledge.names_zh]\nhow_much = "补贴力度"',
}


def labels(scenario: Scenario) -> tuple[object, ...]:
    policies = tuple(policy.name_zh for policy in scenario.policies)
    return scenario.title_zh, scenario.city.name_zh, policies, dict(scenario.knowledge.names_zh)


def test_labels_change_no_job(tmp_path: Path) -> None:
    """All of them at once, and the arms keep their names."""
    top = 'title = "A"\ncity.name = "B"\n'
    plain = load(written(tmp_path, top=top))
    labelled = load(written(tmp_path, **LABELS | {"top": top + LABELS["top"]}))
    assert labels(plain) == (None, None, (None, None), {})
    assert labels(labelled) == ("小镇", "某镇", ("基准情景", "收费补贴"), {"how_much": "补贴力度"})
    assert make_plan(labelled).jobs() == make_plan(plain).jobs()
    assert [arm.key for arm in make_plan(labelled).arms] == [arm.key for arm in make_plan(plain).arms]
    assert make_plan(labelled).jobs() != make_plan(load(labelled.document.path, ["run.seed=9"])).jobs()
    again = from_tree(as_tree(labelled), [], Path("gone.toml"), Path("manifest.json"))
    assert labels(again) == labels(labelled)


@pytest.mark.parametrize(
    ("given", "key", "expected"),
    [
        ({"second": 'name_zh = ""'}, "policy[1].name_zh", "a name of 1 to 100 printable characters"),
        ({"second": "name_zh = 3"}, "policy[1].name_zh", "a name of 1 to 100 printable characters"),
        ({"second": 'name_zh = "=1+1"'}, "policy[1].name_zh", "no spreadsheet takes for a formula"),
        ({"first": 'name_zh = "甲"', "second": 'name_zh = "甲"'}, "policy[1].name_zh", "policy[0] has this one"),
        ({"second": 'name_zh = "baseline"'}, "policy[1].name_zh", "policy[0] has this one"),
        ({"first": 'name_zh = "subsidy"'}, "policy[0].name_zh", "policy[1] has this one"),
        ({"top": 'title_zh = "a\\tb"'}, "title_zh", "printable characters"),
        ({"more": '[knowledge.names_zh]\nhow_long = "期限"'}, "knowledge.names_zh.how_long", "name of an assumption"),
    ],
)
def test_a_label_is_as_good_as_a_name(tmp_path: Path, given: dict[str, str], key: str, expected: str) -> None:
    with pytest.raises(BadScenario) as caught:
        load(written(tmp_path, **given))
    (fault,) = caught.value.faults
    assert fault.key.startswith(key)
    assert expected in fault.expected


def test_a_title_that_replaces_another_leaves_its_chinese_behind(tmp_path: Path) -> None:
    """Else a report would be headed with what another file asks."""
    base = 'title_zh = "小镇"\n'
    kept = load(written(tmp_path, base=base))
    assert kept.title_zh == "小镇"
    assert load(written(tmp_path, base=base, top='title = "A town"')).title_zh is None
    assert load(written(tmp_path, base=base), ["title=A town"]).title_zh is None


SWEPT = '[sweep]\npolicy = "subsidy"\n"fee_subsidy.rate" = [0.1, 0.2]\n'


@pytest.mark.parametrize(
    ("baseline", "subsidy", "key"),
    [
        ("subsidy[rate=0.2]", None, "policy[0].name_zh"),
        ("subsidy[rate=0.2]", "收费补贴", "policy[0].name_zh"),
        ("收费补贴[补贴率=0.2]", "收费补贴", "policy[0].name_zh"),
        ("subsidy", "收费补贴", "policy[0].name_zh"),
        (None, "baseline", "policy[1].name_zh"),
    ],
)
def test_no_label_is_an_arms_or_another_policys(
    tmp_path: Path, baseline: str | None, subsidy: str | None, key: str
) -> None:
    """One would have the other's numbers in a Chinese report, which tells them apart by what it calls them."""
    given = {"first": baseline, "second": subsidy}
    lines = {at: f'name_zh = "{label}"' for at, label in given.items() if label is not None}
    with pytest.raises(BadScenario) as caught:
        make_plan(load(written(tmp_path, **lines, more=SWEPT)))
    (fault,) = caught.value.faults
    assert fault.key.startswith(key)


def test_a_name_is_no_translated_arms(tmp_path: Path) -> None:
    """A policy without a label is called by its name beside the translated arms."""
    path = written(tmp_path, second='name_zh = "收费补贴"', more=SWEPT)
    path.write_text(path.read_text(encoding="utf-8").replace('"baseline"', '"收费补贴[补贴率=0.2]"'), encoding="utf-8")
    with pytest.raises(BadScenario) as caught:
        make_plan(load(path))
    (fault,) = caught.value.faults
    assert fault.key == "policy[0].name"


def test_labels_that_differ_from_all_names_are_kept(tmp_path: Path) -> None:
    given = {"first": 'name_zh = "收费"', "second": 'name_zh = "收费补贴"'}
    assert len(make_plan(load(written(tmp_path, **given, more=SWEPT))).sweep_values) == 2


def test_a_label_of_the_command_line_holds(tmp_path: Path) -> None:
    """It is meant for the name that stands, whoever gave that."""
    labelled = load(written(tmp_path), ["title_zh=题目", "city.name_zh=某镇"])
    assert (labelled.title_zh, labelled.city.name_zh) == ("题目", "某镇")
    top = 'title = "A"\ncity.name = "B"\n' + LABELS["top"]
    again = load(written(tmp_path, top=top), ["city.name=A town"])
    assert (again.title_zh, again.city.name_zh) == ("小镇", None)
