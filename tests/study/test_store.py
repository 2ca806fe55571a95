"""Finished jobs on disk: whole or not at all."""

import numpy as np
import pytest

from sim.engine.recorder import STAY_FIELDS, Record
from sim.study import store


def record():
    return Record(
        first=24310,
        groups=("all", "band=infant"),
        totals=np.arange(24).reshape(12, 1, 2),
        city=np.arange(8).reshape(8, 1),
        tranche=np.zeros((8, 1, 0), np.int64),
        claims=np.zeros((1, 1), np.int64),
        fee=np.ones((1, 3, 2)),
        offer_bills=np.ones((1, 3, 2), np.int32),
        own=np.array([False]),
        instrument_kinds=("cash_allowance",),
        instrument_tiers=np.array([0]),
        children=5,
        stays={name: np.arange(3, dtype=np.int16) for name in STAY_FIELDS},
        stay_cells=np.zeros((3, 3), np.int16),
        claim_child=np.zeros(0, np.int32),
        claim_month=np.zeros(0, np.int16),
        claim_fen=np.zeros(0, np.int32),
        claim_tranche=np.zeros(0, np.int8),
        concentration=np.array([1.5, 2.5]),
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


def test_a_missing_or_broken_record_is_none(folder):
    assert store.load_record(folder, "b" * 32) is None
    store.save_record(folder, "b" * 32, record())
    path = store.job_path(folder, "b" * 32)
    whole = path.read_bytes()
    for broken in (b"", whole[: len(whole) // 2], b"x" * 400, whole[:-30] + b"\0" * 30):
        path.write_bytes(broken)
        assert store.load_record(folder, "b" * 32) is None


def test_a_file_in_the_folders_place_is_a_storage_error(tmp_path):
    (tmp_path / "jobs").write_text("in the way")
    with pytest.raises(store.StoreError, match="expected to write here"):
        store.save_record(tmp_path, "c" * 32, record())


def test_only_named_jobs_stay(folder):
    for job in ("a", "b"):
        store.save_record(folder, job, record())
    (folder / "jobs" / "c.npz.77.part").write_text("half")
    store.remove_other_jobs(folder, {"b"})
    assert [p.name for p in (folder / "jobs").iterdir()] == ["b.npz"]


def test_a_hash_depends_on_content_not_on_order():
    assert store.digest_of({"a": 1, "b": [2]}) == store.digest_of({"b": [2], "a": 1})
    assert store.digest_of({"a": 1}) != store.digest_of({"a": 2})
