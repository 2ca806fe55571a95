"""What several instruments open is thinned as one number: none is made up, and none lost that there is room for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from town import instrument

from sim.policy.thinning import thinned

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6)
SCALES = st.one_of(st.sampled_from([0.02, 0.05, 0.15, 0.5, 1.0, 2.0]), st.floats(0.01, 3))


def provision(sites, **more):
    return instrument("public_provision", sites=sites, **more)


@pytest.mark.parametrize(("kind", "parameter"), [("public_provision", "sites"), ("kindergarten_conversion", "classes")])
@given(counts=COUNTS, scale=SCALES)
def test_many_open_as_many_as_one_would(kind, parameter, counts, scale) -> None:
    """In whatever order; each within one of its share, and one at least of whatever is opened."""
    chain = [instrument(kind, **{parameter: count}) for count in counts]
    got = [getattr(i, parameter) for i in thinned(chain, scale)]
    (alone,) = thinned([instrument(kind, **{parameter: sum(counts)})], scale)
    assert sum(got) == sum(getattr(i, parameter) for i in thinned(chain[::-1], scale)) == getattr(alone, parameter)
    assert sum(got) == (max(round(scale * sum(counts)), 1) if sum(counts) else 0)
    wanted = np.array(counts) * (sum(got) / max(sum(counts), 1))
    assert np.abs(np.array(got) - wanted).max() < 1
    if scale == 1:
        assert got == counts


def test_each_kind_is_thinned_by_itself() -> None:
    chain = [provision(1), provision(1, of_kind="kindergarten"), instrument("kindergarten_conversion", classes=1)]
    assert [o.count for i in thinned(chain, 0.05) if (o := i.opening()) is not None] == [1, 1, 1]
