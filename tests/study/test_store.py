"""Finished jobs on disk: whole or not at all."""

import numpy as np
import pytest

from sim.engine.recorder import STAY_FIELDS, Record
from sim.study import disk, store


def record():
    return Record(
        first=24310,
        groups=("all", "band=infant"),
        kind_cell=np.zeros(1, np.int16),
        totals=np.arange(24).reshape(12, 1, 2),
        city=np.arange(8).reshape(8, 1),
        tranche=np.zeros((8, 1, 0), np.int64),
        claims=np.zeros((1, 1), np.int64),
        turned_away=np.zeros((1, 1), np.int64),
        budgets=np.zeros((4, 1), np.int64),
        fee=np.ones((1, 3, 2)),
        offer_enrolled=np.ones((1, 3, 2), np.int32),
        offer_open=np.ones((1, 3, 2), bool),
        own=np.array([False]),
        instrument_kinds=("cash_allowance",),
        instrument_tiers=np.array([0]),
        lots=np.zeros(0, np.int64),
        lot_entries=np.zeros((0, 3), np.int32),
        children=5,
        stays={name: np.arange(3, dtype=np.int16) for name in STAY_FIELDS},
        stay_cells=np.zeros((3, 3), np.int16),
        stay_birth=np.zeros(3, np.int32),
        stay_day=np.ones(3, np.int8),
        former=np.array([1, 4], np.int32),
        bill_from=np.array([738000], np.int32),
        bill_fees=np.full((1, 3, 2), 150_000),
        claim_child=np.zeros(0, np.int32),
        claim_month=np.zeros(0, np.int16),
        claim_fen=np.zeros(0, np.int32),
        claim_relief=np.zeros(0, np.int32),
        claim_tranche=np.zeros(0, np.int8),
        concentration=np.array([1.5, 2.5]),
        unaided=np.array([3, 0]),
    )


def same(a, b):
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "jobs").mkdir()
    return tmp_path


def test_a_record_comes_back_as_it_was(folder):
    store.save_record(folder, "a" * 32, record())
    back = store.load_record(folder, "a" * 32)
    assert all(same(getattr(record(), f), getattr(back, f)) for f in Record.__dataclass_fields__)
    assert [p.name for p in (folder / "jobs").iterdir()] == ["a" * 32 + ".npz"]


def test_a_missing_record_is_none_and_a_broken_one_is_told(folder):
    assert store.load_record(folder, "b" * 32) is None
    store.save_record(folder, "b" * 32, record())
    path = store.job_path(folder, "b" * 32)
    whole = path.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"x" * 400, whole[:-30] + b"\0" * 30):
        path.write_bytes(broken)
        with pytest.raises(store.DamagedError):
            store.load_record(folder, "b" * 32)


def test_a_whole_archive_with_other_content_is_told(folder):
    """What loads is not yet what was written: a number, a type, a shape, a name or the digest may be another's."""
    store.save_record(folder, "b" * 32, record())
    path = store.job_path(folder, "b" * 32)
    with np.load(path) as stored:
        good = {name: stored[name] for name in stored.files}
    bad = [
        good | {"totals": good["totals"] + 1},
        good | {"totals": good["totals"].astype(float)},
        good | {"totals": good["totals"].reshape(1, 12, 2)},
        good | {"groups": np.array(["all", "band=toddler"])},
        good | {"digest": good["digest"][::-1]},
        good | {"more": np.zeros(1)},
        {name: array for name, array in good.items() if name != "fee"},
        {name: array for name, array in good.items() if name != "digest"},
        {},
    ]
    for arrays in bad:
        np.savez(path, **arrays)
        with pytest.raises(store.DamagedError):
            store.load_record(folder, "b" * 32)
    np.savez(path, **good)
    assert same(store.load_record(folder, "b" * 32).totals, record().totals)


def test_a_record_that_cannot_be_read_is_a_storage_error(folder):
    store.job_path(folder, "b" * 32).mkdir()
    with pytest.raises(disk.StoreError, match="expected to read here"):
        store.load_record(folder, "b" * 32)


def test_a_file_in_the_folders_place_is_a_storage_error(tmp_path):
    (tmp_path / "jobs").write_text("in the way")
    with pytest.raises(disk.StoreError, match="expected to write here"):
        store.save_record(tmp_path, "c" * 32, record())


def test_only_named_jobs_stay(folder):
    a, b, c = ("a" * 32, "b" * 32, "c" * 32)
    for job in (a, b):
        store.save_record(folder, job, record())
    (folder / "jobs" / f"{c}.npz.77.part").write_text("half")
    (folder / "jobs" / "holiday.npz").write_text("someone's")
    store.remove_other_jobs(folder, {b})
    assert sorted(p.name for p in (folder / "jobs").iterdir()) == [f"{b}.npz", "holiday.npz"]


def test_a_hash_depends_on_content_not_on_order():
    assert store.digest_of({"a": 1, "b": [2]}) == store.digest_of({"b": [2], "a": 1})
    assert store.digest_of({"a": 1}) != store.digest_of({"a": 2})
