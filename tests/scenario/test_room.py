"""What a policy opens and the city has no room for is refused before anything runs: a line for each, status 2."""

from collections.abc import Callable
from pathlib import Path

import pytest
from town import HAMLET

from sim import cli
from sim.scenario.faults import BadScenario
from sim.scenario.lever import lever_of
from sim.scenario.schema import load
from sim.study.plan import make_plan

Lay = Callable[..., Path]
ONE = '[[policy.instrument]]\nkind = "public_provision"\nsites = {}\n'
EAST = 'districts = ["East"]\n'
CLASSES = '[[policy.instrument]]\nkind = "kindergarten_conversion"\nclasses = {}\n'
SUBSIDY = '[[policy]]\nname = "subsidy"\n[[policy.instrument]]\nkind = "fee_subsidy"\nrate = 0.2\n'
MATCHED = 'match = {{ metric = "public_cost", to = "subsidy", by = "{}"{} }}\n'


@pytest.fixture
def lay(tmp_path: Path) -> Lay:
    """Write the hamlet with two sites kept for policies, and a policy of some instruments that may be matched."""
    (tmp_path / "cities").mkdir()

    def write(*instruments: str, match: str = "", end: str = "") -> Path:
        text = HAMLET.read_text(encoding="utf-8") + "\n[city.supply.reserved_sites]\npublic = 2\n" + SUBSIDY
        path = tmp_path / "town.toml"
        path.write_text(text + '[[policy]]\nname = "opened"\n' + match + "".join(instruments) + end, encoding="utf-8")
        return path

    return write


def said(path: Path, *settings: str) -> str:
    with pytest.raises(BadScenario) as refusal:
        load(path, settings)
    (line,) = str(refusal.value).splitlines()
    return line


@pytest.mark.parametrize(
    ("instruments", "settings", "line"),
    [
        ([ONE.format(3)], (), "instrument[0].sites (policy \"opened\"): found 3, expected at most 2, the sites that"),
        ([ONE.format(2), ONE.format(1)], (), "instrument[1].sites (policy \"opened\"): found 1, expected at most 0"),
        ([ONE.format(1), ONE.format(2)], (), "found 2, expected at most 1, the sites that city.supply.reserved_sites"),
        ([ONE.format(1), ONE.format(1)], ("run.scale=0.5",), "found 1, expected a number of which run.scale 0.5"),
        ([ONE.format(2), ONE.format(1) + EAST], (), "found 1, expected at most 0, the sites that"),
        ([ONE.format(2) + EAST], (), "found 2, expected at most 1, the sites that city.supply.reserved_sites"),
        ([CLASSES.format(5)], (), "classes (policy \"opened\"): found 5, expected at most 4, the institutions of kind"),
        ([CLASSES.format(3), CLASSES.format(2)], (), "found 2, expected at most 1, the institutions of kind"),
    ],
)  # fmt: skip
def test_more_than_there_is_room_for_is_one_line(
    lay: Lay, instruments: list[str], settings: tuple[str, ...], line: str
) -> None:
    assert line in said(lay(*instruments), *settings)


def test_what_there_is_room_for_is_taken(lay: Lay) -> None:
    for instruments in ([ONE.format(1), ONE.format(1)], [CLASSES.format(4), ONE.format(2)]):
        assert load(lay(*instruments)).policies[2].instruments
    thin = next(arm for arm in make_plan(load(lay(ONE.format(1)), ("run.scale=0.2",))).arms if arm.name == "opened")
    assert [o.count for i in thin.own if (o := i.opening()) is not None] == [1], "one is never thinned to none"


def test_who_has_built_makes_room_for_the_next(lay: Lay) -> None:
    first = CLASSES.format(4) + "start = 2025-01-01\nbuilding_months = 2\n"
    for month, fits in (("03", False), ("04", True)):
        path = lay(CLASSES.format(4) + f"start = 2025-{month}-10\n", first)
        if fits:
            assert [len(policy.instruments) for policy in load(path).policies] == [0, 1, 2]
        else:
            assert "instrument[0].classes" in said(path)


