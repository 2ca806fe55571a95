"""What the tables and the page say, against the same numbers worked out anew from the months and the records."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import polars as pl
import pytest
from runs import CENTRES, SUBSIDY, VOUCHERS, finished

from sim.policy.menu import menu
from sim.report.page import FIGURES, write_page
from sim.report.tables import Results, terminal_lots
from sim.report.words import LANGUAGES, TEXTS, text

from . import recomputed
from .accounts import Account
from .facts import FACTORS, MONEY, Facts, Unaccounted, written
from .recomputed import NOTHING, Study
from .sentences import SENTENCES
from .visible import Block, Page, Table, is_shown, numbers

MIXED = (  # to be split, of which one part runs dry
    "{name = 'mixed', instrument = [{kind = 'fee_subsidy', source = 'a test', start = 2025-04-01,"
    " until = 2025-05-31, amount = 300, budget = 40_000}, {kind = 'operating_subsidy', source = 'a test',"
    " start = 2025-04-01, until = 2025-05-31, yuan_per_child = 300, fee_cut = 100, places = 100, standing = 'any'}]}"
)
LOT = (
    "{name = 'lot', instrument = [{kind = 'subsidy_by_lot', source = 'a test', start = 2025-03-09, winners = 300,"
    " rate = 1.0, standing = 'registered'}]}"
)
MATCH = (
    "match = {to = 'vouchers', metric = 'public_cost', by = 'yuan_per_child', low = 600, high = 1200,"
    " tolerance = 0.01, replications = 1}, "
)
CHINESE = "name_zh = '学费减半', "
# seats for whoever comes, so that what a policy adds can be told from nothing in three draws
ROOMY = ("city.supply.places = 1500", "city.supply.institutions = 40", "city.families.renewal = 0.6")
EVERYTHING = (  # that a page has a section for
    "run.scale = 0.7",
    f"policy = [{{name = 'baseline'}}, {VOUCHERS}, {SUBSIDY.replace('{', '{' + CHINESE, 1)},"
    f" {CENTRES.replace('{', '{' + MATCH, 1)}, {MIXED}, {LOT}]",
    "welfare = {source = 'a test', work_per_child_month = 0.25, tax_per_work_month = 300}",
    "sweep = {policy = 'subsidy', 'fee_subsidy.rate' = [0.25, 0.5]}",
    "split = {policy = ['mixed']}",
    "knowledge = {source = 'a test', assumptions = {awareness = ['voucher_pool.aware_others']}}",
)
TOLD = {
    "headline", "sweep", "incidence", "welfare", "lots", "district", "split", "knowledge", "measures", "evidence",
    "run",     "page.matched.value", "answer.added", "answer.both", "answer.alike", "finding.added", "finding.unclear",
    "finding.per_added", "finding.inframarginal", "finding.mvpf", "finding.fees_unclear", "finding.fees_fall",
    "finding.mean_fee_falls", "finding.new",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("recomputed"), *ROOMY, *EVERYTHING)


@pytest.fixture(scope="module")
def facts(folder: Path) -> Facts:
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    study = Study.read(folder, tuple(one["name"] for one in manifest["policies"]))
    summary = pl.read_csv(folder / "summary.csv", infer_schema_length=None)
    return Facts(study, manifest, summary.filter(doubt="knowledge"), pl.read_csv(folder / "split.csv"))


@pytest.fixture(scope="module")
def study(facts: Facts) -> Study:
    return facts.study


@pytest.fixture(scope="module", params=LANGUAGES)
def read(request: pytest.FixtureRequest, folder: Path, facts: Facts, tmp_path_factory) -> tuple[Account, Page]:
    """A page with every section, and the account of it."""
    place = tmp_path_factory.mktemp("page")
    drawn = [place / f"{stem}.svg" for stem in FIGURES]
    for path in drawn:
        path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>', encoding="utf-8")
    path = write_page(Results.load(folder), place, drawn, request.param)
    return Account(facts, request.param), Page(path.read_text(encoding="utf-8"))


def test_the_run_is_one_in_which_every_number_is_at_stake(facts: Facts) -> None:
    """Else what follows would compare blanks with blanks, and nought with nought."""
    for name in ("take_up_under_36", "added_child_months", "public_cost", "cost_per_added_child_month",
                 "inframarginal_share", "pass_through"):  # fmt: skip
        assert any(abs(facts.estimate(policy, name)[0][0] or 0) > 1e-6 for policy in facts.policies[1:]), name
    assert any(abs(facts.estimate(policy, "take_up_under_36")[1][0] or 0) > 1e-6 for policy in facts.policies[1:])


def test_the_summary_says_what_the_months_and_records_say(folder: Path, facts: Facts) -> None:
    rows = pl.read_csv(folder / "summary.csv", infer_schema_length=None).filter(group="all", doubt="luck")
    for policy, name, *six in rows.select(
        "policy", "metric", "value", "low", "high", "difference", "difference_low", "difference_high"
    ).iter_rows():
        for found, expected in zip((tuple(six[:3]), tuple(six[3:])), facts.estimate(policy, name), strict=True):
            right = expected if expected == NOTHING else pytest.approx(expected, rel=1e-6, abs=1e-7)
            assert found == right, (policy, name)


def test_each_metric_that_is_taken_from_the_records_is_at_stake(facts: Facts) -> None:
    for name in recomputed.RECORDED:
        assert any(facts.estimate(policy, name)[0] != NOTHING for policy in facts.policies), name


def test_added_child_months_of_the_months_are_the_difference_of_the_bills(study: Study) -> None:
    for policy in study.policies:
        bills = study.cube(policy, "enrolled_child_months") - study.cube("baseline", "enrolled_child_months")
        assert (study.cube(policy, "added_child_months") == bills).all()


def test_the_parts_of_added_child_months_add_up_in_every_replication_month_and_group(study: Study) -> None:
    parts = pl.col("metric").is_in(["added_by_new_children", "added_brought_forward", "added_lengthened"])
    by = ["policy", "replication", "month", "group"]
    whole = study.monthly.filter(metric="added_child_months").sort(by)
    found = study.monthly.filter(parts).group_by(by).agg(pl.sum("value")).sort(by)
    assert found.equals(whole.select(*by, "value"))
    assert whole["value"].n_unique() > 10


def test_who_comes_by_month_is_who_comes_in_the_window(study: Study) -> None:
    for name in recomputed.COMING:
        seen = [recomputed.coming(study, policy, name) for policy in study.policies]
        assert any(one.any() for one in seen), name
        for policy, one in zip(study.policies, seen, strict=True):
            assert (study.over(policy, name) == one).all(), (policy, name)


def test_what_families_gain_and_what_applying_costs_them_are_those_of_the_records(facts: Facts) -> None:
    """Of all and of each fifth; every application costs what the scenario says that it costs."""
    study, hassle = facts.study, {"vouchers": menu()["voucher_pool"]().hassle}
    for policy in study.policies[1:]:
        for group in ("all", *(f"quintile={n}" for n in range(1, 6))):
            cost = hassle.get(policy, 0.0) * study.over(policy, "applications", group)
            assert study.over(policy, "application_cost", group) == pytest.approx(cost), (policy, group)
            surplus = recomputed.surplus(study, policy, group) - cost
            assert study.over(policy, "consumer_surplus", group) == pytest.approx(surplus), (policy, group)
    assert study.over("vouchers", "application_cost").min() > 0


def test_the_parts_of_a_split_add_up_to_the_change_of_the_months(facts: Facts) -> None:
    parts = facts.split.filter(pl.col("instrument") != "all").group_by("policy", "metric").agg(pl.sum("value"))
    assert len(parts)
    for policy, name, whole in parts.iter_rows():
        assert whole == pytest.approx(facts.estimate(policy, name)[1][0], rel=1e-9), (policy, name)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_terminal_sets_a_lot_beside_the_truth(folder: Path, language: str) -> None:
    table = terminal_lots(Results.load(folder), language)
    assert (table.row_count, len(table.columns)) == (17, 2)


def test_what_the_numbers_are_said_to_rest_on_is_what_was_run(facts: Facts) -> None:
    """The list of values put in, against the scenario as it was resolved; a sweep's own axes stand in its table."""
    for item in facts.manifest["evidence"]:
        if not item["key"].startswith("sweep."):
            assert facts.put_in(item["key"]) == item["value"], item["key"]


