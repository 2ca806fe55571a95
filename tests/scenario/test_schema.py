"""Bad input, whatever it is: refused before anything runs, in one line a fault, all faults at once."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from town import HAMLET

from sim.policy.menu import menu
from sim.scenario.assumptions import moved_city
from sim.scenario.export import json_schema
from sim.scenario.faults import BadScenario
from sim.scenario.schema import Scenario, load
from sim.study.plan import make_plan

TEXT = HAMLET.read_text(encoding="utf-8")
POOL = """
[[policy]]
name = "vouchers"
  [[policy.instrument]]
  kind = "voucher_pool"
  start = 2025-03-10
  until = 2025-12-31
  tranches = [{ months = [0, 47], face_value = 500, per_round = 80 }]
"""


@pytest.fixture
def lay(tmp_path: Path) -> Callable[..., Path]:
    """Write the hamlet, some texts in it replaced and some added at its end, beside a `cities/` folder."""
    (tmp_path / "cities").mkdir()

    def write(*changes: tuple[str, str], end: str = "") -> Path:
        text = TEXT
        for old, new in changes:
            assert text.count(old) >= 1, old
            text = text.replace(old, new, 1)
        path = tmp_path / "town.toml"
        path.write_text(text + end, encoding="utf-8")
        return path

    return write


def lines(path: Path, *settings: str) -> list[str]:
    """What is said of a file, a line a fault."""
    with pytest.raises(BadScenario) as refusal:
        load(path, settings)
    said = str(refusal.value).splitlines()
    assert len(said) == len(refusal.value.faults)
    assert all(line.isprintable() and ": found " in line and ", expected " in line for line in said)
    return said


def only(path: Path, *settings: str) -> str:
    (line,) = lines(path, *settings)
    return line


def test_the_hamlet_is_as_written() -> None:
    scenario = load(HAMLET)
    assert isinstance(scenario, Scenario)
    assert scenario.stem == "hamlet"
    assert [p.name for p in scenario.policies] == ["baseline"]
    assert scenario.standing[0].start.isoformat() == "2025-01-01"
    assert scenario.sweep is None


def test_a_policy_is_its_chain_in_file_order(lay) -> None:
    scenario = load(lay(end=POOL + '\n  [[policy.instrument]]\n  kind = "fee_subsidy"\n  rate = 0.1\n'))
    assert [type(i).__name__ for i in scenario.policies[1].instruments] == ["VoucherPool", "FeeSubsidy"]
    assert scenario.policies[1].instruments[0].tranches[0].months == (0, 47)


# one change of a good file; what the line must name; what it must say
BAD = {
    "misspelt key": (("taste_sd = 3.0", "taste_ds = 3.0"), ["taste_ds"], ["taste_sd"]),
    "misspelt table": (("[city.costs]", "[city.cots]"), ["city"], ["costs"]),
    "text for a number": (
        ("fit_out_yuan = 12_000", 'fit_out_yuan = "dear"'),
        ["city.classes.fit_out_yuan", '"dear"'],
        ["number"],
    ),
    "number for a text": (('name = "Hamlet"', "name = 7"), ["city.name", "7"], []),
    "number for a truth": (("pays_rent = true", "pays_rent = 1"), ["pays_rent"], []),
    "fraction for a whole number": (("candidates = 5", "candidates = 5.5"), ["city.families.candidates", "5.5"], []),
    "number for a table": (("[city.costs]", "[city]\ncosts = 3\n[other]"), [], []),
    "negative": (("carer_wage = 3_500", "carer_wage = -3_500"), ["city.costs.carer_wage", "-3500"], ["0"]),
    "not a number": (("renewal = 0.2", "renewal = nan"), ["city.families.renewal", "nan"], []),
    "infinite": (("residents = 60_000", "residents = inf"), ["residents", "inf"], []),
    "infinite in a list": (("[-2.0, -1.0, 0.5]", "[-inf, -1.0, 0.5]"), ["band_taste", "inf"], []),
    "huge": (("institutions = 14", "institutions = 99999999999999999999999"), ["institutions"], []),
    "huge seed": (("seed = 7", f"seed = {2**60}"), ["run.seed"], []),
    "above its bound": (("renewal = 0.2", "renewal = 1.2"), ["city.families.renewal", "1.2"], ["1"]),
    "too few in a list": (("sizes = [5, 8, 10, 9]", "sizes = [5, 8, 10]"), ["city.classes.sizes"], ["4"]),
    "no class for a child": (("sizes = [5, 8, 10, 9]", "sizes = [5, 8, 10, 0]"), ["city.classes"], []),
    "shares that are none": (
        ("order_shares = [0.5, 0.4, 0.1]", "order_shares = [0.5, 0.4, 0.2]"),
        ["city.births"],
        ["sum to 1"],
    ),
    "kinds of one name": (('name = "public"', 'name = "private"'), ["city.supply"], ["differ"]),
    "kinds beyond the whole": (("share = 0.6", "share = 0.7"), ["city.supply"], ["sum to 1"]),
    "incomes out of order": (("[16_971, 31_180,", "[31_180, 16_971,"), ["city.income"], ["ascending"]),
    "swapped dates": (("until = 2026-02-28", "until = 2024-02-28"), ["run.until", "2024-02-28"], ["2025-03-01"]),
    "a horizon of nothing": (("until = 2026-02-28", "until = 2025-02-28"), ["run.until"], []),
    "counted before it begins": (
        ("count_from = 2025-03-01", "count_from = 2024-03-01"),
        ["run.count_from"],
        ["2025-01-01"],
    ),
    "a month begun": (("start = 2025-01-01\ncount", "start = 2025-01-02\ncount"), ["run.start"], ["first day"]),
    "a month broken off": (("until = 2026-02-28", "until = 2026-02-27"), ["run.until"], ["last day"]),
    "text for a date": (("until = 2026-02-28", 'until = "2026-02-28"'), ["run.until"], ["date"]),
    "no such date": (("until = 2026-02-28", "until = 2026-02-30"), [], []),
    "a year without births": (('"2024" = 1200\n', ""), ["births", "2024"], ["births"]),
    "zero children": (("seed = 7", "seed = 7\nscale = 0.001"), ["run.scale"], ["hundred children"]),
    "a scale of nothing": (("seed = 7", "seed = 7\nscale = 0"), ["run.scale"], ["0"]),
    "no replications": (("replications = 1", "replications = 0"), ["run.replications"], ["1"]),
    "no policy": (('[[policy]]\nname = "baseline"', ""), ["policy"], []),
    "a policy without a name": (('[[policy]]\nname = "baseline"', "[[policy]]"), ["policy[0].name"], ["name"]),
    "two of a name": (
        ('[[policy]]\nname = "baseline"', '[[policy]]\nname = "a"\n[[policy]]\nname = "a"'),
        ["policy[1].name", '"a"'],
        ["policy[0]"],
    ),
    "a policy with a stray key": (
        ('name = "baseline"', 'name = "baseline"\ninstruments = []'),
        ["policy[0].instruments"],
        ["instrument"],
    ),
    "an unknown kind": (
        ('kind = "cash_allowance"', 'kind = "helicopter"'),
        ["instrument[0].kind", '"helicopter"'],
        list(menu()),
    ),
    "a kind misspelt": (
        ('kind = "cash_allowance"', 'kind = "cash_alowance"'),
        ["instrument[0].kind"],
        ["did you mean cash_allowance"],
    ),
    "no kind": (('kind = "cash_allowance"\n', ""), ["instrument[0].kind"], list(menu())),
    "an instrument's stray key": (
        ("yuan_per_month = 300", "yuan_a_month = 300"),
        ["instrument[0].yuan_a_month"],
        ["yuan_per_month"],
    ),
    "an instrument's window swapped": (
        ("from_months = 0", "until = 2024-01-01\nfrom_months = 0"),
        ["instrument[0]"],
        ["2025-01-01"],
    ),
    "an instrument that begins too late": (
        ("start = 2025-01-01\nfrom", "start = 2030-01-01\nfrom"),
        ["instrument[0].start"],
        ["2026-02-28"],
    ),
}


@pytest.mark.parametrize("about", BAD)
def test_what_is_wrong_is_said_in_a_line(lay, about: str) -> None:
    change, named, expected = BAD[about]
    said = lines(lay(change))
    assert any(all(word in line for word in named) for line in said)
    assert any(all(word in line.split(", expected ", 1)[1] for word in expected) for line in said)
    assert all(line.startswith(str(lay(change))) or "town.toml" in line for line in said), "each names its file"
    assert len(said) <= 3, "one fault is not told many times over"


POOLS = {
    "a negative face": (("face_value = 500", "face_value = -1"), "face_value"),
    "a face beyond all bounds": (("face_value = 500", "face_value = 1e300"), "face_value"),
    "a broken voucher": (("per_round = 80", "per_round = 80.5"), "per_round"),
    "ages the wrong way": (("[0, 47]", "[47, 0]"), "tranches[0]"),
    "ages beyond care": (("[0, 47]", "[0, 48]"), "tranches[0]"),
    "a rule unheard of": (("until = 2025-12-31", 'allocation = "by_height"'), "allocation"),
    "no day of validity": (("until = 2025-12-31", "valid_days = 0"), "valid_days"),
    "a window swapped": (("until = 2025-12-31", "until = 2025-03-09"), "policy[1].instrument[0]"),
    "a share above one": (("until = 2025-12-31", "aware_others = 1.5"), "aware_others"),
    "before the run": (("start = 2025-03-10", "start = 2024-03-10"), "policy[1].instrument[0].start"),
    "a tranche misspelt": (("face_value", "facevalue"), "tranches[0].facevalue"),
    "tranches that overlap": (
        ("tranches = [", "tranches = [{ months = [3, 4], face_value = 1, per_round = 1 }, "),
        "policy[1].instrument[0]",
    ),
}


@pytest.mark.parametrize("about", POOLS)
def test_what_is_wrong_with_a_pool_is_said_where_it_stands(lay, about: str) -> None:
    (old, new), key = POOLS[about]
    said = lines(lay(end=POOL.replace(old, new)))
    assert any(key in line for line in said)
    assert len(said) <= 2


def test_everything_wrong_is_said_at_once(lay) -> None:
    path = lay(
        ("taste_sd = 3.0", "taste_sd = -3.0"),
        ("replications = 1", "replications = 0"),
        ('name = "public"', "name = 8"),
        ('kind = "cash_allowance"', 'kind = "helicopter"'),
        end=POOL.replace("face_value = 500", 'face_value = "much"').replace('"vouchers"', '"baseline"'),
    )
    said = "\n".join(lines(path))
    for key in ("taste_sd", "run.replications", "kind[2].name", "instrument[0].kind", "face_value", "policy[1].name"):
        assert key in said


@pytest.mark.parametrize(
    ("changes", "key", "expected"),
    [
        ([("places = 420", "places = 0")], "city.supply.places: found 0", "at least one"),
        ([("institutions = 14", "institutions = 0")], "city.supply.institutions: found 0", "at least one"),
        ([("places = 420", "places = 1")], "city.supply.places: found 1", "fill at least one class"),
        ([("seed = 7", "seed = 7\nscale = 0.02"), ("places = 420", "places = 90")], "run.scale: found 0.02", "class"),
    ],
)
def test_a_city_without_places_is_refused(lay, changes, key: str, expected: str) -> None:
    line = only(lay(*changes))
    assert key in line
    assert expected in line


ONE_LINE = {
    "an empty file": (("title  =", "#"), None),
    "a misspelt key": (("taste_sd = 3.0", "taste_ds = 3.0"), "taste_ds: found 3.0, expected no such key; did you mean"),
    "a number in a number": (("seed = 7", "seed = { value = { value = 7 } }"), "run.seed: found"),
    "a start before all": (("start = 2025-01-01\ncount", "start = 0001-01-01\ncount"), "run.start: found 0001-01-01"),
    "a bad element": (("fees = [3_000, 2_500, 2_200]", 'fees = [3_000, "x", 2_200]'), "city.supply.kind[0].fees[1]"),
    "an element out of bounds": (("fees = [3_000,", "fees = [-3_000,"), "city.supply.kind[0].fees[0]"),
    "an income of next to nothing": (("mean_per_head = 45_000", "mean_per_head = 1e-308"), "at least 100"),
    "a fifth of next to nothing": (("[16_971,", "[1e-308,"), "city.income.quintile_means[0]: found 1e-308"),
    "next to no sensitivity": (("sensitivity = 0.001", "sensitivity = 5e-324"), "city.families.sensitivity: found 5e"),
    "kinds of next to no size": (("mean_places = 40", "mean_places = 1e-300"), "kind[1].mean_places: found 1e-300"),
    "a huge element": (("[-2.0, -1.0, 0.5]", f"[{2**60}, -1.0, 0.5]"), "city.families.band_taste[0]"),
    "an infinite element": (("[-2.0, -1.0, 0.5]", "[-inf, -1.0, 0.5]"), "city.families.band_taste[0]"),
    "a huge number": (("institutions = 14", "institutions = 99999999999999999999999"), "city.supply.institutions"),
    "births of no year": (('"2018" = 1000', '"next" = 1000'), "by_year.next: found 1000, expected a year"),
    "births below nothing": (('"2018" = 1000', '"2018" = -4'), "by_year.2018: found -4, expected births of 0"),
    "births of half a child": (('"2018" = 1000', '"2018" = 4.5'), "by_year.2018: found 4.5"),
    "a year in other digits": (('"2018" = 1000', '"٢٠١٨" = 1000'), "expected a year"),
    "a year unheard of": (('"2024" = 1200\n', ""), "by_year.2024: found nothing, expected the births of 2024"),
    "a line's end in a title": (('"A hamlet"', '"A ham\\nlet"'), "title:"),
    "a title of nothing": (('"A hamlet"', '" "'), "title:"),
    "a bell in a city": (('name = "Hamlet"', 'name = "Ham\\u0007let"'), "city.name:"),
    "a district written backwards": (('name = "West"', 'name = "\\u202Etse"'), "city.district[1].name:"),
    "districts of one name": (('name = "West"', 'name = "East"'), "city.district[1].name:"),
    "a kind with a tab": (('name = "public"', 'name = "pub\\tlic"'), "city.supply.kind[2].name:"),
    "kinds of one name": (('name = "public"', 'name = "private"'), "city.supply.kind[2].name:"),
    "an allowance for no age": (("to_months = 36", "to_months = 0"), "instrument[0].to_months: found 0"),
    "an allowance up to an age it never reaches": (("from_months = 0", "from_months = 36"), "instrument[0].to_months"),
    "a birth order of nobody": (("to_months = 36", "birth_orders = [1, 4]"), "instrument[0].birth_orders[1]: found 4"),
    "a birth before the first": (("to_months = 36", "birth_orders = [0]"), "instrument[0].birth_orders[0]: found 0"),
    "a birth order twice": (("to_months = 36", "birth_orders = [2, 2]"), "instrument[0].birth_orders"),
}


@pytest.mark.parametrize("about", ONE_LINE)
def test_one_fault_is_one_line(lay, about: str) -> None:
    change, key = ONE_LINE[about]
    path = lay(change)
    if key is None:
        path.write_bytes(b"")
    assert (key or "an empty file") in only(path)


NAMES = ["=1+1", "+1", "-1", "@SUM(A1)", "＝1", "\\u202Eabc", "a\\u0000b", "a\\tb", " a", "a ", "", "   ", "x" * 101]


@pytest.mark.parametrize("name", NAMES)
def test_a_policys_name_is_plain_text(lay, name: str) -> None:
    """No control characters, and nothing that a spreadsheet would run when it opens summary.csv."""
    assert "policy[1].name: found" in only(lay(end=POOL.replace('"vouchers"', f'"{name}"')))


def test_a_policys_name_may_hold_what_a_title_does(lay) -> None:
    names = ["vouchers, 10 % more", "普惠 券", "a=b", "É-1", "1"]
    for name in names:
        assert load(lay(end=POOL.replace('"vouchers"', f'"{name}"'))).policies[1].name == name


SUBSIDY = '[[policy]]\nname = "cheap"\n[[policy.instrument]]\nkind = "fee_subsidy"\nrate = 0.1\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("bands = []", "bands: found [], expected at least 1 item"),
        ('bands = ["toddler", "toddler"]', "bands:"),
        ('bands = ["todler"]', "did you mean toddler?"),
        ('kinds = ["pivate"]', "did you mean private?"),
        ('kinds = ["private", "private"]', "kinds:"),
        ("rte = 0.1", "did you mean rate?"),
        ("start = 2031-01-01", "start: found 2031-01-01"),
    ],
)
def test_a_fault_of_a_policy_names_the_policy(lay, text: str, said: str) -> None:
    line = only(lay(end=f"\n{SUBSIDY}{text}\n"))
    assert "policy[1].instrument[0]." in line
    assert '(policy "cheap"): found' in line
    assert said.partition(":")[0] in line
    assert said.partition(": ")[2] in line


def test_a_number_that_is_none_names_its_policy_too(lay) -> None:
    line = only(lay(end=f"\n{SUBSIDY}ceiling = nan\n"))
    assert 'policy[1].instrument[0].ceiling (policy "cheap"): found nan' in line


def test_a_setting_is_held_to_the_same_rules(lay) -> None:
    path = lay()
    assert load(path, ["run.seed=8", "city.supply.places=500"]).run.seed == 8
    assert "--set: city.supply.places: found 0" in only(path, "city.supply.places=0")
    assert "run.sed" in only(path, "run.sed=8")
    assert "renewal" in only(path, "city.families.renewal=7")
    assert only(path, "run.until=2020-01-31").count("run.until") == 1


# ---------------------------------------------------------------------------------------------------------
# files


def test_extends_that_leads_nowhere(lay, tmp_path: Path) -> None:
    top = tmp_path / "top.toml"
    for target in ("cities/none.toml", "../../etc/passwd", "/etc/passwd", "cities", "top.toml", ""):
        top.write_text(f'extends = "{target}"\n', encoding="utf-8")
        lay()
        said = lines(top)
        assert any("extends" in line for line in said), target
        assert not any("root:" in line for line in said)


def test_a_circle_of_files(lay, tmp_path: Path) -> None:
    lay()
    (tmp_path / "a.toml").write_text('extends = "b.toml"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('extends = "a.toml"\n', encoding="utf-8")
    assert any("extends" in line for line in lines(tmp_path / "a.toml"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n\n# nothing\n",
        b"this is no TOML",
        b"\xff\xfe\x00",
        b"\x00" * 64,
        b"a = [" * 200,
        b"[run]\nrun = 1\n[run]\n",
    ],
)
def test_what_is_no_scenario(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(content)
    assert all("x.toml" in line for line in lines(path))


def test_what_is_no_file(tmp_path: Path) -> None:
    assert str(tmp_path) in only(tmp_path)
    assert "none.toml" in only(tmp_path / "none.toml")


# ---------------------------------------------------------------------------------------------------------
# sweeps and knowledge

SWEEP = {
    "a policy that is none": ('policy = "nobody"\n"fee_subsidy.rate" = [0.1]', "sweep.policy"),
    "a kind that is none": ('policy = "vouchers"\n"helicopter.rate" = [0.1]', "helicopter"),
    "no values": ('policy = "vouchers"\n"fee_subsidy.rate" = []', "fee_subsidy.rate"),
    "no axis": ('policy = "vouchers"', "sweep"),
    "a factor that is none": ('policy = "vouchers"\n"voucher_pool.per_round" = { scale = ["two"] }', "scale"),
    "no parameter": ('policy = "vouchers"\nfee_subsidy = [0.1]', "fee_subsidy"),
}


@pytest.mark.parametrize("about", SWEEP)
def test_what_is_wrong_with_a_sweep(lay, about: str) -> None:
    table, word = SWEEP[about]
    assert any(word in line for line in lines(lay(end=f"{POOL}\n[sweep]\n{table}\n")))


def test_a_sweep_as_it_should_be(lay) -> None:
    table = 'policy = "vouchers"\n"voucher_pool.per_round" = { scale = [0.5, 2] }\n"fee_subsidy.rate" = [0.0, 0.1]'
    sweep = load(lay(end=f"{POOL}\n[sweep]\n{table}\n")).sweep
    assert sweep is not None
    assert [(path, values, scaled) for path, values, scaled in sweep.axes] == [
        ("voucher_pool.per_round", (0.5, 2), True),
        ("fee_subsidy.rate", (0.0, 0.1), False),
    ]


@pytest.mark.parametrize("path", ["helicopter.rate", "fee_subsidy.height", "city.families.height", "city", "rate"])
def test_an_assumption_names_what_there_is(lay, path: str) -> None:
    end = f'\n[knowledge.assumptions]\n"how keen" = ["voucher_pool.hassle", "{path}"]\n'
    assert path in only(lay(end=end))


def test_an_assumption_about_the_city_needs_a_range(lay) -> None:
    end = '\n[knowledge.assumptions]\n"how keen" = ["city.families.taste_sd"]\n'
    assert "low and high" in only(lay(end=end))


AT_POINTS = {
    "before the run": (
        '"voucher_pool.start" = [2025-03-10, 2024-03-10]',
        'sweep."voucher_pool.start": found 2024-03-10',
    ),
    "after the run": ('"voucher_pool.start" = [2026-03-10]', 'sweep."voucher_pool.start": found 2026-03-10'),
    "reversed": ('"voucher_pool.until" = [2025-03-09]', 'sweep."voucher_pool.until": found 2025-03-09'),
    "an added instrument too late": (
        '"fee_subsidy.start" = [2030-01-01]\n',
        'sweep."fee_subsidy.start": found 2030-01-01',
    ),
    "no date": ('"voucher_pool.start" = [2025]', 'sweep."voucher_pool.start": found 2025, expected a date'),
    "a share above one": ('"fee_subsidy.rate" = [0.1, 1.5]', 'sweep."fee_subsidy.rate": found 1.5, expected a number'),
    "a kind the city lacks": ('"fee_subsidy.kinds" = [["home"], []]', 'sweep."fee_subsidy.kinds": found ["home"]'),
    "no band": ('"fee_subsidy.bands" = [["infant"], []]', 'sweep."fee_subsidy.bands": found []'),
    "a factor too large": (
        '"voucher_pool.per_round" = { scale = [1, 1e6] }',
        'sweep."voucher_pool.per_round": found a factor of 1000000.0, which makes 80000000, expected',
    ),
    "a factor on a date": (
        '"voucher_pool.start" = { scale = [2] }',
        'sweep."voucher_pool.start": found 2.0, expected a number to scale, not 2025-03-10',
    ),
    "a parameter misspelt": ('"voucher_pool.per_rond" = [1, 2, 3]', "did you mean per_round?"),
    "a kind misspelt": ('"voucher_pol.per_round" = [1, 2, 3]', "did you mean voucher_pool?"),
    "another kind": ('"voucher_pool.kind" = ["fee_subsidy"]', 'sweep."voucher_pool.kind"'),
    "no list": ('"fee_subsidy.rate" = 0.1', 'sweep."fee_subsidy.rate": found 0.1'),
    "no quotes": ("fee_subsidy.rate = [0.1]", '"fee_subsidy.parameter", in quotes'),
    "too fine a grid": (
        f'"fee_subsidy.amount" = {list(range(50))}\n"voucher_pool.hassle" = {list(range(41))}',
        "sweep: found 50 × 41 = 2050 points, expected at most 2000 points",
    ),
}


@pytest.mark.parametrize("about", AT_POINTS)
def test_what_only_a_point_of_the_grid_shows_is_said_in_a_line(lay, about: str) -> None:
    table, said = AT_POINTS[about]
    assert said in only(lay(end=f'{POOL}\n[sweep]\npolicy = "vouchers"\n{table}\n'))


def test_a_misspelt_policy_of_a_sweep_is_one_fault(lay) -> None:
    line = only(lay(end=f'{POOL}\n[sweep]\npolcy = "vouchers"\n"fee_subsidy.rate" = [0.1]\n'))
    assert "sweep.polcy" in line
    assert "did you mean policy?" in line


def test_dates_that_only_cross_are_one_fault_for_each_pair(lay) -> None:
    table = '"voucher_pool.start" = [2025-04-01, 2025-08-01]\n"voucher_pool.until" = [2025-06-30, 2025-09-30]'
    line = only(lay(end=f'{POOL}\n[sweep]\npolicy = "vouchers"\n{table}\n'))
    assert 'sweep."voucher_pool.until": found 2025-06-30' in line
    assert "2025-08-01" in line


def test_axes_are_set_together_before_they_are_judged(lay) -> None:
    """A window that is moved as a whole is never caught half way."""
    table = '"voucher_pool.start" = [2026-01-10]\n"voucher_pool.until" = [2026-02-10]'
    assert load(lay(end=f'{POOL}\n[sweep]\npolicy = "vouchers"\n{table}\n')).sweep is not None


def test_faults_of_grid_and_head_come_together(lay) -> None:
    path = lay(
        ("taste_sd = 3.0", "taste_sd = -3.0"), end=f'{POOL}\n[sweep]\npolicy = "vouchers"\n"fee_subsidy.rate" = [2]\n'
    )
    said = lines(path)
    assert len(said) == 2
    assert "taste_sd" in said[0]
    assert "fee_subsidy.rate" in said[1]


ENDS = {
    "a city that loses its places": (
        ("places = 420", "places = { value = 420, low = 0, high = 500 }"),
        "city.supply.places",
        "city.supply.places = 0 at its low",
    ),
    "a share above one": (
        ("renewal = 0.2", "renewal = { value = 0.2, low = 0.1, high = 1.5 }"),
        "city.families.renewal",
        "city.families.renewal = 1.5 at its high",
    ),
    "half a month": (
        ("commitment_months = 3", "commitment_months = { value = 3, low = 1.5, high = 4 }"),
        "city.families.commitment_months",
        "= 1.5 at its low, expected an integer",
    ),
}


@pytest.mark.parametrize("about", ENDS)
def test_what_only_an_assumption_shows_is_said_in_a_line(lay, about: str) -> None:
    change, path, said = ENDS[about]
    assert said in only(lay(change, end=f'\n[knowledge.assumptions]\ndoubt = ["{path}"]\n'))


def test_what_an_assumption_does_to_a_policy_names_the_policy(lay) -> None:
    pool = POOL.replace("until =", "hassle = { value = 20, low = -5, high = 30 }\nuntil =")
    line = only(lay(end=f'{pool}\n[knowledge.assumptions]\ndoubt = ["voucher_pool.hassle"]\n'))
    assert 'policy[1].instrument[0].hassle (policy "vouchers") = -5 at its low' in line


def test_an_assumption_may_be_about_a_kind_by_its_name(lay) -> None:
    """And is moved where that kind stands, and nowhere else."""
    change = "mean_places = 40", "mean_places = { value = 40, low = 20, high = 60 }"
    for path in ("city.supply.kind.kindergarten.mean_places", "city.supply.kind[1].mean_places"):
        scenario = load(lay(change, end=f'\n[knowledge.assumptions]\nsize = ["{path}"]\n'))
        (paths,) = scenario.knowledge.assumptions.values()
        sizes = [
            [kind.mean_places for kind in moved_city(scenario.city, scenario.document.ranges(), paths, end).supply.kind]
            for end in (0, 1)
        ]
        assert sizes == [[30, 20, 50], [30, 60, 50]]


@pytest.mark.parametrize("table", ["[city.supply.reserved_sites]\npublic = 2", "[knowledge.assumptions]"])
def test_a_table_of_free_names_may_say_its_source(lay, table: str) -> None:
    births = "[city.births.by_year]"
    scenario = load(
        lay((births, f'{births}\nsource = "a census"'), end=f'\n{table}\nsource = "the town\'s own file"\n')
    )
    assert dict(scenario.city.supply.reserved_sites) == ({"public": 2} if "public" in table else {})
    assert dict(scenario.knowledge.assumptions) == {}
    sources = {row.key: row.source for row in scenario.document.evidence}
    assert sources.get("city.supply.reserved_sites.public", "the town's own file") == "the town's own file"
    assert sources["city.births.by_year.2018"] == "a census"
    assert "source" not in scenario.city.births.by_year


def test_a_source_that_is_a_number_is_a_name_like_another(lay) -> None:
    assert "one of private, kindergarten, public" in only(lay(end="\n[city.supply.reserved_sites]\nsource = 2\n"))


def test_the_exported_schema_allows_such_a_source() -> None:
    properties = json_schema()["$defs"]["SupplyFacts"]["properties"]
    assert properties["reserved_sites"]["properties"] == {"source": {"type": "string"}}
    assert "properties" not in properties["kind"]["anyOf"][1]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("city.supply.kind.privat.share", "did you mean city.supply.kind.private.share?"),
        ("city.supply.kind.private.share", "low and high"),
        ("city.supply.kind.private.name", "city.table.key"),
        ("city.supply.kind[9].share", "city.table.key"),
        ("voucher_pol.hassle", "did you mean voucher_pool?"),
        ("voucher_pool.hasle", "did you mean hassle?"),
        ("voucher_pool.start", "low and high"),
        ("city.families.renewl", "did you mean city.families.renewal?"),
        ("city.district.West.3.residents", 'did you mean city.district."West.3".residents?'),
        ("city.name", "city.table.key"),
    ],
)
def test_a_misspelt_assumption_is_put_right(lay, path: str, said: str) -> None:
    dotted = 'name = "West"', 'name = "West.3"'
    assert said in only(lay(dotted, end=f'{POOL}\n[knowledge.assumptions]\ndoubt = ["{path}"]\n'))


def test_a_number_of_the_city_with_a_declared_range_may_be_moved(lay) -> None:
    """Over the file's range where it gives one, else over the declared one, so long as that holds the value."""
    doubt = '\n[knowledge.assumptions]\ndoubt = ["city.families.trust_yuan"]\n'

    def ends(written: str) -> list[float]:
        change = "taste_sd = 3.0", f"taste_sd = 3.0\n{written}"
        scenario = load(lay(change, end=doubt))
        ranges = scenario.document.ranges()
        (paths,) = scenario.knowledge.assumptions.values()
        return [moved_city(scenario.city, ranges, paths, end).families.trust_yuan for end in (0, 1)]

    assert ends("") == ends("trust_yuan = 500") == [0, 1000]
    assert ends('trust_yuan = { value = 500, low = 400, high = 900, source = "a test" }') == [400, 900]
    assert "low and high" in only(lay(("taste_sd = 3.0", "taste_sd = 3.0\ntrust_yuan = 2_000"), end=doubt))


