"""Bad input, whatever it is: refused before anything runs, in one line a fault, all faults at once."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from town import HAMLET

from sim.policy.menu import menu
from sim.scenario.faults import BadScenario
from sim.scenario.schema import Scenario, load

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


def test_places_of_nothing_are_no_fault(lay) -> None:
    """A city without places is sad, not impossible; and so is one without institutions."""
    assert load(lay(("places = 420", "places = 0"))).city.supply.places == 0
    assert load(lay(("institutions = 14", "institutions = 0"))).city.supply.institutions == 0


def test_a_setting_is_held_to_the_same_rules(lay) -> None:
    path = lay()
    assert load(path, ["run.seed=8", "city.supply.places=0"]).run.seed == 8
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
