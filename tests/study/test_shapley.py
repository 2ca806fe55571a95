"""The split of a policy among its instruments: the value's axioms, and whole studies that obey them."""

from itertools import permutations
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from town import HAMLET, instrument

from sim.report.tables import Results, terminal_split
from sim.scenario.faults import BadScenario
from sim.scenario.schema import load
from sim.study import intervals
from sim.study.plan import make_plan
from sim.study.run import run
from sim.study.shapley import SPLIT, labels, parts

GAMES = st.integers(1, 4).flatmap(lambda n: arrays(float, (2**n, 2), elements=st.floats(-1e6, 1e6)))


@given(GAMES)
def test_a_part_is_the_mean_of_what_is_added_over_all_orders(values) -> None:
    n = len(values).bit_length() - 1
    orders = list(permutations(range(n)))
    found = np.zeros((n, values.shape[1]))
    for order in orders:
        inside = 0
        for i in order:
            found[i] += (values[inside | 1 << i] - values[inside]) / len(orders)
            inside |= 1 << i
    assert parts(values) == pytest.approx(found, abs=1e-6)
    assert parts(values).sum(axis=0) == pytest.approx(values[-1] - values[0], abs=1e-6)


@pytest.mark.parametrize("n", range(1, 7))
def test_parts_add_up_whatever_the_values(n: int) -> None:
    total = parts(np.eye(2**n)).sum(axis=0)
    assert total[[0, -1]] == pytest.approx([-1, 1])
    assert total[1:-1] == pytest.approx(0)


@given(GAMES, st.data())
def test_who_adds_nothing_has_no_part_and_equals_have_equal_ones(values, data) -> None:
    n = len(values).bit_length() - 1
    i, j = data.draw(st.integers(0, n - 1)), data.draw(st.integers(0, n - 1))
    sets = np.arange(2**n)
    assert not parts(values[sets & ~(1 << i)])[i].any()
    swapped = [(s & ~(1 << i | 1 << j)) | (s >> i & 1) << j | (s >> j & 1) << i for s in sets]
    alike = parts(values + values[swapped])
    assert alike[i] == pytest.approx(alike[j], abs=1e-6)


def test_instruments_of_a_kind_are_numbered() -> None:
    fee, cash = instrument("fee_subsidy"), instrument("cash_allowance")
    assert labels((fee, cash)) == ("fee_subsidy", "cash_allowance")
    assert labels((fee, cash, fee)) == ("fee_subsidy 1", "cash_allowance", "fee_subsidy 2")


# ---------------------------------------------------------------------------------------------------------
# whole studies

FEE = '  [[policy.instrument]]\n  kind = "fee_subsidy"\n  rate = 0.2\n'
TEN = '  [[policy.instrument]]\n  kind = "fee_subsidy"\n  amount = 300\n'
IDLE = '  [[policy.instrument]]\n  kind = "operating_subsidy"\n'
POOL = """  [[policy.instrument]]
  kind = "voucher_pool"
  aware_others = 0.9
  redeem_at = "any"
  tranches = [{ months = [0, 47], face_value = 900, per_round = 40 }]
"""
POLICIES = {"fee": FEE, "package": FEE + IDLE + POOL, "twins": TEN + TEN}


def written(folder: Path, split: str, policies: dict[str, str] | None = None) -> Path:
    """A short study of the hamlet."""
    listed = "".join(
        f'[[policy]]\nname = "{name}"\nsource = "a test"\n{chain}' for name, chain in (policies or POLICIES).items()
    )
    text = HAMLET.read_text(encoding="utf-8").replace("until = 2026-02-28", "until = 2025-06-30")
    text = text.replace("replications = 1", "replications = 2", 1)
    path = folder / "split.toml"
    path.write_text(f"{text}\n{listed}\n[split]\npolicy = {split}\n", encoding="utf-8")
    return path


