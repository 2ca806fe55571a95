"""Faults: one printable line each, all of them, and pydantic's errors in plain words."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from sim.scenario.document import Document
from sim.scenario.faults import (
    BadScenario,
    Fault,
    from_validation,
    key_text,
    one_of,
    suggestion,
    toml_text,
)

# one line per fault ------------------------------------------------------------------------------------


def test_a_line_has_four_parts() -> None:
    assert Fault("a.toml", "run.seed", "-1", "a number").line() == ("a.toml: run.seed: found -1, expected a number")


@given(st.builds(Fault, st.text(), st.text(), st.text(), st.text()))
def test_a_line_is_one_printable_line(fault: Fault) -> None:
    line = fault.line()
    assert len(line.splitlines()) == 1
    assert all(character.isprintable() or character == "\u3000" for character in line)
    line.encode("utf-8")


def test_a_line_stays_short_whatever_was_found() -> None:
    assert len(Fault("f" * 10**6, "k" * 10**6, "x" * 10**6, "e" * 10**6).line()) < 2000


def test_chinese_stays_readable() -> None:
    assert "西安" in Fault("西安.toml", "name", '"托育\u3000券"', "a date").line()
    assert "托育\u3000券" in Fault("西安.toml", "name", '"托育\u3000券"', "a date").line()


def test_a_terminal_is_not_commanded() -> None:
    assert "\x1b" not in Fault("a", "k\x1b[2J", "\x1b]0;x\x07", "\u202eright to left").line()
    assert "\u202e" not in Fault("a", "k", "x", "\u202eright to left").line()


def test_a_bad_scenario_sorts_its_faults_and_drops_repeats() -> None:
    one, two = Fault("b", "k", "1", "2"), Fault("a", "k", "1", "2")
    bad = BadScenario([one, two, one])
    assert bad.faults == (two, one)
    assert str(bad) == two.line() + "\n" + one.line()


def test_a_bad_scenario_without_a_fault_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="at least one"):
        BadScenario([])


# words -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("run", "seed"), "run.seed"),
        (("policy", 2, "instrument", 0, "tranches", 1, "face_value"), None),
        (("sweep", "voucher_pool.per_round"), 'sweep."voucher_pool.per_round"'),
        (("区", ""), '区.""'),
    ],
)
def test_key_paths_are_written_as_in_the_file(path: tuple[str | int, ...], text: str | None) -> None:
    assert key_text(path) == (text if text is not None else "policy[2].instrument[0].tranches[1].face_value")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        (3, "3"),
        (0.5, "0.5"),
        (float("nan"), "nan"),
        ("a\nb", '"a\\nb"'),
        (date(2025, 11, 10), "2025-11-10"),
        ([1, [2, "x"]], '[1, [2, "x"]]'),
        ([], "[]"),
        ({}, "{}"),
        ({"a": 1, "b c": False}, '{ a = 1, "b c" = false }'),
        (16**1000, "an integer of 4001 bits"),
    ],
)
def test_values_are_written_as_toml_does(value: object, text: str) -> None:
    assert toml_text(value) == text


def test_long_values_are_cut() -> None:
    assert toml_text(list(range(10**6)), 20) == "[0, 1, 2, 3, 4, 5, …"
    assert len(toml_text("x" * 10**6)) == 100


def test_suggestions_name_the_nearest() -> None:
    assert suggestion("untill", ["until", "start"]) == "; did you mean until?"
    assert suggestion("zzz", ["until", "start"]) == ""
    assert suggestion(3, ["3"]) == ""
    assert suggestion("x" * 10**6, ["x"]) == ""
    assert one_of(["lottery", "first_come"], "lotery") == "one of lottery, first_come; did you mean lottery?"


# pydantic's errors -------------------------------------------------------------------------------------


class Table(BaseModel):
    """A strict, closed table."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class Tranche(Table):
    """A list's element."""

    months: tuple[int, int] = Field(strict=False)
    face_value: float = Field(ge=0)


