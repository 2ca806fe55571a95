"""The kernels as plain Python give the same record: no number changes its width by being compiled."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).parents[1]

# vouchers, a subsidy that runs dry, institutions that are paid, and cash, in a hundred-odd children of whom some have
# been in care before, which has taught them and left a habit
SCRIPT = """
import sys
import numpy as np
from town import instrument, settle, total
town = settle(
    "run.scale=0.03", "run.until=2025-06-30", "run.burn_in_months=2",
    "city.supply.institutions=200", "city.supply.places=8000",
    "city.families.quality_seen=0.5", "city.families.habit_yuan=250",
)
record = town.run(
    instrument("fee_subsidy", rate=0.1, budget=60_000.0, start=town.day(0, 11)),
    instrument("operating_subsidy", yuan_per_child=123.456, fee_cut=99.99, standing="any", start=town.day(0)),
    instrument("voucher_pool", hassle=1.0, aware_others=0.9, start=town.day(0, 5), redeem_at="any",
               tranches=[{"months": [0, 47], "face_value": 777.77, "per_round": 900}]),
)
arrays = {name: value for name, value in vars(record).items() if isinstance(value, np.ndarray)}
np.savez(sys.argv[1], **arrays, **{f"stays {name}": column for name, column in record.stays.items()})
"""


def test_kernels_run_uncompiled_give_the_same_record(tmp_path: Path) -> None:
    records = []
    for disabled in ("0", "1"):
        out = tmp_path / f"{disabled}.npz"
        env = {
            **os.environ,
            "NUMBA_DISABLE_JIT": disabled,
            "PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)]),
        }
        # NumPy's own scalars warn where compiled integers wrap round, as Philox means them to
        done = subprocess.run(
            [sys.executable, "-W", "ignore::RuntimeWarning", "-c", SCRIPT, str(out)],
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        with np.load(out) as arrays:
            records.append({name: arrays[name] for name in arrays.files})
    compiled, plain = records
    assert compiled.keys() == plain.keys()
    assert compiled["totals"][:, :, 0].any(axis=1).sum() >= 10, "there is something to compare"
    assert (compiled["claims"].sum(axis=0) > 0).all()
    assert (compiled["tranche"].sum(axis=(1, 2)) > 0).sum() >= 6
    assert [name for name in compiled if not np.array_equal(compiled[name], plain[name])] == []
    assert [name for name in compiled if compiled[name].dtype != plain[name].dtype] == []
