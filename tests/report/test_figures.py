"""The figures: drawn when their data exist, the same bytes each time, whatever the policies are called."""

import itertools
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import polars as pl
import pytest

from sim.report import canvas, frontier, labels
from sim.report.figures import DRAWINGS, draw_all
from sim.report.tables import Estimate, Results

from .made_up import HOSTILE, build

ALL = {f"{stem}.{kind}" for stem in DRAWINGS for kind in ("png", "svg")}


@pytest.fixture(scope="session")
def drawn(written: list[Path]) -> Path:
    return written[0].parent


def test_every_figure_is_drawn_and_nothing_else_is_left(drawn: Path) -> None:
    assert {path.name for path in drawn.iterdir()} == ALL


def test_the_same_results_give_the_same_bytes_whatever_the_reader_s_settings(
    study: Results, drawn: Path, folder: Path
) -> None:
    with matplotlib.rc_context({"lines.linewidth": 9, "text.parse_math": True}):
        before = dict(matplotlib.rcParams)
        again = draw_all(study, folder)
        assert dict(matplotlib.rcParams) == before
    assert {path.name for path in again} == ALL
    for path in again:
        assert path.read_bytes() == (drawn / path.name).read_bytes(), path.name


def test_policies_may_be_called_anything(folder: Path) -> None:
    # the vouchers that a sweep starts from, under a name that would be mathematics
    results = build(names=HOSTILE, replications=2, count=14)
    results.manifest["sweep"]["arms"][4]["name"] = HOSTILE[1]
    assert {path.name for path in draw_all(results, folder)} == ALL


def test_files_carry_neither_date_nor_program(drawn: Path) -> None:
    for path in drawn.iterdir():
        content = path.read_bytes()
        assert b"Software" not in content
        assert b"<dc:date>" not in content
        assert b"https://matplotlib" not in content


def test_svgs_are_well_formed_and_load_nothing(drawn: Path) -> None:
    for path in drawn.glob("*.svg"):
        for element in ElementTree.parse(path).iter():
            assert not element.tag.endswith(("script", "image", "foreignObject"))
            for name, value in element.attrib.items():
                if name.endswith("href"):
                    assert value.startswith("#")


def test_what_has_no_data_is_not_drawn_and_goes_if_it_is_old(folder: Path) -> None:
    (folder / "figures").mkdir()
    (folder / "figures" / "frontier.svg").write_text("old", encoding="utf-8")
    (folder / "figures" / "mine.svg").write_text("mine", encoding="utf-8")
    results = build(names=("baseline", "fee"), replications=1, count=14, sweep=False)
    # a fork has no months of its own before it begins
    late = results.monthly.filter((pl.col("policy") == "baseline") | (pl.col("month").dt.year() > 2024))
    written = draw_all(Results(results.summary, late, results.manifest), folder)
    stems = {path.stem for path in written}
    assert stems == {"take_up", "public_cost", "who_gains", "market"}
    assert {path.stem for path in (folder / "figures").iterdir()} == stems | {"mine"}


def test_nulls_draw_nothing(folder: Path) -> None:
    assert draw_all(build(nulls=True, count=3), folder) == []


def test_no_monthly_rows_and_a_bare_manifest_are_no_error(study: Results, folder: Path) -> None:
    assert draw_all(Results(study.summary.clear(), study.monthly.clear(), {}), folder) == []


# pens, labels, arms ----------------------------------------------------------------------------------


def test_no_two_policies_are_drawn_alike() -> None:
    pens = canvas.pens([f"policy {i}" for i in range(40)], "en").values()
    assert len({(pen.colour, str(pen.dash)) for pen in pens}) == 40


def test_a_name_without_a_font_gets_a_number() -> None:
    unknown = "\U00012000 cuneiform"
    assert canvas.drawable(unknown, 3, "en") == "policy 4"
    assert canvas.drawable("vouchers × 2", 3, "en") == "vouchers × 2"


@pytest.mark.parametrize("wanted", [[0.0, 0.0, 0.0], [0.0, 1.0, 50.0], [90.0, 95.0, 99.0], [-50.0, 20.0, 21.0]])
def test_labels_keep_their_order_and_do_not_overlap(wanted: list[float]) -> None:
    placed = labels.spread_apart(wanted, [10.0, 20.0, 10.0], 0.0, 100.0)
    assert all(two - one >= 15 - 1e-9 for one, two in itertools.pairwise(placed))
    assert placed[0] >= 5 - 1e-9
    assert placed[-1] <= 95 + 1e-9


def test_labels_with_room_stay_where_they_wish() -> None:
    assert labels.spread_apart([10.0, 50.0], [10.0, 10.0], 0.0, 100.0) == [10.0, 50.0]


def test_efficient_arms_are_those_that_none_beats(study: Results) -> None:
    arms = frontier.arms(study)
    assert len(arms) == 17
    for arm in arms:
        beaten = any(o.x <= arm.x and o.y >= arm.y and (o.x, o.y) != (arm.x, arm.y) for o in arms)
        assert arm.efficient != beaten
    shared = next(arm for arm in arms if arm.policy == "vouchers")
    assert shared.label == "vouchers (×1, 0)"
    assert shared.cost == Estimate(*(n / 1e6 for n in (7.1e6, 7.1e6 - 0.01 * 7.1e6 / 8, 7.1e6 + 0.01 * 7.1e6 / 8)))


def test_an_arm_without_numbers_is_left_out() -> None:
    results = build(count=2)
    gone = results.summary.filter(~pl.col("policy").str.contains("per_round=4", literal=True))
    assert len(frontier.arms(Results(gone, results.monthly, results.manifest))) == 13