class Pool(Table):
    """A kind with a list of tables."""

    kind: Literal["voucher_pool"]
    until: date
    allocation: Literal["lottery", "first_come"] = "lottery"
    tranches: list[Tranche] = []


class Cap(Table):
    """A kind whose parameter has the kind's own name."""

    kind: Literal["fee_cap"]
    fee_cap: float = Field(gt=0, le=100)
    note: str = ""

    @model_validator(mode="after")
    def _whole(self) -> "Cap":
        if self.fee_cap == 13:
            raise ValueError("a luckier cap")
        return self


class Policy(Table):
    """A named chain of instruments of either kind."""

    name: str = Field(min_length=1)
    instrument: list[Annotated[Pool | Cap, Field(discriminator="kind")]] = []


class Scenario(Table):
    """A document's root."""

    title: str = "x"
    start: date = Field(default=date(2025, 1, 1), ge=date(2024, 1, 1))
    many: int | list[int] = 1
    policy: list[Policy] = []
    rates: dict[str, float] = {}

    @field_validator("title")
    @classmethod
    def _titled(cls, title: str) -> str:
        if title == "bad":
            raise AssertionError("a better title")
        return title


def document(tree: dict[str, Any]) -> Document:
    return Document(Path("top.toml"), tree, {(): "top.toml", ("policy",): "base.toml"}, (), ())


def lines(tree: dict[str, Any], model: type[BaseModel] | None = Scenario) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        Scenario.model_validate(tree)
    return [fault.line() for fault in from_validation(caught.value, document(tree), model=model)]


def pool(**keys: Any) -> dict[str, Any]:
    return {"kind": "voucher_pool", "until": date(2026, 6, 30), **keys}


def with_instrument(instrument: Any) -> dict[str, Any]:
    return {"policy": [{"name": "baseline"}, {"name": "vouchers", "instrument": [instrument]}]}


AT = "base.toml: policy[1].instrument[0]"
OF = ' (policy "vouchers")'


@pytest.mark.parametrize(
    ("tree", "line"),
    [
        ({"title": 3}, "top.toml: title: found 3, expected a string"),
        ({"title": "bad"}, 'top.toml: title: found "bad", expected a better title'),
        ({"start": "soon"}, 'top.toml: start: found "soon", expected a date'),
        (
            {"start": date(2020, 1, 1)},
            "top.toml: start: found 2020-01-01, expected a date not before 2024-01-01",
        ),
        ({"strat": 1}, "top.toml: strat: found 1, expected no such key; did you mean start?"),
        ({"zzz": 1}, "top.toml: zzz: found 1, expected no such key"),
        ({"many": "x"}, 'top.toml: many: found "x", expected an integer or an array'),
        ({"rates": {"a.b": "x"}}, 'top.toml: rates."a.b": found "x", expected a number'),
        ({"policy": {}}, "base.toml: policy: found {}, expected an array"),
        ({"policy": [3]}, "base.toml: policy[0]: found 3, expected a table"),
        ({"policy": [{}]}, "base.toml: policy[0].name: found nothing, expected a string"),
        (
            {"policy": [{"name": ""}]},
            'base.toml: policy[0].name: found "", expected a string of at least 1 character',
        ),
        (with_instrument(pool(until="x")), f'{AT}.until{OF}: found "x", expected a date'),
        (
            with_instrument(pool(allocation="lotery")),
            f'{AT}.allocation{OF}: found "lotery", expected one of lottery, first_come; did you mean lottery?',
        ),
        (
            with_instrument(pool(tranches=[{"months": [0, 12], "face_value": -1}])),
            f"{AT}.tranches[0].face_value{OF}: found -1, expected a number of at least 0",
        ),
        (
            with_instrument(pool(tranches=[{"months": [0], "face_value": 1}])),
            f"{AT}.tranches[0].months[1]{OF}: found nothing, expected an integer",
        ),
        (
            with_instrument(pool(tranches=[{"months": [0, 12], "face_value": float("inf")}])),
            f"{AT}.tranches[0].face_value{OF}: found inf, expected a finite number",
        ),
        (
            with_instrument(pool(tranches=[{"months": [0, 1], "face_value": 1, "face_valeu": 2}])),
            f"{AT}.tranches[0].face_valeu{OF}: found 2, expected no such key; did you mean face_value?",
        ),
        (
            with_instrument({"kind": "voucher_pol"}),
            f'{AT}.kind{OF}: found "voucher_pol", expected one of voucher_pool, fee_cap; did you mean voucher_pool?',
        ),
        (
            with_instrument({}),
            f"{AT}.kind{OF}: found nothing, expected a name of what this table is",
        ),
        (with_instrument({"kind": "fee_cap"}), f"{AT}.fee_cap{OF}: found nothing, expected a number"),
        (
            with_instrument({"kind": "fee_cap", "fee_cap": 101}),
            f"{AT}.fee_cap{OF}: found 101, expected a number of at most 100",
        ),
        (
            with_instrument({"kind": "fee_cap", "fee_cap": 13}),
            f'{AT}{OF}: found {{ kind = "fee_cap", fee_cap = 13 }}, expected a luckier cap',
        ),
        (
            with_instrument({"kind": "fee_cap", "fee_cap": 1, "note": 2}),
            f"{AT}.note{OF}: found 2, expected a string",
        ),
    ],
)
def test_pydantic_is_translated(tree: dict[str, Any], line: str) -> None:
    assert lines(tree) == [line]