def test_standing_programmes_take_their_room_first(lay: Lay) -> None:
    standing = '\n[[instrument]]\nkind = "public_provision"\nsites = 2\n'
    assert "found 1, expected at most 0" in said(lay(ONE.format(1), end=standing))


def test_a_kind_of_one_class_takes_no_second(lay: Lay) -> None:
    kind = "city.supply.kind.kindergarten"
    single = (f"{kind}.children_limit=6", f"{kind}.mean_places=6")
    assert "found 1, expected at most 0" in said(lay(CLASSES.format(1)), *single)


@pytest.mark.parametrize(
    ("by", "ends", "key", "instruments"),
    [
        ("sites", ", low = 1, high = 3", "match.high", [ONE.format(1)]),
        ("sites", "", "match.high", [ONE.format(1)]),
        ("classes", ", low = 1, high = 5", "match.high", [CLASSES.format(2)]),
        ("public_provision.sites", ", low = 0.5, high = 2", "match.high", [ONE.format(1), ONE.format(1)]),
    ],
)
def test_an_end_of_a_match_beyond_the_room_is_refused(
    lay: Lay, by: str, ends: str, key: str, instruments: list[str]
) -> None:
    line = said(lay(*instruments, match=MATCHED.format(by, ends)))
    assert f'policy[2].{key} (policy "opened"): found ' in line
    assert "which makes instrument[" in line
    assert "expected at most " in line


def test_ends_with_room_are_taken(lay: Lay) -> None:
    for by, instrument, high in (("sites", ONE.format(1), 2), ("classes", CLASSES.format(2), 4)):
        policy = load(lay(instrument, match=MATCHED.format(by, f", low = 1, high = {high}"))).policies[2]
        assert policy.match is not None
        lever = lever_of(policy, policy.match)
        assert (lever.low, lever.high) == (1, high)


def test_what_is_wrong_as_written_is_not_told_of_its_match_too(lay: Lay) -> None:
    assert "policy[2].instrument[0].sites" in said(
        lay(ONE.format(3), match=MATCHED.format("sites", ", low = 3, high = 5"))
    )


def test_points_of_a_sweep_have_room_together(lay: Lay) -> None:
    sweep = '[sweep]\npolicy = "opened"\n"public_provision.sites" = [0, 1, 2]\n'
    assert 'sweep."public_provision.sites": found 2, expected at most 0' in said(
        lay(ONE.format(1), ONE.format(1), end=sweep)
    )
    other = '[sweep]\npolicy = "opened"\n"fee_subsidy.rate" = [0.1, 0.2]\n'
    assert "policy[2].instrument[0].sites" in said(lay(ONE.format(3), end=other)), "no axis is to blame"


def test_ends_of_assumptions_have_room(lay: Lay) -> None:
    path = lay(ONE.format(2), end='[knowledge.assumptions]\nkept = ["city.supply.reserved_sites.public"]\n')
    line = said(path, "city.supply.reserved_sites.public={ value = 2, low = 1, high = 4 }")
    assert 'instrument[0].sites (policy "opened") = 2 at its low, expected at most 1' in line


def test_part_of_a_policy_opens_what_it_opens_in_the_whole(lay: Lay) -> None:
    """So that parts by the Shapley value add up: thinned by itself, each of two would open two of its three."""
    split = '[split]\npolicy = "opened"\n'
    path = lay(ONE.format(3), ONE.format(3), end=split)
    plan = make_plan(load(path, ("city.supply.reserved_sites.public=6", "run.scale=0.5")))
    of = {arm.key: [o.count for i in arm.own if (o := i.opening()) is not None] for arm in plan.arms}
    none, first, second, both = (of[key] for key in plan.splits["opened"])
    assert (none, first + second, both) == ([], both, [2, 1])


def test_check_ends_with_status_2(lay: Lay, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli._guarded(["check", str(lay(ONE.format(2), ONE.format(2)))]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