def test_every_sentence_with_a_number_has_an_account() -> None:
    """Of those too that this run gives no cause for."""
    around = {"policy", "asked", "doubts", "luck", "spread", "spreads"}
    gaps = {key: set(re.findall(r"\{(\w+)\}", entry["en"])) for key, entry in TEXTS.items()}
    said = {key for key, named in gaps.items() if key.startswith(("answer.", "finding.")) and named - around}
    assert said == set(SENTENCES)
    for key, asks in SENTENCES.items():
        assert set(asks) - {""} == gaps[key] - {"policy", "asked"}, key


def test_every_number_of_the_page_is_accounted_for(read: tuple[Account, Page]) -> None:
    account, page = read
    assert account.check(page) >= TOLD


# -- that the account sees what it is to see ---------------------------------------------------------------


def changed(said: str) -> Iterator[str]:
    """A text with one of its numbers another, for each of them."""
    for match in re.finditer(r"\d[\d,]*(?:\.\d+)?", said):
        number = match[0]
        other = str(int(number[0]) % 9 + 1) + number[1:]
        yield said[: match.start()] + other + said[match.end() :]


def test_no_number_of_the_page_can_be_changed_unseen(read: tuple[Account, Page]) -> None:
    account, page = read
    seen = 0
    for block in page.blocks:
        for said in changed(block.text):
            with pytest.raises(Unaccounted):
                account.sentences.check(Block(block.heading, block.tag, said))
            seen += 1
    for table in page.tables:
        for n, row in enumerate(table.rows):
            for column, cell in enumerate(row):
                for line, words in enumerate(cell):
                    for said in changed(words):
                        cell[line] = said
                        with pytest.raises(Unaccounted):
                            account.cells.check(table, n, column)
                        cell[line] = words
                        seen += 1
    assert seen > 1000


