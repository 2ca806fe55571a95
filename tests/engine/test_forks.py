"""A policy is a question about one and the same city: the answer never depends on how it is asked."""

import pytest
from town import HAMLET, Town, differences, instrument, own_claims, settle, total

from sim.policy.instrument import Instrument

SOME_KINDS = ["fee_subsidy", "operating_subsidy", "cash_allowance", "voucher_pool", "everything"]


def policy(kind: str, town: Town) -> tuple[Instrument, ...]:
    """A policy of the fourth counted month."""
    start, until = town.day(3, 10), town.day(8, 20)
    tranche = {"months": [0, 47], "face_value": 600.0, "per_round": 150}
    chain = {
        "fee_subsidy": instrument("fee_subsidy", rate=0.2, income_limit=12_000.0, start=start, until=until),
        "operating_subsidy": instrument(
            "operating_subsidy", yuan_per_child=300.0, fee_cut=200.0, standing="any", places=200, start=start
        ),
        "cash_allowance": instrument(
            "cash_allowance", yuan_per_month=2000.0, birth_orders=(2, 3), start=start, until=until
        ),
        "voucher_pool": instrument(
            "voucher_pool", aware_others=0.8, hassle=1.0, tranches=[tranche], start=start, until=until
        ),
    }
    return tuple(chain.values()) if kind == "everything" else (chain[kind],)


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_a_fork_is_the_straight_run(kind: str, town: Town) -> None:
    own = policy(kind, town)
    forked, straight = town.run(*own), town.run(*own, straight=True)
    assert differences(straight, town.baseline), "the policy does something"
    assert differences(forked, straight) == []
    assert (own_claims(forked) == own_claims(straight)).all()
    assert (forked.tranche == straight.tranche).all()


@pytest.mark.parametrize("kind", SOME_KINDS)
def test_a_policy_is_silent_before_it_begins(kind: str, town: Town) -> None:
    record = town.run(*policy(kind, town), straight=True)
    assert differences(record, town.baseline, until=3) == []
    assert not own_claims(record)[:3].any()


def test_the_same_city_twice() -> None:
    one, other = settle(), settle()
    assert differences(one.baseline, other.baseline) == []
    own = policy("everything", one)
    assert differences(one.run(*own), other.run(*own)) == []


def test_policies_run_in_any_order() -> None:
    names = SOME_KINDS[:4]
    one, other = settle(), settle()
    forwards = {n: one.run(*policy(n, one)) for n in names}
    other_baseline_last = {n: other.run(*policy(n, other)) for n in reversed(names)}
    assert all(differences(forwards[n], other_baseline_last[n]) == [] for n in names)
    assert differences(one.baseline, other.baseline) == []
    assert differences(one.run(*policy("voucher_pool", one)), forwards["voucher_pool"]) == [], (
        "nor is anything left behind"
    )


def test_another_replication_is_another_city(town: Town) -> None:
    other = settle(replication=1)
    assert "totals" in differences(other.baseline, town.baseline)
    reseeded = settle("run.seed=8")
    assert "totals" in differences(reseeded.baseline, town.baseline)


@pytest.mark.parametrize(
    "looks",
    [
        "commitment_months=1",
        "commitment_months=10",
        "commitment_spread=0.9",
        "foresight=0",
        "prolonged=1",
        "deferral=1",
    ],
)
def test_looking_ahead_alone_changes_no_baseline_without_relief(looks: str, town: Town) -> None:
    """It weighs what is announced; where there is nothing it weighs nothing."""
    other = settle(f"city.families.{looks}")
    assert differences(other.baseline, town.baseline) == []


def test_names_are_only_names(town: Town, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Kinds and districts by other names make the same city; only what instruments say by name differs."""
    text = HAMLET.read_text(encoding="utf-8")
    for old, new in {
        '"private"': '"甲"',
        '"kindergarten"': '"zzz"',
        '"East"': '"West End"',
        '"Hamlet"': '"Big Apple"',
    }.items():
        assert old in text
        text = text.replace(old, new)
    path = tmp_path_factory.mktemp("renamed") / "other.toml"
    path.write_text(text, encoding="utf-8")
    other = settle(path=path)
    assert differences(other.baseline, town.baseline) == ["groups"]


def test_what_is_not_counted_changes_nothing_that_is(town: Town) -> None:
    """A longer run begins like a shorter one: the future is never looked into."""
    longer = settle("run.until=2026-06-30")
    months = town.baseline.months()
    assert differences(longer.baseline, town.baseline, until=months, but=frozenset({"children"})) == []
    later = settle("run.count_from=2025-06-01")
    assert (later.baseline.totals == town.baseline.totals[:, 3:]).all()
    own = policy("everything", town)
    one, other = town.run(*own), longer.run(*policy("everything", longer))
    skip = frozenset({"children"})
    assert differences(other, one, until=months, but=skip) == []
    assert (own_claims(other)[:months, 1:] == own_claims(one)[:, 1:]).all()


def test_a_policy_that_never_speaks_is_the_baseline(town: Town) -> None:
    assert town.run() is town.baseline
    late = instrument("fee_subsidy", rate=0.5, start=town.day(40), until=town.day(50))
    assert town.replication.run((late,)) is town.baseline


def test_a_checkpoint_is_a_copy(town: Town) -> None:
    month = town.span.counted
    state = town.replication.checkpoint(month)
    state.children.at[:] = -1
    state.offers.fee[:] = 0.0
    state.ledger.book[:] = 1
    assert not (town.replication.checkpoint(month).children.at == -1).all()
    with pytest.raises(KeyError):
        town.replication.checkpoint(month + 1000)


def test_a_whole_city_thinned_is_the_city() -> None:
    """Shares keep when families, institutions and places are thinned alike."""
    whole, half = settle("run.scale=4"), settle("run.scale=2")
    for name in ("children", "enrolled_child_months", "place_thirds", "institutions"):
        ratio = total(whole.baseline, name).sum() / total(half.baseline, name).sum()
        assert 1.85 < ratio < 2.15


@pytest.mark.parametrize("looks", [("commitment_months", 1), ("commitment_spread", 0.9), ("foresight", 0.3)])
@pytest.mark.parametrize("kind", ["fee_subsidy", "voucher_pool"])
def test_a_city_that_looks_otherwise_ahead_forks_from_the_same_baseline(
    kind: str, looks: tuple[str, float], town: Town
) -> None:
    """Nothing stands that touches fees, so there is nothing to weigh before the policy speaks."""
    own, (key, value) = policy(kind, town), looks
    other = settle(f"city.families.{key}={value}")
    forked, there = town.run(*own, outlook=other.world.facts.families), other.run(*own)
    assert differences(forked, there) == []
    assert (own_claims(forked) == own_claims(there)).all()
    assert (forked.tranche == there.tranche).all()
    assert differences(forked, town.run(*own)), "and it matters"
