"""The figures: drawn when their data exist, the same bytes each time, whatever the policies are called."""

import itertools
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import polars as pl
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from sim.report import canvas, frontier, labels, sweeps
from sim.report.figures import (
    BY_FIFTHS,
    DRAWINGS,
    DRAWN_MONTHLY,
    Scene,
    draw_all,
    incidence,
    market,
    pass_through,
    sweep_frontier,
    who_gains,
)
from sim.report.series import gather
from sim.report.tables import Results
from sim.study.estimate import Estimate

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
    assert stems == {"take_up", "public_cost", "who_gains", "incidence", "market", "pass_through"}
    assert {path.stem for path in (folder / "figures").iterdir()} == stems | {"mine"}


def test_nulls_draw_nothing(folder: Path) -> None:
    assert draw_all(build(nulls=True, count=3), folder) == []


def test_no_monthly_rows_and_a_bare_manifest_are_no_error(study: Results, folder: Path) -> None:
    assert draw_all(Results(study.summary.clear(), study.monthly.clear(), {}), folder) == []


# what is drawn ----------------------------------------------------------------------------------------


def scene_of(results: Results) -> Scene:
    pens = canvas.pens(results.policies, "en")
    return Scene(results, gather(results, DRAWN_MONTHLY), pens, "en")


def test_the_figure_of_fees_ends_with_the_last_payment() -> None:
    results = build(sweep=False)
    months = results.monthly["month"].unique().sort().to_list()
    paid = pl.when((pl.col("metric") == "public_cost") & (pl.col("month") > months[-5])).then(0.0)
    monthly = results.monthly.with_columns(value=paid.otherwise(pl.col("value")))
    with canvas.style([]):
        figure = pass_through(scene_of(Results(results.summary, monthly, results.manifest)))
    assert figure is not None
    assert [axes.get_xlim()[1] for axes in figure.axes] == pytest.approx([len(months) - 4 - 0.7] * len(figure.axes))


def crowded() -> Results:
    """Most arms near nothing, as where a grid's first steps cost little, and a few far away."""
    results = build(count=2)
    small = pl.when(pl.col("policy").str.contains(r"rate=0(\.1)?\]|^vouchers$")).then(0.05).otherwise(1.0)
    columns = ("value", "low", "high", "difference", "difference_low", "difference_high")
    return Results(results.summary.with_columns(pl.col(c) * small for c in columns), results.monthly, results.manifest)


@pytest.mark.parametrize("results", [build(count=2), crowded()], ids=["spread", "crowded"])
def test_labels_of_the_grid_overlap_nowhere(results: Results) -> None:
    with canvas.style([]):
        figure = sweep_frontier(scene_of(results))
        assert figure is not None
        drawn_on = FigureCanvasAgg(figure)
        drawn_on.draw()
        renderer = drawn_on.get_renderer()
        # an annotation's own extent includes its line; only the words must stay apart
        boxes = [Text.get_window_extent(text, renderer) for text in figure.axes[0].texts]
    assert len(boxes) == 17
    assert not [pair for pair in itertools.combinations(boxes, 2) if pair[0].overlaps(pair[1])]


def test_bars_of_all_policies_have_one_scale(study: Results) -> None:
    with canvas.style([]):
        figure = who_gains(scene_of(study))
        assert figure is not None
        for axes, key in zip(figure.axes, BY_FIFTHS, strict=True):
            bars = [patch.get_height() for patch in axes.patches if isinstance(patch, Rectangle)]
            values = [study.entry(p, key, f"quintile={q}").own.value for p in study.policies[1:] for q in range(1, 6)]
            assert bars == pytest.approx([value * bars[0] / values[0] for value in values])  # type: ignore[operator]


def test_legends_show_names_whole() -> None:
    long = "vouchers for the families whom nobody has yet told of them, lowest incomes first"
    with canvas.style([]):
        figure = market(scene_of(build(names=("baseline", "vouchers", long), replications=2, count=14, sweep=False)))
        assert figure is not None
        assert [text.get_text() for text in figure.legends[0].get_texts()] == ["baseline", "vouchers", long]
        renderer = FigureCanvasAgg(figure).get_renderer()
        assert figure.legends[0].get_window_extent(renderer).x1 <= figure.bbox.x1


def test_figures_of_a_thinned_city_say_so() -> None:
    results = build(count=14)
    for scale, said in ((1.0, False), (0.2, True)):
        results.manifest["scale"] = scale
        with canvas.style([]):
            for draw in DRAWINGS.values():
                figure = draw(scene_of(results))
                assert figure is not None
                assert any("City at 20 %" in text.get_text() for text in figure.texts) == said


