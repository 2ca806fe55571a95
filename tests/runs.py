"""A small finished run of the hamlet, for tests of what is said of finished runs."""

from pathlib import Path

from town import HAMLET

from sim.scenario.schema import load
from sim.study.run import run

VOUCHERS = (
    "{name = 'vouchers', instrument = [{kind = 'voucher_pool', source = 'a test', start = 2025-03-10,"
    " until = 2025-05-31, redeem_at = 'any', aware_others = {value = 0.8, low = 0.2, high = 0.9, source = 'a test'},"
    " tranches = [{months = [0, 47], face_value = 1500, per_round = 150}]}]}"
)
SUBSIDY = (
    "{name = 'subsidy', instrument = [{kind = 'fee_subsidy', source = 'a test', start = 2025-04-01,"
    " until = 2025-05-31, rate = 0.5}]}"
)
CENTRES = (  # posted fees must fall by the cut, so that something is passed on
    "{name = 'centres', instrument = [{kind = 'operating_subsidy', source = 'a test', start = 2025-04-01,"
    " until = 2025-05-31, yuan_per_child = 600, fee_cut = 400, places = 200, standing = 'any'}]}"
)
POLICIES = f"policy = [{{name = 'baseline'}}, {VOUCHERS}, {SUBSIDY}, {CENTRES}]"
SHORT = ("run.until = 2025-06-30", "run.burn_in_months = 2")


def finished(home: Path, *settings: str, replications: int = 3) -> Path:
    """The results folder of a short run of the hamlet under four policies, settings of the command line applied."""
    scenario = load(HAMLET, [*SHORT, POLICIES, f"run.replications = {replications}", *settings])
    study = run(scenario, home, workers=1)
    assert not study.failures
    return study.folder
