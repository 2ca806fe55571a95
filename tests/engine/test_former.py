"""A record knows who was billed before its window and is not billed in it."""

from datetime import date

import numpy as np
import pytest
from town import NOBODY, Town, billed, instrument, settle

from sim import dates


@pytest.mark.parametrize("policy", [False, True])
def test_the_record_knows_who_was_there_before_its_window(policy: bool) -> None:
    """A window that begins in October, against the same run counted from January on."""
    year = ("run.start=2025-01-01", "run.burn_in_months=6")
    early, late = (settle(*year, f"run.count_from=2025-{month}-01") for month in ("01", "10"))
    tools = [instrument("fee_subsidy", rate=0.5, start=date(2025, 10, 1), until=date(2026, 2, 28))] if policy else []
    whole, part = (town.run(*tools) if policy else town.baseline for town in (early, late))
    bills = billed(whole) != NOBODY
    there = bills[:9].any(axis=0)
    assert len(whole.former), "of the burn-in"
    there[whole.former] = True
    young = late.world.families.birth > dates.school_year_cut(date(2025, 10, 1))
    expected = np.flatnonzero(there & ~bills[9:].any(axis=0) & young)
    assert part.former.tolist() == expected.tolist()
    assert 0 < len(expected) < (there & young).sum()


def test_nobody_who_is_due_in_kindergarten_as_the_window_begins_is_billed_in_it(town: Town) -> None:
    """So that a record may leave them out."""
    due = town.world.families.birth <= dates.school_year_cut(town.day(0))
    assert due.any()
    for record in (town.baseline, town.run(instrument("fee_subsidy", rate=0.5))):
        assert not (billed(record) != NOBODY)[:, due].any()
