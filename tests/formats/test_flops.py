"""The answer of `flops` and of `spec lint` as text and JSON, from values built by hand."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from functools import cache
from io import StringIO
from itertools import combinations
from math import isclose
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from gnet_audit import expand, patch
from gnet_audit.contradictions import lint
from gnet_audit.counts import Counted, Counter, Reconciled, Term
from gnet_audit.errors import UnavailableError, UsageError
from gnet_audit.findings import Remove, SetOp
from gnet_audit.flops import Flops, flops
from gnet_audit.formats import checks, flops_csv, flops_html, flops_json, html, roofline
from gnet_audit.formats import flops as texts
from gnet_audit.formats import lint as lints
from gnet_audit.formats.flops import Choices
from gnet_audit.formats.speed import bar
from gnet_audit.formats.view import Depth, View
from gnet_audit.measurement import Machine, Peak, Roof, measured
from gnet_audit.network import Mode, Unknown
from gnet_audit.report import Verdict
from gnet_audit.rules import Severity
from gnet_audit.spec import load
from gnet_audit.speed import Accuracy, LayerTime, Precision, Roofs, Row, Speed, config
from gnet_audit.work import Kind
from tests.canonical_report import REPORT
from tests.reports import report, smaller_kernels

PAPER = load("googlenet")
MACHINE = Machine(
    device="cuda:0",
    name="Card [one]",
    threads=2,
    torch="2",
    python="3.11",
    platform="here",
    facts=(("clock", "1 MHz"),),
)
ROOF = Roof(flops=measured("p", (1e12,), "FLOP/s"), bandwidth=measured("c", (1e11,), "byte/s"))
ROOFS = Roofs(
    device="cuda:0",
    machine=MACHINE,
    roofs=((Precision.FP32, ROOF),),
    peaks=(Peak(of="fp32", value=2e12, source="its maker"),),
)
GOOD = Row(
    device="cuda:0",
    config=config("bf16+channels_last"),
    batch=64,
    asked=128,
    latency=measured("latency", (0.001, 0.002, 0.003), "s"),
    throughput=measured("throughput", (1000.0, 1010.0, 1020.0), "images/s"),
    iterations=50,
    accuracy=Accuracy(error=0.001, tolerance=0.05),
    flops=3.2e12,
    of_roofline=0.5,
    of_roof=0.25,
    of_peak=0.125,
)
WRONG = replace(
    GOOD,
    config=config("fp16"),
    throughput=measured("throughput", (2000.0, 4000.0, 6000.0), "images/s"),
    accuracy=Accuracy(error=float("nan"), tolerance=0.02),
)
FAILED = Row(device="cuda:0", config=config("compile"), batch=1, asked=1, failure="no compiler [here]")
TIME = LayerTime(
    device="cuda:0",
    layer="conv1",
    batch=8,
    seconds=measured("conv1", (0.004,), "s"),
    flops=8 * 2 * 118_013_952,
    moved=8_000_000,
    least=0.002,
    binds="compute",
)
SPEED = Speed(
    roofs=(ROOFS,),
    rows=(GOOD, WRONG, FAILED),
    layers=(TIME, replace(TIME, layer="linear", seconds=measured("linear", (0.012,), "s"), binds="memory")),
)
OPINION = Reconciled(
    counted=Counted(
        counter=Counter.TORCHINFO,
        version="1",
        total=1_582_671_872 + 15,
        ledger=(("Conv2d", 7),),
        skipped=(("aten::pad", 2),),
    ),
    ours=1_582_671_872,
    terms=(Term(text="biases", amount=10, layers=("conv1",)),),
)
BROKEN = Reconciled(counted=Counted(counter=Counter.FVCORE, version="1", failure="RuntimeError: no"), ours=1)


@cache
def answer(*, small: bool = False, whole: bool = False, kinds: frozenset[Kind] | None = None) -> Flops:
    networks = {mode: expand.network(PAPER, mode) for mode in Mode}
    found = report(PAPER, smaller_kernels(PAPER) if small else None)
    more = {"counters": (OPINION, BROKEN), "speed": SPEED} if whole else {}
    return flops(PAPER, found, networks, kinds=kinds or frozenset({Kind.CONV, Kind.LINEAR}), **more)  # type: ignore[arg-type]


def numbers(line: str) -> list[int]:
    return [int(text.replace(",", "")) for text in re.findall(r"(?<![\w.])\d[\d,]*(?![\w.%])", line)]


# --- text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("depth", Depth)
def test_the_work_of_the_lines_adds_up_to_its_total(depth: Depth) -> None:
    text = texts.text(answer(), Choices(width=0, depth=depth))
    table = re.split(r"\nwork  .*\n", text)[1].split("not counted")[0].splitlines()
    *lines, total = [numbers(line)[-7:] for line in table]
    assert [sum(column) for column in zip(*lines, strict=True)] == total
    assert total[:2] == [1_582_671_872, 2 * 1_582_671_872]


def test_the_convention_stands_above_the_numbers_and_both_columns_are_named() -> None:
    text = texts.text(answer(), Choices(width=0))
    assert "1 MAC = 1 multiply + 1 add = 2 FLOPs" in text
    assert "FLOPs count conv, linear" in text
    head = next(line for line in text.splitlines() if line.startswith("work  "))
    assert head.index("MACs") < head.index("FLOPs")


def test_what_is_not_counted_is_said() -> None:
    assert "not counted: bias 3,227,160" in texts.text(answer(), Choices(width=0))
    assert "not counted" not in texts.text(answer(kinds=frozenset(Kind)), Choices(width=0))


def test_a_layer_whose_work_is_unknown_is_said_and_counted_as_nothing() -> None:
    networks = {mode: expand.network(PAPER, mode) for mode in Mode}
    strange = patch.apply(networks[Mode.EVAL], [SetOp(layer="lrn1", op=Unknown(function="my::norm"))])
    text = texts.text(flops(PAPER, report(PAPER), {**networks, Mode.EVAL: strange}), Choices(width=0))
    assert "lrn1: work unknown: counted as nothing" in text
    assert "work unknown" not in texts.text(answer(), Choices(width=0))


def test_a_printed_cell_that_nothing_gives_is_the_papers_own_contradiction() -> None:
    lines = texts.text(answer(), Choices(width=0)).splitlines()
    conv1 = [line for line in lines if line.startswith("conv1 ")]
    assert "no way: contradicts itself" in conv1[0]
    assert conv1[0].split()[1:4] == ["2.7K", "9,472", "9,472"]


def test_the_last_line_is_the_verdict() -> None:
    assert texts.text(answer(), Choices(width=0)).splitlines()[-1] == (
        "counts agree: 1,582,671,872 MACs, 3,165,343,744 FLOPs; 14 rows: model and channels differ in 0, "
        "print and channels in 8, print and model in 8"
    )
    assert texts.text(answer(small=True), Choices(width=0)).splitlines()[-1].startswith("counts differ: ")


def test_differences_that_no_count_shows_are_said() -> None:
    pool = REPORT.findings[0]
    found = replace(report(PAPER), findings=(replace(pool, severity=Severity.ERROR),))
    networks = {mode: expand.network(PAPER, mode) for mode in Mode}
    text = texts.text(flops(PAPER, found, networks))
    assert "the audit found 1 difference from the paper that no count shows" in text
    assert "no count shows" not in texts.text(answer())


def test_a_model_that_runs_in_training_only_says_so() -> None:
    found = replace(report(PAPER), modes=("train",))
    text = texts.text(flops(PAPER, found, {Mode.TRAIN: expand.network(PAPER, Mode.TRAIN)}))
    assert "not checked: eval: the forward raises" in text
    assert "counts agree: 1,591,044,096 MACs, 3,182,088,192 FLOPs in training; " in text.splitlines()[-1]


def test_a_total_that_hides_errors_is_told() -> None:
    found = {finding.rule for finding in answer(small=True).findings}
    assert found == {"GA401", "GA402", "GA403"}
    assert "proves nothing" in texts.text(answer(small=True))


def test_a_counter_is_explained_to_its_remainder() -> None:
    text = texts.text(answer(whole=True), Choices(width=0))
    assert "+10  biases (1 layer)" in text
    assert "remainder 5: NOT EXPLAINED" in text
    assert "it skipped aten::pad ×2" in text
    assert "failed: RuntimeError: no" in text
    assert [finding.found for finding in answer(whole=True).findings if finding.rule == "GA404"] == ["+5"]


def test_speed_is_told_with_what_failed_and_what_is_wrong() -> None:
    text = texts.text(answer(whole=True), Choices(width=0))
    assert "64 (asked 128)" in text
    assert "not measured: no compiler [here]" in text
    assert "Card [one]" in text
    assert "published dense peak 2.0 (its maker)" in text
    assert "fastest with numbers that agree with fp32: cuda:0 bf16+channels_last, batch 64, 1,010 images/s" in text
    rules = {finding.rule for finding in answer(whole=True).findings}
    assert {"GA601", "GA602", "GA603"} <= rules


def test_an_account_that_goes_up_says_so_and_no_more() -> None:
    exact = Reconciled(
        counted=replace(OPINION.counted, total=1_582_671_872 + 10, skipped=()), ours=1_582_671_872, terms=OPINION.terms
    )
    text = texts.text(replace(answer(), counters=(exact,)), Choices(width=0))
    assert "remainder 0: explained to the op" in text
    assert "its own account" not in text
    assert "it skipped" not in text


def test_a_run_that_was_cut_short_before_its_first_row_says_so() -> None:
    notes = ("layers were not timed: no room",)
    text = texts.text(replace(answer(), speed=Speed(roofs=(), rows=(), layers=(), notes=notes, interrupted=True)))
    told = text.split("random images already on the device\n")[1].split("\n\n")[0]
    assert told.splitlines() == ["  layers were not timed: no room", "interrupted: what was finished by then"]


def test_lines_that_are_all_shown_are_not_counted() -> None:
    found = answer()
    assert "without parameters not shown" in texts.text(found)
    weighted = tuple(line for line in found.three.rows if line.name in {"conv1", "conv2"})
    assert "not shown" not in texts.text(replace(found, three=replace(found.three, rows=weighted)))


def test_lines_can_be_sorted_by_time() -> None:
    def order(*, by_time: bool) -> list[str]:
        text = texts.text(answer(whole=True), Choices(width=0, by_time=by_time)).split("op by op\n")[1]
        return re.findall(r"^(conv1|linear|sum)", text, re.MULTILINE)

    assert order(by_time=False) == ["conv1", "linear", "sum"]
    assert order(by_time=True) == ["linear", "conv1", "sum"]
    assert "12.000   75.0%" in texts.text(answer(whole=True), Choices(width=0))


def test_without_times_there_is_nothing_to_sort_by() -> None:
    line = "nothing was timed layer by layer, so there are no times to sort by: --sort time needs --device"
    assert line in texts.text(answer(), Choices(by_time=True)).splitlines()
    assert "sort by" not in texts.text(answer())
    assert "sort by" not in texts.text(answer(whole=True), Choices(by_time=True))


def test_why_a_roof_is_missing_is_told() -> None:
    speed = replace(SPEED, roofs=(replace(ROOFS, roofs=(), notes=("no roof: large copy: out [of] memory",)),))
    networks = {Mode.EVAL: expand.network(PAPER, Mode.EVAL)}
    found = flops(PAPER, report(PAPER), networks, speed=speed)
    assert "no roof: large copy: out [of] memory" in texts.text(found)
    assert json.loads(flops_json.render(found))["speed"]["devices"][0]["notes"]


def test_at_another_input_the_paper_is_accused_of_nothing() -> None:
    other = replace(report(PAPER), input_shape=(3, 299, 299))
    networks = {Mode.EVAL: expand.network(PAPER, Mode.EVAL, (3, 299, 299))}
    text = texts.text(flops(PAPER, other, networks), Choices(width=0))
    assert "nothing to compare at this input" in text.split("\nMACs ")[1]
    assert "contradicts itself" not in text.split("\nMACs ")[1]


@pytest.mark.parametrize("width", [80, 100, 120])
@pytest.mark.parametrize("depth", Depth)
def test_the_text_fits_its_width(width: int, depth: Depth) -> None:
    lines = texts.text(answer(whole=True), Choices(width=width, depth=depth)).splitlines()
    assert [line for line in lines if len(line) > width] == []


def test_a_column_that_does_not_fit_is_named() -> None:
    assert "not shown at 80 columns: " in texts.text(answer(), Choices(width=80))


def test_a_foreign_network_is_counted_all_the_same() -> None:
    foreign = replace(report(PAPER, verdict=Verdict.NOT_THIS_NETWORK), rows=(), reason="too far")
    found = flops(PAPER, foreign, {Mode.EVAL: expand.network(PAPER, Mode.EVAL)})
    text = texts.text(found)
    assert "not held against the paper: too far" in text
    assert text.splitlines()[-1].startswith("counted: 1,582,671,872 MACs")


@pytest.mark.parametrize(("share", "text"), [(1.0, "█" * 24), (0.5, "█" * 12), (0.0, ""), (1 / 48, "▌")])
def test_a_bar_is_as_long_as_its_share(share: float, text: str) -> None:
    assert bar(share) == text


# --- JSON ----------------------------------------------------------------------------------------------------------


def test_json_keeps_exact_integers_and_every_sample() -> None:
    document = json.loads(flops_json.render(answer(whole=True)))
    assert document["schema"] == 1
    assert document["work_total"]["eval"]["macs"] == 1_582_671_872
    first = document["speed"]["rows"][0]
    assert first["throughput"]["samples"] == [1000.0, 1010.0, 1020.0]
    assert (first["batch"], first["asked_batch"]) == (64, 128)
    assert document["speed"]["rows"][1]["error"] is None  # not a number
    assert document["speed"]["devices"][0]["machine"]["facts"] == {"clock": "1 MHz"}
    assert document["speed"]["best"]["config"] == "bf16+channels_last"
    assert document["counters"][0]["remainder"] == 5


def test_the_same_answer_gives_the_same_bytes() -> None:
    assert flops_json.render(answer(whole=True)) == flops_json.render(answer(whole=True))


def test_lint_as_json_holds_every_contradiction_with_its_arithmetic() -> None:
    found = lint(PAPER)
    document = json.loads(lints.to_json(found))
    assert len(document["contradictions"]) == len(found.contradictions)
    conv1 = document["contradictions"][0]
    assert conv1["rows"] == ["conv1"]
    assert conv1["explanation"]["confidence"] == "medium"
    assert [row["row"] for row in document["rows"]][:2] == ["conv1", "conv2"]


# --- spreadsheets and pages ------------------------------------------------------------------------------------------


def test_a_spreadsheet_has_counts_work_and_other_counters() -> None:
    found = list(csv.DictReader(StringIO(flops_csv.render(answer(whole=True)))))
    conv1 = next(one for one in found if one["slot"] == "conv1")
    assert (conv1["params_printed"], conv1["params_derived"], conv1["params_measured"]) == ("2.7K", "9472", "9472")
    assert (conv1["params_printed_derived"], conv1["macs_derived_measured"]) == ("differ", "agree")
    assert int(conv1["flops"]) == 2 * 118_013_952
    whole = found[-1]
    assert (whole["kind"], whole["torchinfo_explained"], whole["torchinfo_remainder"]) == ("work", "10", "5")
    assert whole["fvcore_total"] == ""
    slots = [one for one in found if one["kind"] == "slot"]
    assert sum(int(one["flops"]) for one in slots) == int(whole["flops"]) == 2 * 1_582_671_872


def test_a_spreadsheet_has_a_slot_that_the_model_has_not_as_well() -> None:
    networks = {mode: patch.apply(expand.network(PAPER, mode), [Remove(layers=("lrn1",))]) for mode in Mode}
    found = list(csv.DictReader(StringIO(flops_csv.render(flops(PAPER, report(PAPER), networks)))))
    (lrn1,) = [one for one in found if one["slot"] == "lrn1"]
    assert (lrn1["kind"], lrn1["op"], lrn1["flops"], lrn1["params_derived"]) == ("slot", "", "", "0")
    assert next(one["op"] for one in found if one["slot"] == "lrn2").startswith("LRN")


def page(found: Flops) -> str:
    return flops_html.render(found, checks.counted(found), View())


def test_a_page_has_the_counts_as_a_table() -> None:
    found = page(answer())
    assert '<h2 id="counts">Counts</h2>' in found
    # conv1: 7 × 7 × 3 × 64 weights, each used at 112 × 112 places, and twice as many operations
    assert '<td class="amount" data-head="MACs derived">118,013,952</td>' in found
    assert '<td class="amount" data-head="MFLOP eval">236.03</td>' in found
    assert '<td data-head="parameters verdict">✗ p≠d p≠m</td>' in found  # the paper prints 2.7K for 9,472
    assert 'conv1<div class="under">conv 7×7/2 pad 3, 64</div>' in found
    assert found.count('<th scope="colgroup"') == 4
    assert "counts agree: 1,582,671,872 MACs" in found
    assert 'class="verdict good">✓ counts agree<' in found
    assert 'class="verdict bad">✗ counts differ<' in page(answer(small=True))
    assert 'id="counts"' not in html.render(REPORT, View())


def test_a_page_has_what_was_measured_and_the_roofline() -> None:
    found = page(answer(whole=True))
    assert "No roofline" not in found
    assert "Roofline of made up on Card [one] (cuda:0), fp32, batch 8" in found
    assert "measured: 1 TFLOP/s, 100 GB/s, ridge at 10 FLOP per byte" in found
    assert found.count('<circle class="dot"') == 2  # conv1 and linear were timed
    assert "published by its maker" not in found  # the bandwidth is not published, so no roof is
    assert '<td class="amount" data-head="batch">64 (asked 128)</td>' in found
    assert "no compiler [here]" in found
    assert "1,582,671,887" in found  # what another counter says: 15 more, of which 10 are explained
    assert 'data-head="explained">+10</td><td class="amount" data-head="remainder">5</td>' in found


@pytest.mark.parametrize(
    ("speed", "why"),
    [
        (None, "nothing was measured; --device cpu or --device cuda measures"),
        (replace(SPEED, layers=(), interrupted=True), "the run was interrupted before its layers were timed"),
        (replace(SPEED, layers=(), notes=("layers were not timed: no",)), "layers were not timed: no"),
        (
            replace(SPEED, roofs=(replace(ROOFS, roofs=(), notes=("no roof: large copy: no room",)),)),
            "large copy: no room",
        ),
        (replace(SPEED, layers=(replace(TIME, flops=0),)), "no layer was timed"),
    ],
)
def test_a_page_says_what_is_missing_for_a_roofline(speed: Speed | None, why: str) -> None:
    networks = {mode: expand.network(PAPER, mode) for mode in Mode}
    found = page(flops(PAPER, report(PAPER), networks, speed=speed))
    assert "<p>No roofline: " in found
    assert why in found
    assert '<circle class="dot"' not in found


def test_of_several_devices_the_first_is_timed_line_by_line() -> None:
    networks = {mode: expand.network(PAPER, mode) for mode in Mode}
    other = replace(TIME, device="cpu", seconds=measured("conv1", (4.0,), "s"))
    found = flops(PAPER, report(PAPER), networks, speed=replace(SPEED, layers=(*SPEED.layers, other)))
    conv1 = next(line for line in found.lines if line.slot == "conv1")
    assert [time.device for time in conv1.times] == ["cuda:0"]
    assert [one["device"] for one in json.loads(flops_json.render(found))["speed"]["layers"]][-1] == "cpu"


# --- the schema --------------------------------------------------------------------------------------------------------


SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "flops.schema.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("found", [answer(), answer(whole=True), answer(small=True, kinds=frozenset(Kind))])
def test_json_is_what_its_schema_says(found: Flops) -> None:
    Draft202012Validator.check_schema(SCHEMA)
    Draft202012Validator(SCHEMA).validate(json.loads(flops_json.render(found)))


def test_the_schema_knows_every_field_and_no_other() -> None:
    known = Draft202012Validator(SCHEMA)
    document = json.loads(flops_json.render(answer(whole=True)))
    parts = [document, document["rows"][0]["params"], document["work"][0]["eval"], document["speed"]["rows"][0]]
    for part in parts:
        for name in list(part):
            value = part.pop(name)
            assert not known.is_valid(document), name
            part[name] = value
        part["surplus"] = 1
        assert not known.is_valid(document)
        del part["surplus"]
    assert known.is_valid(document)


# --- lint as text ----------------------------------------------------------------------------------------------------


def test_a_column_that_a_paper_does_not_print_is_not_shown() -> None:
    rows = tuple(replace(one, printed=tuple(cell for cell in one.printed if cell[0] != "ops")) for one in PAPER.rows)
    assert lints.text(lint(PAPER)).count(" cells fit") == 2
    assert lints.text(lint(replace(PAPER, rows=rows))).count(" cells fit") == 1


def test_lint_ends_in_its_verdict() -> None:
    # 8 + 2 cells that nothing fits, 4 rows against themselves, 2 mixed columns, 1 total
    assert lints.text(lint(PAPER)).splitlines()[-1] == (
        "17 contradictions (15 warnings, 2 notes); 24 printed counts, 14 fit a convention, 10 fit none"
    )


@pytest.mark.parametrize("width", [80, 120])
def test_lint_fits_its_width(width: int) -> None:
    assert [line for line in lints.text(lint(PAPER), width=width).splitlines()[:-1] if len(line) > width] == []


# --- the picture ---------------------------------------------------------------------------------------------------


def test_without_matplotlib_nothing_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roofline, "find_spec", lambda _name: None)
    with pytest.raises(UnavailableError) as error:
        roofline.kind("roof.png")
    assert error.value.line == "--plot: matplotlib is not installed; expected pip install 'gnet-audit[plot]'"


def test_only_png_and_svg_can_be_drawn() -> None:
    with pytest.raises(UsageError, match=r"ends in \.png or \.svg"):
        roofline.kind("roof.pdf")


@pytest.mark.parametrize(("kind", "begins"), [("png", b"\x89PNG"), ("svg", b"<?xml")])
def test_the_roofline_is_a_picture(kind: str, begins: bytes) -> None:
    pytest.importorskip("matplotlib")
    assert roofline.picture(answer(whole=True), kind).startswith(begins)


def test_without_any_time_there_is_no_picture() -> None:
    pytest.importorskip("matplotlib")
    with pytest.raises(UsageError, match="nothing was timed"):
        roofline.picture(answer(), "png")


def many(places: list[tuple[float, float]]) -> roofline.Timed:
    points = tuple(
        roofline.Point(name=f"inception_{index}", per_byte=x, per_second=y, share=1 / len(places))
        for index, (x, y) in enumerate(places)
    )
    return roofline.Timed(roofs=ROOFS, roof=ROOF, batch=8, points=points)


def test_a_point_under_the_bend_of_the_roof_lies_where_arithmetic_puts_it() -> None:
    # The roof bends at 1e12 / 1e11 = 10 FLOP per byte. From 5 to 20 that is the middle of a logarithmic axis.
    found = many([(10.0, 1e12)])
    assert found.ends == (5.0, 10.0, 20.0)
    drawn = roofline.drawn(found, "net")
    (dot,) = drawn.dots
    middle = (roofline.LEFT + roofline.WIDTH - roofline.RIGHT) / 2
    assert isclose(dot.x, middle, abs_tol=1)
    assert drawn.roof.split()[1] == f"{dot.x},{dot.y}"
    assert [tick.text for tick in drawn.x_ticks] == ["5", "10", "20"]


@given(st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(1e6, 1e15)), min_size=1, max_size=14))
def test_everything_stays_within_the_axes_and_no_label_covers_another(places: list[tuple[float, float]]) -> None:
    drawn = roofline.drawn(many(places), "net")
    inside = range(roofline.LEFT, roofline.WIDTH - roofline.RIGHT + 1)
    for dot in drawn.dots:
        assert dot.x in inside
        assert roofline.TOP <= dot.y <= roofline.HEIGHT - roofline.BOTTOM
    labels = [dot for dot in drawn.dots if dot.label]
    for one, two in combinations(labels, 2):
        wide = roofline.LETTER * len(one.label)
        assert abs(one.label_x - two.label_x) >= wide - 1 or abs(one.label_y - two.label_y) >= roofline.LINE - 1


def test_points_that_lie_close_together_are_all_labelled() -> None:
    drawn = roofline.drawn(many([(40.0, 2.0e11), (42.0, 2.1e11), (44.0, 2.0e11), (300.0, 9e11)]), "net")
    assert sorted(dot.label for dot in drawn.dots) == ["0", "1", "2", "3"]
    for dot in drawn.dots:
        assert abs(dot.label_x - dot.x) + abs(dot.label_y - dot.y) < 80