def test_every_error_is_told() -> None:
    found = lines({"title": 1, "policy": [{}, {"name": 2}], "extra": 0})
    assert len(found) == 4


def test_without_a_model_missing_keys_are_suggested() -> None:
    tree = with_instrument({"kind": "voucher_pool", "untill": date(2026, 6, 30)})
    assert lines(tree, model=None) == [
        f"{AT}.untill{OF}: found 2026-06-30, expected no such key; did you mean until?",
    ]


def test_a_prefix_says_where_a_part_stands() -> None:
    tree = with_instrument(pool(until=3))
    with pytest.raises(ValidationError) as caught:
        Pool.model_validate(tree["policy"][1]["instrument"][0])
    faults = from_validation(caught.value, document(tree), ("policy", 1, "instrument", 0), Pool)
    assert [fault.line() for fault in faults] == [f"{AT}.until{OF}: found 3, expected a date"]


def test_a_parameter_may_have_its_kinds_name() -> None:
    tree = with_instrument({"kind": "fee_cap", "fee_cap": 101})
    with pytest.raises(ValidationError) as caught:
        Cap.model_validate(tree["policy"][1]["instrument"][0])
    faults = from_validation(caught.value, document(tree), ("policy", 1, "instrument", 0), Cap)
    assert [fault.key for fault in faults] == ['policy[1].instrument[0].fee_cap (policy "vouchers")']


def test_a_part_that_is_not_in_the_document_is_told_by_pydantic() -> None:
    with pytest.raises(ValidationError) as caught:
        Pool.model_validate({"kind": "voucher_pool", "until": 3})
    faults = from_validation(caught.value, document({}), ("policy", 7, "instrument", 0))
    assert [fault.line() for fault in faults] == ["base.toml: policy[7].instrument[0].until: found 3, expected a date"]


@given(
    st.dictionaries(
        st.sampled_from(["title", "start", "many", "policy", "rates", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["name", "instrument", "kind", "fee_cap", "voucher_pool", "tranches"]),
                    inner | st.sampled_from(["fee_cap", "voucher_pool"]),
                    max_size=3,
                )
            ),
            max_leaves=8,
        ),
    )
)
def test_every_pydantic_error_becomes_a_line(tree: dict[str, Any]) -> None:
    try:
        Scenario.model_validate(tree)
    except ValidationError as error:
        for model in (Scenario, None):
            faults = from_validation(error, document(tree), model=model)
            assert faults
            assert all(len(fault.line().splitlines()) == 1 for fault in faults)
