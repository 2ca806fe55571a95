"""The menu and the reference of the scenario file say what the declarations say."""

import re
import shutil
from pathlib import Path

import pytest

from sim.policy.menu import menu
from sim.report.menu import menu_lines, parameters, refreshed
from sim.scenario.schema import Head, load

from .refresh_reference import REFERENCE, fresh


def test_the_reference_is_what_the_declarations_say() -> None:
    said = "run python tests/report/refresh_reference.py"
    assert REFERENCE.read_text(encoding="utf-8") == fresh(), said


def test_the_example_of_the_reference_is_a_good_scenario(tmp_path: Path) -> None:
    """Read where it says it lies, beside `cities/`."""
    (example,) = re.findall(r"```toml\n(.*?)```", REFERENCE.read_text(encoding="utf-8"), re.DOTALL)
    shutil.copytree(REFERENCE.parents[1] / "scenarios" / "cities", tmp_path / "cities")
    (tmp_path / "example.toml").write_text(example, encoding="utf-8")
    assert [policy.name for policy in load(tmp_path / "example.toml").policies] == ["baseline", "vouchers", "lower fee"]


def test_every_key_is_in_the_reference() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    for key in Head.model_fields:
        assert re.search(rf"`?\[*{key}\b", text), key
    schema = Head.model_json_schema()
    for name, table in schema["$defs"].items():
        for key, entry in table["properties"].items():
            if key == "source":
                continue
            if any("$ref" in branch for branch in (entry, entry.get("items", {}), *entry.get("anyOf", ()))):
                assert re.search(rf"^## \[.*{key}\]", text, re.MULTILINE), f"{name}.{key}"
            else:
                assert f"| `{key}` |" in text, f"{name}.{key}"


@pytest.mark.parametrize(
    ("kind", "key", "takes", "bounds", "default"),
    [
        ("voucher_pool", "allocation", "lottery | first_come | lowest_income | new_families_first", "", "lottery"),
        ("voucher_pool", "hassle", "yuan", "0 to 100,000", "20 (assumed; 5 to 100)"),
        ("voucher_pool", "tranches.face_value", "yuan", "0 to 1,000,000", "required"),
        ("voucher_pool", "repeat", "true | false", "", "true"),
        ("fee_subsidy", "bands", "list of infant | toddler | older_toddler", "", "infant, toddler, older_toddler"),
        ("fee_subsidy", "kinds", "list of names of the city's `[[city.supply.kind]]`", "", "empty"),
        ("fee_subsidy", "ceiling", "yuan a month", "0 or more", "no limit"),
        ("operating_subsidy", "start", "date", "", "none"),
    ],
)
def test_a_parameter_says_what_it_takes(kind: str, key: str, takes: str, bounds: str, default: str) -> None:
    one = next(p for p in parameters(menu()[kind].model_json_schema()) if p.key == key)
    assert (one.takes, one.bounds, one.default) == (takes, bounds, default)


def test_the_menu_fits_a_wide_terminal() -> None:
    assert max(map(len, menu_lines(menu()))) <= 120


def test_a_document_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="marks"):
        refreshed("no marks", Head.model_json_schema(), menu())
