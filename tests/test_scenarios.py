"""The scenario files that come with the program: they load, every number has a source, the question is asked fairly."""

from pathlib import Path

import pytest

from sim.policy.menu import menu
from sim.scenario.schema import load
from sim.study.plan import make_plan

FILES = sorted((Path(__file__).resolve().parents[1] / "scenarios").glob("*.toml"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_every_number_has_a_source(file):
    scenario = load(file)
    assert make_plan(scenario).arms[0].own == (), "the first policy is the baseline"
    assert [e.key for e in scenario.document.evidence if e.source is None] == []


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.stem)
def test_fitted_numbers_are_inside_their_ranges_and_say_what_they_were_fitted_to(file):
    fitted = [e for e in load(file).document.evidence if e.source and e.source.startswith("fitted to")]
    assert {e.key.rpartition(".")[2].partition("[")[0] for e in fitted} >= {"sensitivity", "taste_sd", "band_taste"}
    for e in fitted:
        assert e.low is not None
        assert e.high is not None
        assert e.low <= e.value <= e.high


def test_xian_offers_what_the_city_announced():
    """1,800 vouchers a month for eight months, 8.0 million yuan in all (Shaanxi Daily, 12 November 2025)."""
    scenario = load(FILES[[f.stem for f in FILES].index("xian_vouchers")])
    for policy in scenario.policies:
        for pool in policy.instruments:
            if isinstance(pool, menu()["voucher_pool"]):
                pool = pool.within(scenario.run.counted_from, scenario.run.until)
                rounds = len(pool.round_days())
                assert rounds == 8
                assert rounds * sum(t.per_round for t in pool.tranches) == 14_400
                assert rounds * sum(t.per_round * t.face_value for t in pool.tranches) == 8_000_000