# pens, labels, arms ----------------------------------------------------------------------------------


def test_no_two_policies_are_drawn_alike() -> None:
    pens = canvas.pens([f"policy {i}" for i in range(40)], "en").values()
    assert len({(pen.colour, str(pen.dash)) for pen in pens}) == 40


def test_a_name_without_a_font_gets_a_number() -> None:
    unknown = "\U00012000 cuneiform"
    assert canvas.drawable(unknown, 3, "en") == "policy 4"
    assert canvas.drawable("vouchers × 2", 3, "en") == "vouchers × 2"


def test_chinese_names_are_drawn_on_every_machine(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """All of GB 2312, with no font but those that come with matplotlib and with us."""
    monkeypatch.setattr(canvas, "_installed", tuple)
    rows = (bytes([row, column]) for row in range(0xB0, 0xF8) for column in range(0xA1, 0xFF))
    han = "".join(pair.decode("gb2312", errors="ignore") for pair in rows)
    assert len(han) == 6763
    assert canvas.drawable(han, 1, "en") == han
    name = "托育消费券（新生家庭优先）, vouchers × 2"
    with canvas.style([name]):
        # a character without a glyph is a warning, and warnings are errors here
        FigureCanvasAgg(canvas.blank(name, 2, left=1, right=1, top=1, bottom=0.5)).draw()
    assert caplog.text == ""


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


def test_gains_less_losses_end_at_the_outlay(study: Results) -> None:
    """Bars to the right less bars to the left come to the mark, policy by policy."""
    with canvas.style([]):
        scene = Scene(study, gather(study, DRAWN_MONTHLY), canvas.pens(study.policies, "en"), "en")
        less = study.summary.with_columns(  # a side that loses
            value=pl.when(pl.col("metric") == "incidence_profit").then(-pl.col("value")).otherwise(pl.col("value"))
        )
        less = less.with_columns(
            value=pl.when(pl.col("metric") == "incidence_outlay").then(0.75 * pl.col("value")).otherwise("value")
        )
        lossy = Scene(Results(less, study.monthly, study.manifest), scene.monthly, scene.pens, "en")
        for one in (scene, lossy):
            figure = incidence(one)
            assert figure is not None
            axes = figure.axes[0]
            bars = [b for b in axes.patches if isinstance(b, Rectangle)]
            marks = [line for line in axes.lines if line.get_marker() == "D"]
            assert len(marks) == len(study.policies) - 1
            for mark in marks:
                x, y = float(mark.get_xdata()[0]), float(mark.get_ydata()[0])  # type: ignore[index, arg-type]
                row = [b for b in bars if abs(b.get_y() + b.get_height() / 2 - y) < 1e-9]
                assert len(row) == 5
                assert sum(b.get_width() for b in row) == pytest.approx(x)
                edges = sorted((min(b.get_x(), b.get_x() + b.get_width()), abs(b.get_width())) for b in row)
                for (left, wide), (after, _) in itertools.pairwise(edges):
                    assert left + wide == pytest.approx(after), "end to end"


def test_response_curves_and_the_heat_map_show_every_point_of_the_grid(study: Results) -> None:
    results = study
    axes, found = sweeps.points(results.manifest)
    assert len(axes) == 2
    assert {p.policy for p in found} == {arm["name"] for arm in results.manifest["sweep"]["arms"]}
    curves, heat = sweeps.response(scene_of(results)), sweeps.heat(scene_of(results))
    assert curves is not None
    assert heat is not None
    drawn = sorted(float(y) for line in curves.axes[0].lines if line.get_marker() == "o" for y in line.get_ydata())
    added = [results.entry(p.policy, "added_child_months").own.value for p in found]
    assert drawn == pytest.approx(sorted(x for x in added if x is not None))
    cells = [t.get_text() for t in heat.axes[0].texts]
    assert len(cells) == len({p.x for p in found}) * len({p.line for p in found})


def test_only_an_arm_that_luck_cannot_excuse_is_called_beaten() -> None:
    def arm(cost: float, added: float, wide: float) -> frontier.Arm:
        return frontier.Arm("a", "a", Estimate(cost, cost, cost), Estimate(added, added - wide, added + wide))

    strong, close, weak = arm(1.0, 100.0, 5.0), arm(1.0, 97.0, 5.0), arm(1.0, 50.0, 5.0)
    assert frontier._beats(strong, close)
    assert not frontier._apart(strong, close)
    assert frontier._apart(strong, weak)
