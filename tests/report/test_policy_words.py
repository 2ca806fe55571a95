"""Policies in words: every parameter of every instrument can be said, and is when it is not at its default."""

import tomllib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from string import Formatter
from typing import Any, get_args

import pytest

from sim.params import Named, unit_of
from sim.policy.instrument import Instrument
from sim.policy.menu import menu
from sim.report.policy_words import catalogue, clauses, placeholders, policy_words, read
from sim.report.words import LANGUAGES

CASES = Path(__file__).parents[1] / "policy" / "cases"
KINDS = list(menu())


def example(kind: str) -> Instrument:
    """The instrument of the kind's first case, from a first day to a last."""
    cases = tomllib.loads((CASES / f"{kind}.toml").read_text(encoding="utf-8"))["case"]
    table = next(table for case in cases for table in case["instruments"] if table["kind"] == kind)
    return read(table | {"start": date(2025, 1, 3), "until": date(2025, 12, 30)})


def others(kind: str, name: str, value: Any) -> Any:
    """Another value of a parameter than the one given."""
    field = menu()[kind].model_fields[name]
    choices = [word for word in get_args(field.annotation) if isinstance(word, str)]
    if name == "tranches":
        return (value[0].model_copy(update={"face_value": 77.0}),)
    if isinstance(value, bool):
        return not value
    if choices:
        return next((word for word in choices if word != value), None)
    if isinstance(value, date):
        return date(2025, 2, 7)
    if isinstance(value, tuple):
        return {"kinds": ("home",), "birth_orders": (7,), "districts": ("Elsewhere",), "bands": ("infant",)}[name]
    if isinstance(value, Named):
        return Named.of({"infant": 77.0} if name.endswith("band") else {"home": 77.0})
    if isinstance(value, str):
        return "home"
    return 0.77 if unit_of(field) == "share" else (value or 0) + 77


def parameters() -> Iterator[tuple[str, str]]:
    for kind in KINDS:
        for name in menu()[kind].model_fields:
            if name != "source":
                yield kind, name


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(("kind", "name"), list(parameters()))
def test_another_value_is_said_in_other_words(kind: str, name: str, language: str) -> None:
    instrument = example(kind)
    other = others(kind, name, getattr(instrument, name))
    if other is None:
        pytest.skip(f"{kind}.{name} has one value")  # as long as rounds are monthly
    before, after = (list(clauses(one, language)) for one in (instrument, instrument.model_copy(update={name: other})))
    assert before != after


@pytest.mark.parametrize("key", list(catalogue()))
def test_a_clause_says_the_same_in_both_languages(key: str) -> None:
    entry = catalogue()[key]
    assert set(entry) == set(LANGUAGES)
    named = [sorted(name for _, name, _, _ in Formatter().parse(words) if name) for words in entry.values()]
    assert named[0] == named[1]
    kind, _, clause = key.partition(".")
    if kind in KINDS and clause != "tranche":
        assert all(hasattr(menu()[kind], name) or name in menu()[kind].model_fields for name in placeholders(key))


def test_every_clause_has_a_use() -> None:
    """It says a parameter, is one of an instrument's own clauses, or stands between them."""
    names = {name for kind in KINDS for name in menu()[kind].model_fields}
    for key in catalogue():
        kind, _, clause = key.partition(".")
        if kind == "all":
            assert clause in names | {"window", "ages"} or clause in names, key
        elif kind in KINDS:
            source = Path(menu()[kind].__module__.replace(".", "/") + ".py")
            said = (Path(__file__).parents[2] / source).read_text(encoding="utf-8")
            assert clause in menu()[kind].model_fields or f'"{clause}"' in said or clause == "tranche", key


def test_the_vouchers_of_xian_as_they_were_announced() -> None:
    table = {
        "kind": "voucher_pool", "start": "2025-11-10", "until": "2026-06-30",
        "tranches": [
            {"months": [0, 12], "face_value": 1000, "per_round": 200},
            {"months": [13, 47], "face_value": 500, "per_round": 1600},
        ],
    }  # fmt: skip
    read_in = {key: date.fromisoformat(value) if key in ("start", "until") else value for key, value in table.items()}
    assert policy_words([read_in]) == (
        "Vouchers: 1,800 vouchers a month: 200 of 1,000 yuan at 0 to 12 months of age, 1,600 of 500 yuan at 13 to 47 "
        "months of age; by lottery if more apply; redeemed at registered institutions; valid for 30 days or the next "
        "bill; from 10 Nov 2025 to 30 Jun 2026."
    )
    assert policy_words([read_in], "zh") == (
        "托育券：每月发放1,800张：0至12个月200张、每张1,000元、13至47个月1,600张、每张500元；申领超过投放量时摇号；"
        "在已备案机构核销；有效期30天，领券后第一张账单总可使用；2025年11月10日至2026年6月30日。"
    )


def test_what_does_nothing_is_said_to() -> None:
    assert policy_words([{"kind": "fee_subsidy", "rate": 0.0}]) == "Fee subsidy: does nothing as it is set."
    assert policy_words([]) == "No instrument of its own."