def test_sub_policies_share_what_is_the_same(tmp_path: Path) -> None:
    plan = make_plan(load(written(tmp_path, '["package", "twins"]')))
    assert [arm.name for arm in plan.arms if arm.role == "split"] == ["package[3]", "twins[1]"]
    package, twins = plan.splits["package"], plan.splits["twins"]
    assert [key[1] for key in package] == [
        "baseline", "fee", "baseline", "fee", "package[3]", "package", "package[3]", "package",
    ]  # fmt: skip
    assert [key[1] for key in twins] == ["baseline", "twins[1]", "twins[1]", "twins"]
    assert len(plan.jobs()) == 2 * 6


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("split")
    study = run(load(written(folder, '["package", "twins"]')), folder, workers=1)
    assert not study.failures
    return Results.load(study.folder)


def test_parts_add_up_to_the_policys_difference_from_the_baseline(results: Results) -> None:
    for policy in ("package", "twins"):
        found = results.parts(policy)
        whole = found.pop("all")
        for key in SPLIT:
            assert sum(part[key].value for part in found.values()) == pytest.approx(whole[key].value)
            assert all(part[key].bounded for part in found.values())
            entry = results.entry(policy, key)
            change = entry.change if key == "mean_fee" else entry.own
            assert whole[key].value == pytest.approx(change.value, abs=1e-9)
        assert whole["added_child_months"].value != 0


def test_the_mean_fees_interval_is_that_of_its_paired_difference(results: Results) -> None:
    whole, change = results.parts("package")["all"]["mean_fee"], results.entry("package", "mean_fee").change
    assert (whole.low, whole.high) == pytest.approx((change.low, change.high), abs=1e-9)


def test_an_idle_instrument_does_nothing_and_twins_do_the_same(results: Results) -> None:
    idle = results.parts("package")["operating_subsidy"]
    assert all(idle[key].value == idle[key].low == idle[key].high == 0 for key in SPLIT)
    first, second = (results.parts("twins")[f"fee_subsidy {n}"] for n in (1, 2))
    assert first == second
    assert first["public_cost"].value > 0


def test_only_the_split_tells_of_sub_policies(results: Results) -> None:
    names = {"baseline", *POLICIES}
    assert set(results.summary["policy"]) == set(results.monthly["policy"]) == names
    assert {p["name"] for p in results.manifest["policies"]} == names
    assert set(results.split["policy"]) == {"package", "twins"}
    assert terminal_split(results).row_count == 4 + 3


def test_a_split_that_is_taken_back_leaves_no_table(tmp_path: Path) -> None:
    short = ("run.replications=1", "run.until=2025-03-31")
    path = written(tmp_path, '"twins"', {"twins": TEN + TEN})
    folder = run(load(path, short), tmp_path, workers=1).folder
    assert pl.read_csv(folder / "split.csv")["low"].null_count() == 3 * len(SPLIT), "one replication, no intervals"
    text = path.read_text(encoding="utf-8").partition("[split]")[0]
    path.write_text(text, encoding="utf-8")
    run(load(path, short), tmp_path, workers=1)
    assert not (folder / "split.csv").exists()


@pytest.mark.parametrize(
    ("split", "expected"),
    [
        ('"nobody"', "one of baseline, one, two, seven"),
        ('["one", "nobody"]', "split.policy[1]"),
        ('"one"', "2 to 6 instruments; this one has 1"),
        ('"seven"', "2 to 6 instruments; this one has 7"),
        ('"baseline"', "this one has 0"),
        ("[]", "split.policy"),
        ("3", "split.policy"),
        ('["two", "two"]', "each of them once"),
        ('"two"\nrate = 3', "split.rate"),
    ],
)
def test_what_cannot_be_split_is_refused(split: str, expected: str, tmp_path: Path) -> None:
    policies = {"one": FEE, "two": FEE * 2, "seven": FEE * 7}
    with pytest.raises(BadScenario) as refused:
        load(written(tmp_path, split, policies))
    assert expected in str(refused.value)


def test_the_whole_is_a_mean_of_paired_differences() -> None:
    """As every paired interval here: Student's over replications."""
    values = np.array([[0.0, 0.0, 0.0], [1.0, 2.0, 4.0]])
    assert intervals.mean(parts(values)[0]) == intervals.mean(np.array([1.0, 2.0, 4.0]))