def neighbours(rows: list[list[list[str]]]) -> Iterator[tuple[list[str], list[str]]]:
    """Cells beside each other and below each other, but for heads, and what they say is not the same."""
    for n, row in enumerate(rows):
        for one, other in pairwise(row[1:]):
            yield one, other
        for one, other in zip(row[1:], rows[n + 1][1:] if n + 1 < len(rows) else (), strict=False):
            yield one, other


def check_both(account: Account, table: Table, *places: tuple[int, int]) -> None:
    for place in places:
        account.cells.check(table, *place)


def test_no_two_numbers_of_a_table_can_change_places_unseen(read: tuple[Account, Page]) -> None:
    """As when a policy has another's number, or a number the interval of another metric."""
    account, page = read
    seen = 0
    for table in page.tables:
        body = table.rows if len(table.rows[0]) == len(table.rows[-1]) == 2 else table.rows[1:]
        at = {id(cell): (n, column) for n, row in enumerate(table.rows) for column, cell in enumerate(row)}
        for one, other in neighbours(body):
            for line in range(min(len(one), len(other))):
                if one[line] == other[line] or not re.search(r"[1-9]", one[line] + other[line]):
                    continue  # nothing, to however many decimals
                one[line], other[line] = other[line], one[line]
                with pytest.raises(Unaccounted):
                    check_both(account, table, at[id(one)], at[id(other)])
                one[line], other[line] = other[line], one[line]
                seen += 1
    assert seen > 500


def in_other_units(said: str, language: str) -> Iterator[str]:
    """A text with one of the units of its money another, for each of them."""
    units = [text(f"unit.{kind}", language) for kind in MONEY]
    for match in re.finditer("|".join(sorted(units, key=len, reverse=True)), said):
        for other in units:
            if other != match[0]:
                yield said[: match.start()] + other + said[match.end() :]


def test_no_unit_of_money_can_be_changed_unseen(read: tuple[Account, Page]) -> None:
    account, page = read
    language, seen = account.cells.language, 0
    for block in page.blocks:
        for said in in_other_units(block.text, language) if re.search(r"\d", block.text) else ():
            with pytest.raises(Unaccounted):
                account.sentences.check(Block(block.heading, block.tag, said))
            seen += 1
    for table in page.tables:
        for row in (row for n, row in enumerate(table.rows) if n == 0 or re.search("[1-9]", str(row[1:]))):
            for cell, line in [(one, n) for one in row for n in range(len(one))]:
                before = cell[line]
                for said in in_other_units(before, language):
                    cell[line] = said
                    with pytest.raises(Unaccounted):
                        account.check_table(table)
                    cell[line] = before
                    seen += 1
    assert seen > 20


@pytest.mark.parametrize(("said", "right"), [("1.23 亿元", True), ("12,346 万元", True), ("1.23 万元", False)])
def test_money_is_read_in_the_unit_that_stands_behind_it(said: str, right: bool) -> None:
    number = 123_456_000 * FACTORS[written("public_cost", said, "zh")]
    assert is_shown(numbers(said)[0], number) == right
    for wrong in ("1.23", "1.23 百万元", "1.23 亿元 4 万元"):
        with pytest.raises(Unaccounted):
            written("public_cost", wrong, "zh")


def test_no_sentence_can_be_of_another_policy(read: tuple[Account, Page], facts: Facts) -> None:
    account, page = read
    called = [facts.called(policy, account.cells.language) for policy in facts.policies[1:]]
    names = "|".join(called)
    about = [block for block in page.blocks if block.tag == "li" and re.search(rf"^“?({names})[ ”].*\d", block.text)]
    assert len(about) >= len(called) + 2
    for block in about:
        (said,) = re.findall(rf"^“?({names})", block.text)
        for other in called:
            if other != said:
                with pytest.raises(Unaccounted):
                    account.sentences.check(Block(block.heading, block.tag, block.text.replace(said, other, 1)))


@pytest.mark.parametrize(
    "more",
    [
        "<section><h2>New</h2><table><tr><th>Policy</th></tr><tr><td>12.5 %</td></tr></table></section>",
        "<section><h2>New</h2><div>Of these 12 came back.</div></section>",
        "<table><tr><th>12 months</th></tr></table>",
        "and 12 more",
    ],
)
def test_a_section_that_nothing_accounts_for_may_hold_no_number(read: tuple[Account, Page], more: str) -> None:
    account, _ = read
    account.check(Page(re.sub(r"\d[\d.]*", "", more)))
    with pytest.raises(Unaccounted):
        account.check(Page(more))


@pytest.mark.parametrize(("said", "number", "right"), [("12.3 %", 12.349, True), ("12.3 %", 12.351, False)])
def test_a_number_is_compared_to_the_digit_that_is_shown(said: str, number: float, right: bool) -> None:
    assert is_shown(numbers(said)[0], number) == right
    assert numbers("−1,234 to +5.60") == [(-1234, 0), (5.6, 2)]
