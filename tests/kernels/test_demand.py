"""Expected demand against the logit written out family by family, and its slopes against differences."""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from town import NOBODY, PLAIN_LOGIT, SERVICES, SETTLED, Town, instrument, settle

from sim import dates
from sim.engine.city import RunningCity
from sim.kernels import demand
from sim.kernels.columns import AMOUNT, BAND_OF_PART, CEILING, RATE, VOUCHER, Tariff

HERE = Path(__file__).parents[1]
DAY = date(2025, 10, 31)
BRIEF = ("run.until=2025-10-31", "run.burn_in_months=2")
STEP = 4.0  # yuan by which a fee is moved up and down to see what demand does
# a subsidy that reaches its ceiling at 2,000 yuan and ends before an entrant's commitment does, and vouchers
SUBSIDY = instrument("fee_subsidy", rate=0.3, ceiling=600.0, start=date(2025, 1, 1), until=date(2025, 11, 30))
POOL = instrument("voucher_pool", redeem_at="any", tranches=[{"months": [0, 47], "face_value": 800.0, "per_round": 1}])


@dataclass(frozen=True)
class Heard:
    """What institutions heard: children expected, those lost per yuan, (3, J); and gained by a chain's, (3, J, R)."""

    children: NDArray[np.float64]
    slope: NDArray[np.float64]
    cross: NDArray[np.float64]


