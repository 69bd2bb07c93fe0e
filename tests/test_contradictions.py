"""The paper against itself; every number here is typed from Table 1 or follows by arithmetic in the test."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from gnet_audit.contradictions import Contradiction, Lint, lint, middle
from gnet_audit.conventions import Cell, Convention, Count, count, fits, readings
from gnet_audit.explanations import Confidence
from gnet_audit.quantity import parse
from gnet_audit.rules import Severity
from gnet_audit.spec import Spec, load

K, KI = 1000, 1024
# row: weights, biases, positions of its map, printed parameters, printed operations
TABLE = {
    "conv1": (3 * 64 * 49, 64, 112 * 112, "2.7K", "34M"),
    "conv2": (64 * 64 + 64 * 192 * 9, 64 + 192, 56 * 56, "112K", "360M"),
    "inception_3a": (163_328, 368, 28 * 28, "159K", "128M"),
    "inception_3b": (388_096, 640, 28 * 28, "380K", "304M"),
    "inception_4a": (375_552, 624, 14 * 14, "364K", "73M"),
    "inception_4b": (448_512, 648, 14 * 14, "437K", "88M"),
    "inception_4c": (509_440, 664, 14 * 14, "463K", "100M"),
    "inception_4d": (604_672, 704, 14 * 14, "580K", "119M"),
    "inception_4e": (867_328, 1_024, 14 * 14, "840K", "170M"),
    "inception_5a": (1_042_432, 1_024, 7 * 7, "1072K", "54M"),
    "inception_5b": (1_442_816, 1_264, 7 * 7, "1388K", "71M"),
    "linear": (1024 * 1000, 1000, 1, "1000K", "1M"),
}
PARAMS_WITHOUT_A_WAY = {"conv1", *(f"inception_{name}" for name in ("4a", "4b", "4c", "4d", "4e", "5a", "5b"))}
OPS_WITHOUT_A_WAY = {"conv1", "inception_5a"}


@cache
def googlenet() -> Lint:
    return lint(load("googlenet"))


def of(rule: str, found: Lint | None = None) -> tuple[Contradiction, ...]:
    return tuple(one for one in (found or googlenet()).contradictions if one.rule == rule)


def way(k: int, *, truncated: bool = False, biases: bool = False) -> Convention:
    return Convention(k=k, truncated=truncated, biases=biases)


def printing(paper: Spec, row: str, **cells: str) -> Spec:
    """The paper with other printed cells in one row."""
    rows = tuple(
        replace(one, printed=tuple((dict(one.printed) | cells).items())) if one.id == row else one for one in paper.rows
    )
    return replace(paper, rows=rows)


# --- conventions ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", TABLE)
def test_every_row_has_the_counts_that_its_channels_give(row: str) -> None:
    weights, biases, positions, params, ops = TABLE[row]
    check = next(one for one in googlenet().rows if one.row == row)
    assert check.counts == Count(
        weights=weights, biases=biases, macs=weights * positions, bias_ops=biases * positions
    ) or row.startswith(("conv2", "inception_3b"))  # biases of several layers each work on a map of their own
    assert (check.counts.weights, check.counts.biases, check.counts.macs) == (weights, biases, weights * positions)
    assert check.positions == positions
    assert dict(check.printed) == {Cell.PARAMS: params, Cell.OPS: ops}


def test_the_rows_add_up_to_the_totals_of_every_correct_build() -> None:
    counts = [check.counts for check in googlenet().rows]
    assert sum(one.params for one in counts) == 6_998_552
    assert sum(one.weights for one in counts) == 6_990_272
    assert sum(one.macs for one in counts) == 1_582_671_872


@pytest.mark.parametrize(
    ("text", "counts", "expected"),
    [
        # 114,688 / 1024 = 112.0 and 114,944 / 1024 = 112.25
        (
            "112K",
            Count(weights=114_688, biases=256),
            {way(KI), way(KI, biases=True), way(KI, truncated=True), way(KI, truncated=True, biases=True)},
        ),
        # 163,328 / 1024 = 159.5, which rounds up
        (
            "159K",
            Count(weights=163_328, biases=368),
            {way(KI, truncated=True), way(KI, truncated=True, biases=True)},
        ),
        # 388,096 / 1024 = 379.0, with biases 388,736 / 1024 = 379.625
        ("380K", Count(weights=388_096, biases=640), {way(KI, biases=True)}),
        # 1,024,000 / 1024 = 1000.0, with biases 1,025,000 / 1024 = 1000.98; 1,024,000 / 1000 = 1024.0
        (
            "1000K",
            Count(weights=1_024_000, biases=1_000),
            {way(KI), way(KI, truncated=True), way(KI, truncated=True, biases=True)},
        ),
        # 375,552 / 1024 = 366.75
        ("364K", Count(weights=375_552, biases=624), set()),
    ],
)
def test_a_printed_cell_fits_exactly_the_conventions_that_print_it_so(
    text: str, counts: Count, expected: set[Convention]
) -> None:
    assert set(fits(Cell.PARAMS, text, counts)) == expected


def test_what_k_stands_for_is_asked_only_where_there_is_one() -> None:
    assert {one.k for one, _ in readings("34M")} == {K}
    assert {one.k for one, _ in readings("2.7K")} == {K, KI}


def test_a_convention_says_in_words_what_it_is() -> None:
    assert way(KI, truncated=True, biases=True).text == "K=1024 truncated, with biases"
    assert way(K).text == "K=1000 rounded"


def test_weights_and_biases_follow_from_parameters_work_and_size() -> None:
    # 3×3, 4 to 8 channels, on a 5×6 map
    assert count(4 * 8 * 9 + 8, 4 * 8 * 9 * 30, (8, 5, 6)) == Count(
        weights=288, biases=8, macs=288 * 30, bias_ops=8 * 30
    )
    assert count(16, 0, (8, 5, 6)) == Count(biases=16)  # a batch norm does no products
    assert count(0, 288 * 30, (8, 5, 6)) == Count(macs=288 * 30)  # weights that another layer has counted


# --- contradictions --------------------------------------------------------------------------------------------------


def test_the_parameters_that_no_convention_gives_are_these_eight() -> None:
    assert {one.rows[0] for one in of("GA001")} == PARAMS_WITHOUT_A_WAY


def test_the_operations_that_no_convention_gives_are_these_two() -> None:
    assert {one.rows[0] for one in of("GA002")} == OPS_WITHOUT_A_WAY


def test_a_row_contradicts_itself_where_its_operations_need_other_weights_than_it_prints() -> None:
    # 4c: 99,500,000 / 196 = 507,653.1, of which 128 + 128 + 256 + 24 + 64 + 64 = 664 may be biases; the most is
    # 100,999,999 / 196 = 515,306.1, but 463K is at most 463.999… × 1024 = 475,135
    found = {one.rows[0]: one for one in of("GA003")}
    assert set(found) == {"inception_4c", "inception_4d", "inception_4e", "inception_5b"}
    assert "506,990 to 515,306" in found["inception_4c"].message
    assert "463K" in found["inception_4c"].message


def test_a_column_of_mixed_conventions_names_the_rows_that_need_another_one() -> None:
    found = {one.cell: one for one in of("GA004")}
    assert found["params"].rows == ("inception_3b",)
    assert found["ops"].rows == ("inception_4a",)  # 73,608,192 is printed 73M
    assert found["ops"].derived == "K=1000 rounded"


def test_the_budget_agrees_with_the_printed_column_and_not_with_the_channels() -> None:
    (one,) = of("GA005")
    column = 34 + 360 + 128 + 304 + 73 + 88 + 100 + 119 + 170 + 54 + 71 + 1
    assert column == 1502
    assert f"{column * 10**6:,}" in one.message
    assert one.derived == "1,582,671,872"
    assert set(one.rows) == OPS_WITHOUT_A_WAY
    # 34,000,000 - 118,013,952 and 54,000,000 - 51,079,168
    assert any("-84,013,952" in line for line in one.arithmetic)
    assert any("+2,920,832" in line for line in one.arithmetic)


def test_no_size_or_depth_of_the_paper_contradicts_its_layers() -> None:
    assert of("GA006") == of("GA007") == ()


def test_nothing_in_the_paper_is_graver_than_a_warning() -> None:
    assert {one.severity for one in googlenet().contradictions} == {Severity.WARNING, Severity.NOTE}


# --- explanations ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", ["GA001", "GA002"])
def test_both_counts_of_conv1_fit_a_separable_convolution_with_multiplier_8(rule: str) -> None:
    explanation = next(one for one in of(rule) if one.rows == ("conv1",)).explanation
    weights = 3 * 8 * 49 + 24 * 64
    assert weights == 2_712
    assert explanation.confidence is Confidence.MEDIUM
    assert "depth multiplier 8" in explanation.text
    assert "the paper does not say so" in explanation.text
    assert any(f"{weights:,} weights" in line for line in explanation.arithmetic)
    assert any(f"{weights * 112 * 112:,} MACs" in line for line in explanation.arithmetic)


def test_the_two_cells_of_5a_agree_with_each_other() -> None:
    for rule in ("GA001", "GA002"):
        explanation = next(one for one in of(rule) if one.rows == ("inception_5a",)).explanation
        assert "agree with each other" in explanation.text
        assert any(f"{1072 * 1024 * 49:,}" in line for line in explanation.arithmetic)
        assert explanation.confidence is Confidence.LOW


def test_what_nothing_explains_says_so() -> None:
    explanation = next(one for one in of("GA001") if one.rows == ("inception_4c",)).explanation
    assert explanation.confidence is Confidence.NONE
    assert explanation.text == "nothing that we tried fits"


def test_a_channel_that_fits_is_offered_as_no_more_than_chance() -> None:
    explanation = next(one for one in of("GA001") if one.rows == ("inception_4b",)).explanation
    # 5×5 reduce 23 instead of 24: 512 + 25·64 = 2,112 weights and a bias less; (449,160 - 2,113) / 1024 = 436.57
    assert "inception_4b.5x5_reduce 23 instead of 24" in explanation.text
    assert f"{448_512 - 2_112:,} weights" in explanation.arithmetic[0]
    assert explanation.confidence is Confidence.LOW


@pytest.mark.parametrize("width", [55, 56, 111, 113, 224, 225])
def test_every_number_of_channels_from_half_to_twice_is_tried(width: int) -> None:
    # Each channel more of 4b's 3×3 reduction reads 512 channels, is read by 224 filters of 3×3, and has a bias.
    more = width - 112
    weights = 448_512 + more * (512 + 224 * 9)
    paper = printing(load("googlenet"), "inception_4b", params=f"{weights + 648 + more:,}", ops=f"{weights * 196:,}")
    texts = [one.explanation.text for one in lint(paper).contradictions if one.rows == ("inception_4b",)]
    assert texts
    assert any(f"inception_4b.3x3_reduce {width} instead of 112" in text for text in texts) is (56 <= width <= 224)


def in_groups(paper: Spec, slot: str, groups: int) -> Spec:
    """The paper with one convolution in groups."""
    rows = tuple(
        replace(
            row,
            branches=tuple(
                tuple(replace(s, op=replace(s.op, groups=groups)) if s.slot == slot else s for s in branch)  # type: ignore[arg-type]
                for branch in row.branches
            ),
        )
        for row in paper.rows
    )
    return replace(paper, rows=rows)


@pytest.mark.parametrize(("width", "confidence"), [(22, Confidence.LOW), (23, Confidence.NONE)])
def test_a_number_of_channels_that_groups_do_not_divide_is_not_offered(width: int, confidence: Confidence) -> None:
    # 4b with its 5×5 in two groups: 24·64·25 weights become half, and so does what each channel before it is worth.
    less = 24 - width
    weights = 448_512 - 24 * 64 * 25 // 2 - less * (512 + 64 * 25 // 2)
    paper = in_groups(load("googlenet"), "inception_4b.5x5", 2)
    # With a bias less for each channel less; operations as no count of these weights gives them, K and biases aside.
    printed = printing(paper, "inception_4b", params=f"{weights + 648 - less:,}", ops=f"{weights * 196:,}")
    found = [one for one in of("GA002", lint(printed)) if one.rows == ("inception_4b",)]
    assert [one.explanation.confidence for one in found] == [confidence]
    assert (f"inception_4b.5x5_reduce {width} instead of 24" in found[0].explanation.text) == (width == 22)


@pytest.mark.parametrize("cells", [{"params": "5"}, {"params": "5", "ops": "7"}])
def test_counts_that_no_separable_convolution_gives_are_not_explained_as_one(cells: dict[str, str]) -> None:
    paper = load("googlenet")
    rows = tuple(replace(one, printed=tuple(cells.items())) if one.id == "conv1" else one for one in paper.rows)
    found = {one.printed: one.explanation for one in lint(replace(paper, rows=rows)).contradictions}
    assert {found[text].confidence for text in cells.values()} == {Confidence.NONE}


# --- other papers ----------------------------------------------------------------------------------------------------


def exact() -> Spec:
    """The paper as it would be without any contradiction: all counts in full."""
    paper = replace(load("googlenet"), totals=())
    for row, (weights, biases, positions, _, _) in TABLE.items():
        paper = printing(paper, row, params=f"{weights + biases:,}", ops=f"{weights * positions:,}")
    return paper


def test_a_paper_that_prints_what_its_channels_give_has_no_contradiction() -> None:
    assert lint(exact()).contradictions == ()


@pytest.mark.parametrize(("printed", "rules"), [("1.6 billion", []), ("1.5 billion", ["GA005"])])
def test_a_total_that_the_channels_give_is_none_either(printed: str, rules: list[str]) -> None:
    work = sum(weights * positions for weights, _, positions, _, _ in TABLE.values())
    assert 1_550_000_000 <= work < 1_650_000_000
    (total,) = load("googlenet").totals
    paper = replace(exact(), totals=(replace(total, printed=printed, quantity=parse(printed)),))
    assert [one.rule for one in lint(paper).contradictions] == rules


def test_a_wrong_output_size_is_an_error() -> None:
    (one,) = lint(printing(exact(), "inception_4b", output="14×14×528")).contradictions
    assert (one.rule, one.severity, one.printed, one.derived) == ("GA006", Severity.ERROR, "14×14×528", "14×14×512")


def test_a_wrong_depth_is_an_error() -> None:
    (one,) = lint(printing(exact(), "conv2", depth="1")).contradictions
    assert (one.rule, one.severity, one.printed, one.derived) == ("GA007", Severity.ERROR, "1", "2")


def test_a_single_wrong_count_is_found_in_its_row() -> None:
    found = lint(printing(exact(), "inception_3a", params="163,697")).contradictions
    assert {(one.rule, one.rows) for one in found} == {("GA001", ("inception_3a",)), ("GA003", ("inception_3a",))}


def test_a_printed_text_is_taken_at_its_word() -> None:
    assert [middle(text) for text in ("34M", "2.7K", "1.5 billion", "1072K")] == [
        34_000_000, 2_700, 1_500_000_000, 1_072_000,
    ]  # fmt: skip
