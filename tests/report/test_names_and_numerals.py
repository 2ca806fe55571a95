"""Names and numbers as they are shown."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.report import names, words
from sim.report.numerals import DASH, FORMS, MONEY, column, show, spread


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("vouchers", "vouchers"),
        ("two\nlines\tand  more ", "two lines and more"),
        ("a\x1b[31mred", "a[31mred"),
        ("right\u202eleft", "rightleft"),
        ("育儿补贴", "育儿补贴"),
        ("", "?"),
        ("\x00\x07", "?"),
    ],
)
def test_a_tidy_name_is_one_visible_line(name: str, shown: str) -> None:
    assert names.tidy(name) == shown


@pytest.mark.parametrize("text", ["short", "a_rather_long_name_" * 6, "育儿补贴托育消费券" * 5, "x" * 200, ""])
@pytest.mark.parametrize("columns", [8, 16, 24])
def test_wrapped_lines_fit_and_lose_nothing_without_saying_so(text: str, columns: int) -> None:
    wrapped = names.wrap(text, columns, lines=3)
    lines = wrapped.split("\n")
    assert len(lines) <= 3
    assert all(names.width(line) <= columns for line in lines)
    assert wrapped.endswith(names.ELLIPSIS) or wrapped.replace("\n", "") == text


def test_names_break_where_words_are_joined() -> None:
    assert names.wrap("operating_subsidy", 12) == "operating_\nsubsidy"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("number", [None, math.nan, math.inf, -math.inf])
def test_what_is_undefined_is_a_dash(form: str, number: float | None) -> None:
    assert show(number, form) == DASH
    assert spread(number, 1.0, form) == ""
    assert spread(1.0, number, form) == ""


@pytest.mark.parametrize(
    ("number", "form", "shown"),
    [
        (0.0986, "take_up", "9.86 %"),
        (0.741, "share", "74.1 %"),
        (12345.6, "count", "12,346"),
        (7_123_456, "money", "7.12"),
        (1_234_567_890, "money", "1,235"),
        (3381.4, "yuan", "3,381"),
        (-3381.4, "yuan", "−3,381"),
        (-0.00001, "share", "0.0 %"),
        (0.0, "count", "0"),
        (0.0, "money", "0"),
    ],
)
def test_numbers_are_written_for_people(number: float, form: str, shown: str) -> None:
    assert show(number, form) == shown


def test_differences_carry_their_sign_and_intervals_the_decimals_of_their_centre() -> None:
    assert show(0.0012, "points", signed=True) == "+0.12"
    assert show(0.00056, "points", signed=True) == "+0.056"
    assert show(0.0, "points", signed=True) == "0.00" or show(0.0, "points", signed=True) == "0"
    assert spread(0.046, 0.0661, "share", like=0.05) == "4.6 to 6.6 %"
    assert spread(9.5e6, 101e6, "money", like=50e6) == "9.50 to 101.00"


def test_every_metric_is_written_in_a_form_that_exists() -> None:
    assert {words.form(key) for key in words.METRICS} <= set(FORMS)
    assert set(words.FORMS) <= set(words.METRICS)


@pytest.mark.parametrize("table", [words.METRICS, words.ASSUMPTIONS, words.TEXTS])
def test_every_entry_has_an_english_text(table: dict[str, dict[str, object]]) -> None:
    assert all(words.DEFAULT in entry for entry in table.values())


def test_a_language_without_words_falls_back_to_english() -> None:
    assert words.text("column.policy", "eo") == "Policy"
    assert words.metric("take_up_under_36", "eo").label == "Take-up"
    assert words.month(11, "eo") == "Nov"
    assert words.metric("something_new", "en").label == "something_new"
    assert words.assumption("something_new", "en").label == "something_new"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (7_123_456, "712.3 万元"),
        (-7_123_456, "−712.3 万元"),
        (99_999_999, "10,000 万元"),
        (100_000_000, "1.00 亿元"),
        (1_234_567_890, "12.35 亿元"),
        (0.0, "0 万元"),
        (None, "—"),
    ],
)
def test_a_sum_in_a_chinese_sentence_carries_its_unit(number: float | None, shown: str) -> None:
    assert show(number, "money", language="zh") == shown
    assert spread(9.5e6, 101e6, "money", like=50e6, language="zh") == "950 至 10,100 万元"
    # what is left of a total stands in the total's unit, as its interval does
    assert show(-3e6, "money", like=2e8, signed=True, language="zh") == "−0.03 亿元"
    assert spread(-5e6, -1e6, "money", like=2e8, signed=True, language="zh") == "−0.05 至 −0.01 亿元"


@given(st.lists(st.one_of(st.none(), st.floats(-1e12, 1e12)), min_size=1))
def test_money_of_a_column_stands_in_one_unit_and_is_the_same_money(numbers: list[float | None]) -> None:
    assert column("money", numbers, "en") == "money"
    form = column("money", numbers, "zh")
    largest = max((abs(n) for n in numbers if n is not None), default=0.0)
    assert form == ("yi" if largest >= 1e8 else "wan")
    assert column("share", numbers, "zh") == "share"
    for number in numbers:
        if number is not None and abs(number) >= 1e4:
            read = float(show(number, form, language="zh").replace(",", "").replace("−", "-")) * MONEY[form]
            assert abs(read - number) <= max(0.005 * abs(number), 0.0006 * MONEY[form])


@pytest.mark.parametrize("form", MONEY)
def test_a_form_of_money_is_its_unit(form: str) -> None:
    assert FORMS[form].factor * MONEY[form] == 1