@dataclass(frozen=True)
class City:
    """A town at the end of its window, whose institutions can ask again and again.

    value : float32 (4, J)  of the offers, also of those of sites without an institution
    runs : float64 (J,)  1 where there is one
    """

    town: Town
    simulation: RunningCity
    value: NDArray[np.float32]
    runs: NDArray[np.float64]

    @classmethod
    def of(cls, town: Town, holders: float = 0.0) -> "City":
        """holders : share of the children to whom vouchers are given"""
        simulation = town.replication.baseline_city
        state = simulation.state
        if holders > 0:
            chosen = np.random.default_rng(3).random(len(town.world.families)) < holders
            state.vouchers.face[0] = np.where(chosen, 80_000, 0)
            state.children.held[:] = chosen
        simulation.write_tariff(DAY)
        market = simulation.cache.market
        return cls(
            town,
            simulation,
            market.value(state, np.zeros((len(state.market.sites.runs), 3)), if_open=True),
            state.market.sites.runs.astype(float),
        )

    @property
    def edges(self) -> NDArray[np.int64]:
        days = [dates.date_in(dates.month_of(DAY), d) for d in range(1, dates.DECISION_DAYS + 1)]
        return np.array([self.simulation.cache.edges(day) for day in days])

    def ask(
        self,
        runs: NDArray[np.float64] | None = None,
        value: NDArray[np.float32] | None = None,
        weighed: demand.Weighed | None = None,
        coming: NDArray[np.float64] | None = None,
    ) -> Heard:
        owners, j = self.simulation.cache.market.owners, len(self.runs)
        expected, cross = np.zeros((2, 3, j)), np.zeros((3, j, owners.size if owners.size > 1 else 0))
        demand.expect(
            self.edges, self.value if value is None else value, self.runs if runs is None else runs,
            np.zeros(j) if coming is None else coming,
            owners.rank, owners.owner, self.simulation.inputs,
            weighed or demand.Weighed.nothing(self.simulation.inputs.tariff), expected, cross,
        )  # fmt: skip
        return Heard(expected[demand.EXPECTED], expected[demand.SLOPE], cross)

    def at_fee(self, j: int, band: int, more: float) -> Heard:
        """What would be heard were one fee higher."""
        fee = self.simulation.state.offers.fee
        before = fee[j, band]
        fee[j, band] = before + more
        self.simulation.write_tariff(DAY)
        heard = self.ask()
        fee[j, band] = before
        self.simulation.write_tariff(DAY)
        return heard

    def on_other_terms(self, more: float) -> Tariff:
        """The tariff were all fees higher."""
        return self.simulation.tariff_on(DAY, DAY, asked=self.simulation.state.offers.fee + more)

    def fall(self, j: int, band: int) -> NDArray[np.float64]:
        """Children of that band each institution loses per yuan of one fee, by differences, (J,)."""
        low, high = self.at_fee(j, band, -STEP).children[band], self.at_fee(j, band, STEP).children[band]
        return (low - high) / (2 * STEP)

    def families(self) -> Sequence[tuple[int, int]]:
        """Rows and parts of all families who may choose."""
        return [(i, 3 - q) for day in self.edges for q in range(4) for i in range(day[q], day[q + 1])]

    def utilities(self, i: int, part: int) -> NDArray[np.float64]:
        """A family's candidates above staying out, without shocks, (K,): at what it perceives as an entrant."""
        inputs, band = self.simulation.inputs, BAND_OF_PART[part]
        j, g = inputs.candidate[i].astype(int), int(inputs.children.group[i])
        tariff, alpha = inputs.tariff, float(inputs.children.alpha[i])
        fee = tariff.entry.reshape(-1, 3, len(self.runs))[g, band, j].astype(float)
        if inputs.children.held[i]:
            months, later, _ = tariff.spread.reshape(3, -1, 3, len(self.runs))[:, g, band, j]
            fee = (self.net(i, g, band, True)[j] + later / 100) / months
        worth = inputs.fixed[i].astype(float) + self.value[part, j]
        return np.asarray(worth - alpha * fee - float(inputs.outside[i]))

    def net(self, i: int, g: int, band: int, counted: bool) -> NDArray[np.float64]:
        """What a child would pay today at each institution, with its vouchers or without, (J,)."""
        tariff = self.simulation.inputs.tariff
        net = tariff.posted[band]
        for s in range(tariff.terms.shape[1]):
            rate, amount, ceiling = (
                tariff.stages[row, s, g % tariff.stages.shape[2], band] for row in (RATE, AMOUNT, CEILING)
            )
            pool = tariff.terms[VOUCHER, s]
            if pool != NOBODY:
                amount = amount * self.simulation.state.vouchers.face[pool, i] / 100 * counted
            net = net - np.minimum(net, np.minimum(ceiling, amount + rate * net))
        return net

    def written_out(self, coming: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Expected children by band and institution, family by family, (3, J).

        coming : 1 for those of the others that are about to open, with whom one more would share
        """
        out, about = np.zeros((3, len(self.runs))), np.zeros(len(self.runs)) if coming is None else coming
        candidate = self.simulation.inputs.candidate.astype(int)
        for i, part in self.families():
            j = candidate[i]
            odds = np.exp(np.maximum(self.utilities(i, part), -700.0))
            others = 1 + (odds * self.runs[j]).sum() - odds * self.runs[j]
            others += np.where(self.runs[j] == 0, (odds * about[j]).sum() - odds * about[j], 0.0)
            out[BAND_OF_PART[part], j] += odds / (others + odds)
        return out


@pytest.fixture(scope="module")
def tastes() -> City:
    """Families of every taste in a town with chains and with sites that nobody has taken."""
    return City.of(settle(*BRIEF, standing=(SUBSIDY, POOL)), holders=0.3)


@pytest.fixture(scope="module")
def vouchers_first() -> City:
    """The same with the law's order turned: the subsidy is of what vouchers leave."""
    return City.of(settle(*BRIEF, standing=(POOL, SUBSIDY)), holders=0.3)


@pytest.fixture(scope="module")
def services() -> City:
    """Institutions with half days and hours beside full days."""
    return City.of(settle(*BRIEF, *SERVICES, standing=(SUBSIDY, POOL)), holders=0.3)


def test_families_all_alike_are_a_plain_logit() -> None:
    shares = ("[0.3, 0.4, 0.3, 0]", "[0.2, 0.4, 0.4, 0]", "[0.3, 0.3, 0.4, 0]")  # no mixed class: bands are markets
    pure = (f"city.supply.kind[{k}].class_shares={share}" for k, share in enumerate(shares))
    city = City.of(settle(*PLAIN_LOGIT, *SETTLED, *pure, *BRIEF, standing=()))
    facts, state = city.town.scenario.city.families, city.simulation.state
    v = np.array(facts.band_taste)[:, None] - facts.sensitivity * state.offers.fee.T
    v += facts.sensitivity * facts.quality_yuan * city.town.world.institutions.quality
    odds = np.where(state.offers.places[:, :3].T > 0, np.exp(v), 0.0)
    share = odds / (1 + odds.sum(axis=1, keepdims=True))
    children = np.bincount([BAND_OF_PART[part] for _, part in city.families()])[:, None]
    heard = city.ask()
    assert children.min() > 300
    assert heard.children == pytest.approx(children * share, rel=1e-5)
    assert heard.slope == pytest.approx(children * share * (1 - share) * facts.sensitivity, rel=1e-3)


@pytest.mark.parametrize("name", ["tastes", "vouchers_first"])
def test_demand_is_the_logit_of_all_families(name: str, request: pytest.FixtureRequest) -> None:
    city: City = request.getfixturevalue(name)
    heard = city.ask().children
    assert (city.runs == 0).any()
    assert heard.sum() > 300
    assert heard == pytest.approx(city.written_out(), rel=1e-5, abs=1e-9)


def test_one_more_shares_with_those_that_are_about_to_open(tastes: City) -> None:
    """Those that run share with nobody yet."""
    shut = np.flatnonzero(tastes.runs == 0)
    coming = np.zeros(len(tastes.runs))
    coming[shut[::2]] = 1.0
    heard, alone = tastes.ask(coming=coming).children, tastes.ask().children
    assert heard == pytest.approx(tastes.written_out(coming), rel=1e-5, abs=1e-9)
    assert (heard[:, tastes.runs == 1] == alone[:, tastes.runs == 1]).all()
    assert (heard[:, shut] <= alone[:, shut] * (1 + 1e-12)).all()
    assert (heard[:, shut] < 0.98 * alone[:, shut]).any()


def test_families_who_are_passed_over_would_hardly_come() -> None:
    """Where tastes differ so much that many never come, they are missed by less than a hundred-thousandth."""
    city = City.of(settle(*BRIEF, "city.families.taste_sd=9", standing=(SUBSIDY,)))
    best = np.array([city.utilities(i, part).max() for i, part in city.families()])
    assert (best < -20).sum() > 50, "far below the bound"
    assert city.ask().children == pytest.approx(city.written_out(), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("name", ["tastes", "vouchers_first"])
def test_the_slope_is_what_a_dearer_fee_loses(name: str, request: pytest.FixtureRequest) -> None:
    """With a subsidy below and at its ceiling, and with vouchers in a third of the hands."""
    city: City = request.getfixturevalue(name)
    heard, fee, seen = city.ask(), city.simulation.state.offers.fee, [0, 0]
    for j, band in np.argwhere(heard.children.T > 0.5):
        if min(abs(fee[j, band] - 2000), abs(fee[j, band] - 2800)) < 2 * STEP:
            continue  # a kink, where there are two slopes
        assert heard.slope[band, j] == pytest.approx(city.fall(j, band)[j], rel=1e-3)
        seen[int(fee[j, band] > 2000)] += 1
    assert min(seen) > 5


def test_a_chain_hears_what_its_others_gain(tastes: City) -> None:
    heard, owners, seen = tastes.ask(), tastes.simulation.cache.market.owners, 0
    fee = tastes.simulation.state.offers.fee
    for j, band in np.argwhere(heard.children.T > 0.5):
        if tastes.runs[j] == 0 or min(abs(fee[j, band] - 2000), abs(fee[j, band] - 2800)) < 2 * STEP:
            continue
        kin = np.flatnonzero((owners.owner == owners.owner[j]) & (np.arange(len(tastes.runs)) != j))
        gained = np.zeros(heard.cross.shape[2])
        gained[owners.rank[kin]] = -tastes.fall(j, band)[kin]
        assert heard.cross[band, j] == pytest.approx(gained, rel=2e-3, abs=1e-6)
        seen += int((gained > 1e-4).sum())
    assert seen > 3


def test_a_site_hears_what_one_there_alone_would_find(tastes: City) -> None:
    heard = tastes.ask()
    for j in np.flatnonzero(tastes.runs == 0):
        runs = tastes.runs.copy()
        runs[j] = 1.0
        opened = tastes.ask(runs=runs)
        assert heard.children[:, j] == pytest.approx(opened.children[:, j], rel=1e-12)
        assert heard.slope[:, j] == pytest.approx(opened.slope[:, j], rel=1e-12)
        assert heard.children[:, j].sum() > 0.5
        assert (opened.children - heard.children)[:, tastes.runs > 0].sum() < -0.1, "and would take from the others"


def test_those_that_run_do_not_hear_of_empty_sites(tastes: City) -> None:
    empty, runs = tastes.runs == 0, tastes.runs > 0
    better = tastes.value.copy()
    better[:, empty] += np.float32(0.5)
    heard, anyway = tastes.ask(), tastes.ask(value=better)
    assert np.array_equal(heard.children[:, runs], anyway.children[:, runs])
    assert (anyway.children[:, empty].sum(axis=0) > heard.children[:, empty].sum(axis=0)).all()


def test_the_exponential_has_twelve_digits() -> None:
    x = np.concatenate([np.linspace(-700, 700, 20_001), np.linspace(-1, 1, 20_001), [0.0, -0.0]])
    exponential: Callable[[NDArray[np.float64]], NDArray[np.float64]] = demand.exp.py_func
    assert np.abs(exponential(x) / np.exp(x) - 1).max() < 1e-12


SCRIPT = """
import sys
sys.path.insert(0, sys.argv[2])
import numpy as np
from test_demand import BRIEF, POOL, SUBSIDY, City, settle
heard = City.of(settle(*BRIEF, "run.scale=0.1", standing=(SUBSIDY, POOL)), holders=0.3).ask()
np.savez(sys.argv[1], **vars(heard))
"""


def test_uncompiled_it_hears_the_same(tmp_path: Path) -> None:
    heard = []
    for disabled in ("0", "1"):
        out = tmp_path / f"{disabled}.npz"
        path = os.pathsep.join([str(HERE), str(HERE.parent)])
        env = {**os.environ, "NUMBA_DISABLE_JIT": disabled, "PYTHONPATH": path}
        # NumPy's own scalars warn where compiled integers wrap round, as Philox means them to
        done = subprocess.run(
            [sys.executable, "-W", "ignore::RuntimeWarning", "-c", SCRIPT, str(out), str(Path(__file__).parent)],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with np.load(out) as arrays:
            heard.append({name: arrays[name] for name in arrays.files})
    compiled, plain = heard
    assert compiled["children"].sum() > 10
    assert (compiled["slope"] > 0).any()
    for name, values in compiled.items():
        assert np.array_equal(values, plain[name]), name


@pytest.mark.parametrize("name", ["tastes", "vouchers_first", "services"])
def test_demand_on_other_terms_is_what_an_institution_alone_on_them_would_hear(
    name: str, request: pytest.FixtureRequest
) -> None:
    """A thousand yuan down inside and three hundred up outside; with all its services, whoever stands on neither."""
    city: City = request.getfixturevalue(name)
    institutions, falls = city.town.world.institutions, (-1000.0, 300.0)
    who = (institutions.site % 3 == 0) & (city.runs > 0)
    heard = [city.on_other_terms(more) for more in falls]
    weighed = demand.Weighed(who, *heard, np.zeros((2, 3, len(who))))
    today = city.ask(weighed=weighed)
    assert (today.children == city.ask().children).all(), "asking of other terms changes nothing"
    assert not weighed.children[:, :, ~who].any()
    fee, far = city.simulation.state.offers.fee, 0
    for site in np.unique(institutions.site[who]):
        services = institutions.site == site
        for n, more in enumerate(falls):
            before = fee.copy()
            fee[services] += more
            city.simulation.write_tariff(DAY)
            alone = city.ask().children[:, services]
            fee[:] = before
            city.simulation.write_tariff(DAY)
            assert weighed.children[n][:, services] == pytest.approx(alone, rel=1e-5, abs=1e-9)
            far += int((alone > 1.3 * today.children[:, services]).any())
    assert far >= 2, "the fall brings many"