# ---------------------------------------------------------------------------------------------------------
# anything


@given(
    st.sampled_from(
        ["taste_sd = 3.0", "seed = 7", "share = 0.6", "start = 2025-01-01", "places = 420", "face_value = 500"]
    ),
    st.one_of(
        st.integers(-(10**25), 10**25).map(str),
        st.floats().map(lambda x: str(x).replace("inf", "inf")),
        st.sampled_from(
            ["[]", "{}", '""', "true", "1979-05-27", "[[1]]", "{ value = 1 }", "{ value = 1, low = 2, high = 0 }"]
        ),
    ),
)
def test_any_value_is_taken_or_refused(tmp_path_factory: pytest.TempPathFactory, where: str, value: str) -> None:
    """Never anything but a scenario or a list of faults."""
    path = tmp_path_factory.mktemp("any") / "town.toml"
    path.write_text((TEXT + POOL).replace(where, f"{where.split(' = ')[0]} = {value}", 1), encoding="utf-8")
    with suppress(BadScenario):
        assert isinstance(load(path), Scenario)


def test_many_faults_are_told_in_little_time(lay) -> None:
    began = time.process_time()
    assert len(lines(lay(end="".join(f"\nk{n} = {n}" for n in range(5000))))) == 5000
    assert time.process_time() - began < 20


def test_more_tranches_than_a_claim_can_name_are_refused(lay) -> None:
    ages = ", ".join(f"{{ months = [{2 * k}, {2 * k + 1}], face_value = 1, per_round = 1 }}" for k in range(20))
    pool = f'[[policy.instrument]]\nkind = "voucher_pool"\ntranches = [{ages}]\n'
    scenario = load(lay(end='\n[[policy]]\nname = "many"\n' + 7 * pool))
    with pytest.raises(BadScenario, match="at most 127 tranches"):
        make_plan(scenario)


def test_the_exported_schema_lets_a_table_amend_what_has_names() -> None:
    """Kinds and policies, by name; not what has none, such as a policy's instruments."""
    schema = json_schema()
    kinds = schema["$defs"]["SupplyFacts"]["properties"]["kind"]["anyOf"]
    assert kinds[1] == {"type": "object", "additionalProperties": kinds[0]["items"]}
    policies = schema["properties"]["policy"]["anyOf"]
    assert "required" not in policies[1]["additionalProperties"]
    assert policies[0]["items"]["required"] == ["name"]
    assert "anyOf" not in schema["properties"]["instrument"]
